#include "link.h"

enum { KEPT_MS = 24 * 3600 * 1000 };

enum rc
link_insert(struct tx *tx, const struct link_row *l, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO magic_link (hash, intent_id, person, code_hash, "
	    "wrong, used_ms, expires_ms) VALUES (?1,?2,?3,?4,0,0,?5)",
	    "tttti", l->hash, l->intent_id, l->person, l->code_hash,
	    l->expires_ms);
}

enum rc
link_get(struct db *db, const char *hash, struct arena *a, struct link_row *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT hash, intent_id, person, code_hash, wrong, used_ms, "
	    "expires_ms FROM magic_link WHERE hash = ?1",
	    "t", hash);

	if (rc != RC_OK) {
		return rc;
	}
	*out = (struct link_row){
	    .hash = db_get_text(r, 0, a),
	    .intent_id = db_get_text(r, 1, a),
	    .person = db_get_text(r, 2, a),
	    .code_hash = db_get_text(r, 3, a),
	    .wrong = (int)db_get_int(r, 4),
	    .used_ms = db_get_int(r, 5),
	    .expires_ms = db_get_int(r, 6),
	};
	return RC_OK;
}

enum rc
link_use(struct tx *tx, const char *hash, struct fault *f)
{
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "UPDATE magic_link SET used_ms = ?2 WHERE hash = ?1 AND "
	    "used_ms = 0",
	    "ti", hash, tx->now_ms);

	if (rc == RC_OK && n == 0) {
		return fault_set(f, RC_CONFLICT, "token", "link was used");
	}
	return rc;
}

enum rc
link_count_wrong(struct tx *tx, const char *hash, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "UPDATE magic_link SET wrong = wrong + 1 WHERE hash = ?1", "t",
	    hash);
}

enum rc
sign_in_insert(struct tx *tx, const char *hash, const char *person,
    long long expires_ms, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO sign_in_link (hash, person, expires_ms, used_ms) "
	    "VALUES (?1,?2,?3,0)",
	    "tti", hash, person, expires_ms);
}

enum rc
sign_in_use(struct tx *tx, const char *hash, struct arena *a,
    const char **person, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(tx->db, f, &r,
	    "SELECT person, expires_ms, used_ms FROM sign_in_link "
	    "WHERE hash = ?1",
	    "t", hash);

	if (rc == RC_NOT_FOUND) {
		return fault_set(f, rc, "token", "unknown link");
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (db_get_int(r, 2) != 0) {
		return fault_set(f, RC_CONFLICT, "token", "link was used");
	}
	if (tx->now_ms >= db_get_int(r, 1)) {
		return fault_set(f, RC_EXPIRED, "token", "link is too old");
	}
	*person = db_get_text(r, 0, a);
	return db_run(tx->db, f, NULL,
	    "UPDATE sign_in_link SET used_ms = ?2 WHERE hash = ?1", "ti", hash,
	    tx->now_ms);
}

enum rc
nonce_insert(struct tx *tx, const char *value, long long expires_ms,
    struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO nonce (value, expires_ms, used_ms) VALUES (?1,?2,0)",
	    "ti", value, expires_ms);
}

static enum rc
nonce_refuse(struct fault *f, const char *reason)
{
	(void)fault_set(f, RC_CONFLICT, "nonce", "replay_rejected");
	return fault_reason(f, reason);
}

enum rc
nonce_use(struct tx *tx, const char *value, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(tx->db, f, &r,
	    "SELECT expires_ms, used_ms FROM nonce WHERE value = ?1", "t",
	    value);

	if (rc == RC_NOT_FOUND) {
		return nonce_refuse(f, "nonce_unknown");
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (db_get_int(r, 1) != 0) {
		return nonce_refuse(f, "nonce_already_used");
	}
	if (tx->now_ms >= db_get_int(r, 0)) {
		return nonce_refuse(f, "nonce_expired");
	}
	return db_run(tx->db, f, NULL,
	    "UPDATE nonce SET used_ms = ?2 WHERE value = ?1", "ti", value,
	    tx->now_ms);
}

enum rc
download_insert(struct tx *tx, const char *hash, const char *intent_id,
    long long expires_ms, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO download (hash, intent_id, expires_ms, used_ms) "
	    "VALUES (?1,?2,?3,0)",
	    "tti", hash, intent_id, expires_ms);
}

enum rc
download_use(struct tx *tx, const char *hash, struct arena *a,
    const char **intent_id, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(tx->db, f, &r,
	    "SELECT intent_id, expires_ms, used_ms FROM download "
	    "WHERE hash = ?1",
	    "t", hash);

	if (rc == RC_NOT_FOUND) {
		return fault_set(f, rc, "token", "unknown link");
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (db_get_int(r, 2) != 0 || tx->now_ms >= db_get_int(r, 1)) {
		return fault_set(f, RC_EXPIRED, "token",
		    "link was used or is too old");
	}
	*intent_id = db_get_text(r, 0, a);
	return db_run(tx->db, f, NULL,
	    "UPDATE download SET used_ms = ?2 WHERE hash = ?1", "ti", hash,
	    tx->now_ms);
}

enum rc
link_sweep(struct tx *tx, int limit, bool *more, struct fault *f)
{
	static const char *const sweeps[] = {
	    "DELETE FROM sign_in_link WHERE hash IN (SELECT hash FROM "
	    "sign_in_link WHERE expires_ms < ?1 LIMIT ?2)",
	    "DELETE FROM nonce WHERE value IN (SELECT value FROM nonce "
	    "WHERE expires_ms < ?1 LIMIT ?2)",
	    "DELETE FROM download WHERE hash IN (SELECT hash FROM "
	    "download WHERE expires_ms < ?1 LIMIT ?2)",
	};
	long long n = 0;
	enum rc rc = RC_OK;

	*more = false;
	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(sweeps); i++) {
		rc = db_run(tx->db, f, &n, sweeps[i], "ii",
		    tx->now_ms - KEPT_MS, (long long)limit);
		*more |= rc == RC_OK && n == limit;
	}
	return rc;
}
