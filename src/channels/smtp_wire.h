/*
 * smtp_wire: the socket of a libesmtp session, which libesmtp keeps to itself.
 *
 * libesmtp blocks in connect(2) for as long as the kernel likes, waits for
 * each answer anew however slowly it trickles in, and cannot be stopped. The
 * wire ends all three: a timer of the thread interrupts connect(), our own
 * copy of the descriptor lets us shut the connection down at a deadline, and
 * smtp_wire_cut() does both from any thread. A session that was cut ends as
 * if the peer had hung up.
 */
#ifndef CHANNELS_SMTP_WIRE_H
#define CHANNELS_SMTP_WIRE_H

#include <stdbool.h>

struct smtp_wire; /* opaque: fields live in smtp_wire.c */

struct smtp_wire *smtp_wire_new(void);
/* No session may be under way. NULL is fine. */
void smtp_wire_free(struct smtp_wire *);

/*
 * On the thread that is about to run the session: from now on no connect()
 * of it takes more than connect_ms (twice as long for the first, which waits
 * for the resolver). Blocks SIGPIPE until smtp_wire_end().
 */
void smtp_wire_begin(struct smtp_wire *, int connect_ms);
/*
 * In the event callback, when libesmtp has just connected to `port`: copies
 * the socket and gives the rest of the session total_ms. False when the socket
 * cannot be found (no /proc); the session can then not be cut.
 */
bool smtp_wire_connected(struct smtp_wire *, int port, int total_ms);
/* Whether the peer is this machine. */
bool smtp_wire_is_loopback(const struct smtp_wire *);
/* Ends the session now. From any thread; without a session it does nothing. */
void smtp_wire_cut(struct smtp_wire *);
void smtp_wire_end(struct smtp_wire *);

#endif
