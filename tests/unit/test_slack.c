#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slack_bed.h"

#define ID	 "dlv_0000000000000001"
#define HOLDS_ID "\"delivery\":\"dlv_0000000000000001\""

static void
an_ask_is_posted_once_and_remembered(void **state)
{
	static const char *const holds[] = {"\"channel\":\"U1\"",
	    "\"unfurl_links\":false", "\"unfurl_media\":false",
	    "\"event_type\":\"assent_intent\"",
	    "\"intent\":\"int_0123456789abcdef\"", HOLDS_ID,
	    "\"action_id\":\"decide:0\"", "\"value\":\"n:h1.MAC-x_y\"",
	    "\"value\":\"o:h1.MAC-x_y\"", "\"style\":\"primary\"",
	    "\"style\":\"danger\"", "\"type\":\"rich_text_preformatted\""};
	struct bed b;
	struct bed_end end;
	const struct bed_call *c;

	(void)state;
	bed_open(&b, NULL, 0);
	assert_int_equal(channel_slack.deliver(b.channel,
			     bed_delivery(DELIVERY_ASK, ID, "T1/U1")),
	    RC_OK);
	end = bed_end(&b, 0);
	assert_string_equal(end.id, ID);
	assert_int_equal(end.rc, RC_OK);
	assert_string_equal(end.remote_id, "T1/D1/1700000000.000100");
	assert_string_equal(end.account, "");
	c = bed_call(&b, "chat.postMessage", 0);
	assert_string_equal(c->token, "xoxb-bot-secret");
	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		assert_non_null(strstr(c->body, holds[i]));
	}
	assert_int_equal(b.calls_n, 2); /* and auth.test */
	bed_close(&b);
}

/* One attempt, and what it came to. */
struct row {
	const char *address;
	int attempt;
	const char *remote_id;
	enum delivery_kind kind;
	struct bed_row rows[4];
	enum rc rc;
	const char *remote_then;
	const char *account;
	const char *calls; /* methods in order */
};

static void
check_row(const struct row *r)
{
	struct bed b;
	struct bed_end end;
	struct delivery *d = bed_delivery(r->kind, ID, r->address);
	CLEANUP(buf_fini) struct buf calls = {0};
	size_t n = 0;

	while (n < ARRAY_LEN(r->rows) && r->rows[n].method != NULL) {
		n++;
	}
	bed_open(&b, r->rows, n);
	d->attempt = r->attempt;
	d->remote_id = r->remote_id;
	assert_int_equal(channel_slack.deliver(b.channel, d), RC_OK);
	end = bed_end(&b, 0);
	for (int i = 0; i < b.calls_n; i++) {
		if (strcmp(b.calls[i].method, "auth.test") != 0) {
			buf_printf(&calls, "%s ", b.calls[i].method);
		}
	}
	assert_string_equal(buf_str(&calls), r->calls);
	assert_int_equal(end.rc, r->rc);
	assert_string_equal(end.remote_id, r->remote_then);
	assert_string_equal(end.account, r->account);
	bed_close(&b);
}

#define NO(method, error) \
	{ \
		method, 0, NULL, "{\"ok\":false,\"error\":\"" error "\"}" \
	}
#define SAYS(method, body) \
	{ \
		method, 0, NULL, body \
	}
#define USER(more) \
	SAYS("users.lookupByEmail", \
	    "{\"ok\":true,\"user\":{\"id\":\"U7\"" more "}}")
#define DM \
	SAYS("conversations.open", "{\"ok\":true,\"channel\":{\"id\":\"D7\"}}")
#define HISTORY(bot, delivery) \
	SAYS("conversations.history", \
	    "{\"ok\":true,\"messages\":[{\"ts\":\"1.5\",\"bot_id\":\"" bot \
	    "\",\"metadata\":{\"event_type\":\"assent_intent\"," \
	    "\"event_payload\":{\"intent\":\"i\",\"delivery\":\"" delivery \
	    "\"}}}]}")
#define POSTED "T1/D1/1700000000.000100"

static const struct row ways[] = {
    /* Addresses. */
    {"T1/C9", 1, NULL, DELIVERY_ASK, {{.method = NULL}}, RC_OK, POSTED, "",
	"chat.postMessage "},
    {"U9", 1, NULL, DELIVERY_ASK, {{.method = NULL}}, RC_OK, POSTED, "",
	"chat.postMessage "},
    {"T2/U9", 1, NULL, DELIVERY_ASK, {{.method = NULL}}, RC_REMOTE_PERM, "", "",
	""},
    {"#ops", 1, NULL, DELIVERY_ASK, {{.method = NULL}}, RC_REMOTE_PERM, "", "",
	""},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{USER(",\"team_id\":\"T1\"")}, RC_OK, POSTED, "T1/U7",
	"users.lookupByEmail chat.postMessage "},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{USER(",\"is_bot\":true")}, RC_REMOTE_PERM, "", "",
	"users.lookupByEmail "},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{USER(",\"deleted\":true")}, RC_REMOTE_PERM, "", "",
	"users.lookupByEmail "},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{USER(",\"team_id\":\"T2\"")}, RC_REMOTE_PERM, "", "",
	"users.lookupByEmail "},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{NO("users.lookupByEmail", "users_not_found")}, RC_REMOTE_PERM, "", "",
	"users.lookupByEmail "},
    {"mailto:dana@example.com", 1, NULL, DELIVERY_ASK,
	{NO("users.lookupByEmail", "missing_scope")}, RC_REMOTE_PERM, "", "",
	"users.lookupByEmail "},
    /* What Slack says to a message. */
    {"T1/U1", 1, NULL, DELIVERY_ASK,
	{NO("chat.postMessage", "channel_not_found")}, RC_REMOTE_PERM, "", "",
	"chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK, {NO("chat.postMessage", "internal_error")},
	RC_UNCERTAIN, "", "", "chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK, {{"chat.postMessage", 503, NULL, "busy"}},
	RC_UNCERTAIN, "", "", "chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK, {{"chat.postMessage", 0, NULL, NULL}},
	RC_UNCERTAIN, "", "", "chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK, {SAYS("chat.postMessage", "<html>")},
	RC_UNCERTAIN, "", "", "chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK,
	{SAYS("chat.postMessage", "{\"ok\":true}")}, RC_UNCERTAIN, "", "",
	"chat.postMessage "},
    {"T1/U1", 1, NULL, DELIVERY_ASK,
	{NO("chat.postMessage", "service_unavailable")}, RC_REMOTE_TEMP, "", "",
	"chat.postMessage "},
    /* Whether an earlier attempt came through. */
    {"T1/U1", 2, NULL, DELIVERY_ASK, {DM, HISTORY("B1", ID)}, RC_OK,
	"T1/D7/1.5", "", "conversations.open conversations.history "},
    {"T1/U1", 2, NULL, DELIVERY_ASK, {DM, HISTORY("B2", ID)}, RC_OK, POSTED, "",
	"conversations.open conversations.history chat.postMessage "},
    {"T1/U1", 2, NULL, DELIVERY_ASK, {DM, HISTORY("B1", "other")}, RC_OK,
	POSTED, "",
	"conversations.open conversations.history chat.postMessage "},
    {"T1/C1", 2, NULL, DELIVERY_ASK, {HISTORY("B1", ID)}, RC_OK, "T1/C1/1.5",
	"", "conversations.history "},
    {"T1/U1", 2, NULL, DELIVERY_ASK,
	{DM, NO("conversations.history", "missing_scope")}, RC_OK, POSTED, "",
	"conversations.open conversations.history chat.postMessage "},
    {"T1/U1", 2, NULL, DELIVERY_ASK,
	{DM, NO("conversations.history", "fatal_error")}, RC_UNCERTAIN, "", "",
	"conversations.open conversations.history "},
    {"T1/U1", 2, NULL, DELIVERY_ASK,
	{NO("conversations.open", "user_disabled"),
	    NO("chat.postMessage", "user_disabled")},
	RC_REMOTE_PERM, "", "", "conversations.open chat.postMessage "},
    /* Settled meanwhile: nobody is asked any more, but what is there shows. */
    {"T1/U1", 2, NULL, DELIVERY_SETTLED, {DM, HISTORY("B1", ID)}, RC_OK,
	"T1/D7/1.5", "",
	"conversations.open conversations.history chat.update "},
    {"T1/C1", 2, NULL, DELIVERY_SETTLED, {HISTORY("B1", ID)}, RC_OK,
	"T1/C1/1.5", "", "conversations.history chat.update "},
    {"T1/U1", 2, NULL, DELIVERY_SETTLED, {DM, HISTORY("B1", "other")}, RC_OK,
	"", "", "conversations.open conversations.history "},
    {"T1/C1", 2, NULL, DELIVERY_SETTLED,
	{NO("conversations.history", "missing_scope")}, RC_OK, "", "",
	"conversations.history "},
    {"T1/U1", 2, NULL, DELIVERY_SETTLED,
	{NO("conversations.open", "user_disabled")}, RC_OK, "", "",
	"conversations.open "},
    /* Repainting. */
    {"T1/U1", 1, NULL, DELIVERY_SETTLED, {{.method = NULL}}, RC_OK, "", "", ""},
    {"T1/U1", 1, "T1/D1/1.2", DELIVERY_SETTLED, {{.method = NULL}}, RC_OK,
	"T1/D1/1.2", "", "chat.update "},
    {"T1/U1", 2, "T1/D1/1.2", DELIVERY_REPAINT,
	{NO("chat.update", "message_not_found")}, RC_OK, "T1/D1/1.2", "",
	"chat.update "},
    {"T1/U1", 1, "T1/D1/1.2", DELIVERY_SETTLED,
	{NO("chat.update", "edit_window_closed")}, RC_OK, "T1/D1/1.2", "",
	"chat.update "},
    {"T1/U1", 1, "T1/D1/1.2", DELIVERY_SETTLED,
	{NO("chat.update", "msg_blocks_too_long")}, RC_REMOTE_PERM, "", "",
	"chat.update "},
    {"T1/U1", 1, "T3/D1/1.2", DELIVERY_SETTLED, {{.method = NULL}},
	RC_REMOTE_PERM, "", "", ""},
};

static void
each_way_of_a_delivery_ends_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		check_row(&ways[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ask_is_posted_once_and_remembered),
	    cmocka_unit_test(each_way_of_a_delivery_ends_as_it_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
