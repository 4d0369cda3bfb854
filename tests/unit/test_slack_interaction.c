#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bots/slack_find.h"
#include "bots/slack_interaction.h"
#include "card_samples.h"
#include "lib/json.h"

static const struct slack_self self = {"T1", "A1", "B1"};

/* Parts of a click; the rest is as it should be. */
struct click {
	const char *user, *team, *container, *action, *more;
	enum slack_act act;
	const char *account, *remote_id;
};

#define USER	  "{\"id\":\"U1\",\"username\":\"dana\",\"team_id\":\"T1\"}"
#define TEAM	  "{\"id\":\"T1\"}"
#define CONTAINER "{\"message_ts\":\"1.5\",\"channel_id\":\"C1\"}"
#define ACTION(block, action, value) \
	"{\"block_id\":" block ",\"action_id\":" action ",\"value\":" value \
	",\"action_ts\":\"9.9\"}"
#define GOOD ACTION("\"decide\"", "\"decide:0\"", "\"n:h1\"")
#define MINE "\"api_app_id\":\"A1\",\"message\":{\"bot_id\":\"B1\"}"

static const struct click clicks[] = {
    {USER, TEAM, CONTAINER, GOOD, MINE, SLACK_PRESSED, "T1/U1", "T1/C1/1.5"},
    /* Of another workspace, in ours. */
    {"{\"id\":\"U1\",\"team_id\":\"T2\"}", TEAM, CONTAINER, GOOD, MINE,
	SLACK_PRESSED, "T2/U1", "T1/C1/1.5"},
    {"{\"id\":\"U1\"}", "{\"id\":\"T2\"}", CONTAINER, GOOD, MINE, SLACK_PRESSED,
	"T2/U1", "T2/C1/1.5"},
    /* Installed to an organisation: no team is said. */
    {"{\"id\":\"W1\"}", "null", CONTAINER, GOOD, MINE, SLACK_PRESSED, "T1/W1",
	"T1/C1/1.5"},
    /* What is optional. */
    {USER, TEAM, CONTAINER, "{\"action_id\":\"decide:0\",\"value\":\"n:h1\"}",
	MINE, SLACK_PRESSED, "T1/U1", "T1/C1/1.5"},
    {USER, TEAM, CONTAINER, GOOD, "\"x\":1", SLACK_PRESSED, "T1/U1",
	"T1/C1/1.5"},
    {USER, TEAM, "{\"message_ts\":\"1.5\"}", GOOD,
	"\"channel\":{\"id\":\"D9\"}", SLACK_PRESSED, "T1/U1", "T1/D9/1.5"},
    /* Not of a person, of us, or of a message. */
    {"{\"id\":\"U1\",\"is_bot\":true}", TEAM, CONTAINER, GOOD, MINE,
	SLACK_NOTHING, NULL, NULL},
    {"{}", TEAM, CONTAINER, GOOD, MINE, SLACK_NOTHING, NULL, NULL},
    {"\"U1\"", TEAM, CONTAINER, GOOD, MINE, SLACK_NOTHING, NULL, NULL},
    {"{\"id\":\"U/1\"}", TEAM, CONTAINER, GOOD, MINE, SLACK_NOTHING, NULL,
	NULL},
    {"{\"id\":7}", TEAM, CONTAINER, GOOD, MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, GOOD, "\"api_app_id\":\"A2\"", SLACK_PRESSED,
	"T1/U1", ""},
    {USER, TEAM, "{}", GOOD, MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, "{\"view_id\":\"V1\",\"type\":\"view\"}", GOOD, MINE,
	SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, "{\"message_ts\":1.5,\"channel_id\":\"C1\"}", GOOD, MINE,
	SLACK_NOTHING, NULL, NULL},
    /* Other buttons. */
    {USER, TEAM, CONTAINER, ACTION("\"other\"", "\"decide:0\"", "\"n:h1\""),
	MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"page\"", "\"n:h1\""), MINE,
	SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"decide:5\"", "\"n:h1\""),
	MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"decide:00\"", "\"n:h1\""),
	MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"decide:-\"", "\"n:h1\""),
	MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"decide:0\"", "\"h1\""),
	MINE, SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, ACTION("\"decide\"", "\"decide:0\"", "null"), MINE,
	SLACK_NOTHING, NULL, NULL},
    {USER, TEAM, CONTAINER, "7", MINE, SLACK_NOTHING, NULL, NULL},
};

static struct slack_interaction
read_text(struct arena *a, const char *type, const char *text)
{
	CLEANUP(json_drop) json_t *p = NULL;
	struct slack_interaction in;

	assert_int_equal(json_read(text, strlen(text), &p, NULL), RC_OK);
	slack_interaction_read(a, type, p, &self, &in);
	return in;
}

static void
a_click_counts_only_on_a_button_of_ours(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(clicks); i++) {
		const struct click *c = &clicks[i];
		struct slack_interaction in = read_text(*state, "interactive",
		    arena_printf(*state,
			"{\"type\":\"block_actions\",\"user\":%s,\"team\":%s,"
			"\"container\":%s,\"actions\":[%s],%s}",
			c->user, c->team, c->container, c->action, c->more));

		assert_int_equal(in.act, c->act);
		if (c->act == SLACK_PRESSED) {
			assert_string_equal(in.account, c->account);
			assert_string_equal(in.remote_id, c->remote_id);
		}
	}
}

#define FORM \
	"{\"type\":\"block_actions\",\"user\":{\"id\":\"%s\"}," \
	"\"container\":{\"message_ts\":\"%s\",\"channel_id\":\"C1\"}," \
	"\"actions\":[{\"block_id\":\"decide\",\"action_id\":\"%s\"," \
	"\"value\":\"n:h1\",\"action_ts\":\"%s\"}]}"

static void
a_repeat_has_the_same_id_and_another_click_has_not(void **state)
{
	static const char *const rows[][4] = {
	    {"U1", "1.5", "decide:0", "9.9"}, /* the first */
	    {"U1", "1.5", "decide:0", "9.9"}, /* the same */
	    {"U2", "1.5", "decide:0", "9.9"},
	    {"U1", "1.6", "decide:0", "9.9"},
	    {"U1", "1.5", "decide:1", "9.9"},
	    {"U1", "1.5", "decide:0", "9.8"},
	};
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slack_interaction in = read_text(*state, "interactive",
		    arena_printf(*state, FORM, rows[i][0], rows[i][1],
			rows[i][2], rows[i][3]));

		assert_int_equal(in.act, SLACK_PRESSED);
		if (i == 0) {
			first = in.id;
		} else if (i == 1) {
			assert_string_equal(in.id, first);
		} else {
			assert_string_not_equal(in.id, first);
		}
	}
}

#define CARRIED(value, option, message) \
	"\"{\\\"value\\\":\\\"" value "\\\",\\\"option\\\":" option \
	",\\\"message\\\":\\\"" message "\\\"}\""
#define SENT(callback, carried, value) \
	"{\"type\":\"view_submission\",\"user\":{\"id\":\"U1\"},\"team\":" \
	"{\"id\":\"T1\"},\"view\":{\"id\":\"V1\",\"callback_id\":\"" callback \
	"\",\"private_metadata\":" carried ",\"state\":{\"values\":{" \
	"\"reason\":{\"reason\":{\"value\":" value "}}}}}}"

static void
a_form_counts_only_as_we_made_it(void **state)
{
	static const struct {
		const char *text;
		enum slack_act act;
		const char *reason;
	} rows[] = {
	    {SENT("reason", CARRIED("r:h1", "1", "T1/C1/1.5"), "\"no\""),
		SLACK_SUBMITTED, "no"},
	    {SENT("reason", CARRIED("r:h1", "1", "T1/C1/1.5"), "\" \\n\""),
		SLACK_SUBMITTED, NULL},
	    {SENT("reason", CARRIED("r:h1", "1", "T1/C1/1.5"), "null"),
		SLACK_SUBMITTED, NULL},
	    {SENT("other", CARRIED("r:h1", "1", "T1/C1/1.5"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", CARRIED("h1", "1", "T1/C1/1.5"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", CARRIED("r:h1", "5", "T1/C1/1.5"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", CARRIED("r:h1", "-1", "T1/C1/1.5"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", CARRIED("r:h1", "1", "T1/C1"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", CARRIED("r:h1", "1", "T1/C1/1/5"), "\"no\""),
		SLACK_NOTHING, NULL},
	    {SENT("reason", "\"\"", "\"no\""), SLACK_NOTHING, NULL},
	    {SENT("reason", "null", "\"no\""), SLACK_NOTHING, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slack_interaction in =
		    read_text(*state, "interactive", rows[i].text);

		assert_int_equal(in.act, rows[i].act);
		if (rows[i].reason != NULL) {
			assert_string_equal(in.reason, rows[i].reason);
			assert_string_equal(in.channel, "C1");
		} else {
			assert_null(in.reason);
		}
	}
}

static void
an_address_says_where(void **state)
{
	static const struct {
		const char *address;
		enum rc rc;
		bool mail, user;
		const char *place, *ts;
	} rows[] = {
	    {"T1/U1", RC_OK, false, true, "U1", NULL},
	    {"T1/W1", RC_OK, false, true, "W1", NULL},
	    {"T1/C1", RC_OK, false, false, "C1", NULL},
	    {"G1", RC_OK, false, false, "G1", NULL},
	    {"U1", RC_OK, false, true, "U1", NULL},
	    {"T1/D1/17.5", RC_OK, false, false, "D1", "17.5"},
	    {"mailto:a@b.example", RC_OK, true, false, NULL, NULL},
	    {"T2/U1", RC_INVALID, false, false, NULL, NULL},
	    {"T11/U1", RC_INVALID, false, false, NULL, NULL},
	    {"T/U1", RC_INVALID, false, false, NULL, NULL},
	    {"", RC_INVALID, false, false, NULL, NULL},
	    {"/U1", RC_INVALID, false, false, NULL, NULL},
	    {"T1/", RC_INVALID, false, false, NULL, NULL},
	    {"#general", RC_INVALID, false, false, NULL, NULL},
	    {"T1/u1", RC_INVALID, false, false, NULL, NULL},
	    {"https://hooks.slack.com/x", RC_INVALID, false, false, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slack_place p;
		struct fault f = {0};

		assert_int_equal(slack_find_place(*state, rows[i].address, "T1",
				     &p, &f),
		    rows[i].rc);
		if (rows[i].rc != RC_OK) {
			assert_string_not_equal(f.text, "");
			continue;
		}
		assert_int_equal(p.is_mail, rows[i].mail);
		assert_int_equal(p.is_user, rows[i].user);
		if (rows[i].place != NULL) {
			assert_string_equal(p.place, rows[i].place);
		}
		if (rows[i].ts != NULL) {
			assert_string_equal(p.ts, rows[i].ts);
		} else {
			assert_null(p.ts);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_click_counts_only_on_a_button_of_ours),
	    cmocka_unit_test(
		a_repeat_has_the_same_id_and_another_click_has_not),
	    cmocka_unit_test(a_form_counts_only_as_we_made_it),
	    cmocka_unit_test(an_address_says_where),
	};

	return cmocka_run_group_tests(tests, card_set_up, card_tear_down);
}
