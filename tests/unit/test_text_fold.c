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

#include "lib/text_lookalike.h"

/* Rows of a text and what it is folded to. */
struct row {
	const char *text, *folded;
};

static void
check_rows(const struct row *rows, size_t n)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	for (size_t i = 0; i < n; i++) {
		assert_string_equal(text_fold(a, rows[i].text,
					strlen(rows[i].text)),
		    rows[i].folded);
	}
}

static const char *const refunds[] = {
    "refund",
    "REFUND",
    "ReFuNd",
    " refund. ",
    "(refund)",
    /* full-width, mathematical, circled, squared, flags */
    "\uff52\uff45\uff46\uff55\uff4e\uff44",
    "\U0001d42b\U0001d41e\U0001d41f\U0001d42e\U0001d427\U0001d41d",
    "\U0001d5e5\U0001d5d8\U0001d5d9\U0001d5e8\U0001d5e1\U0001d5d7",
    "\u24e1\u24d4\u24d5\u24e4\u24dd\u24d3",
    "\U0001f161\U0001f154\U0001f155\U0001f164\U0001f15d\U0001f153",
    "\U0001f181\U0001f174\U0001f175\U0001f184\U0001f17d\U0001f173",
    "\U0001f1f7\U0001f1ea\U0001f1eb\U0001f1fa\U0001f1f3\U0001f1e9",
    "\u02b3\u1d49\u1da0\u1d58\u207f\u1d48",
    /* accents, as marks too, and many of them; strokes */
    "r\u00e9f\u00fbnd",
    "re\u0301fu\u0302nd\u0323",
    "r\u0336e\u0336f\u0336u\u0336n\u0336d\u0336",
    "r\u0300\u0301\u0302\u0303\u0304\u0305e\u0489fund",
    "\u027d\u0247\u0192\u0289\u0272\u0111",
    /* hidden characters inside */
    "re\u200bfund",
    "re\u200c\u200dfund",
    "re\u2060fund",
    "re\ufefffund",
    "re\u00adfund",
    "re\u034ffund",
    "re\u202efu\u202cnd",
    "re\u2066fund\u2069",
    "re\u3164fund",
    "re\ufe0ffund",
    "re\U000e0041fund",
    "re\x01\x1b\x7f\146und",
    "re\u180efund",
    "re\u061cfund",
    "re\ufff9fund",
    /* other scripts: Cyrillic, Greek, Armenian, Cherokee, Lisu ... */
    "r\u0435fund",
    "\u0433\u0435fu\u043fd",
    "\u042f\u0415FU\u0418\u0500",
    "r\u03b5f\u03c5\u03b7d",
    "r\u0435f\u057d\u0578d",
    "\u13a1\u13ac\ua4dd\ua4f4\ua4e0\ua4d3",
    "\uab71\uab7cfund",
    "\u0280\u1d07\ua730\u1d1c\u0274\u1d05",
    "\u1587\u15f4\u15b4\u144c\u144e\u15de",
    "\u16b1efund",
    /* leet */
    "r3fund",
    "R3FUN\u0500",
    "r\u20acfund",
    "r\u0437fund",
    "r\u2778fund",
    "r\u24f7fund",
};

static void
every_disguise_of_a_word_is_seen_through(void **state)
{
	static const struct row others[] = {
	    {"p4ssw0rd p@$$word pa55word", "password password password"},
	    {"8u9 6u9 7ip 2en", "bug gug tip zen"},
	    {"k!ll k1ll k|ll k\u00a1ll k\u2223ll", "kill kill kill kill kill"},
	    {"\u00a3oan \u00a5en \u00a2ash pa\u00a7\u00a7 e\u00d7it",
		"loan yen cash pass exit"},
	    {"str\u00e6t \u0153uvre stra\u00dfe", "straet oeuvre strasse"},
	    {"K\u04c0LL RlSK", "kill risk"},
	    {"\ufb01nd o\ufb03ce \u2122", "find office tm"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refunds); i++) {
		check_rows(&(struct row){refunds[i], "refund"}, 1);
	}
	check_rows(others, ARRAY_LEN(others));
}

static void
separators_and_breaks_inside_a_word_leave_its_letters(void **state)
{
	static const char *const rows[] = {
	    "r-e-f-u-n-d",
	    "r.e.f.u.n.d",
	    "r_e_f_u_n_d",
	    "r e f u n d",
	    "r\ne\r\nf\tu\vn\fd",
	    "r*e*f*u*n*d",
	    "r/e/f/u/n/d",
	    "r\u00b7e\u2022f\u2013u\u2014n\u2026d",
	    "r\u00a0e\u2003f\u3000und",
	    "re-\nfund",
	    "ref und",
	    "ref\u2028und",
	    "re\u2800fund",
	    "r-3-f-u-n-d",
	    "r.\u0435.f.\u03c5.n.d",
	    "(r)(e)(f)(u)(n)(d)",
	    "r\377efund",
	    "r\ue000efund",
	    "r\U0001f600e\U0001f600fund",
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *s = rows[i];

		assert_string_equal(text_fold_joined(a, s, strlen(s)),
		    "refund");
	}
	check_rows(
	    (const struct row[]){
		{"re-fund", "re fund"},
		{"-- re ... fund --", "re fund"},
		{"r-3-f", "r e f"},
		{"", ""},
		{" \n - ... ! $ || \U0001f600", ""},
	    },
	    5);
	assert_string_equal(text_fold(a, "refund me", 6), "refund");
	assert_string_equal(text_fold(a, "a\0b", 3), "ab");
}

static void
numbers_stay_numbers(void **state)
{
	static const struct row rows[] = {
	    {"order 455", "order 455"},
	    {"INV-455, $100.50, 100%", "inv 455 100 50 100"},
	    {"4 5 5", "4 5 5"},
	    {"4 5 5 b", "4 5 5 b"},
	    {"1$5 5$ $5 1|2 1!2", "1 5 5 5 1 2 1 2"},
	    {"2026-01-05", "2026 01 05"},
	    {"\u0663\u0664 \u096b\u0966", "\u0663\u0664 \u096b\u0966"},
	    {"\u2460\u2776", "11"},
	    {"1\u4e8c3", "1\u4e8c3"}, /* Chinese is not leet */
	    /* The price: a letter makes the word leet. */
	    {"455h a55", "assh ass"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
words_of_other_scripts_compare_without_case_and_accents(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	    {"\u03bc\u03cc\u03bd\u03bf", "\u039c\u039f\u039d\u039f", true},
	    {"\u03b1\u03c0\u03ac\u03c4\u03b7", "\u0391\u03a0\u0391\u03a4\u0397",
		true},
	    {"\u03bb\u03cc\u03b3\u03bf\u03c2", "\u039b\u039f\u0393\u039f\u03a3",
		true},
	    {"\u0432\u043e\u0437\u0432\u0440\u0430\u0442",
		"\u0412\u041e\u0417\u0412\u0420\u0410\u0422", true},
	    {"\u0451\u043b\u043a\u0430", "\u0415\u041b\u041a\u0410", true},
	    {"\u0561\u0566\u0561\u057f", "\u0531\u0536\u0531\u054f", true},
	    {"stra\u00dfe", "STRASSE", true},
	    {"\u0130\u0131", "ii", true},
	    /* Hindi words that differ in a vowel sign are two words. */
	    {"\u0915\u093f", "\u0915\u0940", false},
	    {"\u0915\u094d\u0937", "\u0915\u0937", false},
	    {"\u0e01\u0e34\u0e19", "\u0e01\u0e31\u0e19", false},
	    /* Arabic and Hebrew points are accents. */
	    {"\u0645\u064e\u0627\u0644", "\u0645\u0627\u0644", true},
	    {"\u05e9\u05c1\u05dc", "\u05e9\u05dc", true},
	    /* Full-width and half-width forms. */
	    {"\uff76\uff9e", "\u30ac", true},
	    {"\ud55c\uad6d", "\u1112\u1161\u11ab\u1100\u116e\u11a8", true},
	    {"\u4f60\u597d", "\u4f60\u5979", false},
	    /* i and l are two letters. */
	    {"fail", "fall", false},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
		    strcmp(text_fold(a, rows[i].a, strlen(rows[i].a)),
			text_fold(a, rows[i].b, strlen(rows[i].b))) == 0,
		    rows[i].same);
	}
}

static void
doubtful_characters_have_further_readings(void **state)
{
	static const struct {
		const char *text, *i, *l, *apart; /* NULL: nothing new */
	} rows[] = {
	    {"refund 100", "refund 100", NULL, NULL},
	    {"1aw", "iaw", "law", NULL},
	    {"Iaw faIl", "iaw fail", "law fall", NULL},
	    {"IBM I", "ibm i", NULL, NULL},
	    {"KlLL kl", "kill kl", "klll kl", NULL},
	    {"\u04c0aw", "iaw", "law", NULL},
	    {"k!ll", "kill", "klll", "k ll"},
	    {"refund!now", "refundinow", "refundlnow", "refund now"},
	    {"me@x $ue", "meax sue", NULL, "me x ue"},
	    {"r|e|f|u|n|d", "rieifiuinid", "rlelflulnld", "r e f u n d"},
	    {"|refund|", "irefund", "lrefund", "refund"},
	    {"refund! stop!!", "refund stop", NULL, NULL},
	    {"!", "", NULL, NULL},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		const char *s = rows[n].text;
		const char *expected[TEXT_READINGS] = {rows[n].i, rows[n].l,
		    rows[n].apart};

		char *got[TEXT_READINGS];

		text_fold_readings(a, s, strlen(s), got);
		for (int r = 0; r < TEXT_READINGS; r++) {
			if (expected[r] == NULL) {
				assert_null(got[r]);
			} else {
				assert_non_null(got[r]);
				assert_string_equal(got[r], expected[r]);
			}
		}
	}
}

static bool
is_folded_word(const char *s)
{
	return *s != '\0' && *s != ' ' && s[strlen(s) - 1] != ' ' &&
	    strstr(s, "  ") == NULL && strpbrk(s, "\t\n\r-._!$@|") == NULL;
}

/* Writes c as UTF-8; returns the length. */
static size_t
utf8_of(int c, char *out)
{
	CLEANUP(buf_fini) struct buf b = {0};

	if (c < 0x80) {
		buf_putc(&b, (char)c);
	} else if (c < 0x800) {
		buf_putc(&b, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_putc(&b, (char)(0xe0 | c >> 12));
		buf_putc(&b, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_putc(&b, (char)(0xf0 | c >> 18));
		buf_putc(&b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(&b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	if (c >= 0x80) {
		buf_putc(&b, (char)(0x80 | (c & 0x3f)));
	}
	memcpy(out, buf_str(&b), b.len + 1);
	return b.len;
}

static void
every_code_point_folds_to_words_that_fold_to_themselves(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (int c = 1; c <= 0x10ffff; c++) {
		char s[12] = "kx";
		const char *once, *twice, *joined;
		size_t n;

		if (c >= 0xd800 && c <= 0xdfff) {
			continue;
		}
		n = 2 + utf8_of(c, s + 2);
		memcpy(s + n, "yz", 3);
		once = text_fold(a, s, n + 2);
		assert_true(text_is_utf8(once, strlen(once)));
		assert_true(is_folded_word(once));
		assert_memory_equal(once, "kx", 2);
		assert_memory_equal(once + strlen(once) - 2, "yz", 2);
		twice = text_fold(a, once, strlen(once));
		joined = text_fold_joined(a, s, n + 2);
		assert_null(strchr(joined, ' '));
		if (strcmp(once, twice) != 0) {
			fail_msg("U+%04X: %s, then %s", c, once, twice);
		}
		arena_reset(a);
	}
}

static void
look_alikes_are_lower_case_ascii(void **state)
{
	size_t letters = 0;

	(void)state;
	for (int c = -1; c <= 0x110000; c++) {
		char looks[TEXT_LOOKALIKE_MAX + 1] = "";
		size_t n = text_lookalike(c, looks);

		assert_true(n <= TEXT_LOOKALIKE_MAX);
		assert_int_equal(strlen(looks), n);
		assert_int_equal(strspn(looks,
				     "abcdefghijklmnopqrstuvwxyz123456789"),
		    n);
		assert_true(n == 0 || c > 0x7f);
		letters += n > 0;
	}
	assert_true(letters > 800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_disguise_of_a_word_is_seen_through),
	    cmocka_unit_test(
		separators_and_breaks_inside_a_word_leave_its_letters),
	    cmocka_unit_test(numbers_stay_numbers),
	    cmocka_unit_test(
		words_of_other_scripts_compare_without_case_and_accents),
	    cmocka_unit_test(doubtful_characters_have_further_readings),
	    cmocka_unit_test(
		every_code_point_folds_to_words_that_fold_to_themselves),
	    cmocka_unit_test(look_alikes_are_lower_case_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
