/*
 * websocket_resolve: names of hosts into addresses, away from the loop.
 *
 * getaddrinfo() blocks for as long as it likes and cannot be stopped, so each
 * question has a thread, and freeing the resolver does not wait for them: a
 * late answer is dropped. Any thread; the answers are for one.
 */
#ifndef LIB_WEBSOCKET_RESOLVE_H
#define LIB_WEBSOCKET_RESOLVE_H

#include <stdbool.h>

#include "lib/net.h"
#include "lib/rc.h"

struct resolver; /* opaque: fields live in websocket_resolve.c */

enum {
	RESOLVER_ADDRS_MAX = 8,	 /* of one name; what is more is dropped */
	RESOLVER_ASKED_MAX = 32, /* questions under way */
};

struct resolved {
	unsigned long long id; /* of who asked */
	int error;	       /* of getaddrinfo(); 0 = there are addresses */
	int n;
	char addrs[RESOLVER_ADDRS_MAX][NET_ADDR_SIZE];
};

/* wake(arg) is called, on any thread, when there is an answer to take. */
struct resolver *resolver_new(void (*wake)(void *arg), void *arg);
/* wake is not called afterwards. NULL is fine. */
void resolver_free(struct resolver *);
/* Copies the name. RC_BUSY: RESOLVER_ASKED_MAX, or there is no thread. */
enum rc resolver_ask(struct resolver *, unsigned long long id, const char *host)
    MUST_CHECK;
/* Takes an answer; false when there is none. */
bool resolver_take(struct resolver *, struct resolved *out);

#endif
