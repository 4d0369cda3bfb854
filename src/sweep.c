#include "sweep.h"

#include <stdbool.h>

#include "answer.h"
#include "decide.h"
#include "execution.h"
#include "lib/log.h"
#include "link.h"
#include "store_execution.h"
#include "store_intent.h"

enum { CLEAN_MS = 60 * 1000, NEVER_MS = 3600 * 1000 };

typedef enum rc end_one(struct tx *, const char *id, struct arena *,
    struct fault *);

static enum rc
end_each(struct tx *tx, const char *const *ids, int n, end_one *end,
    struct arena *a, struct fault *f)
{
	enum rc rc = RC_OK;

	for (int i = 0; rc == RC_OK && i < n; i++) {
		rc = end(tx, ids[i], a, f);
	}
	if (n == SWEEP_BATCH) {
		store_wake_by(tx, tx->now_ms); /* there may be more */
	}
	return rc;
}

static enum rc
expire_all(struct tx *tx, struct arena *a, struct fault *f)
{
	const char **ids;
	long long next = 0;
	int n;
	enum rc rc = store_intent_overdue(tx->db, tx->now_ms, SWEEP_BATCH, a,
	    &ids, &n, f);

	if (rc == RC_OK) {
		rc = end_each(tx, ids, n, intent_expire, a, f);
	}
	if (rc == RC_OK) {
		rc = store_intent_next_deadline(tx->db, &next, f);
	}
	if (rc == RC_OK) {
		store_wake_by(tx, next);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
lapse_all(struct tx *tx, struct arena *a, struct fault *f)
{
	const char **ids;
	int n;
	enum rc rc = store_execution_overdue(tx->db, tx->now_ms, SWEEP_BATCH, a,
	    &ids, &n, f);

	return rc == RC_OK ? end_each(tx, ids, n, execution_lapse, a, f) : rc;
}

static enum rc
purge_one(struct tx *tx, const char *id, struct arena *a, struct fault *f)
{
	(void)a;
	return store_intent_purge(tx, id, f);
}

/* Where a batch was full there may be more: then the next is not far. */
static enum rc
clean(struct tx *tx, struct sweep *s, struct arena *a, struct fault *f)
{
	const char **ids;
	bool more;
	int n = 0;
	enum rc rc = link_sweep(tx, SWEEP_BATCH, &more, f);

	if (rc == RC_OK) {
		rc = answer_forget(tx, f);
	}
	if (rc == RC_OK && s->retention_ms > 0) {
		rc = store_intent_unpurged(tx->db, tx->now_ms - s->retention_ms,
		    SWEEP_BATCH, a, &ids, &n, f);
	}
	if (rc == RC_OK && n > 0) {
		rc = end_each(tx, ids, n, purge_one, a, f);
	}
	s->next_clean_ms = more || n == SWEEP_BATCH ? tx->now_ms
						    : tx->now_ms + CLEAN_MS;
	return rc;
}

/* Readiness follows the last commit: without traffic somebody must try. */
static enum rc
probe(struct tx *tx, struct fault *f)
{
	struct store_stats stats;

	store_stats(tx->store, &stats);
	if (stats.writable) {
		return RC_OK;
	}
	return db_run(tx->db, f, NULL,
	    "INSERT INTO fact (name, value) VALUES ('probe_ms', ?1) "
	    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    "i", tx->now_ms);
}

enum rc
sweep_run(struct tx *tx, void *arg)
{
	struct sweep *s = arg;
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct fault f = {0};
	enum rc rc = probe(tx, &f);

	if (rc == RC_OK) {
		rc = expire_all(tx, a, &f);
	}
	if (rc == RC_OK) {
		rc = lapse_all(tx, a, &f);
	}
	if (rc == RC_OK &&
	    (tx->now_ms >= s->next_clean_ms ||
		s->next_clean_ms > tx->now_ms + NEVER_MS)) {
		rc = clean(tx, s, a, &f);
	}
	if (rc != RC_OK) {
		log_error("sweep failed error=\"%s\"", f.text);
		return RC_STORE;
	}
	return RC_OK;
}
