#include "address_limit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

enum { SETS = 1024, WAYS = 8, WINDOW_MS = 60 * 1000, NAME = 16 };

struct place {
	unsigned char name[NAME]; /* of the address */
	const void *what;	  /* NULL = free */
	struct bucket bucket;
	long long last_ms; /* monotonic */
};

struct address_limit {
	struct place places[SETS][WAYS];
};

struct address_limit *
address_limit_new(void)
{
	return mem_new(1, sizeof(struct address_limit));
}

void
address_limit_free(struct address_limit *l)
{
	free(l);
}

/* An address as bytes; all that is none counts as one. */
static void
name_of(const char *address, unsigned char name[NAME])
{
	static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff};

	memset(name, 0, NAME);
	if (inet_pton(AF_INET, address, name + 12) == 1) {
		memcpy(name, mapped, sizeof(mapped));
	} else if (inet_pton(AF_INET6, address, name) == 1 &&
	    memcmp(name, mapped, sizeof(mapped)) != 0) {
		memset(name + 8, 0, NAME - 8);
	}
}

static struct place *
set_of(struct address_limit *l, const unsigned char name[NAME])
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (int i = 0; i < NAME; i++) {
		h = (h ^ name[i]) * 16777619u;
	}
	return l->places[h % SETS];
}

struct bucket_answer
address_limit_take(struct address_limit *l, const char *address,
    const void *what, int per_minute, long long mono_ms)
{
	unsigned char name[NAME];
	struct place *set, *p = NULL;

	name_of(address, name);
	set = set_of(l, name);
	for (int i = 0; i < WAYS && p == NULL; i++) {
		if (set[i].what == what &&
		    memcmp(set[i].name, name, NAME) == 0) {
			p = &set[i];
		}
	}
	if (p == NULL) {
		p = &set[0];
		for (int i = 1; i < WAYS && p->what != NULL; i++) {
			if (set[i].what == NULL ||
			    set[i].last_ms < p->last_ms) {
				p = &set[i];
			}
		}
		*p = (struct place){.what = what};
		memcpy(p->name, name, NAME);
	}
	p->last_ms = mono_ms;
	return bucket_take(&p->bucket, per_minute, WINDOW_MS, mono_ms);
}
