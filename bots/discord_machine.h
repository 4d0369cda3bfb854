/*
 * discord_machine: the states of a gateway session, and what each event does
 * in each of them. Pure: a table.
 *
 * What is not in the table changes nothing: a peer may say anything at any
 * time.
 */
#ifndef BOTS_DISCORD_MACHINE_H
#define BOTS_DISCORD_MACHINE_H

#include <stdbool.h>

enum discord_state {
	DISCORD_OFF,	     /* not begun, or ended by us */
	DISCORD_WAITING,     /* for the time of the next attempt */
	DISCORD_FINDING,     /* the address of the gateway was asked for */
	DISCORD_CONNECTING,  /* until the handshake is done */
	DISCORD_GREETING,    /* until Hello */
	DISCORD_COUNTING,    /* until the identify to come is on disk */
	DISCORD_IDENTIFYING, /* until READY */
	DISCORD_RESUMING,    /* until RESUMED */
	DISCORD_LIVE,
	DISCORD_CLOSING,  /* by us, to connect again */
	DISCORD_STOPPING, /* by us, for good */
	DISCORD_REFUSED,  /* by Discord, until a restart */
	DISCORD_STATES
};

enum discord_event {
	DISCORD_ON_START,
	DISCORD_ON_HOLD, /* the identify budget says: not now */
	DISCORD_ON_FIND, /* the address is not known */
	DISCORD_ON_CONNECT,
	DISCORD_ON_OPENED,
	DISCORD_ON_HELLO_RESUME, /* Hello, and there is a session */
	DISCORD_ON_HELLO_IDENTIFY,
	DISCORD_ON_COUNTED,
	DISCORD_ON_READY,
	DISCORD_ON_RESUMED,
	DISCORD_ON_LEAVE,  /* asked to, or it makes no sense any more */
	DISCORD_ON_LATE,   /* something did not come in time */
	DISCORD_ON_ZOMBIE, /* a heartbeat was not acknowledged */
	DISCORD_ON_LOST,   /* the connection ended, or there is none */
	DISCORD_ON_REFUSED,
	DISCORD_ON_STOP,
	DISCORD_EVENTS
};

/* Done once the new state is entered. */
enum discord_action {
	DISCORD_DO_NOTHING,
	DISCORD_DO_WAIT,
	DISCORD_DO_FIND,
	DISCORD_DO_CONNECT,
	DISCORD_DO_RESUME,
	DISCORD_DO_COUNT,
	DISCORD_DO_IDENTIFY,
	DISCORD_DO_LIVE,
	DISCORD_DO_CLOSE, /* with 4000: the session stays */
	DISCORD_DO_DROP,  /* the peer does not listen */
	DISCORD_DO_REFUSE,
	DISCORD_DO_END,
	DISCORD_ACTIONS
};

struct discord_move {
	enum discord_state state;
	enum discord_action action;
};

/* False: the event means nothing in this state. */
bool discord_machine_step(enum discord_state, enum discord_event,
    struct discord_move *out);
/* Whether there is a connection. */
bool discord_machine_connected(enum discord_state);
/* How long it may last, in ms; 0 = as long as it takes. */
int discord_machine_deadline_ms(enum discord_state);
const char *discord_state_name(enum discord_state);
const char *discord_event_name(enum discord_event);

#endif
