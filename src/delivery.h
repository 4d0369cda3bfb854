/*
 * delivery: rows of what is owed, and of the endpoints that want to be told.
 *
 * Rows are written in the transaction that makes them owed; the outbox is
 * their only reader.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "channel.h"
#include "store.h"

enum { DELIVERY_WEBHOOKS_MAX = 10 }; /* endpoints of one intent */

enum delivery_state {
	DELIVERY_DUE,
	DELIVERY_LEASED, /* with a channel; again due when the lease ends */
	DELIVERY_DONE,
	DELIVERY_DEAD,	  /* given up; an operator should look */
	DELIVERY_DROPPED, /* not needed any more */
	DELIVERY_STATES
};

extern const char *const delivery_state_words[];
extern const char *const delivery_kind_words[];

struct delivery_row {
	const char *id;
	const char *intent_id;
	enum delivery_kind kind;
	const char *channel;
	const char *person; /* or NULL */
	const char *address;
	const void *sealed; /* the address, where it is a secret, sealed with
			       the intent's id; NULL = see address */
	size_t sealed_len;
	const char *webhook_id; /* of kind webhook */
	const char *event;	/* of kind webhook: "approved", ... */
	long long event_ms;
	enum delivery_state state;
	int attempts; /* begun */
	long long due_ms;
	const char *remote_id;
	const char *error; /* of the last attempt */
	long long created_ms;
	long long ended_ms;
};

/* Where a person or channel is asked. */
struct ask {
	const char *channel; /* "email", ... */
	const char *person;  /* or guest; NULL for a channel of many */
	const char *address;
	const void *sealed; /* as in struct delivery_row */
	size_t sealed_len;
};

/* Inserts one row, due now unless due_ms says when; id and times are filled
 * in. */
enum rc delivery_insert(struct tx *, struct delivery_row *, struct fault *)
    MUST_CHECK;
enum rc delivery_owe_asks(struct tx *, const char *intent_id,
    const struct ask *, size_t n, struct fault *) MUST_CHECK;
/*
 * The intent is settled: asks not sent are dropped, those who were asked are
 * told, except by `skip_channel` to `skip_person` (who decided there and saw).
 * Sealed addresses are erased, and nobody is told there.
 */
enum rc delivery_owe_settled(struct tx *, const char *intent_id,
    const char *skip_person, const char *skip_channel, struct fault *)
    MUST_CHECK;
/* Somebody has voted: messages that can be changed are, once for all votes
 * until they are. */
enum rc delivery_owe_repaints(struct tx *, const char *intent_id,
    struct fault *) MUST_CHECK;
/*
 * An ask whose answer was lost may have been posted twice: both are the same
 * question. Whether this is such a copy, in the place of the one we know.
 */
bool delivery_may_be_copy(const struct delivery_row *ask,
    const char *remote_id);
/* From now on it is changed like the other. Twice is fine. */
enum rc delivery_note_copy(struct tx *, const struct delivery_row *ask,
    const char *remote_id, struct fault *) MUST_CHECK;
/* What was under way for a message is over, for now at least: what waits behind
 * it goes out as a change of it, or is dropped where nobody was asked. */
enum rc delivery_message_ended(struct tx *, const struct delivery_row *,
    struct fault *) MUST_CHECK;
struct webhook;
/* One endpoint is owed this event. */
enum rc delivery_owe_webhook(struct tx *, const struct webhook *,
    const char *event, struct fault *) MUST_CHECK;
/* Each endpoint of the intent is. */
enum rc delivery_owe_webhooks(struct tx *, const char *intent_id,
    const char *event, struct fault *) MUST_CHECK;

/* Rows due at now_ms, of one channel, oldest first. */
enum rc delivery_due(struct db *, const char *channel, long long now_ms,
    int limit, struct arena *, struct delivery_row **out, int *n,
    struct fault *) MUST_CHECK;
/* Leases that a process took which ended since: their rows are due at once. */
enum rc delivery_end_leases(struct tx *, struct fault *) MUST_CHECK;
/* When the next row of a channel is due at the earliest; RC_NOT_FOUND. */
enum rc delivery_next_due(struct db *, const char *channel, long long *out,
    struct fault *) MUST_CHECK;
enum rc delivery_get(struct db *, const char *id, struct arena *,
    struct delivery_row *out, struct fault *) MUST_CHECK;
/* Stores state, attempts, due_ms, remote_id, error and ended_ms. */
enum rc delivery_update(struct tx *, const struct delivery_row *,
    struct fault *) MUST_CHECK;
/* By state, newest first; state -1 = any; intent_id NULL = of all. */
enum rc delivery_list(struct db *, int state, const char *intent_id,
    const char *before, int limit, struct arena *, struct delivery_row **out,
    int *n, struct fault *) MUST_CHECK;

struct delivery_depth {
	long long due;	     /* due or leased */
	long long oldest_ms; /* creation of the oldest such row; 0 = none */
	long long dead;
};
enum rc delivery_depth(struct db *, struct delivery_depth *out, struct fault *)
    MUST_CHECK;

/* An endpoint to be told about one intent. */
struct webhook {
	const char *id;
	const char *intent_id;
	const char *url;
	const void *secret; /* sealed with the id; NULL = the agent's own */
	size_t secret_len;
	int attempts_max; /* 0 = as the settings say */
};
/* Ends earlier ones of this intent when `replace`, but for its callback URL.
 * RC_LIMITED, and nothing has changed, over DELIVERY_WEBHOOKS_MAX. The id must
 * be set: a secret is sealed with it. */
enum rc webhook_insert(struct tx *, struct webhook *, bool replace,
    struct fault *) MUST_CHECK;
enum rc webhook_get(struct db *, const char *id, struct arena *,
    struct webhook *out, struct fault *) MUST_CHECK;
/* The endpoint said 410 Gone: it is owed nothing more. */
enum rc webhook_end(struct tx *, const char *id, struct fault *) MUST_CHECK;

#endif
