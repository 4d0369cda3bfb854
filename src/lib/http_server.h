/*
 * http_server: HTTP/1.1 for the API and the pages. The door to libmicrohttpd.
 *
 * One thread (epoll) runs every handler. A handler gets a whole request,
 * checked and bounded, and either answers at once or parks it; a parked
 * request costs no thread and is resumed from any thread by its handle, after
 * which `resumed` runs on the server's thread and answers.
 *
 * Refused before a handler runs, in the words of `refuse`, after which the
 * connection is closed:
 *   400  two Content-Length or Transfer-Encoding headers, or both (RFC 9112
 *        6.3); no Host or two (3.2); folded lines, control characters and
 *        names that are no token; targets that are not a path or an absolute
 *        URL, with bad escapes, %00, blanks or bytes that are not UTF-8
 *   413  bodies over body_max; one that is not much larger is read first, so
 *        that the client sees the answer, and a chunked one that does not end
 *        is cut off
 *   414  targets over URL_MAX      431  heads over header_max or 100 lines
 *   501  a Transfer-Encoding other than chunked
 * What libmicrohttpd itself cannot read it answers itself, with a fixed page
 * of HTML that names nothing, and closes: a Content-Length that is no number
 * (400, 413), broken chunks (400), a line without a colon (400), a version
 * other than 1.x (400, 505), and a head that does not fit its memory of
 * header_max + 8 kB (414, 431, or no answer).
 *
 * A client has timeout_s to ask, as long again for a head, and for bodies and
 * answers as much more as they take at 16 kB/s; then it is closed. So is one
 * above connections_per_addr_max; those above connections_max wait their turn.
 */
#ifndef LIB_HTTP_SERVER_H
#define LIB_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

struct http_server;  /* opaque: fields live in http_server.c */
struct http_request; /* opaque; lives until its answer is sent */

/* Names a parked request; stale handles are harmless. */
struct http_handle {
	unsigned slot;
	unsigned generation;
};

struct http_server_options {
	const char *host; /* as in net_listen(): "" = all IPv4, "::" = all */
	int port;	  /* 0 = any free one, see http_server_port() */
	size_t body_max;
	size_t header_max;
	int connections_max;
	int connections_per_addr_max; /* 0 = as many as there may be */
	int timeout_s;
	int parked_max;	      /* further http_park() calls give RC_BUSY */
	const char *tls_cert; /* PEM text; NULL for plain HTTP, as the key */
	const char *tls_key;  /* PEM text; at least TLS 1.2 is spoken */
	/* Runs on the server's thread for each whole request. */
	void (*handle)(struct http_request *, void *ctx);
	/* Runs on the server's thread after http_resume(). */
	void (*resumed)(struct http_request *, void *ctx);
	/*
	 * The request, which `handle` saw, is over, answered or not; frees
	 * what `user` holds. Its user and arena may still be asked for.
	 */
	void (*over)(struct http_request *, void *ctx);
	/*
	 * Words for a request that no handler sees: body text for a status,
	 * JSON if it begins with '{'. The path is "" where it is not known.
	 */
	const char *(*refuse)(int status, const char *path, void *ctx);
	void *ctx;
};

/*
 * Binds, listens and starts the thread. Options are copied. RC_CONFLICT: the
 * port is taken; RC_INVALID: the host, or the certificate or its key, is bad.
 */
enum rc http_server_new(const struct http_server_options *,
    struct http_server **out, struct fault *) MUST_CHECK;
/* The port that is bound. */
int http_server_port(const struct http_server *);
/*
 * Stops accepting; requests under way go on, and each answer from now on ends
 * its connection. From any thread.
 */
void http_server_quiesce(struct http_server *);
/*
 * Ends every connection and the thread. Every parked request is first handed
 * to `resumed`, where http_request_stopping() is true, and answers get two
 * seconds to be sent. http_resume() may be called meanwhile, but not after.
 * NULL is fine.
 */
void http_server_free(struct http_server *);

/* What was asked. Strings live as long as the request. */
const char *http_method(const struct http_request *);
/* Percent-decoded path without query; always begins with '/'. */
const char *http_path(const struct http_request *);
/* First value of a query argument, decoded; NULL if absent. */
const char *http_query(const struct http_request *, const char *name);
/* First value of a header, any case, without blanks around it, or NULL. */
const char *http_header(const struct http_request *, const char *name);
const char *http_cookie(const struct http_request *, const char *name);
/* The body, NUL-terminated behind *len; "" when there is none. */
const char *http_body(const struct http_request *, size_t *len);
/* The peer's address as text, without port. */
const char *http_peer(const struct http_request *);
/* Memory that dies with the request. */
struct arena *http_arena(struct http_request *);
/* One pointer for the handler's own state. */
void http_set_user(struct http_request *, void *user);
void *http_user(const struct http_request *);
bool http_request_stopping(const struct http_request *);

/*
 * Answers, with a status from 200 on. Copies the body; content_type may be
 * NULL. A header added before with http_add_header() goes along. HEAD sends
 * no body. Exactly one answer per request: a handler that neither answers nor
 * parks has 500 sent in its place.
 */
void http_reply(struct http_request *, int status, const char *content_type,
    const void *body, size_t len);
/* Name must be a token; a value with control characters is dropped, logged. */
void http_add_header(struct http_request *, const char *name,
    const char *value);

/*
 * Sets the request aside until http_resume(), which may come before this
 * handler returns. Must be the handler's last act on the request, except for
 * handing the handle on; `resumed` may park it again. Who has left is noticed
 * only when it is resumed, and then `over` may come without `resumed`: every
 * parked request needs a deadline of its owner's. RC_BUSY: too many are parked,
 * or the server is stopping; answer instead.
 */
enum rc http_park(struct http_request *, struct http_handle *out) MUST_CHECK;
/* From any thread. Resuming twice, or a stale handle, does nothing. */
void http_resume(struct http_server *, struct http_handle);
/* The server that a request came to. */
struct http_server *http_server_of(const struct http_request *);
/* Requests parked now. */
int http_parked(const struct http_server *);

#endif
