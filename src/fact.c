#include "fact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int fact_decision_le_s[FACT_DECISION_BUCKETS] = {5, 15, 60, 300, 900,
    3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600};

static enum rc
add(struct tx *tx, const char *name, long long delta, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO fact (name, value) VALUES (?1, ?2) "
	    "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
	    "ti", name, delta);
}

enum rc
fact_moved(struct tx *tx, enum intent_state from, enum intent_state to,
    struct fault *f)
{
	char name[40];
	enum rc rc = RC_OK;

	if (from != INTENT_STATES) {
		(void)snprintf(name, sizeof(name), "state.%s",
		    intent_state_name(from));
		rc = add(tx, name, -1, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	(void)snprintf(name, sizeof(name), "state.%s", intent_state_name(to));
	return add(tx, name, 1, f);
}

enum rc
fact_executed(struct tx *tx, enum execution_state from, enum execution_state to,
    struct fault *f)
{
	char name[40];
	enum rc rc = RC_OK;

	if (from != EXECUTION_NONE) {
		(void)snprintf(name, sizeof(name), "execution.%s",
		    execution_state_name(from));
		rc = add(tx, name, -1, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	(void)snprintf(name, sizeof(name), "execution.%s",
	    execution_state_name(to));
	return add(tx, name, 1, f);
}

enum rc
fact_decided(struct tx *tx, bool approved, long long took_ms, struct fault *f)
{
	char name[40];
	int bucket = 0;
	enum rc rc = add(tx, "decision_ms", took_ms, f);

	if (rc == RC_OK) {
		rc = add(tx, "decisions", 1, f);
	}
	if (rc == RC_OK && approved) {
		rc = add(tx, "approval_ms", took_ms, f);
	}
	if (rc == RC_OK && approved) {
		rc = add(tx, "approvals", 1, f);
	}
	while (bucket < FACT_DECISION_BUCKETS &&
	    took_ms > fact_decision_le_s[bucket] * 1000LL) {
		bucket++;
	}
	if (rc != RC_OK || bucket == FACT_DECISION_BUCKETS) {
		return rc;
	}
	(void)snprintf(name, sizeof(name), "decision_le.%d",
	    fact_decision_le_s[bucket]);
	return add(tx, name, 1, f);
}

enum rc
fact_duplicate(struct tx *tx, struct fault *f)
{
	return add(tx, "duplicates", 1, f);
}

static void
sum_state(const char *word, long long n, struct fact_sums *out)
{
	enum intent_state state;

	if (intent_state_parse(word, &state) == RC_OK) {
		out->api.by_state[state] = n;
	}
}

static void
sum_execution(const char *word, long long n, struct fact_sums *out)
{
	enum execution_state state;

	if (execution_state_parse(word, &state) == RC_OK) {
		out->api.by_execution[state] = n;
	}
}

static void
sum_bucket(const char *word, long long n, struct fact_sums *out)
{
	for (int i = 0; i < FACT_DECISION_BUCKETS; i++) {
		if (strtol(word, NULL, 10) == fact_decision_le_s[i]) {
			out->decision_buckets[i] = n;
		}
	}
}

static void
sum_one(const char *name, long long n, struct fact_sums *out)
{
	static const struct {
		const char *prefix;
		void (*take)(const char *, long long, struct fact_sums *);
	} groups[] = {
	    {"state.", sum_state},
	    {"execution.", sum_execution},
	    {"decision_le.", sum_bucket},
	};

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		size_t len = strlen(groups[i].prefix);

		if (strncmp(name, groups[i].prefix, len) == 0) {
			groups[i].take(name + len, n, out);
			return;
		}
	}
	if (strcmp(name, "duplicates") == 0) {
		out->api.duplicates = n;
	} else if (strcmp(name, "approvals") == 0) {
		out->api.decided = n;
	} else if (strcmp(name, "approval_ms") == 0) {
		out->api.approval_ms_avg = (double)n;
	} else if (strcmp(name, "decisions") == 0) {
		out->decisions = n;
	} else if (strcmp(name, "decision_ms") == 0) {
		out->decision_s_sum = (double)n / 1000;
	}
}

enum rc
fact_sums(struct db *db, struct fact_sums *out, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	CLEANUP(arena_drop) struct arena *a = arena_new();
	enum rc rc = db_query(db, f, &r, "SELECT name, value FROM fact", "");

	*out = (struct fact_sums){0};
	while (rc == RC_OK && (rc = db_next(r, f)) == RC_OK) {
		sum_one(db_get_text(r, 0, a), db_get_int(r, 1), out);
	}
	if (out->api.decided > 0) {
		out->api.approval_ms_avg /= (double)out->api.decided;
	} else {
		out->api.approval_ms_avg = -1;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
fact_text(struct db *db, const char *name, struct arena *a, const char **out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r, "SELECT value FROM fact WHERE name = ?1",
	    "t", name);

	if (rc == RC_OK) {
		*out = db_get_text(r, 0, a);
	}
	return rc;
}

enum rc
fact_set_text(struct tx *tx, const char *name, const char *value,
    struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO fact (name, value) VALUES (?1, ?2) "
	    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    "tt", name, value);
}
