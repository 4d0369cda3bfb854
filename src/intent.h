/*
 * intent: what an agent wants to do, and what became of it.
 *
 * The values that cross the borders of rooms: a draft (as asked, checked), an
 * intent (as stored) and a decision (what a person answered). Dialects and
 * channels know these and nothing else of the trunk.
 */
#ifndef INTENT_H
#define INTENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/field.h"
#include "lib/id.h"
#include "lib/rc.h"

enum {
	INTENT_OPTIONS_MAX = 5,
	INTENT_APPROVERS_MAX = 50,
	INTENT_PENDING_MAX = 1000, /* per agent */
	INTENT_TTL_DEFAULT_S = 3600,
	INTENT_TTL_MAX_S = 365 * 24 * 3600,
	INTENT_REASON_MAX = 1000, /* characters */
	INTENT_GUESTS_MAX = 3,
};

enum intent_state {
	INTENT_PENDING,
	INTENT_APPROVED,
	INTENT_DENIED,
	INTENT_RESOLVED, /* a person chose an option that is neither */
	INTENT_EXPIRED,
	INTENT_CANCELLED,
	INTENT_BLOCKED, /* by policy, never pending */
	INTENT_STATES
};

enum execution_state {
	EXECUTION_NONE,
	EXECUTION_LEASED,
	EXECUTION_SUCCEEDED,
	EXECUTION_FAILED,
	EXECUTION_LAPSED, /* leased and never reported */
	EXECUTION_STATES
};

enum outcome { OUTCOME_APPROVE, OUTCOME_DENY, OUTCOME_OTHER, OUTCOMES };

enum urgency { URGENCY_LOW, URGENCY_NORMAL, URGENCY_HIGH, URGENCY_CRITICAL };

struct option {
	const char *label; /* 1 to 80 characters, shown on a button */
	enum outcome outcome;
};

struct risk {
	double score;	   /* 0 to 1, two decimals */
	const char *level; /* "low" "medium" "high" "critical" */
	struct field_strings factors;
};

/* Somebody who is asked at an address and is nobody of assent.yaml. */
struct guest {
	const char *id;	  /* see guest.h; no person has such an id */
	const char *name; /* to show; an address is masked */
};

/* A place where somebody is asked, as the submit named it. */
struct address {
	const char *channel; /* "email" "slack_webhook" "link" */
	const char *where;   /* mail address, URL; NULL for a link */
};

/* Who may decide. Pinned to the intent when it is submitted. */
struct plan {
	struct field_strings approvers; /* of persons and guests; may be empty:
					   then see open */
	struct guest guests[INTENT_GUESTS_MAX]; /* names of those among them */
	int guests_n;
	struct field_strings channels; /* names of assent.yaml */
	struct field_strings roles;    /* of Discord: holders may decide too */
	struct field_strings excluded; /* person ids that may not approve */
	bool open; /* any reviewer credential without a person may decide too */
	int required;	      /* distinct people who must approve, at least 1 */
	int deny_threshold;   /* distinct people whose denial settles it */
	bool reason_required; /* a denial needs a reason */
	bool approve_reason;  /* whatever is chosen needs one */
};

/* What was asked. Strings and values live in the request's arena. */
struct draft {
	const char *destination;
	const char *policy;  /* NULL = the one for drafts that name none */
	const char *payload; /* bytes to judge and show; "" when absent */
	size_t payload_len;
	bool payload_is_json;	  /* came as a JSON value: canonical form */
	const char *payload_type; /* "csv", "json", ...; NULL = unknown */
	bool has_record_count;
	long long record_count;
	bool has_value_usd;
	double value_usd;
	struct field_strings tags;
	const char *idempotency_key; /* of the body; NULL = none */
	const char *idempotency_header;
	const char *on_behalf_of;
	const char *profile;
	long long ttl_s;
	const json_t *metadata; /* object or NULL */
	const char *title;
	const char *description;
	enum urgency urgency;
	struct option options[INTENT_OPTIONS_MAX];
	int options_n;			/* 0 = Approve and Deny */
	struct field_strings approvers; /* persons and groups, as asked */
	struct field_strings channels;
	struct address addresses[INTENT_GUESTS_MAX];
	int addresses_n;
	const char *callback_url;
	int callback_attempts; /* at most; 0 = as the settings say */
	bool erase_payload;    /* when it is settled, not some time after */
	bool view_link;	       /* the answer has a link for looking at it */
	const char *dialect;   /* static name */
};

struct vote {
	const char *person;
	const char *name; /* to show */
	const char *via;
	int option; /* index */
	const char *reason;
	long long at_ms;
};

/* As stored. Strings live in the arena that it was read into. */
struct intent {
	char id[ID_SIZE];
	long long version; /* grows with every change */
	const char *dialect;
	const char *agent_id;
	const char *agent_name;
	const char *owner; /* as registered; NULL = none */
	const char *destination;
	const char *policy_id;
	const char *policy_version; /* content hash, hex */
	const char *payload_type;
	const void *payload_sealed; /* NULL once erased */
	size_t payload_sealed_len;
	bool erase_payload; /* in the transaction that settles it */
	long long payload_bytes;
	const char *payload_sha256; /* hex */
	const char *digest; /* of the action, hex: what a decision binds */
	bool has_record_count;
	long long record_count;
	bool has_value_usd;
	double value_usd;
	struct field_strings tags;
	const char *idempotency_key;
	const char *on_behalf_of;
	const char *profile;
	const char *metadata; /* JSON text or NULL */
	const char *title;
	const char *description;
	enum urgency urgency;
	struct option options[INTENT_OPTIONS_MAX];
	int options_n; /* at least 2 */
	const char *callback_url;
	struct risk risk;
	struct plan plan;
	enum intent_state verdict; /* PENDING, APPROVED or BLOCKED at submit */
	const char *verdict_reason;
	const char *verdict_code;
	enum intent_state state;
	int chosen;		/* index into options; -1 = none */
	const char *reason;	/* why it is in this state, in words; or NULL */
	const char *decided_by; /* person id, "policy", "clock"; or NULL */
	const char *decided_name; /* to show */
	const char *decided_via;  /* "policy" "api" "page" "email" ... */
	long long created_ms;
	long long expires_ms;
	long long settled_ms; /* 0 while pending */
	int approvals;	      /* votes so far for the option that leads */
	int denials;	      /* votes so far */
	enum execution_state execution;
	const char *execution_id;
};

/* One execution of an approved intent. */
struct execution {
	char id[ID_SIZE];
	const char *intent_id;
	const char *agent_id;
	const char *destination;
	const char *payload_sha256;
	const char *mode;
	enum execution_state state;
	const char *token;  /* only in the answer that leases; else NULL */
	const char *result; /* JSON text or NULL */
	long long leased_ms;
	long long lease_until_ms;
	long long reported_ms; /* 0 = not yet */
};

/* What a person answered, on any channel. */
struct decision {
	const char *intent_id;
	const char *person; /* id in assent.yaml, or of a key without person */
	const char *name;   /* to show */
	bool known;	    /* person is one of assent.yaml */
	struct field_strings roles; /* of Discord, "GUILD/ROLE" */
	const char *via;       /* "api" "page" "email" "slack" "discord" ... */
	const char *assurance; /* how sure we are who it was; for the audit */
	int option;	       /* index; or -1 and see outcome */
	enum outcome outcome;  /* when option is -1: the first with it */
	const char *reason;    /* or NULL */
	const char *digest;    /* what the person saw, hex; NULL = not bound */
	const char *link_hash; /* magic link to use up, hex; or NULL */
};

/* Stable lower-case words: "pending", "approved", ... */
const char *intent_state_name(enum intent_state);
/* RC_INVALID when it is none. */
enum rc intent_state_parse(const char *name, enum intent_state *out) MUST_CHECK;
bool intent_state_is_final(enum intent_state);
const char *execution_state_name(enum execution_state);
enum rc execution_state_parse(const char *name, enum execution_state *out)
    MUST_CHECK;
const char *outcome_name(enum outcome);
const char *urgency_name(enum urgency);
extern const char *const urgency_words[]; /* for FIELD_ENUM */
extern const char *const outcome_words[];

/*
 * The digest that a decision binds: SHA-256, hex, over the canonical form
 * (RFC 8785) of {agent, owner, destination, onBehalfOf, payload_sha256,
 * metadata (text), recordCount, valueUsd, policy, policy_version}.
 */
void intent_digest(struct arena *, const struct intent *,
    char out[CRYPTO_SHA256_HEX]);

#endif
