#include "bots/discord_session_impl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/backoff.h"
#include "lib/log.h"

enum {
	HANDSHAKE_MS = 15 * 1000,
	HEALTHY_MS = 60 * 1000, /* then the back-off begins anew */
	AGAIN_MS_MIN = 1000,	/* every wait but the first is at least this */
	WAIT_MS_MAX = 3600 * 1000, /* then it is thought over */
	/* Discord, "Resuming": with 1000 or 1001 the session would end. */
	CLOSE_CODE = 4000
};

static void
run_state(void *arg)
{
	struct discord_session *s = arg;

	s->timers[DISCORD_TIMER_STATE] = 0;
	discord_session_on_timer(s, DISCORD_TIMER_STATE);
}

static void
run_beat(void *arg)
{
	struct discord_session *s = arg;

	s->timers[DISCORD_TIMER_BEAT] = 0;
	discord_session_on_timer(s, DISCORD_TIMER_BEAT);
}

static void
run_healthy(void *arg)
{
	struct discord_session *s = arg;

	s->timers[DISCORD_TIMER_HEALTHY] = 0;
	discord_session_on_timer(s, DISCORD_TIMER_HEALTHY);
}

void
discord_session_cancel(struct discord_session *s, enum discord_timer kind)
{
	websocket_cancel(s->options.loop, s->timers[kind]);
	s->timers[kind] = 0;
}

void
discord_session_after(struct discord_session *s, enum discord_timer kind,
    long long ms)
{
	static void (*const fns[DISCORD_TIMERS])(void *) = {
	    [DISCORD_TIMER_STATE] = run_state,
	    [DISCORD_TIMER_BEAT] = run_beat,
	    [DISCORD_TIMER_HEALTHY] = run_healthy,
	};

	discord_session_cancel(s, kind);
	s->timers[kind] =
	    websocket_after(s->options.loop, (int)ms, fns[kind], s);
}

bool
discord_session_say(struct discord_session *s, const char *text, size_t len,
    bool asked)
{
	enum rc rc;

	if (len > DISCORD_SEND_MAX) {
		log_error("discord frame of ours is too large bytes=%zu "
			  "max=%d",
		    len, DISCORD_SEND_MAX);
		return false;
	}
	if (!discord_pulse_send(&s->pulse, asked, discord_session_mono_ms(s))) {
		log_debug("discord frame of ours held back: too many in a "
			  "minute");
		return false;
	}
	rc = websocket_send(s->options.loop, s->connection, text, len);
	if (rc != RC_OK) {
		log_debug("discord frame of ours not sent rc=%s", rc_name(rc));
	}
	return rc == RC_OK;
}

const char *
discord_session_main_url(const struct discord_session *s)
{
	const char *known = discord_memory_url(&s->memory, DISCORD_RESUME_MAIN);

	return known != NULL ? known : s->fallback_url;
}

static void
do_nothing(struct discord_session *s)
{
	(void)s;
}

/*
 * Exponential with full jitter; the first try is quick, for most connections
 * are lost alone. A hold is no failure and has its own time.
 */
static void
do_wait(struct discord_session *s)
{
	static const struct backoff backoff = {1000, 60 * 1000, 100};
	long long ms = s->hold ? 0 : backoff_ms(&backoff, s->attempts);

	if (!s->hold && s->attempts > 1 && ms < AGAIN_MS_MIN) {
		ms = AGAIN_MS_MIN;
	}
	ms = ms > s->wait_ms ? ms : s->wait_ms;
	ms = ms < WAIT_MS_MAX ? ms : WAIT_MS_MAX;
	s->hold = false;
	s->wait_ms = 0;
	log_debug("discord session waits ms=%lld attempts=%d", ms, s->attempts);
	discord_session_after(s, DISCORD_TIMER_STATE, ms);
}

static void
do_find(struct discord_session *s)
{
	if (!discord_session_find(s)) {
		discord_session_on_found(s, 0, 0, NULL);
	}
}

static void
do_connect(struct discord_session *s)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *base = s->target == DISCORD_RESUME_THERE
	    ? discord_memory_url(&s->memory, s->target)
	    : discord_session_main_url(s);
	const struct websocket_call call = {
	    .url = discord_gateway_url(a, base, s->plain),
	    .user_agent = s->user_agent,
	    .handshake_ms = HANDSHAKE_MS,
	    .message_max = DISCORD_FRAME_MAX,
	};

	assert(call.url != NULL); /* checked before it was kept */
	(void)snprintf(s->main_url, sizeof(s->main_url), "%s", base);
	discord_pulse_init(&s->pulse);
	s->connection =
	    websocket_open(s->options.loop, &call, &discord_session_events, s);
}

static void
do_resume(struct discord_session *s)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const struct discord_memory *m = &s->memory;
	size_t len;
	const char *text =
	    discord_resume_text(a, s->token, m->session_id, m->seq, &len);

	if (!discord_session_say(s, text, len, false)) {
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "the resume could not be sent");
	}
}

/* On disk before it is sent: a crash between the two must not hide it. */
static void
do_count(struct discord_session *s)
{
	discord_budget_take(&s->memory.budget, discord_session_now_ms(s));
	discord_session_save_identify(s);
}

static void
do_identify(struct discord_session *s)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	size_t len;
	const char *text = discord_identify_text(a, s->token, &len);

	if (!discord_session_say(s, text, len, false)) {
		discord_budget_give_back(&s->memory.budget);
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "the identify could not be sent");
		return;
	}
	discord_budget_sent(&s->memory.budget, discord_session_now_ms(s));
	discord_session_save(s);
}

static void
do_live(struct discord_session *s)
{
	const char *app = s->memory.application_id;

	log_info("discord session is live by=%s",
	    s->target == DISCORD_IDENTIFY ? "identify" : "resume");
	discord_session_after(s, DISCORD_TIMER_HEALTHY, HEALTHY_MS);
	discord_session_save(s);
	if (!atomic_load(&s->muted)) {
		s->options.ready(s->options.ctx, app[0] != '\0' ? app : NULL);
	}
}

static void
do_close(struct discord_session *s)
{
	websocket_close(s->options.loop, s->connection, CLOSE_CODE, "");
}

static void
do_drop(struct discord_session *s)
{
	websocket_drop(s->options.loop, s->connection);
}

static void
do_refuse(struct discord_session *s)
{
	log_error("discord stops until a restart fault=\"%s\"",
	    s->report.fault);
	discord_memory_forget(&s->memory);
	discord_session_save(s);
}

static void
do_end(struct discord_session *s)
{
	for (size_t i = 0; i < DISCORD_TIMERS; i++) {
		discord_session_cancel(s, (enum discord_timer)i);
	}
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
	discord_session_unref(s);
}

void
discord_session_act(struct discord_session *s, enum discord_action action)
{
	static void (*const actions[DISCORD_ACTIONS])(
	    struct discord_session *) = {
	    [DISCORD_DO_NOTHING] = do_nothing,
	    [DISCORD_DO_WAIT] = do_wait,
	    [DISCORD_DO_FIND] = do_find,
	    [DISCORD_DO_CONNECT] = do_connect,
	    [DISCORD_DO_RESUME] = do_resume,
	    [DISCORD_DO_COUNT] = do_count,
	    [DISCORD_DO_IDENTIFY] = do_identify,
	    [DISCORD_DO_LIVE] = do_live,
	    [DISCORD_DO_CLOSE] = do_close,
	    [DISCORD_DO_DROP] = do_drop,
	    [DISCORD_DO_REFUSE] = do_refuse,
	    [DISCORD_DO_END] = do_end,
	};

	assert(action < DISCORD_ACTIONS);
	actions[action](s);
}
