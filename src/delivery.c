#include "delivery.h"

#include <assert.h>
#include <string.h>

const char *const delivery_state_words[] = {"due", "leased", "done", "dead",
    "dropped", NULL};
const char *const delivery_kind_words[] = {"ask", "settled", "repaint",
    "webhook", NULL};

enum { ASKED_MAX = 1024 }; /* asks of one intent */

#define DELIVERY_COLUMNS \
	"id, intent_id, kind, channel, person, address, webhook_id, event, " \
	"event_ms, state, attempts, due_ms, remote_id, error, created_ms, " \
	"ended_ms, sealed"

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
	out->sealed = db_get_blob(r, 16, a, &out->sealed_len);
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
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,'due',0,?10,?11,NULL,?12,0,?13)",
	    "ttttttttiitib", id, d->intent_id, delivery_kind_words[d->kind],
	    d->channel, d->person, d->address, d->webhook_id, d->event,
	    d->event_ms, d->due_ms, d->remote_id, d->created_ms, d->sealed,
	    d->sealed_len);
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
		    .sealed = asks[i].sealed,
		    .sealed_len = asks[i].sealed_len,
		    .event_ms = tx->now_ms,
		};

		rc = delivery_insert(tx, &d, f);
	}
	return rc;
}

static bool
repaints(const char *channel)
{
	const struct channel_ops *ops = channel_find(channel);

	return ops != NULL && ops->interactive;
}

/* Who decided on a page or by mail has seen the end there. */
static bool
saw_it(const struct delivery_row *ask, const char *person, const char *channel)
{
	return person != NULL && channel != NULL && ask->person != NULL &&
	    !repaints(ask->channel) && strcmp(ask->person, person) == 0 &&
	    strcmp(ask->channel, channel) == 0;
}

/* The asks of an intent that were sent, or are being sent. */
static enum rc
asked(struct tx *tx, const char *intent_id, struct delivery_row **out, int *n,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(tx->db, f, &r,
	    "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE intent_id = ?1 "
	    "AND kind = 'ask' AND state IN ('due', 'leased', 'done') AND "
	    "attempts > 0 ORDER BY id LIMIT ?2",
	    "ti", intent_id, (long long)ASKED_MAX);

	return rc == RC_OK ? rows_read(r, ASKED_MAX, tx->scratch, out, n, f)
			   : rc;
}

/*
 * When what changes this message may go out: now, or behind what is under way
 * for it; the end of that pulls it forward (delivery_message_ended).
 */
static enum rc
free_from(struct tx *tx, const struct delivery_row *ask, long long *out,
    struct fault *f)
{
	*out = tx->now_ms;
	if (ask->state == DELIVERY_LEASED) {
		*out = ask->due_ms;
		return RC_OK;
	}
	return db_int(tx->db, f, out,
	    "SELECT coalesce(max(due_ms), ?5) FROM delivery WHERE "
	    "intent_id = ?1 AND kind = 'repaint' AND state = 'leased' AND "
	    "channel = ?2 AND person IS ?3 AND address = ?4 AND "
	    "remote_id IS ?6",
	    "ttttit", ask->intent_id, ask->channel, ask->person, ask->address,
	    tx->now_ms, ask->remote_id);
}

/* Another message about what was asked there. */
static enum rc
follow_up(struct tx *tx, const struct delivery_row *ask,
    enum delivery_kind kind, struct fault *f)
{
	struct delivery_row d = *ask;
	enum rc rc = free_from(tx, ask, &d.due_ms, f);

	d.kind = kind;
	d.event_ms = tx->now_ms;
	return rc == RC_OK ? delivery_insert(tx, &d, f) : rc;
}

static enum rc
forget_sealed(struct tx *tx, const char *intent_id, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "UPDATE delivery SET sealed = NULL WHERE intent_id = ?1 AND "
	    "sealed IS NOT NULL",
	    "t", intent_id);

	if (rc == RC_OK && n > 0) {
		store_scrub(tx);
	}
	return rc;
}

enum rc
delivery_owe_settled(struct tx *tx, const char *intent_id,
    const char *skip_person, const char *skip_channel, struct fault *f)
{
	struct delivery_row *asks;
	int n;
	enum rc rc = db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = 'dropped', ended_ms = ?2 "
	    "WHERE intent_id = ?1 AND state = 'due' AND "
	    "(kind = 'repaint' OR (kind = 'ask' AND attempts = 0))",
	    "ti", intent_id, tx->now_ms);

	if (rc == RC_OK) {
		rc = asked(tx, intent_id, &asks, &n, f);
	}
	for (int i = 0; rc == RC_OK && i < n; i++) {
		if (asks[i].sealed == NULL &&
		    !saw_it(&asks[i], skip_person, skip_channel)) {
			rc = follow_up(tx, &asks[i], DELIVERY_SETTLED, f);
		}
	}
	return rc == RC_OK ? forget_sealed(tx, intent_id, f) : rc;
}

/* Whether one waits already: it will show what is then. */
static enum rc
repaint_waits(struct tx *tx, const struct delivery_row *ask, bool *out,
    struct fault *f)
{
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM delivery WHERE intent_id = ?1 AND "
	    "kind = 'repaint' AND state = 'due' AND channel = ?2 AND "
	    "person IS ?3 AND address = ?4 AND remote_id IS ?5",
	    "ttttt", ask->intent_id, ask->channel, ask->person, ask->address,
	    ask->remote_id);

	*out = n > 0;
	return rc;
}

enum rc
delivery_owe_repaints(struct tx *tx, const char *intent_id, struct fault *f)
{
	struct delivery_row *asks;
	int n;
	enum rc rc = asked(tx, intent_id, &asks, &n, f);

	for (int i = 0; rc == RC_OK && i < n; i++) {
		bool waits = true;

		if (repaints(asks[i].channel)) {
			rc = repaint_waits(tx, &asks[i], &waits, f);
		}
		if (rc == RC_OK && !waits) {
			rc = follow_up(tx, &asks[i], DELIVERY_REPAINT, f);
		}
	}
	return rc;
}

/* "TEAM/CHANNEL/TS" and "GUILD/CHANNEL/MESSAGE": the place comes first. */
bool
delivery_may_be_copy(const struct delivery_row *ask, const char *remote_id)
{
	const char *last = strrchr(ask->remote_id, '/');
	size_t n = last != NULL ? (size_t)(last - ask->remote_id) + 1 : 0;

	return ask->kind == DELIVERY_ASK && ask->attempts > 1 && n > 0 &&
	    strncmp(ask->remote_id, remote_id, n) == 0;
}

enum rc
delivery_note_copy(struct tx *tx, const struct delivery_row *ask,
    const char *remote_id, struct fault *f)
{
	char id[ID_SIZE];
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM delivery WHERE intent_id = ?1 AND "
	    "kind = 'ask' AND remote_id = ?2",
	    "tt", ask->intent_id, remote_id);

	if (rc != RC_OK || n > 0) {
		return rc;
	}
	id_next(tx->ids, tx->now_ms, "del_", id);
	return db_run(tx->db, f, NULL,
	    "INSERT INTO delivery (" DELIVERY_COLUMNS ") SELECT ?2, "
	    "intent_id, kind, channel, person, address, webhook_id, event, "
	    "event_ms, 'done', attempts, due_ms, ?3, NULL, ?4, ?4, NULL "
	    "FROM delivery WHERE id = ?1",
	    "ttti", ask->id, id, remote_id, tx->now_ms);
}

enum rc
delivery_message_ended(struct tx *tx, const struct delivery_row *row,
    struct fault *f)
{
	bool never = row->kind == DELIVERY_ASK &&
	    (row->state == DELIVERY_DEAD || row->attempts == 0);

	return db_run(tx->db, f, NULL,
	    "UPDATE delivery SET state = ?5, due_ms = ?6, ended_ms = ?7, "
	    "remote_id = ?8 WHERE intent_id = ?1 AND "
	    "kind IN ('settled', 'repaint') AND state = 'due' AND "
	    "attempts = 0 AND channel = ?2 AND person IS ?3 AND "
	    "address IS ?4 AND (remote_id IS NULL OR remote_id IS ?8)",
	    "tttttiit", row->intent_id, row->channel, row->person, row->address,
	    delivery_state_words[never ? DELIVERY_DROPPED : DELIVERY_DUE],
	    tx->now_ms, never ? tx->now_ms : 0LL, row->remote_id);
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
