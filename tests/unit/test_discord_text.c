#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_text.h"
#include "tests/unit/card_samples.h"

static void
lengths_are_those_of_utf16(void **state)
{
	static const struct {
		const char *text;
		size_t units;
	} rows[] = {
	    {"", 0},
	    {"abc", 3},
	    {"\u00e4\u20ac", 2},
	    {"\U0001f600", 2},
	    {"a\U0001f600b", 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(discord_units(rows[i].text), rows[i].units);
	}
}

static void
a_cut_is_seen_and_splits_nothing(void **state)
{
	static const struct {
		const char *text;
		size_t units;
		const char *out;
		bool cut;
	} rows[] = {
	    {"abcd", 4, "abcd", false},
	    {"abcd", 3, "ab\u2026", true},
	    {"abcd", 1, "\u2026", true},
	    {"abcd", 0, "", true},
	    {"a\U0001f600b", 3, "a\u2026", true},
	    {"a\U0001f600b", 4, "a\U0001f600b", false},
	    /* An escape is not torn from what it escapes. */
	    {"ab\\*c", 4, "ab\u2026", true},
	    {"a\\\\cd", 4, "a\\\\\u2026", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool cut = false;
		const char *got =
		    discord_cut(*state, rows[i].text, rows[i].units, &cut);

		assert_string_equal(got, rows[i].out);
		assert_int_equal(cut, rows[i].cut);
		assert_true(discord_units(got) <= rows[i].units);
	}
}

static void
markup_is_escaped_where_it_would_be_markup(void **state)
{
	static const struct {
		const char *text, *out;
	} rows[] = {
	    {"plain words, 1.5 kB (x)", "plain words, 1.5 kB (x)"},
	    {"*b* _i_ ~s~ `c` |p|", "\\*b\\* \\_i\\_ \\~s\\~ \\`c\\` \\|p\\|"},
	    {"[text](http://e.vil)", "\\[text\\](http\\://e.vil)"},
	    {"<@1> <t:5> <#2> <a:b:3>", "\\<@1> \\<t:5> \\<#2> \\<a:b:3>"},
	    {"@everyone @here a@b.c", "\\@everyone \\@here a@b.c"},
	    {"# h\n> q\n- l\n+ l\na # > - b",
		"\\# h\n\\> q\n\\- l\n\\+ l\na # > - b"},
	    {" # h", " \\# h"},
	    {"1. one\n2 two", "1\\. one\n2 two"},
	    {"\\u{202e}", "\\\\u{202e}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(discord_escape(*state, rows[i].text),
		    rows[i].out);
	}
}

static void
nothing_closes_a_code_block(void **state)
{
	static const struct {
		const char *text, *out;
	} rows[] = {
	    {"a `b` ``c``", "a `b` ``c``"},
	    {"```", "``\\u{60}"},
	    {"a```b```", "a``\\u{60}b``\\u{60}"},
	    {"``````", "``\\u{60}``\\u{60}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = discord_fence(*state, rows[i].text);

		assert_string_equal(got, rows[i].out);
		assert_null(strstr(got, "```"));
	}
}

static void
an_id_is_digits_within_64_bits(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
	    {"175928847299117063", true},
	    {"1", true},
	    {"18446744073709551615", true},
	    {"18446744073709551616", false},
	    {"99999999999999999999", false},
	    {"100000000000000000000", false},
	    {"", false},
	    {"0", false},
	    {"01", false},
	    {"1a", false},
	    {"-1", false},
	    {" 1", false},
	    {NULL, false},
	};
	unsigned long long id = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(discord_is_id(rows[i].text, NULL),
		    rows[i].good);
	}
	/* The example of Discord, "Reference", Snowflakes. */
	assert_true(discord_is_id("175928847299117063", &id));
	assert_true(discord_id_ms(id) == 1462015105796LL);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, card_set_up, card_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lengths_are_those_of_utf16),
	    ROW(a_cut_is_seen_and_splits_nothing),
	    ROW(markup_is_escaped_where_it_would_be_markup),
	    ROW(nothing_closes_a_code_block),
	    cmocka_unit_test(an_id_is_digits_within_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
