#include "bots/discord_cache.h"

/* Whether nothing counts on it. */
static bool
is_free(const struct discord_cache_row *row)
{
	return row->holds == 0 && row->paints == 0;
}

struct discord_cache_row *
discord_cache_find(struct discord_cache *m, unsigned long long id)
{
	for (int i = 0; i < m->n; i++) {
		if (m->rows[i].id == id) {
			m->rows[i].used = ++m->used;
			return &m->rows[i];
		}
	}
	return NULL;
}

struct discord_cache_row *
discord_cache_at(struct discord_cache *m, unsigned long long id)
{
	struct discord_cache_row *row = discord_cache_find(m, id);

	if (row != NULL) {
		return row;
	}
	if (m->n < DISCORD_CACHE_MAX) {
		row = &m->rows[m->n++];
	}
	for (int i = 0; row == NULL && i < m->n; i++) {
		row = is_free(&m->rows[i]) ? &m->rows[i] : NULL;
	}
	for (int i = 0; row != NULL && row->id != 0 && i < m->n; i++) {
		if (is_free(&m->rows[i]) && m->rows[i].used < row->used) {
			row = &m->rows[i];
		}
	}
	if (row != NULL) {
		*row = (struct discord_cache_row){.id = id, .used = ++m->used};
	}
	return row;
}
