#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_client.h"

#include "peer.h"

/* Base64 of "\0dana\0s3cret", RFC 4616. */
#define PLAIN_AUTH "AUTH PLAIN\nAGRhbmEAczNjcmV0"

static const char message[] = "From: a@example.com\r\n"
			      "Subject: Hello\r\n"
			      "\r\n"
			      ".\r\n"
			      "..two\r\n"
			      "MAIL FROM:<evil@example.com>\r\n"
			      "end.\r\n";

static char large[4 * 1024 * 1024];

/* What a mail server says that is not the usual. */
struct turn {
	const char *line;  /* the client's begins with it; "" = the greeting */
	const char *reply; /* NULL = it hangs up instead */
};

struct script {
	struct turn turns[2];
	pthread_mutex_t lock;
	struct buf heard; /* lines of the client; under the lock */
};

static const struct turn usual[] = {
    {"EHLO ", "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"},
    {"AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"},
    {"ZGFuYQ==", "334 UGFzc3dvcmQ6\r\n"}, /* dana */
    {"czNjcmV0", "235 welcome\r\n"},	  /* s3cret */
    {"AUTH PLAIN", "334 \r\n"},
    {"AGRhbmE", "235 welcome\r\n"},
    {"MAIL FROM:", "250 ok\r\n"},
    {"RCPT TO:", "250 ok\r\n"},
    {"DATA", "354 go on\r\n"},
    {".", "250 queued\r\n"},
    {"QUIT", "221 bye\r\n"},
    {"", "220 mail.test\r\n"},
};

static bool
answers(const struct turn *t, const char *line)
{
	return t->line != NULL && (line[0] == '\0') == (t->line[0] == '\0') &&
	    strncmp(line, t->line, strlen(t->line)) == 0;
}

static const char *
reply_to(const struct script *s, const char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(s->turns); i++) {
		if (answers(&s->turns[i], line)) {
			return s->turns[i].reply;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (answers(&usual[i], line)) {
			return usual[i].reply;
		}
	}
	return "502 what\r\n";
}

static void
note(struct script *s, const char *line)
{
	pthread_mutex_lock(&s->lock);
	buf_puts(&s->heard, line);
	buf_puts(&s->heard, "\n");
	pthread_mutex_unlock(&s->lock);
}

static void
speak_smtp(struct peer_conn *conn, void *arg)
{
	struct script *s = arg;
	const char *reply = reply_to(s, "");
	bool in_message = false;
	char line[1100];

	while (reply != NULL) {
		peer_say(conn, reply);
		do {
			if (!peer_line(conn, line, sizeof(line))) {
				return;
			}
			note(s, line);
		} while (in_message && strcmp(line, ".") != 0);
		reply = reply_to(s, line);
		in_message = reply != NULL && strncmp(reply, "354", 3) == 0;
	}
}

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

struct fixture {
	int fds;
	struct script script;
	struct http_client *client;
	struct heard heard;
};

static int
setup(void **state)
{
	static struct fixture x;
	static const struct heard fresh = HEARD_INIT;
	/* Makes the certificate that the client is to trust. */
	struct peer *p;
	struct http_client_options o = {.waiting_max = 4};
	struct fault f;

	x = (struct fixture){.fds = count_fds(), .heard = fresh};
	pthread_mutex_init(&x.script.lock, NULL);
	p = peer_start(speak_smtp, &x.script, true);
	peer_stop(p);
	o.ca_file = peer_ca_file();
	assert_int_equal(http_client_new(&o, &x.client, &f), RC_OK);
	*state = &x;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *x = *state;

	http_client_free(x->client);
	buf_fini(&x->script.heard);
	pthread_mutex_destroy(&x->script.lock);
	peer_forget_ca();
	return count_fds() == x->fds ? 0 : -1;
}

static struct http_mail
a_mail(void)
{
	return (struct http_mail){
	    .host = "localhost",
	    .from = "a@example.com",
	    .to = "dana@example.com",
	    .message = message,
	    .message_len = sizeof(message) - 1,
	    .timeout_ms = 20000,
	};
}

/*
 * Sends by a server with this turn. Afterwards x->heard has the answer, and
 * the script what the client said: the peer is gone.
 */
static void
send_by(struct fixture *x, struct turn turn,
    void (*serve)(struct peer_conn *, void *), bool tls, struct http_mail mail)
{
	struct peer *p;
	int before = x->heard.times;

	buf_clear(&x->script.heard);
	x->script.turns[0] = turn;
	p = peer_start(serve, &x->script, tls);
	mail.port = peer_port(p);
	assert_int_equal(http_client_mail(x->client, &mail, heard_done,
			     &x->heard),
	    RC_OK);
	heard_wait(&x->heard, before + 1);
	peer_stop(p);
}

static bool
server_heard(const struct fixture *x, const char *text)
{
	return strstr(buf_str(&x->script.heard), text) != NULL;
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

	memset(large, 'x', sizeof(large));
	for (size_t i = 998; i + 1 < sizeof(large); i += 1000) {
		memcpy(large + i, "\r\n", 2);
	}
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
