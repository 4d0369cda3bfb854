#include "bots/slack_interaction.h"

#include <assert.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/json.h"
#include "lib/text.h"

enum {
	ID_MAX = 64, /* bytes of an id or time stamp of Slack's */
	REMOTE_MAX = 3 * ID_MAX + 2,
	NAME_MAX = 80, /* characters are bytes here: cut at a border */
	TRIGGER_MAX = 200,
	VALUE_MAX = 2000
};

static const char *
text_at(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const char *
text_in(const json_t *o, const char *outer, const char *key)
{
	return text_at(json_object_get(o, outer), key);
}

/* An id that can stand between slashes, or NULL. */
static const char *
checked(const char *s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789_.-";
	size_t len = s != NULL ? strlen(s) : 0;

	return len > 0 && len <= ID_MAX && strspn(s, alphabet) == len ? s
								      : NULL;
}

static bool
is_other(const char *said, const char *ours)
{
	return said != NULL && ours != NULL && strcmp(said, ours) != 0;
}

/* Of another app: Slack has not sent it. */
static bool
is_foreign(const json_t *p, const struct slack_self *self)
{
	return is_other(text_at(p, "api_app_id"), self->app);
}

/* The workspace in which it happened. */
static const char *
team_of(const json_t *p, const struct slack_self *self)
{
	const char *team = checked(text_in(p, "team", "id"));

	return team != NULL ? team : self->team;
}

/* Who did it; false when that is not said, or it was a bot. */
static bool
read_user(struct arena *a, const json_t *p, const struct slack_self *self,
    struct slack_interaction *out)
{
	const json_t *u = json_object_get(p, "user");
	const char *id = checked(text_at(u, "id"));
	const char *team = checked(text_at(u, "team_id"));
	const char *name = text_at(u, "username");

	if (team == NULL) {
		team = team_of(p, self);
	}
	if (name == NULL) {
		name = text_at(u, "name");
	}
	if (id == NULL || team == NULL ||
	    json_is_true(json_object_get(u, "is_bot"))) {
		return false;
	}
	out->user = arena_strdup(a, id);
	out->account = arena_printf(a, "%s/%s", team, id);
	out->name = name != NULL
	    ? arena_strndup(a, name, text_border(name, strlen(name), NAME_MAX))
	    : out->user;
	return true;
}

/* "decide:2" */
static bool
read_option(const char *action, int *out)
{
	size_t n = strlen(SLACK_ACTION_DECIDE);

	if (action == NULL || strncmp(action, SLACK_ACTION_DECIDE, n) != 0 ||
	    action[n] < '0' || action[n] >= '0' + INTENT_OPTIONS_MAX ||
	    action[n + 1] != '\0') {
		return false;
	}
	*out = action[n] - '0';
	return true;
}

static const char *
read_trigger(struct arena *a, const json_t *p)
{
	const char *s = text_at(p, "trigger_id");

	return s != NULL && strlen(s) <= TRIGGER_MAX ? arena_strdup(a, s)
						     : NULL;
}

static void
read_pressed(struct arena *a, const json_t *p, const struct slack_self *self,
    struct slack_interaction *out)
{
	const json_t *action = json_array_get(json_object_get(p, "actions"), 0);
	const char *block = text_at(action, "block_id");
	const char *value = text_at(action, "value");
	const char *when = checked(text_at(action, "action_ts"));
	const char *channel = checked(text_in(p, "container", "channel_id"));
	const char *ts = checked(text_in(p, "container", "message_ts"));
	const char *team = team_of(p, self);

	if (channel == NULL) {
		channel = checked(text_in(p, "channel", "id"));
	}
	if (is_other(block, SLACK_BLOCK_DECIDE) ||
	    !read_option(text_at(action, "action_id"), &out->option) ||
	    value == NULL || channel == NULL || ts == NULL || team == NULL ||
	    slack_button_read(a, value, &out->button) != RC_OK ||
	    !read_user(a, p, self, out)) {
		return;
	}
	out->act = SLACK_PRESSED;
	out->channel = arena_strdup(a, channel);
	out->remote_id = is_foreign(p, self)
	    ? ""
	    : arena_printf(a, "%s/%s/%s", team, channel, ts);
	out->trigger = read_trigger(a, p);
	out->id = arena_printf(a, "%s/%s/%s/%d/%s", out->account, channel, ts,
	    out->option, when != NULL ? when : "");
}

/* --- the form ------------------------------------------------------------- */

const char *
slack_carried_write(struct arena *a, const struct slack_interaction *i)
{
	CLEANUP(json_drop) json_t *o = json_pack("{s:s, s:i, s:s}", "value",
	    slack_button_value(a, &i->button), "option", i->option, "message",
	    i->remote_id);
	const char *text = json_compact(a, o, NULL);

	assert(strlen(text) <= SLACK_CARRIED_MAX);
	return text;
}

/* "TEAM/CHANNEL/TS" of ours. */
static bool
is_remote_id(const char *s)
{
	static const char alphabet[] = "/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789_.-";
	const char *slash = strchr(s, '/');

	return strlen(s) <= REMOTE_MAX && s[strspn(s, alphabet)] == '\0' &&
	    slash != NULL && strchr(slash + 1, '/') != NULL &&
	    strchr(slash + 1, '/') == strrchr(s, '/');
}

static const char *
channel_in(struct arena *a, const char *remote_id)
{
	const char *from = strchr(remote_id, '/') + 1;

	return arena_strndup(a, from, strcspn(from, "/"));
}

static bool
read_carried(struct arena *a, const char *text, struct slack_interaction *out)
{
	CLEANUP(json_drop) json_t *o = NULL;
	const char *value, *message;
	json_int_t option;

	if (text == NULL || strlen(text) > SLACK_CARRIED_MAX ||
	    json_read(text, strlen(text), &o, NULL) != RC_OK ||
	    json_unpack(o, "{s:s, s:I, s:s}", "value", &value, "option",
		&option, "message", &message) != 0 ||
	    option < 0 || option >= INTENT_OPTIONS_MAX ||
	    !is_remote_id(message) ||
	    slack_button_read(a, value, &out->button) != RC_OK) {
		return false;
	}
	out->option = (int)option;
	out->remote_id = arena_strdup(a, message);
	out->channel = channel_in(a, message);
	return true;
}

static const char *
read_reason(struct arena *a, const json_t *view)
{
	const json_t *values =
	    json_object_get(json_object_get(view, "state"), "values");
	const char *s = text_in(json_object_get(values, SLACK_FORM_BLOCK),
	    SLACK_FORM_ACTION, "value");
	size_t len;

	if (s == NULL) {
		return NULL;
	}
	s += strspn(s, " \t\r\n");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL) {
		len--;
	}
	return len > 0 ? arena_strndup(a, s, len) : NULL;
}

/*
 * A form may be sent twice with other words, after a refusal: what was written
 * is part of what it is known by.
 */
static void
read_submitted(struct arena *a, const json_t *p, const struct slack_self *self,
    struct slack_interaction *out)
{
	const json_t *view = json_object_get(p, "view");
	const char *callback = text_at(view, "callback_id");
	const char *id = checked(text_at(view, "id"));
	char hash[CRYPTO_SHA256_HEX];

	if (id == NULL || callback == NULL ||
	    strcmp(callback, SLACK_FORM_CALLBACK) != 0 ||
	    !read_carried(a, text_at(view, "private_metadata"), out) ||
	    !read_user(a, p, self, out)) {
		return;
	}
	out->act = SLACK_SUBMITTED;
	out->reason = read_reason(a, view);
	out->trigger = read_trigger(a, p);
	crypto_sha256_hex(out->reason != NULL ? out->reason : "",
	    out->reason != NULL ? strlen(out->reason) : 0, hash);
	out->id = arena_printf(a, "%s/%s/%d/%.16s", out->account, id,
	    out->option, hash);
}

/* --- the rest ------------------------------------------------------------- */

static void
read_interactive(struct arena *a, const json_t *p,
    const struct slack_self *self, struct slack_interaction *out)
{
	const char *type = text_at(p, "type");

	if (type == NULL) {
		return;
	}
	if (strcmp(type, "block_actions") == 0) {
		read_pressed(a, p, self, out);
	} else if (strcmp(type, "view_submission") == 0 &&
	    !is_foreign(p, self)) {
		read_submitted(a, p, self, out);
	}
}

static void
read_command(struct arena *a, const json_t *p, const struct slack_self *self,
    struct slack_interaction *out)
{
	const char *team = checked(text_at(p, "team_id"));
	const char *user = checked(text_at(p, "user_id"));
	const char *channel = checked(text_at(p, "channel_id"));

	if (team == NULL) {
		team = self->team;
	}
	if (team == NULL || user == NULL || is_foreign(p, self)) {
		return;
	}
	out->act = SLACK_ASKED;
	out->user = arena_strdup(a, user);
	out->account = arena_printf(a, "%s/%s", team, user);
	out->channel = arena_strdup(a, channel);
}

static void
read_event(struct arena *a, const json_t *p, const struct slack_self *self,
    struct slack_interaction *out)
{
	const char *type = text_in(p, "event", "type");

	(void)a;
	if (type != NULL && !is_foreign(p, self) &&
	    !is_other(text_at(p, "team_id"), self->team) &&
	    (strcmp(type, "app_uninstalled") == 0 ||
		strcmp(type, "tokens_revoked") == 0)) {
		out->act = SLACK_REMOVED;
	}
}

void
slack_interaction_read(struct arena *a, const char *type, const json_t *p,
    const struct slack_self *self, struct slack_interaction *out)
{
	static const struct {
		const char *type;
		void (*read)(struct arena *, const json_t *,
		    const struct slack_self *, struct slack_interaction *);
	} rows[] = {
	    {"interactive", read_interactive},
	    {"slash_commands", read_command},
	    {"events_api", read_event},
	};

	*out = (struct slack_interaction){.act = SLACK_NOTHING};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(type, rows[i].type) == 0) {
			rows[i].read(a, p, self, out);
		}
	}
}
