/*
 * discord_pulse: heartbeats and the number of sends on one connection
 * (Discord, "Gateway", "Sending Heartbeats" and "Rate Limiting"). Pure.
 */
#ifndef BOTS_DISCORD_PULSE_H
#define BOTS_DISCORD_PULSE_H

#include <stdbool.h>

enum {
	DISCORD_SENDS_WINDOW_MS = 60 * 1000,
	DISCORD_SENDS_MAX = 110,   /* in that window; Discord takes 120 */
	DISCORD_SENDS_SPARED = 10, /* of these, not for what is asked of us */
};

struct discord_pulse {
	int interval_ms; /* 0 = no Hello yet */
	bool waiting;	 /* the last heartbeat of ours has no ack */
	long long sent_ms[DISCORD_SENDS_MAX]; /* monotonic; a ring */
	int sends;			      /* entries in use */
	int next;			      /* the oldest, once full */
};

/* Of a new connection. */
void discord_pulse_init(struct discord_pulse *);
/* Counts a send; false: it would be too many. */
bool discord_pulse_send(struct discord_pulse *, bool asked, long long mono_ms);
/* The time of a heartbeat has come. False: nobody is there. */
bool discord_pulse_beat(struct discord_pulse *);
void discord_pulse_ack(struct discord_pulse *);

#endif
