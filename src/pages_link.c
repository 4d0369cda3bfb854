/*
 * The page behind a magic link.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "invitation.h"
#include "pages_impl.h"
#include "routing.h"

/* What a link leads to, and what is done with it. */
struct opened {
	struct invitation inv;
	struct deciding deciding;
};

static void
say_wrong(struct page_request *r)
{
	page_say(r, 404, "bad", "This link does not work",
	    "It is not one of ours, or a part of it is missing.",
	    "Open it from the message once more, or copy the whole line.");
}

static void
say_failed(struct page_request *r)
{
	page_say(r, 503, "bad", "Not possible right now",
	    "The service cannot read or write its store.",
	    "Nothing was changed. Please try again in a moment.");
}

static void
say_locked(struct page_request *r)
{
	page_say(r, 403, "bad", "This link is locked",
	    "The code was wrong too often.",
	    "Nothing was decided. Ask for the approval over another way, "
	    "or let it expire.");
}

/* What became of it: the one page for used, late and settled links. */
static void
say_over(struct page_request *r, const struct opened *o, bool used)
{
	const char *heading = o->inv.intent.state != INTENT_PENDING
	    ? "This is settled"
	    : used ? "This link was used"
		   : "This link is too old";
	const char *line = used ? "A link answers once."
	    : o->inv.intent.state == INTENT_EXPIRED
	    ? "The time to answer is over."
	    : NULL;

	page_tell(r, 410, "calm", heading, &o->inv.intent, line);
}

static void
say_voted(struct page_request *r, const struct opened *o)
{
	page_tell(r, 410, "calm", "You have answered already", &o->inv.intent,
	    "One person has one vote, whichever way it comes.");
}

static void
say_opening(struct page_request *r, const struct opened *o, enum opening how)
{
	switch (how) {
	case OPEN_FAILED:
		say_failed(r);
		break;
	case OPEN_USED:
	case OPEN_OVER:
		say_over(r, o, how == OPEN_USED);
		break;
	case OPEN_VIEW:
		page_say(r, 403, "bad", "Not by this link",
		    "This link shows the request; it does not decide.", NULL);
		break;
	case OPEN_STRANGER:
		page_say(r, 403, "bad", "Not for you any more",
		    "The person that this link was sent to is not among the "
		    "people of this service any more.",
		    NULL);
		break;
	case OPEN_VOTED:
		say_voted(r, o);
		break;
	case OPEN_LOCKED:
		say_locked(r);
		break;
	default:
		say_wrong(r);
		break;
	}
}

static void
refused(struct page_request *r)
{
	struct opened *o = r->work;

	say_opening(r, o, r->rc == RC_OK ? o->inv.how : OPEN_FAILED);
}

/* An answer over a link that does not count is recorded, then told. */
static void
refuse(struct page_request *r, struct opened *o)
{
	struct deciding *w = &o->deciding;

	*w = (struct deciding){.arena = r->arena};
	invitation_decision(&o->inv, &w->decision);
	(void)page_answer(r, &o->inv.intent, &w->decision);
	(void)fault_set(&w->fault, RC_CONFLICT, "token",
	    "the link does not count");
	(void)fault_reason(&w->fault, invitation_reason(o->inv.how));
	r->work = o;
	page_job(r, intent_decide_refused, w, refused);
}

/* Bound to this link: who cannot read the page cannot know it. */
static void
csrf_make(struct page_request *r, const struct opened *o,
    char out[CRYPTO_SHA256_HEX])
{
	char text[CRYPTO_SHA256_HEX + 8];

	(void)snprintf(text, sizeof(text), "link:%s", o->inv.link.hash);
	crypto_hmac_hex(vault_session_key(r->pages->options.vault), CRYPTO_KEY,
	    text, strlen(text), out);
}

static void
add_rights(const struct opened *o, json_t *values)
{
	struct decision d;
	struct fault f = {0};
	bool may;

	invitation_decision(&o->inv, &d);
	may = routing_may_decide(&o->inv.intent.plan, &d, OUTCOME_APPROVE,
		  &f) == RC_OK;

	(void)json_object_set_new(values, "may_approve", json_boolean(may));
	(void)json_object_set_new(values, "why_not",
	    may ? json_null() : json_string(f.text));
	(void)json_object_set_new(values, "need_code",
	    json_boolean(o->inv.row.code_hash != NULL));
}

/* The card and the forms, with what was wrong with the last try. */
static void
show(struct page_request *r, const struct opened *o, int status,
    const char *error, const char *what, const char *words)
{
	char csrf[CRYPTO_SHA256_HEX];
	const char *reason = form_get(&r->form, "reason");
	struct fault f = {0};
	json_t *values;

	if (page_card(r, &o->inv.intent, &values, &f) != RC_OK) {
		say_failed(r);
		return;
	}
	csrf_make(r, o, csrf);
	(void)json_object_set_new(values, "csrf", json_string(csrf));
	(void)json_object_set_new(values, "person", json_string(o->inv.name));
	(void)json_object_set_new(values, "viewing",
	    json_boolean(o->inv.how == OPEN_VIEW));
	if (o->inv.how == OPEN_VIEW) {
		(void)json_object_set_new(values, "is_open", json_false());
	} else {
		add_rights(o, values);
	}
	if (error != NULL) {
		(void)json_object_set_new(values, "error", json_string(error));
		(void)json_object_set_new(values, "reason",
		    reason != NULL ? json_string(reason) : json_null());
		(void)json_object_set_new(values, what, json_string(words));
	}
	page_reply(r, status, PAGE_LINK, values);
}

/* An empty field is no guess, so that a robot's press locks nobody out. */
static bool
code_is_typed(const struct page_request *r)
{
	const char *typed = form_get(&r->form, "code");

	return typed != NULL && typed[strspn(typed, " -\t\r\n")] != '\0';
}

static enum rc
check_link(struct tx *tx, struct deciding *w, const struct intent *in,
    struct fault *f)
{
	struct page_request *r = w->check_arg;
	struct opened *o = r->work;

	(void)in;
	return invitation_check(tx, r->pages->options.vault, w,
	    form_get(&r->form, "code"), &o->inv.row.wrong, f);
}

static void
thank(struct page_request *r, const struct opened *o)
{
	const struct deciding *w = &o->deciding;
	const struct intent *in = &w->intent;

	if (!w->settled) {
		page_tell(r, 200, "good", "Your answer counts", in,
		    arena_printf(r->arena, "%d of %d approvals so far.",
			in->approvals, in->plan.required));
		return;
	}
	page_tell(r, 200, in->state == INTENT_APPROVED ? "good" : "bad",
	    in->state == INTENT_APPROVED     ? "Approved"
		: in->state == INTENT_DENIED ? "Denied"
					     : "Your choice is recorded",
	    in, "You can close this page.");
}

static void
say_wrong_code(struct page_request *r, const struct opened *o)
{
	int left = MAGIC_LINK_WRONG_MAX - o->inv.row.wrong;

	if (left <= 0) {
		say_locked(r);
		return;
	}
	show(r, o, 403, "This code is not the one of the message.",
	    "error_code",
	    arena_printf(r->arena, "%d more %s, then the link is locked.", left,
		left == 1 ? "try" : "tries"));
}

static void
decided(struct page_request *r)
{
	struct opened *o = r->work;
	const struct deciding *w = &o->deciding;
	const char *why = w->fault.reason;

	if (r->rc == RC_OK) {
		thank(r, o);
	} else if (strcmp(why, "wrong_code") == 0) {
		say_wrong_code(r, o);
	} else if (strcmp(why, "reason_required") == 0) {
		show(r, o, 400, "This answer needs a reason.", "error_reason",
		    "Say why, in a few words.");
	} else if (strcmp(why, "link_locked") == 0) {
		say_locked(r);
	} else if (r->rc == RC_DUPLICATE) {
		o->inv.intent = w->intent;
		say_voted(r, o);
	} else if (r->rc == RC_STORE || r->rc == RC_BUSY) {
		say_failed(r);
	} else if (w->intent.id[0] != '\0' &&
	    (r->rc == RC_CONFLICT || r->rc == RC_EXPIRED) &&
	    strcmp(w->fault.field, "digest") != 0) {
		o->inv.intent = w->intent;
		say_over(r, o, strcmp(w->fault.field, "token") == 0);
	} else {
		page_say(r, 403, "bad", "This answer does not count",
		    w->fault.text, "Nothing was changed.");
	}
}

/* Robots press buttons: denying needs the box, approving the code. */
static bool
is_meant(struct page_request *r, struct opened *o)
{
	const struct decision *d = &o->deciding.decision;
	const char *sure = form_get(&r->form, "sure");

	if (d->outcome == OUTCOME_DENY &&
	    (sure == NULL || strcmp(sure, "yes") != 0)) {
		show(r, o, 400, "Nothing was decided yet.", "error_sure",
		    "Tick this box to deny.");
		return false;
	}
	if (d->outcome != OUTCOME_DENY && o->inv.row.code_hash != NULL &&
	    !code_is_typed(r)) {
		show(r, o, 400, "Nothing was decided yet.", "error_code",
		    "Type the code that stands in the message.");
		return false;
	}
	return true;
}

static void
answer(struct page_request *r, struct opened *o)
{
	char csrf[CRYPTO_SHA256_HEX];
	const char *given = form_get(&r->form, "csrf");
	struct deciding *w = &o->deciding;

	csrf_make(r, o, csrf);
	if (given == NULL || strlen(given) != strlen(csrf) ||
	    !crypto_equal(given, csrf, sizeof(csrf))) {
		show(r, o, 403, "Please answer on this page.", "error_form",
		    "");
		return;
	}
	*w = (struct deciding){.arena = r->arena,
	    .check = check_link,
	    .check_arg = r};
	invitation_decision(&o->inv, &w->decision);
	if (!page_answer(r, &o->inv.intent, &w->decision)) {
		show(r, o, 400, "Nothing was chosen.", "error_form", "");
		return;
	}
	if (w->decision.outcome != OUTCOME_DENY &&
	    o->inv.row.code_hash != NULL) {
		w->decision.assurance = "link+code";
	}
	if (is_meant(r, o)) {
		r->work = o;
		page_job(r, intent_decide, w, decided);
	}
}

void
page_link(struct page_request *r)
{
	const struct pages_options *opt = &r->pages->options;
	const struct invitation_env env = {opt->reader, opt->vault, opt->rules};
	struct opened *o = arena_alloc(r->arena, sizeof(*o));

	if (r->post && !page_from_here(r)) {
		return;
	}
	invitation_open(&env, r->id, r->arena, &o->inv);
	if (o->inv.how == OPENED && r->post) {
		answer(r, o);
	} else if (o->inv.how == OPENED ||
	    (o->inv.how == OPEN_VIEW && !r->post)) {
		show(r, o, 200, NULL, NULL, NULL);
	} else if (r->post && invitation_reason(o->inv.how) != NULL) {
		refuse(r, o);
	} else {
		say_opening(r, o, o->inv.how);
	}
}
