#include "tests/unit/http_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/mem.h"

enum { PATIENCE_MS = 20000 };

static void
reply(struct http_request *r, const char *text)
{
	http_reply(r, 200, "text/plain", text, strlen(text));
}

static void
reply_pair(struct http_request *r, const char *value)
{
	reply(r,
	    value != NULL ? arena_printf(http_arena(r), "a=%s", value)
			  : "none");
}

static void
on_echo(struct bed *b, struct http_request *r)
{
	size_t len;
	const char *body = http_body(r, &len);

	(void)b;
	reply(r,
	    arena_printf(http_arena(r), "%s %s %s", http_method(r),
		http_path(r), body));
}

static void
on_query(struct bed *b, struct http_request *r)
{
	(void)b;
	reply_pair(r, http_query(r, "a"));
}

static void
on_header(struct bed *b, struct http_request *r)
{
	(void)b;
	reply_pair(r, http_header(r, "X-A"));
}

static void
on_cookie(struct bed *b, struct http_request *r)
{
	(void)b;
	reply_pair(r, http_cookie(r, "a"));
}

static void
on_peer(struct bed *b, struct http_request *r)
{
	(void)b;
	reply(r, http_peer(r));
}

static void
on_big(struct bed *b, struct http_request *r)
{
	char *text = arena_alloc(http_arena(r), BED_BIG);

	(void)b;
	memset(text, 'x', BED_BIG);
	http_reply(r, 200, "text/plain", text, BED_BIG);
}

static void
on_added(struct bed *b, struct http_request *r)
{
	(void)b;
	http_add_header(r, "X-One", "1");
	http_add_header(r, "X-Evil", "1\r\nX-Injected: 1");
	http_add_header(r, "X-Two", "2");
	http_reply(r, 204, NULL, NULL, 0);
}

static void
on_none(struct bed *b, struct http_request *r)
{
	(void)b;
	(void)r;
}

static void
on_park(struct bed *b, struct http_request *r)
{
	struct http_handle h;

	if (http_park(r, &h) != RC_OK) {
		atomic_fetch_add(&b->busy, 1);
		reply(r, "busy");
		return;
	}
	pthread_mutex_lock(&b->lock);
	b->parked[b->parked_n++ % BED_PARKED_MAX] = h;
	pthread_cond_broadcast(&b->more);
	pthread_mutex_unlock(&b->lock);
}

struct hasty {
	struct bed *bed;
	struct http_handle handle;
};

static void *
resume_at_once(void *arg)
{
	const struct hasty *h = arg;

	http_resume(h->bed->server, h->handle);
	http_resume(h->bed->server, h->handle);
	return NULL;
}

static void
on_self(struct bed *b, struct http_request *r)
{
	struct hasty h = {.bed = b};
	pthread_t t;

	if (http_park(r, &h.handle) != RC_OK ||
	    pthread_create(&t, NULL, resume_at_once, &h) != 0) {
		abort();
	}
	pthread_join(t, NULL);
}

static const struct {
	const char *path;
	void (*handle)(struct bed *, struct http_request *);
} routes[] = {
    {"/query", on_query},
    {"/header", on_header},
    {"/cookie", on_cookie},
    {"/peer", on_peer},
    {"/big", on_big},
    {"/added", on_added},
    {"/none", on_none},
    {"/park", on_park},
    {"/again", on_park},
    {"/self", on_self},
};

static void
handle(struct http_request *r, void *ctx)
{
	struct bed *b = ctx;

	atomic_fetch_add(&b->heard, 1);
	http_set_user(r, b);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, http_path(r)) == 0) {
			routes[i].handle(b, r);
			return;
		}
	}
	on_echo(b, r);
}

static void
resumed(struct http_request *r, void *ctx)
{
	struct bed *b = ctx;

	if (strcmp(http_path(r), "/again") == 0 && http_user(r) == ctx) {
		http_set_user(r, r);
		on_park(ctx, r);
		return;
	}
	if (!http_request_stopping(r)) {
		reply(r, "resumed");
		return;
	}
	/* Nobody may resume anything when the server is gone. */
	atomic_store(&b->stopping, true);
	while (atomic_load(&b->resumers) > 0) {
		sched_yield();
	}
	reply(r, "stopping");
}

static void
over(struct http_request *r, void *ctx)
{
	struct bed *b = ctx;

	/* Not cmocka's: this is another thread. */
	if (http_user(r) == NULL || http_arena(r) == NULL) {
		abort();
	}
	atomic_fetch_add(&b->over, 1);
}

static const char *
refuse(int status, const char *path, void *ctx)
{
	static char text[32];

	(void)path;
	(void)ctx;
	snprintf(text, sizeof(text), "{\"refused\":%d}", status);
	return text;
}

struct http_server_options
bed_options(void)
{
	return (struct http_server_options){
	    .host = "127.0.0.1",
	    .body_max = 1000,
	    .header_max = 4096,
	    .connections_max = 200,
	    .timeout_s = 20,
	    .parked_max = BED_PARKED_MAX,
	    .handle = handle,
	    .resumed = resumed,
	    .over = over,
	    .refuse = refuse,
	};
}

void
bed_start(struct bed *b, struct http_server_options o)
{
	struct fault f = {0};

	memset(b, 0, sizeof(*b));
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->more, NULL);
	o.ctx = b;
	if (http_server_new(&o, &b->server, &f) != RC_OK) {
		fail_msg("%s: %s", f.field, f.text);
	}
	b->port = http_server_port(b->server);
}

void
bed_stop(struct bed *b)
{
	http_server_free(b->server);
	assert_int_equal(atomic_load(&b->over), atomic_load(&b->heard));
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->more);
}

void
bed_await_parked(struct bed *b, unsigned n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&b->lock);
	while (b->parked_n < n &&
	    pthread_cond_timedwait(&b->more, &b->lock, &until) == 0) {
	}
	n = b->parked_n < n ? n - b->parked_n : 0;
	pthread_mutex_unlock(&b->lock);
	assert_int_equal(n, 0);
}

unsigned
bed_parked(struct bed *b, unsigned n, struct http_handle *out)
{
	pthread_mutex_lock(&b->lock);
	for (; n < b->parked_n; n++) {
		*out++ = b->parked[n % BED_PARKED_MAX];
	}
	pthread_mutex_unlock(&b->lock);
	return n;
}

void
bed_await(atomic_int *counter, int n)
{
	long long until = clock_mono_ms() + PATIENCE_MS;

	while (atomic_load(counter) < n && clock_mono_ms() < until) {
		poll(NULL, 0, 1);
	}
	assert_in_range(atomic_load(counter), n, INT32_MAX);
}

bool
say_try_connect(int port, int *out)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	*out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*out >= 0 && connect(*out, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(*out);
		*out = -1;
	}
	return *out >= 0;
}

int
say_connect(int port)
{
	int fd;

	if (!say_try_connect(port, &fd)) {
		fail_msg("connect: %s", strerror(errno));
	}
	return fd;
}

void
say(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	/* Who is closed upon need not have listened to the end. */
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0) {
			return;
		}
		p += n;
		len -= (size_t)n;
	}
}

void
say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Adds what has come; 0 when the peer closed, -1 when nothing came in time. */
static int
hear_some(int fd, struct buf *out, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char bytes[16384];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0) {
		return -1;
	}
	n = recv(fd, bytes, sizeof(bytes), 0);
	if (n <= 0) {
		return 0;
	}
	buf_add(out, bytes, (size_t)n);
	return 1;
}

bool
hear_to_end(int fd, struct buf *out)
{
	int got;

	do {
		got = hear_some(fd, out, PATIENCE_MS);
	} while (got > 0);
	return got == 0;
}

void
hear_all(int fd, struct buf *out)
{
	if (!hear_to_end(fd, out)) {
		fail_msg("kept open after: %s", buf_str(out));
	}
}

bool
hear_for(int fd, struct buf *out, const char *text)
{
	while (strstr(buf_str(out), text) == NULL) {
		if (hear_some(fd, out, PATIENCE_MS) <= 0) {
			return false;
		}
	}
	return true;
}

void
hear_until(int fd, struct buf *out, const char *text)
{
	if (!hear_for(fd, out, text)) {
		fail_msg("\"%s\" did not come, but: %s", text, buf_str(out));
	}
}

/* The end of the answer at p, or NULL if it is none that is whole. */
static const char *
answer_end(const char *p, bool head_only)
{
	const char *body = strstr(p, "\r\n\r\n"), *length;
	size_t len = 0;

	if (strncmp(p, "HTTP/1.1 ", 9) != 0 || body == NULL) {
		return NULL;
	}
	body += 4;
	length = strstr(p, "\r\nContent-Length: ");
	if (length != NULL && length < body && !head_only) {
		len = strtoul(length + 18, NULL, 10);
	}
	return strlen(body) >= len ? body + len : NULL;
}

struct buf
converse(int port, const void *bytes, size_t len, bool more)
{
	struct buf heard;
	int fd = say_connect(port);

	buf_init(&heard, 0);
	say(fd, bytes, len);
	if (more) {
		say_text(fd,
		    "GET /last HTTP/1.1\r\nHost: h\r\n"
		    "Connection: close\r\n\r\n");
	}
	hear_all(fd, &heard);
	close(fd);
	return heard;
}

struct buf
statuses(const struct buf *stream, bool head)
{
	const char *p = buf_str(stream), *end;
	struct buf out;

	buf_init(&out, 0);
	while (*p != '\0') {
		end = answer_end(p, head);
		if (end == NULL) {
			buf_puts(&out, "+");
			break;
		}
		buf_printf(&out, out.len > 0 ? " %.3s" : "%.3s", p + 9);
		head = false;
		p = end;
	}
	return out;
}

void
check_rows(const struct bed *b, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_fini)
		struct buf heard =
		    converse(b->port, rows[i].bytes, rows[i].len, true);
		CLEANUP(buf_fini)
		struct buf got =
		    statuses(&heard, strncmp(rows[i].bytes, "HEAD ", 5) == 0);

		if (strcmp(buf_str(&got), rows[i].statuses) != 0 ||
		    (rows[i].holds != NULL &&
			strstr(buf_str(&heard), rows[i].holds) == NULL)) {
			fail_msg("\"%.80s\" (row %zu) got %s: %.900s",
			    rows[i].bytes, i, buf_str(&got), buf_str(&heard));
		}
	}
}
