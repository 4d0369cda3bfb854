#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/websocket.h"
#include "lib/websocket_resolve.h"

#include "websocket_bed.h"

/* --- names of the test, and addresses that swallow or refuse ------------- */

#define DEAD "192.0.2.1" /* TCP to it is refused by the network */
#define MUTE "192.0.2.2" /* TCP to it never comes about */

enum { ADDRS_MAX = 10 };

static const struct name {
	const char *name;
	const char *addrs[ADDRS_MAX];
} names[] = {
    {"localhost", {"127.0.0.1"}},
    {"hook.test", {"127.0.0.1"}},
    {"other.test", {"127.0.0.1"}},
    {"stuck.test", {"127.0.0.1"}},
    {"dead-first.test", {DEAD, DEAD, "127.0.0.1"}},
    {"mute-first.test", {MUTE, "127.0.0.1"}},
    {"mute.test", {MUTE, MUTE}},
    {"dead.test", {DEAD, DEAD}},
    {"many.test",
	{DEAD, DEAD, DEAD, DEAD, DEAD, DEAD, DEAD, DEAD, "127.0.0.1"}},
    {"six-first.test", {"::1", "127.0.0.1"}},
};

static struct sockaddr_in mute; /* of a listener whose queue is full */

static pthread_mutex_t stuck_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stuck_change = PTHREAD_COND_INITIALIZER;
static bool stuck;
static int stuck_in, stuck_out; /* lookups of stuck.test begun and over */
static atomic_int lookups, connects;

static void
be_stuck(void)
{
	pthread_mutex_lock(&stuck_lock);
	stuck_in++;
	pthread_cond_broadcast(&stuck_change);
	while (stuck) {
		pthread_cond_wait(&stuck_change, &stuck_lock);
	}
	stuck_out++;
	pthread_cond_broadcast(&stuck_change);
	pthread_mutex_unlock(&stuck_lock);
}

static void
set_stuck(bool on)
{
	pthread_mutex_lock(&stuck_lock);
	stuck = on;
	pthread_cond_broadcast(&stuck_change);
	while (!on && stuck_out < stuck_in) {
		pthread_cond_wait(&stuck_change, &stuck_lock);
	}
	pthread_mutex_unlock(&stuck_lock);
}

static struct addrinfo *
new_addrinfo(const char *addr)
{
	struct {
		struct addrinfo info;
		struct sockaddr_storage addr;
	} *both = calloc(1, sizeof(*both));
	struct sockaddr_in *v4 = (struct sockaddr_in *)&both->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&both->addr;

	both->info.ai_socktype = SOCK_STREAM;
	both->info.ai_protocol = IPPROTO_TCP;
	both->info.ai_addr = (struct sockaddr *)&both->addr;
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		both->info.ai_addrlen = sizeof(*v4);
	} else if (inet_pton(AF_INET6, addr, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		both->info.ai_addrlen = sizeof(*v6);
	} else {
		free(both);
		return NULL;
	}
	both->info.ai_family = both->addr.ss_family;
	return &both->info;
}

/* Comes before libc's, for libwebsockets too. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
    struct addrinfo **pai)
{
	struct addrinfo **end = pai;

	(void)service;
	(void)req;
	*pai = new_addrinfo(name);
	if (*pai != NULL) {
		return 0;
	}
	lookups++;
	if (strcmp(name, "stuck.test") == 0) {
		be_stuck();
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i].name, name) != 0) {
			continue;
		}
		for (size_t k = 0; k < ADDRS_MAX && names[i].addrs[k] != NULL;
		     k++) {
			struct addrinfo *one = new_addrinfo(names[i].addrs[k]);

			if (one == NULL) {
				abort();
			}
			*end = one;
			end = &one->ai_next;
		}
	}
	return *pai != NULL ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	while (ai != NULL) {
		struct addrinfo *next = ai->ai_next;

		free(ai);
		ai = next;
	}
}

int
connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	struct sockaddr_in to = {0};

	connects++;
	memcpy(&to, addr.__sockaddr__, sizeof(to));
	if (to.sin_family == AF_INET && to.sin_addr.s_addr == inet_addr(DEAD)) {
		errno = ENETUNREACH;
		return -1;
	}
	if (to.sin_family == AF_INET && to.sin_addr.s_addr == inet_addr(MUTE)) {
		return (int)syscall(SYS_connect, fd, &mute, sizeof(mute));
	}
	return (int)syscall(SYS_connect, fd, addr.__sockaddr__, len);
}

enum { QUEUED = 4 };

static int mute_fds[1 + QUEUED];

/* Listens and never accepts; what comes beyond the queue is not answered. */
static int
mute_open(void **state)
{
	socklen_t len = sizeof(mute);

	(void)state;
	mute = (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	for (int i = 0; i <= QUEUED; i++) {
		mute_fds[i] = socket(AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (bind(mute_fds[0], (struct sockaddr *)&mute, len) != 0 ||
	    getsockname(mute_fds[0], (struct sockaddr *)&mute, &len) != 0 ||
	    listen(mute_fds[0], 0) != 0) {
		return -1;
	}
	for (int i = 1; i <= QUEUED; i++) {
		(void)syscall(SYS_connect, mute_fds[i], &mute, sizeof(mute));
	}
	return 0;
}

static int
mute_close(void **state)
{
	(void)state;
	for (int i = 0; i <= QUEUED; i++) {
		close(mute_fds[i]);
	}
	return 0;
}

/* --- names --------------------------------------------------------------- */

static void
addresses_of_a_name_are_tried_in_turn(void **state)
{
	static const struct {
		const char *host;
		bool opens;
		int connects;
		enum rc rc;
		const char *detail;
	} rows[] = {
	    {"hook.test", true, 1, 0, ""},
	    {"127.0.0.1", true, 1, 0, ""},
	    {"dead-first.test", true, 3, 0, ""},
	    {"mute-first.test", true, 2, 0, ""},
	    {"six-first.test", true, 2, 0, ""},
	    {"nobody.test", false, 0, RC_REMOTE_TEMP,
		"no address of its name: "},
	    {"dead.test", false, 2, RC_REMOTE_TEMP, "no connection"},
	    {"many.test", false, RESOLVER_ADDRS_MAX, RC_REMOTE_TEMP,
		"no connection"},
	    {"mute.test", false, 2, RC_EXPIRED, "no handshake in time"},
	};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ws_client c;

		connects = 0;
		ws_client_init(&c, x->loop, "ws", rows[i].host,
		    peer_port(x->peer), "/");
		c.call.handshake_ms = 1000;
		ws_client_open(&c);
		if (rows[i].opens) {
			ws_client_await_opened(&c);
			ws_client_drop(&c);
		}
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc, rows[i].rc);
		assert_int_equal(c.end.was_open, rows[i].opens);
		assert_int_equal(connects, rows[i].connects);
		if (!rows[i].opens) {
			assert_memory_equal(c.detail, rows[i].detail,
			    strlen(rows[i].detail));
		}
		assert_int_equal(c.ended, 1);
		ws_client_fini(&c);
	}
}

static void
the_host_is_named_in_the_upgrade(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;
	char want[60];

	snprintf(c->url, sizeof(c->url), "WS://Hook.Test:%d?a=b",
	    peer_port(x->peer));
	ws_bed_open(x, ws_echo);
	snprintf(want, sizeof(want), "\r\nHost: hook.test:%d\r\n",
	    peer_port(x->peer));
	assert_non_null(strstr(x->asked.data, want));
	assert_memory_equal(x->asked.data, "GET /?a=b HTTP/1.1\r\n", 20);
}

static void
a_lookup_that_hangs_holds_nobody_up(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client hung, late;

	set_stuck(true);
	ws_client_init(&hung, x->loop, "ws", "stuck.test", peer_port(x->peer),
	    "/");
	hung.call.handshake_ms = 100;
	ws_client_init(&late, x->loop, "ws", "stuck.test", peer_port(x->peer),
	    "/");
	ws_client_open(&hung);
	ws_client_open(&late);
	ws_bed_open(x, ws_echo);
	ws_client_await_ended(&hung);
	assert_int_equal(hung.end.rc, RC_EXPIRED);
	set_stuck(false);
	ws_client_await_opened(&late);
	assert_int_equal(hung.ended, 1);
	ws_client_drop(&late);
	ws_client_await_ended(&late);
	ws_client_fini(&hung);
	ws_client_fini(&late);
}

static void
only_so_many_lookups_may_hang(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client c;

	set_stuck(true);
	for (int i = 0; i <= RESOLVER_ASKED_MAX; i++) {
		ws_client_init(&c, x->loop, "ws", "stuck.test",
		    peer_port(x->peer), "/");
		c.call.handshake_ms = 1;
		ws_client_open(&c);
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc,
		    i < RESOLVER_ASKED_MAX ? RC_EXPIRED : RC_REMOTE_TEMP);
		ws_client_fini(&c);
	}
	set_stuck(false);
}

static void
a_loop_does_not_wait_for_lookups_when_it_ends(void **state)
{
	struct ws_bed *x = *state;

	set_stuck(true);
	snprintf(x->client.url, sizeof(x->client.url), "ws://stuck.test:%d/",
	    peer_port(x->peer));
	ws_client_open(&x->client);
	websocket_loop_free(x->loop);
	x->loop = NULL;
	assert_int_equal(x->client.end.rc, RC_BUSY);
	set_stuck(false);
}

/* --- TLS ----------------------------------------------------------------- */

struct tls_row {
	const char *host;
	bool trusted;
	bool opens;
	enum rc rc;
	const char *detail; /* has this */
};

static void
the_chain_and_the_name_are_verified(void **state)
{
	static const struct tls_row rows[] = {
	    {"localhost", true, true, 0, ""},
	    {"hook.test", true, true, 0, ""},
	    {"dead-first.test", true, false, RC_REMOTE_PERM,
		"TLS: hostname mismatch"},
	    {"other.test", true, false, RC_REMOTE_PERM,
		"TLS: hostname mismatch"},
	    {"127.0.0.1", true, false, RC_REMOTE_PERM, "TLS: "},
	    {"hook.test", false, false, RC_REMOTE_PERM,
		"TLS: self-signed certificate"},
	};
	struct ws_bed *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct websocket_loop *loop =
		    ws_loop_new(rows[i].trusted ? peer_ca_file() : NULL);
		struct ws_client c;

		ws_client_init(&c, loop, "wss", rows[i].host,
		    peer_port(x->peer), "/");
		ws_client_open(&c);
		if (rows[i].opens) {
			ws_client_await_opened(&c);
			assert_int_equal(ws_client_send(&c, "x", 1), RC_OK);
			ws_client_await_messages(&c, 1);
			ws_client_drop(&c);
		}
		ws_client_await_ended(&c);
		assert_int_equal(c.end.rc, rows[i].rc);
		assert_int_equal(c.end.was_open, rows[i].opens);
		if (!rows[i].opens) {
			assert_non_null(strstr(c.detail, rows[i].detail));
		}
		websocket_loop_free(loop);
		assert_int_equal(c.ended, 1);
		ws_client_fini(&c);
	}
}

/* The system's own, here by the variable that OpenSSL reads. */
static void
copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	char bytes[8192];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	}
	(void)fclose(in);
	assert_int_equal(fclose(out), 0);
}

static void
a_ca_of_ours_is_trusted_beside_those_of_the_system(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client c;
	struct websocket_loop *loop;
	char theirs[80];
	struct peer *other;

	snprintf(theirs, sizeof(theirs), "%s.system", peer_ca_file());
	copy_file(peer_ca_file(), theirs);
	setenv("SSL_CERT_FILE", theirs, 1);
	peer_forget_ca();
	other = peer_start(ws_bed_serve, x, true);
	loop = ws_loop_new(peer_ca_file());
	for (int i = 0; i < 2; i++) {
		ws_client_init(&c, loop, "wss", "hook.test",
		    peer_port(i == 0 ? other : x->peer), "/");
		ws_client_open(&c);
		ws_client_await_opened(&c);
		ws_client_drop(&c);
		ws_client_await_ended(&c);
		ws_client_fini(&c);
	}
	websocket_loop_free(loop);
	peer_stop(other);
	unsetenv("SSL_CERT_FILE");
	unlink(theirs);
}

static void
talk_plainly(struct peer_conn *conn)
{
	peer_say(conn, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

static void
a_server_without_tls_is_no_verification_failure(void **state)
{
	struct ws_bed *x = *state;
	struct ws_client *c = &x->client;

	x->serve_all = talk_plainly;
	snprintf(c->url, sizeof(c->url), "wss://hook.test:%d/",
	    peer_port(x->peer));
	ws_client_open(c);
	ws_client_await_ended(c);
	assert_int_equal(c->end.rc, RC_REMOTE_TEMP);
	assert_int_equal(c->end.status, 0);
}

int
main(void)
{
#define ROW(t) cmocka_unit_test_setup_teardown(t, ws_bed_setup, ws_bed_teardown)
#define TLS_ROW(t) \
	cmocka_unit_test_setup_teardown(t, ws_bed_setup_tls, ws_bed_teardown)
	const struct CMUnitTest tests[] = {
	    ROW(addresses_of_a_name_are_tried_in_turn),
	    ROW(the_host_is_named_in_the_upgrade),
	    ROW(a_lookup_that_hangs_holds_nobody_up),
	    ROW(only_so_many_lookups_may_hang),
	    ROW(a_loop_does_not_wait_for_lookups_when_it_ends),
	    TLS_ROW(the_chain_and_the_name_are_verified),
	    TLS_ROW(a_ca_of_ours_is_trusted_beside_those_of_the_system),
	    ROW(a_server_without_tls_is_no_verification_failure),
	};

	return cmocka_run_group_tests_name("websocket_names", tests, mute_open,
	    mute_close);
}
