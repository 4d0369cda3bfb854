/*
 * webhook: posts a body that is already signed to an address that a caller
 * named.
 *
 * The courier checks the address when it connects and follows no redirect;
 * what is here says how an answer counts. The channel itself is always up: an
 * endpoint that fails is its owner's matter.
 */
#include "channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"

enum {
	WEBHOOK_TIMEOUT_MS = 8000, /* the native dialect promises it */
	WEBHOOK_STOP_S = 9,	   /* longer than any call */
	WEBHOOK_ANSWER_MAX = 1024, /* bytes; nobody reads them */
	WEBHOOK_DETAIL = 160
};

/* Counted: by its owner and by each call under way. */
struct hooks {
	pthread_mutex_t lock;
	pthread_cond_t fewer; /* calls; on the monotonic clock */
	int calls;	      /* under way */
	bool owned;	      /* until stop: only then somebody is told */
	bool stopping;
	struct channel_env env;
};

struct call {
	struct hooks *hooks;
	struct delivery *delivery; /* owned */
};

/* Under the lock, which ends. */
static void
release(struct hooks *h)
{
	bool last = h->calls == 0 && !h->owned;

	pthread_mutex_unlock(&h->lock);
	if (last) {
		pthread_cond_destroy(&h->fewer);
		pthread_mutex_destroy(&h->lock);
		free(h);
	}
}

/*
 * Standard Webhooks, "Deliverability and reliability": 2xx is taken, 410 wants
 * no more, and whoever names a time is asked again then. All else may pass.
 */
static void
judge_status(int status, struct attempt *at)
{
	enum { GONE = 410 };

	if (status >= 200 && status < 300) {
		at->rc = RC_OK;
	} else if (status == GONE) {
		at->rc = RC_REMOTE_PERM;
	} else {
		at->rc = RC_REMOTE_TEMP;
	}
}

static void
judge(const struct http_answer *a, struct attempt *at, char *words, size_t size)
{
	enum { TOO_MANY = 429, UNAVAILABLE = 503 };

	if (a->rc != RC_OK) {
		/* For good is only what the endpoint itself says. */
		at->rc = a->rc == RC_REMOTE_PERM ? RC_REMOTE_TEMP : a->rc;
		(void)snprintf(words, size, "%s",
		    a->detail != NULL ? a->detail : rc_name(a->rc));
		return;
	}
	judge_status(a->status, at);
	if (a->status == TOO_MANY || a->status == UNAVAILABLE) {
		at->retry_after_s = a->retry_after_s;
	}
	(void)snprintf(words, size, "HTTP %d", a->status);
}

/* On the courier's thread. */
static void
on_answer(void *arg, const struct http_answer *a)
{
	struct call *call = arg;
	struct hooks *h = call->hooks;
	char words[WEBHOOK_DETAIL];
	struct attempt at = {.detail = words};

	judge(a, &at, words, sizeof(words));
	pthread_mutex_lock(&h->lock);
	if (h->owned) {
		h->env.up->ended(h->env.up->ctx, call->delivery->id, &at);
	}
	h->calls--;
	pthread_cond_broadcast(&h->fewer);
	delivery_free(call->delivery);
	free(call);
	release(h);
}

static bool
webhook_wanted(const struct channel_env *env)
{
	(void)env;
	return true;
}

static enum rc
webhook_start(const struct channel_env *env, void **self, struct fault *f)
{
	struct hooks *h = mem_new(1, sizeof(*h));
	pthread_condattr_t attr;

	(void)f;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->fewer, &attr);
	pthread_condattr_destroy(&attr);
	h->owned = true;
	h->env = *env;
	*self = h;
	return RC_OK;
}

/* Counts a call, unless we are stopping. */
static bool
begin(struct hooks *h)
{
	bool may;

	pthread_mutex_lock(&h->lock);
	may = !h->stopping;
	h->calls += may ? 1 : 0;
	pthread_mutex_unlock(&h->lock);
	return may;
}

static enum rc
webhook_deliver(void *self, struct delivery *d)
{
	struct hooks *h = self;
	struct http_call http = {
	    .pool = HTTP_FOREIGN,
	    .method = "POST",
	    .url = d->address,
	    .headers = d->headers,
	    .body = d->body,
	    .body_len = d->body_len,
	    .timeout_ms = WEBHOOK_TIMEOUT_MS,
	    .answer_max = WEBHOOK_ANSWER_MAX,
	};
	struct call *call;
	enum rc rc;

	if (!begin(h)) {
		return RC_BUSY;
	}
	call = mem_new(1, sizeof(*call));
	*call = (struct call){h, d};
	rc = http_client_send(h->env.http, &http, on_answer, call);
	if (rc != RC_OK) {
		free(call);
		pthread_mutex_lock(&h->lock);
		h->calls--;
		pthread_cond_broadcast(&h->fewer);
		release(h);
	}
	return rc;
}

static void
webhook_health(void *self, struct channel_health *out)
{
	(void)self;
	*out = (struct channel_health){.state = CHANNEL_UP};
}

/* Calls end by themselves in time; one that does not is told to nobody. */
static void
webhook_stop(void *self)
{
	struct hooks *h = self;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += WEBHOOK_STOP_S;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	while (h->calls > 0 &&
	    pthread_cond_timedwait(&h->fewer, &h->lock, &t) != ETIMEDOUT) {
	}
	h->owned = false;
	release(h);
}

const struct channel_ops channel_webhook = {
    .name = "webhook",
    .wanted = webhook_wanted,
    .start = webhook_start,
    .deliver = webhook_deliver,
    .health = webhook_health,
    .stop = webhook_stop,
};
