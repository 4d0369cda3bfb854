/*
 * Verb discord: prints the link that invites the bot.
 */
#include "cli_discord.h"

#include <stdio.h>
#include <string.h>

#include "cli_store.h"
#include "version.h"

enum { ASK_MS = 8000, ID_DIGITS = 20 };

bool
cli_discord_is_id(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;

	return len > 0 && len <= ID_DIGITS && strspn(s, "0123456789") == len;
}

int
cli_discord_get(struct cli *c, const struct config *config, const char *path,
    struct cli_heard *out)
{
	const char *api = config_text(config, "discord.api_url");
	size_t len = strlen(api);

	while (len > 0 && api[len - 1] == '/') {
		len--;
	}
	return cli_fetch_at(c, "GET",
	    arena_printf(c->arena, "%.*s%s", (int)len, api, path),
	    arena_printf(c->arena, "Bot %s",
		config_text(config, "discord.bot_token")),
	    ASSENT_DISCORD_AGENT, ASK_MS, out);
}

/* The application that the token belongs to; NULL when it was said why not. */
static const char *
ask_application(struct cli *c, const struct config *config)
{
	struct cli_heard heard;
	const char *id;
	int status;

	if (!config_is_set(config, "discord.bot_token")) {
		(void)cli_fail(CLI_USAGE,
		    "set DISCORD_BOT_TOKEN, or name the application: assent "
		    "discord invite APPLICATION");
		return NULL;
	}
	status = cli_discord_get(c, config, "/applications/@me", &heard);
	if (status == 0) {
		(void)cli_fail(CLI_FAILED, "no answer from Discord: %s",
		    heard.detail);
		return NULL;
	}
	id = cli_text(c, heard.body, "id");
	json_decref(heard.body);
	if (status != 200 || !cli_discord_is_id(id)) {
		(void)cli_fail(CLI_FAILED,
		    "Discord does not say which application the token is for "
		    "(HTTP %d)",
		    status);
		return NULL;
	}
	return id;
}

/* Discord, "OAuth2", Bot Authorization Flow. */
static int
print_link(struct cli *c, const char *application)
{
	const char *url = arena_printf(c->arena,
	    "https://discord.com/oauth2/"
	    "authorize?client_id=%s&scope=bot&permissions=%d",
	    application, DISCORD_PERMISSIONS);
	json_t *o =
	    json_pack("{s:s, s:s}", "application", application, "url", url);

	if (!cli_print_json(c, o)) {
		(void)printf("%s\n", url);
	}
	json_decref(o);
	return CLI_OK;
}

int
cli_discord(struct cli *c)
{
	const char *what = cli_word(c, 0), *application = cli_word(c, 1);
	struct config *config;

	if (what == NULL || strcmp(what, "invite") != 0) {
		return cli_fail(CLI_USAGE,
		    "assent discord invite [APPLICATION]");
	}
	if (application != NULL) {
		return cli_discord_is_id(application)
		    ? print_link(c, application)
		    : cli_fail(CLI_USAGE, "%s is no id of an application",
			  application);
	}
	if (!cli_config(c, &config)) {
		return CLI_FAILED;
	}
	application = ask_application(c, config);
	config_free(config);
	return application != NULL ? print_link(c, application) : CLI_FAILED;
}
