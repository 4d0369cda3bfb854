#include "peer.h"

#include <assert.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

enum { CONNECTIONS_MAX = 4096 };

struct peer_conn {
	struct peer *peer;
	pthread_t thread;
	int fd; /* -1 when closed; under the peer's lock */
	SSL *ssl;
};

struct peer {
	void (*serve)(struct peer_conn *, void *arg);
	void *arg;
	int fd;
	int port;
	SSL_CTX *tls; /* NULL = plain */
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	struct peer_conn *conns[CONNECTIONS_MAX];
	atomic_int count;
	bool stopping;
};

static char ca_file[64];

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	static int made;
	char subject[32]; /* two of the same could not be told apart */
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, PEER_TLS_NAMES);

	(void)snprintf(subject, sizeof(subject), "peer %d", ++made);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)subject, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	assert(X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
	assert(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static SSL_CTX *
make_tls(void)
{
	static EVP_PKEY *key; /* of the whole test */
	static X509 *cert;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ca_file[0] == '\0') {
		FILE *out;

		X509_free(cert);
		EVP_PKEY_free(key);
		key = EVP_EC_gen("P-256");
		cert = make_certificate(key);
		strcpy(ca_file, "/tmp/assent-unit-XXXXXX");
		out = fdopen(mkstemp(ca_file), "w");
		assert(out != NULL && PEM_write_X509(out, cert) == 1);
		fclose(out);
	}
	assert(SSL_CTX_use_certificate(ctx, cert) == 1);
	assert(SSL_CTX_use_PrivateKey(ctx, key) == 1);
	return ctx;
}

const char *
peer_ca_file(void)
{
	return ca_file[0] != '\0' ? ca_file : NULL;
}

void
peer_forget_ca(void)
{
	if (ca_file[0] != '\0') {
		unlink(ca_file);
		ca_file[0] = '\0';
	}
}

static bool
handshake(struct peer_conn *c)
{
	if (c->peer->tls == NULL) {
		return true;
	}
	c->ssl = SSL_new(c->peer->tls);
	SSL_set_fd(c->ssl, c->fd);
	return SSL_accept(c->ssl) == 1;
}

static void *
conn_run(void *arg)
{
	struct peer_conn *c = arg;

	if (handshake(c)) {
		c->peer->serve(c, c->peer->arg);
		if (c->ssl != NULL) {
			SSL_shutdown(c->ssl);
		}
	}
	SSL_free(c->ssl);
	pthread_mutex_lock(&c->peer->lock);
	close(c->fd);
	c->fd = -1;
	pthread_mutex_unlock(&c->peer->lock);
	return NULL;
}

/* False when the peer is stopping. */
static bool
conn_start(struct peer *p, int fd)
{
	bool stopping;
	int err;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	if (stopping) {
		close(fd);
	} else {
		struct peer_conn *c = mem_new(1, sizeof(*c));

		assert(p->count < CONNECTIONS_MAX);
		c->peer = p;
		c->fd = fd;
		p->conns[p->count++] = c;
		err = pthread_create(&c->thread, NULL, conn_run, c);
		assert(err == 0);
	}
	pthread_mutex_unlock(&p->lock);
	return !stopping;
}

static void *
accept_run(void *arg)
{
	struct peer *p = arg;
	int fd;

	while ((fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 &&
	    conn_start(p, fd)) {
	}
	return NULL;
}

struct peer *
peer_start(void (*serve)(struct peer_conn *, void *arg), void *arg, bool tls)
{
	struct peer *p = mem_new(1, sizeof(*p));
	struct sockaddr_in a = {
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	sigset_t pipe, old;

	p->serve = serve;
	p->arg = arg;
	p->tls = tls ? make_tls() : NULL;
	pthread_mutex_init(&p->lock, NULL);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(p->fd, (struct sockaddr *)&a, len) == 0);
	assert(listen(p->fd, 1024) == 0);
	assert(getsockname(p->fd, (struct sockaddr *)&a, &len) == 0);
	p->port = ntohs(a.sin_port);
	/* The peer's threads, and only they, do without SIGPIPE. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	assert(pthread_create(&p->thread, NULL, accept_run, p) == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return p;
}

void
peer_stop_when_gone(struct peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	for (int i = 0; i < p->count; i++) {
		pthread_join(p->conns[i]->thread, NULL);
		free(p->conns[i]);
	}
	close(p->fd);
	SSL_CTX_free(p->tls);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void
peer_stop(struct peer *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	for (int i = 0; i < p->count; i++) {
		if (p->conns[i]->fd >= 0) {
			shutdown(p->conns[i]->fd, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&p->lock);
	peer_stop_when_gone(p);
}

int
peer_port(const struct peer *p)
{
	return p->port;
}

int
peer_connections(struct peer *p)
{
	return p->count;
}

size_t
peer_read(struct peer_conn *c, void *p, size_t n)
{
	ssize_t got = c->ssl != NULL ? SSL_read(c->ssl, p, (int)n)
				     : recv(c->fd, p, n, 0);

	return got > 0 ? (size_t)got : 0;
}

void
peer_write(struct peer_conn *c, const void *p, size_t n)
{
	const char *s = p;

	while (n > 0) {
		ssize_t put = c->ssl != NULL ? SSL_write(c->ssl, s, (int)n)
					     : send(c->fd, s, n, MSG_NOSIGNAL);

		if (put <= 0) {
			return;
		}
		s += put;
		n -= (size_t)put;
	}
}

void
peer_say(struct peer_conn *c, const char *text)
{
	peer_write(c, text, strlen(text));
}

void
peer_reset(struct peer_conn *c)
{
	struct linger none = {.l_onoff = 1};

	assert(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) ==
	    0);
}

bool
peer_line(struct peer_conn *c, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && peer_read(c, out + n, 1) == 1) {
		if (out[n] == '\n') {
			n -= n > 0 && out[n - 1] == '\r';
			out[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

/* Bytes the request has in all, or 0 while its head is not whole. */
static size_t
request_size(const char *s)
{
	const char *end = strstr(s, "\r\n\r\n");
	const char *length = strcasestr(s, "\r\nContent-Length:");
	size_t head;

	if (end == NULL) {
		return 0;
	}
	head = (size_t)(end - s) + 4;
	return length != NULL && length < end
	    ? head + strtoul(length + 17, NULL, 10)
	    : head;
}

bool
peer_request(struct peer_conn *c, struct buf *out)
{
	size_t start = out->len, size = 0, n;
	char block[16384];

	while ((size = request_size(buf_str(out) + start)) == 0 ||
	    out->len - start < size) {
		n = peer_read(c, block, sizeof(block));
		if (n == 0) {
			return false;
		}
		buf_add(out, block, n);
	}
	return true;
}

void
heard_done(void *arg, const struct http_answer *a)
{
	struct heard *h = arg;
	const char *x = a->header(a, "x-first");

	pthread_mutex_lock(&h->lock);
	h->times++;
	h->rc = a->rc;
	h->status = a->status;
	h->retry_after_s = a->retry_after_s;
	assert(strlen(a->body) <= a->body_len && a->detail != NULL);
	h->body_len = a->body_len;
	snprintf(h->body, sizeof(h->body), "%s", a->body);
	h->body_cut = a->body_cut;
	snprintf(h->detail, sizeof(h->detail), "%s", a->detail);
	snprintf(h->x_first, sizeof(h->x_first), "%s", x != NULL ? x : "");
	pthread_cond_signal(&h->came);
	pthread_mutex_unlock(&h->lock);
}

void
heard_wait(struct heard *h, int times)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 60;
	pthread_mutex_lock(&h->lock);
	while (h->times < times) {
		assert(pthread_cond_timedwait(&h->came, &h->lock, &end) == 0);
	}
	pthread_mutex_unlock(&h->lock);
}

void
heard_send(struct heard *h, struct http_client *c, const struct http_call *call)
{
	int before = h->times;

	assert(http_client_send(c, call, heard_done, h) == RC_OK);
	heard_wait(h, before + 1);
}

int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert(dir != NULL);
	while (readdir(dir) != NULL) {
		n++;
	}
	closedir(dir);
	return n;
}
