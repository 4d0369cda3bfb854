/*
 * form: what a browser posts, application/x-www-form-urlencoded (WHATWG URL,
 * "application/x-www-form-urlencoded parsing").
 */
#ifndef LIB_FORM_H
#define LIB_FORM_H

#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

enum { FORM_FIELDS_MAX = 32 };

struct form {
	const char *names[FORM_FIELDS_MAX];
	const char *values[FORM_FIELDS_MAX];
	size_t n;
};

/* Copies into the arena. RC_INVALID: a bad escape, a NUL, text that is not
 * UTF-8, or too many fields. */
enum rc form_parse(struct arena *, const char *body, size_t len,
    struct form *out) MUST_CHECK;
/* The first value of that name, or NULL. */
const char *form_get(const struct form *, const char *name);

#endif
