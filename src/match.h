/*
 * match: whether a payload says something that a policy forbids. Pure.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/field.h"

/*
 * The first of `terms` found in the text, or NULL. The text is read as a
 * hostile author would like it not to be: see text_fold(). Whole words unless
 * `substring`. The JSON form of a payload is also read with its \u escapes
 * resolved.
 */
const char *match_terms(const struct field_strings *terms, bool substring,
    const char *text, size_t len, struct arena *);

#endif
