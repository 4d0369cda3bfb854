/* The pump: what it leases it hands over, whatever shares its batch. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "outbox.h"
#include "policy_folder.h"
#include "trunk.h"

/* A trunk with an outbox over the webhook channel. */
struct bed {
	struct trunk *t;
	struct rules *rules;
	struct http_client *client;
	struct outbox *outbox;
	struct channel_up up;
};

static const char *
no_setting(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void
owed(void *ctx)
{
	struct bed *b = ctx;

	outbox_kick(b->outbox);
}

static struct bed
bed_make(struct trunk *t)
{
	static const struct http_client_options courier = {
	    .waiting_max = 100,
	    .user_agent = "test",
	};
	struct bed b = {.t = t, .rules = rules_new(policy_set_of("id: p\n"))};
	struct fault f = {0};

	assert_int_equal(http_client_new(&courier, &b.client, &f), RC_OK);
	return b;
}

static void
bed_start(struct bed *b)
{
	const struct outbox_options o = {.store = b->t->store,
	    .rules = b->rules,
	    .webhook_retry_ms = {3600 * 1000},
	    .webhook_retries = 1,
	    .message = {.vault = b->t->vault,
		.public_url = "http://127.0.0.1"}};
	const struct channel_env env = {.up = &b->up,
	    .http = b->client,
	    .setting = no_setting,
	    .public_url = "http://127.0.0.1"};
	const struct store_listener ear = {.owed = owed, .ctx = b};
	struct fault f = {0};

	b->outbox = outbox_new(&o);
	assert_int_equal(outbox_start(b->outbox, &env, &f), RC_OK);
	store_listen(b->t->store, &ear);
}

static void
bed_end(struct bed *b)
{
	outbox_stop(b->outbox);
	store_stop(b->t->store);
	outbox_free(b->outbox);
	http_client_free(b->client);
	rules_free(b->rules);
}

static enum rc
kick(struct tx *tx, void *arg)
{
	struct bed *b = arg;

	(void)tx;
	outbox_kick(b->outbox);
	return RC_OK;
}

static enum rc
submit_once(struct tx *tx, void *arg)
{
	struct submission *s = arg;

	return s->intent.id[0] == '\0' ? intent_submit(tx, s) : RC_OK;
}

static long long
ended(struct trunk *t)
{
	return trunk_count(t,
	    "SELECT count(*) FROM delivery WHERE ended_ms <> 0");
}

/*
 * The first kick waits in the queue when the timer's run hears it, so that the
 * submit of the second timer kicks again: both runs share the next batch.
 */
static void
two_runs_of_the_pump_in_one_batch_lose_nothing(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t);
	struct submission *s = trunk_submission(t, 1);
	long long until = clock_mono_ms() + 20000;

	bed_start(&b);
	s->verdict.state = INTENT_APPROVED;
	s->webhook_url = "https://127.0.0.1/refused";
	store_timer(t->store, 3600 * 1000, submit_once, NULL, s);
	assert_int_equal(store_write(t->store, kick, NULL, &b), RC_OK);
	store_start(t->store);
	while (ended(t) == 0 && clock_mono_ms() < until) {
		(void)sched_yield();
	}
	assert_int_equal(ended(t), 1);
	bed_end(&b);
}

static void
a_stopped_outbox_has_channels_that_are_down(void **state)
{
	struct trunk *t = *state;
	struct bed b = bed_make(t);
	struct channel_health h;

	bed_start(&b);
	store_start(t->store);
	assert_int_equal(outbox_channels(b.outbox), 2);
	assert_string_equal(outbox_channel(b.outbox, 0, &h), "webhook");
	assert_int_equal(h.state, CHANNEL_UP);
	outbox_stop(b.outbox);
	assert_string_equal(outbox_channel(b.outbox, 0, &h), "webhook");
	assert_int_equal(h.state, CHANNEL_DOWN);
	bed_end(&b);
}

#define TRUNK_TEST(f) \
	cmocka_unit_test_setup_teardown(f, trunk_setup, trunk_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUNK_TEST(two_runs_of_the_pump_in_one_batch_lose_nothing),
	    TRUNK_TEST(a_stopped_outbox_has_channels_that_are_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
