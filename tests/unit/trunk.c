#include "trunk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_faulty.h"
#include "lib/mem.h"

static enum rc
make_agent(struct tx *tx, void *arg)
{
	struct trunk *t = arg;
	struct fault f = {0};

	t->agent = (struct agent){.name = "bot", .owner = "omar"};
	return agent_register(tx, &t->agent, t->arena, "test", &f);
}

int
trunk_setup(void **state)
{
	struct trunk *t = mem_new(1, sizeof(*t));
	struct vault_options v = {.data_dir = t->dir};
	struct fault f = {0};
	struct db *db;
	char path[80];

	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/assent-trunk-XXXXXX");
	assert(mkdtemp(t->dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/assent.db", t->dir);
	t->arena = arena_new();
	assert(db_sqlite_open(path, DB_WRITE, &db, &f) == RC_OK);
	t->faulty = db_faulty_new(db);
	assert(store_open_db(t->faulty, &t->store, &f) == RC_OK);
	assert(db_sqlite_open(path, DB_READ, &t->reader, &f) == RC_OK);
	assert(vault_new(&v, &t->vault, &f) == RC_OK);
	assert(store_now(t->store, make_agent, t) == RC_OK);
	*state = t;
	return 0;
}

int
trunk_teardown(void **state)
{
	struct trunk *t = *state;
	static const char *const files[] = {"assent.db", "assent.db-wal",
	    "assent.db-shm", "master.key"};
	char path[128];

	db_close(t->reader);
	store_close(t->store);
	vault_free(t->vault);
	arena_free(t->arena);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", t->dir, files[i]);
		(void)unlink(path);
	}
	assert(rmdir(t->dir) == 0);
	free(t);
	return 0;
}

struct submission *
trunk_submission(struct trunk *t, int required)
{
	static const char *people[] = {"dana", "lee", "mo"};
	static const char *excluded[] = {"omar"};
	static const struct ask asks[] = {
	    {.channel = "email",
		.person = "dana",
		.address = "dana@example.com"},
	    {.channel = "email", .person = "lee", .address = "lee@example.com"},
	};
	struct submission *s = arena_alloc(t->arena, sizeof(*s));

	*s = (struct submission){
	    .payload = "{\"to\":\"x\"}",
	    .payload_len = 10,
	    .ttl_s = 3600,
	    .asks = asks,
	    .asks_n = 2,
	    .webhook_url = t->webhooks > 0 ? "https://hooks.example/x" : NULL,
	    .vault = t->vault,
	    .arena = t->arena,
	    .can_be_approved = true,
	    .submitted_data = "{\"agent\":\"x\"}",
	    .checked_data = "{\"result\":\"pending\"}",
	    .verdict = {.state = INTENT_PENDING,
		.step = STEP_DEFAULT,
		.reason = "Awaiting review",
		.code = "manual_review_required"},
	    .asked = {.version = 1,
		.dialect = "zehrava",
		.agent_id = t->agent.id,
		.agent_name = "bot",
		.owner = "omar",
		.destination = "mail.send",
		.policy_id = "human",
		.policy_version = "v1",
		.payload_bytes = 10,
		.payload_sha256 = "aa",
		.digest = "dd",
		.chosen = -1,
		.risk = {.level = "low"},
		.options = {{"Approve", OUTCOME_APPROVE},
		    {"Deny", OUTCOME_DENY}, {"Later", OUTCOME_OTHER}},
		.options_n = 3,
		.plan = {.approvers = {people, 3},
		    .excluded = {excluded, 1},
		    .required = required,
		    .deny_threshold = 1}},
	};
	return s;
}

const char *
trunk_submit(struct trunk *t, int required)
{
	struct submission *s = trunk_submission(t, required);

	assert(store_now(t->store, intent_submit, s) == RC_OK);
	return arena_strdup(t->arena, s->intent.id);
}

struct deciding *
trunk_answer(struct trunk *t, const char *intent, const char *person,
    enum outcome outcome)
{
	struct deciding *w = arena_alloc(t->arena, sizeof(*w));

	w->arena = t->arena;
	w->decision = (struct decision){.intent_id = intent,
	    .person = person,
	    .name = person,
	    .known = true,
	    .via = "api",
	    .assurance = "key",
	    .option = -1,
	    .outcome = outcome};
	return w;
}

struct intent
trunk_read(struct trunk *t, const char *id)
{
	struct intent in;
	struct fault f = {0};

	assert(store_intent_get(t->reader, id, t->arena, &in, &f) == RC_OK);
	return in;
}

long long
trunk_count(struct trunk *t, const char *sql)
{
	long long n = -1;
	struct fault f = {0};

	assert(db_int(t->reader, &f, &n, sql, "") == RC_OK);
	return n;
}
