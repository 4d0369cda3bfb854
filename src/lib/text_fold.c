#include "lib/text.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

#include "lib/text_glyph.h"
#include "lib/text_lookalike.h"

enum {
	GROWTH_MAX = 16, /* bytes out for each byte in, at the most */
	PLAIN_MAX = 32	 /* bytes of a word on the short cut */
};

/* Counts of glyphs. */
struct word {
	size_t n;	    /* all but bars */
	size_t capitals;    /* Latin letters */
	size_t small;	    /* the same, but for l */
	size_t ls;	    /* the l */
	size_t looks_latin; /* these three and letters that look like them */
	size_t doubtful;    /* digits, signs and bars */
};

/* Words that are judged as one. */
struct group {
	size_t words;
	bool latin; /* letters count by their own shape */
	bool leet;  /* digits and signs are letters */
	int stroke; /* a letter of it that may be I or l: Iaw, KlLL; or 0 */
};

struct fold {
	struct buf out;
	char stroke;  /* what a bare stroke is read as: i or l */
	bool joined;  /* no blanks */
	bool begins;  /* what comes next begins a word */
	bool in_word; /* a glyph of the word has come */
	bool strokes; /* some were written */
	bool signs;   /* the same of signs and bars as letters */
};

static bool
is_ascii_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_ascii_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void
count_glyph(struct word *w, const struct glyph *g)
{
	char looks[TEXT_LOOKALIKE_MAX];

	w->n += g->kind != GLYPH_BAR;
	if (g->kind != GLYPH_LETTER) {
		w->doubtful++;
		return;
	}
	if (!is_ascii_letter(g->c)) {
		w->looks_latin += text_lookalike(g->c, looks) > 0;
		return;
	}
	w->looks_latin++;
	w->ls += g->c == 'l';
	w->small += g->c >= 'a' && g->c != 'l';
	w->capitals += g->c < 'a';
}

/* Adds one word to the counts and reads what ends it; false at the end. */
static bool
read_word(struct glyph_cursor *cur, struct word *w)
{
	struct glyph g;

	do {
		g = glyph_next(cur);
	} while (g.kind == GLYPH_APART);
	if (g.kind == GLYPH_END) {
		return false;
	}
	while (g.kind != GLYPH_APART && g.kind != GLYPH_END) {
		count_glyph(w, &g);
		g = glyph_next(cur);
	}
	return true;
}

/*
 * Reads one word, or a run of words of one letter: r-3-f-u-n-d is to be judged
 * as a whole. In a run digits must not be the greater part: "4 5 5 b" is a
 * list of numbers. There are no words in the group at the end of the text.
 */
static struct group
read_group(struct glyph_cursor cur)
{
	struct group group = {0};
	struct word all = {0}, with;

	if (!read_word(&cur, &all)) {
		return group;
	}
	group.words = 1;
	group.leet = all.looks_latin > 0;
	with = all;
	while (all.n <= group.words && read_word(&cur, &with) &&
	    with.n <= all.n + 1) {
		all = with;
		group.words++;
		group.leet = all.looks_latin >= all.doubtful;
	}
	group.latin = all.capitals + all.small + all.ls > 0;
	group.stroke = all.small > 0 ? 'I' : all.capitals > 1 ? 'l' : 0;
	return group;
}

static void
put_bytes(struct fold *f, const void *p, size_t n)
{
	if (f->begins && f->out.len > 0 && !f->joined) {
		buf_putc(&f->out, ' ');
	}
	f->begins = false;
	buf_add(&f->out, p, n);
}

static void
put(struct fold *f, char c)
{
	if (c == '1') {
		f->strokes = true;
		c = f->stroke;
	}
	put_bytes(f, &c, 1);
}

static bool
put_lookalike(struct fold *f, int c)
{
	char looks[TEXT_LOOKALIKE_MAX];
	size_t n = text_lookalike(c, looks), i;

	for (i = 0; i < n; i++) {
		put(f, looks[i]);
	}
	return n > 0;
}

static void
put_code_point(struct fold *f, int c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);

	put_bytes(f, bytes, (size_t)n);
}

/*
 * In a word with Latin letters a letter counts by its own shape: a small Greek
 * nu is a v. A word without any is taken in capitals, where nu is an N, so
 * that case does not matter to those who write Greek.
 */
static void
put_letter(struct fold *f, int c, const struct group *group)
{
	int upper, lower;

	if (is_ascii_letter(c)) {
		put(f, c == group->stroke ? '1' : (char)(c | 0x20));
		return;
	}
	upper = utf8proc_toupper(c);
	if (!group->latin && upper != c && put_lookalike(f, upper)) {
		return;
	}
	lower = utf8proc_tolower(c);
	if (!put_lookalike(f, c) && (lower == c || !put_lookalike(f, lower))) {
		put_code_point(f, lower);
	}
}

/* Numbers stay numbers; only beside a letter is a digit read as one. */
static void
put_digit(struct fold *f, int c, bool leet)
{
	static const char letters[] = "o1zeasgtbg";

	if (leet && is_ascii_digit(c)) {
		put(f, letters[c - '0']);
	} else if (!leet || !put_lookalike(f, c)) {
		put_code_point(f, c);
	}
}

static void
put_glyph(struct fold *f, const struct glyph *g, const struct group *group)
{
	if (g->kind == GLYPH_LETTER) {
		put_letter(f, g->c, group);
	} else if (g->kind == GLYPH_DIGIT) {
		put_digit(f, g->c, group->leet);
	} else if (group->leet) {
		f->signs = true;
		put(f, glyph_sign_looks(g->c));
	} else {
		f->begins = true; /* a sign that is none of the word */
	}
}

/* Writes the group that begins at the cursor and moves on behind it. */
static void
put_group(struct fold *f, struct glyph_cursor *cur, const struct group *group)
{
	static const struct glyph bar = {GLYPH_BAR, '|'};
	size_t words = 0, bars = 0;

	while (words < group->words) {
		struct glyph g = glyph_next(cur);

		if (g.kind == GLYPH_APART || g.kind == GLYPH_END) {
			words += f->in_word;
			f->in_word = false;
			f->begins = true;
			bars = 0; /* those at the end of a word are none */
			continue;
		}
		f->in_word = true;
		if (g.kind == GLYPH_BAR) {
			bars++;
			continue;
		}
		for (; bars > 0; bars--) {
			put_glyph(f, &bar, group);
		}
		put_glyph(f, &g, group);
	}
}

/*
 * Whether each letter can only be meant as itself: beside small letters an I
 * may be an l, and beside capitals an l an I. Numbers are plain.
 */
static bool
is_plain(const char *s, size_t n)
{
	size_t i = s[0] >= 'A' && s[0] <= 'Z' && s[0] != 'I';

	while (i < n && (s[i] >= 'a' || is_ascii_digit(s[i]))) {
		i++;
	}
	return i == n;
}

/*
 * The short cut for what most texts are made of. A word of two letters or more
 * stands in no group, so each is judged by itself.
 */
static void
put_plain_words(struct fold *f, struct glyph_cursor *cur)
{
	char low[1 + PLAIN_MAX] = " ";
	const char *word;
	size_t n;

	while ((n = glyph_plain_word(cur, &word)) > 0 && n <= PLAIN_MAX &&
	    is_plain(word, n)) {
		size_t skip = f->joined || f->out.len == 0;

		for (size_t i = 0; i < n; i++) {
			/* Digits and small letters have this bit already. */
			low[1 + i] = (char)(word[i] | 0x20);
		}
		buf_add(&f->out, low + skip, 1 + n - skip);
		glyph_skip(cur, word, n);
	}
}

/* Folds into the arena; *f, whose buffer is gone then, says what it met. */
static char *
fold(struct arena *a, const char *s, size_t len, bool apart, struct fold *f)
{
	struct glyph_cursor cur = {.s = s, .len = len, .apart = apart};
	struct group group;
	char *folded;

	buf_init(&f->out, len * GROWTH_MAX + 1);
	put_plain_words(f, &cur);
	while ((group = read_group(cur)).words > 0) {
		put_group(f, &cur, &group);
		put_plain_words(f, &cur);
	}
	assert(!f->out.full);
	folded = arena_strndup(a, buf_str(&f->out), f->out.len);
	buf_fini(&f->out);
	return folded;
}

char *
text_fold(struct arena *a, const char *s, size_t len)
{
	struct fold f = {.stroke = 'i'};

	return fold(a, s, len, false, &f);
}

char *
text_fold_joined(struct arena *a, const char *s, size_t len)
{
	struct fold f = {.stroke = 'i', .joined = true};

	return fold(a, s, len, false, &f);
}

void
text_fold_readings(struct arena *a, const char *s, size_t len,
    char *out[TEXT_READINGS])
{
	struct fold i = {.stroke = 'i'}, l = {.stroke = 'l'},
		    apart = {.stroke = 'i'};

	out[TEXT_READING_I] = fold(a, s, len, false, &i);
	out[TEXT_READING_L] = i.strokes ? fold(a, s, len, false, &l) : NULL;
	out[TEXT_READING_APART] = i.signs ? fold(a, s, len, true, &apart)
					  : NULL;
}
