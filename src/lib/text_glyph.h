/*
 * text_glyph: a text as letters, digits and what separates words.
 *
 * Reads the compatibility decomposition (NFKD, by utf8proc) and leaves out
 * accents, what is not seen, and controls other than white space.
 */
#ifndef LIB_TEXT_GLYPH_H
#define LIB_TEXT_GLYPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a code point is for the word it stands in. */
enum glyph_kind {
	GLYPH_END = 0,	    /* no more text */
	GLYPH_NONE = '-',   /* left out */
	GLYPH_APART = ' ',  /* separates words */
	GLYPH_LETTER = 'a', /* or a vowel sign, or a number that is no digit */
	GLYPH_DIGIT = '0',
	GLYPH_SIGN = '$', /* may be meant as a letter: $ @ */
	GLYPH_BAR = '|'	  /* the same, but never as the last of a word: ! | */
};

/*
 * Longest decomposition that is read whole. One character has more: an Arabic
 * honorific of 18, which would make 2 MiB of it a text of 20.
 */
enum { GLYPH_PARTS_MAX = 8 };

struct glyph {
	enum glyph_kind kind;
	int c; /* code point; for a circled or dotted digit the digit */
};

/* A place in a text; copies are places of their own. */
struct glyph_cursor {
	const char *s; /* borrowed */
	size_t len, at;
	int32_t parts[GLYPH_PARTS_MAX]; /* of the character before at */
	int n, next;			/* how many, and which is next */
	struct glyph last;
	bool apart; /* set by the user: signs and bars separate */
};

struct glyph glyph_next(struct glyph_cursor *);
/*
 * A short cut: when what comes next, behind what separates, is a word of two
 * or more ASCII letters, or of digits, and nothing else, its length, with
 * where it stands in *word; else 0. Does not move.
 */
size_t glyph_plain_word(const struct glyph_cursor *, const char **word);
/* Moves behind the word that glyph_plain_word() found. */
void glyph_skip(struct glyph_cursor *, const char *word, size_t len);
/* The letter that a GLYPH_SIGN or GLYPH_BAR is meant as; 1 for a stroke. */
char glyph_sign_looks(int c);

#endif
