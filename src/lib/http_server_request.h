/*
 * http_server_request: one request, from first callback to answer.
 *
 * Private to http_server.c, which owns connections and time;
 * http_server_head.c judges what is asked, http_server_request.c leads a
 * request through its life. All three include libmicrohttpd: they are one
 * door, in three files because they are three subjects.
 *
 * A request is made with its connection and used again for each request that
 * comes over it, one at a time. Everything here runs on the server's thread.
 */
#ifndef LIB_HTTP_SERVER_REQUEST_H
#define LIB_HTTP_SERVER_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/http_server_parking.h"
#include "lib/http_server.h"
#include "lib/net.h"

enum request_state {
	REQUEST_NONE,	  /* the connection waits for the next one */
	REQUEST_HEAD,	  /* the request line is in */
	REQUEST_BODY,	  /* the head is good, the body may still come */
	REQUEST_HANDLED,  /* whole, and in its handler's hands */
	REQUEST_PARKED,	  /* set aside until it is resumed */
	REQUEST_ANSWERED, /* the answer is on its way */
	REQUEST_STATES
};

/* What a request needs while it lives; reused by later ones. */
struct scratch {
	struct scratch *next; /* among the spare ones */
	struct arena *arena;  /* owned */
	struct buf body;      /* max is the server's body_max */
};

/* What the requests of one server share. */
struct http_common {
	struct http_server *server;	    /* borrowed */
	struct http_server_options options; /* without the texts */
	struct parking parking;
	struct scratch *spare; /* owned; SPARES_MAX at most */
	unsigned spares;
	unsigned answering;	 /* requests in REQUEST_ANSWERED */
	unsigned long long news; /* steps that requests made */
	bool closing;		 /* answers end their connections */
	bool stopping;		 /* nothing is parked any more */
	long long now_ms;	 /* monotonic, as of this turn of the loop */
};

struct added; /* a header for the answer; in the scratch's arena */

struct http_request {
	struct http_common *common;	  /* borrowed */
	struct MHD_Connection *conn;	  /* borrowed; outlives the request */
	struct http_request *next, *prev; /* the server's connections */
	int fd;				  /* of the connection; borrowed */
	char peer[NET_ADDR_SIZE];	  /* address as text, without port */
	long long deadline_ms; /* monotonic; 0 = it is our turn to act */

	/* From here on about the request now under way. */
	enum request_state state;
	struct scratch *scratch; /* NULL while state is REQUEST_NONE */
	int refusal;		 /* status that answers it unheard; 0 = none */
	bool close;		 /* no further request on this connection */
	bool heard;		 /* a handler has seen it, so `over` is owed */
	const char *method;	 /* borrowed from conn, as the next two */
	const char *path;	 /* decoded; NULL until the head is good */
	const char *authority;	 /* of an absolute-form target, or NULL */
	size_t authority_len;
	size_t path_at;	  /* bytes before the path in the target */
	size_t body_got;  /* bytes that came, kept or not */
	size_t body_seen; /* body_got at the last sweep */
	unsigned stuck;	  /* sweeps without progress in a loop that spins */
	struct added *added, *added_last;
	void *user;		   /* the handler's */
	long long started_ms;	   /* when the request line came */
	struct http_handle handle; /* while parked */
};

/* RFC 9110 5.6.2. */
bool http_head_is_token(const char *s, size_t len);
/* RFC 9110 5.5, which leaves bytes beyond ASCII to who reads them. */
bool http_head_is_value(const char *s, size_t len);
/*
 * Judges the raw request target and notes where its path is. Returns 0 or
 * the status that refuses it.
 */
int http_head_check_target(struct http_request *, const char *raw);
/*
 * Judges the rest of a head and notes what is asked. Returns 0 or the status
 * that refuses it.
 */
int http_head_check(struct http_request *, const char *url, const char *method,
    const char *version);
/* Content-Length of a head that is good; 0 if there is none. */
unsigned long long http_head_length(const struct http_request *);
/* Whether the client waits for 100 Continue before it sends the body. */
bool http_head_expects_continue(const struct http_request *);

/* When a client with nothing under way has to have asked something. */
void http_request_wait(struct http_request *);
/* The request line is in; `target` as it came. */
void http_request_start(struct http_request *, const char *target);
/* libmicrohttpd's access handler for a request that is under way. */
enum MHD_Result http_request_step(struct http_request *, const char *url,
    const char *method, const char *version, const char *data, size_t len);
/* The request is over, however it ended. */
void http_request_end(struct http_request *);
/* Frees the spare scratches. */
void http_request_drop_spares(struct http_common *);

#endif
