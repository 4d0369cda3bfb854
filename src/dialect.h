/*
 * dialect: the seam between the API and the words of a product.
 *
 * A dialect is rows: routes that name what is asked of the core (enum op), who
 * may ask, how a body becomes the core's input and how the core's answer is
 * shown; words for faults; words and signature of webhooks. It decides
 * nothing and stores nothing.
 */
#ifndef DIALECT_H
#define DIALECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent.h"
#include "audit.h"
#include "delivery.h"
#include "intent.h"
#include "lib/arena.h"
#include "lib/field.h"
#include "lib/json_out.h"
#include "lib/rc.h"
#include "quota.h"
#include "store_intent.h"

/* What can be asked of the core. In brackets: the type behind call->in. */
enum op {
	OP_HEALTH,
	OP_ABOUT,
	OP_AGENT_REGISTER, /* struct agent */
	OP_AGENT_LIST,
	OP_AGENT_SHOW,
	OP_AGENT_SUSPEND,
	OP_AGENT_REVOKE,
	OP_SUBMIT,	/* struct draft */
	OP_INTENT_LIST, /* struct intent_filter */
	OP_INTENT_SHOW,
	OP_VERDICT, /* what the policy said */
	OP_INTENT_AUDIT,
	OP_DECIDE,  /* struct decide_in */
	OP_CANCEL,  /* struct decide_in */
	OP_EXECUTE, /* struct execute_in */
	OP_EXECUTION_SHOW,
	OP_REPORT,	     /* struct report_in */
	OP_WEBHOOK_REGISTER, /* struct webhook_in */
	OP_NONCE,
	OP_METRICS,
	OP_POLICY_LIST,
	OP_DELIVER,
	OP_DOWNLOAD,
	OP_KEY_CREATE, /* struct key */
	OP_KEY_LIST,
	OP_KEY_REVOKE,
	OP_AUDIT_LIST,
	OP_DELIVERY_LIST,
	OP_LINK_SHOW,	/* the intent behind a link, with its payload */
	OP_LINK_DECIDE, /* struct decide_in */
	OPS
};

/* Who may call a route; a caller is one of these. */
enum access {
	ACCESS_ANYONE = 1, /* no key is asked */
	ACCESS_AGENT = 2,
	ACCESS_REVIEWER = 4,
	ACCESS_ADMIN = 8,
	ACCESS_TOKEN = 16, /* an execution token, "gex_" */
	ACCESS_PEOPLE = ACCESS_REVIEWER | ACCESS_ADMIN,
	ACCESS_KEY = ACCESS_AGENT | ACCESS_PEOPLE
};

/* Who calls, as found out from the key; never from the body. */
struct caller {
	unsigned access;    /* one bit of enum access */
	const char *key_id; /* NULL for the admin key of the settings */
	const char *name;
	const struct agent *agent; /* of class agent, else NULL */
	const char *person;	   /* of reviewers and admins: who decides */
	bool known;		   /* person is one of assent.yaml */
	const char *token;	   /* of ACCESS_TOKEN */
	const struct quota *quota; /* of the key; NULL = no limits */
};

struct decide_in {
	enum outcome outcome; /* when neither option nor label says it */
	int option;	      /* index; -1 = see label */
	const char *label;    /* exact; NULL = see outcome */
	const char *reason;
	const char *nonce;
	const char *digest;
	const char *code; /* of a link, as it was typed */
	bool has_decided_at;
	long long decided_at_ms; /* refused when over 300 s off */
	const char *intent_id;	 /* from the body; NULL = from the path */
};

struct execute_in {
	const char *mode;
	const char *payload_sha256;
};

struct report_in {
	bool succeeded;
	const char *result; /* JSON text or NULL */
};

struct webhook_in {
	const char *intent_id;
	const char *url;
	const char *secret; /* NULL = the agent's own */
};

/* Sums for metrics; all since the store was made. */
struct api_stats {
	long long by_state[INTENT_STATES];
	long long by_execution[EXECUTION_STATES]; /* of approved ones */
	long long duplicates;
	long long decided;	/* approvals by people */
	double approval_ms_avg; /* -1 = none yet */
};

/* How the one who decided may be named to an agent. */
struct decider {
	const char *mail;  /* masked address, or NULL */
	const char *slack; /* user id, if that is where they did; or NULL */
};

/* One call on its way through the core. All lives in `arena`. */
struct call {
	struct arena *arena;
	const struct dialect *dialect;
	const struct route *route;
	struct caller caller;
	const char *id;	    /* the path's ":id", or NULL */
	const json_t *body; /* parsed; an empty object when there is none */
	const char *(*query)(const struct call *, const char *name);
	const char *(*header)(const struct call *, const char *name);
	void *http; /* for query and header */
	long long now_ms;
	const char *public_url;	 /* base of links */
	const char *upgrade_url; /* where a key gets another plan */
	/* Filled by decode: */
	void *in;
	/* Answers; which are filled depends on the op: */
	struct intent *intents;
	int intents_n;
	struct vote *votes; /* of intents[0] */
	int votes_n;
	struct audit_event *events; /* of intents[0], or of all */
	int events_n;
	struct decider decider; /* of intents[0] */
	bool settled;		/* DECIDE: this answer settled it */
	bool replayed;		/* SUBMIT: the first answer again */
	struct execution *execution;
	struct agent *agents;
	int agents_n;
	struct key *keys;
	int keys_n;
	struct delivery_row *deliveries;
	int deliveries_n;
	const char *secret;	    /* a key, shown this once */
	const char *webhook_secret; /* of the agent */
	const char *token;	    /* DELIVER, NONCE; SUBMIT: see
				       struct submission, view_token */
	long long token_until_ms;
	const char *webhook_id;
	const char *const *policies;
	int policies_n;
	const char *const *channels; /* ABOUT: channels that are on */
	int channels_n;
	const struct api_stats *stats;
	const void *payload; /* DOWNLOAD, LINK_SHOW; NULL = erased */
	size_t payload_len;
	long long limit;    /* lists */
	const char *cursor; /* lists: where the next page begins; or NULL */
};

/* The members of a body, by the rows that decode it. */
struct route_body {
	const struct field *fields;
	size_t n;
	const struct route_body *more; /* or NULL */
};

/* One member of an answer. */
struct member {
	const char *name;
	const char *schema; /* JSON Schema 2020-12, as text */
	bool optional;	    /* may be absent */
	void (*put)(struct json_out *, const char *name, struct call *);
};

struct route_answer {
	const struct member *members;
	size_t n;
};

enum { ROUTE_REFUSALS_MAX = 8 };

struct route {
	const char *method;
	const char *path; /* segments; ":id" takes any one segment */
	enum op op;
	unsigned access; /* bits of enum access */
	int status;	 /* of success */
	/* Fills call->in. NULL: nothing to decode. */
	enum rc (*decode)(struct call *, struct fault *);
	/* The answer as JSON text, in the arena. NULL: the op answers bytes. */
	const char *(*show)(struct call *, size_t *len);
	int per_minute; /* requests of one address; 0 = as many as it likes */
	/* For people who read of it, and for openapi.h: */
	const char *does;  /* in a few words */
	const char *query; /* names that it reads, blank-separated; or NULL */
	const struct route_body *body;
	const struct route_answer *answer; /* NULL: an object, not told */
	int refusals[ROUTE_REFUSALS_MAX];  /* statuses, beside 503 */
};

/* What an endpoint is told. */
struct webhook_news {
	const struct intent *intent;
	struct decider decider;
	const struct delivery_row *row; /* event, time, id, attempts */
	const char *secret;		/* text of the secret */
	bool own_secret;		/* it is the agent's, not the URL's */
	long long now_ms;
};

struct dialect {
	const char *name;
	const char *title;	/* for people */
	const char *key_prefix; /* of keys made for it; NULL = our own */
	/* Whatever has a path that begins so is this dialect's, also what is
	 * not found; NULL = what is nobody else's. */
	const char *prefix;
	const struct route *routes;
	size_t routes_n;
	/* The error body of a fault, and its HTTP status. */
	json_t *(*fault)(struct call *, const struct fault *, int *status);
	/* The body of a webhook, and headers beyond the standard ones: up to
	 * `max` lines "Name: value". */
	const char *(*news)(struct arena *, const struct webhook_news *,
	    size_t *len);
	int (*news_headers)(struct arena *, const struct webhook_news *,
	    const char *body, size_t len, const char **out, int max);
	/* Error bodies for what the server refuses itself, as JSON text. */
	const char *(*refuse)(int status);
	const struct route_answer *fault_members; /* of the error body */
};

/*
 * What the submit of every dialect has besides its body's fields: the header
 * Idempotency-Key, and a callback_url that can be one. RC_INVALID names which.
 */
enum rc dialect_idempotency_key(struct call *, struct draft *, struct fault *)
    MUST_CHECK;
enum rc dialect_callback(struct call *, const struct draft *, struct fault *)
    MUST_CHECK;

/* The status that RFC 9110 has for a kind of failure. */
int dialect_status(enum rc);

extern const struct dialect dialect_zehrava;
extern const struct dialect dialect_vantagate;

#endif
