/*
 * Verb doctor, Slack: asks Slack what the tokens are worth, and whether it
 * knows those who are to be asked.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli_doctor.h"
#include "lib/embedded.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/yaml.h"

enum {
	ASK_MS = 8000,
	SKEW_MAX_S = 60,
	ACCOUNTS_MAX = 50 /* that are looked up */
};

/* What to do about a word of Slack's. */
static const struct {
	const char *error, *advice;
} advices[] = {
    {"invalid_auth", "copy the token again from api.slack.com/apps"},
    {"not_authed", "copy the token again from api.slack.com/apps"},
    {"account_inactive", "install the app to the workspace again"},
    {"token_revoked", "install the app to the workspace again"},
    {"token_expired", "turn token rotation off, and install the app again"},
    {"not_allowed_token_type",
	"xapp- belongs in SLACK_APP_TOKEN, xoxb- in SLACK_BOT_TOKEN"},
    {"missing_scope", "give the app-level token the scope connections:write"},
    {"forbidden_team", "the app may not be used in this workspace"},
};

static const char *
advice_for(const char *error)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		if (strcmp(error, advices[i].error) == 0) {
			return advices[i].advice;
		}
	}
	return "see api.slack.com/apps";
}

/* The status; 0: no answer. */
static int
call(struct report *r, const struct config *config, const char *verb,
    const char *token_name, const char *method, struct cli_heard *heard)
{
	struct cli *c = r->cli;
	const char *api = config_text(config, "slack.api_url");
	const char *slash = api[strlen(api) - 1] == '/' ? "" : "/";

	return cli_fetch_at(c, verb,
	    arena_printf(c->arena, "%s%s%s", api, slash, method),
	    arena_printf(c->arena, "Bearer %s",
		config_text(config, token_name)),
	    NULL, ASK_MS, heard);
}

/* Calls a method; NULL when it failed, which is then said. */
static json_t *
ask(struct report *r, const struct config *config, const char *token_name,
    const char *method, struct cli_heard *heard)
{
	struct cli *c = r->cli;
	const char *error;
	int status = call(r, config, "POST", token_name, method, heard);

	if (status == 0) {
		doctor_say(r, "slack", "bad", "%s: no answer: %s", method,
		    heard->detail);
		return NULL;
	}
	if (json_is_true(json_object_get(heard->body, "ok"))) {
		return heard->body;
	}
	error = cli_text(c, heard->body, "error");
	if (*error == '\0') {
		doctor_say(r, "slack", "bad",
		    "%s: HTTP %d, not an answer of "
		    "Slack's; is slack.api_url right?",
		    method, status);
	} else {
		doctor_say(r, "slack", "bad", "%s: %s; %s", method, error,
		    advice_for(error));
	}
	json_decref(heard->body);
	return NULL;
}

/* The manifest says what is needed. */
static void
look_at_scopes(struct report *r, const char *have)
{
	const struct embedded *e = embedded_find("slack-manifest.yaml");
	CLEANUP(json_drop) json_t *manifest = NULL;
	const char *missing = "";
	json_t *list = NULL, *scope;
	struct fault f;
	size_t i;

	if (have == NULL) {
		return;
	}
	assert(e != NULL);
	if (yaml_read((const char *)e->data, e->len, &manifest, &f) == RC_OK) {
		list = json_object_get(json_object_get(json_object_get(manifest,
							   "oauth_config"),
					   "scopes"),
		    "bot");
	}
	json_array_foreach(list, i, scope)
	{
		const char *word = json_string_value(scope);

		if (!text_list_has(have, word)) {
			missing = arena_printf(r->cli->arena, "%s%s%s", missing,
			    *missing != '\0' ? ", " : "", word);
		}
	}
	if (*missing != '\0') {
		doctor_say(r, "slack", "bad",
		    "the bot lacks %s; add it under OAuth & Permissions and "
		    "install the app again",
		    missing);
		return;
	}
	doctor_say(r, "slack", "ok", "the bot has all scopes it needs");
}

/* Slack, "users.info". What has no answer says nothing about the account. */
static void
look_at_account(struct report *r, const struct config *config,
    const struct person *p, const char *account, const char *team)
{
	const char *slash = strchr(account, '/');
	size_t team_len = (size_t)(slash - account);
	struct cli_heard heard;

	if (strlen(team) != team_len || strncmp(team, account, team_len) != 0) {
		doctor_say(r, "slack", "bad",
		    "%s: %s is in another workspace than the bot, %s", p->id,
		    account, team);
		return;
	}
	if (call(r, config, "GET", "slack.bot_token",
		arena_printf(r->cli->arena, "users.info?user=%s", slash + 1),
		&heard) == 0) {
		return;
	}
	if (strcmp(cli_text(r->cli, heard.body, "error"), "user_not_found") ==
	    0) {
		doctor_say(r, "slack", "bad",
		    "%s: nobody is %s; copy the member ID from their profile",
		    p->id, account);
	}
	json_decref(heard.body);
}

static void
look_at_accounts(struct report *r, const struct config *config,
    const struct people *people, const char *team)
{
	const struct person *p;
	size_t n = 0;

	for (int i = 0; people != NULL && (p = people_at(people, i)) != NULL;
	     i++) {
		for (size_t k = 0; k < p->slack.n && n < ACCOUNTS_MAX; k++) {
			look_at_account(r, config, p, p->slack.items[k], team);
			n++;
		}
	}
}

static void
look_at_bot(struct report *r, const struct config *config,
    const struct people *people)
{
	struct cli_heard heard;
	CLEANUP(json_drop) json_t *o =
	    ask(r, config, "slack.bot_token", "auth.test", &heard);
	long long skew_s;

	if (o == NULL) {
		return;
	}
	doctor_say(r, "slack", "ok", "the bot is %s in %s (%s)",
	    cli_text(r->cli, o, "user"), cli_text(r->cli, o, "team"),
	    cli_text(r->cli, o, "team_id"));
	look_at_scopes(r, heard.scopes);
	if (doctor_skew(heard.date, &skew_s)) {
		bool far = llabs(skew_s) > SKEW_MAX_S;

		doctor_say(r, "slack", far ? "bad" : "ok",
		    far ? "this clock is %lld s away from Slack's; set it"
			: "this clock agrees with Slack's (%lld s)",
		    skew_s);
	}
	look_at_accounts(r, config, people, cli_text(r->cli, o, "team_id"));
}

/* The address that is given is not used: it says that one could be. */
static void
look_at_sockets(struct report *r, const struct config *config)
{
	struct cli_heard heard;
	CLEANUP(json_drop) json_t *o =
	    ask(r, config, "slack.app_token", "apps.connections.open", &heard);

	if (o != NULL) {
		doctor_say(r, "slack", "ok", "Socket Mode works");
	}
}

static bool
is_kind(struct report *r, const struct config *config, const char *name,
    const char *env, const char *kind)
{
	const char *token = config_text(config, name);

	if (token == NULL) {
		doctor_say(r, "slack", "bad", "%s is not set", env);
		return false;
	}
	if (strncmp(token, kind, strlen(kind)) != 0) {
		doctor_say(r, "slack", "bad", "%s does not begin with %s", env,
		    kind);
		return false;
	}
	return true;
}

void
doctor_slack(struct report *r, const struct config *config,
    const struct people *people)
{
	if (!config_is_set(config, "slack.app_token") &&
	    !config_is_set(config, "slack.bot_token")) {
		return;
	}
	if (is_kind(r, config, "slack.bot_token", "SLACK_BOT_TOKEN", "xoxb-")) {
		look_at_bot(r, config, people);
	}
	if (is_kind(r, config, "slack.app_token", "SLACK_APP_TOKEN", "xapp-")) {
		look_at_sockets(r, config);
	}
}
