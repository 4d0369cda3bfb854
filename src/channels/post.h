/*
 * post: requests to addresses that came with an intent, each one delivery.
 *
 * The courier checks the address when it connects and follows no redirect.
 * What an answer means is for the channel to say; what is here knows which
 * calls are under way, and ends them.
 */
#ifndef CHANNELS_POST_H
#define CHANNELS_POST_H

#include "channel.h"

enum {
	POST_TIMEOUT_MS = 8000, /* the native dialect promises it */
	POST_DETAIL = 160	/* bytes of words about an attempt */
};

struct post; /* opaque: fields live in post.c */

/* How an answer counts: fills rc and retry_after_s, and words. */
typedef void post_judge(const struct http_answer *, struct attempt *,
    char *words, size_t size);

/* Copies the environment; what that points to outlives the post. */
struct post *post_new(const struct channel_env *, post_judge *);
/* Posts a body to the delivery's address and takes the delivery over, or
 * RC_BUSY. Headers and body are copied. */
enum rc post_send(struct post *, struct delivery *, const char *const *headers,
    const char *body, size_t len) MUST_CHECK;
/* Waits for the calls under way, then frees; one that does not end in time is
 * told to nobody. */
void post_stop(struct post *);

/* What no answer at all means. False: there is one, see its status. */
bool post_judge_lost(const struct http_answer *, struct attempt *, char *words,
    size_t size);

#endif
