/* Every way an intent changes, and what each of them leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "db_faulty.h"
#include "lib/json.h"
#include "trunk.h"

static enum rc
answer(struct trunk *t, const char *id, const char *person, enum outcome o)
{
	return store_now(t->store, intent_decide,
	    trunk_answer(t, id, person, o));
}

static void
assert_chain(struct trunk *t)
{
	struct fault f = {0};
	long long events, seq;

	assert_int_equal(audit_verify(t->reader, &events, &seq, &f), RC_OK);
}

/* What is hashed is the canonical form, so that others can make it again. */
static void
events_are_canonical(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct audit_event *events;
	struct fault f = {0};
	int n;

	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	assert_int_equal(audit_list(t->reader, NULL, 0, 100, t->arena, &events,
			     &n, &f),
	    RC_OK);
	assert_true(n >= 5);
	for (int i = 0; i < n; i++) {
		const char *text = events[i].event;
		json_t *v = json_loads(text, 0, NULL);
		size_t len;

		assert_non_null(v);
		assert_string_equal(json_canonical(t->arena, v, &len), text);
		json_decref(v);
	}
}

static void
one_approval_settles_a_plan_of_one(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct intent in;

	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	in = trunk_read(t, id);
	assert_int_equal(in.state, INTENT_APPROVED);
	assert_string_equal(in.decided_by, "dana");
	assert_int_equal(in.approvals, 1);
	assert_chain(t);
}

static void
two_approvals_must_come_from_two_people(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 2);

	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_DUPLICATE);
	assert_int_equal(trunk_read(t, id).state, INTENT_PENDING);
	assert_int_equal(answer(t, id, "lee", OUTCOME_APPROVE), RC_OK);
	assert_int_equal(trunk_read(t, id).state, INTENT_APPROVED);
}

/* Two options that both approve are two different things to approve. */
static void
two_approvals_must_be_of_the_same_option(void **state)
{
	static const struct {
		const char *person;
		int option, approvals;
		enum intent_state state;
	} rows[] = {
	    {"dana", 0, 1, INTENT_PENDING},
	    {"lee", 2, 1, INTENT_PENDING},
	    {"mo", 2, 2, INTENT_APPROVED},
	};
	struct trunk *t = *state;
	struct submission *s = trunk_submission(t, 2);

	s->asked.options[2] = (struct option){"All of it", OUTCOME_APPROVE};
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct deciding *w = trunk_answer(t, s->intent.id,
		    rows[i].person, OUTCOME_APPROVE);

		w->decision.option = rows[i].option;
		assert_int_equal(store_now(t->store, intent_decide, w), RC_OK);
		assert_int_equal(w->intent.approvals, rows[i].approvals);
		assert_int_equal(trunk_read(t, s->intent.id).state,
		    rows[i].state);
	}
	assert_int_equal(trunk_read(t, s->intent.id).chosen, 2);
}

static void
each_outcome_ends_in_its_state(void **state)
{
	static const struct {
		enum outcome outcome;
		enum intent_state state;
	} rows[] = {
	    {OUTCOME_APPROVE, INTENT_APPROVED},
	    {OUTCOME_DENY, INTENT_DENIED},
	    {OUTCOME_OTHER, INTENT_RESOLVED},
	};
	struct trunk *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *id = trunk_submit(t, 1);

		assert_int_equal(answer(t, id, "mo", rows[i].outcome), RC_OK);
		assert_int_equal(trunk_read(t, id).state, rows[i].state);
	}
	assert_int_equal(trunk_count(t, "SELECT pending FROM agent"), 0);
}

static void
who_may_not_decide_is_refused_and_audited(void **state)
{
	static const struct {
		const char *person;
		enum outcome outcome;
		enum rc rc;
	} rows[] = {
	    {"omar", OUTCOME_APPROVE, RC_FORBIDDEN},
	    {"eve", OUTCOME_APPROVE, RC_FORBIDDEN},
	    {"eve", OUTCOME_DENY, RC_FORBIDDEN},
	};
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(answer(t, id, rows[i].person, rows[i].outcome),
		    rows[i].rc);
	}
	assert_int_equal(trunk_read(t, id).state, INTENT_PENDING);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE "
			     "event LIKE '%decision_refused%'"),
	    3);
}

static void
nothing_leaves_a_final_state(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct deciding *w;

	assert_int_equal(answer(t, id, "dana", OUTCOME_DENY), RC_OK);
	assert_int_equal(answer(t, id, "lee", OUTCOME_APPROVE), RC_CONFLICT);
	w = trunk_answer(t, id, "lee", OUTCOME_APPROVE);
	assert_int_equal(store_now(t->store, intent_cancel, w), RC_CONFLICT);
	assert_int_equal(trunk_read(t, id).state, INTENT_DENIED);
}

static void
a_decision_binds_the_digest_that_was_shown(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct deciding *w = trunk_answer(t, id, "dana", OUTCOME_APPROVE);

	w->decision.digest = "ee";
	assert_int_equal(store_now(t->store, intent_decide, w), RC_CONFLICT);
	assert_string_equal(w->fault.reason, "digest_mismatch");
	assert_int_equal(trunk_read(t, id).state, INTENT_PENDING);
}

static void
a_late_answer_expires_it_instead(void **state)
{
	struct trunk *t = *state;
	struct submission *s = trunk_submission(t, 1);

	s->ttl_s = 0;
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	assert_int_equal(answer(t, s->intent.id, "dana", OUTCOME_APPROVE),
	    RC_EXPIRED);
	assert_int_equal(trunk_read(t, s->intent.id).state, INTENT_EXPIRED);
}

static void
deciding_owes_mails_and_webhooks(void **state)
{
	struct trunk *t = *state;
	const char *id;

	t->webhooks = 1;
	id = trunk_submit(t, 1);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE kind = "
			     "'ask' AND state = 'due'"),
	    2);
	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	/* Nobody had been asked yet, so nobody needs to hear the end. */
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE kind = "
			     "'ask' AND state = 'dropped'"),
	    2);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE kind = "
			     "'webhook' AND event = 'approved'"),
	    1);
}

static struct leasing *
lease(struct trunk *t, const char *id, enum rc expected)
{
	struct leasing *l = arena_alloc(t->arena, sizeof(*l));

	*l = (struct leasing){.intent_id = id,
	    .agent_id = t->agent.id,
	    .agent_name = "bot",
	    .mode = "runner_exec",
	    .arena = t->arena};
	assert_int_equal(store_now(t->store, execution_lease, l), expected);
	return l;
}

static void
an_execution_is_leased_once_and_reported_once(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct reporting r = {.succeeded = true,
	    .result = "{\"n\":1}",
	    .arena = t->arena};
	struct leasing *l;

	lease(t, id, RC_CONFLICT);
	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	l = lease(t, id, RC_OK);
	lease(t, id, RC_CONFLICT);
	r.execution_id = l->execution.id;
	r.token = "gex_0000";
	assert_int_equal(store_now(t->store, execution_report, &r),
	    RC_UNAUTHENTICATED);
	r.token = l->execution.token;
	assert_int_equal(store_now(t->store, execution_report, &r), RC_OK);
	assert_int_equal(store_now(t->store, execution_report, &r),
	    RC_CONFLICT);
	assert_int_equal(trunk_read(t, id).execution, EXECUTION_SUCCEEDED);
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM intent WHERE payload IS "
			     "NULL AND purged = 1"),
	    1);
}

static void
another_payload_or_agent_is_not_executed(void **state)
{
	struct trunk *t = *state;
	const char *id = trunk_submit(t, 1);
	struct leasing l = {.intent_id = id,
	    .agent_id = t->agent.id,
	    .agent_name = "bot",
	    .mode = "m",
	    .payload_sha256 = "bb",
	    .arena = t->arena};

	assert_int_equal(answer(t, id, "dana", OUTCOME_APPROVE), RC_OK);
	assert_int_equal(store_now(t->store, execution_lease, &l), RC_CONFLICT);
	assert_string_equal(l.fault.field, "payload_sha256");
	l.payload_sha256 = NULL;
	l.agent_id = "agt_other";
	assert_int_equal(store_now(t->store, execution_lease, &l),
	    RC_FORBIDDEN);
}

/* All rows of all tables, as one number that any change changes. */
static long long
all_rows(struct trunk *t)
{
	return trunk_count(t,
	    "SELECT (SELECT count(*) FROM intent) * 1000000 + "
	    "(SELECT count(*) FROM vote) * 100000 + "
	    "(SELECT count(*) FROM delivery) * 1000 + "
	    "(SELECT count(*) FROM audit) * 10 + "
	    "(SELECT count(*) FROM execution) + "
	    "(SELECT total(version) FROM intent) * 100000000");
}

/*
 * Runs the job with a failure at the first, second, ... call of the database
 * until one run is not hit any more. A run that fails leaves nothing.
 */
static void
survive(struct trunk *t, store_job *job, void *(*make)(struct trunk *, int))
{
	int n = 0;
	enum rc rc;

	do {
		void *arg = make(t, n);
		long long before = all_rows(t);

		db_faulty_fail(t->faulty, ++n);
		rc = store_now(t->store, job, arg);
		if (db_faulty_fired(t->faulty)) {
			assert_int_equal(rc, RC_STORE);
			assert_true(all_rows(t) == before);
		}
		db_faulty_fail(t->faulty, 0);
	} while (rc == RC_STORE);
	assert_int_equal(rc, RC_OK);
	assert_true(n > 10);
	assert_chain(t);
}

static void *
make_submit(struct trunk *t, int n)
{
	struct submission *s = trunk_submission(t, 1);

	(void)n;
	t->webhooks = 1;
	s->asked.idempotency_key = "order-1";
	s->key.idempotency_header = "header-1";
	s->key.request_sha256 = "ff";
	return s;
}

static void
a_submit_that_fails_anywhere_leaves_nothing(void **state)
{
	survive(*state, intent_submit, make_submit);
}

static const char *waiting;

static void *
make_answer(struct trunk *t, int n)
{
	if (n == 0) {
		t->webhooks = 1;
		waiting = trunk_submit(t, 1);
	}
	return trunk_answer(t, waiting, "dana", OUTCOME_APPROVE);
}

static void
a_decision_that_fails_anywhere_leaves_nothing(void **state)
{
	survive(*state, intent_decide, make_answer);
	assert_int_equal(trunk_read(*state, waiting).state, INTENT_APPROVED);
}

static void *
make_lease(struct trunk *t, int n)
{
	struct leasing *l = arena_alloc(t->arena, sizeof(*l));

	if (n == 0) {
		waiting = trunk_submit(t, 1);
		assert_int_equal(answer(t, waiting, "dana", OUTCOME_APPROVE),
		    RC_OK);
	}
	*l = (struct leasing){.intent_id = waiting,
	    .agent_id = t->agent.id,
	    .agent_name = "bot",
	    .mode = "m",
	    .arena = t->arena};
	return l;
}

static void
a_lease_that_fails_anywhere_leaves_nothing(void **state)
{
	survive(*state, execution_lease, make_lease);
}

static void
the_same_key_gives_the_first_intent_again(void **state)
{
	struct trunk *t = *state;
	struct submission *a = make_submit(t, 0), *b = make_submit(t, 0);

	assert_int_equal(store_now(t->store, intent_submit, a), RC_OK);
	assert_int_equal(store_now(t->store, intent_submit, b), RC_OK);
	assert_true(b->replayed);
	assert_string_equal(a->intent.id, b->intent.id);
	b->key.request_sha256 = "other";
	assert_int_equal(store_now(t->store, intent_submit, b), RC_INVALID);
	assert_string_equal(b->fault.field, "Idempotency-Key");
	b = make_submit(t, 0);
	b->key.idempotency_header = NULL;
	assert_int_equal(store_now(t->store, intent_submit, b), RC_DUPLICATE);
	assert_string_equal(a->intent.id, b->intent.id);
	assert_int_equal(trunk_count(t, "SELECT count(*) FROM intent"), 1);
}

static void
an_agent_has_at_most_so_many_waiting(void **state)
{
	struct trunk *t = *state;
	struct submission *s;

	for (int i = 0; i < INTENT_PENDING_MAX; i++) {
		s = trunk_submission(t, 1);
		s->asks_n = 0;
		assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	}
	s = trunk_submission(t, 1);
	assert_int_equal(store_now(t->store, intent_submit, s), RC_LIMITED);
	assert_string_equal(s->fault.reason, "too_many_pending");
	s->verdict.state = INTENT_BLOCKED;
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(events_are_canonical),
	    TRUNK_TEST(one_approval_settles_a_plan_of_one),
	    TRUNK_TEST(two_approvals_must_be_of_the_same_option),
	    TRUNK_TEST(two_approvals_must_come_from_two_people),
	    TRUNK_TEST(each_outcome_ends_in_its_state),
	    TRUNK_TEST(who_may_not_decide_is_refused_and_audited),
	    TRUNK_TEST(nothing_leaves_a_final_state),
	    TRUNK_TEST(a_decision_binds_the_digest_that_was_shown),
	    TRUNK_TEST(a_late_answer_expires_it_instead),
	    TRUNK_TEST(deciding_owes_mails_and_webhooks),
	    TRUNK_TEST(an_execution_is_leased_once_and_reported_once),
	    TRUNK_TEST(another_payload_or_agent_is_not_executed),
	    TRUNK_TEST(a_submit_that_fails_anywhere_leaves_nothing),
	    TRUNK_TEST(a_decision_that_fails_anywhere_leaves_nothing),
	    TRUNK_TEST(a_lease_that_fails_anywhere_leaves_nothing),
	    TRUNK_TEST(the_same_key_gives_the_first_intent_again),
	    TRUNK_TEST(an_agent_has_at_most_so_many_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
