/*
 * websocket: connections to websocket servers (RFC 6455), kept by one thread.
 * The door to libwebsockets.
 *
 * A loop is a thread with connections and timers; all callbacks run on it.
 * Names are resolved elsewhere, so that nothing blocks it. A connection is
 * named by a number that is never used twice: a call with the number of one
 * that has ended does nothing. However it ends, `ended` is called once, and
 * nothing of it afterwards.
 *
 * TLS is verified (chain and name), redirects are not followed, proxies of
 * the environment are not used, no extension is offered. Pings are answered.
 */
#ifndef LIB_WEBSOCKET_H
#define LIB_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

enum {
	WEBSOCKET_CONNECTIONS_MAX = 16,
	WEBSOCKET_TIMERS_MAX = 64,
	WEBSOCKET_JOBS_MAX = 4096,	/* of websocket_loop_run(), waiting */
	WEBSOCKET_SEND_MAX = 64 * 1024, /* bytes of one message */
	WEBSOCKET_UNSENT_MAX = 256	/* messages of one connection */
};

struct websocket_loop; /* opaque: fields live in websocket.c */

struct websocket_loop_options {
	const char *ca_file; /* further trusted CAs, PEM; NULL = system */
};

/* Copies the options. The thread starts with the first job or connection. */
enum rc websocket_loop_new(const struct websocket_loop_options *,
    struct websocket_loop **out, struct fault *) MUST_CHECK;
/*
 * Ends the thread: runs the jobs that wait, says what is to be said and close
 * 1001 on what is open, without waiting, and calls `ended` with RC_BUSY for
 * each. Timers do not run any more. Not from the loop's thread. NULL is fine.
 */
void websocket_loop_free(struct websocket_loop *);
/* Runs fn(arg) on the loop's thread, soon, in the order of the calls. Any
 * thread. RC_BUSY: too many wait, or it ends; fn is not called. */
enum rc websocket_loop_run(struct websocket_loop *, void (*fn)(void *arg),
    void *arg) MUST_CHECK;

/* --- on the loop's thread only ------------------------------------------- */

/* A timer that runs once, by its number; never 0. Monotonic; asserts that there
 * is room. */
unsigned long long websocket_after(struct websocket_loop *, int ms,
    void (*fn)(void *arg), void *arg);
/* Of one that has run, or 0: nothing. */
void websocket_cancel(struct websocket_loop *, unsigned long long timer);

struct websocket_end {
	/*
	 * RC_OK: closed by either side, see code. RC_REMOTE_TEMP: it did not
	 * come about, or broke off. RC_REMOTE_PERM: TLS verification failed.
	 * RC_INVALID: not a ws or wss URL. RC_TOO_LARGE: a message was over
	 * message_max. RC_EXPIRED: no handshake, or nothing heard, in time.
	 * RC_BUSY: the loop ends.
	 */
	enum rc rc;
	bool was_open;
	int status;	    /* HTTP status of a refused handshake; else 0 */
	int retry_after_s;  /* of that refusal; 0 = not said */
	int code;	    /* close code; 1005, 1006 as in RFC 6455 7.4.1 */
	const char *reason; /* of the close frame; not to be trusted; "" */
	const char *detail; /* words for the log; no URL, no secrets */
};

struct websocket_events {
	/* The handshake is done. */
	void (*opened)(void *arg, unsigned long long id);
	/* A whole text message, as valid UTF-8 or not; NUL-terminated too.
	 * Borrowed for the call. None comes after websocket_close() or
	 * websocket_drop(). Binary ones are dropped with a debug line. */
	void (*message)(void *arg, unsigned long long id, const char *text,
	    size_t len);
	void (*ended)(void *arg, unsigned long long id,
	    const struct websocket_end *);
};

struct websocket_call {
	const char *url; /* ws:// or wss://; may hold a secret: not logged */
	const char *user_agent; /* NULL = none is said */
	int handshake_ms;	/* name, TCP, TLS and upgrade together */
	size_t message_max;	/* bytes of one message, in all its fragments */
	/* Liveness on the wire: ping after this long without any frame heard,
	 * ended with RC_EXPIRED and TCP dropped after that. 0 = never. */
	int ping_s;
	int hangup_s;
};

/*
 * Begins to connect and returns the connection's number, never 0. `ended` is
 * never called from within. Asserts that there is room.
 */
unsigned long long websocket_open(struct websocket_loop *,
    const struct websocket_call *, const struct websocket_events *, void *arg);
/*
 * Queues one text message; it goes out as one frame. RC_NOT_FOUND: not open.
 * RC_BUSY: WEBSOCKET_UNSENT_MAX. RC_TOO_LARGE. RC_OK does not mean that it
 * arrived, nor that it left.
 */
enum rc websocket_send(struct websocket_loop *, unsigned long long id,
    const char *text, size_t len) MUST_CHECK;
/* Says close with this code behind what was sent, and drops TCP when it is
 * answered, or after 1 s in all. `ended` follows with RC_OK and our code. */
void websocket_close(struct websocket_loop *, unsigned long long id, int code,
    const char *reason);
/* Drops TCP now. `ended` follows with RC_OK and code 1006. */
void websocket_drop(struct websocket_loop *, unsigned long long id);

#endif
