#include "store_execution.h"

#include <assert.h>
#include <stdio.h>

enum rc
store_execution_insert(struct tx *tx, const struct execution *ex,
    const char *token_hash, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO execution (id, intent_id, agent_id, mode, state, "
	    "token_hash, result, leased_ms, lease_until_ms, reported_ms) "
	    "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	    "tttttttiii", ex->id, ex->intent_id, ex->agent_id, ex->mode,
	    execution_state_name(ex->state), token_hash, ex->result,
	    ex->leased_ms, ex->lease_until_ms, ex->reported_ms);
}

enum rc
store_execution_get(struct db *db, const char *id, struct arena *a,
    struct execution *out, const char **token_hash, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT e.id, e.intent_id, e.agent_id, i.destination, "
	    "i.payload_sha256, e.mode, e.state, e.result, e.leased_ms, "
	    "e.lease_until_ms, e.reported_ms, e.token_hash FROM execution e "
	    "JOIN intent i ON i.id = e.intent_id WHERE e.id = ?1",
	    "t", id);

	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct execution){
	    .intent_id = db_get_text(r, 1, a),
	    .agent_id = db_get_text(r, 2, a),
	    .destination = db_get_text(r, 3, a),
	    .payload_sha256 = db_get_text(r, 4, a),
	    .mode = db_get_text(r, 5, a),
	    .result = db_get_text(r, 7, a),
	    .leased_ms = db_get_int(r, 8),
	    .lease_until_ms = db_get_int(r, 9),
	    .reported_ms = db_get_int(r, 10),
	};
	(void)snprintf(out->id, sizeof(out->id), "%s", db_get_text(r, 0, a));
	if (token_hash != NULL) {
		*token_hash = db_get_text(r, 11, a);
	}
	return execution_state_parse(db_get_text(r, 6, a), &out->state) == RC_OK
	    ? RC_OK
	    : fault_set(f, RC_STORE, "execution",
		  "the database holds an unknown state");
}

enum rc
store_execution_end(struct tx *tx, const struct execution *ex, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "UPDATE execution SET state = ?2, result = ?3, reported_ms = ?4 "
	    "WHERE id = ?1 AND state = 'leased'",
	    "ttti", ex->id, execution_state_name(ex->state), ex->result,
	    ex->reported_ms);

	if (rc == RC_OK && n == 0) {
		return fault_set(f, RC_CONFLICT, "executionId",
		    "it was reported already");
	}
	return rc;
}

enum rc
store_execution_overdue(struct db *db, long long now_ms, int limit,
    struct arena *a, const char ***out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT id FROM execution WHERE state = 'leased' AND "
	    "lease_until_ms <= ?1 ORDER BY lease_until_ms LIMIT ?2",
	    "ii", now_ms, (long long)limit);

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		(*out)[(*n)++] = db_get_text(r, 0, a);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
