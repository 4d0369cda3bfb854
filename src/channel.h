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

struct websocket_loop;

enum delivery_kind {
	DELIVERY_ASK,	  /* please decide */
	DELIVERY_SETTLED, /* it was settled: repaint, or tell */
	DELIVERY_REPAINT, /* somebody voted: repaint what was asked */
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
	/*
	 * Mail address, URL, or a place in a chat: Slack "TEAM/USER" or
	 * "TEAM/CHANNEL", Discord a user id (with `person`) or a channel id.
	 * "mailto:ADDRESS" in a chat: whoever has this mail address there.
	 */
	const char *address;
	const char *link;      /* magic link of this person, or NULL */
	const char *code;      /* to be typed with it; NULL when not asked */
	const char *page;      /* where the full card is, or NULL */
	const char *remote_id; /* what an earlier attempt or the ask said */
	/*
	 * Chats: stands in every button and comes back in struct answer. Says
	 * which delivery it was, and proves by a MAC that we made it. At most
	 * HANDLE_MAX of [A-Za-z0-9_.-]; "" when nothing is to be decided here.
	 */
	const char *handle;
	/* Webhooks: */
	const char *body;
	size_t body_len;
	const char *const *headers; /* "Name: value", NULL-terminated */
};

enum { HANDLE_MAX = 60 };

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
	/* Of an address "mailto:": the account that was found, in the form of
	 * an address; it is remembered as the person's. Else NULL. */
	const char *account;
};

/*
 * What somebody answered in a chat, as the chat says. Nothing here is trusted
 * but that the chat said it: whose account that is, what the button stands for
 * and whether it counts is found out by the trunk, in one transaction.
 */
struct answer {
	struct arena *arena; /* owned; answer_free() drops it all */
	const char *channel; /* "slack" "discord" */
	const char *id;	     /* of the interaction: the same one is a repeat */
	const char *account; /* who, as struct person has it */
	const char *name;    /* as the chat shows them; for the audit only */
	const char *place;   /* Discord: the guild id, or NULL */
	struct field_strings roles; /* Discord: role ids in that guild */
	const char *remote_id; /* of the message it came from; "" = of none of
				  ours, which is refused */
	const char *handle;    /* of the button */
	int option;	       /* index */
	const char *reason;    /* or NULL */
	/* Only says whether it would count, before a form for the reason is
	 * shown. Refusals are audited all the same. */
	bool dry_run;
	/* Called once, after the commit, on any thread; must not block. Gives
	 * the answer back to the channel. */
	void (*done)(void *ctx, struct answer *);
	void *ctx;

	/* Results, in the arena: */
	/*
	 * RC_OK. RC_STORE, RC_BUSY: not stored, do not acknowledge. Anything
	 * else is a refusal: fault.text says why, in words for the person;
	 * fault.reason is a code: "not_an_approver" "own_request"
	 * "already_voted" "already_answered" "expired" "reason_required"
	 * "unknown_account" "unknown_message" "payload_not_shown".
	 */
	enum rc rc;
	struct fault fault;
	bool repeated; /* of an interaction that is known: as the first time */
	bool settled;  /* this answer settled it; else it was counted */
	const struct intent *intent; /* afterwards; NULL when unknown */
	const struct card *card;     /* likewise, as struct delivery has it */
	const char *page;	     /* where the full card is, or NULL */
	const char *shown_handle;    /* for repainting a card still open */
};

void answer_free(struct answer *);

/* What an account may decide now. */
struct pending_item {
	const char *headline; /* shown form */
	const char *page;
	long long expires_ms;
};

enum { PENDING_LIST_MAX = 20 };

struct pending_list {
	struct arena *arena;
	const char *channel;
	const char *account;
	void (*done)(void *ctx, struct pending_list *); /* as in answer */
	void *ctx;
	/* Results: */
	enum rc rc;
	bool known;		    /* the account is somebody's */
	struct pending_item *items; /* soonest to expire first */
	int items_n;
	int more; /* beyond PENDING_LIST_MAX */
	bool cut; /* so much waits that not all was looked through */
};

void pending_list_free(struct pending_list *);

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
	/* Chats; for metrics: */
	bool chat;		 /* the rest counts */
	long long sessions;	 /* live connections for events */
	long long ghosts;	 /* that the peer counts and we do not have */
	long long reconnects;	 /* begun after one was lost */
	long long limited;	 /* times the peer said: too often */
	long long answers;	 /* taken, of people */
	long long answers_late;	 /* acknowledged too late, or not at all */
	long long answer_ms_max; /* longest from arrival to acknowledgement */
};

/* What a channel says to the trunk; any thread, must not block. */
struct channel_up {
	void (*ended)(void *ctx, const char *delivery_id,
	    const struct attempt *);
	/* Takes the answer over until its `done`. */
	void (*decided)(void *ctx, struct answer *);
	/* Takes the list over until its `done`. */
	void (*pending)(void *ctx, struct pending_list *);
	/*
	 * Keeps a text under a name over restarts, in the order of the calls;
	 * what a session needs to go on. Copies both. `done` may be NULL; it
	 * is called after the commit.
	 */
	void (*remember)(void *ctx, const char *name, const char *text,
	    void (*done)(void *arg, enum rc), void *arg);
	void *ctx;
};

/* What a channel is started with. All outlives the channel. */
struct channel_env {
	const struct channel_up *up;
	struct http_client *http;    /* the courier */
	struct websocket_loop *chat; /* the thread of the chat sessions */
	/* A setting by its environment name ("SMTP_HOST"); NULL = unset. */
	const char *(*setting)(void *ctx, const char *name);
	void *setting_ctx;
	/* What was remembered under a name, or NULL; in start() only. */
	const char *(*recall)(void *ctx, const char *name, struct arena *);
	void *recall_ctx;
	const char *template_dir; /* NULL = embedded */
	const char *public_url;	  /* without a slash at the end */
};

struct channel_ops {
	const char *name; /* "email" "webhook" "slack" "discord" */
	/* A chat: people answer in it, and what was sent can be changed. */
	bool interactive;
	size_t payload_max; /* bytes of payload on a card here; 0 = 16 kB */
	/* Whether its message has all of an open card in it; NULL: whenever
	 * the card has. Pure. Without it nobody can approve there. */
	bool (*shows_whole)(struct arena *, const struct card *,
	    const struct intent *, const char *page);
	/* A place that is asked where a plan names no channel: the setting that
	 * holds its address; NULL = there is none. */
	const char *default_channel;
	/* Whether the settings turn it on. */
	bool (*wanted)(const struct channel_env *);
	/* Whether a start would take them; looks at env->setting only. NULL:
	 * there is nothing to refuse. */
	enum rc (*check)(const struct channel_env *, struct fault *);
	enum rc (*start)(const struct channel_env *, void **self,
	    struct fault *);
	/* Takes the delivery, or RC_BUSY and the caller keeps it. */
	enum rc (*deliver)(void *self, struct delivery *);
	void (*health)(void *self, struct channel_health *out);
	/* Ends the attempt under way (deadline 10 s); the rest is dropped
	 * without `ended`: their leases run out. */
	void (*stop)(void *self);
};

/* All channels, NULL-terminated, in channel.c; and one by name, or NULL. */
extern const struct channel_ops *const channel_all[];
const struct channel_ops *channel_find(const char *name);
const char *channel_state_name(enum channel_state);

extern const struct channel_ops channel_email;
extern const struct channel_ops channel_webhook;
extern const struct channel_ops channel_slack_webhook;
extern const struct channel_ops channel_slack;
extern const struct channel_ops channel_discord;

#endif
