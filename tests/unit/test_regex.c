#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/regex.h"

static void
regex_drop(struct regex **r)
{
	regex_free(*r);
}

/* What new RegExp(pattern).test(text) says. */
static const struct {
	const char *pattern, *text;
	bool found;
} searches[] = {
    {"", "", true},
    {"", "x", true},
    {"a", "", false},
    {"b", "abc", true},
    {"d", "abc", false},
    {"^b", "abc", false},
    {"^a", "abc", true},
    {"c$", "abc", true},
    {"c$", "abc\n", false},
    {"^abc$", "abc\n", false},
    {"^b", "a\nb", false},
    {"a$", "a\nb", false},
    {"a|b", "xxb", true},
    {"^a|b$", "xb", true},
    {"^a|b$", "bx", false},
    {"a.c", "a\nc", false},
    {"a.c", "a\rc", false},
    {"a.c",
	"a\xc3\xa9"
	"c",
	true},
    {"^.$", "\xc3\xa9", true},
    {"[^]", "\n", true},
    {"[]", "a", false},
    {"\\d+", "x42", true},
    {"\\d", "\xd9\xa1", false},
    {"^\\w+$", "\xc3\xa9", false},
    {"\\bfoo\\b", "a foo b", true},
    {"\\bfoo\\b", "afoo", false},
    {"\\u0041", "A", true},
    {"\\x41", "A", true},
    {"\\/", "/", true},
    {"(a)|b\\1", "b", true},
    {"(?:a)(b)\\1", "abb", true},
    {"(a)(b)\\2\\1", "abba", true},
    {"(?<x>a)\\k<x>", "aa", true},
    {"(?=ab)a", "ab", true},
    {"(?!ab)a", "ab", false},
    {"(?<=a)b", "ab", true},
    {"(?<!a)b", "ab", false},
    {"a{2,3}", "xaax", true},
    {"a{2,3}?$", "aaaa", true},
    {"a{,2}", "a{,2}", true},
    {"^[a-z]+@[a-z]+\\.com$", "dana@example.com", true},
    {"^[a-z]+@[a-z]+\\.com$", "dana@example.org", false},
    {"^\\d{3}-\\d{2}-\\d{4}$", "123-45-6789", true},
    {"\\(*", "((", true},
    {"[(*]", "*", true},
    {"[\\](*]", "]", true},
    {"A", "a", false},
    /* Those that begin at a line: PCRE2 tries them only there. */
    {".*b", "ab", true},
    {".*b", "a\nb", true},
    {".*b", "b\na", true},
    {".*b", "a\na", false},
    {".*\\nb", "\r\nb", true},
    {".*\\nb", "a\r\nb", true},
    {".*(?<=\\n)", "a\n", true},
    {".*(?<=\\n)$", "a\n", true},
    {"^.*(?<=\\n)$", "a\n", false},
    {".*a$", "b\nc\nba", true},
    {".*?x|.*?y", "aa\nby", true},
    {"(.*)x\\1", "abcxbc", true},
    {"^.*x", "a\nx", false},
    {"[^]*x", "a\nx", true},
};

static void
a_pattern_matches_as_in_javascript(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
		CLEANUP(regex_drop) struct regex *r = NULL;
		struct fault f = {0};
		bool found = !searches[i].found;

		if (regex_new(searches[i].pattern, &r, &f) != RC_OK) {
			fail_msg("%s: %s", searches[i].pattern, f.text);
		}
		assert_int_equal(regex_search(r, searches[i].text,
				     strlen(searches[i].text), &found),
		    RC_OK);
		if (found != searches[i].found) {
			fail_msg("%s in '%s': %d", searches[i].pattern,
			    searches[i].text, found);
		}
	}
}

static const struct {
	const char *pattern, *why;
} refused[] = {
    {"(a", "bad pattern at offset 2: missing closing parenthesis"},
    {"a)", "bad pattern at offset 1: unmatched closing parenthesis"},
    {"a)|(b", "bad pattern at offset 1: unmatched closing parenthesis"},
    {"a)(?:b", "bad pattern at offset 1: unmatched closing parenthesis"},
    {"[a",
	"bad pattern at offset 2: missing terminating ] for "
	"character class"},
    {"*a",
	"bad pattern at offset 0: quantifier does not follow a "
	"repeatable item"},
    {"a\\", "bad pattern at offset 2: \\ at end of pattern"},
    {"[b-a]",
	"bad pattern at offset 3: range out of order in "
	"character class"},
    {"(?<=a+)b",
	"bad pattern at offset 0: lookbehind assertion is not "
	"fixed length"},
    {"\\C",
	"bad pattern at offset 2: using \\C is disabled by the "
	"application"},
    {"\xff",
	"bad pattern at offset 0: UTF-8 error: illegal byte (0xfe "
	"or 0xff)"},
    {"(?x)a #", "bad pattern at offset 8: missing closing parenthesis"},
    {"\\Qa", "bad pattern at offset 4: missing closing parenthesis"},
    {"(*UTF)a",
	"bad pattern at offset 0: verbs, recursion and "
	"callouts are not supported"},
    {"a(*COMMIT)b",
	"bad pattern at offset 1: verbs, recursion and "
	"callouts are not supported"},
    {"a(?R)?b",
	"bad pattern at offset 1: verbs, recursion and "
	"callouts are not supported"},
    {"(a(?1)?b)",
	"bad pattern at offset 2: verbs, recursion and "
	"callouts are not supported"},
    {"(a)(?-1)",
	"bad pattern at offset 3: verbs, recursion and "
	"callouts are not supported"},
    {"(?+1)(a)",
	"bad pattern at offset 0: verbs, recursion and "
	"callouts are not supported"},
    {"(?<x>a)(?&x)",
	"bad pattern at offset 7: verbs, recursion and "
	"callouts are not supported"},
    {"(?<x>a)(?P>x)",
	"bad pattern at offset 7: verbs, recursion and "
	"callouts are not supported"},
    {"(?<x>a)\\g<x>",
	"bad pattern at offset 7: verbs, recursion and "
	"callouts are not supported"},
    {"(a)\\g'1'",
	"bad pattern at offset 3: verbs, recursion and "
	"callouts are not supported"},
    {"a(?C1)",
	"bad pattern at offset 1: verbs, recursion and callouts "
	"are not supported"},
    {"(((a{0,99}){99}){99}){99}",
	"bad pattern at offset 25: regular expression is too large"},
};

static void
a_pattern_that_does_not_compile_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct regex *r = NULL;
		struct fault f = {0};

		if (regex_new(refused[i].pattern, &r, &f) != RC_INVALID) {
			fail_msg("%s was taken", refused[i].pattern);
		}
		assert_null(r);
		assert_string_equal(f.text, refused[i].why);
		assert_int_equal(regex_new(refused[i].pattern, &r, NULL),
		    RC_INVALID);
	}
}

static void
a_long_or_deep_pattern_is_refused(void **state)
{
	char pattern[REGEX_PATTERN_MAX + 2];
	struct regex *r = NULL;
	struct fault f = {0};

	(void)state;
	memset(pattern, 'a', sizeof(pattern));
	pattern[REGEX_PATTERN_MAX + 1] = '\0';
	assert_int_equal(regex_new(pattern, &r, &f), RC_INVALID);
	assert_string_equal(f.text, "bad pattern: more than 1000 bytes");
	pattern[REGEX_PATTERN_MAX] = '\0';
	assert_int_equal(regex_new(pattern, &r, &f), RC_OK);
	regex_free(r);

	memset(pattern, '(', 100);
	memset(pattern + 100, ')', 100);
	pattern[200] = '\0';
	assert_int_equal(regex_new(pattern, &r, &f), RC_INVALID);
	assert_string_equal(f.text,
	    "bad pattern at offset 51: parentheses are too deeply nested");
}

static double
cpu_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A text of the longest kind: one letter, then the tail. */
static void
fill(char *s, char letter, const char *tail)
{
	memset(s, letter, REGEX_SUBJECT_MAX);
	memcpy(s + REGEX_SUBJECT_MAX - strlen(tail), tail, strlen(tail));
}

/*
 * Searches and says what came of it; one search may not take long. The bar is
 * 50 ms of CPU, of which regex.c spends 30 at most; tools that watch every
 * instruction get more.
 */
static enum rc
search_in_time(const char *pattern, const char *s, bool *found)
{
	CLEANUP(regex_drop) struct regex *r = NULL;
	struct fault f = {0};
	double start;
	enum rc rc;

	if (regex_new(pattern, &r, &f) != RC_OK) {
		fail_msg("%s: %s", pattern, f.text);
	}
	start = cpu_ms();
	rc = regex_search(r, s, REGEX_SUBJECT_MAX, found);
	if (cpu_ms() - start > 50) {
		fail_msg("%s took %f ms", pattern, cpu_ms() - start);
	}
	return rc;
}

static void
a_catastrophe_is_cut_short_and_decides_nothing(void **state)
{
	/* The tail makes PCRE2's own short cuts useless. */
	static const struct {
		const char *pattern;
		char letter;
		const char *tail;
	} rows[] = {
	    {"(?:a|aa){12}[bc]", 'a', ""},
	    {"(?:a|aa){12}[bc]", 'a', "d"},
	    {"^(a+)+$", 'a', "!"},
	    {"^(a|aa)+$", 'a', "!"},
	    {"^(a|a)*$", 'a', "!"},
	    {"^(.|a)*[bc]$", 'a', "!"},
	    {"^(([a-z])+.)+[A-Z]([a-z])+$", 'a', ""},
	    {"^(a?){50}a{50}$", 'a', "!"},
	    {"(x+x+)+[yz]", 'x', ""},
	    {"^(\\w+\\s?)*$", 'a', "!"},
	    {"([a-zA-Z]+)*[0-9]", 'a', "!"},
	    {"(.*)*[bc]", 'a', ""},
	    {"(a*)*\\1[bc]", 'a', ""},
	    {"a.*a.*a.*[bc]", 'a', ""},
	    {"a*a*a*a*a*[bc]", 'a', ""},
	    {"(?:a.*?){6}[bc]", 'a', ""},
	    {"[^b]*[^b]*[^b]*[bc]", 'a', ""},
	    {"(\\d+)+-[bc]", '1', "-"},
	    {"^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$",
		'a', "@!"},
	};
	char s[REGEX_SUBJECT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool found = false;

		fill(s, rows[i].letter, rows[i].tail);
		if (search_in_time(rows[i].pattern, s, &found) !=
		    RC_UNCERTAIN) {
			fail_msg("%s was answered: %d", rows[i].pattern, found);
		}
	}
}

static void
work_that_no_limit_counts_is_cut_short_too(void **state)
{
	/* Each repeated until the pattern is as long as it may be. */
	static const struct {
		const char *start, *piece, *end;
	} rows[] = {
	    {"", "(?!.*b)", "[xy]"},
	    {"", "(?=.*a)", "[xy]"},
	    {"", "(?!.+[bc])", "[xy]"},
	    {"", "(?!a{4000}b)", "[xy]"},
	    {"", "(?<!aaaaaaaaaaaaaaaaaaaaaaaaaaaaab)", "[xy]"},
	    {"(?:", ".*b|", "c)[xy]"},
	    {"(?:", "a.*b|", "c)[xy]"},
	    {"(?:", "(?>.*)b|", "c)[xy]"},
	    {"(?:", "(?=a*+[bc])|", "c)[xy]"},
	    {"(a{0,2000})", "(?!\\1b)", "[xy]"},
	    {"(.*?)", "(?!\\1[bc])", "[xy]"},
	    {"(?i)(.*?)", "(?!\\1[bc])", "[xy]"},
	    {"(?:", "a?", ")+[xy]"},
	    {"", "[^b]*", "[xy]"},
	};
	CLEANUP(buf_fini) struct buf b = {0};
	char s[REGEX_SUBJECT_MAX];

	(void)state;
	fill(s, 'a', "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool found = false;

		buf_clear(&b);
		buf_puts(&b, rows[i].start);
		while (b.len + strlen(rows[i].piece) + strlen(rows[i].end) <=
		    REGEX_PATTERN_MAX) {
			buf_puts(&b, rows[i].piece);
		}
		buf_puts(&b, rows[i].end);
		/* A fast machine may get through; nothing may be found. */
		if (search_in_time(b.data, s, &found) == RC_OK) {
			assert_false(found);
		}
	}
}

static void
ordinary_patterns_get_through_a_long_text(void **state)
{
	static const struct {
		const char *pattern, *tail;
		bool found;
	} rows[] = {
	    {"password|secret|token", "the token is", true},
	    {"password|secret|token", "nothing", false},
	    {".*token.*", "a token.", true},
	    {".*(?:token|secret|password).*", "nothing of it", false},
	    {".*token.*|.*secret.*|.*password.*", "tokens, secrets.", true},
	    {"\\b\\d{3}-\\d{2}-\\d{4}\\b", " 123-45-6789", true},
	    {"\\b\\d{3}-\\d{2}-\\d{4}\\b", " 123-45-678", false},
	    {"(?:\\d[ -]*?){13,16}", "4111 1111 1111 1111", true},
	    {"(?i)DROP +TABLE", "drop   table", true},
	    {"^a+[.!]$", ".", true},
	    {"^[^<>]*$", "<", false},
	    {"\\.(exe|dll)$", ".dll", true},
	    {"x$", "x", true},
	};
	char s[REGEX_SUBJECT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool found = !rows[i].found;

		fill(s, 'a', rows[i].tail);
		if (search_in_time(rows[i].pattern, s, &found) != RC_OK ||
		    found != rows[i].found) {
			fail_msg("%s: %d", rows[i].pattern, found);
		}
	}
}

static void
a_text_too_long_or_not_utf8_is_uncertain(void **state)
{
	static char s[REGEX_SUBJECT_MAX + 1];
	CLEANUP(regex_drop) struct regex *r = NULL;
	bool found = true;

	(void)state;
	assert_int_equal(regex_new("b", &r, NULL), RC_OK);
	memset(s, 'b', sizeof(s));
	assert_int_equal(regex_search(r, s, sizeof(s), &found), RC_UNCERTAIN);
	assert_int_equal(regex_search(r, s, sizeof(s) - 1, &found), RC_OK);
	assert_true(found);
	assert_int_equal(regex_search(r, "b\xff", 2, &found), RC_UNCERTAIN);
	assert_int_equal(regex_search(r, "\xed\xa0\x80 b", 5, &found),
	    RC_UNCERTAIN);
	assert_int_equal(regex_search(r, "a\0b", 3, &found), RC_OK);
	assert_true(found);
	assert_int_equal(regex_search(r, NULL, 0, &found), RC_OK);
	assert_false(found);
}

static void *
search_often(void *arg)
{
	uintptr_t bad = 0;
	bool found;

	for (int i = 0; i < 2000; i++) {
		found = false;
		bad += regex_search(arg, "xxaaab", 6, &found) != RC_OK ||
		    !found;
		bad += regex_search(arg, "xxaaa", 5, &found) != RC_OK || found;
	}
	return (void *)bad;
}

static void
threads_share_one_pattern(void **state)
{
	CLEANUP(regex_drop) struct regex *r = NULL;
	pthread_t threads[4];
	void *bad;

	(void)state;
	assert_int_equal(regex_new("(a+)+b", &r, NULL), RC_OK);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, search_often,
				     r),
		    0);
	}
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
}

static void
freeing_nothing_is_fine(void **state)
{
	(void)state;
	regex_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pattern_matches_as_in_javascript),
	    cmocka_unit_test(a_pattern_that_does_not_compile_is_refused),
	    cmocka_unit_test(a_long_or_deep_pattern_is_refused),
	    cmocka_unit_test(a_catastrophe_is_cut_short_and_decides_nothing),
	    cmocka_unit_test(work_that_no_limit_counts_is_cut_short_too),
	    cmocka_unit_test(ordinary_patterns_get_through_a_long_text),
	    cmocka_unit_test(a_text_too_long_or_not_utf8_is_uncertain),
	    cmocka_unit_test(threads_share_one_pattern),
	    cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
