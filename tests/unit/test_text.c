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

/* RFC 3629 4, and what its grammar leaves out. */
static const struct {
	const char *s;
	int c; /* -1: no character begins here */
	size_t len;
} characters[] = {
    {"a", 'a', 1},
    {"\x7f", 0x7f, 1},
    {"\xc2\x80", 0x80, 2},
    {"\xdf\xbf", 0x7ff, 2},
    {"\xe0\xa0\x80", 0x800, 3},
    {"\xed\x9f\xbf", 0xd7ff, 3},
    {"\xee\x80\x80", 0xe000, 3},
    {"\xef\xbf\xbf", 0xffff, 3},
    {"\xf0\x90\x80\x80", 0x10000, 4},
    {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
    /* continuation bytes and bytes that never occur */
    {"\x80", -1, 1},
    {"\xbf", -1, 1},
    {"\xc0\x80", -1, 1},
    {"\xc1\xbf", -1, 1},
    {"\xf5\x80\x80\x80", -1, 1},
    {"\xfe", -1, 1},
    {"\xff", -1, 1},
    /* overlong */
    {"\xe0\x9f\xbf", -1, 1},
    {"\xf0\x8f\xbf\xbf", -1, 1},
    /* surrogates, beyond the last */
    {"\xed\xa0\x80", -1, 1},
    {"\xed\xbf\xbf", -1, 1},
    {"\xf4\x90\x80\x80", -1, 1},
    /* cut short, or followed by something else */
    {"\xc2", -1, 1},
    {"\xe2\x82", -1, 1},
    {"\xf0\x9f\x98", -1, 1},
    {"\xc2z", -1, 1},
    {"\xe2\x82z", -1, 1},
    {"\xf0\x9f\x98z", -1, 1},
};

static void
characters_are_read_as_rfc_3629_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(characters); i++) {
		size_t len = strlen(characters[i].s), got = 99;

		assert_int_equal(text_next(characters[i].s, len, &got),
		    characters[i].c);
		assert_int_equal(got, characters[i].len);
		assert_int_equal(text_is_utf8(characters[i].s, len),
		    characters[i].c >= 0);
	}
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8("a\0b", 3));
	assert_false(text_is_utf8("abc\xff", 4));
	assert_true(text_is_utf8("abc\xff", 3));
	assert_int_equal(text_next("\0", 1, &(size_t){0}), 0);
}

static void
a_border_splits_no_character(void **state)
{
	/* One, two, three, four bytes, then one that is no character. */
	static const char s[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff";
	static const size_t borders[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11,
	    11, 11};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(borders); n++) {
		assert_int_equal(text_border(s, sizeof(s) - 1, n), borders[n]);
	}
	/* Stray continuation bytes stand alone. */
	assert_int_equal(text_border("\x80\x80\x80\x80\x80", 5, 4), 4);
	assert_int_equal(text_border("", 0, 5), 0);
}

static void
html_is_escaped(void **state)
{
	static const char link[] = "<a href='x' title=\"y\">&amp;\xc3\xa9</a>";
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	text_html(&b, "", 0);
	assert_string_equal(buf_str(&b), "");
	text_html(&b, link, sizeof(link) - 1);
	assert_string_equal(buf_str(&b),
	    "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;amp;\xc3\xa9"
	    "&lt;/a&gt;");
	buf_clear(&b);
	text_html(&b, "plain", 3);
	assert_string_equal(buf_str(&b), "pla");
}

/* Longer than names are guessed. */
#define LONG_WORD \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
the_nearest_word_is_found(void **state)
{
	static const char *const words[] = {"HOST", "PORT", "SMTP_HOST",
	    "SMTP_PORT", "LOG_LEVEL", "destinations", LONG_WORD};
	static const struct {
		const char *word, *nearest;
	} rows[] = {
	    {"PORT", "PORT"},
	    {"PROT", "PORT"},
	    {"host", "HOST"},
	    {"HOTS", "HOST"},
	    {"SMTP_HOSTT", "SMTP_HOST"},
	    {"STMP_PORT", "SMTP_PORT"},
	    {"log-level", "LOG_LEVEL"},
	    {"loglvl", "LOG_LEVEL"},
	    {"desinatoins", "destinations"},
	    {"dsntins", NULL},
	    {"completely", NULL},
	    {"abc", NULL}, /* three away from everything is nothing */
	    {"", NULL},
	    {"HO", NULL},
	    {LONG_WORD, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *nearest =
		    text_nearest(rows[i].word, words, ARRAY_LEN(words));

		if (rows[i].nearest == NULL) {
			assert_null(nearest);
		} else {
			assert_non_null(nearest);
			assert_string_equal(nearest, rows[i].nearest);
		}
	}
	assert_null(text_nearest("x", NULL, 0));
}

static void
addresses_are_masked(void **state)
{
	static const struct {
		const char *email, *masked;
	} rows[] = {
	    {"mueller@example.com", "m***r@example.com"},
	    {"abc@x", "a***c@x"},
	    {"ab@x", "a***@x"},
	    {"a@x", "***@x"},
	    {"@x", "***@x"},
	    {"a@b@x", "a***b@x"},
	    {"nobody", "n***y"},
	    {"", "***"},
	    {"\xc3\xa4 b\xc3\xb6@x", "\xc3\xa4***\xc3\xb6@x"},
	    {"\xc3\xa4\xc3\xb6@x", "\xc3\xa4***@x"},
	    {"\xc3\xa4@x", "***@x"},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(text_mask_email(a, rows[i].email),
		    rows[i].masked);
	}
}

static void
sizes_are_written_for_people(void **state)
{
	static const struct {
		unsigned long long n;
		const char *text;
	} rows[] = {
	    {0, "0 bytes"},
	    {1, "1 byte"},
	    {12, "12 bytes"},
	    {1023, "1023 bytes"},
	    {1024, "1 kB"},
	    {1536, "1.5 kB"},
	    {1590, "1.6 kB"},
	    {102400, "100 kB"},
	    {1048575, "1 MB"},
	    {1048576, "1 MB"},
	    {2097152, "2 MB"},
	    {1073741823, "1 GB"},
	    {18446744073709551615ULL, "16 EB"},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(text_bytes(a, rows[i].n), rows[i].text);
	}
}

/* A local part and a domain of so many letters. */
static const char *
long_email(struct arena *a, int local, int domain)
{
	char *s = arena_printf(a, "%0*d@", local, 0);

	/* Labels of at most 63. */
	for (; domain > 64; domain -= 64) {
		s = arena_printf(a, "%s%063d.", s, 0);
	}
	return arena_printf(a, "%s%0*d", s, domain, 0);
}

static const char *const good_emails[] = {
    "a@b",
    "a@example.com",
    "first.last+tag@sub.example-1.co",
    "o'neil@example.com",
    "a_b-c!#$%&*/=?^`{|}~@x.y",
    "1@2.3",
};
static const char *const bad_emails[] = {
    "",
    "@",
    "a",
    "a@",
    "@b",
    "a@b@c",
    "a b@c",
    "a@b c",
    " a@b",
    "a@b ",
    "a@b\n",
    "a\r\nBcc: x@y@z",
    "a@b\r\nBcc: c@d",
    "a\t@b",
    "a\x01@b",
    "a@b,c@d",
    "a@b;c@d",
    "a,b@c",
    "<a@b>",
    "A <a@b>",
    "\"a\"@b",
    "\"a b\"@c",
    "a(b)@c",
    "a@[1.2.3.4]",
    "a@b:25",
    "a@b>",
    ".a@b",
    "a.@b",
    "a..b@c",
    "a@.b",
    "a@b.",
    "a@b..c",
    "a@-b",
    "a@b-",
    "a@b_c",
    "\xc3\xa4@b",
    "a@\xc3\xa4.de",
    "a\x7f@b",
    "a\\b@c",
    "mailto:a@b",
    "a@b%0ac",
    "a@b/c",
};

static void
only_plain_addresses_are_taken(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_emails); i++) {
		if (!text_is_email(good_emails[i])) {
			fail_msg("%s is an address", good_emails[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_emails); i++) {
		if (text_is_email(bad_emails[i])) {
			fail_msg("%s is no address", bad_emails[i]);
		}
	}
	assert_true(text_is_email(long_email(a, 64, 63)));
	assert_false(text_is_email(long_email(a, 65, 63)));
	assert_true(text_is_email(long_email(a, 63, 190)));
	assert_false(text_is_email(long_email(a, 64, 190)));
	assert_false(text_is_email(arena_printf(a, "a@%064d", 0)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(characters_are_read_as_rfc_3629_says),
	    cmocka_unit_test(a_border_splits_no_character),
	    cmocka_unit_test(html_is_escaped),
	    cmocka_unit_test(the_nearest_word_is_found),
	    cmocka_unit_test(addresses_are_masked),
	    cmocka_unit_test(sizes_are_written_for_people),
	    cmocka_unit_test(only_plain_addresses_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
