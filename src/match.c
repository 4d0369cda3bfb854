#include "match.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

struct term {
	const char *said;   /* as the policy has it */
	const char *folded; /* words with one blank between */
	const char *joined; /* the same without blanks */
	size_t folded_len;  /* bytes */
	size_t letters;	    /* characters of joined */
	short next;	    /* the next with the same first byte; -1 = none */
};

struct match_set {
	struct term *terms; /* in the order of the policy */
	size_t n;
	bool substring;
	short head[256]; /* by first byte: the first term; -1 = none */
};

struct reading {
	struct reading *next;
	const char *folded;
};

struct match_text {
	struct arena *arena; /* borrowed */
	struct reading *first;
	struct reading **last; /* where the next one is hung */
};

static size_t
count_letters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80) {
			n++;
		}
	}
	return n;
}

static void
term_init(struct arena *a, struct term *t, const char *said, const char *folded)
{
	char *joined = arena_alloc(a, strlen(folded) + 1);
	size_t n = 0;

	for (const char *p = folded; *p != '\0'; p++) {
		if (*p != ' ') {
			joined[n++] = *p;
		}
	}
	t->said = said;
	t->folded = folded;
	t->folded_len = strlen(folded);
	t->joined = joined;
	t->letters = count_letters(joined);
}

static struct match_set *
set_new(struct arena *a, size_t n, bool substring)
{
	struct match_set *set = arena_alloc(a, sizeof(*set));

	assert(n <= MATCH_TERMS_MAX);
	set->terms = arena_array(a, n, sizeof(*set->terms));
	set->n = n;
	set->substring = substring;
	memset(set->head, 0xff, sizeof(set->head));
	return set;
}

/* Chains the terms by first byte, each chain in the order of the policy. */
static void
set_index(struct match_set *set)
{
	for (size_t i = set->n; i-- > 0;) {
		struct term *t = &set->terms[i];
		unsigned char first = (unsigned char)t->joined[0];

		if (first != '\0') {
			t->next = set->head[first];
			set->head[first] = (short)i;
		}
	}
}

/* Four hex digits at s; -1 when they are not. */
static int
hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		v *= 16;
		if (c >= '0' && c <= '9') {
			v += c - '0';
		} else if (c >= 'a' && c <= 'f') {
			v += c - 'a' + 10;
		} else if (c >= 'A' && c <= 'F') {
			v += c - 'A' + 10;
		} else {
			return -1;
		}
	}
	return v;
}

static size_t
put_utf8(char *out, int c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/*
 * The escape at s[0] == '\\' (RFC 8259 7). Writes what it means, returns the
 * bytes it takes; 0 when it is none. Half a surrogate pair means nothing.
 */
static size_t
escape_at(const char *s, size_t len, char *out, size_t *out_n)
{
	static const char names[] = "\"\\/bfnrt";
	static const char means[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int c, low;

	*out_n = 0;
	if (len < 2 || s[1] == '\0') {
		return 0;
	}
	name = strchr(names, s[1]);
	if (name != NULL) {
		*out_n = 1;
		*out = means[name - names];
		return 2;
	}
	if (s[1] != 'u' || len < 6 || (c = hex4(s + 2)) < 0) {
		return 0;
	}
	if (c < 0xd800 || c > 0xdfff) {
		*out_n = put_utf8(out, c);
		return 6;
	}
	if (c < 0xdc00 && len >= 12 && s[6] == '\\' && s[7] == 'u' &&
	    (low = hex4(s + 8)) >= 0xdc00 && low <= 0xdfff) {
		c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
		*out_n = put_utf8(out, c);
		return 12;
	}
	return 6;
}

/* Never longer than s: the shortest escape that means n bytes has more. */
static char *
unescape(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	char *out = arena_alloc(a, len + 1);
	size_t n = 0, i = 0;

	while (i < len) {
		size_t got = 0, took = 0;

		if (s[i] == '\\') {
			took = escape_at(s + i, len - i, out + n, &got);
		}
		if (took == 0) {
			out[n++] = s[i++];
			continue;
		}
		i += took;
		n += got;
	}
	*out_len = n;
	return out;
}

static void
add_readings(struct match_text *t, const char *s, size_t len)
{
	char *folded[TEXT_READINGS];

	text_fold_readings(t->arena, s, len, folded);
	for (int i = 0; i < TEXT_READINGS; i++) {
		struct reading *r;

		if (folded[i] != NULL) {
			r = arena_alloc(t->arena, sizeof(*r));
			r->folded = folded[i];
			*t->last = r;
			t->last = &r->next;
		}
	}
}

/*
 * Whether the letters of the term begin at p and end where a word ends, given
 * that p begins a word; or anywhere when parts of words count.
 */
static bool
said_at(const char *p, const struct term *t, bool substring)
{
	const char *q = p;
	int pieces = 1;

	for (const char *c = t->joined; *c != '\0'; q++) {
		if (*q == ' ') {
			pieces++;
		} else if (*q == *c) {
			c++;
		} else {
			return false;
		}
	}
	if (!substring && *q != ' ' && *q != '\0') {
		return false;
	}
	return pieces != 2 || t->letters >= MATCH_SPLIT_LETTERS ||
	    ((size_t)(q - p) == t->folded_len &&
		memcmp(p, t->folded, t->folded_len) == 0);
}

/* The next place behind p where a term may begin. */
static const char *
next_place(const char *p, bool substring)
{
	p = substring ? p + 1 : strchrnul(p, ' ');
	return *p == ' ' ? p + 1 : p;
}

/* The lowest index below `best` of a term that is in the text; else `best`. */
static size_t
find_below(const struct match_set *set, const char *text, size_t best)
{
	for (const char *p = text; *p != '\0' && best > 0;
	     p = next_place(p, set->substring)) {
		for (short i = set->head[(unsigned char)*p];
		     i >= 0 && (size_t)i < best; i = set->terms[i].next) {
			if (said_at(p, &set->terms[i], set->substring)) {
				best = (size_t)i;
			}
		}
	}
	return best;
}

struct match_set *
match_set_new(struct arena *a, const struct field_strings *terms,
    bool substring)
{
	struct match_set *set = set_new(a, terms->n, substring);

	for (size_t i = 0; i < terms->n; i++) {
		const char *said = terms->items[i];

		term_init(a, &set->terms[i], said,
		    text_fold(a, said, strlen(said)));
	}
	set_index(set);
	return set;
}

struct match_set *
match_set_folded(struct arena *a, const char *const *words, size_t n)
{
	struct match_set *set = set_new(a, n, false);

	for (size_t i = 0; i < n; i++) {
		term_init(a, &set->terms[i], words[i], words[i]);
	}
	set_index(set);
	return set;
}

bool
match_term_is_empty(const char *term)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	return *text_fold(a, term, strlen(term)) == '\0';
}

struct match_text *
match_text_new(struct arena *a)
{
	struct match_text *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	t->last = &t->first;
	return t;
}

void
match_text_add(struct match_text *t, const char *s, size_t len)
{
	for (int round = 0; len > 0; round++) {
		size_t before = len;

		add_readings(t, s, len);
		if (round == MATCH_ESCAPES_MAX ||
		    memchr(s, '\\', len) == NULL) {
			return;
		}
		s = unescape(t->arena, s, len, &len);
		if (len == before) {
			return; /* no escape, only backslashes */
		}
	}
}

const char *
match_find(const struct match_set *set, const struct match_text *text)
{
	size_t best = set->n;

	for (const struct reading *r = text->first; r != NULL; r = r->next) {
		best = find_below(set, r->folded, best);
	}
	return best < set->n ? set->terms[best].said : NULL;
}

const char *
match_terms(const struct field_strings *terms, bool substring, const char *text,
    size_t len, struct arena *a)
{
	struct match_text *t = match_text_new(a);

	match_text_add(t, text, len);
	return match_find(match_set_new(a, terms, substring), t);
}
