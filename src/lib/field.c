#include "lib/field.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

enum {
	ITEM_CHARACTERS = 1000,
	WORDS_SIZE = 256 /* bytes of all words of an ENUM */
};

/* From here on a double skips integers. */
static const double inexact_from = 0x1p53;

/* One call of fields_decode(). */
struct decoder {
	const struct field *fields;
	size_t n;
	const json_t *object;
	struct arena *arena;
	void *out;
	struct fault *fault;
};

/* Goes through a field's spellings: its name, then its aliases. */
struct spellings {
	const char *next; /* where the next alias begins; NULL at the end */
	const char *word; /* not NUL-terminated */
	size_t len;
};

static bool
spellings_next(struct spellings *s, const struct field *f)
{
	if (s->word == NULL) {
		s->word = f->name;
		s->len = strlen(f->name);
		s->next = f->aliases;
		return true;
	}
	if (s->next == NULL) {
		return false;
	}
	s->word = s->next + strspn(s->next, " ");
	s->len = strcspn(s->word, " ");
	s->next = s->word + s->len;
	return s->len > 0;
}

static bool
is_known(const struct decoder *d, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < d->n; i++) {
		struct spellings s = {0};

		while (spellings_next(&s, &d->fields[i])) {
			if (s.len == len && memcmp(s.word, key, len) == 0) {
				return true;
			}
		}
	}
	return false;
}

static enum rc
refuse_unknown(const struct decoder *d, const char *key)
{
	const char **names, *nearest;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		for (struct spellings s = {0};
		     spellings_next(&s, &d->fields[i]);) {
			n++;
		}
	}
	names = arena_array(d->arena, n, sizeof(*names));
	n = 0;
	for (size_t i = 0; i < d->n; i++) {
		for (struct spellings s = {0};
		     spellings_next(&s, &d->fields[i]);) {
			names[n++] = arena_strndup(d->arena, s.word, s.len);
		}
	}
	nearest = text_nearest(key, names, n);
	if (nearest == NULL) {
		return fault_set(d->fault, RC_INVALID, key,
		    "unknown field '%s'", key);
	}
	return fault_set(d->fault, RC_INVALID, key,
	    "unknown field '%s', did you mean '%s'?", key, nearest);
}

static enum rc
check_unknown(const struct decoder *d)
{
	/* jansson's iterators take no const, and change nothing. */
	json_t *o = (json_t *)(uintptr_t)d->object;

	for (void *at = json_object_iter(o); at != NULL;
	     at = json_object_iter_next(o, at)) {
		const char *key = json_object_iter_key(at);

		if (!is_known(d, key)) {
			return refuse_unknown(d, key);
		}
	}
	return RC_OK;
}

/* The value of a field under any spelling; *out is NULL when it is absent. */
static enum rc
find(const struct decoder *d, const struct field *f, const json_t **out)
{
	const json_t *found = NULL;
	struct spellings s = {0}, first = {0};

	while (spellings_next(&s, f)) {
		json_t *v = json_object_getn(d->object, s.word, s.len);

		if (v == NULL || json_is_null(v)) {
			continue;
		}
		if (found == NULL) {
			found = v;
			first = s;
		} else if (!json_equal(found, v)) {
			return fault_set(d->fault, RC_INVALID, f->name,
			    "is given as '%.*s' and as '%.*s' with different "
			    "values",
			    (int)first.len, first.word, (int)s.len, s.word);
		}
	}
	*out = found;
	return RC_OK;
}

/* The value is in range, or the field "must VERB at least 3 UNITs". */
static enum rc
check_limits(const struct field *f, double value, const char *verb,
    const char *unit, struct fault *fault)
{
	bool under = value<f->min, over = value> f->max;
	double limit = under ? f->min : f->max;

	if ((f->min == 0 && f->max == 0) || !(under || over)) {
		return RC_OK;
	}
	return fault_set(fault, RC_INVALID, f->name, "must %s at %s %.15g%s%s",
	    verb, under ? "least" : "most", limit, unit,
	    unit[0] != '\0' && limit != 1 ? "s" : "");
}

/* Counts characters; refuses what a line of log or a mail could not carry. */
static enum rc
check_text(const json_t *v, size_t *characters, const char **why)
{
	const char *s = json_string_value(v);
	size_t len = json_string_length(v), n;

	*characters = 0;
	for (size_t i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		if (c < 0) {
			*why = "must be UTF-8";
			return RC_INVALID;
		}
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
		    (c >= 0x7f && c < 0xa0)) {
			*why = "must not hold control characters";
			return RC_INVALID;
		}
		++*characters;
	}
	return RC_OK;
}

static enum rc
decode_string(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	const char *why;
	size_t characters;
	enum rc rc;

	if (!json_is_string(v)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be a string");
	}
	if (check_text(v, &characters, &why) != RC_OK) {
		return fault_set(fault, RC_INVALID, f->name, "%s", why);
	}
	if (characters == 0 && f->min == 1) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must not be empty");
	}
	rc = check_limits(f, (double)characters, "have", " character", fault);
	if (rc != RC_OK) {
		return rc;
	}
	*(const char **)member =
	    arena_strndup(arena, json_string_value(v), json_string_length(v));
	return RC_OK;
}

static enum rc
decode_int(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	double d = json_number_value(v);
	enum rc rc;

	(void)arena;
	if (!json_is_number(v) || d != floor(d)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be a whole number");
	}
	rc = check_limits(f, d, "be", "", fault);
	if (rc != RC_OK) {
		return rc;
	}
	if (json_is_integer(v)) {
		*(long long *)member = json_integer_value(v);
		return RC_OK;
	}
	if (fabs(d) >= inexact_from) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be a whole number below 2^53");
	}
	*(long long *)member = (long long)d;
	return RC_OK;
}

static enum rc
decode_number(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	double d = json_number_value(v);
	enum rc rc;

	(void)arena;
	if (!json_is_number(v) || !isfinite(d)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be a number");
	}
	rc = check_limits(f, d, "be", "", fault);
	if (rc == RC_OK) {
		*(double *)member = d;
	}
	return rc;
}

static enum rc
decode_bool(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	(void)arena;
	if (!json_is_boolean(v)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be true or false");
	}
	*(bool *)member = json_is_true(v);
	return RC_OK;
}

static enum rc
decode_enum(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	char words[WORDS_SIZE] = "";

	(void)arena;
	for (int i = 0; json_is_string(v) && f->words[i] != NULL; i++) {
		size_t len = strlen(f->words[i]);

		if (len == json_string_length(v) &&
		    memcmp(f->words[i], json_string_value(v), len) == 0) {
			*(int *)member = i;
			return RC_OK;
		}
	}
	for (size_t i = 0, at = 0; f->words[i] != NULL; i++) {
		at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s",
		    i > 0 ? ", " : "", f->words[i]);
		assert(at < sizeof(words));
	}
	return fault_set(fault, RC_INVALID, f->name, "must be one of %s",
	    words);
}

static enum rc
decode_strings(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	size_t n = json_array_size(v), characters;
	size_t most = f->item_max > 0 ? (size_t)f->item_max : ITEM_CHARACTERS;
	struct field_strings *out = member;
	const char **items, *why;
	enum rc rc;

	if (!json_is_array(v)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be a list of strings");
	}
	rc = check_limits(f, (double)n, "have", " item", fault);
	if (rc != RC_OK) {
		return rc;
	}
	items = arena_array(arena, n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(v, i);

		if (!json_is_string(item)) {
			return fault_set(fault, RC_INVALID, f->name,
			    "item %zu must be a string", i + 1);
		}
		if (check_text(item, &characters, &why) != RC_OK) {
			return fault_set(fault, RC_INVALID, f->name,
			    "item %zu %s", i + 1, why);
		}
		if (characters > most) {
			return fault_set(fault, RC_INVALID, f->name,
			    "item %zu must have at most %zu characters", i + 1,
			    most);
		}
		items[i] = arena_strndup(arena, json_string_value(item),
		    json_string_length(item));
	}
	*out = (struct field_strings){items, n};
	return RC_OK;
}

static enum rc
decode_json(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	(void)f;
	(void)arena;
	(void)fault;
	*(const json_t **)member = v;
	return RC_OK;
}

static enum rc
decode_object(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	if (!json_is_object(v)) {
		return fault_set(fault, RC_INVALID, f->name,
		    "must be an object");
	}
	return decode_json(f, v, arena, member, fault);
}

static enum rc
decode_array(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	enum rc rc;

	if (!json_is_array(v)) {
		return fault_set(fault, RC_INVALID, f->name, "must be a list");
	}
	rc =
	    check_limits(f, (double)json_array_size(v), "have", " item", fault);
	return rc == RC_OK ? decode_json(f, v, arena, member, fault) : rc;
}

/*
 * The fault of a custom decoder is told from its own field on: about "max"
 * inside of "limits" becomes about "limits.max".
 */
static enum rc
decode_custom(const struct field *f, const json_t *v, struct arena *arena,
    void *member, struct fault *fault)
{
	struct fault inner = {0};
	enum rc rc = f->custom(arena, v, member, &inner);
	size_t len = strlen(f->name);
	const char *path = inner.field;

	if (rc == RC_OK || fault == NULL) {
		return rc;
	}
	if (inner.rc == RC_OK) {
		fault_set(&inner, rc, "", "is not valid");
	}
	*fault = inner;
	if (path[0] == '\0' || strcmp(path, "body") == 0) {
		fault_set(fault, rc, f->name, "%s", inner.text);
	} else if (strncmp(path, f->name, len) != 0 ||
	    strchr(".[", path[len]) == NULL) {
		fault_set(fault, rc,
		    arena_printf(arena, "%s%s%s", f->name,
			path[0] == '[' ? "" : ".", path),
		    "%s", inner.text);
	}
	memcpy(fault->reason, inner.reason, sizeof(fault->reason));
	return rc;
}

static enum rc (*const decode[])(const struct field *, const json_t *,
    struct arena *, void *, struct fault *) = {
    [FIELD_TYPE_STRING] = decode_string,
    [FIELD_TYPE_INT] = decode_int,
    [FIELD_TYPE_NUMBER] = decode_number,
    [FIELD_TYPE_BOOL] = decode_bool,
    [FIELD_TYPE_ENUM] = decode_enum,
    [FIELD_TYPE_STRINGS] = decode_strings,
    [FIELD_TYPE_JSON] = decode_json,
    [FIELD_TYPE_OBJECT] = decode_object,
    [FIELD_TYPE_ARRAY] = decode_array,
    [FIELD_TYPE_CUSTOM] = decode_custom,
};

static enum rc
decode_field(const struct decoder *d, const struct field *f)
{
	const json_t *v = NULL;
	enum rc rc = find(d, f, &v);

	if (rc != RC_OK) {
		return rc;
	}
	if (v == NULL) {
		return f->required
		    ? fault_set(d->fault, RC_INVALID, f->name, "is required")
		    : RC_OK;
	}
	assert((unsigned)f->type < ARRAY_LEN(decode));
	rc = decode[f->type](f, v, d->arena, (char *)d->out + f->offset,
	    d->fault);
	if (rc == RC_OK && f->present > 0) {
		*((bool *)d->out + f->present - 1) = true;
	}
	return rc;
}

enum rc
fields_decode(const struct field *fields, size_t n, enum field_unknown unknown,
    const json_t *object, struct arena *arena, void *out, struct fault *fault)
{
	const struct decoder d = {fields, n, object, arena, out, fault};
	enum rc rc = RC_OK;

	if (!json_is_object(object)) {
		return fault_set(fault, RC_INVALID, "body",
		    "must be an object");
	}
	if (unknown == FIELD_UNKNOWN_REFUSE) {
		rc = check_unknown(&d);
	}
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		rc = decode_field(&d, &fields[i]);
	}
	return rc;
}
