#include "bots/discord_post_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bots/discord_message.h"
#include "bots/discord_text.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"

enum { OLD_MS = 3600 * 1000 /* edits of older messages are limited */ };

static void
finish(struct post *p, const struct attempt *at)
{
	struct discord_posts *posts = p->posts;

	if (!posts->closed || at->rc != RC_BUSY) {
		posts->ended(posts->ctx, p->delivery->id, at);
	}
	delivery_free(p->delivery);
	free(p);
}

void
post_finish_words(struct post *p, enum rc rc, const char *words)
{
	const struct attempt at = {.rc = rc, .detail = words};

	finish(p, &at);
}

void
post_finish_reply(struct post *p, const struct discord_reply *reply)
{
	const struct attempt at = {.rc = reply->rc,
	    .retry_after_s = reply->retry_after_s,
	    .detail = reply->detail};

	finish(p, &at);
}

void
post_finish_posted(struct post *p)
{
	const struct attempt at = {.rc = RC_OK,
	    .remote_id = arena_printf(p->delivery->arena, "%s/%s/%s", p->guild,
		p->channel, p->message)};

	finish(p, &at);
}

bool
post_request(struct post *p, enum discord_route route, const char *channel,
    const char *path, const char *body,
    void (*done)(void *arg, const struct discord_reply *))
{
	unsigned long long id = 0;
	const struct discord_request req = {.route = route,
	    .channel = channel,
	    .path = path,
	    .body = body,
	    .old = route == DISCORD_PATCH && discord_is_id(p->message, &id) &&
		clock_now_ms() - discord_id_ms(id) > OLD_MS,
	    .done = done,
	    .arg = p};

	if (discord_rest_send(p->posts->rest, &req) != RC_OK) {
		post_finish_words(p, RC_BUSY, "too much waits for Discord");
		return false;
	}
	return true;
}

bool
post_copy_id(char out[DISCORD_ID_SIZE], const json_t *object, const char *name)
{
	const char *id = json_string_value(json_object_get(object, name));

	if (!discord_is_id(id, NULL)) {
		return false;
	}
	(void)snprintf(out, DISCORD_ID_SIZE, "%s", id);
	return true;
}

const char *
post_body(struct post *p, bool create)
{
	struct delivery *d = p->delivery;
	const struct discord_face face = {.card = d->card,
	    .intent = d->intent,
	    .handle = d->handle != NULL ? d->handle : "",
	    .page = d->page,
	    .dress = p->dress};
	CLEANUP(json_drop) json_t *body =
	    discord_message_build(d->arena, &face);

	assert(body != NULL);
	if (create) {
		(void)json_object_set_new(body, "nonce", json_string(d->id));
		(void)json_object_set_new(body, "enforce_nonce", json_true());
	}
	return json_compact(d->arena, body, NULL);
}

bool
post_undress(struct post *p, const struct discord_reply *reply)
{
	bool form = reply->code == DISCORD_INVALID_FORM ||
	    reply->code == DISCORD_EMPTY_MESSAGE ||
	    reply->code == DISCORD_INVALID_JSON;
	bool filter = reply->code == DISCORD_AUTOMOD ||
	    reply->code == DISCORD_HARMFUL_LINK;

	if (reply->rc != RC_REMOTE_PERM || (!form && !filter) ||
	    p->dress == DISCORD_BARE) {
		return false;
	}
	log_warn("discord delivery %s is made plainer: %s", p->delivery->id,
	    reply->detail);
	p->dress = filter ? DISCORD_BARE : p->dress + 1;
	return true;
}

/* A page that is no URL for a button is none the next time either. */
void
post_learn_dress(struct post *p)
{
	if (p->dress == DISCORD_NO_LINK && !p->posts->no_link) {
		p->posts->no_link = true;
		log_warn("discord takes no button to the page: its address is "
			 "written out");
	}
}
