#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_client.h"

#include "mail_bed.h"

/* Base64 of "\0dana\0s3cret", RFC 4616. */
#define PLAIN_AUTH "AUTH PLAIN\nAGRhbmEAczNjcmV0"

/* Reads some of the message and is gone. */
static void
fall_over(struct peer_conn *conn, void *arg)
{
	struct script *s = arg;
	char line[1100];

	peer_say(conn, reply_to(s, ""));
	while (peer_line(conn, line, sizeof(line))) {
		const char *reply = reply_to(s, line);

		peer_say(conn, reply);
		if (strncmp(reply, "354", 3) == 0) {
			peer_read(conn, line, sizeof(line));
			return;
		}
	}
}

static void
a_mail_arrives_as_it_was_written(void **state)
{
	struct fixture *x = *state;

	send_by(x, (struct turn){0}, speak_smtp, true, a_mail());
	assert_int_equal(x->heard.rc, RC_OK);
	assert_int_equal(x->heard.status, 250);
	assert_true(server_heard(x, "MAIL FROM:<a@example.com>"));
	assert_true(server_heard(x,
	    "\nRCPT TO:<dana@example.com>\nDATA\n"
	    "From: a@example.com\n"
	    "Subject: Hello\n"
	    "\n"
	    "..\n"
	    "...two\n"
	    "MAIL FROM:<evil@example.com>\n"
	    "end.\n"
	    ".\n"));
	assert_false(server_heard(x, "AUTH"));
}

static void
a_user_is_authenticated_or_nothing_is_sent(void **state)
{
	static const struct {
		const char *user, *offers;
		struct turn turn;
		enum rc rc;
		int status;
		const char *said;
	} rows[] = {
	    {"dana", "AUTH PLAIN LOGIN", {0}, RC_OK, 250, PLAIN_AUTH "\n"},
	    {"dana", "AUTH LOGIN", {0}, RC_OK, 250, "ZGFuYQ==\nczNjcmV0\n"},
	    {"dana", "AUTH CRAM-MD5 PLAIN", {0}, RC_OK, 250, PLAIN_AUTH "\n"},
	    {"dana", "8BITMIME", {0}, RC_REMOTE_PERM, 0, "EHLO"},
	    {"dana", "AUTH CRAM-MD5", {0}, RC_REMOTE_PERM, 0, "EHLO"},
	    {"dana", "AUTHENTIC", {0}, RC_REMOTE_PERM, 0, "EHLO"},
	    {"", "AUTH PLAIN", {0}, RC_OK, 502, "AUTH PLAIN\n"},
	    {"dana", "AUTH PLAIN", {"AGRhbmE", "535 no\r\n"}, RC_OK, 535,
		PLAIN_AUTH "\n"},
	    {"dana", "AUTH PLAIN", {"AGRhbmE", "454 later\r\n"}, RC_OK, 454,
		PLAIN_AUTH "\n"},
	    {"dana", "AUTH PLAIN", {"AGRhbmE", "250 fine\r\n"}, RC_REMOTE_PERM,
		0, PLAIN_AUTH "\n"},
	    {"dana", "AUTH PLAIN", {"AUTH PLAIN", "503 no\r\n"}, RC_OK, 503,
		"AUTH PLAIN\n"},
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char ehlo[100];
		struct http_mail mail = a_mail();

		snprintf(ehlo, sizeof(ehlo), "250-mail.test\r\n250 %s\r\n",
		    rows[i].offers);
		x->script.turns[1] = (struct turn){"EHLO ", ehlo};
		mail.user = rows[i].user;
		mail.password = "s3cret";
		send_by(x, rows[i].turn, speak_smtp, true, mail);
		if (x->heard.rc != rows[i].rc ||
		    x->heard.status != rows[i].status) {
			fail_msg("row %zu: %s %d %s", i, rc_name(x->heard.rc),
			    x->heard.status, x->heard.detail);
		}
		assert_true(server_heard(x, rows[i].said));
		assert_int_equal(server_heard(x, "MAIL"),
		    rows[i].status == 250);
	}
}

static void
a_refusal_is_an_answer_with_its_code(void **state)
{
	static const struct {
		struct turn turn;
		int status;
	} rows[] = {
	    {{"", "554 not you\r\n"}, 554},
	    {{"", "421 busy\r\n"}, 421},
	    {{"EHLO", "502 what\r\n"}, 502},
	    {{"MAIL", "452 full\r\n"}, 452},
	    {{"MAIL", "550-long\r\n550 story\r\n"}, 550},
	    {{"RCPT", "550 nobody\r\n"}, 550},
	    {{"RCPT", "450 grey\r\n"}, 450},
	    {{"DATA", "554 no\r\n"}, 554},
	    {{".", "552 too big\r\n"}, 552},
	    {{".", "451 later\r\n"}, 451},
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		send_by(x, rows[i].turn, speak_smtp, true, a_mail());
		assert_int_equal(x->heard.rc, RC_OK);
		assert_int_equal(x->heard.status, rows[i].status);
	}
}

static void
a_broken_talk_says_whether_the_mail_may_have_gone(void **state)
{
	static const struct {
		const char *name;
		struct turn turn;
		enum rc rc;
		const char *host, *ca_file;
		bool fall_over, plain;
	} rows[] = {
	    {.name = "no greeting", {"", NULL}, RC_REMOTE_TEMP},
	    {.name = "a mute", {"", ""}, RC_REMOTE_TEMP},
	    {.name = "gone at EHLO", {"EHLO", NULL}, RC_REMOTE_TEMP},
	    {.name = "gone at RCPT", {"RCPT", NULL}, RC_REMOTE_TEMP},
	    {.name = "gone at DATA", {"DATA", NULL}, RC_REMOTE_TEMP},
	    {.name = "gone within the message",
		.rc = RC_REMOTE_TEMP,
		.fall_over = true},
	    {.name = "gone at the dot", {".", NULL}, RC_UNCERTAIN},
	    {.name = "mute at the dot", {".", ""}, RC_UNCERTAIN},
	    {.name = "not TLS", .rc = RC_REMOTE_TEMP, .plain = true},
	    {.name = "another name", .rc = RC_REMOTE_PERM, .host = "127.0.0.1"},
	    {.name = "another CA",
		.rc = RC_REMOTE_PERM,
		.ca_file = "/etc/ssl/certs/ca-certificates.crt"},
	};
	struct fixture *x = *state;

	fill_large();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_mail mail = a_mail();

		mail.host = rows[i].host != NULL ? rows[i].host : mail.host;
		mail.ca_file = rows[i].ca_file;
		mail.timeout_ms = rows[i].fall_over ? 20000 : 500;
		if (rows[i].fall_over) {
			mail.message = large;
			mail.message_len = sizeof(large);
		}
		send_by(x, rows[i].turn,
		    rows[i].fall_over ? fall_over : speak_smtp, !rows[i].plain,
		    mail);
		if (x->heard.rc != rows[i].rc || x->heard.status != 0) {
			fail_msg("%s: %s %d %s", rows[i].name,
			    rc_name(x->heard.rc), x->heard.status,
			    x->heard.detail);
		}
	}
}

static void
an_envelope_cannot_carry_commands(void **state)
{
	static const char *const bad[] = {"", "nobody", "a@b.test>",
	    "<a@b.test>", "a@b.test\r\nRCPT TO:<c@d.test>", "a b@c.test",
	    "a@b.test SIZE=1", "a@b.test\t", "\xc3\xa4@b.test"};
	static const char *const bad_hosts[] = {"", "a b", "localhost/x",
	    "user@localhost", "local\r\nhost"};
	struct fixture *x = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(bad); i++) {
		struct http_mail mail = a_mail();

		*(i % 2 == 0 ? &mail.from : &mail.to) = bad[i / 2];
		send_by(x, (struct turn){0}, speak_smtp, true, mail);
		assert_int_equal(x->heard.rc, RC_INVALID);
		assert_false(server_heard(x, "EHLO"));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_hosts); i++) {
		struct http_mail mail = a_mail();

		mail.host = bad_hosts[i];
		send_by(x, (struct turn){0}, speak_smtp, true, mail);
		assert_int_equal(x->heard.rc, RC_INVALID);
		assert_false(server_heard(x, "EHLO"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_mail_arrives_as_it_was_written),
	    TEST(a_user_is_authenticated_or_nothing_is_sent),
	    TEST(a_refusal_is_an_answer_with_its_code),
	    TEST(a_broken_talk_says_whether_the_mail_may_have_gone),
	    TEST(an_envelope_cannot_carry_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
