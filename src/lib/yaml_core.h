/*
 * yaml_core: what an unquoted word of YAML means (YAML 1.2.2, 10.3.2).
 */
#ifndef LIB_YAML_CORE_H
#define LIB_YAML_CORE_H

#include <jansson.h>

#include "lib/rc.h"

/*
 * null, a boolean, a number, or else text. RC_INVALID for a number that JSON
 * cannot carry: infinities, NaN, and anything beyond 2^53 - 1, which is most
 * often an id that lacks its quotes. *why then goes on after the word: "is
 * not a finite number". s is UTF-8; the caller owns *out.
 */
enum rc yaml_core_read(const char *s, json_t **out, const char **why)
    MUST_CHECK;

#endif
