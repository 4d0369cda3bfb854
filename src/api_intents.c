/*
 * The calls about intents: submit, read, decide, cancel.
 */
#include "api_impl.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "decider.h"
#include "lib/clock.h"
#include "lib/url.h"
#include "link.h"

enum { AUDIT_SHOWN_MAX = 500, TIMESTAMP_TOLERANCE_MS = 300 * 1000 };

enum rc
api_query_int(struct api_request *r, const char *name, long long lo,
    long long hi, long long fallback, long long *out)
{
	const char *text = http_query(r->http, name);
	char *end;

	*out = fallback;
	if (text == NULL) {
		return RC_OK;
	}
	*out = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || *out < lo || *out > hi) {
		return fault_set(&r->fault, RC_INVALID, name,
		    "%s must be a whole number from %lld to %lld", name, lo,
		    hi);
	}
	return RC_OK;
}

enum rc
api_may_see(struct api_request *r, const char *agent_id)
{
	const struct caller *c = &r->call.caller;

	if ((c->access & ACCESS_PEOPLE) != 0 ||
	    (c->agent != NULL && strcmp(c->agent->id, agent_id) == 0)) {
		return RC_OK;
	}
	(void)fault_set(&r->fault, RC_FORBIDDEN, "id",
	    "this belongs to another agent");
	return fault_reason(&r->fault, "not_owner");
}

enum rc
api_check_target(struct api_request *r, const char *field, const char *url)
{
	struct url u;
	enum rc rc = url_parse(r->call.arena, url, &u, &r->fault);

	if (rc == RC_OK && strcmp(u.scheme, "https") != 0 &&
	    !r->api->options.allow_private_targets) {
		rc = fault_set(&r->fault, RC_INVALID, field,
		    "must begin with https://");
	}
	if (rc == RC_OK && url_host_is_private(u.host) &&
	    !r->api->options.allow_private_targets) {
		rc = fault_set(&r->fault, RC_INVALID, field,
		    "must be a public address");
	}
	if (rc != RC_OK) {
		char text[sizeof(r->fault.text)];

		memcpy(text, r->fault.text, sizeof(text));
		return fault_set(&r->fault, RC_INVALID, field, "%s", text);
	}
	return RC_OK;
}

static void
answer_intent(struct call *call, const struct intent *in)
{
	call->intents = arena_memdup(call->arena, in, sizeof(*in));
	call->intents_n = 1;
}

enum rc
api_intent_get(struct api_request *r, const char *id)
{
	struct intent in;
	enum rc rc = store_intent_get(r->api->options.reader, id, r->call.arena,
	    &in, &r->fault);

	if (rc == RC_NOT_FOUND) {
		return fault_set(&r->fault, rc, "id", "Intent not found");
	}
	if (rc == RC_OK) {
		rc = api_may_see(r, in.agent_id);
	}
	if (rc == RC_OK &&
	    !quota_shows(r->call.caller.quota, &in, r->call.now_ms)) {
		return fault_set(&r->fault, RC_NOT_FOUND, "id",
		    "Intent not found");
	}
	if (rc == RC_OK) {
		answer_intent(&r->call, &in);
	}
	return rc;
}

bool
api_still_pending(struct api_request *r)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct intent in;

	return store_intent_get(r->api->options.reader, r->call.id, a, &in,
		   &r->fault) == RC_OK &&
	    in.state == INTENT_PENDING && api_may_see(r, in.agent_id) == RC_OK;
}

static void
submitted(struct api_request *r)
{
	const struct submission *s = r->job_arg;

	r->fault = s->fault;
	r->call.replayed = s->replayed;
	r->call.token = s->view_token;
	if (r->rc == RC_OK || r->rc == RC_DUPLICATE) {
		answer_intent(&r->call, &s->intent);
	}
}

static void
unref_rules(void *set)
{
	policy_set_unref(set);
}

/* By which a repeat with the same key is told from another request. */
static const char *
body_digest(struct api_request *r)
{
	char *hex = arena_alloc(r->call.arena, CRYPTO_SHA256_HEX);
	size_t len;
	const char *body = http_body(r->http, &len);

	crypto_sha256_hex(body, len, hex);
	return hex;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* Where guests are asked must be what it says, and in the plan of the key. */
static enum rc
check_addresses(struct api_request *r, struct draft *d)
{
	const struct api_options *o = &r->api->options;
	struct url u;

	for (int i = 0; i < d->addresses_n; i++) {
		const struct address *at = &d->addresses[i];

		if (strcmp(at->channel, "slack_webhook") == 0 &&
		    (!begins(at->where, o->slack_webhook_prefix) ||
			url_parse(r->call.arena, at->where, &u, NULL) !=
			    RC_OK)) {
			return fault_set(&r->fault, RC_INVALID, at->channel,
			    "must begin with %s", o->slack_webhook_prefix);
		}
	}
	if (d->view_link && o->link_holder_decides) {
		assert(d->addresses_n < INTENT_GUESTS_MAX);
		d->addresses[d->addresses_n++].channel = "link";
	}
	return quota_fit(r->call.caller.quota, d, &r->fault);
}

enum rc
api_submit(struct api_request *r)
{
	const struct api_options *o = &r->api->options;
	struct arena *a = r->call.arena;
	struct draft *d = r->call.in;
	struct submit_env env = {.policies = rules_get(o->rules),
	    .vault = o->vault,
	    .asks = outbox_find_asks,
	    .has_channel = outbox_has_channel,
	    .asks_ctx = o->outbox,
	    .policy = o->policy};
	struct submission *s = arena_alloc(a, sizeof(*s));
	enum rc rc = RC_OK;

	arena_defer(a, unref_rules, env.policies);
	d->dialect = r->call.dialect->name;
	if (d->callback_url != NULL) {
		rc = api_check_target(r, "callback_url", d->callback_url);
	}
	if (rc == RC_OK) {
		rc = check_addresses(r, d);
	}
	if (rc == RC_OK) {
		rc = intent_prepare(&env, d, r->call.caller.agent,
		    d->idempotency_header != NULL ? body_digest(r) : NULL, a, s,
		    &r->fault);
	}
	s->quota = r->call.caller.quota;
	r->job = intent_submit;
	r->job_arg = s;
	r->after = submitted;
	return rc;
}

enum rc
api_intent_list(struct api_request *r)
{
	struct call *call = &r->call;
	struct intent_filter q = *(const struct intent_filter *)call->in;
	int limit = q.limit;
	enum rc rc;

	if (call->caller.agent != NULL) {
		q.agent_id = call->caller.agent->id;
	}
	q.limit = limit + 1; /* one more tells whether there is more */
	rc = store_intent_list(r->api->options.reader, &q, call->arena,
	    &call->intents, &call->intents_n, &r->fault);
	call->limit = limit;
	if (rc == RC_OK && call->intents_n > limit) {
		call->intents_n = limit;
		call->cursor = call->intents[limit - 1].id;
	}
	return rc;
}

enum rc
api_read_payload(struct api_request *r)
{
	struct call *call = &r->call;
	const void *sealed;
	char *plain = NULL;
	size_t n;
	enum rc rc = store_intent_payload(r->api->options.reader,
	    call->intents[0].id, call->arena, &sealed, &n, &r->fault);

	if (rc == RC_OK && sealed != NULL) {
		rc = vault_open(r->api->options.vault, call->arena,
		    call->intents[0].id, sealed, n, &plain, &call->payload_len,
		    &r->fault);
	}
	call->payload = plain;
	return rc;
}

/* Most polls ask about an intent that nobody has answered yet. */
static bool
has_votes(const struct intent *in)
{
	return in->approvals + in->denials > 0 || in->chosen >= 0;
}

/* Most polls ask about an intent that nobody has decided yet. */
static void
name_decider(struct api_request *r)
{
	CLEANUP(rules_drop) struct policy_set *set = NULL;

	if (r->call.intents[0].decided_by == NULL) {
		return;
	}
	set = rules_get(r->api->options.rules);
	r->call.decider = decider_of(r->api->options.reader,
	    policy_set_people(set), &r->call.intents[0], r->call.arena);
}

enum rc
api_intent_show(struct api_request *r)
{
	struct call *call = &r->call;
	struct db *db = r->api->options.reader;
	enum rc rc = api_intent_get(r, call->id);

	if (rc != RC_OK) {
		return rc;
	}
	r->pending = call->intents[0].state == INTENT_PENDING;
	name_decider(r);
	rc = audit_list(db, call->id, 0, AUDIT_SHOWN_MAX, call->arena,
	    &call->events, &call->events_n, &r->fault);
	if (rc == RC_OK && has_votes(&call->intents[0])) {
		rc = store_vote_list(db, call->id, call->arena, &call->votes,
		    &call->votes_n, &r->fault);
	}
	if (rc == RC_OK && http_query(r->http, "payload") != NULL) {
		rc = api_read_payload(r);
	}
	return rc;
}

enum rc
api_verdict(struct api_request *r)
{
	return api_intent_get(r, r->call.id);
}

enum rc
api_intent_audit(struct api_request *r)
{
	struct call *call = &r->call;
	enum rc rc = api_intent_get(r, call->id);

	if (rc != RC_OK) {
		return rc;
	}
	return audit_list(r->api->options.reader, call->id, 0, AUDIT_SHOWN_MAX,
	    call->arena, &call->events, &call->events_n, &r->fault);
}

/*
 * Approving what is approved already is what a client does that lost the
 * first answer: it is told the same, and nothing changes.
 */
static bool
repeats(const struct deciding *w, enum rc rc)
{
	return rc == RC_CONFLICT && w->decision.option < 0 &&
	    w->decision.outcome == OUTCOME_APPROVE &&
	    strcmp(w->fault.reason, "already_answered") == 0 &&
	    w->intent.state == INTENT_APPROVED &&
	    w->intent.execution == EXECUTION_NONE;
}

static void
decided(struct api_request *r)
{
	const struct deciding *w = r->job_arg;

	r->fault = w->fault;
	if (w->intent.id[0] != '\0') {
		answer_intent(&r->call, &w->intent);
	}
	r->call.votes = w->votes;
	r->call.votes_n = w->votes_n;
	r->call.settled = w->settled;
	if (r->call.route->op == OP_DECIDE && repeats(w, r->rc)) {
		r->rc = RC_OK;
	}
}

/* A number that the client got from us, used once, in the same transaction. */
static enum rc
check_nonce(struct tx *tx, struct deciding *w, const struct intent *in,
    struct fault *f)
{
	const struct decide_in *d = w->check_arg;

	(void)in;
	if (d->has_decided_at &&
	    llabs(tx->now_ms - d->decided_at_ms) > TIMESTAMP_TOLERANCE_MS) {
		(void)fault_set(f, RC_CONFLICT, "decided_at",
		    "replay_rejected");
		return fault_reason(f, "timestamp_out_of_tolerance");
	}
	return d->nonce != NULL ? nonce_use(tx, d->nonce, f) : RC_OK;
}

static struct deciding *
deciding_new(struct api_request *r, const struct decide_in *d)
{
	struct call *call = &r->call;
	const struct caller *c = &call->caller;
	struct deciding *w = arena_alloc(call->arena, sizeof(*w));
	bool agent = c->agent != NULL;

	w->arena = call->arena;
	w->check = check_nonce;
	w->check_arg = arena_memdup(call->arena, d, sizeof(*d));
	w->decision = (struct decision){
	    .intent_id = call->id != NULL ? call->id : d->intent_id,
	    .person = agent ? c->agent->id : c->person,
	    .name = c->name,
	    .known = c->known,
	    .via = "api",
	    .assurance = "key",
	    .option = d->option,
	    .outcome = d->outcome,
	    .reason = d->reason,
	    .digest = d->digest,
	};
	r->job_arg = w;
	r->after = decided;
	return w;
}

/* A label names the option of this very intent; one that names none is left
 * to the job, which refuses it and records that. */
static enum rc
find_label(struct api_request *r, struct deciding *w, const char *label)
{
	struct intent in;
	enum rc rc = store_intent_get(r->api->options.reader,
	    w->decision.intent_id, r->call.arena, &in, &r->fault);

	if (rc == RC_NOT_FOUND) {
		return fault_set(&r->fault, rc, "id", "Intent not found");
	}
	for (int i = 0; rc == RC_OK && i < in.options_n; i++) {
		if (strcmp(in.options[i].label, label) == 0) {
			w->decision.option = i;
			return RC_OK;
		}
	}
	w->decision.option = INTENT_OPTIONS_MAX;
	return rc;
}

enum rc
api_decide(struct api_request *r)
{
	const struct decide_in *d = r->call.in;
	struct deciding *w = deciding_new(r, d);

	r->job = intent_decide;
	return d->label != NULL ? find_label(r, w, d->label) : RC_OK;
}

/* People may cancel any; an agent may take back its own. */
enum rc
api_cancel(struct api_request *r)
{
	const struct decide_in *d = r->call.in;
	struct deciding *w = deciding_new(r, d);
	enum rc rc = api_intent_get(r, w->decision.intent_id);

	r->job = intent_cancel;
	return rc;
}
