/*
 * slack_webhook: posts a card to an incoming webhook of Slack.
 *
 * Such an address takes messages and nothing comes back over it: the card has
 * a button that opens the page of a magic link, and the code to be typed
 * there. What was posted cannot be changed later. The address itself is a
 * secret; it lives in the delivery and nowhere here.
 */
#include "channel.h"

#include <stdio.h>
#include <string.h>

#include "channels/post.h"
#include "channels/slack_webhook_card.h"

/*
 * Slack, "Sending messages using incoming webhooks", "Handling errors": 400,
 * 403, 404 and 410 say that this webhook or this message never works; "Rate
 * limits": 429 names a time.
 */
static void
judge(const struct http_answer *a, struct attempt *at, char *words, size_t size)
{
	enum { TOO_MANY = 429 };

	if (post_judge_lost(a, at, words, size)) {
		return;
	}
	if (a->status >= 200 && a->status < 300) {
		at->rc = RC_OK;
	} else if (a->status >= 400 && a->status < 500 &&
	    a->status != TOO_MANY) {
		at->rc = RC_REMOTE_PERM;
	} else {
		at->rc = RC_REMOTE_TEMP;
		at->retry_after_s = a->retry_after_s;
	}
	(void)snprintf(words, size, "HTTP %d", a->status);
}

/* Who names such an address finds it used; nothing needs to be set. */
static bool
slack_webhook_wanted(const struct channel_env *env)
{
	(void)env;
	return true;
}

static enum rc
slack_webhook_start(const struct channel_env *env, void **self, struct fault *f)
{
	(void)f;
	*self = post_new(env, judge);
	return RC_OK;
}

static enum rc
slack_webhook_deliver(void *self, struct delivery *d)
{
	static const char *const headers[] =
	    {"Content-Type: application/json; charset=utf-8", NULL};
	size_t len;
	const char *body = slack_webhook_card(d, &len);

	return post_send(self, d, headers, body, len);
}

static void
slack_webhook_health(void *self, struct channel_health *out)
{
	(void)self;
	*out = (struct channel_health){.state = CHANNEL_UP};
}

static void
slack_webhook_stop(void *self)
{
	post_stop(self);
}

const struct channel_ops channel_slack_webhook = {
    .name = "slack_webhook",
    .payload_max = SLACK_WEBHOOK_PAYLOAD_MAX,
    .wanted = slack_webhook_wanted,
    .start = slack_webhook_start,
    .deliver = slack_webhook_deliver,
    .health = slack_webhook_health,
    .stop = slack_webhook_stop,
};
