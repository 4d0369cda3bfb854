#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channels/smtp_watch.h"

static bool
we_say(struct smtp_watch *w, const char *line)
{
	return smtp_watch_write(w, line, strlen(line));
}

static bool
it_says(struct smtp_watch *w, const char *line)
{
	return smtp_watch_read(w, line, strlen(line));
}

/* A session up to the answer to EHLO. */
static void
greet(struct smtp_watch *w)
{
	assert_true(it_says(w, "220 relay\r\n"));
	assert_true(we_say(w, "EHLO us\r\n"));
	assert_true(it_says(w, "250-relay\r\n250-STARTTLS\r\n250 AUTH\r\n"));
}

static void
no_mail_goes_out_without_what_was_asked_for(void **state)
{
	static const struct {
		struct smtp_watch w;
		const char *why; /* NULL = it may */
	} rows[] = {
	    {{.need_tls = false}, NULL},
	    {{.need_tls = true}, "the relay does not offer STARTTLS"},
	    {{.need_tls = true, .tls = true},
		"the relay does not offer STARTTLS"},
	    {{.need_tls = true, .tls_checked = true},
		"the relay does not offer STARTTLS"},
	    {{.need_tls = true, .tls_checked = true, .tls = true}, NULL},
	    {{.need_auth = true}, "the relay offers no AUTH that we know"},
	    {{.need_auth = true, .auth_code = 535},
		"the relay does not accept user and password"},
	    {{.need_auth = true, .authenticated = true}, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_watch w = rows[i].w;

		assert_int_equal(we_say(&w, "MAIL FROM:<a@b>\r\n"),
		    rows[i].why == NULL);
		if (rows[i].why == NULL) {
			assert_null(w.broken);
		} else {
			assert_string_equal(w.broken, rows[i].why);
			assert_false(we_say(&w, "QUIT\r\n"));
		}
	}
}

static void
no_password_goes_out_in_the_clear(void **state)
{
	static const struct {
		struct smtp_watch w;
		bool may;
	} rows[] = {
	    {{.loopback = false}, false},
	    {{.loopback = true}, true},
	    {{.loopback = true, .need_tls = true}, false},
	    {{.tls = true}, false}, /* with whom? */
	    {{.tls = true, .loopback = true}, true},
	    {{.tls = true, .tls_checked = true}, true},
	    {{.tls_checked = true}, false},
	    {{.tls = true, .tls_checked = true, .need_tls = true}, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_watch w = rows[i].w;

		assert_int_equal(we_say(&w, "AUTH PLAIN AHUAcA==\r\n"),
		    rows[i].may);
	}
}

static void
only_235_is_authenticated(void **state)
{
	static const struct {
		const char *answer;
		bool authenticated;
		int code;
	} rows[] = {
	    {"235 2.7.0 accepted\r\n", true, 235},
	    {"235\r\n", true, 235},
	    {"235-more\r\n235 accepted\r\n", true, 235},
	    {"235-more\r\n", false, 0},
	    {"250 ok\r\n", false, 250},
	    {"535 no\r\n", false, 535},
	    {"334 VXNlcm5hbWU6\r\n", false, 334},
	    {"2350 no\r\n", false, 0},
	    {"23", false, 0},
	    {"hello 235 there\r\n", false, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_watch w = {.loopback = true};

		greet(&w);
		assert_true(we_say(&w, "AUTH PLAIN AHUAcA==\r\n"));
		assert_true(it_says(&w, rows[i].answer));
		assert_int_equal(w.authenticated, rows[i].authenticated);
		assert_int_equal(w.auth_code, rows[i].code);
	}
}

static void
the_answer_to_a_challenge_is_no_command(void **state)
{
	struct smtp_watch w = {.loopback = true, .need_auth = true};

	(void)state;
	greet(&w);
	assert_true(we_say(&w, "AUTH LOGIN\r\n"));
	assert_true(it_says(&w, "334 VXNlcm5hbWU6\r\n"));
	assert_true(we_say(&w, "QUIT\r\n")); /* base64 of some user */
	assert_true(it_says(&w, "334 UGFzc3dvcmQ6\r\n"));
	assert_true(we_say(&w, "EHLO\r\n"));
	assert_true(it_says(&w, "235 accepted\r\n"));
	assert_true(w.authenticated);
	assert_true(we_say(&w, "MAIL FROM:<a@b>\r\n"));
}

static void
what_stands_behind_the_starttls_answer_ends_the_session(void **state)
{
	static const struct {
		const char *pieces[3];
		bool fine;
	} rows[] = {
	    {{"220 go ahead\r\n"}, true},
	    {{"220-one\r\n", "220 two\r\n"}, true},
	    {{"22", "0 go", " ahead\r\n"}, true},
	    {{"454 not now\r\n250 AUTH\r\n"}, true}, /* and no handshake */
	    {{"220 go ahead\r\n2"}, false},
	    {{"220 go ahead\r\n250-relay\r\n250 AUTH PLAIN\r\n"}, false},
	    {{"220 go ahead\r\n", "250 AUTH PLAIN\r\n"}, false},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_watch w = {.need_tls = true};
		bool fine = true;

		greet(&w);
		assert_true(we_say(&w, "STARTTLS\r\n"));
		for (k = 0; k < 3 && rows[i].pieces[k] != NULL; k++) {
			fine = it_says(&w, rows[i].pieces[k]);
		}
		assert_int_equal(fine, rows[i].fine);
	}
}

static void
after_the_handshake_answers_count_again(void **state)
{
	struct smtp_watch w = {.need_tls = true, .tls_checked = true};

	(void)state;
	greet(&w);
	assert_true(we_say(&w, "STARTTLS\r\n"));
	assert_true(it_says(&w, "220 go ahead\r\n"));
	w.tls = true;
	assert_true(we_say(&w, "EHLO us\r\n"));
	assert_true(it_says(&w, "250 relay\r\n"));
	assert_int_equal(w.code, 250);
	assert_true(we_say(&w, "MAIL FROM:<a@b>\r\n"));
}

static void
the_last_answer_before_quit_is_kept(void **state)
{
	struct smtp_watch w = {0};
	char flood[2 * SMTP_LINE_MAX + 3];

	(void)state;
	assert_true(it_says(&w, "554 5.7.1 go away <a@b>\r\n"));
	assert_true(we_say(&w, "QUIT\r\n"));
	assert_true(it_says(&w, "221 bye\r\n"));
	assert_int_equal(w.step, SMTP_GREETING);
	assert_int_equal(w.code, 554);
	assert_string_equal(w.words, "554 5.7.1 go away (address)");

	/* A line without an end costs no memory and is no answer. */
	memset(&w, 0, sizeof(w));
	memset(flood, '5', sizeof(flood) - 1);
	flood[sizeof(flood) - 1] = '\0';
	assert_true(it_says(&w, flood));
	assert_true(it_says(&w, flood));
	assert_int_equal(w.code, 0);
}

static void
words_are_printable_and_hold_no_address(void **state)
{
	static const struct {
		const char *raw;
		size_t size;
		const char *shown;
	} rows[] = {
	    {"", 10, ""},
	    {"250 ok\r\n", 10, "250 ok"},
	    {"550 <dana@example.com>: no", 40, "550 (address) no"},
	    {"550 dana@example.com no", 40, "550 (address) no"},
	    {"a@b", 5, "(add"},
	    {"one\ntwo\tthree", 40, "one two three"},
	    {"\033[31mred", 40, "?[31mred"},
	    {"\303\234ber", 40, "??ber"},
	    {"too long", 4, "too"},
	    {"x", 1, ""},
	};
	size_t i;
	char out[40];

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		smtp_words(out, rows[i].size, rows[i].raw, strlen(rows[i].raw));
		assert_string_equal(out, rows[i].shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_mail_goes_out_without_what_was_asked_for),
	    cmocka_unit_test(no_password_goes_out_in_the_clear),
	    cmocka_unit_test(only_235_is_authenticated),
	    cmocka_unit_test(the_answer_to_a_challenge_is_no_command),
	    cmocka_unit_test(
		what_stands_behind_the_starttls_answer_ends_the_session),
	    cmocka_unit_test(after_the_handshake_answers_count_again),
	    cmocka_unit_test(the_last_answer_before_quit_is_kept),
	    cmocka_unit_test(words_are_printable_and_hold_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
