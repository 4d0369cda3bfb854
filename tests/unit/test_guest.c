#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "decider.h"
#include "guest.h"
#include "store_json.h"
#include "trunk.h"

static void
a_mailbox_has_one_id_in_any_case_that_does_not_tell_it(void **state)
{
	const struct address upper = {"email", "M.Miller@Acme.com"};
	const struct address lower = {"email", "m.miller@acme.com"};
	const struct address other = {"email", "m.muller@acme.com"};
	struct guest g = guest_at(*state, &upper);

	assert_string_equal(g.id, guest_at(*state, &lower).id);
	assert_string_not_equal(g.id, guest_at(*state, &other).id);
	assert_null(strstr(g.id, "iller"));
	assert_string_equal(g.name, "M***r@Acme.com");
	assert_int_equal(strlen(g.id), strlen("guest:mail:") + 16);
}

static const struct {
	struct address at;
	const char *id, *name, *assurance;
	bool one_person;
} guests[] = {
    {{"email", "a@b.example"}, NULL, "***@b.example", "link", true},
    {{"slack_webhook", "https://x"}, "guest:slack", "reader of the Slack post",
	"link", false},
    {{"link", NULL}, "guest:holder", "holder of the link", "none", false},
};

static void
a_guest_is_who_reads_at_the_address(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(guests); i++) {
		struct guest g = guest_at(*state, &guests[i].at);

		assert_true(guest_is(g.id));
		if (guests[i].id != NULL) {
			assert_string_equal(g.id, guests[i].id);
		}
		assert_string_equal(g.name, guests[i].name);
		assert_string_equal(guest_via(g.id), guests[i].at.channel);
		assert_string_equal(guest_assurance(g.id), guests[i].assurance);
		assert_int_equal(guest_is_one_person(g.id),
		    guests[i].one_person);
	}
}

static void
persons_keys_and_viewers_are_no_guests_of_a_channel(void **state)
{
	static const char *const ids[] = {"dana", "key_1", "policy", "clock",
	    GUEST_VIEWER, "guest:slackers"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_string_equal(guest_via(ids[i]), "");
		assert_false(guest_is_one_person(ids[i]));
	}
	assert_false(guest_is("dana"));
	assert_false(guest_is(NULL));
	assert_true(guest_is(GUEST_VIEWER));
}

static void
a_plan_keeps_the_names_of_its_guests(void **state)
{
	static const char *ids[] = {"dana", "guest:slack"};
	const struct plan plan = {.approvers = {ids, 2},
	    .guests = {{"guest:slack", "reader \"of\" it"}},
	    .guests_n = 1,
	    .deny_threshold = 1};
	struct plan back;

	store_json_plan(store_json_of_plan(*state, &plan), *state, &back);
	assert_int_equal(back.guests_n, 1);
	assert_string_equal(guest_name(&back, "guest:slack"),
	    "reader \"of\" it");
	assert_null(guest_name(&back, "dana"));
}

static struct people *
people_of(const char *text)
{
	json_t *root = json_loads(text, 0, NULL);
	struct people *p;
	struct fault f = {0};

	assert_int_equal(people_load(root, &p, &f), RC_OK);
	json_decref(root);
	return p;
}

/* Who decided, where, and how an agent may hear of it. */
static const struct {
	enum intent_state state;
	const char *by, *name, *via;
	const char *mail, *slack;
} deciders[] = {
    {INTENT_APPROVED, "dana", "Dana", "email", "d***a@example.com", NULL},
    {INTENT_APPROVED, "dana", "Dana", "slack", "d***a@example.com", "U0001"},
    {INTENT_DENIED, "lee", "Lee", "slack", NULL, NULL},
    {INTENT_DENIED, "mo", "Mo", "slack", NULL, NULL},
    {INTENT_DENIED, "kim", "Kim", "slack", "k***m@example.com", "U7"},
    {INTENT_DENIED, "gone", "Gone", "email", NULL, NULL},
    {INTENT_APPROVED, "guest:mail:0123456789abcdef", "m***r@acme.com", "email",
	"m***r@acme.com", NULL},
    {INTENT_RESOLVED, "guest:slack", "reader of the Slack post",
	"slack_webhook", NULL, NULL},
    {INTENT_APPROVED, "guest:holder", "holder of the link", "link", NULL, NULL},
    {INTENT_APPROVED, "policy", "policy", "policy", NULL, NULL},
    {INTENT_EXPIRED, "clock", "clock", "clock", NULL, NULL},
    {INTENT_APPROVED, "key_1", "rita", "api", NULL, NULL},
    {INTENT_PENDING, NULL, NULL, NULL, NULL, NULL},
};

static void
assert_same(const char *got, const char *wanted)
{
	if (wanted == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, wanted);
}

/* Found by kim's address once. */
static enum rc
put_account(struct tx *tx, void *arg)
{
	struct fault f = {0};

	(void)arg;
	return account_put(tx, "slack", "T1/U7", "kim", "kim@example.com", &f);
}

static void
an_agent_hears_a_mask_and_an_account(void **state)
{
	struct trunk *t;
	struct db *db;
	struct people *p = people_of(
	    "{\"people\": [{\"id\": \"dana\", \"email\": \"dana@example.com\","
	    " \"slack\": [\"T0001/U0001\"]}, {\"id\": \"lee\"},"
	    "{\"id\": \"mo\", \"slack\": [\"T1/U1\", \"T1/U2\"]},"
	    "{\"id\": \"kim\", \"email\": \"kim@example.com\"}]}");

	assert_int_equal(trunk_setup((void **)&t), 0);
	db = t->reader;
	assert_int_equal(store_now(t->store, put_account, NULL), RC_OK);

	for (size_t i = 0; i < ARRAY_LEN(deciders); i++) {
		const struct intent in = {.state = deciders[i].state,
		    .decided_by = deciders[i].by,
		    .decided_name = deciders[i].name,
		    .decided_via = deciders[i].via};
		struct decider d = decider_of(db, p, &in, *state);

		assert_same(d.mail, deciders[i].mail);
		assert_same(d.slack, deciders[i].slack);
	}
	people_unref(p);
	assert_int_equal(trunk_teardown((void **)&t), 0);
}

static int
set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_mailbox_has_one_id_in_any_case_that_does_not_tell_it),
	    cmocka_unit_test(a_guest_is_who_reads_at_the_address),
	    cmocka_unit_test(
		persons_keys_and_viewers_are_no_guests_of_a_channel),
	    cmocka_unit_test(a_plan_keeps_the_names_of_its_guests),
	    cmocka_unit_test(an_agent_hears_a_mask_and_an_account),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
