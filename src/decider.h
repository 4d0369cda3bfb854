/*
 * decider: how the one who decided an intent may be named to an agent: a
 * masked address and an account, not who it is.
 */
#ifndef DECIDER_H
#define DECIDER_H

#include "dialect.h"
#include "person.h"

/*
 * Strings live in the arena. Empty while nobody has decided, and where no
 * person did. There is no account where the person has several: which of them
 * it was is not kept.
 */
struct decider decider_of(struct db *, const struct people *,
    const struct intent *, struct arena *);

#endif
