#include "bots/slack_health.h"

#include <stdio.h>

int
slack_ghosts(int counted, int ours)
{
	return counted > ours ? counted - ours : 0;
}

static enum channel_state
judge_none(const struct slack_facts *f, long long mono_ms,
    struct channel_health *out)
{
	if (f->fatal[0] != '\0') {
		(void)snprintf(out->fault, sizeof(out->fault),
		    "Slack refuses the app token: %s", f->fatal);
		return CHANNEL_DOWN;
	}
	if (!f->greeted && mono_ms - f->started_ms < SLACK_START_MS) {
		return CHANNEL_STARTING;
	}
	(void)snprintf(out->fault, sizeof(out->fault),
	    "no connection to Slack: %s",
	    f->trouble[0] != '\0' ? f->trouble : "no answer yet");
	return CHANNEL_DOWN;
}

static enum channel_state
judge_some(const struct slack_facts *f, long long mono_ms,
    struct channel_health *out)
{
	if (f->fatal[0] != '\0') {
		(void)snprintf(out->fault, sizeof(out->fault),
		    "still connected, but Slack refuses the app token: %s",
		    f->fatal);
		return CHANNEL_DEGRADED;
	}
	if (f->ghosts > 0) {
		(void)snprintf(out->fault, sizeof(out->fault),
		    "Slack counts %d connections of this app and %d of them "
		    "are not ours: clicks may go there and be lost",
		    f->counted, f->ghosts);
		return CHANNEL_DEGRADED;
	}
	if (f->live < SLACK_SLOTS && mono_ms - f->thin_ms >= SLACK_THIN_MS) {
		(void)snprintf(out->fault, sizeof(out->fault),
		    "only one connection to Slack: %s",
		    f->trouble[0] != '\0' ? f->trouble : "no answer yet");
		return CHANNEL_DEGRADED;
	}
	return CHANNEL_UP;
}

void
slack_health_judge(const struct slack_facts *f, long long mono_ms,
    struct channel_health *out)
{
	out->fault[0] = '\0';
	out->state = f->live > 0 ? judge_some(f, mono_ms, out)
				 : judge_none(f, mono_ms, out);
	out->sessions = f->live;
	out->ghosts = f->ghosts;
	out->reconnects = f->reconnects;
	out->limited += f->limited;
}
