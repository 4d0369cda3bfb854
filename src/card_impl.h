/*
 * card_impl: what the parts of the card renderer share.
 */
#ifndef CARD_IMPL_H
#define CARD_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "card.h"

/* A card under way: what it is made of, and what it becomes. */
struct card_build {
	const struct intent *in;
	bool erased; /* the payload is no longer there */
	size_t payload_max;
	const struct vote *votes;
	int votes_n;
	const char *(*name_of)(void *ctx, const char *person);
	void *ctx;
	long long now_ms;
	struct arena *arena;
	struct card *card;
};

/* A person as people know them, in shown form: the name given, or by id. */
const char *card_person(const struct card_build *, const char *person,
    const char *name);
/*
 * The label as it is shown. Only "Approve" and "Deny" say by themselves what
 * they count as: an agent may call its approval "Deny".
 */
const char *card_option(struct arena *, const struct option *);
/* Whether it can still be decided. */
bool card_is_open(const struct card_build *);
/* Fills the facts; may set payload_cut. */
void card_add_facts(struct card_build *);

#endif
