/*
 * slack_session_bed: a Slack session on the fake loop, and a courier that the
 * test answers for.
 *
 * Included once by a test program.
 */
#ifndef TESTS_UNIT_SLACK_SESSION_BED_H
#define TESTS_UNIT_SLACK_SESSION_BED_H

#include "fake_loop.h"

#include "bots/slack_session.h"
#include "lib/clock.h"
#include "lib/http_client.h"
#include "lib/json.h"

#define BED_TOKEN "xapp-1-A111-111-abcdef"
#define BED_URL	  "{\"ok\":true,\"url\":\"wss:\\/\\/slack.test\\/?ticket=t\"}"
#define BED_HELLO(n, lasts) \
	"{\"type\":\"hello\",\"num_connections\":" #n ",\"debug_info\":{" \
	"\"approximate_connection_time\":" #lasts "}}"
#define BED_CLICK(id) \
	"{\"type\":\"interactive\",\"envelope_id\":\"" id \
	"\",\"accepts_response_payload\":true,\"payload\":{\"x\":1}}"
#define BED_BYE(reason) "{\"type\":\"disconnect\",\"reason\":\"" reason "\"}"

enum { BED_ASKS_MAX = 8192, BED_HOUR = 3600 * 1000 };

/* A question for an address. */
struct bed_ask {
	void (*done)(void *arg, const struct http_answer *);
	void *arg;
	long long asked_ms;
	bool answered;
};

static struct bed_ask bed_asks[BED_ASKS_MAX];
static int bed_asks_n;
static bool bed_courier_busy;
static char bed_last_call[512]; /* "METHOD URL HEADERS BODY" */

struct bed {
	struct slack_session *session;
	long long started_ms;
	int envelopes;
	char last_id[SLACK_ENVELOPE_ID_MAX];
	char last_type[32];
	struct slack_envelope_ref last;
	bool last_accepts;
	long long last_x; /* a member of the payload */
};

enum rc
http_client_send(struct http_client *c, const struct http_call *call,
    void (*done)(void *arg, const struct http_answer *), void *arg)
{
	(void)c;
	if (bed_courier_busy) {
		return RC_BUSY;
	}
	assert_true(bed_asks_n < BED_ASKS_MAX);
	assert_int_equal(call->pool, HTTP_PLATFORM);
	(void)snprintf(bed_last_call, sizeof(bed_last_call),
	    "%s %s\n%s\n%s\n%zu", call->method, call->url, call->headers[0],
	    call->headers[1], call->body_len);
	bed_asks[bed_asks_n++] =
	    (struct bed_ask){done, arg, fake_now_ms, false};
	return RC_OK;
}

/* The courier's answer to the question; the loop has not turned yet. */
static void
bed_reply(int i, int status, const char *body, int retry_after_s)
{
	struct http_answer a = {.status = status,
	    .body = body,
	    .body_len = strlen(body),
	    .retry_after_s = retry_after_s};

	assert_true(i < bed_asks_n && !bed_asks[i].answered);
	bed_asks[i].answered = true;
	bed_asks[i].done(bed_asks[i].arg, &a);
}

static void
bed_on_envelope(void *ctx, const struct slack_envelope *e)
{
	struct bed *b = ctx;

	b->envelopes++;
	b->last = e->ref;
	b->last_accepts = e->accepts_payload;
	b->last_x = json_integer_value(json_object_get(e->payload, "x"));
	(void)snprintf(b->last_id, sizeof(b->last_id), "%s", e->ref.id);
	(void)snprintf(b->last_type, sizeof(b->last_type), "%s", e->type);
}

static void
bed_start_at(struct bed *b, const char *api_url)
{
	struct slack_session_options o = {
	    .api_url = api_url,
	    .app_token = BED_TOKEN,
	    .envelope = bed_on_envelope,
	    .ctx = b,
	};

	memset(b, 0, sizeof(*b));
	fake_loop_reset();
	bed_asks_n = 0;
	bed_courier_busy = false;
	b->started_ms = fake_now_ms;
	b->session = slack_session_new(&o);
	fake_turn();
	assert_int_equal(bed_asks_n, 1);
	/* The second slot does not wait for ever. */
	fake_advance(2000);
	assert_int_equal(bed_asks_n, 2);
}

static void
bed_start(struct bed *b)
{
	bed_start_at(b, "https://slack.test/api/");
}

/* Answers every question that waits, and lets the loop turn. */
static void
bed_answer_all(int status, const char *body, int retry_after_s)
{
	for (int i = 0; i < bed_asks_n; i++) {
		if (!bed_asks[i].answered) {
			bed_reply(i, status, body, retry_after_s);
		}
	}
	fake_turn();
}

/* Lets the sockets that are not open be opened and greeted. */
static void
bed_greet_all(const char *hello)
{
	for (int i = 0; i < fake_sockets_n; i++) {
		struct fake_socket *s = &fake_sockets[i];

		if (!s->open && !s->closing && !s->ended) {
			fake_opened(i);
			fake_says(i, hello);
		}
	}
	fake_turn();
}

/* Two connections that are ready, sockets 0 and 1. */
static void
bed_ready(struct bed *b)
{
	bed_start(b);
	bed_answer_all(200, BED_URL, 0);
	bed_greet_all(BED_HELLO(2, 18060));
	assert_int_equal(fake_sockets_n, 2);
}

/* Lets time pass until a new question waits or the time is up. */
static bool
bed_await_ask(long long most_ms)
{
	int before = bed_asks_n;
	long long end = fake_now_ms + most_ms;
	struct fake_timer *t;

	while (bed_asks_n == before && (t = fake_next_timer()) != NULL &&
	    t->at_ms <= end) {
		fake_advance(t->at_ms > fake_now_ms ? t->at_ms - fake_now_ms
						    : 0);
	}
	if (bed_asks_n == before) {
		fake_advance(end - fake_now_ms);
	}
	return bed_asks_n > before;
}

static void
bed_break(int i)
{
	fake_end(i,
	    &(struct websocket_end){.rc = RC_REMOTE_TEMP,
		.code = 1006,
		.detail = "broke off"});
	fake_turn();
}

static struct channel_health
bed_health(const struct bed *b)
{
	struct channel_health h = {0};

	slack_session_health(b->session, &h);
	return h;
}

static void *
bed_free_session(void *arg)
{
	struct bed *b = arg;

	slack_session_free(b->session);
	return NULL;
}

/*
 * Frees as the daemon does: from another thread, while the loop turns. Checks
 * that nothing is left open, and that no timer is. A loop that is full takes
 * the second job that it is asked to.
 */
static void
bed_stop(struct bed *b)
{
	pthread_t thread;

	fake_time_runs = true;
	pthread_mutex_lock(&fake_lock);
	assert_int_equal(pthread_create(&thread, NULL, bed_free_session, b), 0);
	if (fake_jobs_full) {
		pthread_cond_wait(&fake_job_came, &fake_lock);
		fake_jobs_full = false;
	}
	while (fake_jobs_n == 0) {
		pthread_cond_wait(&fake_job_came, &fake_lock);
	}
	pthread_mutex_unlock(&fake_lock);
	fake_turn();
	pthread_join(thread, NULL);
	fake_time_runs = false;
	for (int i = 0; i < fake_sockets_n; i++) {
		assert_true(fake_sockets[i].ended);
	}
	assert_int_equal(fake_timers_n(), 0);
	for (int i = 0; i < bed_asks_n; i++) {
		if (!bed_asks[i].answered) {
			bed_reply(i, 200, BED_URL, 0);
		}
	}
	fake_loop_reset();
}

#endif
