/* A channel that takes nothing is not asked all the time. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "outbox.h"
#include "policy_folder.h"
#include "trunk.h"

enum { INTENTS = 200, ROUND = 32 /* deliveries of one run of the pump */ };

static atomic_int offered;
static atomic_llong round_ms[4]; /* when each round began */

/* In place of channel.c, which brings every channel: one that refuses. */

static bool
wanted(const struct channel_env *env)
{
	(void)env;
	return true;
}

static enum rc
start(const struct channel_env *env, void **self, struct fault *f)
{
	(void)env;
	(void)f;
	*self = &offered;
	return RC_OK;
}

static enum rc
deliver(void *self, struct delivery *d)
{
	int n = atomic_fetch_add((atomic_int *)self, 1);

	(void)d;
	if (n % ROUND == 0 && n / ROUND < (int)ARRAY_LEN(round_ms)) {
		atomic_store(&round_ms[n / ROUND], clock_mono_ms());
	}
	return RC_BUSY;
}

static void
stop(void *self)
{
	(void)self;
}

static const struct channel_ops channel_email_full = {
    .name = "email",
    .interactive = true, /* no links */
    .wanted = wanted,
    .start = start,
    .deliver = deliver,
    .stop = stop,
};

const struct channel_ops *const channel_all[] = {&channel_email_full, NULL};

const struct channel_ops *
channel_find(const char *name)
{
	return strcmp(name, "email") == 0 ? &channel_email_full : NULL;
}

void
delivery_free(struct delivery *d)
{
	if (d != NULL) {
		arena_free(d->arena);
	}
}

static void
owed(void *ctx)
{
	outbox_kick(*(struct outbox **)ctx);
}

static void
a_channel_that_is_busy_is_left_alone_for_a_while(void **state)
{
	struct trunk *t = *state;
	struct rules *rules = rules_new(policy_set_of("id: p\n"));
	const struct outbox_options o = {.store = t->store,
	    .rules = rules,
	    .message = {.vault = t->vault, .public_url = "http://127.0.0.1"}};
	const struct channel_up up = {.ctx = NULL};
	const struct channel_env env = {.up = &up};
	struct outbox *outbox = outbox_new(&o);
	const struct store_listener ear = {.owed = owed, .ctx = &outbox};
	long long until = clock_mono_ms() + 30000;
	struct fault f = {0};

	for (int i = 0; i < INTENTS; i++) {
		(void)trunk_submit(t, 1);
	}
	assert_int_equal(outbox_start(outbox, &env, &f), RC_OK);
	store_listen(t->store, &ear);
	store_start(t->store);
	while (atomic_load(&round_ms[3]) == 0 && clock_mono_ms() < until) {
		(void)sched_yield();
	}
	for (size_t i = 1; i < ARRAY_LEN(round_ms); i++) {
		assert_in_range(round_ms[i] - round_ms[i - 1], 900, 20000);
	}
	outbox_stop(outbox);
	store_stop(t->store);
	outbox_free(outbox);
	rules_free(rules);
	/* Nothing was tried, nothing is lost. */
	assert_int_equal(trunk_count(t,
			     "SELECT count(*) FROM delivery WHERE "
			     "state <> 'done' AND attempts <= 1"),
	    2 * INTENTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_channel_that_is_busy_is_left_alone_for_a_while, trunk_setup,
		trunk_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
