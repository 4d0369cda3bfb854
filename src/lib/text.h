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
 * Whether a person sees this code point for what it is: assigned, not a
 * control (line feed and tab are judged by the caller), not a format, bidi,
 * zero-width, tag, variation or private-use character, no separator other
 * than the plain blank, no combining mark beyond the marks that
 * follow a letter in ordinary writing.
 */
bool text_is_visible(int code_point);
/*
 * Copies s with every code point that is not visible spelled \u{XXXX} (line
 * feeds stay when keep_lines, else \n), bytes that are not UTF-8 spelled
 * \x{XX}, and a backslash that could be mistaken for one of these doubled.
 * *changed (may be NULL) says whether anything was spelled out.
 */
void text_show(
    struct buf *out, const char *s, size_t len, bool keep_lines, bool *changed);

/* & < > " ' as character references (HTML text and quoted attributes). */
void text_html(struct buf *out, const char *s, size_t len);

/*
 * A form for comparing text that wants not to be recognised: compatibility
 * decomposition, case folding, no accents, no ignorable characters (NFKC and
 * Default_Ignorable, by utf8proc), look-alike letters of other scripts and
 * leet digits mapped to Latin, everything but letters and digits taken as a
 * separator. The result is lower-case words with one blank between.
 */
char *text_fold(struct arena *, const char *s, size_t len);
/*
 * The same with every separator taken out, so that r-e-f-u-n-d reads refund.
 */
char *text_fold_joined(struct arena *, const char *s, size_t len);

/* The candidate nearest to `word` by edit distance <= 3, or NULL. */
const char *
text_nearest(const char *word, const char *const *candidates, size_t n);
/* "m***r@example.com": first and last letter of the local part. */
char *text_mask_email(struct arena *, const char *email);
/* 1536 -> "1.5 kB", 12 -> "12 bytes". */
char *text_bytes(struct arena *, unsigned long long n);
/* A pragmatic check of an e-mail address: one @, printable ASCII, no blanks,
 * no control characters, at most 254 characters (RFC 5321 4.5.3.1). */
bool text_is_email(const char *s);

#endif
