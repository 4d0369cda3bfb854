#include "lib/http_server_parking.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/mem.h"

struct place {
	_Atomic unsigned long long tag; /* see tag_of() */
	struct MHD_Connection *conn;	/* borrowed, while it waits */
	unsigned generation;		/* how often the place was taken */
	unsigned next;			/* free place after this one */
};

/* One word, so that of two threads that resume a request only one wins. */
static unsigned long long
tag_of(struct http_handle h, bool waits)
{
	return (unsigned long long)h.generation << 1 | (waits ? 1 : 0);
}

void
http_parking_init(struct parking *p, unsigned max,
    void (*wake)(struct MHD_Connection *, void *arg), void *arg)
{
	unsigned i;

	*p = (struct parking){.max = max, .wake = wake, .arg = arg};
	p->places = mem_new(max > 0 ? max : 1, sizeof(*p->places));
	for (i = 0; i < max; i++) {
		p->places[i].next = i + 1;
	}
}

void
http_parking_fini(struct parking *p)
{
	free(p->places);
}

enum rc
http_parking_take(struct parking *p, struct http_handle *out)
{
	struct place *place;

	if (p->free == p->max) {
		return RC_BUSY;
	}
	place = &p->places[p->free];
	place->generation++;
	*out = (struct http_handle){p->free, place->generation};
	p->free = place->next;
	p->taken++;
	return RC_OK;
}

void
http_parking_open(struct parking *p, struct http_handle h,
    struct MHD_Connection *conn)
{
	struct place *place = &p->places[h.slot];

	assert(place->generation == h.generation);
	place->conn = conn;
	atomic_fetch_add(&p->waiting, 1);
	atomic_store(&place->tag, tag_of(h, true));
}

void
http_parking_release(struct parking *p, struct http_handle h)
{
	struct place *place = &p->places[h.slot];

	assert(place->generation == h.generation);
	place->next = p->free;
	p->free = h.slot;
	p->taken--;
}

void
http_parking_resume(struct parking *p, struct http_handle h)
{
	unsigned long long tag = tag_of(h, true);
	struct place *place;

	if (h.slot >= p->max) {
		return;
	}
	place = &p->places[h.slot];
	atomic_fetch_add(&p->inside, 1);
	if (atomic_compare_exchange_strong(&place->tag, &tag,
		tag_of(h, false))) {
		/* Until it is woken the connection is not ended. */
		atomic_fetch_sub(&p->waiting, 1);
		p->wake(place->conn, p->arg);
	}
	atomic_fetch_sub(&p->inside, 1);
}

void
http_parking_resume_all(struct parking *p)
{
	unsigned i;

	for (i = 0; i < p->max; i++) {
		http_parking_resume(p,
		    (struct http_handle){i, p->places[i].generation});
	}
}
