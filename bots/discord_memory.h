/*
 * discord_memory: what a session of the gateway has to remember, and what
 * follows from it: where to connect next, and with what. Pure.
 *
 * Interactions may be handled out of order; what is kept for a restart is the
 * highest sequence number below which all are. All else is handled when seen.
 */
#ifndef BOTS_DISCORD_MEMORY_H
#define BOTS_DISCORD_MEMORY_H

#include <stdbool.h>

#include "bots/discord_budget.h"
#include "bots/discord_gateway.h"
#include "lib/arena.h"
#include "lib/crypto.h"

enum {
	DISCORD_OPEN_MAX = 4096,  /* interactions seen and not handled */
	DISCORD_UNREACHED_MAX = 2 /* then the main address has its turn */
};

struct discord_memory {
	/* Stored: */
	char token[CRYPTO_SHA256_HEX]; /* digest of whose session it is */
	char session_id[DISCORD_SESSION_ID_MAX + 1];	/* "" = none */
	char resume_url[DISCORD_URL_MAX + 1];		/* "" = the main one */
	char gateway_url[DISCORD_URL_MAX + 1];		/* "" = not known */
	char application_id[DISCORD_SNOWFLAKE_MAX + 1]; /* "" = not known */
	struct discord_budget budget;
	/* Stored as the number up to which all is handled: */
	long long seq;	 /* last one seen, or DISCORD_SEQ_NONE */
	long long *open; /* owned; ascending; not handled */
	size_t open_n;	 /* at most DISCORD_OPEN_MAX */
	/* Not stored: */
	bool plain;	     /* ws:// is allowed */
	long long session_n; /* sessions so far: part of a ticket */
	int resume_failures; /* attempts to resume in a row */
	int deaths;	     /* of these, with the resume already sent */
	int main_failures;   /* main address not reached, in a row */
};

/* `stored` is what discord_memory_text() once gave; NULL, of another token or
 * not readable: nothing is known. */
void discord_memory_init(struct discord_memory *, const char *token, bool plain,
    const char *stored);
void discord_memory_fini(struct discord_memory *);
char *discord_memory_text(const struct discord_memory *, struct arena *);

enum discord_target {
	DISCORD_RESUME_THERE, /* at the session's own address */
	DISCORD_RESUME_MAIN,
	DISCORD_IDENTIFY
};

/*
 * What to try next. After two failures the main address takes turns with the
 * session's own: an edge host may be gone for good, and the main one may not
 * take a resume.
 */
enum discord_target discord_memory_target(const struct discord_memory *);
/* The address for it, without query; NULL: the main one is not known. */
const char *discord_memory_url(const struct discord_memory *,
    enum discord_target);

/* The session is gone. */
void discord_memory_forget(struct discord_memory *);
/* A connection to this target ended before Hello. */
void discord_memory_unreached(struct discord_memory *, enum discord_target);
/* Hello came; the address counts as good. `url` is the main one. */
void discord_memory_reached(struct discord_memory *, enum discord_target,
    const char *url);
/* It ended behind our resume, before the answer: after some, forget. */
void discord_memory_died(struct discord_memory *, enum discord_target);
/* Whether the main address is to be asked for (again). */
bool discord_memory_stale(const struct discord_memory *);
void discord_memory_found(struct discord_memory *, const char *url);

/* READY: a new session. */
void discord_memory_ready(struct discord_memory *, const struct discord_ready *,
    long long seq);
/* RESUMED. */
void discord_memory_resumed(struct discord_memory *);

/*
 * A dispatch came. One that stays open gives its ticket, which names it among
 * those of all sessions since the start; 0 when it has no number.
 */
long long discord_memory_seen(struct discord_memory *, long long seq,
    bool open);
/* True: what is to be stored has changed. */
bool discord_memory_handled(struct discord_memory *, long long ticket);

#endif
