/*
 * Verb policy: check a folder, explain a verdict. Needs no daemon.
 */
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "cli_store.h"
#include "dialect.h"
#include "dialect_find.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "policy_load.h"
#include "routing.h"

static struct policy_set *
load(struct cli *c, const char *dir)
{
	struct config *config;
	struct people *people;
	struct policy_set *set = NULL;
	struct fault f = {0};

	if (!cli_config(c, &config)) {
		return NULL;
	}
	if (dir == NULL) {
		dir = arena_strdup(c->arena, config_text(config, "policy_dir"));
	}
	if (people_load(config_root(config), &people, &f) == RC_OK) {
		if (policy_set_load(dir, people, &set, &f) != RC_OK) {
			set = NULL;
		}
		people_unref(people);
	}
	config_free(config);
	if (set == NULL) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
	}
	return set;
}

static int
check(struct cli *c)
{
	struct policy_set *set = load(c, cli_word(c, 1));
	json_t *all = json_array(), *o;

	if (set == NULL) {
		json_decref(all);
		return CLI_FAILED;
	}
	for (int i = 0; i < policy_set_count(set); i++) {
		const struct policy *p = policy_set_at(set, i);

		(void)json_array_append_new(all,
		    json_pack("{s:s, s:s}", "id", policy_id(p), "version",
			policy_version(p)));
		if (!c->args.json) {
			(void)printf("%-24s %.12s\n", policy_id(p),
			    policy_version(p));
		}
	}
	o = json_pack("{s:o}", "policies", all);
	(void)cli_print_json(c, o);
	json_decref(o);
	policy_set_unref(set);
	return CLI_OK;
}

static const char *
no_text(const struct call *call, const char *name)
{
	(void)call;
	(void)name;
	return NULL;
}

static void
drop_body(void *body)
{
	json_decref(body);
}

/* The intent is read as the native dialect would read it. */
static const struct draft *
read_draft(struct cli *c, const char *path, const char *policy)
{
	const struct dialect *dialect = dialect_at(0);
	struct call *call = arena_alloc(c->arena, sizeof(*call));
	struct fault f = {0};
	json_t *body;
	size_t len;
	const char *text =
	    cli_read(c, arena_printf(c->arena, "@%s", path), &len);

	if (text == NULL) {
		return NULL;
	}
	if (json_read(text, len, &body, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s: %s", path, f.text);
		return NULL;
	}
	arena_defer(c->arena, drop_body, body);
	if (json_is_object(body)) {
		(void)json_object_set_new(body, "policy", json_string(policy));
		(void)json_object_del(body, "policy_id");
	}
	*call = (struct call){.arena = c->arena,
	    .body = body,
	    .query = no_text,
	    .header = no_text,
	    .now_ms = clock_now_ms()};
	for (size_t i = 0; i < dialect->routes_n; i++) {
		call->route = &dialect->routes[i];
		if (call->route->op != OP_SUBMIT) {
			continue;
		}
		if (call->route->decode(call, &f) == RC_OK) {
			return call->in;
		}
		break;
	}
	(void)cli_fail(CLI_FAILED, "%s: %s: %s", path, f.field, f.text);
	return NULL;
}

static void
print_verdict(struct cli *c, const struct verdict *v)
{
	json_t *steps = json_array(), *o;

	for (int i = 0; i < v->notes_n; i++) {
		const struct policy_note *n = &v->notes[i];

		(void)json_array_append_new(steps,
		    json_pack("{s:s, s:b, s:s}", "step",
			policy_step_name(n->step), "decided", n->decided,
			"text", n->text));
		if (!c->args.json) {
			(void)printf("%c %-12s %s\n", n->decided ? '>' : ' ',
			    policy_step_name(n->step), n->text);
		}
	}
	o = json_pack("{s:s, s:s, s:s, s:f, s:s, s:i, s:o}", "verdict",
	    intent_state_name(v->state), "reason", v->reason, "reason_code",
	    v->code, "risk_score", v->risk.score, "risk_level", v->risk.level,
	    "required_approvals", v->required, "steps", steps);
	if (!cli_print_json(c, o)) {
		(void)printf("%s: %s (%s), risk %s (%.2f)\n",
		    intent_state_name(v->state), v->reason, v->code,
		    v->risk.level, v->risk.score);
	}
	json_decref(o);
}

static int
explain(struct cli *c)
{
	const char *name = cli_word(c, 1), *path = cli_word(c, 2);
	const struct policy_agent who = {.id = "agt_explain",
	    .name = "explain"};
	const struct policy *p;
	const struct draft *d;
	struct policy_set *set;
	struct verdict v = {.state = INTENT_PENDING};
	struct fault f = {0};
	const char *dir = NULL;
	int code = CLI_OK;

	if (path == NULL) {
		return cli_fail(CLI_USAGE,
		    "policy explain needs a policy and a file");
	}
	if (strchr(name, '/') != NULL) { /* a file of any folder */
		dir = dirname(arena_strdup(c->arena, name));
		name = basename(arena_strdup(c->arena, name));
	}
	if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".yaml") == 0) {
		name = arena_strndup(c->arena, name, strlen(name) - 5);
	}
	set = load(c, dir);
	if (set == NULL) {
		return CLI_FAILED;
	}
	p = policy_set_find(set, name);
	d = p != NULL ? read_draft(c, path, name) : NULL;
	if (p == NULL) {
		code = cli_fail(CLI_NOT_FOUND, "there is no policy %s", name);
	} else if (d == NULL) {
		code = CLI_FAILED;
	} else if (policy_evaluate(p, d, &who, c->arena, &v, &f) != RC_OK) {
		code = cli_fail(CLI_FAILED, "%s: %s", f.field, f.text);
	} else {
		print_verdict(c, &v);
	}
	policy_set_unref(set);
	return code;
}

int
cli_policy(struct cli *c)
{
	const char *verb = cli_word(c, 0);

	if (verb != NULL && strcmp(verb, "check") == 0) {
		return check(c);
	}
	if (verb != NULL && strcmp(verb, "explain") == 0) {
		return explain(c);
	}
	return cli_fail(CLI_USAGE, "policy needs check or explain");
}
