/*
 * zehrava: what the parts of this dialect share.
 *
 * The native dialect is that of Zehrava Gate. Where its documentation and its
 * server spell a field in two ways, both are read and both are written. What
 * it does not have (titles, options, approvers, digests, keys) stands beside
 * its own fields under names that it does not use.
 *
 * Different on purpose:
 * - No answer carries a token that decides: approvalLinkToken is null.
 * - What people chose that is neither yes nor no has the status "resolved".
 * - A download does not change the status: nothing is "delivered".
 * - A lease that lapsed is an execution "expired" of an intent "failed".
 * - actions_approved of the metrics counts what was ever approved, also what
 *   was executed since; actions_failed counts lapsed leases.
 * - Webhooks do not carry their own secret in X-Gate-Secret: whoever may read
 *   the header could sign. X-Gate-Signature proves the same and more.
 */
#ifndef ZEHRAVA_H
#define ZEHRAVA_H

#include <jansson.h>

#include "dialect.h"
#include "lib/json_out.h"

enum {
	ZEHRAVA_NAME_MAX = 200, /* characters of names, ids, destinations */
	ZEHRAVA_TITLE_MAX = 200,
	ZEHRAVA_DESCRIPTION_MAX = 1000,
	ZEHRAVA_KEY_MAX = 255, /* of idempotency keys */
	ZEHRAVA_TAGS_MAX = 50,
	ZEHRAVA_TAG_MAX = 100,		  /* characters */
	ZEHRAVA_METADATA_MAX = 64 * 1024, /* bytes; each row of a list has it */
	ZEHRAVA_SECRET_MAX = 200,
	ZEHRAVA_RESULT_MAX =
	    16 * 1024, /* bytes; a thousand events are a page */
	ZEHRAVA_LIST_MAX = 200,
	ZEHRAVA_LIST = 50 /* when no limit is asked */
};

/* Reasons of faults that are raised here. */
#define ZEHRAVA_MISSING	  "required" /* the text is the whole sentence */
#define ZEHRAVA_BAD_VALUE "invalid_header"

/* How bodies and queries become the core's input. */
typedef enum rc zehrava_decode(struct call *, struct fault *);
zehrava_decode zehrava_decode_submit, zehrava_decode_list,
    zehrava_decode_register, zehrava_decode_key, zehrava_decode_approve,
    zehrava_decode_reject, zehrava_decode_approve_named,
    zehrava_decode_reject_named, zehrava_decode_decide, zehrava_decode_cancel,
    zehrava_decode_named, zehrava_decode_execute, zehrava_decode_report,
    zehrava_decode_webhook;

/* The rows by which those decode. */
extern const struct route_body zehrava_body_submit, zehrava_body_answer,
    zehrava_body_decide, zehrava_body_execute, zehrava_body_report,
    zehrava_body_webhook, zehrava_body_register, zehrava_body_key;

/* RC_TOO_LARGE, about `field`; a NULL value is fine. */
enum rc zehrava_check_size(struct arena *, const json_t *, size_t max,
    const char *field, struct fault *) MUST_CHECK;

/* How the core's answers are shown. */
typedef const char *zehrava_show(struct call *, size_t *len);
zehrava_show zehrava_show_submitted, zehrava_show_intent, zehrava_show_intents,
    zehrava_show_proposals, zehrava_show_verdict, zehrava_show_trail,
    zehrava_show_decided, zehrava_show_cancelled, zehrava_show_execution,
    zehrava_show_webhook, zehrava_show_delivery, zehrava_show_registered,
    zehrava_show_agents, zehrava_show_agent, zehrava_show_agent_status,
    zehrava_show_nonce, zehrava_show_metrics, zehrava_show_policies,
    zehrava_show_about, zehrava_show_health, zehrava_show_key,
    zehrava_show_keys, zehrava_show_key_revoked, zehrava_show_audit,
    zehrava_show_deliveries;

/* Option i of the intent, or the one that was chosen; NULL = none. */
const struct option *zehrava_option(const struct intent *, int i);
const struct option *zehrava_chosen(const struct intent *);
/* The status of an intent and its execution in one word. */
const char *zehrava_status(const struct intent *);
/* The same without its execution. */
const char *zehrava_decision(enum intent_state);
/* "waiting_input", "answered", ...; NULL when no person was asked. */
const char *zehrava_approval_state(const struct intent *);
const char *zehrava_execution_status(enum execution_state);
/* Why it is blocked, or may be: what the product calls block_reason. */
const char *zehrava_block_reason(struct arena *, const struct intent *);
/* What a person answered: "APPROVE", "REJECT", another label, or NULL. */
const char *zehrava_answer(const struct intent *);
/* Who settled it, to show; the product calls policy and clock "system". */
const char *zehrava_decider(const struct intent *);
/* What a status word of a list asks for; RC_INVALID. */
enum rc zehrava_filter(const char *word, struct intent_filter *out,
    struct fault *) MUST_CHECK;

/* A list of events of the audit trail, in both spellings. */
void zehrava_put_events(struct json_out *, const char *name,
    const struct audit_event *, int n);

extern const struct route_answer zehrava_fault_members;
json_t *zehrava_fault(struct call *, const struct fault *, int *status);
const char *zehrava_news(struct arena *, const struct webhook_news *,
    size_t *len);
int zehrava_news_headers(struct arena *, const struct webhook_news *,
    const char *body, size_t len, const char **out, int max);

#endif
