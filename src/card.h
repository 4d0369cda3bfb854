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

enum { CARD_FACTS_MAX = 24 };

struct card_fact {
	const char *label; /* "Agent", "Destination", "Amount (claimed)" ... */
	const char *value; /* shown form: no hidden code points, one line */
};

struct card {
	const char *headline; /* one line, ours: "agent wants: destination" */
	const char *status; /* one line: "Waiting for ...", "Approved by ..." */
	const char *state;  /* machine word for colour: "pending", ... */
	struct card_fact facts[CARD_FACTS_MAX];
	int facts_n;
	const char *payload; /* shown form, lines kept; "" when none */
	bool payload_cut; /* approving needs the full page: offer denial only */
	bool payload_spelled;	  /* odd code points were spelled \u{...} */
	bool payload_warns;	  /* the note asks for care */
	const char *payload_note; /* in words, or NULL */
	const char *title;	  /* the agent's words, shown form; or NULL */
	const char *description;  /* likewise, lines kept; or NULL */
	/*
	 * Labels in shown form. One that does not say by itself what it counts
	 * as says so behind it: "Deny (approves)".
	 */
	struct option options[INTENT_OPTIONS_MAX];
	int options_n; /* 0 once settled or out of time */
};

/*
 * Builds the card. `payload` are the stored bytes, or NULL when they were
 * erased. At most payload_max bytes of payload, and of metadata, are shown, in
 * as many bytes of shown form (0 = all). name_of gives the name of a person of
 * the plan, or NULL; it may be NULL itself, and so may votes. Strings live in
 * the arena.
 */
void card_build(const struct intent *, const void *payload, size_t payload_len,
    size_t payload_max, const struct vote *votes, int votes_n,
    const char *(*name_of)(void *ctx, const char *person), void *ctx,
    long long now_ms, struct arena *, struct card *out);

/*
 * The card as values for a template; the caller owns the result. Names are
 * those of the struct; facts are {label, value}, options {index, label,
 * outcome, is_approve, is_deny, is_other}. What is absent is null. has_words:
 * there is a title or description; is_open: there are options.
 */
json_t *card_values(const struct card *);

#endif
