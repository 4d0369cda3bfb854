#include "lib/text_lookalike.h"

#include <string.h>

#include "lib/rc.h"

enum { CHART = 32 }; /* code points in a row */

struct row {
	int first; /* code point */
	char looks[CHART + 1];
};

/*
 * What each code point of a row looks like, in order: a letter, a stroke (1)
 * or nothing Latin (a dot). A capital stands for two letters, see pairs.
 */
static const struct row rows[] = {
    /* Latin with strokes and hooks, phonetic */
    {0x00c0, "...............................A"},
    {0x00e0, "......B.........d.......o.....p."},
    {0x0100, ".................d.............."},
    {0x0120, ".......h.........i......k......."},
    {0x0140, "..l........n.......C............"},
    {0x0160, ".......t........................"},
    {0x0180, "b..b.b..c...d.....f..h...kl...n."},
    {0x01a0, "...D.p..s..t.t......y.z......s.p"},
    {0x01c0, "1E.1.........................e.."},
    {0x01e0, ".....g.........................."},
    {0x0200, ".............................e.."},
    {0x0220, ".d.o.z..............lntjFG..c..s"},
    {0x0240, "z......e.j.q.r.yaaabccddeeeeeeej"},
    {0x0260, "gggyyhhhiiilll.mmmnnnoCworrrrrrr"},
    {0x0280, "rrslj..ttuuvvwyyzzz....cobeghjkl"},
    {0x02a0, "q..H.HI...JK..hh................"},
    /* Greek */
    {0x0360, ".................h.........ccc.."},
    {0x0380, ".................abraezhoikamneo"},
    {0x03a0, "np.etyoxwo.......abydeznoikauveo"},
    {0x03c0, "npcotuoxww...............o.c.f.."},
    {0x03e0, "...w...........t...j....p..mp..."},
    /* Cyrillic */
    {0x0420, "................abbr.e.en.k.mhon"},
    {0x0440, "pcty.xu.wwbLbe.r..h.esi.j..h...u"},
    {0x0460, ".w.b...............o.v...M.w.w.w"},
    {0x0480, ".c.........n.b.p.r.f.r...e.k.k.k"},
    {0x04a0, ".k.h.h.n...c.t.y.y.x......hh.e.e"},
    {0x04c0, "1...k...h.h...m1.....B...e......"},
    {0x04e0, ".e.......o.............r...f.x.x"},
    {0x0500, ".d.d.........g.t.e.........q.wkk"},
    /* Armenian */
    {0x0520, "...h.n.h.h.......up...q.....lu.."},
    {0x0540, "........n....u.sr..o.o.........."},
    {0x0560, ".wpq..qt.p.hl...h.n..j..n.w.nu.m"},
    /* Hebrew */
    {0x0580, "ngi.fo.........................."},
    {0x05c0, ".....................1.......o.1"},
    {0x05e0, ".o.............................."},
    /* Arabic */
    {0x0620, ".......1........................"},
    {0x0640, ".......o........................"},
    {0x0660, ".1...o.v........................"},
    {0x06a0, "..............................o."},
    {0x06c0, ".o...................o.........."},
    {0x06e0, ".................1...o.v........"},
    /* N'Ko, Thai, round letters and zeroes of India */
    {0x07c0, "o.........1....................."},
    {0x0960, "......o........................."},
    {0x09e0, "......o........................."},
    {0x0a60, "......o........................."},
    {0x0ae0, "......o........................."},
    {0x0b20, "o..............................."},
    {0x0b60, "......o........................."},
    {0x0be0, "......o........................."},
    {0x0c60, "......o........................."},
    {0x0ce0, "......o........................."},
    {0x0d20, "o................o.............."},
    {0x0d60, "......o........................."},
    {0x0e40, "................o..............."},
    {0x0ec0, "................o..............."},
    {0x1000, ".............................o.."},
    {0x1040, "o..............................."},
    /* Georgian */
    {0x10a0, ".............................s.."},
    {0x10c0, ".............................o.."},
    {0x10e0, ".......y.......................o"},
    /* Ethiopic */
    {0x1200, "u..............................."},
    {0x12c0, "................o..............."},
    /* Cherokee */
    {0x13a0, "drt..i...yaje......w...m...h.yo."},
    {0x13c0, "g.hz........u.ab..r.ws...vs...lc"},
    {0x13e0, "..p...kd...o..g....gb......gb..."},
    /* Canadian syllabics */
    {0x1420, "...............v.a......k.w....."},
    {0x1440, "............u.n......c.........."},
    {0x1460, "..c........q.p.d..b............."},
    {0x1480, ".............j..j..............."},
    {0x14a0, ".....r....l....................z"},
    {0x14e0, "................i..............."},
    {0x1500, "...................s.s....w..s.."},
    {0x1540, ".x.............................."},
    {0x1560, "..............e......q......hx.."},
    {0x1580, ".......r........................"},
    {0x15a0, "...............b....f.t...hy...."},
    {0x15c0, ".....a.......................od."},
    {0x15e0, ".........ad....wme..e..b........"},
    {0x1600, "....................z.......g..."},
    {0x1620, "..........................wm...e"},
    {0x1640, "...............m......b........."},
    {0x1660, ".wm..........x.................."},
    /* runes */
    {0x16a0, "f................r.....x..hh...."},
    {0x16c0, ".i.............t..b..kmm........"},
    /* Khmer */
    {0x17e0, "o..............................."},
    /* Latin small capitals, phonetic */
    {0x1d00, "aBBbcddeeijklmnocoooCoooprrtuuum"},
    {0x1d20, "vwzz..r........................."},
    {0x1d60, "...........Nbdfmnprrstzg.gOiipuu"},
    {0x1d80, "bdfgklmnprs.vxzaadeeeeio.u......"},
    {0x1e80, "............................ss.d"},
    {0x1ee0, "...........................P.v.y"},
    /* Latin, more strokes, and Coptic */
    {0x2120, "..............e................."},
    {0x2180, "....c..........................."},
    {0x2c60, ".l...at.h.k.z....v.wv.hoeroe...."},
    {0x2c80, ".a.b.r...e...z.h.o.i.k...m.n...o"},
    {0x2ca0, ".n.p.c.t.y.o.x...w.............."},
    /* Tifinagh */
    {0x2d20, ".......................vve......"},
    {0x2d40, "o.............c1....oq...o...x.."},
    {0x2d60, ".u.............................."},
    /* a Chinese zero */
    {0x3000, ".......o........................"},
    /* Lisu */
    {0xa4c0, "................bpddttgk.jcczf.m"},
    {0xa4e0, "nlsrrvvh..wxy.a.eeiou..d........"},
    /* old Cyrillic */
    {0xa640, ".....s.i.....w...L.b............"},
    {0xa680, ".d.d.........t.u.........Q......"},
    /* Bamum */
    {0xa6c0, "...............................v"},
    /* medieval Latin */
    {0xa720, ".......h.R......fs.S.T.U.V.V.W.c"},
    {0xa740, ".k.k.k.l.l.o.o.Q.p.p.p.q.q.r...v"},
    {0xa760, "...z.p.p..................dffg.g"},
    {0xa780, ".l.r.s.t......l..n.cch.b.f.....u"},
    {0xa7a0, ".g.k.n.r.s.....q.....b.w.u.a.i.u"},
    {0xa7c0, ".o.w....d.s......g.....s.s......"},
    {0xa7e0, "......................h...mfpw1m"},
    /* Latin of dialects, small Cherokee */
    {0xab20, "................aBeeefglllmnnooo"},
    {0xab40, "CoC.orrrrrrrrsuuXXuxxxxxxxy....."},
    {0xab60, ".eCYa...r.......drt..i...yaje..."},
    {0xab80, "...w...m...h.yo.g.hz........u.ab"},
    {0xaba0, "..r.ws...vs...lc..p...kd...o..g."},
    /* Lycian, Carian, Old Italic */
    {0x10280, "..b...ef..1.....x.o..pst........"},
    {0x102a0, "abc..f.....o....mty.x..........."},
    {0x102c0, "...............h................"},
    {0x10300, "abc.e....i.lm..o.m.p.t.x........"},
    {0x10320, "1.x............................."},
    /* Deseret, Osage */
    {0x10400, "....o................c.....l...."},
    {0x10420, "s...........o................c.."},
    {0x10440, "........s......................."},
    {0x104a0, "....................r..........."},
    {0x104c0, "..o...........u................."},
    {0x104e0, "..........o...........u........."},
    /* Elbasan */
    {0x10500, "...................n..o.k...cv.."},
    {0x10520, ".....flx........................"},
    /* Tirhuta, Ahom, Warang Citi */
    {0x114c0, "................o..............."},
    {0x11700, "......v...w...ww................"},
    {0x118a0, "v.fly.e..z....e...l..o..u...t..."},
    {0x118c0, "vsfiz...o..............ou...y..."},
    {0x118e0, "o....zw..c..x..w..c............."},
    /* Miao */
    {0x16f00, "........v.t...........l........."},
    {0x16f20, "........1............r....s....."},
    {0x16f40, "a.uy............................"},
    /* newest phonetic */
    {0x1df00, ".ggkl.y.rt...t..kl.l.rr...io.cs."},
};

static const char pairs[][TEXT_LOOKALIKE_MAX + 1] = {
    ['A' - 'A'] = "ss",
    ['B' - 'A'] = "ae",
    ['C' - 'A'] = "oe",
    ['D' - 'A'] = "oi",
    ['E' - 'A'] = "11",
    ['F' - 'A'] = "db",
    ['G' - 'A'] = "qp",
    ['H' - 'A'] = "dz",
    ['I' - 'A'] = "ts",
    ['J' - 'A'] = "ls",
    ['K' - 'A'] = "lz",
    ['L' - 'A'] = "bi",
    ['M' - 'A'] = "oy",
    ['N' - 'A'] = "ue",
    ['O' - 'A'] = "th",
    ['P' - 'A'] = "ll",
    ['Q' - 'A'] = "oo",
    ['R' - 'A'] = "tz",
    ['S' - 'A'] = "aa",
    ['T' - 'A'] = "ao",
    ['U' - 'A'] = "au",
    ['V' - 'A'] = "av",
    ['W' - 'A'] = "ay",
    ['X' - 'A'] = "ui",
    ['Y' - 'A'] = "uo",
};

/* Whole alphabets in order, and digits. */
static const struct {
	int first, last;
	char looks; /* the first; the others follow */
} ranges[] = {
    {0x24f5, 0x24fd, '1'},   /* double circled digits */
    {0x2776, 0x277e, '1'},   /* digits on a disc */
    {0x2780, 0x2788, '1'},   /* the same, circled */
    {0x278a, 0x2792, '1'},   /* the same, without serifs */
    {0x1f150, 0x1f169, 'a'}, /* letters on a disc */
    {0x1f170, 0x1f189, 'a'}, /* letters on a square */
    {0x1f1e6, 0x1f1ff, 'a'}, /* letters of flags */
};

/* The row of c, or NULL. */
static const struct row *
find_row(int c)
{
	size_t low = 0, high = ARRAY_LEN(rows);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c < rows[middle].first) {
			high = middle;
		} else if (c >= rows[middle].first + CHART) {
			low = middle + 1;
		} else {
			return &rows[middle];
		}
	}
	return NULL;
}

/* The character of the table for c; a dot when it has none. */
static char
look_up(int c)
{
	const struct row *row = find_row(c);
	size_t i;

	if (row != NULL) {
		return row->looks[c - row->first];
	}
	for (i = 0; i < ARRAY_LEN(ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last) {
			return (char)(ranges[i].looks + c - ranges[i].first);
		}
	}
	return '.';
}

size_t
text_lookalike(int code_point, char out[TEXT_LOOKALIKE_MAX])
{
	char c = look_up(code_point);

	if (c == '.') {
		return 0;
	}
	if (c >= 'A' && c <= 'Z') {
		memcpy(out, pairs[c - 'A'], TEXT_LOOKALIKE_MAX);
		return TEXT_LOOKALIKE_MAX;
	}
	out[0] = c;
	return 1;
}
