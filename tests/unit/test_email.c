#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "channels/email_health.h"
#include "channels/smtp.h"
#include "ear.h"
#include "letter_sample.h"
#include "lib/clock.h"
#include "relay.h"

#define TO	   "dana@example.com"
#define MESSAGE_ID SAMPLE_ID "@example.com"

/* A channel between a relay and an ear. */
struct fixture {
	struct relay relay;
	struct http_client *http;
	struct ear ear;
	char port[32], ca[128];
	void *channel;
};

/* `tls` and `login` are settings, or NULL. */
static void
open_fixture(struct fixture *x, const char *relay, const char *tls,
    const char *login)
{
	const struct http_client_options o = {.waiting_max = 10};
	struct fault f = {0};
	int n = 0;

	memset(x, 0, sizeof(*x));
	relay_start(&x->relay, relay);
	assert_int_equal(http_client_new(&o, &x->http, &f), RC_OK);
	ear_init(&x->ear, x->http);
	(void)snprintf(x->port, sizeof(x->port), "SMTP_PORT=%d", x->relay.port);
	(void)snprintf(x->ca, sizeof(x->ca), "SMTP_CA_FILE=%s/ca.pem",
	    relay_certs());
	x->ear.settings[n++] = "SMTP_HOST=localhost";
	x->ear.settings[n++] = "SMTP_FROM=assent@example.com";
	x->ear.settings[n++] = x->port;
	if (tls != NULL) {
		x->ear.settings[n++] = tls;
		x->ear.settings[n++] = x->ca;
	}
	if (login != NULL) {
		x->ear.settings[n++] = "SMTP_USER=assent";
		x->ear.settings[n++] = login;
	}
	assert_true(channel_email.wanted(&x->ear.env));
	if (channel_email.start(&x->ear.env, &x->channel, &f) != RC_OK) {
		fail_msg("%s %s", f.field, f.text);
	}
}

/* After this nothing of the channel runs. */
static void
silence(struct fixture *x)
{
	if (x->channel != NULL) {
		channel_email.stop(x->channel);
	}
	http_client_free(x->http);
	x->channel = NULL;
	x->http = NULL;
}

static void
close_fixture(struct fixture *x)
{
	silence(x);
	ear_fini(&x->ear);
}

static void
mail(struct fixture *x, enum delivery_kind kind)
{
	assert_int_equal(channel_email.deliver(x->channel,
			     letter_sample(kind, TO, "{}", NULL)),
	    RC_OK);
}

static struct channel_health
health(struct fixture *x)
{
	struct channel_health h;

	channel_email.health(x->channel, &h);
	return h;
}

static void
a_person_is_asked_by_mail(void **state)
{
	static const char *const lines[] =
	    {"From: \"assent\"\r\n <assent@example.com>\r\n",
		"\r\nTo: \"Dana Li\"\r\n <" TO ">\r\n",
		"\r\nSubject: Approve? billing-bot wants: payments.refund\r\n",
		"\r\nMessage-ID: <" MESSAGE_ID ">\r\n",
		"\r\nAuto-Submitted: auto-generated\r\n",
		"\r\n" SAMPLE_CODE "\r\n", "\r\n" SAMPLE_LINK "\r\n"};
	struct fixture x;
	struct ear_end end;
	char *got, *facts;
	size_t i;

	(void)state;
	open_fixture(&x, "", NULL, NULL);
	assert_int_equal(health(&x).state, CHANNEL_STARTING);
	mail(&x, DELIVERY_ASK);
	end = ear_wait(&x.ear, 1);
	assert_int_equal(end.rc, RC_OK);
	assert_string_equal(end.id, SAMPLE_ID);
	assert_string_equal(end.remote_id, MESSAGE_ID);
	assert_int_equal(health(&x).state, CHANNEL_UP);
	assert_string_equal(health(&x).fault, "");
	got = relay_file(&x.relay, "0001.eml");
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		assert_non_null(strstr(got, lines[i]));
	}
	assert_null(strstr(got, "In-Reply-To"));
	facts = relay_file(&x.relay, "0001.json");
	assert_non_null(strstr(facts, "\"from\": \"assent@example.com\""));
	assert_non_null(strstr(facts, "\"to\": [\"" TO "\"]"));
	free(facts);
	free(got);
	close_fixture(&x);
}

static void
a_settled_mail_answers_the_one_that_asked(void **state)
{
	static const struct {
		const char *remote_id;
		bool answers;
	} rows[] = {
	    {"dlv_00000000000000aa@example.com", true},
	    {NULL, false},
	    {"", false},
	    {"x\r\nBcc: all@example.com", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture x;
		struct delivery *d =
		    letter_sample(DELIVERY_SETTLED, TO, "{}", NULL);
		char *got;

		d->remote_id = rows[i].remote_id;
		open_fixture(&x, "", NULL, NULL);
		assert_int_equal(channel_email.deliver(x.channel, d), RC_OK);
		assert_int_equal(ear_wait(&x.ear, 1).rc, RC_OK);
		got = relay_file(&x.relay, "0001.eml");
		assert_int_equal(
		    strstr(got,
			"\r\nIn-Reply-To: "
			"<dlv_00000000000000aa@example.com>\r\n"
			"References: <dlv_00000000000000aa@example.com>\r\n") !=
			NULL,
		    rows[i].answers);
		assert_null(strstr(got, "Bcc"));
		free(got);
		close_fixture(&x);
	}
}

static const struct {
	const char *relay, *tls, *login;
	enum rc rc;
	enum channel_state health;
	const char *fault; /* is part of it */
	int mails;
} ends[] = {
    {"", NULL, NULL, RC_OK, CHANNEL_UP, "", 1},
    {"--reply RCPT=450+later", NULL, NULL, RC_REMOTE_TEMP, CHANNEL_UP, "", 0},
    {"--reply RCPT=550+no", NULL, NULL, RC_REMOTE_PERM, CHANNEL_UP, "", 0},
    {"--reply END=554+spam", NULL, NULL, RC_REMOTE_PERM, CHANNEL_UP, "", 0},
    {"--reply GREETING=421+busy", NULL, NULL, RC_REMOTE_TEMP, CHANNEL_DEGRADED,
	"421 busy", 0},
    {"--drop END", NULL, NULL, RC_UNCERTAIN, CHANNEL_DEGRADED,
	"no answer to the message", 1},
    {"--reply MAIL=550+no", NULL, NULL, RC_REMOTE_TEMP, CHANNEL_DOWN,
	"sender: 550 no", 0},
    {"--tls starttls --auth assent:p", "SMTP_TLS=required", "SMTP_PASS=p",
	RC_OK, CHANNEL_UP, "", 1},
    {"--tls starttls --auth assent:p", "SMTP_TLS=required", "SMTP_PASS=q",
	RC_REMOTE_TEMP, CHANNEL_DOWN, "535", 0},
    {"--tls starttls", "SMTP_TLS=required", "SMTP_PASS=p", RC_REMOTE_TEMP,
	CHANNEL_DOWN, "no AUTH", 0},
    {"--tls starttls --cert wrong-name", "SMTP_TLS=required", NULL,
	RC_REMOTE_TEMP, CHANNEL_DOWN, "certificate", 0},
    {"", "SMTP_TLS=required", NULL, RC_REMOTE_TEMP, CHANNEL_DOWN, "STARTTLS",
	0},
    {"--tls implicit --auth assent:p", "SMTP_TLS=implicit", "SMTP_PASS=p",
	RC_OK, CHANNEL_UP, "", 1},
    {"--tls implicit", "SMTP_TLS=implicit", NULL, RC_OK, CHANNEL_UP, "", 1},
    {"--tls implicit --auth assent:p", "SMTP_TLS=implicit", "SMTP_PASS=q",
	RC_REMOTE_TEMP, CHANNEL_DOWN, "535", 0},
    {"--tls implicit", "SMTP_TLS=implicit", "SMTP_PASS=p", RC_REMOTE_TEMP,
	CHANNEL_DOWN, "authenticate", 0},
    {"--tls implicit --cert expired", "SMTP_TLS=implicit", NULL, RC_REMOTE_TEMP,
	CHANNEL_DOWN, "SSL", 0},
    {"--tls implicit --cert wrong-name", "SMTP_TLS=implicit", NULL,
	RC_REMOTE_TEMP, CHANNEL_DOWN, "SSL", 0},
    {"--tls implicit --reply RCPT=450+later", "SMTP_TLS=implicit", NULL,
	RC_REMOTE_TEMP, CHANNEL_UP, "", 0},
    {"--tls implicit --reply RCPT=550+no", "SMTP_TLS=implicit", NULL,
	RC_REMOTE_PERM, CHANNEL_UP, "", 0},
    {"--tls implicit --drop END", "SMTP_TLS=implicit", NULL, RC_UNCERTAIN,
	CHANNEL_DEGRADED, "", 1},
    {"--tls implicit --drop MAIL", "SMTP_TLS=implicit", NULL, RC_REMOTE_TEMP,
	CHANNEL_DEGRADED, "", 0},
};

static void
each_end_is_told_once_and_counts_for_the_health(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		struct channel_health h;
		struct ear_end end;
		struct fixture x;

		open_fixture(&x, ends[i].relay, ends[i].tls, ends[i].login);
		mail(&x, DELIVERY_ASK);
		end = ear_wait(&x.ear, 1);
		h = health(&x);
		if (end.rc != ends[i].rc || h.state != ends[i].health ||
		    strstr(h.fault, ends[i].fault) == NULL ||
		    relay_mails(&x.relay) != ends[i].mails) {
			fail_msg("row %zu: %s \"%s\", health %d \"%s\"", i,
			    rc_name(end.rc), end.detail, (int)h.state, h.fault);
		}
		assert_null(strchr(end.detail, '@'));
		assert_null(strstr(end.detail, "SMTP_PASS"));
		close_fixture(&x);
	}
}

static void
a_repeat_bears_the_same_message_id(void **state)
{
	struct fixture x;
	char *first, *second;

	(void)state;
	open_fixture(&x, "--drop END*1", NULL, NULL);
	mail(&x, DELIVERY_ASK);
	assert_int_equal(ear_wait(&x.ear, 1).rc, RC_UNCERTAIN);
	mail(&x, DELIVERY_ASK);
	assert_int_equal(ear_wait(&x.ear, 2).rc, RC_OK);
	assert_int_equal(health(&x).state, CHANNEL_UP);
	first = relay_file(&x.relay, "0001.eml");
	second = relay_file(&x.relay, "0002.eml");
	assert_non_null(strstr(first, "\r\nMessage-ID: <" MESSAGE_ID ">"));
	assert_non_null(strstr(second, "\r\nMessage-ID: <" MESSAGE_ID ">"));
	free(first);
	free(second);
	close_fixture(&x);
}

static void
what_cannot_be_mailed_is_refused_for_good(void **state)
{
	static const struct {
		enum delivery_kind kind;
		const char *address;
	} rows[] = {
	    {DELIVERY_WEBHOOK, TO},
	    {DELIVERY_ASK, "not an address"},
	    {DELIVERY_ASK, "a@example.com\r\nRCPT TO:<b@example.com>"},
	    {DELIVERY_ASK, "a@example.com>,<b@example.com"},
	};
	struct fixture x;
	size_t i;

	(void)state;
	open_fixture(&x, "", NULL, NULL);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(channel_email.deliver(x.channel,
				     letter_sample(rows[i].kind,
					 rows[i].address, "{}", NULL)),
		    RC_OK);
		assert_int_equal(ear_wait(&x.ear, (int)i + 1).rc, RC_INVALID);
	}
	assert_int_equal(relay_mails(&x.relay), 0);
	close_fixture(&x);
}

static void
a_full_queue_leaves_the_delivery_with_its_owner(void **state)
{
	struct fixture x;
	struct delivery *d;
	int taken = 0;
	enum rc rc;

	(void)state;
	open_fixture(&x, "--hang MAIL", NULL, NULL);
	do {
		d = letter_sample(DELIVERY_ASK, TO, "{}", NULL);
		rc = channel_email.deliver(x.channel, d);
		taken += rc == RC_OK ? 1 : 0;
	} while (rc == RC_OK && taken < 1000);
	assert_int_equal(rc, RC_BUSY);
	assert_in_range(taken, 32, 33);
	delivery_free(d);
	silence(&x);
	assert_int_equal(ear_times(&x.ear), 0);
	close_fixture(&x);
}

static void
stopping_ends_a_mail_that_hangs(void **state)
{
	static const struct {
		const char *relay, *tls, *sees;
	} rows[] = {
	    {"--hang MAIL", NULL, "C: MAIL"},
	    {"--hang END --tls starttls", "SMTP_TLS=required", "S: 354"},
	    {"--hang MAIL --tls implicit", "SMTP_TLS=implicit", "C: MAIL"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture x;
		long long began;

		open_fixture(&x, rows[i].relay, rows[i].tls, NULL);
		mail(&x, DELIVERY_ASK);
		mail(&x, DELIVERY_ASK);
		assert_true(relay_sees(&x.relay, rows[i].sees));
		began = clock_mono_ms();
		channel_email.stop(x.channel);
		assert_in_range(clock_mono_ms() - began, 0, 9000);
		x.channel = NULL;
		silence(&x);
		assert_int_equal(ear_times(&x.ear), 0);
		close_fixture(&x);
	}
}

static void
stopping_lets_a_mail_finish(void **state)
{
	struct fixture x;

	(void)state;
	open_fixture(&x, "--trickle END", NULL, NULL);
	mail(&x, DELIVERY_ASK);
	assert_true(relay_sees(&x.relay, "S: 354"));
	channel_email.stop(x.channel);
	x.channel = NULL;
	assert_int_equal(ear_wait(&x.ear, 1).rc, RC_OK);
	close_fixture(&x);
}

static void
a_mistake_in_the_settings_stops_the_start(void **state)
{
	static const struct {
		const char *setting, *field;
	} rows[] = {
	    {"SMTP_TLS=perhaps", "SMTP_TLS"},
	    {"SMTP_TLS=required", "SMTP_CA_FILE"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault f = {0};
		struct ear ear;
		void *channel = NULL;

		ear_init(&ear, NULL);
		ear.settings[0] = "SMTP_HOST=localhost";
		ear.settings[1] = "SMTP_FROM=assent@example.com";
		ear.settings[2] = rows[i].setting;
		ear.settings[3] = "SMTP_CA_FILE=/etc/hostname";
		assert_int_equal(channel_email.start(&ear.env, &channel, &f),
		    RC_INVALID);
		assert_string_equal(f.field, rows[i].field);
		assert_null(channel);
		ear_fini(&ear);
	}
}

static void
without_a_host_mail_is_not_wanted(void **state)
{
	struct ear ear;

	(void)state;
	ear_init(&ear, NULL);
	assert_false(channel_email.wanted(&ear.env));
	ear.settings[0] = "SMTP_HOST=";
	assert_false(channel_email.wanted(&ear.env));
	ear.settings[0] = "SMTP_HOST=localhost";
	assert_true(channel_email.wanted(&ear.env));
	ear_fini(&ear);
}

static void
health_goes_down_in_steps_and_up_at_once(void **state)
{
	static const struct {
		enum smtp_blame blame;
		enum channel_state state;
	} steps[] = {
	    {SMTP_BLAME_RELAY, CHANNEL_DEGRADED},
	    {SMTP_BLAME_RELAY, CHANNEL_DEGRADED},
	    {SMTP_BLAME_RELAY, CHANNEL_DOWN},
	    {SMTP_BLAME_RELAY, CHANNEL_DOWN},
	    {SMTP_BLAME_MAIL, CHANNEL_UP},
	    {SMTP_BLAME_OPERATOR, CHANNEL_DOWN},
	    {SMTP_BLAME_RELAY, CHANNEL_DOWN},
	    {SMTP_BLAME_NOBODY, CHANNEL_UP},
	    {SMTP_BLAME_RELAY, CHANNEL_DEGRADED},
	};
	struct email_health h;
	size_t i;

	(void)state;
	email_health_init(&h);
	assert_int_equal(h.now.state, CHANNEL_STARTING);
	for (i = 0; i < ARRAY_LEN(steps); i++) {
		struct smtp_outcome o = {.rc = RC_REMOTE_TEMP,
		    .blame = steps[i].blame};
		struct smtp_outcome busy = {.rc = RC_BUSY,
		    .blame = SMTP_BLAME_RELAY};

		(void)snprintf(o.detail, sizeof(o.detail), "step %zu", i);
		email_health_note(&h, &o);
		email_health_note(&h, &busy);
		assert_int_equal(h.now.state, steps[i].state);
		assert_string_equal(h.now.fault,
		    steps[i].state == CHANNEL_UP ? "" : o.detail);
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
	    cmocka_unit_test(a_person_is_asked_by_mail),
	    cmocka_unit_test(a_settled_mail_answers_the_one_that_asked),
	    cmocka_unit_test(each_end_is_told_once_and_counts_for_the_health),
	    cmocka_unit_test(a_repeat_bears_the_same_message_id),
	    cmocka_unit_test(what_cannot_be_mailed_is_refused_for_good),
	    cmocka_unit_test(a_full_queue_leaves_the_delivery_with_its_owner),
	    cmocka_unit_test(stopping_ends_a_mail_that_hangs),
	    cmocka_unit_test(stopping_lets_a_mail_finish),
	    cmocka_unit_test(a_mistake_in_the_settings_stops_the_start),
	    cmocka_unit_test(without_a_host_mail_is_not_wanted),
	    cmocka_unit_test(health_goes_down_in_steps_and_up_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
