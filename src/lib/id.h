/*
 * id: names of things, in the order they were made.
 *
 * A prefix and 16 hex digits: 44 bits of milliseconds and 20 bits that start
 * at random and count up within a millisecond, so that rows made together
 * stand together in an index. Ids name things; they are not secrets. A prefix
 * carries its own underline and has at most 7 characters: "int_". A source
 * has one user at a time.
 */
#ifndef LIB_ID_H
#define LIB_ID_H

#include "lib/rc.h"

enum { ID_SIZE = 24 }; /* "abcd_" + 16 digits + NUL, rounded up */

struct id_source {
	unsigned long long last; /* highest number given out or seen */
};

/* The next id, above all before it even if the clock went back. */
void id_next(struct id_source *, long long now_ms, const char *prefix,
    char out[ID_SIZE]);
/* Never gives out numbers at or below that of this id. */
void id_seen(struct id_source *, const char *id);
/* Whether `id` is `prefix` and 16 lower-case hex digits. */
int id_is(const char *id, const char *prefix);

#endif
