#include "lib/script.h"

#include "lib/rc.h"
#include "lib/text.h"

enum script { SCRIPT_NONE, SCRIPT_LATIN, SCRIPT_LOOK_ALIKE };

/*
 * Letters that pass for Latin ones. Whole alphabets where many do; of Greek
 * only those that do, as the others stand in ordinary words (5 k\u03a9).
 */
static const struct range {
	int first, last;
	enum script script;
} ranges[] = {
    {'A', 'Z', SCRIPT_LATIN}, {'a', 'z', SCRIPT_LATIN},
    {0xc0, 0x24f, SCRIPT_LATIN},	 /* with accents */
    {0x251, 0x251, SCRIPT_LOOK_ALIKE},	 /* Latin alpha */
    {0x261, 0x261, SCRIPT_LOOK_ALIKE},	 /* script g */
    {0x391, 0x392, SCRIPT_LOOK_ALIKE},	 /* Greek capitals: A B */
    {0x395, 0x397, SCRIPT_LOOK_ALIKE},	 /* E Z H */
    {0x399, 0x39a, SCRIPT_LOOK_ALIKE},	 /* I K */
    {0x39c, 0x39d, SCRIPT_LOOK_ALIKE},	 /* M N */
    {0x39f, 0x39f, SCRIPT_LOOK_ALIKE},	 /* O */
    {0x3a1, 0x3a1, SCRIPT_LOOK_ALIKE},	 /* P */
    {0x3a4, 0x3a5, SCRIPT_LOOK_ALIKE},	 /* T Y */
    {0x3a7, 0x3a7, SCRIPT_LOOK_ALIKE},	 /* X */
    {0x3b1, 0x3b1, SCRIPT_LOOK_ALIKE},	 /* small: a */
    {0x3b3, 0x3b3, SCRIPT_LOOK_ALIKE},	 /* y */
    {0x3b9, 0x3ba, SCRIPT_LOOK_ALIKE},	 /* i k */
    {0x3bd, 0x3bd, SCRIPT_LOOK_ALIKE},	 /* v */
    {0x3bf, 0x3bf, SCRIPT_LOOK_ALIKE},	 /* o */
    {0x3c1, 0x3c1, SCRIPT_LOOK_ALIKE},	 /* p */
    {0x3c5, 0x3c5, SCRIPT_LOOK_ALIKE},	 /* u */
    {0x3c7, 0x3c7, SCRIPT_LOOK_ALIKE},	 /* x */
    {0x3f2, 0x3f3, SCRIPT_LOOK_ALIKE},	 /* c j */
    {0x400, 0x52f, SCRIPT_LOOK_ALIKE},	 /* Cyrillic */
    {0x531, 0x587, SCRIPT_LOOK_ALIKE},	 /* Armenian */
    {0x13a0, 0x13fd, SCRIPT_LOOK_ALIKE}, /* Cherokee */
    {0x1c80, 0x1c8f, SCRIPT_LOOK_ALIKE}, /* Cyrillic */
    {0x1d00, 0x1d7f, SCRIPT_LOOK_ALIKE}, /* phonetic small capitals */
    {0x1e00, 0x1eff, SCRIPT_LATIN},	 /* with accents */
    {0x2c60, 0x2c7f, SCRIPT_LATIN},
    {0x2c80, 0x2cff, SCRIPT_LOOK_ALIKE}, /* Coptic */
    {0x210a, 0x2113, SCRIPT_LOOK_ALIKE}, /* letter-like symbols */
    {0x2119, 0x211d, SCRIPT_LOOK_ALIKE}, {0x212a, 0x2139, SCRIPT_LOOK_ALIKE},
    {0x2160, 0x2188, SCRIPT_LOOK_ALIKE}, /* Roman numerals */
    {0x2460, 0x24ff, SCRIPT_LOOK_ALIKE}, /* in circles and brackets */
    {0xa4d0, 0xa4ff, SCRIPT_LOOK_ALIKE}, /* Lisu */
    {0xa640, 0xa69f, SCRIPT_LOOK_ALIKE}, /* Cyrillic */
    {0xab70, 0xabbf, SCRIPT_LOOK_ALIKE}, /* Cherokee */
    {0xff21, 0xff3a, SCRIPT_LOOK_ALIKE}, /* full width */
    {0xff41, 0xff5a, SCRIPT_LOOK_ALIKE},
    {0x1d400, 0x1d7ff, SCRIPT_LOOK_ALIKE}, /* of mathematics */
    {0x1f100, 0x1f1ff, SCRIPT_LOOK_ALIKE}, /* in squares */
};

static enum script
script_of(int c)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last) {
			return ranges[i].script;
		}
	}
	return SCRIPT_NONE;
}

/* ASCII other than letters and digits ends a word; all else is in it. */
static bool
in_word(int c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static size_t
word_end(const char *s, size_t len, bool *mixed)
{
	bool seen[] = {false, false, false};
	size_t i, n;

	for (i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		if (!in_word(c)) {
			break;
		}
		seen[script_of(c)] = true;
	}
	*mixed = seen[SCRIPT_LATIN] && seen[SCRIPT_LOOK_ALIKE];
	return i;
}

void
script_spell(const char *s, size_t len, struct buf *out)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		if (c >= 0x20 && c < 0x7f) {
			buf_putc(out, (char)c);
		} else if (c >= 0) {
			buf_printf(out, "\\u{%04X}", (unsigned)c);
		} else {
			buf_printf(out, "\\x{%02X}", (unsigned char)s[i]);
		}
	}
}

bool
script_mixed(const char *s, size_t len, struct buf *out)
{
	bool mixed = false;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = word_end(s + i, len - i, &mixed);
		if (mixed && n > SCRIPT_WORD_MAX) {
			script_spell(s + i,
			    text_border(s + i, n, SCRIPT_WORD_MAX), out);
			buf_puts(out, "...");
			return true;
		}
		if (mixed) {
			script_spell(s + i, n, out);
			return true;
		}
		/* The character that ended the word is one byte. */
		n++;
	}
	return false;
}
