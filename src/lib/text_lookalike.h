/*
 * text_lookalike: letters that a reader takes for Latin ones.
 *
 * Chosen by shape, of one case or the other: Latin letters with strokes and
 * hooks, the phonetic and small capital ones, Greek, Cyrillic, Armenian,
 * Cherokee, Coptic, Lisu, and what ornamental writing takes from further
 * scripts. Letters that compatibility decomposition turns into Latin ones
 * (full-width, mathematical, circled) are not here, nor are those of Chinese
 * and Japanese.
 */
#ifndef LIB_TEXT_LOOKALIKE_H
#define LIB_TEXT_LOOKALIKE_H

#include <stddef.h>

enum { TEXT_LOOKALIKE_MAX = 2 };

/*
 * The lower-case ASCII letters (at most TEXT_LOOKALIKE_MAX, mostly one) or the
 * digit that this code point looks like; returns how many. A digit 1 stands
 * for a bare stroke, which may be an i or an l.
 */
size_t text_lookalike(int code_point, char out[TEXT_LOOKALIKE_MAX]);

#endif
