/*
 * peer: a small server on 127.0.0.1 inside a test, and a client's ear.
 *
 * A thread accepts, and each connection has a thread that runs `serve`. What
 * serve needs from the test goes through `arg`; the counters are atomic.
 */
#ifndef TESTS_UNIT_PEER_H
#define TESTS_UNIT_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/http_client.h"

struct peer;	  /* opaque: fields live in peer.c */
struct peer_conn; /* one connection; serve() returning closes it */

/* The names that the certificate of a TLS peer is for. */
#define PEER_TLS_NAMES "DNS:hook.test,DNS:localhost"

struct peer *peer_start(void (*serve)(struct peer_conn *, void *arg), void *arg,
    bool tls);
/* Cuts what is open and waits for every thread. */
void peer_stop(struct peer *);
/* The same, but first waits until the other sides have hung up. */
void peer_stop_when_gone(struct peer *);
int peer_port(const struct peer *);
/* TCP connections accepted so far. */
int peer_connections(struct peer *);
/* The certificate that TLS peers show, as a PEM file; NULL before the first. */
const char *peer_ca_file(void);
/* Removes that file. */
void peer_forget_ca(void);

/* Up to n bytes; 0 when the other side is gone. */
size_t peer_read(struct peer_conn *, void *p, size_t n);
void peer_write(struct peer_conn *, const void *p, size_t n);
void peer_say(struct peer_conn *, const char *text);
/* Closing it will be a reset (RST). */
void peer_reset(struct peer_conn *);
/* A line without its CRLF; false at the end. */
bool peer_line(struct peer_conn *, char *out, size_t size);
/* Appends a request, head and body; false when it did not come whole. */
bool peer_request(struct peer_conn *, struct buf *out);

/* What a call was answered with, kept for the test. */
struct heard {
	pthread_mutex_t lock;
	pthread_cond_t came;
	int times;  /* that done ran */
	enum rc rc; /* of the last one */
	int status;
	int retry_after_s;
	char body[4096];
	size_t body_len;
	bool body_cut;
	char detail[200];
	char x_first[64]; /* header X-First; "" when there was none */
};

#define HEARD_INIT \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, \
		.came = PTHREAD_COND_INITIALIZER \
	}

/* The done function of a call whose arg is a struct heard. */
void heard_done(void *arg, const struct http_answer *);
/* Waits until done ran `times` times, a minute at most. */
void heard_wait(struct heard *, int times);
/* Sends the call and waits for its answer. */
void heard_send(struct heard *, struct http_client *, const struct http_call *);

/* Open descriptors of this process. */
int count_fds(void);

#endif
