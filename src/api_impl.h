/*
 * api_impl: what the parts of the api share.
 */
#ifndef API_IMPL_H
#define API_IMPL_H

#include "api.h"
#include "dialect.h"
#include "lib/json.h"
#include "submit.h"

struct address_limit;

struct api {
	struct api_options options;
	struct show_cache *cache;
	struct address_limit *limit;
};

/* One request of the API; lives in the arena of its http request. */
struct api_request {
	struct api *api;
	struct http_request *http;
	struct call call;
	struct fault fault;
	/* A job to be done before the answer, and what comes after it. */
	store_job *job;
	void *job_arg;
	enum rc rc;			     /* of the job */
	void (*after)(struct api_request *); /* may change rc */
	bool tell_refusal; /* the job only records the fault that we have */
	struct http_handle handle;
	/* Long poll: */
	long long wait_until_ms; /* monotonic; 0 = does not wait */
	bool pending;		 /* what was read is still pending */
	unsigned long epoch;	 /* before it was read */
};

/* One op: answers from the reader, or sets up r->job. */
typedef enum rc api_op(struct api_request *r);
extern api_op *const api_ops[OPS];

/*
 * Finds the caller, checks class and limits, lets the dialect decode. The body
 * of a caller who may not is read too: what they tried to decide is recorded.
 */
enum rc api_admit(struct api_request *);

/* The parts of the table, one file each. */
api_op api_submit, api_intent_list, api_intent_show, api_verdict,
    api_intent_audit, api_decide, api_cancel, api_execute, api_execution_show,
    api_report, api_webhook, api_deliver, api_download, api_agent_register,
    api_agent_list, api_agent_show, api_agent_suspend, api_agent_revoke,
    api_key_create, api_key_list, api_key_revoke, api_nonce, api_metrics,
    api_policies, api_about, api_health, api_audit_all, api_deliveries,
    api_link_show, api_link_decide;

/* Reads the intent of the path into call.intents[0] and checks that the
 * caller may see it (an agent only its own). */
enum rc api_intent_get(struct api_request *, const char *id);
/* The payload of call.intents[0], opened, into call.payload. */
enum rc api_read_payload(struct api_request *);
/* Whether the intent of the path waits for people, and the caller may know. */
bool api_still_pending(struct api_request *);
/* RC_FORBIDDEN with reason "not_owner" unless the caller is this agent or a
 * person. */
enum rc api_may_see(struct api_request *, const char *agent_id);
/* A query argument as a whole number in lo..hi; absent gives `fallback`. */
enum rc api_query_int(struct api_request *, const char *name, long long lo,
    long long hi, long long fallback, long long *out);
/* Checks a URL that we shall post to. */
enum rc api_check_target(struct api_request *, const char *field,
    const char *url);

/* Answers: with what the op filled in, or with r->fault. */
void api_reply(struct api_request *, enum rc);
void api_reply_fault(struct api_request *);
struct shown;
/* A finished body with its tag; 304 when the caller has it. */
void api_reply_shown(struct api_request *, const struct shown *);
/* Whether this answer may be kept for the next poll. */
bool api_may_keep(const struct api_request *);

/* Finished GET answers by intent, valid while its epoch stands. */
struct show_cache *show_cache_new(void);
void show_cache_free(struct show_cache *);
struct shown {
	const struct route *route;
	const char *agent_id;
	bool pending;
	const char *body;
	size_t len;
	const char *etag;
};
/* False: not kept, or made before the epoch. Borrowed until the next put. */
bool show_cache_get(struct show_cache *, const struct route *, const char *id,
    unsigned long epoch, struct shown *out);
void show_cache_put(struct show_cache *, const char *id, unsigned long epoch,
    const struct shown *);

#endif
