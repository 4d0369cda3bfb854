#include "lib/yaml_core.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 60 }; /* characters */

/* From here on a double skips integers (I-JSON, RFC 7493 2.2). */
static const double inexact_from = 0x1p53;

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const not_finite[] = {".inf", ".Inf", ".INF", "+.inf",
    "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN", NULL};

static bool
is_one_of(const char *s, const char *const *words)
{
	while (*words != NULL && strcmp(s, *words) != 0) {
		words++;
	}
	return *words != NULL;
}

/* Digits of a base, at least one, up to the end. */
static bool
is_all_of(const char *s, const char *digits)
{
	return *s != '\0' && s[strspn(s, digits)] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
is_decimal(const char *s)
{
	size_t whole, part = 0;

	s += *s == '-' || *s == '+';
	whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		part = strspn(++s, "0123456789");
		s += part;
	}
	if (whole + part == 0) {
		return false;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		return is_all_of(s, "0123456789");
	}
	return *s == '\0';
}

/*
 * Whether the schema takes s for a number, and then which; *real tells 3.0
 * from 3.
 */
static bool
is_number(const char *s, double *out, bool *real)
{
	*real = false;
	if (strncmp(s, "0o", 2) == 0 && is_all_of(s + 2, "01234567")) {
		*out = (double)strtoull(s + 2, NULL, 8);
		return true;
	}
	if (strncmp(s, "0x", 2) == 0 &&
	    is_all_of(s + 2, "0123456789abcdefABCDEF")) {
		*out = (double)strtoull(s + 2, NULL, 16);
		return true;
	}
	if (is_one_of(s, not_finite)) {
		*out = INFINITY;
		return true;
	}
	if (!is_decimal(s)) {
		return false;
	}
	*out = strtod(s, NULL);
	*real = strpbrk(s, ".eE") != NULL;
	return true;
}

enum rc
yaml_core_read(const char *s, json_t **out, const char **why)
{
	double d;
	bool real;

	if (is_one_of(s, nulls)) {
		*out = json_null();
	} else if (is_one_of(s, trues)) {
		*out = json_true();
	} else if (is_one_of(s, falses)) {
		*out = json_false();
	} else if (!is_number(s, &d, &real)) {
		*out = json_string(s);
	} else if (!isfinite(d)) {
		*why = "is not a finite number";
		return RC_INVALID;
	} else if (strlen(s) > NUMBER_MAX) {
		*why = "is too long for a number: quote it to make it text";
		return RC_INVALID;
	} else if (fabs(d) >= inexact_from) {
		*why = "is beyond 2^53 - 1: quote it to make it text";
		return RC_INVALID;
	} else {
		*out = real ? json_real(d) : json_integer((json_int_t)d);
	}
	assert(*out != NULL);
	return RC_OK;
}
