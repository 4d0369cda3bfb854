/* What waits for an account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "answer_bed.h"

enum { MANY = 301 /* one more than are looked through */ };

static void
done(void *ctx, struct pending_list *l)
{
	struct pending_list **out = ctx;

	*out = l;
}

static enum rc
nothing(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return RC_OK;
}

static struct pending_list *
list(struct answer_bed *b, const char *account)
{
	struct arena *a = arena_new();
	struct pending_list *l = arena_alloc(a, sizeof(*l)), *out = NULL;

	*l = (struct pending_list){.arena = a,
	    .channel = "slack",
	    .account = account,
	    .done = done,
	    .ctx = &out};
	answer_list(&b->env, l);
	assert_int_equal(store_now(b->t->store, nothing, NULL), RC_OK);
	assert_ptr_equal(out, l);
	assert_int_equal(l->rc, RC_OK);
	return l;
}

static void
submit(struct trunk *t, int ttl_s)
{
	struct submission *s = trunk_submission(t, 1);

	s->ttl_s = ttl_s;
	assert_int_equal(store_now(t->store, intent_submit, s), RC_OK);
}

static void
what_still_waits_is_listed_soonest_first(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 2);
	struct answer c = answer_bed_click(&b, "T1/U1", 0);
	struct pending_list *l;

	store_start(t->store);
	submit(t, 7200);
	submit(t, 60);
	l = list(&b, "T1/U1");
	assert_true(l->known && !l->cut);
	assert_int_equal(l->items_n, 3);
	assert_true(l->items[0].expires_ms < l->items[1].expires_ms);
	assert_true(l->items[1].expires_ms < l->items[2].expires_ms);
	pending_list_free(l);
	/* Whoever has answered is not waited for. */
	assert_int_equal(answer_bed_give(&b, &c)->rc, RC_OK);
	l = list(&b, "T1/U1");
	assert_int_equal(l->items_n, 2);
	pending_list_free(l);
	/* Nor who may not approve, nor a stranger. */
	l = list(&b, "T1/U9");
	assert_true(l->known && l->items_n == 0);
	pending_list_free(l);
	l = list(&b, "T1/U77");
	assert_true(!l->known && l->items_n == 0);
	pending_list_free(l);
	answer_bed_end(&b);
}

static void
a_list_of_too_much_says_so(void **state)
{
	struct trunk *t = *state;
	struct answer_bed b = answer_bed_make(t, "slack", 1);
	struct pending_list *l;

	for (int i = 2; i < MANY; i++) {
		submit(t, 7200);
	}
	submit(t, 60);
	store_start(t->store);
	l = list(&b, "T1/U1");
	assert_true(l->cut);
	assert_int_equal(l->items_n, PENDING_LIST_MAX);
	assert_int_equal(l->more, MANY - 1 - PENDING_LIST_MAX);
	assert_true(l->items[0].expires_ms < l->items[1].expires_ms);
	pending_list_free(l);
	answer_bed_end(&b);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(what_still_waits_is_listed_soonest_first),
	    TRUNK_TEST(a_list_of_too_much_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
