#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_interaction.h"
#include "lib/json.h"
#include "tests/unit/card_samples.h"

#define HANDLE "del_0123456789abcdef.AbCd-EfGh_1"

/* A click in a guild, and one in a DM, as Discord's documents show them. */
static const char guild_click[] =
    "{'id':'1457536583141163186','application_id':'1457469483726668048',"
    "'type':3,'version':1,'token':'aW50ZXJhY3Rpb246x_-.','data':{"
    "'component_type':2,'custom_id':'" HANDLE ":1:m','id':3},"
    "'guild_id':'613425648685547541','channel_id':'613425648685547545',"
    "'member':{'user':{'id':'1033044521375764530','username':'tester',"
    "'global_name':'Test \xe2\x80\xae User'},'roles':['77','x','88'],"
    "'permissions':'9007199254740991'},"
    "'message':{'id':'700','channel_id':'613425648685547545'}}";
static const char dm_click[] =
    "{'id':'1457536583141163187','application_id':'1457469483726668048',"
    "'type':3,'token':'t','data':{'component_type':2,"
    "'custom_id':'" HANDLE ":0'},'channel_id':'42','context':1,"
    "'user':{'id':'9','username':'dana','global_name':null},"
    "'message':{'id':'701'}}";

/* With ' for "; the caller owns it. */
static json_t *
read_text(const char *text)
{
	char copy[4096];
	json_t *out;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c != '\0'; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	out = json_loads(copy, 0, NULL);
	assert_non_null(out);
	return out;
}

static void
a_click_in_a_guild_says_who_and_where(void **state)
{
	CLEANUP(json_drop) json_t *d = read_text(guild_click);
	struct discord_interaction in;
	struct fault f = {0};

	assert_int_equal(discord_interaction_read(d, *state, &in, &f), RC_OK);
	assert_string_equal(in.id, "1457536583141163186");
	assert_true(in.number == 1457536583141163186ULL);
	assert_string_equal(in.user, "1033044521375764530");
	assert_string_equal(in.name, "Test \\u{202E} User");
	assert_string_equal(in.guild, "613425648685547541");
	assert_int_equal(in.roles.n, 2);
	assert_string_equal(in.roles.items[1], "88");
	assert_string_equal(in.remote_id,
	    "613425648685547541/613425648685547545/700");
	assert_string_equal(in.handle, HANDLE);
	assert_int_equal(in.option, 1);
	assert_true(in.wants_form);
	assert_null(in.reason);
}

static void
a_click_in_a_dm_has_no_guild(void **state)
{
	CLEANUP(json_drop) json_t *d = read_text(dm_click);
	struct discord_interaction in;
	struct fault f = {0};

	assert_int_equal(discord_interaction_read(d, *state, &in, &f), RC_OK);
	assert_null(in.guild);
	assert_string_equal(in.user, "9");
	assert_string_equal(in.name, "dana");
	assert_int_equal(in.roles.n, 0);
	assert_string_equal(in.remote_id, "@me/42/701");
	assert_int_equal(in.option, 0);
	assert_false(in.wants_form);
}

static void
a_form_is_read_in_both_layouts(void **state)
{
	static const struct {
		const char *components, *reason;
	} rows[] = {
	    {"[{'type':18,'id':1,'component':{'type':4,'id':2,"
	     "'custom_id':'reason','value':'too much'}}]",
		"too much"},
	    {"[{'type':1,'id':1,'components':[{'type':4,'id':2,"
	     "'custom_id':'reason','value':'too much'}]}]",
		"too much"},
	    {"[{'type':10,'id':1},{'type':18,'component':{"
	     "'custom_id':'other','value':'no'}},{'type':18,'component':{"
	     "'custom_id':'reason','value':'yes'}}]",
		"yes"},
	    {"[{'type':18,'component':{'custom_id':'reason','value':''}}]",
		NULL},
	    {"[{'type':18,'component':{'custom_id':'reason',"
	     "'value':' \\n'}}]",
		NULL},
	    {"[]", NULL},
	    {"{}", NULL},
	    {"[7,null,{'components':[3]}]", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *d = read_text(dm_click);
		json_t *data = json_object_get(d, "data");
		struct discord_interaction in;
		struct fault f = {0};

		(void)json_object_set_new(d, "type", json_integer(5));
		(void)json_object_set_new(data, "components",
		    read_text(rows[i].components));
		assert_int_equal(discord_interaction_read(d, *state, &in, &f),
		    RC_OK);
		assert_false(in.wants_form);
		if (rows[i].reason == NULL) {
			assert_null(in.reason);
		} else {
			assert_string_equal(in.reason, rows[i].reason);
		}
	}
}

static void
a_reason_beyond_the_form_is_refused(void **state)
{
	CLEANUP(json_drop) json_t *d = read_text(dm_click);
	char text[4 * (INTENT_REASON_MAX + 2)] = "";
	struct discord_interaction in;
	struct fault f = {0};

	for (int i = 0; i <= INTENT_REASON_MAX; i++) {
		memcpy(text + strlen(text), "\u00e4", sizeof("\u00e4"));
	}
	(void)json_object_set_new(d, "type", json_integer(5));
	(void)json_object_set_new(json_object_get(d, "data"), "components",
	    json_pack("[{s:{s:s, s:s}}]", "component", "custom_id", "reason",
		"value", text));
	assert_int_equal(discord_interaction_read(d, *state, &in, &f),
	    RC_INVALID);
	assert_string_equal(f.field, "reason");
}

/* One member is put in place of what is there; NULL takes it away. */
static const struct {
	bool guild;
	const char *path; /* "data.custom_id" */
	const char *value;
	enum rc rc;
	const char *field;
} wrong[] = {
    {true, "type", "1", RC_NOT_FOUND, "type"},
    {true, "type", "2", RC_NOT_FOUND, "type"},
    {true, "type", NULL, RC_NOT_FOUND, "type"},
    {true, "type", "'3'", RC_NOT_FOUND, "type"},
    {true, "id", "'x'", RC_INVALID, "id"},
    {true, "id", "7", RC_INVALID, "id"},
    {true, "id", NULL, RC_INVALID, "id"},
    {true, "token", NULL, RC_INVALID, "id"},
    {true, "token", "''", RC_INVALID, "id"},
    {true, "token", "'..'", RC_INVALID, "id"},
    {true, "token", "'a/b'", RC_INVALID, "id"},
    {true, "token", "'a?b'", RC_INVALID, "id"},
    {true, "token", "'a%2fb'", RC_INVALID, "id"},
    {true, "member", NULL, RC_INVALID, "user"},
    {true, "member", "{}", RC_INVALID, "user"},
    {true, "member", "{'user':{'id':'9','bot':true}}", RC_INVALID, "user"},
    {true, "guild_id", NULL, RC_INVALID, "member"},
    {true, "guild_id", "'x'", RC_INVALID, "guild_id"},
    {false, "guild_id", "'5'", RC_INVALID, "member"},
    {false, "user", NULL, RC_INVALID, "user"},
    {false, "user", "{'id':9}", RC_INVALID, "user"},
    {false, "channel_id", NULL, RC_INVALID, "channel_id"},
    {true, "message.channel_id", "'1'", RC_INVALID, "channel_id"},
    {true, "message", NULL, RC_INVALID, "message"},
    {true, "message.id", "'a/b'", RC_INVALID, "message"},
    {true, "data", NULL, RC_FORBIDDEN, "component"},
    {true, "data.component_type", "3", RC_FORBIDDEN, "component"},
    {true, "data.custom_id", NULL, RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "''", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "':1'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:5'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:-1'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:1:x'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:1:m:m'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a:11'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id", "'a b:1'", RC_FORBIDDEN, "custom_id"},
    {true, "data.custom_id",
	"'0123456789012345678901234567890123456789"
	"012345678901234567890:1'",
	RC_FORBIDDEN, "custom_id"},
};

static void
what_is_not_as_documented_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		CLEANUP(json_drop) json_t *d =
		    read_text(wrong[i].guild ? guild_click : dm_click);
		const char *dot = strchr(wrong[i].path, '.');
		json_t *at = d;
		struct discord_interaction in;
		struct fault f = {0};
		char value[200];

		if (dot != NULL) {
			at = json_object_getn(d, wrong[i].path,
			    (size_t)(dot - wrong[i].path));
		}
		dot = dot != NULL ? dot + 1 : wrong[i].path;
		if (wrong[i].value == NULL) {
			(void)json_object_del(at, dot);
		} else {
			CLEANUP(json_drop) json_t *list = NULL;

			(void)snprintf(value, sizeof(value), "[%s]",
			    wrong[i].value);
			list = read_text(value);
			(void)json_object_set(at, dot, json_array_get(list, 0));
		}
		assert_int_equal(discord_interaction_read(d, *state, &in, &f),
		    wrong[i].rc);
		assert_string_equal(f.field, wrong[i].field);
	}
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, card_set_up, card_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_click_in_a_guild_says_who_and_where),
	    ROW(a_click_in_a_dm_has_no_guild),
	    ROW(a_form_is_read_in_both_layouts),
	    ROW(a_reason_beyond_the_form_is_refused),
	    ROW(what_is_not_as_documented_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
