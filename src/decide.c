#include "decide.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "audit.h"
#include "delivery.h"
#include "fact.h"
#include "lib/log.h"
#include "lifecycle.h"
#include "routing.h"
#include "store_intent.h"

/* Who or what ends it. */
struct ending {
	enum intent_event event;
	const char *by;	  /* person id, "clock" */
	const char *name; /* to show */
	const char *via;
	const char *assurance;
	const char *reason;
	int chosen;
};

static enum rc
count(struct tx *tx, const struct intent *in, const struct ending *e,
    struct fault *f)
{
	enum rc rc = fact_moved(tx, INTENT_PENDING, in->state, f);

	if (rc != RC_OK || e->event == ON_DEADLINE || e->event == ON_CANCEL) {
		return rc;
	}
	return fact_decided(tx, in->state == INTENT_APPROVED,
	    in->settled_ms - in->created_ms, f);
}

static enum rc
tell(struct tx *tx, const struct intent *in, const struct ending *e,
    struct fault *f)
{
	enum rc rc = audit_add(tx, in->id, intent_state_name(in->state),
	    e->name,
	    json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s}", "by", e->by, "via",
		e->via, "assurance", e->assurance, "reason", e->reason,
		"option", e->chosen >= 0 ? in->options[e->chosen].label : NULL,
		"digest", in->digest),
	    f);

	if (rc == RC_OK) {
		rc = delivery_owe_settled(tx, in->id, e->by, e->via, f);
	}
	return rc == RC_OK
	    ? delivery_owe_webhooks(tx, in->id, intent_state_name(in->state), f)
	    : rc;
}

/* The only way out of `pending`. */
static enum rc
settle(struct tx *tx, struct intent *in, const struct ending *e,
    struct fault *f)
{
	enum rc rc;

	assert(in->state == INTENT_PENDING);
	if (!lifecycle_next(in->state, e->event, &in->state)) {
		return fault_set(f, RC_CONFLICT, "state", "not possible");
	}
	assert(in->state != INTENT_APPROVED ||
	    in->approvals >= in->plan.required);
	in->chosen = e->chosen;
	in->reason = e->reason;
	in->decided_by = e->by;
	in->decided_name = e->name;
	in->decided_via = e->via;
	in->settled_ms = tx->now_ms;
	rc = store_intent_settle(tx, in, f);
	if (rc == RC_OK) {
		rc = agent_add_pending(tx, in->agent_id, -1, f);
	}
	if (rc == RC_OK) {
		rc = count(tx, in, e, f);
	}
	if (rc == RC_OK) {
		rc = tell(tx, in, e, f);
	}
	if (rc != RC_OK) {
		return RC_STORE; /* all of it or nothing */
	}
	store_touch(tx, in->id);
	log_info("intent %s decided state=%s by=%s via=%s", in->id,
	    intent_state_name(in->state), e->by, e->via);
	return RC_OK;
}

static enum rc
expire(struct tx *tx, struct intent *in, struct fault *f)
{
	const struct ending e = {
	    .event = ON_DEADLINE,
	    .by = "clock",
	    .name = "clock",
	    .via = "clock",
	    .reason = "Nobody decided in time",
	    .chosen = -1,
	};

	return settle(tx, in, &e, f);
}

enum rc
intent_expire(struct tx *tx, const char *id, struct arena *a, struct fault *f)
{
	struct intent in;
	enum rc rc = store_intent_get(tx->db, id, a, &in, f);

	if (rc != RC_OK || in.state != INTENT_PENDING ||
	    tx->now_ms < in.expires_ms) {
		return rc;
	}
	return expire(tx, &in, f);
}

static enum rc
refuse_settled(const struct intent *in, struct fault *f)
{
	if (in->state == INTENT_EXPIRED) {
		(void)fault_set(f, RC_EXPIRED, "state", "it has expired");
		return fault_reason(f, "expired");
	}
	(void)fault_set(f, RC_CONFLICT, "state", "it was %s by %s",
	    intent_state_name(in->state),
	    in->decided_name != NULL ? in->decided_name : "somebody");
	return fault_reason(f, "already_answered");
}

/* Late answers end it as the clock would have. */
static enum rc
still_open(struct tx *tx, struct intent *in, struct fault *f)
{
	enum rc rc;

	if (in->state != INTENT_PENDING) {
		return refuse_settled(in, f);
	}
	if (tx->now_ms < in->expires_ms) {
		return RC_OK;
	}
	rc = expire(tx, in, f);
	return rc == RC_OK ? refuse_settled(in, f) : rc;
}

static enum rc
choose(struct decision *d, const struct intent *in, struct fault *f)
{
	if (d->option < 0) {
		for (int i = 0; i < in->options_n && d->option < 0; i++) {
			if (in->options[i].outcome == d->outcome) {
				d->option = i;
			}
		}
	}
	if (d->option < 0 || d->option >= in->options_n) {
		return fault_set(f, RC_INVALID, "option",
		    "there is no such option");
	}
	d->outcome = in->options[d->option].outcome;
	if ((in->plan.approve_reason ||
		(d->outcome == OUTCOME_DENY && in->plan.reason_required)) &&
	    (d->reason == NULL || d->reason[0] == '\0')) {
		(void)fault_set(f, RC_INVALID, "reason",
		    in->plan.approve_reason ? "an answer needs a reason here"
					    : "a denial needs a reason here");
		return fault_reason(f, "reason_required");
	}
	return RC_OK;
}

static enum rc
admit(struct tx *tx, struct deciding *w, struct intent *in, struct fault *f)
{
	struct decision *d = &w->decision;
	enum rc rc = still_open(tx, in, f);

	if (rc == RC_OK) {
		rc = choose(d, in, f);
	}
	if (rc == RC_OK && d->digest != NULL &&
	    strcmp(d->digest, in->digest) != 0) {
		(void)fault_set(f, RC_CONFLICT, "digest",
		    "this is not what was shown");
		rc = fault_reason(f, "digest_mismatch");
	}
	if (rc == RC_OK) {
		rc = routing_may_decide(&in->plan, d, d->outcome, f);
	}
	if (rc == RC_OK && w->check != NULL) {
		rc = w->check(tx, w, in, f);
	}
	return rc;
}

static const char cancel[] = "cancel";

/* Whether this one has been refused so often that no more is written down: the
 * trail is kept for ever, and buttons can be pressed without end. */
static enum rc
is_flood(struct tx *tx, const char *intent_id, const char *person, bool *out,
    struct fault *f)
{
	const char *by = arena_printf(tx->scratch, "\"by\":\"%s\"", person);
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM audit WHERE intent_id = ?1 AND "
	    "instr(event, '\"type\":\"decision_refused\"') > 0 AND "
	    "instr(event, ?2) > 0",
	    "tt", intent_id, by);

	*out = n >= DECIDE_REFUSALS_MAX;
	if (n == DECIDE_REFUSALS_MAX - 1) {
		log_warn("intent %s: %s was refused %d times, from now on "
			 "unaudited",
		    intent_id, person, DECIDE_REFUSALS_MAX);
	}
	return rc;
}

static enum rc
audit_refusal(struct tx *tx, const struct deciding *w, const char *intent_id,
    enum rc why, const char *what)
{
	const struct decision *d = &w->decision;
	struct fault f = {0};
	bool flood;
	enum rc rc = is_flood(tx, intent_id, d->person, &flood, &f);

	if (rc != RC_OK || flood) {
		return rc;
	}
	return audit_add(tx, intent_id, "decision_refused", d->name,
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "by", d->person, "via",
		d->via, "outcome", what, "reason",
		w->fault.reason[0] != '\0' ? w->fault.reason : rc_name(why),
		"text", w->fault.text),
	    &f);
}

/*
 * Approving takes people who chose the same option: of two that both approve,
 * neither is what one person each has said. Counts the option that leads.
 */
static enum rc
count_approvals(struct tx *tx, const struct decision *d, struct intent *in,
    long long *same, struct fault *f)
{
	enum rc rc = db_int(tx->db, f, same,
	    "SELECT count(*) FROM vote WHERE intent_id = ?1 AND option = ?2",
	    "ti", in->id, (long long)d->option);

	if (rc == RC_OK && *same > in->approvals) {
		in->approvals = (int)*same;
	}
	return rc;
}

/* Counts the vote and settles when it was the last one needed. */
static enum rc
count_vote(struct tx *tx, struct deciding *w, struct intent *in,
    struct fault *f)
{
	const struct decision *d = &w->decision;
	struct ending e = {.event = lifecycle_event_of(d->outcome),
	    .by = d->person,
	    .name = d->name,
	    .via = d->via,
	    .assurance = d->assurance,
	    .reason = d->reason,
	    .chosen = d->option};
	long long same = 0;
	enum rc rc = d->outcome == OUTCOME_APPROVE
	    ? count_approvals(tx, d, in, &same, f)
	    : RC_OK;

	if (rc != RC_OK) {
		return RC_STORE;
	}
	in->denials += d->outcome == OUTCOME_DENY;
	w->settled = d->outcome == OUTCOME_OTHER ||
	    (d->outcome == OUTCOME_APPROVE && same >= in->plan.required) ||
	    (d->outcome == OUTCOME_DENY &&
		in->denials >= in->plan.deny_threshold);
	rc = audit_add(tx, in->id, "vote", d->name,
	    json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "by", d->person, "via",
		d->via, "assurance", d->assurance, "option",
		in->options[d->option].label, "reason", d->reason, "digest",
		in->digest),
	    f);
	if (rc != RC_OK) {
		return rc;
	}
	if (w->settled) {
		return settle(tx, in, &e, f);
	}
	store_touch(tx, in->id);
	rc = store_intent_tally(tx, in, f);
	return rc == RC_OK ? delivery_owe_repaints(tx, in->id, f) : rc;
}

/* As vote() would find it. */
static enum rc
would_vote(struct tx *tx, const struct deciding *w, const struct intent *in,
    struct fault *f)
{
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM vote WHERE intent_id = ?1 AND person = ?2",
	    "tt", in->id, w->decision.person);

	if (rc == RC_OK && n > 0) {
		(void)fault_set(f, RC_DUPLICATE, "person",
		    "this person has answered already");
		return fault_reason(f, "already_voted");
	}
	return rc;
}

static enum rc
vote(struct tx *tx, struct deciding *w, struct intent *in, struct fault *f)
{
	const struct decision *d = &w->decision;
	const struct vote v = {.person = d->person,
	    .name = d->name,
	    .via = d->via,
	    .option = d->option,
	    .reason = d->reason,
	    .at_ms = tx->now_ms};
	enum rc rc = store_vote_insert(tx, in->id, &v, d->assurance, f);

	if (rc == RC_DUPLICATE) {
		return fault_reason(f, "already_voted");
	}
	return rc == RC_OK ? count_vote(tx, w, in, f) : rc;
}

enum rc
intent_decide(struct tx *tx, void *arg)
{
	struct deciding *w = arg;
	const struct decision asked = w->decision;
	struct fault *f = &w->fault;
	struct intent in;
	enum rc rc;

	*f = (struct fault){0};
	w->settled = false;
	w->intent = (struct intent){0};
	rc = store_intent_get(tx->db, asked.intent_id, w->arena, &in, f);
	if (rc != RC_OK) {
		return rc == RC_NOT_FOUND
		    ? fault_set(f, rc, "id", "Intent not found")
		    : rc;
	}
	rc = admit(tx, w, &in, f);
	if (rc == RC_OK) {
		rc = w->dry_run ? would_vote(tx, w, &in, f)
				: vote(tx, w, &in, f);
	}
	if (rc != RC_OK && rc != RC_STORE &&
	    audit_refusal(tx, w, in.id, rc,
		outcome_name(w->decision.outcome)) != RC_OK) {
		rc = RC_STORE;
	}
	if (rc != RC_STORE &&
	    store_vote_list(tx->db, in.id, w->arena, &w->votes, &w->votes_n,
		f) != RC_OK) {
		rc = RC_STORE;
	}
	w->decision.option = asked.option; /* a rerun asks the same */
	w->decision.outcome = asked.outcome;
	w->intent = in;
	return rc;
}

enum rc
intent_decide_refused(struct tx *tx, void *arg)
{
	struct deciding *w = arg;
	const char *id = w->decision.intent_id;
	struct intent in;
	struct fault f = {0};
	enum rc rc = store_intent_get(tx->db, id, w->arena, &in, &f);

	if (rc == RC_NOT_FOUND) {
		return RC_OK; /* nothing to speak of */
	}
	return rc != RC_OK
	    ? rc
	    : audit_refusal(tx, w, id, w->fault.rc,
		  w->cancels ? cancel : outcome_name(w->decision.outcome));
}

enum rc
intent_cancel(struct tx *tx, void *arg)
{
	struct deciding *w = arg;
	const struct decision *d = &w->decision;
	const struct ending e = {.event = ON_CANCEL,
	    .by = d->person,
	    .name = d->name,
	    .via = d->via,
	    .assurance = d->assurance,
	    .reason = d->reason,
	    .chosen = -1};
	struct fault *f = &w->fault;
	struct intent in;
	enum rc rc;

	*f = (struct fault){0};
	w->intent = (struct intent){0};
	rc = store_intent_get(tx->db, d->intent_id, w->arena, &in, f);
	if (rc != RC_OK) {
		return rc == RC_NOT_FOUND
		    ? fault_set(f, rc, "id", "Intent not found")
		    : rc;
	}
	rc = still_open(tx, &in, f);
	if (rc == RC_OK) {
		rc = settle(tx, &in, &e, f);
	}
	if (rc != RC_OK && rc != RC_STORE &&
	    audit_refusal(tx, w, in.id, rc, cancel) != RC_OK) {
		rc = RC_STORE;
	}
	w->settled = rc == RC_OK;
	w->intent = in;
	return rc;
}
