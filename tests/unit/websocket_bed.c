#include "websocket_bed.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void
note_opened(void *arg, unsigned long long id)
{
	struct ws_client *c = arg;

	assert(id == c->id);
	pthread_mutex_lock(&c->lock);
	c->opened++;
	pthread_cond_broadcast(&c->change);
	pthread_mutex_unlock(&c->lock);
	if (c->on_opened != NULL) {
		c->on_opened(c);
	}
}

static void
note_message(void *arg, unsigned long long id, const char *text, size_t len)
{
	struct ws_client *c = arg;

	assert(id == c->id && text[len] == '\0' && c->ended == 0);
	pthread_mutex_lock(&c->lock);
	c->messages++;
	buf_add(&c->texts, text, len);
	buf_putc(&c->texts, '\n');
	pthread_cond_broadcast(&c->change);
	pthread_mutex_unlock(&c->lock);
	if (c->on_message != NULL) {
		c->on_message(c, text, len);
	}
}

static void
note_ended(void *arg, unsigned long long id, const struct websocket_end *end)
{
	struct ws_client *c = arg;
	/* Whoever waits for the end may give the client up at once. */
	void (*then)(struct ws_client *) = c->on_ended;

	assert(id == c->id);
	pthread_mutex_lock(&c->lock);
	c->end = *end;
	(void)snprintf(c->reason, sizeof(c->reason), "%s", end->reason);
	(void)snprintf(c->detail, sizeof(c->detail), "%s", end->detail);
	c->ended++;
	pthread_cond_broadcast(&c->change);
	pthread_mutex_unlock(&c->lock);
	if (then != NULL) {
		then(c);
	}
}

void
ws_client_init(struct ws_client *c, struct websocket_loop *loop,
    const char *scheme, const char *host, int port, const char *path)
{
	*c = (struct ws_client){
	    .loop = loop,
	    .call = {.handshake_ms = 20000, .message_max = 4096},
	};
	(void)snprintf(c->url, sizeof(c->url), "%s://%s:%d%s", scheme, host,
	    port, path);
	c->call.url = c->url;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->change, NULL);
}

void
ws_client_fini(struct ws_client *c)
{
	buf_fini(&c->texts);
	pthread_cond_destroy(&c->change);
	pthread_mutex_destroy(&c->lock);
}

struct doing {
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done;
};

static void
do_it(void *arg)
{
	struct doing *d = arg;

	d->fn(d->arg);
	pthread_mutex_lock(&d->lock);
	d->done = true;
	pthread_cond_signal(&d->change);
	pthread_mutex_unlock(&d->lock);
}

void
ws_do(struct websocket_loop *loop, void (*fn)(void *arg), void *arg)
{
	struct doing d = {
	    .fn = fn,
	    .arg = arg,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .change = PTHREAD_COND_INITIALIZER,
	};

	assert(websocket_loop_run(loop, do_it, &d) == RC_OK);
	pthread_mutex_lock(&d.lock);
	while (!d.done) {
		pthread_cond_wait(&d.change, &d.lock);
	}
	pthread_mutex_unlock(&d.lock);
}

static void
do_open(void *arg)
{
	static const struct websocket_events events = {note_opened,
	    note_message, note_ended};
	struct ws_client *c = arg;

	c->id = websocket_open(c->loop, &c->call, &events, c);
	assert(c->id != 0);
}

void
ws_client_open(struct ws_client *c)
{
	ws_do(c->loop, do_open, c);
}

struct saying {
	struct ws_client *client;
	const char *text;
	size_t len;
	int code;
	enum rc rc;
};

static void
do_send(void *arg)
{
	struct saying *s = arg;

	s->rc = websocket_send(s->client->loop, s->client->id, s->text, s->len);
}

enum rc
ws_client_send(struct ws_client *c, const char *text, size_t len)
{
	struct saying s = {.client = c, .text = text, .len = len};

	ws_do(c->loop, do_send, &s);
	return s.rc;
}

static void
do_close(void *arg)
{
	struct saying *s = arg;

	websocket_close(s->client->loop, s->client->id, s->code, s->text);
}

void
ws_client_close(struct ws_client *c, int code, const char *reason)
{
	struct saying s = {.client = c, .text = reason, .code = code};

	ws_do(c->loop, do_close, &s);
}

static void
do_drop(void *arg)
{
	struct ws_client *c = arg;

	websocket_drop(c->loop, c->id);
}

void
ws_client_drop(struct ws_client *c)
{
	ws_do(c->loop, do_drop, c);
}

static void
await(struct ws_client *c, const int *count, int n)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 60;
	pthread_mutex_lock(&c->lock);
	while (*count < n) {
		assert(pthread_cond_timedwait(&c->change, &c->lock, &end) == 0);
	}
	pthread_mutex_unlock(&c->lock);
}

void
ws_client_await_opened(struct ws_client *c)
{
	await(c, &c->opened, 1);
}

void
ws_client_await_messages(struct ws_client *c, int n)
{
	await(c, &c->messages, n);
}

void
ws_client_await_ended(struct ws_client *c)
{
	await(c, &c->ended, 1);
}

struct websocket_loop *
ws_loop_new(const char *ca_file)
{
	struct websocket_loop_options o = {.ca_file = ca_file};
	struct websocket_loop *loop;
	struct fault f;

	assert(websocket_loop_new(&o, &loop, &f) == RC_OK);
	return loop;
}

/* --- a loop, a server on 127.0.0.1 and a client of it ------------------- */

void
ws_bed_serve(struct peer_conn *conn, void *arg)
{
	struct ws_bed *x = arg;
	CLEANUP(buf_fini) struct buf request = {0};
	void (*now)(struct peer_conn *) = x->serve_all;

	if (now != NULL) {
		now(conn);
		return;
	}
	if (!peer_request(conn, &request)) {
		return;
	}
	pthread_mutex_lock(&x->lock);
	buf_clear(&x->asked);
	buf_add(&x->asked, request.data, request.len);
	pthread_mutex_unlock(&x->lock);
	ws_grant(conn, &request);
	now = x->serve;
	now(conn);
}

static int
setup(void **state, bool tls)
{
	static struct ws_bed x;

	x = (struct ws_bed){.fds = count_fds(), .tls = tls, .serve = ws_echo};
	pthread_mutex_init(&x.lock, NULL);
	x.peer = peer_start(ws_bed_serve, &x, tls);
	x.loop = ws_loop_new(tls ? peer_ca_file() : NULL);
	ws_client_init(&x.client, x.loop, tls ? "wss" : "ws",
	    tls ? "localhost" : "127.0.0.1", peer_port(x.peer),
	    "/link?ticket=s3cret&app_id=1");
	*state = &x;
	return 0;
}

int
ws_bed_setup(void **state)
{
	return setup(state, false);
}

int
ws_bed_setup_tls(void **state)
{
	return setup(state, true);
}

int
ws_bed_teardown(void **state)
{
	struct ws_bed *x = *state;

	websocket_loop_free(x->loop);
	if (x->peer != NULL) {
		peer_stop(x->peer);
	}
	peer_forget_ca();
	ws_client_fini(&x->client);
	buf_fini(&x->asked);
	pthread_mutex_destroy(&x->lock);
	return count_fds() == x->fds ? 0 : -1;
}

struct ws_client *
ws_bed_open(struct ws_bed *x, void (*serve)(struct peer_conn *))
{
	x->serve = serve;
	ws_client_open(&x->client);
	ws_client_await_opened(&x->client);
	return &x->client;
}
