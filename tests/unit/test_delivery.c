/* Messages in chats: asked, repainted, settled, and where they go instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "lib/mem.h"
#include "outbox_end.h"
#include "policy_folder.h"
#include "trunk.h"

/* A trunk with one intent that waits for two people. */
struct bed {
	struct trunk *t;
	const char *intent;
	struct delivery_row *rows;
	int n;
};

static struct bed
bed_make(struct trunk *t)
{
	static const struct ask asks[] = {
	    {.channel = "slack", .address = "T1/C1"},
	    {.channel = "slack", .person = "dana", .address = "T1/U1"},
	    {.channel = "email", .person = "dana", .address = "d@example.com"},
	};
	struct submission *s = trunk_submission(t, 2);
	struct bed b = {.t = t};

	s->asks = asks;
	s->asks_n = ARRAY_LEN(asks);
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	b.intent = arena_strdup(t->arena, s->intent.id);
	return b;
}

/* All rows, in the order of their making. */
static void
look(struct bed *b)
{
	struct delivery_row *newest;
	struct fault f = {0};

	assert_int_equal(delivery_list(b->t->reader, -1, b->intent, NULL, 50,
			     b->t->arena, &newest, &b->n, &f),
	    RC_OK);
	b->rows = arena_array(b->t->arena, 50, sizeof(*b->rows));
	for (int i = 0; i < b->n; i++) {
		b->rows[i] = newest[b->n - 1 - i];
	}
}

static enum rc
change(struct tx *tx, void *arg)
{
	struct fault f = {0};

	return delivery_update(tx, arg, &f);
}

/* As the pump and a channel would leave the row. */
static void
put(struct bed *b, int i, enum delivery_state state, const char *remote_id)
{
	struct delivery_row *row = &b->rows[i];

	row->state = state;
	row->attempts = 1;
	row->remote_id = remote_id;
	row->due_ms += state == DELIVERY_LEASED ? OUTBOX_LEASE_MS : 0;
	assert_int_equal(store_now(b->t->store, change, row), RC_OK);
}

static void
vote(struct bed *b, const char *person, const char *via)
{
	struct deciding *w =
	    trunk_answer(b->t, b->intent, person, OUTCOME_APPROVE);

	w->decision.via = via;
	assert_int_equal(store_now(b->t->store, intent_decide, w), RC_OK);
}

static int
count(struct bed *b, enum delivery_kind kind, enum delivery_state state)
{
	int n = 0;

	look(b);
	for (int i = 0; i < b->n; i++) {
		n += b->rows[i].kind == kind && b->rows[i].state == state;
	}
	return n;
}

static struct outbox_options
options(struct rules *rules)
{
	return (struct outbox_options){.rules = rules, .mail_retry_ms = 1000};
}

static void
end(struct bed *b, const struct outbox_options *o, int i, enum rc rc,
    const char *account)
{
	char remote[] = "T1/D1/2.3";
	struct outbox_end e = {.options = o,
	    .rc = rc,
	    .remote_id = rc == RC_OK ? remote : NULL,
	    .account = mem_strdup(account)};

	(void)snprintf(e.id, sizeof(e.id), "%s", b->rows[i].id);
	assert_int_equal(store_now(b->t->store, outbox_end_attempt, &e), RC_OK);
	mem_drop(&e.account);
}

static void
votes_repaint_what_was_sent_to_chats_once(void **state)
{
	struct bed b = bed_make(*state);

	look(&b);
	put(&b, 0, DELIVERY_DONE, "T1/C1/1.1");
	put(&b, 2, DELIVERY_DONE, "<mail@x>");
	vote(&b, "dana", "page");
	assert_int_equal(count(&b, DELIVERY_REPAINT, DELIVERY_DUE), 1);
	assert_string_equal(b.rows[3].remote_id, "T1/C1/1.1");
	assert_string_equal(b.rows[3].address, "T1/C1");
}

static void
the_end_takes_the_place_of_repaints_that_wait(void **state)
{
	struct bed b = bed_make(*state);

	look(&b);
	put(&b, 0, DELIVERY_DONE, "T1/C1/1.1");
	put(&b, 1, DELIVERY_DONE, "T1/D1/2.2");
	put(&b, 2, DELIVERY_DONE, "<mail@x>");
	vote(&b, "lee", "page");
	vote(&b, "dana", "email");
	assert_int_equal(count(&b, DELIVERY_REPAINT, DELIVERY_DROPPED), 2);
	/* dana saw the end on the page behind the mail, not in the chat. */
	assert_int_equal(count(&b, DELIVERY_SETTLED, DELIVERY_DUE), 2);
}

static void
the_end_waits_for_the_repaint_under_way(void **state)
{
	const struct outbox_options o = options(NULL);
	struct bed b = bed_make(*state);
	long long leased;

	look(&b);
	put(&b, 0, DELIVERY_DONE, "T1/C1/1.1");
	vote(&b, "lee", "page");
	look(&b);
	put(&b, 3, DELIVERY_LEASED, "T1/C1/1.1");
	leased = b.rows[3].due_ms;
	vote(&b, "dana", "page");
	look(&b);
	assert_int_equal(b.n, 5);
	assert_int_equal(b.rows[4].kind, DELIVERY_SETTLED);
	assert_int_equal(b.rows[4].due_ms, leased);
	end(&b, &o, 3, RC_REMOTE_TEMP, NULL);
	look(&b);
	assert_true(b.rows[4].due_ms < leased);
	assert_int_equal(b.rows[4].state, DELIVERY_DUE);
	assert_string_equal(b.rows[4].remote_id, "T1/C1/1.1");
}

static void
the_end_waits_for_the_ask_under_way_and_learns_its_name(void **state)
{
	const struct outbox_options o = options(NULL);
	struct bed b = bed_make(*state);

	look(&b);
	put(&b, 1, DELIVERY_LEASED, NULL);
	vote(&b, "lee", "page");
	vote(&b, "mo", "page");
	look(&b);
	end(&b, &o, 1, RC_OK, NULL);
	look(&b);
	assert_int_equal(b.rows[b.n - 1].kind, DELIVERY_SETTLED);
	assert_string_equal(b.rows[b.n - 1].remote_id, "T1/D1/2.3");
}

static struct rules *
rules_of(const char *text, struct people **people)
{
	json_t *root = json_loads(text, 0, NULL);
	struct policy_folder dir;
	struct policy_set *set;
	struct fault f = {0};

	assert_int_equal(people_load(root, people, &f), RC_OK);
	json_decref(root);
	policy_folder_init(&dir);
	assert_int_equal(policy_set_load(dir.path, *people, &set, &f), RC_OK);
	policy_folder_fini(&dir);
	return rules_new(set);
}

static void
who_cannot_be_reached_is_asked_at_the_next_account(void **state)
{
	struct people *people;
	struct rules *rules = rules_of("{\"people\": [{\"id\": \"dana\","
				       "\"slack\": [\"T1/U1\", \"T2/U2\"]}]}",
	    &people);
	const struct outbox_options o = options(rules);
	struct bed b = bed_make(*state);

	look(&b);
	put(&b, 1, DELIVERY_LEASED, NULL);
	end(&b, &o, 1, RC_REMOTE_PERM, NULL);
	look(&b);
	assert_int_equal(b.rows[1].state, DELIVERY_DEAD);
	assert_int_equal(b.n, 4);
	assert_string_equal(b.rows[3].address, "T2/U2");
	assert_string_equal(b.rows[3].person, "dana");
	put(&b, 3, DELIVERY_LEASED, NULL);
	end(&b, &o, 3, RC_REMOTE_PERM, NULL); /* the last one */
	look(&b);
	assert_int_equal(b.n, 4);
	assert_int_equal(trunk_count(b.t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%delivery_fell_back%'"),
	    1);
	rules_free(rules);
	people_unref(people);
}

static void
an_account_found_by_address_is_remembered(void **state)
{
	static const struct ask ask = {.channel = "slack",
	    .person = "lee",
	    .address = "mailto:lee@example.com"};
	const struct outbox_options o = options(NULL);
	struct trunk *t = *state;
	struct submission *s = trunk_submission(t, 1);
	struct bed b = {.t = t};
	struct person lee = {.id = "lee", .email = "lee@example.com"};
	struct fault f = {0};
	const char *account;

	s->asks = &ask;
	s->asks_n = 1;
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
	b.intent = s->intent.id;
	look(&b);
	put(&b, 0, DELIVERY_LEASED, NULL);
	end(&b, &o, 0, RC_OK, "T1/U8");
	assert_int_equal(account_of(t->reader, &lee, "slack", t->arena,
			     &account, &f),
	    RC_OK);
	assert_string_equal(account, "T1/U8");
	lee.email = "new@example.com";
	assert_int_equal(account_of(t->reader, &lee, "slack", t->arena,
			     &account, &f),
	    RC_OK);
	assert_null(account);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(votes_repaint_what_was_sent_to_chats_once),
	    TRUNK_TEST(the_end_takes_the_place_of_repaints_that_wait),
	    TRUNK_TEST(the_end_waits_for_the_repaint_under_way),
	    TRUNK_TEST(the_end_waits_for_the_ask_under_way_and_learns_its_name),
	    TRUNK_TEST(who_cannot_be_reached_is_asked_at_the_next_account),
	    TRUNK_TEST(an_account_found_by_address_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
