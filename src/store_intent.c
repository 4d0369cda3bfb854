#include "store_intent.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store_json.h"

#define INTENT_COLUMNS \
	"id, version, dialect, agent_id, agent_name, owner, destination, " \
	"policy_id, policy_version, payload_type, payload_bytes, " \
	"payload_sha256, digest, record_count, value_usd, tags, " \
	"idempotency_key, on_behalf_of, profile, metadata, title, " \
	"description, urgency, options, callback_url, risk_score, " \
	"risk_level, risk_factors, plan, required, verdict, verdict_reason, " \
	"verdict_code, state, chosen, reason, decided_by, decided_name, " \
	"decided_via, created_ms, expires_ms, settled_ms, approvals, " \
	"denials, execution, execution_id, erase_payload"

enum { COLUMNS = 47 };

/* Words in the database are ours; one we do not know means damage. */
static enum rc
state_read(const char *word, enum intent_state *out, struct fault *f)
{
	if (word == NULL || intent_state_parse(word, out) != RC_OK) {
		return fault_set(f, RC_STORE, "state",
		    "the database holds an unknown state");
	}
	return RC_OK;
}

static void
optional_read(struct db_rows *r, struct intent *in, int records, int value)
{
	in->has_record_count = !db_is_null(r, records);
	in->record_count = db_get_int(r, records);
	in->has_value_usd = !db_is_null(r, value);
	in->value_usd = db_get_double(r, value);
}

/* What was asked: the first half of the columns. */
static enum rc
asked_read(struct db_rows *r, struct arena *a, struct intent *in)
{
	int c = 0;

	(void)snprintf(in->id, sizeof(in->id), "%s", db_get_text(r, c++, a));
	in->version = db_get_int(r, c++);
	in->dialect = db_get_text(r, c++, a);
	in->agent_id = db_get_text(r, c++, a);
	in->agent_name = db_get_text(r, c++, a);
	in->owner = db_get_text(r, c++, a);
	in->destination = db_get_text(r, c++, a);
	in->policy_id = db_get_text(r, c++, a);
	in->policy_version = db_get_text(r, c++, a);
	in->payload_type = db_get_text(r, c++, a);
	in->payload_bytes = db_get_int(r, c++);
	in->payload_sha256 = db_get_text(r, c++, a);
	in->digest = db_get_text(r, c++, a);
	optional_read(r, in, c, c + 1);
	c += 2;
	store_json_strings(db_get_text(r, c++, a), a, &in->tags);
	in->idempotency_key = db_get_text(r, c++, a);
	in->on_behalf_of = db_get_text(r, c++, a);
	in->profile = db_get_text(r, c++, a);
	in->metadata = db_get_text(r, c++, a);
	in->title = db_get_text(r, c++, a);
	in->description = db_get_text(r, c++, a);
	in->urgency = (enum urgency)db_get_int(r, c++);
	store_json_options(db_get_text(r, c++, a), a, in);
	in->callback_url = db_get_text(r, c++, a);
	in->risk.score = db_get_double(r, c++);
	in->risk.level = db_get_text(r, c++, a);
	store_json_strings(db_get_text(r, c++, a), a, &in->risk.factors);
	store_json_plan(db_get_text(r, c++, a), a, &in->plan);
	in->plan.required = (int)db_get_int(r, c++);
	assert(c == 30);
	return RC_OK;
}

/* What became of it: the rest. */
static enum rc
became_read(struct db_rows *r, struct arena *a, struct intent *in,
    struct fault *f)
{
	int c = 30;
	enum rc rc = state_read(db_get_text(r, c++, a), &in->verdict, f);

	if (rc != RC_OK) {
		return rc;
	}
	in->verdict_reason = db_get_text(r, c++, a);
	in->verdict_code = db_get_text(r, c++, a);
	rc = state_read(db_get_text(r, c++, a), &in->state, f);
	if (rc != RC_OK) {
		return rc;
	}
	in->chosen = (int)db_get_int(r, c++);
	in->reason = db_get_text(r, c++, a);
	in->decided_by = db_get_text(r, c++, a);
	in->decided_name = db_get_text(r, c++, a);
	in->decided_via = db_get_text(r, c++, a);
	in->created_ms = db_get_int(r, c++);
	in->expires_ms = db_get_int(r, c++);
	in->settled_ms = db_get_int(r, c++);
	in->approvals = (int)db_get_int(r, c++);
	in->denials = (int)db_get_int(r, c++);
	if (execution_state_parse(db_get_text(r, c++, a), &in->execution) !=
	    RC_OK) {
		return fault_set(f, RC_STORE, "execution",
		    "the database holds an unknown state");
	}
	in->execution_id = db_get_text(r, c++, a);
	in->erase_payload = db_get_int(r, c++) != 0;
	assert(c == COLUMNS);
	return RC_OK;
}

static enum rc
intent_read(struct db_rows *r, struct arena *a, struct intent *out,
    struct fault *f)
{
	enum rc rc;

	*out = (struct intent){0};
	rc = asked_read(r, a, out);
	return rc == RC_OK ? became_read(r, a, out, f) : rc;
}

enum rc
store_intent_insert(struct tx *tx, const struct intent *in,
    const struct intent_submit_key *key, struct fault *f)
{
	static const char sql[] =
	    "INSERT INTO intent (" INTENT_COLUMNS
	    ", purged, payload, idempotency_header, request_sha256) VALUES ("
	    "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,"
	    "?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,"
	    "?35,?36,?37,?38,?39,?40,?41,?42,?43,?44,?45,?46,?47,?48,?49,?50,"
	    "?51)"
	    " ON CONFLICT DO NOTHING";
	struct arena *a = tx->scratch;
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n, sql,
	    "titttttttt"
	    "itt"
	    "ID"
	    "ttttttt"
	    "itt"
	    "dttt"
	    "itttt"
	    "itttt"
	    "iiiii"
	    "tt"
	    "iibtt",
	    in->id, in->version, in->dialect, in->agent_id, in->agent_name,
	    in->owner, in->destination, in->policy_id, in->policy_version,
	    in->payload_type, in->payload_bytes, in->payload_sha256, in->digest,
	    in->has_record_count ? &in->record_count : NULL,
	    in->has_value_usd ? &in->value_usd : NULL,
	    store_json_of_strings(a, &in->tags), in->idempotency_key,
	    in->on_behalf_of, in->profile, in->metadata, in->title,
	    in->description, (long long)in->urgency,
	    store_json_of_options(a, in), in->callback_url, in->risk.score,
	    in->risk.level, store_json_of_strings(a, &in->risk.factors),
	    store_json_of_plan(a, &in->plan), (long long)in->plan.required,
	    intent_state_name(in->verdict), in->verdict_reason,
	    in->verdict_code, intent_state_name(in->state),
	    (long long)in->chosen, in->reason, in->decided_by, in->decided_name,
	    in->decided_via, in->created_ms, in->expires_ms, in->settled_ms,
	    (long long)in->approvals, (long long)in->denials,
	    execution_state_name(in->execution), in->execution_id,
	    (long long)in->erase_payload,
	    in->payload_sealed == NULL ? 1LL : 0LL, in->payload_sealed,
	    in->payload_sealed_len, key->idempotency_header,
	    key->request_sha256);

	if (rc == RC_OK && n == 0) {
		return fault_set(f, RC_DUPLICATE, "idempotency_key",
		    "this key was used before");
	}
	return rc;
}

enum rc
store_intent_get(struct db *db, const char *id, struct arena *a,
    struct intent *out, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " INTENT_COLUMNS " FROM intent WHERE id = ?1", "t", id);

	return rc == RC_OK ? intent_read(r, a, out, f) : rc;
}

enum rc
store_intent_payload(struct db *db, const char *id, struct arena *a,
    const void **out, size_t *len, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT payload FROM intent WHERE id = ?1", "t", id);

	*out = NULL;
	*len = 0;
	if (rc == RC_OK && !db_is_null(r, 0)) {
		*out = db_get_blob(r, 0, a, len);
	}
	return rc;
}

enum rc
store_intent_by_key(struct db *db, const char *agent_id, const char *key,
    struct arena *a, struct intent *out, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " INTENT_COLUMNS " FROM intent WHERE agent_id = ?1 AND "
	    "idempotency_key = ?2",
	    "tt", agent_id, key);

	return rc == RC_OK ? intent_read(r, a, out, f) : rc;
}

enum rc
store_intent_by_header(struct db *db, const char *agent_id, const char *key,
    struct arena *a, struct intent *out, const char **request_sha256,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " INTENT_COLUMNS ", request_sha256 FROM intent "
	    "WHERE agent_id = ?1 AND idempotency_header = ?2",
	    "tt", agent_id, key);

	if (rc != RC_OK) {
		return rc;
	}
	*request_sha256 = db_get_text(r, COLUMNS, a);
	return intent_read(r, a, out, f);
}

static enum rc
changed_one(enum rc rc, long long n, struct intent *in, struct fault *f)
{
	if (rc == RC_OK && n == 0) {
		return fault_set(f, RC_CONFLICT, "state",
		    "the state has changed meanwhile");
	}
	if (rc == RC_OK) {
		in->version++;
	}
	return rc;
}

enum rc
store_intent_settle(struct tx *tx, struct intent *in, struct fault *f)
{
	long long n = 0;
	enum rc rc;

	assert(intent_state_is_final(in->state));
	rc = db_run(tx->db, f, &n,
	    "UPDATE intent SET state = ?2, chosen = ?3, reason = ?4, "
	    "decided_by = ?5, decided_name = ?6, decided_via = ?7, "
	    "settled_ms = ?8, approvals = ?9, denials = ?10, "
	    "payload = CASE erase_payload WHEN 0 THEN payload END, "
	    "purged = max(purged, erase_payload), "
	    "version = version + 1 WHERE id = ?1 AND state = 'pending'",
	    "ttittttiii", in->id, intent_state_name(in->state),
	    (long long)in->chosen, in->reason, in->decided_by, in->decided_name,
	    in->decided_via, in->settled_ms, (long long)in->approvals,
	    (long long)in->denials);
	if (in->erase_payload) {
		store_scrub(tx);
	}
	return changed_one(rc, n, in, f);
}

enum rc
store_intent_tally(struct tx *tx, struct intent *in, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "UPDATE intent SET approvals = ?2, denials = ?3, "
	    "version = version + 1 WHERE id = ?1 AND state = 'pending'",
	    "tii", in->id, (long long)in->approvals, (long long)in->denials);

	return changed_one(rc, n, in, f);
}

enum rc
store_intent_execution(struct tx *tx, struct intent *in,
    enum execution_state from, struct fault *f)
{
	long long n = 0;
	enum rc rc;

	assert(in->state == INTENT_APPROVED);
	rc = db_run(tx->db, f, &n,
	    "UPDATE intent SET execution = ?2, execution_id = ?3, "
	    "version = version + 1 WHERE id = ?1 AND state = 'approved' AND "
	    "execution = ?4",
	    "tttt", in->id, execution_state_name(in->execution),
	    in->execution_id, execution_state_name(from));
	return changed_one(rc, n, in, f);
}

enum rc
store_intent_purge(struct tx *tx, const char *id, struct fault *f)
{
	store_scrub(tx);
	return db_run(tx->db, f, NULL,
	    "UPDATE intent SET payload = NULL, purged = 1 "
	    "WHERE id = ?1 AND purged = 0",
	    "t", id);
}

/* Parameters 2, 3: the state asked for; 6, 7: further ones, see the filter. */
#define INTENT_FITS \
	"(?2 IS NULL OR state = ?2 OR instr(?6, state) > 0) AND " \
	"(?3 IS NULL OR execution = ?3 OR instr(?7, execution) > 0) "

static enum rc
intents_read(struct db_rows *r, int limit, struct arena *a, struct intent **out,
    int *n, struct fault *f)
{
	enum rc rc = RC_OK;

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		rc = intent_read(r, a, &(*out)[*n], f);
		*n += rc == RC_OK;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
store_intent_list(struct db *db, const struct intent_filter *q, struct arena *a,
    struct intent **out, int *n, struct fault *f)
{
	/* Two texts, so that each has its own index. */
	static const char mine[] =
	    "SELECT " INTENT_COLUMNS
	    " FROM intent WHERE agent_id = ?1 AND " INTENT_FITS
	    "AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5";
	static const char all[] =
	    "SELECT " INTENT_COLUMNS
	    " FROM intent WHERE ?1 IS NULL AND " INTENT_FITS
	    "AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5";
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r, q->agent_id != NULL ? mine : all,
	    "ttttitt", q->agent_id,
	    q->state < 0 ? NULL
			 : intent_state_name((enum intent_state)q->state),
	    q->execution < 0
		? NULL
		: execution_state_name((enum execution_state)q->execution),
	    q->before, (long long)q->limit, q->or_states, q->or_executions);

	return rc == RC_OK ? intents_read(r, q->limit, a, out, n, f) : rc;
}

enum rc
store_intent_waiting(struct db *db, long long now_ms, int limit,
    struct arena *a, struct intent **out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT " INTENT_COLUMNS
	    " FROM intent WHERE state = 'pending' AND expires_ms > ?1 "
	    "ORDER BY expires_ms LIMIT ?2",
	    "ii", now_ms, (long long)limit);

	return rc == RC_OK ? intents_read(r, limit, a, out, n, f) : rc;
}

enum rc
store_intent_count_since(struct db *db, const char *agent_id,
    long long since_ms, long long *out, struct fault *f)
{
	struct id_source ids = {0};
	char floor[ID_SIZE];

	/* Ids carry their time: one range of the agent's index. */
	id_next(&ids, since_ms < 0 ? 0 : since_ms, "int_", floor);
	return db_int(db, f, out,
	    "SELECT count(*) FROM intent WHERE agent_id = ?1 AND id >= ?2",
	    "tt", agent_id, floor);
}

static enum rc
ids_read(struct db_rows *r, int limit, struct arena *a, const char ***out,
    int *n, struct fault *f)
{
	enum rc rc;

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while ((rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		(*out)[(*n)++] = db_get_text(r, 0, a);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
store_intent_overdue(struct db *db, long long now_ms, int limit,
    struct arena *a, const char ***out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT id FROM intent WHERE state = 'pending' AND "
	    "expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2",
	    "ii", now_ms, (long long)limit);

	return rc == RC_OK ? ids_read(r, limit, a, out, n, f) : rc;
}

enum rc
store_intent_next_deadline(struct db *db, long long *out, struct fault *f)
{
	return db_int(db, f, out,
	    "SELECT expires_ms FROM intent WHERE state = 'pending' "
	    "ORDER BY expires_ms LIMIT 1",
	    "");
}

enum rc
store_intent_unpurged(struct db *db, long long before_ms, int limit,
    struct arena *a, const char ***out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT id FROM intent WHERE purged = 0 AND settled_ms > 0 AND "
	    "settled_ms <= ?1 ORDER BY settled_ms LIMIT ?2",
	    "ii", before_ms, (long long)limit);

	return rc == RC_OK ? ids_read(r, limit, a, out, n, f) : rc;
}

enum rc
store_vote_insert(struct tx *tx, const char *intent_id, const struct vote *v,
    const char *assurance, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "INSERT INTO vote (intent_id, person, name, via, assurance, "
	    "option, reason, at_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8) "
	    "ON CONFLICT DO NOTHING",
	    "tttttiti", intent_id, v->person, v->name, v->via, assurance,
	    (long long)v->option, v->reason, v->at_ms);

	if (rc == RC_OK && n == 0) {
		return fault_set(f, RC_DUPLICATE, "person",
		    "this person has answered already");
	}
	return rc;
}

enum rc
store_vote_list(struct db *db, const char *intent_id, struct arena *a,
    struct vote **out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT person, name, via, option, reason, at_ms FROM vote "
	    "WHERE intent_id = ?1 ORDER BY at_ms LIMIT ?2",
	    "ti", intent_id, (long long)INTENT_APPROVERS_MAX);

	*out = arena_array(a, INTENT_APPROVERS_MAX, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		(*out)[(*n)++] = (struct vote){
		    .person = db_get_text(r, 0, a),
		    .name = db_get_text(r, 1, a),
		    .via = db_get_text(r, 2, a),
		    .option = (int)db_get_int(r, 3),
		    .reason = db_get_text(r, 4, a),
		    .at_ms = db_get_int(r, 5),
		};
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
