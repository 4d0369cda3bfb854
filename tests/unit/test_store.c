/* One writer, many jobs to a commit, and one bad job among them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "db_faulty.h"
#include "trunk.h"

enum { JOBS = 200 };

/* A job that writes a fact, or fails. */
struct writing {
	int n;
	bool bad;
	enum rc told; /* by done; RC_COUNT = not yet */
	int order;    /* in which done came */
};

static int told;

static enum rc
write_fact(struct tx *tx, void *arg)
{
	struct writing *w = arg;
	struct fault f = {0};
	long long n = w->n;
	enum rc rc = db_run(tx->db, &f, NULL,
	    "INSERT INTO fact (name, value) VALUES ('n' || ?1, ?1)", "i", n);

	if (rc == RC_OK && w->bad) {
		rc = db_run(tx->db, &f, NULL,
		    "INSERT INTO fact (name, value) VALUES ('n' || ?1, ?1)",
		    "i", n);
	}
	return rc;
}

static void
on_told(void *arg, enum rc rc)
{
	struct writing *w = arg;

	assert_int_equal(w->told, RC_COUNT);
	w->told = rc;
	w->order = told++;
}

static void
hand_over(struct trunk *t, struct writing *w, int bad)
{
	told = 0;
	for (int i = 0; i < JOBS; i++) {
		w[i] =
		    (struct writing){.n = i, .bad = i == bad, .told = RC_COUNT};
		assert_int_equal(store_write(t->store, write_fact, on_told,
				     &w[i]),
		    RC_OK);
	}
}

static void
waiting_jobs_share_a_commit_and_are_told_in_order(void **state)
{
	struct trunk *t = *state;
	struct writing w[JOBS];
	struct store_stats before, after;

	store_stats(t->store, &before);
	hand_over(t, w, -1);
	store_start(t->store);
	store_stop(t->store);
	store_stats(t->store, &after);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(w[i].told, RC_OK);
		assert_int_equal(w[i].order, i);
	}
	assert_int_equal(after.jobs - before.jobs, JOBS);
	assert_int_equal(after.batch_max, JOBS);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM fact WHERE name LIKE "
			     "'n%'"),
	    JOBS);
}

static void
a_bad_job_does_not_take_the_others_down(void **state)
{
	struct trunk *t = *state;
	struct writing w[JOBS];

	hand_over(t, w, 17);
	store_start(t->store);
	store_stop(t->store);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(w[i].told, i == 17 ? RC_STORE : RC_OK);
	}
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM fact WHERE name LIKE "
			     "'n%'"),
	    JOBS - 1);
}

static void
a_commit_that_fails_is_told_and_leaves_nothing(void **state)
{
	struct trunk *t = *state;
	struct writing w = {.n = 1, .told = RC_COUNT};
	struct store_stats s;

	/* begin, the insert's query and next, commit: the fourth call. */
	db_faulty_fail(t->faulty, 4);
	assert_int_equal(store_now(t->store, write_fact, &w), RC_STORE);
	assert_true(db_faulty_fired(t->faulty));
	store_stats(t->store, &s);
	assert_false(s.writable);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM fact WHERE name = 'n1'"),
	    0);
	assert_int_equal(store_now(t->store, write_fact, &w), RC_OK);
	store_stats(t->store, &s);
	assert_true(s.writable);
}

/* Stores a submission the first time, and fails when it is run again. */
static enum rc
submit_once(struct tx *tx, void *arg)
{
	struct submission *s = arg;
	enum rc rc = intent_submit(tx, s);

	return s->key.request_sha256 == NULL ? rc : told++ == 0 ? rc : RC_STORE;
}

static enum rc
always_fail(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return RC_STORE;
}

/* What the first one asked must not reach the row of the second. */
static void
a_repeat_whose_first_was_undone_is_stored_as_it_was_asked(void **state)
{
	struct trunk *t = *state;
	struct submission *first = trunk_submission(t, 1);
	struct submission *second = trunk_submission(t, 1);
	struct intent in;

	told = 0;
	first->key.request_sha256 = "aa";
	first->asked.idempotency_key = second->asked.idempotency_key = "k";
	second->asked.destination = "bank.transfer";
	second->asked.digest = "ee";
	assert_int_equal(store_write(t->store, submit_once, NULL, first),
	    RC_OK);
	assert_int_equal(store_write(t->store, submit_once, NULL, second),
	    RC_OK);
	assert_int_equal(store_write(t->store, always_fail, NULL, NULL), RC_OK);
	store_start(t->store);
	store_stop(t->store);
	assert_int_equal(trunk_count(t, "SELECT count(*) FROM intent"), 1);
	in = trunk_read(t, second->intent.id);
	assert_string_equal(in.destination, "bank.transfer");
	assert_string_equal(in.digest, "ee");
}

static void
a_stopped_store_takes_no_more_jobs(void **state)
{
	struct trunk *t = *state;
	struct writing w = {.n = 1, .told = RC_COUNT};

	store_start(t->store);
	store_stop(t->store);
	assert_int_equal(store_write(t->store, write_fact, on_told, &w),
	    RC_BUSY);
	assert_int_equal(w.told, RC_COUNT);
}

static void
a_full_queue_refuses_clearly(void **state)
{
	struct trunk *t = *state;
	static struct writing w[STORE_JOBS_MAX + 1];
	enum rc rc = RC_OK;
	int n = 0;

	for (; rc == RC_OK && n <= STORE_JOBS_MAX; n++) {
		w[n] = (struct writing){.n = n, .told = RC_COUNT};
		rc = store_write(t->store, write_fact, on_told, &w[n]);
	}
	assert_int_equal(rc, RC_BUSY);
	assert_int_equal(n, STORE_JOBS_MAX + 1);
	told = 0;
	store_start(t->store);
	store_stop(t->store);
	assert_int_equal(told, STORE_JOBS_MAX);
}

static int touched, owed;

static void
on_changed(void *ctx, const char *id)
{
	(void)ctx;
	(void)id;
	touched++;
}

static void
on_owed(void *ctx)
{
	(void)ctx;
	owed++;
}

static void
listeners_hear_of_what_was_committed_only(void **state)
{
	struct trunk *t = *state;
	const struct store_listener l = {.changed = on_changed,
	    .owed = on_owed};

	touched = owed = 0;
	store_listen(t->store, &l);
	(void)trunk_submit(t, 1);
	assert_int_equal(touched, 1);
	assert_int_equal(owed, 1);
	db_faulty_fail(t->faulty, 8);
	assert_int_equal(store_now(t->store, intent_submit,
			     trunk_submission(t, 1)),
	    RC_STORE);
	assert_int_equal(touched, 1);
	assert_int_equal(owed, 1);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(waiting_jobs_share_a_commit_and_are_told_in_order),
	    TRUNK_TEST(a_bad_job_does_not_take_the_others_down),
	    TRUNK_TEST(a_commit_that_fails_is_told_and_leaves_nothing),
	    TRUNK_TEST(
		a_repeat_whose_first_was_undone_is_stored_as_it_was_asked),
	    TRUNK_TEST(a_stopped_store_takes_no_more_jobs),
	    TRUNK_TEST(a_full_queue_refuses_clearly),
	    TRUNK_TEST(listeners_hear_of_what_was_committed_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
