#include "agent.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "lib/crypto.h"
#include "lib/random.h"
#include "store_json.h"

const char *const key_class_words[] = {"agent", "reviewer", "admin", NULL};
const char *const agent_status_words[] = {"active", "suspended", "revoked",
    NULL};

#define AGENT_COLUMNS \
	"id, name, owner, risk_tier, framework, allowed_policies, " \
	"allowed_destinations, metadata, status, pending, created_ms"
#define KEY_COLUMNS \
	"id, class, name, agent_id, person, dialect, scopes, rate_limit, " \
	"created_ms, revoked_ms, quota"

static enum rc
word_read(const char *word, const char *const *words, int *out, struct fault *f)
{
	for (int i = 0; word != NULL && words[i] != NULL; i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = i;
			return RC_OK;
		}
	}
	return fault_set(f, RC_STORE, "",
	    "the database holds a word that is not known");
}

static enum rc
agent_read(struct db_rows *r, struct arena *a, struct agent *out,
    struct fault *f)
{
	int status = 0;
	enum rc rc =
	    word_read(db_get_text(r, 8, a), agent_status_words, &status, f);

	*out = (struct agent){
	    .id = db_get_text(r, 0, a),
	    .name = db_get_text(r, 1, a),
	    .owner = db_get_text(r, 2, a),
	    .risk_tier = db_get_text(r, 3, a),
	    .framework = db_get_text(r, 4, a),
	    .metadata = db_get_text(r, 7, a),
	    .status = (enum agent_status)status,
	    .pending = db_get_int(r, 9),
	    .created_ms = db_get_int(r, 10),
	};
	store_json_strings(db_get_text(r, 5, a), a, &out->allowed_policies);
	store_json_strings(db_get_text(r, 6, a), a, &out->allowed_destinations);
	return rc;
}

static enum rc
key_read(struct db_rows *r, struct arena *a, struct key *out, struct fault *f)
{
	int class = 0;
	enum rc rc =
	    word_read(db_get_text(r, 1, a), key_class_words, &class, f);

	*out = (struct key){
	    .id = db_get_text(r, 0, a),
	    .class = (enum key_class) class,
	    .name = db_get_text(r, 2, a),
	    .agent_id = db_get_text(r, 3, a),
	    .person = db_get_text(r, 4, a),
	    .dialect = db_get_text(r, 5, a),
	    .rate_limit = db_get_int(r, 7),
	    .created_ms = db_get_int(r, 8),
	    .revoked = !db_is_null(r, 9),
	    .quota = db_get_text(r, 10, a),
	};
	store_json_strings(db_get_text(r, 6, a), a, &out->scopes);
	return rc;
}

enum rc
agent_register(struct tx *tx, struct agent *ag, struct arena *a, const char *by,
    struct fault *f)
{
	char id[ID_SIZE];
	enum rc rc;

	id_next(tx->ids, tx->now_ms, "agt_", id);
	ag->id = arena_strdup(a, id);
	ag->status = AGENT_ACTIVE;
	ag->created_ms = tx->now_ms;
	rc = db_run(tx->db, f, NULL,
	    "INSERT INTO agent (" AGENT_COLUMNS ") VALUES "
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,0,?10)",
	    "ttttttttti", ag->id, ag->name, ag->owner, ag->risk_tier,
	    ag->framework, store_json_of_strings(a, &ag->allowed_policies),
	    store_json_of_strings(a, &ag->allowed_destinations), ag->metadata,
	    agent_status_words[ag->status], ag->created_ms);
	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, NULL, "agent_registered", by,
	    json_pack("{s:s, s:s, s:s?}", "agent", ag->id, "name", ag->name,
		"owner", ag->owner),
	    f);
}

enum rc
agent_set_status(struct tx *tx, const char *id, enum agent_status status,
    const char *by, struct fault *f)
{
	struct arena *a = tx->scratch;
	struct agent ag;
	enum rc rc = agent_get(tx->db, id, a, &ag, f);

	if (rc != RC_OK) {
		return rc;
	}
	if (ag.status == AGENT_REVOKED && status != AGENT_REVOKED) {
		return fault_set(f, RC_CONFLICT, "id",
		    "a revoked agent stays revoked; register it again");
	}
	rc = db_run(tx->db, f, NULL,
	    "UPDATE agent SET status = ?2 WHERE id = ?1", "tt", id,
	    agent_status_words[status]);
	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, NULL,
	    status == AGENT_REVOKED ? "agent_revoked" : "agent_suspended", by,
	    json_pack("{s:s}", "agent", id), f);
}

/* The key's text says nothing; 192 random bits (OWASP ASVS 5.0 6.5.3). */
static void
secret_make(const char *prefix, char secret[AGENT_KEY_SIZE],
    char hash[CRYPTO_SHA256_HEX])
{
	char hex[2 * 24 + 1];

	random_hex(hex, 24);
	(void)snprintf(secret, AGENT_KEY_SIZE, "%s%s",
	    prefix != NULL ? prefix : "gate_sk_", hex);
	crypto_sha256_hex(secret, strlen(secret), hash);
	crypto_wipe(hex, sizeof(hex));
}

static enum rc
key_agent(struct tx *tx, struct key *k, struct arena *a, const char *by,
    struct fault *f)
{
	struct agent ag = {.name = k->name, .owner = k->person};
	enum rc rc;

	if (k->class != KEY_AGENT) {
		k->agent_id = NULL;
		return RC_OK;
	}
	if (k->agent_id != NULL) {
		return agent_get(tx->db, k->agent_id, a, &ag, f);
	}
	rc = agent_register(tx, &ag, a, by, f);
	k->agent_id = ag.id;
	k->person = NULL; /* it is the agent's owner, not who carries the key */
	return rc;
}

enum rc
key_create(struct tx *tx, struct key *k, struct arena *a, const char *by,
    char secret[AGENT_KEY_SIZE], struct fault *f)
{
	char id[ID_SIZE], hash[CRYPTO_SHA256_HEX];
	enum rc rc = key_agent(tx, k, a, by, f);

	if (rc != RC_OK) {
		return rc;
	}
	secret_make(k->prefix, secret, hash);
	id_next(tx->ids, tx->now_ms, "key_", id);
	k->id = arena_strdup(a, id);
	k->created_ms = tx->now_ms;
	rc = db_run(tx->db, f, NULL,
	    "INSERT INTO key (" KEY_COLUMNS ", hash) VALUES "
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,NULL,?10,?11)",
	    "tttttttiitt", k->id, key_class_words[k->class], k->name,
	    k->agent_id, k->person, k->dialect,
	    store_json_of_strings(a, &k->scopes), k->rate_limit, k->created_ms,
	    k->quota, hash);
	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, NULL, "key_created", by,
	    json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s*}", "key", k->id,
		"class", key_class_words[k->class], "name", k->name, "agent",
		k->agent_id, "person", k->person, "plan", k->quota),
	    f);
}

enum rc
key_revoke(struct tx *tx, const char *id, const char *by, struct fault *f)
{
	struct arena *a = tx->scratch;
	struct key k;
	enum rc rc = key_get(tx->db, id, a, &k, f);

	if (rc != RC_OK || k.revoked) {
		return rc;
	}
	rc = db_run(tx->db, f, NULL,
	    "UPDATE key SET revoked_ms = ?2 WHERE id = ?1", "ti", id,
	    tx->now_ms);
	if (rc != RC_OK) {
		return rc;
	}
	return audit_add(tx, NULL, "key_revoked", by,
	    json_pack("{s:s}", "key", id), f);
}

enum rc
agent_add_pending(struct tx *tx, const char *id, int delta, struct fault *f)
{
	struct agent ag;
	long long n = 0;
	enum rc rc = db_run(tx->db, f, &n,
	    "UPDATE agent SET pending = pending + ?2 WHERE id = ?1 AND "
	    "(?2 < 0 OR (status = 'active' AND pending + ?2 <= ?3))",
	    "tii", id, (long long)delta, (long long)INTENT_PENDING_MAX);

	if (rc != RC_OK || n == 1) {
		return rc;
	}
	rc = agent_get(tx->db, id, tx->scratch, &ag, f);
	if (rc != RC_OK) {
		return rc;
	}
	if (ag.status != AGENT_ACTIVE) {
		return fault_set(f, RC_FORBIDDEN, "agent", "the agent is %s",
		    agent_status_words[ag.status]);
	}
	(void)fault_set(f, RC_LIMITED, "agent",
	    "%lld intents of this agent wait for a decision; that is the "
	    "maximum",
	    ag.pending);
	f->retry_after_s = 60;
	return fault_reason(f, "too_many_pending");
}

enum rc
agent_get(struct db *db, const char *id, struct arena *a, struct agent *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " AGENT_COLUMNS " FROM agent WHERE id = ?1", "t", id);

	if (rc == RC_NOT_FOUND) {
		return fault_set(f, rc, "agent", "Agent not found");
	}
	return rc == RC_OK ? agent_read(r, a, out, f) : rc;
}

enum rc
agent_list(struct db *db, const char *after, int limit, struct arena *a,
    struct agent **out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT " AGENT_COLUMNS " FROM agent WHERE ?1 IS NULL OR id > ?1 "
	    "ORDER BY id LIMIT ?2",
	    "ti", after, (long long)limit);

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		rc = agent_read(r, a, &(*out)[(*n)++], f);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
key_list(struct db *db, const char *after, int limit, struct arena *a,
    struct key **out, int *n, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_query(db, f, &r,
	    "SELECT " KEY_COLUMNS " FROM key WHERE ?1 IS NULL OR id > ?1 "
	    "ORDER BY id LIMIT ?2",
	    "ti", after, (long long)limit);

	*out = arena_array(a, (size_t)limit, sizeof(**out));
	*n = 0;
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		assert(*n < limit);
		rc = key_read(r, a, &(*out)[(*n)++], f);
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
key_get(struct db *db, const char *id, struct arena *a, struct key *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " KEY_COLUMNS " FROM key WHERE id = ?1", "t", id);

	if (rc == RC_NOT_FOUND) {
		return fault_set(f, rc, "id", "Key not found");
	}
	return rc == RC_OK ? key_read(r, a, out, f) : rc;
}

enum rc
key_by_hash(struct db *db, const char *hash, struct arena *a, struct key *out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT " KEY_COLUMNS " FROM key WHERE hash = ?1", "t", hash);

	return rc == RC_OK ? key_read(r, a, out, f) : rc;
}
