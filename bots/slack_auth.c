#include "bots/slack_auth.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "bots/slack.h"
#include "lib/backoff.h"
#include "lib/buf.h"
#include "lib/embedded.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/yaml.h"

enum { REFUSED_MS = 5 * 60 * 1000 };

static const struct backoff again = {.first_ms = 1000,
    .max_ms = 60 * 1000,
    .jitter = 50};

static const char *const state_names[SLACK_AUTH_STATES] = {
    [SLACK_AUTH_IDLE] = "idle",
    [SLACK_AUTH_ASKING] = "asking",
    [SLACK_AUTH_FINE] = "fine",
    [SLACK_AUTH_REFUSED] = "refused",
};

/* Which move is made from which state; a state may stay. */
static const bool moves[SLACK_AUTH_STATES][SLACK_AUTH_STATES] = {
    [SLACK_AUTH_IDLE] = {[SLACK_AUTH_ASKING] = true},
    [SLACK_AUTH_ASKING] = {[SLACK_AUTH_FINE] = true,
	[SLACK_AUTH_REFUSED] = true,
	[SLACK_AUTH_IDLE] = true},
    [SLACK_AUTH_FINE] = {[SLACK_AUTH_REFUSED] = true, [SLACK_AUTH_IDLE] = true},
    [SLACK_AUTH_REFUSED] = {[SLACK_AUTH_FINE] = true, [SLACK_AUTH_IDLE] = true},
};

/* Also tells the other threads. */
static void
set_state(struct slack *s, enum slack_auth_state to, const char *fault)
{
	struct slack_auth *au = &s->auth;

	assert(au->state == to || moves[au->state][to]);
	if (to == SLACK_AUTH_REFUSED) {
		log_error("slack: the bot token is refused error=\"%s\"",
		    fault);
	} else if (au->state != to) {
		log_info("slack auth state=%s team=%s", state_names[to],
		    au->team);
	}
	au->state = to;
	if (fault != au->fault) {
		(void)snprintf(au->fault, sizeof(au->fault), "%s", fault);
	}
	(void)pthread_mutex_lock(&s->lock);
	s->auth_news =
	    (struct slack_auth_news){.state = to, .failures = au->failures};
	(void)snprintf(s->auth_news.fault, sizeof(s->auth_news.fault), "%s",
	    au->fault);
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- scopes --------------------------------------------------------------- */

void
slack_auth_missing(const char *have, char out[SLACK_FAULT_MAX])
{
	const struct embedded *e = embedded_find("slack-manifest.yaml");
	CLEANUP(json_drop) json_t *manifest = NULL;
	CLEANUP(buf_fini) struct buf words;
	json_t *scopes, *scope;
	struct fault f;
	size_t i;
	enum rc rc;

	assert(e != NULL);
	rc = yaml_read((const char *)e->data, e->len, &manifest, &f);
	assert(rc == RC_OK);
	buf_init(&words, 0);
	scopes = json_object_get(json_object_get(json_object_get(manifest,
						     "oauth_config"),
				     "scopes"),
	    "bot");
	assert(json_array_size(scopes) > 0);
	json_array_foreach(scopes, i, scope)
	{
		if (!text_list_has(have, json_string_value(scope))) {
			buf_printf(&words, "%s%s",
			    words.len > 0 ? ", " : "missing scopes: ",
			    json_string_value(scope));
		}
	}
	(void)snprintf(out, SLACK_FAULT_MAX, "%s", buf_str(&words));
}

/* --- auth.test ------------------------------------------------------------ */

/* Tries again: soon when no answer came, slowly when it was a no. */
static void
ask_later(struct slack *s)
{
	struct slack_auth *au = &s->auth;

	slack_after(s, &au->timer,
	    au->state == SLACK_AUTH_REFUSED ? REFUSED_MS
					    : backoff_ms(&again, au->failures),
	    slack_auth_begin);
}

static const char *
keep(char out[SLACK_ID_MAX], const json_t *body, const char *key)
{
	const char *id = json_string_value(json_object_get(body, key));

	if (id == NULL || strlen(id) >= SLACK_ID_MAX) {
		id = "";
	}
	(void)snprintf(out, SLACK_ID_MAX, "%s", id);
	return out[0] != '\0' ? out : NULL;
}

static void
learn(struct slack *s, const struct slack_reply *r)
{
	struct slack_auth *au = &s->auth;
	char missing[SLACK_FAULT_MAX] = "";

	au->self = (struct slack_self){
	    .team = keep(au->team, r->body, "team_id"),
	    .bot = keep(au->bot, r->body, "bot_id"),
	    .app = keep(au->app, r->body, "app_id"),
	};
	(void)keep(au->user, r->body, "user_id");
	au->failures = 0;
	if (au->self.team == NULL) {
		set_state(s, SLACK_AUTH_REFUSED,
		    "auth.test does not say which workspace it is");
		ask_later(s);
		return;
	}
	if (r->scopes[0] != '\0') {
		slack_auth_missing(r->scopes, missing);
	}
	if (missing[0] != '\0') {
		log_warn("slack: %s; see assent slack manifest", missing);
	}
	set_state(s, SLACK_AUTH_FINE, missing);
	slack_post_pump(s);
}

static void
on_reply(struct slack *s, void *arg, struct slack_reply *r)
{
	struct slack_auth *au = &s->auth;
	char words[SLACK_FAULT_MAX];

	(void)arg;
	au->calling = false;
	if (au->state == SLACK_AUTH_IDLE) {
		return;
	}
	if (r->verdict == SLACK_FINE) {
		learn(s, r);
		return;
	}
	(void)snprintf(words, sizeof(words), "%s: %.120s",
	    r->verdict == SLACK_FATAL ? "Slack refuses the bot token"
				      : "auth.test",
	    r->detail);
	au->failures++;
	if (r->verdict == SLACK_FATAL || r->verdict == SLACK_REFUSED) {
		set_state(s, SLACK_AUTH_REFUSED, words);
		slack_post_give_back(s, words);
	} else {
		set_state(s, au->state, words);
	}
	ask_later(s);
}

void
slack_auth_begin(struct slack *s)
{
	struct slack_auth *au = &s->auth;

	if (au->calling) {
		return;
	}
	if (au->state == SLACK_AUTH_IDLE) {
		set_state(s, SLACK_AUTH_ASKING, "");
	}
	au->calling = true;
	slack_call(s, SLACK_AUTH_TEST, HTTP_PLATFORM, NULL, NULL, on_reply,
	    NULL);
}

void
slack_auth_end(struct slack *s)
{
	slack_cancel(s, &s->auth.timer);
	set_state(s, SLACK_AUTH_IDLE, "");
}

void
slack_auth_lost(struct slack *s, const char *why)
{
	struct slack_auth *au = &s->auth;

	if (au->state != SLACK_AUTH_FINE) {
		return;
	}
	set_state(s, SLACK_AUTH_REFUSED, why);
	slack_post_give_back(s, why);
	ask_later(s);
}

void
slack_auth_see(struct slack *s, const json_t *posted)
{
	struct slack_auth *au = &s->auth;

	if (au->self.app == NULL) {
		au->self.app =
		    keep(au->app, json_object_get(posted, "message"), "app_id");
	}
}

void
slack_auth_lacks(struct slack *s, const char *scope)
{
	struct slack_auth *au = &s->auth;
	char words[SLACK_FAULT_MAX];

	if (au->state != SLACK_AUTH_FINE || au->fault[0] != '\0') {
		return;
	}
	(void)snprintf(words, sizeof(words), "missing scopes: %s", scope);
	log_warn("slack: %s; see assent slack manifest", words);
	set_state(s, SLACK_AUTH_FINE, words);
}
