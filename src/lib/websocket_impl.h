/*
 * websocket_impl: what the files behind websocket.h share.
 *
 *   websocket.c             what is asked of connections
 *   websocket_connection.c  their states, and what is told of them
 *   websocket_loop.c        the thread: its turns, jobs and timers
 *   websocket_wire.c        libwebsockets: TCP, TLS and frames
 *   websocket_resolve.c     names into addresses
 *
 * A turn of the loop lets libwebsockets work, whose callbacks only note facts
 * in struct connection; then it runs jobs, timers and connections, and only
 * these call whoever uses the loop. So nothing is freed under anybody's feet.
 */
#ifndef LIB_WEBSOCKET_IMPL_H
#define LIB_WEBSOCKET_IMPL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/buf.h"
#include "lib/queue.h"
#include "lib/url.h"
#include "lib/websocket.h"
#include "lib/websocket_resolve.h"

struct lws;
struct wire; /* opaque: fields live in websocket_wire.c */

enum {
	CLOSE_REASON_MAX = 123, /* bytes; RFC 6455 5.5 */
	DETAIL_SIZE = 160,
	CLOSE_NORMAL = 1000,
	CLOSE_GOING_AWAY = 1001,
	CLOSE_NO_STATUS = 1005,
	CLOSE_ABNORMAL = 1006,
	CLOSE_TOO_BIG = 1009,
};

enum connection_state {
	CONNECTION_NAMING,     /* its name is looked up */
	CONNECTION_CONNECTING, /* TCP, TLS and upgrade, address by address */
	CONNECTION_OPEN,
	CONNECTION_CLOSING, /* our close is to be said, or to be answered */
	CONNECTION_ENDED,   /* `end` is filled and is to be told */
	CONNECTION_STATES
};

/* A message that came. */
struct incoming {
	struct buf text;
	STAILQ_ENTRY(incoming) link;
};

/* A message to go; its bytes lie where libwebsockets wants them. */
struct outgoing {
	STAILQ_ENTRY(outgoing) link;
	size_t len;
	unsigned char *text; /* in `room` */
	unsigned char room[];
};

/* What the wire noted of one attempt to connect and what became of it. */
struct facts {
	bool asked;	/* the upgrade was asked for */
	bool opened;	/* and granted */
	bool gone;	/* whatever it was, it is over */
	bool cert_bad;	/* TLS verification failed */
	bool too_large; /* a message was */
	bool closed;	/* the peer said close */
	int code;	/* of that */
	int status;	/* HTTP status of a refusal; 0 = none came */
	int retry_after_s;
	char reason[CLOSE_REASON_MAX + 1];
	char detail[DETAIL_SIZE];
};

struct connection {
	unsigned long long id;
	struct websocket_loop *loop;
	enum connection_state state;
	struct websocket_events events;
	void *arg;

	/* Of the call. */
	struct arena *arena; /* owned; holds the strings */
	struct url url;	     /* of scheme http or https */
	bool tls;
	const char *host; /* as the Host header says it */
	const char *user_agent;
	size_t message_max;
	long long ping_us, hangup_us; /* 0 = never */

	struct resolved addrs;
	int addr;		/* the one that is tried */
	long long deadline_us;	/* of the handshake or our close; 0 = none */
	long long next_addr_us; /* time for TCP to this address; 0 = none */
	long long check_us;	/* when to look for life; 0 = never */
	long long pinged_us;

	/* The wire's. */
	uintptr_t attempt; /* what the wire knows it by; 0 = nothing */
	struct lws *wsi;   /* NULL once libwebsockets has freed it */
	struct facts facts;
	struct buf part; /* of a message */
	STAILQ_HEAD(incomings, incoming) inbox;
	STAILQ_HEAD(outgoings, outgoing) outbox;
	int unsent; /* in outbox */
	bool ping_due;
	bool close_said;
	int close_code; /* ours */
	char close_reason[CLOSE_REASON_MAX + 1];

	struct websocket_end end;
	char end_reason[CLOSE_REASON_MAX + 1];
	char end_detail[DETAIL_SIZE];
};

struct timer {
	unsigned long long number; /* 0 = free */
	long long due_us;
	void (*fn)(void *arg);
	void *arg;
};

struct websocket_loop {
	char *ca_file; /* owned, or NULL */
	struct queue *jobs;
	pthread_mutex_t lock; /* guards the next four, and starting */
	bool started;
	bool woken;    /* and has not taken its turn yet */
	bool stopping; /* no job is taken any more */
	pthread_t thread;
	struct wire *wire; /* what follows is the thread's */
	struct resolver *resolver;
	bool again;  /* there is work for the next turn already */
	bool ending; /* no connection comes about any more */
	unsigned long long last_number;
	uintptr_t last_attempt;
	struct connection *connections[WEBSOCKET_CONNECTIONS_MAX];
	struct timer timers[WEBSOCKET_TIMERS_MAX];
};

/* --- websocket_connection.c --- */

struct connection *connection_find(struct websocket_loop *,
    unsigned long long id);
/* Ends it; whoever opened it hears of it at the next turn. */
void connection_finish(struct connection *, enum rc, int code, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
/* Of an open one: says close behind what was sent, and waits a while. */
void connection_begin_close(struct connection *, int code, const char *reason);
/* The connection whose attempt this is, or NULL. */
struct connection *connection_of_attempt(struct websocket_loop *, uintptr_t);
/* Does what is to be done now for all of them. */
void connections_turn(struct websocket_loop *);
/* When they next want a turn; LLONG_MAX = when something happens. */
long long connections_due_us(const struct websocket_loop *);
/* Says close 1001 to all and ends them with RC_BUSY. */
void connections_end(struct websocket_loop *);

/* --- websocket_loop.c --- */

/* Asserts that this is the loop's thread. */
void loop_assert_here(const struct websocket_loop *);
/* A number never used before. */
unsigned long long loop_number(struct websocket_loop *);

/* --- websocket_wire.c --- */

/* What libwebsockets needs for all connections; NULL when it fails. */
struct wire *wire_new(struct websocket_loop *, const char *ca_file);
void wire_free(struct wire *);
/* Works until something was noted or `until_us`, monotonic, at the latest. */
void wire_work(struct wire *, long long until_us);
/* Ends wire_work(), from any thread. */
void wire_wake(struct wire *);
/* Begins to connect to the address `addr`; facts say what came of it. */
void wire_connect(struct connection *);
/* Whether TCP stands. */
bool wire_is_connected(const struct connection *);
/* Queues a text message of any length. */
void wire_send(struct connection *, const char *text, size_t len);
/* Something is in the outbox, or a ping or a close is due. */
void wire_has_work(struct connection *);
/* How long nothing has been received, in microseconds. */
long long wire_silence_us(const struct connection *);
/* Ends TCP now; nothing is noted afterwards. */
void wire_drop(struct connection *);

#endif
