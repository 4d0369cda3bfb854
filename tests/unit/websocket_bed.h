/*
 * websocket_bed: a client connection with what was heard of it, and a loop and
 * a server to try it on.
 */
#ifndef TESTS_UNIT_WEBSOCKET_BED_H
#define TESTS_UNIT_WEBSOCKET_BED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/websocket.h"

#include "peer.h"
#include "websocket_peer.h"

struct ws_client {
	struct websocket_loop *loop;
	struct websocket_call call;
	char url[2100];
	unsigned long long id;
	/* Run on the loop's thread, behind what is noted; may be NULL. */
	void (*on_opened)(struct ws_client *);
	void (*on_message)(struct ws_client *, const char *text, size_t len);
	void (*on_ended)(struct ws_client *);
	void *arg;	      /* of the test */
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t change;
	int opened, messages, ended; /* how often */
	struct buf texts;	     /* each with a newline */
	struct websocket_end end;    /* the last one; strings below */
	char reason[200], detail[200];
};

/* A call to ws://127.0.0.1:port/path, or wss: to a host. */
void ws_client_init(struct ws_client *, struct websocket_loop *,
    const char *scheme, const char *host, int port, const char *path);
void ws_client_fini(struct ws_client *);
/* Each is done on the loop's thread; returns when it is. */
void ws_client_open(struct ws_client *);
enum rc ws_client_send(struct ws_client *, const char *text, size_t len);
void ws_client_close(struct ws_client *, int code, const char *reason);
void ws_client_drop(struct ws_client *);
/* Wait for at most a minute. */
void ws_client_await_opened(struct ws_client *);
void ws_client_await_messages(struct ws_client *, int n);
void ws_client_await_ended(struct ws_client *);
/* Runs fn(arg) on the loop's thread and waits until it has run. */
void ws_do(struct websocket_loop *, void (*fn)(void *arg), void *arg);
struct websocket_loop *ws_loop_new(const char *ca_file);

/* --- a loop, a server on 127.0.0.1 and a client of it ------------------- */

struct ws_bed {
	int fds; /* open before */
	bool tls;
	struct websocket_loop *loop;
	struct peer *peer;
	/* What the server does: all of it, or what follows the upgrade. */
	void (*_Atomic serve_all)(struct peer_conn *);
	void (*_Atomic serve)(struct peer_conn *);
	struct ws_client client;
	struct buf asked;     /* the last upgrade request of `serve` */
	pthread_mutex_t lock; /* guards asked */
};

/* Fixture functions of cmocka. */
int ws_bed_setup(void **state);
int ws_bed_setup_tls(void **state);
/* Fails when a descriptor is left. */
int ws_bed_teardown(void **state);
/* What its peer does; arg is the bed. */
void ws_bed_serve(struct peer_conn *, void *arg);
/* A client that is open. */
struct ws_client *ws_bed_open(struct ws_bed *,
    void (*serve)(struct peer_conn *));

#endif
