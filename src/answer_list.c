/*
 * What an account may decide now.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "answer.h"
#include "lib/mem.h"
#include "routing.h"
#include "store_intent.h"

enum { LISTED_MAX = 300 /* pending intents looked at for a list */ };

/* A list on its way. */
struct listing {
	const struct answer_env *env;
	struct pending_list *list;
	struct policy_set *rules; /* counted */
};

/* Whether this person may still approve it. */
static enum rc
waits_for(struct tx *tx, const struct intent *in, const struct decision *d,
    struct arena *a, bool *out, struct fault *f)
{
	struct vote *votes;
	int n;
	enum rc rc;

	*out = routing_may_decide(&in->plan, d, OUTCOME_APPROVE, f) == RC_OK;
	if (!*out) {
		return RC_OK;
	}
	rc = store_vote_list(tx->db, in->id, a, &votes, &n, f);
	for (int i = 0; rc == RC_OK && i < n; i++) {
		if (strcmp(votes[i].person, d->person) == 0) {
			*out = false;
		}
	}
	return rc;
}

static void
add_item(struct tx *tx, struct listing *t, const struct intent *in)
{
	struct pending_list *l = t->list;
	struct card card;

	card_build(in, NULL, 0, 0, NULL, 0, NULL, NULL, tx->now_ms, l->arena,
	    &card);
	l->items[l->items_n++] =
	    (struct pending_item){.headline = card.headline,
		.page = message_page(l->arena, &t->env->message, in->id),
		.expires_ms = in->expires_ms};
}

static enum rc
list_pending(struct tx *tx, struct listing *t, const struct decision *d,
    struct fault *f)
{
	struct pending_list *l = t->list;
	struct intent *all;
	int n;
	enum rc rc = store_intent_waiting(tx->db, tx->now_ms, LISTED_MAX,
	    l->arena, &all, &n, f);

	l->items = arena_array(l->arena, LISTED_MAX, sizeof(*l->items));
	for (int i = 0; rc == RC_OK && i < n; i++) {
		bool waits;

		rc = waits_for(tx, &all[i], d, l->arena, &waits, f);
		if (rc == RC_OK && waits) {
			add_item(tx, t, &all[i]);
		}
	}
	l->cut = rc == RC_OK && n == LISTED_MAX;
	if (l->items_n > PENDING_LIST_MAX) {
		l->more = l->items_n - PENDING_LIST_MAX;
		l->items_n = PENDING_LIST_MAX;
	}
	return rc;
}

static enum rc
list(struct tx *tx, void *arg)
{
	struct listing *t = arg;
	struct pending_list *l = t->list;
	const struct person *p;
	struct fault f = {0};
	enum rc rc = account_person(tx->db, policy_set_people(t->rules),
	    l->channel, l->account, l->arena, &p, &f);

	l->known = p != NULL;
	l->items_n = l->more = 0;
	l->cut = false;
	if (rc == RC_OK && p != NULL) {
		const struct decision d = {.person = p->id, .known = true};

		rc = list_pending(tx, t, &d, &f);
	}
	return rc == RC_OK ? RC_OK : RC_STORE;
}

static void
listed(void *arg, enum rc rc)
{
	struct listing *t = arg;
	struct pending_list *l = t->list;

	l->rc = rc;
	policy_set_unref(t->rules);
	free(t);
	l->done(l->ctx, l);
}

void
answer_list(const struct answer_env *env, struct pending_list *l)
{
	struct listing *t = mem_new(1, sizeof(*t));

	*t = (struct listing){env, l, rules_get(env->rules)};
	if (store_write(env->store, list, listed, t) != RC_OK) {
		listed(t, RC_BUSY);
	}
}
