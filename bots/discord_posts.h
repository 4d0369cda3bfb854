/*
 * discord_posts: deliveries, from the place that is meant to the message that
 * stands there; and messages painted anew. On the loop's thread.
 *
 * A message is known as GUILD/CHANNEL/MESSAGE with "@me" for the guild of a
 * direct message, as in Discord's own links. What a callback has painted in
 * the same version or a newer one is not painted again; while one is under way
 * its message waits.
 */
#ifndef BOTS_DISCORD_POSTS_H
#define BOTS_DISCORD_POSTS_H

#include "bots/discord_message.h"
#include "bots/discord_rest.h"
#include "channel.h"

enum { DISCORD_HELD_MAX = 256 /* deliveries that wait for callbacks */ };

struct discord_posts; /* opaque: fields live in discord_posts.c */

/* Says how an attempt ended. */
struct discord_posts *discord_posts_new(struct discord_rest *,
    void (*ended)(void *ctx, const char *id, const struct attempt *),
    void *ctx);
/* Takes the delivery. */
void discord_posts_take(struct discord_posts *, struct delivery *);
/* A callback for this message is under way. */
void discord_posts_hold(struct discord_posts *, const char *message);
/* It is over; it painted this version of the intent, or 0: none. */
void discord_posts_release(struct discord_posts *, const char *message,
    long long version);
/* How a message begins: as Discord took the last ones. */
enum discord_dress discord_posts_dress(const struct discord_posts *);
/* Forgets what waits, without a word; nothing is told for what was not tried
 * from now on. */
void discord_posts_close(struct discord_posts *);
/* NULL is fine. */
void discord_posts_free(struct discord_posts *);

#endif
