#include "lib/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"

/*
 * Under AddressSanitizer, what is not handed out is poisoned and every piece
 * has a red zone behind it, so that tests see errors inside an arena too.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN
#endif

#ifdef ARENA_ASAN
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
enum { RED_ZONE = 16 };
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { RED_ZONE = 0 };
#endif

enum {
	BLOCK_BYTES = 8192, /* of a usual block, with its head */
	FIRST_BYTES = 1024, /* of the first, which thousands may hold idle */
	ALIGN = _Alignof(max_align_t)
};

struct block {
	struct block *next; /* older */
	size_t size;	    /* bytes in data */
	size_t used;
	_Alignas(max_align_t) unsigned char data[];
};

struct deferred {
	struct deferred *next; /* put in before it */
	void (*fn)(void *arg);
	void *arg;
};

struct arena {
	struct block *blocks;	   /* newest first; never NULL */
	struct deferred *deferred; /* newest first, in the blocks */
};

static struct block *
block_new(size_t size)
{
	struct block *b = mem_resize(NULL, sizeof(*b) + size, 1);

	b->next = NULL;
	b->size = size;
	b->used = 0;
	POISON(b->data, size);
	return b;
}

static void
block_free(struct block *b)
{
	UNPOISON(b->data, b->size);
	free(b);
}

static void
run_deferred(struct arena *a)
{
	/* A function may defer another one: look at the head each time. */
	while (a->deferred != NULL) {
		struct deferred *d = a->deferred;

		a->deferred = d->next;
		d->fn(d->arg);
	}
}

/* A block with `need` free bytes, newest or made now. */
static struct block *
block_with(struct arena *a, size_t need)
{
	size_t usual = BLOCK_BYTES - sizeof(struct block);
	struct block *b;

	if (a->blocks->size - a->blocks->used >= need) {
		return a->blocks;
	}
	if (need <= usual / 4) {
		b = block_new(usual);
		b->next = a->blocks;
		a->blocks = b;
		return b;
	}
	/* A large piece has a block of its own behind the one in use. */
	b = block_new(need);
	b->next = a->blocks->next;
	a->blocks->next = b;
	return b;
}

static void
give_up(size_t n, size_t size)
{
	log_error("arena: cannot get %zu * %zu bytes", n, size);
	abort();
}

struct arena *
arena_new(void)
{
	struct arena *a = mem_new(1, sizeof(*a));

	a->blocks = block_new(FIRST_BYTES - sizeof(struct block));
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *keep, *b;

	run_deferred(a);
	keep = a->blocks;
	while ((b = keep->next) != NULL) {
		keep->next = b->next;
		block_free(b);
	}
	keep->used = 0;
	POISON(keep->data, keep->size);
}

void
arena_free(struct arena *a)
{
	if (a == NULL) {
		return;
	}
	arena_reset(a);
	block_free(a->blocks);
	free(a);
}

void
arena_drop(struct arena **a)
{
	arena_free(*a);
	*a = NULL;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t need;
	struct block *b;
	void *p;

	if (size > SIZE_MAX / 2) {
		give_up(1, size);
	}
	need = (size + RED_ZONE + ALIGN - 1) / ALIGN * ALIGN;
	b = block_with(a, need);
	p = b->data + b->used;
	b->used += need;
	UNPOISON(p, size);
	return memset(p, 0, size);
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		give_up(n, size);
	}
	return arena_alloc(a, n * size);
}

void *
arena_memdup(struct arena *a, const void *p, size_t n)
{
	if (p == NULL) {
		return NULL;
	}
	return memcpy(arena_alloc(a, n), p, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len;

	if (s == NULL) {
		return NULL;
	}
	len = strnlen(s, n);
	return memcpy(arena_alloc(a, len + 1), s, len);
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, SIZE_MAX);
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int len;
	char *s;

	va_copy(again, ap);
	assert(fmt != NULL);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0) {
		give_up(1, 0);
	}
	s = arena_alloc(a, (size_t)len + 1);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

void
arena_defer(struct arena *a, void (*fn)(void *arg), void *arg)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	d->fn = fn;
	d->arg = arg;
	d->next = a->deferred;
	a->deferred = d;
}
