#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/rc.h"
#include "payload.h"

static const struct {
	const char *payload, *type; /* NULL = text of its own */
} types[] = {
    {"./leads.csv", "csv"},
    {"leads.CSV", "csv"},
    {"  leads.json \n", "json"},
    {"a.jsonl", "jsonl"},
    {"a.xlsx", "xlsx"},
    /* Known endings count behind any text, as in Zehrava. */
    {"Please read notes.txt", "txt"},
    {"two\nlines.pdf", "pdf"},
    /* Unknown ones only where it can be a name. */
    {"a.exe", "exe"},
    {"/usr/bin/tool.SH", "sh"},
    {"C:\\Program Files\\x.dll", "dll"},
    {"./my file.bin", "bin"},
    {"../my file.bin", "bin"},
    {"~/my file.bin", "bin"},
    {"/tmp/my file.bin", "bin"},
    {"\\\\host\\my file.bin", "bin"},
    {"https://host/a.iso", "iso"},
    {"a.tar.gz", "gz"},
    {"All is well.Bye", NULL},
    {"Thank you.", NULL},
    {"line\n/tmp/a.exe", NULL},
    {"1.5", NULL},
    {"v1.2", NULL},
    {".exe", "exe"},
    {"exe", NULL},
    {"a.", NULL},
    {"a.abcdefghijk", NULL},
    {"", NULL},
    {" ", NULL},
    {"{\"a\": 1}", NULL},
    {"{\"a\": \"b.csv\"}", NULL},
    /* data: URIs. */
    {"data:application/json,{}", "json"},
    {"DATA:Text/CSV;charset=utf-8;base64,QQ==", "csv"},
    {"data:,hello", "txt"},
    {"data:text/plain;base64,QQ==", "txt"},
    {"data:application/x-msdownload;base64,QQ==", "x-msdownload"},
    {"data:application/vnd.openxmlformats-officedocument."
     "spreadsheetml.sheet,x",
	"xlsx"},
    {"data:text/xml,<a/>", "xml"},
    {"data:nonsense", "nonsense"},
    {"data:", "txt"},
};

static void
the_type_is_guessed_from_the_bytes(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const char *type =
		    payload_type(a, types[i].payload, strlen(types[i].payload));

		if (types[i].type == NULL
			? type != NULL
			: type == NULL || strcmp(type, types[i].type) != 0) {
			fail_msg("%s: %s", types[i].payload,
			    type == NULL ? "(null)" : type);
		}
	}
}

static void
a_long_name_is_no_path(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = {0};

	(void)state;
	while (b.len < 5000) {
		buf_putc(&b, 'a');
	}
	buf_puts(&b, ".exe");
	assert_null(payload_type(a, b.data, b.len));
	assert_non_null(payload_type(a, b.data + 2000, b.len - 2000));
	buf_clear(&b);
	buf_puts(&b, "data:a/");
	while (b.len < 5000) {
		buf_putc(&b, 'a');
	}
	assert_int_equal(strlen(payload_type(a, b.data, b.len)),
	    PAYLOAD_TYPE_MAX);
}

static void
a_data_uri_is_decoded_or_in_doubt(void **state)
{
	static const struct {
		const char *uri, *bytes; /* NULL = in doubt */
	} rows[] = {
	    {"data:,hello", "hello"},
	    {"data:text/plain,a%20b%2C", "a b,"},
	    {" data:;base64,cmVmdW5k ", "refund"},
	    {"data:application/json;BASE64,e30=", "{}"},
	    {"data:;base64,e30%3D", "{}"},
	    {"data:;base64,", ""},
	    {"data:,", ""},
	    {"data:,,", ","},
	    {"data:base64,e30=", "e30="},
	    {"data:;base64,e30", NULL},
	    {"data:;base64,e 30=", NULL},
	    {"data:;base64,e31=", NULL},
	    {"data:;base64,e30=%00", NULL},
	    {"data:,%", NULL},
	    {"data:,%4", NULL},
	    {"data:,%zz", NULL},
	    {"data:text/plain", NULL},
	    {"date:,x", NULL},
	    {"", NULL},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = 99;
		const char *got =
		    payload_data(a, rows[i].uri, strlen(rows[i].uri), &len);

		if (rows[i].bytes == NULL) {
			assert_null(got);
			continue;
		}
		assert_non_null(got);
		assert_int_equal(len, strlen(rows[i].bytes));
		assert_string_equal(got, rows[i].bytes);
	}
	assert_true(payload_is_data("\tDaTa:", 6));
	assert_false(payload_is_data("data:", 4));
	assert_false(payload_is_data("x data:", 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_type_is_guessed_from_the_bytes),
	    cmocka_unit_test(a_long_name_is_no_path),
	    cmocka_unit_test(a_data_uri_is_decoded_or_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
