/*
 * http_client: requests to other people's servers. The door to libcurl.
 *
 * One thread and two pools of connections: `HTTP_PLATFORM` for hosts we chose
 * (chat APIs, the mail relay), `HTTP_FOREIGN` for addresses that came in a
 * request: there every address is checked when the connection is made, no
 * connection is reused and nothing is trusted. Redirects are never followed,
 * proxies of the environment are not used, TLS is always verified.
 */
#ifndef LIB_HTTP_CLIENT_H
#define LIB_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

struct http_client; /* opaque: fields live in http_client.c */

enum http_pool { HTTP_PLATFORM, HTTP_FOREIGN };

struct http_client_options {
	size_t waiting_max;	   /* requests queued or under way */
	bool allow_private;	   /* HTTP_FOREIGN may reach private addresses */
	const char *ca_file;	   /* further trusted CAs, PEM; NULL = system */
	const char *user_agent;
};

/* Copied by http_client_send(). */
struct http_call {
	enum http_pool pool;
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	const void *body;
	size_t body_len;
	int timeout_ms;	 /* the whole call; connect has at most 10 s of it */
	size_t answer_max; /* bytes kept of the answer's body; rest is dropped */
};

struct http_answer {
	/*
	 * RC_OK: an HTTP answer came, see status. RC_FORBIDDEN: the address is
	 * private. RC_REMOTE_TEMP: nothing was sent, or the connection failed
	 * before the request was whole. RC_UNCERTAIN: sent, but no answer.
	 * RC_INVALID: the URL or scheme is not allowed. RC_REMOTE_PERM: TLS
	 * verification failed. RC_BUSY: we are stopping.
	 */
	enum rc rc;
	int status;
	int retry_after_s; /* 0 = not said (RFC 9110 10.2.3, both forms) */
	const char *body;  /* NUL-terminated; borrowed for the call */
	size_t body_len;
	bool body_cut;	   /* there was more than answer_max */
	const char *detail; /* words for the log, no URL, no secrets */
	/* First value of an answer header, or NULL; for this call only. */
	const char *(*header)(const struct http_answer *, const char *name);
	void *impl;
};

enum rc http_client_new(const struct http_client_options *,
    struct http_client **out, struct fault *) MUST_CHECK;
/* Calls still waiting end with RC_BUSY. NULL is fine. */
void http_client_free(struct http_client *);
/*
 * Queues a call; `done` runs once on the client's thread and must not block.
 * RC_BUSY when waiting_max is reached: done is then not called.
 */
enum rc http_client_send(struct http_client *, const struct http_call *,
    void (*done)(void *arg, const struct http_answer *), void *arg) MUST_CHECK;

/*
 * Sends one mail over implicit TLS (smtps, RFC 8314) with the same thread.
 * `message` is RFC 5322 with CRLF. answer.status is the SMTP reply code.
 */
struct http_mail {
	const char *host;
	int port;
	const char *user; /* NULL = no AUTH */
	const char *password;
	const char *from; /* envelope */
	const char *to;
	const char *message;
	size_t message_len;
	const char *ca_file; /* NULL = as the client's */
	int timeout_ms;
};
enum rc http_client_mail(struct http_client *, const struct http_mail *,
    void (*done)(void *arg, const struct http_answer *), void *arg) MUST_CHECK;

#endif
