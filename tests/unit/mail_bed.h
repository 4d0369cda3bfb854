/*
 * mail_bed: a client that trusts its peers, and mail servers by script.
 *
 * Included once by a test program, behind cmocka.h.
 */
#ifndef TESTS_UNIT_MAIL_BED_H
#define TESTS_UNIT_MAIL_BED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/http_client.h"
#include "peer.h"

static const char message[] = "From: a@example.com\r\n"
			      "Subject: Hello\r\n"
			      "\r\n"
			      ".\r\n"
			      "..two\r\n"
			      "MAIL FROM:<evil@example.com>\r\n"
			      "end.\r\n";

static char large[16 * 1024 * 1024];

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

/* A message that no two sockets hold. */
static void
fill_large(void)
{
	memset(large, 'x', sizeof(large));
	for (size_t i = 998; i + 1 < sizeof(large); i += 1000) {
		memcpy(large + i, "\r\n", 2);
	}
}

struct fixture {
	int fds;
	struct script script;
	struct http_client *client;
	struct heard heard;
};

static struct http_client *
new_client(void)
{
	struct http_client_options o = {.waiting_max = 4,
	    .ca_file = peer_ca_file()};
	struct http_client *c;
	struct fault f;

	assert_int_equal(http_client_new(&o, &c, &f), RC_OK);
	return c;
}

static int
setup(void **state)
{
	static struct fixture x;
	static const struct heard fresh = HEARD_INIT;
	/* Makes the certificate that the client is to trust. */
	struct peer *p;

	x = (struct fixture){.fds = count_fds(), .heard = fresh};
	pthread_mutex_init(&x.script.lock, NULL);
	p = peer_start(speak_smtp, &x.script, true);
	peer_stop(p);
	x.client = new_client();
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
