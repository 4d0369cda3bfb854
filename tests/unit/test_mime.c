#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channels/mime.h"

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10

static void
a_header_is_folded_and_encoded(void **state)
{
	static const struct {
		const char *value, *header;
	} rows[] = {
	    {"", "Subject: \r\n"},
	    {"Approve? bot wants: refunds",
		"Subject: Approve? bot wants: refunds\r\n"},
	    /* Folded before a blank, at 76 characters. */
	    {A50 " bbbbbbbbbb ccccc ddddd",
		"Subject: " A50 " bbbbbbbbbb ccccc\r\n ddddd\r\n"},
	    {A50 " bbbbbbbbbb cccccc",
		"Subject: " A50 " bbbbbbbbbb\r\n cccccc\r\n"},
	    /* Not ASCII. */
	    {"\303\234ber", "Subject: =?UTF-8?B?w5xiZXI=?=\r\n"},
	    /* A character is not divided between two words (RFC 2047 5). */
	    {"12345678901234567890123456789012345678\303\274x",
		"Subject: =?UTF-8?B?"
		"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg=?=\r\n"
		" =?UTF-8?B?w7x4?=\r\n"},
	    /* What a reader would take for an encoded word, or lose. */
	    {"=?UTF-8?B?eA==?=",
		"Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n"},
	    {" x", "Subject: =?UTF-8?B?IHg=?=\r\n"},
	    {"x ", "Subject: =?UTF-8?B?eCA=?=\r\n"},
	    {"a  b", "Subject: =?UTF-8?B?YSAgYg==?=\r\n"},
	    /* A word too long to be folded. */
	    {A50 "aaaaaaaaaaa",
		"Subject: =?UTF-8?B?"
		"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh?=\r\n"
		" =?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ==?=\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;

		buf_init(&out, 0);
		mime_header(&out, "Subject", rows[i].value);
		assert_string_equal(buf_str(&out), rows[i].header);
	}
}

static void
a_mailbox_names_its_owner(void **state)
{
	static const struct {
		const char *display, *header;
	} rows[] = {
	    {NULL, "To: <d@example.com>\r\n"},
	    {"", "To: <d@example.com>\r\n"},
	    {"Dana Li", "To: \"Dana Li\"\r\n <d@example.com>\r\n"},
	    {"Li, \"D\\\" <x@y.z>",
		"To: \"Li, \\\"D\\\\\\\" <x@y.z>\"\r\n <d@example.com>\r\n"},
	    {"J\303\266rg", "To: =?UTF-8?B?SsO2cmc=?=\r\n <d@example.com>\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;

		buf_init(&out, 0);
		mime_mailbox(&out, "To", rows[i].display, "d@example.com");
		assert_string_equal(buf_str(&out), rows[i].header);
	}
}

static void
what_breaks_a_line_is_no_header_value(void **state)
{
	static const struct {
		const char *text;
		bool fits;
	} rows[] = {
	    {"", true}, {"plain", true},
	    {"\303\234ber \342\202\254 \360\237\222\266", true},
	    {"a\nBcc: b@example.com", false}, {"a\r\n b", false},
	    {"a\rb", false}, {"a\tb", false}, {"a\033[31m", false},
	    {"a\177", false}, {"a\302\205b", false}, /* U+0085, next line */
	    {"a\342\200\250b", false}, /* U+2028, line separator */
	    {"a\342\200\251b", false}, /* U+2029 */
	    {"a\377b", false},	       /* not UTF-8 */
	    {"a\303", false}, {"a\355\240\200", false}, /* a surrogate */
	};
	char longest[MIME_VALUE_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(mime_is_value(rows[i].text), rows[i].fits);
	}
	memset(longest, 'a', sizeof(longest));
	longest[MIME_VALUE_MAX + 1] = '\0';
	assert_false(mime_is_value(longest));
	longest[MIME_VALUE_MAX] = '\0';
	assert_true(mime_is_value(longest));
}

static void
a_message_id_is_one_word_with_a_host(void **state)
{
	static const struct {
		const char *text;
		bool fits;
	} rows[] = {
	    {"dlv_0123456789abcdef@example.com", true},
	    {"a.b+c@d", true},
	    {"", false},
	    {"a", false},
	    {"@b", false},
	    {"a@", false},
	    {"a@b@c", false},
	    {"<a@b>", false},
	    {"a b@c", false},
	    {"a@b\r\nBcc: x@y", false},
	    {"\303\244@b", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(mime_is_id(rows[i].text), rows[i].fits);
	}
}

static void
a_body_is_written_in_short_lines_of_ascii(void **state)
{
	static const struct {
		const char *text, *body;
	} rows[] = {
	    {"", ""},
	    {"a", "a\r\n"},
	    {"a\n", "a\r\n"},
	    {"a\r\nb\n\nc", "a\r\nb\r\n\r\nc\r\n"},
	    {"a=b", "a=3Db\r\n"},
	    {"\303\234", "=C3=9C\r\n"},
	    {"a\rb", "a=0Db\r\n"},
	    {"a \nb\t\nc ", "a=20\r\nb=09\r\nc=20\r\n"},
	    {"a b", "a b\r\n"},
	    {".\n..\na.", "=2E\r\n=2E.\r\na.\r\n"},
	    {"From me\nFromage", "=46rom me\r\nFromage\r\n"},
	    {A50 A10 "bbbbbbbbbbbbbcdef", A50 A10 "bbbbbbbbbbbbb=\r\ncdef\r\n"},
	    {A50 A10 "bbbbbbbbbbbb\303\234",
		A50 A10 "bbbbbbbbbbbb=C3=\r\n=9C\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;

		buf_init(&out, 0);
		mime_quoted_printable(&out, rows[i].text, strlen(rows[i].text));
		assert_string_equal(buf_str(&out), rows[i].body);
	}
}

/* A mail with nothing wrong in it. */
static struct mime_mail
good_mail(void)
{
	return (struct mime_mail){
	    .from = "assent@example.com",
	    .from_name = "assent",
	    .to = "dana@example.com",
	    .to_name = "Dana Li",
	    .subject = "Approve? bot wants: refunds",
	    .message_id = "dlv_0000000000000001@example.com",
	    .date_ms = 1795234560000,
	    .text = "Please decide.\n",
	    .html = "<p>Please decide.</p>\n",
	};
}

static void
a_message_is_whole(void **state)
{
	static const char want[] =
	    "From: \"assent\"\r\n"
	    " <assent@example.com>\r\n"
	    "To: \"Dana Li\"\r\n"
	    " <dana@example.com>\r\n"
	    "Subject: Approve? bot wants: refunds\r\n"
	    "Date: Sat, 21 Nov 2026 04:16:00 +0000\r\n"
	    "Message-ID: <dlv_0000000000000001@example.com>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"=_3c5178b6d3cffe64751a073a\"\r\n"
	    "\r\n"
	    "--=_3c5178b6d3cffe64751a073a\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "Please decide.\r\n"
	    "--=_3c5178b6d3cffe64751a073a\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "<p>Please decide.</p>\r\n"
	    "--=_3c5178b6d3cffe64751a073a--\r\n";
	CLEANUP(buf_fini) struct buf out;
	struct mime_mail m = good_mail();
	struct fault f = {0};

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(mime_build(&m, &out, &f), RC_OK);
	assert_string_equal(buf_str(&out), want);
}

static void
the_same_mail_has_the_same_bytes(void **state)
{
	CLEANUP(buf_fini) struct buf first, second, other;
	struct mime_mail m = good_mail();
	struct fault f = {0};

	(void)state;
	buf_init(&first, 0);
	buf_init(&second, 0);
	buf_init(&other, 0);
	assert_int_equal(mime_build(&m, &first, &f), RC_OK);
	assert_int_equal(mime_build(&m, &second, &f), RC_OK);
	assert_string_equal(buf_str(&first), buf_str(&second));
	m.message_id = "dlv_0000000000000002@example.com";
	assert_int_equal(mime_build(&m, &other, &f), RC_OK);
	assert_null(strstr(buf_str(&other),
	    strndupa(strstr(first.data, "--=_"), 28)));
}

static void
a_mail_that_answers_one_names_it(void **state)
{
	CLEANUP(buf_fini) struct buf out;
	struct mime_mail m = good_mail();
	struct fault f = {0};

	(void)state;
	buf_init(&out, 0);
	m.in_reply_to = "dlv_0000000000000000@example.com";
	assert_int_equal(mime_build(&m, &out, &f), RC_OK);
	assert_non_null(strstr(out.data,
	    "\r\nIn-Reply-To: <dlv_0000000000000000@example.com>\r\n"
	    "References: <dlv_0000000000000000@example.com>\r\n"));
}

static void
nobody_can_add_a_header(void **state)
{
	static const char evil[] = "x\r\nBcc: all@example.com";
	static const struct {
		const char *field;
		size_t offset;
	} rows[] = {
	    {"subject", offsetof(struct mime_mail, subject)},
	    {"from_name", offsetof(struct mime_mail, from_name)},
	    {"to_name", offsetof(struct mime_mail, to_name)},
	    {"from", offsetof(struct mime_mail, from)},
	    {"to", offsetof(struct mime_mail, to)},
	    {"message_id", offsetof(struct mime_mail, message_id)},
	    {"in_reply_to", offsetof(struct mime_mail, in_reply_to)},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf out;
		struct mime_mail m = good_mail();
		struct fault f = {0};
		const char *value = evil;

		buf_init(&out, 0);
		memcpy((char *)&m + rows[i].offset, &value, sizeof(value));
		assert_int_equal(mime_build(&m, &out, &f), RC_INVALID);
		assert_string_equal(f.field, rows[i].field);
		assert_int_equal(out.len, 0);
	}
}

static void
a_mail_that_does_not_fit_is_refused(void **state)
{
	CLEANUP(buf_fini) struct buf out;
	struct mime_mail m = good_mail();
	struct fault f = {0};

	(void)state;
	buf_init(&out, 600);
	assert_int_equal(mime_build(&m, &out, &f), RC_TOO_LARGE);
	assert_string_equal(f.field, "message");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_folded_and_encoded),
	    cmocka_unit_test(a_mailbox_names_its_owner),
	    cmocka_unit_test(what_breaks_a_line_is_no_header_value),
	    cmocka_unit_test(a_message_id_is_one_word_with_a_host),
	    cmocka_unit_test(a_body_is_written_in_short_lines_of_ascii),
	    cmocka_unit_test(a_message_is_whole),
	    cmocka_unit_test(the_same_mail_has_the_same_bytes),
	    cmocka_unit_test(a_mail_that_answers_one_names_it),
	    cmocka_unit_test(nobody_can_add_a_header),
	    cmocka_unit_test(a_mail_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
