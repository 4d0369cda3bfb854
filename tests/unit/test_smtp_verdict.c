#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channels/smtp_verdict.h"

/* A session in which all went well. */
static struct smtp_facts
sent(const struct smtp_watch *w)
{
	return (struct smtp_facts){
	    .watch = w,
	    .connected = true,
	    .body_ended = true,
	    .answered = true,
	    .handshake = "handshake",
	    .error = "error",
	    .mail = {250, "250 ok"},
	    .rcpt = {250, "250 ok"},
	    .message = {250, "250 queued"},
	};
}

static void
only_the_named_answers_mean_sent(void **state)
{
	static const struct {
		int rcpt, message;
		bool body_ended, answered;
		enum rc rc;
	} rows[] = {
	    {250, 250, true, true, RC_OK},
	    {251, 250, true, true, RC_OK},
	    {252, 250, true, true, RC_UNCERTAIN},
	    {250, 251, true, true, RC_UNCERTAIN},
	    {250, 354, true, true, RC_UNCERTAIN},
	    {250, 0, true, true, RC_UNCERTAIN},
	    {0, 250, true, true, RC_UNCERTAIN},
	    /* Between two BDAT: the 250 is that of the first. */
	    {250, 250, true, false, RC_UNCERTAIN},
	    {250, 250, false, false, RC_REMOTE_TEMP},
	    /* An answer to DATA that came without the message. */
	    {250, 250, false, true, RC_REMOTE_TEMP},
	    {550, 250, true, true, RC_REMOTE_PERM},
	    {450, 250, true, true, RC_REMOTE_TEMP},
	    {250, 451, true, true, RC_REMOTE_TEMP},
	    {250, 554, true, true, RC_REMOTE_PERM},
	    {250, 554, false, true, RC_REMOTE_PERM},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_watch w = {.step = SMTP_MAIL};
		struct smtp_facts k = sent(&w);
		struct smtp_outcome out;

		k.rcpt.code = rows[i].rcpt;
		k.message.code = rows[i].message;
		k.body_ended = rows[i].body_ended;
		k.answered = rows[i].answered;
		smtp_verdict(&k, &out);
		assert_int_equal(out.rc, rows[i].rc);
	}
}

static void
what_was_cut_by_us_was_not_sent(void **state)
{
	struct smtp_watch w = {.step = SMTP_MAIL, .broken = "because"};
	struct smtp_facts k = sent(&w);
	struct smtp_outcome out;

	(void)state;
	smtp_verdict(&k, &out);
	assert_int_equal(out.rc, RC_REMOTE_TEMP);
	assert_int_equal(out.blame, SMTP_BLAME_OPERATOR);
	assert_string_equal(out.detail, "because");
}

static void
a_session_that_could_not_be_cut_is_told_to_the_operator(void **state)
{
	struct smtp_watch w = {.step = SMTP_MAIL};
	struct smtp_facts k = sent(&w);
	struct smtp_outcome out;

	(void)state;
	k.blind = true;
	k.body_ended = k.answered = false;
	k.message.code = 354;
	smtp_verdict(&k, &out);
	assert_int_equal(out.rc, RC_REMOTE_TEMP);
	assert_int_equal(out.blame, SMTP_BLAME_OPERATOR);
	assert_non_null(strstr(out.detail, "/proc"));
}

static void
a_bare_code_is_judged_alike(void **state)
{
	static const struct {
		int code;
		enum rc rc;
		enum smtp_blame blame;
	} rows[] = {
	    {250, RC_OK, SMTP_BLAME_NOBODY},
	    {221, RC_OK, SMTP_BLAME_NOBODY},
	    {0, RC_REMOTE_TEMP, SMTP_BLAME_RELAY},
	    {354, RC_REMOTE_TEMP, SMTP_BLAME_RELAY},
	    {421, RC_REMOTE_TEMP, SMTP_BLAME_RELAY},
	    {450, RC_REMOTE_TEMP, SMTP_BLAME_MAIL},
	    {550, RC_REMOTE_PERM, SMTP_BLAME_MAIL},
	    {554, RC_REMOTE_PERM, SMTP_BLAME_MAIL},
	    {530, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	    {534, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	    {535, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	    {538, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_outcome out;

		smtp_verdict_code(rows[i].code, &out);
		assert_int_equal(out.rc, rows[i].rc);
		assert_int_equal(out.blame, rows[i].blame);
	}
}

static void
a_failure_without_an_answer_keeps_its_kind(void **state)
{
	static const struct {
		enum rc from, to;
		enum smtp_blame blame;
	} rows[] = {
	    {RC_BUSY, RC_BUSY, SMTP_BLAME_RELAY},
	    {RC_UNCERTAIN, RC_UNCERTAIN, SMTP_BLAME_RELAY},
	    {RC_REMOTE_TEMP, RC_REMOTE_TEMP, SMTP_BLAME_RELAY},
	    {RC_REMOTE_PERM, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	    {RC_INVALID, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct smtp_outcome out;

		smtp_verdict_failure(rows[i].from, "words", &out);
		assert_int_equal(out.rc, rows[i].to);
		assert_int_equal(out.blame, rows[i].blame);
		assert_non_null(strstr(out.detail, "words"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_named_answers_mean_sent),
	    cmocka_unit_test(what_was_cut_by_us_was_not_sent),
	    cmocka_unit_test(
		a_session_that_could_not_be_cut_is_told_to_the_operator),
	    cmocka_unit_test(a_bare_code_is_judged_alike),
	    cmocka_unit_test(a_failure_without_an_answer_keeps_its_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
