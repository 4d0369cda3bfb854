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
/* The i-th, or NULL behind the last: for routing. */
const struct dialect *dialect_at(size_t i);

#endif
