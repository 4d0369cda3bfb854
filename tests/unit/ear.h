/*
 * ear: what a channel is started with and talks to in a test, in place of the
 * trunk.
 */
#ifndef TESTS_UNIT_EAR_H
#define TESTS_UNIT_EAR_H

#include <pthread.h>
#include <stdbool.h>

#include "channel.h"

enum { EAR_SETTINGS_MAX = 10 };

/* Of the last `ended`. */
struct ear_end {
	char id[ID_SIZE];
	enum rc rc;
	int retry_after_s;
	char remote_id[100]; /* "" = none */
	char detail[256];    /* "" = none */
};

struct ear {
	pthread_mutex_t lock;
	pthread_cond_t came;
	int times; /* that `ended` was called */
	int fine;  /* of these, with RC_OK */
	struct ear_end last;
	const char *settings[EAR_SETTINGS_MAX]; /* "NAME=value", then NULL */
	struct channel_up up;
	struct channel_env env;
};

/* Fills in everything; settings may be changed before a channel starts. */
void ear_init(struct ear *, struct http_client *);
void ear_fini(struct ear *);
/* Waits until `ended` was called so often, for at most a minute. */
struct ear_end ear_wait(struct ear *, int times);
/* How often it was called until now, and how often with RC_OK. */
int ear_times(struct ear *);
int ear_fine(struct ear *);

/* A delivery with an arena of its own, and nothing but what is said here. */
struct delivery *ear_delivery(enum delivery_kind, const char *id,
    const char *address);

#endif
