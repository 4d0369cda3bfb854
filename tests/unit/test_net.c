#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/net.h"

/* Connects to an address of either family; false if nobody listens. */
static bool
can_connect(const char *addr, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
	    .sin6_port = htons((in_port_t)port)};
	bool is_v6 = strchr(addr, ':') != NULL, ok;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	if (is_v6) {
		assert_int_equal(inet_pton(AF_INET6, addr, &v6.sin6_addr), 1);
		ok = connect(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0;
	} else {
		assert_int_equal(inet_pton(AF_INET, addr, &v4.sin_addr), 1);
		ok = connect(fd, (struct sockaddr *)&v4, sizeof(v4)) == 0;
	}
	close(fd);
	return ok;
}

static void
a_host_says_who_can_connect(void **state)
{
	static const struct {
		const char *host;
		bool v4, other_v4, v6;
	} rows[] = {
	    {"127.0.0.1", true, false, false},
	    {"127.0.0.2", false, true, false},
	    {"", true, true, false},
	    {"0.0.0.0", true, true, false},
	    {"::1", false, false, true},
	    {"::", true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault f = {0};
		int fd, port;

		assert_int_equal(net_listen(rows[i].host, 0, &fd, &f), RC_OK);
		port = net_port(fd);
		assert_in_range(port, 1, 65535);
		assert_int_equal(can_connect("127.0.0.1", port), rows[i].v4);
		assert_int_equal(can_connect("127.0.0.2", port),
		    rows[i].other_v4);
		assert_int_equal(can_connect("::1", port), rows[i].v6);
		close(fd);
	}
}

static void
a_port_is_shared_with_nobody(void **state)
{
	struct fault f = {0};
	int one, two, port;

	(void)state;
	assert_int_equal(net_listen("127.0.0.1", 0, &one, &f), RC_OK);
	port = net_port(one);
	assert_int_equal(net_listen("127.0.0.1", port, &two, &f), RC_CONFLICT);
	assert_string_equal(f.field, "port");
	assert_int_equal(net_listen("", port, &two, &f), RC_CONFLICT);
	close(one);
	/* And can be had again at once. */
	assert_int_equal(net_listen("127.0.0.1", port, &two, &f), RC_OK);
	assert_int_equal(net_port(two), port);
	close(two);
}

static void
what_cannot_be_listened_on_is_refused(void **state)
{
	char long_name[400];
	const struct {
		const char *host;
		int port;
		const char *field;
	} rows[] = {
	    {"127.0.0.1", -1, "port"},
	    {"127.0.0.1", 65536, "port"},
	    {"192.0.2.1", 0, "host"},
	    {"2001:db8::1", 0, "host"},
	    {long_name, 0, "host"},
	};

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault f = {0};
		int fd;

		assert_int_equal(net_listen(rows[i].host, rows[i].port, &fd,
				     &f),
		    RC_INVALID);
		assert_string_equal(f.field, rows[i].field);
	}
	assert_int_equal(net_port(-1), 0);
}

static void
an_address_is_written_without_its_port(void **state)
{
	static const struct {
		const char *addr, *text;
	} rows[] = {
	    {"::1", "::1"},
	    {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
	    {"::ffff:10.1.2.3", "10.1.2.3"},
	    {"::ffff:0:10.1.2.3", "::ffff:0:a01:203"},
	};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
	    .sin_port = htons(80),
	    .sin_addr.s_addr = htonl(0xc0000201)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "x"};
	char out[NET_ADDR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

		inet_pton(AF_INET6, rows[i].addr, &v6.sin6_addr);
		assert_string_equal(net_addr_text((struct sockaddr *)&v6, out),
		    rows[i].text);
	}
	assert_string_equal(net_addr_text((struct sockaddr *)&v4, out),
	    "192.0.2.1");
	assert_string_equal(net_addr_text((struct sockaddr *)&un, out), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_host_says_who_can_connect),
	    cmocka_unit_test(a_port_is_shared_with_nobody),
	    cmocka_unit_test(what_cannot_be_listened_on_is_refused),
	    cmocka_unit_test(an_address_is_written_without_its_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
