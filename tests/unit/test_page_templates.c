#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card.h"
#include "lib/embedded.h"
#include "lib/json.h"
#include "lib/template.h"

/* What an agent would like to write into the page. */
#define EVIL "</pre></p><script>alert(1)</script>\"'><b onx=1>&lt;{{csrf}}"

static const char *const pages[] = {"page_link.html", "page_intent.html",
    "page_approvals.html", "page_done.html", "page_sign_in.html"};

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

static void
template_drop(struct template **t)
{
	template_free(*t);
}

static const struct embedded *
source(struct arena *a, const char *page)
{
	const struct embedded *e =
	    embedded_find(arena_printf(a, "templates/%s", page));

	assert_non_null(e);
	return e;
}

/* The page with these values. */
static const char *
render(struct arena *a, const char *page, const json_t *values)
{
	const struct embedded *e = source(a, page);
	CLEANUP(template_drop) struct template *t = NULL;
	CLEANUP(buf_fini) struct buf html;
	struct fault f = {0};

	buf_init(&html, 0);
	if (template_new((const char *)e->data, e->len, TEMPLATE_HTML, &t,
		&f) != RC_OK) {
		fail_msg("%s: %s", page, f.text);
	}
	template_render(t, values, &html);
	return arena_strdup(a, buf_str(&html));
}

/* The values of a card whose every word is `text`. */
static json_t *
card_of(struct arena *a, const char *text)
{
	struct intent in = {
	    .agent_id = "agt_1",
	    .agent_name = text,
	    .owner = text,
	    .destination = text,
	    .policy_id = "p",
	    .metadata = text,
	    .title = text,
	    .description = text,
	    .options = {{text, OUTCOME_APPROVE}, {text, OUTCOME_OTHER},
		{text, OUTCOME_DENY}},
	    .options_n = 3,
	    .chosen = -1,
	    .created_ms = 1000,
	    .expires_ms = 2000,
	    .payload_bytes = (long long)strlen(text),
	};
	struct card c;

	card_build(&in, text, strlen(text), 0, NULL, 0, NULL, NULL, 1000, a,
	    &c);
	return card_values(&c);
}

/*
 * Values for any page: a card, and every name of every page, present or not.
 */
static json_t *
values_of(struct arena *a, const char *text, bool all)
{
	static const char *const texts[] = {"person", "why_not", "reason",
	    "error", "error_code", "error_sure", "error_reason", "notice",
	    "heading", "summary", "token"};
	static const char *const flags[] = {"signed_in", "may_decide",
	    "may_approve", "need_code", "reason_required", "has_items",
	    "has_facts"};
	json_t *v = card_of(a, text);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		(void)json_object_set_new(v, texts[i],
		    all ? json_string(text) : json_null());
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		(void)json_object_set_new(v, flags[i], json_boolean(all));
	}
	(void)json_object_set_new(v, "csrf", json_string("CSRF"));
	(void)json_object_set_new(v, "digest", json_string("DIGEST"));
	(void)json_object_set_new(v, "base", json_string("/base"));
	(void)json_object_set_new(v, "tone", json_string("good"));
	(void)json_object_set_new(v, "next",
	    all ? json_string("/x") : json_null());
	(void)json_object_set_new(v, "total", json_string("2"));
	(void)json_object_set_new(v, "lines", json_pack("[s]", text));
	(void)json_object_set_new(v, "links",
	    json_pack("[{s:s, s:s}]", "href", "/x", "label", text));
	(void)json_object_set_new(v, "items",
	    json_pack("[{s:s, s:s, s:s, s:s, s:s}]", "href", "/x", "headline",
		text, "age", "1 s", "risk", text, "votes", text));
	return v;
}

/* --- a small reader of HTML ----------------------------------------------- */

enum { IDS_MAX = 100, DEPTH_MAX = 50, NAME_BYTES = 32, VALUE_BYTES = 400 };

struct reading {
	char open[DEPTH_MAX][NAME_BYTES]; /* elements not yet closed */
	int depth;
	char ids[IDS_MAX][NAME_BYTES];
	int ids_n;
	char refs[IDS_MAX][VALUE_BYTES]; /* of for= and aria-*by= */
	int refs_n;
	int unlabelled; /* fields without an id or a label around them */
};

static bool
is_void(const char *name)
{
	static const char *const names[] = {"!doctype", "meta", "link",
	    "input"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* The value of an attribute of this tag; "" when it has none. */
static const char *
attribute(const char *tag, const char *name, char out[VALUE_BYTES])
{
	char begin[NAME_BYTES];
	const char *at;

	snprintf(begin, sizeof(begin), " %s=\"", name);
	at = strstr(tag, begin);
	out[0] = '\0';
	if (at != NULL) {
		(void)sscanf(at + strlen(begin), "%399[^\"]", out);
	}
	return out;
}

static void
read_field(struct reading *r, const char *tag)
{
	char value[VALUE_BYTES];
	bool in_label = r->depth > 0 &&
	    strcmp(r->open[r->depth - 1], "label") == 0;

	if (strcmp(attribute(tag, "type", value), "hidden") != 0 && !in_label) {
		r->unlabelled += attribute(tag, "id", value)[0] == '\0';
	}
}

static void
read_tag(struct reading *r, const char *tag)
{
	static const char *const refs[] = {"for", "aria-labelledby",
	    "aria-describedby"};
	char name[NAME_BYTES], value[VALUE_BYTES];

	assert_int_equal(sscanf(tag, "%31[^ >]", name), 1);
	if (name[0] == '/') {
		assert_true(r->depth > 0);
		assert_string_equal(r->open[--r->depth], name + 1);
		return;
	}
	if (strcmp(name, "input") == 0 || strcmp(name, "textarea") == 0) {
		read_field(r, tag);
	}
	if (attribute(tag, "id", value)[0] != '\0') {
		assert_true(r->ids_n < IDS_MAX && strlen(value) < NAME_BYTES);
		strcpy(r->ids[r->ids_n++], value);
	}
	for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
		if (attribute(tag, refs[i], value)[0] != '\0') {
			assert_true(r->refs_n < IDS_MAX);
			strcpy(r->refs[r->refs_n++], value);
		}
	}
	if (!is_void(name)) {
		assert_true(r->depth < DEPTH_MAX);
		strcpy(r->open[r->depth++], name);
	}
}

/* Each tag, without its "<". */
static void
read_page(struct reading *r, struct arena *a, const char *html)
{
	*r = (struct reading){0};
	for (html = strchr(html, '<'); html != NULL; html = strchr(html, '<')) {
		size_t len = strcspn(++html, ">");

		assert_int_equal(html[len], '>');
		read_tag(r, arena_strndup(a, html, len + 1));
		html += len;
	}
	assert_int_equal(r->depth, 0);
}

static bool
has_id(const struct reading *r, const char *id)
{
	int n = 0;

	for (int i = 0; i < r->ids_n; i++) {
		n += strcmp(r->ids[i], id) == 0;
	}
	return n == 1;
}

/* --- tests ---------------------------------------------------------------- */

static void
every_page_is_whole_and_its_references_lead_somewhere(void **state)
{
	struct arena *a = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(pages); i++) {
		CLEANUP(json_drop) json_t *v = values_of(a, "word", i % 2 == 0);
		struct reading r;

		read_page(&r, a, render(a, pages[i / 2], v));
		for (int k = 0; k < r.refs_n; k++) {
			char *rest = r.refs[k], *id;

			while ((id = strsep(&rest, " ")) != NULL) {
				if (!has_id(&r, id)) {
					print_error("%s: %s\n", pages[i / 2],
					    id);
				}
				assert_true(has_id(&r, id));
			}
		}
		for (int k = 0; k < r.ids_n; k++) {
			assert_true(has_id(&r, r.ids[k]));
		}
		assert_int_equal(r.unlabelled, 0);
	}
}

static void
no_text_becomes_markup_on_any_page(void **state)
{
	struct arena *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		CLEANUP(json_drop) json_t *evil = values_of(a, EVIL, true);
		CLEANUP(json_drop) json_t *tame = values_of(a, "word", true);
		const char *html = render(a, pages[i], evil);
		struct reading r, plain;

		assert_null(strstr(html, "<script"));
		assert_null(strstr(html, "<b "));
		assert_non_null(strstr(html, "&lt;script&gt;"));
		/* What was filled in is not filled in again. */
		assert_null(strstr(html, "&amp;lt;CSRF"));
		read_page(&r, a, html);
		read_page(&plain, a, render(a, pages[i], tame));
		assert_int_equal(r.ids_n, plain.ids_n);
		assert_int_equal(r.refs_n, plain.refs_n);
	}
}

static void
the_payload_begins_with_its_own_line_breaks(void **state)
{
	struct arena *a = *state;

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(json_drop) json_t *v = values_of(a, "\n\nx", true);
		const char *html = render(a, pages[i], v);

		/* HTML 13.1.2.5: one line feed behind <pre> is dropped. */
		assert_non_null(strstr(html, "<pre>\n\n\nx</pre>"));
		assert_non_null(strstr(html, ">\n\n\nx</textarea>"));
	}
}

/* What the content security policy would block must not be there. */
static void
no_page_has_script_or_needs_another_host(void **state)
{
	static const char *const banned[] = {"<script", "<style",
	    " style=", "javascript:", " on", "http:", "https:", "<img",
	    "<iframe", "<base", "{{{", "{{&"};

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		const struct embedded *e = source(*state, pages[i]);
		const char *text = (const char *)e->data;
		const char *markup = strstr(text, "<!doctype html>");

		assert_non_null(markup);
		for (size_t k = 0; k < ARRAY_LEN(banned); k++) {
			const char *at = strstr(markup, banned[k]);

			/* " on" as a word of a sentence is fine. */
			while (at != NULL && strcmp(banned[k], " on") == 0 &&
			    at[3 + strcspn(at + 3, " =<.,")] != '=') {
				at = strstr(at + 1, banned[k]);
			}
			if (at != NULL) {
				print_error("%s: %.40s\n", pages[i], at);
			}
			assert_null(at);
		}
	}
}

/* How often a text stands in a page. */
static int
count(const char *html, const char *text)
{
	int n = 0;

	for (html = strstr(html, text); html != NULL;
	     html = strstr(html + 1, text)) {
		n++;
	}
	return n;
}

static void
a_form_offers_only_what_the_person_may_do(void **state)
{
	static const struct {
		const char *page, *flag;
		bool value;
		int approve, other, deny, codes;
	} rows[] = {
	    {"page_link.html", "may_approve", true, 1, 1, 1, 1},
	    {"page_link.html", "may_approve", false, 0, 0, 1, 0},
	    {"page_link.html", "need_code", false, 1, 1, 1, 0},
	    {"page_link.html", "is_open", false, 0, 0, 0, 0},
	    {"page_intent.html", "may_approve", true, 1, 1, 1, 0},
	    {"page_intent.html", "may_approve", false, 0, 0, 1, 0},
	    {"page_intent.html", "may_decide", false, 0, 0, 0, 0},
	    {"page_intent.html", "is_open", false, 0, 0, 0, 0},
	};
	struct arena *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *v = values_of(a, "word", true);
		const char *html;

		(void)json_object_set_new(v, rows[i].flag,
		    json_boolean(rows[i].value));
		html = render(a, rows[i].page, v);
		assert_int_equal(count(html, "name=\"option\" value=\"0\""),
		    rows[i].approve);
		assert_int_equal(count(html, "name=\"option\" value=\"1\""),
		    rows[i].other);
		assert_int_equal(count(html, "name=\"option\" value=\"2\""),
		    rows[i].deny);
		assert_int_equal(count(html, "name=\"code\""), rows[i].codes);
	}
}

static void
every_form_that_posts_carries_its_secret(void **state)
{
	struct arena *a = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(pages); i++) {
		CLEANUP(json_drop) json_t *v = values_of(a, "word", i % 2 == 0);
		const char *html = render(a, pages[i / 2], v);

		assert_int_equal(count(html, "<form"),
		    count(html, "name=\"csrf\" value=\"CSRF\""));
		assert_int_equal(count(html, "<form"),
		    count(html, " method=\"post\""));
	}
}

static void
every_link_begins_with_the_path_of_the_service(void **state)
{
	struct arena *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		CLEANUP(json_drop) json_t *v = values_of(a, "word", true);
		const char *html = render(a, pages[i], v);

		assert_int_equal(count(html, "href=\""),
		    count(html, "href=\"/base/") + count(html, "href=\"#"));
		assert_int_equal(count(html, " action=\""),
		    count(html, " action=\"/base/") +
			count(html, " action=\"#"));
	}
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(every_page_is_whole_and_its_references_lead_somewhere),
	    ROW(no_text_becomes_markup_on_any_page),
	    ROW(the_payload_begins_with_its_own_line_breaks),
	    ROW(no_page_has_script_or_needs_another_host),
	    ROW(a_form_offers_only_what_the_person_may_do),
	    ROW(every_form_that_posts_carries_its_secret),
	    ROW(every_link_begins_with_the_path_of_the_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
