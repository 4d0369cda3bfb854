#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slack_bed.h"

#define LIMITED "{\"ok\":false,\"error\":\"ratelimited\"}"

static void
deliver(struct bed *b, const char *id, const char *address)
{
	assert_int_equal(channel_slack.deliver(b->channel,
			     bed_delivery(DELIVERY_ASK, id, address)),
	    RC_OK);
}

/* Repaints the message with this version of the intent. */
static void
repaint(struct bed *b, const char *id, const char *message, long long version)
{
	struct delivery *d = bed_delivery(DELIVERY_REPAINT, id, "T1/U1");
	struct intent *in = arena_alloc(d->arena, sizeof(*in));

	*in = *d->intent;
	in->version = version;
	d->intent = in;
	d->remote_id = message;
	assert_int_equal(channel_slack.deliver(b->channel, d), RC_OK);
}

static struct bed_end
end_of(struct bed *b, const char *id, int n)
{
	bed_wait(b, &b->ends_n, n);
	for (int i = 0; i < n; i++) {
		if (strcmp(b->ends[i].id, id) == 0) {
			return b->ends[i];
		}
	}
	fail();
	return b->ends[0];
}

static void
a_limit_holds_back_one_method_for_as_long_as_slack_says(void **state)
{
	static const struct bed_row rows[] = {
	    {"chat.postMessage", 429, "Retry-After: 2\r\n", LIMITED},
	    {"chat.postMessage", 0, NULL, fallback},
	};
	struct channel_health h = {0};
	long long first, second;
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	deliver(&b, "dlv_1", "T1/U1");
	first = bed_call(&b, "chat.postMessage", 0)->at_ms;
	repaint(&b, "dlv_2", "T1/D1/1.2", 1);
	/* Another method goes on meanwhile. */
	assert_int_equal(end_of(&b, "dlv_2", 1).rc, RC_OK);
	second = bed_call(&b, "chat.postMessage", 1)->at_ms;
	assert_in_range(second - first, 1990, 20000);
	assert_int_equal(end_of(&b, "dlv_1", 2).rc, RC_OK);
	channel_slack.health(b.channel, &h);
	assert_int_equal(h.limited, 1);
	bed_close(&b);
}

static void
a_channel_gets_one_message_a_second_and_others_do_not_wait(void **state)
{
	struct bed b;
	long long a, c, d;

	(void)state;
	bed_open(&b, NULL, 0);
	deliver(&b, "dlv_1", "T1/C1");
	deliver(&b, "dlv_2", "T1/C1");
	deliver(&b, "dlv_3", "T1/C2");
	bed_wait(&b, &b.ends_n, 3);
	assert_string_equal(b.ends[2].id, "dlv_2");
	a = bed_call(&b, "chat.postMessage", 0)->at_ms;
	c = bed_call(&b, "chat.postMessage", 1)->at_ms;
	d = bed_call(&b, "chat.postMessage", 2)->at_ms;
	assert_in_range(c - a, 0, 900);
	assert_in_range(d - a, 1000, 20000);
	bed_close(&b);
}

/* Waits until a limit of Slack's is known. */
static void
await_limit(struct bed *b)
{
	long long until = clock_mono_ms() + 30000;
	struct channel_health h;

	do {
		memset(&h, 0, sizeof(h));
		channel_slack.health(b->channel, &h);
		assert_true(clock_mono_ms() < until);
	} while (h.limited == 0);
}

static void
of_versions_that_wait_only_the_newest_is_sent(void **state)
{
	static const struct bed_row rows[] = {
	    {"chat.update", 429, "Retry-After: 1\r\n", LIMITED},
	    {"chat.update", 0, NULL, fallback},
	};
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	repaint(&b, "dlv_0", "T1/D9/1.1", 1);
	await_limit(&b);
	repaint(&b, "dlv_1", "T1/D1/1.2", 1);
	repaint(&b, "dlv_3", "T1/D1/1.2", 3);
	repaint(&b, "dlv_2", "T1/D1/1.2", 2);
	bed_wait(&b, &b.ends_n, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(b.ends[i].rc, RC_OK);
	}
	assert_string_equal(end_of(&b, "dlv_1", 4).detail,
	    "a newer version follows");
	assert_string_equal(end_of(&b, "dlv_2", 4).detail,
	    "a newer version follows");
	assert_string_equal(end_of(&b, "dlv_3", 4).detail, "");
	bed_close(&b);
	assert_int_equal(bed_count(&b, "chat.update"), 3);
}

static void
an_end_goes_before_progress_that_waits(void **state)
{
	static const struct bed_row rows[] = {
	    {"chat.update", 429, "Retry-After: 1\r\n", LIMITED},
	    {"chat.update", 0, NULL, fallback},
	};
	struct delivery *end;
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	repaint(&b, "dlv_0", "T1/D9/1.1", 1);
	await_limit(&b);
	repaint(&b, "dlv_1", "T1/D1/1.2", 1);
	end = bed_delivery(DELIVERY_SETTLED, "dlv_2", "T1/U1");
	end->remote_id = "T1/D2/1.3";
	assert_int_equal(channel_slack.deliver(b.channel, end), RC_OK);
	bed_wait(&b, &b.ends_n, 3);
	assert_non_null(strstr(bed_call(&b, "chat.update", 1)->body,
	    "\"1.3\""));
	bed_close(&b);
}

static void
a_crowded_place_does_not_hold_up_the_others(void **state)
{
	static const char *const ids[] = {"dlv_0", "dlv_1", "dlv_2", "dlv_3",
	    "dlv_4", "dlv_5", "dlv_6", "dlv_7", "dlv_8", "dlv_9"};
	struct bed b;
	int busy = 0;

	(void)state;
	bed_open(&b, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		deliver(&b, ids[i], "T1/C1");
	}
	deliver(&b, "dlv_dm", "T1/U7");
	bed_wait(&b, &b.ends_n, 6);
	for (int i = 0; i < 6; i++) {
		busy += b.ends[i].rc == RC_BUSY;
	}
	/* Given back, to be tried again; the first may be through by then. */
	assert_in_range(busy, 3, 4);
	assert_int_equal(end_of(&b, "dlv_dm", 6).rc, RC_OK);
	bed_close(&b);
}

/* Waits until the health is of this state and says this. */
static struct channel_health
await_health(struct bed *b, enum channel_state state, const char *words)
{
	struct channel_health h;
	long long until = clock_mono_ms() + 30000;

	do {
		memset(&h, 0, sizeof(h));
		channel_slack.health(b->channel, &h);
		assert_true(clock_mono_ms() < until);
	} while (h.state != state || strstr(h.fault, words) == NULL);
	return h;
}

static void
what_the_token_is_worth_shows_in_the_health(void **state)
{
	static const struct {
		struct bed_row row;
		enum channel_state state;
		const char *words;
	} rows[] = {
	    {{"auth.test", 0, ALL_SCOPES, auth_fine}, CHANNEL_UP, ""},
	    {{"auth.test", 0, NULL, auth_fine}, CHANNEL_UP, ""},
	    {{"auth.test", 0, "x-oauth-scopes: chat:write,im:write\r\n",
		 auth_fine},
		CHANNEL_DEGRADED,
		"missing scopes: im:history, users:read, users:read.email, "
		"commands"},
	    {{"auth.test", 0, NULL,
		 "{\"ok\":false,\"error\":\"invalid_auth\"}"},
		CHANNEL_DOWN, "Slack refuses the bot token: invalid_auth"},
	    {{"auth.test", 0, NULL, "{\"ok\":true}"}, CHANNEL_DOWN,
		"which workspace"},
	    {{"auth.test", 503, NULL, "no"}, CHANNEL_STARTING, "HTTP 503"},
	    {{"auth.test", 0, NULL, "<html>"}, CHANNEL_STARTING, "not JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct channel_health h;
		struct bed b;

		bed_open(&b, &rows[i].row, 1);
		h = await_health(&b, rows[i].state, rows[i].words);
		assert_true(h.chat);
		assert_int_equal(h.sessions, 2);
		bed_close(&b);
	}
}

static void
a_delivery_waits_until_the_token_is_known(void **state)
{
	static const struct bed_row rows[] = {
	    {"auth.test", 503, NULL, "busy"},
	    {"auth.test", 0, ALL_SCOPES, auth_fine},
	};
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	deliver(&b, "dlv_1", "T1/U1");
	assert_int_equal(bed_end(&b, 0).rc, RC_OK);
	assert_int_equal(bed_count(&b, "auth.test"), 2);
	bed_close(&b);
}

static void
a_token_that_is_refused_gives_everything_back(void **state)
{
	static const struct bed_row rows[] = {
	    {"chat.postMessage", 0, NULL,
		"{\"ok\":false,\"error\":\"token_revoked\"}"},
	};
	struct delivery *d = bed_delivery(DELIVERY_ASK, "dlv_3", "T1/C1");
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	deliver(&b, "dlv_1", "T1/C1");
	deliver(&b, "dlv_2", "T1/C1");
	assert_int_equal(bed_end(&b, 0).rc, RC_BUSY);
	assert_int_equal(bed_end(&b, 1).rc, RC_BUSY);
	(void)await_health(&b, CHANNEL_DOWN, "token_revoked");
	assert_int_equal(channel_slack.deliver(b.channel, d), RC_BUSY);
	delivery_free(d);
	bed_close(&b);
	assert_int_equal(bed_count(&b, "chat.postMessage"), 1);
}

static void
an_app_that_is_removed_is_down(void **state)
{
	struct bed b;

	(void)state;
	bed_open(&b, NULL, 0);
	(void)await_health(&b, CHANNEL_UP, "");
	bed_letter(&b, "e1", "events_api",
	    "{\"team_id\":\"T2\",\"event\":{\"type\":\"app_uninstalled\"}}");
	bed_wait(&b, &b.acks_n, 1);
	(void)await_health(&b, CHANNEL_UP, "");
	bed_letter(&b, "e2", "events_api",
	    "{\"team_id\":\"T1\",\"event\":{\"type\":\"app_uninstalled\"}}");
	bed_wait(&b, &b.acks_n, 2);
	(void)await_health(&b, CHANNEL_DOWN, "removed");
	bed_close(&b);
}

static void
a_scope_that_turns_out_missing_is_told(void **state)
{
	static const struct bed_row rows[] = {
	    {"chat.postMessage", 0, NULL,
		"{\"ok\":false,\"error\":\"missing_scope\",\"needed\":"
		"\"chat:write\",\"provided\":\"commands\"}"},
	};
	struct bed b;

	(void)state;
	bed_open(&b, rows, ARRAY_LEN(rows));
	deliver(&b, "dlv_1", "T1/U1");
	assert_int_equal(bed_end(&b, 0).rc, RC_REMOTE_PERM);
	assert_string_equal(b.ends[0].detail, "missing_scope: chat:write");
	(void)await_health(&b, CHANNEL_DEGRADED, "chat:write");
	bed_close(&b);
}

static void
settings_that_cannot_be_right_are_refused(void **state)
{
	static const struct {
		const char *app, *bot, *url, *field;
	} rows[] = {
	    {"x=", "SLACK_BOT_TOKEN=xoxb-1", "SLACK_API_URL=https://s/",
		"SLACK_APP_TOKEN"},
	    {"SLACK_APP_TOKEN=xapp-1", "x=", "SLACK_API_URL=https://s/",
		"SLACK_BOT_TOKEN"},
	    {"SLACK_APP_TOKEN=xoxb-1", "SLACK_BOT_TOKEN=xoxb-1",
		"SLACK_API_URL=https://s/", "SLACK_APP_TOKEN"},
	    {"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxp-1",
		"SLACK_API_URL=https://s/", "SLACK_BOT_TOKEN"},
	    {"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1\nX: y",
		"SLACK_API_URL=https://s/", "SLACK_BOT_TOKEN"},
	    {"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1",
		"SLACK_API_URL=ftp://s/", "SLACK_API_URL"},
	    {"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1",
		"SLACK_API_URL=slack.com", "SLACK_API_URL"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ear e;
		struct fault f = {0};
		void *self = NULL;

		ear_init(&e, NULL);
		e.settings[0] = rows[i].app;
		e.settings[1] = rows[i].bot;
		e.settings[2] = rows[i].url;
		assert_true(channel_slack.wanted(&e.env));
		assert_int_equal(channel_slack.start(&e.env, &self, &f),
		    RC_INVALID);
		assert_string_equal(f.field, rows[i].field);
		assert_null(strstr(f.text, "-1"));
		assert_null(self);
		e.settings[0] = e.settings[1] = NULL;
		assert_false(channel_slack.wanted(&e.env));
		ear_fini(&e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_limit_holds_back_one_method_for_as_long_as_slack_says),
	    cmocka_unit_test(
		a_channel_gets_one_message_a_second_and_others_do_not_wait),
	    cmocka_unit_test(an_end_goes_before_progress_that_waits),
	    cmocka_unit_test(a_crowded_place_does_not_hold_up_the_others),
	    cmocka_unit_test(of_versions_that_wait_only_the_newest_is_sent),
	    cmocka_unit_test(what_the_token_is_worth_shows_in_the_health),
	    cmocka_unit_test(a_delivery_waits_until_the_token_is_known),
	    cmocka_unit_test(a_token_that_is_refused_gives_everything_back),
	    cmocka_unit_test(an_app_that_is_removed_is_down),
	    cmocka_unit_test(a_scope_that_turns_out_missing_is_told),
	    cmocka_unit_test(settings_that_cannot_be_right_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
