/*
 * discord_limits: when the next request may go out (Discord, "Rate Limits").
 * Pure: the caller brings the clock, which is monotonic.
 *
 * One request at a time for each bucket, which is named by a hash that answers
 * tell, together with the channel; a share of the global limit; and a stop of
 * everything where going on would do harm: a token that does not count, a ban,
 * too many refusals.
 */
#ifndef BOTS_DISCORD_LIMITS_H
#define BOTS_DISCORD_LIMITS_H

#include <stdbool.h>

#include "lib/bucket.h"

/* A method with the template of a path. */
enum discord_route {
	DISCORD_POST,	 /* POST channels/C/messages */
	DISCORD_PATCH,	 /* PATCH channels/C/messages/M */
	DISCORD_LIST,	 /* GET channels/C/messages */
	DISCORD_OPEN_DM, /* POST users/@me/channels */
	DISCORD_CHANNEL, /* GET channels/C */
	DISCORD_APP,	 /* GET applications/@me */
	DISCORD_ROUTES
};

enum {
	DISCORD_WINDOWS_MAX = 256, /* buckets that are remembered */
	DISCORD_HASH_SIZE = 64,
	DISCORD_MAJOR_SIZE = 24,
	DISCORD_INVALID_MAX = 500, /* per 10 min; at 10,000 comes a ban */
	DISCORD_STOP_MS = 15 * 60 * 1000,
	DISCORD_WAIT_FOREVER = 1000 * 1000 * 1000 /* until another one ends */
};

/* What an answer says. */
struct discord_heads {
	int status;
	bool json;	/* the body is JSON: an object or a list */
	int code;	/* its code; 0 = none */
	char words[96]; /* its message, made harmless; "" */
	bool via;	/* it came from Discord, not from what shields it */
	bool global;
	bool shared;	      /* does not count as invalid */
	double retry_after_s; /* the longer of header and body; -1 = not said */
	int remaining;	      /* -1 = not said */
	double reset_after_s; /* -1 = not said */
	char bucket[DISCORD_HASH_SIZE];
	long long skew_ms; /* our clock before Discord's; 0 = about the same */
};

struct discord_window {
	char name[DISCORD_HASH_SIZE]; /* hash, or that of a route */
	char major[DISCORD_MAJOR_SIZE];
	bool busy;	    /* a request is under way */
	long long until_ms; /* nothing before */
	long long used_ms;
};

struct discord_limits {
	char hash[DISCORD_ROUTES][DISCORD_HASH_SIZE]; /* "" = not known */
	struct discord_window windows[DISCORD_WINDOWS_MAX];
	int windows_n;
	long long global_ms; /* nothing before */
	long long second_ms; /* begin of the current share */
	int second_n;	     /* requests in it */
	struct bucket invalid;
	long long stop_ms; /* nothing before */
	bool banned;	   /* the stop is for callbacks, too */
	const char *stop_words;
};

/* A request, as far as limits go. */
struct discord_ticket {
	enum discord_route route;
	char major[DISCORD_MAJOR_SIZE]; /* channel id or "" */
	bool old;   /* edits a message that is older than an hour */
	int window; /* while it is under way */
	long long not_before_ms;
};

enum discord_end {
	DISCORD_END_DONE,  /* whatever it says, it is the answer */
	DISCORD_END_AGAIN, /* too often: the same once more, when it may */
	DISCORD_END_STOP   /* everything stops; stop_words say why */
};

/* How many ms to wait; 0: now. */
long long discord_limits_wait(struct discord_limits *,
    const struct discord_ticket *, long long now_ms);
/* It goes out; asserts that it may. */
void discord_limits_begin(struct discord_limits *, struct discord_ticket *,
    long long now_ms);
/* It is over; NULL: without an answer. */
enum discord_end discord_limits_end(struct discord_limits *,
    struct discord_ticket *, const struct discord_heads *, long long now_ms);
/* The answer to a request that is under no limit of ours. */
void discord_limits_note(struct discord_limits *, const struct discord_heads *,
    long long now_ms);
/* Why everything stops, or NULL. */
const char *discord_limits_stopped(const struct discord_limits *,
    long long now_ms);

#endif
