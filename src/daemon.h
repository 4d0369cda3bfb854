/*
 * daemon: all parts of assentd, put together and taken apart again.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "answer.h"
#include "api.h"
#include "config.h"
#include "observe.h"
#include "pages.h"
#include "sweep.h"

/* All there is. Freed from the end to the start. */
struct daemon {
	struct config *config;
	int lock; /* of the data folder */
	int watch;
	int signals;
	struct arena *arena; /* what lives as long as the process */
	struct vault *vault;
	struct store *store;
	struct db *reader; /* of the server's thread */
	struct rules *rules;
	struct http_client *courier;
	struct websocket_loop *chat;
	struct answer_env answers;
	struct outbox *outbox;
	struct channel_up up;
	struct sweep sweep;
	struct waiters *waiters;
	struct auth *auth;
	struct api *api;
	struct pages *pages;
	struct http_server *server;
	struct observe observe;
	struct field_strings proxies;
};

/* Fills what the settings ask for; the store and the server run afterwards.
 * On failure daemon_stop() takes down what was built. */
enum rc daemon_build(struct daemon *, struct fault *) MUST_CHECK;
/*
 * What was accepted is finished: no new connections, attempts under way end
 * and are stored, waiting jobs run and their requests are answered. Frees
 * everything, the settings too.
 */
void daemon_stop(struct daemon *);

#endif
