/*
 * discord_session_impl: the parts of a session, for its own files only.
 *
 * discord_session.c begins and ends it; discord_session_events.c takes what
 * happens and moves it through its states, discord_session_frames.c what the
 * gateway says; discord_session_actions.c is what is done on entering one;
 * discord_session_calls.c asks the courier and the store and brings their
 * answers to the loop's thread; discord_session_health.c says how it is.
 *
 * It is counted: by its owner, by its life on the loop until DISCORD_OFF, and
 * by each call and job under way. What comes late finds it alive, and does
 * nothing.
 */
#ifndef BOTS_DISCORD_SESSION_IMPL_H
#define BOTS_DISCORD_SESSION_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bots/discord_machine.h"
#include "bots/discord_memory.h"
#include "bots/discord_pulse.h"
#include "bots/discord_session.h"
#include "lib/websocket.h"

/* The address when Discord does not tell it (Discord, "Gateway"). */
#define DISCORD_GATEWAY_URL "wss://gateway.discord.gg"
#define DISCORD_API_URL	    "https://discord.com/api/v10"

enum { DISCORD_DOWN_MS = 30 * 1000 /* without a session: it is down */ };

/* Timers of a session; at most one of each kind runs. */
enum discord_timer {
	DISCORD_TIMER_STATE,   /* the wait, or the deadline of the state */
	DISCORD_TIMER_BEAT,    /* of a connection */
	DISCORD_TIMER_HEALTHY, /* of a live session: the back-off is over */
	DISCORD_TIMERS
};

/* How it is; under the lock. */
struct discord_report {
	enum discord_state state;
	bool spent;	    /* the identify budget is */
	char fault[200];    /* why there is no session */
	long long since_ms; /* monotonic; without a session; 0 = there is */
	bool was_live;
	long long reconnects;
};

/* What is being stored; of the loop's thread. */
struct discord_saving {
	bool under_way;
	bool dirty;	    /* what is known is newer than what is sent */
	long long number;   /* of the text sent last */
	long long since_ms; /* monotonic; when it was sent */
	long long identify; /* the number that has to be on disk */
};

struct discord_session {
	atomic_int refs;
	atomic_bool muted; /* the owner goes: it wants no more calls */
	pthread_mutex_t lock;
	pthread_cond_t change; /* of `over`; on the monotonic clock */
	bool owned;	       /* under the lock: the owner is there */
	bool over;	       /* under the lock: DISCORD_OFF for good */
	struct discord_report report;

	struct discord_session_options options; /* its strings are not used */
	char *api_url; /* owned, as those that follow */
	char *token;   /* secret */
	char *user_agent;
	bool plain;		  /* ws:// is allowed */
	const char *fallback_url; /* or NULL */

	/* Of the loop's thread: */
	enum discord_state state;
	unsigned long long connection; /* 0 = none */
	unsigned long long timers[DISCORD_TIMERS];
	struct discord_memory memory;
	struct discord_pulse pulse;
	struct discord_saving saving;
	enum discord_target target;	    /* of the attempt under way */
	char main_url[DISCORD_URL_MAX + 1]; /* of the attempt under way */
	int attempts;		 /* in a row without a healthy session */
	long long wait_ms;	 /* the next wait is at least this */
	bool hold;		 /* ... and exactly this */
	long long find_number;	 /* of the last request for the address */
	long long find_after_ms; /* monotonic; not asked before */
};

void discord_session_ref(struct discord_session *);
void discord_session_unref(struct discord_session *);

/* All that follows is for the loop's thread. */

/* Takes the step of the table, if there is one, and does what it says. */
void discord_session_move(struct discord_session *, enum discord_event);
void discord_session_act(struct discord_session *, enum discord_action);
/* A timer of this kind, in place of the one that may run. */
void discord_session_after(struct discord_session *, enum discord_timer,
    long long ms);
void discord_session_cancel(struct discord_session *, enum discord_timer);
/* Sends one frame, unless it would be too many. `asked`: by Discord. */
bool discord_session_say(struct discord_session *, const char *text, size_t len,
    bool asked);
/* A heartbeat. */
bool discord_session_beat(struct discord_session *, bool asked);
/*
 * The attempt has failed or the session is lost, in the state it is in; what
 * follows for the next one is noted, and the event moves it.
 */
void discord_session_fail(struct discord_session *, enum discord_event,
    enum discord_verdict, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The main address, or NULL. */
const char *discord_session_main_url(const struct discord_session *);

/* Sends what is known to the store, now or when the last text is there. */
void discord_session_save(struct discord_session *);
/* The same, and says by discord_session_on_saved() when it is on disk. */
void discord_session_save_identify(struct discord_session *);
/* GET /gateway/bot. False: not asked. */
bool discord_session_find(struct discord_session *) MUST_CHECK;

/* What the actions set in motion: */
extern const struct websocket_events discord_session_events;
void discord_session_on_timer(struct discord_session *, enum discord_timer);
void discord_session_on_frame(struct discord_session *,
    const struct discord_frame *);
void discord_session_on_saved(struct discord_session *, bool on_disk);
/* status 0 = no answer of Discord's; found NULL = no address. */
void discord_session_on_found(struct discord_session *, int status,
    int retry_after_s, const struct discord_found *);

/* Tells the report what state it is in. */
void discord_session_report(struct discord_session *);
/* Why there is no session; whole words, no secrets. */
void discord_session_fault(struct discord_session *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* The identify budget is used up, for so many minutes. */
void discord_session_spent(struct discord_session *, long long minutes);
long long discord_session_now_ms(const struct discord_session *);
long long discord_session_mono_ms(const struct discord_session *);

#endif
