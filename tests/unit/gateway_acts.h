/*
 * gateway_acts: what a test does with a session in its gateway_bed: it moves
 * the clock, and speaks for Discord, the courier and the store.
 */
#ifndef UNIT_GATEWAY_ACTS_H
#define UNIT_GATEWAY_ACTS_H

#include "gateway_bed.h"

/* The loop runs for so long; what is due comes in its order. */
static inline void
bed_turn(long long ms)
{
	long long until = bed.ms + ms;

	for (;;) {
		struct bed_timer *next = NULL;
		struct bed_timer due;

		bed_jobs(&bed.loop);
		for (size_t i = 0; i < WEBSOCKET_TIMERS_MAX; i++) {
			struct bed_timer *t = &bed.loop.timers[i];

			if (t->id != 0 && t->at_ms <= until &&
			    (next == NULL || t->at_ms < next->at_ms)) {
				next = t;
			}
		}
		if (next == NULL) {
			break;
		}
		due = *next;
		next->id = 0;
		bed.ms = due.at_ms;
		due.fn(due.arg);
	}
	bed.ms = until;
}

/* A session with what `stored` says; NULL = the first of all. */
static inline void
bed_begin(const char *api_url, const char *stored)
{
	static const struct channel_up up = {.remember = bed_remember};
	const struct discord_session_options options = {
	    .loop = &bed.loop,
	    .up = &up,
	    .api_url = api_url,
	    .token = bed.token,
	    .user_agent = "DiscordBot (https://example.org, 1)",
	    .stored = stored,
	    .interaction = bed_interaction,
	    .ready = bed_ready,
	    .now_ms = bed_now_ms,
	    .mono_ms = bed_mono_ms,
	};

	bed.session = discord_session_new(&options);
	bed_turn(0);
}

static inline void
bed_answer(int status, int retry_after_s, const char *body)
{
	const struct http_answer answer = {
	    .rc = status != 0 ? RC_OK : RC_REMOTE_TEMP,
	    .status = status,
	    .retry_after_s = retry_after_s,
	    .body = body,
	    .body_len = strlen(body),
	};
	void (*done)(void *, const struct http_answer *) = bed.find_done;

	assert(done != NULL);
	bed.find_done = NULL;
	done(bed.find_arg, &answer);
	bed_turn(0);
}

/* The store answers what it was given last. */
static inline void
bed_store(enum rc rc)
{
	void (*done)(void *, enum rc) = bed.store_done;

	assert(done != NULL);
	bed.store_done = NULL;
	done(bed.store_arg, rc);
	bed_turn(0);
}

static inline void
bed_open(void)
{
	assert(bed.loop.id != 0);
	bed.loop.opened = true;
	bed.loop.events->opened(bed.loop.arg, bed.loop.id);
	bed_turn(0);
}

static inline void
bed_says(const char *text)
{
	struct websocket_loop *l = &bed.loop;

	assert(l->id != 0);
	l->events->message(l->arg, l->id, text, strlen(text));
	bed_turn(0);
}

/* The peer closes with this code; or it breaks off (1006). */
static inline void
bed_closes(int code)
{
	const struct websocket_end end = {
	    .was_open = bed.loop.opened,
	    .code = code,
	    .reason = "",
	    .detail = "",
	};

	bed_end(&end);
	bed_turn(0);
}

/* It did not come about. */
static inline void
bed_refuses(int status, int retry_after_s)
{
	const struct websocket_end end = {
	    .rc = RC_REMOTE_TEMP,
	    .status = status,
	    .retry_after_s = retry_after_s,
	    .code = 1006,
	    .reason = "",
	    .detail = "connection refused",
	};

	bed_end(&end);
	bed_turn(0);
}

/* Until the next connection begins; how long that took. At most a day. */
static inline long long
bed_until_open(void)
{
	enum { STEP_MS = 10, DAY_MS = 24 * 3600 * 1000 };
	long long from = bed.ms;

	while (bed.loop.id == 0 && bed.find_done == NULL &&
	    bed.ms - from < DAY_MS) {
		bed_turn(STEP_MS);
	}
	return bed.ms - from;
}

/* A live session, by whatever it takes. */
static inline void
bed_live(void)
{
	(void)bed_until_open();
	if (bed.find_done != NULL) {
		bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	}
	bed_open();
	bed_says(BED_HELLO);
	bed_says(strstr(bed.loop.sent, "\"op\":6,") != NULL ? BED_RESUMED
							    : BED_READY);
}

static inline struct channel_health
bed_health(void)
{
	struct channel_health h = {.state = CHANNEL_STATES};

	discord_session_health(bed.session, &h);
	return h;
}

/* Ends it, as a restart would; the clock and the store stay. What still waits
 * for an answer gets it too late. */
static inline void
bed_free(void)
{
	bed.loop.at_once = true;
	discord_session_free(bed.session);
	bed.loop.at_once = false;
	bed.session = NULL;
	if (bed.find_done != NULL) {
		bed_answer(200, 0, "{\"url\":\"" BED_GATEWAY "\"}");
	}
	if (bed.store_done != NULL) {
		bed_store(RC_OK);
	}
}

static inline void
bed_reset(void)
{
	bed =
	    (struct bed){.ms = 1000, .wall = 1700000000000, .token = BED_TOKEN};
}

#endif
