/*
 * bare_mhd: what libmicrohttpd alone can do, to measure the daemon against.
 *
 * The smallest server that its tutorial describes: one epoll thread, one
 * answer of a few bytes to every request, nothing looked at. Answers 127.0.0.1
 * on the port given (0 = any), prints "ready PORT", and ends on SIGTERM or
 * after two minutes, so that a bench that dies leaves nothing behind.
 *
 * usage: bare_mhd PORT
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LIFETIME_S = 120 };

static enum MHD_Result
hello(void *cls, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **ctx)
{
	static char text[] = "hello\n";
	static int seen;
	struct MHD_Response *answer;
	enum MHD_Result result;

	(void)cls, (void)url, (void)method, (void)version, (void)upload;
	if (*ctx == NULL) {
		/* An answer to a head alone would close the connection. */
		*ctx = &seen;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	answer = MHD_create_response_from_buffer(sizeof(text) - 1, text,
	    MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(conn, MHD_HTTP_OK, answer);
	MHD_destroy_response(answer);
	return result;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in loopback = {.sin_family = AF_INET};
	struct timespec lifetime = {.tv_sec = LIFETIME_S};
	struct MHD_Daemon *mhd;
	sigset_t ends;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	loopback.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	mhd = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
	    hello, NULL, MHD_OPTION_SOCK_ADDR, &loopback,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
	if (mhd == NULL) {
		perror("MHD_start_daemon");
		return 1;
	}
	printf("ready %u\n",
	    MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigtimedwait(&ends, NULL, &lifetime);
	MHD_stop_daemon(mhd);
	return 0;
}
