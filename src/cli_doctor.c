/*
 * Verb doctor: looks at settings, policies, data folder and daemon, and says
 * what is wrong.
 */
#include "cli_doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "audit.h"
#include "cli_store.h"
#include "lib/clock.h"
#include "reload.h"

enum { SKEW_MAX_S = 5, FETCH_MS = 5000 };

void
doctor_say(struct report *r, const char *check, const char *state,
    const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(r->cli->arena, fmt, ap);
	va_end(ap);
	r->bad = r->bad || strcmp(state, "bad") == 0;
	(void)json_array_append_new(r->checks,
	    json_pack("{s:s, s:s, s:s}", "check", check, "state", state, "text",
		text));
	if (!r->cli->args.json) {
		(void)printf("%-5s %-10s %s\n", state, check, text);
	}
}

static bool
is_on(const struct config *c, const char *kind)
{
	return config_is_set(c,
	    strcmp(kind, "slack") == 0	       ? "slack.bot_token"
		: strcmp(kind, "discord") == 0 ? "discord.bot_token"
					       : "smtp.host");
}

static bool
can_be_asked(const struct config *c, const struct person *p)
{
	/* Slack is asked whose a mail address is. */
	return (p->email != NULL && (is_on(c, "email") || is_on(c, "slack"))) ||
	    (p->slack.n > 0 && is_on(c, "slack")) ||
	    (p->discord.n > 0 && is_on(c, "discord"));
}

/* Who and what is named, but cannot be asked. */
static void
look_at_people(struct report *r, const struct config *config,
    const struct people *people)
{
	const struct named_channel *c;
	const struct person *p, *first = NULL;
	int n = 0;

	for (int i = 0; (p = people_at(people, i)) != NULL; i++) {
		if (!can_be_asked(config, p)) {
			first = first != NULL ? first : p;
			n++;
		}
	}
	if (n > 0) {
		doctor_say(r, "people", "note",
		    "%d cannot be asked over what is turned on, such as %s: "
		    "only the page shows them what waits",
		    n, first->id);
	}
	for (int i = 0; (c = people_channel_at(people, i)) != NULL; i++) {
		if (!is_on(config, c->kind)) {
			doctor_say(r, "channels", "note",
			    "%s is in %s, which is not turned on", c->name,
			    c->kind);
		}
	}
}

static void
look_at_rules(struct report *r, const struct config *config)
{
	const struct people *people;
	struct policy_set *set;
	struct fault f = {0};

	if (reload_load(config, &set, &f) != RC_OK) {
		doctor_say(r, "policies", "bad", "%s%s%s", f.field,
		    f.field[0] != '\0' ? ": " : "", f.text);
		doctor_discord(r, config, NULL);
		doctor_slack(r, config, NULL);
		return;
	}
	people = policy_set_people(set);
	doctor_say(r, "policies", "ok", "%d policies, %d people",
	    policy_set_count(set), people_count(people));
	look_at_people(r, config, people);
	doctor_discord(r, config, people);
	doctor_slack(r, config, people);
	policy_set_unref(set);
}

static void
look_at_store(struct report *r, const struct config *config)
{
	const char *dir = config_text(config, "data_dir");
	struct cli *c = r->cli;
	struct stat st;
	struct db *db;
	struct fault f = {0};
	long long events, seq;

	if (stat(dir, &st) != 0) {
		doctor_say(r, "store", "note", "%s does not exist yet", dir);
		return;
	}
	if ((st.st_mode & 077) != 0) {
		doctor_say(r, "store", "bad",
		    "%s is open to others; chmod 700 it", dir);
	}
	if (db_sqlite_open(arena_printf(c->arena, "%s/assent.db", dir), DB_READ,
		&db, &f) != RC_OK) {
		doctor_say(r, "store", "bad", "%s", f.text);
		return;
	}
	if (audit_verify(db, &events, &seq, &f) == RC_OK) {
		doctor_say(r, "audit", "ok", "%lld events, the chain is whole",
		    events);
	} else {
		doctor_say(r, "audit", "bad", "%s", f.text);
	}
	db_close(db);
}

bool
doctor_skew(const char *date, long long *out_s)
{
	struct tm tm = {0};

	if (date == NULL ||
	    strptime(date, "%a, %d %b %Y %H:%M:%S", &tm) == NULL) {
		return false;
	}
	*out_s = clock_now_ms() / 1000 - (long long)timegm(&tm);
	return true;
}

static void
look_at_clock(struct report *r, const char *date)
{
	long long skew_s;

	if (!doctor_skew(date, &skew_s)) {
		return;
	}
	if (llabs(skew_s) > SKEW_MAX_S) {
		doctor_say(r, "clock", "bad",
		    "the daemon's clock is %lld s away from this one", skew_s);
		return;
	}
	doctor_say(r, "clock", "ok", "the daemon's clock agrees");
}

static void
look_at_channels(struct report *r, const json_t *ready)
{
	const char *name;
	json_t *channel;

	json_object_foreach(json_object_get(ready, "channels"), name, channel)
	{
		const char *state = cli_text(r->cli, channel, "state");
		const char *fault = cli_text(r->cli, channel, "fault");

		doctor_say(r, name,
		    strcmp(state, "up") == 0		 ? "ok"
			: strcmp(state, "starting") == 0 ? "note"
							 : "bad",
		    "%s%s%s", state, *fault != '\0' ? ": " : "", fault);
	}
}

static void
look_at_daemon(struct report *r)
{
	struct cli *c = r->cli;
	const char *date = NULL;
	json_t *ready, *me;
	int status =
	    cli_fetch(c, "GET", "/readyz", NULL, FETCH_MS, &ready, &date);

	if (status == 0) {
		doctor_say(r, "daemon", "bad",
		    "%s does not answer; is assentd running? ASSENT_URL says "
		    "where",
		    c->url);
		return;
	}
	doctor_say(r, "daemon", status == 200 ? "ok" : "bad", "%s is %s",
	    c->url, cli_text(c, ready, "status"));
	look_at_channels(r, ready);
	look_at_clock(r, date);
	json_decref(ready);
	if (c->key == NULL) {
		doctor_say(r, "key", "note", "ASSENT_API_KEY is not set");
		return;
	}
	status = cli_fetch(c, "GET", "/v1/metrics", NULL, FETCH_MS, &me, NULL);
	doctor_say(r, "key", status == 200 ? "ok" : "bad",
	    status == 200 ? "the key counts" : "the key was refused");
	json_decref(me);
}

int
cli_doctor(struct cli *c)
{
	struct report r = {.cli = c, .checks = json_array()};
	struct config *config;
	json_t *o;

	if (cli_config(c, &config)) {
		doctor_say(&r, "settings", "ok", "%s",
		    config_path(config) != NULL ? config_path(config)
						: "environment only");
		look_at_rules(&r, config);
		look_at_store(&r, config);
		config_free(config);
	} else {
		doctor_say(&r, "settings", "bad",
		    "refused; assentd --check-config says why");
	}
	look_at_daemon(&r);
	o = json_pack("{s:b, s:o}", "ok", !r.bad, "checks", r.checks);
	(void)cli_print_json(c, o);
	json_decref(o);
	return r.bad ? CLI_FAILED : CLI_OK;
}
