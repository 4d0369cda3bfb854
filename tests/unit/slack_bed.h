/*
 * slack_bed: the Slack channel between a trunk and a Slack by script.
 *
 * The Web API is a server on 127.0.0.1 that answers each method by rows of the
 * test, the session is played here, the trunk is an ear. Included once by a
 * test program, behind cmocka.h: it takes the place of slack_session.
 */
#ifndef TESTS_UNIT_SLACK_BED_H
#define TESTS_UNIT_SLACK_BED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bots/slack.h"
#include "bots/slack_session.h"
#include "card_samples.h"
#include "channel.h"
#include "ear.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/websocket.h"
#include "peer.h"

enum {
	BED_ROWS = 16,
	BED_CALLS = 128,
	BED_ENDS = 64,
	BED_ACKS = 64,
	BED_PATIENCE_S = 30
};

/* What a method answers, in order; the last one for ever. */
struct bed_row {
	const char *method;
	int status;	  /* 0 = 200 */
	const char *head; /* a further line with CRLF, or NULL */
	const char *body; /* NULL = hang up instead */
};

struct bed_call {
	char method[40];
	char token[40];
	char *body; /* owned */
	long long at_ms;
};

struct bed_end {
	char id[ID_SIZE];
	enum rc rc;
	char remote_id[100], account[80], detail[256];
};

struct bed_ack {
	char id[SLACK_ENVELOPE_ID_MAX];
	char *payload; /* owned; NULL = bare */
};

struct bed {
	pthread_mutex_t lock;
	pthread_cond_t came; /* anything below; on the monotonic clock */
	struct bed_row rows[BED_ROWS];
	int used[BED_ROWS];
	struct bed_call calls[BED_CALLS];
	int calls_n;
	struct bed_end ends[BED_ENDS];
	int ends_n;
	struct bed_ack acks[BED_ACKS];
	int acks_n;
	struct answer *asked; /* with the trunk, that is us */
	struct pending_list *listing;
	int decisions;
	bool session_freed;

	struct peer *peer;
	struct http_client *http;
	struct websocket_loop *loop;
	struct ear ear;
	struct channel_up up;
	char api[80], api_line[100];
	void *channel;
};

/* Not every test program uses all of it. */
#define MAYBE __attribute__((unused))

static struct bed *the_bed; /* of the session below */

/* --- waiting -------------------------------------------------------------- */

/* Under the lock. Waits until *count is at least n. */
static void
bed_await(struct bed *b, const int *count, int n)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += BED_PATIENCE_S;
	while (*count < n &&
	    pthread_cond_timedwait(&b->came, &b->lock, &t) == 0) {
	}
	if (*count < n) {
		(void)fprintf(stderr, "only %d of %d came\n", *count, n);
		for (int i = 0; i < b->calls_n; i++) {
			(void)fprintf(stderr, "call %s\n", b->calls[i].method);
		}
		abort();
	}
}

static MAYBE void
bed_wait(struct bed *b, const int *count, int n)
{
	pthread_mutex_lock(&b->lock);
	bed_await(b, count, n);
	pthread_mutex_unlock(&b->lock);
}

/* --- a Slack by script ---------------------------------------------------- */

/* Under the lock. */
static const struct bed_row *
row_of(struct bed *b, const char *method)
{
	const struct bed_row *found = NULL;

	for (int i = 0; i < BED_ROWS && b->rows[i].method != NULL; i++) {
		if (strcmp(b->rows[i].method, method) != 0) {
			continue;
		}
		found = &b->rows[i];
		if (!b->used[i]) {
			b->used[i] = 1;
			break;
		}
	}
	return found;
}

static void
take_text(const char *from, const char *before, const char *until, char *out,
    size_t size)
{
	const char *s = strstr(from, before);

	s = s != NULL ? s + strlen(before) : "";
	(void)snprintf(out, size, "%.*s", (int)strcspn(s, until), s);
}

static void
note_call(struct bed *b, const char *request)
{
	struct bed_call *c = &b->calls[b->calls_n];
	const char *body = strstr(request, "\r\n\r\n");

	assert_true(b->calls_n < BED_CALLS);
	take_text(request, "POST /api/", " ", c->method, sizeof(c->method));
	take_text(request, "Authorization: Bearer ", "\r", c->token,
	    sizeof(c->token));
	c->body = mem_strdup(body != NULL ? body + 4 : "");
	c->at_ms = clock_mono_ms();
	b->calls_n++;
	pthread_cond_broadcast(&b->came);
}

static const char fallback[] = "{\"ok\":true,\"channel\":\"D1\","
			       "\"ts\":\"1700000000.000100\"}";

static void
serve_slack(struct peer_conn *conn, void *arg)
{
	struct bed *b = arg;
	struct buf in = {0};

	while (peer_request(conn, &in)) {
		const struct bed_row *row;
		CLEANUP(buf_fini) struct buf out = {0};
		const char *body = fallback;

		pthread_mutex_lock(&b->lock);
		note_call(b, buf_str(&in));
		row = row_of(b, b->calls[b->calls_n - 1].method);
		pthread_mutex_unlock(&b->lock);
		if (row != NULL && row->body == NULL) {
			break;
		}
		body = row != NULL ? row->body : fallback;
		buf_printf(&out,
		    "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n"
		    "%sContent-Length: %zu\r\n\r\n%s",
		    row != NULL && row->status != 0 ? row->status : 200,
		    row != NULL && row->head != NULL ? row->head : "",
		    strlen(body), body);
		peer_write(conn, out.data, out.len);
		buf_clear(&in);
	}
	buf_fini(&in);
}

/* --- a session ------------------------------------------------------------ */

struct slack_session {
	struct slack_session_options options;
};

struct slack_session *
slack_session_new(const struct slack_session_options *o)
{
	struct slack_session *s = mem_new(1, sizeof(*s));

	s->options = *o;
	return s;
}

enum rc
slack_session_ack(struct slack_session *s, const struct slack_envelope_ref *ref,
    const json_t *payload)
{
	struct bed *b = the_bed;
	struct bed_ack *a;

	(void)s;
	pthread_mutex_lock(&b->lock);
	a = &b->acks[b->acks_n++];
	(void)snprintf(a->id, sizeof(a->id), "%s", ref->id);
	a->payload = payload != NULL ? json_dumps(payload, JSON_COMPACT) : NULL;
	pthread_cond_broadcast(&b->came);
	pthread_mutex_unlock(&b->lock);
	return RC_OK;
}

void
slack_session_health(struct slack_session *s, struct channel_health *out)
{
	(void)s;
	out->state = CHANNEL_UP;
	out->sessions = 2;
}

void
slack_session_free(struct slack_session *s)
{
	pthread_mutex_lock(&the_bed->lock);
	the_bed->session_freed = s != NULL;
	pthread_mutex_unlock(&the_bed->lock);
	free(s);
}

/* An envelope on its way to the loop. */
struct bed_letter {
	struct slack_session_options options;
	const char *id, *type;
	json_t *payload;
};

static void
drop_letter(void *arg)
{
	struct bed_letter *l = arg;
	struct slack_envelope e = {.ref = {.connection = 1,
				       .arrived_ms = clock_mono_ms()},
	    .type = l->type,
	    .accepts_payload = true,
	    .payload = l->payload};

	(void)snprintf(e.ref.id, sizeof(e.ref.id), "%s", l->id);
	l->options.envelope(l->options.ctx, &e);
	json_decref(l->payload);
	free(l);
}

/* --- a trunk -------------------------------------------------------------- */

static void
put(char *out, size_t size, const char *s)
{
	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

static void
bed_ended(void *ctx, const char *id, const struct attempt *at)
{
	struct bed *b = ctx;
	struct bed_end *e;

	pthread_mutex_lock(&b->lock);
	e = &b->ends[b->ends_n++];
	e->rc = at->rc;
	put(e->id, sizeof(e->id), id);
	put(e->remote_id, sizeof(e->remote_id), at->remote_id);
	put(e->account, sizeof(e->account), at->account);
	put(e->detail, sizeof(e->detail), at->detail);
	pthread_cond_broadcast(&b->came);
	pthread_mutex_unlock(&b->lock);
}

static void
bed_decided(void *ctx, struct answer *an)
{
	struct bed *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->asked = an;
	b->decisions++;
	pthread_cond_broadcast(&b->came);
	pthread_mutex_unlock(&b->lock);
}

static void
bed_pending(void *ctx, struct pending_list *l)
{
	struct bed *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->listing = l;
	b->decisions++;
	pthread_cond_broadcast(&b->came);
	pthread_mutex_unlock(&b->lock);
}

/* --- the bed -------------------------------------------------------------- */

static const char auth_fine[] =
    "{\"ok\":true,\"url\":\"https:\\/\\/x.slack.com\\/\",\"team\":\"X\","
    "\"user\":\"bot\",\"team_id\":\"T1\",\"user_id\":\"UBOT\","
    "\"bot_id\":\"B1\",\"app_id\":\"A1\"}";
#define ALL_SCOPES \
	"x-oauth-scopes: chat:write,im:write,im:history,users:read," \
	"users:read.email,commands\r\n"

static void
bed_open(struct bed *b, const struct bed_row *rows, size_t n)
{
	const struct http_client_options ho = {.waiting_max = 64};
	const struct websocket_loop_options lo = {.ca_file = NULL};
	struct fault f = {0};
	pthread_condattr_t attr;

	memset(b, 0, sizeof(*b));
	the_bed = b;
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->came, &attr);
	pthread_condattr_destroy(&attr);
	assert_true(n < BED_ROWS);
	for (size_t i = 0; i < n; i++) {
		b->rows[i] = rows[i];
	}
	if (row_of(b, "auth.test") == NULL) {
		b->rows[n] =
		    (struct bed_row){"auth.test", 200, ALL_SCOPES, auth_fine};
	}
	memset(b->used, 0, sizeof(b->used));
	b->peer = peer_start(serve_slack, b, false);
	assert_int_equal(http_client_new(&ho, &b->http, &f), RC_OK);
	assert_int_equal(websocket_loop_new(&lo, &b->loop, &f), RC_OK);
	ear_init(&b->ear, b->http);
	b->up = (struct channel_up){.ended = bed_ended,
	    .decided = bed_decided,
	    .pending = bed_pending,
	    .ctx = b};
	b->ear.env.up = &b->up;
	b->ear.env.chat = b->loop;
	(void)snprintf(b->api_line, sizeof(b->api_line),
	    "SLACK_API_URL=http://127.0.0.1:%d/api", peer_port(b->peer));
	b->ear.settings[0] = "SLACK_APP_TOKEN=xapp-1-A1-secret";
	b->ear.settings[1] = "SLACK_BOT_TOKEN=xoxb-bot-secret";
	b->ear.settings[2] = b->api_line;
	assert_true(channel_slack.wanted(&b->ear.env));
	assert_int_equal(channel_slack.start(&b->ear.env, &b->channel, &f),
	    RC_OK);
}

static void
bed_close(struct bed *b)
{
	if (b->channel != NULL) {
		channel_slack.stop(b->channel);
		b->channel = NULL;
	}
	assert_true(b->session_freed);
	websocket_loop_free(b->loop);
	http_client_free(b->http);
	peer_stop(b->peer);
	ear_fini(&b->ear);
	for (int i = 0; i < b->calls_n; i++) {
		free(b->calls[i].body);
	}
	for (int i = 0; i < b->acks_n; i++) {
		free(b->acks[i].payload);
	}
	pthread_cond_destroy(&b->came);
	pthread_mutex_destroy(&b->lock);
}

/* The n-th call of a method, from 0; waits for it. */
static MAYBE const struct bed_call *
bed_call(struct bed *b, const char *method, int n)
{
	const struct bed_call *found = NULL;

	pthread_mutex_lock(&b->lock);
	for (int seen = 0; found == NULL; seen++) {
		int k = n;

		for (int i = 0; i < b->calls_n && found == NULL; i++) {
			if (strcmp(b->calls[i].method, method) == 0 &&
			    k-- == 0) {
				found = &b->calls[i];
			}
		}
		if (found == NULL) {
			bed_await(b, &b->calls_n, b->calls_n + 1);
		}
	}
	pthread_mutex_unlock(&b->lock);
	return found;
}

/* How often it was called; also of a bed that is closed. */
static MAYBE int
bed_count(struct bed *b, const char *method)
{
	int n = 0;

	if (b->channel != NULL) {
		pthread_mutex_lock(&b->lock);
	}
	for (int i = 0; i < b->calls_n; i++) {
		n += strcmp(b->calls[i].method, method) == 0 ? 1 : 0;
	}
	if (b->channel != NULL) {
		pthread_mutex_unlock(&b->lock);
	}
	return n;
}

static MAYBE struct bed_end
bed_end(struct bed *b, int n)
{
	bed_wait(b, &b->ends_n, n + 1);
	return b->ends[n];
}

/* A delivery of the sample card. */
static MAYBE struct delivery *
bed_delivery(enum delivery_kind kind, const char *id, const char *address)
{
	struct delivery *d = ear_delivery(kind, id, address);
	struct intent *in = arena_alloc(d->arena, sizeof(*in));
	struct card *c = arena_alloc(d->arena, sizeof(*c));

	*in = card_waiting();
	in->version = 1;
	*c = card_of(d->arena, in);
	d->intent = in;
	d->intent_id = in->id;
	d->card = c;
	d->person = "dana";
	d->page = "http://127.0.0.1:4000/approvals/int_0123456789abcdef";
	d->handle = "h1.MAC-x_y";
	return d;
}

static MAYBE void
bed_letter(struct bed *b, const char *id, const char *type, const char *text)
{
	struct bed_letter *l = mem_new(1, sizeof(*l));
	struct fault f = {0};

	*l = (struct bed_letter){.id = id, .type = type};
	l->options.envelope = slack_on_envelope;
	l->options.ctx = b->channel;
	assert_int_equal(json_read(text, strlen(text), &l->payload, &f), RC_OK);
	assert_int_equal(websocket_loop_run(b->loop, drop_letter, l), RC_OK);
}

/* Gives the answer back as the trunk would. */
static MAYBE struct answer *
bed_asked(struct bed *b, int n)
{
	struct answer *an;

	pthread_mutex_lock(&b->lock);
	bed_await(b, &b->decisions, n);
	an = b->asked;
	pthread_mutex_unlock(&b->lock);
	return an;
}

#endif
