/*
 * discord_rest: requests to Discord's API with the bot's token, as fast as
 * Discord wants them (discord_limits.h).
 *
 * What comes too often is asked again when Discord says; what fails otherwise
 * is told, for it is the outbox that tries again. On the loop's thread, but
 * for new, health and free.
 */
#ifndef BOTS_DISCORD_REST_H
#define BOTS_DISCORD_REST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bots/discord_limits.h"
#include "bots/discord_turns.h"
#include "lib/http_client.h"
#include "lib/rc.h"

enum {
	DISCORD_WAITING_MAX = 256,
	DISCORD_WAIT_MAX_MS = 60 * 1000, /* for limits; then it is given back */
	DISCORD_ANSWER_MAX = 256 * 1024	 /* bytes */
};

struct discord_rest_options {
	struct discord_turns *turns;
	struct http_client *http;
	const char *api_url; /* without a slash at the end */
	const char *token;   /* secret, without "Bot " */
	const char *user_agent;
};

/* Codes of errors that callers know (Discord, "Opcodes and Status Codes"). */
enum {
	DISCORD_UNKNOWN_MESSAGE = 10008,
	DISCORD_UNKNOWN_INTERACTION = 10062,
	DISCORD_ACKNOWLEDGED = 40060,
	DISCORD_EMPTY_MESSAGE = 50006,
	DISCORD_INVALID_FORM = 50035,
	DISCORD_INVALID_JSON = 50109,
	DISCORD_AUTOMOD = 200000,
	DISCORD_HARMFUL_LINK = 240000
};

struct discord_reply {
	/*
	 * RC_OK: a 2xx. RC_REMOTE_PERM: refused, code and detail say why.
	 * RC_REMOTE_TEMP, RC_UNCERTAIN: may pass. RC_BUSY: not tried, or it
	 * makes no sense now.
	 */
	enum rc rc;
	int status;	    /* 0 = none came */
	int code;	    /* 0 = none */
	const json_t *body; /* borrowed for the call; NULL = no JSON */
	int retry_after_s;
	const char *detail; /* words, no secrets */
};

/* Copied. */
struct discord_request {
	enum discord_route route;
	const char *channel; /* id; NULL where the path names none */
	const char *path;    /* behind the API's URL */
	const char *body;    /* JSON text, or NULL */
	bool old;	     /* edits a message that is older than an hour */
	void (*done)(void *arg, const struct discord_reply *);
	void *arg;
};

struct discord_rest; /* opaque: fields live in discord_rest.c */

struct discord_rest *discord_rest_new(const struct discord_rest_options *);
/* `done` is called once, never from within. RC_BUSY: it is not. */
enum rc discord_rest_send(struct discord_rest *, const struct discord_request *)
    MUST_CHECK;
/* What waits ends with RC_BUSY, and nothing new is taken. */
void discord_rest_close(struct discord_rest *);
/* Counts an answer that came another way: invalid requests add up. */
void discord_rest_note(struct discord_rest *, const struct discord_heads *);
/* Whether asking anything now would make a ban longer. */
bool discord_rest_is_banned(const struct discord_rest *);
/* How far our clock is before Discord's, as the last answer says. */
long long discord_rest_skew_ms(const struct discord_rest *);
/* Why nothing goes out, or NULL; and how often Discord said: too often. Any
 * thread. */
const char *discord_rest_health(struct discord_rest *, long long *limited);
/* Nothing is under way any more. NULL is fine. */
void discord_rest_free(struct discord_rest *);

/* What an answer says; *body is the caller's, NULL when it is no JSON. */
void discord_heads_read(const struct http_answer *, struct discord_heads *,
    json_t **body);
/* How an answer counts that is not to be repeated; words stay in `words`. */
void discord_judge(const struct discord_heads *, struct discord_reply *,
    char *words, size_t size);

#endif
