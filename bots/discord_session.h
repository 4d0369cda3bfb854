/*
 * discord_session: the gateway (Discord, "Gateway" and "Gateway Events").
 *
 * One connection that is resumed wherever that is possible, over restarts of
 * ours too. Knows the protocol and its budgets, not approvals. All functions
 * but new, health and free are for the thread of the loop.
 */
#ifndef BOTS_DISCORD_SESSION_H
#define BOTS_DISCORD_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "channel.h"
#include "lib/rc.h"

struct discord_session_options {
	struct websocket_loop *loop;
	struct http_client *http;
	const struct channel_up *up; /* remember(); outlives the session */
	const char *api_url;	     /* without a slash at the end */
	const char *token;	     /* secret, without "Bot " */
	const char *user_agent;
	/* What was remembered under DISCORD_SESSION_FACT; or NULL. */
	const char *stored;
	/*
	 * INTERACTION_CREATE: its d, borrowed for the call. `seq` names it
	 * among all that came since the start, and is to be given to
	 * discord_session_handled() when it is on disk. On the loop's thread.
	 */
	void (*interaction)(void *ctx, const json_t *d, long long seq);
	/* READY or RESUMED came: application id, or NULL when not said; on the
	 * loop's thread. */
	void (*ready)(void *ctx, const char *application_id);
	void *ctx;
	/* Clocks as in lib/clock.h; NULL = the system's. */
	long long (*now_ms)(void);
	long long (*mono_ms)(void);
};

#define DISCORD_SESSION_FACT "discord_session"

struct discord_session; /* opaque: fields live in discord_session.c */

/*
 * Copies the strings. Begins to connect at once, on the loop's thread: what is
 * called of `options` may come before this returns, unless that is there too.
 */
struct discord_session *discord_session_new(
    const struct discord_session_options *);
/*
 * What came with this sequence number is on disk, or needs not be: a resume
 * after a restart begins behind the highest number below which all are.
 */
void discord_session_handled(struct discord_session *, long long seq);
/* Any thread. Fills state, fault, sessions and reconnects. */
void discord_session_health(struct discord_session *,
    struct channel_health *out);
/*
 * Closes with 4000, so that it can be resumed (Discord, "Gateway", "Resuming":
 * 1000 and 1001 end the session), waits until that is out, at most 1.5 s, and
 * frees. Nothing of `options` is called after it. On any thread but the loop's.
 * NULL is fine.
 */
void discord_session_free(struct discord_session *);

#endif
