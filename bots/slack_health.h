/*
 * slack_health: how the session fares, from the facts it keeps. Pure.
 */
#ifndef BOTS_SLACK_HEALTH_H
#define BOTS_SLACK_HEALTH_H

#include <stdbool.h>

#include "bots/slack_frame.h"
#include "channel.h"

enum { SLACK_TROUBLE = 120 };

struct slack_facts {
	int live;     /* connections that said hello and have not ended */
	int counted;  /* connections of the app, as the newest hello says */
	int ghosts;   /* of these not ours */
	bool greeted; /* there was a hello */
	long long started_ms;	/* monotonic */
	long long thin_ms;	/* since there are less than two; monotonic */
	char fatal[SLACK_WORD]; /* why Slack refuses the token; "" = not */
	char trouble[SLACK_TROUBLE]; /* what went wrong last; "" = nothing */
	long long reconnects;
	long long limited;
};

enum {
	SLACK_START_MS = 30 * 1000, /* without a hello until we say down */
	SLACK_THIN_MS = 60 * 1000   /* on one connection until we say so */
};

/*
 * Connections that Slack counts and we do not have. `ours` is all that may be
 * known to Slack: begun and not ended.
 */
int slack_ghosts(int counted, int ours);
/* Fills state, fault, sessions, ghosts and reconnects, and adds to limited. */
void slack_health_judge(const struct slack_facts *, long long mono_ms,
    struct channel_health *out);

#endif
