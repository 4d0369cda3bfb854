/* A trail that was touched says where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "trunk.h"

enum { EVENTS = 6 };

static enum rc
write_events(struct tx *tx, void *arg)
{
	struct fault f = {0};

	(void)arg;
	for (int i = 0; i < EVENTS; i++) {
		enum rc rc = audit_add(tx, NULL, "tested", "test",
		    json_pack("{s:i}", "n", i), &f);

		if (rc != RC_OK) {
			return rc;
		}
	}
	return RC_OK;
}

static enum rc
tamper(struct tx *tx, void *arg)
{
	struct fault f = {0};

	return db_run(tx->db, &f, NULL, arg, "");
}

/* setup wrote two events (agent_registered is the first). */
static const struct {
	const char *sql;
	long long first_bad;
	const char *words;
} rows[] = {
    {"UPDATE audit SET event = replace(event, '\"n\":2', '\"n\":9') "
     "WHERE event LIKE '%\"n\":2%'",
	4, "changed"},
    {"UPDATE audit SET event = event || ' ' WHERE seq = 1", 1, "changed"},
    {"UPDATE audit SET hash = x'00' WHERE seq = 3", 3, "incomplete"},
    {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", 3, "changed"},
    {"DELETE FROM audit WHERE seq = 5", 5, "missing"},
    {"DELETE FROM audit WHERE seq = 1", 1, "missing"},
    {"DELETE FROM audit WHERE seq > 5", 6, "ends"},
    {"DELETE FROM audit", 1, "ends"},
    {"UPDATE audit SET seq = seq + 100 WHERE seq = 7", 7, "missing"},
    {"UPDATE audit SET event = (SELECT event FROM audit b WHERE b.seq = 4) "
     "WHERE seq = 5",
	5, "changed"},
};

static void
each_touch_is_found_at_its_record(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trunk *t;
		void *again;
		struct fault f = {0};
		long long events, seq;
		char sql[200];

		assert_int_equal(trunk_setup(&again), 0);
		t = again;
		assert_int_equal(store_now(t->store, write_events, NULL),
		    RC_OK);
		assert_int_equal(audit_verify(t->reader, &events, &seq, &f),
		    RC_OK);
		assert_int_equal(events, EVENTS + 1);
		(void)snprintf(sql, sizeof(sql), "%s", rows[i].sql);
		assert_int_equal(store_now(t->store, tamper, sql), RC_OK);
		assert_int_equal(audit_verify(t->reader, &events, &seq, &f),
		    RC_INVALID);
		assert_int_equal(seq, rows[i].first_bad);
		assert_non_null(strstr(f.text, rows[i].words));
		assert_int_equal(trunk_teardown(&again), 0);
	}
	(void)state;
}

static void
a_writer_beside_us_does_not_break_the_chain(void **state)
{
	struct trunk *t = *state;
	struct store *other;
	struct fault f = {0};
	long long events, seq;

	assert_int_equal(store_open(t->dir, &other, &f), RC_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store_now(t->store, write_events, NULL),
		    RC_OK);
		assert_int_equal(store_now(other, write_events, NULL), RC_OK);
	}
	store_close(other);
	assert_int_equal(audit_verify(t->reader, &events, &seq, &f), RC_OK);
	assert_int_equal(events, 6 * EVENTS + 1);
}

static void
an_intent_has_its_own_events_in_order(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct audit_event *events;
	struct fault f = {0};
	int n;

	assert_int_equal(store_now(t->store, write_events, NULL), RC_OK);
	assert_int_equal(audit_list(t->reader, id, 0, 10, t->arena, &events, &n,
			     &f),
	    RC_OK);
	assert_int_equal(n, 2);
	assert_non_null(strstr(events[0].event, "\"submitted\""));
	assert_non_null(strstr(events[1].event, "\"policy_checked\""));
	assert_true(events[0].seq < events[1].seq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_touch_is_found_at_its_record),
	    cmocka_unit_test_setup_teardown(
		a_writer_beside_us_does_not_break_the_chain, trunk_setup,
		trunk_teardown),
	    cmocka_unit_test_setup_teardown(
		an_intent_has_its_own_events_in_order, trunk_setup,
		trunk_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
