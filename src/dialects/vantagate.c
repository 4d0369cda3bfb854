#include "vantagate.h"

#include <stdio.h>
#include <string.h>

enum {
	ANYONE = ACCESS_ANYONE | ACCESS_KEY,
	VIEWS_PER_MINUTE = 200,
	DECISIONS_PER_MINUTE = 100
};

#define DECODE(x) vantagate_decode_##x
#define SHOW(x)	  vantagate_show_##x

static const struct route routes[] = {
    {"POST", "/v1/checkpoint", OP_SUBMIT, ACCESS_AGENT, 202, DECODE(create),
	SHOW(created), .does = "Ask people to decide",
	.body = &vantagate_body_create, .answer = &vantagate_created,
	.refusals = {400, 401, 402, 403, 429}},
    {"GET", "/v1/checkpoint/:id", OP_INTENT_SHOW, ACCESS_KEY, 200, DECODE(id),
	SHOW(polled), .does = "What became of it", .query = "wait",
	.answer = &vantagate_polled, .refusals = {401, 403, 404, 429}},
    {"GET", "/v1/checkpoint/secure/:token", OP_LINK_SHOW, ANYONE, 200, NULL,
	SHOW(viewed), .per_minute = VIEWS_PER_MINUTE,
	.does = "What is to be decided, by a link", .answer = &vantagate_viewed,
	.refusals = {404, 429}},
    {"POST", "/v1/checkpoint/secure/:token/decide", OP_LINK_DECIDE, ANYONE, 200,
	DECODE(decide), SHOW(recorded), .per_minute = DECISIONS_PER_MINUTE,
	.does = "Decide, by a link", .body = &vantagate_body_decide,
	.answer = &vantagate_recorded,
	.refusals = {400, 403, 404, 409, 410, 429}},
};

static const char *const states[INTENT_STATES] = {
    [INTENT_PENDING] = "PENDING",
    [INTENT_APPROVED] = "APPROVED",
    [INTENT_DENIED] = "REJECTED",
    [INTENT_RESOLVED] = "RESOLVED",
    [INTENT_EXPIRED] = "EXPIRED",
    [INTENT_CANCELLED] = "REJECTED",
    [INTENT_BLOCKED] = "REJECTED",
};

const char *
vantagate_status(enum intent_state state)
{
	return states[state];
}

/* The first row wins whose every condition holds. */
static const struct wording {
	enum rc rc;	    /* RC_OK = any */
	const char *reason; /* what it begins with; NULL = any */
	const char *field;  /* NULL = any */
	int status;
	const char *code;
	const char *message; /* NULL = what the core says */
} wordings[] = {
    {RC_NOT_FOUND, "unknown_route", NULL, 404, "Not_Found",
	"There is no such route"},
    {RC_OK, "quota_", NULL, 402, "Upgrade_Required", NULL},
    {RC_INVALID, NULL, "callback_url", 400, "Invalid_Callback_URL", NULL},
    {RC_INVALID, NULL, "slack_webhook_url", 400, "Invalid_Webhook_URL", NULL},
    {RC_INVALID, NULL, "slack_webhook", 400, "Invalid_Webhook_URL", NULL},
    {RC_INVALID, NULL, "option", 400, "Invalid_Decision", NULL},
    {RC_INVALID, NULL, NULL, 400, "Validation_Error", NULL},
    {RC_TOO_LARGE, NULL, NULL, 400, "Validation_Error", NULL},
    {RC_UNAUTHENTICATED, NULL, NULL, 401, "Unauthorized", NULL},
    {RC_FORBIDDEN, NULL, NULL, 403, "Forbidden", NULL},
    {RC_NOT_FOUND, NULL, NULL, 404, "Not_Found", NULL},
    {RC_CONFLICT, NULL, NULL, 409, "Already_Decided",
	"This checkpoint is decided already"},
    {RC_DUPLICATE, NULL, NULL, 409, "Already_Decided",
	"This answer is counted already"},
    {RC_EXPIRED, NULL, NULL, 410, "Checkpoint_Expired",
	"The time to decide is over"},
    {RC_LIMITED, NULL, NULL, 429, "Rate_Limited", NULL},
    {RC_BUSY, NULL, NULL, 503, "Service_Unavailable", NULL},
    {RC_STORE, NULL, NULL, 503, "Service_Unavailable", NULL},
    {RC_OK, NULL, NULL, 500, "Internal_Error", NULL},
};

/* What the core is asked for, as the client has it. */
static const char *const fields[][2] = {
    {"email", "notify_email"},
    {"slack_webhook", "slack_webhook_url"},
    {"option", "decision"},
    {"approvers", "notify_email"},
};

/* What the server refuses before anybody has read it. */
static const struct {
	int status;
	const char *code;
	const char *message;
} unread[] = {
    {400, "Validation_Error", "Malformed request"},
    {404, "Not_Found", "There is no such route"},
    {405, "Not_Found", "There is no such route"},
    {413, "Validation_Error", "The body is over the limit"},
    {414, "Validation_Error", "The URL is too long"},
    {431, "Validation_Error", "The headers are too long"},
    {503, "Service_Unavailable", "Too many requests; try again"},
};

static const struct wording *
find(const struct fault *f)
{
	const struct wording *w = wordings;

	while ((w->rc != RC_OK && w->rc != f->rc) ||
	    (w->reason != NULL &&
		strncmp(f->reason, w->reason, strlen(w->reason)) != 0) ||
	    (w->field != NULL && strcmp(f->field, w->field) != 0)) {
		w++;
	}
	return w; /* the last one takes all */
}

static const char *
field_shown(const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i][0], field) == 0) {
			return fields[i][1];
		}
	}
	return field;
}

/* Words that say what a field is or must be begin behind its name. */
static const char *
sentence(struct arena *a, const struct fault *f)
{
	static const char *const verbs[] = {"must ", "is ", "has ", "item "};

	for (size_t i = 0; f->field[0] != '\0' && i < ARRAY_LEN(verbs); i++) {
		if (strncmp(f->text, verbs[i], strlen(verbs[i])) == 0) {
			return arena_printf(a, "%s %s", field_shown(f->field),
			    f->text);
		}
	}
	return f->text[0] != '\0' ? f->text : rc_name(f->rc);
}

json_t *
vantagate_fault(struct call *call, const struct fault *f, int *status)
{
	const struct wording *w = find(f);

	*status = w->status;
	return json_pack("{s:i, s:s, s:s, s:s*}", "statusCode", w->status,
	    "error", w->code, "message",
	    w->message != NULL ? w->message : sentence(call->arena, f),
	    "upgrade_url", w->status == 402 ? call->upgrade_url : NULL);
}

const char *
vantagate_refuse(int status)
{
	static _Thread_local char text[200];
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(unread) && unread[i].status != status) {
		i++;
	}
	(void)snprintf(text, sizeof(text),
	    "{\"statusCode\":%d,\"error\":\"%s\",\"message\":\"%s\"}", status,
	    unread[i].code, unread[i].message);
	return text;
}

const struct dialect dialect_vantagate = {
    .name = "vantagate",
    .title = "assent, as VantaGate",
    .key_prefix = "vg_",
    .prefix = "/v1/checkpoint",
    .routes = routes,
    .routes_n = ARRAY_LEN(routes),
    .fault = vantagate_fault,
    .news = vantagate_news,
    .news_headers = vantagate_news_headers,
    .refuse = vantagate_refuse,
    .fault_members = &vantagate_fault_members,
};
