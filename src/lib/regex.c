#include "lib/regex.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/arena.h"
#include "lib/mem.h"

enum {
	MATCH_LIMIT = 1000000,
	HEAP_KIB = 1024,
	JIT_STACK_MIN = 32 * 1024,
	JIT_STACK_MAX = 1024 * 1024,
	CPU_MS = 30,	   /* of one search */
	CLOCK_EVERY = 128, /* steps; each takes a few microseconds at most */
	NESTING_MAX = 50,  /* parentheses */
	WORDS_SIZE = 200   /* of PCRE2's own messages */
};

/* ECMAScript's reading, as far as PCRE2 can: no u flag, no m flag. */
static const uint32_t dialect = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY |
    PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
    PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;

struct regex {
	pcre2_code *code; /* the whole search, one anchored match */
};

/* What a search needs besides the pattern. Each thread keeps one. */
struct bench {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	unsigned steps;	    /* of this search */
	long long until_us; /* of the thread's CPU time */
};

static struct {
	pthread_once_t once;
	pthread_key_t thread; /* of struct bench */
} benches = {.once = PTHREAD_ONCE_INIT};

static void
compile_context_drop(pcre2_compile_context **c)
{
	pcre2_compile_context_free(*c);
}

static void
code_drop(pcre2_code **code)
{
	pcre2_code_free(*code);
}

/*
 * Compiles; a fault counts its offset from `skip`, where the policy's own
 * text begins. NULL when it is refused.
 */
static pcre2_code *
compile(const char *text, uint32_t options, size_t skip, struct fault *f)
{
	CLEANUP(compile_context_drop)
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	unsigned char words[WORDS_SIZE] = "";
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	int error = 0;

	assert(context != NULL);
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    dialect | options, &error, &at, context);
	if (code == NULL) {
		pcre2_get_error_message(error, words, sizeof(words));
		fault_set(f, RC_INVALID, "", "bad pattern at offset %zu: %s",
		    at > skip ? (size_t)at - skip : 0, (const char *)words);
	}
	return code;
}

/* The index of the bracket that ends the class at i, or of the end. */
static size_t
skip_class(const char *p, size_t i)
{
	for (i++; p[i] != '\0' && p[i] != ']'; i++) {
		if (p[i] == '\\' && p[i + 1] != '\0') {
			i++;
		}
	}
	return i;
}

/*
 * Whether a group or escape at p is one of those that only Perl has: verbs
 * steer the search that we wrap around the pattern, recursion would include
 * the wrapping.
 */
static bool
is_foreign(const char *p)
{
	if (strncmp(p, "\\g<", 3) == 0 || strncmp(p, "\\g'", 3) == 0) {
		return true;
	}
	if (strncmp(p, "(*", 2) == 0 || strncmp(p, "(?P>", 4) == 0) {
		return true;
	}
	if (strncmp(p, "(?", 2) != 0 || p[2] == '\0') {
		return false;
	}
	return strchr("RC&+0123456789", p[2]) != NULL ||
	    (p[2] == '-' && p[3] >= '0' && p[3] <= '9');
}

static enum rc
check_dialect(const char *p, struct fault *f)
{
	if (strlen(p) > REGEX_PATTERN_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "bad pattern: more than %d bytes", REGEX_PATTERN_MAX);
	}
	for (size_t i = 0; p[i] != '\0'; i++) {
		if (is_foreign(p + i)) {
			return fault_set(f, RC_INVALID, "",
			    "bad pattern at offset %zu: verbs, recursion and "
			    "callouts are not supported",
			    i);
		}
		if (p[i] == '\\' && p[i + 1] != '\0') {
			i++;
		} else if (p[i] == '[') {
			i = skip_class(p, i);
			if (p[i] == '\0') {
				break;
			}
		}
	}
	return RC_OK;
}

/*
 * What goes before the pattern to make a search of one anchored match. A
 * pattern that PCRE2 knows to begin at the start of the text, or of a line
 * (such as .*x), needs not be tried everywhere.
 */
static const char *
prefix_of(const pcre2_code *code)
{
	uint32_t options = 0, type = 0;

	(void)pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
	(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type);
	if ((options & PCRE2_ANCHORED) != 0) {
		return "(?:";
	}
	return type == 2 ? "(?s:.*?)(?m:^)(?:" : "(?s:.*?)(?:";
}

enum rc
regex_new(const char *pattern, struct regex **out, struct fault *f)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(code_drop) pcre2_code *alone = NULL;
	const char *prefix;
	pcre2_code *code;
	enum rc rc = check_dialect(pattern, f);

	if (rc != RC_OK) {
		return rc;
	}
	/* Alone first: "a)|(b" must not lean on our parentheses. */
	alone = compile(pattern, 0, 0, f);
	if (alone == NULL) {
		return RC_INVALID;
	}
	prefix = prefix_of(alone);
	code = compile(arena_printf(a, "%s%s)", prefix, pattern),
	    PCRE2_ANCHORED | PCRE2_AUTO_CALLOUT, strlen(prefix), f);
	if (code == NULL) {
		return RC_INVALID;
	}
	/* Where memory may not be made executable, it is interpreted. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	*out = mem_new(1, sizeof(**out));
	(*out)->code = code;
	return RC_OK;
}

void
regex_free(struct regex *r)
{
	if (r != NULL) {
		pcre2_code_free(r->code);
		free(r);
	}
}

static long long
cpu_us(void)
{
	struct timespec t;
	int failed = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

	assert(!failed);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/*
 * PCRE2 calls this before each item of the pattern. Between two calls it can
 * do no more than run through the text once, which the match limit does not
 * count: (?!.*b)(?!.*b)... takes seconds without ever hitting it.
 */
static int
on_step(pcre2_callout_block *block, void *arg)
{
	struct bench *b = arg;

	(void)block;
	if (++b->steps % CLOCK_EVERY == 0 && cpu_us() > b->until_us) {
		return PCRE2_ERROR_CALLOUT;
	}
	return 0;
}

static void
bench_free(void *arg)
{
	struct bench *b = arg;

	pcre2_match_context_free(b->context);
	pcre2_match_data_free(b->data);
	pcre2_jit_stack_free(b->stack);
	free(b);
}

static struct bench *
bench_new(void)
{
	struct bench *b = mem_new(1, sizeof(*b));

	b->context = pcre2_match_context_create(NULL);
	b->data = pcre2_match_data_create(1, NULL);
	b->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	assert(b->context != NULL && b->data != NULL);
	pcre2_set_match_limit(b->context, MATCH_LIMIT);
	pcre2_set_heap_limit(b->context, HEAP_KIB);
	pcre2_set_callout(b->context, on_step, b);
	/* Without one, the first 32 kB of the machine's stack are used. */
	pcre2_jit_stack_assign(b->context, NULL, b->stack);
	return b;
}

static void
benches_init(void)
{
	int failed = pthread_key_create(&benches.thread, bench_free);

	assert(!failed);
}

static struct bench *
bench_get(void)
{
	int failed = pthread_once(&benches.once, benches_init);
	struct bench *b;

	assert(!failed);
	b = pthread_getspecific(benches.thread);
	if (b == NULL) {
		b = bench_new();
		failed = pthread_setspecific(benches.thread, b);
		assert(!failed);
	}
	return b;
}

enum rc
regex_search(const struct regex *r, const char *s, size_t len, bool *out)
{
	struct bench *b;
	int found;

	if (len > REGEX_SUBJECT_MAX) {
		return RC_UNCERTAIN;
	}
	b = bench_get();
	b->steps = 0;
	b->until_us = cpu_us() + CPU_MS * 1000;
	found = pcre2_match(r->code, (PCRE2_SPTR)(len > 0 ? s : ""), len, 0, 0,
	    b->data, b->context);
	/* 0 is a match whose groups had no room. */
	if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
		return RC_UNCERTAIN;
	}
	*out = found >= 0;
	return RC_OK;
}
