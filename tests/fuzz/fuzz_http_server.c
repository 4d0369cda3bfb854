/*
 * Any bytes to a real server over a real connection. Whatever reaches the
 * handler keeps the promises of http_server.h, and whatever comes back is
 * HTTP.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/http_server.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 512, WAIT_MS = 20 };

static void
handle(struct http_request *r, void *ctx)
{
	size_t len;
	const char *body = http_body(r, &len), *value = http_query(r, "a");

	(void)ctx;
	assert(len <= MAX && body[len] == '\0');
	assert(http_path(r)[0] == '/');
	assert(text_is_utf8(http_path(r), strlen(http_path(r))));
	assert(value == NULL || text_is_utf8(value, strlen(value)));
	assert(http_method(r)[0] > ' ' && strlen(http_method(r)) <= 32);
	assert(strcmp(http_peer(r), "127.0.0.1") == 0);
	value = http_header(r, "A");
	if (value != NULL) {
		http_add_header(r, "A", value);
	}
	value = http_cookie(r, "a");
	if (value != NULL) {
		http_add_header(r, "Set-Cookie", value);
	}
	http_reply(r, 200, "application/octet-stream", body, len);
}

static int
server_port(void)
{
	static struct http_server *s;
	struct http_server_options o = {
	    .host = "127.0.0.1",
	    .body_max = MAX,
	    .header_max = 4096,
	    .connections_max = 1000,
	    .timeout_s = 1,
	    .handle = handle,
	};
	struct fault f;

	if (s == NULL && http_server_new(&o, &s, &f) != RC_OK) {
		abort();
	}
	return http_server_port(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct linger reset = {.l_onoff = 1};
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)server_port()),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char heard[16384];
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		abort();
	}
	/* Without a reset the ports would be used up by those that wait. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size) {
		shutdown(fd, SHUT_WR);
	}
	if (poll(&p, 1, WAIT_MS) > 0) {
		n = recv(fd, heard, sizeof(heard), 0);
		assert(n <= 0 || (n > 9 && !memcmp(heard, "HTTP/1.1 ", 9)));
	}
	close(fd);
	return 0;
}
