/*
 * http_client: requests to other people's servers. The door to libcurl, with
 * http_client_call.c and http_client_mail.c behind it.
 *
 * Three pools of connections, each with a thread: `HTTP_PLATFORM` for hosts we
 * chose (chat APIs), `HTTP_URGENT` for answers to people on the same hosts,
 * which wait for nothing else, and `HTTP_FOREIGN` for addresses that came in a
 * request: there every address is checked when the connection is made, no
 * connection is reused, only https is spoken (unless private addresses are
 * allowed) and nothing is trusted. Redirects are never followed, proxies of
 * the environment are not used, TLS is always verified, and nothing is sent a
 * second time: what to repeat is for the caller to decide.
 */
#ifndef LIB_HTTP_CLIENT_H
#define LIB_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rc.h"

struct http_client; /* opaque: fields live in http_client.c */

enum http_pool { HTTP_PLATFORM, HTTP_URGENT, HTTP_FOREIGN };

struct http_client_options {
	size_t waiting_max;  /* calls queued or under way, in each pool */
	bool allow_private;  /* HTTP_FOREIGN may reach private addresses */
	const char *ca_file; /* further trusted CAs, PEM; NULL = system */
	const char *user_agent;
};

/* Copied by http_client_send(). */
struct http_call {
	enum http_pool pool;
	const char *method;
	const char *url;
	/* "Name: value", NULL-terminated; or NULL. */
	const char *const *headers;
	const void *body;
	size_t body_len;
	int timeout_ms;	   /* the whole call; connect has at most 10 s of it */
	size_t answer_max; /* bytes of the answer to keep; rest is dropped */
};

struct http_answer {
	/*
	 * RC_OK: an HTTP answer came, see status. RC_FORBIDDEN: every address
	 * of the host is private. RC_REMOTE_TEMP: nothing was sent, or the
	 * connection failed before the request was whole. RC_UNCERTAIN: sent,
	 * but no whole answer. RC_INVALID: the URL or scheme is not allowed,
	 * or something is not one. RC_REMOTE_PERM: TLS verification failed.
	 * RC_BUSY: we are stopping, wherever it was.
	 */
	enum rc rc;
	int status;
	int retry_after_s; /* 0 = not said (RFC 9110 10.2.3, both forms) */
	const char *body;  /* NUL-terminated; borrowed for the call */
	size_t body_len;
	bool body_cut;	    /* there was more than answer_max */
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
 * Queues a call, from any thread. `done` runs once on a thread of the client's
 * and must not block: no other done runs meanwhile. It may send the next call.
 * RC_BUSY when the pool's waiting_max is reached or we are stopping: done is
 * then not called.
 */
enum rc http_client_send(struct http_client *, const struct http_call *,
    void (*done)(void *arg, const struct http_answer *), void *arg) MUST_CHECK;

/*
 * One mail over implicit TLS (smtps, RFC 8314), by a thread of its own and
 * with waiting_max places of its own.
 *
 * answer.rc is RC_OK when the server has spoken: status 250 means that it took
 * the mail, 400 and above is its refusal, at whatever step. RC_UNCERTAIN: the
 * message was sent whole, but its reply was lost. RC_REMOTE_PERM: TLS
 * verification failed, or there is a user and no AUTH PLAIN or LOGIN came
 * about; no mail is sent then. RC_INVALID: host or envelope is not one.
 */
struct http_mail {
	const char *host;
	int port;
	const char *user; /* NULL = no AUTH */
	const char *password;
	const char *from; /* envelope */
	const char *to;
	const char *message; /* RFC 5322 with CRLF; dots are ours to double */
	size_t message_len;
	const char *ca_file; /* NULL = as the client's */
	int timeout_ms;
};
enum rc http_client_mail(struct http_client *, const struct http_mail *,
    void (*done)(void *arg, const struct http_answer *), void *arg) MUST_CHECK;

#endif
