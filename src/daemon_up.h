/*
 * daemon_up: what channels say to the trunk, and whom it reaches.
 */
#ifndef DAEMON_UP_H
#define DAEMON_UP_H

#include "daemon.h"

/* All of struct channel_up but `ended`, which is the outbox's. */
struct channel_up daemon_up(struct daemon *);
/* As channel_env.recall, ctx is a struct daemon; before the server starts. */
const char *daemon_recall(void *ctx, const char *name, struct arena *);

#endif
