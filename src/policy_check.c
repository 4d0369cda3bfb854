#include "policy_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

enum {
	NUMBER_MAX = 64, /* characters of a number that came as text */
	SHOWN_MAX = 60	 /* bytes of a value in a message */
};

/* The value at a path such as "items.0.price"; NULL when there is none. */
static const json_t *
value_at(const json_t *root, const char *path, struct arena *a)
{
	const json_t *v = root;

	for (const char *s = path; v != NULL; s++) {
		const char *dot = strchrnul(s, '.');
		const char *name = arena_strndup(a, s, (size_t)(dot - s));

		if (json_is_array(v)) {
			char *end;
			unsigned long i = strtoul(name, &end, 10);

			v = isdigit((unsigned char)*name) && *end == '\0'
			    ? json_array_get(v, i)
			    : NULL;
		} else {
			v = json_object_get(v, name);
		}
		if (*dot == '\0') {
			return v;
		}
		s = dot;
	}
	return NULL;
}

/* Whether text is a decimal number and nothing else but blanks around it. */
static bool
text_number(const char *s, double *out)
{
	size_t len;
	char *end;

	s += strspn(s, " \t\r\n");
	len = strlen(s);
	while (len > 0 && isspace((unsigned char)s[len - 1])) {
		len--;
	}
	/* strtod() alone would also read hexadecimal, "inf" and "nan". */
	if (len == 0 || len > NUMBER_MAX ||
	    strspn(s, "0123456789+-.eE") < len) {
		return false;
	}
	*out = strtod(s, &end);
	return end == s + len && isfinite(*out);
}

static bool
number_of(const json_t *v, double *out)
{
	if (json_is_number(v)) {
		*out = json_number_value(v);
		return true;
	}
	return json_is_string(v) && text_number(json_string_value(v), out);
}

/* The text of a scalar, for lengths and patterns; NULL when it is none. */
static const char *
text_of(const json_t *v, struct arena *a, size_t *len)
{
	if (json_is_string(v)) {
		*len = json_string_length(v);
		return json_string_value(v);
	}
	if (json_is_object(v) || json_is_array(v)) {
		return NULL;
	}
	return json_canonical(a, v, len);
}

static const char *
number_text(struct arena *a, double d)
{
	json_t *v = json_real(d);
	size_t len;
	const char *s = json_canonical(a, v, &len);

	json_decref(v);
	return s;
}

static const char *
check_range(const struct policy_check *c, const json_t *v, struct arena *a)
{
	const char *shown;
	double d;
	size_t len = 0;

	if (!c->has_min && !c->has_max) {
		return NULL;
	}
	if (!number_of(v, &d)) {
		return arena_printf(a, "Field '%s' must be a number", c->path);
	}
	shown = text_of(v, a, &len);
	if (c->has_max && d > c->max) {
		return arena_printf(a, "Field '%s' value %.*s exceeds max %s",
		    c->path, SHOWN_MAX, shown, number_text(a, c->max));
	}
	if (c->has_min && d < c->min) {
		return arena_printf(a, "Field '%s' value %.*s is below min %s",
		    c->path, SHOWN_MAX, shown, number_text(a, c->min));
	}
	return NULL;
}

static long long
characters(const char *s, size_t len)
{
	long long n = 0;

	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80) {
			n++;
		}
	}
	return n;
}

static const char *
check_length(const struct policy_check *c, const json_t *v, struct arena *a)
{
	const char *s;
	long long n;
	size_t len = 0;

	if (!c->has_max_length) {
		return NULL;
	}
	s = text_of(v, a, &len);
	if (s == NULL && !json_is_array(v)) {
		return arena_printf(a, "Field '%s' must be text or a list",
		    c->path);
	}
	n = s == NULL ? (long long)json_array_size(v) : characters(s, len);
	if (n <= c->max_length) {
		return NULL;
	}
	return arena_printf(a, "Field '%s' length %lld exceeds max %lld",
	    c->path, n, c->max_length);
}

static void
check_pattern(const struct policy_check *c, const json_t *v, struct arena *a,
    struct policy_finding *out)
{
	const char *s;
	size_t len = 0;
	bool found = false;

	if (c->pattern == NULL) {
		return;
	}
	s = text_of(v, a, &len);
	if (s != NULL && regex_search(c->pattern, s, len, &found) != RC_OK) {
		out->doubt = arena_printf(a,
		    "Field '%s' could not be checked against its pattern",
		    c->path);
		return;
	}
	if (!found) {
		out->blocked =
		    arena_printf(a, "Field '%s' format invalid", c->path);
	}
}

static bool
is_empty(const json_t *v)
{
	return v == NULL || json_is_null(v) ||
	    (json_is_string(v) && json_string_length(v) == 0);
}

static void
check_one(const struct policy_check *c, const json_t *root, struct arena *a,
    struct policy_finding *out)
{
	const json_t *v = value_at(root, c->path, a);

	if (c->required && is_empty(v)) {
		out->blocked = arena_printf(a,
		    "Field '%s' is required but missing/empty", c->path);
		return;
	}
	if (v == NULL || json_is_null(v)) {
		return;
	}
	out->blocked = check_range(c, v, a);
	if (out->blocked == NULL) {
		out->blocked = check_length(c, v, a);
	}
	if (out->blocked == NULL) {
		check_pattern(c, v, a, out);
	}
}

/* Text that means to be JSON: a reader more lenient than ours may take it. */
static bool
looks_like_json(const char *s, size_t len)
{
	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		s += 3; /* a byte order mark */
		len -= 3;
	}
	while (len > 0 && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	return len > 0 && (*s == '{' || *s == '[');
}

void
policy_check_payload(const struct policy_check *checks, size_t n,
    const char *payload, size_t len, struct arena *a,
    struct policy_finding *out)
{
	CLEANUP(json_drop) json_t *root = NULL;
	struct fault f = {0};

	*out = (struct policy_finding){0};
	if (json_read(payload, len, &root, &f) != RC_OK &&
	    looks_like_json(payload, len)) {
		out->blocked =
		    arena_printf(a, "Payload is not valid JSON: %s", f.text);
		return;
	}
	for (size_t i = 0; i < n && out->blocked == NULL; i++) {
		check_one(&checks[i], root, a, out);
	}
}
