#include "bots/slack_web.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/url.h"

enum {
	TIMEOUT_MS = 8000,	  /* below the deadline of a stop */
	TRIGGER_MS = 3000,	  /* a trigger_id does not live longer */
	ANSWER_MAX = 1024 * 1024, /* 100 messages of a history */
	LIMITED_S = 30		  /* when Slack does not say how long */
};

/*
 * Methods that read take no JSON (Slack, "Web API: POST bodies"): their
 * arguments go as a form.
 */
static const struct row {
	const char *name;
	bool form;
	int timeout_ms;
} methods[SLACK_METHODS] = {
    [SLACK_AUTH_TEST] = {"auth.test", true, TIMEOUT_MS},
    [SLACK_LOOKUP_BY_EMAIL] = {"users.lookupByEmail", true, TIMEOUT_MS},
    [SLACK_CONVERSATIONS_OPEN] = {"conversations.open", false, TIMEOUT_MS},
    [SLACK_HISTORY] = {"conversations.history", true, TIMEOUT_MS},
    [SLACK_POST_MESSAGE] = {"chat.postMessage", false, TIMEOUT_MS},
    [SLACK_UPDATE] = {"chat.update", false, TIMEOUT_MS},
    [SLACK_POST_EPHEMERAL] = {"chat.postEphemeral", false, TIMEOUT_MS},
    [SLACK_VIEWS_OPEN] = {"views.open", false, TRIGGER_MS},
};

const char *
slack_method_name(enum slack_method m)
{
	assert(m < SLACK_METHODS);
	return methods[m].name;
}

void
slack_reply_fini(struct slack_reply *r)
{
	json_decref(r->body);
	r->body = NULL;
}

/* --- what an answer means ------------------------------------------------- */

/* Words that Slack says; any other refuses this one call. */
static const struct {
	const char *error;
	enum slack_verdict verdict;
} errors[] = {
    {"invalid_auth", SLACK_FATAL},
    {"not_authed", SLACK_FATAL},
    {"account_inactive", SLACK_FATAL},
    {"token_revoked", SLACK_FATAL},
    {"token_expired", SLACK_FATAL},
    {"not_allowed_token_type", SLACK_FATAL},
    {"user_removed_from_team", SLACK_FATAL},
    {"team_disabled", SLACK_FATAL},
    {"org_login_required", SLACK_FATAL},
    {"access_denied", SLACK_FATAL},
    {"no_permission", SLACK_FATAL},
    {"accesslimited", SLACK_FATAL},
    {"two_factor_setup_required", SLACK_FATAL},
    {"internal_error", SLACK_UNSURE},
    {"fatal_error", SLACK_UNSURE},
    {"request_timeout", SLACK_UNSURE},
    {"service_unavailable", SLACK_TEMP},
    {"team_added_to_org", SLACK_TEMP},
    {"ekm_access_denied", SLACK_TEMP},
    {"message_limit_exceeded", SLACK_LIMITED},
    {"ratelimited", SLACK_LIMITED},
    {"rate_limited", SLACK_LIMITED},
};

static enum slack_verdict
verdict_of(const char *error)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		if (strcmp(error, errors[i].error) == 0) {
			return errors[i].verdict;
		}
	}
	return SLACK_REFUSED;
}

static void
copy(char *out, size_t size, const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;

	(void)snprintf(out, size, "%.*s", (int)text_border(s, len, size - 1),
	    s != NULL ? s : "");
}

/*
 * What is wrong with blocks is only said here, with a pointer into them and
 * not with their texts.
 */
static void
read_messages(const json_t *body, struct slack_reply *out)
{
	const json_t *list =
	    json_object_get(json_object_get(body, "response_metadata"),
		"messages");
	CLEANUP(buf_fini) struct buf words;

	buf_init(&words, 0);
	buf_puts(&words, out->error);
	if (out->needed[0] != '\0') {
		buf_printf(&words, ": %s", out->needed);
	}
	for (size_t i = 0; i < json_array_size(list) && i < 3; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s != NULL) {
			buf_printf(&words, "; %s", s);
		}
	}
	copy(out->detail, sizeof(out->detail), buf_str(&words));
}

static void
judge_body(const json_t *body, struct slack_reply *out)
{
	const char *error = json_string_value(json_object_get(body, "error"));

	if (json_is_true(json_object_get(body, "ok"))) {
		out->verdict = SLACK_FINE;
		return;
	}
	if (!json_is_object(body) || error == NULL) {
		out->verdict = SLACK_UNSURE;
		copy(out->detail, sizeof(out->detail),
		    "the answer has no error");
		return;
	}
	copy(out->error, sizeof(out->error), error);
	copy(out->needed, sizeof(out->needed),
	    json_string_value(json_object_get(body, "needed")));
	read_messages(body, out);
	out->verdict = verdict_of(error);
}

/* No HTTP answer came. */
static void
judge_failure(const struct http_answer *a, struct slack_reply *out)
{
	static const struct {
		enum rc rc;
		enum slack_verdict verdict;
	} rows[] = {
	    {RC_BUSY, SLACK_BUSY},
	    {RC_UNCERTAIN, SLACK_UNSURE},
	};

	out->verdict = SLACK_TEMP;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (a->rc == rows[i].rc) {
			out->verdict = rows[i].verdict;
		}
	}
	copy(out->detail, sizeof(out->detail),
	    a->detail != NULL ? a->detail : rc_name(a->rc));
}

void
slack_web_judge(const struct http_answer *a, struct slack_reply *out)
{
	enum { TOO_MANY = 429, SERVER = 500 };
	struct fault f;

	*out = (struct slack_reply){.verdict = SLACK_TEMP};
	if (a->rc != RC_OK) {
		judge_failure(a, out);
		return;
	}
	(void)snprintf(out->detail, sizeof(out->detail), "HTTP %d", a->status);
	if (a->header != NULL) {
		copy(out->scopes, sizeof(out->scopes),
		    a->header(a, "x-oauth-scopes"));
	}
	if (a->status == TOO_MANY) {
		out->verdict = SLACK_LIMITED;
	} else if (a->status >= SERVER) {
		out->verdict = SLACK_UNSURE;
	} else if (!a->body_cut && a->body_len > 0 &&
	    json_read(a->body, a->body_len, &out->body, &f) == RC_OK) {
		judge_body(out->body, out);
	} else if (a->status >= 200 && a->status < 300) {
		out->verdict = SLACK_UNSURE;
		copy(out->detail, sizeof(out->detail),
		    "the answer is not JSON");
	}
	if (out->verdict == SLACK_LIMITED) {
		out->retry_after_s = a->retry_after_s > 0 ? a->retry_after_s
							  : LIMITED_S;
	}
}

/* --- a call --------------------------------------------------------------- */

struct call {
	void (*done)(void *arg, struct slack_reply *);
	void *arg;
};

static void
on_answer(void *arg, const struct http_answer *a)
{
	struct call *call = arg;
	struct slack_reply reply;

	slack_web_judge(a, &reply);
	call->done(call->arg, &reply);
	free(call);
}

/* Arguments that are text, as a form. */
static const char *
form_of(struct arena *a, json_t *args)
{
	CLEANUP(buf_fini) struct buf out;
	const char *key;
	json_t *value;

	buf_init(&out, 0);
	json_object_foreach(args, key, value)
	{
		if (out.len > 0) {
			buf_putc(&out, '&');
		}
		url_encode(&out, key);
		buf_putc(&out, '=');
		url_encode(&out, json_string_value(value));
	}
	return arena_strdup(a, buf_str(&out));
}

enum rc
slack_web_call(const struct slack_web *web, enum slack_method m,
    enum http_pool pool, json_t *args_taken,
    void (*done)(void *arg, struct slack_reply *), void *arg)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *args = args_taken;
	const struct row *row = &methods[m];
	const char *headers[] = {row->form
		? "Content-Type: application/x-www-form-urlencoded"
		: "Content-Type: application/json; charset=utf-8",
	    arena_printf(a, "Authorization: Bearer %s", web->token), NULL};
	const char *body = row->form ? form_of(a, args)
				     : json_compact(a, args, NULL);
	const struct http_call http = {
	    .pool = pool,
	    .method = "POST",
	    .url = arena_printf(a, "%s%s", web->api_url, row->name),
	    .headers = headers,
	    .body = body,
	    .body_len = strlen(body),
	    .timeout_ms = row->timeout_ms,
	    .answer_max = ANSWER_MAX,
	};
	struct call *call = mem_new(1, sizeof(*call));
	enum rc rc;

	*call = (struct call){done, arg};
	rc = http_client_send(web->http, &http, on_answer, call);
	if (rc != RC_OK) {
		free(call);
	}
	return rc;
}
