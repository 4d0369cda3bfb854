/*
 * The first line is a pattern, the rest a text. Neither may cost more CPU time
 * than a request can afford, and what is found twice is found alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CPU_MS_MAX = 500, REPEAT_MAX = 4096 };

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static long long
cpu_ms(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void
search(const struct regex *r, const char *s, size_t len)
{
	long long start = cpu_ms();
	bool a = false, b = false;
	enum rc first = regex_search(r, s, len, &a);
	enum rc second;

	must(first == RC_OK || first == RC_UNCERTAIN);
	must(cpu_ms() - start < CPU_MS_MAX);
	second = regex_search(r, s, len, &b);
	must(first != RC_OK || second != RC_OK || a == b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char pattern[REGEX_PATTERN_MAX + 1], text[REPEAT_MAX];
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t n = end != NULL ? (size_t)(end - data) : len, rest;
	long long start = cpu_ms();
	struct regex *r = NULL;
	struct fault f = {0};

	if (n > REGEX_PATTERN_MAX) {
		return 0;
	}
	if (n > 0) {
		memcpy(pattern, data, n);
	}
	pattern[n] = '\0';
	if (regex_new(pattern, &r, &f) != RC_OK) {
		must(r == NULL && f.text[0] != '\0');
		return 0;
	}
	must(cpu_ms() - start < CPU_MS_MAX);
	rest = end != NULL ? len - n - 1 : 0;
	if (rest > 0) {
		search(r, (const char *)end + 1, rest);
		/* The same again and again, as long as a text may be. */
		for (size_t i = 0; i < sizeof(text); i++) {
			text[i] = (char)end[1 + i % rest];
		}
		search(r, text, sizeof(text));
	}
	regex_free(r);
	return 0;
}
