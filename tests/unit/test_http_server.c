#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/http_bed.h"

static struct bed bed;

static int
setup(void **state)
{
	(void)state;
	bed_start(&bed, bed_options());
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bed_stop(&bed);
	return 0;
}

static void
a_request_reaches_its_handler(void **state)
{
	static const struct row rows[] = {
	    {BYTES(GET("/x") "\r\n"), "200 200", "GET /x "},
	    {BYTES("\r\n" GET("/leading-line-end") "\r\n"), "200 200",
		"GET /l"},
	    {BYTES("GET /x HTTP/1.1\nHost: h\n\n"), "200 200", "GET /x "},
	    {BYTES(GET("/a%20b/%c3%bc") "\r\n"), "200 200",
		"GET /a b/\xc3\xbc "},
	    {BYTES(GET("/raw/\xc3\xbc") "\r\n"), "200 200", "/raw/\xc3\xbc "},
	    {BYTES(GET("/%2e%2e/%2f") "\r\n"), "200 200", "GET /..// "},
	    {BYTES(GET("/x+y?a=1") "\r\n"), "200 200", "GET /x+y "},
	    {BYTES(GET("http://h/abs?x=1") "\r\n"), "200 200", "GET /abs "},
	    {BYTES(GET("HTTPS://H") "\r\n"), "200 200", "GET / "},
	    {BYTES(GET("http://h?x=1") "\r\n"), "200 200", "GET / "},
	    {BYTES("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n"), "200 200",
		"Content-Length: 8\r\n"},
	    {BYTES("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n"), "200 200",
		"BREW /pot "},
	    {BYTES("OPTIONS /x HTTP/1.1\r\nHost: h\r\n\r\n"), "200 200",
		"OPTIONS /x "},
	    {BYTES("DELETE /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n"
		   "ab"),
		"200 200", "DELETE /x ab"},
	    {BYTES(POST("/x") "\r\n"), "200 200", "POST /x "},
	    {BYTES(POST("/x") "Content-Length: 0\r\n\r\n"), "200 200",
		"POST /x "},
	    {BYTES(POST("/x") "Content-Length: 005\r\n\r\nabcde"), "200 200",
		"POST /x abcde"},
	    {BYTES("GET /x HTTP/1.0\r\n\r\n"), "200", "Connection: close"},
	    {BYTES("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		"200 200", NULL},
	    {BYTES(GET("/x") "Connection: close\r\n\r\n"), "200",
		"Connection: close"},
	    {BYTES(GET("/x") "connection: foo, CLOSE\r\n\r\n"), "200", NULL},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
}

static void
a_chunked_body_is_put_together(void **state)
{
#define CHUNKED POST("/x") "Transfer-Encoding: chunked\r\n\r\n"
	static const struct row rows[] = {
	    {BYTES(CHUNKED "0\r\n\r\n"), "200 200", "POST /x "},
	    {BYTES(CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "200 200",
		"POST /x abcde"},
	    {BYTES(CHUNKED "a;q=\"x\"\r\n0123456789\r\n000\r\n\r\n"), "200 200",
		"POST /x 0123456789"},
	    {BYTES(CHUNKED "1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n"), "200 200",
		"POST /x a"},
	    {BYTES(POST("/x") "transfer-encoding: CHUNKED\r\n\r\n"
			      "1\r\na\r\n0\r\n\r\n"),
		"200 200", "POST /x a"},
	    /* The library's own words, in one answer. */
	    {BYTES(CHUNKED "zz\r\n"), "400", NULL},
	    {BYTES(CHUNKED "-1\r\n"), "400", NULL},
	    {BYTES(CHUNKED "1\r\nabc\r\n0\r\n\r\n"), "400", NULL},
	    {BYTES(CHUNKED "10000000000000001\r\n"), "413", NULL},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
}

static void
twenty_posts_in_one_segment_have_twenty_answers_in_order(void **state)
{
	CLEANUP(buf_fini) struct buf request = {0};
	CLEANUP(buf_fini) struct buf heard = {0};
	CLEANUP(buf_fini) struct buf got = {0};
	const char *p;

	(void)state;
	for (int i = 10; i < 30; i++) {
		buf_printf(&request, "%sContent-Length: 6\r\n\r\nbody%d",
		    POST("/x"), i);
	}
	heard = converse(bed.port, request.data, request.len, true);
	got = statuses(&heard, false);
	assert_int_equal(got.len, 21 * 4 - 1);
	p = buf_str(&heard);
	for (int i = 10; i < 30; i++) {
		char want[32];

		snprintf(want, sizeof(want), "POST /x body%d", i);
		p = strstr(p, want);
		assert_non_null(p);
	}
}

static void
a_client_that_expects_it_is_told_to_continue(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = say_connect(bed.port);

	(void)state;
	say_text(fd,
	    POST("/x") "Content-Length: 3\r\n"
		       "Expect: 100-continue\r\n"
		       "Connection: close\r\n\r\n");
	hear_until(fd, &heard, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(atomic_load(&bed.heard), 0);
	say_text(fd, "abc");
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "POST /x abc"));
	close(fd);
}

static void
a_request_may_come_byte_by_byte(void **state)
{
	static const char request[] = POST("/x") "Content-Length: 3\r\n"
						 "Connection: close\r\n\r\nabc";
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = say_connect(bed.port);

	(void)state;
	for (size_t i = 0; i < strlen(request); i++) {
		say(fd, &request[i], 1);
	}
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "POST /x abc"));
	close(fd);
}

static void
what_was_asked_can_be_looked_up(void **state)
{
	static const struct row rows[] = {
	    {BYTES(GET("/query?a=1&a=2") "\r\n"), "200 200", "\na=1"},
	    {BYTES(GET("/query?b=1&a=x%20y+z%26") "\r\n"), "200 200",
		"\na=x y z&"},
	    {BYTES(GET("/query?a") "\r\n"), "200 200", "\na="},
	    {BYTES(GET("/query?A=1&ab=2") "\r\n"), "200 200", "\nnone"},
	    {BYTES(GET("/query") "\r\n"), "200 200", "\nnone"},
	    {BYTES(GET("http://h/query?a=1") "\r\n"), "200 200", "\na=1"},
	    {BYTES(GET("/header") "x-a: 1\r\nX-A: 2\r\n\r\n"), "200 200",
		"\na=1"},
	    {BYTES(GET("/header") "X-A: \t b c \t\r\n\r\n"), "200 200",
		"Content-Length: 5\r\n\r\na=b cHTTP"},
	    {BYTES(GET("/header") "X-A:\r\n\r\n"), "200 200",
		"Content-Length: 2\r\n\r\na="},
	    {BYTES(GET("/header") "X-AB: 1\r\n\r\n"), "200 200", "\nnone"},
	    {BYTES(GET("/cookie") "Cookie: b=2; a=1%20x; c=3\r\n\r\n"),
		"200 200", "\na=1%20xHTTP"},
	    {BYTES(GET("/cookie") "Cookie: b=2\r\n\r\n"), "200 200", "\nnone"},
	    {BYTES(GET("/peer") "\r\n"), "200 200", "\n127.0.0.1HTTP"},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
}

static void
an_answer_has_its_headers_and_no_others(void **state)
{
	CLEANUP(buf_fini)
	struct buf heard = converse(bed.port,
	    BYTES(GET("/added") "Connection: close\r\n\r\n"), false);
	const char *all = buf_str(&heard), *one, *two;

	(void)state;
	assert_memory_equal(all, "HTTP/1.1 204 No Content\r\nDate: ", 31);
	one = strstr(all, "\r\nX-One: 1\r\n");
	two = strstr(all, "\r\nX-Two: 2\r\n");
	assert_non_null(one);
	assert_true(one < two);
	assert_null(strstr(all, "X-Evil"));
	assert_null(strstr(all, "X-Injected"));
	assert_null(strstr(all, "Server:"));
	assert_null(strstr(all, "X-Powered-By"));
	assert_null(strstr(all, "Content-"));
}

static void
a_large_answer_comes_whole(void **state)
{
	CLEANUP(buf_fini) struct buf heard = {0};
	CLEANUP(buf_fini) struct buf got = {0};

	(void)state;
	heard = converse(bed.port, BYTES(GET("/big") "\r\n" GET("/big") "\r\n"),
	    true);
	got = statuses(&heard, false);
	assert_string_equal(buf_str(&got), "200 200 200");
	assert_true(heard.len > (size_t)2 * BED_BIG);
}

static void
a_server_on_any_address_knows_its_peers(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "", "0.0.0.0", "::"};
	static const struct row rows[] = {
	    {BYTES(GET("/peer") "\r\n"), "200 200", "\n127.0.0.1HTTP"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct http_server_options o = bed_options();

		o.host = hosts[i];
		bed_start(&bed, o);
		check_rows(&bed, rows, ARRAY_LEN(rows));
		bed_stop(&bed);
	}
}

static void
a_server_on_ipv6_knows_its_peers(void **state)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	o.host = "::1";
	bed_start(&bed, o);
	a.sin6_port = htons((in_port_t)bed.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	say_text(fd, GET("/peer") "Connection: close\r\n\r\n");
	hear_all(fd, &heard);
	assert_non_null(strstr(buf_str(&heard), "\r\n\r\n::1"));
	close(fd);
	bed_stop(&bed);
}

static void
a_second_server_on_the_port_is_refused(void **state)
{
	struct http_server_options o = bed_options();
	struct http_server *second = NULL;
	struct fault f = {0};

	(void)state;
	o.port = bed.port;
	assert_int_equal(http_server_new(&o, &second, &f), RC_CONFLICT);
	assert_string_equal(f.field, "port");
	assert_null(second);
	http_server_free(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_reaches_its_handler),
	    T(a_chunked_body_is_put_together),
	    T(twenty_posts_in_one_segment_have_twenty_answers_in_order),
	    T(a_client_that_expects_it_is_told_to_continue),
	    T(a_request_may_come_byte_by_byte),
	    T(what_was_asked_can_be_looked_up),
	    T(an_answer_has_its_headers_and_no_others),
	    T(a_large_answer_comes_whole),
	    T(a_second_server_on_the_port_is_refused),
	    cmocka_unit_test(a_server_on_any_address_knows_its_peers),
	    cmocka_unit_test(a_server_on_ipv6_knows_its_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
