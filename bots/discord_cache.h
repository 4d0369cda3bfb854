/*
 * discord_cache: what is known about an id, for the ids that were used last.
 * Pure; a row begins as zeroes, and is not forgotten while anything is under
 * way for it.
 */
#ifndef BOTS_DISCORD_CACHE_H
#define BOTS_DISCORD_CACHE_H

#include <stdbool.h>
#include <stddef.h>

enum { DISCORD_CACHE_MAX = 512, DISCORD_ID_SIZE = 24 };

struct discord_cache_row {
	unsigned long long id;
	unsigned long long used; /* the cache's own count */
	int holds;		 /* callbacks that change a message */
	/* Of a channel: its guild, or "@me". Of a user: the channel of our
	 * direct messages. "" = not known. */
	char place[DISCORD_ID_SIZE];
	long long version; /* of a message: of the intent as it is painted */
	int paints;	   /* of a message: requests that change it */
	bool mixed;	   /* both did at the same time */
};

struct discord_cache {
	struct discord_cache_row rows[DISCORD_CACHE_MAX];
	int n;
	unsigned long long used;
};

/* NULL: nothing is known. */
struct discord_cache_row *discord_cache_find(struct discord_cache *,
    unsigned long long id);
/* The same, made where there is none, in the place of what was used longest
 * ago; NULL when all are held. */
struct discord_cache_row *discord_cache_at(struct discord_cache *,
    unsigned long long id);

#endif
