#include "policy_impl.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "payload.h"

enum { LISTED_MAX = 20 /* names spelled out in a message */ };

void
policy_note_add(struct verdict *v, enum policy_step step, bool decided,
    const char *text)
{
	assert((size_t)v->notes_n < ARRAY_LEN(v->notes));
	v->notes[v->notes_n++] = (struct policy_note){step, decided, text};
}

/* What a step saw when it decided nothing. */
static bool PRINTF_LIKE(3, 4)
    note(struct policy_run *r, enum policy_step step, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	policy_note_add(r->v, step, false, arena_vprintf(r->arena, fmt, ap));
	va_end(ap);
	return false;
}

/* The verdict. */
static bool PRINTF_LIKE(5, 6)
    settle(struct policy_run *r, enum policy_step step, enum intent_state state,
	const char *code, const char *fmt, ...)
{
	struct verdict *v = r->v;
	va_list ap;

	va_start(ap, fmt);
	v->reason = arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	v->state = state;
	v->step = step;
	v->code = code;
	policy_note_add(v, step, true, v->reason);
	return true;
}

static bool
is_listed(const struct field_strings *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], s) == 0) {
			return true;
		}
	}
	return false;
}

/* "a, b", or the first of many and how many more there are. */
static const char *
listed(struct arena *a, const struct field_strings *list)
{
	CLEANUP(buf_fini) struct buf b = {0};

	for (size_t i = 0; i < list->n && i < LISTED_MAX; i++) {
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", list->items[i]);
	}
	if (list->n > LISTED_MAX) {
		buf_printf(&b, ", and %zu more", list->n - LISTED_MAX);
	}
	return arena_strdup(a, buf_str(&b));
}

/* What the agent's key is limited to stands before the policy's own list. */
static bool
limit_agent(struct policy_run *r)
{
	const struct policy_agent *g = r->agent;
	const char *destination = r->draft->destination;

	if (g->allowed_policies.n > 0 &&
	    !is_listed(&g->allowed_policies, r->policy->id)) {
		return settle(r, STEP_DESTINATION, INTENT_BLOCKED,
		    "policy_not_allowed",
		    "Policy '%s' not allowed for agent %s. Allowed: [%s]",
		    r->policy->id, g->id,
		    listed(r->arena, &g->allowed_policies));
	}
	if (g->allowed_destinations.n > 0 &&
	    !is_listed(&g->allowed_destinations, destination)) {
		return settle(r, STEP_DESTINATION, INTENT_BLOCKED,
		    "destination_not_allowed",
		    "Destination '%s' not allowed for agent %s. Allowed: [%s]",
		    destination, g->id,
		    listed(r->arena, &g->allowed_destinations));
	}
	return false;
}

static bool
step_destination(struct policy_run *r)
{
	const struct policy *p = r->policy;

	if (limit_agent(r)) {
		return true;
	}
	if (!p->has_destinations) {
		return note(r, STEP_DESTINATION, "any destination may be used");
	}
	if (!is_listed(&p->destinations, r->draft->destination)) {
		return settle(r, STEP_DESTINATION, INTENT_BLOCKED,
		    "destination_not_allowed",
		    "Destination '%s' not in policy allowlist: [%s]",
		    r->draft->destination, listed(r->arena, &p->destinations));
	}
	return note(r, STEP_DESTINATION, "'%s' is in the policy's allowlist",
	    r->draft->destination);
}

static bool
step_type(struct policy_run *r)
{
	const struct policy *p = r->policy;
	const struct draft *d = r->draft;
	const char *type;

	if (!p->has_types) {
		return note(r, STEP_TYPE, "any type of payload may be sent");
	}
	type = payload_type(r->arena, d->payload, d->payload_len);
	if (type == NULL) {
		type = d->payload_type;
	}
	if (type == NULL) {
		return note(r, STEP_TYPE,
		    "the payload is text of its own, not the name of a file");
	}
	if (!is_listed(&p->types, type)) {
		return settle(r, STEP_TYPE, INTENT_BLOCKED,
		    "payload_type_not_allowed",
		    "Payload type '%s' not allowed. Allowed: [%s]", type,
		    listed(r->arena, &p->types));
	}
	return note(r, STEP_TYPE, "type '%s' is allowed", type);
}

/* The environment that this agent's key is bound to, or NULL. */
static const char *
bound_environment(const struct policy_run *r)
{
	const json_t *agents = r->policy->agents;
	const json_t *env = json_object_get(agents, r->agent->id);
	const char *name = r->agent->name;

	/* An agent calls itself what it likes, but not by another's id. */
	if (env == NULL && name != NULL && strncmp(name, "agt_", 4) != 0) {
		env = json_object_get(agents, name);
	}
	if (env == NULL) {
		env = json_object_get(agents, "*");
	}
	return json_string_value(env);
}

static const struct policy_environment *
find_environment(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->environments_n; i++) {
		if (strcmp(p->environments[i].name, name) == 0) {
			return &p->environments[i];
		}
	}
	return NULL;
}

static bool
step_environment(struct policy_run *r)
{
	const json_t *said = json_object_get(r->draft->metadata, "environment");
	const char *claim = json_string_value(said);
	const char *bound = bound_environment(r);
	const char *name = bound != NULL ? bound : claim;
	const struct policy_environment *e;

	if (bound != NULL && said != NULL && !json_is_null(said) &&
	    (claim == NULL || strcmp(claim, bound) != 0)) {
		return settle(r, STEP_ENVIRONMENT, INTENT_BLOCKED,
		    "environment_mismatch",
		    "Agent %s is bound to environment '%s', not '%s'",
		    r->agent->id, bound, claim == NULL ? "?" : claim);
	}
	e = name == NULL ? NULL : find_environment(r->policy, name);
	if (e == NULL) {
		return note(r, STEP_ENVIRONMENT, "no environment applies");
	}
	r->rules = &e->rules;
	return note(r, STEP_ENVIRONMENT, "environment '%s' applies, %s",
	    e->name,
	    bound != NULL ? "to which the agent is bound"
			  : "as the agent claims");
}

static bool
step_rate(struct policy_run *r)
{
	struct verdict *v = r->v;

	v->rate_per_hour = r->rules->rate_per_hour;
	v->rate_per_day = r->rules->rate_per_day;
	if (v->rate_per_hour == 0 && v->rate_per_day == 0) {
		return note(r, STEP_RATE, "no limit");
	}
	return note(r, STEP_RATE,
	    "at most %lld per hour and %lld per day (0 = no limit)",
	    v->rate_per_hour, v->rate_per_day);
}

static bool
step_fields(struct policy_run *r)
{
	struct policy_finding found;

	if (r->rules->checks_n == 0) {
		return note(r, STEP_FIELDS, "no field is checked");
	}
	if (r->unreadable) {
		r->doubt = "The data: URI of the payload cannot be decoded";
		return note(r, STEP_FIELDS, "%s", r->doubt);
	}
	policy_check_payload(r->rules->checks, r->rules->checks_n, r->content,
	    r->content_len, r->arena, &found);
	if (found.blocked != NULL) {
		return settle(r, STEP_FIELDS, INTENT_BLOCKED,
		    "field_check_failed", "%s", found.blocked);
	}
	if (found.doubt != NULL) {
		r->doubt = found.doubt;
		return note(r, STEP_FIELDS, "%s", found.doubt);
	}
	return note(r, STEP_FIELDS, "%zu checks passed", r->rules->checks_n);
}

static const char *
find_term(const struct policy_run *r, const char *s, size_t len)
{
	struct match_text *t;

	if (s == NULL) {
		return NULL;
	}
	t = match_text_new(r->arena);
	match_text_add(t, s, len);
	return match_find(r->rules->terms, t);
}

/* Where a term was found, in the words of a message; NULL = nowhere. */
static const char *
search_terms(const struct policy_run *r, const char **term)
{
	const struct draft *d = r->draft;
	const char *metadata = NULL;
	size_t len = 0;

	if ((*term = match_find(r->rules->terms, r->text)) != NULL) {
		return "Payload";
	}
	if (d->title != NULL &&
	    (*term = find_term(r, d->title, strlen(d->title))) != NULL) {
		return "Title";
	}
	if (d->description != NULL &&
	    (*term = find_term(r, d->description, strlen(d->description))) !=
		NULL) {
		return "Description";
	}
	if (d->metadata != NULL) {
		metadata = json_compact(r->arena, d->metadata, &len);
	}
	*term = find_term(r, metadata, len);
	return *term != NULL ? "Metadata" : NULL;
}

static bool
step_terms(struct policy_run *r)
{
	const char *term, *where;

	if (r->rules->terms == NULL) {
		return note(r, STEP_TERMS, "no term is blocked");
	}
	where = search_terms(r, &term);
	if (where != NULL) {
		return settle(r, STEP_TERMS, INTENT_BLOCKED,
		    "blocked_term_detected", "%s contains blocked term: \"%s\"",
		    where, term);
	}
	if (r->unreadable) {
		r->doubt = "The data: URI of the payload cannot be decoded";
		return note(r, STEP_TERMS, "%s", r->doubt);
	}
	return note(r, STEP_TERMS, "none of %zu terms was found",
	    r->rules->terms_n);
}

static bool
step_always(struct policy_run *r)
{
	if (r->doubt != NULL) {
		return settle(r, STEP_ALWAYS, INTENT_PENDING,
		    "manual_review_required", "%s", r->doubt);
	}
	if (r->rules->always) {
		return settle(r, STEP_ALWAYS, INTENT_PENDING,
		    "manual_review_required", "Policy requires human approval");
	}
	return note(r, STEP_ALWAYS, "approval is not always required");
}

static bool
step_count(struct policy_run *r)
{
	const struct policy_rules *rules = r->rules;
	long long n = r->draft->record_count;

	/* No records are no number to approve by, as in Zehrava. */
	if (!r->draft->has_record_count || n <= 0) {
		return note(r, STEP_COUNT, "no number of records was given");
	}
	if (rules->has_over && n > rules->over) {
		return settle(r, STEP_COUNT, INTENT_PENDING,
		    "record_threshold_exceeded",
		    "Record count %lld exceeds auto-approve threshold (%lld)",
		    n, rules->over);
	}
	if (rules->has_under && n <= rules->under) {
		return settle(r, STEP_COUNT, INTENT_APPROVED,
		    "approved_by_policy",
		    "Record count %lld is within auto-approve threshold (%lld)",
		    n, rules->under);
	}
	return note(r, STEP_COUNT, "record count %lld is below no threshold",
	    n);
}

static bool
step_scope(struct policy_run *r)
{
	const char *scope =
	    json_string_value(json_object_get(r->draft->metadata, "scope"));

	if (r->rules->org_wide && scope != NULL &&
	    strcmp(scope, "org_wide") == 0) {
		return settle(r, STEP_SCOPE, INTENT_PENDING,
		    "manual_review_required",
		    "Org-wide publish requires approval");
	}
	return note(r, STEP_SCOPE, "the scope asks for nothing");
}

static bool
step_default(struct policy_run *r)
{
	return settle(r, STEP_DEFAULT, INTENT_PENDING, "manual_review_required",
	    "Awaiting review");
}

bool (*const policy_steps[STEPS])(struct policy_run *) = {
    [STEP_DESTINATION] = step_destination,
    [STEP_TYPE] = step_type,
    [STEP_ENVIRONMENT] = step_environment,
    [STEP_RATE] = step_rate,
    [STEP_FIELDS] = step_fields,
    [STEP_TERMS] = step_terms,
    [STEP_ALWAYS] = step_always,
    [STEP_COUNT] = step_count,
    [STEP_SCOPE] = step_scope,
    [STEP_DEFAULT] = step_default,
};
