/* What people press in a chat: what it is, and whether it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "answer_bed.h"
#include "db_faulty.h"

static void
a_click_of_a_known_account_decides(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U1", 0), *w;

	store_start(t->store);
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_true(w->settled);
	assert_int_equal(w->intent->state, INTENT_APPROVED);
	assert_string_equal(w->intent->decided_by, "dana");
	assert_string_equal(w->intent->decided_via, "slack");
	assert_int_equal(w->card->options_n, 0);
	assert_string_equal(w->shown_handle, "");
	answer_bed_end(&b);
}

static void
what_is_not_so_is_refused(void **state)
{
	static const struct {
		const char *account, *remote, *handle, *channel;
		const char *reason;
	} rows[] = {
	    {"T1/U7", NULL, NULL, NULL, "unknown_account"},
	    {"T2/U1", NULL, NULL, NULL, "unknown_account"},
	    {"T1/U9", NULL, NULL, NULL, "not_an_approver"},
	    {"T1/U3", NULL, NULL, NULL, "not_an_approver"},
	    {"T1/U1", "T1/C1/9.9", NULL, NULL, "unknown_message"},
	    {"T1/U1", "T1/C2/1.2", NULL, NULL, "unknown_message"},
	    {"T1/U1", NULL, "", NULL, "unknown_message"},
	    {"T1/U1", NULL, "del_0123456789abcdef.AAAA", NULL,
		"unknown_message"},
	    {"T1/U1", NULL, NULL, "discord", "unknown_message"},
	};
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer first = answer_bed_click(&b, "T1/U9", 0);

	store_start(t->store);
	(void)answer_bed_give(&b,
	    &first); /* from now on the message has a name */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer c = answer_bed_click(&b, rows[i].account, 0), *w;

		c.id = arena_printf(t->arena, "row-%zu", i);
		c.remote_id = rows[i].remote != NULL ? rows[i].remote
						     : c.remote_id;
		c.handle = rows[i].handle != NULL ? rows[i].handle : c.handle;
		c.channel = rows[i].channel != NULL ? rows[i].channel
						    : c.channel;
		w = answer_bed_give(&b, &c);
		assert_int_equal(w->rc, RC_FORBIDDEN);
		assert_string_equal(w->fault.reason, rows[i].reason);
	}
	assert_int_equal(answer_bed_votes(&b), 0);
	assert_int_equal(trunk_read(t, b.intent).state, INTENT_PENDING);
	/* All but those of no intent that we know. */
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%\"decision_refused\"%'"),
	    8);
	answer_bed_end(&b);
}

static void
the_same_interaction_changes_nothing(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 2);
	struct answer c = answer_bed_click(&b, "T1/U1", 0), *w;

	store_start(t->store);
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_false(w->repeated);
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_true(w->repeated);
	assert_int_equal(answer_bed_votes(&b), 1);
	c.id = "another";
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_DUPLICATE);
	assert_string_equal(w->fault.reason, "already_voted");
	answer_bed_end(&b);
}

/* The channel cuts what it cannot show, and then shows no button for this. */
static void
what_a_chat_cannot_show_whole_is_only_denied_there(void **state)
{
	static const char *const chats[] = {"slack", "discord"};
	static const char *const accounts[] = {"T1/U1", "55"};
	static char words[12000];
	struct trunk *t = *state;

	memset(words, 'w', sizeof(words) - 1);
	store_start(t->store);
	for (size_t i = 0; i < ARRAY_LEN(chats); i++) {
		struct submission *s = trunk_submission(t, 1);
		struct answer_bed b = answer_bed_make(t, chats[i], 1);
		struct answer c, *w;

		s->asked.description = words;
		answer_bed_ask(&b, chats[i], s);
		for (int option = 0; option < 3; option++) {
			bool denies = option == 1;

			c = answer_bed_click(&b, accounts[i], option);
			c.channel = chats[i];
			c.dry_run = true;
			w = answer_bed_give(&b, &c);
			assert_int_equal(w->rc, denies ? RC_OK : RC_FORBIDDEN);
			assert_string_equal(w->fault.reason,
			    denies ? "" : "payload_not_shown");
		}
		answer_bed_end(&b);
	}
}

static enum rc
post_again(struct tx *tx, void *arg)
{
	struct answer_bed *b = arg;
	struct delivery_row row;
	struct fault f = {0};
	enum rc rc = delivery_get(tx->db, b->delivery, b->t->arena, &row, &f);

	row.attempts = 2;
	row.state = DELIVERY_DONE;
	row.remote_id = "T1/C1/1.2";
	return rc == RC_OK ? delivery_update(tx, &row, &f) : rc;
}

/* The answer to the first post was lost, and it could not be looked for. */
static void
a_card_that_was_posted_twice_is_one_question(void **state)
{
	static const struct {
		const char *remote;
		enum rc rc;
	} rows[] = {
	    {"T1/C2/1.1", RC_FORBIDDEN},
	    {"T2/C1/1.1", RC_FORBIDDEN},
	    {"T1/C1/1.1", RC_OK},
	};
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);

	assert_int_equal(store_now(t->store, post_again, &b), RC_OK);
	store_start(t->store);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer c = answer_bed_click(&b, "T1/U1", 0);

		c.id = arena_printf(t->arena, "%zu", i);
		c.remote_id = rows[i].remote;
		assert_int_equal(answer_bed_give(&b, &c)->rc, rows[i].rc);
	}
	/* Both are told how it ended, each by its own name. */
	assert_int_equal(trunk_count(t,
			     "SELECT count(DISTINCT remote_id) FROM delivery "
			     "WHERE kind = 'settled' AND state = 'due'"),
	    2);
	answer_bed_end(&b);
}

static void
a_refused_interaction_is_refused_again(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U9", 0), *w;

	store_start(t->store);
	for (int i = 0; i < 2; i++) {
		w = answer_bed_give(&b, &c);
		assert_int_equal(w->repeated, i == 1);
		assert_int_equal(w->rc, RC_FORBIDDEN);
		assert_string_equal(w->fault.reason, "not_an_approver");
		assert_true(w->fault.text[0] != '\0');
	}
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%\"decision_refused\"%'"),
	    1);
	answer_bed_end(&b);
}

static enum rc
give_up(struct tx *tx, void *arg)
{
	struct fault f = {0};

	return db_run(tx->db, &f, NULL,
	    "UPDATE delivery SET state = 'dead', attempts = 9 WHERE id = ?1",
	    "t", arg);
}

/* Each of its answers was lost, and then somebody presses it. */
static void
a_card_that_was_given_up_shows_the_end_as_well(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U1", 0);

	store_start(t->store);
	assert_int_equal(store_now(t->store, give_up, b.delivery), RC_OK);
	assert_int_equal(answer_bed_give(&b, &c)->rc, RC_OK);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE "
			     "kind = 'settled' AND state = 'due' AND "
			     "remote_id = 'T1/C1/1.2'"),
	    1);
	answer_bed_end(&b);
}

static long long
refusals(struct trunk *t)
{
	return trunk_count(t,
	    "SELECT count(*) FROM audit WHERE event LIKE "
	    "'%\"decision_refused\"%'");
}

static void
a_flood_of_refused_clicks_does_not_fill_the_trail(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U9", 0);

	store_start(t->store);
	for (int i = 0; i < DECIDE_REFUSALS_MAX + 20; i++) {
		c.id = arena_printf(t->arena, "%d", i);
		assert_int_equal(answer_bed_give(&b, &c)->rc, RC_FORBIDDEN);
	}
	assert_int_equal(refusals(t), DECIDE_REFUSALS_MAX);
	/* Others are still heard. */
	c.account = "T1/U3";
	c.id = "another";
	assert_int_equal(answer_bed_give(&b, &c)->rc, RC_FORBIDDEN);
	assert_int_equal(refusals(t), DECIDE_REFUSALS_MAX + 1);
	answer_bed_end(&b);
}

static void
a_dry_run_says_what_would_be_and_counts_nothing(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct answer c = answer_bed_click(&b, "T1/U1", 1), *w;

	store_start(t->store);
	c.dry_run = true;
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_int_equal(answer_bed_votes(&b), 0);
	c.dry_run = false;
	c.reason = "too much";
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_int_equal(w->intent->state, INTENT_DENIED);
	assert_string_equal(w->intent->reason, "too much");
	c.id = "another";
	c.dry_run = true;
	w = answer_bed_give(&b, &c);
	assert_int_equal(w->rc, RC_CONFLICT);
	assert_string_equal(w->fault.reason, "already_answered");
	answer_bed_end(&b);
}

/* Whichever call of the database fails: all of the answer or nothing. */
static void
an_answer_survives_each_failing_call(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	long long counted = 0;
	bool fired = true;

	store_start(t->store);
	for (int n = 1; fired; n++) {
		struct answer c, *w;

		answer_bed_ask(&b, "slack", trunk_submission(t, 1));
		c = answer_bed_click(&b, "T1/U1", 0);
		c.id = arena_printf(t->arena, "%d", n);
		db_faulty_fail(t->faulty, n);
		w = answer_bed_give(&b, &c);
		fired = db_faulty_fired(t->faulty);
		db_faulty_fail(t->faulty, 0);
		counted += w->rc == RC_OK;
		assert_true(w->rc == RC_OK || w->rc == RC_STORE);
		assert_int_equal(answer_bed_votes(&b), counted);
		assert_int_equal(trunk_count(t,
				     "SELECT count(*) FROM interaction"),
		    counted);
		assert_int_equal(trunk_read(t, b.intent).state ==
			INTENT_APPROVED,
		    w->rc == RC_OK);
	}
	assert_true(counted > 10);
	answer_bed_end(&b);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(a_click_of_a_known_account_decides),
	    TRUNK_TEST(what_is_not_so_is_refused),
	    TRUNK_TEST(the_same_interaction_changes_nothing),
	    TRUNK_TEST(what_a_chat_cannot_show_whole_is_only_denied_there),
	    TRUNK_TEST(a_card_that_was_posted_twice_is_one_question),
	    TRUNK_TEST(a_refused_interaction_is_refused_again),
	    TRUNK_TEST(a_card_that_was_given_up_shows_the_end_as_well),
	    TRUNK_TEST(a_flood_of_refused_clicks_does_not_fill_the_trail),
	    TRUNK_TEST(a_dry_run_says_what_would_be_and_counts_nothing),
	    TRUNK_TEST(an_answer_survives_each_failing_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
