#include "api_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/* One place for many intents: no list to walk, no order to keep, a bound. */
enum { PLACES = 4096, KEEP_MAX = 8 * 1024 };

struct place {
	char id[ID_SIZE];
	unsigned long epoch;
	struct shown shown; /* its strings stand in text */
	char *text;
};

struct show_cache {
	struct place places[PLACES];
};

static struct place *
place_of(struct show_cache *c, const char *id)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *id != '\0'; id++) {
		h = (h ^ (unsigned char)*id) * 16777619u;
	}
	return &c->places[h % PLACES];
}

struct show_cache *
show_cache_new(void)
{
	return mem_new(1, sizeof(struct show_cache));
}

void
show_cache_free(struct show_cache *c)
{
	for (int i = 0; c != NULL && i < PLACES; i++) {
		free(c->places[i].text);
	}
	free(c);
}

bool
show_cache_get(struct show_cache *c, const struct route *route, const char *id,
    unsigned long epoch, struct shown *out)
{
	const struct place *p = place_of(c, id);

	if (p->text == NULL || p->epoch != epoch || p->shown.route != route ||
	    strcmp(p->id, id) != 0) {
		return false;
	}
	*out = p->shown;
	return true;
}

void
show_cache_put(struct show_cache *c, const char *id, unsigned long epoch,
    const struct shown *s)
{
	struct place *p = place_of(c, id);
	size_t agent = strlen(s->agent_id) + 1, etag = strlen(s->etag) + 1;
	char *text;

	if (s->len > KEEP_MAX || strlen(id) >= ID_SIZE) {
		return;
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
