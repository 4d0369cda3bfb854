/*
 * What people are told who approve, reject, choose or cancel; and what agents
 * are told who execute and report.
 */
#include "zehrava.h"
#include "zehrava_put.h"

/* Who voted for an option with that outcome. */
static void
put_voters(struct json_out *o, const struct call *call, const char *name,
    enum outcome outcome)
{
	const struct intent *in = &call->intents[0];

	json_out_list(o, name);
	for (int i = 0; i < call->votes_n; i++) {
		const struct vote *v = &call->votes[i];
		const struct option *opt = zehrava_option(in, v->option);

		if (opt != NULL && opt->outcome == outcome) {
			json_out_text(o, NULL, v->name);
		}
	}
	json_out_end(o);
}

/* One vote of several: it was counted, and others are awaited. */
static void
put_counted(struct json_out *o, const struct call *call)
{
	const struct intent *in = &call->intents[0];

	json_out_int(o, "votes", in->approvals);
	json_out_int(o, "requiredApprovals", in->plan.required);
	put_voters(o, call, "votedBy", OUTCOME_APPROVE);
	json_out_int(o, "denials", in->denials);
	json_out_int(o, "requiredDenials", in->plan.deny_threshold);
	put_voters(o, call, "deniedBy", OUTCOME_DENY);
}

static void
put_settled(struct json_out *o, const struct intent *in)
{
	const struct option *chosen = zehrava_chosen(in);

	json_out_time(o, "decidedAt", in->settled_ms);
	json_out_text(o, "decision", zehrava_answer(in));
	json_out_text(o, "reason", in->reason);
	json_out_text(o, "option", chosen != NULL ? chosen->label : NULL);
	json_out_text(o, "outcome",
	    chosen != NULL ? outcome_name(chosen->outcome) : NULL);
	json_out_null(o, "approvalEvidence");
}

/* Repeated by a client that lost the answer, it says the same again. */
const char *
zehrava_show_decided(struct call *call, size_t *len)
{
	const struct intent *in = &call->intents[0];
	bool pending = in->state == INTENT_PENDING;
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "status", zehrava_decision(in->state));
	json_out_text(&o, "approvalState",
	    pending ? "waiting_input" : "answered");
	put_both(&o, "intentId", "proposalId", in->id);
	json_out_text(&o, "digest", in->digest);
	if (pending) {
		put_counted(&o, call);
	} else {
		put_settled(&o, in);
	}
	if (in->state == INTENT_APPROVED) {
		json_out_time(&o, "approvedAt", in->settled_ms);
		json_out_text(&o, "deliveryToken", call->token);
		json_out_bool(&o, "autoDeliver", false);
		json_out_bool(&o, "gate_exec", false);
	}
	return put_end(&o, len);
}

const char *
zehrava_show_cancelled(struct call *call, size_t *len)
{
	const struct intent *in = &call->intents[0];
	struct json_out o;

	put_begin(&o, call->arena);
	json_out_text(&o, "status", zehrava_decision(in->state));
	json_out_text(&o, "approvalState", "cancelled");
	json_out_text(&o, "reason", zehrava_block_reason(call->arena, in));
	put_both(&o, "intentId", "proposalId", in->id);
	json_out_time(&o, "decidedAt", in->settled_ms);
	return put_end(&o, len);
}

const char *
zehrava_show_execution(struct call *call, size_t *len)
{
	static const struct put members[] = {
	    PUT(struct execution, id, PUT_CHARS, "executionId", "execution_id"),
	    PUT(struct execution, intent_id, PUT_TEXT, "intent_id", "intentId"),
	    PUT(struct execution, mode, PUT_TEXT, "mode"),
	    PUT(struct execution, destination, PUT_TEXT, "destination",
		"action"),
	    PUT_ALWAYS(PUT_NULL, "payload_ref"),
	    PUT(struct execution, payload_sha256, PUT_TEXT, "payload_hash",
		"payload_sha256"),
	    PUT(struct execution, leased_ms, PUT_TIME, "issued_at",
		"created_at"),
	    PUT(struct execution, lease_until_ms, PUT_TIME, "expires_at"),
	    PUT(struct execution, result, PUT_JSON, "result", "worker_report"),
	    PUT_ALWAYS(PUT_NULL, "approval_evidence"),
	};
	const struct execution *ex = call->execution;
	bool reported = ex->state == EXECUTION_SUCCEEDED ||
	    ex->state == EXECUTION_FAILED;
	struct json_out o;

	put_begin(&o, call->arena);
	put_all(&o, members, ARRAY_LEN(members), ex);
	json_out_text(&o, "status", zehrava_execution_status(ex->state));
	json_out_time(&o, "executed_at", reported ? ex->reported_ms : 0);
	json_out_time(&o, "completed_at", ex->reported_ms);
	json_out_object(&o, "retry_policy");
	json_out_int(&o, "max_attempts", 3);
	json_out_int(&o, "backoff_seconds", 30);
	json_out_end(&o);
	if (ex->token != NULL) {
		json_out_text(&o, "execution_token", ex->token);
	}
	return put_end(&o, len);
}
