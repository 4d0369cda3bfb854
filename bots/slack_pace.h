/*
 * slack_pace: how often we may ask Slack (Slack, "Rate limits"). Pure: the
 * caller brings the clock, which is monotonic.
 *
 * Each method has a budget per minute with a burst; chat.postMessage besides
 * one message a second in a channel. A method that was told to wait does so
 * alone.
 */
#ifndef BOTS_SLACK_PACE_H
#define BOTS_SLACK_PACE_H

#include "bots/slack_web.h"

enum {
	SLACK_PACE_CHANNELS = 64, /* written to within a second */
	SLACK_PACE_CHANNEL_MS = 1050,
	SLACK_PACE_NAME = 80
};

struct slack_pace {
	long long paid_ms[SLACK_METHODS];   /* until when its budget is used */
	long long paused_ms[SLACK_METHODS]; /* until when it must not be used */
	struct {
		char name[SLACK_PACE_NAME];
		long long free_ms;
	} channels[SLACK_PACE_CHANNELS];
};

/* How long to wait before this call; 0 = it may go now. channel may be NULL. */
long long slack_pace_wait(const struct slack_pace *, enum slack_method,
    const char *channel, long long now_ms);
/* Counts a call that goes now. */
void slack_pace_take(struct slack_pace *, enum slack_method,
    const char *channel, long long now_ms);
/* Slack wants us to wait with this method. */
void slack_pace_pause(struct slack_pace *, enum slack_method, int seconds,
    long long now_ms);

#endif
