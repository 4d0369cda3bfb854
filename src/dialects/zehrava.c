#include "zehrava.h"

enum {
	ANYONE = ACCESS_ANYONE | ACCESS_KEY,
	AGENT = ACCESS_AGENT,
	PEOPLE = ACCESS_PEOPLE,
	KEY = ACCESS_KEY,
	ADMIN = ACCESS_ADMIN,
	REPORTER = ACCESS_AGENT | ACCESS_TOKEN
};

#define DECODE(x) zehrava_decode_##x
#define SHOW(x)	  zehrava_show_##x

/* The names of version 1 stand beside those of version 2. */
static const struct route routes[] = {
    {"GET", "/health", OP_HEALTH, ANYONE, 200, NULL, SHOW(health)},
    {"GET", "/.well-known/gate", OP_ABOUT, ANYONE, 200, NULL, SHOW(about)},

    {"POST", "/v1/intents", OP_SUBMIT, AGENT, 200, DECODE(submit),
	SHOW(submitted)},
    {"POST", "/v1/propose", OP_SUBMIT, AGENT, 200, DECODE(submit),
	SHOW(submitted)},
    {"GET", "/v1/intents", OP_INTENT_LIST, KEY, 200, DECODE(list),
	SHOW(intents)},
    {"GET", "/v1/proposals", OP_INTENT_LIST, KEY, 200, DECODE(list),
	SHOW(proposals)},
    {"GET", "/v1/intents/:id", OP_INTENT_SHOW, KEY, 200, NULL, SHOW(intent)},
    {"GET", "/v1/proposals/:id", OP_INTENT_SHOW, KEY, 200, NULL, SHOW(intent)},
    {"GET", "/v1/intents/:id/decision", OP_VERDICT, KEY, 200, NULL,
	SHOW(verdict)},
    {"GET", "/v1/proposals/:id/decision", OP_VERDICT, KEY, 200, NULL,
	SHOW(verdict)},
    {"GET", "/v1/intents/:id/audit", OP_INTENT_AUDIT, KEY, 200, NULL,
	SHOW(trail)},
    {"GET", "/v1/audit/:id", OP_INTENT_AUDIT, KEY, 200, NULL, SHOW(trail)},

    {"POST", "/v1/intents/:id/approve", OP_DECIDE, PEOPLE, 200, DECODE(approve),
	SHOW(decided)},
    {"POST", "/v1/approve", OP_DECIDE, PEOPLE, 200, DECODE(approve_named),
	SHOW(decided)},
    {"POST", "/v1/intents/:id/reject", OP_DECIDE, PEOPLE, 200, DECODE(reject),
	SHOW(decided)},
    {"POST", "/v1/reject", OP_DECIDE, PEOPLE, 200, DECODE(reject_named),
	SHOW(decided)},
    {"POST", "/v1/intents/:id/decide", OP_DECIDE, PEOPLE, 200, DECODE(decide),
	SHOW(decided)},
    {"POST", "/v1/intents/:id/cancel-approval", OP_CANCEL, PEOPLE, 200,
	DECODE(cancel), SHOW(cancelled)},
    {"POST", "/v1/intents/:id/cancel", OP_CANCEL, KEY, 200, DECODE(cancel),
	SHOW(cancelled)},

    {"POST", "/v1/intents/:id/execute", OP_EXECUTE, AGENT, 201, DECODE(execute),
	SHOW(execution)},
    {"GET", "/v1/executions/:id", OP_EXECUTION_SHOW, KEY, 200, NULL,
	SHOW(execution)},
    {"POST", "/v1/executions/:id/report", OP_REPORT, REPORTER, 200,
	DECODE(report), SHOW(execution)},
    {"POST", "/v1/deliver", OP_DELIVER, KEY, 200, DECODE(named),
	SHOW(delivery)},
    {"GET", "/v1/download/:id", OP_DOWNLOAD, ANYONE, 200, NULL, NULL},
    {"POST", "/v1/webhooks/register", OP_WEBHOOK_REGISTER, KEY, 200,
	DECODE(webhook), SHOW(webhook)},

    {"POST", "/v1/agents/register", OP_AGENT_REGISTER, ANYONE, 201,
	DECODE(register), SHOW(registered)},
    {"GET", "/v1/agents", OP_AGENT_LIST, PEOPLE, 200, NULL, SHOW(agents)},
    {"GET", "/v1/agents/:id", OP_AGENT_SHOW, KEY, 200, NULL, SHOW(agent)},
    {"POST", "/v1/agents/:id/revoke", OP_AGENT_REVOKE, PEOPLE, 200, NULL,
	SHOW(agent_status)},
    {"POST", "/v1/agents/:id/suspend", OP_AGENT_SUSPEND, PEOPLE, 200, NULL,
	SHOW(agent_status)},

    {"GET", "/v1/nonce", OP_NONCE, KEY, 200, NULL, SHOW(nonce)},
    {"GET", "/v1/metrics", OP_METRICS, KEY, 200, NULL, SHOW(metrics)},
    {"GET", "/v1/policies", OP_POLICY_LIST, KEY, 200, NULL, SHOW(policies)},

    {"POST", "/v1/keys", OP_KEY_CREATE, ADMIN, 201, DECODE(key), SHOW(key)},
    {"GET", "/v1/keys", OP_KEY_LIST, ADMIN, 200, NULL, SHOW(keys)},
    {"POST", "/v1/keys/:id/revoke", OP_KEY_REVOKE, ADMIN, 200, NULL,
	SHOW(key_revoked)},
    {"GET", "/v1/audit", OP_AUDIT_LIST, ADMIN, 200, NULL, SHOW(audit)},
    {"GET", "/v1/deliveries", OP_DELIVERY_LIST, PEOPLE, 200, NULL,
	SHOW(deliveries)},
};

const struct dialect dialect_zehrava = {
    .name = "zehrava",
    .routes = routes,
    .routes_n = ARRAY_LEN(routes),
    .fault = zehrava_fault,
    .news = zehrava_news,
    .news_headers = zehrava_news_headers,
};
