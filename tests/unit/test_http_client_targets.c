#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http_client.h"

#include "fake_net.h"
#include "peer.h"

/* What a test works with. */
struct fixture {
	int fds;
	struct peer *peer; /* speaks TLS */
	struct http_client *client;
	struct heard heard;
};

static struct http_client *
new_client(bool allow_private)
{
	struct http_client_options o = {
	    .waiting_max = 10,
	    .allow_private = allow_private,
	    .ca_file = peer_ca_file(),
	};
	struct http_client *c;
	struct fault f;

	assert_int_equal(http_client_new(&o, &c, &f), RC_OK);
	return c;
}

static void
serve(struct peer_conn *conn, void *text)
{
	struct buf b = {0};

	if (peer_request(conn, &b)) {
		peer_say(conn, text);
	}
	buf_fini(&b);
}

static char redirect[] = "HTTP/1.1 302 Found\r\n"
			 "Location: https://127.0.0.1/\r\n"
			 "Content-Length: 0\r\n\r\n";

static int
setup(void **state)
{
	static struct fixture x;
	static const struct heard fresh = HEARD_INIT;

	x = (struct fixture){.fds = count_fds(), .heard = fresh};
	x.peer = peer_start(serve, redirect, true);
	x.client = new_client(false);
	dns[0].addrs[0] = PUBLIC;
	connects = 0;
	*state = &x;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *x = *state;

	http_client_free(x->client);
	peer_stop(x->peer);
	peer_forget_ca();
	return count_fds() == x->fds ? 0 : -1;
}

/* Sends to a host by a client and pool; x->heard has the answer. */
static void
ask(struct fixture *x, struct http_client *c, enum http_pool pool,
    const char *scheme, const char *host)
{
	char url[300];
	struct http_call call = {
	    .pool = pool,
	    .method = "POST",
	    .url = url,
	    .body = "{}",
	    .body_len = 2,
	    .timeout_ms = 20000,
	    .answer_max = 100,
	};

	snprintf(url, sizeof(url), "%s://%s:%d/hook", scheme, host,
	    peer_port(x->peer));
	heard_send(&x->heard, c, &call);
}

static void
assert_nobody_was_asked(struct fixture *x, const char *host, enum rc rc)
{
	if (x->heard.rc != rc || connects != 0) {
		fail_msg("%s: %s, %d connections", host, rc_name(x->heard.rc),
		    connects);
	}
}

static const struct {
	const char *host;
	enum rc rc;
} spellings[] = {
    {"127.0.0.1", RC_FORBIDDEN},
    {"127.0.0.1.", RC_FORBIDDEN},
    {"127.1", RC_FORBIDDEN},
    {"127.0.1", RC_FORBIDDEN},
    {"127.255.255.254", RC_FORBIDDEN},
    {"0x7f.1", RC_FORBIDDEN},
    {"0x7f.0.0.1", RC_FORBIDDEN},
    {"0x7f000001", RC_FORBIDDEN},
    {"0X7F000001", RC_FORBIDDEN},
    {"0177.0.0.1", RC_FORBIDDEN},
    {"0177.0.0.01", RC_FORBIDDEN},
    {"2130706433", RC_FORBIDDEN},
    {"017700000001", RC_FORBIDDEN},
    {"0", RC_FORBIDDEN},
    {"0.0.0.0", RC_FORBIDDEN},
    {"0x0", RC_FORBIDDEN},
    {"%31%32%37.0.0.1", RC_FORBIDDEN},
    {"127%2e0%2e0%2e1", RC_FORBIDDEN},
    {"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", RC_INVALID},
    {"127\xe3\x80\x82"
     "1",
	RC_INVALID},
    {"[::1]", RC_FORBIDDEN},
    {"[0:0:0:0:0:0:0:1]", RC_FORBIDDEN},
    {"[::]", RC_FORBIDDEN},
    {"[::ffff:127.0.0.1]", RC_FORBIDDEN},
    {"[::ffff:7f00:1]", RC_FORBIDDEN},
    {"[::127.0.0.1]", RC_FORBIDDEN},
    {"[64:ff9b::7f00:1]", RC_FORBIDDEN},
    {"[64:ff9b::127.0.0.1]", RC_FORBIDDEN},
    {"[2002:7f00:1::]", RC_FORBIDDEN},
    {"[fe80::1]", RC_FORBIDDEN},
    {"[fe80::1%25lo]", RC_FORBIDDEN},
    {"[fd00:ec2::254]", RC_FORBIDDEN},
    {"[::1", RC_INVALID},
    {"localhost", RC_FORBIDDEN},
    {"LOCALHOST", RC_FORBIDDEN},
    {"a.localhost", RC_FORBIDDEN},
    {"localhost.", RC_FORBIDDEN},
    {"10.0.0.1", RC_FORBIDDEN},
    {"10.1", RC_FORBIDDEN},
    {"172.16.0.1", RC_FORBIDDEN},
    {"192.168.0.1", RC_FORBIDDEN},
    {"169.254.169.254", RC_FORBIDDEN},
    {"2852039166", RC_FORBIDDEN},
    {"100.100.100.200", RC_FORBIDDEN},
    {"255.255.255.255", RC_FORBIDDEN},
    {"user@127.0.0.1", RC_INVALID},
    {"hook.test@127.0.0.1", RC_INVALID},
    {"hook.test\\@127.0.0.1", RC_INVALID},
    {"127.0.0.1 hook.test", RC_INVALID},
};

static void
no_spelling_of_a_private_address_is_reached(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		ask(x, x->client, HTTP_FOREIGN, "https", spellings[i].host);
		assert_nobody_was_asked(x, spellings[i].host, spellings[i].rc);
		ask(x, x->client, HTTP_FOREIGN, "http", spellings[i].host);
		assert_nobody_was_asked(x, spellings[i].host, RC_INVALID);
	}
	assert_int_equal(peer_connections(x->peer), 0);
}

static void
no_name_of_a_private_address_is_reached(void **state)
{
	struct fixture *x = *state;
	size_t rows = 0;

	for (size_t i = PRIVATE_NAMES; i < ARRAY_LEN(dns); i++) {
		int before = lookups;

		ask(x, x->client, HTTP_FOREIGN, "https", dns[i].name);
		assert_nobody_was_asked(x, dns[i].name, RC_FORBIDDEN);
		assert_string_equal(x->heard.detail, "the address is private");
		assert_int_equal(lookups, before + 1);
		rows++;
	}
	assert_in_range(rows, 20, ARRAY_LEN(dns));
	assert_int_equal(peer_connections(x->peer), 0);
}

static void
a_public_host_is_reached_until_its_name_moves_inside(void **state)
{
	struct fixture *x = *state;
	struct http_client *later;

	ask(x, x->client, HTTP_FOREIGN, "https", "hook.test");
	assert_int_equal(x->heard.rc, RC_OK);
	/* And the way inside that it names is not taken. */
	assert_int_equal(x->heard.status, 302);
	assert_int_equal(connects, 1);
	assert_int_equal(peer_connections(x->peer), 1);

	dns[0].addrs[0] = "127.0.0.1";
	later = new_client(false); /* which has not looked it up yet */
	connects = 0;
	ask(x, later, HTTP_FOREIGN, "https", "hook.test");
	assert_nobody_was_asked(x, "hook.test", RC_FORBIDDEN);
	assert_int_equal(peer_connections(x->peer), 1);
	http_client_free(later);
}

static void
every_address_of_a_name_is_checked(void **state)
{
	struct fixture *x = *state;

	/* Right address, wrong certificate: it was the public one. */
	ask(x, x->client, HTTP_FOREIGN, "https", "private-first.test");
	assert_int_equal(x->heard.rc, RC_REMOTE_PERM);
	assert_int_equal(connects, 1);
	connects = 0;
	/* May pass, for one address is allowed. */
	ask(x, x->client, HTTP_FOREIGN, "https", "down-then-private.test");
	assert_int_equal(x->heard.rc, RC_REMOTE_TEMP);
	assert_int_equal(connects, 1);
	ask(x, x->client, HTTP_FOREIGN, "https", "down.test");
	assert_int_equal(x->heard.rc, RC_REMOTE_TEMP);
	ask(x, x->client, HTTP_FOREIGN, "https", "nobody.test");
	assert_int_equal(x->heard.rc, RC_REMOTE_TEMP);
	assert_int_equal(peer_connections(x->peer), 1);
}

static void
private_targets_may_be_allowed_and_the_platform_is_ours(void **state)
{
	struct fixture *x = *state;
	struct http_client *open = new_client(true);
	struct peer *plain = peer_start(serve, redirect, false);
	struct peer *tls = x->peer;

	ask(x, open, HTTP_FOREIGN, "https", "localhost");
	assert_int_equal(x->heard.rc, RC_OK);
	ask(x, x->client, HTTP_PLATFORM, "https", "localhost");
	assert_int_equal(x->heard.rc, RC_OK);
	x->peer = plain;
	ask(x, open, HTTP_FOREIGN, "http", "127.1");
	assert_int_equal(x->heard.rc, RC_OK);
	ask(x, x->client, HTTP_PLATFORM, "http", "127.1");
	assert_int_equal(x->heard.rc, RC_OK);
	x->peer = tls;
	peer_stop(plain);
	http_client_free(open);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_spelling_of_a_private_address_is_reached),
	    TEST(no_name_of_a_private_address_is_reached),
	    TEST(a_public_host_is_reached_until_its_name_moves_inside),
	    TEST(every_address_of_a_name_is_checked),
	    TEST(private_targets_may_be_allowed_and_the_platform_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
