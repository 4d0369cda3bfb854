/*
 * forwarded: who asks, when a proxy stands between. Pure.
 */
#ifndef LIB_FORWARDED_H
#define LIB_FORWARDED_H

#include "lib/arena.h"
#include "lib/field.h"

/*
 * The address that a request comes from: `peer`, unless it is one of the
 * proxies (addresses or prefixes); then the last entry of X-Forwarded-For
 * (`header`, or NULL) that is none of them. What a client wrote before that
 * entry is not believed. An entry that is no address ends the search.
 */
const char *forwarded_for(struct arena *, const char *peer, const char *header,
    const struct field_strings *proxies);

#endif
