#include "outbox.h"

#include <string.h>

/* How the person is reached there; NULL when not at all. */
static const char *
address_of(const struct person *p, const char *channel, struct arena *a)
{
	const struct field_strings *ids = NULL;

	if (strcmp(channel, "email") == 0) {
		return p->email;
	}
	if (strcmp(channel, "slack") == 0) {
		ids = &p->slack;
	} else if (strcmp(channel, "discord") == 0) {
		ids = &p->discord;
	}
	if (ids != NULL && ids->n > 0) {
		return ids->items[0];
	}
	/* Slack can be asked whose a mail address is. */
	return ids == &p->slack && p->email != NULL
	    ? arena_printf(a, "mailto:%s", p->email)
	    : NULL;
}

static bool
has(const struct field_strings *s, const char *word)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->items[i], word) == 0) {
			return true;
		}
	}
	return false;
}

static void
ask_person(struct outbox *o, const struct person *p, struct arena *a,
    struct ask *asks, size_t *n)
{
	for (int i = 0; i < outbox_channels(o); i++) {
		const char *channel = outbox_channel(o, i, NULL);
		const char *address = address_of(p, channel, a);

		if (address != NULL) {
			asks[(*n)++] = (struct ask){.channel = channel,
			    .person = p->id,
			    .address = address};
		}
	}
}

static void
ask_channel(struct outbox *o, const struct named_channel *c, struct ask *asks,
    size_t *n)
{
	for (int i = 0; i < outbox_channels(o); i++) {
		if (strcmp(outbox_channel(o, i, NULL), c->kind) == 0) {
			asks[(*n)++] = (struct ask){.channel = c->kind,
			    .address = c->target};
		}
	}
}

static void
ask_defaults(struct outbox *o, struct ask *asks, size_t *n)
{
	for (int i = 0; i < outbox_channels(o); i++) {
		const char *place = outbox_default(o, i);

		if (place != NULL) {
			asks[(*n)++] =
			    (struct ask){.channel = outbox_channel(o, i, NULL),
				.address = place};
		}
	}
}

void
outbox_find_asks(void *ctx, const struct plan *plan, struct people *people,
    struct arena *a, struct ask **out, size_t *n)
{
	struct outbox *o = ctx;
	size_t max =
	    (plan->approvers.n + plan->channels.n + 1) * OUTBOX_CHANNELS_MAX;

	*out = arena_array(a, max, sizeof(**out));
	*n = 0;
	for (size_t i = 0; i < plan->approvers.n; i++) {
		const char *id = plan->approvers.items[i];
		const struct person *p = people_find(people, id);

		if (p != NULL && !has(&plan->excluded, id)) {
			ask_person(o, p, a, *out, n);
		}
	}
	for (size_t i = 0; i < plan->channels.n; i++) {
		const struct named_channel *c =
		    people_channel(people, plan->channels.items[i]);

		if (c != NULL) {
			ask_channel(o, c, *out, n);
		}
	}
	if (plan->channels.n == 0) {
		ask_defaults(o, *out, n);
	}
}

bool
outbox_has_channel(void *ctx, const char *name)
{
	struct outbox *o = ctx;

	for (int i = 0; i < outbox_channels(o); i++) {
		if (strcmp(outbox_channel(o, i, NULL), name) == 0) {
			return true;
		}
	}
	return false;
}
