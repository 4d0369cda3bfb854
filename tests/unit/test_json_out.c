#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <float.h>
#include <limits.h>
#include <math.h>

#include "lib/json.h"
#include "lib/json_out.h"

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

static void
values_of_every_kind_are_separated_and_closed(void **state)
{
	struct json_out o;
	size_t len;
	const char *text;

	json_out_init(&o, *state);
	json_out_object(&o, NULL);
	json_out_text(&o, "a", "x");
	json_out_int(&o, "b", -7);
	json_out_list(&o, "c");
	json_out_bool(&o, NULL, true);
	json_out_bool(&o, NULL, false);
	json_out_object(&o, NULL);
	json_out_end(&o);
	json_out_end(&o);
	json_out_null(&o, "d");
	json_out_raw(&o, "e", "[1]", 3);
	json_out_raw(&o, "f", NULL, 0);
	json_out_time(&o, "g", 1700000000123);
	json_out_time(&o, "h", 0);
	json_out_end(&o);
	text = json_out_finish(&o, &len);
	assert_string_equal(text,
	    "{\"a\":\"x\",\"b\":-7,\"c\":[true,false,{}],\"d\":null,"
	    "\"e\":[1],\"f\":null,\"g\":\"2023-11-14T22:13:20.123Z\","
	    "\"h\":null}");
	assert_int_equal(len, strlen(text));
}

static void
members_are_taken_over_as_text(void **state)
{
	static const struct {
		bool first;
		const char *members, *wanted;
	} rows[] = {
	    {true, "\"x\":1", "{\"x\":1,\"z\":2}"},
	    {false, "\"x\":1", "{\"a\":0,\"x\":1,\"z\":2}"},
	    {true, "", "{\"z\":2}"},
	    {false, "", "{\"a\":0,\"z\":2}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_out o;

		json_out_init(&o, *state);
		json_out_object(&o, NULL);
		if (!rows[i].first) {
			json_out_int(&o, "a", 0);
		}
		json_out_members(&o, rows[i].members, strlen(rows[i].members));
		json_out_int(&o, "z", 2);
		json_out_end(&o);
		assert_string_equal(json_out_finish(&o, NULL), rows[i].wanted);
	}
}

static const char *
text_of(struct arena *a, const char *s)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_text(&o, NULL, s);
	return json_out_finish(&o, NULL);
}

static void
texts_are_written_as_the_other_writer_does(void **state)
{
	static const char *const texts[] = {"", "plain", "\"", "\\", "a\"b\\c",
	    "\b\t\n\f\r", "\x01\x1f\x7f",
	    "\xc3\xa9\xe2\x80\x94\xf0\x9f\x92\xa9", "/", "end\"", "\"\"\"",
	    "\xe2\x80\xa8"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(json_drop) json_t *v = json_string(texts[i]);

		assert_string_equal(text_of(*state, texts[i]),
		    json_compact(*state, v, NULL));
	}
}

static void
what_is_not_utf8_is_null(void **state)
{
	static const char *const texts[] = {NULL, "\xff", "a\xc3",
	    "\xed\xa0\x80", "\xc0\xaf"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_string_equal(text_of(*state, texts[i]), "null");
	}
}

static const char *
real_of(struct arena *a, double d)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_real(&o, NULL, d);
	return json_out_finish(&o, NULL);
}

static void
reals_are_written_as_ecmascript_does(void **state)
{
	static const double reals[] = {0, -0.0, 0.3, 0.29, 0.07, 1, 10, 100,
	    1200.5, 0.1 + 0.2, 1.005, -0.5, -3, 1e12, 1e12 + 0.01, 999999999.99,
	    123456789012.34, 1e15, 1e21, 1e300, 5e-324, DBL_MAX, 0.001, 4.35,
	    0x1p53};

	for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
		CLEANUP(json_drop) json_t *v = json_real(reals[i]);

		assert_string_equal(real_of(*state, reals[i]),
		    json_canonical(*state, v, NULL));
	}
	assert_string_equal(real_of(*state, (double)NAN), "null");
	assert_string_equal(real_of(*state, (double)INFINITY), "null");
}

static void
every_number_of_cents_has_its_shortest_text(void **state)
{
	struct arena *a = *state;

	for (int i = 0; i < 20000; i++) {
		double d = i / 100.0;

		assert_true(strtod(real_of(a, d), NULL) == d);
		assert_true(strlen(real_of(a, d)) <= 6);
	}
}

static void
integers_reach_to_both_ends(void **state)
{
	static const struct {
		long long n;
		const char *text;
	} rows[] = {{0, "0"}, {-1, "-1"}, {1000, "1000"},
	    {LLONG_MAX, "9223372036854775807"},
	    {LLONG_MIN, "-9223372036854775808"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_out o;

		json_out_init(&o, *state);
		json_out_int(&o, NULL, rows[i].n);
		assert_string_equal(json_out_finish(&o, NULL), rows[i].text);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(values_of_every_kind_are_separated_and_closed),
	    TEST(members_are_taken_over_as_text),
	    TEST(texts_are_written_as_the_other_writer_does),
	    TEST(what_is_not_utf8_is_null),
	    TEST(reals_are_written_as_ecmascript_does),
	    TEST(every_number_of_cents_has_its_shortest_text),
	    TEST(integers_reach_to_both_ends),
	};

	return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
