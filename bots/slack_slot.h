/*
 * slack_slot: what becomes of one of the places for a Slack connection, and
 * when. Pure: the caller brings events and time, and does what is said.
 *
 * A slot has one connection that comes or is there (its current one), and may
 * have one that goes (its old one, still read and acknowledged on).
 */
#ifndef BOTS_SLACK_SLOT_H
#define BOTS_SLACK_SLOT_H

#include <stdbool.h>

enum slack_state {
	SLACK_WAITING,	  /* for its time to begin */
	SLACK_OPENING,	  /* asked Slack for an address */
	SLACK_CONNECTING, /* TCP, TLS and upgrade */
	SLACK_GREETING,	  /* connected; waits for hello */
	SLACK_READY,
	SLACK_STOPPED, /* for good */
	SLACK_STATES
};

/* Of the current connection, where nothing else is said. */
enum slack_event {
	SLACK_ON_DUE,	   /* time to begin, or to be replaced */
	SLACK_ON_TICKET,   /* an address came */
	SLACK_ON_REFUSED,  /* none came */
	SLACK_ON_OPENED,   /* upgraded */
	SLACK_ON_HELLO,	   /* Slack counts it from here on */
	SLACK_ON_LATE,	   /* nothing came in time */
	SLACK_ON_LOST,	   /* it ended by itself */
	SLACK_ON_REFRESH,  /* Slack is about to end it */
	SLACK_ON_CROWDED,  /* Slack: too_many_websockets */
	SLACK_ON_DISABLED, /* Slack: link_disabled, on whichever connection */
	SLACK_ON_STOP,	   /* ours, for good */
	SLACK_EVENTS,
	SLACK_ON_NOTHING = SLACK_EVENTS
};

enum slack_action {
	SLACK_DO_NOTHING,
	SLACK_DO_OPEN,	  /* ask Slack for an address */
	SLACK_DO_CONNECT, /* to it */
	SLACK_DO_AWAIT,	  /* hello, for SLACK_HELLO_MS */
	SLACK_DO_WELCOME, /* let the old one drain; plan the replacement */
	SLACK_DO_REPLACE, /* the current one becomes the old one; back off */
	SLACK_DO_RETRY,	  /* end the current one, if any; back off */
	SLACK_DO_YIELD,	  /* end it; wait for slack_wait_crowded_ms() */
	SLACK_DO_REST,	  /* end all; wait for slack_wait_disabled_ms() */
	SLACK_DO_HANG_UP, /* end all and plan nothing */
	SLACK_ACTIONS
};

enum {
	SLACK_SLOTS = 2,
	SLACK_OPEN_MS = 15 * 1000, /* of apps.connections.open */
	SLACK_OPEN_LATE_MS = SLACK_OPEN_MS + 5000,
	/* One slot asks after the other, unless its answer takes so long. */
	SLACK_ASKING_MS = 2000,
	SLACK_HANDSHAKE_MS = 15 * 1000,
	SLACK_HELLO_MS = 10 * 1000,
	SLACK_PING_S = 10,
	SLACK_HANGUP_S = 30,
	SLACK_DRAIN_MS = 15 * 1000,
	/* A planned replacement waits for that of the other slot. */
	SLACK_AFTER_YOU_MS = 10 * 1000,
	SLACK_STEADY_MS = 60 * 1000, /* a connection that was no failure */
	/* What Slack asks for by Retry-After is believed up to here. */
	SLACK_PAUSE_MAX_S = 3600,
	SLACK_FATAL_PAUSE_MS = 5 * 60 * 1000
};

struct slack_step {
	enum slack_state state; /* the next one */
	enum slack_action action;
};

/* An event that means nothing in a state changes nothing. */
struct slack_step slack_slot_step(enum slack_state, enum slack_event);
const char *slack_state_name(enum slack_state);

/*
 * How long to wait before the next beginning, after a connection that lasted
 * `lasted_ms` from its hello (0 = it had none). Counts failures in a row: the
 * first is tried again at once, within a second; then 1 to 60 s with full
 * jitter. One that lasted for SLACK_STEADY_MS ends the row.
 */
int slack_wait_ms(int *failures, long long lasted_ms);
/* 30 to 60 s and up to 15 s of jitter. */
int slack_wait_crowded_ms(void);
/* 60 s and up to 30 s of jitter. */
int slack_wait_disabled_ms(void);
/*
 * When to replace a connection that Slack gives `lasts_s` from its hello: 60
 * to 120 s before that, each slot in a part of its own, or half-way when that
 * would be sooner. At most a day. 0 when lasts_s says nothing: Slack will ask.
 */
int slack_refresh_ms(int slot, long long lasts_s);

/* How often addresses are asked for, by both slots together; starts as zeroes.
 */
struct slack_budget {
	long long full_at_ms;	 /* monotonic; when all of it is back */
	long long not_before_ms; /* monotonic; a pause that was asked for */
};

enum {
	SLACK_BUDGET_SIZE = 5,
	SLACK_BUDGET_REFILL_MS = 20 * 1000 /* for one more */
};

/* Takes one and returns 0, or says how long to wait and takes none. */
long long slack_budget_take(struct slack_budget *, long long mono_ms);
/* Nothing is taken before that; a longer pause stays. */
void slack_budget_pause(struct slack_budget *, long long until_ms);

#endif
