/*
 * Signing in and out.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "lib/clock.h"
#include "lib/forwarded.h"
#include "lib/random.h"
#include "link.h"
#include "pages_impl.h"

enum { FORM_LIFE_S = 3600, TOKEN_BYTES = 32 };

/* Somebody signing in, on the way through the store. */
struct entering {
	const char *session_id; /* under which the session runs */
	const char *key_id;	/* "admin" for who has no key */
	const char *name;
	const char *token_hash; /* of the one-time link; NULL = by key */
	const char *address;
	struct arena *arena;
	struct fault fault;
};

static void
set_cookie(struct page_request *r, const char *key_id, int life_s)
{
	const struct pages_options *o = &r->pages->options;
	const char *value;

	r->session = (struct session){
	    .expires_ms = clock_now_ms() + life_s * 1000LL,
	};
	(void)snprintf(r->session.key_id, sizeof(r->session.key_id), "%s",
	    key_id);
	value =
	    session_make(r->arena, vault_session_key(o->vault), &r->session);
	http_add_header(r->http, "Set-Cookie",
	    arena_printf(r->arena,
		"assent_session=%s; Path=%s/; Max-Age=%d; HttpOnly; "
		"SameSite=%s%s",
		value, r->pages->base, life_s,
		key_id[0] != '\0' ? "Lax" : "Strict",
		o->secure_cookies ? "; Secure" : ""));
}

/* Only a path of ours: an address of elsewhere would lead people away. */
static const char *
next_path(const char *next)
{
	return next != NULL && strncmp(next, "/approvals", 10) == 0 &&
		strpbrk(next, "\\\r\n?#") == NULL && strstr(next, "//") == NULL
	    ? next
	    : NULL;
}

static void
show(struct page_request *r, int status, const char *error, const char *token,
    const char *next)
{
	char csrf[CRYPTO_SHA256_HEX];
	json_t *values;

	/* A cookie that is good already stays: another tab may need it. */
	if (r->session.nonce[0] == '\0') {
		set_cookie(r, "", FORM_LIFE_S);
	}
	session_csrf(vault_session_key(r->pages->options.vault), &r->session,
	    csrf);
	values = json_pack("{s:s, s:s?, s:s?, s:s?}", "csrf", csrf, "next",
	    next_path(next), "token", token, "error", error);
	r->signed_in = false;
	page_reply(r, status, PAGE_SIGN_IN, values);
}

static enum rc
enter(struct tx *tx, void *arg)
{
	struct entering *e = arg;
	const char *person = NULL;
	enum rc rc = RC_OK;

	e->fault = (struct fault){0};
	if (e->token_hash != NULL) {
		rc = sign_in_use(tx, e->token_hash, e->arena, &person,
		    &e->fault);
	}
	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, NULL, "signed_in", e->name,
	    json_pack("{s:s, s:s, s:s}", "address", e->address, "key",
		e->key_id, "way", e->token_hash != NULL ? "link" : "key"),
	    &e->fault);
}

static void
entered(struct page_request *r)
{
	const struct entering *e = r->work;
	const char *next = next_path(form_get(&r->form, "next"));

	if (r->rc == RC_OK) {
		set_cookie(r, e->session_id, PAGES_SESSION_S);
		page_go(r, next != NULL ? next : "/approvals");
		return;
	}
	if (r->rc == RC_STORE || r->rc == RC_BUSY) {
		page_say(r, 503, "bad", "Not possible right now",
		    "The service cannot write its store.",
		    "Please try again in a moment.");
		return;
	}
	show(r, 403,
	    r->rc == RC_CONFLICT ? "This link was used before. Use a key."
		: r->rc == RC_EXPIRED
		? "This link is too old. Use a key."
		: "This link is not one of ours. Use a key.",
	    NULL, next);
}

static bool
check_key(struct page_request *r, struct entering *e)
{
	const char *key = form_get(&r->form, "key");
	struct caller caller;
	struct fault f = {0};
	enum rc rc = auth_reviewer(r->pages->options.auth,
	    key != NULL ? key : "", &caller, &f);

	if (rc != RC_OK) {
		show(r, rc == RC_STORE ? 503 : 403,
		    rc == RC_FORBIDDEN
			? "This is an agent's key. Agents do not decide."
			: "This key does not count here.",
		    NULL, form_get(&r->form, "next"));
		return false;
	}
	if (caller.key_id != NULL) {
		e->key_id = arena_strdup(r->arena, caller.key_id);
		e->session_id = e->key_id;
	} else {
		char *id = arena_alloc(r->arena, PAGE_ADMIN_ID);

		page_admin_id(r, id);
		e->session_id = id;
	}
	e->name = arena_strdup(r->arena, caller.name);
	return true;
}

static void
sign_in(struct page_request *r)
{
	struct entering *e = arena_alloc(r->arena, sizeof(*e));
	const char *token = form_get(&r->form, "token");
	char *hash = arena_alloc(r->arena, CRYPTO_SHA256_HEX);

	if (!session_csrf_is(vault_session_key(r->pages->options.vault),
		&r->session, form_get(&r->form, "csrf"))) {
		show(r, 403, "Please sign in on this page.", token,
		    form_get(&r->form, "next"));
		return;
	}
	e->arena = r->arena;
	e->address = forwarded_for(r->arena, http_peer(r->http),
	    http_header(r->http, "X-Forwarded-For"),
	    r->pages->options.trusted_proxies);
	e->session_id = PAGE_ONCE_ID;
	e->key_id = "admin";
	e->name = "admin";
	if (token != NULL) {
		crypto_sha256_hex(token, strlen(token), hash);
		e->token_hash = hash;
	} else if (!check_key(r, e)) {
		return;
	}
	r->work = e;
	page_job(r, enter, e, entered);
}

void
page_sign_in(struct page_request *r)
{
	const char *next = http_query(r->http, "next");

	if (r->post) {
		if (page_from_here(r)) {
			sign_in(r);
		}
		return;
	}
	if (r->signed_in && r->id[0] == '\0') {
		next = next_path(next);
		page_go(r, next != NULL ? next : "/approvals");
		return;
	}
	show(r, 200, NULL, r->id[0] != '\0' ? r->id : NULL, next);
}

void
page_sign_out(struct page_request *r)
{
	if (!page_from_here(r)) {
		return;
	}
	if (r->signed_in &&
	    !session_csrf_is(vault_session_key(r->pages->options.vault),
		&r->session, form_get(&r->form, "csrf"))) {
		page_say(r, 403, "bad", "Refused",
		    "This form was not sent from a page of this service.",
		    NULL);
		return;
	}
	set_cookie(r, "", 1);
	page_go(r, "/sign-in");
}

enum rc
pages_make_sign_in(struct tx *tx, void *arg)
{
	struct sign_in_making *m = arg;
	char token[2 * TOKEN_BYTES + 1], hash[CRYPTO_SHA256_HEX];
	struct fault f = {0};

	random_hex(token, TOKEN_BYTES);
	crypto_sha256_hex(token, strlen(token), hash);
	(void)snprintf(m->url, sizeof(m->url), "%s/sign-in/%s", m->public_url,
	    token);
	return sign_in_insert(tx, hash, "admin", tx->now_ms + m->life_ms, &f);
}
