/*
 * From an ask to the message: the place, what may stand there already, the
 * post.
 */
#include <stdio.h>
#include <string.h>

#include "bots/discord_post_impl.h"
#include "bots/discord_text.h"

enum { SEARCH = 50 /* messages that are looked through */ };

/* --- posting -------------------------------------------------------------- */

static void
on_created(void *arg, const struct discord_reply *reply)
{
	struct post *p = arg;

	if (post_undress(p, reply)) {
		p->again(p);
		return;
	}
	if (reply->rc != RC_OK) {
		post_finish_reply(p, reply);
		return;
	}
	if (!post_copy_id(p->message, reply->body, "id")) {
		post_finish_words(p, RC_UNCERTAIN,
		    "Discord's answer has no id");
		return;
	}
	post_learn_dress(p);
	post_finish_posted(p);
}

static void
create(struct post *p)
{
	p->again = create;
	(void)post_request(p, DISCORD_POST, p->channel,
	    arena_printf(p->delivery->arena, "/channels/%s/messages",
		p->channel),
	    post_body(p, true), on_created);
}

/* Whether a button of this message carries a handle of the delivery: each
 * begins with its id. */
static bool
is_ours(const json_t *message, const char *delivery)
{
	const json_t *row, *button;
	size_t len = strlen(delivery), i, k;

	json_array_foreach(json_object_get(message, "components"), i, row)
	{
		json_array_foreach(json_object_get(row, "components"), k,
		    button)
		{
			const char *id =
			    json_string_value(json_object_get(button,
				"custom_id"));

			if (id != NULL && strncmp(id, delivery, len) == 0 &&
			    id[len] == '.') {
				return true;
			}
		}
	}
	return false;
}

static void
on_found(struct post *p)
{
	if (p->delivery->kind == DELIVERY_ASK) {
		post_finish_posted(p);
	} else {
		post_paint(p);
	}
}

static void
on_absent(struct post *p)
{
	if (p->delivery->kind == DELIVERY_ASK) {
		create(p);
	} else {
		post_finish_words(p, RC_OK, "nothing was posted");
	}
}

/*
 * What an earlier attempt may have left there. Where the history is not ours
 * to read the nonce has to do, which Discord knows for some minutes.
 */
static void
on_history(void *arg, const struct discord_reply *reply)
{
	struct post *p = arg;
	const json_t *message;
	size_t i;

	if (reply->rc != RC_OK && reply->rc != RC_REMOTE_PERM) {
		post_finish_reply(p, reply);
		return;
	}
	json_array_foreach(reply->body, i, message)
	{
		if (is_ours(message, p->delivery->id) &&
		    post_copy_id(p->message, message, "id")) {
			on_found(p);
			return;
		}
	}
	on_absent(p);
}

/* The place is known. */
static void
post(struct post *p)
{
	if (p->delivery->attempt <= 1) {
		create(p);
		return;
	}
	(void)post_request(p, DISCORD_LIST, p->channel,
	    arena_printf(p->delivery->arena, "/channels/%s/messages?limit=%d",
		p->channel, SEARCH),
	    NULL, on_history);
}

/* --- the place ------------------------------------------------------------ */

static void
remember(struct discord_posts *posts, const char *id, const char *place)
{
	unsigned long long number;
	struct discord_cache_row *row;

	if (discord_is_id(id, &number)) {
		row = discord_cache_at(&posts->places, number);
		if (row != NULL) {
			(void)snprintf(row->place, sizeof(row->place), "%s",
			    place);
		}
	}
}

static const char *
recall(struct discord_posts *posts, const char *id)
{
	unsigned long long number;
	const struct discord_cache_row *row = discord_is_id(id, &number)
	    ? discord_cache_find(&posts->places, number)
	    : NULL;

	return row != NULL && row->place[0] != '\0' ? row->place : NULL;
}

static void
on_channel(void *arg, const struct discord_reply *reply)
{
	struct post *p = arg;

	if (reply->rc != RC_OK) {
		post_finish_reply(p, reply);
		return;
	}
	if (!post_copy_id(p->guild, reply->body, "guild_id")) {
		(void)snprintf(p->guild, sizeof(p->guild), "@me");
	}
	remember(p->posts, p->channel, p->guild);
	post(p);
}

static void
on_dm(void *arg, const struct discord_reply *reply)
{
	struct post *p = arg;

	if (reply->rc != RC_OK) {
		post_finish_reply(p, reply);
		return;
	}
	if (!post_copy_id(p->channel, reply->body, "id")) {
		post_finish_words(p, RC_REMOTE_TEMP,
		    "Discord names no channel");
		return;
	}
	remember(p->posts, p->delivery->address, p->channel);
	post(p);
}

static void
find_dm(struct post *p)
{
	struct delivery *d = p->delivery;
	const char *channel = recall(p->posts, d->address);

	(void)snprintf(p->guild, sizeof(p->guild), "@me");
	if (channel != NULL) {
		(void)snprintf(p->channel, sizeof(p->channel), "%s", channel);
		post(p);
		return;
	}
	(void)post_request(p, DISCORD_OPEN_DM, NULL, "/users/@me/channels",
	    arena_printf(d->arena, "{\"recipient_id\":\"%s\"}", d->address),
	    on_dm);
}

static void
find_channel(struct post *p)
{
	struct delivery *d = p->delivery;
	const char *guild = recall(p->posts, d->address);

	(void)snprintf(p->channel, sizeof(p->channel), "%s", d->address);
	if (guild != NULL) {
		(void)snprintf(p->guild, sizeof(p->guild), "%s", guild);
		post(p);
		return;
	}
	(void)post_request(p, DISCORD_CHANNEL, p->channel,
	    arena_printf(d->arena, "/channels/%s", p->channel), NULL,
	    on_channel);
}

void
post_ask(struct post *p)
{
	const char *address = p->delivery->address;

	if (address != NULL && strncmp(address, "mailto:", 7) == 0) {
		post_finish_words(p, RC_REMOTE_PERM,
		    "Discord finds nobody by a mail address");
		return;
	}
	if (!discord_is_id(address, NULL)) {
		post_finish_words(p, RC_INVALID,
		    "the address is no Discord id");
		return;
	}
	if (p->delivery->person != NULL) {
		find_dm(p);
	} else {
		find_channel(p);
	}
}
