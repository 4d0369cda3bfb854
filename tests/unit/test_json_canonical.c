#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

static double
double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* RFC 8785 appendix B, then powers of two where the nearest text is wrong. */
static const struct {
	uint64_t bits;
	const char *text;
} numbers[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x3d30000000000000, "5.684341886080802e-14"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x000fffffffffffff, "2.225073858507201e-308"},
    {0x0000000000000002, "1e-323"},
    {0x3ff0000000000000, "1"},
    {0x3fb999999999999a, "0.1"},
    {0x4059000000000000, "100"},
    {0x4060233333333333, "129.1"},
};

static void
numbers_are_written_as_rfc_8785_appendix_b_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop)
		json_t *v = json_real(double_of(numbers[i].bits));

		assert_string_equal(json_canonical(a, v, NULL),
		    numbers[i].text);
		assert_string_equal(json_compact(a, v, NULL), numbers[i].text);
	}
	/* The two rows of the table that are errors never become a value. */
	assert_null(json_real(double_of(0x7fffffffffffffff)));
	assert_null(json_real(double_of(0x7ff0000000000000)));
}

static void
random_numbers_read_back_as_themselves(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = NULL;
		double d;

		/* Marsaglia's xorshift64 */
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		d = double_of(bits);
		v = json_real(d);
		if (v != NULL) {
			assert_true(strtod(json_canonical(a, v, NULL), NULL) ==
			    d);
		}
	}
}

static void
canonical_texts_are_those_of_rfc_8785(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
	    /* 3.2.2 and 3.2.3 */
	    {"{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3,"
	     " 0.000000000000000000000000001],"
	     " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c"
	     "\\\\\\\"\\/\", \"literals\": [null, true, false]}",
		"{\"literals\":[null,true,false],\"numbers\":[333333333.3333333"
		",1e+30,4.5,0.002,1e-27],\"string\":\"\xe2\x82\xac$\\u000f\\nA'"
		"B\\\"\\\\\\\\\\\"/\"}"},
	    {"{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\""
	     ":5,\"\\u0080\":6,\"\\u00f6\":7}",
		"{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,"
		"\"\xe2\x82\xac\":1,\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}"},
	    /* Surrogates stand between U+D7FF and U+E000. */
	    {"{\"\\uffff\":1,\"\\ue000\":2,\"\\ud800\\udc00\":3,\"\\ud7ff\":4,"
	     "\"\\udbff\\udfff\":5}",
		"{\"\xed\x9f\xbf\":4,\"\xf0\x90\x80\x80\":3,"
		"\"\xf4\x8f\xbf\xbf\":5,\"\xee\x80\x80\":2,"
		"\"\xef\xbf\xbf\":1}"},
	    /* A prefix stands first; deeper objects are sorted too. */
	    {"{\"ab\":1,\"a\":{\"z\":1,\"\":2,\"Z\":3},\"b\":[{\"d\":1,\"c\":2}"
	     "]}",
		"{\"a\":{\"\":2,\"Z\":3,\"z\":1},\"ab\":1,\"b\":[{\"c\":2,"
		"\"d\":1}]}"},
	    {"{\"x\\ue000\":1,\"x\\ud83d\\ude00\":2}",
		"{\"x\xf0\x9f\x98\x80\":2,\"x\xee\x80\x80\":1}"},
	    {"[ 56, {\"d\": true, \"10\": null, \"1\": [ ]} ]",
		"[56,{\"1\":[],\"10\":null,\"d\":true}]"},
	    {"\"\\u007f<>&\\u2028\"", "\"\x7f<>&\xe2\x80\xa8\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = NULL;
		struct fault f = {0};
		size_t len;

		assert_int_equal(json_read(rows[i].text, strlen(rows[i].text),
				     &v, &f),
		    RC_OK);
		assert_string_equal(json_canonical(a, v, &len),
		    rows[i].canonical);
		assert_int_equal(len, strlen(rows[i].canonical));
	}
}

static void
an_integer_of_ours_beyond_a_double_is_written_as_a_double(void **state)
{
	static const struct {
		json_int_t i;
		const char *canonical, *compact;
	} rows[] = {
	    {9007199254740993, "9007199254740992", "9007199254740993"},
	    {-9007199254740993, "-9007199254740992", "-9007199254740993"},
	    {9007199254740992, "9007199254740992", "9007199254740992"},
	    {INT64_MAX, "9223372036854776000", "9223372036854775807"},
	    {INT64_MIN, "-9223372036854776000", "-9223372036854775808"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = json_integer(rows[i].i);

		assert_string_equal(json_canonical(a, v, NULL),
		    rows[i].canonical);
		assert_string_equal(json_compact(a, v, NULL), rows[i].compact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_written_as_rfc_8785_appendix_b_shows),
	    cmocka_unit_test(random_numbers_read_back_as_themselves),
	    cmocka_unit_test(canonical_texts_are_those_of_rfc_8785),
	    cmocka_unit_test(
		an_integer_of_ours_beyond_a_double_is_written_as_a_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
