/* Who presses a button in a chat: accounts, roles and people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "answer_bed.h"

/* What one who holds the role 8 in the guild 7 presses. */
static struct answer
role_click(const struct answer_bed *b, const char *account, int option)
{
	static const char *held[] = {"8"};
	struct answer c = answer_bed_click(b, account, option);

	c.channel = "discord";
	c.place = "7";
	c.roles = (struct field_strings){held, 1};
	return c;
}

/* An intent asked in a chat, whose plan the role 7/8 is part of. */
static struct answer_bed
role_bed(struct trunk *t, const char *channel, struct submission *s)
{
	static const char *roles[] = {"7/8"};
	struct answer_bed b = {.t = t};

	answer_bed_people(&b);
	b.env = (struct answer_env){t->store, b.rules,
	    {.vault = t->vault, .public_url = "http://127.0.0.1"}};
	s->asked.plan.roles = (struct field_strings){roles, 1};
	answer_bed_ask(&b, channel, s);
	store_start(t->store);
	return b;
}

static void
a_role_counts_in_its_guild_alone(void **state)
{
	static const struct {
		const char *place, *role;
		bool counts;
	} rows[] = {
	    {NULL, "8", false},
	    {"6", "8", false},
	    {"7", "9", false},
	    {"7", "8", true},
	};
	struct trunk *t = *state;
	struct answer_bed b = role_bed(t, "discord", trunk_submission(t, 1));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *held[] = {rows[i].role};
		struct answer c = role_click(&b, "99", 0), *w;

		c.id = arena_printf(t->arena, "%zu", i);
		c.place = rows[i].place;
		c.roles = (struct field_strings){held, 1};
		w = answer_bed_give(&b, &c);
		assert_int_equal(w->rc, rows[i].counts ? RC_OK : RC_FORBIDDEN);
	}
	assert_string_equal(trunk_read(t, b.intent).decided_by, "discord:99");
	assert_string_equal(trunk_read(t, b.intent).decided_name,
	    "discord:99 (\"somebody\")");
	answer_bed_end(&b);
}

/* A plan that is open is so for the keys of reviewers. */
static void
a_stranger_decides_nothing_where_the_plan_is_open(void **state)
{
	static const char *const channels[] = {"discord", "slack"};
	struct trunk *t = *state;
	struct submission *s = trunk_submission(t, 1);
	struct answer_bed b;

	s->asked.plan.open = true;
	b = role_bed(t, "discord", s);
	for (size_t i = 0; i < ARRAY_LEN(channels); i++) {
		struct answer c = answer_bed_click(&b, "T1/U77", 0), *w;

		answer_bed_ask(&b, channels[i], s);
		c.channel = channels[i];
		c.handle = b.handle;
		c.remote_id = channels[i];
		w = answer_bed_give(&b, &c);
		assert_int_equal(w->rc, RC_FORBIDDEN);
		assert_string_equal(w->fault.reason, "unknown_account");
	}
	assert_int_equal(answer_bed_votes(&b), 0);
	answer_bed_end(&b);
}

/* Under a name of their own or by their role: one person is one. */
static void
a_role_is_not_enough_where_its_holder_may_be_somebody_else(void **state)
{
	static const struct {
		const char *approver, *excluded;
		int required, option;
		bool counts;
	} rows[] = {
	    {"dana", "omar", 1, 0, true},
	    {"dana", "omar", 1, 2, true},
	    {"dana", "eve", 1, 0, false}, /* eve may be who this is */
	    {"dana", "eve", 1, 2, false},
	    {"dana", "eve", 1, 1, true},   /* anyone may deny their own */
	    {"dana", "acme", 1, 0, true},  /* nobody that we know */
	    {"mo", "omar", 2, 0, false},   /* so may anybody else */
	    {"dana", "omar", 2, 0, false}, /* dana may have two votes */
	    {"dana", "omar", 2, 1, true},
	};
	struct trunk *t = *state;
	struct answer_bed b = role_bed(t, "discord", trunk_submission(t, 1));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct submission *s = trunk_submission(t, rows[i].required);
		const char *approvers[] = {rows[i].approver};
		const char *excluded[] = {rows[i].excluded};
		static const char *roles[] = {"7/8"};
		struct answer c, *w;

		s->asked.plan.approvers = (struct field_strings){approvers, 1};
		s->asked.plan.excluded = (struct field_strings){excluded, 1};
		s->asked.plan.roles = (struct field_strings){roles, 1};
		answer_bed_ask(&b, "discord", s);
		c = role_click(&b, "99", rows[i].option);
		c.id = arena_printf(t->arena, "%zu", i);
		w = answer_bed_give(&b, &c);
		assert_int_equal(w->rc, rows[i].counts ? RC_OK : RC_FORBIDDEN);
		if (!rows[i].counts) {
			assert_string_equal(w->fault.reason, "not_an_approver");
		}
	}
	answer_bed_end(&b);
}

static void
no_button_stands_for_the_first_that_approves(void **state)
{
	static const int options[] = {-1, -9, 3, 1000};
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);

	store_start(t->store);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		struct answer c = answer_bed_click(&b, "T1/U1", options[i]);

		assert_int_equal(answer_bed_give(&b, &c)->rc, RC_INVALID);
	}
	assert_int_equal(answer_bed_votes(&b), 0);
	answer_bed_end(&b);
}

/* The audit tells of what was pressed, not of what stands first. */
static void
a_refusal_is_audited_with_what_was_pressed(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U77", 1);

	store_start(t->store);
	assert_int_equal(answer_bed_give(&b, &c)->rc, RC_FORBIDDEN);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%\"outcome\":\"deny\"%'"),
	    1);
	answer_bed_end(&b);
}

static enum rc
put_account(struct tx *tx, void *arg)
{
	struct fault f = {0};

	return account_put(tx, "slack", "T1/U5", "lee", arg, &f);
}

static void
an_account_found_by_mail_counts_while_the_address_is_theirs(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U5", 0), *w;
	char old[] = "old@example.com", now[] = "Lee@example.com";

	store_start(t->store);
	assert_int_equal(store_now(t->store, put_account, old), RC_OK);
	w = answer_bed_give(&b, &c);
	assert_string_equal(w->fault.reason, "unknown_account");
	assert_int_equal(store_now(t->store, put_account, now), RC_OK);
	c.id = "second";
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_string_equal(w->intent->decided_by, "lee");
	answer_bed_end(&b);
}

static enum rc
put_other_account(struct tx *tx, void *arg)
{
	struct fault f = {0};

	(void)arg;
	return account_put(tx, "slack", "T1/U5", "dana", "dana@example.com",
	    &f);
}

/* Who is given accounts by name has these alone. */
static void
an_account_found_by_mail_ends_where_others_are_named(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U5", 0), *w;

	store_start(t->store);
	assert_int_equal(store_now(t->store, put_other_account, NULL), RC_OK);
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_FORBIDDEN);
	assert_string_equal(w->fault.reason, "unknown_account");
	answer_bed_end(&b);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(a_role_counts_in_its_guild_alone),
	    TRUNK_TEST(a_stranger_decides_nothing_where_the_plan_is_open),
	    TRUNK_TEST(
		a_role_is_not_enough_where_its_holder_may_be_somebody_else),
	    TRUNK_TEST(no_button_stands_for_the_first_that_approves),
	    TRUNK_TEST(a_refusal_is_audited_with_what_was_pressed),
	    TRUNK_TEST(
		an_account_found_by_mail_counts_while_the_address_is_theirs),
	    TRUNK_TEST(an_account_found_by_mail_ends_where_others_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
