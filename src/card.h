/*
 * card: what a person sees before deciding, and after. Pure.
 *
 * One renderer for every channel: first the facts that we computed, then the
 * payload with every odd code point made visible, then the agent's own words,
 * labelled as such. Nothing is cut silently: where a back end cannot show the
 * whole payload, `payload_note` says how much is missing and where it is.
 */
#ifndef CARD_H
#define CARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "intent.h"
#include "lib/arena.h"

enum { CARD_FACTS_MAX = 20 };

struct card_fact {
	const char *label; /* "Agent", "Destination", ... */
	const char *value; /* shown form: no hidden code points, one line */
};

struct card {
	const char *headline; /* one line, ours: "agent wants: destination" */
	const char *status;   /* "Waiting for a decision", "Approved by ..." */
	const char *state;    /* machine word for colour: "pending", ... */
	struct card_fact facts[CARD_FACTS_MAX];
	int facts_n;
	const char *payload; /* shown form, lines kept; "" when none */
	bool payload_cut;
	bool payload_spelled; /* odd code points were spelled \u{...} */
	const char *payload_note; /* in words, or NULL */
	const char *title;	  /* the agent's words, shown form; or NULL */
	const char *description;  /* likewise, lines kept; or NULL */
	struct option options[INTENT_OPTIONS_MAX]; /* labels in shown form */
	int options_n; /* 0 once settled */
};

/*
 * Builds the card. `payload` are the stored bytes, or NULL when they were
 * erased. At most payload_max bytes of payload are shown (0 = all).
 * `names` maps person ids of the plan to names (may be NULL). Votes may be
 * NULL. Strings live in the arena.
 */
void card_build(const struct intent *, const void *payload, size_t payload_len,
    size_t payload_max, const struct vote *votes, int votes_n,
    const char *(*name_of)(void *ctx, const char *person), void *ctx,
    long long now_ms, struct arena *, struct card *out);

/* The card as values for a template; the caller owns the result. */
json_t *card_values(const struct card *);

#endif
