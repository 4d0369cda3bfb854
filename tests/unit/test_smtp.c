#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "smtp_rows.h"

static void
a_mail_arrives_byte_for_byte(void **state)
{
	static const char *const modes[] = {"", "--chunking",
	    "--chunking --pipelining --enhanced", "--pipelining"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(modes); i++) {
		struct relay r;
		struct smtp_outcome out;
		struct smtp *s;
		char *got;

		relay_start(&r, modes[i]);
		s = smtp_rows_client(&r, &(struct smtp_options)TLS(OFF));
		smtp_send(s, &smtp_rows_mail, &out);
		smtp_free(s);
		assert_string_equal(out.detail, "250 2.0.0 taken");
		assert_int_equal(out.rc, RC_OK);
		got = relay_file(&r, "0001.eml");
		assert_string_equal(got, SMTP_ROWS_MESSAGE);
		free(got);
	}
}

static void
encryption_is_what_was_asked_for(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--tls starttls", TLS(REQUIRED), SENT, "", NULL, 1},
	    {"--tls starttls --cert name-only", TLS(REQUIRED), SENT, "", NULL,
		1},
	    {"", TLS(REQUIRED), LATER(OPERATOR), "not offer STARTTLS",
		"C: MAIL", 0},
	    {"--tls starttls --cert wrong-name", TLS(REQUIRED), LATER(OPERATOR),
		"mismatch", "C: MAIL", 0},
	    {"--tls starttls --cert expired", TLS(REQUIRED), LATER(OPERATOR),
		"expired", "C: MAIL", 0},
	    {"--tls starttls --cert self-signed", TLS(REQUIRED),
		LATER(OPERATOR), "self-signed", "C: MAIL", 0},
	    {"--tls starttls --reply STARTTLS=454+not+now", TLS(REQUIRED),
		LATER(RELAY), "STARTTLS: 454 not now", "C: MAIL", 0},
	    {"--tls starttls --reply EHLO=502+what", TLS(REQUIRED),
		LATER(OPERATOR), "", "C: MAIL", 0},
	    {"--tls starttls --drop STARTTLS", TLS(REQUIRED), LATER(RELAY), "",
		"C: MAIL", 0},
	    {"--tls starttls --inject-starttls", TLS(REQUIRED), LATER(OPERATOR),
		"behind the STARTTLS", "C: MAIL", 0},
	    {"--tls starttls --inject-starttls", TLS(OPPORTUNISTIC),
		LATER(OPERATOR), "behind the STARTTLS", "C: MAIL", 0},
	    {"--tls starttls --cert self-signed", TLS(OPPORTUNISTIC), SENT, "",
		NULL, 1},
	    {"", TLS(OPPORTUNISTIC), SENT, "", NULL, 1},
	    {"--tls starttls --reply STARTTLS=454+no", TLS(OPPORTUNISTIC),
		LATER(RELAY), "STARTTLS: 454 no", "C: MAIL", 0},
	    {"--tls starttls", TLS(OFF), SENT, "", "C: STARTTLS", 1},
	    {"--tls starttls --require-starttls", TLS(OFF), LATER(OPERATOR),
		"530", NULL, 0},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

static void
a_relay_named_by_its_address_must_have_it_in_the_certificate(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--tls starttls", {.host = "127.0.0.1", .tls = SMTP_TLS_REQUIRED},
		SENT, "", NULL, 1},
	    {"--tls starttls --cert name-only",
		{.host = "127.0.0.1", .tls = SMTP_TLS_REQUIRED},
		LATER(OPERATOR), "mismatch", "C: MAIL", 0},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

static void
the_certificate_is_asked_for_by_name(void **state)
{
	struct relay r;
	struct smtp_outcome out;
	struct smtp *s;
	char *facts;
	int i;

	(void)state;
	relay_start(&r, "--tls starttls --auth u:p");
	s = smtp_rows_client(&r,
	    &(struct smtp_options)LOGIN(REQUIRED, "u", "p"));
	/* More than once: libesmtp's own context dies with its session. */
	for (i = 0; i < 3; i++) {
		smtp_send(s, &smtp_rows_mail, &out);
		assert_int_equal(out.rc, RC_OK);
	}
	smtp_free(s);
	assert_int_equal(relay_mails(&r), 3);
	facts = relay_file(&r, "0003.json");
	assert_non_null(strstr(facts, "\"sni\": \"localhost\""));
	assert_non_null(strstr(facts, "\"tls\": true"));
	assert_non_null(strstr(facts, "\"user\": \"u\""));
	free(facts);
}

/* libesmtp would take it for a client certificate, and fail or crash. */
static void
a_file_in_the_home_folder_changes_nothing(void **state)
{
	static const char *const parts[] = {"/.config", "/libesmtp", "/private",
	    "/localhost.pem"};
	const char *home = getenv("HOME");
	char *old = strdup(home != NULL ? home : "/");
	char path[128];
	struct relay r;
	struct smtp_outcome out;
	struct smtp *s;
	FILE *file;
	size_t i;

	(void)state;
	relay_start(&r, "--tls starttls");
	(void)snprintf(path, sizeof(path), "%s", r.dir);
	assert_int_equal(setenv("HOME", path, 1), 0);
	for (i = 0; i + 1 < ARRAY_LEN(parts); i++) {
		strncat(path, parts[i], sizeof(path) - strlen(path) - 1);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	strncat(path, parts[i], sizeof(path) - strlen(path) - 1);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("no certificate", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);

	s = smtp_rows_client(&r, &(struct smtp_options)TLS(REQUIRED));
	smtp_send(s, &smtp_rows_mail, &out);
	smtp_free(s);
	assert_int_equal(setenv("HOME", old, 1), 0);
	free(old);
	assert_int_equal(out.rc, RC_OK);
}

static void
a_mail_goes_out_with_the_password_or_not_at_all(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--tls starttls --auth u:p --mechanisms PLAIN",
		LOGIN(REQUIRED, "u", "p"), SENT, "", NULL, 1},
	    {"--tls starttls --auth u:p --mechanisms LOGIN",
		LOGIN(REQUIRED, "u", "p"), SENT, "", NULL, 1},
	    {"--auth u:p", LOGIN(OFF, "u", "p"), SENT, "", NULL, 1},
	    {"--auth u:p --tls starttls --cert self-signed",
		LOGIN(OPPORTUNISTIC, "u", "p"), SENT, "", NULL, 1},
	    {"--tls starttls --auth u:p", LOGIN(REQUIRED, "u", "wrong"),
		LATER(OPERATOR), "does not accept user and password: 535",
		"C: MAIL", 0},
	    {"--tls starttls", LOGIN(REQUIRED, "u", "p"), LATER(OPERATOR),
		"offers no AUTH", "C: MAIL", 0},
	    {"", LOGIN(OFF, "u", "p"), LATER(OPERATOR), "offers no AUTH",
		"C: MAIL", 0},
	    {"--tls starttls --auth u:p --reply AUTH=454+4.7.0+later",
		LOGIN(REQUIRED, "u", "p"), LATER(RELAY), "454 4.7.0 later",
		"C: MAIL", 0},
	    {"--tls starttls --auth u:p --drop AUTH", LOGIN(REQUIRED, "u", "p"),
		LATER(RELAY), "", "C: MAIL", 0},
	    {"--tls starttls --auth u:p", LOGIN(OFF, "u", "wrong"),
		LATER(OPERATOR), "535", "C: MAIL", 0},
	    {"--tls starttls --auth u:p --auth-required", TLS(REQUIRED),
		LATER(OPERATOR), "sender: 530", "C: RCPT", 0},
	    {"--auth u:p", LOGIN(REQUIRED, "u", "p"), LATER(OPERATOR),
		"not offer STARTTLS", "C: AUTH", 0},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

static const struct smtp_row refusals[] = {
    {"--reply GREETING=554+go+away", TLS(OFF), LATER(OPERATOR),
	"greeting: 554 go away", "C: MAIL", 0},
    {"--reply GREETING=421+busy", TLS(OFF), LATER(RELAY), "greeting: 421 busy",
	"C: MAIL", 0},
    {"--reply GREETING=hello", TLS(OFF), LATER(RELAY), "", "C: MAIL", 0},
    {"--reply EHLO=550+no", TLS(OFF), LATER(OPERATOR), "EHLO: 550 no",
	"C: MAIL", 0},
    {"--reply MAIL=451+4.3.0+later", TLS(OFF), LATER(MAIL),
	"sender: 451 4.3.0 later", "C: RCPT", 0},
    {"--reply MAIL=550+5.7.1+not+you", TLS(OFF), LATER(OPERATOR),
	"sender: 550 5.7.1 not you", "C: RCPT", 0},
    {"--reply MAIL=552+too+large", TLS(OFF), NEVER, "sender: 552 too large",
	"C: RCPT", 0},
    {"--reply RCPT:dana@example.com=450+4.2.0+<dana@example.com>+grey",
	TLS(OFF), LATER(MAIL), "recipient: 450 4.2.0 (address) grey", NULL, 0},
    {"--reply RCPT:dana@example.com=550+5.1.1+unknown", TLS(OFF), NEVER,
	"recipient: 550 5.1.1 unknown", NULL, 0},
    {"--enhanced --reply RCPT=550+5.1.1+unknown", TLS(OFF), NEVER,
	"recipient: 550 5.1.1 unknown", NULL, 0},
    {"--pipelining --reply RCPT=550+no", TLS(OFF), NEVER, "recipient: 550 no",
	NULL, 0},
    {"--chunking --reply RCPT=550+no", TLS(OFF), NEVER, "recipient: 550 no",
	NULL, 0},
    {"--reply RCPT:other@example.com=550+no", TLS(OFF), SENT, "", NULL, 1},
    {"--reply RCPT=251+forwarded", TLS(OFF), SENT, "", NULL, 1},
    {"--reply RCPT=252+perhaps", TLS(OFF), MAYBE, "", NULL, 1},
    {"--reply RCPT=421+closing", TLS(OFF), LATER(RELAY),
	"recipient: 421 closing", NULL, 0},
    {"--reply DATA=451+no", TLS(OFF), LATER(MAIL), "message: 451 no", NULL, 0},
    {"--reply DATA=554+no", TLS(OFF), NEVER, "message: 554 no", NULL, 0},
    {"--reply DATA=250+done", TLS(OFF), LATER(RELAY), "", NULL, 0},
    {"--reply END=451+later", TLS(OFF), LATER(MAIL), "message: 451 later", NULL,
	0},
    {"--reply END=554+5.7.1+spam", TLS(OFF), NEVER, "message: 554 5.7.1 spam",
	NULL, 0},
    {"--reply END=200+well", TLS(OFF), MAYBE, "", NULL, 1},
    {"--chunking --reply END=451+later", TLS(OFF), LATER(MAIL),
	"message: 451 later", NULL, 0},
};

static void
each_refusal_is_told_apart(void **state)
{
	(void)state;
	smtp_rows_check(refusals, ARRAY_LEN(refusals));
}

static void
certificates_that_cannot_be_read_are_named(void **state)
{
	static const char *const files[] = {"/nonexistent/ca.pem",
	    "/etc/hostname"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(files); i++) {
		struct smtp_options o = {.host = "localhost",
		    .port = 25,
		    .tls = SMTP_TLS_REQUIRED,
		    .ca_file = files[i]};
		struct smtp *s = NULL;
		struct fault f = {0};

		assert_int_equal(smtp_new(&o, &s, &f), RC_INVALID);
		assert_string_equal(f.field, "SMTP_CA_FILE");
		assert_non_null(strstr(f.text, files[i]));
	}
}

static void
loopback_is_known_by_name_and_address(void **state)
{
	static const struct {
		const char *host;
		bool loopback;
	} rows[] = {
	    {"localhost", true},
	    {"LocalHost", true},
	    {"mail.localhost", true},
	    {"127.0.0.1", true},
	    {"127.8.9.10", true},
	    {".localhost", false},
	    {"notlocalhost", false},
	    {"localhost.example.com", false},
	    {"128.0.0.1", false},
	    {"127.0.0.1.example.com", false},
	    {"", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(smtp_host_is_loopback(rows[i].host),
		    rows[i].loopback);
	}
}

static int
clean(void **state)
{
	(void)state;
	relay_clean();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mail_arrives_byte_for_byte),
	    cmocka_unit_test(encryption_is_what_was_asked_for),
	    cmocka_unit_test(
		a_relay_named_by_its_address_must_have_it_in_the_certificate),
	    cmocka_unit_test(the_certificate_is_asked_for_by_name),
	    cmocka_unit_test(a_file_in_the_home_folder_changes_nothing),
	    cmocka_unit_test(a_mail_goes_out_with_the_password_or_not_at_all),
	    cmocka_unit_test(each_refusal_is_told_apart),
	    cmocka_unit_test(certificates_that_cannot_be_read_are_named),
	    cmocka_unit_test(loopback_is_known_by_name_and_address),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
