/*
 * The list of what waits, and one intent, for who is signed in.
 */
#include <stdio.h>
#include <string.h>

#include "card_words.h"
#include "lib/clock.h"
#include "lib/url.h"
#include "pages_impl.h"
#include "routing.h"
#include "store_intent.h"

/* False: on the way to the sign-in page, which leads back here. */
static bool
need_sign_in(struct page_request *r)
{
	struct buf path;

	if (r->signed_in) {
		return true;
	}
	buf_init(&path, 0);
	buf_puts(&path, "/sign-in?next=");
	url_encode(&path, http_path(r->http));
	page_go(r, buf_str(&path));
	buf_fini(&path);
	return false;
}

static void
say_failed(struct page_request *r)
{
	page_say(r, 503, "bad", "Not possible right now",
	    "The service cannot read or write its store.",
	    "Nothing was changed. Please try again in a moment.");
}

static void
add_session(struct page_request *r, json_t *values)
{
	char csrf[CRYPTO_SHA256_HEX];

	session_csrf(vault_session_key(r->pages->options.vault), &r->session,
	    csrf);
	(void)json_object_set_new(values, "csrf", json_string(csrf));
	(void)json_object_set_new(values, "person",
	    json_string(r->caller.name));
}

static json_t *
item(struct page_request *r, const struct intent *in)
{
	struct arena *a = r->arena;
	long long now = clock_now_ms();
	struct vote *votes = NULL;
	struct card card;
	int n = page_votes(r, in, &votes);

	card_build(in, NULL, 0, 0, votes, n, NULL, NULL, now, a, &card);
	return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s, s:s*, s:s*, s:b}",
	    "href", arena_printf(a, "/approvals/%s", in->id), "headline",
	    card.headline, "risk",
	    arena_printf(a, "%s (%.2f)", in->risk.level, in->risk.score),
	    "risk_level", in->risk.level, "urgency",
	    in->urgency >= URGENCY_HIGH ? urgency_name(in->urgency) : NULL,
	    "age", card_duration(a, now - in->created_ms), "left",
	    in->expires_ms > now ? card_duration(a, in->expires_ms - now)
				 : NULL,
	    "votes",
	    in->plan.required > 1 ? arena_printf(a, "%d of %d approvals",
					in->approvals, in->plan.required)
				  : NULL,
	    "voted", page_has_voted(votes, n, r->caller.person));
}

static json_t *
list_values(struct page_request *r, const struct intent *all, int n, bool more,
    long long total)
{
	json_t *items = json_array(), *values;

	for (int i = 0; i < n; i++) {
		(void)json_array_append_new(items, item(r, &all[i]));
	}
	values = json_pack("{s:o, s:b, s:s}", "items", items, "has_items",
	    n > 0, "total", arena_printf(r->arena, "%lld", total));
	if (more) {
		(void)json_object_set_new(values, "next",
		    json_sprintf("/approvals?before=%s", all[n - 1].id));
	}
	add_session(r, values);
	return values;
}

void
page_approvals(struct page_request *r)
{
	struct db *db = r->pages->options.reader;
	struct intent_filter q = {.state = INTENT_PENDING,
	    .execution = -1,
	    .before = http_query(r->http, "before"),
	    .limit = PAGES_LIST_MAX + 1};
	struct intent *all;
	struct fault f = {0};
	long long total = 0;
	int n;
	enum rc rc;

	if (!need_sign_in(r)) {
		return;
	}
	rc = store_intent_list(db, &q, r->arena, &all, &n, &f);
	if (rc == RC_OK) {
		rc = db_int(db, &f, &total,
		    "SELECT count(*) FROM intent WHERE state = 'pending'", "");
	}
	if (rc != RC_OK) {
		say_failed(r);
		return;
	}
	page_reply(r, 200, PAGE_APPROVALS,
	    list_values(r, all, n > PAGES_LIST_MAX ? PAGES_LIST_MAX : n,
		n > PAGES_LIST_MAX, total));
}

static void
add_rights(struct page_request *r, const struct intent *in, json_t *values)
{
	const struct decision d = {.person = r->caller.person,
	    .known = r->caller.known,
	    .name = r->caller.name};
	struct fault deny = {0}, approve = {0};
	struct vote *votes = NULL;
	int n = page_votes(r, in, &votes);
	bool may_deny =
	    routing_may_decide(&in->plan, &d, OUTCOME_DENY, &deny) == RC_OK;
	bool may_approve = routing_may_decide(&in->plan, &d, OUTCOME_APPROVE,
			       &approve) == RC_OK;

	if (page_has_voted(votes, n, r->caller.person)) {
		may_deny = false;
		(void)fault_set(&deny, RC_DUPLICATE, "person",
		    "Your answer is counted: one person has one vote");
	}
	(void)json_object_set_new(values, "may_decide", json_boolean(may_deny));
	(void)json_object_set_new(values, "may_approve",
	    json_boolean(may_approve));
	if (!may_deny || !may_approve) {
		(void)json_object_set_new(values, "why_not",
		    json_string(may_deny ? approve.text : deny.text));
	}
}

static void
show(struct page_request *r, const struct intent *in, int status,
    const char *error, const char *error_reason)
{
	const char *reason = form_get(&r->form, "reason");
	struct fault f = {0};
	json_t *values;

	if (page_card(r, in, &values, &f) != RC_OK) {
		say_failed(r);
		return;
	}
	add_session(r, values);
	add_rights(r, in, values);
	if (error != NULL) {
		(void)json_object_set_new(values, "error", json_string(error));
		(void)json_object_set_new(values, "reason",
		    reason != NULL ? json_string(reason) : json_null());
	}
	if (error_reason != NULL) {
		(void)json_object_set_new(values, "error_reason",
		    json_string(error_reason));
	}
	page_reply(r, status, PAGE_INTENT, values);
}

static void
decided(struct page_request *r)
{
	struct deciding *w = r->work;
	struct intent *in = &w->intent;

	if (r->rc == RC_OK) {
		show(r, in, 200, NULL, NULL);
	} else if (r->rc == RC_STORE || r->rc == RC_BUSY || in->id[0] == '\0') {
		say_failed(r);
	} else if (strcmp(w->fault.reason, "reason_required") == 0) {
		show(r, in, 400, "This answer needs a reason.",
		    "Say why, in a few words.");
	} else {
		show(r, in, r->rc == RC_FORBIDDEN ? 403 : 409,
		    arena_printf(r->arena, "Your answer does not count: %s.",
			w->fault.text),
		    NULL);
	}
}

static void
answer(struct page_request *r, const struct intent *in)
{
	struct deciding *w = arena_alloc(r->arena, sizeof(*w));

	if (!session_csrf_is(vault_session_key(r->pages->options.vault),
		&r->session, form_get(&r->form, "csrf"))) {
		show(r, in, 403, "Please answer on this page.", NULL);
		return;
	}
	w->arena = r->arena;
	w->decision = (struct decision){.intent_id = in->id,
	    .person = r->caller.person,
	    .name = r->caller.name,
	    .known = r->caller.known,
	    .via = "page",
	    .assurance = "session"};
	if (!page_answer(r, in, &w->decision)) {
		show(r, in, 400, "Nothing was chosen.", NULL);
		return;
	}
	r->work = w;
	page_job(r, intent_decide, w, decided);
}

void
page_intent(struct page_request *r)
{
	struct intent *in = arena_alloc(r->arena, sizeof(*in));
	struct fault f = {0};
	enum rc rc;

	if ((r->post && !page_from_here(r)) || !need_sign_in(r)) {
		return;
	}
	rc =
	    store_intent_get(r->pages->options.reader, r->id, r->arena, in, &f);
	if (rc == RC_NOT_FOUND) {
		page_say(r, 404, "bad", "Not found", "There is no such intent.",
		    NULL);
	} else if (rc != RC_OK) {
		say_failed(r);
	} else if (r->post) {
		answer(r, in);
	} else {
		show(r, in, 200, NULL, NULL);
	}
}
