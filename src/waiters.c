#include "waiters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"
#include "lib/mem.h"

enum { SHARDS = 4096, NONE = -1 };

struct waiter {
	char id[ID_SIZE];
	struct http_handle handle;
	long long deadline_ms;
	int next; /* in its shard or in the free list; index */
};

struct waiters {
	struct http_server *server;
	atomic_ulong epoch[SHARDS];
	pthread_mutex_t lock; /* of all below */
	int head[SHARDS];
	struct waiter *all; /* WAITERS_MAX of them, made as needed */
	int made;
	int free; /* head of the free list */
	int waiting;
	long long earliest_ms; /* no deadline lies before */
};

static unsigned
shard_of(const char *id)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *id != '\0'; id++) {
		h = (h ^ (unsigned char)*id) * 16777619u;
	}
	return h % SHARDS;
}

struct waiters *
waiters_new(void)
{
	struct waiters *w = mem_new(1, sizeof(*w));

	(void)pthread_mutex_init(&w->lock, NULL);
	for (int i = 0; i < SHARDS; i++) {
		w->head[i] = NONE;
	}
	w->free = NONE;
	return w;
}

void
waiters_free(struct waiters *w)
{
	if (w != NULL) {
		(void)pthread_mutex_destroy(&w->lock);
		free(w->all);
		free(w);
	}
}

/* A free place, or NONE. Memory grows with those who wait. */
static int
place(struct waiters *w)
{
	int i = w->free;

	if (i != NONE) {
		w->free = w->all[i].next;
		return i;
	}
	if (w->made == WAITERS_MAX) {
		return NONE;
	}
	if (w->made % 256 == 0) {
		w->all =
		    mem_resize(w->all, (size_t)w->made + 256, sizeof(*w->all));
	}
	return w->made++;
}

enum rc
waiters_add(struct waiters *w, struct http_server *server,
    const char *intent_id, struct http_handle h, long long deadline_ms)
{
	unsigned shard = shard_of(intent_id);
	int i;

	(void)pthread_mutex_lock(&w->lock);
	w->server = server;
	i = place(w);
	if (i != NONE) {
		w->all[i] = (struct waiter){.handle = h,
		    .deadline_ms = deadline_ms,
		    .next = w->head[shard]};
		(void)snprintf(w->all[i].id, ID_SIZE, "%s", intent_id);
		w->head[shard] = i;
		if (w->waiting == 0 || deadline_ms < w->earliest_ms) {
			w->earliest_ms = deadline_ms;
		}
		w->waiting++;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return i != NONE ? RC_OK : RC_BUSY;
}

static void
wake(struct waiters *w, int *at)
{
	int i = *at;

	http_resume(w->server, w->all[i].handle);
	*at = w->all[i].next;
	w->all[i].next = w->free;
	w->free = i;
	w->waiting--;
}

void
waiters_changed(struct waiters *w, const char *intent_id)
{
	unsigned shard = shard_of(intent_id);
	int *at;

	atomic_fetch_add(&w->epoch[shard], 1);
	(void)pthread_mutex_lock(&w->lock);
	at = &w->head[shard];
	while (*at != NONE) {
		if (strcmp(w->all[*at].id, intent_id) == 0) {
			wake(w, at);
		} else {
			at = &w->all[*at].next;
		}
	}
	(void)pthread_mutex_unlock(&w->lock);
}

static void
tick_shard(struct waiters *w, int shard, long long mono_ms)
{
	int *at = &w->head[shard];

	while (*at != NONE) {
		long long deadline = w->all[*at].deadline_ms;

		if (deadline <= mono_ms) {
			wake(w, at);
			continue;
		}
		if (deadline < w->earliest_ms) {
			w->earliest_ms = deadline;
		}
		at = &w->all[*at].next;
	}
}

void
waiters_tick(struct waiters *w, long long mono_ms)
{
	(void)pthread_mutex_lock(&w->lock);
	if (w->waiting > 0 && mono_ms >= w->earliest_ms) {
		w->earliest_ms = mono_ms + 3600 * 1000;
		for (int i = 0; i < SHARDS; i++) {
			tick_shard(w, i, mono_ms);
		}
	}
	(void)pthread_mutex_unlock(&w->lock);
}

unsigned long
waiters_epoch(const struct waiters *w, const char *intent_id)
{
	return atomic_load(&w->epoch[shard_of(intent_id)]);
}
