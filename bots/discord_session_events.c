#include "bots/discord_session_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

enum {
	FIND_AGAIN_MS =
	    60 * 1000, /* after a failure, where one can do without */
	RETRY_AFTER_MAX_S = 24 * 3600
};

static void
set_state(struct discord_session *s, enum discord_state state,
    enum discord_event event)
{
	int ms = discord_machine_deadline_ms(state);

	log_debug("discord session moves from=%s to=%s on=%s",
	    discord_state_name(s->state), discord_state_name(state),
	    discord_event_name(event));
	s->state = state;
	discord_session_report(s);
	discord_session_cancel(s, DISCORD_TIMER_STATE);
	if (ms > 0) {
		discord_session_after(s, DISCORD_TIMER_STATE, ms);
	}
}

void
discord_session_move(struct discord_session *s, enum discord_event event)
{
	struct discord_move m;

	if (!discord_machine_step(s->state, event, &m)) {
		log_debug("discord session ignores state=%s on=%s",
		    discord_state_name(s->state), discord_event_name(event));
		return;
	}
	set_state(s, m.state, event);
	discord_session_act(s, m.action);
}

/* What the end of an attempt says about the addresses and the session. */
static void
learn(struct discord_session *s, enum discord_verdict verdict)
{
	struct discord_memory *m = &s->memory;

	if (s->state == DISCORD_CONNECTING || s->state == DISCORD_GREETING) {
		discord_memory_unreached(m, s->target);
	} else if (s->state == DISCORD_RESUMING) {
		discord_memory_died(m, s->target);
	} else if (s->state == DISCORD_COUNTING) {
		discord_budget_give_back(&m->budget);
	}
	if (verdict == DISCORD_MUST_IDENTIFY) {
		discord_memory_forget(m);
	}
	discord_session_save(s);
}

void
discord_session_fail(struct discord_session *s, enum discord_event event,
    enum discord_verdict verdict, const char *fmt, ...)
{
	char words[sizeof(s->report.fault)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	log_warn("discord session lost state=%s fault=\"%s\"",
	    discord_state_name(s->state), words);
	discord_session_fault(s, "%s", words);
	learn(s, verdict);
	s->attempts++;
	discord_session_cancel(s, DISCORD_TIMER_BEAT);
	discord_session_cancel(s, DISCORD_TIMER_HEALTHY);
	discord_session_move(s, event);
}

/* No failure: it is to go on at a certain time. */
static void
hold(struct discord_session *s, long long ms)
{
	s->hold = true;
	s->wait_ms = ms;
	discord_session_move(s, DISCORD_ON_HOLD);
}

/* Whether an identify is due later only; it then waits. */
static bool
held_by_budget(struct discord_session *s)
{
	enum { MINUTE_MS = 60 * 1000 };
	bool spent;
	long long ms = discord_budget_wait_ms(&s->memory.budget,
	    discord_session_now_ms(s), &spent);

	if (spent) {
		discord_session_spent(s, ms / MINUTE_MS + 1);
	}
	if (ms > 0) {
		hold(s, ms);
	}
	return ms > 0;
}

static void
connect_now(struct discord_session *s)
{
	long long ms = s->find_after_ms - discord_session_mono_ms(s);

	if (s->target == DISCORD_IDENTIFY && held_by_budget(s)) {
		return;
	}
	if (s->target == DISCORD_RESUME_THERE ||
	    discord_session_main_url(s) != NULL) {
		discord_session_move(s, DISCORD_ON_CONNECT);
		return;
	}
	hold(s, ms > 0 ? ms : 0);
}

/*
 * A resume asks for the address only where it has none, or only ones that do
 * not answer.
 */
static bool
must_find(const struct discord_session *s)
{
	const struct discord_memory *m = &s->memory;

	if (s->target == DISCORD_RESUME_THERE ||
	    discord_session_mono_ms(s) < s->find_after_ms) {
		return false;
	}
	if (s->target == DISCORD_IDENTIFY || m->main_failures > 0) {
		return discord_memory_stale(m);
	}
	return discord_session_main_url(s) == NULL;
}

/* The wait is over. */
static void
go(struct discord_session *s)
{
	s->target = discord_memory_target(&s->memory);
	if (s->target == DISCORD_IDENTIFY && held_by_budget(s)) {
		return;
	}
	if (must_find(s)) {
		discord_session_move(s, DISCORD_ON_FIND);
	} else {
		connect_now(s);
	}
}

static void
found(struct discord_session *s, const struct discord_found *f)
{
	discord_memory_found(&s->memory, f->url);
	if (f->limited) {
		discord_budget_limit(&s->memory.budget, f->total, f->remaining,
		    f->reset_after_ms, discord_session_now_ms(s));
	}
	discord_session_save(s);
	connect_now(s);
}

void
discord_session_on_found(struct discord_session *s, int status,
    int retry_after_s, const struct discord_found *f)
{
	enum { UNAUTHORIZED = 401 };
	long long wait_ms = retry_after_s < RETRY_AFTER_MAX_S
	    ? retry_after_s * 1000LL
	    : RETRY_AFTER_MAX_S * 1000LL;

	s->find_number++; /* of this request no more is heard */
	if (f != NULL) {
		found(s, f);
		return;
	}
	if (status == UNAUTHORIZED) {
		discord_session_fault(s,
		    "Discord refuses the bot token "
		    "(GET /gateway/bot: HTTP 401)");
		discord_session_move(s, DISCORD_ON_REFUSED);
		return;
	}
	discord_memory_found(&s->memory, NULL);
	if (discord_session_main_url(s) != NULL) {
		log_warn("discord gateway address not told status=%d "
			 "retry_after_s=%d; the one known is used",
		    status, retry_after_s);
		wait_ms = wait_ms > FIND_AGAIN_MS ? wait_ms : FIND_AGAIN_MS;
		s->find_after_ms = discord_session_mono_ms(s) + wait_ms;
		connect_now(s);
		return;
	}
	s->wait_ms = wait_ms;
	s->find_after_ms = discord_session_mono_ms(s) + wait_ms;
	if (status == 0) {
		discord_session_fail(s, DISCORD_ON_LOST, DISCORD_MAY_RESUME,
		    "GET /gateway/bot: no answer from discord.api_url");
		return;
	}
	discord_session_fail(s, DISCORD_ON_LOST, DISCORD_MAY_RESUME,
	    "GET /gateway/bot gives no address (HTTP %d)", status);
}

void
discord_session_on_saved(struct discord_session *s, bool on_disk)
{
	if (on_disk) {
		discord_session_move(s, DISCORD_ON_COUNTED);
	} else if (s->state == DISCORD_COUNTING) {
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "the identify to come could not be stored");
	}
}

/*
 * Discord, "Sending Heartbeats": a beat that was not acknowledged means a
 * connection that is dead on one side. Its peer does not answer a close.
 */
static void
on_beat(struct discord_session *s)
{
	if (!discord_pulse_beat(&s->pulse)) {
		discord_session_fail(s, DISCORD_ON_ZOMBIE, DISCORD_MAY_RESUME,
		    "a heartbeat was not acknowledged");
		return;
	}
	if (!discord_session_beat(s, false)) {
		discord_pulse_ack(&s->pulse); /* nothing to wait for */
	}
	if (s->saving.dirty) {
		discord_session_save(s);
	}
	discord_session_after(s, DISCORD_TIMER_BEAT, s->pulse.interval_ms);
}

static void
on_deadline(struct discord_session *s)
{
	if (s->state == DISCORD_WAITING) {
		go(s);
	} else if (s->state == DISCORD_FINDING) {
		discord_session_on_found(s, 0, 0, NULL);
	} else {
		discord_session_fail(s, DISCORD_ON_LATE, DISCORD_MAY_RESUME,
		    "nothing came in time while %s",
		    discord_state_name(s->state));
	}
}

static void
on_healthy(struct discord_session *s)
{
	s->attempts = 0;
}

void
discord_session_on_timer(struct discord_session *s, enum discord_timer kind)
{
	static void (*const on[DISCORD_TIMERS])(struct discord_session *) = {
	    [DISCORD_TIMER_STATE] = on_deadline,
	    [DISCORD_TIMER_BEAT] = on_beat,
	    [DISCORD_TIMER_HEALTHY] = on_healthy,
	};

	discord_session_ref(s);
	on[kind](s);
	discord_session_unref(s);
}

static void
on_opened(void *arg, unsigned long long id)
{
	struct discord_session *s = arg;

	if (id == s->connection) {
		discord_session_move(s, DISCORD_ON_OPENED);
	}
}

static void
on_message(void *arg, unsigned long long id, const char *text, size_t len)
{
	CLEANUP(discord_frame_fini) struct discord_frame frame;
	struct discord_session *s = arg;
	struct fault f = {0};
	enum rc rc = discord_frame_read(text, len, &frame, &f);

	if (id != s->connection || s->state == DISCORD_CLOSING ||
	    s->state == DISCORD_STOPPING) {
		return; /* what it brings is replayed by the resume */
	}
	if (rc != RC_OK) {
		log_warn("discord frame ignored bytes=%zu why=\"%s\"", len,
		    f.text);
		return;
	}
	discord_session_ref(s);
	discord_session_on_frame(s, &frame);
	discord_session_unref(s);
}

/* The peer has ended it, or it never came about. */
static void
on_lost(struct discord_session *s, const struct websocket_end *end)
{
	enum { ABNORMAL = 1006 };
	int code = end->rc == RC_OK ? end->code : ABNORMAL;
	const struct discord_close *row = discord_close_find(code);
	long long retry_ms = end->retry_after_s < RETRY_AFTER_MAX_S
	    ? end->retry_after_s * 1000LL
	    : RETRY_AFTER_MAX_S * 1000LL;
	enum discord_event event = row->verdict == DISCORD_MUST_STOP
	    ? DISCORD_ON_REFUSED
	    : DISCORD_ON_LOST;

	if (row->ours) {
		log_error(
		    "discord gateway refuses what we do code=%d why=\"%s\"",
		    code, row->words);
	}
	s->wait_ms = row->wait_ms > retry_ms ? row->wait_ms : retry_ms;
	if (code != ABNORMAL) {
		discord_session_fail(s, event, row->verdict,
		    "the gateway closed with %d: %s", code, row->words);
	} else if (end->status != 0) {
		discord_session_fail(s, event, row->verdict,
		    "the gateway refuses the connection (status %d)",
		    end->status);
	} else {
		discord_session_fail(s, event, row->verdict, "the gateway %s%s",
		    end->was_open ? "was lost: " : "cannot be reached: ",
		    end->detail != NULL ? end->detail : rc_name(end->rc));
	}
}

/* We have ended it; but the peer may have had something to say as well. */
static void
on_left(struct discord_session *s, const struct websocket_end *end)
{
	const struct discord_close *row = discord_close_find(end->code);

	if (end->rc == RC_OK && row->verdict == DISCORD_MUST_STOP) {
		discord_session_fault(s, "the gateway closed with %d: %s",
		    end->code, row->words);
		discord_session_move(s, DISCORD_ON_REFUSED);
	} else {
		discord_session_move(s, DISCORD_ON_LOST);
	}
}

static void
on_ended(void *arg, unsigned long long id, const struct websocket_end *end)
{
	struct discord_session *s = arg;

	if (id != s->connection) {
		return;
	}
	discord_session_ref(s);
	s->connection = 0;
	if (end->rc == RC_BUSY) {
		discord_session_move(s, DISCORD_ON_STOP); /* the loop ends */
	}
	if (s->state == DISCORD_CLOSING || s->state == DISCORD_STOPPING) {
		on_left(s, end);
	} else {
		on_lost(s, end);
	}
	discord_session_unref(s);
}

const struct websocket_events discord_session_events = {
    .opened = on_opened,
    .message = on_message,
    .ended = on_ended,
};
