/*
 * buf: a growing byte buffer with a maximum.
 *
 * Always NUL-terminated behind len, so that it can be read as a string. When
 * an append would pass `max`, nothing is appended, `full` is set and nothing
 * is appended any more until buf_clear(): write freely, check once.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

struct buf {
	char *data;  /* owned; NULL until the first append */
	size_t len;  /* bytes */
	size_t size; /* bytes allocated */
	size_t max;  /* bytes; 0 = BUF_MAX */
	bool full;   /* an append was refused */
};

enum { BUF_MAX = 64 * 1024 * 1024 };

void buf_init(struct buf *, size_t max);
/* Frees the bytes; the buf may be used again. Also fits CLEANUP. */
void buf_fini(struct buf *);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *);
void buf_add(struct buf *, const void *p, size_t n);
void buf_puts(struct buf *, const char *s);
void buf_putc(struct buf *, char c);
void buf_printf(struct buf *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* data, or "" while it is NULL. Borrowed until the next append. */
const char *buf_str(const struct buf *);

#endif
