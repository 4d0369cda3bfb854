#include "lifecycle.h"

#include <assert.h>

/* State + 1, so that an absent row (0) means forbidden. */
static const unsigned char next[INTENT_STATES][INTENT_EVENTS] = {
    [INTENT_PENDING] =
	{
	    [ON_APPROVE] = INTENT_APPROVED + 1,
	    [ON_DENY] = INTENT_DENIED + 1,
	    [ON_RESOLVE] = INTENT_RESOLVED + 1,
	    [ON_DEADLINE] = INTENT_EXPIRED + 1,
	    [ON_CANCEL] = INTENT_CANCELLED + 1,
	},
};

static const unsigned char next_execution[EXECUTION_STATES][EXECUTION_EVENTS] =
    {
	[EXECUTION_NONE] =
	    {
		[ON_LEASE] = EXECUTION_LEASED + 1,
	    },
	[EXECUTION_LEASED] =
	    {
		[ON_SUCCESS] = EXECUTION_SUCCEEDED + 1,
		[ON_FAILURE] = EXECUTION_FAILED + 1,
		[ON_LAPSE] = EXECUTION_LAPSED + 1,
	    },
};

bool
lifecycle_next(enum intent_state from, enum intent_event ev,
    enum intent_state *out)
{
	assert(from < INTENT_STATES && ev < INTENT_EVENTS);
	if (next[from][ev] == 0) {
		return false;
	}
	*out = (enum intent_state)(next[from][ev] - 1);
	return true;
}

bool
lifecycle_execution_next(enum execution_state from, enum execution_event ev,
    enum execution_state *out)
{
	assert(from < EXECUTION_STATES && ev < EXECUTION_EVENTS);
	if (next_execution[from][ev] == 0) {
		return false;
	}
	*out = (enum execution_state)(next_execution[from][ev] - 1);
	return true;
}

const char *
intent_event_name(enum intent_event ev)
{
	static const char *const names[INTENT_EVENTS] = {
	    [ON_APPROVE] = "approve",
	    [ON_DENY] = "deny",
	    [ON_RESOLVE] = "choose another option",
	    [ON_DEADLINE] = "deadline",
	    [ON_CANCEL] = "cancel",
	};

	assert(ev < INTENT_EVENTS);
	return names[ev];
}

const char *
execution_event_name(enum execution_event ev)
{
	static const char *const names[EXECUTION_EVENTS] = {
	    [ON_LEASE] = "execute",
	    [ON_SUCCESS] = "report success",
	    [ON_FAILURE] = "report failure",
	    [ON_LAPSE] = "no report in time",
	};

	assert(ev < EXECUTION_EVENTS);
	return names[ev];
}

enum intent_event
lifecycle_event_of(enum outcome outcome)
{
	static const enum intent_event events[OUTCOMES] = {
	    [OUTCOME_APPROVE] = ON_APPROVE,
	    [OUTCOME_DENY] = ON_DENY,
	    [OUTCOME_OTHER] = ON_RESOLVE,
	};

	assert(outcome < OUTCOMES);
	return events[outcome];
}
