#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rc.h"
#include "lib/text.h"

/* Writes c as UTF-8, a surrogate too; returns the length. */
static size_t
utf8_of(int c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* What was shown, as the bytes it names; freed by the caller. */
static char *
unshow(const char *s, size_t *out_len)
{
	char *out = malloc(strlen(s) + 1), *to = out;
	unsigned value;
	int n;

	while (*s != '\0') {
		n = 0;
		if (strncmp(s, "\\\\", 2) == 0) {
			*to++ = '\\';
			s += 2;
		} else if (strncmp(s, "\\n", 2) == 0) {
			*to++ = '\n';
			s += 2;
		} else if (sscanf(s, "\\x{%2X}%n", &value, &n) == 1 && n > 0) {
			*to++ = (char)value;
			s += n;
		} else if (sscanf(s, "\\u{%6X}%n", &value, &n) == 1 && n > 0) {
			to += utf8_of((int)value, to);
			s += n;
		} else {
			*to++ = *s++;
		}
	}
	*out_len = (size_t)(to - out);
	return out;
}

static void
what_is_seen_stays_and_what_is_not_is_spelled(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
	    {"", ""},
	    {"plain <text> & \"more\"", "plain <text> & \"more\""},
	    {"one\ntwo", "one\\ntwo"},
	    {"tab\tcr\r\n", "tab\\u{0009}cr\\u{000D}\\n"},
	    {"\x01\x1b[31m\x7f", "\\u{0001}\\u{001B}[31m\\u{007F}"},
	    {"\xc2\x85\xc2\x9b", "\\u{0085}\\u{009B}"},
	    /* bytes that are not UTF-8 */
	    {"\xff\xc3(\xed\xa0\x80", "\\x{FF}\\x{C3}(\\x{ED}\\x{A0}\\x{80}"},
	    /* bidi, zero-width, soft hyphen, joiners, word joiner, BOM */
	    {"a\u202eb\u2066c\u2069\u200f",
		"a\\u{202E}b\\u{2066}c\\u{2069}"
		"\\u{200F}"},
	    {"re\u200bf\u200c\u200d\u2060\ufeffund",
		"re\\u{200B}f\\u{200C}\\u{200D}\\u{2060}\\u{FEFF}und"},
	    {"a\u00adb\u034fc\u061cd", "a\\u{00AD}b\\u{034F}c\\u{061C}d"},
	    /* tags, variation selectors, private use, unassigned */
	    {"\U000e0041\U000e007f", "\\u{E0041}\\u{E007F}"},
	    {"\u2764\ufe0f\U000e0100", "\u2764\\u{FE0F}\\u{E0100}"},
	    {"\ue000\U000f0000\U0010fffd", "\\u{E000}\\u{F0000}\\u{10FFFD}"},
	    {"\u0378\ufffe\uffff\ufdd0",
		"\\u{0378}\\u{FFFE}\\u{FFFF}\\u{FDD0}"},
	    /* separators and what looks like a blank */
	    {"a\u00a0b\u2003c\u3000d\u2028e\u2029",
		"a\\u{00A0}b\\u{2003}c\\u{3000}d\\u{2028}e\\u{2029}"},
	    {"\u3164\uffa0\u115f\u1160\u2800\u17b4\ufffc",
		"\\u{3164}\\u{FFA0}\\u{115F}\\u{1160}\\u{2800}\\u{17B4}"
		"\\u{FFFC}"},
	    /* musical formatting, interlinear notes, shorthand format */
	    {"\U0001d173\ufff9\U0001bca0", "\\u{1D173}\\u{FFF9}\\u{1BCA0}"},
	    /* pictures and their parts */
	    {"\U0001f469\u200d\U0001f4bb \U0001f44d\U0001f3fd",
		"\U0001f469\\u{200D}\U0001f4bb \U0001f44d\U0001f3fd"},
	    {"1\ufe0f\u20e3", "1\\u{FE0F}\\u{20E3}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = {0};
		bool changed;

		text_show(&b, rows[i].text, strlen(rows[i].text), false,
		    &changed);
		assert_string_equal(buf_str(&b), rows[i].shown);
		assert_int_equal(changed,
		    strcmp(rows[i].text, rows[i].shown) != 0);
	}
}

static void
ordinary_writing_stays_as_it_is(void **state)
{
	static const char *const rows[] = {
	    "Gr\u00fc\u00dfe, \u017c\u00f3\u0142w, na\u00efve, \u1ec7",
	    /* the same accents as marks, at most two */
	    "e\u0301 a\u0302\u0323 Vie\u0323\u0302t Nam",
	    "\u041f\u0440\u0438\u0432\u0435\u0442 "
	    "\u0393\u03b5\u03b9\u03ac",
	    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 "
	    "\u3053\u3093\u306b\u3061\u306f \ud55c\uad6d\uc5b4",
	    /* Arabic with two marks on a letter, Hebrew with points */
	    "\u0627\u0644\u0644\u0651\u064e\u0647 "
	    "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
	    /* Hindi, Tamil, Thai, Burmese with four signs on a letter */
	    "\u0939\u093f\u0928\u094d\u0926\u0940 "
	    "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd",
	    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 "
	    "\u0e01\u0e47\u0e1a\u0e17\u0e35\u0e48",
	    "\u1000\u103c\u103d\u1031\u1038 \u17a2\u17c6\u1796\u17b8",
	    "\u20ac \u00a3 \u00a7 \u00b0 \u2013 \u201equoted\u201c \u2026 "
	    "\u00ab\u00bb \u2192 \u2713",
	    "\U0001f600 \U0001f680 \u2764 \U0001f1e9\U0001f1ea",
	    "C:\\dir\\file \\d+ \\(",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = {0};
		bool changed = true;

		text_show(&b, rows[i], strlen(rows[i]), false, &changed);
		assert_string_equal(buf_str(&b), rows[i]);
		assert_false(changed);
	}
}

static void
marks_stay_only_where_a_letter_bears_them(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
	    {"\u0301", "\\u{0301}"},
	    {" \u0301", " \\u{0301}"},
	    {"1\u0301", "1\\u{0301}"},
	    {"\U0001f600\u0301", "\U0001f600\\u{0301}"},
	    {"\n\u0301", "\n\\u{0301}"},
	    {"\\\u0301", "\\\\\\u{0301}"},
	    {"a\u200b\u0301", "a\\u{200B}\\u{0301}"},
	    /* a third general mark, and all behind it */
	    {"a\u0300\u0301\u0302\u0303b\u0301",
		"a\u0300\u0301\\u{0302}\\u{0303}b\u0301"},
	    {"a\u0300\u1ab0\u1dc0", "a\u0300\u1ab0\\u{1DC0}"},
	    /* a fifth of a script's own */
	    {"\u1000\u103b\u103c\u103d\u103e\u1031",
		"\u1000\u103b\u103c\u103d\u103e\\u{1031}"},
	    /* strokes and rings */
	    {"a\u0336b\u0338", "a\\u{0336}b\\u{0338}"},
	    {"a\u20dd\u0489", "a\\u{20DD}\\u{0489}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = {0};

		text_show(&b, rows[i].text, strlen(rows[i].text), true, NULL);
		assert_string_equal(buf_str(&b), rows[i].shown);
	}
}

static void
backslashes_are_doubled_where_they_could_mislead(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
	    {"\\d", "\\d"},
	    {"\\", "\\\\"},
	    {"\\\\", "\\\\\\\\"},
	    {"\\u{202E}", "\\\\u{202E}"},
	    {"\\x{FF}", "\\\\x{FF}"},
	    {"\\n", "\\\\n"},
	    {"\\\n", "\\\\\\n"},
	    {"\\\u202e", "\\\\\\u{202E}"},
	    {"\\\xff", "\\\\\\x{FF}"},
	    {"\\\u00e9", "\\\\\u00e9"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = {0};

		text_show(&b, rows[i].text, strlen(rows[i].text), false, NULL);
		assert_string_equal(buf_str(&b), rows[i].shown);
	}
}

static void
a_doubled_backslash_alone_is_no_change(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	bool changed = true;

	(void)state;
	text_show(&b, "\\n", 2, false, &changed);
	assert_false(changed);
	text_show(&b, "a\nb", 3, true, &changed);
	assert_false(changed);
	text_show(&b, "a\nb", 3, false, &changed);
	assert_true(changed);
}

/* By blocks and not by properties, so as not to ask the same table twice. */
static bool
must_not_be_shown(int c)
{
	static const struct {
		int first, last;
	} hidden[] = {
	    {0, 0x1f},
	    {0x7f, 0xa0},
	    {0xad, 0xad},
	    {0x34f, 0x34f},
	    {0x378, 0x379},
	    {0x600, 0x605},
	    {0x61c, 0x61c},
	    {0x6dd, 0x6dd},
	    {0x70f, 0x70f},
	    {0x115f, 0x1160},
	    {0x1680, 0x1680},
	    {0x17b4, 0x17b5},
	    {0x180b, 0x180f},
	    {0x2000, 0x200f},
	    {0x2028, 0x202f},
	    {0x205f, 0x206f},
	    {0x2800, 0x2800},
	    {0x3000, 0x3000},
	    {0x3164, 0x3164},
	    {0xd800, 0xf8ff},
	    {0xfdd0, 0xfdef},
	    {0xfe00, 0xfe0f},
	    {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0},
	    {0xfff0, 0xfffc},
	    {0xfffe, 0xffff},
	    {0x1bca0, 0x1bca3},
	    {0x1d173, 0x1d17a},
	    {0xe0000, 0x10ffff},
	};

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		if (c >= hidden[i].first && c <= hidden[i].last) {
			return true;
		}
	}
	return false;
}

/* Shows s, looks at each code point and reads it back. */
static void
check_properties(const char *s, size_t len, bool keep_lines)
{
	CLEANUP(buf_fini) struct buf b = {0};
	size_t n, back_len;
	char *back;

	text_show(&b, s, len, keep_lines, NULL);
	for (size_t i = 0; i < b.len; i += n) {
		int c = text_next(b.data + i, b.len - i, &n);

		assert_true(c >= 0);
		assert_true((c == '\n' && keep_lines) ||
		    (text_is_visible(c) && !must_not_be_shown(c)));
	}
	back = unshow(buf_str(&b), &back_len);
	assert_int_equal(back_len, len);
	assert_memory_equal(back, s, len);
	free(back);
}

static void
every_code_point_is_shown_safely_and_reads_back(void **state)
{
	(void)state;
	for (int c = 0; c <= 0x10ffff; c++) {
		char s[12] = "x";
		size_t n = 1 + utf8_of(c, s + 1);

		s[n++] = 'y';
		if (text_is_visible(c)) {
			assert_false(must_not_be_shown(c));
		}
		check_properties(s, n, c % 2 == 0);
	}
	assert_false(text_is_visible(-1));
	assert_false(text_is_visible(0x110000));
	assert_false(text_is_visible('\n'));
	assert_false(text_is_visible('\t'));
	assert_true(text_is_visible(' '));
}

static void
any_mixture_is_shown_safely_and_reads_back(void **state)
{
	static const char *const pieces[] = {"\\", "\\", "u", "x", "n", "{",
	    "}", "202E", "FF", "\n", "\u202e", "\u0301", "\u0300", "a", "\xff",
	    "\xe2", "\x80", "\xae", "\u200d", "\U0001f600", "\U000e0041", " ",
	    "\t", "\u0936", "\u094d"};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		char s[100];
		size_t len = 0;

		for (int i = 0; i < 14; i++) {
			const char *piece;

			seed = seed * 1103515245 + 12345;
			piece = pieces[(seed >> 16) % ARRAY_LEN(pieces)];
			memcpy(s + len, piece, strlen(piece));
			len += strlen(piece);
		}
		check_properties(s, len, round % 2 == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_seen_stays_and_what_is_not_is_spelled),
	    cmocka_unit_test(ordinary_writing_stays_as_it_is),
	    cmocka_unit_test(marks_stay_only_where_a_letter_bears_them),
	    cmocka_unit_test(backslashes_are_doubled_where_they_could_mislead),
	    cmocka_unit_test(a_doubled_backslash_alone_is_no_change),
	    cmocka_unit_test(every_code_point_is_shown_safely_and_reads_back),
	    cmocka_unit_test(any_mixture_is_shown_safely_and_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
