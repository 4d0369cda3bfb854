#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_impl.h"
#include "lib/mem.h"

static const struct route by_id, other;

static int
set_up(void **state)
{
	*state = show_cache_new();
	return 0;
}

static int
tear_down(void **state)
{
	show_cache_free(*state);
	return 0;
}

static void
keep(struct show_cache *c, const char *id, unsigned long epoch,
    const char *body)
{
	const struct shown s = {.route = &by_id,
	    .agent_id = "agt_1",
	    .pending = true,
	    .body = body,
	    .len = strlen(body),
	    .etag = "\"tag\""};

	show_cache_put(c, id, epoch, &s);
}

static void
an_answer_is_found_by_its_route_id_and_epoch_alone(void **state)
{
	static const struct {
		const struct route *route;
		const char *id;
		unsigned long epoch;
		bool found;
	} rows[] = {
	    {&by_id, "int_a", 7, true},
	    {&other, "int_a", 7, false},
	    {&by_id, "int_b", 7, false},
	    {&by_id, "int_a", 6, false},
	    {&by_id, "int_a", 8, false},
	};

	keep(*state, "int_a", 7, "{\"a\":1}");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shown s;

		assert_int_equal(show_cache_get(*state, rows[i].route,
				     rows[i].id, rows[i].epoch, &s),
		    rows[i].found);
		if (rows[i].found) {
			assert_int_equal(s.len, 7);
			assert_memory_equal(s.body, "{\"a\":1}", 7);
			assert_string_equal(s.agent_id, "agt_1");
			assert_string_equal(s.etag, "\"tag\"");
			assert_true(s.pending);
		}
	}
}

static void
a_newer_answer_takes_the_place_of_the_older(void **state)
{
	struct shown s;

	keep(*state, "int_a", 1, "old");
	keep(*state, "int_a", 2, "newer");
	assert_false(show_cache_get(*state, &by_id, "int_a", 1, &s));
	assert_true(show_cache_get(*state, &by_id, "int_a", 2, &s));
	assert_memory_equal(s.body, "newer", s.len);
}

static void
a_thousand_answers_hardly_drive_each_other_out(void **state)
{
	char id[ID_SIZE];
	struct shown s;
	int found = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "int_%016x", i * 7919);
		keep(*state, id, 1, id);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "int_%016x", i * 7919);
		if (show_cache_get(*state, &by_id, id, 1, &s)) {
			assert_memory_equal(s.body, id, s.len);
			found++;
		}
	}
	assert_in_range(found, 995, 1000);
}

static void
what_is_too_long_is_not_kept(void **state)
{
	char *body = mem_new(8 * 1024 + 2, 1);
	char id[ID_SIZE + 1];
	struct shown s;

	memset(body, 'b', 8 * 1024);
	keep(*state, "int_fits", 1, body);
	assert_true(show_cache_get(*state, &by_id, "int_fits", 1, &s));
	body[8 * 1024] = 'b';
	keep(*state, "int_long", 1, body);
	assert_false(show_cache_get(*state, &by_id, "int_long", 1, &s));
	memset(id, 'i', ID_SIZE);
	id[ID_SIZE] = '\0';
	keep(*state, id, 1, "{}");
	assert_false(show_cache_get(*state, &by_id, id, 1, &s));
	free(body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_answer_is_found_by_its_route_id_and_epoch_alone, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		a_newer_answer_takes_the_place_of_the_older, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_thousand_answers_hardly_drive_each_other_out, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(what_is_too_long_is_not_kept,
		set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
