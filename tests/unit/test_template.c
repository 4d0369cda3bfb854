#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "lib/template.h"

static void
template_drop(struct template **t)
{
	template_free(*t);
}

/* Renders text with JSON values into out. */
static void
render(const char *text, const char *values, enum template_escape escape,
    struct buf *out)
{
	CLEANUP(template_drop) struct template *t = NULL;
	CLEANUP(json_drop) json_t *v = NULL;
	struct fault f = {0};

	if (template_new(text, strlen(text), escape, &t, &f) != RC_OK) {
		fail_msg("%s: %s", text, f.text);
	}
	assert_int_equal(json_read(values, strlen(values), &v, &f), RC_OK);
	template_render(t, v, out);
}

static const struct {
	const char *text, *values, *result;
} holes[] = {
    {"", "{}", ""},
    {"no holes { } }} {x}", "{}", "no holes { } }} {x}"},
    /* Values. */
    {"Hi {{name}}!", "{\"name\":\"Dana\"}", "Hi Dana!"},
    {"{{ name }}{{\tname\n}}", "{\"name\":\"x\"}", "xx"},
    {"[{{a}}]", "{}", "[]"},
    {"[{{a}}]", "{\"a\":null}", "[]"},
    {"[{{a}}]", "{\"a\":\"\"}", "[]"},
    {"{{a}} {{b}} {{c}}", "{\"a\":0,\"b\":-3,\"c\":1.5}", "0 -3 1.5"},
    {"{{a}} {{b}}", "{\"a\":true,\"b\":false}", "true false"},
    {"{{{a}}} {{{b}}}", "{\"a\":[1,\"x\"],\"b\":{\"c\":1}}",
	"[1,\"x\"] {\"c\":1}"},
    {"{{a}}", "[1]", ""},
    {"{{a}}", "null", ""},
    {"{{.}}", "\"x\"", "x"},
    {"{{x-y_Z9}}", "{\"x-y_Z9\":1}", "1"},
    {"{{a}}}", "{\"a\":1}", "1}"},
    {"{{{a}}}}", "{\"a\":1}", "1}"},
    {"{ {{a}} }", "{\"a\":1}", "{ 1 }"},
    /* What was filled in is not read again. */
    {"{{a}}", "{\"a\":\"{{b}}{{#b}}\",\"b\":1}", "{{b}}{{#b}}"},
    /* Dots. */
    {"{{a.b.c}}", "{\"a\":{\"b\":{\"c\":\"x\"}}}", "x"},
    {"[{{a.x.c}}{{a.b.x}}{{x.b.c}}]", "{\"a\":{\"b\":{\"c\":1}}}", "[]"},
    {"[{{a.b}}]", "{\"a\":\"text\"}", "[]"},
    {"[{{a.b}}]", "{\"a.b\":\"x\"}", "[]"},
    {"{{#a}}{{b.c}}{{/a}}", "{\"a\":{\"b\":{}},\"b\":{\"c\":1}}", ""},
    /* Sections. */
    {"{{#a}}yes{{/a}}", "{\"a\":true}", "yes"},
    {"{{#a}}yes{{/a}}", "{\"a\":false}", ""},
    {"{{#a}}yes{{/a}}", "{\"a\":null}", ""},
    {"{{#a}}yes{{/a}}", "{}", ""},
    {"{{#a}}yes{{/a}}", "{\"a\":\"\"}", ""},
    {"{{#a}}yes{{/a}}", "{\"a\":[]}", ""},
    {"{{#a}}yes{{/a}}", "{\"a\":{}}", ""},
    {"{{#a}}yes{{/a}}", "{\"a\":0}", "yes"},
    {"{{#a}}<{{.}}>{{/a}}", "{\"a\":\"x\"}", "<x>"},
    {"{{#a}}{{b}}{{/a}}", "{\"a\":{\"b\":\"in\"},\"b\":\"out\"}", "in"},
    {"{{#a}}{{b}}{{/a}}", "{\"a\":{\"c\":1},\"b\":\"out\"}", "out"},
    {"[{{#a}}{{b}}{{/a}}]", "{\"a\":{\"b\":null},\"b\":\"out\"}", "[]"},
    {"{{#a}}{{b}}{{/a}}", "{\"a\":true,\"b\":\"out\"}", "out"},
    {"{{#a.b}}{{c}}{{/a.b}}", "{\"a\":{\"b\":{\"c\":1}}}", "1"},
    {"{{#a}}{{#a}}{{b}}{{/a}}{{/a}}", "{\"a\":{\"b\":1}}", "1"},
    /* Lists. */
    {"{{#a}}{{.}},{{/a}}", "{\"a\":[1,\"x\",true]}", "1,x,true,"},
    {"{{#a}}{{b}},{{/a}}", "{\"a\":[{\"b\":1},{\"b\":2}]}", "1,2,"},
    {"{{#a}}{{b}}{{c}},{{/a}}", "{\"a\":[{\"b\":1},{}],\"c\":\"c\"}", "1c,c,"},
    {"{{#a}}[{{#.}}{{.}}{{/.}}]{{/a}}", "{\"a\":[[1,2],[3],[]]}", "[12][3][]"},
    {"{{#.}}{{.}}{{/.}}", "[1,2]", "12"},
    {"{{#a}}{{#b}}{{.}}{{c}};{{/b}}{{/a}}",
	"{\"a\":[{\"b\":[1,2],\"c\":\"x\"},{\"b\":[3],\"c\":\"y\"}]}",
	"1x;2x;3y;"},
    {"{{#a}}-{{/a}}", "{\"a\":[null,false,\"\"]}", "---"},
    /* Inverted sections. */
    {"{{^a}}no{{/a}}", "{}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":null}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":false}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":[]}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":{}}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":\"\"}", "no"},
    {"{{^a}}no{{/a}}", "{\"a\":0}", ""},
    {"{{^a}}no{{/a}}", "{\"a\":[false]}", ""},
    {"{{#l}}{{^a}}{{.}}{{/a}}{{/l}}", "{\"l\":[1,2]}", "12"},
    {"{{#a}}A{{/a}}{{^a}}B{{/a}}", "{\"a\":1}", "A"},
    /* Comments. */
    {"a{{! b }}c", "{}", "ac"},
    {"a{{!}}b{{! {{x} }}c", "{}", "abc"},
    {"a {{! over\nlines }} b", "{}", "a  b"},
    /* A tag alone takes its line with it. */
    {"a\n{{#x}}\nb\n{{/x}}\nc\n", "{\"x\":1}", "a\nb\nc\n"},
    {"a\n  {{#x}}\t\n b\n\t{{/x}} \nc", "{\"x\":1}", "a\n b\nc"},
    {"a\r\n{{#x}}\r\nb\r\n{{/x}}\r\nc", "{\"x\":1}", "a\r\nb\r\nc"},
    {"{{#x}}\nb\n{{/x}}", "{\"x\":1}", "b\n"},
    {"{{#x}}\n- {{.}}\n{{/x}}\n", "{\"x\":[1,2]}", "- 1\n- 2\n"},
    {"a\n{{! c }}\nb", "{}", "a\nb"},
    {"a\n  {{! over\n lines }}  \nb", "{}", "a\nb"},
    {"{{! c }}", "{}", ""},
    {"a\n{{^x}}\nb\n{{/x}}\n", "{}", "a\nb\n"},
    {"a\n\n{{#x}}\n\nb{{/x}}", "{\"x\":1}", "a\n\n\nb"},
    /* One that is not alone takes nothing. */
    {"a\n{{#x}} b {{/x}}\nc", "{\"x\":1}", "a\n b \nc"},
    {"a {{#x}}\nb{{/x}}", "{\"x\":1}", "a \nb"},
    {"{{#x}} {{! c }}\nb{{/x}}", "{\"x\":1}", " \nb"},
    {"a\n{{x}}\nb", "{\"x\":\"\"}", "a\n\nb"},
    {"a\n {{{x}}} \nb", "{\"x\":1}", "a\n 1 \nb"},
};

static void
holes_are_filled_as_mustache_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		CLEANUP(buf_fini) struct buf b = {0};

		render(holes[i].text, holes[i].values, TEMPLATE_TEXT, &b);
		if (strcmp(buf_str(&b), holes[i].result) != 0) {
			fail_msg("%s gave '%s'", holes[i].text, buf_str(&b));
		}
	}
}

static void
what_is_filled_in_is_escaped_for_its_place(void **state)
{
	static const char values[] =
	    "{\"a\":\"<b>&\\\"'\",\"l\":[\"<\"],\"o\":{\"k\":\"&\"},\"n\":1}";
	static const struct {
		const char *text, *plain, *html;
	} rows[] = {
	    {"<i>{{a}}</i>", "<i><b>&\"'</i>",
		"<i>&lt;b&gt;&amp;&quot;&#39;</i>"},
	    {"<i>{{{a}}}</i>", "<i><b>&\"'</i>", "<i><b>&\"'</i>"},
	    {"{{#l}}{{.}}{{{.}}}{{/l}}", "<<", "&lt;<"},
	    {"{{o}}", "{\"k\":\"&\"}", "{&quot;k&quot;:&quot;&amp;&quot;}"},
	    {"{{{o}}}", "{\"k\":\"&\"}", "{\"k\":\"&\"}"},
	    {"{{n}}", "1", "1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf plain = {0};
		CLEANUP(buf_fini) struct buf html = {0};

		render(rows[i].text, values, TEMPLATE_TEXT, &plain);
		assert_string_equal(buf_str(&plain), rows[i].plain);
		render(rows[i].text, values, TEMPLATE_HTML, &html);
		assert_string_equal(buf_str(&html), rows[i].html);
	}
}

static void
a_template_with_a_mistake_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
	    {"a\n{{#x}}\nb", "line 2: 'x' is open but not closed"},
	    {"{{#x}}\n{{#y}}{{/y}}\n", "line 1: 'x' is open but not closed"},
	    {"{{#x}}\n{{^y}}\n", "line 2: 'y' is open but not closed"},
	    {"a\n\n{{/x}}", "line 3: 'x' is closed but not open"},
	    {"{{#x}}{{/x}}{{/x}}", "line 1: 'x' is closed but not open"},
	    {"{{#x}}\n{{/y}}",
		"line 2: 'y' is closed where 'x' of line 1 is open"},
	    {"{{#x}}\n{{#y}}\n{{/x}}\n{{/y}}",
		"line 3: 'x' is closed where 'y' of line 2 is open"},
	    {"{{#x}}{{/xy}}",
		"line 1: 'xy' is closed where 'x' of line 1 is open"},
	    {"{{#a.b}}{{/a}}",
		"line 1: 'a' is closed where 'a.b' of line 1 is open"},
	    {"a\n{{x", "line 2: a tag is not closed"},
	    {"{{", "line 1: a tag is not closed"},
	    {"{{x}", "line 1: a tag is not closed"},
	    {"{{{x}}", "line 1: a tag is not closed"},
	    {"{{! x", "line 1: a tag is not closed"},
	    {"{{}}", "line 1: '' is not a name"},
	    {"{{ }}", "line 1: '' is not a name"},
	    {"{{#}}{{/}}", "line 1: '' is not a name"},
	    {"{{a b}}", "line 1: 'a b' is not a name"},
	    {"{{a..b}}", "line 1: 'a..b' is not a name"},
	    {"{{.a}}", "line 1: '.a' is not a name"},
	    {"{{a.}}", "line 1: 'a.' is not a name"},
	    {"{{..}}", "line 1: '..' is not a name"},
	    {"{{ #a}}", "line 1: '#a' is not a name"},
	    {"{{a|b}}", "line 1: 'a|b' is not a name"},
	    {"{{\xc3\xa9}}", "line 1: '\xc3\xa9' is not a name"},
	    {"{{{{a}}}}", "line 1: '{a' is not a name"},
	    {"x\n{{>partial/x}}", "line 2: {{>}} tags are not supported"},
	    {"{{=<% %>=}}", "line 1: {{=}} tags are not supported"},
	    {"{{&a}}", "line 1: {{&}} tags are not supported"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct template *t = NULL;
		struct fault f = {0};

		if (template_new(rows[i].text, strlen(rows[i].text),
			TEMPLATE_HTML, &t, &f) != RC_INVALID) {
			fail_msg("%s was taken", rows[i].text);
		}
		assert_null(t);
		assert_string_equal(f.text, rows[i].why);
	}
}

static void
a_text_has_limits(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	struct template *t = NULL;
	struct fault f = {0};

	(void)state;
	for (size_t i = 0; i < TEMPLATE_BYTES_MAX; i++) {
		buf_putc(&b, 'x');
	}
	assert_int_equal(template_new(b.data, b.len, TEMPLATE_TEXT, &t, &f),
	    RC_OK);
	template_free(t);
	buf_putc(&b, 'x');
	assert_int_equal(template_new(b.data, b.len, TEMPLATE_TEXT, &t, &f),
	    RC_INVALID);
	assert_string_equal(f.text, "line 1: more than 1048576 bytes");
	assert_int_equal(template_new("a\0b", 3, TEMPLATE_TEXT, &t, &f),
	    RC_INVALID);
	assert_string_equal(f.text, "line 1: a NUL byte is not allowed");
	assert_int_equal(template_new(NULL, 0, TEMPLATE_TEXT, &t, &f), RC_OK);
	template_free(t);
}

static void
sections_nest_no_deeper_than_thirty_two(void **state)
{
	for (int over = 0; over < 2; over++) {
		CLEANUP(buf_fini) struct buf b = {0};
		CLEANUP(buf_fini) struct buf out = {0};
		CLEANUP(json_drop) json_t *v = json_pack("{s:b}", "a", 1);
		struct template *t = NULL;
		struct fault f = {0};

		(void)state;
		for (int i = 0; i < TEMPLATE_DEPTH_MAX + over; i++) {
			buf_puts(&b, "{{#a}}");
		}
		buf_puts(&b, "x");
		for (int i = 0; i < TEMPLATE_DEPTH_MAX + over; i++) {
			buf_puts(&b, "{{/a}}");
		}
		if (over) {
			assert_int_equal(template_new(b.data, b.len,
					     TEMPLATE_TEXT, &t, &f),
			    RC_INVALID);
			assert_string_equal(f.text,
			    "line 1: sections are nested deeper than 32");
			continue;
		}
		assert_int_equal(template_new(b.data, b.len, TEMPLATE_TEXT, &t,
				     &f),
		    RC_OK);
		template_render(t, v, &out);
		assert_string_equal(buf_str(&out), "x");
		template_free(t);
	}
}

static void
a_full_buffer_stops_the_work(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	CLEANUP(buf_fini) struct buf many = {0};

	(void)state;
	buf_init(&out, 10);
	render("{{#a}}{{.}},{{/a}}", "{\"a\":[123,456,789,0]}", TEMPLATE_TEXT,
	    &out);
	assert_true(out.full);
	assert_true(out.len <= 10);

	/* Lists in lists that write nothing: only the work grows. */
	buf_clear(&out);
	buf_puts(&many, "{\"a\":[1");
	for (int i = 0; i < 999; i++) {
		buf_puts(&many, ",1");
	}
	buf_puts(&many, "]}");
	render("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}",
	    many.data, TEMPLATE_TEXT, &out);
	assert_true(out.full);
	assert_int_equal(out.len, 0);
}

static void
rendering_appends(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	buf_puts(&b, "before ");
	render("{{a}}", "{\"a\":1}", TEMPLATE_TEXT, &b);
	render(" {{a}}", "{\"a\":2}", TEMPLATE_TEXT, &b);
	assert_string_equal(buf_str(&b), "before 1 2");
	template_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(holes_are_filled_as_mustache_says),
	    cmocka_unit_test(what_is_filled_in_is_escaped_for_its_place),
	    cmocka_unit_test(
		a_template_with_a_mistake_is_refused_with_its_line),
	    cmocka_unit_test(a_text_has_limits),
	    cmocka_unit_test(sections_nest_no_deeper_than_thirty_two),
	    cmocka_unit_test(a_full_buffer_stops_the_work),
	    cmocka_unit_test(rendering_appends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
