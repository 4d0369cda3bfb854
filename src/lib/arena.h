/*
 * arena: memory of one unit of work, dropped whole.
 *
 * A request, a frame or a delivery attempt allocates from its arena and frees
 * nothing; arena_free() or arena_reset() ends all of it at once. Allocation
 * never fails (see mem.h). Not thread-safe: an arena has one user at a time.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/rc.h"

struct arena; /* opaque: fields live in arena.c */

struct arena *arena_new(void);
/* Frees the arena and everything in it. NULL is fine. */
void arena_free(struct arena *);
/* For CLEANUP(arena_drop). */
void arena_drop(struct arena **);
/* Ends everything in it and keeps one block for the next unit of work. */
void arena_reset(struct arena *);

/* Zeroed, aligned for any type. Size 0 gives a valid pointer. */
void *arena_alloc(struct arena *, size_t size);
/* n * size bytes; overflow aborts. */
void *arena_array(struct arena *, size_t n, size_t size);
/* Copies; NULL gives NULL. The string forms end in NUL. */
char *arena_strdup(struct arena *, const char *s);
char *arena_strndup(struct arena *, const char *s, size_t n);
void *arena_memdup(struct arena *, const void *p, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Runs fn(arg) when the arena is reset or freed; last in, first out. */
void arena_defer(struct arena *, void (*fn)(void *arg), void *arg);

#endif
