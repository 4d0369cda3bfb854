/*
 * slack_timer: a timer of a part of the Slack channel; see slack_after().
 */
#ifndef BOTS_SLACK_TIMER_H
#define BOTS_SLACK_TIMER_H

struct slack;

/* Begins as zeroes. */
struct slack_timer {
	unsigned long long number; /* 0 = not set */
	struct slack *slack;
	void (*fn)(struct slack *);
};

#endif
