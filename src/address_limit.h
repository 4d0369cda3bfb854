/*
 * address_limit: how often one address may ask, where no key says who it is.
 *
 * A table of fixed size: under a flood of addresses those that were quiet
 * longest are forgotten first. IPv6 counts by the network of a subscriber, its
 * first 64 bits. For one thread alone.
 */
#ifndef ADDRESS_LIMIT_H
#define ADDRESS_LIMIT_H

#include "lib/bucket.h"

struct address_limit; /* opaque: fields live in address_limit.c */

struct address_limit *address_limit_new(void);
/* NULL is fine. */
void address_limit_free(struct address_limit *);
/* Counts one request of this address for `what`, which is only compared. */
struct bucket_answer address_limit_take(struct address_limit *,
    const char *address, const void *what, int per_minute, long long mono_ms);

#endif
