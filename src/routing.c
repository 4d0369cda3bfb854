#include "routing.h"

#include <string.h>

static bool
is_in(const struct field_strings *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], s) == 0) {
			return true;
		}
	}
	return false;
}

static void
copy(struct arena *a, const struct field_strings *from,
    struct field_strings *out)
{
	out->items = arena_array(a, from->n, sizeof(*out->items));
	out->n = from->n;
	for (size_t i = 0; i < from->n; i++) {
		out->items[i] = arena_strdup(a, from->items[i]);
	}
}

/* The people behind names, as ids. */
static enum rc
expand(const struct people *people, const struct field_strings *names,
    struct arena *a, struct field_strings *out, struct fault *f)
{
	struct field_strings ids;
	struct fault why = {0};

	if (people_expand(people, names, a, &ids, &why) != RC_OK) {
		return fault_set(f, RC_INVALID, "approvers", "%s", why.text);
	}
	copy(a, &ids, out);
	return RC_OK;
}

/* What an intent picks from the list of its policy. */
static enum rc
pick(const struct field_strings *allowed, const struct field_strings *picked,
    const char *field, struct fault *f)
{
	for (size_t i = 0; i < picked->n; i++) {
		if (!is_in(allowed, picked->items[i])) {
			return fault_set(f, RC_INVALID, field,
			    "'%s' is not one of the policy's %s",
			    picked->items[i], field);
		}
	}
	return RC_OK;
}

static enum rc
plan_approvers(const struct people *people, const struct verdict *v,
    const struct draft *d, struct arena *a, struct plan *out, struct fault *f)
{
	struct field_strings allowed = {0};
	enum rc rc = RC_OK;

	if (v->approvers.n == 0 && d->approvers.n == 0) {
		copy(a, people_notify_approvers(people), &out->approvers);
		out->open = true;
		return RC_OK;
	}
	if (v->approvers.n > 0) {
		rc = expand(people, &v->approvers, a, &allowed, f);
	}
	if (rc != RC_OK || d->approvers.n == 0) {
		out->approvers = allowed;
		return rc;
	}
	rc = expand(people, &d->approvers, a, &out->approvers, f);
	if (rc == RC_OK && v->approvers.n > 0) {
		rc = pick(&allowed, &out->approvers, "approvers", f);
	}
	if (rc == RC_OK && out->approvers.n < (size_t)out->required) {
		return fault_set(f, RC_INVALID, "approvers",
		    "%d must approve, but only %zu named", out->required,
		    out->approvers.n);
	}
	return rc;
}

static enum rc
plan_channels(const struct people *people, const struct verdict *v,
    const struct draft *d, struct arena *a, struct plan *out, struct fault *f)
{
	const struct field_strings *from = &v->channels;
	bool nobody = out->open && v->channels.n == 0 && d->channels.n == 0;

	if (d->channels.n > 0) {
		from = &d->channels;
	}
	if (nobody) {
		from = people_notify_channels(people);
	}
	for (size_t i = 0; i < from->n; i++) {
		if (people_channel(people, from->items[i]) == NULL) {
			return fault_set(f, RC_INVALID, "channels",
			    "there is no channel '%s'", from->items[i]);
		}
	}
	copy(a, from, &out->channels);
	return v->channels.n > 0
	    ? pick(&v->channels, &out->channels, "channels", f)
	    : RC_OK;
}

/* An owner who is nobody's id or address is kept as it is written. */
static void
exclude(const struct people *people, const char *who, struct arena *a,
    struct plan *out)
{
	const struct person *p = people_find_owner(people, who);
	const char *id = p != NULL ? p->id : who;

	if (id != NULL && !is_in(&out->excluded, id)) {
		out->excluded.items[out->excluded.n++] = arena_strdup(a, id);
	}
}

enum rc
routing_plan(const struct people *people, const struct verdict *v,
    const struct draft *d, const char *owner, struct arena *a, struct plan *out,
    struct fault *f)
{
	enum rc rc;

	*out = (struct plan){
	    .required = v->required > 0 ? v->required : 1,
	    .deny_threshold = v->deny_threshold > 0 ? v->deny_threshold : 1,
	    .reason_required = v->reason_required,
	};
	out->excluded.items = arena_array(a, 2, sizeof(*out->excluded.items));
	if (!v->self_approval) {
		exclude(people, owner, a, out);
		exclude(people, d->on_behalf_of, a, out);
	}
	rc = plan_approvers(people, v, d, a, out, f);
	return rc == RC_OK ? plan_channels(people, v, d, a, out, f) : rc;
}

enum rc
routing_may_decide(const struct plan *plan, const struct decision *d,
    enum outcome outcome, struct fault *f)
{
	const char *who = d->person;
	bool open = plan->open && (!d->known || plan->approvers.n == 0);

	if (who == NULL || (!open && !is_in(&plan->approvers, who))) {
		(void)fault_set(f, RC_FORBIDDEN, "person",
		    "%s may not decide this", who == NULL ? "nobody" : who);
		return f == NULL ? RC_FORBIDDEN
				 : fault_reason(f, "not_an_approver");
	}
	if (outcome != OUTCOME_DENY && is_in(&plan->excluded, who)) {
		(void)fault_set(f, RC_FORBIDDEN, "person",
		    "%s may not approve their own request", who);
		return f == NULL ? RC_FORBIDDEN
				 : fault_reason(f, "own_request");
	}
	return RC_OK;
}

bool
routing_can_be_approved(const struct plan *plan)
{
	int eligible = 0;

	for (size_t i = 0; i < plan->approvers.n; i++) {
		if (!is_in(&plan->excluded, plan->approvers.items[i])) {
			eligible++;
		}
	}
	return plan->open || eligible >= plan->required;
}
