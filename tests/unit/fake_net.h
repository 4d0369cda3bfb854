/*
 * fake_net: names of a test and what they resolve to, and a network in which
 * the one public host is a peer and nothing but loopback is reached.
 *
 * Included once by a test program, whose functions come before those of libc
 * for libcurl too.
 */
#ifndef TESTS_UNIT_FAKE_NET_H
#define TESTS_UNIT_FAKE_NET_H

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/rc.h"

#define PUBLIC	    "93.184.216.34"
#define PUBLIC_DOWN "93.184.216.99"

enum {
	ADDRS_MAX = 3,
	PRIVATE_NAMES = 5, /* the first of those that are only private */
};

struct name {
	const char *name;
	const char *addrs[ADDRS_MAX];
};

static struct name dns[] = {
    {"hook.test", {PUBLIC}},
    {"private-first.test", {"10.0.0.1", "::1", PUBLIC}},
    {"down-then-private.test", {PUBLIC_DOWN, "127.0.0.1", "::1"}},
    {"down.test", {PUBLIC_DOWN}},
    {"late.test", {"127.0.0.2", "127.0.0.1"}},
    {"loop4.test", {"127.0.0.1"}},
    {"localhost.", {"127.0.0.1"}},
    {"127.0.0.1.", {"127.0.0.1"}},
    {"loop6.test", {"::1"}},
    {"loops.test", {"::1", "127.0.0.1"}},
    {"other-loop.test", {"127.8.9.10"}},
    {"ten.test", {"10.1.2.3"}},
    {"one-seven-two.test", {"172.31.255.1"}},
    {"one-nine-two.test", {"192.168.1.1"}},
    {"metadata.test", {"169.254.169.254"}},
    {"carrier.test", {"100.64.0.1"}},
    {"zero.test", {"0.0.0.0"}},
    {"any6.test", {"::"}},
    {"multicast.test", {"224.0.0.1"}},
    {"broadcast.test", {"255.255.255.255"}},
    {"documentation.test", {"192.0.2.1"}},
    {"benchmark.test", {"198.18.0.1"}},
    {"mapped.test", {"::ffff:127.0.0.1"}},
    {"mapped-ten.test", {"::ffff:10.0.0.1"}},
    {"nat64.test", {"64:ff9b::7f00:1"}},
    {"nat64-ten.test", {"64:ff9b::a00:1"}},
    {"6to4.test", {"2002:7f00:1::1"}},
    {"teredo.test", {"2001:0:5ef5:79fb:0:0:80ff:fffe"}},
    {"local6.test", {"fd00::1"}},
    {"link6.test", {"fe80::1"}},
    {"site6.test", {"fec0::1"}},
};

static atomic_int lookups, connects;
static pthread_mutex_t stuck_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stuck_change = PTHREAD_COND_INITIALIZER;
static int stuck_in, stuck_out; /* lookups of stuck.test begun and over */
static bool stuck;

static struct addrinfo *
new_addrinfo(const char *addr, const char *service)
{
	struct {
		struct addrinfo info;
		struct sockaddr_storage addr;
	} *both = calloc(1, sizeof(*both));
	struct sockaddr_in *v4 = (struct sockaddr_in *)&both->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&both->addr;
	uint16_t port = htons((uint16_t)atoi(service));

	both->info.ai_socktype = SOCK_STREAM;
	both->info.ai_protocol = IPPROTO_TCP;
	both->info.ai_addr = (struct sockaddr *)&both->addr;
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		both->info.ai_addrlen = sizeof(*v4);
	} else {
		assert(inet_pton(AF_INET6, addr, &v6->sin6_addr) == 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		both->info.ai_addrlen = sizeof(*v6);
	}
	both->info.ai_family = both->addr.ss_family;
	return &both->info;
}

static void
be_stuck(void)
{
	pthread_mutex_lock(&stuck_lock);
	stuck_in++;
	pthread_cond_broadcast(&stuck_change);
	while (stuck) {
		pthread_cond_wait(&stuck_change, &stuck_lock);
	}
	stuck_out++;
	pthread_cond_broadcast(&stuck_change);
	pthread_mutex_unlock(&stuck_lock);
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
    struct addrinfo **pai)
{
	struct addrinfo **end = pai;

	(void)req;
	*pai = NULL;
	lookups++;
	if (strcmp(name, "stuck.test") == 0) {
		be_stuck();
	}
	for (size_t i = 0; i < ARRAY_LEN(dns); i++) {
		if (strcmp(dns[i].name, name) != 0) {
			continue;
		}
		for (size_t k = 0; k < ADDRS_MAX; k++) {
			if (dns[i].addrs[k] == NULL) {
				break;
			}
			*end = new_addrinfo(dns[i].addrs[k], service);
			end = &(*end)->ai_next;
		}
	}
	return *pai != NULL ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	while (ai != NULL) {
		struct addrinfo *next = ai->ai_next;

		free(ai);
		ai = next;
	}
}

static int
connect_counted(int fd, const void *addr, socklen_t len)
{
	int got = (int)syscall(SYS_connect, fd, addr, len);

	connects++;
	return got;
}

/* PUBLIC is our peer; nothing but loopback is reached. */
int
connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	struct sockaddr_in to = {0};

	if (addr.__sockaddr__->sa_family == AF_INET6) {
		return connect_counted(fd, addr.__sockaddr__, len);
	}
	memcpy(&to, addr.__sockaddr__, sizeof(to));
	if (to.sin_addr.s_addr == inet_addr(PUBLIC)) {
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	if (ntohl(to.sin_addr.s_addr) >> 24 != 127) {
		connects++;
		errno = ENETUNREACH;
		return -1;
	}
	return connect_counted(fd, &to, sizeof(to));
}

#endif
