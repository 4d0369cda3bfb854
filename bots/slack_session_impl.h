/*
 * slack_session_impl: what the parts of the session share.
 *
 * slack_session.c has the outside and the lifetime, slack_session_ticket.c the
 * question for an address, slack_session_events.c what comes from timers,
 * courier and sockets, slack_session_slots.c what the slots then do.
 */
#ifndef BOTS_SLACK_SESSION_IMPL_H
#define BOTS_SLACK_SESSION_IMPL_H

#include <pthread.h>
#include <stdbool.h>

#include "bots/slack_frame.h"
#include "bots/slack_health.h"
#include "bots/slack_session.h"
#include "bots/slack_slot.h"
#include "lib/websocket.h"

enum {
	/* Of a slot: the current one, the old one, and one being closed. */
	SLACK_LINES_MAX = 3 * SLACK_SLOTS
};

/* A connection, until it has ended. */
struct slack_line {
	unsigned long long id; /* 0 = the place is free */
	struct slack_slot *slot;
	bool open;    /* Slack may count it */
	bool greeted; /* hello came */
	bool closing; /* we said so; nothing of it counts any more */
};

struct slack_slot {
	struct slack_session *session;
	int index;
	enum slack_state state;
	unsigned epoch; /* of the state: what another one began is stale */
	unsigned long long timer;	/* of the state */
	unsigned long long drain_timer; /* of the old connection */
	struct slack_line *current;
	struct slack_line *old;
	const char *url;    /* for SLACK_DO_CONNECT only; borrowed */
	long long asked_ms; /* in SLACK_OPENING; monotonic */
	int failures;	    /* in a row, as slack_wait_ms() counts */
	int floor_ms;	    /* the next wait is not shorter */
	long long hello_ms; /* of the current connection; 0 = none came */
	long long lasts_s;  /* as its hello said */
	bool failed;	    /* since the last hello */
};

struct slack_session {
	pthread_mutex_t lock;
	pthread_cond_t change;	  /* of what the lock guards; monotonic */
	int refs;		  /* owner, loop, calls, jobs, connections */
	bool gone;		  /* the owner is: nothing more is posted */
	bool over;		  /* stopped, and nothing is open */
	struct slack_facts shown; /* what others may see of `facts` */

	/* Held while the owner hears of an envelope. */
	pthread_mutex_t calling;
	bool deaf; /* it wants to hear no more */

	/* Set by new, then only read: */
	struct slack_session_options options;
	char *api_url;
	char *app_token;
	bool allow_plain; /* the API is, so the sockets may be plain, too */

	/* Of the loop's thread: */
	struct slack_slot slots[SLACK_SLOTS];
	struct slack_line lines[SLACK_LINES_MAX];
	struct slack_budget budget;
	struct slack_facts facts;
};

void slack_session_ref(struct slack_session *);
void slack_session_unref(struct slack_session *);
/* At the end of every turn of the loop that changed something. */
void slack_session_publish(struct slack_session *);
/* Hands an envelope up, unless the owner is gone. */
void slack_session_hand_up(struct slack_session *,
    const struct slack_envelope *);

/* All that follows is for the loop's thread. */

/* slack_session_slots.c: an event of the slot, and all that comes of it. */
void slack_slot_take(struct slack_slot *, enum slack_event);
/* What is to be said of the wait that an event will bring. */
void slack_slot_blame(struct slack_slot *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* Sets the timer of the state. */
void slack_slot_arm(struct slack_slot *, long long ms);
/* Says close on the slot's connection at *place, if any, which is then NULL. */
void slack_line_hang_up(struct slack_line **place);
/* The connection of this number, or NULL. */
struct slack_line *slack_line_of(struct slack_session *, unsigned long long id);

/* slack_session_events.c: the timer of a slot's state ran out. */
void slack_on_timer(void *arg);
/* The old connection of a slot had its time. */
void slack_on_drained(void *arg);
/* The answer to what the slot asked in `epoch`. */
void slack_on_ticket(struct slack_slot *, unsigned epoch,
    const struct slack_ticket *);
/* Of all connections; arg is the session. */
extern const struct websocket_events slack_line_events;

/*
 * slack_session_ticket.c: asks Slack for an address; slack_on_ticket() follows
 * unless the answer is lost. RC_BUSY: not asked.
 */
enum rc slack_ticket_ask(struct slack_slot *) MUST_CHECK;

#endif
