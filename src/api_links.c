/*
 * The calls behind a link: whoever holds it is somebody who was asked, or may
 * look. A reviewer's key says more than the link and counts in its place; an
 * agent's key decides nothing here either.
 */
#include "api_impl.h"

#include <string.h>

#include "decide.h"
#include "invitation.h"

struct link_answer {
	struct deciding deciding;
	struct invitation inv;
	const struct vault *vault;
	const char *code; /* as typed, or NULL */
	int wrong;
};

static enum rc
open_link(struct api_request *r, struct invitation *inv)
{
	const struct api_options *o = &r->api->options;
	const struct invitation_env env = {o->reader, o->vault, o->rules};

	invitation_open(&env, r->call.id, r->call.arena, inv);
	if (inv->how == OPEN_FAILED) {
		return fault_set(&r->fault, RC_STORE, "",
		    "the link cannot be looked up");
	}
	if (inv->how == OPEN_WRONG || inv->how == OPEN_STRANGER ||
	    inv->how == OPEN_LOCKED) {
		return fault_set(&r->fault, RC_NOT_FOUND, "token",
		    "Unknown link");
	}
	r->call.intents = &inv->intent;
	r->call.intents_n = 1;
	return RC_OK;
}

enum rc
api_link_show(struct api_request *r)
{
	struct invitation *inv = arena_alloc(r->call.arena, sizeof(*inv));
	enum rc rc = open_link(r, inv);

	/* What is settled is nobody's to look into any more. */
	return rc == RC_OK && inv->intent.state == INTENT_PENDING
	    ? api_read_payload(r)
	    : rc;
}

/* Over a link that does not count, or an agent's key: recorded, then told. */
static enum rc
refuse(struct api_request *r, struct link_answer *a, enum rc rc,
    const char *reason, const char *text)
{
	(void)fault_set(&r->fault, rc, "token", "%s", text);
	(void)fault_reason(&r->fault, reason);
	a->deciding.fault = r->fault;
	r->job = intent_decide_refused;
	r->job_arg = &a->deciding;
	r->tell_refusal = true;
	return RC_OK;
}

static enum rc
check_link(struct tx *tx, struct deciding *w, const struct intent *in,
    struct fault *f)
{
	struct link_answer *a = w->check_arg;

	(void)in;
	return invitation_check(tx, a->vault, w, a->code, &a->wrong, f);
}

static void
choose(struct link_answer *a, const char *label)
{
	struct decision *d = &a->deciding.decision;
	const struct intent *in = &a->inv.intent;

	d->option = INTENT_OPTIONS_MAX; /* the job refuses and records it */
	for (int i = 0; i < in->options_n; i++) {
		if (strcmp(in->options[i].label, label) == 0) {
			d->option = i;
			d->outcome = in->options[i].outcome;
		}
	}
	if (a->deciding.check != NULL && a->inv.row.code_hash != NULL &&
	    d->outcome != OUTCOME_DENY) {
		d->assurance = "link+code";
	}
}

static void
decided(struct api_request *r)
{
	const struct link_answer *a = r->job_arg;

	r->fault = a->deciding.fault;
	r->call.settled = a->deciding.settled;
}

/* Who it is that answers; by a key, or by the link itself. */
static enum rc
who_decides(struct api_request *r, struct link_answer *a, bool *may)
{
	const struct caller *c = &r->call.caller;
	struct decision *d = &a->deciding.decision;

	*may = false;
	if (c->access == ACCESS_AGENT) {
		*d = (struct decision){.intent_id = a->inv.intent.id,
		    .person = c->agent->id,
		    .name = c->name,
		    .via = "api",
		    .outcome = OUTCOME_OTHER};
		return refuse(r, a, RC_FORBIDDEN, "wrong_class",
		    "an agent does not decide");
	}
	invitation_decision(&a->inv, d);
	if ((c->access & ACCESS_PEOPLE) != 0) {
		*d = (struct decision){.intent_id = a->inv.intent.id,
		    .person = c->person,
		    .name = c->name,
		    .known = c->known,
		    .via = "api",
		    .assurance = "key"};
	} else if (a->inv.how == OPEN_VIEW &&
	    a->inv.intent.state == INTENT_PENDING) {
		return refuse(r, a, RC_FORBIDDEN, "link_only_shows",
		    "this link shows the request; it does not decide");
	} else if (a->inv.how == OPEN_VOTED || a->inv.how == OPEN_USED) {
		return refuse(r, a, RC_CONFLICT, "already_voted",
		    "this link has answered already");
	} else {
		a->deciding.check = check_link;
		a->deciding.check_arg = a;
	}
	*may = true;
	return RC_OK;
}

enum rc
api_link_decide(struct api_request *r)
{
	const struct decide_in *in = r->call.in;
	struct link_answer *a = arena_alloc(r->call.arena, sizeof(*a));
	bool may;
	enum rc rc = open_link(r, &a->inv);

	if (rc != RC_OK) {
		return rc;
	}
	a->vault = r->api->options.vault;
	a->code = in->code;
	a->deciding.arena = r->call.arena;
	rc = who_decides(r, a, &may);
	if (rc != RC_OK || !may) {
		return rc;
	}
	a->deciding.decision.reason = in->reason;
	choose(a, in->label);
	r->job = intent_decide;
	r->job_arg = &a->deciding;
	r->after = decided;
	return RC_OK;
}
