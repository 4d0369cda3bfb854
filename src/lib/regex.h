/*
 * regex: patterns from policy files, bounded. The door to PCRE2.
 *
 * PCRE2 counts its match limit per start position, so an unanchored search in
 * a long text can run for seconds without hitting it. The whole search is
 * therefore one anchored match of `(?s:.*?)(?:PATTERN)`, over at most
 * REGEX_SUBJECT_MAX bytes, with a match limit and a heap limit. Machine code
 * does not count single-character loops either, so a search also has an end in
 * CPU time of its thread (30 ms), looked at between the items of the pattern.
 *
 * A pattern is ECMAScript's as far as PCRE2 can read it: UTF-8, $ only at the
 * end, \u0041, [^]. Perl's verbs, recursion and callouts are refused. Fancier
 * things that only Perl has, such as (?i), are allowed.
 */
#ifndef LIB_REGEX_H
#define LIB_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

enum { REGEX_PATTERN_MAX = 1000, REGEX_SUBJECT_MAX = 4096 };

struct regex; /* opaque: fields live in regex.c */

/*
 * RC_INVALID when it does not compile, is over REGEX_PATTERN_MAX bytes or
 * nested deeper than 50: "bad pattern at offset 2: ...".
 */
enum rc regex_new(const char *pattern, struct regex **out, struct fault *)
    MUST_CHECK;
void regex_free(struct regex *);
/*
 * Searches anywhere in s, as an unanchored JavaScript regex would. Reentrant.
 * RC_OK sets *out. RC_UNCERTAIN: a limit was hit, or the text is too long or
 * not UTF-8; the caller asks a human.
 */
enum rc regex_search(const struct regex *, const char *s, size_t len, bool *out)
    MUST_CHECK;

#endif
