#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/json.h"

struct row {
	const char *text;
	size_t len;
	const char *why; /* part of the fault's words */
};

/* Texts with NUL bytes in them know their length. */
#define ROW(text, why) \
	{ \
		(text), sizeof(text) - 1, (why) \
	}

static const struct row refused[] = {
    /* Nothing there. */
    ROW("", "is empty"),
    ROW(" ", "end of file"),
    ROW("\n\n\t\r ", "end of file"),
    /* Not ended. */
    ROW("{", "end of file"),
    ROW("[", "end of file"),
    ROW("\"", "premature end"),
    ROW("\"abc", "premature end"),
    ROW("\"abc\\", "invalid escape"),
    ROW("\"abc\\\"", "premature end"),
    ROW("{\"a\"", "end of file"),
    ROW("{\"a\":", "end of file"),
    ROW("{\"a\":1", "end of file"),
    ROW("{\"a\":1,", "end of file"),
    ROW("[1", "end of file"),
    ROW("[1,", "end of file"),
    ROW("[[[[", "end of file"),
    ROW("tru", "invalid token"),
    ROW("nul", "invalid token"),
    ROW("-", "invalid token"),
    /* Ended wrongly. */
    ROW("]", "unexpected token"),
    ROW("}", "unexpected token"),
    ROW("[}", "unexpected token"),
    ROW("{]", "expected"),
    ROW("[1}", "expected"),
    ROW("{\"a\":1]", "expected"),
    ROW(",", "unexpected token"),
    ROW(":", "unexpected token"),
    /* Something behind it. */
    ROW("{} x", "end of file expected"),
    ROW("{}{}", "end of file expected"),
    ROW("[][]", "end of file expected"),
    ROW("1 2", "end of file expected"),
    ROW("1,", "end of file expected"),
    ROW("{}]", "end of file expected"),
    ROW("{}}", "end of file expected"),
    ROW("null null", "end of file expected"),
    ROW("\"a\"\"b\"", "end of file expected"),
    ROW("{}//", "end of file expected"),
    /* NUL bytes; behind a number jansson alone would skip them. */
    ROW("\0", "NUL byte"),
    ROW("1\0", "NUL byte"),
    ROW("[1\0]", "NUL byte"),
    ROW("[1\0,2]", "NUL byte"),
    ROW("{\"a\":1\0}", "NUL byte"),
    ROW("{}\0", "NUL byte"),
    ROW("{}\0{\"a\":1}", "NUL byte"),
    ROW("\"a\0b\"", "NUL byte"),
    ROW("{\"a\0b\":1}", "NUL byte"),
    ROW("\0{}", "NUL byte"),
    ROW("\"\\u0000\"", "\\u0000 is not allowed"),
    ROW("\"a\\u0000b\"", "\\u0000 is not allowed"),
    ROW("{\"\\u0000\":1}", "\\u0000 is not allowed"),
    ROW("{\"a\\u0000\":1,\"a\":2}", "\\u0000 is not allowed"),
    /* One key twice, however it is spelled. */
    ROW("{\"a\":1,\"a\":2}", "duplicate"),
    ROW("{\"a\":1,\"a\":1}", "duplicate"),
    ROW("{\"a\":1,\"b\":2,\"a\":3}", "duplicate"),
    ROW("{\"a\":1,\"\\u0061\":2}", "duplicate"),
    ROW("{\"\":1,\"\":2}", "duplicate"),
    ROW("{\"x\":{\"a\":1,\"a\":2}}", "duplicate"),
    ROW("[{\"a\":1,\"a\":2}]", "duplicate"),
    ROW("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "duplicate"),
    ROW("{\"/\":1,\"\\/\":2}", "duplicate"),
    /* Numbers that are none. */
    ROW("NaN", "invalid token"),
    ROW("nan", "invalid token"),
    ROW("Infinity", "invalid token"),
    ROW("-Infinity", "invalid token"),
    ROW("inf", "invalid token"),
    ROW("[NaN]", "invalid token"),
    ROW("01", "invalid token"),
    ROW("-01", "invalid token"),
    ROW("00", "invalid token"),
    ROW("1.", "invalid token"),
    ROW(".5", "invalid token"),
    ROW("-.5", "invalid token"),
    ROW("+1", "invalid token"),
    ROW("--1", "invalid token"),
    ROW("1e", "invalid token"),
    ROW("1e+", "invalid token"),
    ROW("1.e1", "invalid token"),
    ROW("1e1.5", "end of file expected"),
    ROW("0x10", "end of file expected"),
    ROW("0b1", "end of file expected"),
    ROW("1_000", "end of file expected"),
    ROW("1-1", "end of file expected"),
    ROW("- 1", "invalid token"),
    ROW("\xd9\xa1", "invalid token"),
    /* Numbers that not everyone reads alike. */
    ROW("1e999", "overflow"),
    ROW("-1e999", "overflow"),
    ROW("1e309", "overflow"),
    ROW("[1.8e308]", "overflow"),
    ROW("9007199254740992", "must be a string"),
    ROW("-9007199254740992", "must be a string"),
    ROW("9007199254740993", "must be a string"),
    ROW("[1,9223372036854775807]", "must be a string"),
    ROW("9223372036854775808", "must be a string"),
    ROW("-9223372036854775809", "must be a string"),
    ROW("99999999999999999999", "must be a string"),
    ROW("{\"a\":10000000000000000}", "must be a string"),
    ROW("1e17", "must be a string"),
    ROW("-1e20", "must be a string"),
    ROW("9007199254740993.0", "must be a string"),
    ROW("999999999999999900000.0", "must be a string"),
    ROW("0.10000000000000000000000000000000000000000000000000000000050",
	"60 characters"),
    ROW("1000000000000000000000000000000000000000000000000000000000000",
	"60 characters"),
    /* Texts that are not UTF-8 (RFC 3629). */
    ROW("\"\xff\"", "not UTF-8"),
    ROW("\"\x80\"", "not UTF-8"),
    ROW("\"\xc3\"", "not UTF-8"),
    ROW("\"\xc0\x80\"", "not UTF-8"),
    ROW("\"\xc1\xbf\"", "not UTF-8"),
    ROW("\"\xe0\x80\xaf\"", "not UTF-8"),
    ROW("\"\xf0\x80\x80\xaf\"", "not UTF-8"),
    ROW("\"\xed\xa0\x80\"", "not UTF-8"),
    ROW("\"\xed\xbf\xbf\"", "not UTF-8"),
    ROW("\"\xed\xa0\xbd\xed\xb8\x80\"", "not UTF-8"),
    ROW("\"\xf4\x90\x80\x80\"", "not UTF-8"),
    ROW("\"\xf8\x88\x80\x80\x80\"", "not UTF-8"),
    ROW("\"\xf0\x9f\x98\"", "not UTF-8"),
    ROW("{\"\xff\":1}", "not UTF-8"),
    ROW("\xff", "not UTF-8"),
    ROW("\xff\xfe{\0}\0", "NUL byte"),
    /* Escapes. */
    ROW("\"\\ud800\"", "invalid Unicode"),
    ROW("\"\\udc00\"", "invalid Unicode"),
    ROW("\"\\udfff\"", "invalid Unicode"),
    ROW("\"\\ud800x\"", "invalid Unicode"),
    ROW("\"\\ud800\\u0041\"", "invalid Unicode"),
    ROW("\"\\ud800\\ud800\"", "invalid Unicode"),
    ROW("\"\\ude00\\ud83d\"", "invalid Unicode"),
    ROW("{\"\\ud800\":1}", "invalid Unicode"),
    ROW("\"\\x41\"", "invalid escape"),
    ROW("\"\\'\"", "invalid escape"),
    ROW("\"\\u12\"", "invalid escape"),
    ROW("\"\\u12g4\"", "invalid escape"),
    ROW("\"\\U00000041\"", "invalid escape"),
    ROW("\"\\u{41}\"", "invalid escape"),
    ROW("\"\\\n\"", "invalid escape"),
    /* Control characters in a string. */
    ROW("\"a\nb\"", "newline"),
    ROW("\"a\tb\"", "control character"),
    ROW("\"a\rb\"", "control character"),
    ROW("\"\x1b[2J\"", "control character"),
    ROW("\"\x01\"", "control character"),
    /* What other grammars allow. */
    ROW("[1,]", "unexpected token"),
    ROW("[,1]", "unexpected token"),
    ROW("[1,,2]", "unexpected token"),
    ROW("{\"a\":1,}", "expected"),
    ROW("{,}", "expected"),
    ROW("{a:1}", "expected"),
    ROW("{'a':1}", "expected"),
    ROW("'a'", "invalid token"),
    ROW("{1:2}", "expected"),
    ROW("{null:2}", "expected"),
    ROW("{\"a\" 1}", "expected"),
    ROW("{\"a\"=1}", "expected"),
    ROW("{\"a\":1 \"b\":2}", "expected"),
    ROW("{\"a\":1;\"b\":2}", "expected"),
    ROW("[1 2]", "expected"),
    ROW("{\"a\"}", "expected"),
    ROW("[\"a\":1]", "expected"),
    ROW("// c\n1", "invalid token"),
    ROW("/* c */1", "invalid token"),
    ROW("# c\n1", "invalid token"),
    ROW("True", "invalid token"),
    ROW("TRUE", "invalid token"),
    ROW("truee", "invalid token"),
    ROW("undefined", "invalid token"),
    ROW("None", "invalid token"),
    ROW("\v1", "invalid token"),
    ROW("\f1", "invalid token"),
    ROW("\xc2\xa0"
	"1",
	"invalid token"),
    ROW("\xe2\x80\xa8"
	"1",
	"invalid token"),
    ROW("\xef\xbb\xbf{}", "invalid token"),
    ROW(")]}',\n{}", "invalid token"),
    ROW("<html>", "invalid token"),
    ROW("a=1&b=2", "invalid token"),
    ROW("---\na: 1\n", "invalid token"),
};

static void
a_hostile_text_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const struct row *r = &refused[i];
		struct fault f = {0};
		json_t *v = NULL;

		if (json_read(r->text, r->len, &v, &f) != RC_INVALID ||
		    v != NULL || strstr(f.text, r->why) == NULL) {
			fail_msg("row %zu: '%s' gave '%s'", i, r->text, f.text);
		}
		assert_string_equal(f.field, "body");
		assert_true(r->len == 0 || strncmp(f.text, "line ", 5) == 0);
	}
}

static void
a_sound_text_is_read_as_it_was_meant(void **state)
{
	static const struct {
		const char *text, *same;
	} rows[] = {
	    {"1", "1"},
	    {" \t\r\n1 \t\r\n", "1"},
	    {"null", "null"},
	    {"true", "true"},
	    {"\"\"", "\"\""},
	    {"{}", "{}"},
	    {"{\"\":1}", "{\"\":1}"},
	    {"[]", "[]"},
	    {"{\"b\":1,\"a\":[2,{}]}", "{\"b\":1,\"a\":[2,{}]}"},
	    {"9007199254740991", "9007199254740991"},
	    {"-9007199254740991", "-9007199254740991"},
	    {"1e21", "1e+21"},
	    {"-602214076e15", "-6.02214076e+23"},
	    {"9007199254740991.0", "9007199254740991"},
	    {"0.1000000000000000000000000000000000000000000000000000000005",
		"0.1"},
	    {"-0", "0"},
	    {"-0.0", "0"},
	    {"0.1", "0.1"},
	    {"1E+2", "100"},
	    {"1e-999", "0"},
	    {"\"9007199254740993 [[[{{{\"", "\"9007199254740993 [[[{{{\""},
	    {"\"\\\"9007199254740993\"", "\"\\\"9007199254740993\""},
	    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
	    {"\"\\uFFFF\"", "\"\xef\xbf\xbf\""},
	    {"\"\\/\"", "\"/\""},
	    {"\"\x7f\"", "\"\x7f\""},
	    {"\"\\u001f\"", "\"\\u001f\""},
	    {"[\"\\b\\t\\n\\f\\r\"]", "[\"\\b\\t\\n\\f\\r\"]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = NULL;
		struct fault f = {0};
		size_t len;

		if (json_read(rows[i].text, strlen(rows[i].text), &v, &f) !=
		    RC_OK) {
			fail_msg("'%s': %s", rows[i].text, f.text);
		}
		assert_string_equal(json_compact(a, v, &len), rows[i].same);
		assert_int_equal(len, strlen(rows[i].same));
	}
}

/* `n` times `open`, then `n` times `close`. */
static void
nest(struct buf *b, int n, const char *open, const char *close)
{
	buf_clear(b);
	for (int i = 0; i < n; i++) {
		buf_puts(b, open);
	}
	buf_puts(b, "1");
	for (int i = 0; i < n; i++) {
		buf_puts(b, close);
	}
}

static void
depth_ends_at_sixty_four(void **state)
{
	static const struct {
		const char *open, *close;
		int levels; /* in one of them */
	} rows[] = {{"[", "]", 1}, {"{\"a\":", "}", 1}, {"[{\"a\":", "}]", 2}};
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int most = JSON_DEPTH_MAX / rows[i].levels;
		struct fault f = {0};
		json_t *v;

		nest(&b, most, rows[i].open, rows[i].close);
		assert_int_equal(json_read(b.data, b.len, &v, &f), RC_OK);
		json_decref(v);
		nest(&b, most + 1, rows[i].open, rows[i].close);
		assert_int_equal(json_read(b.data, b.len, &v, &f), RC_INVALID);
		assert_non_null(strstr(f.text, "64 levels"));
		nest(&b, 100000, rows[i].open, rows[i].close);
		assert_int_equal(json_read(b.data, b.len, &v, &f), RC_INVALID);
	}
}

static void
brackets_that_close_do_not_add_up(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	struct fault f = {0};
	json_t *v;

	(void)state;
	buf_puts(&b, "[[]");
	for (int i = 0; i < 1000; i++) {
		buf_puts(&b, ",[{}]");
	}
	buf_puts(&b, "]");
	assert_int_equal(json_read(b.data, b.len, &v, &f), RC_OK);
	assert_int_equal(json_array_size(v), 1001);
	json_decref(v);
}

static void
the_number_of_values_has_an_end(void **state)
{
	static const char *const items[] = {"1,", "[],", "{},", "\"\","};
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		struct fault f = {0};
		json_t *v = NULL;

		buf_clear(&b);
		buf_puts(&b, "[");
		for (int n = 0; n < JSON_VALUES_MAX; n++) {
			buf_puts(&b, items[i]);
		}
		buf_puts(&b, "1]");
		assert_int_equal(json_read(b.data, b.len, &v, &f), RC_INVALID);
		assert_non_null(strstr(f.text, "more than 250000 values"));
		assert_null(v);
	}
}

static void
the_place_counts_lines_and_characters(void **state)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
	    {"9007199254740993", "line 1, column 1:"},
	    {"[1,\n\n 9007199254740993]", "line 3, column 2:"},
	    {"[\"\xc3\xa9\xf0\x9f\x98\x80\",9007199254740993]",
		"line 1, column 7:"},
	    {"{\"a\":\n1,\"a\":2}", "line 2, column 5:"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault f = {0};
		json_t *v;

		assert_int_equal(json_read(rows[i].text, strlen(rows[i].text),
				     &v, &f),
		    RC_INVALID);
		if (strncmp(f.text, rows[i].place, strlen(rows[i].place)) !=
		    0) {
			fail_msg("'%s' gave '%s'", rows[i].text, f.text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hostile_text_is_refused_with_its_place),
	    cmocka_unit_test(a_sound_text_is_read_as_it_was_meant),
	    cmocka_unit_test(depth_ends_at_sixty_four),
	    cmocka_unit_test(brackets_that_close_do_not_add_up),
	    cmocka_unit_test(the_number_of_values_has_an_end),
	    cmocka_unit_test(the_place_counts_lines_and_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
