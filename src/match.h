/*
 * match: whether a text says something that a policy forbids. Pure.
 *
 * Terms are made ready once, when a policy is loaded; a text once for each
 * evaluation. Both are compared in the form of text_fold(): lower-case words
 * without accents, hidden characters, look-alike letters and leet.
 *
 * A term is found where its letters stand in whole words of the text, from the
 * beginning of a word to the end of one: "sue" is in "sue!" and "SUE'S", not in
 * "issue". Separators inside do not save it, and missing ones do not either:
 * "refund guaranteed" is in "r-e-f-u-n-d guaranteed", "re.fund_guaran-teed" and
 * "RefundGuaranteed". So that ordinary neighbours do not add up to a short
 * word ("su e-mail" is not "sue"), letters that are broken at one place only,
 * where the term is not, count from MATCH_SPLIT_LETTERS letters on.
 *
 * With `substring` a term is also found inside of words.
 *
 * A text is read in several ways, and each is searched: as it stands, and with
 * the escapes of JSON strings resolved, as often as there are any (a JSON text
 * inside a JSON text), at most MATCH_ESCAPES_MAX times; each of these with the
 * readings of text_fold_readings(), so that 1egal is legal, and b1ll is bill.
 *
 * Scripts that write no blanks between words need `substring`.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/field.h"

enum { MATCH_TERMS_MAX = 500, MATCH_SPLIT_LETTERS = 5, MATCH_ESCAPES_MAX = 3 };

struct match_set;  /* terms, ready; opaque: fields live in match.c */
struct match_text; /* a text, ready; likewise */

/*
 * Folds the terms, at most MATCH_TERMS_MAX. One without a letter or digit is
 * never found; see match_term_is_empty(). Borrows the terms.
 */
struct match_set *match_set_new(struct arena *,
    const struct field_strings *terms, bool substring);
/* The same, of whole words that are in folded form already. */
struct match_set *match_set_folded(struct arena *, const char *const *words,
    size_t n);
/* Whether nothing is left of the term to be compared. */
bool match_term_is_empty(const char *term);

/* A text without any reading yet. */
struct match_text *match_text_new(struct arena *);
/* Adds a text to be searched with the others. Does not keep it. */
void match_text_add(struct match_text *, const char *s, size_t len);

/* The first term of the set, in its order, that is in the text; or NULL. */
const char *match_find(const struct match_set *, const struct match_text *);

/* All in one: the first of `terms` found in the text, or NULL. */
const char *match_terms(const struct field_strings *terms, bool substring,
    const char *text, size_t len, struct arena *);

#endif
