/*
 * slack_frame: what Slack says over a socket, and what it answers to
 * apps.connections.open. Pure; foreign bytes end here.
 */
#ifndef BOTS_SLACK_FRAME_H
#define BOTS_SLACK_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bots/slack_slot.h"
#include "lib/arena.h"

struct http_answer;

enum slack_frame_kind {
	SLACK_FRAME_IGNORED, /* see why */
	SLACK_FRAME_HELLO,
	SLACK_FRAME_DISCONNECT,
	SLACK_FRAME_ENVELOPE
};

struct slack_frame {
	enum slack_frame_kind kind;
	json_t *root; /* owned; NULL when it was not JSON */
	/* Ignored: */
	const char *why; /* words of ours */
	bool normal;	 /* Slack may say such a thing */
	/* Hello and disconnect: */
	int connections;   /* of the app, as Slack counts; -1 = not said */
	long long lasts_s; /* Slack's guess; 0 = not said */
	enum slack_event event;
	const char *reason; /* Slack's word, in root; not to be trusted */
	/* Envelope, all in root: */
	const char *id; /* shorter than SLACK_ENVELOPE_ID_MAX */
	const char *type;
	bool accepts_payload;
	const json_t *payload; /* an object */
};

/* Fills in everything; to be ended with slack_frame_fini(). */
void slack_frame_read(const char *text, size_t len, struct slack_frame *out);
/* Also fits CLEANUP. */
void slack_frame_fini(struct slack_frame *);
/* The acknowledgement of an envelope; `payload` may be NULL. */
char *slack_frame_ack(struct arena *, const char *id, const json_t *payload,
    size_t *out_len);

enum { SLACK_WORD = 64 };

enum slack_ticket_kind {
	SLACK_TICKET_URL,
	SLACK_TICKET_FATAL,   /* the token or app is not accepted */
	SLACK_TICKET_LIMITED, /* too often; see retry_after_s */
	SLACK_TICKET_FAILED   /* may pass */
};

/* What apps.connections.open said. */
struct slack_ticket {
	enum slack_ticket_kind kind;
	const char *url;       /* secret, in the arena */
	int retry_after_s;     /* 1 to SLACK_PAUSE_MAX_S; 0 = not said */
	char word[SLACK_WORD]; /* Slack's, if it is one, or ours */
};

/* ws:// is taken for an address only with allow_plain. */
void slack_ticket_read(struct arena *, const struct http_answer *,
    bool allow_plain, struct slack_ticket *out);
/* Whether Slack's word means that token or app is not accepted. */
bool slack_word_is_fatal(const char *word);

#endif
