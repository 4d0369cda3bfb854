#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

/* The log needs no memory of its own, so it can still say this. */
static void
give_up(size_t n, size_t size)
{
	log_error("memory: cannot get %zu * %zu bytes", n, size);
	abort();
}

/* n * size, but at least one byte, so that NULL always means failure. */
static size_t
total(size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		give_up(n, size);
	}
	return n == 0 || size == 0 ? 1 : n * size;
}

void *
mem_new(size_t n, size_t size)
{
	void *p = calloc(1, total(n, size));

	if (p == NULL) {
		give_up(n, size);
	}
	return p;
}

void *
mem_resize(void *p, size_t n, size_t size)
{
	void *new = realloc(p, total(n, size));

	if (new == NULL) {
		give_up(n, size);
	}
	return new;
}

char *
mem_strndup(const char *s, size_t n)
{
	size_t len;
	char *copy;

	if (s == NULL) {
		return NULL;
	}
	len = strnlen(s, n);
	copy = mem_new(len + 1, 1);
	memcpy(copy, s, len);
	return copy;
}

char *
mem_strdup(const char *s)
{
	return mem_strndup(s, SIZE_MAX);
}

void
mem_drop(void *pointer_variable)
{
	void *p;

	/* Copied by bytes: the variable is a pointer of some other type. */
	memcpy(&p, pointer_variable, sizeof(p));
	free(p);
}
