#include "bots/slack_pace.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

/*
 * "Web API tier" on each method's page; bursts are allowed and their size is
 * not published. auth.test and chat.postMessage are special: hundreds.
 */
static const struct {
	int per_minute, burst;
} budgets[SLACK_METHODS] = {
    [SLACK_AUTH_TEST] = {60, 10},
    [SLACK_LOOKUP_BY_EMAIL] = {50, 40},
    [SLACK_CONVERSATIONS_OPEN] = {50, 40},
    [SLACK_HISTORY] = {50, 40},
    [SLACK_POST_MESSAGE] = {240, 100},
    [SLACK_UPDATE] = {50, 40},
    [SLACK_POST_EPHEMERAL] = {100, 80},
    [SLACK_VIEWS_OPEN] = {100, 80},
};

static long long
later(long long a, long long b)
{
	return a > b ? a : b;
}

/* The place of a channel, or the one that is free soonest. */
static int
place_of(const struct slack_pace *p, const char *channel)
{
	int soonest = 0;

	for (int i = 0; i < SLACK_PACE_CHANNELS; i++) {
		if (strcmp(p->channels[i].name, channel) == 0) {
			return i;
		}
		if (p->channels[i].free_ms < p->channels[soonest].free_ms) {
			soonest = i;
		}
	}
	return soonest;
}

static bool
counts_channel(enum slack_method m, const char *channel)
{
	return m == SLACK_POST_MESSAGE && channel != NULL;
}

long long
slack_pace_wait(const struct slack_pace *p, enum slack_method m,
    const char *channel, long long now_ms)
{
	long long each = MINUTE_MS / budgets[m].per_minute;
	long long until =
	    later(p->paused_ms[m], p->paid_ms[m] - each * budgets[m].burst);

	if (counts_channel(m, channel)) {
		until = later(until, p->channels[place_of(p, channel)].free_ms);
	}
	return later(until - now_ms, 0);
}

void
slack_pace_take(struct slack_pace *p, enum slack_method m, const char *channel,
    long long now_ms)
{
	int i;

	/* Each call pays for its time; a burst is what is paid ahead. */
	p->paid_ms[m] =
	    later(p->paid_ms[m], now_ms) + MINUTE_MS / budgets[m].per_minute;
	if (counts_channel(m, channel)) {
		i = place_of(p, channel);
		(void)snprintf(p->channels[i].name, sizeof(p->channels[i].name),
		    "%s", channel);
		p->channels[i].free_ms = now_ms + SLACK_PACE_CHANNEL_MS;
	}
}

void
slack_pace_pause(struct slack_pace *p, enum slack_method m, int seconds,
    long long now_ms)
{
	assert(seconds >= 0);
	p->paused_ms[m] =
	    later(p->paused_ms[m], now_ms + (long long)seconds * 1000);
}
