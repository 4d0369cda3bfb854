/*
 * websocket_peer: the server's side of RFC 6455 on a connection of a peer, as
 * much of it as a test needs to be kind or rude.
 */
#ifndef TESTS_UNIT_WEBSOCKET_PEER_H
#define TESTS_UNIT_WEBSOCKET_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#include "peer.h"

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
/* Reads whatever comes and says nothing, until the client hangs up. */
void ws_be_silent(struct peer_conn *);
/* Echoes texts, answers pings and closes, until the end. */
void ws_echo(struct peer_conn *);

#endif
