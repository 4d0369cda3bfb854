#include "lib/http_server.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/http_server_request.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/net.h"

enum {
	TICK_MS = 100,	  /* a wish to stop is seen within this */
	SWEEP_MS = 250,	  /* from one look for slow clients to the next */
	BARREN_MAX = 200, /* turns without news in a sweep's time */
	STUCK_MAX = 4,	  /* sweeps that a request may look stuck */
	DRAIN_MS = 2000,  /* for answers on their way when we stop */
	/* Beside the request's head: its parsed form, our answer's head. */
	POOL_EXTRA = 8 * 1024
};

#define TLS_PRIORITIES \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct http_server {
	struct http_common common;
	struct MHD_Daemon *mhd; /* NULL while it starts */
	int epoll_fd;		/* the library's; ready when it has work */
	pthread_t thread;
	int listen_fd; /* owned */
	int port;
	int bell;	     /* eventfd, owned: wakes the loop */
	atomic_bool rung;    /* the loop has yet to hear the bell */
	atomic_bool quiesce; /* wishes, from any thread */
	atomic_bool stop;
	char start_error[160];		  /* what libmicrohttpd said last */
	struct http_request *connections; /* server's thread, as the rest */
	bool busy;			  /* the library asked for its turn */
	unsigned barren_turns; /* asked for, without news, since the sweep */
	long long sweep_ms;    /* when slow clients are looked for next */
	long long give_up_ms;  /* when stopping waits no longer */
};

/*
 * First news of a request; the only call before the target is decoded. What
 * is returned is *ctx in the calls that follow.
 */
static void *
on_target(void *cls, const char *target, struct MHD_Connection *conn)
{
	struct http_request *r =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;

	(void)cls;
	http_request_start(r, target);
	return r;
}

static enum MHD_Result
on_access(void *cls, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **ctx)
{
	struct http_request *r = *ctx;
	size_t len = *upload_size;

	(void)cls;
	(void)conn;
	*upload_size = 0;
	return http_request_step(r, url, method, version, upload, len);
}

static void
on_completed(void *cls, struct MHD_Connection *conn, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)conn;
	(void)why;
	http_request_end(*ctx);
	*ctx = NULL;
}

static void
connection_open(struct http_server *s, struct MHD_Connection *conn, void **ctx)
{
	struct http_request *r = mem_new(1, sizeof(*r));

	r->common = &s->common;
	r->conn = conn;
	r->fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
		    ->connect_fd;
	net_addr_text(MHD_get_connection_info(conn,
			  MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			  ->client_addr,
	    r->peer);
	http_request_wait(r);
	s->common.news++;
	r->next = s->connections;
	if (r->next != NULL) {
		r->next->prev = r;
	}
	s->connections = r;
	*ctx = r;
}

static void
connection_close(struct http_server *s, struct http_request *r)
{
	/* After some of its own errors the library forgets on_completed. */
	if (r->state != REQUEST_NONE) {
		http_request_end(r);
	}
	if (r->prev != NULL) {
		r->prev->next = r->next;
	} else {
		s->connections = r->next;
	}
	if (r->next != NULL) {
		r->next->prev = r->prev;
	}
	free(r);
}

static void
on_connection(void *cls, struct MHD_Connection *conn, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_open(cls, conn, ctx);
	} else {
		connection_close(cls, *ctx);
	}
}

/*
 * Once requests are served only the format is logged: some of the arguments
 * are paths, which may hold tokens.
 */
static void __attribute__((format(printf, 2, 0)))
on_log(void *cls, const char *fmt, va_list ap)
{
	struct http_server *s = cls;

	if (s->mhd == NULL) {
		vsnprintf(s->start_error, sizeof(s->start_error), fmt, ap);
		s->start_error[strcspn(s->start_error, "\n")] = '\0';
		return;
	}
	log_debug("http library says \"%.*s\"", (int)strcspn(fmt, "\n"), fmt);
}

/*
 * Whether a client is past its time. libmicrohttpd's own time-out starts again
 * with each byte, so that a client that sends one now and then would keep its
 * place for ever.
 */
static bool
is_late(const struct http_server *s, const struct http_request *r)
{
	return r->deadline_ms != 0 && r->deadline_ms < s->common.now_ms;
}

/*
 * A chunk's size with an extension that fills the library's memory leaves it
 * with a full buffer and nothing to read out of it, and it then asks for its
 * next turn at once, for ever. Such a request makes no progress while the
 * loop spins; whoever is found so STUCK_MAX times has had its chance.
 */
static bool
is_stuck(const struct http_server *s, struct http_request *r)
{
	if (s->barren_turns < BARREN_MAX || r->state != REQUEST_BODY ||
	    r->body_got != r->body_seen) {
		r->stuck = 0;
	} else {
		r->stuck++;
	}
	r->body_seen = r->body_got;
	return r->stuck >= STUCK_MAX;
}

static void
sweep(struct http_server *s)
{
	struct http_request *r;

	if (s->common.now_ms < s->sweep_ms) {
		return;
	}
	for (r = s->connections; r != NULL; r = r->next) {
		if (is_stuck(s, r) || is_late(s, r)) {
			log_debug("http client closed reason=slow");
			shutdown(r->fd, SHUT_RDWR);
			r->deadline_ms = 0;
		}
	}
	s->sweep_ms = s->common.now_ms + SWEEP_MS;
	s->barren_turns = 0;
}

/*
 * Whoever wants something of the loop notes it first and rings then, so that
 * many wishes under way cost one system call.
 */
static void
ring(struct http_server *s)
{
	if (!atomic_exchange(&s->rung, true)) {
		eventfd_write(s->bell, 1);
	}
}

/* What parking does for each request that is resumed. */
static void
wake(struct MHD_Connection *conn, void *server)
{
	MHD_resume_connection(conn);
	ring(server);
}

static void
hear_bell(struct http_server *s)
{
	eventfd_t count;

	eventfd_read(s->bell, &count);
	atomic_store(&s->rung, false);
}

static void
heed_wishes(struct http_server *s)
{
	if (!s->common.closing && atomic_load(&s->quiesce)) {
		s->common.closing = true;
		MHD_quiesce_daemon(s->mhd);
		/* Who connects is refused at once. */
		shutdown(s->listen_fd, SHUT_RDWR);
	}
	if (!s->common.stopping && atomic_load(&s->stop)) {
		s->common.stopping = true;
		s->give_up_ms = s->common.now_ms + DRAIN_MS;
		http_parking_resume_all(&s->common.parking);
	}
}

static bool
is_finished(const struct http_server *s)
{
	return s->common.stopping && s->common.parking.taken == 0 &&
	    (s->common.answering == 0 || s->common.now_ms >= s->give_up_ms);
}

static void
wait_for_news(struct http_server *s)
{
	struct pollfd fds[] = {
	    {.fd = s->epoll_fd, .events = POLLIN},
	    {.fd = s->bell, .events = POLLIN},
	};
	MHD_UNSIGNED_LONG_LONG ms;
	bool timed = s->connections != NULL || s->common.stopping;

	/* It sets no timers, so what it asks for is a turn at once. */
	s->busy = MHD_get_timeout(s->mhd, &ms) == MHD_YES;
	if (!s->busy && poll(fds, ARRAY_LEN(fds), timed ? SWEEP_MS : -1) > 0 &&
	    fds[1].revents != 0) {
		hear_bell(s);
	}
	s->common.now_ms = clock_mono_ms();
}

static void
run_library(struct http_server *s)
{
	unsigned long long news = s->common.news;

	MHD_run(s->mhd);
	if (s->busy && s->common.news == news) {
		s->barren_turns++;
	}
}

/*
 * The library's loop run by us, and not by a thread of its own: what shuts
 * the listener or looks for slow clients then needs no lock.
 */
static void *
serve(void *arg)
{
	struct http_server *s = arg;

	pthread_setname_np(pthread_self(), "http");
	while (!is_finished(s)) {
		wait_for_news(s);
		run_library(s);
		heed_wishes(s);
		sweep(s);
	}
	while (atomic_load(&s->common.parking.inside) > 0) {
		sched_yield();
	}
	MHD_stop_daemon(s->mhd);
	return NULL;
}

static int
thread_start(struct http_server *s)
{
	sigset_t all, before;
	int err;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, serve, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/*
 * Takes the socket, also when it fails. STRICT_FOR_CLIENT is left at 0: a
 * missing Host and blanks in a target are refused here, in our words; at 1 the
 * library answers the first with two heads and the second not at all.
 */
static struct MHD_Daemon *
library_start(struct http_server *s, const struct http_server_options *o)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
		MHD_USE_ERROR_LOG | (o->tls_cert != NULL ? MHD_USE_TLS : 0),
	    0, NULL, NULL, on_access, NULL, MHD_OPTION_EXTERNAL_LOGGER, on_log,
	    s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->header_max + POOL_EXTRA,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->connections_max,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    (unsigned)o->connections_per_addr_max, MHD_OPTION_STRICT_FOR_CLIENT,
	    0, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    /* Without TLS the list ends here. */
	    o->tls_cert != NULL ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END,
	    o->tls_cert, MHD_OPTION_HTTPS_MEM_KEY, o->tls_key,
	    MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_END);
}

static void
server_drop(struct http_server *s)
{
	http_request_drop_spares(&s->common);
	http_parking_fini(&s->common.parking);
	if (s->bell >= 0) {
		close(s->bell);
	}
	free(s);
}

static enum rc
server_start(struct http_server *s, const struct http_server_options *o,
    struct fault *f)
{
	enum rc rc;
	int err;

	if ((o->tls_cert == NULL) != (o->tls_key == NULL)) {
		return fault_set(f, RC_INVALID, "tls",
		    "a certificate and its key go together");
	}
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->bell < 0) {
		return fault_set(f, RC_INTERNAL, "", "no descriptor: %s",
		    strerror(errno));
	}
	rc = net_listen(o->host, o->port, &s->listen_fd, f);
	if (rc != RC_OK) {
		return rc;
	}
	s->port = net_port(s->listen_fd);
	s->mhd = library_start(s, o);
	if (s->mhd == NULL) {
		return fault_set(f, RC_INVALID,
		    o->tls_cert != NULL ? "tls" : "", "%s", s->start_error);
	}
	s->epoll_fd =
	    MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	err = thread_start(s);
	if (err != 0) {
		MHD_stop_daemon(s->mhd);
		return fault_set(f, RC_INTERNAL, "", "no thread: %s",
		    strerror(err));
	}
	return RC_OK;
}

enum rc
http_server_new(const struct http_server_options *o, struct http_server **out,
    struct fault *f)
{
	struct http_server *s = mem_new(1, sizeof(*s));
	struct http_common *c;
	enum rc rc;

	assert(o->handle != NULL && o->timeout_s > 0);
	assert(o->connections_max > 0 && o->connections_per_addr_max >= 0);
	assert(o->parked_max >= 0 && (o->parked_max == 0 || o->resumed));
	c = &s->common;
	c->server = s;
	c->options = *o;
	c->options.host = c->options.tls_cert = c->options.tls_key = NULL;
	c->now_ms = clock_mono_ms();
	http_parking_init(&c->parking, (unsigned)o->parked_max, wake, s);
	s->bell = -1;
	rc = server_start(s, o, f);
	if (rc != RC_OK) {
		server_drop(s);
		return rc;
	}
	*out = s;
	return RC_OK;
}

int
http_server_port(const struct http_server *s)
{
	return s->port;
}

void
http_server_quiesce(struct http_server *s)
{
	atomic_store(&s->quiesce, true);
	ring(s);
}

void
http_server_free(struct http_server *s)
{
	if (s == NULL) {
		return;
	}
	atomic_store(&s->stop, true);
	http_server_quiesce(s);
	pthread_join(s->thread, NULL);
	close(s->listen_fd);
	server_drop(s);
}

void
http_resume(struct http_server *s, struct http_handle h)
{
	http_parking_resume(&s->common.parking, h);
}

int
http_parked(const struct http_server *s)
{
	return atomic_load(&s->common.parking.waiting);
}

struct http_server *
http_server_of(const struct http_request *r)
{
	return r->common->server;
}
