#include "quota.h"

#include <string.h>

#include "lib/clock.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

static const struct quota quotas[] = {
    {"free", 50, false, DAY_S, 7},
    {"pro", 2500, true, 7 * DAY_S, 90},
    {"scale", 25000, true, 30 * DAY_S, 365},
};

const char *const quota_words[] = {"free", "pro", "scale", NULL};

const struct quota *
quota_find(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(quotas); i++) {
		if (strcmp(quotas[i].name, name) == 0) {
			return &quotas[i];
		}
	}
	return NULL;
}

enum rc
quota_fit(const struct quota *q, struct draft *d, struct fault *f)
{
	if (q == NULL) {
		return RC_OK;
	}
	if (d->ttl_s > q->ttl_max_s) {
		d->ttl_s = q->ttl_max_s;
	}
	for (int i = 0; i < d->addresses_n; i++) {
		if (!q->slack_webhook &&
		    strcmp(d->addresses[i].channel, "slack_webhook") == 0) {
			(void)fault_set(f, RC_FORBIDDEN, "slack_webhook",
			    "the plan %s has no Slack", q->name);
			return fault_reason(f, "quota_channel");
		}
	}
	return RC_OK;
}

enum rc
quota_use(struct tx *tx, const struct quota *q, const char *agent_id,
    struct fault *f)
{
	char iso[CLOCK_ISO_SIZE], month[8] = "";
	long long n = 0;
	enum rc rc;

	if (q == NULL) {
		return RC_OK;
	}
	clock_iso(tx->now_ms, iso);
	memcpy(month, iso, sizeof(month) - 1); /* "2026-11" */
	rc = db_run(tx->db, f, &n,
	    "INSERT INTO quota_use (agent_id, month, intents) VALUES (?1,?2,1) "
	    "ON CONFLICT DO UPDATE SET intents = intents + 1 "
	    "WHERE intents < ?3",
	    "tti", agent_id, month, q->intents_a_month);
	if (rc != RC_OK || n == 1) {
		return rc;
	}
	(void)fault_set(f, RC_LIMITED, "plan",
	    "the plan %s has %lld a month, and they are used up", q->name,
	    q->intents_a_month);
	return fault_reason(f, "quota_used_up");
}

bool
quota_shows(const struct quota *q, const struct intent *in, long long now_ms)
{
	return q == NULL || in->settled_ms == 0 ||
	    now_ms - in->settled_ms < q->shown_days * DAY_S * 1000LL;
}
