#include "bots/discord_interaction.h"

#include <string.h>

#include "bots/discord_message.h"
#include "bots/discord_text.h"
#include "lib/text.h"

enum { KIND_COMPONENT = 3, KIND_FORM = 5, COMPONENT_BUTTON = 2 };

static const char *
text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static long long
int_at(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* An id, copied; NULL when it is none. */
static const char *
id_at(const json_t *object, const char *name, struct arena *a)
{
	const char *id = text_at(object, name);

	return discord_is_id(id, NULL) ? arena_strdup(a, id) : NULL;
}

/* It becomes a part of a path: only what needs no escape there. */
static bool
is_token(const char *s)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~=+:";
	size_t len = s != NULL ? strlen(s) : 0;

	return len > 0 && len <= DISCORD_TOKEN_MAX && strspn(s, good) == len &&
	    strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

/* --- who and where -------------------------------------------------------- */

/* Without what a log or a card could stumble over. */
static const char *
name_of(const json_t *user, struct arena *a)
{
	CLEANUP(buf_fini) struct buf shown;
	const char *name = text_at(user, "global_name");

	buf_init(&shown, 0);
	if (name == NULL || *name == '\0') {
		name = text_at(user, "username");
	}
	if (name == NULL) {
		return "";
	}
	text_show(&shown, name,
	    text_border(name, strlen(name), DISCORD_NAME_MAX), false, NULL);
	return arena_strdup(a, buf_str(&shown));
}

static void
read_roles(const json_t *member, struct arena *a, struct field_strings *out)
{
	const json_t *roles = json_object_get(member, "roles"), *role;
	size_t i;

	out->items = arena_array(a, DISCORD_ROLES_MAX, sizeof(*out->items));
	out->n = 0;
	json_array_foreach(roles, i, role)
	{
		const char *id = json_string_value(role);

		if (discord_is_id(id, NULL) && out->n < DISCORD_ROLES_MAX) {
			out->items[out->n++] = arena_strdup(a, id);
		}
	}
}

/* In a guild there is a member, in a DM a user at the top. */
static enum rc
read_who(const json_t *d, struct arena *a, struct discord_interaction *out,
    struct fault *f)
{
	const json_t *member = json_object_get(d, "member");
	const json_t *user =
	    json_object_get(json_is_object(member) ? member : d, "user");
	const json_t *guild = json_object_get(d, "guild_id");

	out->user = id_at(user, "id", a);
	if (out->user == NULL) {
		return fault_set(f, RC_INVALID, "user", "no id of a user");
	}
	if (json_is_true(json_object_get(user, "bot"))) {
		return fault_set(f, RC_INVALID, "user", "it is a bot");
	}
	out->name = name_of(user, a);
	out->guild = id_at(d, "guild_id", a);
	if (guild != NULL && !json_is_null(guild) && out->guild == NULL) {
		return fault_set(f, RC_INVALID, "guild_id", "not an id");
	}
	if ((out->guild != NULL) != json_is_object(member)) {
		return fault_set(f, RC_INVALID, "member",
		    "a guild has members, and only a guild");
	}
	read_roles(member, a, &out->roles);
	return RC_OK;
}

static enum rc
read_message(const json_t *d, struct arena *a, struct discord_interaction *out,
    struct fault *f)
{
	const json_t *message = json_object_get(d, "message");
	const char *channel = id_at(d, "channel_id", a);
	const char *said = text_at(message, "channel_id");

	out->message = id_at(message, "id", a);
	if (out->message == NULL) {
		return fault_set(f, RC_INVALID, "message", "no message");
	}
	if (channel == NULL || (said != NULL && strcmp(said, channel) != 0)) {
		return fault_set(f, RC_INVALID, "channel_id",
		    "not that of the message");
	}
	out->remote_id = arena_printf(a, "%s/%s/%s",
	    out->guild != NULL ? out->guild : "@me", channel, out->message);
	return RC_OK;
}

/* --- what ----------------------------------------------------------------- */

/* HANDLE:OPTION or HANDLE:OPTION:m. */
static bool
read_custom_id(const char *s, struct arena *a, struct discord_interaction *out)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t n = s != NULL ? strspn(s, good) : 0;
	const char *tail;

	if (n == 0 || n > HANDLE_MAX || s[n] != ':' || s[n + 1] < '0' ||
	    s[n + 1] >= '0' + INTENT_OPTIONS_MAX) {
		return false;
	}
	tail = s + n + 2;
	if (*tail != '\0' && strcmp(tail, ":m") != 0) {
		return false;
	}
	out->handle = arena_strndup(a, s, n);
	out->option = s[n + 1] - '0';
	out->wants_form = *tail != '\0';
	return true;
}

/* The value of the field, if this is it. */
static const char *
value_of(const json_t *input)
{
	const char *id = text_at(input, "custom_id");

	return id != NULL && strcmp(id, DISCORD_REASON_ID) == 0
	    ? text_at(input, "value")
	    : NULL;
}

/* Fields stand in a Label each, or in a row of their own as they did before
 * (Discord, "Component Reference", Label). */
static const char *
find_value(const json_t *data)
{
	const json_t *outer = json_object_get(data, "components"), *o, *in;
	const char *value;
	size_t i, k;

	json_array_foreach(outer, i, o)
	{
		value = value_of(json_object_get(o, "component"));
		json_array_foreach(json_object_get(o, "components"), k, in)
		{
			value = value != NULL ? value : value_of(in);
		}
		if (value != NULL) {
			return value;
		}
	}
	return NULL;
}

/* At most INTENT_REASON_MAX characters, as the form says; else RC_INVALID. */
static enum rc
read_reason(const json_t *data, struct arena *a,
    struct discord_interaction *out, struct fault *f)
{
	const char *s = find_value(data);
	size_t len = s != NULL ? strlen(s) : 0, characters = 0, n;

	for (size_t i = 0; i < len; i += n) {
		(void)text_next(s + i, len - i, &n);
		characters++;
	}
	if (characters > INTENT_REASON_MAX) {
		return fault_set(f, RC_INVALID, "reason", "too long");
	}
	out->reason = len > strspn(s != NULL ? s : "", " \t\r\n")
	    ? arena_strndup(a, s, len)
	    : NULL;
	return RC_OK;
}

static enum rc
read_what(const json_t *d, long long kind, struct arena *a,
    struct discord_interaction *out, struct fault *f)
{
	const json_t *data = json_object_get(d, "data");

	if (kind == KIND_COMPONENT &&
	    int_at(data, "component_type") != COMPONENT_BUTTON) {
		return fault_set(f, RC_FORBIDDEN, "component", "not a button");
	}
	if (!read_custom_id(text_at(data, "custom_id"), a, out)) {
		return fault_set(f, RC_FORBIDDEN, "custom_id",
		    "this is no button of ours");
	}
	if (kind == KIND_COMPONENT) {
		return RC_OK;
	}
	out->wants_form = false;
	return read_reason(data, a, out, f);
}

enum rc
discord_interaction_read(const json_t *d, struct arena *a,
    struct discord_interaction *out, struct fault *f)
{
	long long kind = int_at(d, "type");
	const char *token = text_at(d, "token");
	enum rc rc;

	*out = (struct discord_interaction){.option = -1};
	if (kind != KIND_COMPONENT && kind != KIND_FORM) {
		return fault_set(f, RC_NOT_FOUND, "type", "of another kind");
	}
	out->id = id_at(d, "id", a);
	if (out->id == NULL || !is_token(token)) {
		return fault_set(f, RC_INVALID, "id", "no id, or no token");
	}
	(void)discord_is_id(out->id, &out->number);
	out->token = arena_strdup(a, token);
	out->application = id_at(d, "application_id", a);
	rc = read_who(d, a, out, f);
	if (rc == RC_OK) {
		rc = read_message(d, a, out, f);
	}
	return rc == RC_OK ? read_what(d, kind, a, out, f) : rc;
}
