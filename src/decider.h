/*
 * decider: how the one who decided an intent may be named to an agent: a
 * masked address and an account, not who it is. Pure.
 */
#ifndef DECIDER_H
#define DECIDER_H

#include "dialect.h"
#include "person.h"

/* Strings live in the arena. Empty while nobody has decided, and where no
 * person did. */
struct decider decider_of(const struct people *, const struct intent *,
    struct arena *);

#endif
