#include "bots/discord_turns.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"
#include "lib/websocket.h"

struct turn {
	struct turn *next;
	void (*fn)(void *arg);
	void *arg;
};

struct discord_turns {
	pthread_mutex_t lock;
	pthread_cond_t fewer; /* references; on the monotonic clock */
	int refs;
	bool scheduled; /* the loop will take the turns */
	struct turn *first, **last;
	struct websocket_loop *loop;
	void (*destroy)(void *arg);
	void *arg;
};

struct discord_turns *
discord_turns_new(struct websocket_loop *loop, void (*destroy)(void *arg),
    void *arg)
{
	struct discord_turns *t = mem_new(1, sizeof(*t));
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&t->fewer, &attr);
	(void)pthread_condattr_destroy(&attr);
	t->refs = 1;
	t->last = &t->first;
	t->loop = loop;
	t->destroy = destroy;
	t->arg = arg;
	return t;
}

void
discord_turns_ref(struct discord_turns *t)
{
	(void)pthread_mutex_lock(&t->lock);
	t->refs++;
	(void)pthread_mutex_unlock(&t->lock);
}

static void
unref(struct discord_turns *t, int n)
{
	int refs;

	(void)pthread_mutex_lock(&t->lock);
	t->refs -= n;
	refs = t->refs;
	(void)pthread_cond_broadcast(&t->fewer);
	(void)pthread_mutex_unlock(&t->lock);
	assert(refs >= 0);
	if (refs > 0) {
		return;
	}
	assert(t->first == NULL);
	t->destroy(t->arg);
	(void)pthread_cond_destroy(&t->fewer);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

void
discord_turns_unref(struct discord_turns *t)
{
	unref(t, 1);
}

static struct turn *
take(struct discord_turns *t)
{
	struct turn *turn;

	(void)pthread_mutex_lock(&t->lock);
	turn = t->first;
	if (turn != NULL) {
		t->first = turn->next;
	} else {
		t->scheduled = false;
	}
	if (t->first == NULL) {
		t->last = &t->first;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return turn;
}

/* On the loop's thread. */
static void
run_all(void *arg)
{
	struct discord_turns *t = arg;
	struct turn *turn;
	int refs = 1; /* ours, and one of each turn */

	for (; (turn = take(t)) != NULL; refs++) {
		turn->fn(turn->arg);
		free(turn);
	}
	unref(t, refs);
}

void
discord_turns_add(struct discord_turns *t, void (*fn)(void *arg), void *arg)
{
	struct turn *turn = mem_new(1, sizeof(*turn));

	*turn = (struct turn){.fn = fn, .arg = arg};
	(void)pthread_mutex_lock(&t->lock);
	*t->last = turn;
	t->last = &turn->next;
	/* A loop with too much to do takes them with the next that is added. */
	if (!t->scheduled && websocket_loop_run(t->loop, run_all, t) == RC_OK) {
		t->scheduled = true;
		t->refs++;
	}
	(void)pthread_mutex_unlock(&t->lock);
}

void
discord_turns_after(struct discord_turns *t, unsigned long long *slot, int ms,
    void (*fn)(void *arg), void *arg)
{
	assert(*slot == 0);
	discord_turns_ref(t);
	*slot = websocket_after(t->loop, ms, fn, arg);
}

void
discord_turns_cancel(struct discord_turns *t, unsigned long long *slot)
{
	if (*slot != 0) {
		websocket_cancel(t->loop, *slot);
		*slot = 0;
		discord_turns_unref(t);
	}
}

enum rc
discord_turns_await(struct discord_turns *t, int refs, int ms)
{
	struct timespec until;
	enum rc rc = RC_OK;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	(void)pthread_mutex_lock(&t->lock);
	while (t->refs > refs && rc == RC_OK) {
		if (pthread_cond_timedwait(&t->fewer, &t->lock, &until) ==
		    ETIMEDOUT) {
			rc = RC_EXPIRED;
		}
	}
	(void)pthread_mutex_unlock(&t->lock);
	return rc;
}
