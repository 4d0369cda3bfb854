/*
 * pages_impl: what the parts of the pages share.
 */
#ifndef PAGES_IMPL_H
#define PAGES_IMPL_H

#include "card.h"
#include "decide.h"
#include "lib/form.h"
#include "lib/template.h"
#include "pages.h"
#include "session.h"

enum page {
	PAGE_LINK,
	PAGE_INTENT,
	PAGE_APPROVALS,
	PAGE_SIGN_IN,
	PAGE_DONE,
	PAGES
};

enum { PAGE_ADMIN_ID = 32 };
/* Under which the one-time link has its session. */
#define PAGE_ONCE_ID "admin"

struct pages {
	struct pages_options options;
	char *base;   /* path of the public URL: "" or "/assent"; owned */
	char *origin; /* its scheme, host and port; owned */
	struct template *templates[PAGES];
	const char *style; /* borrowed from the program, or owned */
	size_t style_len;
	char *own_style;
};

/* One request for a page; lives in the arena of its http request. */
struct page_request {
	struct pages *pages;
	struct http_request *http;
	struct arena *arena;
	const char *id; /* what stands behind the page's path, or "" */
	bool post;
	struct form form;
	struct session session; /* of the cookie; key_id "" = nobody */
	struct caller caller;	/* when somebody is signed in */
	bool signed_in;
	const char *about; /* what page_say() speaks of; or NULL */
	/* A job and what answers after it: */
	store_job *job;
	void *job_arg;
	enum rc rc; /* of the job */
	void *work; /* what `after` needs; set before page_job() */
	void (*after)(struct page_request *);
	struct http_handle handle;
};

/* Answers with a page; takes the values over. */
void page_reply(struct page_request *, int status, enum page, json_t *values);
/*
 * A page that says something and offers nothing to do. `lines` may be NULL;
 * tone is "good", "bad" or "calm".
 */
void page_say(struct page_request *, int status, const char *tone,
    const char *heading, const char *summary, const char *line);
/* See Other: to a path of ours. */
void page_go(struct page_request *, const char *path);
/* Parks, runs the job over its argument, then `after`. */
void page_job(struct page_request *, store_job *, void *arg,
    void (*after)(struct page_request *));
/* Whether this form may come from our own page; else answers 403. */
bool page_from_here(struct page_request *);

/*
 * The id under which the admin key of the settings has sessions. Another key
 * gives another id, so that its sessions end with it. "" without such a key.
 */
void page_admin_id(const struct page_request *, char out[PAGE_ADMIN_ID]);

/* The card of an intent with all of its payload, as values. */
enum rc page_card(struct page_request *, const struct intent *, json_t **values,
    struct fault *) MUST_CHECK;
/* Answers so far; none where the store fails, which checks them itself. */
int page_votes(struct page_request *, const struct intent *, struct vote **out);
bool page_has_voted(const struct vote *, int n, const char *person);
/* The same page about one intent: what was asked, who decided and when. */
void page_tell(struct page_request *, int status, const char *tone,
    const char *heading, const struct intent *, const char *line);
/* The answer of a form: option and reason. False: no option was chosen. */
bool page_answer(struct page_request *, const struct intent *,
    struct decision *);

/* The parts, one file each. */
void page_link(struct page_request *);
void page_approvals(struct page_request *);
void page_intent(struct page_request *);
void page_sign_in(struct page_request *);
void page_sign_out(struct page_request *);

#endif
