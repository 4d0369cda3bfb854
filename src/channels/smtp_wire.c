#include "channels/smtp_wire.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

/* A real-time signal that none of the libraries uses. */
#define WIRE_SIGNAL (SIGRTMIN + 7)

enum {
	CUT_AGAIN_MS = 100 /* until the thread has noticed */
};

struct smtp_wire {
	pthread_mutex_t lock; /* guards timer, live and cut */
	timer_t timer;	      /* while live */
	bool live;	      /* between begin and end */
	bool cut;	      /* the session is to end */
	atomic_int fd;	      /* our copy of its socket; -1 = none */
	sigset_t mask;	      /* of the thread before begin */
};

/*
 * Interrupts connect(2), for which it is enough that it runs, and ends a
 * connection that is open for too long.
 */
static void
on_alarm(int sig, siginfo_t *info, void *context)
{
	struct smtp_wire *w = info->si_value.sival_ptr;
	int saved = errno, fd;

	(void)sig;
	(void)context;
	if (info->si_code == SI_TIMER) {
		fd = atomic_load(&w->fd);
		if (fd >= 0) {
			(void)shutdown(fd, SHUT_RDWR);
		}
	}
	errno = saved;
}

static void
install_handler(void)
{
	struct sigaction action = {
	    .sa_sigaction = on_alarm,
	    .sa_flags = SA_SIGINFO, /* no SA_RESTART: connect() must end */
	};
	int err;

	sigemptyset(&action.sa_mask);
	err = sigaction(WIRE_SIGNAL, &action, NULL);
	assert(err == 0);
	(void)err;
}

struct smtp_wire *
smtp_wire_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct smtp_wire *w = mem_new(1, sizeof(*w));

	pthread_once(&once, install_handler);
	pthread_mutex_init(&w->lock, NULL);
	atomic_store(&w->fd, -1);
	return w;
}

void
smtp_wire_free(struct smtp_wire *w)
{
	if (w == NULL) {
		return;
	}
	assert(!w->live);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Under the lock: the next alarm, and how often it then repeats. */
static void
arm(struct smtp_wire *w, int first_ms, int again_ms)
{
	struct itimerspec t = {
	    .it_value = {first_ms / 1000, first_ms % 1000 * 1000000L},
	    .it_interval = {again_ms / 1000, again_ms % 1000 * 1000000L},
	};
	int err;

	/* All zeroes would disarm it. */
	assert(first_ms > 0 && again_ms > 0);
	err = timer_settime(w->timer, 0, &t, NULL);
	assert(err == 0);
	(void)err;
}

/*
 * libesmtp lets write(2) raise SIGPIPE. The signal goes to the thread that
 * writes, so blocking it here leaves the rest of the process alone.
 */
static void
set_signals(struct smtp_wire *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &w->mask);
	sigemptyset(&set);
	sigaddset(&set, WIRE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void
smtp_wire_begin(struct smtp_wire *w, int connect_ms)
{
	struct sigevent event = {
	    .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = WIRE_SIGNAL,
	    .sigev_value.sival_ptr = w,
	};
	int err;

	event._sigev_un._tid = gettid();
	set_signals(w);
	pthread_mutex_lock(&w->lock);
	assert(!w->live);
	w->cut = false;
	err = timer_create(CLOCK_MONOTONIC, &event, &w->timer);
	assert(err == 0);
	(void)err;
	w->live = true;
	arm(w, 2 * connect_ms, connect_ms);
	pthread_mutex_unlock(&w->lock);
}

static int
port_of(const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET) {
		return ntohs(((const struct sockaddr_in *)peer)->sin_port);
	}
	if (peer->ss_family == AF_INET6) {
		return ntohs(((const struct sockaddr_in6 *)peer)->sin6_port);
	}
	return -1;
}

/*
 * Whether it is a socket as libesmtp makes them: connected to that port, made
 * non-blocking after the fact, with Nagle's algorithm on. libcurl, which may
 * be connected to the same port of some webhook, turns that off.
 */
static bool
is_ours(int fd, int port)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer), int_len = sizeof(int);
	int no_delay = 1, flags;

	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    port_of(&peer) != port) {
		return false;
	}
	if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &int_len) !=
		0 ||
	    no_delay != 0) {
		return false;
	}
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/* A copy of the socket, or -1. */
static int
copy_socket(int port)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int copy = -1;

	if (dir == NULL) {
		return -1;
	}
	while (copy < 0 && (e = readdir(dir)) != NULL) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);

		if (end != e->d_name && is_ours((int)fd, port)) {
			copy = fcntl((int)fd, F_DUPFD_CLOEXEC, 0);
		}
	}
	closedir(dir);
	return copy;
}

bool
smtp_wire_connected(struct smtp_wire *w, int port, int total_ms)
{
	int fd = copy_socket(port);

	pthread_mutex_lock(&w->lock);
	assert(w->live && atomic_load(&w->fd) < 0);
	atomic_store(&w->fd, fd);
	if (!w->cut) {
		arm(w, total_ms, CUT_AGAIN_MS);
	} else if (fd >= 0) {
		(void)shutdown(fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&w->lock);
	return fd >= 0;
}

bool
smtp_wire_is_loopback(const struct smtp_wire *w)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);
	int fd = atomic_load(&w->fd);

	if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &len) != 0) {
		return false;
	}
	if (peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&peer;

		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (peer.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)&peer;

		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
	return false;
}

void
smtp_wire_cut(struct smtp_wire *w)
{
	int fd;

	pthread_mutex_lock(&w->lock);
	/* Once: to set the timer anew and anew would be to hold it. */
	if (w->live && !w->cut) {
		w->cut = true;
		fd = atomic_load(&w->fd);
		if (fd >= 0) {
			(void)shutdown(fd, SHUT_RDWR);
		}
		/* For a connect(), also one that has not begun yet. */
		arm(w, 1, CUT_AGAIN_MS);
	}
	pthread_mutex_unlock(&w->lock);
}

void
smtp_wire_end(struct smtp_wire *w)
{
	const struct timespec now = {0};
	sigset_t set;
	int fd;

	/* A signal that is under way must not find us gone. */
	sigemptyset(&set);
	sigaddset(&set, WIRE_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_mutex_lock(&w->lock);
	assert(w->live);
	w->live = false;
	timer_delete(w->timer);
	fd = atomic_exchange(&w->fd, -1);
	pthread_mutex_unlock(&w->lock);
	sigaddset(&set, SIGPIPE);
	while (sigtimedwait(&set, NULL, &now) > 0) {
	}
	pthread_sigmask(SIG_SETMASK, &w->mask, NULL);
	if (fd >= 0) {
		close(fd);
	}
}
