/*
 * json: strict reading and canonical writing, over jansson.
 *
 * json_t is a value and may travel; this is where foreign bytes become one.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

enum {
	JSON_DEPTH_MAX = 64,
	JSON_VALUES_MAX = 250000 /* "{}," is 3 bytes of text, 250 of memory */
};

/*
 * Reads one JSON text (RFC 8259). Refused with RC_INVALID and words that name
 * line and column: duplicate keys, NaN and infinities, bytes that are not
 * UTF-8, lone surrogates, depth over JSON_DEPTH_MAX, more than JSON_VALUES_MAX
 * values, anything behind the text, integers outside +-(2^53 - 1) (I-JSON,
 * RFC 7493 2.2: send those as strings) also when they are spelled 1e17, numbers
 * of more than 60 characters, reals beyond a double, \u0000. What is taken is
 * also taken in its canonical form. Any type is allowed at the top. The fault
 * is about the field "body". The caller owns *out.
 */
enum rc json_read(const char *s, size_t len, json_t **out, struct fault *f)
    MUST_CHECK;
/*
 * Canonical form, RFC 8785 (JCS): keys in the order of their UTF-16 code
 * units, numbers as ECMAScript writes them. Integers outside +-2^53 lose
 * digits, as they would for any other reader. out_len may be NULL.
 */
char *json_canonical(struct arena *, const json_t *, size_t *out_len);
/* Compact text; the order of keys and all digits of integers are kept. */
char *json_compact(struct arena *, const json_t *, size_t *out_len);
/* For CLEANUP(json_drop). */
void json_drop(json_t **);

#endif
