#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channels/email_settings.h"
#include "ear.h"

#define HOST  "SMTP_HOST=mail.example.com"
#define LOCAL "SMTP_HOST=localhost"
#define FROM  "SMTP_FROM=assent@example.com"
#define USER  "SMTP_USER=assent"
#define PASS  "SMTP_PASS=secret"

static void
settings_that_fit_are_taken(void **state)
{
	static const struct {
		const char *settings[EAR_SETTINGS_MAX];
		enum smtp_tls_mode tls;
		int port;
		const char *from;
	} rows[] = {
	    {{HOST, FROM}, SMTP_TLS_REQUIRED, 587, "assent@example.com"},
	    {{LOCAL, FROM}, SMTP_TLS_OPPORTUNISTIC, 25, "assent@example.com"},
	    {{"SMTP_HOST=127.0.0.1", FROM, "SMTP_PORT=2525"},
		SMTP_TLS_OPPORTUNISTIC, 2525, "assent@example.com"},
	    {{LOCAL, FROM, "SMTP_TLS=required"}, SMTP_TLS_REQUIRED, 587,
		"assent@example.com"},
	    {{HOST, FROM, "SMTP_TLS=implicit"}, SMTP_TLS_IMPLICIT, 465,
		"assent@example.com"},
	    {{HOST, FROM, "SMTP_TLS=off"}, SMTP_TLS_OFF, 25,
		"assent@example.com"},
	    {{HOST, FROM, "SMTP_TLS=opportunistic", "SMTP_PORT=65535"},
		SMTP_TLS_OPPORTUNISTIC, 65535, "assent@example.com"},
	    {{HOST, FROM, USER, PASS}, SMTP_TLS_REQUIRED, 587,
		"assent@example.com"},
	    {{LOCAL, FROM, USER, PASS, "SMTP_TLS=off"}, SMTP_TLS_OFF, 25,
		"assent@example.com"},
	    {{HOST, "SMTP_USER=me@example.com", PASS}, SMTP_TLS_REQUIRED, 587,
		"me@example.com"},
	    {{HOST, FROM, "SMTP_TLS=", "SMTP_PORT=", "SMTP_USER="},
		SMTP_TLS_REQUIRED, 587, "assent@example.com"},
	    {{HOST, FROM, "SMTP_CA_FILE=/etc/hostname"}, SMTP_TLS_REQUIRED, 587,
		"assent@example.com"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct email_settings s;
		struct fault f = {0};
		struct ear ear;

		ear_init(&ear, NULL);
		memcpy(ear.settings, rows[i].settings, sizeof(ear.settings));
		assert_int_equal(email_settings_read(&ear.env, &s, &f), RC_OK);
		assert_int_equal(s.relay.tls, rows[i].tls);
		assert_int_equal(s.relay.port, rows[i].port);
		assert_string_equal(s.from, rows[i].from);
		ear_fini(&ear);
	}
}

static const struct {
	const char *settings[EAR_SETTINGS_MAX];
	const char *field, *part; /* of the words */
} refusals[] = {
    {{FROM}, "SMTP_HOST", "must be set"},
    {{"SMTP_HOST=", FROM}, "SMTP_HOST", "must be set"},
    {{"SMTP_HOST=mail.example.com:25", FROM}, "SMTP_HOST", "SMTP_PORT"},
    {{"SMTP_HOST=::1", FROM}, "SMTP_HOST", "IPv6"},
    {{"SMTP_HOST=[::1]", FROM}, "SMTP_HOST", "IPv6"},
    {{"SMTP_HOST=mail example", FROM}, "SMTP_HOST", "no host name"},
    {{"SMTP_HOST=mail/x", FROM}, "SMTP_HOST", "no host name"},
    {{"SMTP_HOST=.example.com", FROM}, "SMTP_HOST", "no host name"},
    {{"SMTP_HOST=m\303\244il", FROM}, "SMTP_HOST", "no host name"},
    {{HOST, FROM, "SMTP_PORT=0"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT=65536"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT=smtp"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT=25x"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT= 25"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT=-25"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_PORT=99999999999999999999"}, "SMTP_PORT", "1 to 65535"},
    {{HOST, FROM, "SMTP_TLS=yes"}, "SMTP_TLS",
	"must be off, opportunistic, required or implicit"},
    {{HOST, FROM, "SMTP_TLS=Required"}, "SMTP_TLS", "must be"},
    {{HOST}, "SMTP_FROM", "must be set"},
    {{HOST, USER, PASS}, "SMTP_FROM", "must be set"},
    {{HOST, "SMTP_FROM=assent"}, "SMTP_FROM", "such as"},
    {{HOST, "SMTP_FROM=Assent <assent@example.com>"}, "SMTP_FROM", "such as"},
    {{HOST, "SMTP_FROM=a@example.com\r\nBcc: b@example.com"}, "SMTP_FROM",
	"such as"},
    {{HOST, FROM, USER}, "SMTP_PASS", "must be set when"},
    {{HOST, FROM, PASS}, "SMTP_USER", "must be set when"},
    {{HOST, FROM, USER, PASS, "SMTP_TLS=off"}, "SMTP_TLS", "unprotected"},
    {{HOST, FROM, USER, PASS, "SMTP_TLS=opportunistic"}, "SMTP_TLS",
	"unprotected"},
    {{HOST, FROM, "SMTP_CA_FILE=/nonexistent/ca.pem"}, "SMTP_CA_FILE",
	"/nonexistent/ca.pem: No such file"},
    {{LOCAL, FROM, "SMTP_CA_FILE=/etc/hostname"}, "SMTP_CA_FILE",
	"does nothing"},
    {{HOST, FROM, "SMTP_CA_FILE=/etc/hostname", "SMTP_TLS=off"}, "SMTP_CA_FILE",
	"does nothing"},
};

static void
each_mistake_is_named(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		struct email_settings s;
		struct fault f = {0};
		struct ear ear;

		ear_init(&ear, NULL);
		memcpy(ear.settings, refusals[i].settings,
		    sizeof(ear.settings));
		assert_int_equal(email_settings_read(&ear.env, &s, &f),
		    RC_INVALID);
		assert_string_equal(f.field, refusals[i].field);
		assert_non_null(strstr(f.text, refusals[i].part));
		assert_null(strstr(f.text, "secret"));
		ear_fini(&ear);
	}
}

static void
what_libesmtp_would_copy_over_its_buffer_is_refused(void **state)
{
	static const char *const names[] = {"SMTP_USER", "SMTP_PASS",
	    "SMTP_HOST"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct email_settings s;
		struct fault f = {0};
		struct ear ear;
		char longest[300];

		memset(longest, 'a', sizeof(longest));
		memcpy(longest, names[i], strlen(names[i]));
		longest[strlen(names[i])] = '=';
		longest[strlen(names[i]) + 1 + SMTP_USER_MAX + 1] = '\0';
		ear_init(&ear, NULL);
		/* The first one counts. */
		ear.settings[0] = longest;
		ear.settings[1] = HOST;
		ear.settings[2] = FROM;
		ear.settings[3] = USER;
		ear.settings[4] = PASS;
		assert_int_equal(email_settings_read(&ear.env, &s, &f),
		    RC_INVALID);
		assert_string_equal(f.field, names[i]);
		ear_fini(&ear);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(settings_that_fit_are_taken),
	    cmocka_unit_test(each_mistake_is_named),
	    cmocka_unit_test(
		what_libesmtp_would_copy_over_its_buffer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
