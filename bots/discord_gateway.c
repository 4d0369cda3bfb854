#include "bots/discord_gateway.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/url.h"

static const char *
text_of(const json_t *object, const char *name, size_t max)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL && s[0] != '\0' && strlen(s) <= max ? s : NULL;
}

enum rc
discord_frame_read(const char *text, size_t len, struct discord_frame *out,
    struct fault *f)
{
	CLEANUP(json_drop) json_t *root = NULL;
	const json_t *op, *seq;
	const char *type;
	enum rc rc;

	*out = (struct discord_frame){.seq = DISCORD_SEQ_NONE, .type = ""};
	rc = json_read(text, len, &root, f);
	if (rc != RC_OK) {
		return rc;
	}
	op = json_object_get(root, "op");
	if (!json_is_integer(op)) {
		return fault_set(f, RC_INVALID, "op",
		    "no opcode (Discord, \"Gateway Event Payload "
		    "Structure\")");
	}
	seq = json_object_get(root, "s");
	if (json_is_integer(seq) && json_integer_value(seq) >= 0) {
		out->seq = json_integer_value(seq);
	}
	type = json_string_value(json_object_get(root, "t"));
	out->type = type != NULL ? type : "";
	out->op = json_integer_value(op);
	out->d = json_object_get(root, "d");
	if (out->d == NULL) {
		out->d = json_null();
	}
	out->root = root;
	root = NULL;
	return RC_OK;
}

void
discord_frame_fini(struct discord_frame *frame)
{
	json_drop(&frame->root);
	*frame = (struct discord_frame){.seq = DISCORD_SEQ_NONE, .type = ""};
}

enum rc
discord_hello_read(const json_t *d, int *out_ms)
{
	const json_t *interval = json_object_get(d, "heartbeat_interval");
	double ms = json_number_value(interval);

	if (!json_is_number(interval) || ms < DISCORD_BEAT_MS_MIN ||
	    ms > DISCORD_BEAT_MS_MAX) {
		return RC_INVALID;
	}
	*out_ms = (int)ms;
	return RC_OK;
}

enum rc
discord_ready_read(const json_t *d, struct discord_ready *out)
{
	const json_t *app = json_object_get(d, "application");

	*out = (struct discord_ready){
	    .session_id = text_of(d, "session_id", DISCORD_SESSION_ID_MAX),
	    .resume_url = text_of(d, "resume_gateway_url", DISCORD_URL_MAX),
	    .application_id = text_of(app, "id", DISCORD_SNOWFLAKE_MAX),
	};
	return out->session_id != NULL ? RC_OK : RC_INVALID;
}

static void
read_limit(const json_t *limit, struct discord_found *out)
{
	const json_t *total = json_object_get(limit, "total");
	const json_t *remaining = json_object_get(limit, "remaining");
	const json_t *reset = json_object_get(limit, "reset_after");

	out->limited = json_is_integer(total) && json_is_integer(remaining) &&
	    json_is_integer(reset);
	out->total = json_integer_value(total);
	out->remaining = json_integer_value(remaining);
	out->reset_after_ms = json_integer_value(reset);
}

enum rc
discord_found_read(const char *body, size_t len, bool plain,
    struct discord_found *out)
{
	CLEANUP(json_drop) json_t *root = NULL;
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *url;

	*out = (struct discord_found){.limited = false};
	if (json_read(body, len, &root, NULL) != RC_OK) {
		return RC_INVALID;
	}
	url = text_of(root, "url", DISCORD_URL_MAX);
	if (url == NULL || discord_gateway_url(a, url, plain) == NULL) {
		return RC_INVALID;
	}
	(void)snprintf(out->url, sizeof(out->url), "%s", url);
	read_limit(json_object_get(root, "session_start_limit"), out);
	return RC_OK;
}

char *
discord_gateway_url(struct arena *a, const char *base, bool plain)
{
	static const char secure[] = "wss://", open[] = "ws://";
	struct url parts;
	const char *rest;
	size_t len;

	if (strncmp(base, secure, strlen(secure)) == 0) {
		rest = base + strlen(secure);
	} else if (plain && strncmp(base, open, strlen(open)) == 0) {
		rest = base + strlen(open);
	} else {
		return NULL;
	}
	if (strlen(base) > DISCORD_URL_MAX ||
	    url_parse(a, arena_printf(a, "https://%s", rest), &parts, NULL) !=
		RC_OK) {
		return NULL;
	}
	len = strcspn(base, "?");
	return arena_printf(a, "%.*s%s?v=10&encoding=json", (int)len, base,
	    base[len - 1] == '/' ? "" : "/");
}

/* Takes d. */
static char *
frame_text(struct arena *a, enum discord_op op, json_t *d, size_t *out_len)
{
	CLEANUP(json_drop) json_t *frame =
	    json_pack("{s:i, s:o}", "op", (int)op, "d", d);

	return json_compact(a, frame, out_len);
}

char *
discord_heartbeat_text(struct arena *a, long long seq, size_t *out_len)
{
	return frame_text(a, DISCORD_OP_HEARTBEAT,
	    seq == DISCORD_SEQ_NONE ? json_null() : json_integer(seq), out_len);
}

/*
 * Discord, "List of Intents": events that belong to no intent are always sent,
 * and INTERACTION_CREATE is one. So none is asked for, and none can be
 * disallowed (4014).
 */
char *
discord_identify_text(struct arena *a, const char *token, size_t *out_len)
{
	return frame_text(a, DISCORD_OP_IDENTIFY,
	    json_pack("{s:s, s:i, s:{s:s, s:s, s:s}}", "token", token,
		"intents", 0, "properties", "os", "linux", "browser", "assent",
		"device", "assent"),
	    out_len);
}

char *
discord_resume_text(struct arena *a, const char *token, const char *session_id,
    long long seq, size_t *out_len)
{
	return frame_text(a, DISCORD_OP_RESUME,
	    json_pack("{s:s, s:s, s:I}", "token", token, "session_id",
		session_id, "seq", (json_int_t)seq),
	    out_len);
}

const struct discord_close *
discord_close_find(int code)
{
	enum { LIMITED_MS = 1000 }; /* the next connection counts anew */
	static const struct discord_close unknown = {
	    .words = "it closed with a code that is not documented",
	};
	static const struct discord_close rows[] = {
	    {1000, DISCORD_MAY_RESUME, false, 0, "it closed"},
	    {1001, DISCORD_MAY_RESUME, false, 0, "it goes away"},
	    {1005, DISCORD_MAY_RESUME, false, 0, "it closed without a code"},
	    {1006, DISCORD_MAY_RESUME, false, 0, "the connection broke off"},
	    {4000, DISCORD_MAY_RESUME, false, 0, "an error of its own"},
	    {4001, DISCORD_MAY_RESUME, true, 0, "an unknown opcode of ours"},
	    {4002, DISCORD_MAY_RESUME, true, 0, "a frame of ours is invalid"},
	    {4003, DISCORD_MUST_IDENTIFY, true, 0, "not authenticated"},
	    {4004, DISCORD_MUST_STOP, false, 0, "the token is not accepted"},
	    {4005, DISCORD_MUST_IDENTIFY, true, 0, "authenticated twice"},
	    {4007, DISCORD_MUST_IDENTIFY, false, 0,
		"the sequence number is not accepted"},
	    {4008, DISCORD_MAY_RESUME, true, LIMITED_MS, "we sent too much"},
	    {4009, DISCORD_MUST_IDENTIFY, false, 0, "the session timed out"},
	    {4010, DISCORD_MUST_STOP, false, 0, "the shard is invalid"},
	    {4011, DISCORD_MUST_STOP, false, 0,
		"the bot is in so many servers that it needs sharding"},
	    {4012, DISCORD_MUST_STOP, false, 0,
		"this version of the gateway is no longer served"},
	    {4013, DISCORD_MUST_STOP, false, 0, "the intents are invalid"},
	    {4014, DISCORD_MUST_STOP, false, 0, "the intents are disallowed"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].code == code) {
			return &rows[i];
		}
	}
	return &unknown;
}
