#include "person.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"
#include "person_impl.h"

static int
by_key(const void *a, const void *b)
{
	const struct index_row *x = a, *y = b;
	int order = strcasecmp(x->key, y->key);

	/* Of equal keys the one that stands first in the file is first. */
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int
same_key(const void *key, const void *row)
{
	return strcasecmp(key, ((const struct index_row *)row)->key);
}

void
index_init(struct index *ix, struct arena *a, size_t n)
{
	ix->rows = arena_array(a, n, sizeof(*ix->rows));
	ix->n = 0;
}

void
index_add(struct index *ix, const char *key, size_t at)
{
	ix->rows[ix->n++] = (struct index_row){key, at};
}

const struct index_row *
index_sort(struct index *ix)
{
	qsort(ix->rows, ix->n, sizeof(*ix->rows), by_key);
	for (size_t i = 1; i < ix->n; i++) {
		if (strcasecmp(ix->rows[i - 1].key, ix->rows[i].key) == 0) {
			return &ix->rows[i];
		}
	}
	return NULL;
}

const struct index_row *
index_find(const struct index *ix, const char *key)
{
	if (ix->n == 0) {
		return NULL; /* maybe not even set up yet */
	}
	return bsearch(key, ix->rows, ix->n, sizeof(*ix->rows), same_key);
}

enum rc
people_load(const json_t *root, struct people **out, struct fault *f)
{
	struct people *p = mem_new(1, sizeof(*p));
	struct fault unheard = {0};
	enum rc rc;

	*out = NULL;
	p->refs = 1;
	p->arena = arena_new();
	rc = people_decode(root, p, f == NULL ? &unheard : f);
	if (rc != RC_OK) {
		people_unref(p);
		return rc;
	}
	*out = p;
	return RC_OK;
}

struct people *
people_ref(struct people *p)
{
	if (p != NULL) {
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	}
	return p;
}

void
people_unref(struct people *p)
{
	/* The last one must see what the others did before they let go. */
	if (p == NULL ||
	    atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1) {
		return;
	}
	arena_free(p->arena);
	free(p);
}

int
people_count(const struct people *p)
{
	return (int)p->n;
}

const struct person *
people_at(const struct people *p, int i)
{
	return i >= 0 && (size_t)i < p->n ? &p->all[i] : NULL;
}

const struct person *
people_find(const struct people *p, const char *id)
{
	const struct index_row *row = id == NULL ? NULL
						 : index_find(&p->by_id, id);

	/* The index takes any case; an id is as it is written. */
	if (row == NULL || strcmp(row->key, id) != 0) {
		return NULL;
	}
	return &p->all[row->at];
}

const struct person *
people_find_owner(const struct people *p, const char *id_or_email)
{
	const struct person *found = people_find(p, id_or_email);
	const struct index_row *row;

	if (found != NULL || id_or_email == NULL) {
		return found;
	}
	row = index_find(&p->by_email, id_or_email);
	return row == NULL ? NULL : &p->all[row->at];
}

static const struct group *
find_group(const struct people *p, const char *name)
{
	const struct index_row *row = index_find(&p->by_group, name);

	if (row == NULL || strcmp(row->key, name) != 0) {
		return NULL;
	}
	return &p->groups[row->at];
}

const struct named_channel *
people_channel(const struct people *p, const char *name)
{
	const struct index_row *row = index_find(&p->by_channel, name);

	if (row == NULL || strcmp(row->key, name) != 0) {
		return NULL;
	}
	return &p->channels[row->at];
}

const struct person *
people_find_account(const struct people *p, const char *channel,
    const char *account)
{
	const struct index *ix = strcmp(channel, "slack") == 0 ? &p->by_slack
	    : strcmp(channel, "discord") == 0		       ? &p->by_discord
							       : NULL;
	const struct index_row *row = ix != NULL ? index_find(ix, account)
						 : NULL;

	if (row == NULL || strcmp(row->key, account) != 0) {
		return NULL;
	}
	return &p->all[row->at];
}

void
people_roles(const struct people *p, const struct field_strings *names,
    struct arena *a, struct field_strings *out)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct group *g = find_group(p, names->items[i]);

		n += g != NULL ? g->roles.n : 0;
	}
	*out =
	    (struct field_strings){arena_array(a, n, sizeof(*out->items)), 0};
	for (size_t i = 0; i < names->n; i++) {
		const struct group *g = find_group(p, names->items[i]);

		for (size_t k = 0; g != NULL && k < g->roles.n; k++) {
			out->items[out->n++] = g->roles.items[k];
		}
	}
}

bool
people_has_group(const struct people *p, const char *name)
{
	return find_group(p, name) != NULL;
}

/* Whether a person was taken already, by place in the file. */
struct taken {
	const struct people *people;
	bool *is; /* for each person */
	struct field_strings *out;
};

static void
take(struct taken *t, const struct person *person)
{
	bool *is = &t->is[person - t->people->all];

	if (!*is) {
		*is = true;
		t->out->items[t->out->n++] = person->id;
	}
}

enum rc
people_expand(const struct people *p, const struct field_strings *names,
    struct arena *a, struct field_strings *out, struct fault *f)
{
	struct taken t = {.people = p, .out = out};

	t.is = arena_array(a, p->n, sizeof(bool));
	*out = (struct field_strings){arena_array(a, p->n, sizeof(*out->items)),
	    0};
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->items[i];
		const struct person *person = people_find(p, name);
		const struct group *g = find_group(p, name);

		if (person == NULL && g == NULL) {
			return fault_set(f, RC_NOT_FOUND, name,
			    "there is no person or group '%s'", name);
		}
		if (person != NULL) {
			take(&t, person);
		}
		for (size_t k = 0; g != NULL && k < g->ids.n; k++) {
			take(&t, people_find(p, g->ids.items[k]));
		}
	}
	return RC_OK;
}

const struct field_strings *
people_notify_approvers(const struct people *p)
{
	return &p->notify_approvers;
}

const struct field_strings *
people_notify_names(const struct people *p)
{
	return &p->notify_names;
}

const struct named_channel *
people_channel_at(const struct people *p, int i)
{
	return i >= 0 && (size_t)i < p->channels_n ? &p->channels[i] : NULL;
}

const struct field_strings *
people_notify_channels(const struct people *p)
{
	return &p->notify_channels;
}
