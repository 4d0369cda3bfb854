/*
 * open_loop: asks an HTTP server at moments that do not depend on its answers.
 *
 *	open_loop PORT CONNECTIONS RATE SECONDS FILE [once]
 *
 * Sends the requests of FILE one after another, and from its start again, to
 * 127.0.0.1. RATE requests a second fall due at random moments (Poisson),
 * whether answers come or not, and the time of an answer counts from the
 * moment when its request was due: a server that stops for a second spoils
 * every request of that second. With RATE 0 each connection asks again once it
 * has its answer. "once" ends when FILE does. FILE holds for each request a
 * line with its length in bytes, and then the request as it is sent.
 *
 * Prints one line: requests answered, those with a status other than 2xx or
 * 304, those left without an answer; percentiles and maximum in microseconds;
 * seconds from the first request to the last answer. It ends by itself.
 */
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/mem.h"

enum {
	CONNECTIONS_MAX = 8000,
	REQUESTS_MAX = 1000000,
	HEAD_MAX = 2048,
	EVENTS = 256,
	GRACE_US = 5 * 1000 * 1000, /* for late answers of an open loop */
	LIFETIME_S = 120,
	SECOND_US = 1000 * 1000,
	STEP_US = 5,
	STEPS = 2 * SECOND_US / STEP_US /* longer times count as the longest */
};

struct request {
	const char *text; /* borrowed from the file's */
	size_t len;
};

struct conn {
	int fd;
	long long due_us;
	size_t used; /* bytes of head */
	size_t left; /* bytes of the body to come */
	bool in_body;
	char head[HEAD_MAX + 1];
};

struct load {
	struct request *requests;
	size_t requests_n;
	size_t next; /* request */
	bool once;
	double rate;
	struct conn *conns;
	struct conn **idle; /* a stack */
	int idle_n;
	int busy;
	int epoll;
	long long start_us, end_us, due_us, last_us;
	long long done, bad, max_us;
	unsigned steps[STEPS];
};

static _Noreturn void
fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static char *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rbe");
	char *text;
	long size = 0;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
	    (size = ftell(file)) < 0) {
		fail(path);
	}
	rewind(file);
	*len = (size_t)size;
	text = mem_new(*len + 1, 1);
	if (fread(text, 1, *len, file) != *len) {
		fail(path);
	}
	(void)fclose(file);
	return text;
}

static void
read_requests(struct load *l, const char *path)
{
	size_t len, n = 0;
	char *text = read_file(path, &len), *at = text;

	l->requests = mem_new(REQUESTS_MAX, sizeof(*l->requests));
	while (at < text + len && n < REQUESTS_MAX) {
		char *end;
		size_t size = strtoul(at, &end, 10);

		if (*end != '\n' || size > len - (size_t)(end + 1 - text)) {
			errno = EINVAL;
			fail(path);
		}
		l->requests[n++] = (struct request){end + 1, size};
		at = end + 1 + size;
	}
	l->requests_n = n;
	if (n == 0) {
		errno = ENODATA;
		fail(path);
	}
}

static int
dial(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
		fail("connect");
	}
	return fd;
}

static void
connect_all(struct load *l, int port, int n)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->conns = mem_new((size_t)n, sizeof(*l->conns));
	l->idle = mem_new((size_t)n, sizeof(struct conn *));
	for (int i = 0; i < n; i++) {
		struct conn *c = &l->conns[i];
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

		c->fd = dial(port);
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
			fail("epoll_ctl");
		}
		l->idle[l->idle_n++] = c;
	}
}

static bool
may_ask(const struct load *l, long long now_us)
{
	if (l->once && l->next == l->requests_n) {
		return false;
	}
	return l->rate > 0 ? l->due_us < l->end_us : now_us < l->end_us;
}

static void
ask(struct load *l, struct conn *c, long long due_us)
{
	const struct request *r = &l->requests[l->next++ % l->requests_n];

	c->due_us = due_us;
	c->used = c->left = 0;
	c->in_body = false;
	l->busy++;
	/* One request at a time always finds room in the socket. */
	if (send(c->fd, r->text, r->len, MSG_NOSIGNAL) != (ssize_t)r->len) {
		fail("send");
	}
}

/* Everything that is due now, as far as connections are free. */
static void
ask_due(struct load *l)
{
	long long now = clock_mono_us();

	while (l->idle_n > 0 && may_ask(l, now)) {
		if (l->rate == 0) {
			ask(l, l->idle[--l->idle_n], now);
			continue;
		}
		if (l->due_us > now) {
			return;
		}
		ask(l, l->idle[--l->idle_n], l->due_us);
		l->due_us +=
		    (long long)(-log(1 - drand48()) * SECOND_US / l->rate);
	}
}

static void
answered(struct load *l, struct conn *c)
{
	int status = atoi(c->head + strlen("HTTP/1.1 "));
	long long now = clock_mono_us(), took = now - c->due_us;
	long long step = took / STEP_US;

	l->steps[step < STEPS ? step : STEPS - 1]++;
	l->max_us = took > l->max_us ? took : l->max_us;
	l->last_us = now;
	l->done++;
	l->bad += (status < 200 || status > 299) && status != 304;
	l->busy--;
	l->idle[l->idle_n++] = c;
}

/* True once the head is whole; what came behind it is body. */
static bool
head_ends(struct conn *c)
{
	const char *end, *length;
	size_t body = 0;

	c->head[c->used] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL) {
		if (c->used == HEAD_MAX) {
			errno = EMSGSIZE;
			fail("head");
		}
		return false;
	}
	length = strcasestr(c->head, "\r\ncontent-length:");
	if (length != NULL && length < end &&
	    atoi(c->head + strlen("HTTP/1.1 ")) != 304) {
		body =
		    strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
	}
	c->left = body - (c->used - (size_t)(end + 4 - c->head));
	c->in_body = true;
	return true;
}

static void
hear(struct load *l, struct conn *c)
{
	static char sink[256 * 1024];
	ssize_t n = c->in_body
	    ? recv(c->fd, sink, sizeof(sink), 0)
	    : recv(c->fd, c->head + c->used, HEAD_MAX - c->used, 0);

	if (n <= 0) {
		errno = n == 0 ? ECONNRESET : errno;
		fail("answer");
	}
	if (c->in_body) {
		c->left -= (size_t)n;
	} else {
		c->used += (size_t)n;
		if (!head_ends(c)) {
			return;
		}
	}
	if (c->left == 0) {
		answered(l, c);
	}
}

/* How long nothing can be due. */
static struct timespec
pause_of(const struct load *l)
{
	long long now = clock_mono_us();
	long long until = l->rate > 0 && l->idle_n > 0 && may_ask(l, now)
	    ? l->due_us
	    : now + SECOND_US / 10;
	long long us = until > now ? until - now : 0;

	return (struct timespec){us / SECOND_US, us % SECOND_US * 1000};
}

static bool
goes_on(const struct load *l)
{
	long long now = clock_mono_us();

	if (l->rate == 0) {
		return now < l->end_us && (l->busy > 0 || may_ask(l, now));
	}
	return now < l->end_us + GRACE_US && (l->busy > 0 || may_ask(l, now));
}

static void
run(struct load *l, long long seconds)
{
	struct epoll_event events[EVENTS];

	l->start_us = l->due_us = l->last_us = clock_mono_us();
	l->end_us = l->start_us + seconds * SECOND_US;
	while (goes_on(l)) {
		struct timespec pause;
		int n;

		ask_due(l);
		pause = pause_of(l);
		n = epoll_pwait2(l->epoll, events, EVENTS, &pause, NULL);
		for (int i = 0; i < n; i++) {
			hear(l, events[i].data.ptr);
		}
	}
}

static long long
percentile(const struct load *l, double part)
{
	double wanted = part * (double)l->done;
	long long seen = 0;

	for (int i = 0; i < STEPS; i++) {
		seen += l->steps[i];
		if ((double)seen >= wanted) {
			return (long long)i * STEP_US;
		}
	}
	return l->max_us;
}

int
main(int argc, char **argv)
{
	static struct load l;
	int n = argc >= 6 ? atoi(argv[2]) : 0;

	if (n < 1 || n > CONNECTIONS_MAX) {
		fprintf(stderr,
		    "usage: %s PORT CONNECTIONS RATE SECONDS FILE [once]\n",
		    argv[0]);
		return 2;
	}
	(void)alarm(LIFETIME_S);
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	l.rate = atof(argv[3]);
	l.once = argc > 6 && strcmp(argv[6], "once") == 0;
	read_requests(&l, argv[5]);
	connect_all(&l, atoi(argv[1]), n);
	run(&l, atoll(argv[4]));
	printf(
	    "DONE %lld BAD %lld LEFT %d P50 %lld P99 %lld P999 %lld MAX %lld "
	    "SECONDS %.3f\n",
	    l.done, l.bad, l.busy, percentile(&l, 0.5), percentile(&l, 0.99),
	    percentile(&l, 0.999), l.max_us,
	    (double)(l.last_us - l.start_us) / SECOND_US);
	return 0;
}
