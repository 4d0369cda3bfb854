/*
 * pages: what people open in a browser.
 *
 *	GET  /                  to /approvals
 *	GET  /l/TOKEN           the page of a magic link: shows, nothing else
 *	POST /l/TOKEN           decides: csrf, digest, option; code or sure
 *	GET  /verify/TOKEN      the same for a link that came with an answer
 *				of the API, which as a rule only shows
 *	GET  /approvals         what waits, for who is signed in
 *	GET  /approvals/ID      the card, with forms
 *	POST /approvals/ID      decides: csrf, digest, option, reason
 *	GET  /sign-in           form for a reviewer key
 *	GET  /sign-in/TOKEN     the one-time link: a page with a button
 *	POST /sign-in           signs in: csrf, next; key or token
 *	POST /sign-out          csrf
 *	GET  /style.css
 *
 * Plain HTML, no script. GET and HEAD change nothing.
 */
#ifndef PAGES_H
#define PAGES_H

#include "auth.h"
#include "lib/http_server.h"
#include "rules.h"
#include "store.h"
#include "vault.h"

enum { PAGES_SESSION_S = 12 * 3600, PAGES_LIST_MAX = 200 };

struct pages; /* opaque: fields live in pages.c */

struct pages_options {
	struct store *store;
	struct db *reader; /* of the server's thread */
	struct rules *rules;
	struct vault *vault;
	struct auth *auth;
	const char *public_url;
	const char *template_dir;		     /* NULL = embedded */
	const struct field_strings *trusted_proxies; /* CIDRs; may be empty */
	bool secure_cookies; /* the public URL is https */
};

/* Borrows what the options point to. RC_INVALID: a template is broken. */
enum rc pages_new(const struct pages_options *, struct pages **out,
    struct fault *) MUST_CHECK;
/* NULL is fine. */
void pages_free(struct pages *);

/* Whether the path is a page's. */
bool pages_knows(const struct pages *, struct http_request *);
/* The callbacks of the server, for requests that are the pages'. */
void pages_handle(struct pages *, struct http_request *);
void pages_resumed(struct pages *, struct http_request *);

/*
 * A store_job over a struct sign_in_making: a one-time link to sign in as
 * "admin", for the first start. The text is put into url, base included.
 */
struct sign_in_making {
	const char *public_url;
	long long life_ms;
	char url[512];
};
store_job pages_make_sign_in;

#endif
