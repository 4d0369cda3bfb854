#include "bots/slack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bots/slack_find.h"
#include "bots/slack_message.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/url.h"

enum {
	STOP_ANSWERS_MS = 2000, /* for answers that the trunk has */
	STOP_MS = 9000,		/* longer than any call */
	AUTH_FAILURES = 3	/* in a row, until we say that it is down */
};

static const char *
setting(const struct channel_env *env, const char *name)
{
	const char *value = env->setting(env->setting_ctx, name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool
slack_wanted(const struct channel_env *env)
{
	return setting(env, "SLACK_APP_TOKEN") != NULL ||
	    setting(env, "SLACK_BOT_TOKEN") != NULL;
}

static enum rc
check_token(const struct channel_env *env, const char *name, const char *kind,
    struct fault *f)
{
	const char *token = setting(env, name);

	if (token == NULL) {
		return fault_set(f, RC_INVALID, name,
		    "Slack needs both tokens; this one is not set");
	}
	if (strncmp(token, kind, strlen(kind)) != 0) {
		return fault_set(f, RC_INVALID, name,
		    "this token begins with %s", kind);
	}
	if (token[strcspn(token, " \t\r\n")] != '\0') {
		return fault_set(f, RC_INVALID, name,
		    "there is a blank or a line break in it");
	}
	return RC_OK;
}

static enum rc
slack_check(const struct channel_env *env, struct fault *f)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *api = setting(env, "SLACK_API_URL");
	const char *channel = setting(env, "SLACK_DEFAULT_CHANNEL");
	struct url url;
	enum rc rc = check_token(env, "SLACK_APP_TOKEN", "xapp-", f);

	if (rc == RC_OK) {
		rc = check_token(env, "SLACK_BOT_TOKEN", "xoxb-", f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (api == NULL || url_parse(a, api, &url, NULL) != RC_OK) {
		return fault_set(f, RC_INVALID, "SLACK_API_URL",
		    "it is not an http or https URL");
	}
	if (channel != NULL && !slack_find_is_channel(channel)) {
		return fault_set(f, RC_INVALID, "SLACK_DEFAULT_CHANNEL",
		    "must be the id of a channel, such as T0001/C0001");
	}
	return RC_OK;
}

static struct slack *
slack_new(const struct channel_env *env)
{
	struct slack *s = mem_new(1, sizeof(*s));
	const char *api = setting(env, "SLACK_API_URL");
	size_t len = strlen(api);
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->change, &attr);
	(void)pthread_condattr_destroy(&attr);
	s->env = *env;
	s->refs = 1;
	s->last = &s->first;
	s->api_url = mem_new(len + 2, 1);
	memcpy(s->api_url, api, len);
	if (api[len - 1] != '/') {
		s->api_url[len] = '/';
	}
	s->web = (struct slack_web){.http = env->http,
	    .api_url = s->api_url,
	    .token = setting(env, "SLACK_BOT_TOKEN")};
	return s;
}

static void
begin(struct slack *s, struct slack_turn *t, bool alive)
{
	free(t);
	if (alive) {
		slack_auth_begin(s);
	}
}

static void
put_turn(struct slack *s,
    void (*run)(struct slack *, struct slack_turn *, bool alive))
{
	struct slack_turn *t = mem_new(1, sizeof(*t));

	t->run = run;
	slack_turn(s, t);
}

static enum rc
slack_start(const struct channel_env *env, void **self, struct fault *f)
{
	struct slack_session_options o = {.loop = env->chat,
	    .http = env->http,
	    .app_token = setting(env, "SLACK_APP_TOKEN"),
	    .envelope = slack_on_envelope};
	struct slack *s;
	enum rc rc = slack_check(env, f);

	if (rc != RC_OK) {
		return rc;
	}
	s = slack_new(env);
	o.api_url = s->api_url;
	o.ctx = s;
	/* An envelope that is quick waits here until there is a session. */
	(void)pthread_mutex_lock(&s->lock);
	s->session = slack_session_new(&o);
	(void)pthread_mutex_unlock(&s->lock);
	put_turn(s, begin);
	*self = s;
	return RC_OK;
}

static enum rc
slack_deliver(void *self, struct delivery *d)
{
	return slack_post_take(self, d);
}

/* --- health --------------------------------------------------------------- */

static void
say(struct channel_health *out, enum channel_state state, const char *fault)
{
	out->state = state;
	(void)snprintf(out->fault, sizeof(out->fault), "%s", fault);
}

/* What the token makes of a session's health. */
static void
merge(const struct slack_auth_news *au, struct channel_health *out)
{
	switch (au->state) {
	case SLACK_AUTH_REFUSED:
		say(out, CHANNEL_DOWN, au->fault);
		break;
	case SLACK_AUTH_FINE:
		if (out->state == CHANNEL_UP && au->fault[0] != '\0') {
			say(out, CHANNEL_DEGRADED, au->fault);
		}
		break;
	default:
		if (au->failures >= AUTH_FAILURES) {
			say(out, CHANNEL_DOWN, au->fault);
		} else if (out->state == CHANNEL_UP) {
			say(out, CHANNEL_STARTING, au->fault);
		}
	}
}

static void
slack_health(void *self, struct channel_health *out)
{
	struct slack *s = self;
	struct slack_session *session;
	struct slack_auth_news au;

	(void)pthread_mutex_lock(&s->lock);
	*out = s->counts;
	au = s->auth_news;
	session = s->session;
	(void)pthread_mutex_unlock(&s->lock);
	if (session != NULL) {
		slack_session_health(session, out);
	}
	out->chat = true;
	merge(&au, out);
}

/* --- the stop ------------------------------------------------------------- */

/* Under the lock. Waits until *counter is 0, or the time is up. */
static void
await_none(struct slack *s, const int *counter, long long until_ms)
{
	struct timespec t = {.tv_sec = until_ms / 1000,
	    .tv_nsec = until_ms % 1000 * 1000000};

	while (*counter > 0 &&
	    pthread_cond_timedwait(&s->change, &s->lock, &t) != ETIMEDOUT) {
	}
}

/* The loop's part of a stop: behind it no timer and no session is used. */
static void
finish(struct slack *s, struct slack_turn *t, bool alive)
{
	free(t);
	if (!alive) {
		return;
	}
	slack_auth_end(s);
	slack_post_end(s);
	(void)pthread_mutex_lock(&s->lock);
	s->closing = s->session;
	s->session = NULL;
	s->unfinished = 0;
	(void)pthread_cond_broadcast(&s->change);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
slack_stop(void *self)
{
	struct slack *s = self;
	long long now = clock_mono_ms();

	(void)pthread_mutex_lock(&s->lock);
	s->stopping = true;
	s->unfinished = 1;
	await_none(s, &s->answers, now + STOP_ANSWERS_MS);
	(void)pthread_mutex_unlock(&s->lock);
	put_turn(s, finish);
	(void)pthread_mutex_lock(&s->lock);
	await_none(s, &s->unfinished, now + STOP_MS);
	(void)pthread_mutex_unlock(&s->lock);
	slack_session_free(s->closing);
	(void)pthread_mutex_lock(&s->lock);
	await_none(s, &s->calls, now + STOP_MS);
	if (s->calls > 0 || s->unfinished > 0) {
		log_warn("slack stops in the middle of %d calls", s->calls);
	}
	s->gone = true;
	(void)pthread_mutex_unlock(&s->lock);
	slack_unref(s);
}

const struct channel_ops channel_slack = {
    .name = "slack",
    .interactive = true,
    .payload_max = SLACK_PAYLOAD_MAX,
    .shows_whole = slack_message_shows_whole,
    .default_channel = "SLACK_DEFAULT_CHANNEL",
    .wanted = slack_wanted,
    .check = slack_check,
    .start = slack_start,
    .deliver = slack_deliver,
    .health = slack_health,
    .stop = slack_stop,
};
