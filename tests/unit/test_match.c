#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/text.h"
#include "match.h"

/* Whether the term is found in the text, by whole words and inside of them. */
struct row {
	const char *term, *text;
	bool word, part;
};

static const struct row rows[] = {
    /* As it is written. */
    {"refund", "please refund me", true, true},
    {"refund", "refund", true, true},
    {"refund", "Refund!", true, true},
    {"refund", "(REFUND)", true, true},
    {"refund", "\"refund\":1", true, true},
    {"REFUND", "refund", true, true},
    {"refund", "", false, false},
    {"refund", " ", false, false},
    {"refund", "refun", false, false},
    {"refund", "ref", false, false},
    {"refund", "fund", false, false},
    {"legal action", "we take legal action now", true, true},
    {"legal action", "legal  \n\taction", true, true},
    {"legal action", "legal, no action", false, false},
    {"legal action", "action legal", false, false},
    {"Ärger", "viel ARGER", true, true},
    {"deal", "it's a d\xc3\xa9\x61l", true, true},

    /* Whole words are not parts of others. */
    {"sue", "I will sue", true, true},
    {"sue", "sue's", true, true},
    {"sue", "your issue is resolved", false, true},
    {"sue", "tissue", false, true},
    {"sue", "sued", false, true},
    {"refund", "refunds", false, true},
    {"refund", "nonrefundable", false, true},
    {"legal action", "illegal actions", false, true},
    {"ach", "teach", false, true},

    /* Separators inside. */
    {"refund", "r-e-f-u-n-d", true, true},
    {"refund", "r e f u n d", true, true},
    {"refund", "r.e.f.u.n.d.", true, true},
    {"refund", "r_e_f_u_n_d", true, true},
    {"refund", "r\ne\nf\nu\nn\nd", true, true},
    {"refund", "r--- e***f,,u//n\\\\d", true, true},
    {"refund", "re-fund", true, true},
    {"refund", "ref und", true, true},
    {"refund", "re fu nd", true, true},
    {"refund", "a r-e-f-u-n-d b", true, true},
    {"refund guaranteed", "refund-guaranteed", true, true},
    {"refund guaranteed", "refundguaranteed", true, true},
    {"refund guaranteed", "RefundGuaranteed", true, true},
    {"refund guaranteed", "re.fund_guaran-teed", true, true},
    {"refund guaranteed", "r e f u n d g u a r a n t e e d", true, true},
    {"refund guaranteed", "r-e-f-u-n-d guaranteed", true, true},
    {"refundguaranteed", "refund guaranteed", true, true},
    {"sue", "s-u-e", true, true},
    {"sue", "s u e", true, true},
    {"sue", "s.u.e", true, true},

    /* Neighbours that are no word together. */
    {"sue", "escribe a su e-mail", false, false},
    {"sue", "it's UE law", false, false},
    {"id", "I'd say", false, false},
    {"asap", "as ap", false, false},
    {"refund", "r e f u n d s", true, true},
    {"refund", "x r e f u n d x", true, true},

    /* What is not seen. */
    {"refund",
	"re\xe2\x80\x8b"
	"fund",
	true, true},
    {"refund",
	"re\xc2\xad"
	"fund",
	true, true},
    {"refund",
	"re\xe2\x81\xa0"
	"fund",
	true, true},
    {"refund", "\xef\xbb\xbfrefund", true, true},
    {"refund",
	"re\xe2\x80\xae"
	"fund",
	true, true},
    {"refund",
	"re\xf3\xa0\x81\xa1"
	"fund",
	true, true},

    /* What looks the same. */
    {"refund",
	"\xef\xbd\x92\xef\xbd\x85\xef\xbd\x86\xef\xbd\x95\xef\xbd\x8e"
	"\xef\xbd\x84",
	true, true},
    {"refund",
	"r\xc3\xa9"
	"f\xc3\xbc"
	"nd",
	true, true},
    {"refund",
	"re\xcc\x81"
	"fu\xcc\x88"
	"nd",
	true, true},
    {"refund",
	"r\xd0\xb5"
	"fund",
	true, true},
    {"sue", "\xd1\x95\xd5\xbd\xd0\xb5", true, true},
    {"refund",
	"\xf0\x9d\x93\xbb\xf0\x9d\x93\xae\xf0\x9d\x93\xaf"
	"\xf0\x9d\x93\xbe\xf0\x9d\x93\xb7\xf0\x9d\x93\xad",
	true, true},
    {"r\xd0\xb5"
     "fund",
	"refund", true, true},

    /* Leet, in both meanings of a 1. */
    {"refund", "r3fund", true, true},
    {"refund guaranteed", "r3fund-guar4nt33d", true, true},
    {"sue", "$ue", true, true},
    {"scam", "sc@m", true, true},
    {"legal", "1egal", true, true},
    {"legal", "l3g4l", true, true},
    {"delete all", "d3l3t3 a11", true, true},
    {"bill", "b1ll", true, true},
    {"total", "7o7al", true, true},
    {"bribe", "8r18e", true, true},
    {"refund", "refund!now", true, true},
    {"refund", "now|refund|later", true, true},
    {"ass", "1,4,5,5,4", false, false},
    {"order 66", "order 66", true, true},
    {"66", "order 66", true, true},
    {"66", "order 166", false, true},

    /* As JSON spells it. */
    {"refund", "{\"a\":\"\\u0072efund\"}", true, true},
    {"refund", "{\"a\":\"\\u0072\\u0065\\u0066\\u0075\\u006E\\u0064\"}", true,
	true},
    {"refund", "{\"a\":\"now\\nrefund\\tme\"}", true, true},
    {"refund", "{\"a\":\"{\\\"b\\\":\\\"\\\\u0072efund\\\"}\"}", true, true},
    {"refund", "\"\\\\\\\\u0072efund\"", true, true},
    {"refund", "\"re\\ufefffund\"", true, true},
    {"refund", "\"\\ud835\\udcfbefund\"", true, true},
    {"refund", "\"re\\ud800fund\"", true, true},
    {"refund", "\"re\\u007\"", false, false},
    {"refund", "C:\\new\\refund", true, true},
    {"refund", "\\u0072efund", true, true},
    {"refund", "\\", false, false},
    {"refund", "refund\\", true, true},
    {"refund", "refund\\u", true, true},
};

static bool
found(const struct row *r, bool substring)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct field_strings terms = {arena_array(a, 1, sizeof(char *)), 1};
	const char *got;

	terms.items[0] = r->term;
	got = match_terms(&terms, substring, r->text, strlen(r->text), a);
	/* The term is given back as the policy has it. */
	assert_true(got == NULL || got == r->term);
	return got != NULL;
}

static void
terms_are_found_however_they_are_written(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		bool word = found(r, false), part = found(r, true);

		if (word != r->word || part != r->part) {
			print_error(
			    "\"%s\" in \"%s\": as word %d, as part %d\n",
			    r->term, r->text, word, part);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
the_first_term_of_the_policy_is_named(void **state)
{
	static const char *items[] = {"zebra", "legal action", "sue", "legal"};
	const struct field_strings terms = {items, ARRAY_LEN(items)};
	static const struct {
		const char *text, *term;
	} texts[] = {
	    {"sue, then legal, then legal action", "legal action"},
	    {"legal sue", "sue"},
	    {"only legal", "legal"},
	    {"a zebra will sue", "zebra"},
	    {"nothing", NULL},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *got = match_terms(&terms, false, texts[i].text,
		    strlen(texts[i].text), a);

		if (texts[i].term == NULL) {
			assert_null(got);
			continue;
		}
		assert_string_equal(got, texts[i].term);
	}
}

static void
a_text_is_searched_to_its_end_and_no_further(void **state)
{
	static const char *items[] = {"refund"};
	const struct field_strings terms = {items, 1};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	while (b.len < 1024 * 1024) {
		buf_puts(&b, "nothing to be seen here, ");
	}
	buf_puts(&b, "r-e-f-u-n-d");
	assert_non_null(match_terms(&terms, false, b.data, b.len, a));
	assert_null(match_terms(&terms, false, b.data, b.len - 1, a));
	assert_null(match_terms(&terms, false, "refund", 0, a));
}

static void
several_texts_are_searched_as_one(void **state)
{
	static const char *items[] = {"first", "second"};
	const struct field_strings terms = {items, 2};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct match_set *set = match_set_new(a, &terms, false);
	struct match_text *t = match_text_new(a);

	(void)state;
	assert_null(match_find(set, t));
	match_text_add(t, "the second", 10);
	assert_string_equal(match_find(set, t), "second");
	match_text_add(t, "the first", 9);
	assert_string_equal(match_find(set, t), "first");
}

static void
a_term_of_signs_only_is_known_as_empty(void **state)
{
	static const struct {
		const char *term;
		bool empty;
	} terms[] = {
	    {"", true},
	    {" ", true},
	    {"---", true},
	    {"\xe2\x80\x8b", true},
	    {"a", false},
	    {"7", false},
	    {"\xe9\x87\x91", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		assert_int_equal(match_term_is_empty(terms[i].term),
		    terms[i].empty);
	}
}

static void
an_empty_term_is_never_found(void **state)
{
	static const char *items[] = {"---", "sue"};
	const struct field_strings terms = {items, 2};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	assert_null(match_terms(&terms, true, "--- ---", 7, a));
	assert_string_equal(match_terms(&terms, true, "--- sue", 7, a), "sue");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terms_are_found_however_they_are_written),
	    cmocka_unit_test(the_first_term_of_the_policy_is_named),
	    cmocka_unit_test(a_text_is_searched_to_its_end_and_no_further),
	    cmocka_unit_test(several_texts_are_searched_as_one),
	    cmocka_unit_test(a_term_of_signs_only_is_known_as_empty),
	    cmocka_unit_test(an_empty_term_is_never_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
