#include "bots/discord_posts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bots/discord_post_impl.h"
#include "bots/discord_text.h"
#include "lib/mem.h"

/* --- painting anew -------------------------------------------------------- */

static struct discord_cache_row *
row_of(struct discord_posts *posts, const char *message, bool make)
{
	unsigned long long id;

	if (!discord_is_id(message, &id)) {
		return NULL;
	}
	return make ? discord_cache_at(&posts->messages, id)
		    : discord_cache_find(&posts->messages, id);
}

/*
 * Discord promises no order between a callback and a request: of two that
 * overlap nobody knows which one came last, so that the next is not left out.
 */
static void
note_painted(struct discord_cache_row *row, long long version)
{
	if (row->mixed) {
		row->version = 0;
	} else if (row->version < version) {
		row->version = version;
	}
	row->mixed = row->mixed && (row->paints > 0 || row->holds > 0);
}

/* A message that is gone needs no paint. */
static void
on_painted(void *arg, const struct discord_reply *reply)
{
	struct post *p = arg;
	struct discord_cache_row *row = row_of(p->posts, p->message, true);

	if (row != NULL) {
		row->paints -= row->paints > 0 ? 1 : 0;
		note_painted(row,
		    reply->rc == RC_OK ? p->delivery->intent->version : 0);
	}
	if (post_undress(p, reply)) {
		p->again(p);
		return;
	}
	if (reply->rc == RC_OK) {
		post_learn_dress(p);
	}
	if (reply->rc == RC_OK || reply->code == DISCORD_UNKNOWN_MESSAGE) {
		post_finish_posted(p);
		return;
	}
	post_finish_reply(p, reply);
}

static void
paint(struct post *p)
{
	struct discord_cache_row *row = row_of(p->posts, p->message, true);

	p->again = paint;
	if (post_request(p, DISCORD_PATCH, p->channel,
		arena_printf(p->delivery->arena, "/channels/%s/messages/%s",
		    p->channel, p->message),
		post_body(p, false), on_painted) &&
	    row != NULL) {
		row->paints++;
		row->mixed |= row->holds > 0;
	}
}

static void
hold(struct post *p)
{
	struct post **at = &p->posts->held;

	if (p->posts->held_n >= DISCORD_HELD_MAX) {
		post_finish_words(p, RC_BUSY, "too much waits for callbacks");
		return;
	}
	while (*at != NULL) {
		at = &(*at)->next;
	}
	*at = p;
	p->posts->held_n++;
}

void
post_paint(struct post *p)
{
	const struct discord_cache_row *row =
	    row_of(p->posts, p->message, false);

	if (row != NULL && row->holds > 0) {
		hold(p);
	} else if (row != NULL &&
	    row->version >= p->delivery->intent->version) {
		post_finish_posted(p);
	} else {
		paint(p);
	}
}

/* GUILD/CHANNEL/MESSAGE */
static bool
read_remote(struct post *p)
{
	char rest[DISCORD_ID_SIZE];
	const char *s = p->delivery->remote_id;

	return sscanf(s, "%23[^/]/%23[^/]/%23[^/]%1s", p->guild, p->channel,
		   p->message, rest) == 3 &&
	    (strcmp(p->guild, "@me") == 0 || discord_is_id(p->guild, NULL)) &&
	    discord_is_id(p->channel, NULL) && discord_is_id(p->message, NULL);
}

static void
repaint(struct post *p)
{
	if (p->delivery->remote_id == NULL || *p->delivery->remote_id == '\0') {
		if (p->delivery->attempt > 1) {
			post_ask(p);
			return;
		}
		post_finish_words(p, RC_OK,
		    "no message is there to be painted");
		return;
	}
	if (!read_remote(p)) {
		post_finish_words(p, RC_INVALID,
		    "no name of a Discord message");
		return;
	}
	post_paint(p);
}

/* --- the door ------------------------------------------------------------- */

struct discord_posts *
discord_posts_new(struct discord_rest *rest,
    void (*ended)(void *ctx, const char *id, const struct attempt *), void *ctx)
{
	struct discord_posts *posts = mem_new(1, sizeof(*posts));

	posts->rest = rest;
	posts->ended = ended;
	posts->ctx = ctx;
	return posts;
}

enum discord_dress
discord_posts_dress(const struct discord_posts *posts)
{
	return posts->no_link ? DISCORD_NO_LINK : DISCORD_FULL;
}

void
discord_posts_take(struct discord_posts *posts, struct delivery *d)
{
	struct post *p = mem_new(1, sizeof(*p));

	p->posts = posts;
	p->delivery = d;
	p->dress = discord_posts_dress(posts);
	if (d->card == NULL || d->intent == NULL) {
		post_finish_words(p, RC_INVALID, "there is no card");
	} else if (d->kind == DELIVERY_ASK) {
		post_ask(p);
	} else {
		repaint(p);
	}
}

void
discord_posts_hold(struct discord_posts *posts, const char *message)
{
	struct discord_cache_row *row = row_of(posts, message, true);

	if (row != NULL) {
		row->holds++;
		row->mixed |= row->paints > 0;
	}
}

/* Those that waited for this message, in a list of their own. */
static struct post *
take_held(struct discord_posts *posts, const char *message)
{
	struct post **at = &posts->held, *out = NULL, **last = &out;

	while (*at != NULL) {
		struct post *p = *at;

		if (message != NULL && strcmp(p->message, message) != 0) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		posts->held_n--;
		p->next = NULL;
		*last = p;
		last = &p->next;
	}
	return out;
}

void
discord_posts_release(struct discord_posts *posts, const char *message,
    long long version)
{
	struct discord_cache_row *row = row_of(posts, message, false);
	struct post *p, *next;

	if (row == NULL || row->holds == 0) {
		return; /* there was no room to hold it */
	}
	row->holds--;
	note_painted(row, version);
	for (p = take_held(posts, message); p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		post_paint(p);
	}
}

void
discord_posts_close(struct discord_posts *posts)
{
	struct post *p, *next;

	posts->closed = true;
	for (p = take_held(posts, NULL); p != NULL; p = next) {
		next = p->next;
		post_finish_words(p, RC_BUSY, "we stop");
	}
}

void
discord_posts_free(struct discord_posts *posts)
{
	if (posts != NULL) {
		assert(posts->held == NULL);
		free(posts);
	}
}
