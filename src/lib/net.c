#include "lib/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)NET_ADDR_SIZE >= INET6_ADDRSTRLEN, "room for any address");

/* Tries one address; -1 and errno if it cannot be had. */
static int
listen_at(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, off = 0, err;

	if (fd < 0) {
		return -1;
	}
	/* A restart need not wait for the last connections to be forgotten. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6) {
		/* Whatever the host's net.ipv6.bindv6only says. */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	}
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0) {
		return fd;
	}
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

enum rc
net_listen(const char *host, int port, int *out, struct fault *f)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found, *a;
	char service[16];
	int err;

	if (port < 0 || port > 65535) {
		return fault_set(f, RC_INVALID, "port", "%d is no port", port);
	}
	host = host[0] != '\0' ? host : "0.0.0.0";
	snprintf(service, sizeof(service), "%d", port);
	err = getaddrinfo(host, service, &hints, &found);
	if (err != 0) {
		return fault_set(f, RC_INVALID, "host", "cannot use %s: %s",
		    host, gai_strerror(err));
	}
	*out = -1;
	for (a = found; a != NULL && *out < 0; a = a->ai_next) {
		*out = listen_at(a);
	}
	err = errno;
	freeaddrinfo(found);
	if (*out >= 0) {
		return RC_OK;
	}
	return fault_set(f, err == EADDRINUSE ? RC_CONFLICT : RC_INVALID,
	    err == EADDRNOTAVAIL ? "host" : "port",
	    "cannot listen on %s port %d: %s", host, port, strerror(err));
}

int
net_port(int fd)
{
	struct sockaddr_storage addr = {0};
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
		return 0;
	}
	if (addr.ss_family == AF_INET6) {
		memcpy(&v6, &addr, sizeof(v6));
		return ntohs(v6.sin6_port);
	}
	memcpy(&v4, &addr, sizeof(v4));
	return ntohs(v4.sin_port);
}

char *
net_addr_text(const struct sockaddr *addr, char *out)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	out[0] = '\0';
	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, out, NET_ADDR_SIZE);
	} else if (addr->sa_family == AF_INET6) {
		memcpy(&v6, addr, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], out,
			    NET_ADDR_SIZE);
		} else {
			inet_ntop(AF_INET6, &v6.sin6_addr, out, NET_ADDR_SIZE);
		}
	}
	return out;
}
