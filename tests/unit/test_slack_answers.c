#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slack_bed.h"

#define CLICK(value) \
	"{\"type\":\"block_actions\",\"api_app_id\":\"A1\"," \
	"\"user\":{\"id\":\"U1\",\"username\":\"dana\",\"team_id\":\"T1\"}," \
	"\"team\":{\"id\":\"T1\"},\"trigger_id\":\"1.2.abc\"," \
	"\"container\":{\"type\":\"message\",\"channel_id\":\"D1\"," \
	"\"message_ts\":\"1.5\"},\"channel\":{\"id\":\"D1\"}," \
	"\"message\":{\"bot_id\":\"B1\"},\"actions\":[{\"block_id\":" \
	"\"decide\",\"action_id\":\"decide:1\",\"action_ts\":\"9.9\"," \
	"\"value\":\"" value "\"}]}"

#define SUBMIT(reason) \
	"{\"type\":\"view_submission\",\"api_app_id\":\"A1\"," \
	"\"user\":{\"id\":\"U1\",\"name\":\"dana\"},\"team\":{\"id\":" \
	"\"T1\"},\"view\":{\"id\":\"V1\",\"callback_id\":\"reason\"," \
	"\"private_metadata\":\"{\\\"value\\\":\\\"r:h1.MAC\\\"," \
	"\\\"option\\\":1,\\\"message\\\":\\\"T1/D1/1.5\\\"}\"," \
	"\"state\":{\"values\":{\"reason\":{\"reason\":{\"type\":" \
	"\"plain_text_input\",\"value\":" reason "}}}}}}"

/* Answers as the trunk: what became of it. */
static void
say(struct answer *an, enum rc rc, const char *reason, const char *text)
{
	an->rc = rc;
	if (rc != RC_OK) {
		(void)fault_set(&an->fault, rc, "", "%s", text);
		(void)fault_reason(&an->fault, reason);
	}
	an->done(an->ctx, an);
}

static struct bed_ack *
ack(struct bed *b, int n)
{
	bed_wait(b, &b->acks_n, n + 1);
	return &b->acks[n];
}

static void
a_click_is_acknowledged_when_it_is_stored(void **state)
{
	struct channel_health h = {0};
	struct bed b;
	struct answer *an;

	(void)state;
	bed_open(&b, NULL, 0);
	(void)bed_call(&b, "auth.test", 0);
	bed_letter(&b, "e1", "interactive", CLICK("n:h1.MAC"));
	an = bed_asked(&b, 1);
	assert_string_equal(an->channel, "slack");
	assert_string_equal(an->account, "T1/U1");
	assert_string_equal(an->name, "dana");
	assert_string_equal(an->remote_id, "T1/D1/1.5");
	assert_string_equal(an->handle, "h1.MAC");
	assert_string_equal(an->id, "T1/U1/D1/1.5/1/9.9");
	assert_int_equal(an->option, 1);
	assert_null(an->reason);
	assert_false(an->dry_run);
	assert_int_equal(b.acks_n, 0);
	say(an, RC_OK, NULL, NULL);
	assert_string_equal(ack(&b, 0)->id, "e1");
	assert_null(b.acks[0].payload);
	channel_slack.health(b.channel, &h);
	assert_int_equal(h.answers, 1);
	assert_int_equal(h.answers_late, 0);
	bed_close(&b);
	assert_int_equal(b.calls_n, 1); /* nothing but auth.test */
}

static void
a_refused_click_is_acknowledged_and_explained_to_that_person(void **state)
{
	static const struct {
		const char *reason, *words;
	} rows[] = {
	    {"not_an_approver", "not among those who may decide"},
	    {"own_request", "your own request"},
	    {"already_voted", "answered this already"},
	    {"already_answered", "was answered already"},
	    {"expired", "out of time"},
	    {"unknown_account", "to add T1/U1."},
	    {"unknown_message", "not a card of mine"},
	    {"payload_not_shown", "open the full page"},
	    {"something_new", "not counted"},
	};
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	for (int i = 0; i < (int)ARRAY_LEN(rows); i++) {
		const struct bed_call *c;

		bed_letter(&b, "e1", "interactive", CLICK("n:h1.MAC"));
		say(bed_asked(&b, i + 1), RC_FORBIDDEN, rows[i].reason,
		    "by <!channel>");
		assert_null(ack(&b, i)->payload);
		c = bed_call(&b, "chat.postEphemeral", i);
		assert_non_null(strstr(c->body, rows[i].words));
		assert_non_null(strstr(c->body, "\"user\":\"U1\""));
		assert_non_null(strstr(c->body, "\"channel\":\"D1\""));
		assert_true(strstr(c->body, "!channel") == NULL ||
		    strstr(c->body, "&lt;!channel&gt;") != NULL);
		assert_non_null(strstr(c->body, "\"plain_text\""));
	}
	bed_close(&b);
}

static void
a_click_that_was_not_stored_is_not_acknowledged(void **state)
{
	static const enum rc rcs[] = {RC_STORE, RC_BUSY};
	struct channel_health h = {0};
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	for (int i = 0; i < (int)ARRAY_LEN(rcs); i++) {
		bed_letter(&b, "e1", "interactive", CLICK("n:h1.MAC"));
		say(bed_asked(&b, i + 1), rcs[i], "", "the disk is full");
	}
	bed_letter(&b, "e2", "interactive", CLICK("n:h1.MAC"));
	say(bed_asked(&b, 3), RC_OK, NULL, NULL);
	assert_string_equal(ack(&b, 0)->id, "e2");
	channel_slack.health(b.channel, &h);
	assert_int_equal(h.answers, 3);
	assert_int_equal(h.answers_late, 2);
	bed_close(&b);
	assert_int_equal(b.acks_n, 1);
}

static void
a_repeated_click_is_only_acknowledged(void **state)
{
	struct bed b;
	struct answer *an;

	(void)state;
	bed_open(&b, NULL, 0);
	(void)bed_call(&b, "auth.test", 0);
	bed_letter(&b, "e1", "interactive", CLICK("n:h1.MAC"));
	an = bed_asked(&b, 1);
	an->repeated = true;
	say(an, RC_CONFLICT, "already_voted", "you did");
	assert_null(ack(&b, 0)->payload);
	bed_letter(&b, "e2", "interactive", CLICK("o:h1.MAC"));
	an = bed_asked(&b, 2);
	an->repeated = true;
	say(an, RC_OK, NULL, NULL);
	assert_null(ack(&b, 1)->payload);
	bed_close(&b);
	assert_int_equal(b.calls_n, 1);
}

static void
a_denial_opens_a_form_when_it_would_count(void **state)
{
	static const char *const holds[] = {"\"trigger_id\":\"1.2.abc\"",
	    "\"callback_id\":\"reason\"", "\"optional\":false",
	    "\"max_length\":1000",
	    "\\\"value\\\":\\\"r:h1.MAC\\\",\\\"option\\\":1,",
	    "\\\"message\\\":\\\"T1/D1/1.5\\\""};
	const struct bed_call *c;
	struct answer *an;
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	bed_letter(&b, "e1", "interactive", CLICK("r:h1.MAC"));
	an = bed_asked(&b, 1);
	assert_true(an->dry_run);
	say(an, RC_OK, NULL, NULL);
	assert_null(ack(&b, 0)->payload);
	c = bed_call(&b, "views.open", 0);
	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		assert_non_null(strstr(c->body, holds[i]));
	}
	/* One that would not count gets words instead. */
	bed_letter(&b, "e2", "interactive", CLICK("o:h1.MAC"));
	say(bed_asked(&b, 2), RC_FORBIDDEN, "expired", "at noon");
	(void)bed_call(&b, "chat.postEphemeral", 0);
	assert_int_equal(bed_count(&b, "views.open"), 1);
	bed_close(&b);
}

static void
a_form_that_does_not_open_is_told_unless_it_is_open(void **state)
{
	static const struct bed_row rows[] = {
	    {"views.open", 0, NULL,
		"{\"ok\":false,\"error\":\"exchanged_trigger_id\"}"},
	    {"views.open", 0, NULL,
		"{\"ok\":false,\"error\":\"expired_trigger_id\"}"},
	};
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	bed_letter(&b, "e1", "interactive", CLICK("r:h1.MAC"));
	say(bed_asked(&b, 1), RC_OK, NULL, NULL);
	(void)bed_call(&b, "views.open", 0);
	bed_letter(&b, "e2", "interactive", CLICK("r:h1.MAC"));
	say(bed_asked(&b, 2), RC_OK, NULL, NULL);
	(void)bed_call(&b, "chat.postEphemeral", 0);
	bed_close(&b);
	assert_int_equal(bed_count(&b, "chat.postEphemeral"), 1);
	assert_int_equal(bed_count(&b, "views.open"), 2);
}

static void
a_form_that_is_sent_decides_with_its_reason(void **state)
{
	struct bed b;
	struct answer *an;

	(void)state;
	bed_open(&b, NULL, 0);
	bed_letter(&b, "e1", "interactive", SUBMIT("\" too much \\n\""));
	an = bed_asked(&b, 1);
	assert_false(an->dry_run);
	assert_string_equal(an->reason, "too much");
	assert_string_equal(an->account, "T1/U1");
	assert_string_equal(an->handle, "h1.MAC");
	assert_string_equal(an->remote_id, "T1/D1/1.5");
	assert_int_equal(an->option, 1);
	say(an, RC_OK, NULL, NULL);
	assert_null(ack(&b, 0)->payload);
	bed_close(&b);
}

static void
a_form_shows_what_is_wrong_with_it(void **state)
{
	static char text[3000];
	const char *p;
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	bed_letter(&b, "e1", "interactive", SUBMIT("null"));
	assert_null(bed_asked(&b, 1)->reason);
	say(b.asked, RC_INVALID, "reason_required", "say why");
	p = ack(&b, 0)->payload;
	assert_non_null(strstr(p, "\"response_action\":\"errors\""));
	assert_non_null(strstr(p, "\"reason\":\"A reason is needed.\""));
	bed_letter(&b, "e2", "interactive", SUBMIT("\"no\""));
	say(bed_asked(&b, 2), RC_CONFLICT, "already_answered", "by Lee");
	p = ack(&b, 1)->payload;
	assert_non_null(strstr(p, "\"response_action\":\"update\""));
	assert_non_null(strstr(p, "by Lee"));
	/* Too long: the trunk is not asked. */
	(void)snprintf(text, sizeof(text), SUBMIT("\"%01001d\""), 0);
	bed_letter(&b, "e3", "interactive", text);
	p = ack(&b, 2)->payload;
	assert_non_null(strstr(p, "\"reason\":\"At most 1000 characters.\""));
	bed_close(&b);
	assert_int_equal(b.decisions, 2);
}

static void
what_is_not_about_us_is_acknowledged_and_forgotten(void **state)
{
	static const struct {
		const char *type, *text;
	} rows[] = {
	    {"interactive", "{\"type\":\"view_closed\",\"view\":{}}"},
	    {"interactive", "{\"type\":\"shortcut\"}"},
	    {"interactive", "{}"},
	    {"interactive", "[]"},
	    {"interactive", "null"},
	    {"events_api", "{\"type\":\"app_rate_limited\"}"},
	    {"slash_commands", "{}"},
	    {"other", "{}"},
	    {"interactive", CLICK("n:bad handle")},
	    {"interactive", CLICK("x:h1.MAC")},
	};
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	for (int i = 0; i < (int)ARRAY_LEN(rows); i++) {
		bed_letter(&b, "e1", rows[i].type, rows[i].text);
		assert_null(ack(&b, i)->payload);
	}
	bed_close(&b);
	assert_int_equal(b.decisions, 0);
}

static const char command[] =
    "{\"team_id\":\"T1\",\"user_id\":\"U1\",\"channel_id\":\"C1\","
    "\"command\":\"/approvals\",\"text\":\"\",\"api_app_id\":\"A1\"}";

static void
the_command_lists_what_waits(void **state)
{
	static struct pending_item items[] = {
	    {"bot wants: <!here>", "http://127.0.0.1:4000/approvals/int_1",
		CARD_CREATED_MS},
	};
	struct bed b;
	const char *p;

	(void)state;
	bed_open(&b, NULL, 0);
	bed_letter(&b, "e1", "slash_commands", command);
	(void)bed_asked(&b, 1);
	assert_string_equal(b.listing->account, "T1/U1");
	b.listing->known = true;
	b.listing->items = items;
	b.listing->items_n = 1;
	b.listing->more = 2;
	b.listing->done(b.listing->ctx, b.listing);
	p = ack(&b, 0)->payload;
	assert_non_null(strstr(p, "\"response_type\":\"ephemeral\""));
	assert_non_null(strstr(p, "Waiting for you: 3"));
	assert_non_null(strstr(p, "And 2 more."));
	assert_non_null(strstr(p, "/approvals/int_1"));
	/* Of a person nobody knows, the id to be added. */
	bed_letter(&b, "e2", "slash_commands", command);
	(void)bed_asked(&b, 2);
	b.listing->done(b.listing->ctx, b.listing);
	assert_non_null(strstr(ack(&b, 1)->payload, "slack: [T1/U1]"));
	bed_letter(&b, "e3", "slash_commands", command);
	(void)bed_asked(&b, 3);
	b.listing->known = b.listing->cut = true;
	b.listing->done(b.listing->ctx, b.listing);
	assert_non_null(strstr(ack(&b, 2)->payload, "Nothing waits"));
	assert_non_null(strstr(ack(&b, 2)->payload, "not all of it"));
	bed_letter(&b, "e4", "slash_commands", command);
	(void)bed_asked(&b, 4);
	b.listing->rc = RC_STORE;
	b.listing->done(b.listing->ctx, b.listing);
	assert_non_null(strstr(ack(&b, 3)->payload, "Try again"));
	bed_close(&b);
}

static void
an_answer_that_comes_after_the_stop_touches_nothing(void **state)
{
	struct bed b;
	struct answer *an;

	(void)state;
	bed_open(&b, NULL, 0);
	bed_letter(&b, "e1", "interactive", CLICK("n:h1.MAC"));
	an = bed_asked(&b, 1);
	channel_slack.stop(b.channel);
	b.channel = NULL;
	say(an, RC_OK, NULL, NULL);
	bed_close(&b);
	assert_int_equal(b.acks_n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_click_is_acknowledged_when_it_is_stored),
	    cmocka_unit_test(
		a_refused_click_is_acknowledged_and_explained_to_that_person),
	    cmocka_unit_test(a_click_that_was_not_stored_is_not_acknowledged),
	    cmocka_unit_test(a_repeated_click_is_only_acknowledged),
	    cmocka_unit_test(a_denial_opens_a_form_when_it_would_count),
	    cmocka_unit_test(
		a_form_that_does_not_open_is_told_unless_it_is_open),
	    cmocka_unit_test(a_form_that_is_sent_decides_with_its_reason),
	    cmocka_unit_test(a_form_shows_what_is_wrong_with_it),
	    cmocka_unit_test(
		what_is_not_about_us_is_acknowledged_and_forgotten),
	    cmocka_unit_test(the_command_lists_what_waits),
	    cmocka_unit_test(
		an_answer_that_comes_after_the_stop_touches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
