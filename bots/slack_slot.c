#include "bots/slack_slot.h"

#include <assert.h>

#include "lib/backoff.h"
#include "lib/random.h"

enum {
	AT_ONCE_MS = 1000, /* jitter of the first try again */
	CROWDED_MS = 30 * 1000,
	CROWDED_JITTER_MS = 45 * 1000,
	DISABLED_MS = 60 * 1000,
	DISABLED_JITTER_MS = 30 * 1000,
	EARLY_MS = 60 * 1000,	     /* of the first slot, at least */
	EARLY_SLOT_MS = 35 * 1000,   /* more of each further one */
	EARLY_JITTER_MS = 25 * 1000, /* below that: parts do not touch */
	DAY_S = 24 * 3600
};

_Static_assert(EARLY_MS + (SLACK_SLOTS - 1) * EARLY_SLOT_MS + EARLY_JITTER_MS <=
	120000,
    "60 to 120 s before Slack's time");

struct row {
	bool known;
	enum slack_state state;
	enum slack_action action;
};

#define GO(state, action) \
	{ \
		true, SLACK_##state, SLACK_DO_##action \
	}

static const struct row rows[SLACK_STATES][SLACK_EVENTS] = {
    [SLACK_WAITING] =
	{
	    [SLACK_ON_DUE] = GO(OPENING, OPEN),
	    [SLACK_ON_DISABLED] = GO(WAITING, REST),
	    [SLACK_ON_STOP] = GO(STOPPED, HANG_UP),
	},
    [SLACK_OPENING] =
	{
	    [SLACK_ON_TICKET] = GO(CONNECTING, CONNECT),
	    [SLACK_ON_REFUSED] = GO(WAITING, RETRY),
	    [SLACK_ON_LATE] = GO(WAITING, RETRY),
	    [SLACK_ON_DISABLED] = GO(WAITING, REST),
	    [SLACK_ON_STOP] = GO(STOPPED, HANG_UP),
	},
    [SLACK_CONNECTING] =
	{
	    [SLACK_ON_REFUSED] = GO(WAITING, RETRY),
	    [SLACK_ON_OPENED] = GO(GREETING, AWAIT),
	    [SLACK_ON_LOST] = GO(WAITING, RETRY),
	    [SLACK_ON_DISABLED] = GO(WAITING, REST),
	    [SLACK_ON_STOP] = GO(STOPPED, HANG_UP),
	},
    [SLACK_GREETING] =
	{
	    [SLACK_ON_HELLO] = GO(READY, WELCOME),
	    [SLACK_ON_LATE] = GO(WAITING, RETRY),
	    [SLACK_ON_LOST] = GO(WAITING, RETRY),
	    [SLACK_ON_REFRESH] = GO(WAITING, RETRY),
	    [SLACK_ON_CROWDED] = GO(WAITING, YIELD),
	    [SLACK_ON_DISABLED] = GO(WAITING, REST),
	    [SLACK_ON_STOP] = GO(STOPPED, HANG_UP),
	},
    [SLACK_READY] =
	{
	    [SLACK_ON_DUE] = GO(WAITING, REPLACE),
	    [SLACK_ON_REFRESH] = GO(WAITING, REPLACE),
	    [SLACK_ON_LOST] = GO(WAITING, RETRY),
	    [SLACK_ON_CROWDED] = GO(WAITING, YIELD),
	    [SLACK_ON_DISABLED] = GO(WAITING, REST),
	    [SLACK_ON_STOP] = GO(STOPPED, HANG_UP),
	},
};

struct slack_step
slack_slot_step(enum slack_state state, enum slack_event event)
{
	const struct row *row;

	assert(state < SLACK_STATES && event < SLACK_EVENTS);
	row = &rows[state][event];
	if (!row->known) {
		return (struct slack_step){state, SLACK_DO_NOTHING};
	}
	return (struct slack_step){row->state, row->action};
}

const char *
slack_state_name(enum slack_state state)
{
	static const char *const names[SLACK_STATES] = {
	    [SLACK_WAITING] = "waiting",
	    [SLACK_OPENING] = "opening",
	    [SLACK_CONNECTING] = "connecting",
	    [SLACK_GREETING] = "greeting",
	    [SLACK_READY] = "ready",
	    [SLACK_STOPPED] = "stopped",
	};

	assert(state < SLACK_STATES);
	return names[state];
}

int
slack_wait_ms(int *failures, long long lasted_ms)
{
	static const struct backoff later = {1000, 60000, 100};

	if (lasted_ms >= SLACK_STEADY_MS) {
		*failures = 0;
	}
	if (*failures == 0) {
		*failures = 1;
		return (int)random_below(AT_ONCE_MS);
	}
	/* Beyond the row in which the wait grows it need not be counted. */
	*failures += *failures < 100 ? 1 : 0;
	return backoff_ms(&later, *failures - 1);
}

int
slack_wait_crowded_ms(void)
{
	return CROWDED_MS + (int)random_below(CROWDED_JITTER_MS);
}

int
slack_wait_disabled_ms(void)
{
	return DISABLED_MS + (int)random_below(DISABLED_JITTER_MS);
}

int
slack_refresh_ms(int slot, long long lasts_s)
{
	long long early_ms = EARLY_MS + (long long)slot * EARLY_SLOT_MS +
	    random_below(EARLY_JITTER_MS);
	long long lasts_ms;

	assert(slot >= 0 && slot < SLACK_SLOTS);
	if (lasts_s <= 0) {
		return 0;
	}
	lasts_ms = (lasts_s < DAY_S ? lasts_s : DAY_S) * 1000;
	if (early_ms > lasts_ms / 2) {
		early_ms = lasts_ms / 2;
	}
	return (int)(lasts_ms - early_ms);
}

long long
slack_budget_take(struct slack_budget *b, long long mono_ms)
{
	long long full_at_ms = b->full_at_ms, wait_ms;

	if (mono_ms < b->not_before_ms) {
		return b->not_before_ms - mono_ms;
	}
	if (full_at_ms < mono_ms) {
		full_at_ms = mono_ms;
	}
	full_at_ms += SLACK_BUDGET_REFILL_MS;
	wait_ms = full_at_ms - mono_ms -
	    (long long)SLACK_BUDGET_SIZE * SLACK_BUDGET_REFILL_MS;
	if (wait_ms > 0) {
		return wait_ms;
	}
	b->full_at_ms = full_at_ms;
	return 0;
}

void
slack_budget_pause(struct slack_budget *b, long long until_ms)
{
	if (until_ms > b->not_before_ms) {
		b->not_before_ms = until_ms;
	}
}
