#include "audit.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/id.h"
#include "lib/json.h"
#include "lib/json_out.h"

static void
link_hash(const unsigned char before[CRYPTO_SHA256], const char *event,
    size_t len, unsigned char out[CRYPTO_SHA256])
{
	const struct crypto_part parts[] = {
	    {before, CRYPTO_SHA256},
	    {event, len},
	};

	crypto_sha256_parts(parts, ARRAY_LEN(parts), out);
}

/* The end of the chain is read anew in each batch: the command line may have
 * written between two of ours. */
static enum rc
chain_load(struct tx *tx, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	CLEANUP(arena_drop) struct arena *a = arena_new();
	size_t len;
	const void *hash;
	enum rc rc = db_one(tx->db, f, &rows,
	    "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1", "");

	if (rc == RC_STORE) {
		return rc;
	}
	memset(tx->chain->hash, 0, CRYPTO_SHA256);
	if (rc == RC_OK) {
		hash = db_get_blob(rows, 0, a, &len);
		if (hash == NULL || len != CRYPTO_SHA256) {
			return fault_set(f, RC_STORE, "",
			    "the audit trail is damaged at its end");
		}
		memcpy(tx->chain->hash, hash, CRYPTO_SHA256);
	}
	tx->chain->loaded = true;
	return RC_OK;
}

/* The canonical form (RFC 8785): members in the order of their names. */
static const char *
event_text(struct tx *tx, const char *intent_id, const char *type,
    const char *actor, const char *data, size_t *len)
{
	struct json_out o;
	char id[ID_SIZE], at[CLOCK_ISO_SIZE];

	id_next(tx->ids, tx->now_ms, "evt_", id);
	json_out_init(&o, tx->scratch);
	json_out_object(&o, NULL);
	json_out_text(&o, "actor", actor);
	json_out_text(&o, "at", clock_iso(tx->now_ms, at));
	json_out_raw(&o, "data", data, data != NULL ? strlen(data) : 0);
	json_out_text(&o, "id", id);
	json_out_text(&o, "intent", intent_id);
	json_out_text(&o, "type", type);
	json_out_end(&o);
	return json_out_finish(&o, len);
}

enum rc
audit_add_text(struct tx *tx, const char *intent_id, const char *type,
    const char *actor, const char *data, struct fault *f)
{
	unsigned char hash[CRYPTO_SHA256];
	size_t len;
	const char *event = event_text(tx, intent_id, type, actor, data, &len);
	enum rc rc;

	if (!tx->chain->loaded) {
		rc = chain_load(tx, f);
		if (rc != RC_OK) {
			return rc;
		}
	}
	link_hash(tx->chain->hash, event, len, hash);
	rc = db_run(tx->db, f, NULL,
	    "INSERT INTO audit (intent_id, event, hash) VALUES (?1, ?2, ?3)",
	    "ttb", intent_id, event, hash, sizeof(hash));
	if (rc != RC_OK) {
		return rc;
	}
	memcpy(tx->chain->hash, hash, CRYPTO_SHA256);
	if (intent_id != NULL) {
		store_touch(tx, intent_id); /* its trail is part of it */
	}
	return RC_OK;
}

enum rc
audit_add(struct tx *tx, const char *intent_id, const char *type,
    const char *actor, json_t *data, struct fault *f)
{
	size_t len;
	const char *text =
	    data != NULL ? json_canonical(tx->scratch, data, &len) : NULL;

	json_decref(data);
	return audit_add_text(tx, intent_id, type, actor, text, f);
}

enum rc
audit_list(struct db *db, const char *intent_id, long long after, int limit,
    struct arena *a, struct audit_event **out, int *n, struct fault *f)
{
	static const char one[] =
	    "SELECT seq, event FROM audit WHERE intent_id = ?1 AND seq > ?2 "
	    "ORDER BY seq LIMIT ?3";
	static const char all[] =
	    "SELECT seq, event FROM audit WHERE ?1 IS NULL AND seq > ?2 "
	    "ORDER BY seq LIMIT ?3";
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	enum rc rc = db_query(db, f, &rows, intent_id != NULL ? one : all,
	    "tii", intent_id, after, (long long)limit);

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	if (rc != RC_OK) {
		return rc;
	}
	while ((rc = db_next(rows, f)) == RC_OK) {
		(*out)[(*n)++] = (struct audit_event){
		    .seq = db_get_int(rows, 0),
		    .event = db_get_text(rows, 1, a),
		};
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
verify_row(struct db_rows *rows, struct arena *a, long long expected,
    unsigned char before[CRYPTO_SHA256], long long *seq, struct fault *f)
{
	unsigned char hash[CRYPTO_SHA256];
	const char *event = db_get_text(rows, 1, a);
	size_t len;
	const void *stored = db_get_blob(rows, 2, a, &len);

	*seq = expected;
	if (db_get_int(rows, 0) != expected) {
		return fault_set(f, RC_INVALID, "audit",
		    "record %lld is missing", expected);
	}
	if (event == NULL || stored == NULL || len != CRYPTO_SHA256) {
		return fault_set(f, RC_INVALID, "audit",
		    "record %lld is incomplete", expected);
	}
	link_hash(before, event, strlen(event), hash);
	if (memcmp(hash, stored, CRYPTO_SHA256) != 0) {
		return fault_set(f, RC_INVALID, "audit",
		    "record %lld was changed, or one before it", expected);
	}
	memcpy(before, hash, CRYPTO_SHA256);
	return RC_OK;
}

/* The store numbers events without gaps and remembers the last number. */
static enum rc
last_written(struct db *db, long long *out, struct fault *f)
{
	enum rc rc = db_int(db, f, out,
	    "SELECT seq FROM sqlite_sequence WHERE name = 'audit'", "");

	if (rc == RC_NOT_FOUND) {
		*out = 0;
		return RC_OK;
	}
	return rc;
}

static enum rc
verify_end(long long events, long long last, long long *seq, struct fault *f)
{
	if (events < last) {
		*seq = events + 1;
		return fault_set(f, RC_INVALID, "audit",
		    "record %lld is missing: the trail ends before it, but "
		    "%lld were written",
		    events + 1, last);
	}
	return RC_OK;
}

enum rc
audit_verify(struct db *db, long long *events, long long *seq, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	CLEANUP(arena_drop) struct arena *a = arena_new();
	unsigned char before[CRYPTO_SHA256] = {0};
	long long last;
	/* Asked first: a daemon that runs writes on while we read. */
	enum rc rc = last_written(db, &last, f);

	if (rc == RC_OK) {
		rc = db_query(db, f, &rows,
		    "SELECT seq, event, hash FROM audit ORDER BY seq", "");
	}
	*events = 0;
	*seq = 0;
	while (rc == RC_OK) {
		rc = db_next(rows, f);
		if (rc == RC_NOT_FOUND) {
			return verify_end(*events, last, seq, f);
		}
		if (rc == RC_OK) {
			rc = verify_row(rows, a, *events + 1, before, seq, f);
		}
		if (rc == RC_OK) {
			(*events)++;
		}
		arena_reset(a);
	}
	return rc;
}
