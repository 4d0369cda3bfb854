/* The two tables, cell by cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lifecycle.h"

enum { NO = -1 };

static const int intents[INTENT_STATES][INTENT_EVENTS] = {
    [INTENT_PENDING] = {INTENT_APPROVED, INTENT_DENIED, INTENT_RESOLVED,
	INTENT_EXPIRED, INTENT_CANCELLED},
    [INTENT_APPROVED] = {NO, NO, NO, NO, NO},
    [INTENT_DENIED] = {NO, NO, NO, NO, NO},
    [INTENT_RESOLVED] = {NO, NO, NO, NO, NO},
    [INTENT_EXPIRED] = {NO, NO, NO, NO, NO},
    [INTENT_CANCELLED] = {NO, NO, NO, NO, NO},
    [INTENT_BLOCKED] = {NO, NO, NO, NO, NO},
};

static const int executions[EXECUTION_STATES][EXECUTION_EVENTS] = {
    [EXECUTION_NONE] = {EXECUTION_LEASED, NO, NO, NO},
    [EXECUTION_LEASED] = {NO, EXECUTION_SUCCEEDED, EXECUTION_FAILED,
	EXECUTION_LAPSED},
    [EXECUTION_SUCCEEDED] = {NO, NO, NO, NO},
    [EXECUTION_FAILED] = {NO, NO, NO, NO},
    [EXECUTION_LAPSED] = {NO, NO, NO, NO},
};

static void
only_pending_moves_and_only_where_it_may(void **state)
{
	(void)state;
	for (int s = 0; s < INTENT_STATES; s++) {
		for (int e = 0; e < INTENT_EVENTS; e++) {
			enum intent_state to = INTENT_BLOCKED;
			bool may = lifecycle_next((enum intent_state)s,
			    (enum intent_event)e, &to);

			assert_int_equal(may, intents[s][e] != NO);
			assert_int_equal(to,
			    may ? intents[s][e] : INTENT_BLOCKED);
		}
	}
}

static void
an_execution_is_leased_once_and_ends_once(void **state)
{
	(void)state;
	for (int s = 0; s < EXECUTION_STATES; s++) {
		for (int e = 0; e < EXECUTION_EVENTS; e++) {
			enum execution_state to = EXECUTION_NONE;
			bool may =
			    lifecycle_execution_next((enum execution_state)s,
				(enum execution_event)e, &to);

			assert_int_equal(may, executions[s][e] != NO);
			assert_int_equal(to,
			    may ? executions[s][e] : EXECUTION_NONE);
		}
	}
}

static void
only_approve_leads_to_approved(void **state)
{
	(void)state;
	assert_int_equal(lifecycle_event_of(OUTCOME_APPROVE), ON_APPROVE);
	assert_int_equal(lifecycle_event_of(OUTCOME_DENY), ON_DENY);
	assert_int_equal(lifecycle_event_of(OUTCOME_OTHER), ON_RESOLVE);
}

static void
state_words_are_read_back(void **state)
{
	enum intent_state in;
	enum execution_state ex;

	(void)state;
	for (int s = 0; s < INTENT_STATES; s++) {
		assert_int_equal(
		    intent_state_parse(intent_state_name((enum intent_state)s),
			&in),
		    RC_OK);
		assert_int_equal(in, s);
	}
	for (int s = 0; s < EXECUTION_STATES; s++) {
		assert_int_equal(
		    execution_state_parse(
			execution_state_name((enum execution_state)s), &ex),
		    RC_OK);
		assert_int_equal(ex, s);
	}
	assert_int_equal(intent_state_parse("approve", &in), RC_INVALID);
	assert_int_equal(execution_state_parse("", &ex), RC_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_pending_moves_and_only_where_it_may),
	    cmocka_unit_test(an_execution_is_leased_once_and_ends_once),
	    cmocka_unit_test(only_approve_leads_to_approved),
	    cmocka_unit_test(state_words_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
