#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "lib/url.h"

/* The socket address of a text; its length in *out_len. */
static struct sockaddr_storage
address(const char *text, socklen_t *out_len)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&out, &v4, sizeof(v4));
		*out_len = sizeof(v4);
		return out;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	memcpy(&out, &v6, sizeof(v6));
	*out_len = sizeof(v6);
	return out;
}

static bool
is_private(const char *text)
{
	socklen_t len;
	struct sockaddr_storage sa = address(text, &len);

	return url_addr_is_private((struct sockaddr *)&sa, len);
}

static const char *const private_addresses[] = {
    /* this network */
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    /* RFC 1918 */
    "10.0.0.0",
    "10.1.2.3",
    "10.255.255.255",
    "172.16.0.0",
    "172.20.10.1",
    "172.31.255.255",
    "192.168.0.0",
    "192.168.1.1",
    "192.168.255.255",
    /* CGNAT, and a cloud's metadata in it */
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    /* loopback, link-local, metadata */
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "168.63.129.16",
    /* protocols, documentation, benchmarking, withdrawn relays */
    "192.0.0.0",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "198.51.100.255",
    "203.0.113.0",
    "198.18.0.0",
    "198.19.255.255",
    "192.88.99.1",
    /* multicast, reserved, broadcast */
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.254",
    "255.255.255.255",
    /* IPv6: unspecified, loopback, old forms of IPv4 in it */
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    /* unique local and metadata in it, link-local, site-local */
    "fc00::",
    "fd00::1",
    "fd00:ec2::254",
    "fdff:ffff::",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "feff::1",
    /* multicast, discard, documentation, benchmarking, ORCHID */
    "ff02::1",
    "ff0e::1",
    "ffff::1",
    "100::1",
    "2001:db8::1",
    "2001:db8:ffff::",
    "3fff::1",
    "3fff:fff::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1::1",
    "2001:1ff::",
    /* outside of 2000::/3 */
    "4000::1",
    "5f00::1",
    "1fff::1",
    "8000::",
    /* IPv4-mapped */
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:c0a8:101",
    /* NAT64, well-known and local-use */
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:ffff::1",
    "64:ff9b:0:0:1::8.8.8.8",
    /* 6to4 */
    "2002:a00:1::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2002:a9fe:a9fe::1",
    "2002:6440:1::1",
    /* Teredo: the server, then the client with its bits inverted */
    "2001:0:a00:1::f7f7:f7f7",
    "2001:0:808:808::f5ff:fffe",
    "2001:0:808:808::80ff:fffe",
    "2001:0:808:808::5601:5601",
};

static void
private_addresses_are_known(void **state)
{
	(void)state;
	assert_true(ARRAY_LEN(private_addresses) >= 60);
	for (size_t i = 0; i < ARRAY_LEN(private_addresses); i++) {
		if (!is_private(private_addresses[i])) {
			fail_msg("%s is private", private_addresses[i]);
		}
	}
}

static void
public_addresses_are_let_through(void **state)
{
	static const char *const rows[] = {
	    "1.0.0.0",
	    "1.1.1.1",
	    "8.8.8.8",
	    "9.255.255.255",
	    "11.0.0.0",
	    "100.63.255.255",
	    "100.128.0.0",
	    "126.255.255.255",
	    "128.0.0.0",
	    "168.63.129.15",
	    "168.63.129.17",
	    "169.253.255.255",
	    "169.255.0.0",
	    "172.15.255.255",
	    "172.32.0.0",
	    "191.255.255.255",
	    "192.0.1.0",
	    "192.0.3.0",
	    "192.88.98.255",
	    "192.88.100.0",
	    "192.167.255.255",
	    "192.169.0.0",
	    "198.17.255.255",
	    "198.20.0.0",
	    "198.51.99.255",
	    "198.51.101.0",
	    "203.0.112.255",
	    "203.0.114.0",
	    "223.255.255.255",
	    "2000::1",
	    "2001:200::1",
	    "2001:4860:4860::8888",
	    "2003::1",
	    "2001:db7:ffff::",
	    "2001:db9::",
	    "2606:4700:4700::1111",
	    "2a00:1450:4001::1",
	    "3ffe:ffff::1",
	    "3fff:1000::",
	    "2620:fe::fe",
	    "::ffff:8.8.8.8",
	    "64:ff9b::8.8.8.8",
	    "2002:808:808::1",
	    "2001:0:808:808::f7f7:f7f7",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (is_private(rows[i])) {
			fail_msg("%s is public", rows[i]);
		}
	}
}

static void
what_is_no_internet_address_is_private(void **state)
{
	struct sockaddr_un un = {AF_UNIX, "/run/x"};
	socklen_t len;
	struct sockaddr_storage v4 = address("8.8.8.8", &len);
	struct sockaddr_storage v6 = address("2606:4700::1", &len);

	(void)state;
	assert_true(url_addr_is_private((struct sockaddr *)&un, sizeof(un)));
	assert_true(url_addr_is_private((struct sockaddr *)&v4,
	    sizeof(struct sockaddr_in) - 1));
	assert_true(url_addr_is_private((struct sockaddr *)&v6, len - 1));
	assert_true(url_addr_is_private((struct sockaddr *)&v4, 0));
	v4.ss_family = AF_UNSPEC;
	assert_true(url_addr_is_private((struct sockaddr *)&v4, len));
}

static void
an_address_is_found_in_its_prefix(void **state)
{
	static const struct {
		const char *addr, *cidr;
		bool in;
	} rows[] = {
	    {"10.1.2.3", "10.0.0.0/8", true},
	    {"10.1.2.3", "10.9.9.9/8", true},
	    {"11.1.2.3", "10.0.0.0/8", false},
	    {"10.1.2.3", "10.1.2.3", true},
	    {"10.1.2.4", "10.1.2.3", false},
	    {"10.1.2.3", "10.1.2.2/31", true},
	    {"10.1.2.4", "10.1.2.2/31", false},
	    {"172.31.255.255", "172.16.0.0/12", true},
	    {"172.32.0.0", "172.16.0.0/12", false},
	    {"200.1.2.3", "0.0.0.0/0", true},
	    {"::1", "0.0.0.0/0", false},
	    {"::1", "::1", true},
	    {"::1", "::1/128", true},
	    {"::2", "::1", false},
	    {"::2", "::/0", true},
	    {"10.0.0.1", "::/0", false},
	    {"2001:db8:8000::", "2001:db8::/33", false},
	    {"2001:db8:7fff::", "2001:db8::/33", true},
	    /* A socket for both families names IPv4 peers so. */
	    {"::ffff:10.1.2.3", "10.0.0.0/8", true},
	    {"10.1.2.3", "::ffff:10.0.0.0/104", true},
	    {"11.1.2.3", "::ffff:10.0.0.0/104", false},
	    {"10.1.2.3", "::ffff:0:0/96", true},
	    {"::ffff:10.1.2.3", "::ffff:10.1.2.3", true},
	    {"", "0.0.0.0/0", false},
	    {"x", "0.0.0.0/0", false},
	    {"10.1.2.3/32", "10.0.0.0/8", false},
	    {"10.1.2.3", "x", false},
	    {"10.1.2.3", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (url_addr_in(rows[i].addr, rows[i].cidr) != rows[i].in) {
			fail_msg("%s in %s", rows[i].addr, rows[i].cidr);
		}
	}
}

static void
only_addresses_and_prefixes_are_valid(void **state)
{
	static const char *const good[] = {
	    "0.0.0.0/0",
	    "10.0.0.0/8",
	    "10.0.0.1",
	    "1.2.3.4/32",
	    "::/0",
	    "::1",
	    "fe80::/10",
	    "2001:db8::/128",
	    "::ffff:1.2.3.4/100",
	};
	static const char *const bad[] = {
	    "",
	    "/",
	    "/8",
	    "10.0.0.0/",
	    "10.0.0.0/33",
	    "10.0.0.0/08",
	    "10.0.0.0/-1",
	    "10.0.0.0/+8",
	    "10.0.0.0/8x",
	    "10.0.0.0/8/8",
	    "10.0.0.0/ 8",
	    "10.0.0.0 /8",
	    " 10.0.0.0/8",
	    "10.0.0/8",
	    "10/8",
	    "10.0.0.256",
	    "010.0.0.1",
	    "::/129",
	    "::/0128",
	    "::/1000",
	    "::/99999999999",
	    ":::",
	    "fe80::1%eth0",
	    "[::1]",
	    "localhost",
	    "::1::",
	    "1.2.3.4:80",
	    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(url_cidr_is_valid(good[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (url_cidr_is_valid(bad[i])) {
			fail_msg("%s is no prefix", bad[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(private_addresses_are_known),
	    cmocka_unit_test(public_addresses_are_let_through),
	    cmocka_unit_test(what_is_no_internet_address_is_private),
	    cmocka_unit_test(an_address_is_found_in_its_prefix),
	    cmocka_unit_test(only_addresses_and_prefixes_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
