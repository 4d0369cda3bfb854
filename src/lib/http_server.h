/*
 * http_server: HTTP/1.1 for the API and the pages. The door to libmicrohttpd.
 *
 * One thread (epoll) runs every handler. A handler gets a whole request,
 * checked and bounded, and either answers at once or parks it; a parked
 * request costs no thread and is resumed from any thread by its handle, after
 * which `resumed` runs on the server's thread and answers.
 *
 * Refused before a handler runs, with `refuse` writing the body: two
 * Content-Length headers or one beside Transfer-Encoding (400 and close, RFC
 * 9112 6.3), bodies over body_max (413), header blocks over header_max (431),
 * paths over URL_MAX (414), bad percent-escapes (400), more connections than
 * allowed. Idle and slow clients are closed after timeout_s.
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
	const char *host; /* address to bind; "" or "0.0.0.0" = all IPv4 */
	int port;	  /* 0 = any free one, see http_server_port() */
	size_t body_max;
	size_t header_max;
	int connections_max;
	int connections_per_addr_max;
	int timeout_s;
	int parked_max; /* further http_park() calls give RC_BUSY */
	const char *tls_cert; /* PEM text, or NULL for plain HTTP */
	const char *tls_key;  /* PEM text */
	/* Runs on the server's thread for each whole request. */
	void (*handle)(struct http_request *, void *ctx);
	/* Runs on the server's thread after http_resume(). */
	void (*resumed)(struct http_request *, void *ctx);
	/* The request is over, answered or not; frees what `user` holds. */
	void (*over)(struct http_request *, void *ctx);
	/* Words for a request that no handler sees: body text for a status. */
	const char *(*refuse)(int status, const char *path, void *ctx);
	void *ctx;
};

/* Binds, listens and starts the thread. Options are copied. */
enum rc http_server_new(const struct http_server_options *,
    struct http_server **out, struct fault *) MUST_CHECK;
/* The port that is bound. */
int http_server_port(const struct http_server *);
/* Stops accepting; requests under way go on. */
void http_server_quiesce(struct http_server *);
/*
 * Ends every connection and the thread. Every parked request is first handed
 * to `resumed`, where http_request_stopping() is true. NULL is fine.
 */
void http_server_free(struct http_server *);

/* What was asked. Strings live as long as the request. */
const char *http_method(const struct http_request *);
/* Percent-decoded path without query; always begins with '/'. */
const char *http_path(const struct http_request *);
/* First value of a query argument, decoded; NULL if absent. */
const char *http_query(const struct http_request *, const char *name);
/* First value of a header, any case; NULL if absent. */
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
 * Answers. Copies the body. A header added before with http_add_header() goes
 * along. HEAD sends no body. Exactly one answer per request.
 */
void http_reply(struct http_request *, int status, const char *content_type,
    const void *body, size_t len);
/* Name must be a token; a value with a line break is dropped and logged. */
void http_add_header(struct http_request *, const char *name,
    const char *value);

/*
 * Sets the request aside until http_resume(), which may come before this
 * handler returns. Must be the handler's last act on the request, except for
 * handing the handle on. RC_BUSY: too many parked; answer instead.
 */
enum rc http_park(struct http_request *, struct http_handle *out) MUST_CHECK;
/* From any thread. Resuming twice, or a stale handle, does nothing. */
void http_resume(struct http_server *, struct http_handle);
/* Requests parked now. */
int http_parked(const struct http_server *);

#endif
