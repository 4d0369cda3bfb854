#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rc.h"
#include "lib/script.h"

static void
a_word_that_mixes_alphabets_is_found_and_spelled(void **state)
{
	static const struct {
		const char *text, *word; /* NULL = none */
	} rows[] = {
	    {"", NULL},
	    {"paypal", NULL},
	    {"p\u0430ypal", "p\\u{0430}ypal"},
	    {"pay p\u0430ypal.com now", "p\\u{0430}ypal"},
	    {"crm.refund_\u0441ustomer", "\\u{0441}ustomer"},
	    {"\u039daples", "\\u{039D}aples"},
	    {"\uff50aypal", "\\u{FF50}aypal"},
	    {"\U0001d429aypal", "\\u{1D429}aypal"},
	    {"caf\u00e9\u043e", "caf\\u{00E9}\\u{043E}"},
	    /* Ordinary writing. */
	    {"\u043c\u043e\u0441\u043a\u0432\u0430", NULL},
	    {"Moscow \u041c\u043e\u0441\u043a\u0432\u0430 2026", NULL},
	    {"na\u00efve caf\u00e9 \u1ea1", NULL},
	    {"5 k\u03a9, 3 \u03bcm, \u0394t, Acme\u2122", NULL},
	    {"\u6771\u4eacTower", NULL},
	    {"\uff21\uff22\uff23", NULL},
	    {"\u043f\u0440\u0438\u0432\u0435\u0442-hello", NULL},
	    {"a\xff\u0430", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;
		bool found;

		buf_init(&out, 0);
		found = script_mixed(rows[i].text, strlen(rows[i].text), &out);
		assert_int_equal(found, rows[i].word != NULL);
		assert_string_equal(buf_str(&out),
		    rows[i].word != NULL ? rows[i].word : "");
	}
}

static void
a_long_word_is_cut_aloud(void **state)
{
	CLEANUP(buf_fini) struct buf out;
	char text[200] = "\u0430";

	(void)state;
	memset(text + 2, 'p', sizeof(text) - 3);
	buf_init(&out, 0);
	assert_true(script_mixed(text, strlen(text), &out));
	assert_int_equal(strlen(buf_str(&out)), 8 + SCRIPT_WORD_MAX - 2 + 3);
	assert_string_equal(buf_str(&out) + out.len - 4, "p...");
}

static void
everything_beyond_ascii_is_spelled(void **state)
{
	static const struct {
		const char *text, *spelled;
	} rows[] = {
	    {"", ""},
	    {"crm.refund", "crm.refund"},
	    {"\u0441rm", "\\u{0441}rm"},
	    {"a\tb\n", "a\\u{0009}b\\u{000A}"},
	    {"a\x7f", "a\\u{007F}"},
	    {"a\xff", "a\\x{FF}"},
	    {"\U0001f4b8", "\\u{1F4B8}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;

		buf_init(&out, 0);
		script_spell(rows[i].text, strlen(rows[i].text), &out);
		assert_string_equal(buf_str(&out), rows[i].spelled);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_word_that_mixes_alphabets_is_found_and_spelled),
	    cmocka_unit_test(a_long_word_is_cut_aloud),
	    cmocka_unit_test(everything_beyond_ascii_is_spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
