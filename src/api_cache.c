#include "api_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/*
 * A set of a few places for the many intents that hash to it: no list to keep
 * in order, a bound, and intents in use at the same time rarely drive each
 * other out.
 */
enum { SETS = 512, WAYS = 8, KEEP_MAX = 8 * 1024 };

struct place {
	char id[ID_SIZE];
	unsigned long epoch;
	struct shown shown; /* its strings stand in text */
	char *text;
};

struct set {
	struct place places[WAYS];
	unsigned turn; /* whose place a new intent takes */
};

struct show_cache {
	struct set sets[SETS];
};

static struct set *
set_of(struct show_cache *c, const char *id)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *id != '\0'; id++) {
		h = (h ^ (unsigned char)*id) * 16777619u;
	}
	return &c->sets[h % SETS];
}

/* The place that holds this intent, or NULL. */
static struct place *
find(struct set *set, const char *id)
{
	for (int i = 0; i < WAYS; i++) {
		struct place *p = &set->places[i];

		if (p->text != NULL && strcmp(p->id, id) == 0) {
			return p;
		}
	}
	return NULL;
}

struct show_cache *
show_cache_new(void)
{
	return mem_new(1, sizeof(struct show_cache));
}

void
show_cache_free(struct show_cache *c)
{
	for (int i = 0; c != NULL && i < SETS * WAYS; i++) {
		free(c->sets[i / WAYS].places[i % WAYS].text);
	}
	free(c);
}

bool
show_cache_get(struct show_cache *c, const struct route *route, const char *id,
    unsigned long epoch, struct shown *out)
{
	const struct place *p = find(set_of(c, id), id);

	if (p == NULL || p->epoch != epoch || p->shown.route != route) {
		return false;
	}
	*out = p->shown;
	return true;
}

void
show_cache_put(struct show_cache *c, const char *id, unsigned long epoch,
    const struct shown *s)
{
	struct set *set = set_of(c, id);
	struct place *p = find(set, id);
	size_t agent = strlen(s->agent_id) + 1, etag = strlen(s->etag) + 1;
	char *text;

	if (s->len > KEEP_MAX || strlen(id) >= ID_SIZE) {
		return;
	}
	if (p == NULL) {
		p = &set->places[set->turn++ % WAYS];
	}
	text = mem_new(s->len + 1 + agent + etag, 1);
	memcpy(text, s->body, s->len);
	memcpy(text + s->len + 1, s->agent_id, agent);
	memcpy(text + s->len + 1 + agent, s->etag, etag);
	free(p->text);
	p->text = text;
	p->epoch = epoch;
	p->shown = *s;
	p->shown.body = text;
	p->shown.agent_id = text + s->len + 1;
	p->shown.etag = p->shown.agent_id + agent;
	(void)snprintf(p->id, sizeof(p->id), "%s", id);
}
