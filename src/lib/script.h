/*
 * script: words that mix alphabets to look like other words.
 *
 * "p\u{0430}ypal" with a Cyrillic letter looks like "paypal" in every font
 * (Unicode UTS 39, section 4 "Confusable Detection" and 5.1 "Mixed-Script").
 * Such letters are ordinary writing in a word of their own alphabet, so they
 * are not spelled out everywhere; a word that mixes them with Latin letters is
 * worth a warning.
 */
#ifndef LIB_SCRIPT_H
#define LIB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/*
 * Appends the first word that mixes Latin letters with letters of another
 * alphabet that look like Latin ones, as script_spell() writes it, at most
 * SCRIPT_WORD_MAX bytes of it. False: there is none.
 */
bool script_mixed(const char *s, size_t len, struct buf *out);
/* Copies s with every code point beyond ASCII spelled \u{XXXX}. */
void script_spell(const char *s, size_t len, struct buf *out);

enum { SCRIPT_WORD_MAX = 60 };

#endif
