/*
 * How the command line talks to the daemon.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/text.h"
#include "version.h"

enum {
	TIMEOUT_MS = 30 * 1000,
	ANSWER_MAX = 64 * 1024 * 1024,
	READ_MAX = 4 * 1024 * 1024
};

/* One call, waited for. */
struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool is_over;
	struct cli *cli;
	enum rc rc;
	int status;
	const char *detail;
	const char *date;
	const char *scopes;
	json_t *body;
};

static void
answered(void *arg, const struct http_answer *a)
{
	struct waiting *w = arg;
	struct fault f = {0};

	(void)pthread_mutex_lock(&w->lock);
	w->rc = a->rc;
	w->status = a->rc == RC_OK ? a->status : 0;
	w->detail = arena_strdup(w->cli->arena, a->detail);
	if (a->rc == RC_OK) {
		w->date = arena_strdup(w->cli->arena, a->header(a, "Date"));
		w->scopes =
		    arena_strdup(w->cli->arena, a->header(a, "x-oauth-scopes"));
		if (a->body_len > 0 &&
		    json_read(a->body, a->body_len, &w->body, &f) != RC_OK) {
			w->body = NULL;
		}
	}
	w->is_over = true;
	(void)pthread_cond_signal(&w->over);
	(void)pthread_mutex_unlock(&w->lock);
}

static bool
make_client(struct cli *c)
{
	const struct http_client_options o = {.waiting_max = 4,
	    .allow_private = true,
	    .ca_file = getenv("ASSENT_CA_FILE"),
	    .user_agent = "assent-cli/" ASSENT_VERSION};
	struct fault f = {0};

	if (c->http == NULL && http_client_new(&o, &c->http, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
		return false;
	}
	return true;
}

/* Sends the call and waits; status 0 = no answer came. */
static void
wait_for(struct cli *c, const struct http_call *call, struct waiting *w)
{
	if (!make_client(c) ||
	    http_client_send(c->http, call, answered, w) != RC_OK) {
		return;
	}
	(void)pthread_mutex_lock(&w->lock);
	while (!w->is_over) {
		(void)pthread_cond_wait(&w->over, &w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
}

#define WAITING(c) \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, \
		.over = PTHREAD_COND_INITIALIZER, .cli = (c) \
	}

int
cli_fetch(struct cli *c, const char *method, const char *path, json_t *body,
    int timeout_ms, json_t **out, const char **date)
{
	struct waiting w = WAITING(c);
	const char *headers[] = {"Content-Type: application/json",
	    c->key != NULL
		? arena_printf(c->arena, "Authorization: Bearer %s", c->key)
		: NULL,
	    NULL};
	size_t len = 0;
	const char *text = body != NULL ? json_compact(c->arena, body, &len)
					: NULL;
	const struct http_call call = {.pool = HTTP_PLATFORM,
	    .method = method,
	    .url = arena_printf(c->arena, "%s%s", c->url, path),
	    .headers = headers,
	    .body = text,
	    .body_len = len,
	    .timeout_ms = timeout_ms,
	    .answer_max = ANSWER_MAX};

	json_decref(body);
	*out = NULL;
	wait_for(c, &call, &w);
	if (w.status == 0) {
		(void)cli_fail(CLI_FAILED, "no answer from %s: %s", c->url,
		    w.detail != NULL ? w.detail : "unknown reason");
	}
	*out = w.body;
	if (date != NULL) {
		*date = w.date;
	}
	return w.status;
}

int
cli_fetch_at(struct cli *c, const char *method, const char *url,
    const char *authorization, const char *agent, int timeout_ms,
    struct cli_heard *out)
{
	struct waiting w = WAITING(c);
	const char *headers[] =
	    {"Content-Type: application/x-www-form-urlencoded",
		arena_printf(c->arena, "Authorization: %s", authorization),
		agent != NULL ? arena_printf(c->arena, "User-Agent: %s", agent)
			      : NULL,
		NULL};
	const struct http_call call = {.pool = HTTP_PLATFORM,
	    .method = method,
	    .url = url,
	    .headers = headers,
	    .timeout_ms = timeout_ms,
	    .answer_max = READ_MAX};

	wait_for(c, &call, &w);
	*out = (struct cli_heard){.body = w.body,
	    .date = w.date,
	    .scopes = w.scopes,
	    .detail = w.detail != NULL ? w.detail : "unknown reason"};
	return w.status;
}

static int
exit_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return CLI_REFUSED;
	case 404:
		return CLI_NOT_FOUND;
	case 409:
	case 410:
		return CLI_CONFLICT;
	default:
		return CLI_FAILED;
	}
}

int
cli_call(struct cli *c, const char *method, const char *path, json_t *body,
    json_t **out)
{
	int status = cli_fetch(c, method, path, body, TIMEOUT_MS, out, NULL);
	const char *error, *message;

	if (status == 0) {
		return CLI_FAILED;
	}
	if (status >= 200 && status < 300 && *out != NULL) {
		return CLI_OK;
	}
	error = cli_text(c, *out, "error");
	message = cli_text(c, *out, "message");
	(void)cli_print_json(c, *out);
	if (strcmp(error, message) == 0) {
		message = ""; /* said once is enough */
	}
	(void)cli_fail(CLI_FAILED, "%d %s%s%s%s", status,
	    error[0] != '\0' ? error : "no words",
	    message[0] != '\0' ? ": " : "", message,
	    status == 401 && c->key == NULL ? "; ASSENT_API_KEY is not set"
					    : "");
	json_decref(*out);
	*out = NULL;
	return exit_of(status);
}

bool
cli_print_json(const struct cli *c, const json_t *value)
{
	char *text;

	if (!c->args.json || value == NULL) {
		return false;
	}
	text = json_dumps(value, JSON_INDENT(2));
	(void)puts(text);
	free(text);
	return true;
}

const char *
cli_show(struct cli *c, const char *s)
{
	CLEANUP(buf_fini) struct buf shown;

	buf_init(&shown, 0);
	text_show(&shown, s, strlen(s), false, NULL);
	return arena_strdup(c->arena, buf_str(&shown));
}

const char *
cli_text(struct cli *c, const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? cli_show(c, s) : "";
}

char *
cli_read(struct cli *c, const char *what, size_t *len)
{
	FILE *file = stdin;
	char *text;

	if (what[0] != '@' && strcmp(what, "-") != 0) {
		*len = strlen(what);
		return arena_strdup(c->arena, what);
	}
	if (what[0] == '@') {
		file = fopen(what + 1, "re");
	}
	if (file == NULL) {
		(void)cli_fail(CLI_FAILED, "cannot read %s", what + 1);
		return NULL;
	}
	text = arena_alloc(c->arena, READ_MAX + 1);
	*len = fread(text, 1, READ_MAX, file);
	if (file != stdin) {
		(void)fclose(file);
	}
	text[*len] = '\0';
	return text;
}
