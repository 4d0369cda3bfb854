#include "policy.h"

#include <assert.h>

#include "payload.h"
#include "policy_impl.h"
#include "profile.h"
#include "risk.h"

static const char *const step_names[STEPS] = {
    [STEP_DESTINATION] = "destination",
    [STEP_TYPE] = "type",
    [STEP_ENVIRONMENT] = "environment",
    [STEP_RATE] = "rate",
    [STEP_FIELDS] = "fields",
    [STEP_TERMS] = "terms",
    [STEP_ALWAYS] = "always",
    [STEP_COUNT] = "count",
    [STEP_SCOPE] = "scope",
    [STEP_DEFAULT] = "default",
};

/* Reads the payload once, for the terms and for the score. */
static void
read_payload(struct policy_run *r)
{
	const struct draft *d = r->draft;
	const char *data;
	size_t len;

	r->text = match_text_new(r->arena);
	match_text_add(r->text, d->payload, d->payload_len);
	r->content = d->payload;
	r->content_len = d->payload_len;
	if (!payload_is_data(d->payload, d->payload_len)) {
		return;
	}
	data = payload_data(r->arena, d->payload, d->payload_len, &len);
	if (data == NULL) {
		r->unreadable = true;
		return;
	}
	r->content = data;
	r->content_len = len;
	match_text_add(r->text, data, len);
}

/* What holds whatever the verdict is. */
static void
set_terms_of_approval(const struct policy *p, struct verdict *v)
{
	v->required = (int)p->required;
	v->deny_threshold = (int)p->deny_threshold;
	v->self_approval = p->self_approval;
	v->reason_required = p->reason_required;
	v->approve_reason = p->approve_reason;
	v->expiry_s = p->expiry_s;
	v->approvers = p->approvers;
	v->channels = p->channels;
}

const char *
policy_step_name(enum policy_step step)
{
	assert((unsigned)step < STEPS);
	return step_names[step];
}

const char *
policy_id(const struct policy *p)
{
	return p->id;
}

const char *
policy_version(const struct policy *p)
{
	return p->version;
}

enum rc
policy_evaluate(const struct policy *p, const struct draft *d,
    const struct policy_agent *agent, struct arena *a, struct verdict *out,
    struct fault *f)
{
	struct policy_run r = {.policy = p,
	    .rules = &p->rules,
	    .draft = d,
	    .agent = agent,
	    .arena = a,
	    .v = out};
	enum rc rc = profile_check(p->require_profile, d, f);
	int step = 0;

	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct verdict){0};
	set_terms_of_approval(p, out);
	read_payload(&r);
	risk_score_text(d, r.text, a, &out->risk);
	while (!policy_steps[step](&r)) {
		step++; /* the last one always decides */
	}
	while (++step < STEPS) {
		policy_note_add(out, (enum policy_step)step, false,
		    "not reached");
	}
	return RC_OK;
}

void
policy_rate_verdict(struct arena *a, struct verdict *v, long long count,
    bool per_day, const char *agent_id)
{
	v->state = INTENT_BLOCKED;
	v->step = STEP_RATE;
	v->code = "rate_limit_exceeded";
	v->reason = arena_printf(a, "Rate limit exceeded: %lld/%s for agent %s",
	    per_day ? v->rate_per_day : v->rate_per_hour,
	    per_day ? "day" : "hour", agent_id);
	for (int i = 0; i < v->notes_n; i++) {
		struct policy_note *n = &v->notes[i];

		if (n->step == STEP_RATE) {
			n->text =
			    arena_printf(a, "%s (%lld made)", v->reason, count);
		} else if (n->step > STEP_RATE) {
			n->text = "not reached";
		}
		n->decided = n->step == STEP_RATE;
	}
}
