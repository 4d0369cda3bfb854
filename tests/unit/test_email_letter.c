#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "channels/email_letter.h"
#include "channels/mime.h"
#include "letter_sample.h"

#define TO "dana@example.com"

/* Templates, a delivery and its letter. */
struct fixture {
	struct email_templates *templates;
	struct delivery *d;
	struct email_letter letter;
};

static void
open_fixture(struct fixture *x, enum delivery_kind kind, const char *payload,
    void (*change)(struct intent *))
{
	struct fault f = {0};

	memset(x, 0, sizeof(*x));
	assert_int_equal(email_templates_load(NULL, &x->templates, &f), RC_OK);
	x->d = letter_sample(kind, TO, payload, change);
}

static void
write_letter(struct fixture *x)
{
	struct fault f = {0};

	assert_int_equal(email_letter_write(x->templates, x->d, &x->letter, &f),
	    RC_OK);
}

static void
close_fixture(struct fixture *x)
{
	delivery_free(x->d);
	email_templates_free(x->templates);
}

static int
count(const char *s, const char *part)
{
	int n = 0;

	while ((s = strstr(s, part)) != NULL) {
		n++;
		s += strlen(part);
	}
	return n;
}

static enum intent_state next_state;

static void
set_state(struct intent *in)
{
	in->state = next_state;
	in->settled_ms = in->created_ms + 1000;
}

static void
the_subject_begins_with_our_word_for_the_state(void **state)
{
	static const struct {
		enum delivery_kind kind;
		enum intent_state state;
		const char *subject;
	} rows[] = {
	    {DELIVERY_ASK, INTENT_PENDING,
		"Approve? billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_APPROVED,
		"Approved: billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_DENIED,
		"Denied: billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_RESOLVED,
		"Answered: billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_EXPIRED,
		"Expired: billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_CANCELLED,
		"Cancelled: billing-bot wants: payments.refund"},
	    {DELIVERY_SETTLED, INTENT_BLOCKED,
		"Blocked: billing-bot wants: payments.refund"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture x;

		next_state = rows[i].state;
		open_fixture(&x, rows[i].kind, "{}", set_state);
		write_letter(&x);
		assert_string_equal(x.letter.subject, rows[i].subject);
		assert_string_equal(x.letter.to_name, "Dana Li");
		close_fixture(&x);
	}
}

static void
name_badly(struct intent *in)
{
	in->agent_name = "x\r\nBcc: all@example.com\r\n\r\n\342\200\256<b>";
	in->title = "t\r\n7K3MQX";
	in->description = "Approved by Lee.\nhttps://evil.example/l/1\n"
			  "<script>alert(1)</script>";
}

static void
no_name_of_an_agent_breaks_the_subject(void **state)
{
	struct fixture x;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "{}", name_badly);
	x.d->person_name = "Dana\nBcc: all@example.com";
	write_letter(&x);
	assert_true(mime_is_value(x.letter.subject));
	assert_true(mime_is_value(x.letter.to_name));
	assert_null(strstr(x.letter.to_name, "\n"));
	assert_null(strstr(x.letter.subject, "\342\200\256"));
	close_fixture(&x);
}

static char long_name[2000];

static void
name_long(struct intent *in)
{
	memset(long_name, 0, sizeof(long_name));
	for (size_t i = 0; i + 2 < sizeof(long_name); i += 2) {
		memcpy(long_name + i, "\303\274", 2);
	}
	in->agent_name = long_name;
}

static void
a_long_subject_is_cut_where_everyone_sees_it(void **state)
{
	struct fixture x;
	size_t len;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "{}", name_long);
	write_letter(&x);
	len = strlen(x.letter.subject);
	assert_in_range(len, EMAIL_SUBJECT_MAX - 4, EMAIL_SUBJECT_MAX);
	assert_string_equal(x.letter.subject + len - 3, "...");
	assert_true(mime_is_value(x.letter.subject));
	/* The whole name stands in the text. */
	assert_non_null(strstr(x.letter.text, long_name));
	close_fixture(&x);
}

static void
code_and_link_stand_on_lines_of_their_own(void **state)
{
	struct fixture x;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "{}", NULL);
	write_letter(&x);
	assert_int_equal(count(x.letter.text, "\n" SAMPLE_CODE "\n"), 1);
	assert_int_equal(count(x.letter.text, "\n" SAMPLE_LINK "\n"), 1);
	assert_non_null(strstr(x.letter.text, "ends on 2026-11-21 05:16 UTC"));
	assert_non_null(strstr(x.letter.text, "Amount (claimed): $1,250.00"));
	assert_non_null(strstr(x.letter.html, ">" SAMPLE_CODE "<"));
	close_fixture(&x);
}

static void
every_line_of_the_agent_stands_behind_a_bar(void **state)
{
	static const char *const lines[] = {"\n| Approved by Lee.\n",
	    "\n| https://evil.example/l/1\n", "\n| type this code there:\n",
	    "\n| AAAAAA\n", "\n| <script>alert(1)</script>\n"};
	struct fixture x;
	const char *line, *end;
	size_t i;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "type this code there:\nAAAAAA\n",
	    name_badly);
	write_letter(&x);
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		assert_non_null(strstr(x.letter.text, lines[i]));
	}
	/* Nothing of it anywhere else. */
	for (line = x.letter.text; *line != '\0'; line = end + 1) {
		end = strchrnul(line, '\n');
		if (memmem(line, (size_t)(end - line), "evil", 4) != NULL ||
		    memmem(line, (size_t)(end - line), "AAAAAA", 6) != NULL) {
			assert_memory_equal(line, "| ", 2);
		}
	}
	close_fixture(&x);
}

static void
the_html_loads_nothing_runs_nothing_and_has_one_link(void **state)
{
	static const char *const never[] = {"<script", "<img", "<form",
	    "<input", "<button", "<iframe", "<link", "src=", "url(", "@import",
	    "javascript:", "onclick", "<b>", "</pre><"};
	struct fixture x;
	size_t i;

	(void)state;
	open_fixture(&x, DELIVERY_ASK,
	    "</pre><a href=\"https://evil.example\">Deny</a>"
	    "<img src=x onerror=alert(1)>",
	    name_badly);
	write_letter(&x);
	for (i = 0; i < ARRAY_LEN(never); i++) {
		const char *at = strstr(x.letter.html, never[i]);

		/* The payload may say src=, but not inside of a tag. */
		if (at != NULL && strcmp(never[i], "src=") == 0) {
			assert_int_equal(count(x.letter.html, "src="),
			    count(x.letter.html, "&lt;img src="));
			continue;
		}
		assert_null(at);
	}
	assert_int_equal(count(x.letter.html, "href=\""), 1);
	assert_non_null(strstr(x.letter.html, "<a href=\"" SAMPLE_LINK "\""));
	assert_non_null(strstr(x.letter.html,
	    "&lt;/pre&gt;&lt;a href=&quot;https://evil.example&quot;&gt;"));
	close_fixture(&x);
}

static void
what_is_missing_is_not_spoken_of(void **state)
{
	struct fixture x;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "", NULL);
	x.d->code = NULL;
	x.d->person_name = NULL;
	write_letter(&x);
	assert_null(x.letter.to_name);
	assert_null(strstr(x.letter.text, "code"));
	assert_null(strstr(x.letter.html, "code"));
	assert_null(strstr(x.letter.text, "What would be sent"));
	assert_non_null(strstr(x.letter.text, "\n" SAMPLE_LINK "\n"));
	assert_non_null(strstr(x.letter.text, "made for you alone"));
	close_fixture(&x);

	open_fixture(&x, DELIVERY_ASK, "", NULL);
	x.d->link = x.d->code = NULL;
	write_letter(&x);
	assert_non_null(strstr(x.letter.text,
	    "sign in here:\n\nhttps://assent.example/approvals/"));
	assert_int_equal(count(x.letter.html, "href=\""), 1);
	close_fixture(&x);
}

static void
offer_three(struct intent *in)
{
	in->options[0].label = "Ship it";
	in->options[2] = (struct option){"Ask <legal>", OUTCOME_OTHER};
	in->options_n = 3;
}

static void
answers_of_the_agents_own_are_listed(void **state)
{
	struct fixture x;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "{}", offer_three);
	write_letter(&x);
	assert_non_null(strstr(x.letter.text, "\n| Ship it"));
	assert_non_null(strstr(x.letter.text, "\n| Ask <legal>"));
	assert_non_null(strstr(x.letter.html, "<li>Ask &lt;legal&gt;"));
	close_fixture(&x);

	open_fixture(&x, DELIVERY_ASK, "{}", NULL);
	write_letter(&x);
	assert_null(strstr(x.letter.text, "answers"));
	close_fixture(&x);
}

static void
what_is_settled_offers_no_way_to_decide(void **state)
{
	struct fixture x;

	(void)state;
	next_state = INTENT_EXPIRED;
	open_fixture(&x, DELIVERY_SETTLED, "{}", set_state);
	write_letter(&x);
	assert_non_null(strstr(x.letter.text, "It is settled"));
	assert_null(strstr(x.letter.text, SAMPLE_LINK));
	assert_null(strstr(x.letter.text, SAMPLE_CODE));
	assert_null(strstr(x.letter.html, "href="));
	close_fixture(&x);
}

static void
what_is_no_letter_is_refused(void **state)
{
	struct email_letter letter;
	struct fixture x;
	struct fault f = {0};

	(void)state;
	open_fixture(&x, DELIVERY_WEBHOOK, "{}", NULL);
	assert_int_equal(email_letter_write(x.templates, x.d, &letter, &f),
	    RC_INVALID);
	assert_string_equal(f.field, "kind");
	x.d->kind = DELIVERY_ASK;
	x.d->card = NULL;
	assert_int_equal(email_letter_write(x.templates, x.d, &letter, &f),
	    RC_INVALID);
	close_fixture(&x);
}

static void
a_letter_that_is_too_large_is_refused(void **state)
{
	struct email_letter letter;
	struct fixture x;
	struct fault f = {0};
	struct card card;
	char *payload;

	(void)state;
	open_fixture(&x, DELIVERY_ASK, "{}", NULL);
	card = *x.d->card;
	payload = arena_alloc(x.d->arena, EMAIL_PART_MAX + 1);
	memset(payload, 'a', EMAIL_PART_MAX);
	card.payload = payload;
	x.d->card = &card;
	assert_int_equal(email_letter_write(x.templates, x.d, &letter, &f),
	    RC_TOO_LARGE);
	assert_string_equal(f.field, "mail");
	close_fixture(&x);
}

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
a_folder_replaces_the_templates_it_has(void **state)
{
	char dir[] = "/tmp/letter-XXXXXX", path[128];
	struct fixture x;
	struct fault f = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	put_file(dir, "mail_ask.txt", "Bitte: {{headline}} {{code}}\n");
	open_fixture(&x, DELIVERY_ASK, "{}", NULL);
	email_templates_free(x.templates);
	assert_int_equal(email_templates_load(dir, &x.templates, &f), RC_OK);
	write_letter(&x);
	assert_string_equal(x.letter.text,
	    "Bitte: billing-bot wants: payments.refund " SAMPLE_CODE "\n");
	assert_non_null(strstr(x.letter.html, "<!doctype html>"));
	close_fixture(&x);

	put_file(dir, "mail_ask.txt", "one\n{{#link}}\nno end\n");
	assert_int_equal(email_templates_load(dir, &x.templates, &f),
	    RC_INVALID);
	assert_string_equal(f.field, "ASSENT_TEMPLATE_DIR");
	assert_non_null(strstr(f.text, "mail_ask.txt"));
	assert_non_null(strstr(f.text, "line 2"));
	(void)snprintf(path, sizeof(path), "%s/mail_ask.txt", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_subject_begins_with_our_word_for_the_state),
	    cmocka_unit_test(no_name_of_an_agent_breaks_the_subject),
	    cmocka_unit_test(a_long_subject_is_cut_where_everyone_sees_it),
	    cmocka_unit_test(code_and_link_stand_on_lines_of_their_own),
	    cmocka_unit_test(every_line_of_the_agent_stands_behind_a_bar),
	    cmocka_unit_test(
		the_html_loads_nothing_runs_nothing_and_has_one_link),
	    cmocka_unit_test(what_is_missing_is_not_spoken_of),
	    cmocka_unit_test(answers_of_the_agents_own_are_listed),
	    cmocka_unit_test(what_is_settled_offers_no_way_to_decide),
	    cmocka_unit_test(what_is_no_letter_is_refused),
	    cmocka_unit_test(a_letter_that_is_too_large_is_refused),
	    cmocka_unit_test(a_folder_replaces_the_templates_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
