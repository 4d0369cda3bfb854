/*
 * http_server_parking: requests set aside, and the handles that name them.
 *
 * Private to the http server. The server's thread takes and releases places;
 * any thread may resume what waits in one. A handle counts how often its place
 * was taken, so that a stale one matches nothing.
 */
#ifndef LIB_HTTP_SERVER_PARKING_H
#define LIB_HTTP_SERVER_PARKING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/http_server.h"

struct MHD_Connection;
struct place; /* opaque: fields live in http_server_parking.c */

struct parking {
	struct place *places; /* owned */
	unsigned max;	      /* places there are */
	/* Called once for each that waited, with its arg. */
	void (*wake)(struct MHD_Connection *, void *arg);
	void *arg;	    /* borrowed */
	atomic_int waiting; /* parked and not resumed */
	atomic_int inside;  /* threads inside http_parking_resume() */
	/* From here on only for the server's thread. */
	unsigned free;	/* first free place; max = none */
	unsigned taken; /* places in use */
};

void http_parking_init(struct parking *, unsigned max,
    void (*wake)(struct MHD_Connection *, void *arg), void *arg);
/* No thread may be inside, nor come in any more. */
void http_parking_fini(struct parking *);
/* RC_BUSY if every place is taken. */
enum rc http_parking_take(struct parking *, struct http_handle *out) MUST_CHECK;
/* From here on the connection, which is suspended, can be resumed. */
void http_parking_open(struct parking *, struct http_handle,
    struct MHD_Connection *);
/* The place is free for others. */
void http_parking_release(struct parking *, struct http_handle);
/* From any thread; twice, or with a stale handle, it does nothing. */
void http_parking_resume(struct parking *, struct http_handle);
/* Resumes all that waits. */
void http_parking_resume_all(struct parking *);

#endif
