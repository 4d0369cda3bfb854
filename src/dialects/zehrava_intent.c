/*
 * Intents as they are shown: rows, the whole of one, and what a submit says.
 */
#include <string.h>

#include "lib/json.h"
#include "profile.h"
#include "zehrava.h"
#include "zehrava_put.h"

/*
 * The columns of the product's table, with our own behind them. sensitivity_
 * tags is JSON in a string there; `tags` is the list. The approver of the
 * product's links has no counterpart.
 */
static const struct put columns[] = {
    PUT(struct intent, id, PUT_CHARS, "id", "intentId"),
    PUT(struct intent, agent_id, PUT_TEXT, "sender_agent_id"),
    PUT(struct intent, agent_name, PUT_TEXT, "agent_name"),
    PUT_ALWAYS(PUT_NULL, "payload_path"),
    PUT(struct intent, payload_sha256, PUT_TEXT, "payload_hash",
	"payload_sha256"),
    PUT(struct intent, payload_type, PUT_TEXT, "payload_type"),
    PUT(struct intent, destination, PUT_TEXT, "destination", "action"),
    PUT(struct intent, policy_id, PUT_TEXT, "policy_id"),
    PUT(struct intent, created_ms, PUT_TIME, "created_at"),
    PUT(struct intent, expires_ms, PUT_TIME, "expires_at"),
    PUT(struct intent, on_behalf_of, PUT_TEXT, "on_behalf_of"),
    PUT(struct intent, idempotency_key, PUT_TEXT, "idempotency_key"),
    PUT(struct intent, risk.score, PUT_REAL, "risk_score"),
    PUT(struct intent, risk.level, PUT_TEXT, "risk_level"),
    PUT_IF(struct intent, record_count, has_record_count, PUT_INT,
	"estimated_records"),
    PUT_IF(struct intent, value_usd, has_value_usd, PUT_REAL,
	"estimated_value_usd"),
    PUT_ALWAYS(PUT_NULL, "approval_link_expires_at"),
    PUT_ALWAYS(PUT_NULL, "approval_link_used_at"),
    PUT(struct intent, profile, PUT_TEXT, "profile_id"),
    PUT_ALWAYS(PUT_NULL, "profile_fields_hash"),
    PUT(struct intent, plan.required, PUT_SMALL, "required_approvals"),
    PUT_ALWAYS(PUT_NULL, "standing_approval_id"),
    PUT_ALWAYS(PUT_FALSE, "has_approval_link"),
    /* Ours. */
    PUT(struct intent, verdict_code, PUT_TEXT, "reason_code"),
    PUT(struct intent, risk.factors, PUT_STRINGS, "risk_factors"),
    PUT(struct intent, tags, PUT_STRINGS, "tags"),
    PUT(struct intent, digest, PUT_TEXT, "digest"),
    PUT(struct intent, policy_version, PUT_TEXT, "policy_version"),
    PUT(struct intent, payload_bytes, PUT_INT, "payload_bytes"),
    PUT(struct intent, metadata, PUT_JSON, "metadata"),
    PUT(struct intent, title, PUT_TEXT, "title"),
    PUT(struct intent, description, PUT_TEXT, "description"),
    PUT(struct intent, plan.approvers, PUT_STRINGS, "approvers"),
    PUT(struct intent, plan.channels, PUT_STRINGS, "channels"),
    PUT(struct intent, callback_url, PUT_TEXT, "callback_url"),
    PUT(struct intent, approvals, PUT_SMALL, "approvals"),
    PUT(struct intent, denials, PUT_SMALL, "denials"),
    PUT(struct intent, decided_by, PUT_TEXT, "decided_by"),
    PUT(struct intent, decided_via, PUT_TEXT, "decided_via"),
    PUT(struct intent, settled_ms, PUT_TIME, "decided_at"),
    PUT(struct intent, reason, PUT_TEXT, "reason"),
};

static void
put_options(struct json_out *o, const struct intent *in)
{
	json_out_list(o, "options");
	for (int i = 0; i < in->options_n; i++) {
		json_out_object(o, NULL);
		json_out_text(o, "label", in->options[i].label);
		json_out_text(o, "outcome",
		    outcome_name(in->options[i].outcome));
		json_out_end(o);
	}
	json_out_end(o);
}

/* JSON within a string, as the product's table has it. */
static const char *
strings_text(struct arena *a, const struct field_strings *list)
{
	struct json_out o;

	json_out_init(&o, a);
	put_strings(&o, NULL, list);
	return json_out_finish(&o, NULL);
}

/* Messages and verdicts have ids of their own there; here the intent's. */
static const char *
id_as(struct arena *a, const char *prefix, const struct intent *in)
{
	const char *digits = strchr(in->id, '_');

	return arena_printf(a, "%s%s", prefix, digits != NULL ? digits : "");
}

static void
put_row(struct json_out *o, const struct intent *in)
{
	struct arena *a = o->arena;
	const struct option *chosen = zehrava_chosen(in);

	put_all(o, columns, ARRAY_LEN(columns), in);
	json_out_text(o, "status", zehrava_status(in));
	json_out_text(o, "decision", zehrava_decision(in->state));
	json_out_text(o, "block_reason", zehrava_block_reason(a, in));
	json_out_text(o, "approval_state", zehrava_approval_state(in));
	json_out_time(o, "approved_at",
	    in->state == INTENT_APPROVED ? in->settled_ms : 0);
	json_out_text(o, "message_id", id_as(a, "msg", in));
	json_out_text(o, "sensitivity_tags", strings_text(a, &in->tags));
	put_options(o, in);
	json_out_text(o, "option", chosen != NULL ? chosen->label : NULL);
	json_out_text(o, "urgency", urgency_name(in->urgency));
	json_out_text(o, "decided_name", zehrava_decider(in));
}

static const char *
show_list(struct call *call, const char *name, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_list(&o, name);
	for (int i = 0; i < call->intents_n; i++) {
		json_out_object(&o, NULL);
		put_row(&o, &call->intents[i]);
		json_out_end(&o);
	}
	json_out_end(&o);
	json_out_int(&o, "count", call->intents_n);
	put_both(&o, "cursor", "next_cursor", call->cursor);
	return put_end(&o, len);
}

const char *
zehrava_show_intents(struct call *call, size_t *len)
{
	return show_list(call, "intents", len);
}

const char *
zehrava_show_proposals(struct call *call, size_t *len)
{
	return show_list(call, "proposals", len);
}

static void
put_votes(struct json_out *o, const struct call *call)
{
	const struct intent *in = &call->intents[0];

	json_out_list(o, "votes");
	for (int i = 0; i < call->votes_n; i++) {
		const struct vote *v = &call->votes[i];
		const struct option *opt = zehrava_option(in, v->option);

		json_out_object(o, NULL);
		json_out_text(o, "person", v->person);
		json_out_text(o, "name", v->name);
		json_out_text(o, "via", v->via);
		json_out_text(o, "option", opt != NULL ? opt->label : NULL);
		json_out_text(o, "outcome",
		    opt != NULL ? outcome_name(opt->outcome) : NULL);
		json_out_text(o, "reason", v->reason);
		json_out_time(o, "created_at", v->at_ms);
		json_out_end(o);
	}
	json_out_end(o);
}

static void
put_execution(struct json_out *o, const struct intent *in)
{
	if (in->execution == EXECUTION_NONE) {
		json_out_null(o, "execution");
		return;
	}
	json_out_object(o, "execution");
	put_both(o, "executionId", "execution_id", in->execution_id);
	json_out_text(o, "status", zehrava_execution_status(in->execution));
	json_out_end(o);
}

const char *
zehrava_show_intent(struct call *call, size_t *len)
{
	static const struct put none[] = {
	    PUT_ALWAYS(PUT_NULL, "manifest", "approval_evidence"),
	    PUT_ALWAYS(PUT_EMPTY, "approval_interactions"),
	};
	const struct intent *in = &call->intents[0];
	bool blocked = strcmp(zehrava_decision(in->state), "blocked") == 0;
	struct json_out o;

	put_begin(&o, call->arena);
	put_row(&o, in);
	json_out_text(&o, "blockReason",
	    blocked ? zehrava_block_reason(call->arena, in) : NULL);
	put_all(&o, none, ARRAY_LEN(none), in);
	put_votes(&o, call);
	put_execution(&o, in);
	zehrava_put_events(&o, "auditTrail", call->events, call->events_n);
	if (call->query(call, "payload") != NULL) {
		json_out_text(&o, "payload", call->payload);
	}
	return put_end(&o, len);
}

static const char *
summary(struct arena *a, const struct intent *in)
{
	CLEANUP(json_drop) json_t *metadata = NULL;

	if (in->profile == NULL || in->metadata == NULL) {
		return NULL;
	}
	metadata = json_loads(in->metadata, 0, NULL);
	return profile_summary(a, in->profile, metadata);
}

/* What was said first, also when it is said again. */
const char *
zehrava_show_submitted(struct call *call, size_t *len)
{
	static const struct put members[] = {
	    PUT(struct intent, id, PUT_CHARS, "intentId", "proposalId", "id"),
	    PUT_ALWAYS(PUT_NULL, "approvalLinkToken", "approvalInteractionId"),
	    PUT_ALWAYS(PUT_EMPTY, "requiredApprovalFactors"),
	    PUT_ALWAYS(PUT_NULL, "assuranceLevel", "standingApprovalId"),
	    PUT(struct intent, profile, PUT_TEXT, "profile"),
	    PUT(struct intent, plan.required, PUT_SMALL, "requiredApprovals"),
	    PUT(struct intent, created_ms, PUT_TIME, "createdAt"),
	    PUT(struct intent, expires_ms, PUT_TIME, "expiresAt"),
	    PUT(struct intent, risk.score, PUT_REAL, "riskScore", "risk_score"),
	    PUT(struct intent, risk.level, PUT_TEXT, "riskLevel", "risk_level"),
	    PUT(struct intent, risk.factors, PUT_STRINGS, "riskFactors",
		"risk_factors"),
	    PUT(struct intent, verdict_code, PUT_TEXT, "reason_code"),
	    PUT(struct intent, verdict_reason, PUT_TEXT, "reason"),
	    PUT(struct intent, payload_sha256, PUT_TEXT, "payload_sha256"),
	    PUT(struct intent, digest, PUT_TEXT, "digest"),
	    PUT(struct intent, title, PUT_TEXT, "title"),
	    PUT(struct intent, metadata, PUT_JSON, "metadata"),
	};
	const struct intent *in = &call->intents[0];
	bool pending = in->verdict == INTENT_PENDING;
	struct json_out o;

	put_begin(&o, call->arena);
	put_all(&o, members, ARRAY_LEN(members), in);
	put_both(&o, "status", "decision", zehrava_decision(in->verdict));
	json_out_text(&o, "messageId", id_as(call->arena, "msg", in));
	json_out_text(&o, "approvalState", pending ? "waiting_input" : NULL);
	json_out_text(&o, "approvalProvider", pending ? "dashboard" : NULL);
	json_out_text(&o, "profileSummary", summary(call->arena, in));
	json_out_text(&o, "blockReason",
	    in->verdict == INTENT_BLOCKED ? in->verdict_reason : NULL);
	put_options(&o, in);
	return put_end(&o, len);
}

static const char *
snapshot(struct arena *a, const struct intent *in)
{
	struct json_out o;

	put_begin(&o, a);
	json_out_text(&o, "policy", in->policy_id);
	json_out_text(&o, "destination", in->destination);
	return put_end(&o, NULL);
}

const char *
zehrava_show_verdict(struct call *call, size_t *len)
{
	static const struct put members[] = {
	    PUT(struct intent, id, PUT_CHARS, "intent_id", "intentId"),
	    PUT(struct intent, verdict_code, PUT_TEXT, "reason_code"),
	    PUT(struct intent, verdict_reason, PUT_TEXT, "reason_detail"),
	    PUT(struct intent, risk.score, PUT_REAL, "risk_score"),
	    PUT(struct intent, risk.level, PUT_TEXT, "risk_level"),
	    PUT(struct intent, risk.factors, PUT_STRINGS, "risk_factors"),
	    PUT(struct intent, policy_version, PUT_TEXT, "policy_version"),
	    PUT(struct intent, created_ms, PUT_TIME, "evaluated_at"),
	    PUT_ALWAYS(PUT_NULL, "approval_evidence"),
	};
	const struct intent *in = &call->intents[0];
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "id", id_as(call->arena, "dec", in));
	put_all(&o, members, ARRAY_LEN(members), in);
	put_both(&o, "status", "decision", zehrava_decision(in->verdict));
	json_out_text(&o, "policy_snapshot", snapshot(call->arena, in));
	json_out_int(&o, "required_approvals",
	    in->verdict == INTENT_PENDING ? in->plan.required : 0);
	return put_end(&o, len);
}

const char *
zehrava_show_trail(struct call *call, size_t *len)
{
	struct json_out o;

	put_begin(&o, call->arena);
	put_both(&o, "proposalId", "intentId", call->intents[0].id);
	zehrava_put_events(&o, "events", call->events, call->events_n);
	json_out_int(&o, "count", call->events_n);
	json_out_null(&o, "approval_evidence");
	return put_end(&o, len);
}
