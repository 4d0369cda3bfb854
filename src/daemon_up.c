#include "daemon_up.h"

#include <stdlib.h>

#include "fact.h"
#include "lib/mem.h"

static void
on_decided(void *ctx, struct answer *answer)
{
	struct daemon *d = ctx;

	answer_take(&d->answers, answer);
}

static void
on_pending(void *ctx, struct pending_list *list)
{
	struct daemon *d = ctx;

	answer_list(&d->answers, list);
}

/* A text on its way into the store. */
struct keeping {
	char *name, *text;
	void (*done)(void *arg, enum rc);
	void *arg;
};

static enum rc
keep(struct tx *tx, void *arg)
{
	const struct keeping *k = arg;
	struct fault f = {0};

	return fact_set_text(tx, k->name, k->text, &f);
}

static void
kept(void *arg, enum rc rc)
{
	struct keeping *k = arg;

	if (k->done != NULL) {
		k->done(k->arg, rc);
	}
	free(k->name);
	free(k->text);
	free(k);
}

static void
on_remember(void *ctx, const char *name, const char *text,
    void (*done)(void *arg, enum rc), void *arg)
{
	struct daemon *d = ctx;
	struct keeping *k = mem_new(1, sizeof(*k));

	*k = (struct keeping){mem_strdup(name), mem_strdup(text), done, arg};
	if (store_write(d->store, keep, kept, k) != RC_OK) {
		kept(k, RC_BUSY);
	}
}

const char *
daemon_recall(void *ctx, const char *name, struct arena *a)
{
	struct daemon *d = ctx;
	struct fault f = {0};
	const char *text;

	return fact_text(d->reader, name, a, &text, &f) == RC_OK ? text : NULL;
}

struct channel_up
daemon_up(struct daemon *d)
{
	return (struct channel_up){.decided = on_decided,
	    .pending = on_pending,
	    .remember = on_remember,
	    .ctx = d};
}
