#include "channels/post.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"

enum {
	STOP_S = 9,	  /* longer than any call */
	ANSWER_MAX = 1024 /* bytes; nobody reads them */
};

/* Counted: by its owner and by each call under way. */
struct post {
	pthread_mutex_t lock;
	pthread_cond_t fewer; /* calls; on the monotonic clock */
	int calls;	      /* under way */
	bool owned;	      /* until stop: only then somebody is told */
	bool stopping;
	struct channel_env env;
	post_judge *judge;
};

struct call {
	struct post *post;
	struct delivery *delivery; /* owned */
};

/* Under the lock, which ends. */
static void
release(struct post *p)
{
	bool last = p->calls == 0 && !p->owned;

	pthread_mutex_unlock(&p->lock);
	if (last) {
		pthread_cond_destroy(&p->fewer);
		pthread_mutex_destroy(&p->lock);
		free(p);
	}
}

bool
post_judge_lost(const struct http_answer *a, struct attempt *at, char *words,
    size_t size)
{
	if (a->rc == RC_OK) {
		return false;
	}
	/* For good is only what the endpoint itself says. */
	at->rc = a->rc == RC_REMOTE_PERM ? RC_REMOTE_TEMP : a->rc;
	(void)snprintf(words, size, "%s",
	    a->detail != NULL ? a->detail : rc_name(a->rc));
	return true;
}

/* On the courier's thread. */
static void
on_answer(void *arg, const struct http_answer *a)
{
	struct call *call = arg;
	struct post *p = call->post;
	char words[POST_DETAIL];
	struct attempt at = {.detail = words};

	p->judge(a, &at, words, sizeof(words));
	pthread_mutex_lock(&p->lock);
	if (p->owned) {
		p->env.up->ended(p->env.up->ctx, call->delivery->id, &at);
	}
	p->calls--;
	pthread_cond_broadcast(&p->fewer);
	delivery_free(call->delivery);
	free(call);
	release(p);
}

struct post *
post_new(const struct channel_env *env, post_judge *judge)
{
	struct post *p = mem_new(1, sizeof(*p));
	pthread_condattr_t attr;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->fewer, &attr);
	pthread_condattr_destroy(&attr);
	p->owned = true;
	p->env = *env;
	p->judge = judge;
	return p;
}

/* Counts a call, unless we are stopping. */
static bool
begin(struct post *p)
{
	bool may;

	pthread_mutex_lock(&p->lock);
	may = !p->stopping;
	p->calls += may ? 1 : 0;
	pthread_mutex_unlock(&p->lock);
	return may;
}

enum rc
post_send(struct post *p, struct delivery *d, const char *const *headers,
    const char *body, size_t len)
{
	const struct http_call http = {
	    .pool = HTTP_FOREIGN,
	    .method = "POST",
	    .url = d->address,
	    .headers = headers,
	    .body = body,
	    .body_len = len,
	    .timeout_ms = POST_TIMEOUT_MS,
	    .answer_max = ANSWER_MAX,
	};
	struct call *call;
	enum rc rc;

	if (!begin(p)) {
		return RC_BUSY;
	}
	call = mem_new(1, sizeof(*call));
	*call = (struct call){p, d};
	rc = http_client_send(p->env.http, &http, on_answer, call);
	if (rc != RC_OK) {
		free(call);
		pthread_mutex_lock(&p->lock);
		p->calls--;
		pthread_cond_broadcast(&p->fewer);
		release(p);
	}
	return rc;
}

void
post_stop(struct post *p)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += STOP_S;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	while (p->calls > 0 &&
	    pthread_cond_timedwait(&p->fewer, &p->lock, &t) != ETIMEDOUT) {
	}
	p->owned = false;
	release(p);
}
