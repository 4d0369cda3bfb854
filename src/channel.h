/*
 * channel: the seam between the outbox and whatever carries a message.
 *
 * A channel gets a whole delivery, does its work on its own thread and says
 * once how it ended. It never touches the store. Answers of people that come
 * back over the channel itself go up by `decided`.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "card.h"
#include "intent.h"
#include "lib/arena.h"
#include "lib/http_client.h"
#include "lib/rc.h"

enum delivery_kind {
	DELIVERY_ASK,	  /* please decide */
	DELIVERY_SETTLED, /* it was settled: repaint, or tell */
	DELIVERY_WEBHOOK, /* a body for a machine */
	DELIVERY_KINDS
};

/* One attempt to be made. Everything lives in `arena`. */
struct delivery {
	struct arena *arena; /* owned; delivery_free() drops it */
	char id[ID_SIZE];    /* stable over all attempts */
	enum delivery_kind kind;
	int attempt; /* from 1 */
	const char *intent_id;
	const struct intent *intent; /* without payload; NULL for webhooks */
	const struct card *card;     /* NULL for webhooks */
	const char *person;	     /* id, or NULL */
	const char *person_name;
	const char *address;   /* mail address, chat user or channel, URL */
	const char *link;      /* magic link of this person, or NULL */
	const char *code;      /* to be typed with it; NULL when not asked */
	const char *page;      /* where the full card is, or NULL */
	const char *remote_id; /* what an earlier attempt or the ask said */
	/* Webhooks: */
	const char *body;
	size_t body_len;
	const char *const *headers; /* "Name: value", NULL-terminated */
};

void delivery_free(struct delivery *);

/* How an attempt ended. */
struct attempt {
	/*
	 * RC_OK: taken over. RC_REMOTE_TEMP, RC_UNCERTAIN: try again later.
	 * RC_REMOTE_PERM, RC_FORBIDDEN, RC_INVALID: never again. RC_BUSY: not
	 * tried, does not count.
	 */
	enum rc rc;
	int retry_after_s;     /* the peer's wish; 0 = none */
	const char *remote_id; /* the peer's name for it; or NULL */
	const char *detail;    /* words for the audit and the operator */
};

enum channel_state {
	CHANNEL_STARTING,
	CHANNEL_UP,
	CHANNEL_DEGRADED, /* works, but something is wrong */
	CHANNEL_DOWN,
	CHANNEL_STATES
};

struct channel_health {
	enum channel_state state;
	char fault[200]; /* words, no secrets; "" when up */
};

/* What a channel says to the trunk; any thread, must not block. */
struct channel_up {
	void (*decided)(void *ctx, const struct decision *);
	void (*ended)(void *ctx, const char *delivery_id,
	    const struct attempt *);
	void *ctx;
};

/* What a channel is started with. All outlives the channel. */
struct channel_env {
	const struct channel_up *up;
	struct http_client *http; /* the courier */
	/* A setting by its environment name ("SMTP_HOST"); NULL = unset. */
	const char *(*setting)(void *ctx, const char *name);
	void *setting_ctx;
	const char *template_dir; /* NULL = embedded */
	const char *public_url;	  /* without a slash at the end */
};

struct channel_ops {
	const char *name; /* "email" "webhook" "slack" "discord" */
	/* Whether the settings turn it on. */
	bool (*wanted)(const struct channel_env *);
	enum rc (*start)(const struct channel_env *, void **self,
	    struct fault *);
	/* Takes the delivery, or RC_BUSY and the caller keeps it. */
	enum rc (*deliver)(void *self, struct delivery *);
	void (*health)(void *self, struct channel_health *out);
	/* Ends the attempt under way (deadline 10 s); the rest is dropped
	 * without `ended`: their leases run out. */
	void (*stop)(void *self);
};

const char *channel_state_name(enum channel_state);

extern const struct channel_ops channel_email;
extern const struct channel_ops channel_webhook;

#endif
