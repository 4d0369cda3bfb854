#include "routing.h"

#include <string.h>
#include <strings.h>

#include "guest.h"

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

/* Roles stand for the groups that were named; an intent only picks. */
static void
plan_roles(const struct people *people, const struct verdict *v,
    const struct draft *d, struct arena *a, struct plan *out)
{
	const struct field_strings *names = d->approvers.n > 0 ? &d->approvers
	    : v->approvers.n > 0			       ? &v->approvers
				 : people_notify_names(people);
	struct field_strings allowed, picked;

	people_roles(people, names, a, &picked);
	people_roles(people, &v->approvers, a, &allowed);
	out->roles.items = arena_array(a, picked.n, sizeof(*picked.items));
	for (size_t i = 0; i < picked.n; i++) {
		if (v->approvers.n == 0 || is_in(&allowed, picked.items[i])) {
			out->roles.items[out->roles.n++] =
			    arena_strdup(a, picked.items[i]);
		}
	}
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

/* Whom an address reaches: the person whose it is, else a guest. */
static const char *
reached(const struct people *people, const struct address *at, struct arena *a,
    struct plan *out)
{
	const struct person *p = strcmp(at->channel, "email") == 0
	    ? people_find_owner(people, at->where)
	    : NULL;
	struct guest g;

	if (p != NULL) {
		return arena_strdup(a, p->id);
	}
	g = guest_at(a, at);
	if (guest_name(out, g.id) == NULL) {
		out->guests[out->guests_n++] = g;
	}
	return g.id;
}

static bool
is_theirs(const struct address *at, const char *who)
{
	return who != NULL && at->where != NULL &&
	    strcasecmp(who, at->where) == 0;
}

/*
 * The addresses that the submit names come to whoever would be asked anyway.
 * Where the policy says who decides they must be of those people; a link for
 * anybody who holds it is then only good for looking.
 */
static enum rc
plan_addresses(const struct people *people, const struct verdict *v,
    const struct draft *d, const char *owner, struct arena *a, struct plan *out,
    struct fault *f)
{
	struct field_strings *to = &out->approvers;
	const struct field_strings before = *to;

	if (d->addresses_n == 0) {
		return RC_OK;
	}
	to->items = arena_array(a, before.n + (size_t)d->addresses_n,
	    sizeof(*to->items));
	for (size_t i = 0; i < before.n; i++) {
		to->items[i] = before.items[i];
	}
	for (int i = 0; i < d->addresses_n; i++) {
		const struct address *at = &d->addresses[i];
		bool named = v->approvers.n > 0;
		const char *id;

		if (named && at->where == NULL) {
			continue;
		}
		id = reached(people, at, a, out);
		if (is_in(to, id)) {
			continue;
		}
		if (named) {
			(void)fault_set(f, RC_INVALID, at->channel,
			    "must be that of somebody whom the policy "
			    "names");
			return fault_reason(f, "not_an_approver");
		}
		to->items[to->n++] = id;
		if (!v->self_approval && !is_in(&out->excluded, id) &&
		    (is_theirs(at, owner) || is_theirs(at, d->on_behalf_of))) {
			out->excluded.items[out->excluded.n++] = id;
		}
	}
	return RC_OK;
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
	    .approve_reason = v->approve_reason,
	};
	out->excluded.items =
	    arena_array(a, 2 + INTENT_GUESTS_MAX, sizeof(*out->excluded.items));
	if (!v->self_approval) {
		exclude(people, owner, a, out);
		exclude(people, d->on_behalf_of, a, out);
	}
	plan_roles(people, v, d, a, out);
	rc = plan_approvers(people, v, d, a, out, f);
	if (rc == RC_OK) {
		rc = plan_addresses(people, v, d, owner, a, out, f);
	}
	return rc == RC_OK ? plan_channels(people, v, d, a, out, f) : rc;
}

bool
routing_holds_role(const struct plan *plan, const struct decision *d)
{
	for (size_t i = 0; i < d->roles.n; i++) {
		if (is_in(&plan->roles, d->roles.items[i])) {
			return true;
		}
	}
	return false;
}

enum rc
routing_may_decide(const struct plan *plan, const struct decision *d,
    enum outcome outcome, struct fault *f)
{
	const char *who = d->person;
	bool nobody = plan->approvers.n == (size_t)plan->guests_n;
	bool open = plan->open && !guest_is(who) && (!d->known || nobody);

	if (who == NULL ||
	    (!open && !is_in(&plan->approvers, who) &&
		!routing_holds_role(plan, d))) {
		(void)fault_set(f, RC_FORBIDDEN, "person",
		    "%s may not decide this", who == NULL ? "nobody" : who);
		return f == NULL ? RC_FORBIDDEN
				 : fault_reason(f, "not_an_approver");
	}
	if (outcome != OUTCOME_DENY && plan->required > 1 && guest_is(who) &&
	    !guest_is_one_person(who)) {
		(void)fault_set(f, RC_FORBIDDEN, "person",
		    "%d people must approve, and nobody knows whether the %s "
		    "is one more",
		    plan->required, guest_name(plan, who));
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
	return plan->open || eligible >= plan->required ||
	    (plan->roles.n > 0 && plan->required <= 1);
}
