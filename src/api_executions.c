/*
 * The calls about what follows an approval: execution, its report, webhooks
 * and the one-time download.
 */
#include "api_impl.h"

#include <string.h>

#include "audit.h"
#include "execution.h"
#include "lib/random.h"
#include "link.h"
#include "store_execution.h"

enum { DOWNLOAD_MS = 15 * 60 * 1000 };

static void
leased(struct api_request *r)
{
	struct leasing *l = r->job_arg;

	r->fault = l->fault;
	r->call.execution = &l->execution;
	if (l->intent.id[0] != '\0') {
		r->call.intents = &l->intent;
		r->call.intents_n = 1;
	}
}

enum rc
api_execute(struct api_request *r)
{
	const struct execute_in *in = r->call.in;
	const struct agent *ag = r->call.caller.agent;
	struct leasing *l = arena_alloc(r->call.arena, sizeof(*l));

	*l = (struct leasing){.intent_id = r->call.id,
	    .agent_id = ag->id,
	    .agent_name = ag->name,
	    .mode = in->mode,
	    .payload_sha256 = in->payload_sha256,
	    .arena = r->call.arena};
	r->job = execution_lease;
	r->job_arg = l;
	r->after = leased;
	return RC_OK;
}

enum rc
api_execution_show(struct api_request *r)
{
	struct execution *ex = arena_alloc(r->call.arena, sizeof(*ex));
	enum rc rc = store_execution_get(r->api->options.reader, r->call.id,
	    r->call.arena, ex, NULL, &r->fault);

	if (rc == RC_NOT_FOUND) {
		return fault_set(&r->fault, rc, "id", "Execution not found");
	}
	r->call.execution = ex;
	return rc == RC_OK ? api_may_see(r, ex->agent_id) : rc;
}

static void
reported(struct api_request *r)
{
	struct reporting *rep = r->job_arg;

	r->fault = rep->fault;
	r->call.execution = &rep->execution;
}

enum rc
api_report(struct api_request *r)
{
	const struct report_in *in = r->call.in;
	const struct caller *c = &r->call.caller;
	struct reporting *rep = arena_alloc(r->call.arena, sizeof(*rep));

	*rep = (struct reporting){.execution_id = r->call.id,
	    .token = arena_strdup(r->call.arena, c->token),
	    .agent_id = c->agent != NULL ? c->agent->id : NULL,
	    .succeeded = in->succeeded,
	    .result = in->result,
	    .arena = r->call.arena};
	r->job = execution_report;
	r->job_arg = rep;
	r->after = reported;
	return RC_OK;
}

struct registering {
	struct api_request *r;
	const struct webhook_in *in;
	char id[ID_SIZE];
};

/* News that came before the endpoint did: it is told at once, alone. */
static enum rc
catch_up(struct tx *tx, const struct intent *in, const struct webhook *w,
    struct fault *f)
{
	char event[40];
	enum rc rc;

	if (in->state == INTENT_PENDING) {
		return RC_OK;
	}
	rc = delivery_owe_webhook(tx, w, intent_state_name(in->state), f);
	if (rc != RC_OK || in->execution == EXECUTION_NONE ||
	    in->execution == EXECUTION_LEASED) {
		return rc;
	}
	(void)snprintf(event, sizeof(event), "execution_%s",
	    execution_state_name(in->execution));
	return delivery_owe_webhook(tx, w, event, f);
}

static enum rc
webhook_job(struct tx *tx, void *arg)
{
	struct registering *g = arg;
	struct arena *a = g->r->call.arena;
	struct webhook w = {.id = g->id,
	    .intent_id = g->in->intent_id,
	    .url = g->in->url};
	struct intent in;
	struct fault *f = &g->r->fault;
	enum rc rc = store_intent_get(tx->db, w.intent_id, a, &in, f);

	id_next(tx->ids, tx->now_ms, "whk_", g->id);
	if (g->in->secret != NULL) {
		w.secret = vault_seal(g->r->api->options.vault, a, g->id,
		    g->in->secret, strlen(g->in->secret), &w.secret_len);
	}
	if (rc == RC_OK) {
		rc = webhook_insert(tx, &w, true, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	rc = audit_add(tx, in.id, "webhook_registered", g->r->call.caller.name,
	    json_pack("{s:s}", "webhook", g->id), f);
	if (rc == RC_OK) {
		rc = catch_up(tx, &in, &w, f);
	}
	store_touch(tx, in.id);
	return rc == RC_OK ? RC_OK : RC_STORE;
}

static void
registered(struct api_request *r)
{
	struct registering *g = r->job_arg;

	r->call.webhook_id = g->id;
}

enum rc
api_webhook(struct api_request *r)
{
	struct registering *g = arena_alloc(r->call.arena, sizeof(*g));
	enum rc rc;

	g->r = r;
	g->in = r->call.in;
	rc = api_intent_get(r, g->in->intent_id);
	if (rc == RC_OK) {
		rc = api_check_target(r, "url", g->in->url);
	}
	r->job = webhook_job;
	r->job_arg = g;
	r->after = registered;
	return rc;
}

struct delivering {
	struct api_request *r;
	char hash[CRYPTO_SHA256_HEX];
};

static enum rc
deliver_job(struct tx *tx, void *arg)
{
	struct delivering *d = arg;
	struct api_request *r = d->r;
	const char *id = r->call.intents[0].id;
	enum rc rc;

	r->call.token_until_ms = tx->now_ms + DOWNLOAD_MS;
	rc =
	    download_insert(tx, d->hash, id, r->call.token_until_ms, &r->fault);
	if (rc == RC_OK) {
		rc = audit_add(tx, id, "delivery_url_issued",
		    r->call.caller.name, NULL, &r->fault);
	}
	store_touch(tx, id);
	return rc == RC_OK ? RC_OK : RC_STORE;
}

enum rc
api_deliver(struct api_request *r)
{
	const struct decide_in *in = r->call.in;
	struct delivering *d = arena_alloc(r->call.arena, sizeof(*d));
	char hex[2 * 20 + 1];
	enum rc rc = api_intent_get(r, in->intent_id);

	if (rc == RC_OK && r->call.intents[0].state != INTENT_APPROVED) {
		(void)fault_set(&r->fault, RC_CONFLICT, "status", "it is %s",
		    intent_state_name(r->call.intents[0].state));
		rc = fault_reason(&r->fault, "not_approved");
	}
	random_hex(hex, 20);
	r->call.token = arena_printf(r->call.arena, "dlv_%s", hex);
	crypto_sha256_hex(r->call.token, strlen(r->call.token), d->hash);
	d->r = r;
	r->job = deliver_job;
	r->job_arg = d;
	return rc;
}

struct downloading {
	struct api_request *r;
	char hash[CRYPTO_SHA256_HEX];
};

static enum rc
download_job(struct tx *tx, void *arg)
{
	struct downloading *d = arg;
	struct call *call = &d->r->call;
	struct fault *f = &d->r->fault;
	const char *id;
	const void *sealed;
	char *plain;
	size_t n;
	enum rc rc = download_use(tx, d->hash, call->arena, &id, f);

	if (rc == RC_OK) {
		rc = store_intent_payload(tx->db, id, call->arena, &sealed, &n,
		    f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (sealed == NULL) {
		return fault_set(f, RC_EXPIRED, "token",
		    "the payload was erased");
	}
	rc = vault_open(d->r->api->options.vault, call->arena, id, sealed, n,
	    &plain, &call->payload_len, f);
	if (rc == RC_OK) {
		call->payload = plain;
		rc = audit_add(tx, id, "downloaded", "link", NULL, f);
		store_touch(tx, id);
	}
	return rc == RC_OK ? RC_OK : RC_STORE;
}

/* HEAD only shows: the token is used up by GET alone. */
enum rc
api_download(struct api_request *r)
{
	struct downloading *d = arena_alloc(r->call.arena, sizeof(*d));

	if (strcmp(http_method(r->http), "HEAD") == 0) {
		return fault_set(&r->fault, RC_INVALID, "method",
		    "HEAD does not fetch it");
	}
	crypto_sha256_hex(r->call.id, strlen(r->call.id), d->hash);
	d->r = r;
	r->job = download_job;
	r->job_arg = d;
	return RC_OK;
}
