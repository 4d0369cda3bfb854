#include "lib/text.h"

#include <utf8proc.h>

#include "lib/rc.h"

enum {
	MARKS_MAX = 4,	       /* on one letter: Hebrew and Burmese need them */
	GENERAL_MARKS_MAX = 2, /* of the kind that any script can take */
	OVERLAY_CLASS = 1      /* Canonical_Combining_Class of strokes */
};

/* What a code point may follow. */
struct place {
	bool after_letter; /* or after marks that follow a letter */
	int marks;	   /* since that letter */
	int general;	   /* of these, the ones from general_marks */
};

static bool
is_mark(int c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_MN ||
	    category == UTF8PROC_CATEGORY_MC;
}

static bool
is_letter(int c)
{
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return true;
	default:
		return false;
	}
}

/* The blocks of combining marks that belong to no script of their own. */
static bool
is_general_mark(int c)
{
	return (c >= 0x0300 && c <= 0x036f) || (c >= 0x1ab0 && c <= 0x1aff) ||
	    (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
	    (c >= 0xfe20 && c <= 0xfe2f);
}

/* Assigned as letters, marks or symbols, and yet nothing is seen. */
static bool
is_blank(int c)
{
	static const int blanks[] = {
	    0x2800,  /* braille pattern blank */
	    0xfffc,  /* object replacement */
	    0x13441, /* hieroglyph full blank */
	    0x13442, /* hieroglyph half blank */
	    0x16fe4, /* Khitan filler */
	    0x1d159, /* musical null notehead */
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(blanks); i++) {
		if (blanks[i] == c) {
			return true;
		}
	}
	return false;
}

bool
text_is_visible(int code_point)
{
	const utf8proc_property_t *p;

	if (code_point < 0) {
		return false;
	}
	p = utf8proc_get_property(code_point);
	switch (p->category) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_ME:
		return false;
	case UTF8PROC_CATEGORY_ZS:
		return code_point == ' ';
	case UTF8PROC_CATEGORY_MN:
		/* A stroke through a letter says that it does not count. */
		if (p->combining_class == OVERLAY_CLASS) {
			return false;
		}
		break;
	default:
		break;
	}
	return !p->ignorable && !is_blank(code_point);
}

/* Whether c can be shown as it is where it stands; notes the next place. */
static bool
can_stay(int c, struct place *place)
{
	if (!text_is_visible(c)) {
		*place = (struct place){0};
		return false;
	}
	if (!is_mark(c)) {
		*place = (struct place){.after_letter = is_letter(c)};
		return true;
	}
	place->marks++;
	place->general += is_general_mark(c) ? 1 : 0;
	if (place->after_letter && place->marks <= MARKS_MAX &&
	    place->general <= GENERAL_MARKS_MAX) {
		return true;
	}
	*place = (struct place){0};
	return false;
}

/*
 * A backslash is doubled before everything that could make it read as one of
 * ours: before another, before what may come out as one, and at the end,
 * where the caller may go on.
 */
static bool
is_doubled(const char *next, size_t len)
{
	return len == 0 || *next < ' ' || *next > '~' || *next == '\\' ||
	    *next == 'u' || *next == 'x' || *next == 'n';
}

/* Copies plain ASCII up to what needs a look; returns its length. */
static size_t
show_plain(struct buf *out, const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= ' ' && s[n] <= '~' && s[n] != '\\') {
		n++;
	}
	buf_add(out, s, n);
	return n;
}

static void
spell(struct buf *out, int c, unsigned char byte)
{
	if (c < 0) {
		buf_printf(out, "\\x{%02X}", (unsigned)byte);
	} else if (c == '\n') {
		buf_puts(out, "\\n");
	} else {
		buf_printf(out, "\\u{%04X}", (unsigned)c);
	}
}

void
text_show(struct buf *out, const char *s, size_t len, bool keep_lines,
    bool *changed)
{
	struct place place = {0};
	bool spelled = false;
	size_t i = 0, n;

	while (i < len) {
		int c = text_next(s + i, len - i, &n);

		if (c == '\\') {
			buf_puts(out,
			    is_doubled(s + i + 1, len - i - 1) ? "\\\\" : "\\");
			place = (struct place){0};
		} else if (c >= ' ' && c <= '~') {
			n = show_plain(out, s + i, len - i);
			place = (struct place){
			    .after_letter = is_letter(s[i + n - 1])};
		} else if (can_stay(c, &place) || (c == '\n' && keep_lines)) {
			buf_add(out, s + i, n);
		} else {
			spell(out, c, (unsigned char)s[i]);
			spelled = true;
		}
		i += n;
	}
	if (changed != NULL) {
		*changed = spelled;
	}
}
