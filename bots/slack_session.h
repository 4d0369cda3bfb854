/*
 * slack_session: Socket Mode (Slack, "Using Socket Mode").
 *
 * Two slots, each with a connection that is replaced before it goes: what is
 * asked of people's clicks arrives on any of them. Knows connections and
 * envelopes, not approvals. All functions but new, health and free are for the
 * thread of the loop.
 */
#ifndef BOTS_SLACK_SESSION_H
#define BOTS_SLACK_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "channel.h"
#include "lib/rc.h"

enum {
	SLACK_ENVELOPE_ID_MAX = 128,
	SLACK_ACK_MAX = 20000 /* bytes; Slack drops larger ones unseen */
};

/* Names an envelope on the connection that brought it. */
struct slack_envelope_ref {
	unsigned long long connection;
	char id[SLACK_ENVELOPE_ID_MAX];
	long long arrived_ms; /* monotonic */
};

struct slack_envelope {
	struct slack_envelope_ref ref;
	const char *type;      /* "interactive" "slash_commands" "events_api" */
	bool accepts_payload;  /* the acknowledgement may carry one */
	const json_t *payload; /* borrowed for the call */
};

struct slack_session_options {
	struct websocket_loop *loop;
	struct http_client *http;
	const char *api_url;   /* with a slash at the end */
	const char *app_token; /* secret */
	/* An envelope with an id came. On the loop's thread. */
	void (*envelope)(void *ctx, const struct slack_envelope *);
	void *ctx;
};

struct slack_session; /* opaque: fields live in slack_session.c */

/* Copies the strings. Begins to connect at once, on the loop's thread. */
struct slack_session *slack_session_new(const struct slack_session_options *);
/*
 * Acknowledges, once, on the connection that brought it; one that is gone is
 * not an error (RC_NOT_FOUND). `payload` may be NULL and is not taken.
 * RC_TOO_LARGE over SLACK_ACK_MAX: nothing is sent.
 */
enum rc slack_session_ack(struct slack_session *,
    const struct slack_envelope_ref *, const json_t *payload) MUST_CHECK;
/* Any thread. Fills state, fault, sessions, ghosts and reconnects, and adds to
 * limited. */
void slack_session_health(struct slack_session *, struct channel_health *out);
/*
 * Says close on all, waits for their ends for at most 1.5 s, and frees; no
 * envelope comes from the call on. On any thread but the loop's, which must
 * not need what the caller holds. NULL is fine.
 */
void slack_session_free(struct slack_session *);

#endif
