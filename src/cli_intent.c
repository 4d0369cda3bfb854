/*
 * Verbs about intents: submit, status, list, approve, deny, cancel, execute,
 * report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lib/clock.h"
#include "lib/json.h"

enum { WAIT_STEP_S = 50 };

/* What the exit code says of a status word. */
static int
exit_of_state(const char *status)
{
	static const struct {
		const char *word;
		int code;
	} rows[] = {
	    {"approved", CLI_OK},
	    {"scheduled", CLI_OK},
	    {"succeeded", CLI_OK},
	    {"pending_approval", CLI_PENDING},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].word, status) == 0) {
			return rows[i].code;
		}
	}
	return CLI_NOT_APPROVED;
}

static const char *
first_text(struct cli *c, const json_t *o, const char *a, const char *b)
{
	const char *s = cli_text(c, o, a);

	return s[0] != '\0' ? s : cli_text(c, o, b);
}

static void
print_intent(struct cli *c, const json_t *o)
{
	const char *reason = first_text(c, o, "blockReason", "block_reason");

	if (cli_print_json(c, o)) {
		return;
	}
	(void)printf("%s  %s", first_text(c, o, "intentId", "id"),
	    cli_text(c, o, "status"));
	if (cli_text(c, o, "destination")[0] != '\0') {
		(void)printf("  %s", cli_text(c, o, "destination"));
	}
	if (reason[0] != '\0') {
		(void)printf("  %s", reason);
	}
	(void)putchar('\n');
}

/* Polls until it is settled or the time is over. */
static int
wait_for_it(struct cli *c, const char *id)
{
	long long end = c->args.wait_s != NULL
	    ? clock_mono_ms() + atoll(c->args.wait_s) * 1000
	    : -1;

	for (;;) {
		long long left_s = end < 0
		    ? WAIT_STEP_S
		    : (end - clock_mono_ms() + 999) / 1000;
		json_t *o;
		const char *path;
		int status, code;

		left_s = left_s > WAIT_STEP_S ? WAIT_STEP_S : left_s;
		path = left_s > 0
		    ? arena_printf(c->arena, "/v1/intents/%s?wait=%lld", id,
			  left_s)
		    : arena_printf(c->arena, "/v1/intents/%s", id);
		status = cli_fetch(c, "GET", path, NULL,
		    (WAIT_STEP_S + 30) * 1000, &o, NULL);
		if (status != 200) {
			json_decref(o);
			return status == 0 ? CLI_FAILED
					   : cli_call(c, "GET", path, NULL, &o);
		}
		code = exit_of_state(cli_text(c, o, "status"));
		if (code != CLI_PENDING || left_s <= 0) {
			print_intent(c, o);
			json_decref(o);
			return code;
		}
		json_decref(o);
	}
}

static void
set_text(json_t *o, const char *name, const char *value)
{
	if (value != NULL) {
		(void)json_object_set_new(o, name, json_string(value));
	}
}

/* Numbers and objects as the user typed them; the daemon judges them. */
static bool
set_json(json_t *o, const char *name, const char *value)
{
	json_t *v;
	struct fault f = {0};

	if (value == NULL) {
		return true;
	}
	if (json_read(value, strlen(value), &v, &f) != RC_OK) {
		(void)cli_fail(CLI_USAGE, "--%s: %s", name, f.text);
		return false;
	}
	(void)json_object_set_new(o, name, v);
	return true;
}

static void
set_list(json_t *o, const char *name, const char *const *items, int n)
{
	json_t *all = json_array();

	for (int i = 0; i < n; i++) {
		(void)json_array_append_new(all, json_string(items[i]));
	}
	if (n > 0) {
		(void)json_object_set(o, name, all);
	}
	json_decref(all);
}

/* "Label" or "Label:outcome". */
static void
set_options(struct cli *c, json_t *o)
{
	json_t *all = json_array();

	for (int i = 0; i < c->args.options_n; i++) {
		const char *text = c->args.options[i];
		const char *colon = strrchr(text, ':');

		(void)json_array_append_new(all,
		    colon == NULL
			? json_string(text)
			: json_pack("{s:s%, s:s}", "label", text,
			      (size_t)(colon - text), "outcome", colon + 1));
	}
	if (c->args.options_n > 0) {
		(void)json_object_set(o, "options", all);
	}
	json_decref(all);
}

static json_t *
submit_body(struct cli *c)
{
	const struct args *a = &c->args;
	json_t *o = json_object();
	size_t len;

	set_text(o, "destination",
	    a->destination != NULL ? a->destination : cli_word(c, 0));
	set_text(o, "policy", a->policy);
	if (a->payload != NULL) {
		const char *text = cli_read(c, a->payload, &len);

		if (text == NULL) {
			json_decref(o);
			return NULL;
		}
		(void)json_object_set_new(o, "payload",
		    json_stringn(text, len));
	}
	set_text(o, "title", a->title);
	set_text(o, "description", a->description);
	set_text(o, "urgency", a->urgency);
	set_text(o, "expiresIn", a->ttl);
	set_text(o, "idempotency_key", a->idempotency_key);
	set_text(o, "callback_url", a->callback_url);
	set_list(o, "approvers", a->approvers, a->approvers_n);
	set_list(o, "channels", a->channels, a->channels_n);
	set_options(c, o);
	if (!set_json(o, "recordCount", a->records) ||
	    !set_json(o, "estimated_value_usd", a->value) ||
	    !set_json(o, "metadata", a->metadata)) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int
cli_submit(struct cli *c)
{
	json_t *body = submit_body(c), *o;
	const char *id;
	int code;

	if (body == NULL) {
		return CLI_USAGE;
	}
	code = cli_call(c, "POST", "/v1/intents", body, &o);
	if (code != CLI_OK) {
		return code;
	}
	code = exit_of_state(cli_text(c, o, "status"));
	id = cli_text(c, o, "intentId");
	if (code != CLI_PENDING || !c->args.wait) {
		print_intent(c, o);
		json_decref(o);
		return code == CLI_PENDING ? CLI_OK : code;
	}
	json_decref(o);
	return wait_for_it(c, id);
}

int
cli_status(struct cli *c)
{
	const char *id = cli_word(c, 0);
	json_t *o;
	int code;

	if (id == NULL) {
		return cli_fail(CLI_USAGE, "status needs an intent's id");
	}
	if (c->args.wait) {
		return wait_for_it(c, id);
	}
	code = cli_call(c, "GET", arena_printf(c->arena, "/v1/intents/%s", id),
	    NULL, &o);
	if (code == CLI_OK) {
		code = exit_of_state(cli_text(c, o, "status"));
		print_intent(c, o);
		json_decref(o);
	}
	return code;
}

static const char *
list_path(struct cli *c)
{
	const struct args *a = &c->args;

	return arena_printf(c->arena, "%s?limit=%s%s%s%s%s",
	    a->dead ? "/v1/deliveries" : "/v1/intents",
	    a->limit != NULL ? a->limit : "50",
	    a->dead		   ? "&state=dead"
		: a->state != NULL ? "&status="
				   : "",
	    a->dead || a->state == NULL ? "" : a->state,
	    a->cursor != NULL ? "&cursor=" : "",
	    a->cursor != NULL ? a->cursor : "");
}

static void
print_delivery(struct cli *c, const json_t *o)
{
	(void)printf("%s  %s  %s  %s\n", cli_text(c, o, "id"),
	    cli_text(c, o, "channel"),
	    first_text(c, o, "intentId", "intent_id"), cli_text(c, o, "error"));
}

int
cli_list(struct cli *c)
{
	const char *name = c->args.dead ? "deliveries" : "intents";
	json_t *o, *item;
	size_t i;
	int code = cli_call(c, "GET", list_path(c), NULL, &o);

	if (code != CLI_OK) {
		return code;
	}
	if (!cli_print_json(c, o)) {
		json_array_foreach(json_object_get(o, name), i, item)
		{
			if (c->args.dead) {
				print_delivery(c, item);
			} else {
				print_intent(c, item);
			}
		}
		if (cli_text(c, o, "cursor")[0] != '\0') {
			(void)printf("more: --cursor %s\n",
			    cli_text(c, o, "cursor"));
		}
	}
	json_decref(o);
	return CLI_OK;
}

static int
decide(struct cli *c, const char *verb, const char *path, json_t *body)
{
	const char *id = cli_word(c, 0);
	json_t *o;
	int code;

	if (id == NULL) {
		json_decref(body);
		return cli_fail(CLI_USAGE, "%s needs an intent's id", verb);
	}
	set_text(body, "reason", c->args.reason);
	code = cli_call(c, "POST",
	    arena_printf(c->arena, "/v1/intents/%s/%s", id, path), body, &o);
	if (code != CLI_OK) {
		return code;
	}
	if (!cli_print_json(c, o)) {
		(void)printf("%s  %s\n", id, cli_text(c, o, "status"));
	}
	json_decref(o);
	return CLI_OK;
}

int
cli_approve(struct cli *c)
{
	if (c->args.option != NULL) {
		return decide(c, "approve", "decide",
		    json_pack("{s:s}", "option", c->args.option));
	}
	return decide(c, "approve", "approve", json_object());
}

int
cli_deny(struct cli *c)
{
	return decide(c, "deny", "reject", json_object());
}

int
cli_cancel(struct cli *c)
{
	return decide(c, "cancel", "cancel", json_object());
}

int
cli_execute(struct cli *c)
{
	const char *id = cli_word(c, 0);
	json_t *body = json_object(), *o;
	int code;

	if (id == NULL) {
		json_decref(body);
		return cli_fail(CLI_USAGE, "execute needs an intent's id");
	}
	set_text(body, "mode", c->args.mode);
	set_text(body, "payload_sha256", c->args.payload_sha256);
	code = cli_call(c, "POST",
	    arena_printf(c->arena, "/v1/intents/%s/execute", id), body, &o);
	if (code != CLI_OK) {
		return code;
	}
	if (!cli_print_json(c, o)) {
		(void)printf("%s  %s  report before %s\n",
		    cli_text(c, o, "executionId"), cli_text(c, o, "status"),
		    cli_text(c, o, "expires_at"));
	}
	json_decref(o);
	return CLI_OK;
}

int
cli_report(struct cli *c)
{
	const char *id = cli_word(c, 0);
	json_t *body = json_pack("{s:s}", "status",
		   c->args.failed ? "failed" : "succeeded"),
	       *o;
	int code;

	if (id == NULL || !set_json(body, "result", c->args.result)) {
		json_decref(body);
		return id != NULL
		    ? CLI_USAGE
		    : cli_fail(CLI_USAGE, "report needs an execution's id");
	}
	code = cli_call(c, "POST",
	    arena_printf(c->arena, "/v1/executions/%s/report", id), body, &o);
	if (code != CLI_OK) {
		return code;
	}
	if (!cli_print_json(c, o)) {
		(void)printf("%s  %s\n", id, cli_text(c, o, "status"));
	}
	json_decref(o);
	return CLI_OK;
}
