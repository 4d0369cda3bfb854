/*
 * Endpoints that want to be told, and what they are owed.
 */
#include <assert.h>

#include "delivery.h"

enum rc
delivery_owe_webhook(struct tx *tx, const struct webhook *w, const char *event,
    struct fault *f)
{
	struct delivery_row d = {
	    .intent_id = w->intent_id,
	    .kind = DELIVERY_WEBHOOK,
	    .channel = "webhook",
	    .webhook_id = w->id,
	    .address = w->url,
	    .event = event,
	    .event_ms = tx->now_ms,
	};

	return delivery_insert(tx, &d, f);
}

enum rc
delivery_owe_webhooks(struct tx *tx, const char *intent_id, const char *event,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	struct arena *a = tx->scratch;
	enum rc rc = db_query(tx->db, f, &r,
	    "SELECT id, url FROM webhook WHERE intent_id = ?1 AND "
	    "ended_ms = 0 LIMIT ?2",
	    "ti", intent_id, (long long)DELIVERY_WEBHOOKS_MAX);

	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		const struct webhook w = {
		    .id = db_get_text(r, 0, a),
		    .intent_id = intent_id,
		    .url = db_get_text(r, 1, a),
		};

		rc = delivery_owe_webhook(tx, &w, event, f);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The callback URL is the agent's own wish and stays beside it. */
static enum rc
webhook_end_earlier(struct tx *tx, const struct webhook *w, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "UPDATE webhook SET ended_ms = ?2 WHERE intent_id = ?1 AND "
	    "ended_ms = 0 AND (url = ?3 OR url IS NOT "
	    "(SELECT callback_url FROM intent WHERE id = ?1))",
	    "tit", w->intent_id, tx->now_ms, w->url);
}

enum rc
webhook_insert(struct tx *tx, struct webhook *w, bool replace, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM webhook WHERE intent_id = ?1", "t",
	    w->intent_id);

	assert(w->id != NULL);
	if (rc == RC_OK && n >= DELIVERY_WEBHOOKS_MAX) {
		return fault_set(f, RC_LIMITED, "url",
		    "an intent has at most %d webhooks", DELIVERY_WEBHOOKS_MAX);
	}
	if (rc == RC_OK && replace) {
		rc = webhook_end_earlier(tx, w, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	return db_run(tx->db, f, NULL,
	    "INSERT INTO webhook (id, intent_id, url, secret, created_ms, "
	    "ended_ms, attempts_max) VALUES (?1,?2,?3,?4,?5,0,?6)",
	    "tttbii", w->id, w->intent_id, w->url, w->secret, w->secret_len,
	    tx->now_ms, (long long)w->attempts_max);
}

enum rc
webhook_get(struct db *db, const char *id, struct arena *a, struct webhook *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT id, intent_id, url, secret, attempts_max FROM webhook "
	    "WHERE id = ?1",
	    "t", id);

	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct webhook){
	    .id = db_get_text(r, 0, a),
	    .intent_id = db_get_text(r, 1, a),
	    .url = db_get_text(r, 2, a),
	    .attempts_max = (int)db_get_int(r, 4),
	};
	if (!db_is_null(r, 3)) {
		out->secret = db_get_blob(r, 3, a, &out->secret_len);
	}
	return RC_OK;
}

enum rc
webhook_end(struct tx *tx, const char *id, struct fault *f)
{
	enum rc rc = db_run(tx->db, f, NULL,
	    "UPDATE webhook SET ended_ms = ?2 WHERE id = ?1 AND ended_ms = 0",
	    "ti", id, tx->now_ms);

	if (rc == RC_OK) {
		rc = db_run(tx->db, f, NULL,
		    "UPDATE delivery SET state = 'dropped', ended_ms = ?2 "
		    "WHERE webhook_id = ?1 AND state = 'due'",
		    "ti", id, tx->now_ms);
	}
	return rc;
}
