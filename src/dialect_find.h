/*
 * dialect_find: the dialects that this daemon speaks, by name.
 */
#ifndef DIALECT_FIND_H
#define DIALECT_FIND_H

#include <stddef.h>

struct dialect;

/* NULL when there is none of this name. */
const struct dialect *dialect_find(const char *name);
/* Whose this path is, whether it is found there or not. */
const struct dialect *dialect_of_path(const char *path);
/* What keys made for the dialect of this name begin with; NULL = our own. The
 * name may be NULL, or that of none. */
const char *dialect_key_prefix(const char *name);
/* The i-th, or NULL behind the last: for routing. */
const struct dialect *dialect_at(size_t i);

#endif
