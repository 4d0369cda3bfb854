#include "bots/slack_find.h"

#include <string.h>

/* At most so many bytes of an id, and only what ids are made of. */
static bool
is_id(const char *s, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return len > 0 && len <= 32 && strspn(s, alphabet) >= len;
}

/* Slack, "Using the Conversations API": what an id begins with. */
static bool
is_user_id(const char *s)
{
	return s[0] == 'U' || s[0] == 'W';
}

bool
slack_find_is_channel(const char *s)
{
	const char *slash = strchr(s, '/');
	const char *id = slash != NULL ? slash + 1 : s;

	return (slash == NULL || is_id(s, (size_t)(slash - s))) &&
	    is_id(id, strlen(id)) && !is_user_id(id);
}

static enum rc
bad_address(struct fault *f)
{
	return fault_set(f, RC_INVALID, "address",
	    "it is not TEAM/USER, TEAM/CHANNEL or mailto:");
}

enum rc
slack_find_place(struct arena *a, const char *address, const char *team,
    struct slack_place *out, struct fault *f)
{
	const char *slash = strchr(address, '/'), *id = address, *rest;
	size_t len;

	*out = (struct slack_place){.is_mail = false};
	if (strncmp(address, SLACK_MAILTO, strlen(SLACK_MAILTO)) == 0) {
		out->is_mail = true;
		return RC_OK;
	}
	if (slash != NULL) {
		len = (size_t)(slash - address);
		if (!is_id(address, len)) {
			return bad_address(f);
		}
		if (strlen(team) != len || strncmp(team, address, len) != 0) {
			return fault_set(f, RC_INVALID, "address",
			    "it is in another workspace: %.*s, the bot is in "
			    "%s",
			    (int)len, address, team);
		}
		id = slash + 1;
	}
	len = strcspn(id, "/");
	rest = id + len;
	if (!is_id(id, len) || (*rest == '/' && slash == NULL)) {
		return bad_address(f);
	}
	out->place = arena_strndup(a, id, len);
	out->is_user = is_user_id(id);
	out->ts = *rest == '/' ? arena_strdup(a, rest + 1) : NULL;
	return RC_OK;
}

const char *
slack_find_user(struct arena *a, const json_t *body, const char *team,
    const char **why)
{
	const json_t *user = json_object_get(body, "user");
	const char *id = json_string_value(json_object_get(user, "id"));
	const char *home = json_string_value(json_object_get(user, "team_id"));

	*why = NULL;
	if (id == NULL || !is_id(id, strlen(id)) || !is_user_id(id)) {
		*why = "Slack names no account for this mail address";
	} else if (home != NULL && strcmp(home, team) != 0) {
		*why = "the account of this mail address is in another "
		       "workspace";
	} else if (json_is_true(json_object_get(user, "deleted"))) {
		*why = "the account of this mail address is deactivated";
	} else if (json_is_true(json_object_get(user, "is_bot"))) {
		*why = "the account of this mail address is a bot";
	}
	return *why == NULL ? arena_strdup(a, id) : NULL;
}

const char *
slack_find_dm(struct arena *a, const json_t *body)
{
	const char *id =
	    json_string_value(json_object_get(json_object_get(body, "channel"),
		"id"));

	return id != NULL && is_id(id, strlen(id)) ? arena_strdup(a, id) : NULL;
}

static bool
equals(const json_t *o, const char *key, const char *value)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL && value != NULL && strcmp(s, value) == 0;
}

/* Metadata can be written by any app: the message has to be ours. */
static bool
is_ours(const json_t *message, const struct slack_self *self,
    const char *own_user)
{
	return equals(message, "bot_id", self->bot) ||
	    equals(message, "user", own_user);
}

const char *
slack_find_message(struct arena *a, const json_t *body,
    const struct slack_self *self, const char *own_user, const char *delivery)
{
	const json_t *list = json_object_get(body, "messages"), *m;
	size_t i;

	json_array_foreach(list, i, m)
	{
		const json_t *meta = json_object_get(m, "metadata");
		const char *ts = json_string_value(json_object_get(m, "ts"));

		if (ts != NULL && is_ours(m, self, own_user) &&
		    equals(meta, "event_type", SLACK_EVENT_TYPE) &&
		    equals(json_object_get(meta, "event_payload"), "delivery",
			delivery)) {
			return arena_strdup(a, ts);
		}
	}
	return NULL;
}

const char *
slack_find_cursor(struct arena *a, const json_t *body)
{
	const char *cursor = json_string_value(json_object_get(
	    json_object_get(body, "response_metadata"), "next_cursor"));

	return cursor != NULL && *cursor != '\0' ? arena_strdup(a, cursor)
						 : NULL;
}
