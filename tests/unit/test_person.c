#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "person.h"

static const char world[] =
    "{\"people\": ["
    "{\"id\": \"dana\", \"name\": \"Dana Li\","
    " \"email\": \"Dana@Example.com\", \"slack\": [\"T0001/U0001\"],"
    " \"discord\": [\"80351110224678912\"], \"timezone\": \"Europe/Berlin\"},"
    "{\"id\": \"lee\"},"
    "{\"id\": \"kim\", \"email\": \"kim@example.com\"}],"
    "\"groups\": {\"finance\": [\"lee\", \"dana\", \"lee\"],"
    " \"all\": [\"kim\", \"dana\"]},"
    "\"channels\": {\"approvals\": {\"discord\": \"613425648685547545\"},"
    " \"ops\": {\"slack\": \"T0001/C0001\"}},"
    "\"notify\": {\"approvers\": [\"finance\", \"lee\"],"
    " \"channels\": [\"ops\"]},"
    "\"discord_roles\": {\"7/8\": \"finance\", \"7/9\": \"all\","
    " \"6/8\": \"finance\"},"
    "\"port\": 4000}";

static struct people *
people_of(const char *text)
{
	json_t *root = json_loads(text, 0, NULL);
	struct people *p;
	struct fault f = {0};

	assert_non_null(root);
	assert_int_equal(people_load(root, &p, &f), RC_OK);
	json_decref(root);
	return p;
}

static void
an_account_leads_to_its_person_alone(void **state)
{
	static const struct {
		const char *channel, *account, *id;
	} rows[] = {
	    {"slack", "T0001/U0001", "dana"},
	    {"discord", "80351110224678912", "dana"},
	    {"discord", "T0001/U0001", NULL},
	    {"slack", "t0001/u0001", NULL},
	    {"slack", "T0002/U0001", NULL},
	    {"slack", "U0001", NULL},
	    {"email", "dana@example.com", NULL},
	    {"slack", "", NULL},
	};
	struct people *p = people_of(world);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct person *found =
		    people_find_account(p, rows[i].channel, rows[i].account);

		if (rows[i].id == NULL) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_string_equal(found->id, rows[i].id);
	}
	people_unref(p);
}

static void
groups_have_the_roles_that_stand_for_them(void **state)
{
	static const char *finance[] = {"dana", "finance"};
	const struct field_strings names = {finance, 2}, people = {finance, 1};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of(world);
	struct field_strings roles;

	(void)state;
	people_roles(p, &names, a, &roles);
	assert_int_equal(roles.n, 2);
	assert_string_equal(roles.items[0], "7/8");
	assert_string_equal(roles.items[1], "6/8");
	people_roles(p, &people, a, &roles);
	assert_int_equal(roles.n, 0);
	people_unref(p);
}

static void
everybody_is_found_by_id_and_address(void **state)
{
	static const struct {
		const char *owner;
		const char *id; /* NULL = nobody */
	} rows[] = {
	    {"dana", "dana"},
	    {"lee", "lee"},
	    {"dana@example.com", "dana"},
	    {"DANA@EXAMPLE.COM", "dana"},
	    {"kim@example.com", "kim"},
	    {"Dana", NULL},
	    {"dana@example.co", NULL},
	    {"", NULL},
	    {NULL, NULL},
	    {"finance", NULL},
	};
	struct people *p = people_of(world);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct person *found =
		    people_find_owner(p, rows[i].owner);

		if (rows[i].id == NULL) {
			assert_null(found);
			continue;
		}
		assert_string_equal(found->id, rows[i].id);
	}
	assert_null(people_find(p, "dana@example.com"));
	people_unref(p);
}

static void
a_person_is_kept_as_written(void **state)
{
	struct people *p = people_of(world);
	const struct person *dana = people_find(p, "dana");

	(void)state;
	assert_int_equal(people_count(p), 3);
	assert_ptr_equal(people_at(p, 0), dana);
	assert_null(people_at(p, 3));
	assert_null(people_at(p, -1));
	assert_string_equal(dana->name, "Dana Li");
	assert_string_equal(dana->email, "Dana@Example.com");
	assert_int_equal(dana->slack.n, 1);
	assert_string_equal(dana->slack.items[0], "T0001/U0001");
	assert_string_equal(dana->discord.items[0], "80351110224678912");
	assert_string_equal(dana->timezone, "Europe/Berlin");
	assert_string_equal(people_find(p, "lee")->name, "lee");
	assert_null(people_find(p, "lee")->email);
	people_unref(p);
}

static void
channels_have_a_kind_and_a_target(void **state)
{
	struct people *p = people_of(world);

	(void)state;
	assert_string_equal(people_channel(p, "ops")->kind, "slack");
	assert_string_equal(people_channel(p, "ops")->target, "T0001/C0001");
	assert_string_equal(people_channel(p, "approvals")->kind, "discord");
	assert_null(people_channel(p, "Ops"));
	assert_null(people_channel(p, "nowhere"));
	assert_true(people_has_group(p, "finance"));
	assert_false(people_has_group(p, "dana"));
	people_unref(p);
}

static void
assert_names(const struct field_strings *got, const char *wanted)
{
	char text[200] = "";

	for (size_t i = 0; i < got->n; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, got->items[i]);
	}
	assert_string_equal(text, wanted);
}

static void
names_expand_to_each_person_once_in_order(void **state)
{
	static const struct {
		const char *names[3];
		size_t n;
		const char *ids; /* NULL = refused about the last name */
	} rows[] = {
	    {{"finance"}, 1, "lee dana"},
	    {{"dana", "finance"}, 2, "dana lee"},
	    {{"all", "finance", "kim"}, 3, "kim dana lee"},
	    {{NULL}, 0, ""},
	    {{"dana", "nobody"}, 2, NULL},
	    {{"Finance"}, 1, NULL},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of(world);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *names[3];
		struct field_strings in = {names, rows[i].n}, out;
		struct fault f = {0};
		enum rc rc;

		memcpy(names, rows[i].names, sizeof(names));
		rc = people_expand(p, &in, a, &out, &f);
		if (rows[i].ids == NULL) {
			assert_int_equal(rc, RC_NOT_FOUND);
			assert_string_equal(f.field, names[rows[i].n - 1]);
			assert_non_null(strstr(f.text, names[rows[i].n - 1]));
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_names(&out, rows[i].ids);
	}
	assert_names(people_notify_approvers(p), "lee dana");
	assert_names(people_notify_channels(p), "ops");
	people_unref(p);
}

static void
nobody_is_a_set_of_people_too(void **state)
{
	struct people *p;
	struct fault f = {0};

	(void)state;
	assert_int_equal(people_load(NULL, &p, &f), RC_OK);
	assert_int_equal(people_count(p), 0);
	assert_null(people_find(p, "dana"));
	assert_null(people_find_owner(p, "dana"));
	assert_null(people_channel(p, "ops"));
	assert_int_equal(people_notify_approvers(p)->n, 0);
	people_unref(p);
	people_unref(NULL);
	assert_null(people_ref(NULL));
}

static void
people_live_until_the_last_reader_lets_go(void **state)
{
	struct people *p = people_of(world);
	struct people *again = people_ref(p);

	(void)state;
	people_unref(p);
	assert_non_null(people_find(again, "dana"));
	people_unref(again);
}

/* A mistake, where it is said to be, and a word of what is said. */
struct mistake {
	const char *text, *field, *word;
};

static const struct mistake mistakes[] = {
    {"[]", "body", "object"},
    {"{\"people\": {}}", "people", "list"},
    {"{\"people\": [1]}", "people[0]", "object"},
    {"{\"people\": [{}]}", "people[0].id", "required"},
    {"{\"people\": [{\"id\": \"a\", \"mail\": \"x\"}]}", "people[0].mail",
	"email"},
    {"{\"people\": [{\"id\": \"a\"}, {\"id\": \"b c\"}]}", "people[1].id",
	"letters"},
    {"{\"people\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}", "people[1].id",
	"already"},
    {"{\"people\": [{\"id\": \"a\"}, {\"id\": \"A\"}]}", "people[1].id",
	"already"},
    {"{\"people\": [{\"id\": \"admin\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"Policy\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"clock\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"system\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"agent\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"key_1\"}]}", "people[0].id", "kept"},
    {"{\"people\": [{\"id\": \"a\", \"email\": \"a\"}]}", "people[0].email",
	"address"},
    {"{\"people\": [{\"id\": \"a\", \"email\": \"x@a.de\"},"
     "{\"id\": \"b\", \"email\": \"X@a.de\"}]}",
	"people[1].email", "already"},
    {"{\"people\": [{\"id\": \"a\", \"timezone\": \"Mars/Base\"}]}",
	"people[0].timezone", "IANA"},
    {"{\"people\": [{\"id\": \"a\", \"timezone\": \"../etc/passwd\"}]}",
	"people[0].timezone", "IANA"},
    {"{\"people\": [{\"id\": \"a\", \"timezone\": \"Europe\"}]}",
	"people[0].timezone", "IANA"},
    {"{\"people\": [{\"id\": \"a\", \"timezone\": \"/etc/passwd\"}]}",
	"people[0].timezone", "IANA"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": \"T1/U1\"}]}", "people[0].slack",
	"list"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"U1\"]}]}",
	"people[0].slack[0]", "TEAM/USER"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"T1/C1\"]}]}",
	"people[0].slack[0]", "TEAM/USER"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"T1/U1 \"]}]}",
	"people[0].slack[0]", "TEAM/USER"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"T/U1\"]}]}",
	"people[0].slack[0]", "TEAM/USER"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"T1/U1\"]},"
     "{\"id\": \"b\", \"slack\": [\"T2/U1\", \"T1/U1\"]}]}",
	"people[1].slack", "already"},
    {"{\"people\": [{\"id\": \"a\", \"slack\": [\"T1/U1\", \"T1/U1\"]}]}",
	"people[0].slack", "already"},
    {"{\"people\": [{\"id\": \"a\", \"discord\": [123]}]}",
	"people[0].discord[0]", "quotes"},
    {"{\"people\": [{\"id\": \"a\", \"discord\": [\"1\", \"dana#1\"]}]}",
	"people[0].discord[1]", "digits"},
    {"{\"people\": [{\"id\": \"a\", \"discord\": [\"7\"]},"
     "{\"id\": \"b\", \"discord\": [\"7\"]}]}",
	"people[1].discord", "already"},
    {"{\"groups\": []}", "groups", "object"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"a\": [\"a\"]}}",
	"groups.a", "person"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"A\": [\"a\"]}}",
	"groups.A", "person"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"g h\": [\"a\"]}}",
	"groups.g h", "letters"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"g\": []}}", "groups.g",
	"at least one"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"g\": \"a\"}}", "groups.g",
	"list"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"g\": [\"a\", \"b\"]}}",
	"groups.g[1]", "'b'"},
    {"{\"people\": [{\"id\": \"a\"}], \"groups\": {\"g\": [1]}}", "groups.g[0]",
	"no person"},
    {"{\"people\": [{\"id\": \"a\"}],"
     " \"groups\": {\"g\": [\"a\"], \"h\": [\"g\"]}}",
	"groups.h[0]", "'g'"},
    {"{\"people\": [{\"id\": \"a\"}],"
     " \"groups\": {\"g\": [\"a\"], \"G\": [\"a\"]}}",
	"groups.G", "twice"},
    {"{\"channels\": {\"c\": {}}}", "channels.c", "one of"},
    {"{\"channels\": {\"c\": {\"slack\": \"T1/C1\", \"discord\": \"1\"}}}",
	"channels.c", "one of"},
    {"{\"channels\": {\"c\": {\"slak\": \"T1/C1\"}}}", "channels.c.slak",
	"slack"},
    {"{\"channels\": {\"c\": {\"slack\": \"T1/U1\"}}}", "channels.c.slack",
	"TEAM/CHANNEL"},
    {"{\"channels\": {\"c\": {\"discord\": \"#general\"}}}",
	"channels.c.discord", "digits"},
    {"{\"channels\": {\"c\": \"T1/C1\"}}", "channels.c", "object"},
    {"{\"channels\": {\"c d\": {\"slack\": \"T1/C1\"}}}", "channels.c d",
	"letters"},
    {"{\"channels\": {\"c\": {\"discord\": \"1\"},"
     " \"C\": {\"discord\": \"2\"}}}",
	"channels.C", "twice"},
    {"{\"discord_roles\": []}", "discord_roles", "object"},
    {"{\"discord_roles\": {\"7/8\": \"x\"}}", "discord_roles.7/8", "'x'"},
    {"{\"discord_roles\": {\"7/8\": 1}}", "discord_roles.7/8", "group"},
    {"{\"discord_roles\": {\"8\": \"x\"}}", "discord_roles.8", "GUILD"},
    {"{\"discord_roles\": {\"7/x\": \"x\"}}", "discord_roles.7/x", "GUILD"},
    {"{\"discord_roles\": {\"7/8/9\": \"x\"}}", "discord_roles.7/8/9", "GUILD"},
    {"{\"notify\": []}", "notify", "object"},
    {"{\"notify\": {\"approver\": []}}", "notify.approver", "approvers"},
    {"{\"notify\": {\"approvers\": [\"x\"]}}", "notify.approvers", "'x'"},
    {"{\"notify\": {\"channels\": [\"x\"]}}", "notify.channels", "'x'"},
};

static void
a_mistake_refuses_the_whole_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		json_t *root = json_loads(m->text, 0, NULL);
		struct people *p;
		struct fault f = {0};

		assert_non_null(root);
		assert_int_equal(people_load(root, &p, &f), RC_INVALID);
		assert_null(p);
		if (strcmp(f.field, m->field) != 0 ||
		    strstr(f.text, m->word) == NULL) {
			fail_msg("%s: %s: %s", m->text, f.field, f.text);
		}
		assert_int_equal(people_load(root, &p, NULL), RC_INVALID);
		json_decref(root);
	}
}

static void
ten_thousand_people_are_found_and_one_more_refused(void **state)
{
	json_t *root = json_object(), *list = json_array();
	struct people *p;
	struct fault f = {0};
	char id[32];

	(void)state;
	for (int i = 0; i < PEOPLE_MAX; i++) {
		(void)snprintf(id, sizeof(id), "p%d", i * 7919 % PEOPLE_MAX);
		json_array_append_new(list, json_pack("{s:s}", "id", id));
	}
	json_object_set_new(root, "people", list);
	assert_int_equal(people_load(root, &p, &f), RC_OK);
	for (int i = 0; i < PEOPLE_MAX; i++) {
		(void)snprintf(id, sizeof(id), "p%d", i);
		assert_string_equal(people_find(p, id)->id, id);
	}
	people_unref(p);
	json_array_append_new(list, json_pack("{s:s}", "id", "last"));
	assert_int_equal(people_load(root, &p, &f), RC_INVALID);
	assert_string_equal(f.field, "people");
	json_decref(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everybody_is_found_by_id_and_address),
	    cmocka_unit_test(an_account_leads_to_its_person_alone),
	    cmocka_unit_test(groups_have_the_roles_that_stand_for_them),
	    cmocka_unit_test(a_person_is_kept_as_written),
	    cmocka_unit_test(channels_have_a_kind_and_a_target),
	    cmocka_unit_test(names_expand_to_each_person_once_in_order),
	    cmocka_unit_test(nobody_is_a_set_of_people_too),
	    cmocka_unit_test(people_live_until_the_last_reader_lets_go),
	    cmocka_unit_test(a_mistake_refuses_the_whole_with_its_place),
	    cmocka_unit_test(
		ten_thousand_people_are_found_and_one_more_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
