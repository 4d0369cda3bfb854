/*
 * http_bed: a server to try, and a client that says any bytes to it.
 *
 * The server's handler does what the path says:
 *   /echo     "METHOD PATH BODY"
 *   /query    "a=VALUE", and /header, /cookie: the same of X-A and cookie a
 *   /peer     the peer's address
 *   /big      BED_BIG bytes, more than fits between two ends of a socket
 *   /added    with good and bad headers
 *   /none     no answer
 *   /park     parked, and answered "resumed" or "stopping"
 *   /self     parked, resumed by another thread before the handler returns
 *   /again    parked twice
 * Every refusal is the JSON {"refused":STATUS}.
 */
#ifndef TESTS_HTTP_BED_H
#define TESTS_HTTP_BED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/http_server.h"

enum { BED_BIG = 12 * 1024 * 1024, BED_PARKED_MAX = 64 };

/* A request as bytes, which may hold NUL. */
#define BYTES(s)     (s), sizeof(s) - 1
#define GET(target)  "GET " target " HTTP/1.1\r\nHost: h\r\n"
#define POST(target) "POST " target " HTTP/1.1\r\nHost: h\r\n"

struct row {
	const char *bytes;
	size_t len;
	const char *statuses; /* of its answer and that to what follows */
	const char *holds;    /* what the stream holds; NULL = anything */
};

struct bed {
	struct http_server *server;
	int port;
	atomic_int heard;     /* calls of handle */
	atomic_int over;      /* calls of over */
	atomic_int busy;      /* parking that was refused */
	atomic_bool stopping; /* a resumed request has seen it */
	atomic_int resumers;  /* threads that the server waits for then */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct http_handle parked[BED_PARKED_MAX]; /* under lock */
	unsigned parked_n;
};

/* What most tests want; change it before bed_start(). */
struct http_server_options bed_options(void);
void bed_start(struct bed *, struct http_server_options);
/* Ends the server and checks that `over` came for whatever was heard. */
void bed_stop(struct bed *);
/* Waits until n requests were parked since the start; fails after a while. */
void bed_await_parked(struct bed *, unsigned n);
/* Waits until the counter is at least n; fails after a while. */
void bed_await(atomic_int *counter, int n);

/* A connection to the port, or false if none is to be had. */
bool say_try_connect(int port, int *out);
/* The same, as a test that fails. */
int say_connect(int port);
void say(int fd, const void *bytes, size_t len);
void say_text(int fd, const char *text);
/*
 * Reads until the peer closes; false if nothing comes for a while. For any
 * thread.
 */
bool hear_to_end(int fd, struct buf *out);
/* The same, as a test that fails. */
void hear_all(int fd, struct buf *out);
/* Reads until `text` has come; false after a while. For any thread. */
bool hear_for(int fd, struct buf *out, const char *text);
/* The same, as a test that fails. */
void hear_until(int fd, struct buf *out, const char *text);
/* Copies the handles from the n-th that was parked on; returns the last's n. */
unsigned bed_parked(struct bed *, unsigned n, struct http_handle *out);
/*
 * Says the bytes, and behind them, if `more`, a GET of /last that ends the
 * connection; closes it when the peer did. Returns what was heard, owned.
 */
struct buf converse(int port, const void *bytes, size_t len, bool more);
/*
 * The statuses of the answers in a stream, as "200 404"; what comes behind
 * the last whole answer is "+". With `head` the first has no body. Owned.
 */
struct buf statuses(const struct buf *stream, bool head);
/* Converses over each row on a connection of its own, with more behind it. */
void check_rows(const struct bed *, const struct row *, size_t n);

#endif
