#include "pages.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/embedded.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/url.h"
#include "pages_impl.h"
#include "store_intent.h"

enum { TEMPLATE_MAX = 256 * 1024 };

static const char *const files[PAGES] = {
    [PAGE_LINK] = "page_link.html",
    [PAGE_INTENT] = "page_intent.html",
    [PAGE_APPROVALS] = "page_approvals.html",
    [PAGE_SIGN_IN] = "page_sign_in.html",
    [PAGE_DONE] = "page_done.html",
};

static void
page_root(struct page_request *r)
{
	page_go(r, "/approvals");
}

static void
page_style(struct page_request *r)
{
	http_add_header(r->http, "Cache-Control", "max-age=3600");
	http_reply(r->http, 200, "text/css; charset=utf-8", r->pages->style,
	    r->pages->style_len);
}

/* Where a path leads; `more`: something follows it. */
static const struct place {
	const char *path;
	bool more;
	bool get, post;
	void (*answer)(struct page_request *);
} places[] = {
    {"/", false, true, false, page_root},
    {"/style.css", false, true, false, page_style},
    {"/l/", true, true, true, page_link},
    {"/verify/", true, true, true, page_link},
    {"/approvals", false, true, false, page_approvals},
    {"/approvals/", true, true, true, page_intent},
    {"/sign-in", false, true, true, page_sign_in},
    {"/sign-in/", true, true, false, page_sign_in},
    {"/sign-out", false, false, true, page_sign_out},
};

static const struct place *
place_find(const struct http_request *http)
{
	const char *path = http_path(http);

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		size_t len = strlen(places[i].path);

		if (places[i].more ? strncmp(path, places[i].path, len) == 0 &&
			    path[len] != '\0' && strchr(path + len, '/') == NULL
				   : strcmp(path, places[i].path) == 0) {
			return &places[i];
		}
	}
	return NULL;
}

bool
pages_knows(const struct pages *p, struct http_request *http)
{
	(void)p;
	return place_find(http) != NULL;
}

/* A file of the template folder, else what is built in. */
static char *
text_load(const char *dir, const char *name, size_t *len)
{
	char path[4096];
	const struct embedded *e;
	char *text;
	FILE *file = NULL;

	if (dir != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
		file = fopen(path, "re");
	}
	if (file != NULL) {
		text = mem_new(TEMPLATE_MAX + 1, 1);
		*len = fread(text, 1, TEMPLATE_MAX, file);
		(void)fclose(file);
		return text;
	}
	(void)snprintf(path, sizeof(path), "templates/%s", name);
	e = embedded_find(path);
	assert(e != NULL);
	*len = e->len;
	return mem_strndup((const char *)e->data, e->len);
}

static enum rc
templates_load(struct pages *p, struct fault *f)
{
	const char *dir = p->options.template_dir;

	for (int i = 0; i < PAGES; i++) {
		size_t len;
		char *text = text_load(dir, files[i], &len);
		struct fault why = {0};
		enum rc rc = template_new(text, len, TEMPLATE_HTML,
		    &p->templates[i], &why);

		free(text);
		if (rc != RC_OK) {
			return fault_set(f, rc, "ASSENT_TEMPLATE_DIR", "%s: %s",
			    files[i], why.text);
		}
	}
	p->own_style = text_load(dir, "style.css", &p->style_len);
	p->style = p->own_style;
	return RC_OK;
}

/* Splits the public URL: links need its path, checks its origin. */
static void
split_url(struct pages *p)
{
	const char *url = p->options.public_url;
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	p->base = mem_strdup(path != NULL ? path : "");
	p->origin = path != NULL ? mem_strndup(url, (size_t)(path - url))
				 : mem_strdup(url);
}

enum rc
pages_new(const struct pages_options *options, struct pages **out,
    struct fault *f)
{
	struct pages *p = mem_new(1, sizeof(*p));
	enum rc rc;

	p->options = *options;
	split_url(p);
	rc = templates_load(p, f);
	if (rc != RC_OK) {
		pages_free(p);
		return rc;
	}
	*out = p;
	return RC_OK;
}

void
pages_free(struct pages *p)
{
	if (p == NULL) {
		return;
	}
	for (int i = 0; i < PAGES; i++) {
		template_free(p->templates[i]);
	}
	free(p->own_style);
	free(p->base);
	free(p->origin);
	free(p);
}

/* OWASP ASVS 5.0 3.4: what a browser may do with a page of ours. */
static void
add_headers(struct page_request *r)
{
	static const char *const headers[][2] = {
	    {"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; "
		"form-action 'self'; frame-ancestors 'none'; "
		"base-uri 'none'"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"X-Frame-Options", "DENY"},
	    {"Referrer-Policy", "no-referrer"},
	    {"Cross-Origin-Opener-Policy", "same-origin"},
	    {"Cross-Origin-Resource-Policy", "same-origin"},
	};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		http_add_header(r->http, headers[i][0], headers[i][1]);
	}
	if (r->pages->options.secure_cookies) {
		http_add_header(r->http, "Strict-Transport-Security",
		    "max-age=31536000");
	}
}

void
page_reply(struct page_request *r, int status, enum page page, json_t *values)
{
	struct buf html;

	(void)json_object_set_new(values, "base", json_string(r->pages->base));
	(void)json_object_set_new(values, "signed_in",
	    json_boolean(r->signed_in));
	buf_init(&html, 0);
	template_render(r->pages->templates[page], values, &html);
	json_decref(values);
	http_add_header(r->http, "Cache-Control", "no-store");
	http_reply(r->http, status, "text/html; charset=utf-8", buf_str(&html),
	    html.len);
	buf_fini(&html);
}

void
page_say(struct page_request *r, int status, const char *tone,
    const char *heading, const char *summary, const char *line)
{
	json_t *values = json_pack("{s:s, s:s, s:s?, s:[], s:[], s:b}",
	    "heading", heading, "tone", tone, "summary", summary, "lines",
	    "links", "has_facts", 0);

	assert(values != NULL);
	if (line != NULL) {
		(void)json_array_append_new(json_object_get(values, "lines"),
		    json_string(line));
	}
	if (r->about != NULL) {
		(void)json_object_set_new(values, "facts",
		    json_pack("[{s:s, s:s}]", "label", "Request", "value",
			r->about));
		(void)json_object_set_new(values, "has_facts", json_true());
	}
	if (r->signed_in) {
		(void)json_array_append_new(json_object_get(values, "links"),
		    json_pack("{s:s, s:s}", "href", "/approvals", "label",
			"All that waits"));
	}
	page_reply(r, status, PAGE_DONE, values);
}

void
page_go(struct page_request *r, const char *path)
{
	http_add_header(r->http, "Location",
	    arena_printf(r->arena, "%s%s", r->pages->base, path));
	http_add_header(r->http, "Cache-Control", "no-store");
	http_reply(r->http, 303, "text/plain", "", 0);
}

static enum rc
job_run(struct tx *tx, void *arg)
{
	struct page_request *r = arg;

	return r->job(tx, r->job_arg);
}

static void
job_done(void *arg, enum rc rc)
{
	struct page_request *r = arg;

	r->rc = rc;
	http_resume(http_server_of(r->http), r->handle);
}

void
page_job(struct page_request *r, store_job *job, void *arg,
    void (*after)(struct page_request *))
{
	r->job = job;
	r->job_arg = arg;
	r->after = after;
	if (http_park(r->http, &r->handle) != RC_OK) {
		r->rc = RC_BUSY;
		after(r);
		return;
	}
	if (store_write(r->pages->options.store, job_run, job_done, r) !=
	    RC_OK) {
		job_done(r, RC_BUSY);
	}
}

/*
 * The forms carry a value that a foreign page cannot know; this check comes
 * before it, so that a browser that tells where a form comes from is believed
 * (Fetch, "Sec-Fetch-Site"; RFC 6454 7).
 */
bool
page_from_here(struct page_request *r)
{
	const char *site = http_header(r->http, "Sec-Fetch-Site");
	const char *origin = http_header(r->http, "Origin");
	const char *host = http_header(r->http, "Host");
	bool ours = true;

	if (site != NULL && strcmp(site, "same-origin") != 0 &&
	    strcmp(site, "none") != 0) {
		ours = false;
	}
	if (origin != NULL && strcmp(origin, "null") != 0 &&
	    strcmp(origin, r->pages->origin) != 0) {
		const char *named = strstr(origin, "://");

		ours = ours && named != NULL && host != NULL &&
		    strcmp(named + 3, host) == 0;
	}
	if (!ours) {
		page_say(r, 403, "bad", "Refused",
		    "This form was not sent from a page of this service.",
		    "Nothing was changed.");
	}
	return ours;
}

void
page_admin_id(const struct page_request *r, char out[PAGE_ADMIN_ID])
{
	const struct pages_options *o = &r->pages->options;
	const char *digest = auth_admin_digest(o->auth);
	char mac[CRYPTO_SHA256_HEX];

	out[0] = '\0';
	if (digest != NULL) {
		crypto_hmac_hex(vault_session_key(o->vault), CRYPTO_KEY, digest,
		    strlen(digest), mac);
		(void)snprintf(out, PAGE_ADMIN_ID, "admin_%.16s", mac);
	}
}

static void
read_session(struct page_request *r)
{
	const struct pages_options *o = &r->pages->options;
	struct fault f = {0};
	char admin[PAGE_ADMIN_ID];
	const char *key_id = r->session.key_id;

	if (session_read(vault_session_key(o->vault),
		http_cookie(r->http, "assent_session"), clock_now_ms(),
		&r->session) != RC_OK) {
		r->session = (struct session){.expires_ms = 0};
		return;
	}
	if (key_id[0] == '\0') {
		return;
	}
	page_admin_id(r, admin);
	if (strcmp(key_id, PAGE_ONCE_ID) == 0 || strcmp(key_id, admin) == 0) {
		key_id = NULL;
	}
	r->signed_in = auth_still(o->auth, key_id, r->arena, &r->caller, &f) ==
	    RC_OK;
}

static bool
read_form(struct page_request *r)
{
	size_t len;
	const char *body = http_body(r->http, &len);

	if (r->post && form_parse(r->arena, body, len, &r->form) != RC_OK) {
		page_say(r, 400, "bad", "Not understood",
		    "The form was damaged on its way.", "Nothing was changed.");
		return false;
	}
	return true;
}

void
pages_handle(struct pages *p, struct http_request *http)
{
	struct page_request *r = arena_alloc(http_arena(http), sizeof(*r));
	const struct place *place = place_find(http);
	const char *method = http_method(http);

	assert(place != NULL);
	*r = (struct page_request){.pages = p,
	    .http = http,
	    .arena = http_arena(http),
	    .post = strcmp(method, "POST") == 0};
	r->id = http_path(http) + strlen(place->path);
	http_set_user(http, r);
	add_headers(r);
	if (r->post ? !place->post
		    : !place->get ||
		    (strcmp(method, "GET") != 0 &&
			strcmp(method, "HEAD") != 0)) {
		http_add_header(http, "Allow",
		    place->get && place->post ? "GET, HEAD, POST"
			: place->get	      ? "GET, HEAD"
					      : "POST");
		page_say(r, 405, "bad", "Not possible",
		    "This page does not take that.", NULL);
		return;
	}
	if (read_form(r)) {
		read_session(r);
		place->answer(r);
	}
}

void
pages_resumed(struct pages *p, struct http_request *http)
{
	struct page_request *r = http_user(http);

	(void)p;
	r->after(r);
}
