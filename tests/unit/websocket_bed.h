/*
 * websocket_bed: for tests of websockets: the server's side of RFC 6455 on a
 * peer, and a client connection with what was heard of it.
 */
#ifndef TESTS_UNIT_WEBSOCKET_BED_H
#define TESTS_UNIT_WEBSOCKET_BED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/websocket.h"

#include "peer.h"

/* --- the server ---------------------------------------------------------- */

enum {
	WS_MORE = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
	WS_FIN = 0x80
};

struct ws_frame {
	int first; /* byte: WS_FIN | opcode */
	bool masked;
	struct buf body;
};

/* Grants the upgrade that `request` asks for. */
void ws_grant(struct peer_conn *, const struct buf *request);
/* Reads an upgrade request, drops it and grants it. False: none came. */
bool ws_accept(struct peer_conn *);
/* Reads a frame; false at the end. Its body is unmasked. */
bool ws_read(struct peer_conn *, struct ws_frame *);
void ws_frame_fini(struct ws_frame *);
void ws_write(struct peer_conn *, int first, const void *body, size_t len);
void ws_text(struct peer_conn *, const char *text);
void ws_close(struct peer_conn *, int code, const char *reason);
/* Reads and drops until a close or the end; true when it was a close. */
bool ws_await_close(struct peer_conn *, int *code);
/* Echoes texts, answers pings and closes, until the end. */
void ws_echo(struct peer_conn *);

/* --- the client ---------------------------------------------------------- */

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

#endif
