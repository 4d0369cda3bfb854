#include "channel.h"

#include <assert.h>
#include <string.h>

#include "lib/rc.h"

const struct channel_ops *const channel_all[] = {
    &channel_webhook,
    &channel_slack_webhook,
    &channel_email,
    &channel_slack,
    &channel_discord,
    NULL,
};

const struct channel_ops *
channel_find(const char *name)
{
	for (size_t i = 0; channel_all[i] != NULL; i++) {
		if (strcmp(channel_all[i]->name, name) == 0) {
			return channel_all[i];
		}
	}
	return NULL;
}

const char *
channel_state_name(enum channel_state state)
{
	static const char *const names[CHANNEL_STATES] = {
	    [CHANNEL_STARTING] = "starting",
	    [CHANNEL_UP] = "up",
	    [CHANNEL_DEGRADED] = "degraded",
	    [CHANNEL_DOWN] = "down",
	};

	assert(state < CHANNEL_STATES);
	return names[state];
}

/* Each lives in its own arena. */
void
delivery_free(struct delivery *d)
{
	if (d != NULL) {
		arena_free(d->arena);
	}
}

void
answer_free(struct answer *a)
{
	if (a != NULL) {
		arena_free(a->arena);
	}
}

void
pending_list_free(struct pending_list *l)
{
	if (l != NULL) {
		arena_free(l->arena);
	}
}
