#include "websocket_bed.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* --- the server ---------------------------------------------------------- */

void
ws_grant(struct peer_conn *conn, const struct buf *request)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	const char *key = strcasestr(buf_str(request), name);
	unsigned char sha[EVP_MAX_MD_SIZE], accept[EVP_MAX_MD_SIZE * 2];
	unsigned int n;
	char text[400];

	assert(key != NULL);
	key += sizeof(name) - 1;
	/* RFC 6455 4.2.2 */
	(void)snprintf(text, sizeof(text),
	    "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"),
	    key);
	assert(EVP_Digest(text, strlen(text), sha, &n, EVP_sha1(), NULL) == 1);
	(void)EVP_EncodeBlock(accept, sha, (int)n);
	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    (const char *)accept);
	peer_say(conn, text);
}

bool
ws_accept(struct peer_conn *conn)
{
	CLEANUP(buf_fini) struct buf request = {0};

	if (!peer_request(conn, &request)) {
		return false;
	}
	ws_grant(conn, &request);
	return true;
}

static bool
read_whole(struct peer_conn *conn, unsigned char *p, size_t n)
{
	while (n > 0) {
		size_t got = peer_read(conn, p, n);

		if (got == 0) {
			return false;
		}
		p += got;
		n -= got;
	}
	return true;
}

static bool
read_len(struct peer_conn *conn, int first, size_t *out)
{
	unsigned char more[8];
	size_t bytes = first == 126 ? 2 : first == 127 ? 8 : 0;

	*out = bytes == 0 ? (size_t)first : 0;
	if (!read_whole(conn, more, bytes)) {
		return false;
	}
	for (size_t i = 0; i < bytes; i++) {
		*out = *out << 8 | more[i];
	}
	return true;
}

bool
ws_read(struct peer_conn *conn, struct ws_frame *f)
{
	unsigned char head[2], mask[4] = {0}, byte;
	size_t len;

	buf_clear(&f->body);
	if (!read_whole(conn, head, 2) ||
	    !read_len(conn, head[1] & 0x7f, &len)) {
		return false;
	}
	f->first = head[0];
	f->masked = (head[1] & 0x80) != 0;
	if (f->masked && !read_whole(conn, mask, 4)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!read_whole(conn, &byte, 1)) {
			return false;
		}
		buf_putc(&f->body, (char)(byte ^ mask[i % 4]));
	}
	return true;
}

void
ws_frame_fini(struct ws_frame *f)
{
	buf_fini(&f->body);
}

void
ws_write(struct peer_conn *conn, int first, const void *body, size_t len)
{
	CLEANUP(buf_fini) struct buf b = {0};
	int bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

	buf_putc(&b, (char)first);
	buf_putc(&b, (char)(bytes == 0 ? (int)len : bytes == 2 ? 126 : 127));
	for (int i = bytes - 1; i >= 0; i--) {
		buf_putc(&b, (char)(len >> (8 * i)));
	}
	buf_add(&b, body, len);
	peer_write(conn, b.data, b.len);
}

void
ws_text(struct peer_conn *conn, const char *text)
{
	ws_write(conn, WS_FIN | WS_TEXT, text, strlen(text));
}

void
ws_close(struct peer_conn *conn, int code, const char *reason)
{
	char body[125] = {(char)(code >> 8), (char)code};

	(void)snprintf(body + 2, sizeof(body) - 2, "%s", reason);
	ws_write(conn, WS_FIN | WS_CLOSE, body, 2 + strlen(reason));
}

bool
ws_await_close(struct peer_conn *conn, int *code)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		if (f.first == (WS_FIN | WS_CLOSE)) {
			const unsigned char *body = (void *)f.body.data;

			*code = f.body.len >= 2 ? body[0] << 8 | body[1] : 1005;
			return true;
		}
	}
	return false;
}

void
ws_echo(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		int opcode = f.first & 0xf;

		if (opcode == WS_PING) {
			f.first = WS_FIN | WS_PONG;
		}
		if (opcode != WS_PONG) {
			ws_write(conn, f.first, f.body.data, f.body.len);
		}
		if (opcode == WS_CLOSE) {
			break;
		}
	}
}

/* --- the client ---------------------------------------------------------- */

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

	assert(id == c->id);
	pthread_mutex_lock(&c->lock);
	c->end = *end;
	(void)snprintf(c->reason, sizeof(c->reason), "%s", end->reason);
	(void)snprintf(c->detail, sizeof(c->detail), "%s", end->detail);
	c->ended++;
	pthread_cond_broadcast(&c->change);
	pthread_mutex_unlock(&c->lock);
	if (c->on_ended != NULL) {
		c->on_ended(c);
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
