/*
 * What the pages of one intent have in common: the card and the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "card_words.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "pages_impl.h"
#include "store_intent.h"

static const char *
name_of(void *ctx, const char *person)
{
	const struct person *p = people_find(ctx, person);

	return p != NULL ? p->name : NULL;
}

static enum rc
payload_open(struct page_request *r, const struct intent *in, char **out,
    size_t *len, struct fault *f)
{
	const struct pages_options *o = &r->pages->options;
	const void *sealed;
	size_t n;
	enum rc rc =
	    store_intent_payload(o->reader, in->id, r->arena, &sealed, &n, f);

	*out = NULL;
	*len = 0;
	if (rc != RC_OK || sealed == NULL) {
		return rc;
	}
	return vault_open(o->vault, r->arena, in->id, sealed, n, out, len, f);
}

enum rc
page_card(struct page_request *r, const struct intent *in, json_t **values,
    struct fault *f)
{
	const struct pages_options *o = &r->pages->options;
	CLEANUP(rules_drop) struct policy_set *set = rules_get(o->rules);
	struct card card;
	struct vote *votes;
	char *payload;
	size_t len;
	int n;
	enum rc rc = payload_open(r, in, &payload, &len, f);

	if (rc == RC_OK) {
		rc =
		    store_vote_list(o->reader, in->id, r->arena, &votes, &n, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	card_build(in, payload, len, 0, votes, n, name_of,
	    policy_set_people(set), clock_now_ms(), r->arena, &card);
	*values = card_values(&card);
	(void)json_object_set_new(*values, "digest", json_string(in->digest));
	(void)json_object_set_new(*values, "reason_required",
	    json_boolean(in->plan.reason_required));
	(void)json_object_set_new(*values, "reason_always",
	    json_boolean(in->plan.approve_reason));
	return RC_OK;
}

int
page_votes(struct page_request *r, const struct intent *in, struct vote **out)
{
	struct fault f = {0};
	int n = 0;

	return store_vote_list(r->pages->options.reader, in->id, r->arena, out,
		   &n, &f) == RC_OK
	    ? n
	    : 0;
}

bool
page_has_voted(const struct vote *votes, int n, const char *person)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(votes[i].person, person) == 0) {
			return true;
		}
	}
	return false;
}

void
page_tell(struct page_request *r, int status, const char *tone,
    const char *heading, const struct intent *in, const char *line)
{
	CLEANUP(rules_drop) struct policy_set *set =
	    rules_get(r->pages->options.rules);
	struct vote *votes = NULL;
	struct card card;
	int n = page_votes(r, in, &votes);

	card_build(in, NULL, 0, 0, votes, n, name_of, policy_set_people(set),
	    clock_now_ms(), r->arena, &card);
	r->about = card.headline;
	page_say(r, status, tone, heading, card.status, line);
}

bool
page_answer(struct page_request *r, const struct intent *in, struct decision *d)
{
	const char *option = form_get(&r->form, "option");
	const char *reason = form_get(&r->form, "reason"), *digest;
	char *end;
	long n = option != NULL ? strtol(option, &end, 10) : -1;

	if (option == NULL || end == option || *end != '\0' || n < 0 ||
	    n >= in->options_n) {
		return false;
	}
	d->option = (int)n;
	d->outcome = in->options[n].outcome;
	digest = form_get(&r->form, "digest");
	d->digest = digest != NULL ? digest : ""; /* our forms carry it */
	d->reason = reason != NULL && reason[0] != '\0' ? reason : NULL;
	return d->reason == NULL || strlen(d->reason) <= INTENT_REASON_MAX * 4;
}
