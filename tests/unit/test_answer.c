/* What people press in a chat: who they are, what it is, and whether it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "answer.h"
#include "db_faulty.h"
#include "lib/mem.h"
#include "policy_folder.h"
#include "trunk.h"

static const char yaml[] =
    "{\"people\": ["
    "{\"id\": \"dana\", \"name\": \"Dana\", \"slack\": [\"T1/U1\"]},"
    "{\"id\": \"lee\", \"email\": \"lee@example.com\"},"
    "{\"id\": \"omar\", \"slack\": [\"T1/U3\"]},"
    "{\"id\": \"mo\", \"discord\": [\"55\"]},"
    "{\"id\": \"eve\", \"slack\": [\"T1/U9\"]}],"
    "\"groups\": {\"finance\": [\"dana\"]},"
    "\"discord_roles\": {\"7/8\": \"finance\"}}";

/* A trunk, people, and one intent that was asked in a channel. */
struct bed {
	struct trunk *t;
	struct people *people;
	struct rules *rules;
	struct answer_env env;
	const char *intent;
	char delivery[ID_SIZE];
	const char *handle;
	struct answer *back; /* the last that was done */
};

static void
load_people(struct bed *b)
{
	json_t *root = json_loads(yaml, 0, NULL);
	struct policy_folder dir;
	struct policy_set *set;
	struct fault f = {0};

	assert_int_equal(people_load(root, &b->people, &f), RC_OK);
	json_decref(root);
	policy_folder_init(&dir);
	policy_folder_put(&dir, "p.yaml", "id: p\n");
	assert_int_equal(policy_set_load(dir.path, b->people, &set, &f), RC_OK);
	policy_folder_fini(&dir);
	b->rules = rules_new(set);
}

static void
ask(struct bed *b, const char *channel, struct submission *s)
{
	const struct ask asks[] = {{.channel = channel, .address = "C1"}};
	struct delivery_row *rows;
	struct fault f = {0};
	int n;

	s->asks = asks;
	s->asks_n = 1;
	assert_int_equal(store_now(b->t->store, intent_submit, s), RC_OK);
	b->intent = arena_strdup(b->t->arena, s->intent.id);
	assert_int_equal(delivery_list(b->t->reader, -1, b->intent, NULL, 10,
			     b->t->arena, &rows, &n, &f),
	    RC_OK);
	assert_int_equal(n, 1);
	memcpy(b->delivery, rows[0].id, strlen(rows[0].id) + 1);
	b->handle = handle_make(b->t->arena, vault_handle_keys(b->t->vault),
	    b->delivery, s->intent.digest);
}

static struct bed
bed_make(struct trunk *t, const char *channel, int required)
{
	struct bed b = {.t = t};

	load_people(&b);
	b.env = (struct answer_env){t->store, b.rules,
	    {.vault = t->vault, .public_url = "http://127.0.0.1"}};
	ask(&b, channel, trunk_submission(t, required));
	return b;
}

static void
bed_end(struct bed *b)
{
	answer_free(b->back);
	rules_free(b->rules);
	people_unref(b->people);
}

static void
done(void *ctx, struct answer *w)
{
	struct bed *b = ctx;

	answer_free(b->back);
	b->back = w;
}

static struct answer
click(const struct bed *b, const char *account, int option)
{
	return (struct answer){.channel = "slack",
	    .id = arena_printf(b->t->arena, "%s-%d", account, option),
	    .account = account,
	    .name = "somebody",
	    .remote_id = "T1/C1/1.2",
	    .handle = b->handle,
	    .option = option};
}

static enum rc
nothing(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return RC_OK;
}

/* Takes a copy and waits until it is back. */
static struct answer *
give(struct bed *b, const struct answer *what)
{
	struct arena *a = arena_new();
	struct answer *w = arena_alloc(a, sizeof(*w));

	*w = *what;
	w->arena = a;
	w->done = done;
	w->ctx = b;
	answer_take(&b->env, w);
	assert_int_equal(store_now(b->t->store, nothing, NULL), RC_OK);
	return b->back;
}

static void
start(struct trunk *t)
{
	store_start(t->store);
}

static long long
votes(const struct bed *b)
{
	return trunk_count(b->t, "SELECT count(*) FROM vote");
}

static void
a_click_of_a_known_account_decides(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t, "slack", 1);
	struct answer c = click(&b, "T1/U1", 0), *w;

	start(t);
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_true(w->settled);
	assert_int_equal(w->intent->state, INTENT_APPROVED);
	assert_string_equal(w->intent->decided_by, "dana");
	assert_string_equal(w->intent->decided_via, "slack");
	assert_int_equal(w->card->options_n, 0);
	assert_string_equal(w->shown_handle, "");
	bed_end(&b);
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
	struct bed b = bed_make(t, "slack", 1);
	struct answer first = click(&b, "T1/U9", 0);

	start(t);
	(void)give(&b, &first); /* from now on the message has a name */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer c = click(&b, rows[i].account, 0), *w;

		c.id = arena_printf(t->arena, "row-%zu", i);
		c.remote_id = rows[i].remote != NULL ? rows[i].remote
						     : c.remote_id;
		c.handle = rows[i].handle != NULL ? rows[i].handle : c.handle;
		c.channel = rows[i].channel != NULL ? rows[i].channel
						    : c.channel;
		w = give(&b, &c);
		assert_int_equal(w->rc, RC_FORBIDDEN);
		assert_string_equal(w->fault.reason, rows[i].reason);
	}
	assert_int_equal(votes(&b), 0);
	assert_int_equal(trunk_read(t, b.intent).state, INTENT_PENDING);
	/* All but those of no intent that we know. */
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%\"decision_refused\"%'"),
	    7);
	bed_end(&b);
}

static void
the_same_interaction_changes_nothing(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t, "slack", 2);
	struct answer c = click(&b, "T1/U1", 0), *w;

	start(t);
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_false(w->repeated);
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_true(w->repeated);
	assert_int_equal(votes(&b), 1);
	c.id = "another";
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_DUPLICATE);
	assert_string_equal(w->fault.reason, "already_voted");
	bed_end(&b);
}

static void
a_refused_interaction_is_refused_again(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t, "slack", 1);
	struct answer c = click(&b, "T1/U9", 0), *w;

	start(t);
	for (int i = 0; i < 2; i++) {
		w = give(&b, &c);
		assert_int_equal(w->repeated, i == 1);
		assert_int_equal(w->rc, RC_FORBIDDEN);
		assert_string_equal(w->fault.reason, "not_an_approver");
		assert_true(w->fault.text[0] != '\0');
	}
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM audit WHERE event LIKE "
			     "'%\"decision_refused\"%'"),
	    1);
	bed_end(&b);
}

static void
a_dry_run_says_what_would_be_and_counts_nothing(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t, "slack", 1);
	struct answer c = click(&b, "T1/U1", 1), *w;

	start(t);
	c.dry_run = true;
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_int_equal(votes(&b), 0);
	c.dry_run = false;
	c.reason = "too much";
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_int_equal(w->intent->state, INTENT_DENIED);
	assert_string_equal(w->intent->reason, "too much");
	c.id = "another";
	c.dry_run = true;
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_CONFLICT);
	assert_string_equal(w->fault.reason, "already_answered");
	bed_end(&b);
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
	struct bed b = bed_make(t, "slack", 1);
	struct answer c = click(&b, "T1/U5", 0), *w;
	char old[] = "old@example.com", now[] = "Lee@example.com";

	start(t);
	assert_int_equal(store_now(t->store, put_account, old), RC_OK);
	w = give(&b, &c);
	assert_string_equal(w->fault.reason, "unknown_account");
	assert_int_equal(store_now(t->store, put_account, now), RC_OK);
	c.id = "second";
	w = give(&b, &c);
	assert_int_equal(w->rc, RC_OK);
	assert_string_equal(w->intent->decided_by, "lee");
	bed_end(&b);
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
	static const char *roles[] = {"7/8"};
	struct trunk *t = *state;
	struct bed b = {.t = t};
	struct submission *s = trunk_submission(t, 1);

	load_people(&b);
	b.env = (struct answer_env){t->store, b.rules,
	    {.vault = t->vault, .public_url = "http://127.0.0.1"}};
	s->asked.plan.roles = (struct field_strings){roles, 1};
	ask(&b, "discord", s);
	start(t);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *held[] = {rows[i].role};
		struct answer c = click(&b, "99", 0), *w;

		c.id = arena_printf(t->arena, "%zu", i);
		c.channel = "discord";
		c.place = rows[i].place;
		c.roles = (struct field_strings){held, 1};
		w = give(&b, &c);
		assert_int_equal(w->rc, rows[i].counts ? RC_OK : RC_FORBIDDEN);
	}
	assert_string_equal(trunk_read(t, b.intent).decided_by, "discord:99");
	bed_end(&b);
}

/* Whichever call of the database fails: all of the answer or nothing. */
static void
an_answer_survives_each_failing_call(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t, "slack", 1);
	long long counted = 0;
	bool fired = true;

	start(t);
	for (int n = 1; fired; n++) {
		struct answer c, *w;

		ask(&b, "slack", trunk_submission(t, 1));
		c = click(&b, "T1/U1", 0);
		c.id = arena_printf(t->arena, "%d", n);
		db_faulty_fail(t->faulty, n);
		w = give(&b, &c);
		fired = db_faulty_fired(t->faulty);
		db_faulty_fail(t->faulty, 0);
		counted += w->rc == RC_OK;
		assert_true(w->rc == RC_OK || w->rc == RC_STORE);
		assert_int_equal(votes(&b), counted);
		assert_int_equal(trunk_count(t,
				     "SELECT count(*) FROM interaction"),
		    counted);
		assert_int_equal(trunk_read(t, b.intent).state ==
			INTENT_APPROVED,
		    w->rc == RC_OK);
	}
	assert_true(counted > 10);
	bed_end(&b);
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
	    TRUNK_TEST(a_refused_interaction_is_refused_again),
	    TRUNK_TEST(a_dry_run_says_what_would_be_and_counts_nothing),
	    TRUNK_TEST(
		an_account_found_by_mail_counts_while_the_address_is_theirs),
	    TRUNK_TEST(a_role_counts_in_its_guild_alone),
	    TRUNK_TEST(an_answer_survives_each_failing_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
