#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_memory.h"

static const struct discord_ready ready = {"sess", "wss://edge", "42"};

static struct discord_memory
fresh(void)
{
	struct discord_memory m;

	discord_memory_init(&m, "token", false, NULL);
	return m;
}

/* What a restart would know. */
static struct discord_memory
again(const struct discord_memory *m, const char *token)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct discord_memory next;

	discord_memory_init(&next, token, false, discord_memory_text(m, a));
	return next;
}

static void
a_restart_knows_the_session_and_its_budget(void **state)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();
	CLEANUP(discord_memory_fini) struct discord_memory next = {0};

	(void)state;
	discord_memory_found(&m, "wss://main");
	discord_budget_take(&m.budget, 5000);
	discord_memory_ready(&m, &ready, 1);
	(void)discord_memory_seen(&m, 9, false);
	next = again(&m, "token");
	assert_string_equal(next.session_id, "sess");
	assert_string_equal(next.resume_url, "wss://edge");
	assert_string_equal(next.gateway_url, "wss://main");
	assert_string_equal(next.application_id, "42");
	assert_int_equal(next.seq, 9);
	assert_int_equal(next.budget.last_ms, 5000);
	assert_int_equal(next.budget.by_hour[0], 1);
	assert_int_equal(discord_memory_target(&next), DISCORD_RESUME_THERE);
}

static void
another_token_knows_nothing(void **state)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();
	CLEANUP(discord_memory_fini) struct discord_memory next = {0};

	(void)state;
	discord_memory_ready(&m, &ready, 1);
	next = again(&m, "tokem");
	assert_int_equal(discord_memory_target(&next), DISCORD_IDENTIFY);
	assert_string_equal(next.application_id, "");
}

static void
what_was_stored_by_nobody_counts_as_nothing(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{",
	    "null",
	    "[]",
	    "{}",
	    "{\"format\":2}",
	    "{\"format\":1,\"token\":7}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(discord_memory_fini) struct discord_memory m;

		discord_memory_init(&m, "token", false, texts[i]);
		assert_int_equal(discord_memory_target(&m), DISCORD_IDENTIFY);
		assert_null(discord_memory_url(&m, DISCORD_IDENTIFY));
		assert_int_equal(m.seq, DISCORD_SEQ_NONE);
	}
}

/* A text of ours with one member replaced. */
static struct discord_memory
with(const char *name, json_t *value)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct discord_memory next;
	json_t *root;
	char *text;

	discord_memory_ready(&m, &ready, 1);
	root = json_loads(discord_memory_text(&m, a), 0, NULL);
	assert_int_equal(json_object_set_new(root, name, value), 0);
	text = json_dumps(root, 0);
	json_decref(root);
	discord_memory_init(&next, "token", false, text);
	free(text);
	return next;
}

static void
a_stored_value_that_cannot_be_is_left_out(void **state)
{
	struct discord_memory m;

	(void)state;
	m = with("seq", json_integer(-1));
	assert_string_equal(m.session_id, "");
	discord_memory_fini(&m);
	m = with("seq", json_string("7"));
	assert_string_equal(m.session_id, "");
	discord_memory_fini(&m);
	m = with("resume_url", json_string("https://edge"));
	assert_string_equal(m.resume_url, "");
	assert_int_equal(discord_memory_target(&m), DISCORD_RESUME_MAIN);
	discord_memory_fini(&m);
	m = with("resume_url", json_string("ws://edge")); /* not over https */
	assert_string_equal(m.resume_url, "");
	discord_memory_fini(&m);
	m = with("identifies", json_string("none"));
	assert_int_equal(m.budget.last_ms, 0);
	assert_string_equal(m.session_id, "sess");
	discord_memory_fini(&m);
}

static void
a_restart_begins_behind_what_is_handled_without_a_gap(void **state)
{
	static const struct {
		const char *events; /* + open, - handled, . other */
		long long seqs[8];
		long long floor;
	} rows[] = {
	    {".", {2}, 2},
	    {"+", {2}, 1},
	    {"+-", {2, 2}, 2},
	    {"++-", {2, 3, 3}, 1},
	    {"++--", {2, 3, 3, 2}, 3},
	    {"+++-", {2, 3, 4, 2}, 2},
	    {"+.", {2, 3}, 1},
	    {"+.-", {2, 3, 2}, 3},
	    {"++-", {2, 2, 2}, 2}, /* the same one twice */
	    {"+-+", {2, 2, 2}, 1}, /* replayed */
	    {"+--", {2, 3, 2}, 2}, /* one that never came */
	    {"++", {3, 2}, 1},	   /* out of order */
	    {"..", {5, 4}, 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(discord_memory_fini) struct discord_memory m = fresh();
		CLEANUP(discord_memory_fini) struct discord_memory next = {0};
		long long base;

		discord_memory_ready(&m, &ready, 1);
		base = discord_memory_seen(&m, 1, true) - 1;
		assert_true(discord_memory_handled(&m, base + 1));
		for (size_t k = 0; rows[i].events[k] != '\0'; k++) {
			long long seq = rows[i].seqs[k];

			if (rows[i].events[k] == '-') {
				(void)discord_memory_handled(&m, base + seq);
			} else {
				(void)discord_memory_seen(&m, seq,
				    rows[i].events[k] == '+');
			}
		}
		next = again(&m, "token");
		assert_int_equal(next.seq, rows[i].floor);
	}
}

static void
a_ticket_of_an_old_session_handles_nothing_of_the_new(void **state)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();
	long long old, now;

	(void)state;
	discord_memory_ready(&m, &ready, 1);
	old = discord_memory_seen(&m, 2, true);
	discord_memory_ready(&m, &ready, 1);
	now = discord_memory_seen(&m, 2, true);
	assert_true(old != now);
	assert_false(discord_memory_handled(&m, old));
	assert_int_equal(m.open_n, 1);
	assert_true(discord_memory_handled(&m, now));
	assert_int_equal(m.open_n, 0);
	assert_false(discord_memory_handled(&m, 0));
	assert_false(discord_memory_handled(&m, -1));
	assert_int_equal(discord_memory_seen(&m, DISCORD_SEQ_NONE, true), 0);
}

static void
what_waits_to_be_handled_is_bounded(void **state)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();

	(void)state;
	discord_memory_ready(&m, &ready, 0);
	for (int i = 1; i <= DISCORD_OPEN_MAX + 2; i++) {
		(void)discord_memory_seen(&m, i, true);
	}
	assert_int_equal(m.open_n, DISCORD_OPEN_MAX);
	assert_int_equal(m.open[0], 3);
	assert_int_equal(m.open[DISCORD_OPEN_MAX - 1], DISCORD_OPEN_MAX + 2);
}

static void
addresses_take_turns_when_they_fail(void **state)
{
	static const enum discord_target expected[] = {
	    DISCORD_RESUME_THERE,
	    DISCORD_RESUME_THERE,
	    DISCORD_RESUME_MAIN,
	    DISCORD_RESUME_THERE,
	    DISCORD_RESUME_MAIN,
	};
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();

	(void)state;
	discord_memory_found(&m, "wss://main");
	discord_memory_ready(&m, &ready, 1);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		enum discord_target t = discord_memory_target(&m);

		assert_int_equal(t, expected[i]);
		assert_string_equal(discord_memory_url(&m, t),
		    t == DISCORD_RESUME_MAIN ? "wss://main" : "wss://edge");
		assert_false(discord_memory_stale(&m));
		discord_memory_unreached(&m, t);
	}
	assert_true(discord_memory_stale(&m));
	discord_memory_resumed(&m);
	assert_int_equal(discord_memory_target(&m), DISCORD_RESUME_THERE);
}

static void
a_session_that_dies_on_every_resume_is_given_up(void **state)
{
	CLEANUP(discord_memory_fini) struct discord_memory m = fresh();

	(void)state;
	discord_memory_ready(&m, &ready, 1);
	discord_memory_died(&m, DISCORD_RESUME_THERE);
	discord_memory_died(&m, DISCORD_RESUME_THERE);
	assert_int_equal(discord_memory_target(&m), DISCORD_RESUME_MAIN);
	discord_memory_died(&m, DISCORD_RESUME_MAIN);
	assert_int_equal(discord_memory_target(&m), DISCORD_IDENTIFY);
	assert_int_equal(m.seq, DISCORD_SEQ_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_restart_knows_the_session_and_its_budget),
	    cmocka_unit_test(another_token_knows_nothing),
	    cmocka_unit_test(what_was_stored_by_nobody_counts_as_nothing),
	    cmocka_unit_test(a_stored_value_that_cannot_be_is_left_out),
	    cmocka_unit_test(
		a_restart_begins_behind_what_is_handled_without_a_gap),
	    cmocka_unit_test(
		a_ticket_of_an_old_session_handles_nothing_of_the_new),
	    cmocka_unit_test(what_waits_to_be_handled_is_bounded),
	    cmocka_unit_test(addresses_take_turns_when_they_fail),
	    cmocka_unit_test(a_session_that_dies_on_every_resume_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
