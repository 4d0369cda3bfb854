#include "person_impl.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

enum {
	NAME_CHARACTERS = 200,
	EMAIL_CHARACTERS = 254, /* RFC 5321 4.5.3.1.3 */
	ZONE_CHARACTERS = 64
};

/* The keys of assent.yaml that are about people. */
struct raw {
	const json_t *people, *groups, *channels, *notify, *roles;
};

struct raw_channel {
	const char *slack, *discord;
};

struct raw_notify {
	struct field_strings approvers, channels;
};

/* Puts where a fault was found before the field that it is about. */
static enum rc PRINTF_LIKE(2, 3) fault_in(struct fault *f, const char *fmt, ...)
{
	struct fault was = *f;
	char place[sizeof(was.field) * 2];
	const char *part = strcmp(was.field, "body") == 0 ? "" : was.field;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(place, sizeof(was.field), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(was.field)) {
		n = sizeof(was.field) - 1;
	}
	(void)snprintf(place + n, sizeof(place) - (size_t)n, "%s%s",
	    *part == '\0' || *part == '[' ? "" : ".", part);
	return fault_set(f, was.rc, place, "%s", was.text);
}

static enum rc
refuse(struct fault *f, const char *field, const char *why)
{
	return fault_set(f, RC_INVALID, field, "%s", why);
}

/* Decodes a list of account ids that pass the test. */
static enum rc
decode_accounts(struct arena *a, const json_t *v, struct field_strings *out,
    bool (*is)(const char *), const char *form, struct fault *f)
{
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n > PERSON_ACCOUNTS_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must be a list of at most %d ids", PERSON_ACCOUNTS_MAX);
	}
	out->items = arena_array(a, n, sizeof(*out->items));
	out->n = n;
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(v, i));
		char at[32];

		(void)snprintf(at, sizeof(at), "[%zu]", i);
		if (s == NULL) {
			return refuse(f, at,
			    "must be a text: put it in quotes");
		}
		if (!is(s)) {
			return refuse(f, at, form);
		}
		out->items[i] = arena_strdup(a, s);
	}
	return RC_OK;
}

static enum rc
decode_slack(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	return decode_accounts(a, v, member, person_is_slack_user,
	    "must be TEAM/USER, such as T0001/U0001", f);
}

static enum rc
decode_discord(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	return decode_accounts(a, v, member, person_is_discord,
	    "must be the digits of a Discord user id", f);
}

static const struct field person_rows[] = {
    FIELD_STRING(struct person, id, "id", 1, PERSON_ID_MAX, .required = true),
    FIELD_STRING(struct person, name, "name", 1, NAME_CHARACTERS),
    FIELD_STRING(struct person, email, "email", 1, EMAIL_CHARACTERS),
    FIELD_CUSTOM(struct person, slack, "slack", decode_slack),
    FIELD_CUSTOM(struct person, discord, "discord", decode_discord),
    FIELD_STRING(struct person, timezone, "timezone", 1, ZONE_CHARACTERS),
};

static enum rc
check_person(const struct person *p, struct fault *f)
{
	if (!person_is_name(p->id)) {
		return refuse(f, "id",
		    "must be letters, digits, dots, lines and dashes");
	}
	if (person_is_reserved(p->id)) {
		return fault_set(f, RC_INVALID, "id",
		    "'%s' is kept for deciders that are not people", p->id);
	}
	if (p->email != NULL && !text_is_email(p->email)) {
		return refuse(f, "email", "must be an e-mail address");
	}
	if (p->timezone != NULL && !person_is_timezone(p->timezone)) {
		return refuse(f, "timezone",
		    "must be a name of the IANA time zone database");
	}
	return RC_OK;
}

static enum rc
decode_people(const json_t *list, struct people *p, struct fault *f)
{
	size_t n = json_array_size(list);

	p->all = arena_array(p->arena, n, sizeof(*p->all));
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		struct person *one = &p->all[i];

		if (fields_decode(person_rows, ARRAY_LEN(person_rows),
			FIELD_UNKNOWN_REFUSE, json_array_get(list, i), p->arena,
			one, f) != RC_OK ||
		    check_person(one, f) != RC_OK) {
			return fault_in(f, "people[%zu]", i);
		}
		if (one->name == NULL) {
			one->name = one->id;
		}
	}
	return RC_OK;
}

static enum rc
refuse_twice(const struct index_row *row, const char *what, struct fault *f)
{
	(void)fault_set(f, RC_INVALID, what,
	    "'%s' is somebody's already, maybe in other case", row->key);
	return fault_in(f, "people[%zu]", row->at);
}

static void
add_accounts(struct index *ix, const struct field_strings *ids, size_t at)
{
	for (size_t i = 0; i < ids->n; i++) {
		index_add(ix, ids->items[i], at);
	}
}

/* What an answer is matched by may lead to one person only. */
static enum rc
index_people(struct people *p, struct fault *f)
{
	const struct index_row *twice;

	index_init(&p->by_id, p->arena, p->n);
	index_init(&p->by_email, p->arena, p->n);
	index_init(&p->by_slack, p->arena, p->n * PERSON_ACCOUNTS_MAX);
	index_init(&p->by_discord, p->arena, p->n * PERSON_ACCOUNTS_MAX);
	for (size_t i = 0; i < p->n; i++) {
		index_add(&p->by_id, p->all[i].id, i);
		if (p->all[i].email != NULL) {
			index_add(&p->by_email, p->all[i].email, i);
		}
		add_accounts(&p->by_slack, &p->all[i].slack, i);
		add_accounts(&p->by_discord, &p->all[i].discord, i);
	}
	if ((twice = index_sort(&p->by_id)) != NULL) {
		return refuse_twice(twice, "id", f);
	}
	if ((twice = index_sort(&p->by_email)) != NULL) {
		return refuse_twice(twice, "email", f);
	}
	if ((twice = index_sort(&p->by_slack)) != NULL) {
		return refuse_twice(twice, "slack", f);
	}
	if ((twice = index_sort(&p->by_discord)) != NULL) {
		return refuse_twice(twice, "discord", f);
	}
	return RC_OK;
}

/* The people of a list of ids; groups do not hold groups. */
static enum rc
decode_members(struct people *p, const char *group, const json_t *list,
    struct field_strings *out, struct fault *f)
{
	struct field_strings names = {0};
	size_t n = json_array_size(list);

	if (n == 0 || n > PEOPLE_MAX) {
		(void)refuse(f, "",
		    "must be a list of the ids of people, at least one");
		return fault_in(f, "groups.%s", group);
	}
	names.items = arena_array(p->arena, n, sizeof(*names.items));
	for (size_t i = 0; i < n; i++) {
		const char *id = json_string_value(json_array_get(list, i));

		if (id == NULL || people_find(p, id) == NULL) {
			(void)fault_set(f, RC_INVALID, "",
			    "there is no person '%s'", id == NULL ? "?" : id);
			return fault_in(f, "groups.%s[%zu]", group, i);
		}
		names.items[names.n++] = arena_strdup(p->arena, id);
	}
	return people_expand(p, &names, p->arena, out, f);
}

static enum rc
check_group_name(const struct people *p, const char *name, struct fault *f)
{
	if (!person_is_name(name)) {
		(void)refuse(f, "",
		    "a group is named by letters, digits, dots, lines and "
		    "dashes, at most 64");
		return fault_in(f, "groups.%s", name);
	}
	if (index_find(&p->by_id, name) != NULL) {
		(void)refuse(f, "", "is the id of a person");
		return fault_in(f, "groups.%s", name);
	}
	return RC_OK;
}

static enum rc
decode_groups(const json_t *groups, struct people *p, struct fault *f)
{
	/* jansson's iterators take no const, and change nothing. */
	json_t *all = (json_t *)(uintptr_t)groups;
	const struct index_row *twice;
	const char *name;
	json_t *v;

	if (json_object_size(all) > PEOPLE_GROUPS_MAX) {
		return fault_set(f, RC_INVALID, "groups",
		    "must have at most %d", PEOPLE_GROUPS_MAX);
	}
	p->groups =
	    arena_array(p->arena, json_object_size(all), sizeof(*p->groups));
	json_object_foreach(all, name, v)
	{
		struct group *g = &p->groups[p->groups_n];

		if (check_group_name(p, name, f) != RC_OK ||
		    decode_members(p, name, v, &g->ids, f) != RC_OK) {
			return f->rc;
		}
		g->name = arena_strdup(p->arena, name);
		p->groups_n++;
	}
	index_init(&p->by_group, p->arena, p->groups_n);
	for (size_t i = 0; i < p->groups_n; i++) {
		index_add(&p->by_group, p->groups[i].name, i);
	}
	twice = index_sort(&p->by_group);
	if (twice != NULL) {
		(void)refuse(f, "", "is there twice, in other case");
		return fault_in(f, "groups.%s", twice->key);
	}
	return RC_OK;
}

static enum rc
decode_channel(struct people *p, const char *name, const json_t *v,
    struct named_channel *out, struct fault *f)
{
	static const struct field rows[] = {
	    FIELD_STRING(struct raw_channel, slack, "slack", 1, 200),
	    FIELD_STRING(struct raw_channel, discord, "discord", 1, 200),
	};
	struct raw_channel raw = {0};
	enum rc rc = fields_decode(rows, ARRAY_LEN(rows), FIELD_UNKNOWN_REFUSE,
	    v, p->arena, &raw, f);

	if (rc != RC_OK) {
		return rc;
	}
	if (!person_is_name(name)) {
		return refuse(f, "",
		    "a channel is named by letters, digits, dots, lines and "
		    "dashes, at most 64");
	}
	if ((raw.slack == NULL) == (raw.discord == NULL)) {
		return refuse(f, "", "must be one of slack and discord");
	}
	if (raw.slack != NULL && !person_is_slack_channel(raw.slack)) {
		return refuse(f, "slack",
		    "must be TEAM/CHANNEL, such as T0001/C0001");
	}
	if (raw.discord != NULL && !person_is_discord(raw.discord)) {
		return refuse(f, "discord",
		    "must be the digits of a Discord channel id");
	}
	out->name = arena_strdup(p->arena, name);
	out->kind = raw.slack != NULL ? "slack" : "discord";
	out->target = raw.slack != NULL ? raw.slack : raw.discord;
	return RC_OK;
}

static enum rc
decode_channels(const json_t *channels, struct people *p, struct fault *f)
{
	json_t *all = (json_t *)(uintptr_t)channels;
	const struct index_row *twice;
	const char *name;
	json_t *v;

	if (json_object_size(all) > PEOPLE_CHANNELS_MAX) {
		return fault_set(f, RC_INVALID, "channels",
		    "must have at most %d", PEOPLE_CHANNELS_MAX);
	}
	p->channels =
	    arena_array(p->arena, json_object_size(all), sizeof(*p->channels));
	json_object_foreach(all, name, v)
	{
		if (decode_channel(p, name, v, &p->channels[p->channels_n],
			f) != RC_OK) {
			return fault_in(f, "channels.%s", name);
		}
		p->channels_n++;
	}
	index_init(&p->by_channel, p->arena, p->channels_n);
	for (size_t i = 0; i < p->channels_n; i++) {
		index_add(&p->by_channel, p->channels[i].name, i);
	}
	twice = index_sort(&p->by_channel);
	if (twice != NULL) {
		(void)refuse(f, "", "is there twice, in other case");
		return fault_in(f, "channels.%s", twice->key);
	}
	return RC_OK;
}

/* Whoever has the role in the guild counts as one of the group. */
static enum rc
decode_roles(const json_t *roles, struct people *p, struct fault *f)
{
	/* jansson's iterators take no const, and change nothing. */
	json_t *all = (json_t *)(uintptr_t)roles;
	const char *role;
	json_t *v;

	json_object_foreach(all, role, v)
	{
		const char *name = json_string_value(v);
		const struct index_row *row =
		    name != NULL ? index_find(&p->by_group, name) : NULL;
		struct group *g;

		if (!person_is_discord_role(role)) {
			(void)refuse(f, "", "must be GUILD_ID/ROLE_ID");
			return fault_in(f, "discord_roles.%s", role);
		}
		if (row == NULL || strcmp(row->key, name) != 0) {
			(void)fault_set(f, RC_INVALID, "",
			    "there is no group '%s'",
			    name != NULL ? name : "?");
			return fault_in(f, "discord_roles.%s", role);
		}
		g = &p->groups[row->at];
		if (g->roles.n == 0) {
			g->roles.items = arena_array(p->arena,
			    json_object_size(all), sizeof(*g->roles.items));
		}
		g->roles.items[g->roles.n++] = arena_strdup(p->arena, role);
	}
	return RC_OK;
}

static enum rc
decode_notify(const json_t *v, struct people *p, struct fault *f)
{
	static const struct field rows[] = {
	    FIELD_STRINGS(struct raw_notify, approvers, "approvers", 0, 50),
	    FIELD_STRINGS(struct raw_notify, channels, "channels", 0, 50),
	};
	struct raw_notify raw = {0};
	struct fault why = {0};

	if (v == NULL) {
		return RC_OK;
	}
	if (fields_decode(rows, ARRAY_LEN(rows), FIELD_UNKNOWN_REFUSE, v,
		p->arena, &raw, f) != RC_OK) {
		return fault_in(f, "notify");
	}
	if (people_expand(p, &raw.approvers, p->arena, &p->notify_approvers,
		&why) != RC_OK) {
		return refuse(f, "notify.approvers", why.text);
	}
	for (size_t i = 0; i < raw.channels.n; i++) {
		if (people_channel(p, raw.channels.items[i]) == NULL) {
			return fault_set(f, RC_INVALID, "notify.channels",
			    "there is no channel '%s'", raw.channels.items[i]);
		}
	}
	p->notify_names = raw.approvers;
	p->notify_channels = raw.channels;
	return RC_OK;
}

enum rc
people_decode(const json_t *root, struct people *p, struct fault *f)
{
	static const struct field rows[] = {
	    FIELD_ARRAY(struct raw, people, "people", 0, PEOPLE_MAX),
	    FIELD_OBJECT(struct raw, groups, "groups"),
	    FIELD_OBJECT(struct raw, channels, "channels"),
	    FIELD_OBJECT(struct raw, notify, "notify"),
	    FIELD_OBJECT(struct raw, roles, "discord_roles"),
	};
	struct raw raw = {0};
	enum rc rc = root == NULL
	    ? RC_OK
	    : fields_decode(rows, ARRAY_LEN(rows), FIELD_UNKNOWN_IGNORE, root,
		  p->arena, &raw, f);

	if (rc == RC_OK) {
		rc = decode_people(raw.people, p, f);
	}
	if (rc == RC_OK) {
		rc = index_people(p, f);
	}
	if (rc == RC_OK) {
		rc = decode_groups(raw.groups, p, f);
	}
	if (rc == RC_OK) {
		rc = decode_channels(raw.channels, p, f);
	}
	if (rc == RC_OK) {
		rc = decode_roles(raw.roles, p, f);
	}
	return rc == RC_OK ? decode_notify(raw.notify, p, f) : rc;
}
