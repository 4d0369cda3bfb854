#include "bots/discord_session_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/log.h"

/* Under the lock. */
static void
report_live(struct discord_report *r)
{
	r->was_live = true;
	r->spent = false;
	r->since_ms = 0;
	r->fault[0] = '\0';
}

void
discord_session_report(struct discord_session *s)
{
	struct discord_report *r = &s->report;

	pthread_mutex_lock(&s->lock);
	r->state = s->state;
	if (s->state == DISCORD_LIVE) {
		report_live(r);
	} else if (r->since_ms == 0) {
		r->since_ms = discord_session_mono_ms(s);
		r->reconnects += r->was_live ? 1 : 0;
	}
	pthread_mutex_unlock(&s->lock);
}

void
discord_session_fault(struct discord_session *s, const char *fmt, ...)
{
	struct discord_report *r = &s->report;
	va_list ap;

	pthread_mutex_lock(&s->lock);
	va_start(ap, fmt);
	(void)vsnprintf(r->fault, sizeof(r->fault), fmt, ap);
	va_end(ap);
	pthread_mutex_unlock(&s->lock);
}

void
discord_session_spent(struct discord_session *s, long long minutes)
{
	struct discord_report *r = &s->report;
	bool known;

	discord_session_fault(s,
	    "nearly all identifies of a day are used up: the next one is due "
	    "in %lld minutes; something ends the sessions again and again",
	    minutes);
	pthread_mutex_lock(&s->lock);
	known = r->spent;
	r->spent = true;
	pthread_mutex_unlock(&s->lock);
	if (!known) {
		log_error("discord identifies are nearly used up; no session "
			  "until more are allowed minutes=%lld",
		    minutes);
	}
}

static enum channel_state
state_of(const struct discord_report *r, long long mono_ms)
{
	if (r->state == DISCORD_LIVE) {
		return CHANNEL_UP;
	}
	if (r->state == DISCORD_REFUSED || r->spent ||
	    (r->since_ms != 0 && mono_ms - r->since_ms >= DISCORD_DOWN_MS)) {
		return CHANNEL_DOWN;
	}
	return r->was_live ? CHANNEL_DEGRADED : CHANNEL_STARTING;
}

void
discord_session_health(struct discord_session *s, struct channel_health *out)
{
	long long mono_ms = discord_session_mono_ms(s);
	struct discord_report *r = &s->report;

	pthread_mutex_lock(&s->lock);
	out->state = state_of(r, mono_ms);
	out->sessions = r->state == DISCORD_LIVE ? 1 : 0;
	out->reconnects = r->reconnects;
	if (out->state == CHANNEL_UP) {
		out->fault[0] = '\0';
	} else {
		(void)snprintf(out->fault, sizeof(out->fault), "%s",
		    r->fault[0] != '\0' ? r->fault
					: "the gateway was not reached yet");
	}
	pthread_mutex_unlock(&s->lock);
}
