#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "smtp_rows.h"

static void
a_lost_connection_is_uncertain_only_after_the_message(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--drop GREETING", TLS(OFF), LATER(RELAY), "", "C: MAIL", 0},
	    {"--drop EHLO", TLS(OFF), LATER(RELAY), "", "C: MAIL", 0},
	    {"--drop MAIL", TLS(OFF), LATER(RELAY), "", "C: RCPT", 0},
	    {"--drop RCPT", TLS(OFF), LATER(RELAY), "", NULL, 0},
	    {"--drop DATA", TLS(OFF), LATER(RELAY), "", NULL, 0},
	    {"--drop END", TLS(OFF), MAYBE, "no answer to the message", NULL,
		1},
	    {"--drop QUIT", TLS(OFF), SENT, "", NULL, 1},
	    {"--chunking --drop BDAT", TLS(OFF), LATER(RELAY), "", NULL, 0},
	    {"--chunking --drop END", TLS(OFF), MAYBE, "", NULL, 1},
	    {"--chunking --pipelining --drop END", TLS(OFF), MAYBE, "", NULL,
		1},
	    {"--tls starttls --drop END", TLS(REQUIRED), MAYBE, "", NULL, 1},
	    {"--tls starttls --drop QUIT", TLS(REQUIRED), SENT, "", NULL, 1},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

static void
a_relay_that_hangs_is_left(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--hang GREETING", HASTY(OFF), LATER(RELAY), "", "C: MAIL", 0},
	    {"--hang MAIL", HASTY(OFF), LATER(RELAY), "", "C: RCPT", 0},
	    {"--hang DATA", HASTY(OFF), LATER(RELAY), "", NULL, 0},
	    {"--hang END", HASTY(OFF), MAYBE, "", NULL, 1},
	    /* Between two BDAT a stale 250 stands in the message's status. */
	    {"--chunking --hang END", HASTY(OFF), MAYBE, "", NULL, 1},
	    {"--tls starttls --hang EHLO", HASTY(REQUIRED), LATER(RELAY), "",
		"C: MAIL", 0},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

static void
an_answer_that_trickles_is_cut_at_the_deadline(void **state)
{
	static const struct smtp_row rows[] = {
	    {"--trickle EHLO --trickle MAIL",
		{.tls = SMTP_TLS_OFF,
		    .step_ms = STEP_MS,
		    .end_ms = STEP_MS,
		    .total_ms = 700},
		LATER(RELAY), "took too long", "C: RCPT", 0},
	    {"--trickle END",
		{.tls = SMTP_TLS_OFF,
		    .step_ms = STEP_MS,
		    .end_ms = STEP_MS,
		    .total_ms = 500},
		MAYBE, "took too long", NULL, 1},
	};

	(void)state;
	smtp_rows_check(rows, ARRAY_LEN(rows));
}

/* A port of this machine that lets nobody in: its backlog is full. */
static int
black_hole(int *out_port, int fillers[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0), i;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*out_port = ntohs(a.sin_port);
	for (i = 0; i < 2; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (struct sockaddr *)&a, sizeof(a));
	}
	return fd;
}

static void
connecting_ends_before_the_kernel_gives_up(void **state)
{
	struct relay r = {0};
	struct smtp_outcome out;
	struct smtp *s;
	long long began;
	int fd, fillers[2];

	(void)state;
	fd = black_hole(&r.port, fillers);
	s = smtp_rows_client(&r,
	    &(struct smtp_options){.host = "127.0.0.1", .connect_ms = 200});
	began = clock_mono_ms();
	smtp_send(s, &smtp_rows_mail, &out);
	assert_in_range(clock_mono_ms() - began, 200, 5000);
	assert_int_equal(out.rc, RC_REMOTE_TEMP);
	assert_int_equal(out.blame, SMTP_BLAME_RELAY);
	assert_string_equal(out.detail, "no connection: it took too long");
	smtp_free(s);
	close(fd);
	close(fillers[0]);
	close(fillers[1]);
}

static void
nobody_at_the_port_is_temporary(void **state)
{
	struct relay r = {.port = 1};
	struct smtp_outcome out;
	struct smtp *s = smtp_rows_client(&r, &(struct smtp_options)TLS(OFF));

	(void)state;
	smtp_send(s, &smtp_rows_mail, &out);
	assert_int_equal(out.rc, RC_REMOTE_TEMP);
	assert_string_equal(out.detail, "no connection: Connection refused");
	smtp_free(s);
}

struct sending {
	struct smtp *smtp;
	struct smtp_outcome out;
};

static void *
send_one(void *arg)
{
	struct sending *job = arg;

	smtp_send(job->smtp, &smtp_rows_mail, &job->out);
	return NULL;
}

static void
a_session_can_be_cut_from_another_thread(void **state)
{
	struct sending job = {0};
	struct smtp_options o = {.tls = SMTP_TLS_REQUIRED,
	    .step_ms = 60000,
	    .end_ms = 60000};
	struct relay r;
	pthread_t thread;
	long long began;

	(void)state;
	relay_start(&r, "--tls starttls --hang MAIL");
	job.smtp = smtp_rows_client(&r, &o);
	pthread_create(&thread, NULL, send_one, &job);
	assert_true(relay_sees(&r, "C: MAIL"));
	began = clock_mono_ms();
	smtp_cut(job.smtp);
	pthread_join(thread, NULL);
	assert_in_range(clock_mono_ms() - began, 0, 2000);
	assert_int_equal(job.out.rc, RC_REMOTE_TEMP);
	smtp_cut(job.smtp); /* nothing is under way: nothing happens */
	smtp_free(job.smtp);
}

static void
connecting_can_be_cut_from_another_thread(void **state)
{
	struct sending job = {0};
	struct relay r = {0};
	pthread_t thread;
	long long began = clock_mono_ms();
	int fd, fillers[2];

	(void)state;
	fd = black_hole(&r.port, fillers);
	job.smtp =
	    smtp_rows_client(&r, &(struct smtp_options){.host = "127.0.0.1"});
	pthread_create(&thread, NULL, send_one, &job);
	/* Too early is fine, too: the cut is repeated until it is noticed. */
	while (pthread_tryjoin_np(thread, NULL) != 0) {
		smtp_cut(job.smtp);
		sched_yield();
	}
	assert_in_range(clock_mono_ms() - began, 0, 5000);
	assert_int_equal(job.out.rc, RC_REMOTE_TEMP);
	smtp_free(job.smtp);
	close(fd);
	close(fillers[0]);
	close(fillers[1]);
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
	    cmocka_unit_test(
		a_lost_connection_is_uncertain_only_after_the_message),
	    cmocka_unit_test(a_relay_that_hangs_is_left),
	    cmocka_unit_test(an_answer_that_trickles_is_cut_at_the_deadline),
	    cmocka_unit_test(connecting_ends_before_the_kernel_gives_up),
	    cmocka_unit_test(nobody_at_the_port_is_temporary),
	    cmocka_unit_test(a_session_can_be_cut_from_another_thread),
	    cmocka_unit_test(connecting_can_be_cut_from_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
