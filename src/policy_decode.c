#include "policy_impl.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "intent.h"
#include "lib/text.h"
#include "policy_value.h"
#include "profile.h"

enum { DESCRIPTION_MAX = 2000 /* characters */ };

enum { MATCH_WORD, MATCH_SUBSTRING };
static const char *const match_words[] = {"word", "substring", NULL};
enum { APPROVAL_ALWAYS, APPROVAL_NEVER };
static const char *const approval_words[] = {"always", "never", NULL};

/* The keys that an environment may replace, as written. */
struct raw_rules {
	struct policy_rates rates;
	struct policy_checks checks;
	struct field_strings terms;
	int match;    /* index into match_words */
	int approval; /* index into approval_words */
	bool has_over, has_under;
	long long over, under;
	bool org_wide;
};

/* Which answers need a reason. */
struct raw_reason {
	bool deny, any;
};

static enum rc
decode_reason(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct raw_reason *out = member;

	(void)a;
	out->any = json_is_string(v) &&
	    strcmp(json_string_value(v), "always") == 0;
	out->deny = out->any || json_is_true(v);
	return out->any || json_is_boolean(v)
	    ? RC_OK
	    : fault_set(f, RC_INVALID, "", "must be true, false or always");
}

/* A file, as written. */
struct raw {
	struct raw_rules rules; /* first: RULE_ROWS serve both structs */
	const char *id;
	struct field_strings destinations, types, approvers, channels;
	bool has_destinations, has_types;
	const json_t *environments, *agents;
	const char *profile, *description;
	long long minutes, required, deny_threshold;
	bool self_approval;
	struct raw_reason reason;
	char unused; /* where keys are decoded to that change nothing */
};

_Static_assert(offsetof(struct raw, rules) == 0, "RULE_ROWS serve both");

#define RULE_ROWS \
	FIELD_CUSTOM(struct raw_rules, rates, "rate_limits", \
	    policy_rates_decode), \
	    FIELD_CUSTOM(struct raw_rules, checks, "field_checks", \
		policy_checks_decode), \
	    FIELD_CUSTOM(struct raw_rules, terms, "block_if_terms", \
		policy_terms_decode), \
	    FIELD_ENUM(struct raw_rules, match, "match", match_words), \
	    FIELD_ENUM(struct raw_rules, approval, "require_approval", \
		approval_words), \
	    FIELD_INT(struct raw_rules, over, "require_approval_over", 0, \
		POLICY_COUNT_MAX, \
		.present = offsetof(struct raw_rules, has_over) + 1), \
	    FIELD_INT(struct raw_rules, under, "auto_approve_under", 0, \
		POLICY_COUNT_MAX, \
		.present = offsetof(struct raw_rules, has_under) + 1), \
	    FIELD_CUSTOM(struct raw_rules, org_wide, "require_approval_for", \
		policy_scopes_decode)

static const struct field rule_rows[] = {RULE_ROWS};

static const struct field policy_rows[] = {
    RULE_ROWS,
    FIELD_STRING(struct raw, id, "id", 1, POLICY_WORD_MAX),
    FIELD_CUSTOM(struct raw, unused, "version", policy_label_decode),
    FIELD_CUSTOM(struct raw, unused, "name", policy_label_decode),
    FIELD_STRING(struct raw, description, "description", 0, DESCRIPTION_MAX),
    FIELD_CUSTOM(struct raw, destinations, "destinations", policy_words_decode,
	.present = offsetof(struct raw, has_destinations) + 1),
    FIELD_CUSTOM(struct raw, types, "allowed_types", policy_types_decode,
	.present = offsetof(struct raw, has_types) + 1),
    FIELD_OBJECT(struct raw, environments, "environments"),
    FIELD_OBJECT(struct raw, agents, "agent_environments"),
    FIELD_STRING(struct raw, profile, "require_profile", 1, 100),
    FIELD_INT(struct raw, minutes, "expiry_minutes", 1, POLICY_MINUTES_MAX),
    FIELD_CUSTOM(struct raw, unused, "on_no_response", policy_silence_decode),
    FIELD_INT(struct raw, required, "require_approvals", 1,
	INTENT_APPROVERS_MAX),
    FIELD_INT(struct raw, deny_threshold, "deny_threshold", 1,
	INTENT_APPROVERS_MAX),
    FIELD_CUSTOM(struct raw, approvers, "approvers", policy_names_decode),
    FIELD_CUSTOM(struct raw, channels, "channels", policy_names_decode),
    FIELD_BOOL(struct raw, self_approval, "self_approval"),
    FIELD_CUSTOM(struct raw, reason, "require_reason", decode_reason),
    FIELD_CUSTOM(struct raw, unused, "delivery", policy_delivery_decode),
    FIELD_CUSTOM(struct raw, unused, "block_if_pii", policy_pii_decode),
};

/* A key that is known and not taken. */
struct refused {
	const char *key, *why;
};

static const struct refused unsupported[] = {
    {"approval_channel",
	"is not supported: name people in approvers and "
	"places of assent.yaml in channels"},
    {"assurance",
	"is not supported: say who decides in approvers and how "
	"many of them in require_approvals"},
    {"allowed_recipients",
	"is not supported: list what may be written to in "
	"destinations"},
};

static const char claim[] = "does not depend on the environment, which is "
			    "what the agent claims: say it for the whole "
			    "policy";
static const struct refused not_in_environment[] = {
    {"id", claim},
    {"version", claim},
    {"name", claim},
    {"description", claim},
    {"destinations", claim},
    {"allowed_types", claim},
    {"environments", claim},
    {"agent_environments", claim},
    {"require_profile", claim},
    {"expiry_minutes", claim},
    {"on_no_response", claim},
    {"require_approvals", claim},
    {"deny_threshold", claim},
    {"approvers", claim},
    {"channels", claim},
    {"self_approval", claim},
    {"require_reason", claim},
    {"delivery", claim},
    {"block_if_pii", claim},
};

/* Reads one object: first what is refused by name, then the rows. */
static enum rc
decode_object(const struct refused *refused, size_t refused_n,
    const struct field *rows, size_t n, const json_t *object, struct arena *a,
    void *out, struct fault *f)
{
	for (size_t i = 0; i < refused_n; i++) {
		if (json_object_get(object, refused[i].key) != NULL) {
			return fault_set(f, RC_INVALID, refused[i].key, "%s",
			    refused[i].why);
		}
	}
	return fields_decode(rows, n, FIELD_UNKNOWN_REFUSE, object, a, out, f);
}

static void
rules_compile(const struct raw_rules *raw, struct arena *a,
    struct policy_rules *out)
{
	*out = (struct policy_rules){
	    .rate_per_hour = raw->rates.per_hour,
	    .rate_per_day = raw->rates.per_day,
	    .checks = raw->checks.items,
	    .checks_n = raw->checks.n,
	    .terms_n = raw->terms.n,
	    .always = raw->approval == APPROVAL_ALWAYS,
	    .has_over = raw->has_over,
	    .has_under = raw->has_under,
	    .over = raw->over,
	    .under = raw->under,
	    .org_wide = raw->org_wide,
	};
	if (raw->terms.n > 0) {
		out->terms = match_set_new(a, &raw->terms,
		    raw->match == MATCH_SUBSTRING);
	}
}

/* Puts "environments.NAME." before the field that a fault is about. */
static enum rc
fault_in(struct fault *f, const char *name)
{
	struct fault was = *f;
	bool whole = strcmp(was.field, "body") == 0;
	char field[sizeof(was.field) * 3];

	(void)snprintf(field, sizeof(field), "environments.%.*s%s%s",
	    (int)sizeof(was.field), name, whole ? "" : ".",
	    whole ? "" : was.field);
	return fault_set(f, was.rc, field, "%s", was.text);
}

static enum rc
decode_environments(const struct raw *raw, struct arena *a, struct policy *out,
    struct fault *f)
{
	/* jansson's iterators take no const, and change nothing. */
	json_t *all = (json_t *)(uintptr_t)raw->environments;
	struct policy_environment *e;
	const char *name;
	json_t *v;

	if (json_object_size(all) > POLICY_ENVIRONMENTS_MAX) {
		return fault_set(f, RC_INVALID, "environments",
		    "must have at most %d", POLICY_ENVIRONMENTS_MAX);
	}
	out->environments = arena_array(a, json_object_size(all), sizeof(*e));
	json_object_foreach(all, name, v)
	{
		struct raw_rules rules = raw->rules;

		if (decode_object(not_in_environment,
			ARRAY_LEN(not_in_environment), rule_rows,
			ARRAY_LEN(rule_rows), v, a, &rules, f) != RC_OK) {
			return fault_in(f, name);
		}
		e = &out->environments[out->environments_n++];
		e->name = arena_strdup(a, name);
		rules_compile(&rules, a, &e->rules);
	}
	return RC_OK;
}

static void
drop_json(void *arg)
{
	json_decref(arg);
}

static enum rc
decode_agents(const struct raw *raw, struct arena *a, struct policy *out,
    struct fault *f)
{
	json_t *all = (json_t *)(uintptr_t)raw->agents;
	const char *agent;
	json_t *v;

	if (json_object_size(all) > POLICY_AGENTS_MAX) {
		return fault_set(f, RC_INVALID, "agent_environments",
		    "must have at most %d", POLICY_AGENTS_MAX);
	}
	json_object_foreach(all, agent, v)
	{
		if (json_object_get(raw->environments,
			json_is_string(v) ? json_string_value(v) : "") ==
		    NULL) {
			return fault_set(f, RC_INVALID, "agent_environments",
			    "'%s' must be bound to one of environments; "
			    "write \"NAME: {}\" there for the policy as it is",
			    agent);
		}
	}
	if (all != NULL) {
		out->agents = json_incref(all);
		arena_defer(a, drop_json, out->agents);
	}
	return RC_OK;
}

static enum rc
check_profile(const struct raw *raw, struct fault *f)
{
	size_t n;
	const char *const *names = profile_names(&n);
	const char *nearest;

	for (size_t i = 0; i < n; i++) {
		if (raw->profile == NULL ||
		    strcmp(raw->profile, names[i]) == 0) {
			return RC_OK;
		}
	}
	nearest = text_nearest(raw->profile, names, n);
	return fault_set(f, RC_INVALID, "require_profile",
	    "there is no profile '%s'%s%s%s", raw->profile,
	    nearest == NULL ? "" : ", did you mean '",
	    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

/* The people named must exist and be enough. */
static enum rc
check_people(const struct raw *raw, const struct people *people,
    struct arena *a, struct fault *f)
{
	struct field_strings ids;
	struct fault why = {0};

	for (size_t i = 0; i < raw->channels.n; i++) {
		if (people_channel(people, raw->channels.items[i]) == NULL) {
			return fault_set(f, RC_INVALID, "channels",
			    "there is no channel '%s'", raw->channels.items[i]);
		}
	}
	if (raw->approvers.n == 0) {
		return RC_OK;
	}
	if (people_expand(people, &raw->approvers, a, &ids, &why) != RC_OK) {
		return fault_set(f, RC_INVALID, "approvers", "%s", why.text);
	}
	if (raw->required > (long long)ids.n) {
		return fault_set(f, RC_INVALID, "require_approvals",
		    "%lld must approve, but approvers names only %zu",
		    raw->required, ids.n);
	}
	if (raw->deny_threshold > (long long)ids.n) {
		return fault_set(f, RC_INVALID, "deny_threshold",
		    "%lld must deny, but approvers names only %zu",
		    raw->deny_threshold, ids.n);
	}
	return RC_OK;
}

static enum rc
check_file(const struct raw *raw, const char *id, const struct people *people,
    struct arena *a, struct fault *f)
{
	enum rc rc;

	if (raw->id != NULL && strcmp(raw->id, id) != 0) {
		return fault_set(f, RC_INVALID, "id",
		    "'%s' must be the name of the file, '%s'", raw->id, id);
	}
	rc = check_profile(raw, f);
	return rc == RC_OK ? check_people(raw, people, a, f) : rc;
}

enum rc
policy_decode(const json_t *root, const char *id, const struct people *people,
    struct arena *a, struct policy *out, struct fault *f)
{
	struct raw raw = {.rules.approval = APPROVAL_NEVER,
	    .required = 1,
	    .deny_threshold = 1};
	enum rc rc = decode_object(unsupported, ARRAY_LEN(unsupported),
	    policy_rows, ARRAY_LEN(policy_rows), root, a, &raw, f);

	if (rc == RC_OK) {
		rc = check_file(&raw, id, people, a, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct policy){
	    .id = arena_strdup(a, id),
	    .has_destinations = raw.has_destinations,
	    .has_types = raw.has_types,
	    .destinations = raw.destinations,
	    .types = raw.types,
	    .require_profile = raw.profile,
	    .expiry_s = raw.minutes * 60,
	    .required = raw.required,
	    .deny_threshold = raw.deny_threshold,
	    .self_approval = raw.self_approval,
	    .reason_required = raw.reason.deny,
	    .approve_reason = raw.reason.any,
	    .approvers = raw.approvers,
	    .channels = raw.channels,
	};
	rules_compile(&raw.rules, a, &out->rules);
	rc = decode_environments(&raw, a, out, f);
	return rc == RC_OK ? decode_agents(&raw, a, out, f) : rc;
}
