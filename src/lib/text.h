/*
 * text: UTF-8, and text made safe for the place it goes to.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/buf.h"

/* Well-formed UTF-8 as RFC 3629 says: no surrogates, no overlong forms. */
bool text_is_utf8(const char *s, size_t len);
/*
 * The code point at s (len > 0), its length in *out_len. Bytes that are not
 * UTF-8 give -1 with a length of 1.
 */
int text_next(const char *s, size_t len, size_t *out_len);
/* The largest n' <= n that does not split a character of s. */
size_t text_border(const char *s, size_t len, size_t n);

/*
 * Whether a person sees this code point for what it is: assigned (in the
 * Unicode version of utf8proc), not a control (line feed and tab are judged by
 * the caller), not a format, bidi, zero-width, tag, variation or private-use
 * character, no separator or filler other than the plain blank, no enclosing
 * mark and no stroke through a letter. Letters of all scripts, with the marks
 * of ordinary writing, and pictures are visible. Look-alike letters are, too:
 * that two letters look the same is not for this to say.
 */
bool text_is_visible(int code_point);
/*
 * Copies s with every code point that is not visible spelled \u{XXXX} (line
 * feeds stay when keep_lines, else \n), bytes that are not UTF-8 spelled
 * \x{XX}, and a backslash that could be mistaken for one of these doubled, so
 * that the shown text names exactly one sequence of bytes. Combining marks
 * stay behind a letter: four of them, of which two from the blocks that fit
 * every script; what goes beyond or has no letter is spelled. Joiners and
 * variation selectors are spelled also inside of Persian words and composed
 * pictures: the parts of a picture are then seen one by one.
 * *changed (may be NULL) says whether anything was spelled out; a doubled
 * backslash alone is not.
 */
void text_show(struct buf *out, const char *s, size_t len, bool keep_lines,
    bool *changed);

/* & < > " ' as character references (HTML text and quoted attributes). */
void text_html(struct buf *out, const char *s, size_t len);

/*
 * A form for comparing text that wants not to be recognised: compatibility
 * decomposition, case folding, no accents, no ignorable characters (NFKD and
 * Default_Ignorable, by utf8proc), look-alike letters of other scripts and
 * leet mapped to Latin (0 o, 1 ! | i, 2 z, 3 e, 4 @ a, 5 $ s, 6 9 g, 7 t,
 * 8 b), everything but letters and digits taken as a separator. The result is
 * lower-case words with one blank between. Bytes that are not UTF-8 separate.
 *
 * Both sides of a comparison must be folded; then neither needs to be Latin.
 * The price is that words meet that are not the same:
 * - A word with a letter in it is leet from end to end: 455h reads assh, and
 *   INV-a55 has ass. Numbers stay numbers (order 455, INV-455), so pa-55-word
 *   is missed; r-3-f-u-n-d, letter by letter, is not (but 4 5 5 b is).
 * - Letters of other scripts meet when they look like the same Latin one:
 *   two Russian words that differ in soft sign and v are one word here.
 * - Words that differ in accents only are one word. Vowel signs of Indic
 *   scripts are kept.
 * - i and l stay apart, for fall is not fail: who wants 1aw to be law too
 *   searches all readings, see text_fold_readings(). Two letters that look
 *   like one (rn, vv), upside-down lines and pictures are not seen through.
 */
char *text_fold(struct arena *, const char *s, size_t len);
/*
 * The same with every separator taken out, so that r-e-f-u-n-d reads refund.
 */
char *text_fold_joined(struct arena *, const char *s, size_t len);

enum text_reading {
	TEXT_READING_I,	    /* that of text_fold() */
	TEXT_READING_L,	    /* 1 ! | are an l, and so is the I of Iaw */
	TEXT_READING_APART, /* signs are no letters: refund!now, r|e|f */
	TEXT_READINGS
};

/*
 * text_fold() with doubtful characters read in each way they can be meant, by
 * enum text_reading; NULL where that says nothing that TEXT_READING_I does
 * not. For the text that is searched, not for the term.
 */
void text_fold_readings(struct arena *, const char *s, size_t len,
    char *out[TEXT_READINGS]);

/* The candidate nearest to `word` by edit distance <= 3, or NULL. */
const char *text_nearest(const char *word, const char *const *candidates,
    size_t n);
/* Whether the word stands in a list with commas, blanks allowed behind them. */
bool text_list_has(const char *list, const char *word);
/* "m***r@example.com": first and last letter of the local part. */
char *text_mask_email(struct arena *, const char *email);
/* 1536 -> "1.5 kB", 12 -> "12 bytes". */
char *text_bytes(struct arena *, unsigned long long n);
/* A pragmatic check of an e-mail address: one @, printable ASCII, no blanks,
 * no control characters, at most 254 characters (RFC 5321 4.5.3.1). */
bool text_is_email(const char *s);

#endif
