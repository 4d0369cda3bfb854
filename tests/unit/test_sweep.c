/* What the clock erases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sweep.h"
#include "trunk.h"

static enum rc
submit_many(struct tx *tx, void *arg)
{
	struct trunk *t = arg;

	for (int i = 0; i < SWEEP_BATCH + 1; i++) {
		struct submission *s = trunk_submission(t, 1);

		s->verdict.state = INTENT_BLOCKED;
		s->asks_n = 0;
		assert_int_equal(intent_submit(tx, s), RC_OK);
	}
	return RC_OK;
}

static enum rc
settle_earlier(struct tx *tx, void *arg)
{
	struct fault f = {0};

	(void)arg;
	return db_run(tx->db, &f, NULL, "UPDATE intent SET settled_ms = 1", "");
}

static long long
kept(struct trunk *t)
{
	return trunk_count(t, "SELECT count(*) FROM intent WHERE purged = 0");
}

static void
payloads_whose_retention_is_over_do_not_pile_up(void **state)
{
	struct trunk *t = *state;
	struct sweep sweep = {.retention_ms = 1};

	assert_int_equal(store_now(t->store, submit_many, t), RC_OK);
	assert_int_equal(store_now(t->store, settle_earlier, NULL), RC_OK);
	assert_int_equal(store_now(t->store, sweep_run, &sweep), RC_OK);
	assert_int_equal(kept(t), 1);
	assert_int_equal(store_now(t->store, sweep_run, &sweep), RC_OK);
	assert_int_equal(kept(t), 0);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(payloads_whose_retention_is_over_do_not_pile_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
