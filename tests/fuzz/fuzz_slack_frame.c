/*
 * Any text over a Slack socket is a frame of a known kind or ignored, and what
 * names an envelope can be acknowledged as JSON; the same bytes are read as an
 * answer of apps.connections.open.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "bots/slack_frame.h"
#include "bots/slack_session.h"
#include "lib/http_client.h"
#include "lib/json.h"

static void
check_envelope(struct arena *a, const struct slack_frame *f)
{
	CLEANUP(json_drop) json_t *back = NULL;
	size_t len;
	const char *text = slack_frame_ack(a, f->id, f->payload, &len);

	assert(f->id[0] != '\0' && strlen(f->id) < SLACK_ENVELOPE_ID_MAX);
	assert(json_is_object(f->payload) && f->type != NULL);
	assert(json_read(text, len, &back, NULL) == RC_OK);
	assert(strcmp(json_string_value(json_object_get(back, "envelope_id")),
		   f->id) == 0);
	assert(json_equal(json_object_get(back, "payload"), f->payload));
}

static void
check_ticket(struct arena *a, const char *body, size_t len, bool plain)
{
	struct http_answer answer = {.status = 200,
	    .body = body,
	    .body_len = len};
	struct slack_ticket t;

	slack_ticket_read(a, &answer, plain, &t);
	assert((t.url != NULL) == (t.kind == SLACK_TICKET_URL));
	assert((t.word[0] == '\0') == (t.kind == SLACK_TICKET_URL));
	if (t.url != NULL && !plain) {
		assert(strncasecmp(t.url, "wss://", 6) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(slack_frame_fini) struct slack_frame f;
	const char *text = arena_strndup(a, (const char *)data, size);

	slack_frame_read(text, size, &f);
	switch (f.kind) {
	case SLACK_FRAME_IGNORED:
		assert(f.why != NULL);
		break;
	case SLACK_FRAME_HELLO:
		assert(f.connections >= -1 && f.lasts_s >= 0);
		assert(slack_refresh_ms(0, f.lasts_s) >= 0);
		break;
	case SLACK_FRAME_DISCONNECT:
		assert(f.reason != NULL && f.connections >= -1);
		break;
	case SLACK_FRAME_ENVELOPE:
		check_envelope(a, &f);
		break;
	}
	check_ticket(a, text, size, false);
	check_ticket(a, text, size, true);
	return 0;
}
