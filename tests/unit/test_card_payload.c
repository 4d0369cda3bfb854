#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card_payload.h"
#include "lib/buf.h"
#include "lib/text.h"

enum { MEGABYTE = 1024 * 1024 };

static int
set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct card_payload
shown(struct arena *a, const char *s, size_t max)
{
	struct card_payload p;

	card_payload_show(a, s, strlen(s), max, &p);
	return p;
}

static bool
notes(const struct card_payload *p, const char *words)
{
	return p->note != NULL && strstr(p->note, words) != NULL;
}

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_printf(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 63));
	} else if (c < 0x10000) {
		buf_printf(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 63),
		    0x80 | (c & 63));
	} else {
		buf_printf(out, "%c%c%c%c", 0xf0 | c >> 18,
		    0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63),
		    0x80 | (c & 63));
	}
}

/* The bytes that a shown text names, as a careful reader takes it. */
static void
unshow(struct buf *out, const char *s)
{
	unsigned c;
	int n;

	for (; *s != '\0'; s++) {
		n = 0;
		if (*s != '\\') {
			buf_putc(out, *s);
		} else if (sscanf(s, "\\u{%X}%n", &c, &n) == 1 && n > 0) {
			put_utf8(out, c);
			s += n - 1;
		} else if (sscanf(s, "\\x{%X}%n", &c, &n) == 1 && n > 0) {
			buf_putc(out, (char)c);
			s += n - 1;
		} else {
			buf_putc(out, '\\');
			s += s[1] == '\\';
		}
	}
}

static void
every_hostile_payload_is_seen_for_what_it_is(void **state)
{
	static const struct {
		const char *name, *payload, *text;
		bool spelled;
	} rows[] = {
	    {"bidi override", "pay \u202e0001\u202c EUR",
		"pay \\u{202E}0001\\u{202C} EUR", true},
	    {"bidi isolate", "if \u2066admin\u2069",
		"if \\u{2066}admin\\u{2069}", true},
	    {"zero width", "re\u200bfu\u200cnd\u2060\ufeff",
		"re\\u{200B}fu\\u{200C}nd\\u{2060}\\u{FEFF}", true},
	    {"tags block", "ok\U000e0064\U000e0065\U000e006e",
		"ok\\u{E0064}\\u{E0065}\\u{E006E}", true},
	    {"variation selectors", "a\ufe0fb\U000e0100",
		"a\\u{FE0F}b\\u{E0100}", true},
	    {"soft hyphen", "re\u00adfund", "re\\u{00AD}fund", true},
	    {"blank look-alikes", "a\u00a0b\u3164c\u2800d",
		"a\\u{00A0}b\\u{3164}c\\u{2800}d", true},
	    {"line separators",
		"a\u2028b\u2029c\xc2\x85"
		"d",
		"a\\u{2028}b\\u{2029}c\\u{0085}d", true},
	    {"private use", "\ue000", "\\u{E000}", true},
	    {"carriage return", "approve\r\ndeny\rx",
		"approve\\u{000D}\ndeny\\u{000D}x", true},
	    {"terminal escape", "\033[2Kok\b", "\\u{001B}[2Kok\\u{0008}", true},
	    {"not UTF-8", "a\xff\xc0\x80z", "a\\x{FF}\\x{C0}\\x{80}z", true},
	    {"a surrogate", "\xed\xa0\x80", "\\x{ED}\\x{A0}\\x{80}", true},
	    {"imitation of our spelling", "\\u{202E}", "\\\\u{202E}", false},
	    {"a backslash before a hidden one", "\\\u200b", "\\\\\\u{200B}",
		true},
	    {"fence break", "```\n@everyone ```sh\n~~~",
		"```\n@everyone ```sh\n~~~", false},
	    {"mentions", "<!channel> <@U1> @here <https://x.example|ok>",
		"<!channel> <@U1> @here <https://x.example|ok>", false},
	    {"HTML", "</pre><script>alert(1)</script>&lt;",
		"</pre><script>alert(1)</script>&lt;", false},
	    {"header injection", "x\nBcc: all@example.com",
		"x\nBcc: all@example.com", false},
	    {"plain words", "Refund 50 EUR to Zo\u00eb, \u6771\u4eac",
		"Refund 50 EUR to Zo\u00eb, \u6771\u4eac", false},
	    {"nothing", "", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct card_payload p = shown(*state, rows[i].payload, 0);

		if (strcmp(p.text, rows[i].text) != 0) {
			print_error("row: %s\n", rows[i].name);
		}
		assert_string_equal(p.text, rows[i].text);
		assert_int_equal(p.spelled, rows[i].spelled);
		assert_int_equal(notes(&p, "cannot be seen"), rows[i].spelled);
		assert_false(p.cut);
		assert_true(text_is_utf8(p.text, strlen(p.text)));
	}
}

static void
a_payload_with_a_nul_goes_on_behind_it(void **state)
{
	static const char payload[] = "ok\0; drop table";
	struct card_payload p;

	card_payload_show(*state, payload, sizeof(payload) - 1, 0, &p);
	assert_string_equal(p.text, "ok\\u{0000}; drop table");
	assert_true(p.spelled);
}

/* Random bytes, and random picks of what is awkward. */
static void
what_is_shown_maps_back_to_the_payload(void **state)
{
	static const char *const picks[] = {"\\", "u", "{", "x", "202E", "}",
	    "\n", "\r", "\u202e", "\u200b", "\u0430", "\u0301", "a", " ",
	    "\xff", "\xe2", "\U000e0041", "n", "\"", "<"};
	unsigned seed = 1;

	for (int round = 0; round < 5000; round++) {
		CLEANUP(buf_fini) struct buf in, back;
		struct card_payload p;
		int n = rand_r(&seed) % 40;

		buf_init(&in, 0);
		buf_init(&back, 0);
		for (int i = 0; i < n; i++) {
			if (round % 2 == 0) {
				buf_putc(&in, (char)rand_r(&seed));
			} else {
				buf_puts(&in,
				    picks[(size_t)rand_r(&seed) %
					ARRAY_LEN(picks)]);
			}
		}
		card_payload_show(*state, buf_str(&in), in.len, 0, &p);
		unshow(&back, p.text);
		assert_int_equal(back.len, in.len);
		assert_memory_equal(buf_str(&back), buf_str(&in), in.len);
		arena_reset(*state);
	}
}

/* A megabyte of padding, and what it is there to hide. */
static char *
padded(struct arena *a, char filler)
{
	static const char danger[] = "\nrm -rf /";
	char *s = arena_alloc(a, MEGABYTE + sizeof(danger));

	memset(s, filler, MEGABYTE);
	strcpy(s, "list files");
	s[strlen(s)] = filler;
	strcpy(s + MEGABYTE, danger);
	return s;
}

static void
a_hidden_tail_is_announced_with_its_size(void **state)
{
	struct card_payload p = shown(*state, padded(*state, 'x'), 1000);

	assert_true(p.cut);
	assert_int_equal(strlen(p.text), 1000);
	assert_null(strstr(p.text, "rm -rf"));
	assert_true(notes(&p,
	    "the first 1,000 of 1,048,585 bytes are shown, 1,047,585 bytes are "
	    "missing"));
	assert_true(notes(&p, "Approving needs the full page"));
	assert_true(p.warns);
}

static void
the_full_page_shows_the_tail(void **state)
{
	struct card_payload p = shown(*state, padded(*state, ' '), 0);

	assert_false(p.cut);
	assert_string_equal(p.text + MEGABYTE, "\nrm -rf /");
	assert_true(notes(&p, "behind a long blank stretch"));
}

static void
text_behind_blanks_is_announced_only_when_there_is_some(void **state)
{
	static const struct {
		size_t blanks;
		char blank;
		const char *tail;
		bool noted;
	} rows[] = {
	    {400, ' ', "x", false},
	    {401, ' ', "x", true},
	    {15, '\n', "x", false},
	    {16, '\n', "x", true},
	    {1000, '\t', "x", true},
	    {1000, '\n', "", false},
	    {1000, ' ', "\n", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char s[1100] = "begin";
		struct card_payload p;

		memset(s + 5, rows[i].blank, rows[i].blanks);
		strcpy(s + 5 + rows[i].blanks, rows[i].tail);
		p = shown(*state, s, 0);
		assert_int_equal(notes(&p, "behind a long blank stretch"),
		    rows[i].noted);
	}
}

static void
a_cut_does_not_split_a_character_or_pass_its_maximum(void **state)
{
	static const char *const rows[] = {
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
	    "\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b",
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	    "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
	    "plain and long enough to be cut somewhere",
	    "{\"a\":[1,2,3,4,5,6,7,8,9],\"b\":\"long enough\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t max = 1; max < 60; max++) {
			struct card_payload p = shown(*state, rows[i], max);
			CLEANUP(buf_fini) struct buf back;

			buf_init(&back, 0);
			unshow(&back, p.text);
			assert_in_range(strlen(p.text), 0, max);
			assert_true(text_is_utf8(p.text, strlen(p.text)));
			assert_memory_equal(buf_str(&back), rows[i], back.len);
			assert_int_equal(p.cut, back.len < strlen(rows[i]));
			assert_int_equal(notes(&p, "Cut:"), p.cut);
		}
	}
}

static void
dense_json_is_laid_out_in_lines(void **state)
{
	static const struct {
		const char *json, *text; /* NULL = as stored */
	} rows[] = {
	    {"{\"a\":1,\"b\":[true,null]}",
		"{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null\n  ]\n}"},
	    {"[]", "[]"},
	    {"{}", "{}"},
	    {"[[],{}]", "[\n  [],\n  {}\n]"},
	    {"[[[1]]]", "[\n  [\n    [\n      1\n    ]\n  ]\n]"},
	    {"{\"a{\":\"}],:\\\"[\"}", "{\n  \"a{\": \"}],:\\\"[\"\n}"},
	    {"[\"\\\\\",1]", "[\n  \"\\\\\\\",\n  1\n]"},
	    {"[\"\\u202e\"]", "[\n  \"\\\\u202e\"\n]"},
	    {"[\"\u202e\"]", "[\n  \"\\u{202E}\"\n]"},
	    /* Has blanks of its own, is not JSON, or is no structure. */
	    {"{ \"a\":1}", NULL},
	    {"{\"a\":1}\n", NULL},
	    {"{\"a\":1", NULL},
	    {"{\"a\":1}}", NULL},
	    {"{\"a\":1,\"a\":2}", NULL},
	    {"[1,]", NULL},
	    {"\"text\"", NULL},
	    {"17", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct card_payload p = shown(*state, rows[i].json, 0);

		assert_string_equal(p.text,
		    rows[i].text != NULL ? rows[i].text : rows[i].json);
		assert_int_equal(notes(&p, "Line breaks were added"),
		    strchr(p.text, '\n') != NULL &&
			strchr(rows[i].json, '\n') == NULL);
	}
}

static void
json_that_is_laid_out_maps_back(void **state)
{
	static const char json[] =
	    "{\"to\":\"dana \\\"the\\\" li\",\"lines\":[{\"a\":-1.5e3},[],"
	    "\"x y\\n\",{\"b\":{}}],\"ok\":true}";
	struct card_payload p = shown(*state, json, 0);
	CLEANUP(buf_fini) struct buf text, dense;
	bool in_string = false;

	buf_init(&text, 0);
	buf_init(&dense, 0);
	unshow(&text, p.text);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (in_string && c == '\\') {
			buf_putc(&dense, c);
			c = text.data[++i];
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == ' ' || c == '\n')) {
			continue;
		}
		buf_putc(&dense, c);
	}
	assert_string_equal(buf_str(&dense), json);
}

static void
long_or_cut_json_is_shown_as_stored(void **state)
{
	char *json = arena_alloc(*state, CARD_INDENT_MAX + 10);
	struct card_payload p;

	p = shown(*state, "{\"a\":1,\"b\":2}", 5);
	assert_string_equal(p.text, "{\"a\":");
	/* It fits as it is, but not laid out. */
	p = shown(*state, "{\"a\":1,\"b\":2}", 14);
	assert_string_equal(p.text, "{\"a\":1,\"b\":2}");
	assert_false(p.cut);
	assert_null(p.note);

	memset(json, '1', CARD_INDENT_MAX + 2);
	json[0] = '[';
	json[1] = '"';
	strcpy(json + CARD_INDENT_MAX, "\"]");
	p = shown(*state, json, 0);
	assert_null(p.note);
	assert_string_equal(p.text, json);
}

static void
a_data_uri_is_decoded_and_says_so(void **state)
{
	static const struct {
		const char *payload, *text, *note;
	} rows[] = {
	    {"data:text/csv;base64,dG8sYW1vdW50CmRhbmEsNTAwMA==",
		"to,amount\ndana,5000",
		"The payload is a data: URI of 49 bytes, decoded here; it "
		"begins with data:text/csv;base64."},
	    {"data:text/plain,a%20b%E2%80%AE", "a b\\u{202E}",
		"begins with data:text/plain."},
	    {"data:application/json,{\"a\":1}", "{\n  \"a\": 1\n}",
		"Line breaks were added"},
	    {"data:text/plain;x=\u202e,ok", "ok",
		"data:text/plain;x=\\u{202E}."},
	    {"data:text/csv;base64,!!!!", "data:text/csv;base64,!!!!",
		"shown as it is"},
	    {"data:no comma", "data:no comma", "shown as it is"},
	};
	struct card_payload p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		p = shown(*state, rows[i].payload, 0);
		assert_string_equal(p.text, rows[i].text);
		assert_true(notes(&p, rows[i].note));
	}
}

/* Words before the comma would be lost if it were taken apart. */
static void
a_data_uri_with_a_long_head_is_shown_as_it_is(void **state)
{
	char uri[300] = "data:text/plain;";
	struct card_payload p;

	memset(uri + strlen(uri), 'h', 150);
	strcat(uri, ",ok");
	p = shown(*state, uri, 0);
	assert_string_equal(p.text, uri);
	assert_true(notes(&p, "shown as it is"));
}

static void
a_payload_that_names_a_file_says_that_it_is_unknown(void **state)
{
	struct card_payload p = shown(*state, "refunds.csv", 0);

	assert_string_equal(p.text, "refunds.csv");
	assert_true(notes(&p, "name of a file (csv)"));
	assert_true(notes(&p, "is not known here"));
}

static void
a_word_that_mixes_alphabets_is_announced(void **state)
{
	struct card_payload p = shown(*state, "Send it to p\u0430ypal.com", 0);

	assert_string_equal(p.text, "Send it to p\u0430ypal.com");
	assert_true(notes(&p, "mixes alphabets"));
	assert_true(notes(&p, "p\\u{0430}ypal"));
	assert_true(p.warns);
	assert_false(p.spelled);
}

static void
a_plain_payload_has_no_note(void **state)
{
	struct card_payload p = shown(*state, "Refund 50 EUR to Dana", 0);

	assert_null(p.note);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(every_hostile_payload_is_seen_for_what_it_is),
	    ROW(a_payload_with_a_nul_goes_on_behind_it),
	    ROW(what_is_shown_maps_back_to_the_payload),
	    ROW(a_hidden_tail_is_announced_with_its_size),
	    ROW(the_full_page_shows_the_tail),
	    ROW(text_behind_blanks_is_announced_only_when_there_is_some),
	    ROW(a_cut_does_not_split_a_character_or_pass_its_maximum),
	    ROW(dense_json_is_laid_out_in_lines),
	    ROW(json_that_is_laid_out_maps_back),
	    ROW(long_or_cut_json_is_shown_as_stored),
	    ROW(a_data_uri_is_decoded_and_says_so),
	    ROW(a_data_uri_with_a_long_head_is_shown_as_it_is),
	    ROW(a_payload_that_names_a_file_says_that_it_is_unknown),
	    ROW(a_word_that_mixes_alphabets_is_announced),
	    ROW(a_plain_payload_has_no_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
