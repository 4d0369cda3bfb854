/*
 * webhook: posts a body that is already signed to an address that a caller
 * named.
 *
 * What is here says how an answer counts. The channel itself is always up: an
 * endpoint that fails is its owner's matter.
 */
#include "channel.h"

#include <stdio.h>

#include "channels/post.h"

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

	if (post_judge_lost(a, at, words, size)) {
		return;
	}
	judge_status(a->status, at);
	if (a->status == TOO_MANY || a->status == UNAVAILABLE) {
		at->retry_after_s = a->retry_after_s;
	}
	(void)snprintf(words, size, "HTTP %d", a->status);
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
	(void)f;
	*self = post_new(env, judge);
	return RC_OK;
}

static enum rc
webhook_deliver(void *self, struct delivery *d)
{
	return post_send(self, d, d->headers, d->body, d->body_len);
}

static void
webhook_health(void *self, struct channel_health *out)
{
	(void)self;
	*out = (struct channel_health){.state = CHANNEL_UP};
}

static void
webhook_stop(void *self)
{
	post_stop(self);
}

const struct channel_ops channel_webhook = {
    .name = "webhook",
    .wanted = webhook_wanted,
    .start = webhook_start,
    .deliver = webhook_deliver,
    .health = webhook_health,
    .stop = webhook_stop,
};
