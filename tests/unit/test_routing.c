#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "routing.h"

static const char world[] =
    "{\"people\": [{\"id\": \"dana\", \"email\": \"dana@example.com\"},"
    "{\"id\": \"lee\"}, {\"id\": \"kim\"}, {\"id\": \"noa\"}],"
    "\"groups\": {\"finance\": [\"dana\", \"lee\"]},"
    "\"channels\": {\"ops\": {\"slack\": \"T1/C1\"},"
    " \"money\": {\"discord\": \"7\"}, \"news\": {\"discord\": \"8\"}}";
static const char with_notify[] =
    ", \"notify\": {\"approvers\": [\"noa\"], \"channels\": [\"news\"]}";

static struct people *
people_of(const char *notify)
{
	json_t *root;
	struct people *p;
	struct fault f = {0};
	char text[1000];

	(void)snprintf(text, sizeof(text), "%s%s}", world, notify);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_int_equal(people_load(root, &p, &f), RC_OK);
	json_decref(root);
	return p;
}

/* "a b" as a list; the list lives in the arena. */
static struct field_strings
words(struct arena *a, const char *text)
{
	struct field_strings out = {arena_array(a, 10, sizeof(char *)), 0};
	char *rest = arena_strdup(a, text), *word;

	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		out.items[out.n++] = word;
	}
	return out;
}

static void
assert_words(const struct field_strings *got, const char *wanted)
{
	char text[200] = "";

	for (size_t i = 0; i < got->n; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, got->items[i]);
	}
	assert_string_equal(text, wanted);
}

/* Who is named by policy, intent and file, and who is asked then. */
static const struct {
	const char *policy_approvers, *policy_channels;
	const char *draft_approvers, *draft_channels;
	bool notify;
	const char *approvers, *channels;
	bool open;
} plans[] = {
    {"", "", "", "", false, "", "", true},
    {"", "", "", "", true, "noa", "news", true},
    {"finance", "", "", "", true, "dana lee", "", false},
    {"finance", "ops money", "", "", true, "dana lee", "ops money", false},
    {"finance kim", "", "lee", "", true, "lee", "", false},
    {"finance kim", "", "finance", "", false, "dana lee", "", false},
    {"", "", "kim", "", true, "kim", "", false},
    {"", "", "finance kim", "ops", true, "dana lee kim", "ops", false},
    {"", "ops", "", "", true, "noa", "ops", true},
    {"", "", "", "money", true, "noa", "money", true},
    {"", "ops money", "", "money", false, "", "money", true},
};

static void
the_plan_names_who_is_asked(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		struct people *p =
		    people_of(plans[i].notify ? with_notify : "");
		struct verdict v = {.approvers =
					words(a, plans[i].policy_approvers),
		    .channels = words(a, plans[i].policy_channels)};
		struct draft d = {.approvers =
				      words(a, plans[i].draft_approvers),
		    .channels = words(a, plans[i].draft_channels)};
		struct plan plan;
		struct fault f = {0};

		assert_int_equal(routing_plan(p, &v, &d, NULL, a, &plan, &f),
		    RC_OK);
		/* A plan outlives the people it was made from. */
		people_unref(p);
		assert_words(&plan.approvers, plans[i].approvers);
		assert_words(&plan.channels, plans[i].channels);
		assert_words(&plan.excluded, "");
		assert_int_equal(plan.open, plans[i].open);
		assert_int_equal(plan.required, 1);
		assert_int_equal(plan.deny_threshold, 1);
		assert_false(plan.reason_required);
	}
}

/* Whom addresses of the submit come to, and who of them may not approve. */
static const struct {
	const char *policy_approvers;
	bool notify;
	const char *channel, *where;
	const char *owner;
	const char *approvers, *guests, *excluded;
} addressed[] = {
    {"", false, "email", "M.Miller@acme.com", NULL,
	"guest:mail:", "M***r@acme.com", ""},
    {"", true, "email", "m.miller@acme.com", NULL,
	"noa guest:mail:", "m***r@acme.com", ""},
    {"", false, "email", "DANA@example.com", NULL, "dana", "", ""},
    {"finance", false, "email", "dana@example.com", NULL, "dana lee", "", ""},
    {"", false, "slack_webhook", "https://hooks.slack.com/x", NULL,
	"guest:slack", "reader of the Slack post", ""},
    {"", false, "link", NULL, NULL, "guest:holder", "holder of the link", ""},
    {"finance", false, "link", NULL, NULL, "dana lee", "", ""},
    {"", false, "email", "m.miller@acme.com", "M.Miller@ACME.com",
	"guest:mail:", "m***r@acme.com", "M.Miller@ACME.com guest:mail:"},
    {"", false, "email", "dana@example.com", "dana", "dana", "", "dana"},
};

/* The digits of a mailbox are left out. */
static void
assert_ids(const struct field_strings *got, const char *wanted)
{
	char text[200] = "";

	for (size_t i = 0; i < got->n; i++) {
		size_t n = strncmp(got->items[i], "guest:mail:", 11) == 0
		    ? 11
		    : strlen(got->items[i]);

		strcat(text, i > 0 ? " " : "");
		strncat(text, got->items[i], n);
	}
	assert_string_equal(text, wanted);
}

static void
addresses_reach_people_or_guests(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addressed); i++) {
		struct people *p =
		    people_of(addressed[i].notify ? with_notify : "");
		struct verdict v = {
		    .approvers = words(a, addressed[i].policy_approvers)};
		struct draft d = {.addresses = {{addressed[i].channel,
				      addressed[i].where}},
		    .addresses_n = 1};
		struct plan plan;
		struct fault f = {0};

		assert_int_equal(routing_plan(p, &v, &d, addressed[i].owner, a,
				     &plan, &f),
		    RC_OK);
		people_unref(p);
		assert_ids(&plan.approvers, addressed[i].approvers);
		assert_ids(&plan.excluded, addressed[i].excluded);
		assert_string_equal(plan.guests_n > 0 ? plan.guests[0].name
						      : "",
		    addressed[i].guests);
	}
}

static void
a_policy_that_names_people_has_no_guests(void **state)
{
	static const char *const channels[] = {"email", "slack_webhook"};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of("");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(channels); i++) {
		struct verdict v = {.approvers = words(a, "finance")};
		struct draft d = {.addresses = {{channels[i], "x@y.example"}},
		    .addresses_n = 1};
		struct plan plan;
		struct fault f = {0};

		assert_int_equal(routing_plan(p, &v, &d, NULL, a, &plan, &f),
		    RC_INVALID);
		assert_string_equal(f.field, channels[i]);
		assert_string_equal(f.reason, "not_an_approver");
	}
	people_unref(p);
}

/* Who answers as whom, and whether it counts, of one or of two needed. */
static const struct {
	const char *who;
	int required;
	enum outcome outcome;
	enum rc rc;
} guest_answers[] = {
    {"guest:slack", 1, OUTCOME_APPROVE, RC_OK},
    {"guest:slack", 2, OUTCOME_APPROVE, RC_FORBIDDEN},
    {"guest:slack", 2, OUTCOME_OTHER, RC_FORBIDDEN},
    {"guest:slack", 2, OUTCOME_DENY, RC_OK},
    {"guest:mail:0123456789abcdef", 2, OUTCOME_APPROVE, RC_OK},
    {"guest:mail:fedcba9876543210", 1, OUTCOME_APPROVE, RC_FORBIDDEN},
    {"guest:holder", 1, OUTCOME_APPROVE, RC_FORBIDDEN},
    {"guest:viewer", 1, OUTCOME_APPROVE, RC_FORBIDDEN},
    {"guest:viewer", 1, OUTCOME_DENY, RC_FORBIDDEN},
};

static void
only_guests_of_the_plan_decide_and_unknown_ones_alone(void **state)
{
	static const char *ids[] = {"guest:slack",
	    "guest:mail:0123456789abcdef"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(guest_answers); i++) {
		const struct plan plan = {.approvers = {ids, 2},
		    .guests = {{ids[0], "reader"}, {ids[1], "m***r@x"}},
		    .guests_n = 2,
		    .open = true,
		    .required = guest_answers[i].required,
		    .deny_threshold = 1};
		const struct decision d = {.person = guest_answers[i].who};
		struct fault f = {0};

		assert_int_equal(routing_may_decide(&plan, &d,
				     guest_answers[i].outcome, &f),
		    guest_answers[i].rc);
	}
}

static void
guests_take_no_right_away(void **state)
{
	static const char *ids[] = {"guest:slack"};
	const struct plan plan = {.approvers = {ids, 1},
	    .guests = {{ids[0], "reader"}},
	    .guests_n = 1,
	    .open = true,
	    .required = 1,
	    .deny_threshold = 1};
	const struct decision person = {.person = "dana", .known = true};
	const struct decision key = {.person = "key_1"};
	struct fault f = {0};

	(void)state;
	assert_int_equal(routing_may_decide(&plan, &person, OUTCOME_APPROVE,
			     &f),
	    RC_OK);
	assert_int_equal(routing_may_decide(&plan, &key, OUTCOME_APPROVE, &f),
	    RC_OK);
}

static const struct {
	const char *policy_approvers, *policy_channels;
	const char *draft_approvers, *draft_channels;
	int required;
	const char *field, *word;
} refusals[] = {
    {"", "", "nobody", "", 1, "approvers", "'nobody'"},
    {"finance", "", "kim", "", 1, "approvers", "'kim'"},
    {"dana", "", "finance", "", 1, "approvers", "'lee'"},
    {"gone", "", "", "", 1, "approvers", "'gone'"},
    {"finance", "", "dana", "", 2, "approvers", "2 must approve"},
    {"", "", "dana", "", 2, "approvers", "2 must approve"},
    {"", "", "", "nowhere", 1, "channels", "'nowhere'"},
    {"", "ops", "", "money", 1, "channels", "'money'"},
    {"", "gone", "", "", 1, "channels", "'gone'"},
};

static void
who_is_unknown_or_foreign_is_refused_by_name(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of(with_notify);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct verdict v = {.approvers =
					words(a, refusals[i].policy_approvers),
		    .channels = words(a, refusals[i].policy_channels),
		    .required = refusals[i].required};
		struct draft d = {.approvers =
				      words(a, refusals[i].draft_approvers),
		    .channels = words(a, refusals[i].draft_channels)};
		struct plan plan;
		struct fault f = {0};

		assert_int_equal(routing_plan(p, &v, &d, NULL, a, &plan, &f),
		    RC_INVALID);
		assert_string_equal(f.field, refusals[i].field);
		assert_non_null(strstr(f.text, refusals[i].word));
	}
	people_unref(p);
}

static void
the_owner_and_who_it_acts_for_may_not_approve(void **state)
{
	static const struct {
		const char *owner, *on_behalf_of;
		bool self_approval;
		const char *excluded;
	} rows[] = {
	    {NULL, NULL, false, ""},
	    {"dana", NULL, false, "dana"},
	    {"DANA@example.com", NULL, false, "dana"},
	    {"dana", "lee", false, "dana lee"},
	    {"dana", "dana@example.com", false, "dana"},
	    {NULL, "lee", false, "lee"},
	    {"platform team", "agt_1", false, "platform team agt_1"},
	    {"dana", "lee", true, ""},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of("");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v = {.self_approval = rows[i].self_approval};
		struct draft d = {.on_behalf_of = rows[i].on_behalf_of};
		struct plan plan;
		struct fault f = {0};

		assert_int_equal(routing_plan(p, &v, &d, rows[i].owner, a,
				     &plan, &f),
		    RC_OK);
		assert_words(&plan.excluded, rows[i].excluded);
	}
	people_unref(p);
}

static void
the_numbers_of_the_policy_are_kept(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct people *p = people_of("");
	struct verdict v = {.approvers = words(a, "finance"),
	    .required = 2,
	    .deny_threshold = 2,
	    .reason_required = true};
	struct draft d = {0};
	struct plan plan;
	struct fault f = {0};

	(void)state;
	assert_int_equal(routing_plan(p, &v, &d, NULL, a, &plan, &f), RC_OK);
	assert_int_equal(plan.required, 2);
	assert_int_equal(plan.deny_threshold, 2);
	assert_true(plan.reason_required);
	people_unref(p);
}

/* Plan, answer, and the reason code of its refusal; NULL when it counts. */
static const struct {
	const char *approvers, *excluded;
	bool open;
	const char *person;
	bool known;
	enum outcome outcome;
	const char *reason;
} answers[] = {
    {"dana lee", "", false, "lee", true, OUTCOME_APPROVE, NULL},
    {"dana lee", "", false, "lee", true, OUTCOME_DENY, NULL},
    {"dana lee", "", false, "kim", true, OUTCOME_APPROVE, "not_an_approver"},
    {"dana lee", "", false, "kim", true, OUTCOME_DENY, "not_an_approver"},
    {"dana lee", "", false, "Lee", true, OUTCOME_DENY, "not_an_approver"},
    {"dana lee", "", false, NULL, true, OUTCOME_DENY, "not_an_approver"},
    {"dana lee", "", false, "admin", false, OUTCOME_APPROVE, "not_an_approver"},
    {"dana", "dana", false, "dana", true, OUTCOME_APPROVE, "own_request"},
    {"dana", "dana", false, "dana", true, OUTCOME_OTHER, "own_request"},
    {"dana", "dana", false, "dana", true, OUTCOME_DENY, NULL},
    {"noa", "", true, "noa", true, OUTCOME_APPROVE, NULL},
    {"noa", "", true, "key_1", false, OUTCOME_APPROVE, NULL},
    {"noa", "", true, "kim", true, OUTCOME_APPROVE, "not_an_approver"},
    {"", "", true, "kim", true, OUTCOME_APPROVE, NULL},
    {"", "kim", true, "kim", true, OUTCOME_APPROVE, "own_request"},
    {"", "kim", true, "kim", true, OUTCOME_DENY, NULL},
    {"", "admin", true, "admin", false, OUTCOME_APPROVE, "own_request"},
    {"", "", true, NULL, false, OUTCOME_APPROVE, "not_an_approver"},
    {"", "", false, "key_1", false, OUTCOME_APPROVE, "not_an_approver"},
    {"", "", false, "dana", true, OUTCOME_APPROVE, "not_an_approver"},
};

static void
only_who_was_asked_may_decide(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct plan plan = {.approvers = words(a, answers[i].approvers),
		    .excluded = words(a, answers[i].excluded),
		    .open = answers[i].open,
		    .required = 1};
		struct decision d = {.person = answers[i].person,
		    .known = answers[i].known};
		struct fault f = {0};
		enum rc rc =
		    routing_may_decide(&plan, &d, answers[i].outcome, &f);

		if (answers[i].reason == NULL) {
			assert_int_equal(rc, RC_OK);
			continue;
		}
		assert_int_equal(rc, RC_FORBIDDEN);
		assert_string_equal(f.reason, answers[i].reason);
		assert_true(strlen(f.text) > 0);
		assert_int_equal(routing_may_decide(&plan, &d,
				     answers[i].outcome, NULL),
		    RC_FORBIDDEN);
	}
}

static void
a_plan_that_too_few_can_approve_is_told(void **state)
{
	static const struct {
		const char *approvers, *excluded, *roles;
		bool open;
		int required;
		bool can;
	} rows[] = {
	    {"dana lee", "", "", false, 2, true},
	    {"dana lee", "", "", false, 3, false},
	    {"dana lee", "lee", "", false, 2, false},
	    {"dana lee", "kim", "", false, 2, true},
	    {"dana", "dana", "", false, 1, false},
	    {"", "", "", true, 1, true},
	    {"dana", "dana", "", true, 1, true},
	    {"", "", "", false, 1, false},
	    {"dana", "dana", "7/8", false, 1, true},
	    {"dana", "", "7/8", false, 2, false},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan plan = {.approvers = words(a, rows[i].approvers),
		    .excluded = words(a, rows[i].excluded),
		    .roles = words(a, rows[i].roles),
		    .open = rows[i].open,
		    .required = rows[i].required};

		assert_int_equal(routing_can_be_approved(&plan), rows[i].can);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_plan_names_who_is_asked),
	    cmocka_unit_test(addresses_reach_people_or_guests),
	    cmocka_unit_test(a_policy_that_names_people_has_no_guests),
	    cmocka_unit_test(
		only_guests_of_the_plan_decide_and_unknown_ones_alone),
	    cmocka_unit_test(guests_take_no_right_away),
	    cmocka_unit_test(who_is_unknown_or_foreign_is_refused_by_name),
	    cmocka_unit_test(the_owner_and_who_it_acts_for_may_not_approve),
	    cmocka_unit_test(the_numbers_of_the_policy_are_kept),
	    cmocka_unit_test(only_who_was_asked_may_decide),
	    cmocka_unit_test(a_plan_that_too_few_can_approve_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
