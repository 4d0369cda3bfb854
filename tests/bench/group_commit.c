/*
 * group_commit: what SQLite itself can do with the rows of a submit.
 *
 * Inserts the rows that one waiting intent makes (the intent with its sealed
 * payload, two audit events, the counters), so many to a commit, with
 * statements prepared once and everything bound ready-made: no HTTP, no JSON,
 * no policy, no digests. So many agents ask in turn, because the index of
 * their intents then grows in as many places. Prints "RATE n" in intents a
 * second.
 *
 *	group_commit FOLDER BATCH SECONDS AGENTS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "lib/clock.h"
#include "lib/id.h"
#include "lib/random.h"

enum { PAYLOAD = 128, EVENT = 420 };

static const char insert_intent[] =
    "INSERT INTO intent (id, version, dialect, agent_id, agent_name, owner, "
    "destination, policy_id, policy_version, payload_bytes, payload_sha256, "
    "digest, tags, metadata, title, urgency, options, risk_score, risk_level, "
    "risk_factors, plan, required, verdict, verdict_reason, verdict_code, "
    "state, chosen, reason, created_ms, expires_ms, settled_ms, approvals, "
    "denials, execution, purged, payload) VALUES (?1, 1, 'zehrava', ?2, "
    "'bench', NULL, 'stripe.refund', 'refund', ?3, 99, ?3, ?3, '[]', "
    "'{\"environment\":\"production\"}', 'Refund order 7', 1, "
    "'[[\"Approve\",0],[\"Deny\",1]]', 0.35, 'medium', "
    "'[\"high_risk_destination\"]', ?4, 1, 'pending', "
    "'Policy requires human approval', 'manual_review_required', 'pending', "
    "-1, 'Policy requires human approval', ?5, ?6, 0, 0, 0, 'none', 0, ?7)";

struct rows {
	struct db *db;
	int agents;
	int turn; /* of which agent the next intent is */
	struct id_source ids;
	unsigned char payload[PAYLOAD];
	char event[EVENT + 1];
	char hash[65];
};

static void
agent_id(int i, char out[ID_SIZE])
{
	(void)snprintf(out, ID_SIZE, "agt_%016x", i);
}

static enum rc
one(struct rows *r, struct fault *f)
{
	static const char plan[] =
	    "{\"approvers\":[],\"channels\":[],\"excluded\":[],\"open\":true,"
	    "\"deny\":1,\"reason\":false}";
	long long now = clock_now_ms();
	char id[ID_SIZE], agent[ID_SIZE];
	enum rc rc;

	agent_id(r->turn++ % r->agents, agent);
	id_next(&r->ids, now, "int_", id);
	rc = db_run(r->db, f, NULL, insert_intent, "ttttiib", id, agent,
	    r->hash, plan, now, now + 3600000, r->payload, sizeof(r->payload));
	for (int i = 0; rc == RC_OK && i < 2; i++) {
		rc = db_run(r->db, f, NULL,
		    "INSERT INTO audit (intent_id, event, hash) "
		    "VALUES (?1, ?2, ?3)",
		    "ttb", id, r->event, r->hash, (size_t)32);
	}
	if (rc == RC_OK) {
		rc = db_run(r->db, f, NULL,
		    "UPDATE agent SET pending = pending + 1 WHERE id = ?1", "t",
		    agent);
	}
	if (rc == RC_OK) {
		rc = db_run(r->db, f, NULL,
		    "INSERT INTO fact (name, value) VALUES (?1, 1) ON CONFLICT "
		    "(name) DO UPDATE SET value = value + excluded.value",
		    "t", "state.pending");
	}
	return rc;
}

static enum rc
batch(struct rows *r, int n, struct fault *f)
{
	enum rc rc = db_begin(r->db, f);

	for (int i = 0; rc == RC_OK && i < n; i++) {
		rc = one(r, f);
	}
	return rc == RC_OK ? db_commit(r->db, f) : rc;
}

static enum rc
add_agents(struct rows *r, struct fault *f)
{
	enum rc rc = db_begin(r->db, f);

	for (int i = 0; rc == RC_OK && i < r->agents; i++) {
		char id[ID_SIZE];

		agent_id(i, id);
		rc = db_run(r->db, f, NULL,
		    "INSERT INTO agent (id, name, allowed_policies, "
		    "allowed_destinations, status, pending, created_ms) VALUES "
		    "(?1, 'bench', '[]', '[]', 'active', 0, 0)",
		    "t", id);
	}
	return rc == RC_OK ? db_commit(r->db, f) : rc;
}

int
main(int argc, char **argv)
{
	struct rows r = {.hash = {0}};
	struct fault f = {0};
	char path[4096];
	long long start, end, done = 0;
	int n = argc == 5 ? atoi(argv[2]) : 0;
	enum rc rc;

	r.agents = argc == 5 ? atoi(argv[4]) : 0;
	if (n < 1 || r.agents < 1) {
		fprintf(stderr,
		    "usage: group_commit FOLDER BATCH SECONDS AGENTS\n");
		return 2;
	}
	(void)snprintf(path, sizeof(path), "%s/group_commit.db", argv[1]);
	random_bytes(r.payload, sizeof(r.payload));
	random_hex(r.hash, 32);
	memset(r.event, 'e', EVENT);
	rc = db_sqlite_open(path, DB_WRITE, &r.db, &f);
	if (rc == RC_OK) {
		rc = add_agents(&r, &f);
	}
	start = clock_mono_us();
	end = start + atoll(argv[3]) * 1000000;
	while (rc == RC_OK && clock_mono_us() < end) {
		rc = batch(&r, n, &f);
		done += n;
	}
	if (rc != RC_OK) {
		fprintf(stderr, "group_commit: %s\n", f.text);
		return 1;
	}
	printf("RATE %.0f\n",
	    (double)done * 1e6 / (double)(clock_mono_us() - start));
	db_close(r.db);
	return 0;
}
