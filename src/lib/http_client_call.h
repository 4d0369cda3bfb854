/*
 * http_client_call: one request or mail of the http_client, as curl sees it.
 *
 * http_client.c owns the thread and the connections; here is what one call
 * sets, checks while it is under way, and makes of its end. For http_client.c
 * alone. A call is made by the thread that sends it and from then on belongs
 * to the client's thread.
 */
#ifndef LIB_HTTP_CLIENT_CALL_H
#define LIB_HTTP_CLIENT_CALL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/http_client.h"

struct call {
	LIST_ENTRY(call) link; /* the client's, while with curl */
	struct arena *arena;   /* holds the call itself and its strings */
	const struct http_client_options *options; /* borrowed, the client's */
	enum http_pool pool;
	bool is_mail; /* which of the next two counts */
	struct http_call http;
	struct http_mail mail;
	void (*done)(void *arg, const struct http_answer *);
	void *arg;
	CURL *easy; /* NULL until call_prepare() */
	CURLU *url;
	struct curl_slist *list; /* header lines, or the recipient */
	struct buf body;	 /* of the answer */
	size_t received;	 /* bytes of the answer's body */
	size_t header_bytes;	 /* of the answer */
	bool head_whole;	 /* the answer's header lines are all there */
	int mail_fds[4]; /* copies of the last sockets of a mail; 0 = none */
	size_t message_sent; /* bytes of mail.message that curl has taken */
	int begun;	     /* times the request was about to be sent */
	int opened;	     /* connections tried */
	int refused;	     /* addresses not tried, being private */
	bool enough;	     /* we hung up behind answer_max */
	bool authenticated;  /* the mail server said so */
	bool auth_missing;   /* and did not, although we have a user */
};

/* Copies all that is pointed to, but the options. */
struct call *call_new_http(const struct http_client_options *,
    const struct http_call *);
struct call *call_new_mail(const struct http_client_options *,
    const struct http_mail *);
/* Makes call->easy. Returns NULL, or why the call is not allowed. */
const char *call_prepare(struct call *);
/*
 * The answer when curl is through; header and body are borrowed from the
 * call. Of a call that curl never had: call_refuse().
 */
void call_answer(struct call *, CURLcode, struct http_answer *out);
void call_refuse(struct call *, enum rc, const char *detail,
    struct http_answer *out);
void call_free(struct call *);

/* For call_prepare(): its half that is about mail, in http_client_mail.c. */
const char *call_prepare_mail(struct call *);
/*
 * Hangs up on a mail server, if it is one and still there. Taken off curl in
 * the middle, a mail would be ended by curl as if it were whole, and the end
 * waited for.
 */
void call_cut_mail(struct call *);
/* Keeps a copy of a mail's new socket, and gives the copies up. */
void call_keep_socket(struct call *, int fd);
void call_drop_sockets(struct call *);
/* Adds a copy of the line to call->list. */
void call_list_add(struct call *, const char *line);
/* A failure here is our own mistake, and an option unset is a hole. */
#define CALL_SET(easy, option, value) \
	do { \
		CURLcode set_ = curl_easy_setopt((easy), (option), (value)); \
		assert(set_ == CURLE_OK); \
	} while (0)

#endif
