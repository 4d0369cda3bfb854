#include "ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PATIENCE_S = 60 };

static void
copy(char *out, size_t size, const char *s)
{
	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

static void
on_ended(void *ctx, const char *id, const struct attempt *at)
{
	struct ear *e = ctx;

	pthread_mutex_lock(&e->lock);
	e->times++;
	e->fine += at->rc == RC_OK ? 1 : 0;
	e->last.rc = at->rc;
	e->last.retry_after_s = at->retry_after_s;
	copy(e->last.id, sizeof(e->last.id), id);
	copy(e->last.remote_id, sizeof(e->last.remote_id), at->remote_id);
	copy(e->last.detail, sizeof(e->last.detail), at->detail);
	pthread_cond_broadcast(&e->came);
	pthread_mutex_unlock(&e->lock);
}

static const char *
setting(void *ctx, const char *name)
{
	const struct ear *e = ctx;
	size_t len = strlen(name);
	int i;

	for (i = 0; i < EAR_SETTINGS_MAX && e->settings[i] != NULL; i++) {
		if (strncmp(e->settings[i], name, len) == 0 &&
		    e->settings[i][len] == '=') {
			return e->settings[i] + len + 1;
		}
	}
	return NULL;
}

void
ear_init(struct ear *e, struct http_client *http)
{
	memset(e, 0, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->came, NULL);
	e->up = (struct channel_up){.ended = on_ended, .ctx = e};
	e->env = (struct channel_env){
	    .up = &e->up,
	    .http = http,
	    .setting = setting,
	    .setting_ctx = e,
	    .public_url = "http://127.0.0.1:4000",
	};
}

void
ear_fini(struct ear *e)
{
	pthread_cond_destroy(&e->came);
	pthread_mutex_destroy(&e->lock);
}

struct ear_end
ear_wait(struct ear *e, int times)
{
	struct timespec t;
	struct ear_end last;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&e->lock);
	while (e->times < times &&
	    pthread_cond_timedwait(&e->came, &e->lock, &t) == 0) {
	}
	last = e->last;
	assert_int_equal(e->times, times);
	pthread_mutex_unlock(&e->lock);
	return last;
}

int
ear_times(struct ear *e)
{
	int times;

	pthread_mutex_lock(&e->lock);
	times = e->times;
	pthread_mutex_unlock(&e->lock);
	return times;
}

int
ear_fine(struct ear *e)
{
	int fine;

	pthread_mutex_lock(&e->lock);
	fine = e->fine;
	pthread_mutex_unlock(&e->lock);
	return fine;
}

struct delivery *
ear_delivery(enum delivery_kind kind, const char *id, const char *address)
{
	struct arena *a = arena_new();
	struct delivery *d = arena_alloc(a, sizeof(*d));

	d->arena = a;
	d->kind = kind;
	d->attempt = 1;
	copy(d->id, sizeof(d->id), id);
	d->address = arena_strdup(a, address);
	return d;
}
