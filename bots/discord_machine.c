#include "bots/discord_machine.h"

#include <assert.h>

#include "lib/rc.h"

enum {
	FIND_MS = 15 * 1000,
	HELLO_MS = 15 * 1000,
	DISK_MS = 15 * 1000,
	READY_MS = 30 * 1000 /* a resume may replay a lot before it */
};

static const struct {
	const char *name;
	int deadline_ms;
	bool connected;
} states[DISCORD_STATES] = {
    [DISCORD_OFF] = {"off", 0, false},
    [DISCORD_WAITING] = {"waiting", 0, false},
    [DISCORD_FINDING] = {"finding", FIND_MS, false},
    [DISCORD_CONNECTING] = {"connecting", 0, true},
    [DISCORD_GREETING] = {"greeting", HELLO_MS, true},
    [DISCORD_COUNTING] = {"counting", DISK_MS, true},
    [DISCORD_IDENTIFYING] = {"identifying", READY_MS, true},
    [DISCORD_RESUMING] = {"resuming", READY_MS, true},
    [DISCORD_LIVE] = {"live", 0, true},
    [DISCORD_CLOSING] = {"closing", 0, true},
    [DISCORD_STOPPING] = {"stopping", 0, true},
    [DISCORD_REFUSED] = {"refused", 0, false},
};

static const char *const events[DISCORD_EVENTS] = {
    [DISCORD_ON_START] = "start",
    [DISCORD_ON_HOLD] = "hold",
    [DISCORD_ON_FIND] = "find",
    [DISCORD_ON_CONNECT] = "connect",
    [DISCORD_ON_OPENED] = "opened",
    [DISCORD_ON_HELLO_RESUME] = "hello_resume",
    [DISCORD_ON_HELLO_IDENTIFY] = "hello_identify",
    [DISCORD_ON_COUNTED] = "counted",
    [DISCORD_ON_READY] = "ready",
    [DISCORD_ON_RESUMED] = "resumed",
    [DISCORD_ON_LEAVE] = "leave",
    [DISCORD_ON_LATE] = "late",
    [DISCORD_ON_ZOMBIE] = "zombie",
    [DISCORD_ON_LOST] = "lost",
    [DISCORD_ON_REFUSED] = "refused",
    [DISCORD_ON_STOP] = "stop",
};

struct row {
	bool allowed;
	unsigned char state, action;
};

#define TO(state_, action_) \
	{ \
		true, DISCORD_##state_, DISCORD_DO_##action_ \
	}

/* Whatever happens on an open connection besides what it waits for. */
#define OPEN_ROWS \
	[DISCORD_ON_LEAVE] = TO(CLOSING, CLOSE), \
	[DISCORD_ON_LATE] = TO(CLOSING, DROP), \
	[DISCORD_ON_ZOMBIE] = TO(CLOSING, DROP), \
	[DISCORD_ON_LOST] = TO(WAITING, WAIT), \
	[DISCORD_ON_REFUSED] = TO(REFUSED, REFUSE), \
	[DISCORD_ON_STOP] = TO(STOPPING, CLOSE)

static const struct row rows[DISCORD_STATES][DISCORD_EVENTS] = {
    [DISCORD_OFF] = {[DISCORD_ON_START] = TO(WAITING, WAIT)},
    [DISCORD_WAITING] =
	{
	    [DISCORD_ON_HOLD] = TO(WAITING, WAIT),
	    [DISCORD_ON_FIND] = TO(FINDING, FIND),
	    [DISCORD_ON_CONNECT] = TO(CONNECTING, CONNECT),
	    [DISCORD_ON_STOP] = TO(OFF, END),
	},
    [DISCORD_FINDING] =
	{
	    [DISCORD_ON_HOLD] = TO(WAITING, WAIT),
	    [DISCORD_ON_CONNECT] = TO(CONNECTING, CONNECT),
	    [DISCORD_ON_LOST] = TO(WAITING, WAIT),
	    [DISCORD_ON_REFUSED] = TO(REFUSED, REFUSE),
	    [DISCORD_ON_STOP] = TO(OFF, END),
	},
    [DISCORD_CONNECTING] =
	{
	    [DISCORD_ON_OPENED] = TO(GREETING, NOTHING),
	    [DISCORD_ON_LOST] = TO(WAITING, WAIT),
	    [DISCORD_ON_REFUSED] = TO(REFUSED, REFUSE),
	    [DISCORD_ON_STOP] = TO(STOPPING, DROP),
	},
    [DISCORD_GREETING] =
	{
	    OPEN_ROWS,
	    [DISCORD_ON_HELLO_RESUME] = TO(RESUMING, RESUME),
	    [DISCORD_ON_HELLO_IDENTIFY] = TO(COUNTING, COUNT),
	},
    [DISCORD_COUNTING] =
	{
	    OPEN_ROWS,
	    [DISCORD_ON_COUNTED] = TO(IDENTIFYING, IDENTIFY),
	},
    [DISCORD_IDENTIFYING] =
	{
	    OPEN_ROWS,
	    [DISCORD_ON_READY] = TO(LIVE, LIVE),
	},
    [DISCORD_RESUMING] =
	{
	    OPEN_ROWS,
	    [DISCORD_ON_RESUMED] = TO(LIVE, LIVE),
	},
    [DISCORD_LIVE] = {OPEN_ROWS},
    [DISCORD_CLOSING] =
	{
	    [DISCORD_ON_LOST] = TO(WAITING, WAIT),
	    [DISCORD_ON_REFUSED] = TO(REFUSED, REFUSE),
	    [DISCORD_ON_STOP] = TO(STOPPING, NOTHING),
	},
    [DISCORD_STOPPING] =
	{
	    [DISCORD_ON_LOST] = TO(OFF, END),
	    [DISCORD_ON_REFUSED] = TO(OFF, END),
	},
    [DISCORD_REFUSED] = {[DISCORD_ON_STOP] = TO(OFF, END)},
};

bool
discord_machine_step(enum discord_state state, enum discord_event event,
    struct discord_move *out)
{
	const struct row *row;

	assert(state < DISCORD_STATES && event < DISCORD_EVENTS);
	row = &rows[state][event];
	if (!row->allowed) {
		return false;
	}
	out->state = (enum discord_state)row->state;
	out->action = (enum discord_action)row->action;
	return true;
}

bool
discord_machine_connected(enum discord_state state)
{
	assert(state < DISCORD_STATES);
	return states[state].connected;
}

int
discord_machine_deadline_ms(enum discord_state state)
{
	assert(state < DISCORD_STATES);
	return states[state].deadline_ms;
}

const char *
discord_state_name(enum discord_state state)
{
	assert(state < DISCORD_STATES);
	return states[state].name;
}

const char *
discord_event_name(enum discord_event event)
{
	assert(event < DISCORD_EVENTS);
	return events[event];
}
