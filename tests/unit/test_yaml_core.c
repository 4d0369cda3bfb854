#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "lib/yaml_core.h"

static const struct {
	const char *word, *same;
} words[] = {
    {"null", "null"},
    {"Null", "null"},
    {"NULL", "null"},
    {"~", "null"},
    {"nULL", "\"nULL\""},
    {"true", "true"},
    {"True", "true"},
    {"TRUE", "true"},
    {"false", "false"},
    {"False", "false"},
    {"FALSE", "false"},
    {"tRUE", "\"tRUE\""},
    {"yes", "\"yes\""},
    {"no", "\"no\""},
    {"NO", "\"NO\""},
    {"on", "\"on\""},
    {"off", "\"off\""},
    {"y", "\"y\""},
    {"n", "\"n\""},
    {"0", "0"},
    {"-0", "0"},
    {"12", "12"},
    {"+12", "12"},
    {"-12", "-12"},
    {"007", "7"},
    {"0o17", "15"},
    {"0x1F", "31"},
    {"0o18", "\"0o18\""},
    {"0o", "\"0o\""},
    {"0x", "\"0x\""},
    {"0xg", "\"0xg\""},
    {"-0x1", "\"-0x1\""},
    {"0b1", "\"0b1\""},
    {"9007199254740991", "9007199254740991"},
    {"3.0", "3"},
    {"3.25", "3.25"},
    {"-.5", "-0.5"},
    {"+.5", "0.5"},
    {"1.", "1"},
    {"1e3", "1000"},
    {"1.5E-3", "0.0015"},
    {"1e-999", "0"},
    {".", "\".\""},
    {"+", "\"+\""},
    {"-x", "\"-x\""},
    {"1e", "\"1e\""},
    {"e3", "\"e3\""},
    {"1e+", "\"1e+\""},
    {".e3", "\".e3\""},
    {"1.2.3", "\"1.2.3\""},
    {"1_000", "\"1_000\""},
    {"1,000", "\"1,000\""},
    {"1:30", "\"1:30\""},
    {"2026-01-02", "\"2026-01-02\""},
    {"127.0.0.1", "\"127.0.0.1\""},
    {"10 %", "\"10 %\""},
    {"inf", "\"inf\""},
    {"nan", "\"nan\""},
    {"NaN", "\"NaN\""},
    {"Infinity", "\"Infinity\""},
};

static void
a_plain_word_is_what_the_core_schema_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = NULL;
		const char *why = "";

		if (yaml_core_read(words[i].word, &v, &why) != RC_OK) {
			fail_msg("'%s' %s", words[i].word, why);
		}
		assert_string_equal(json_compact(a, v, NULL), words[i].same);
	}
}

static void
a_number_that_json_cannot_carry_is_refused(void **state)
{
	static const char finite[] = "is not a finite number";
	static const char quote[] =
	    "is beyond 2^53 - 1: quote it to make it text";
	static const struct {
		const char *word, *why;
	} rows[] = {
	    {".inf", finite},
	    {".Inf", finite},
	    {".INF", finite},
	    {"+.inf", finite},
	    {"-.inf", finite},
	    {"-.INF", finite},
	    {".nan", finite},
	    {".NaN", finite},
	    {".NAN", finite},
	    {"1e309", finite},
	    {"-1e309", finite},
	    {"9007199254740992", quote},
	    {"-9007199254740992", quote},
	    {"80351110224678912", quote},
	    {"1e16", quote},
	    {"0x20000000000000", quote},
	    {"0xffffffffffffffffffff", quote},
	    {"0o400000000000000000", quote},
	    {"0.10000000000000000000000000000000000000000000000000000000000",
		"is too long for a number: quote it to make it text"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *v = NULL;
		const char *why = "";

		if (yaml_core_read(rows[i].word, &v, &why) != RC_INVALID) {
			fail_msg("'%s' was taken", rows[i].word);
		}
		assert_string_equal(why, rows[i].why);
		assert_null(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_word_is_what_the_core_schema_says),
	    cmocka_unit_test(a_number_that_json_cannot_carry_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
