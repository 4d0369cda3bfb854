#include "bots/slack_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bots/slack_session_impl.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
	STOP_MS = 1500, /* for the closing of connections */
	STOP_TURN_MS = 50
};

/* --- for the other parts -------------------------------------------------- */

void
slack_session_ref(struct slack_session *s)
{
	pthread_mutex_lock(&s->lock);
	s->refs++;
	pthread_mutex_unlock(&s->lock);
}

void
slack_session_unref(struct slack_session *s)
{
	int refs;

	pthread_mutex_lock(&s->lock);
	refs = --s->refs;
	pthread_mutex_unlock(&s->lock);
	if (refs > 0) {
		return;
	}
	explicit_bzero(s->app_token, strlen(s->app_token));
	free(s->app_token);
	free(s->api_url);
	pthread_mutex_destroy(&s->calling);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
slack_session_publish(struct slack_session *s)
{
	struct slack_facts *f = &s->facts;
	bool over = s->slots[0].state == SLACK_STOPPED;
	int live = 0;

	for (size_t i = 0; i < SLACK_LINES_MAX; i++) {
		const struct slack_line *l = &s->lines[i];

		over = over && l->id == 0;
		live += l->id != 0 && l->greeted && !l->closing ? 1 : 0;
	}
	if (live < SLACK_SLOTS && f->live >= SLACK_SLOTS) {
		f->thin_ms = clock_mono_ms();
	}
	if (live >= SLACK_SLOTS) {
		f->trouble[0] = '\0';
	}
	f->live = live;
	pthread_mutex_lock(&s->lock);
	s->shown = *f;
	s->over = over;
	pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
}

void
slack_session_hand_up(struct slack_session *s, const struct slack_envelope *e)
{
	pthread_mutex_lock(&s->calling);
	if (!s->deaf) {
		s->options.envelope(s->options.ctx, e);
	}
	pthread_mutex_unlock(&s->calling);
}

/* --- on the loop's thread ------------------------------------------------- */

static void
on_start(void *arg)
{
	struct slack_session *s = arg;

	for (int i = 0; i < SLACK_SLOTS; i++) {
		slack_on_timer(&s->slots[i]);
	}
	slack_session_publish(s);
	slack_session_unref(s);
}

/* The last turn of ours; only ends of connections come behind it. */
static void
on_stop(void *arg)
{
	struct slack_session *s = arg;

	for (int i = 0; i < SLACK_SLOTS; i++) {
		slack_slot_take(&s->slots[i], SLACK_ON_STOP);
	}
	slack_session_publish(s);
	slack_session_unref(s);
}

enum rc
slack_session_ack(struct slack_session *s, const struct slack_envelope_ref *ref,
    const json_t *payload)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const struct slack_line *l = slack_line_of(s, ref->connection);
	size_t len;
	const char *text = slack_frame_ack(a, ref->id, payload, &len);

	if (len > SLACK_ACK_MAX) {
		return RC_TOO_LARGE;
	}
	if (l == NULL || !l->open || l->closing) {
		return RC_NOT_FOUND;
	}
	return websocket_send(s->options.loop, ref->connection, text, len);
}

/* --- on any other --------------------------------------------------------- */

struct slack_session *
slack_session_new(const struct slack_session_options *options)
{
	struct slack_session *s = mem_new(1, sizeof(*s));
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->calling, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->change, &attr);
	pthread_condattr_destroy(&attr);
	s->refs = 2; /* the owner's and on_stop's */
	s->options = *options;
	s->api_url = mem_strdup(options->api_url);
	s->app_token = mem_strdup(options->app_token);
	s->options.api_url = s->api_url;
	s->options.app_token = s->app_token;
	s->allow_plain = strncasecmp(s->api_url, "http://", 7) == 0;
	s->facts.started_ms = s->facts.thin_ms = clock_mono_ms();
	s->shown = s->facts;
	for (int i = 0; i < SLACK_SLOTS; i++) {
		s->slots[i] = (struct slack_slot){.session = s, .index = i};
	}
	slack_session_ref(s); /* on_start's */
	if (websocket_loop_run(options->loop, on_start, s) != RC_OK) {
		log_error("slack session not started: the loop takes no jobs");
		s->refs--; /* nobody else knows us */
	}
	return s;
}

void
slack_session_health(struct slack_session *s, struct channel_health *out)
{
	struct slack_facts f;

	pthread_mutex_lock(&s->lock);
	f = s->shown;
	pthread_mutex_unlock(&s->lock);
	slack_health_judge(&f, clock_mono_ms(), out);
}

static struct timespec
in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/*
 * Slack keeps counting a connection that did not say close, and sends clicks
 * to it: that is worth a wait. A loop that takes no job is tried again.
 */
static void
stop(struct slack_session *s)
{
	bool posted = false;

	for (int waited = 0; waited < STOP_MS && !s->over;
	     waited += STOP_TURN_MS) {
		struct timespec until = in_ms(STOP_TURN_MS);

		posted = posted ||
		    websocket_loop_run(s->options.loop, on_stop, s) == RC_OK;
		while (!s->over &&
		    pthread_cond_timedwait(&s->change, &s->lock, &until) !=
			ETIMEDOUT) {
		}
	}
	s->gone = true;
	if (!s->over) {
		log_warn("slack session ended before its connections did");
	}
}

void
slack_session_free(struct slack_session *s)
{
	if (s == NULL) {
		return;
	}
	pthread_mutex_lock(&s->calling);
	s->deaf = true;
	pthread_mutex_unlock(&s->calling);
	pthread_mutex_lock(&s->lock);
	stop(s);
	pthread_mutex_unlock(&s->lock);
	slack_session_unref(s);
}
