#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

enum { FIRST_BYTES = 64 };

/* Makes room for n bytes and a NUL; false and full when max forbids. */
static bool
make_room(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : BUF_MAX;
	size_t size = b->size ? b->size : FIRST_BYTES;

	if (b->full || n > max - b->len) {
		b->full = true;
		return false;
	}
	while (size < b->len + n + 1) {
		size *= 2;
	}
	if (size != b->size) {
		b->data = mem_resize(b->data, size, 1);
		b->size = size;
	}
	return true;
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL) {
		b->data[0] = '\0';
	}
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!make_room(b, n)) {
		return;
	}
	if (n > 0) {
		memcpy(b->data + b->len, p, n);
	}
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !make_room(b, (size_t)n)) {
		b->full = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
