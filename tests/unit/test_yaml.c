#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/yaml.h"

static void
a_file_means_the_json_that_people_expect(void **state)
{
	static const struct {
		const char *text, *same;
	} rows[] = {
	    {"", "null"},
	    {"\n\n", "null"},
	    {"# only a comment\n", "null"},
	    {"---\n", "null"},
	    {"--- \n...\n", "null"},
	    {"a: 1\n", "{\"a\":1}"},
	    {"%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}"},
	    {"\xef\xbb\xbf"
	     "a: 1\n",
		"{\"a\":1}"},
	    {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
	    {"[a, {b: [c]}, \"d\", 'e']",
		"[\"a\",{\"b\":[\"c\"]},\"d\",\"e\"]"},
	    {"- a\n- b:\n    - c\n  d: e\n",
		"[\"a\",{\"b\":[\"c\"],\"d\":\"e\"}]"},
	    {"a:\nb: ''\nc: []\nd: {}\n",
		"{\"a\":null,\"b\":\"\",\"c\":[],\"d\":{}}"},
	    {"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
	    {"a: >-\n  x\n  y\n", "{\"a\":\"x y\"}"},
	    {"{\"json\": [1, true, null, \"x\"]}",
		"{\"json\":[1,true,null,\"x\"]}"},
	    {"z: 1\na: 2\n", "{\"z\":1,\"a\":2}"},
	    {"['12', \"true\", '~', \"80351110224678912\"]",
		"[\"12\",\"true\",\"~\",\"80351110224678912\"]"},
	    {"\"1\": a\n'null': b\n", "{\"1\":\"a\",\"null\":\"b\"}"},
	    {"on: yes\n", "{\"on\":\"yes\"}"},
	    {"? a\n: b\n", "{\"a\":\"b\"}"},
	    {"\"<<\": text\n", "{\"<<\":\"text\"}"},
	    {"person: {id: dana, slack: [T0001/U0001]}\n",
		"{\"person\":{\"id\":\"dana\",\"slack\":[\"T0001/U0001\"]}}"},
	    {"\"\\u00e9\\U0001F600\"", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		CLEANUP(json_drop) json_t *v = NULL;
		struct fault f = {0};

		if (yaml_read(rows[i].text, strlen(rows[i].text), &v, &f) !=
		    RC_OK) {
			fail_msg("'%s': %s", rows[i].text, f.text);
		}
		assert_string_equal(json_compact(a, v, NULL), rows[i].same);
	}
}

/* Texts with NUL bytes in them know their length. */
#define ROW(text, why) \
	{ \
		(text), sizeof(text) - 1, (why) \
	}

static const struct {
	const char *text;
	size_t len;
	const char *why;
} refused[] = {
    ROW("a: &x 1\nb: *x\n", "line 1: anchors and aliases are not supported"),
    ROW("a: 1\nb: *x\n", "line 2: anchors and aliases are not supported"),
    ROW("a: &x [1]\n", "line 1: anchors and aliases are not supported"),
    ROW("a: &x {b: 1}\n", "line 1: anchors and aliases are not supported"),
    ROW("&x a: 1\n", "line 1: anchors and aliases are not supported"),
    ROW("*x : 1\n", "line 1: anchors and aliases are not supported"),
    ROW("a: !!str 1\n", "line 1: tags are not supported"),
    ROW("a: !local x\n", "line 1: tags are not supported"),
    ROW("a: ! x\n", "line 1: tags are not supported"),
    ROW("a:\n  !!map {b: 1}\n", "line 2: tags are not supported"),
    ROW("a: !!seq [1]\n", "line 1: tags are not supported"),
    ROW("!!binary a: 1\n", "line 1: tags are not supported"),
    ROW("%TAG ! tag:x,2026:\n---\na: 1\n", "line 1: tags are not supported"),
    ROW("a: 1\n<<: {b: 2}\n", "line 2: merge keys are not supported"),
    ROW("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is there twice"),
    ROW("a: 1\n\"a\": 1\n", "line 2: the key 'a' is there twice"),
    ROW("a: null\na: 1\n", "line 2: the key 'a' is there twice"),
    ROW("x:\n  a: 1\n  b: 2\n  a: 3\n", "line 4: the key 'a' is there twice"),
    ROW("[{a: 1, a: 2}]", "line 1: the key 'a' is there twice"),
    ROW("a: 1\n---\nb: 2\n", "line 2: a second document is not allowed"),
    ROW("---\n---\n", "line 2: a second document is not allowed"),
    ROW("a: 1\n...\nb: 2\n", "line 3: did not find expected <document start>"),
    ROW("a: 1\n...\n---\n", "line 3: a second document is not allowed"),
    ROW("1: a\n", "line 1: the key '1' is not text: quote it"),
    ROW("b: 1\ntrue: a\n", "line 2: the key 'true' is not text: quote it"),
    ROW("~: a\n", "line 1: the key '~' is not text: quote it"),
    ROW("?\n: a\n", "line 1: the key '' is not text: quote it"),
    ROW("1.5: a\n", "line 1: the key '1.5' is not text: quote it"),
    ROW("[a]: b\n", "line 1: a key must be text"),
    ROW("{a: b}: c\n", "line 1: a key must be text"),
    ROW("? - a\n: b\n", "line 1: a key must be text"),
    ROW("id: 80351110224678912\n",
	"line 1: 80351110224678912 is beyond 2^53 - 1: quote it to make it "
	"text"),
    ROW("id: -9007199254740992\n",
	"line 1: -9007199254740992 is beyond 2^53 - 1: quote it to make it "
	"text"),
    ROW("id: 0x20000000000000\n",
	"line 1: 0x20000000000000 is beyond 2^53 - 1: quote it to make it "
	"text"),
    ROW("id: 0o7777777777777777777777777\n",
	"line 1: 0o7777777777777777777777777 is beyond 2^53 - 1: quote it to "
	"make it text"),
    ROW("x: 1e17\n",
	"line 1: 1e17 is beyond 2^53 - 1: quote it to make it text"),
    ROW("x: 0.1000000000000000000000000000000000000000000000000000000000001\n",
	"line 1: "
	"0.1000000000000000000000000000000000000000000000000000000000001 is "
	"too long for a number: quote it to make it text"),
    ROW("x: 1e999\n", "line 1: 1e999 is not a finite number"),
    ROW("x: .inf\n", "line 1: .inf is not a finite number"),
    ROW("x: -.INF\n", "line 1: -.INF is not a finite number"),
    ROW("x: .nan\n", "line 1: .nan is not a finite number"),
    ROW("x: [1, .NaN]\n", "line 1: .NaN is not a finite number"),
    ROW("a: \"x\\0y\"\n", "line 1: a NUL character is not allowed"),
    ROW("\"x\\0y\": 1\n", "line 1: a NUL character is not allowed"),
    ROW("a: 1\n\0b: 2\n", "line 2: control characters are not allowed"),
    ROW("a: 1\0\n", "line 1: control characters are not allowed"),
    ROW("a: 1\nb: \x01\n", "line 2: control characters are not allowed"),
    ROW("a: \x1b[0m\n", "line 1: control characters are not allowed"),
    ROW("a: 1\nb: \xff\n", "line 2: invalid leading UTF-8 octet"),
    ROW("a: \xc0\x80\n", "line 1: invalid length of a UTF-8 sequence"),
    ROW("a: \xed\xa0\x80\n", "line 1: invalid Unicode character"),
    ROW("a: \xf4\x90\x80\x80\n", "line 1: invalid Unicode character"),
    ROW("a: \xc3", "line 1: incomplete UTF-8 octet sequence"),
    ROW("\xff\xfe"
	"a\0:\0 \0\0011\0",
	"line 1: invalid leading UTF-8 octet"),
    ROW("a: \"\\ud800\"\n",
	"line 1: found invalid Unicode character escape code, while parsing "
	"a quoted scalar that begins in line 1"),
    ROW("a:\n\tb: 1\n",
	"line 2: found character that cannot start any token, while scanning "
	"for the next token that begins in line 2"),
    ROW("a: [1\nb: 2\n",
	"line 2: did not find expected ',' or ']', while parsing a flow "
	"sequence that begins in line 1"),
    ROW("a: {b: 1\n",
	"line 2: did not find expected ',' or '}', while parsing a flow "
	"mapping that begins in line 1"),
    ROW("a: b: c\n", "line 1: mapping values are not allowed in this context"),
    ROW("a: 1\n b: 2\n",
	"line 2: mapping values are not allowed in this context"),
    ROW("a: \"x\n",
	"line 2: found unexpected end of stream, while scanning a quoted "
	"scalar that begins in line 1"),
    ROW("- a\nb: 1\n",
	"line 2: did not find expected '-' indicator, while parsing a block "
	"collection that begins in line 1"),
    ROW("a: @x\n",
	"line 1: found character that cannot start any token, while scanning "
	"for the next token that begins in line 1"),
    ROW("%YAML 2.0\n---\na: 1\n", "line 1: found incompatible YAML document"),
};

static void
a_file_that_may_mean_something_else_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct fault f = {0};
		json_t *v = NULL;

		if (yaml_read(refused[i].text, refused[i].len, &v, &f) !=
			RC_INVALID ||
		    v != NULL) {
			fail_msg("'%s' was taken", refused[i].text);
		}
		assert_string_equal(f.text, refused[i].why);
		assert_string_equal(f.field, "");
	}
}

static enum rc
read_buf(const struct buf *b, struct fault *f)
{
	json_t *v = NULL;
	enum rc rc = yaml_read(buf_str(b), b->len, &v, f);

	json_decref(v);
	return rc;
}

static void
depth_ends_at_sixty_four(void **state)
{
	static const struct {
		const char *open, *close;
		int levels; /* in one of them */
	} rows[] = {{"[", "]", 1}, {"{a: ", "}", 1}, {"- ", "", 1},
	    {"[{a: ", "}]", 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int over = 0; over < 2; over++) {
			CLEANUP(buf_fini) struct buf b = {0};
			int n = YAML_DEPTH_MAX / rows[i].levels + over;
			struct fault f = {0};

			for (int k = 0; k < n; k++) {
				buf_puts(&b, rows[i].open);
			}
			buf_puts(&b, "x");
			for (int k = 0; k < n; k++) {
				buf_puts(&b, rows[i].close);
			}
			assert_int_equal(read_buf(&b, &f),
			    over ? RC_INVALID : RC_OK);
			assert_string_equal(f.text,
			    over ? "line 1: nested deeper than 64 levels" : "");
		}
	}
}

static void
bombs_cost_little_time(void **state)
{
	static const struct {
		const char *start, *piece;
	} rows[] = {
	    {"", "["},
	    {"", "{"},
	    {"", "- "},
	    {"", "? "},
	    {"", "{a: "},
	    {"", "[{"},
	    {"", "a: "},
	    {"", "\n- "},
	    {"", "\n? "},
	    {"[", "a,"},
	    {"[", "[],"},
	    {"[", "a: b,"},
	    {"[", "? "},
	    {"[", "'',"},
	    {"", "&a "},
	    {"", "!"},
	    {"", "!<"},
	    {"", "*"},
	    {"", "%TAG ! !\n"},
	    {"", "%X\n"},
	    {"", "--- \n"},
	    {"", "...\n"},
	    {"\"", "a"},
	    {"\"", "\\u0041"},
	    {"\"", "\n"},
	    {"'", "''"},
	    {"a: |\n", " b\nc"},
	    {"a: ", "b "},
	    {"a: b\n", " c\n"},
	    {"#", "#"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf b = {0};
		clock_t start = clock();
		enum rc rc;

		buf_puts(&b, rows[i].start);
		while (b.len < YAML_BYTES_MAX - 10) {
			buf_puts(&b, rows[i].piece);
		}
		/* Some are odd but mean something; none may be slow. */
		rc = read_buf(&b, NULL);
		assert_true(rc == RC_OK || rc == RC_INVALID);
		assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
	}
}

static void
aliases_cannot_multiply(void **state)
{
	static const char laughs[] =
	    "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n";
	struct fault f = {0};
	json_t *v = NULL;

	(void)state;
	assert_int_equal(yaml_read(laughs, sizeof(laughs) - 1, &v, &f),
	    RC_INVALID);
}

static void
the_number_of_values_and_bytes_has_an_end(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	struct fault f = {0};

	(void)state;
	buf_puts(&b, "[");
	for (int i = 1; i < YAML_NODES_MAX; i++) {
		buf_puts(&b, "1,\n");
	}
	buf_puts(&b, "]");
	assert_int_equal(read_buf(&b, &f), RC_OK);
	b.data[b.len - 1] = '1';
	buf_puts(&b, "]");
	assert_int_equal(read_buf(&b, &f), RC_INVALID);
	assert_string_equal(f.text, "line 100000: more than 100000 values");

	buf_clear(&b);
	buf_puts(&b, "a: 1\n");
	while (b.len < YAML_BYTES_MAX) {
		buf_puts(&b, "#");
	}
	assert_int_equal(read_buf(&b, &f), RC_OK);
	buf_puts(&b, "#");
	assert_int_equal(read_buf(&b, &f), RC_INVALID);
	assert_string_equal(f.text, "line 1: more than 1048576 bytes");
}

static const char policy[] = "# a policy\n"
			     "id: finance\n"
			     "\n"
			     "thresholds:\n"
			     "  auto: 10\n"
			     "  limits: {max: 5, min: 1}\n"
			     "checks:\n"
			     "  - path: a\n"
			     "    max: 3\n"
			     "  -\n"
			     "    path: b\n"
			     "  - [x,\n"
			     "     y]\n"
			     "max: 7\n"
			     "thresholds.old: 1\n"
			     "\"\": 2\n";

static void
a_path_leads_to_its_line(void **state)
{
	static const struct {
		const char *path;
		int line;
	} rows[] = {
	    {"id", 2},
	    {"thresholds", 4},
	    {"thresholds.auto", 5},
	    {"thresholds.limits", 6},
	    {"thresholds.limits.min", 6},
	    {"checks", 7},
	    {"checks[0]", 8},
	    {"checks[0].path", 8},
	    {"checks[0].max", 9},
	    {"checks[1]", 11},
	    {"checks[1].path", 11},
	    {"checks[2][1]", 13},
	    {"max", 14},
	    {"thresholds.old", 15},
	    {"", 0},
	    {"i", 0},
	    {"idx", 0},
	    {"id.x", 0},
	    {"auto", 0},
	    {"path", 0},
	    {"thresholds.max", 0},
	    {"thresholds.auto.x", 0},
	    {"checks[3]", 0},
	    {"checks[0", 0},
	    {"checks.path", 0},
	    {"checks[0]path", 0},
	    {"finance", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int line =
		    yaml_line_of(policy, sizeof(policy) - 1, rows[i].path);

		if (line != rows[i].line) {
			fail_msg("%s: line %d", rows[i].path, line);
		}
	}
}

static void
a_line_is_found_only_in_what_could_be_read(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
	    {"b: [\na: 1\n", 0},
	    {"[x]: 1\na: 1\n", 0},
	    {"b: *x\na: 1\n", 0},
	    {"- a\n", 0},
	    {"a", 0},
	    {"", 0},
	    {"{b: 1,\n a: 2}", 2},
	};
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(yaml_line_of(rows[i].text,
				     strlen(rows[i].text), "a"),
		    rows[i].line);
	}
	for (int i = 0; i < YAML_DEPTH_MAX + 1; i++) {
		buf_puts(&b, "[");
	}
	assert_int_equal(yaml_line_of(b.data, b.len, "a"), 0);
}

/* A file of this text; the test removes it. */
static void
write_file(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/test_yaml_XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
a_file_is_named_in_its_fault(void **state)
{
	char path[64], want[128];
	struct fault f = {0};
	json_t *v = NULL;

	(void)state;
	write_file(path, "a: 1\n");
	assert_int_equal(yaml_read_file(path, &v, &f), RC_OK);
	assert_int_equal(json_integer_value(json_object_get(v, "a")), 1);
	json_drop(&v);
	unlink(path);

	write_file(path, "a: 1\na: 2\n");
	assert_int_equal(yaml_read_file(path, &v, &f), RC_INVALID);
	snprintf(want, sizeof(want), "%s: line 2: the key 'a' is there twice",
	    path);
	assert_string_equal(f.text, want);
	assert_int_equal(yaml_read_file(path, &v, NULL), RC_INVALID);
	unlink(path);

	assert_int_equal(yaml_read_file(path, &v, &f), RC_NOT_FOUND);
	snprintf(want, sizeof(want), "%s: No such file or directory", path);
	assert_string_equal(f.text, want);
	assert_int_equal(yaml_read_file("/tmp", &v, &f), RC_INVALID);
	assert_string_equal(f.text, "/tmp: cannot be read");
	assert_int_equal(yaml_read_file("/dev/null/x", &v, &f), RC_INVALID);
	assert_string_equal(f.text, "/dev/null/x: Not a directory");
	assert_int_equal(yaml_read_file("/dev/zero", &v, &f), RC_INVALID);
	assert_string_equal(f.text,
	    "/dev/zero: line 1: more than 1048576 bytes");
	assert_null(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_means_the_json_that_people_expect),
	    cmocka_unit_test(a_file_that_may_mean_something_else_is_refused),
	    cmocka_unit_test(depth_ends_at_sixty_four),
	    cmocka_unit_test(bombs_cost_little_time),
	    cmocka_unit_test(aliases_cannot_multiply),
	    cmocka_unit_test(the_number_of_values_and_bytes_has_an_end),
	    cmocka_unit_test(a_path_leads_to_its_line),
	    cmocka_unit_test(a_line_is_found_only_in_what_could_be_read),
	    cmocka_unit_test(a_file_is_named_in_its_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
