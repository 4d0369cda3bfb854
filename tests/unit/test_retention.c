/* What goes with the decision: in its transaction, and from the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "audit.h"
#include "db_faulty.h"
#include "magic_link.h"
#include "trunk.h"

#define DIGEST \
	"00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f"

static struct submission *
checkpoint(struct trunk *t)
{
	static const char *people[] = {"dana", "guest:slack", "guest:holder"};
	static const struct ask asks[] = {
	    {.channel = "email",
		.person = "dana",
		.address = "dana@example.com"},
	    {.channel = "slack_webhook",
		.person = "guest:slack",
		.address = "https://hooks.slack.com/services/secret"},
	};
	struct submission *s = trunk_submission(t, 1);

	s->asks = asks;
	s->quota = quota_find("free");
	s->view_link = true;
	s->asked.erase_payload = true;
	s->asked.digest = DIGEST;
	s->asked.plan.approvers = (struct field_strings){people, 3};
	s->asked.plan.guests[0] = (struct guest){"guest:slack", "reader"};
	s->asked.plan.guests[1] = (struct guest){"guest:holder", "holder"};
	s->asked.plan.guests_n = 2;
	return s;
}

static long long
all_rows(struct trunk *t)
{
	return trunk_count(t,
	    "SELECT (SELECT count(*) FROM intent) * 1000000 + "
	    "(SELECT count(*) FROM magic_link) * 100000 + "
	    "(SELECT count(*) FROM delivery) * 1000 + "
	    "(SELECT count(*) FROM audit) * 10 + "
	    "(SELECT total(intents) FROM quota_use) + "
	    "(SELECT total(pending) FROM agent) + "
	    "(SELECT total(version) FROM intent) * 100000000");
}

static long long
kept(struct trunk *t)
{
	return trunk_count(t,
	    "SELECT (SELECT count(*) FROM intent WHERE payload IS NOT NULL) + "
	    "(SELECT count(*) FROM delivery WHERE sealed IS NOT NULL)");
}

static off_t
log_size(const struct trunk *t)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/assent.db-wal", t->dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void
a_checkpoint_that_fails_anywhere_leaves_nothing(void **state)
{
	struct trunk *t = *state;
	enum rc rc;
	int n = 0;

	do {
		struct submission *s = checkpoint(t);
		long long before = all_rows(t);

		db_faulty_fail(t->faulty, ++n);
		rc = store_now(t->store, intent_submit, s);
		if (db_faulty_fired(t->faulty)) {
			assert_int_equal(rc, RC_STORE);
			assert_true(all_rows(t) == before);
		}
		db_faulty_fail(t->faulty, 0);
	} while (rc == RC_STORE);
	assert_int_equal(rc, RC_OK);
	assert_true(n > 10);
	assert_int_equal(kept(t), 2);
}

static void
a_secret_address_is_not_told_by_the_row(void **state)
{
	struct trunk *t = *state;

	assert_int_equal(store_now(t->store, intent_submit, checkpoint(t)),
	    RC_OK);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE "
			     "address LIKE '%secret%' OR "
			     "instr(sealed, 'secret') > 0"),
	    0);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE "
			     "address = 'Slack' AND sealed IS NOT NULL"),
	    1);
}

/* A token that looks has no row, one that decides has; a settled intent's
 * only looks. */
static void
a_link_for_its_holder_decides_only_what_waits(void **state)
{
	struct trunk *t = *state;
	struct submission *s;
	struct magic_link link;
	struct fault f = {0};
	const struct {
		enum intent_state verdict;
		int guests;
		const char *person;
		int rows;
	} rows[] = {
	    {INTENT_PENDING, 2, "guest:holder", 1},
	    {INTENT_PENDING, 1, "guest:viewer", 1},
	    {INTENT_BLOCKED, 2, "guest:viewer", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s = checkpoint(t);
		s->verdict.state = rows[i].verdict;
		s->asked.plan.guests_n = rows[i].guests;
		assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
		assert_int_equal(magic_link_read(t->arena,
				     vault_link_keys(t->vault), s->view_token,
				     0, &link, &f),
		    RC_OK);
		assert_string_equal(link.person, rows[i].person);
		assert_string_equal(link.intent_id, s->intent.id);
		assert_int_equal(trunk_count(t,
				     "SELECT count(*) FROM magic_link"),
		    rows[i].rows);
	}
}

static void
what_a_policy_settles_at_once_is_not_stored(void **state)
{
	struct trunk *t = *state;
	struct submission *s = checkpoint(t);

	s->verdict.state = INTENT_BLOCKED;
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	assert_int_equal(kept(t), 0);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM intent WHERE purged = 1"),
	    1);
}

/*
 * Fails at each call of a decision: nothing is erased without it, and all is
 * with it. The last call is the scrub, which comes after the commit: the
 * decision stands, and the next commit scrubs.
 */
static void
a_decision_erases_or_leaves_everything(void **state)
{
	struct trunk *t = *state;
	struct submission *s = checkpoint(t);
	bool fired;
	enum rc rc;
	int n = 0;

	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	do {
		struct deciding *w = trunk_answer(t, s->intent.id,
		    "guest:slack", OUTCOME_APPROVE);

		db_faulty_fail(t->faulty, ++n);
		rc = store_now(t->store, intent_decide, w);
		fired = db_faulty_fired(t->faulty);
		db_faulty_fail(t->faulty, 0);
		assert_true(rc == RC_OK || fired);
		assert_int_equal(kept(t), rc == RC_OK ? 0 : 2);
	} while (rc == RC_STORE);
	assert_int_equal(rc, RC_OK);
	assert_true(n > 10);
	assert_true(fired && log_size(t) > 0);
	s = trunk_submission(t, 1);
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	assert_int_equal(log_size(t), 0);
}

static void
what_keeps_its_payload_does_not_scrub(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);

	assert_int_equal(store_now(t->store, intent_decide,
			     trunk_answer(t, id, "dana", OUTCOME_APPROVE)),
	    RC_OK);
	assert_int_equal(kept(t), 1);
	assert_true(log_size(t) > 0);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(a_checkpoint_that_fails_anywhere_leaves_nothing),
	    TRUNK_TEST(a_secret_address_is_not_told_by_the_row),
	    TRUNK_TEST(a_link_for_its_holder_decides_only_what_waits),
	    TRUNK_TEST(what_a_policy_settles_at_once_is_not_stored),
	    TRUNK_TEST(a_decision_erases_or_leaves_everything),
	    TRUNK_TEST(what_keeps_its_payload_does_not_scrub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
