#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/log.h"
#include "lib/url.h"
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
setup_hasty(void **state)
{
	struct http_server_options o = bed_options();

	(void)state;
	o.timeout_s = 1;
	bed_start(&bed, o);
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
a_body_has_one_end_or_is_refused(void **state)
{
	static const char *const heads[] = {
	    "Content-Length: 3\r\nContent-Length: 3\r\n",
	    "Content-Length: 3\r\nContent-Length: 4\r\n",
	    "Content-Length: 3\r\ncontent-length: 0\r\n",
	    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
	    /* Read by some as the header, by others as another one. */
	    "Content-Length : 3\r\n",
	    "Content-Length\t: 3\r\n",
	    "Transfer-Encoding : chunked\r\n",
	    "Content-Length: 3\r\n 0\r\n",
	    "Transfer-Encoding:\r\n chunked\r\n",
	    "X-A: 1\r\n\tfolded\r\n",
	    "X-A: 1\r\n \r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		CLEANUP(buf_fini) struct buf request = {0};
		struct row row = {.statuses = "400",
		    .holds = "\r\n\r\n{\"refused\":400}"};

		buf_printf(&request, "%s%s\r\nabc", POST("/x"), heads[i]);
		row.bytes = buf_str(&request);
		row.len = request.len;
		check_rows(&bed, &row, 1);
	}
	assert_int_equal(atomic_load(&bed.heard), 0);
}

static void
an_unknown_transfer_coding_is_refused(void **state)
{
	static const struct row rows[] = {
	    {BYTES(POST("/x") "Transfer-Encoding: gzip\r\n\r\nabc"), "501",
		"{\"refused\":501}"},
	    {BYTES(POST("/x") "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n"),
		"501", NULL},
	    {BYTES(POST("/x") "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
		"501", NULL},
	    {BYTES(POST("/x") "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), "501",
		NULL},
	    {BYTES("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "0\r\n\r\n"),
		"400", "{\"refused\":400}"},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
	assert_int_equal(atomic_load(&bed.heard), 0);
}

/*
 * The library's own refusals: it writes some heads twice, so only the first
 * answer is looked at, and that nothing else is served on the connection.
 */
static void
what_is_no_http_is_refused_by_the_library(void **state)
{
	static const struct {
		const char *bytes;
		const char *begins;
	} rows[] = {
	    {POST("/x") "Content-Length: 7abc\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length: -7\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length: +7\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length: 0x7\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length: 7, 7\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length:\r\n\r\n1234567", "HTTP/1.1 400"},
	    {POST("/x") "Content-Length: 18446744073709551623\r\n\r\n1234567",
		"HTTP/1.1 413"},
	    {GET("/x") "no colon\r\n\r\n", "HTTP/1.1 400"},
	    {"GET /x\r\n\r\n", "HTTP/1.1 400"},
	    {"GET /x HTTP/2.0\r\n\r\n", "HTTP/1.1 505"},
	    {"GET /x HTTP/0.9\r\n\r\n", "HTTP/1.1 505"},
	    {"GET /x http/1.1\r\n\r\n", "HTTP/1.1 400"},
	    {"nonsense\r\n\r\n", ""},
	    {"\x16\x03\x01\x02\r\n\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini)
		struct buf heard = converse(bed.port, rows[i].bytes,
		    strlen(rows[i].bytes), true);

		assert_memory_equal(buf_str(&heard), rows[i].begins,
		    strlen(rows[i].begins));
		assert_null(strstr(buf_str(&heard), "200 OK"));
	}
	assert_int_equal(atomic_load(&bed.heard), 0);
}

static void
a_target_that_is_no_path_is_refused(void **state)
{
	static const char *const targets[] = {
	    "/%",
	    "/%4",
	    "/%zz",
	    "/a%00b",
	    "/?a=%",
	    "/?a=%00",
	    "/a b",
	    "/a?b c",
	    "/\x01",
	    "/\x7f",
	    "/a#b",
	    "*",
	    "x",
	    "h:80",
	    "?a",
	    "ftp://h/x",
	    "http:///x",
	    "http://",
	    "http://h%2f/x",
	    "http://u@h/x",
	    "http://u:p@h/x",
	    "http://other/x",
	    "/\xff",
	    "/%ff",
	    "/%c0%af",
	    "/%ed%a0%80",
	    "/?a=%ff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		CLEANUP(buf_fini) struct buf request = {0};
		struct row row = {.statuses = "400",
		    .holds = "{\"refused\":400}"};

		buf_printf(&request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
		    targets[i]);
		row.bytes = buf_str(&request);
		row.len = request.len;
		check_rows(&bed, &row, 1);
	}
	assert_int_equal(atomic_load(&bed.heard), 0);
}

static void
a_head_that_breaks_a_rule_is_refused(void **state)
{
	static const struct row rows[] = {
	    {BYTES("GET /x HTTP/1.1\r\n\r\n"), "400", "{\"refused\":400}"},
	    {BYTES("GET /x HTTP/1.1\r\nX-A: 1\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "Host: h\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "Host: other\r\n\r\n"), "400", NULL},
	    {BYTES("GET /x HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), "400",
		NULL},
	    {BYTES(GET("/x") ": empty name\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X A: 1\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X\xc3\xbc: 1\r\n\r\n"), "400", NULL},
	    {BYTES("GET /x HTTP/1.1\r\n Host: h\r\n\r\n"), "400", NULL},
	    {BYTES("GET /x HTTP/1.1\r\nHost: h\r\n x\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X-A: 1\0002\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X-A: 1\0002\r\nX-B: 1\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X-A: 1\r2\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X-A: \x1b[1m\r\n\r\n"), "400", NULL},
	    {BYTES(GET("/x") "X-A: \x7f\r\n\r\n"), "400", NULL},
	    {BYTES("G(T /x HTTP/1.1\r\nHost: h\r\n\r\n"), "400", NULL},
	    {BYTES("METHODSTHATARELONGERTHANANYONEUSES /x HTTP/1.1\r\n"
		   "Host: h\r\n\r\n"),
		"400", NULL},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
	assert_int_equal(atomic_load(&bed.heard), 0);
}

/* "GET /xxx... HTTP/1.1" and as many lines of a header as asked for. */
static void
write_long(struct buf *out, size_t target, size_t lines, size_t value)
{
	buf_puts(out, "GET /");
	for (size_t i = 1; i < target; i++) {
		buf_putc(out, 'x');
	}
	buf_puts(out, " HTTP/1.1\r\nHost: h\r\n");
	for (size_t i = 0; i < lines; i++) {
		buf_puts(out, "X-A: ");
		for (size_t j = 0; j < value; j++) {
			buf_putc(out, 'v');
		}
		buf_puts(out, "\r\n");
	}
	buf_puts(out, "\r\n");
}

static void
a_head_has_a_maximum(void **state)
{
	static const struct {
		size_t target, lines, value;
		const char *statuses;
		bool ours; /* in the words of `refuse` */
	} rows[] = {
	    {URL_MAX, 0, 0, "200 200", false},
	    {URL_MAX + 1, 0, 0, "414", true},
	    {1, 99, 1, "200 200", false},
	    {1, 100, 1, "431", true},
	    {1, 1, 4000, "200 200", false},
	    {1, 1, 4096, "431", true},
	    {1, 1, 100000, "431", false},
	    {100000, 0, 0, "414", false},
	    {1, 3000, 1, "431", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf request = {0};
		struct row row = {.statuses = rows[i].statuses};

		write_long(&request, rows[i].target, rows[i].lines,
		    rows[i].value);
		row.bytes = buf_str(&request);
		row.len = request.len;
		row.holds = rows[i].ours ? "{\"refused\":4" : NULL;
		check_rows(&bed, &row, 1);
	}
}

/*
 * Both make the library run out of its memory in the middle of its work, after
 * which it may need the end of the client's time to close.
 */
static void
a_head_of_many_small_things_is_survived(void **state)
{
	static const struct {
		const char *before, *each, *after;
	} rows[] = {
	    {"GET /?", "a&", " HTTP/1.1\r\nHost: h\r\n\r\n"},
	    {"GET /x HTTP/1.1\r\nHost: h\r\nCookie: ", "a;", "\r\n\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf request = {0};
		CLEANUP(buf_fini) struct buf heard = {0};

		buf_puts(&request, rows[i].before);
		while (request.len < 4000) {
			buf_puts(&request, rows[i].each);
		}
		buf_puts(&request, rows[i].after);
		heard = converse(bed.port, request.data, request.len, true);
		assert_null(strstr(buf_str(&heard), "200 OK"));
	}
	assert_int_equal(atomic_load(&bed.heard), 0);
	check_rows(&bed,
	    &(struct row){BYTES(GET("/x") "\r\n"), "200 200", NULL}, 1);
}

static void
write_post(struct buf *out, const char *head, size_t len)
{
	buf_printf(out, "%s%s", POST("/x"), head);
	for (size_t i = 0; i < len; i++) {
		buf_putc(out, 'b');
	}
}

static void
a_body_has_a_maximum(void **state)
{
	static const struct {
		const char *head;
		size_t len;
		const char *end;
		const char *statuses;
	} rows[] = {
	    {"Content-Length: 1000\r\n\r\n", 1000, "", "200 200"},
	    {"Content-Length: 1001\r\n\r\n", 1001, "", "413"},
	    {"Content-Length: 3000000\r\n\r\n", 3000000, "", "413"},
	    /* Not read to its end, so it is not sent either. */
	    {"Content-Length: 18446744073709551615\r\n\r\n", 0, "", "413"},
	    {"Content-Length: 9000000\r\n\r\n", 0, "", "413"},
	    {"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 0, "",
		"413"},
	    {"Transfer-Encoding: chunked\r\n\r\n3e8\r\n", 1000, "\r\n0\r\n\r\n",
		"200 200"},
	    {"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 1001, "\r\n0\r\n\r\n",
		"413"},
	    {"Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n", 3000000,
		"\r\n0\r\n\r\n", "413"},
	    {"Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n3e8\r\n", 1000,
		"\r\n0\r\n\r\n", "413"},
	    /* Cut off: the library takes no answer within a body. */
	    {"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 9000000, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf request = {0};
		struct row row = {.statuses = rows[i].statuses};

		write_post(&request, rows[i].head, rows[i].len);
		buf_puts(&request, rows[i].end);
		row.bytes = buf_str(&request);
		row.len = request.len;
		row.holds = strcmp(row.statuses, "413") == 0
		    ? "{\"refused\":413}"
		    : NULL;
		check_rows(&bed, &row, 1);
	}
}

static void
a_handler_that_forgets_to_answer_has_500_sent(void **state)
{
	static const struct row rows[] = {
	    {BYTES(GET("/none") "\r\n"), "500", "{\"refused\":500}"},
	};

	(void)state;
	check_rows(&bed, rows, ARRAY_LEN(rows));
}

/* Paths may hold tokens; the library puts them into some of its messages. */
static void
no_path_is_logged(void **state)
{
	char name[] = "/tmp/test_http_server_XXXXXX", text[65536];
	int log = mkstemp(name), err = dup(STDERR_FILENO), fd;
	ssize_t n;

	(void)state;
	assert_true(log >= 0 && err >= 0);
	dup2(log, STDERR_FILENO);
	log_setup(LOG_LEVEL_DEBUG, false);
	check_rows(&bed,
	    &(struct row){BYTES(GET("/secret") "no colon\r\n\r\n"), "400",
		NULL},
	    1);
	check_rows(&bed,
	    &(struct row){BYTES(GET("/secret#") "\r\n"), "400", NULL}, 1);
	/* Leaves while a megabyte is on its way. */
	fd = say_connect(bed.port);
	say_text(fd, GET("/big") "X-Secret: secret\r\n\r\n");
	close(fd);
	bed_await(&bed.over, 1);
	log_setup(LOG_LEVEL_INFO, false);
	dup2(err, STDERR_FILENO);
	close(err);
	n = pread(log, text, sizeof(text) - 1, 0);
	close(log);
	unlink(name);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "http library says"));
	assert_null(strstr(text, "secret"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_body_has_one_end_or_is_refused),
	    T(an_unknown_transfer_coding_is_refused),
	    T(what_is_no_http_is_refused_by_the_library),
	    T(a_target_that_is_no_path_is_refused),
	    T(a_head_that_breaks_a_rule_is_refused),
	    T(a_head_has_a_maximum),
	    cmocka_unit_test_setup_teardown(
		a_head_of_many_small_things_is_survived, setup_hasty, teardown),
	    T(a_body_has_a_maximum),
	    T(a_handler_that_forgets_to_answer_has_500_sent),
	    T(no_path_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
