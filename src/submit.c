#include "submit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "fact.h"
#include "guest.h"
#include "lib/json.h"
#include "lib/json_out.h"
#include "lib/log.h"
#include "link.h"
#include "payload.h"
#include "routing.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static const struct option default_options[] = {
    {"Approve", OUTCOME_APPROVE},
    {"Deny", OUTCOME_DENY},
};

static void
options_fill(const struct draft *d, struct intent *in)
{
	const struct option *from = d->options_n > 0 ? d->options
						     : default_options;

	in->options_n = d->options_n > 0 ? d->options_n
					 : (int)ARRAY_LEN(default_options);
	memcpy(in->options, from,
	    (size_t)in->options_n * sizeof(in->options[0]));
}

static void
intent_fill(const struct draft *d, const struct agent *ag, struct arena *a,
    struct intent *in)
{
	char sha[CRYPTO_SHA256_HEX];

	crypto_sha256_hex(d->payload, d->payload_len, sha);
	*in = (struct intent){
	    .version = 1,
	    .dialect = d->dialect,
	    .agent_id = ag->id,
	    .agent_name = ag->name,
	    .owner = ag->owner,
	    .destination = d->destination,
	    .payload_type = d->payload_type != NULL
		? d->payload_type
		: payload_type(a, d->payload, d->payload_len),
	    .payload_bytes = (long long)d->payload_len,
	    .payload_sha256 = arena_strdup(a, sha),
	    .has_record_count = d->has_record_count,
	    .record_count = d->record_count,
	    .has_value_usd = d->has_value_usd,
	    .value_usd = d->value_usd,
	    .tags = d->tags,
	    .idempotency_key = d->idempotency_key,
	    .on_behalf_of = d->on_behalf_of,
	    .profile = d->profile,
	    .metadata = d->metadata != NULL ? json_compact(a, d->metadata, NULL)
					    : NULL,
	    .title = d->title,
	    .description = d->description,
	    .urgency = d->urgency,
	    .callback_url = d->callback_url,
	    .erase_payload = d->erase_payload,
	    .chosen = -1,
	    .execution = EXECUTION_NONE,
	};
	options_fill(d, in);
}

static const struct policy *
policy_of(const struct submit_env *env, const struct draft *d)
{
	const char *name = d->policy != NULL ? d->policy : env->policy;

	return name != NULL ? policy_set_find(env->policies, name)
			    : policy_set_builtin(env->policies);
}

static enum rc
judge(const struct submit_env *env, const struct draft *d,
    const struct agent *ag, struct arena *a, struct submission *s,
    struct fault *f)
{
	const struct policy_agent who = {
	    .id = ag->id,
	    .name = ag->name,
	    .allowed_policies = ag->allowed_policies,
	    .allowed_destinations = ag->allowed_destinations,
	};
	const struct policy *p = policy_of(env, d);
	enum rc rc;

	if (p == NULL) {
		return fault_set(f, RC_INVALID, "policy",
		    "there is no policy of this name");
	}
	rc = policy_evaluate(p, d, &who, a, &s->verdict, f);
	if (rc != RC_OK) {
		return rc;
	}
	s->asked.policy_id = policy_id(p);
	s->asked.policy_version = policy_version(p);
	s->asked.risk = s->verdict.risk;
	rc = routing_plan(policy_set_people(env->policies), &s->verdict, d,
	    ag->owner, a, &s->asked.plan, f);
	s->can_be_approved = routing_can_be_approved(&s->asked.plan);
	return rc;
}

/*
 * What the audit says of it, made ahead: canonical text, so with members in
 * the order of their names.
 */
static const char *
submitted_data(struct arena *a, const struct intent *in)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	json_out_text(&o, "agent", in->agent_id);
	json_out_text(&o, "destination", in->destination);
	json_out_text(&o, "digest", in->digest);
	json_out_text(&o, "on_behalf_of", in->on_behalf_of);
	json_out_text(&o, "payload_sha256", in->payload_sha256);
	json_out_text(&o, "policy", in->policy_id);
	json_out_end(&o);
	return json_out_finish(&o, NULL);
}

static const char *
checked_data(struct arena *a, const struct submission *s,
    const struct verdict *v)
{
	const struct intent *in = &s->asked;
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	json_out_bool(&o, "can_be_approved", s->can_be_approved);
	json_out_text(&o, "policy_version", in->policy_version);
	json_out_text(&o, "reason", v->reason);
	json_out_text(&o, "reason_code", v->code);
	json_out_text(&o, "result", intent_state_name(v->state));
	json_out_text(&o, "risk_level", in->risk.level);
	json_out_real(&o, "risk_score", in->risk.score);
	json_out_end(&o);
	return json_out_finish(&o, NULL);
}

/* Guests are asked where the draft says; those who hold a link need no word. */
static void
ask_guests(const struct submit_env *env, const struct draft *d,
    const struct agent *ag, struct arena *a, struct submission *s)
{
	struct ask *asks =
	    arena_array(a, s->asks_n + INTENT_GUESTS_MAX, sizeof(*asks));

	memcpy(asks, s->asks, s->asks_n * sizeof(*asks));
	for (int i = 0; i < d->addresses_n; i++) {
		const struct address *at = &d->addresses[i];
		struct guest g = guest_at(a, at);

		if (guest_name(&s->asked.plan, g.id) == NULL ||
		    at->where == NULL || env->has_channel == NULL) {
			continue;
		}
		if (env->has_channel(env->asks_ctx, at->channel)) {
			asks[s->asks_n++] = (struct ask){.channel = at->channel,
			    .person = g.id,
			    .address = at->where};
			continue;
		}
		log_warn("somebody is to be asked by %s, which is not turned "
			 "on agent=%s",
		    at->channel, ag->id);
	}
	s->asks = asks;
}

enum rc
intent_prepare(const struct submit_env *env, const struct draft *d,
    const struct agent *ag, const char *request_sha256, struct arena *a,
    struct submission *out, struct fault *f)
{
	struct submission *s = out;
	char digest[CRYPTO_SHA256_HEX];
	struct ask *asks = NULL;
	enum rc rc;

	*s = (struct submission){.payload = d->payload,
	    .payload_len = d->payload_len,
	    .vault = env->vault,
	    .arena = a,
	    .webhook_url = d->callback_url,
	    .webhook_attempts = d->callback_attempts,
	    .view_link = d->view_link,
	    .key = {d->idempotency_header, request_sha256}};
	intent_fill(d, ag, a, &s->asked);
	rc = judge(env, d, ag, a, s, f);
	if (rc != RC_OK) {
		return rc;
	}
	s->ttl_s = d->ttl_s;
	if (s->verdict.expiry_s > 0 && s->verdict.expiry_s < s->ttl_s) {
		s->ttl_s = s->verdict.expiry_s;
	}
	env->asks(env->asks_ctx, &s->asked.plan,
	    policy_set_people(env->policies), a, &asks, &s->asks_n);
	s->asks = asks;
	if (d->addresses_n > 0) {
		ask_guests(env, d, ag, a, s);
	}
	intent_digest(a, &s->asked, digest);
	s->asked.digest = arena_strdup(a, digest);
	s->submitted_data = submitted_data(a, &s->asked);
	s->checked_data = checked_data(a, s, &s->verdict);
	return RC_OK;
}

/* The one step of the policy that needs the store. */
static enum rc
rate_check(struct tx *tx, struct submission *s, struct verdict *v,
    struct fault *f)
{
	const struct {
		long long limit, window_ms;
		bool per_day;
	} rules[] = {
	    {v->rate_per_hour, HOUR_MS, false},
	    {v->rate_per_day, DAY_MS, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		long long n = 0;
		enum rc rc;

		if (rules[i].limit <= 0 || v->step <= STEP_RATE) {
			continue;
		}
		rc = store_intent_count_since(tx->db, s->asked.agent_id,
		    tx->now_ms - rules[i].window_ms, &n, f);
		if (rc != RC_OK) {
			return rc;
		}
		if (n >= rules[i].limit) {
			policy_rate_verdict(s->arena, v, n, rules[i].per_day,
			    s->asked.agent_id);
		}
	}
	return RC_OK;
}

static void
stamp(struct tx *tx, const struct submission *s, const struct verdict *v,
    struct intent *in)
{
	id_next(tx->ids, tx->now_ms, "int_", in->id);
	in->created_ms = tx->now_ms;
	in->expires_ms = tx->now_ms + s->ttl_s * 1000;
	in->verdict = v->state;
	in->verdict_reason = v->reason;
	in->verdict_code = v->code;
	in->state = v->state;
	in->reason = v->reason;
	in->settled_ms = 0;
	in->decided_by = in->decided_name = in->decided_via = NULL;
	if (v->state != INTENT_PENDING) {
		in->settled_ms = tx->now_ms;
		in->decided_by = in->decided_name = in->decided_via = "policy";
	}
	if (s->asked.erase_payload && v->state != INTENT_PENDING) {
		return; /* nobody will look at it */
	}
	in->payload_sealed = vault_seal(s->vault, s->arena, in->id, s->payload,
	    s->payload_len, &in->payload_sealed_len);
}

static enum rc
audit_submit(struct tx *tx, const struct intent *in, const struct submission *s,
    const struct verdict *v, struct fault *f)
{
	const char *checked = v->step == s->verdict.step
	    ? s->checked_data
	    : checked_data(tx->scratch, s, v);
	enum rc rc = audit_add_text(tx, in->id, "submitted", in->agent_name,
	    s->submitted_data, f);

	if (rc == RC_OK) {
		rc = audit_add_text(tx, in->id, "policy_checked", "policy",
		    checked, f);
	}
	if (rc != RC_OK || in->state == INTENT_PENDING) {
		return rc;
	}
	return audit_add(tx, in->id, intent_state_name(in->state), "policy",
	    json_pack("{s:s, s:s, s:s}", "policy", in->policy_id, "reason",
		in->verdict_reason, "reason_code", in->verdict_code),
	    f);
}

/* The URL of a webhook is a secret: it is stored under the intent's seal, and
 * in its place stands whose it is. */
static const struct ask *
sealed_asks(const char *intent_id, const struct submission *s)
{
	struct ask *asks =
	    arena_memdup(s->arena, s->asks, s->asks_n * sizeof(*asks));

	for (size_t i = 0; i < s->asks_n; i++) {
		struct ask *k = &asks[i];

		if (strcmp(k->channel, "slack_webhook") == 0) {
			k->sealed = vault_seal(s->vault, s->arena, intent_id,
			    k->address, strlen(k->address), &k->sealed_len);
			k->address = "Slack";
		}
	}
	return asks;
}

/* What a fresh intent owes: questions to people, or news to endpoints. */
static enum rc
owe(struct tx *tx, const struct intent *in, const struct submission *s,
    struct fault *f)
{
	enum rc rc = RC_OK;

	if (s->webhook_url != NULL) {
		char id[ID_SIZE];
		struct webhook w = {.id = id,
		    .intent_id = in->id,
		    .url = s->webhook_url,
		    .attempts_max = s->webhook_attempts};

		id_next(tx->ids, tx->now_ms, "whk_", id);
		rc = webhook_insert(tx, &w, false, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (in->state == INTENT_PENDING) {
		store_wake_by(tx, in->expires_ms);
		return delivery_owe_asks(tx, in->id, sealed_asks(in->id, s),
		    s->asks_n, f);
	}
	return delivery_owe_webhooks(tx, in->id, intent_state_name(in->state),
	    f);
}

/*
 * For looking at it a token needs no row: it says all there is to know. One
 * that decides has a row like any other link.
 */
static enum rc
make_view_link(struct tx *tx, struct submission *s, const struct intent *in,
    struct fault *f)
{
	static const struct address holder = {.channel = "link"};
	const struct guest g = guest_at(s->arena, &holder);
	bool decides = in->state == INTENT_PENDING &&
	    guest_name(&in->plan, g.id) != NULL;
	struct magic_link link = {.intent_id = in->id,
	    .person = decides ? g.id : GUEST_VIEWER,
	    .digest = in->digest,
	    .expires_ms = in->expires_ms};
	struct link_row row = {.intent_id = in->id,
	    .person = link.person,
	    .expires_ms = in->expires_ms};

	if (!s->view_link) {
		return RC_OK;
	}
	s->view_token =
	    magic_link_make(s->arena, vault_link_keys(s->vault), &link);
	row.hash = link.hash;
	return decides ? link_insert(tx, &row, f) : RC_OK;
}

static enum rc
count_duplicate(struct tx *tx, const struct intent *in, struct fault *f)
{
	enum rc rc = fact_duplicate(tx, f);

	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, in->id, "duplicate_blocked", in->agent_name,
	    json_pack("{s:s?}", "idempotency_key", in->idempotency_key), f);
}

/* Fills s->intent with the first one if this submit is a repeat. */
static enum rc
find_repeat(struct tx *tx, struct submission *s, struct fault *f)
{
	const char *agent = s->asked.agent_id;
	const char *before = NULL;
	struct intent first;
	enum rc rc = RC_NOT_FOUND;

	if (s->key.idempotency_header != NULL) {
		rc = store_intent_by_header(tx->db, agent,
		    s->key.idempotency_header, s->arena, &first, &before, f);
		if (rc == RC_OK &&
		    (before == NULL ||
			strcmp(before, s->key.request_sha256) != 0)) {
			return fault_set(f, RC_INVALID, "Idempotency-Key",
			    "this key came with another body before");
		}
		s->replayed = rc == RC_OK;
	}
	if (rc == RC_NOT_FOUND && s->asked.idempotency_key != NULL) {
		rc = store_intent_by_key(tx->db, agent,
		    s->asked.idempotency_key, s->arena, &first, f);
		if (rc == RC_OK) {
			rc = count_duplicate(tx, &first, f);
			rc = rc == RC_OK ? RC_DUPLICATE : rc;
		}
	}
	if (rc == RC_OK || rc == RC_DUPLICATE) {
		s->intent = first;
	}
	return rc;
}

/* Room among those that wait, and in the month; both or none. */
static enum rc
take_room(struct tx *tx, const struct submission *s, int waits, struct fault *f)
{
	const char *agent = s->asked.agent_id;
	struct fault ignored;
	enum rc rc = agent_add_pending(tx, agent, waits, f);

	if (rc != RC_OK) {
		return rc;
	}
	rc = quota_use(tx, s->quota, agent, f);
	if (rc != RC_OK && waits > 0 &&
	    agent_add_pending(tx, agent, -waits, &ignored) != RC_OK) {
		return RC_STORE;
	}
	return rc;
}

enum rc
intent_submit(struct tx *tx, void *arg)
{
	struct submission *s = arg;
	struct fault *f = &s->fault;
	struct verdict v = s->verdict; /* a rerun begins from the same */
	struct intent in = s->asked;
	enum rc rc = RC_NOT_FOUND;

	s->replayed = false;
	s->intent = (struct intent){0};
	*f = (struct fault){0};
	if (s->key.idempotency_header != NULL || in.idempotency_key != NULL) {
		rc = find_repeat(tx, s, f);
	}
	if (rc == RC_OK) {
		return make_view_link(tx, s, &s->intent, f);
	}
	if (rc != RC_NOT_FOUND) {
		return rc;
	}
	rc = rate_check(tx, s, &v, f);
	if (rc == RC_OK) {
		rc = take_room(tx, s, v.state == INTENT_PENDING ? 1 : 0, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	stamp(tx, s, &v, &in);
	rc = store_intent_insert(tx, &in, &s->key, f);
	assert(rc != RC_DUPLICATE); /* looked for in this transaction */
	if (rc == RC_OK) {
		rc = fact_moved(tx, INTENT_STATES, in.state, f);
	}
	if (rc == RC_OK) {
		rc = audit_submit(tx, &in, s, &v, f);
	}
	if (rc == RC_OK) {
		rc = owe(tx, &in, s, f);
	}
	if (rc == RC_OK) {
		rc = make_view_link(tx, s, &in, f);
	}
	if (rc != RC_OK) {
		return RC_STORE; /* nothing of it may stay */
	}
	store_touch(tx, in.id);
	s->intent = in;
	return RC_OK;
}
