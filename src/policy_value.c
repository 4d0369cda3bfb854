#include "policy_value.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "intent.h"

static enum rc
refuse(struct fault *f, const char *why)
{
	return fault_set(f, RC_INVALID, "", "%s", why);
}

/* One text, or a list of them. None may be empty. */
enum rc
policy_words_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	static const struct field row[] = {{.name = "list",
	    .type = FIELD_TYPE_STRINGS,
	    .max = POLICY_WORDS_MAX,
	    .item_max = POLICY_WORD_MAX}};
	struct field_strings *out = member;
	/* Packing takes no const; it counts a reference and gives it back. */
	json_t *wrapped = json_pack(json_is_string(v) ? "{s:[O]}" : "{s:O}",
	    "list", (json_t *)(uintptr_t)v);
	enum rc rc =
	    fields_decode(row, 1, FIELD_UNKNOWN_REFUSE, wrapped, a, out, f);

	json_decref(wrapped);
	f->field[0] = '\0'; /* the caller knows its name */
	for (size_t i = 0; i < out->n && rc == RC_OK; i++) {
		if (*out->items[i] == '\0') {
			rc = fault_set(f, RC_INVALID, "",
			    "item %zu must not be empty", i + 1);
		}
	}
	return rc;
}

/* For people and channels, where an empty list would name nobody. */
enum rc
policy_names_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	struct field_strings *out = member;
	enum rc rc = policy_words_decode(a, v, out, f);

	if (rc == RC_OK && (out->n == 0 || out->n > INTENT_APPROVERS_MAX)) {
		return fault_set(f, RC_INVALID, "", "must have 1 to %d items",
		    INTENT_APPROVERS_MAX);
	}
	return rc;
}

/* Endings of file names: ".CSV" is csv. */
enum rc
policy_types_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	struct field_strings *out = member;
	enum rc rc = policy_words_decode(a, v, out, f);

	for (size_t i = 0; i < out->n && rc == RC_OK; i++) {
		const char *s = out->items[i];
		char *low = arena_strdup(a, s + (*s == '.'));

		for (char *p = low; *p != '\0'; p++) {
			*p = (char)tolower((unsigned char)*p);
		}
		out->items[i] = low;
	}
	return rc;
}

enum rc
policy_terms_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	struct field_strings *out = member;
	enum rc rc = policy_words_decode(a, v, out, f);

	if (rc == RC_OK && out->n > MATCH_TERMS_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must have at most %d items", MATCH_TERMS_MAX);
	}
	for (size_t i = 0; i < out->n && rc == RC_OK; i++) {
		if (match_term_is_empty(out->items[i])) {
			return fault_set(f, RC_INVALID, "",
			    "item %zu has no letter or digit to look for",
			    i + 1);
		}
	}
	return rc;
}

enum rc
policy_rates_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	static const struct field rows[] = {
	    FIELD_INT(struct policy_rates, per_hour, "per_agent_per_hour", 1,
		POLICY_COUNT_MAX),
	    FIELD_INT(struct policy_rates, per_day, "per_agent_per_day", 1,
		POLICY_COUNT_MAX),
	};

	*(struct policy_rates *)member = (struct policy_rates){0};
	return fields_decode(rows, ARRAY_LEN(rows), FIELD_UNKNOWN_REFUSE, v, a,
	    member, f);
}

static void
free_regex(void *arg)
{
	regex_free(arg);
}

static enum rc
decode_pattern(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct regex *re;
	enum rc rc;

	if (!json_is_string(v) || json_string_length(v) == 0 ||
	    json_string_length(v) > REGEX_PATTERN_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must be a text of 1 to %d bytes", REGEX_PATTERN_MAX);
	}
	rc = regex_new(json_string_value(v), &re, f);
	if (rc != RC_OK) {
		f->field[0] = '\0';
		return rc;
	}
	arena_defer(a, free_regex, re);
	*(struct regex **)member = re;
	return RC_OK;
}

/* What a check says must mean something. */
static enum rc
check_is_sane(const struct policy_check *c, struct fault *f)
{
	size_t len = strlen(c->path);

	if (c->path[0] == '.' || c->path[len - 1] == '.' ||
	    strstr(c->path, "..") != NULL) {
		return fault_set(f, RC_INVALID, "path",
		    "must be names with one dot between");
	}
	if (c->has_min && c->has_max && c->min > c->max) {
		return fault_set(f, RC_INVALID, "min",
		    "must not be more than max");
	}
	if (!c->required && !c->has_min && !c->has_max && !c->has_max_length &&
	    c->pattern == NULL) {
		return refuse(f,
		    "must say required, min, max, max_length or "
		    "pattern");
	}
	return RC_OK;
}

static enum rc
decode_check(struct arena *a, const json_t *v, struct policy_check *out,
    struct fault *f)
{
	static const struct field rows[] = {
	    FIELD_STRING(struct policy_check, path, "path", 1, POLICY_PATH_MAX,
		.aliases = "field", .required = true),
	    FIELD_BOOL(struct policy_check, required, "required"),
	    FIELD_NUMBER(struct policy_check, min, "min", 0, 0,
		.present = offsetof(struct policy_check, has_min) + 1),
	    FIELD_NUMBER(struct policy_check, max, "max", 0, 0,
		.present = offsetof(struct policy_check, has_max) + 1),
	    FIELD_INT(struct policy_check, max_length, "max_length", 0,
		POLICY_COUNT_MAX,
		.present = offsetof(struct policy_check, has_max_length) + 1),
	    FIELD_CUSTOM(struct policy_check, pattern, "pattern",
		decode_pattern),
	};
	enum rc rc = fields_decode(rows, ARRAY_LEN(rows), FIELD_UNKNOWN_REFUSE,
	    v, a, out, f);

	return rc == RC_OK ? check_is_sane(out, f) : rc;
}

/* Puts "[i]" before the field that a fault is about. */
static enum rc
fault_at(struct fault *f, size_t i)
{
	struct fault was = *f;
	bool whole = was.field[0] == '\0' || strcmp(was.field, "body") == 0;
	char field[sizeof(was.field) + 24];

	(void)snprintf(field, sizeof(field), "[%zu]%s%s", i, whole ? "" : ".",
	    whole ? "" : was.field);
	return fault_set(f, was.rc, field, "%s", was.text);
}

enum rc
policy_checks_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	struct policy_checks *out = member;
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n > POLICY_CHECKS_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must be a list of at most %d checks", POLICY_CHECKS_MAX);
	}
	out->n = n;
	out->items = arena_array(a, n, sizeof(*out->items));
	for (size_t i = 0; i < n; i++) {
		if (decode_check(a, json_array_get(v, i), &out->items[i], f) !=
		    RC_OK) {
			return fault_at(f, i);
		}
	}
	return RC_OK;
}

enum rc
policy_scopes_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	struct field_strings scopes = {0};
	enum rc rc = policy_words_decode(a, v, &scopes, f);

	for (size_t i = 0; i < scopes.n && rc == RC_OK; i++) {
		if (strcmp(scopes.items[i], "org_wide") != 0) {
			rc = refuse(f, "only org_wide is known");
		}
	}
	*(bool *)member = scopes.n > 0;
	return rc;
}

enum rc
policy_label_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	(void)a;
	(void)member;
	if (!json_is_string(v) && !json_is_number(v)) {
		return refuse(f, "must be a text or a number");
	}
	return RC_OK;
}

/* Silence ends an intent, and nothing else. */
enum rc
policy_silence_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	const char *s = json_string_value(v);

	(void)a;
	(void)member;
	if (s != NULL && strcmp(s, "auto_approve_if_low_risk") == 0) {
		return refuse(f,
		    "time never approves: silence can only end "
		    "an intent");
	}
	if (s == NULL ||
	    (strcmp(s, "reject") != 0 && strcmp(s, "defer") != 0)) {
		return refuse(f, "must be one of reject, defer");
	}
	return RC_OK;
}

enum rc
policy_delivery_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	(void)a;
	(void)member;
	if (!json_is_string(v) ||
	    strcmp(json_string_value(v), "one_time_only") != 0) {
		return refuse(f, "must be one_time_only");
	}
	return RC_OK;
}

enum rc
policy_pii_decode(struct arena *a, const json_t *v, void *member,
    struct fault *f)
{
	(void)a;
	(void)member;
	if (!json_is_false(v)) {
		return refuse(f,
		    "is not supported: list what must not be "
		    "sent in block_if_terms");
	}
	return RC_OK;
}
