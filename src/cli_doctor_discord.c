/*
 * Verb doctor, Discord: asks Discord what the token is worth, and what the bot
 * may do where people are to be asked.
 */
#include <stdlib.h>
#include <string.h>

#include "cli_discord.h"
#include "cli_doctor.h"
#include "lib/json.h"

enum { SKEW_MAX_S = 2 /* Discord waits 3 s for an answer to a click */ };

#define ADMINISTRATOR (1ULL << 3)

/* The bot, and what is looked at. */
struct look {
	struct report *report;
	const struct config *config;
	const char *bot; /* user id */
};

/* A decimal string of up to 64 bits (Discord, "Permissions"). */
static unsigned long long
bits_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? strtoull(s, NULL, 10) : 0;
}

static bool
has_id(const json_t *object, const char *id)
{
	const char *s = json_string_value(json_object_get(object, "id"));

	return s != NULL && strcmp(s, id) == 0;
}

static bool
has_role(const json_t *member, const char *role)
{
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(member, "roles"), i, r)
	{
		const char *id = json_string_value(r);

		if (id != NULL && role != NULL && strcmp(id, role) == 0) {
			return true;
		}
	}
	return false;
}

/* Discord, "Permissions", Permission Hierarchy and Overwrites. */
static unsigned long long
permissions(const struct look *l, const json_t *channel, const json_t *roles,
    const json_t *member, const char *guild)
{
	unsigned long long bits = 0, allow = 0, deny = 0;
	const json_t *o, *all = NULL, *own = NULL;
	size_t i;

	json_array_foreach(roles, i, o)
	{
		const char *id = json_string_value(json_object_get(o, "id"));

		if (has_id(o, guild) || has_role(member, id)) {
			bits |= bits_of(o, "permissions");
		}
	}
	if (bits & ADMINISTRATOR) {
		return ~0ULL;
	}
	json_array_foreach(json_object_get(channel, "permission_overwrites"), i,
	    o)
	{
		const char *id = json_string_value(json_object_get(o, "id"));

		all = has_id(o, guild) ? o : all;
		own = has_id(o, l->bot) ? o : own;
		if (has_role(member, id)) {
			allow |= bits_of(o, "allow");
			deny |= bits_of(o, "deny");
		}
	}
	bits = (bits & ~bits_of(all, "deny")) | bits_of(all, "allow");
	bits = (bits & ~deny) | allow;
	return (bits & ~bits_of(own, "deny")) | bits_of(own, "allow");
}

/* NULL when it failed, which is then said. */
static json_t *
ask(const struct look *l, const char *path, const char *what,
    struct cli_heard *heard)
{
	struct report *r = l->report;
	int status = cli_discord_get(r->cli, l->config, path, heard);

	if (status == 200 && heard->body != NULL) {
		return heard->body;
	}
	if (status == 0) {
		doctor_say(r, "discord", "bad", "%s: no answer: %s", what,
		    heard->detail);
	} else if (status == 401) {
		doctor_say(r, "discord", "bad",
		    "the token is refused; make a new one on the Bot page of "
		    "discord.com/developers/applications");
	} else {
		/* One of Discord's codes; else the path may be wrong. */
		bool theirs = json_integer_value(json_object_get(heard->body,
				  "code")) != 0;

		doctor_say(r, "discord", "bad", "%s: HTTP %d %s%s", what,
		    status, cli_text(r->cli, heard->body, "message"),
		    theirs ? "" : "; is discord.api_url right?");
	}
	json_decref(heard->body);
	return NULL;
}

static void
judge(const struct look *l, const char *what, unsigned long long bits)
{
	static const struct {
		unsigned long long bit;
		const char *words;
	} rows[] = {
	    {DISCORD_VIEW_CHANNEL, "View Channel"},
	    {DISCORD_SEND_MESSAGES, "Send Messages"},
	    {DISCORD_EMBED_LINKS, "Embed Links"},
	    {DISCORD_READ_HISTORY, "Read Message History"},
	};
	const char *missing = "";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!(bits & rows[i].bit)) {
			missing = arena_printf(l->report->cli->arena, "%s%s%s",
			    missing, *missing != '\0' ? ", " : "",
			    rows[i].words);
		}
	}
	if (*missing != '\0') {
		doctor_say(l->report, "discord", "bad",
		    "%s: the bot lacks %s; allow it in the channel's settings",
		    what, missing);
		return;
	}
	doctor_say(l->report, "discord", "ok", "%s: the bot may post there",
	    what);
}

static void
look_at_channel(const struct look *l, const char *id, const char *what)
{
	struct arena *a = l->report->cli->arena;
	struct cli_heard heard;
	CLEANUP(json_drop) json_t *channel = NULL, *roles = NULL,
				  *member = NULL;
	const char *guild;

	if (!cli_discord_is_id(id)) {
		doctor_say(l->report, "discord", "bad",
		    "%s: not an id of Discord's", what);
		return;
	}
	channel = ask(l, arena_printf(a, "/channels/%s", id), what, &heard);
	guild = json_string_value(json_object_get(channel, "guild_id"));
	if (channel == NULL || !cli_discord_is_id(guild)) {
		return;
	}
	roles =
	    ask(l, arena_printf(a, "/guilds/%s/roles", guild), what, &heard);
	member = roles == NULL
	    ? NULL
	    : ask(l, arena_printf(a, "/guilds/%s/members/%s", guild, l->bot),
		  what, &heard);
	if (member != NULL) {
		judge(l, what, permissions(l, channel, roles, member, guild));
	}
}

static void
look_at_clock(const struct look *l, const char *date)
{
	long long skew_s;

	if (doctor_skew(date, &skew_s)) {
		bool far = llabs(skew_s) > SKEW_MAX_S;

		doctor_say(l->report, "discord", far ? "bad" : "ok",
		    far ? "this clock is %lld s away from Discord's; set it"
			: "this clock agrees with Discord's (%lld s)",
		    skew_s);
	}
}

static bool
look_at_application(struct look *l)
{
	struct report *r = l->report;
	struct cli_heard heard;
	CLEANUP(json_drop) json_t *app =
	    ask(l, "/applications/@me", "application", &heard);
	CLEANUP(json_drop) json_t *me = NULL;

	if (app == NULL) {
		return false;
	}
	doctor_say(r, "discord", "ok", "the application is %s (%s)",
	    cli_text(r->cli, app, "name"), cli_text(r->cli, app, "id"));
	if (*cli_text(r->cli, app, "interactions_endpoint_url") != '\0') {
		doctor_say(r, "discord", "bad",
		    "an Interactions Endpoint URL is set: no click arrives "
		    "here; empty it under General Information in the portal");
	}
	look_at_clock(l, heard.date);
	me = ask(l, "/users/@me", "the bot", &heard);
	l->bot = cli_text(r->cli, me, "id");
	return cli_discord_is_id(l->bot);
}

void
doctor_discord(struct report *r, const struct config *config,
    const struct people *people)
{
	struct look l = {.report = r, .config = config};
	const char *channel = config_text(config, "discord.default_channel");
	const struct named_channel *c;

	if (!config_is_set(config, "discord.bot_token") ||
	    !look_at_application(&l)) {
		return;
	}
	if (channel != NULL && *channel != '\0') {
		look_at_channel(&l, channel, "the default channel");
	}
	for (int i = 0;
	     people != NULL && (c = people_channel_at(people, i)) != NULL;
	     i++) {
		if (strcmp(c->kind, "discord") == 0) {
			look_at_channel(&l, c->target,
			    arena_printf(r->cli->arena, "channel %s", c->name));
		}
	}
}
