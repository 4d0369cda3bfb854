#include "execution.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "delivery.h"
#include "fact.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lifecycle.h"
#include "store_execution.h"
#include "store_intent.h"

static enum rc
may_lease(struct tx *tx, const struct leasing *l, const struct intent *in,
    struct fault *f)
{
	if (strcmp(in->agent_id, l->agent_id) != 0) {
		return fault_set(f, RC_FORBIDDEN, "id",
		    "this intent belongs to another agent");
	}
	if (in->state == INTENT_APPROVED && in->execution != EXECUTION_NONE) {
		return fault_set(f, RC_CONFLICT, "state",
		    "it was executed before");
	}
	if (in->state == INTENT_EXPIRED ||
	    (in->state == INTENT_APPROVED && tx->now_ms >= in->expires_ms)) {
		return fault_set(f, RC_EXPIRED, "state",
		    "the time to execute it is over");
	}
	if (in->state != INTENT_APPROVED) {
		return fault_set(f, RC_CONFLICT, "state", "it is %s",
		    intent_state_name(in->state));
	}
	if (l->payload_sha256 != NULL &&
	    strcmp(l->payload_sha256, in->payload_sha256) != 0) {
		(void)fault_set(f, RC_CONFLICT, "payload_sha256",
		    "this is not the payload that was approved");
		return fault_reason(f, "payload_mismatch");
	}
	return RC_OK;
}

static void
token_make(struct arena *a, struct execution *ex, char hash[CRYPTO_SHA256_HEX])
{
	char hex[2 * 20 + 1];

	random_hex(hex, 20);
	ex->token = arena_printf(a, "gex_%s", hex);
	crypto_sha256_hex(ex->token, strlen(ex->token), hash);
}

static void
lease_fill(struct tx *tx, const struct leasing *l, const struct intent *in,
    struct execution *ex)
{
	*ex = (struct execution){
	    .intent_id = in->id,
	    .agent_id = in->agent_id,
	    .destination = in->destination,
	    .payload_sha256 = in->payload_sha256,
	    .mode = l->mode,
	    .state = EXECUTION_LEASED,
	    .leased_ms = tx->now_ms,
	    .lease_until_ms = tx->now_ms + EXECUTION_LEASE_S * 1000LL,
	};
	id_next(tx->ids, tx->now_ms, "exe_", ex->id);
}

static enum rc
lease_store(struct tx *tx, struct leasing *l, struct intent *in,
    struct execution *ex, struct fault *f)
{
	char hash[CRYPTO_SHA256_HEX];
	enum rc rc;

	token_make(l->arena, ex, hash);
	in->execution_id = ex->id;
	if (!lifecycle_execution_next(in->execution, ON_LEASE,
		&in->execution)) {
		return fault_set(f, RC_CONFLICT, "state", "not possible");
	}
	rc = store_intent_execution(tx, in, EXECUTION_NONE, f);
	if (rc == RC_OK) {
		rc = fact_executed(tx, EXECUTION_NONE, EXECUTION_LEASED, f);
	}
	if (rc == RC_OK) {
		rc = store_execution_insert(tx, ex, hash, f);
	}
	if (rc == RC_OK) {
		rc = audit_add(tx, in->id, "execution_leased", l->agent_name,
		    json_pack("{s:s, s:s, s:s}", "execution", ex->id, "mode",
			ex->mode, "payload_sha256", in->payload_sha256),
		    f);
	}
	store_touch(tx, in->id);
	store_wake_by(tx, ex->lease_until_ms);
	return rc == RC_OK ? RC_OK : RC_STORE;
}

enum rc
execution_lease(struct tx *tx, void *arg)
{
	struct leasing *l = arg;
	struct fault *f = &l->fault;
	enum rc rc;

	*f = (struct fault){0};
	l->intent = (struct intent){0};
	rc = store_intent_get(tx->db, l->intent_id, l->arena, &l->intent, f);
	if (rc != RC_OK) {
		return rc == RC_NOT_FOUND
		    ? fault_set(f, rc, "id", "Intent not found")
		    : rc;
	}
	rc = may_lease(tx, l, &l->intent, f);
	if (rc != RC_OK) {
		return rc;
	}
	lease_fill(tx, l, &l->intent, &l->execution);
	return lease_store(tx, l, &l->intent, &l->execution, f);
}

/* The outcome in both rows, the audit and the outbox. */
static enum rc
end(struct tx *tx, struct execution *ex, enum execution_event ev,
    const char *actor, struct arena *a, struct fault *f)
{
	struct intent in;
	json_t *result = ex->result != NULL
	    ? json_loads(ex->result, JSON_DECODE_ANY, NULL)
	    : NULL;
	char type[40];
	enum rc rc = store_intent_get(tx->db, ex->intent_id, a, &in, f);

	if (rc == RC_OK &&
	    !lifecycle_execution_next(ex->state, ev, &ex->state)) {
		rc = RC_CONFLICT;
	}
	if (rc == RC_OK) {
		assert(in.execution == EXECUTION_LEASED);
		in.execution = ex->state;
		ex->reported_ms = tx->now_ms;
		rc = store_execution_end(tx, ex, f);
	}
	if (rc == RC_OK) {
		rc = store_intent_execution(tx, &in, EXECUTION_LEASED, f);
	}
	if (rc == RC_OK) {
		rc = fact_executed(tx, EXECUTION_LEASED, ex->state, f);
	}
	(void)snprintf(type, sizeof(type), "execution_%s",
	    execution_state_name(ex->state));
	if (rc != RC_OK) {
		json_decref(result);
		return RC_STORE;
	}
	rc = audit_add(tx, in.id, type, actor,
	    json_pack("{s:s, s:o?}", "execution", ex->id, "result", result), f);
	if (rc == RC_OK) {
		rc = delivery_owe_webhooks(tx, in.id, type, f);
	}
	if (rc == RC_OK && ev != ON_LAPSE) {
		rc = store_intent_purge(tx, in.id, f);
	}
	store_touch(tx, in.id);
	log_info("execution %s ended state=%s intent=%s", ex->id,
	    execution_state_name(ex->state), in.id);
	return rc == RC_OK ? RC_OK : RC_STORE;
}

static enum rc
may_report(const struct reporting *r, const struct execution *ex,
    const char *token_hash, struct fault *f)
{
	char hash[CRYPTO_SHA256_HEX];

	if (r->token != NULL) {
		crypto_sha256_hex(r->token, strlen(r->token), hash);
		if (!crypto_equal(hash, token_hash, CRYPTO_SHA256_HEX)) {
			return fault_set(f, RC_UNAUTHENTICATED, "token",
			    "Invalid execution token or API key");
		}
		return RC_OK;
	}
	if (r->agent_id == NULL || strcmp(r->agent_id, ex->agent_id) != 0) {
		return fault_set(f, RC_FORBIDDEN, "id",
		    "this execution belongs to another agent");
	}
	return RC_OK;
}

enum rc
execution_report(struct tx *tx, void *arg)
{
	struct reporting *r = arg;
	struct fault *f = &r->fault;
	const char *hash;
	enum rc rc;

	*f = (struct fault){0};
	rc = store_execution_get(tx->db, r->execution_id, r->arena,
	    &r->execution, &hash, f);
	if (rc == RC_NOT_FOUND) {
		return fault_set(f, rc, "id", "Execution not found");
	}
	if (rc == RC_OK) {
		rc = may_report(r, &r->execution, hash, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (r->execution.state == EXECUTION_LAPSED) {
		return fault_set(f, RC_EXPIRED, "token",
		    "Execution token expired");
	}
	if (r->execution.state != EXECUTION_LEASED) {
		return fault_set(f, RC_CONFLICT, "status",
		    "it was reported already");
	}
	if (tx->now_ms >= r->execution.lease_until_ms) {
		rc = end(tx, &r->execution, ON_LAPSE, "clock", r->arena, f);
		return rc == RC_OK ? fault_set(f, RC_EXPIRED, "token",
					 "Execution token expired")
				   : rc;
	}
	r->execution.result = r->result;
	return end(tx, &r->execution, r->succeeded ? ON_SUCCESS : ON_FAILURE,
	    "runner", r->arena, f);
}

enum rc
execution_lapse(struct tx *tx, const char *id, struct arena *a, struct fault *f)
{
	struct execution ex;
	enum rc rc = store_execution_get(tx->db, id, a, &ex, NULL, f);

	if (rc != RC_OK || ex.state != EXECUTION_LEASED ||
	    tx->now_ms < ex.lease_until_ms) {
		return rc;
	}
	log_warn("execution %s lapsed without a report intent=%s", ex.id,
	    ex.intent_id);
	return end(tx, &ex, ON_LAPSE, "clock", a, f);
}
