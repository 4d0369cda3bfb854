/*
 * The calls about agents, keys and the daemon itself.
 */
#include "api_impl.h"

#include <string.h>

#include "dialect_find.h"
#include "fact.h"
#include "lib/random.h"
#include "link.h"

enum { NONCE_MS = 300 * 1000, KEYS_MAX = 1000 };

/* An agent, or the key of one, being made. */
struct making {
	struct api_request *r;
	struct agent *agent; /* NULL: only a key */
	struct key asked;    /* as it came: a rerun begins from the same */
	struct key key;	     /* as it was made */
	char secret[AGENT_KEY_SIZE];
};

static enum rc
make_job(struct tx *tx, void *arg)
{
	struct making *m = arg;
	struct call *call = &m->r->call;
	const char *by = call->caller.name[0] != '\0' ? call->caller.name
						      : "registration";
	enum rc rc = RC_OK;

	m->key = m->asked;
	if (m->agent != NULL) {
		rc =
		    agent_register(tx, m->agent, call->arena, by, &m->r->fault);
		m->key.agent_id = m->agent->id;
	}
	if (rc == RC_OK) {
		rc = key_create(tx, &m->key, call->arena, by, m->secret,
		    &m->r->fault);
	}
	return rc;
}

static void
made(struct api_request *r)
{
	struct making *m = r->job_arg;
	char secret[VAULT_WEBHOOK_SECRET];

	r->call.secret = m->secret;
	r->call.agents = m->agent;
	r->call.agents_n = m->agent != NULL;
	r->call.keys = &m->key;
	r->call.keys_n = 1;
	if (m->key.agent_id != NULL) {
		vault_webhook_secret(r->api->options.vault, m->key.agent_id,
		    secret);
		r->call.webhook_secret = arena_strdup(r->call.arena, secret);
	}
}

static struct making *
making_new(struct api_request *r)
{
	struct making *m = arena_alloc(r->call.arena, sizeof(*m));

	m->r = r;
	r->job = make_job;
	r->job_arg = m;
	r->after = made;
	return m;
}

/* Existing clients register without a key; only where the network is trusted
 * or the settings say so. It only ever makes agent keys. */
enum rc
api_agent_register(struct api_request *r)
{
	struct making *m = making_new(r);

	if (!r->api->options.open_registration &&
	    (r->call.caller.access & ACCESS_ADMIN) == 0) {
		(void)fault_set(&r->fault, RC_FORBIDDEN, "Authorization",
		    "registering an agent needs an admin key here");
		return fault_reason(&r->fault, "admin_required");
	}
	m->agent = r->call.in;
	m->asked = (struct key){.class = KEY_AGENT,
	    .name = m->agent->name,
	    .dialect = r->call.dialect->name};
	return RC_OK;
}

enum rc
api_key_create(struct api_request *r)
{
	const struct key *in = r->call.in;
	struct making *m;
	CLEANUP(rules_drop) struct policy_set *set =
	    rules_get(r->api->options.rules);

	if (in->class != KEY_AGENT && in->person != NULL &&
	    people_find(policy_set_people(set), in->person) == NULL) {
		return fault_set(&r->fault, RC_INVALID, "person",
		    "there is no person of this id in assent.yaml");
	}
	m = making_new(r);
	m->asked = *in;
	m->asked.prefix = dialect_key_prefix(in->dialect);
	return RC_OK;
}

/* Whom it concerns is looked up anew from the next request on. */
static void
changed(struct api_request *r)
{
	auth_renew(r->api->options.auth);
}

static enum rc
key_revoke_job(struct tx *tx, void *arg)
{
	struct api_request *r = arg;

	return key_revoke(tx, r->call.id, r->call.caller.name, &r->fault);
}

enum rc
api_key_revoke(struct api_request *r)
{
	r->job = key_revoke_job;
	r->job_arg = r;
	r->after = changed;
	return RC_OK;
}

enum rc
api_key_list(struct api_request *r)
{
	struct call *call = &r->call;
	enum rc rc =
	    api_query_int(r, "limit", 1, KEYS_MAX, KEYS_MAX, &call->limit);

	if (rc != RC_OK) {
		return rc;
	}
	rc = key_list(r->api->options.reader, http_query(r->http, "cursor"),
	    (int)call->limit, call->arena, &call->keys, &call->keys_n,
	    &r->fault);
	if (rc == RC_OK && call->keys_n == call->limit) {
		call->cursor = call->keys[call->keys_n - 1].id;
	}
	return rc;
}

enum rc
api_agent_list(struct api_request *r)
{
	struct call *call = &r->call;
	enum rc rc =
	    api_query_int(r, "limit", 1, KEYS_MAX, KEYS_MAX, &call->limit);

	if (rc != RC_OK) {
		return rc;
	}
	rc = agent_list(r->api->options.reader, http_query(r->http, "cursor"),
	    (int)call->limit, call->arena, &call->agents, &call->agents_n,
	    &r->fault);
	if (rc == RC_OK && call->agents_n == call->limit) {
		call->cursor = call->agents[call->agents_n - 1].id;
	}
	return rc;
}

enum rc
api_agent_show(struct api_request *r)
{
	struct agent *ag = arena_alloc(r->call.arena, sizeof(*ag));
	enum rc rc = api_may_see(r, r->call.id);

	if (rc == RC_OK) {
		rc = agent_get(r->api->options.reader, r->call.id,
		    r->call.arena, ag, &r->fault);
	}
	r->call.agents = ag;
	r->call.agents_n = rc == RC_OK;
	return rc;
}

struct status_change {
	struct api_request *r;
	enum agent_status status;
};

static enum rc
agent_status_job(struct tx *tx, void *arg)
{
	struct status_change *c = arg;
	struct call *call = &c->r->call;
	enum rc rc = agent_set_status(tx, call->id, c->status,
	    call->caller.name, &c->r->fault);

	call->agents = arena_alloc(call->arena, sizeof(*call->agents));
	if (rc == RC_OK) {
		rc = agent_get(tx->db, call->id, call->arena, call->agents,
		    &c->r->fault);
	}
	call->agents_n = rc == RC_OK;
	return rc;
}

static enum rc
change_status(struct api_request *r, enum agent_status status)
{
	struct status_change *c = arena_alloc(r->call.arena, sizeof(*c));

	c->r = r;
	c->status = status;
	r->job = agent_status_job;
	r->job_arg = c;
	r->after = changed;
	return RC_OK;
}

enum rc
api_agent_suspend(struct api_request *r)
{
	return change_status(r, AGENT_SUSPENDED);
}

enum rc
api_agent_revoke(struct api_request *r)
{
	return change_status(r, AGENT_REVOKED);
}

static enum rc
nonce_job(struct tx *tx, void *arg)
{
	struct api_request *r = arg;

	r->call.token_until_ms = tx->now_ms + NONCE_MS;
	return nonce_insert(tx, r->call.token, r->call.token_until_ms,
	    &r->fault);
}

enum rc
api_nonce(struct api_request *r)
{
	char hex[2 * 16 + 1];

	random_hex(hex, 16);
	r->call.token = arena_printf(r->call.arena, "non_%s", hex);
	r->job = nonce_job;
	r->job_arg = r;
	return RC_OK;
}

enum rc
api_metrics(struct api_request *r)
{
	struct fact_sums *sums = arena_alloc(r->call.arena, sizeof(*sums));
	enum rc rc = fact_sums(r->api->options.reader, sums, &r->fault);

	r->call.stats = &sums->api;
	return rc;
}

enum rc
api_policies(struct api_request *r)
{
	CLEANUP(rules_drop) struct policy_set *set =
	    rules_get(r->api->options.rules);
	int n = policy_set_count(set);
	const char **ids = arena_array(r->call.arena, (size_t)n, sizeof(*ids));

	for (int i = 0; i < n; i++) {
		ids[i] = arena_strdup(r->call.arena,
		    policy_id(policy_set_at(set, i)));
	}
	r->call.policies = ids;
	r->call.policies_n = n;
	return RC_OK;
}

enum rc
api_about(struct api_request *r)
{
	struct outbox *o = r->api->options.outbox;
	int n = outbox_channels(o);
	const char **names =
	    arena_array(r->call.arena, (size_t)n, sizeof(*names));

	for (int i = 0; i < n; i++) {
		names[i] = outbox_channel(o, i, NULL);
	}
	r->call.channels = names;
	r->call.channels_n = n;
	return api_policies(r);
}

enum rc
api_health(struct api_request *r)
{
	(void)r;
	return RC_OK;
}

enum rc
api_audit_all(struct api_request *r)
{
	struct call *call = &r->call;
	long long after;
	enum rc rc = api_query_int(r, "limit", 1, 1000, 100, &call->limit);

	if (rc == RC_OK) {
		rc = api_query_int(r, "after", 0, 1LL << 53, 0, &after);
	}
	if (rc != RC_OK) {
		return rc;
	}
	return audit_list(r->api->options.reader, NULL, after, (int)call->limit,
	    call->arena, &call->events, &call->events_n, &r->fault);
}

static enum rc
state_word(struct api_request *r, int *out)
{
	const char *word = http_query(r->http, "state");

	*out = -1;
	for (int i = 0; word != NULL && delivery_state_words[i] != NULL; i++) {
		if (strcmp(word, delivery_state_words[i]) == 0) {
			*out = i;
		}
	}
	if (word != NULL && *out < 0) {
		return fault_set(&r->fault, RC_INVALID, "state",
		    "must be one of due, leased, done, dead, dropped");
	}
	return RC_OK;
}

enum rc
api_deliveries(struct api_request *r)
{
	struct call *call = &r->call;
	int state;
	enum rc rc = state_word(r, &state);

	if (rc == RC_OK) {
		rc = api_query_int(r, "limit", 1, API_LIST_MAX, 50,
		    &call->limit);
	}
	if (rc != RC_OK) {
		return rc;
	}
	rc = delivery_list(r->api->options.reader, state,
	    http_query(r->http, "intent"), http_query(r->http, "cursor"),
	    (int)call->limit, call->arena, &call->deliveries,
	    &call->deliveries_n, &r->fault);
	if (rc == RC_OK && call->deliveries_n == call->limit) {
		call->cursor = call->deliveries[call->deliveries_n - 1].id;
	}
	return rc;
}
