#include "lib/text_glyph.h"

#include <assert.h>
#include <utf8proc.h>

#include "lib/rc.h"
#include "lib/text.h"
#include "lib/text_lookalike.h"

enum {
	END_OF_TEXT = -2,
	NEXT_LINE = 0x85,    /* ISO 6429, a control that ends a line */
	VIRAMA_CLASS = 9,    /* Canonical_Combining_Class of vowel killers */
	INDIC_FIRST = 0x0900 /* first of the scripts with vowel signs */
};

/* The kinds of ASCII in order. */
static const char ascii_kinds[] = "---------     ------------------"
				  " |  $           0000000000      "
				  "$aaaaaaaaaaaaaaaaaaaaaaaaaa     "
				  " aaaaaaaaaaaaaaaaaaaaaaaaaa | ---";

static const struct {
	int c;
	char looks;
	enum glyph_kind kind;
} signs[] = {
    {'!', '1', GLYPH_BAR}, {'$', 's', GLYPH_SIGN}, {'@', 'a', GLYPH_SIGN},
    {'|', '1', GLYPH_BAR},
    {0x00a1, '1', GLYPH_BAR},  /* inverted exclamation mark */
    {0x00a2, 'c', GLYPH_SIGN}, /* cent */
    {0x00a3, 'l', GLYPH_SIGN}, /* pound */
    {0x00a5, 'y', GLYPH_SIGN}, /* yen */
    {0x00a6, '1', GLYPH_BAR},  /* broken bar */
    {0x00a7, 's', GLYPH_SIGN}, /* section */
    {0x00d7, 'x', GLYPH_SIGN}, /* times */
    {0x20ac, 'e', GLYPH_SIGN}, /* euro */
    {0x2223, '1', GLYPH_BAR},  /* divides */
};

/* The index in signs; their number when it is none. */
static size_t
sign_of(int c)
{
	size_t i = 0;

	while (i < ARRAY_LEN(signs) && signs[i].c != c) {
		i++;
	}
	return i;
}

/*
 * Accents fall away. Vowel signs of Indic and South-East Asian scripts are no
 * accents but half of the word, and stay behind letters of their kind.
 */
static enum glyph_kind
kind_of_mark(const utf8proc_property_t *p, const struct glyph *last)
{
	bool vowel = p->combining_class == 0 ||
	    p->combining_class == VIRAMA_CLASS;

	if (vowel && last->kind == GLYPH_LETTER && last->c >= INDIC_FIRST) {
		return GLYPH_LETTER;
	}
	return GLYPH_NONE;
}

/* Numbers and symbols: some are digits or letters in a disc. */
static enum glyph_kind
kind_of_symbol(int *c, enum glyph_kind otherwise)
{
	char looks[TEXT_LOOKALIKE_MAX];
	size_t sign = sign_of(*c);

	if (sign < ARRAY_LEN(signs)) {
		return signs[sign].kind;
	}
	if (text_lookalike(*c, looks) == 0) {
		return otherwise;
	}
	if (looks[0] >= '0' && looks[0] <= '9') {
		*c = (unsigned char)looks[0];
		return GLYPH_DIGIT;
	}
	return GLYPH_LETTER;
}

/* The kind of *c behind `last`; may put another code point in its place. */
static enum glyph_kind
kind_of(int *c, const struct glyph *last)
{
	const utf8proc_property_t *p;

	if (*c < (int)sizeof(ascii_kinds) - 1) {
		return *c < 0 ? GLYPH_END
			      : (enum glyph_kind)(unsigned char)ascii_kinds[*c];
	}
	p = utf8proc_get_property(*c);
	switch (p->category) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return GLYPH_LETTER;
	case UTF8PROC_CATEGORY_ND:
		return GLYPH_DIGIT;
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return kind_of_symbol(c, GLYPH_LETTER);
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return kind_of_mark(p, last);
	case UTF8PROC_CATEGORY_ME:
	case UTF8PROC_CATEGORY_CF:
		return GLYPH_NONE;
	case UTF8PROC_CATEGORY_CC:
		return *c == NEXT_LINE ? GLYPH_APART : GLYPH_NONE;
	default:
		return kind_of_symbol(c, GLYPH_APART);
	}
}

/* Decomposes c, which is not ASCII, into the cursor's parts. */
static void
decompose(struct glyph_cursor *cur, int c)
{
	int bound = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(c, cur->parts,
	    GLYPH_PARTS_MAX,
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE, &bound);

	assert(n >= 0);
	cur->n = n < GLYPH_PARTS_MAX ? (int)n : GLYPH_PARTS_MAX;
	cur->next = 0;
}

/* The next code point of the decomposition. */
static int
next_part(struct glyph_cursor *cur)
{
	size_t n;
	int c;

	while (cur->next == cur->n) {
		if (cur->at == cur->len) {
			return END_OF_TEXT;
		}
		if ((unsigned char)cur->s[cur->at] < 0x80) {
			return cur->s[cur->at++];
		}
		c = text_next(cur->s + cur->at, cur->len - cur->at, &n);
		cur->at += n;
		if (c < 0) {
			return ' '; /* bytes that are not UTF-8 separate */
		}
		decompose(cur, c);
	}
	return cur->parts[cur->next++];
}

struct glyph
glyph_next(struct glyph_cursor *cur)
{
	struct glyph g;

	do {
		g.c = next_part(cur);
		g.kind = kind_of(&g.c, &cur->last);
	} while (g.kind == GLYPH_NONE);
	if (cur->apart && (g.kind == GLYPH_SIGN || g.kind == GLYPH_BAR)) {
		g.kind = GLYPH_APART;
	}
	cur->last = g;
	return g;
}

char
glyph_sign_looks(int c)
{
	size_t sign = sign_of(c);

	assert(sign < ARRAY_LEN(signs));
	return signs[sign].looks;
}

static char
ascii_kind(char c)
{
	unsigned char i = (unsigned char)c;

	return i < sizeof(ascii_kinds) - 1 ? ascii_kinds[i] : GLYPH_NONE;
}

size_t
glyph_plain_word(const struct glyph_cursor *cur, const char **word)
{
	const char *p = cur->s + cur->at, *end = cur->s + cur->len, *from;
	char kind;

	while (p < end && ascii_kind(*p) == GLYPH_APART) {
		p++;
	}
	if (p == end || cur->next < cur->n) {
		return 0;
	}
	from = p;
	kind = ascii_kind(*p);
	while (p < end && ascii_kind(*p) == kind) {
		p++;
	}
	if ((kind != GLYPH_LETTER && kind != GLYPH_DIGIT) || p - from < 2 ||
	    (p < end && ascii_kind(*p) != GLYPH_APART)) {
		return 0;
	}
	*word = from;
	return (size_t)(p - from);
}

void
glyph_skip(struct glyph_cursor *cur, const char *word, size_t len)
{
	cur->at = (size_t)(word - cur->s) + len;
	cur->last = (struct glyph){GLYPH_APART, ' '};
}
