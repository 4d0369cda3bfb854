#include "delivery.h"

#include <assert.h>
#include <string.h>

const char *const delivery_state_words[] = {"due", "leased", "done", "dead",
    "dropped", NULL};
const char *const delivery_kind_words[] = {"ask", "settled", "repaint",
    "webhook", NULL};

#define DELIVERY_COLUMNS \
	"id, intent_id, kind, channel, person, address, webhook_id, event, " \
	"event_ms, state, attempts, due_ms, remote_id, error, created_ms, " \
	"ended_ms"

void
delivery_free(struct delivery *d)
{
	if (d != NULL) {
		arena_free(d->arena); /* d itself lives in it */
	}
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

static int
word_index(const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (word != NULL && strcmp(word, words[i]) == 0) {
			return i;
		}
	}
	return -1;
}

static enum rc
row_read(struct db_rows *r, struct arena *a, struct delivery_row *out,
    struct fault *f)
{
	int kind = word_index(db_get_text(r, 2, a), delivery_kind_words);
	int state = word_index(db_get_text(r, 9, a), delivery_state_words);

	if (kind < 0 || state < 0) {
		return fault_set(f, RC_STORE, "",
		    "the database holds an unknown kind of delivery");
	}
	*out = (struct delivery_row){
	    .id = db_get_text(r, 0, a),
	    .intent_id = db_get_text(r, 1, a),
	    .kind = (enum delivery_kind)kind,
	    .channel = db_get_text(r, 3, a),
	    .person = db_get_text(r, 4, a),
	    .address = db_get_text(r, 5, a),
	    .webhook_id = db_get_text(r, 6, a),
	    .event = db_get_text(r, 7, a),
	    .event_ms = db_get_int(r, 8),
	    .state = (enum delivery_state)state,
	    .attempts = (int)db_get_int(r, 10),
	    .due_ms = db_get_int(r, 11),
	    .remote_id = db_get_text(r, 12, a),
	    .error = db_get_text(r, 13, a),
	    .created_ms = db_get_int(r, 14),
	    .ended_ms = db_get_int(r, 15),
	};
	return RC_OK;
}

static enum rc
rows_read(struct db_rows *r, int limit, struct arena *a,
    struct delivery_row **out, int *n, struct fault *f)
{
	enum rc rc = RC_OK;

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		rc = row_read(r, a, &(*out)[(*n)++], f);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
delivery_insert(struct tx *tx, struct delivery_row *d, struct fault *f)
{
	char id[ID_SIZE];
	enum rc rc;

	id_next(tx->ids, tx->now_ms, "del_", id);
	d->created_ms = tx->now_ms;
	if (d->due_ms == 0) {
		d->due_ms = tx->now_ms;
	}
	rc = db_run(tx->db, f, NULL,
	    "INSERT INTO delivery (" DELIVERY_COLUMNS ") VALUES "
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,'due',0,?10,?11,NULL,?12,0)",
	    "ttttttttiiti", id, d->intent_id, delivery_kind_words[d->kind],
	    d->channel, d->person, d->address, d->webhook_id, d->event,
	    d->event_ms, d->due_ms, d->remote_id, d->created_ms);
	if (rc == RC_OK) {
		store_kick(tx);
	}
	return rc;
}

enum rc
delivery_owe_asks(struct tx *tx, const char *intent_id, const struct ask *asks,
    size_t n, struct fault *f)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct delivery_row d = {
		    .intent_id = intent_id,
		    .kind = DELIVERY_ASK,
		    .channel = asks[i].channel,
		    .person = asks[i].person,
		    .address = asks[i].address,
		    .event_ms = tx->now_ms,
		};

		rc = delivery_insert(tx, &d, f);
	}
	return rc;
}

static bool
saw_it(const struct delivery_row *ask, const char *person, const char *channel)
{
	return person != NULL && channel != NULL && ask->person != NULL &&
	    strcmp(ask->person, person) == 0 &&
	    strcmp(ask->channel, channel) == 0;
}

enum rc
delivery_owe_settled(struct tx *tx, const char *intent_id,
    const char *skip_person, const char *skip_channel, struct fault *f)
{
	struct arena *a = tx->scratch;
	struct delivery_row *rows;
	int n;
	enum rc rc = db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = 'dropped', ended_ms = ?2 "
	    "WHERE intent_id = ?1 AND kind = 'ask' AND state = 'due' AND "
	    "attempts = 0",
	    "ti", intent_id, tx->now_ms);

	if (rc == RC_OK) {
		rc = delivery_list(tx->db, -1, intent_id, NULL,
		    INTENT_APPROVERS_MAX * 4, a, &rows, &n, f);
	}
	for (int i = 0; rc == RC_OK && i < n; i++) {
		struct delivery_row d = rows[i];

		if (d.kind != DELIVERY_ASK || d.state == DELIVERY_DROPPED ||
		    d.state == DELIVERY_DEAD ||
		    saw_it(&d, skip_person, skip_channel)) {
			continue;
		}
		d.kind = DELIVERY_SETTLED;
		d.event_ms = tx->now_ms;
		/* An ask under way goes first: the end answers to its id. */
		d.due_ms = d.state == DELIVERY_LEASED ? d.due_ms : 0;
		rc = delivery_insert(tx, &d, f);
	}
	return rc;
}

enum rc
delivery_ask_ended(struct tx *tx, const struct delivery_row *ask,
    struct fault *f)
{
	bool never = ask->state == DELIVERY_DEAD || ask->attempts == 0;

	return db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = ?5, due_ms = ?6, ended_ms = ?7, "
	    "remote_id = ?8 WHERE intent_id = ?1 AND kind = 'settled' AND "
	    "state = 'due' AND attempts = 0 AND channel = ?2 AND "
	    "person IS ?3 AND address IS ?4",
	    "tttttiit", ask->intent_id, ask->channel, ask->person, ask->address,
	    delivery_state_words[never ? DELIVERY_DROPPED : DELIVERY_DUE],
	    tx->now_ms, never ? tx->now_ms : 0LL, ask->remote_id);
}

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

enum rc
delivery_due(struct db *db, const char *channel, long long now_ms, int limit,
    struct arena *a, struct delivery_row **out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE "
	    "state IN ('due', 'leased') AND due_ms <= ?1 AND channel = ?2 "
	    "ORDER BY due_ms LIMIT ?3",
	    "iti", now_ms, channel, (long long)limit);

	return rc == RC_OK ? rows_read(r, limit, a, out, n, f) : rc;
}

enum rc
delivery_end_leases(struct tx *tx, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = 'due', due_ms = ?1 "
	    "WHERE state = 'leased'",
	    "i", tx->now_ms);
}

enum rc
delivery_next_due(struct db *db, const char *channel, long long *out,
    struct fault *f)
{
	return db_int(db, f, out,
	    "SELECT due_ms FROM delivery WHERE state IN ('due', 'leased') "
	    "AND channel = ?1 ORDER BY due_ms LIMIT 1",
	    "t", channel);
}

enum rc
delivery_get(struct db *db, const char *id, struct arena *a,
    struct delivery_row *out, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id = ?1", "t", id);

	return rc == RC_OK ? row_read(r, a, out, f) : rc;
}

enum rc
delivery_update(struct tx *tx, const struct delivery_row *d, struct fault *f)
{
	if (d->state == DELIVERY_DUE) {
		store_wake_by(tx, d->due_ms);
	}
	return db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = ?2, attempts = ?3, due_ms = ?4, "
	    "remote_id = ?5, error = ?6, ended_ms = ?7 WHERE id = ?1",
	    "ttiitti", d->id, delivery_state_words[d->state],
	    (long long)d->attempts, d->due_ms, d->remote_id, d->error,
	    d->ended_ms);
}

enum rc
delivery_list(struct db *db, int state, const char *intent_id,
    const char *before, int limit, struct arena *a, struct delivery_row **out,
    int *n, struct fault *f)
{
	/* Three texts, so that each has its own index. */
	static const char of_intent[] =
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE intent_id = ?1 "
	    "AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id < ?3) "
	    "ORDER BY id DESC LIMIT ?4";
	static const char dead[] =
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE ?1 IS NULL "
	    "AND state = 'dead' AND ?2 IS NOT NULL AND "
	    "(?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4";
	static const char all[] =
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE ?1 IS NULL "
	    "AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id < ?3) "
	    "ORDER BY id DESC LIMIT ?4";
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	const char *sql = intent_id != NULL ? of_intent
	    : state == DELIVERY_DEAD	    ? dead
					    : all;
	enum rc rc = db_query(db, f, &r, sql, "ttti", intent_id,
	    state < 0 ? NULL : delivery_state_words[state], before,
	    (long long)limit);

	return rc == RC_OK ? rows_read(r, limit, a, out, n, f) : rc;
}

enum rc
delivery_depth(struct db *db, struct delivery_depth *out, struct fault *f)
{
	enum rc rc = db_int(db, f, &out->due,
	    "SELECT count(*) FROM delivery WHERE state IN ('due', 'leased')",
	    "");

	if (rc == RC_OK) {
		rc = db_int(db, f, &out->oldest_ms,
		    "SELECT coalesce(min(created_ms), 0) FROM delivery "
		    "WHERE state IN ('due', 'leased')",
		    "");
	}
	if (rc == RC_OK) {
		rc = db_int(db, f, &out->dead,
		    "SELECT count(*) FROM delivery WHERE state = 'dead'", "");
	}
	return rc;
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
	    "ended_ms) VALUES (?1,?2,?3,?4,?5,0)",
	    "tttbi", w->id, w->intent_id, w->url, w->secret, w->secret_len,
	    tx->now_ms);
}

enum rc
webhook_get(struct db *db, const char *id, struct arena *a, struct webhook *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT id, intent_id, url, secret FROM webhook WHERE id = ?1", "t",
	    id);

	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct webhook){
	    .id = db_get_text(r, 0, a),
	    .intent_id = db_get_text(r, 1, a),
	    .url = db_get_text(r, 2, a),
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
