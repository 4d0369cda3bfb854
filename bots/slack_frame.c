#include "bots/slack_frame.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bots/slack_session.h"
#include "lib/http_client.h"
#include "lib/json.h"
#include "lib/json_out.h"
#include "lib/url.h"

/* --- over a socket -------------------------------------------------------- */

static void
ignore(struct slack_frame *f, const char *why, bool normal)
{
	f->kind = SLACK_FRAME_IGNORED;
	f->why = why;
	f->normal = normal;
}

/* -1 when it is no count. */
static int
read_connections(const json_t *root)
{
	const json_t *n = json_object_get(root, "num_connections");
	json_int_t i = json_integer_value(n);

	return json_is_integer(n) && i >= 0 && i <= INT_MAX ? (int)i : -1;
}

static void
on_hello(struct slack_frame *f)
{
	const json_t *lasts =
	    json_object_get(json_object_get(f->root, "debug_info"),
		"approximate_connection_time");
	json_int_t s = json_integer_value(lasts);

	f->kind = SLACK_FRAME_HELLO;
	f->event = SLACK_ON_HELLO;
	f->connections = read_connections(f->root);
	f->lasts_s = s > 0 ? s : 0;
}

/*
 * Slack, "Using Socket Mode", disconnect: `warning` comes about 10 s before
 * the end, `refresh_requested` a little before it. Whatever else it may come
 * to say is taken for such a wish.
 */
static void
on_disconnect(struct slack_frame *f)
{
	static const struct {
		const char *reason;
		enum slack_event event;
	} reasons[] = {
	    {"link_disabled", SLACK_ON_DISABLED},
	    {"too_many_websockets", SLACK_ON_CROWDED},
	};

	f->kind = SLACK_FRAME_DISCONNECT;
	f->event = SLACK_ON_REFRESH;
	f->connections = read_connections(f->root);
	f->reason = json_string_value(json_object_get(f->root, "reason"));
	if (f->reason == NULL) {
		f->reason = "";
	}
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (strcmp(f->reason, reasons[i].reason) == 0) {
			f->event = reasons[i].event;
		}
	}
}

static void
on_envelope(struct slack_frame *f)
{
	f->id = json_string_value(json_object_get(f->root, "envelope_id"));
	f->payload = json_object_get(f->root, "payload");
	f->accepts_payload =
	    json_is_true(json_object_get(f->root, "accepts_response_payload"));
	if (f->id == NULL || f->id[0] == '\0') {
		ignore(f, "an envelope without an id", false);
	} else if (strlen(f->id) >= SLACK_ENVELOPE_ID_MAX) {
		ignore(f, "an envelope with too long an id", false);
	} else if (!json_is_object(f->payload)) {
		ignore(f, "an envelope without a payload", false);
	} else {
		f->kind = SLACK_FRAME_ENVELOPE;
	}
}

void
slack_frame_read(const char *text, size_t len, struct slack_frame *out)
{
	static const struct {
		const char *type;
		void (*read)(struct slack_frame *);
	} types[] = {
	    {"hello", on_hello},
	    {"disconnect", on_disconnect},
	    {"interactive", on_envelope},
	    {"slash_commands", on_envelope},
	    {"events_api", on_envelope},
	};

	*out = (struct slack_frame){.connections = -1};
	/* Slack has been seen to say "UNAUTHENTICATED: cache_error". */
	if (json_read(text, len, &out->root, NULL) != RC_OK) {
		ignore(out, "not JSON", false);
		return;
	}
	out->type = json_string_value(json_object_get(out->root, "type"));
	if (out->type == NULL) {
		ignore(out, "without a type", false);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(out->type, types[i].type) == 0) {
			types[i].read(out);
			return;
		}
	}
	ignore(out, "of an unknown type", true);
}

void
slack_frame_fini(struct slack_frame *f)
{
	json_drop(&f->root);
}

char *
slack_frame_ack(struct arena *a, const char *id, const json_t *payload,
    size_t *out_len)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	json_out_text(&o, "envelope_id", id);
	if (payload != NULL) {
		size_t len;
		const char *text = json_compact(a, payload, &len);

		json_out_raw(&o, "payload", text, len);
	}
	json_out_end(&o);
	return json_out_finish(&o, out_len);
}

/* --- apps.connections.open ------------------------------------------------ */

/* Slack's error words are of this alphabet; anything else is not repeated. */
static bool
is_word(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	return s != NULL && s[0] != '\0' && strlen(s) < SLACK_WORD &&
	    s[strspn(s, letters)] == '\0';
}

bool
slack_word_is_fatal(const char *word)
{
	static const char *const fatal[] = {"invalid_auth", "not_authed",
	    "account_inactive", "token_revoked", "token_expired",
	    "not_allowed_token_type", "missing_scope", "user_removed_from_team",
	    "team_disabled", "org_login_required", "access_denied",
	    "no_permission", "accesslimited", "two_factor_setup_required"};

	for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
		if (strcmp(word, fatal[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool
is_address(const char *url, bool allow_plain)
{
	bool wss = strncasecmp(url, "wss://", 6) == 0 && url[6] != '\0';
	bool ws = strncasecmp(url, "ws://", 5) == 0 && url[5] != '\0';

	return (wss || (ws && allow_plain)) && strlen(url) <= URL_MAX;
}

static void
fail(struct slack_ticket *t, const char *word)
{
	t->kind = SLACK_TICKET_FAILED;
	(void)snprintf(t->word, sizeof(t->word), "%s", word);
}

/* Retry-After; 30 s when a refusal for being too often names no time. */
static void
limit(struct slack_ticket *t)
{
	enum { UNSAID_S = 30 };

	fail(t, "ratelimited");
	t->kind = SLACK_TICKET_LIMITED;
	if (t->retry_after_s == 0) {
		t->retry_after_s = UNSAID_S;
	}
}

static void
judge_refusal(const json_t *root, struct slack_ticket *t)
{
	const char *word = json_string_value(json_object_get(root, "error"));

	if (!is_word(word)) {
		fail(t, "refused without a word");
		return;
	}
	fail(t, word);
	if (strcmp(word, "ratelimited") == 0 ||
	    strcmp(word, "rate_limited") == 0) {
		limit(t);
	} else if (slack_word_is_fatal(word)) {
		t->kind = SLACK_TICKET_FATAL;
	}
}

static void
judge_body(struct arena *a, const struct http_answer *answer, bool allow_plain,
    struct slack_ticket *t)
{
	CLEANUP(json_drop) json_t *root = NULL;
	const json_t *ok;
	const char *url;

	if (answer->body_cut ||
	    json_read(answer->body, answer->body_len, &root, NULL) != RC_OK) {
		return;
	}
	ok = json_object_get(root, "ok");
	if (json_is_false(ok)) {
		judge_refusal(root, t);
		return;
	}
	if (!json_is_true(ok) || answer->status != 200) {
		return;
	}
	url = json_string_value(json_object_get(root, "url"));
	if (url == NULL || !is_address(url, allow_plain)) {
		fail(t, "an address that is not a wss URL");
		return;
	}
	t->kind = SLACK_TICKET_URL;
	t->url = arena_strdup(a, url);
	t->word[0] = '\0';
}

void
slack_ticket_read(struct arena *a, const struct http_answer *answer,
    bool allow_plain, struct slack_ticket *out)
{
	enum { TOO_MANY = 429 };

	*out = (struct slack_ticket){.kind = SLACK_TICKET_FAILED};
	if (answer->rc != RC_OK) {
		fail(out,
		    answer->detail != NULL ? answer->detail
					   : rc_name(answer->rc));
		return;
	}
	if (answer->retry_after_s > 0) {
		out->retry_after_s = answer->retry_after_s < SLACK_PAUSE_MAX_S
		    ? answer->retry_after_s
		    : SLACK_PAUSE_MAX_S;
	}
	if (answer->status == TOO_MANY) {
		limit(out);
		return;
	}
	(void)snprintf(out->word, sizeof(out->word),
	    "HTTP %d without an answer of Slack's", answer->status);
	judge_body(a, answer, allow_plain, out);
}
