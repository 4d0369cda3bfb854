/*
 * Answers that are not about one intent: agents, keys, webhooks, the daemon.
 */
#include <math.h>
#include <string.h>

#include "version.h"
#include "zehrava.h"
#include "zehrava_put.h"

static const struct put agent_members[] = {
    PUT(struct agent, id, PUT_TEXT, "id", "agentId", "agent_id"),
    PUT(struct agent, name, PUT_TEXT, "name"),
    PUT(struct agent, owner, PUT_TEXT, "owner"),
    PUT(struct agent, risk_tier, PUT_TEXT, "risk_tier", "riskTier"),
    PUT(struct agent, framework, PUT_TEXT, "framework"),
    PUT(struct agent, allowed_policies, PUT_STRINGS, "allowed_policies"),
    PUT(struct agent, allowed_destinations, PUT_STRINGS,
	"allowed_destinations"),
    PUT(struct agent, created_ms, PUT_TIME, "created_at"),
    PUT(struct agent, pending, PUT_INT, "pending"),
};

static void
put_agent(struct json_out *o, const struct agent *ag)
{
	put_all(o, agent_members, ARRAY_LEN(agent_members), ag);
	json_out_text(o, "role", "agent");
	json_out_text(o, "status", agent_status_words[ag->status]);
}

/* Behind the rows of a list: how many, and where the next page begins. */
static const char *
end_page(struct json_out *o, const struct call *call, int n, size_t *len)
{
	json_out_end(o);
	json_out_int(o, "count", n);
	put_both(o, "cursor", "next_cursor", call->cursor);
	return put_end(o, len);
}

static void
put_metadata(struct json_out *o, const struct agent *ag)
{
	const char *s = ag->metadata != NULL ? ag->metadata : "{}";

	json_out_raw(o, "metadata", s, strlen(s));
}

const char *
zehrava_show_registered(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	put_agent(&o, &call->agents[0]);
	put_metadata(&o, &call->agents[0]);
	json_out_text(&o, "apiKey", call->secret);
	put_both(&o, "webhookSecret", "webhook_secret", call->webhook_secret);
	return put_end(&o, len);
}

const char *
zehrava_show_agents(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_list(&o, "agents");
	for (int i = 0; i < call->agents_n; i++) {
		json_out_object(&o, NULL);
		put_agent(&o, &call->agents[i]);
		json_out_end(&o);
	}
	return end_page(&o, call, call->agents_n, len);
}

const char *
zehrava_show_agent(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	put_agent(&o, &call->agents[0]);
	put_metadata(&o, &call->agents[0]);
	return put_end(&o, len);
}

const char *
zehrava_show_agent_status(struct call *call, size_t *len)
{
	const struct agent *ag = &call->agents[0];
	struct json_out o;

	put_begin(&o, call->arena);
	put_both(&o, "agent_id", "agentId", ag->id);
	json_out_text(&o, "status", agent_status_words[ag->status]);
	return put_end(&o, len);
}

static void
put_key(struct json_out *o, const struct key *k)
{
	static const struct put members[] = {
	    PUT(struct key, id, PUT_TEXT, "id"),
	    PUT(struct key, name, PUT_TEXT, "name"),
	    PUT(struct key, agent_id, PUT_TEXT, "agent_id", "agentId"),
	    PUT(struct key, person, PUT_TEXT, "person"),
	    PUT(struct key, dialect, PUT_TEXT, "dialect"),
	    PUT(struct key, scopes, PUT_STRINGS, "scopes"),
	    PUT(struct key, quota, PUT_TEXT, "plan"),
	    PUT(struct key, rate_limit, PUT_INT, "rate_limit", "rateLimit"),
	    PUT(struct key, created_ms, PUT_TIME, "created_at"),
	    PUT(struct key, revoked, PUT_BOOL, "revoked"),
	};

	put_all(o, members, ARRAY_LEN(members), k);
	json_out_text(o, "class", key_class_words[k->class]);
}

const char *
zehrava_show_key(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	put_key(&o, &call->keys[0]);
	json_out_text(&o, "apiKey", call->secret);
	if (call->webhook_secret != NULL) {
		put_both(&o, "webhookSecret", "webhook_secret",
		    call->webhook_secret);
	}
	return put_end(&o, len);
}

const char *
zehrava_show_keys(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_list(&o, "keys");
	for (int i = 0; i < call->keys_n; i++) {
		json_out_object(&o, NULL);
		put_key(&o, &call->keys[i]);
		json_out_end(&o);
	}
	return end_page(&o, call, call->keys_n, len);
}

const char *
zehrava_show_key_revoked(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "id", call->id);
	json_out_bool(&o, "revoked", true);
	return put_end(&o, len);
}

const char *
zehrava_show_webhook(struct call *call, size_t *len)
{
	const struct webhook_in *in = call->in;
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_bool(&o, "registered", true);
	json_out_text(&o, "webhookId", call->webhook_id);
	put_both(&o, "intentId", "proposalId", in->intent_id);
	json_out_text(&o, "url", in->url);
	return put_end(&o, len);
}

const char *
zehrava_show_delivery(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "url",
	    arena_printf(call->arena, "%s/v1/download/%s", call->public_url,
		call->token));
	json_out_text(&o, "deliveryToken", call->token);
	json_out_time(&o, "expiresAt", call->token_until_ms);
	put_both(&o, "intentId", "proposalId", call->intents[0].id);
	return put_end(&o, len);
}

const char *
zehrava_show_nonce(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "nonce", call->token);
	json_out_time(&o, "expiresAt", call->token_until_ms);
	return put_end(&o, len);
}

/* actions_blocked are those with the status "blocked", by whomever. */
const char *
zehrava_show_metrics(struct call *call, size_t *len)
{
	const struct api_stats *s = call->stats;
	const long long *state = s->by_state, *ex = s->by_execution;
	const struct {
		const char *name;
		long long n;
	} counts[] = {
	    {"actions_blocked",
		state[INTENT_BLOCKED] + state[INTENT_DENIED] +
		    state[INTENT_CANCELLED]},
	    {"actions_pending", state[INTENT_PENDING]},
	    {"actions_approved", state[INTENT_APPROVED]},
	    {"actions_expired", state[INTENT_EXPIRED]},
	    {"actions_resolved", state[INTENT_RESOLVED]},
	    {"actions_scheduled", ex[EXECUTION_LEASED]},
	    {"actions_succeeded", ex[EXECUTION_SUCCEEDED]},
	    {"actions_failed", ex[EXECUTION_FAILED] + ex[EXECUTION_LAPSED]},
	    {"duplicate_actions", s->duplicates},
	    {"actions_duplicate", s->duplicates},
	    {"policy_violations", state[INTENT_BLOCKED]},
	};
	long long attempted = 0;
	struct json_out o;

	put_begin(&o, call->arena);
	for (int i = 0; i < INTENT_STATES; i++) {
		attempted += state[i];
	}
	json_out_int(&o, "actions_attempted", attempted);
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		json_out_int(&o, counts[i].name, counts[i].n);
	}
	if (s->approval_ms_avg < 0) {
		json_out_null(&o, "avg_approval_latency_ms");
	} else {
		json_out_int(&o, "avg_approval_latency_ms",
		    llround(s->approval_ms_avg));
	}
	json_out_text(&o, "period", "all_time");
	return put_end(&o, len);
}

static void
put_names(struct json_out *o, const char *name, const char *const *names, int n)
{
	json_out_list(o, name);
	for (int i = 0; i < n; i++) {
		json_out_text(o, NULL, names[i]);
	}
	json_out_end(o);
}

const char *
zehrava_show_policies(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	put_names(&o, "policies", call->policies, call->policies_n);
	return put_end(&o, len);
}

const char *
zehrava_show_health(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "status", "ok");
	json_out_text(&o, "service", "assent");
	json_out_text(&o, "version", ASSENT_VERSION);
	json_out_object(&o, "proxy");
	json_out_bool(&o, "enabled", false);
	json_out_end(&o);
	return put_end(&o, len);
}

/*
 * /.well-known/gate. What does not change is text; an idempotency key counts
 * for ever, which is why its window is null.
 */
const char *
zehrava_show_about(struct call *call, size_t *len)
{
	static const char fixed[] =
	    "\"gate_supported\":[\"1.0\"],"
	    "\"auth\":{\"methods\":[\"api_key\"]},"
	    "\"approval_providers\":[\"dashboard\"],"
	    "\"approval_provider_capabilities\":{},\"evidence_factors\":[],"
	    "\"max_execution_ttl_sec\":900,"
	    "\"replay_protection\":{\"idempotency_window_sec\":null,"
	    "\"timestamp_tolerance_sec\":300,"
	    "\"nonce_endpoint\":\"/v1/nonce\",\"nonce_ttl_sec\":300,"
	    "\"single_use_approval_links\":true},"
	    "\"webhooks\":{\"supported\":true,\"retry_attempts\":8,"
	    "\"timeout_sec\":8},"
	    "\"approval_callback_endpoint\":null,"
	    "\"policy_features\":[\"destinations\",\"allowed_types\","
	    "\"environments\",\"rate_limits\",\"field_checks\","
	    "\"block_if_terms\",\"require_approval\","
	    "\"require_approval_over\",\"auto_approve_under\","
	    "\"require_approvals\",\"expiry_minutes\"]";
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "service", "assent");
	json_out_text(&o, "version", ASSENT_VERSION);
	json_out_members(&o, fixed, sizeof(fixed) - 1);
	put_names(&o, "approval_channels", call->channels, call->channels_n);
	put_names(&o, "policies_available", call->policies, call->policies_n);
	return put_end(&o, len);
}

/* Pages go forward by number, from the first record on. */
const char *
zehrava_show_audit(struct call *call, size_t *len)
{
	int n = call->events_n;
	struct json_out o;

	put_begin(&o, call->arena);
	zehrava_put_events(&o, "events", call->events, n);
	json_out_int(&o, "count", n);
	if (n > 0 && n >= call->limit) {
		json_out_int(&o, "next_after", call->events[n - 1].seq);
	} else {
		json_out_null(&o, "next_after");
	}
	return put_end(&o, len);
}

const char *
zehrava_show_deliveries(struct call *call, size_t *len)
{
	static const struct put members[] = {
	    PUT(struct delivery_row, id, PUT_TEXT, "id"),
	    PUT(struct delivery_row, intent_id, PUT_TEXT, "intentId",
		"intent_id"),
	    PUT(struct delivery_row, channel, PUT_TEXT, "channel"),
	    PUT(struct delivery_row, person, PUT_TEXT, "person"),
	    PUT(struct delivery_row, address, PUT_TEXT, "address"),
	    PUT(struct delivery_row, event, PUT_TEXT, "event"),
	    PUT(struct delivery_row, attempts, PUT_SMALL, "attempts"),
	    PUT(struct delivery_row, error, PUT_TEXT, "error"),
	    PUT(struct delivery_row, due_ms, PUT_TIME, "due_at"),
	    PUT(struct delivery_row, created_ms, PUT_TIME, "created_at"),
	    PUT(struct delivery_row, ended_ms, PUT_TIME, "ended_at"),
	};
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_list(&o, "deliveries");
	for (int i = 0; i < call->deliveries_n; i++) {
		const struct delivery_row *d = &call->deliveries[i];

		json_out_object(&o, NULL);
		put_all(&o, members, ARRAY_LEN(members), d);
		json_out_text(&o, "kind", delivery_kind_words[d->kind]);
		json_out_text(&o, "state", delivery_state_words[d->state]);
		json_out_end(&o);
	}
	return end_page(&o, call, call->deliveries_n, len);
}
