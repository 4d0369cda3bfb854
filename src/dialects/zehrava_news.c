/*
 * Webhooks: what an endpoint is told, and how it is signed.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "zehrava.h"
#include "zehrava_put.h"

/* An event of ours, its name here, and the status that it leads to. */
static const struct news {
	const char *event;
	const char *shown;
	const char *status;
	const char *actor_as; /* a further member that names the actor */
	bool by_runner;	      /* an execution's */
} events[] = {
    {"approved", "approved", "approved", "approver", false},
    {"denied", "rejected", "blocked", "rejector", false},
    {"resolved", "resolved", "resolved", NULL, false},
    {"expired", "expired", "expired", NULL, false},
    {"cancelled", "approval_cancelled", "blocked", NULL, false},
    {"blocked", "blocked", "blocked", NULL, false},
    {"execution_succeeded", "execution_succeeded", "succeeded", NULL, true},
    {"execution_failed", "execution_failed", "failed", NULL, true},
    {"execution_lapsed", "execution_lapsed", "failed", NULL, true},
};

static struct news
find(const char *event)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (strcmp(events[i].event, event) == 0) {
			return events[i];
		}
	}
	return (struct news){.event = event, .shown = event};
}

/* The attempt is all that changes when the same news is sent again. */
const char *
zehrava_news(struct arena *a, const struct webhook_news *w, size_t *len)
{
	static const struct put members[] = {
	    PUT(struct intent, id, PUT_CHARS, "intentId", "proposalId"),
	    PUT(struct intent, destination, PUT_TEXT, "destination"),
	    PUT(struct intent, policy_id, PUT_TEXT, "policy"),
	    PUT(struct intent, verdict_code, PUT_TEXT, "reason_code"),
	    PUT(struct intent, payload_sha256, PUT_TEXT, "payload_sha256"),
	    PUT(struct intent, digest, PUT_TEXT, "digest"),
	};
	const struct intent *in = w->intent;
	struct news n = find(w->row->event);
	const char *actor = n.by_runner ? "runner" : zehrava_decider(in);
	const struct option *chosen = zehrava_chosen(in);
	struct json_out o;

	put_begin(&o, a);
	json_out_text(&o, "event", n.shown);
	json_out_text(&o, "status",
	    n.status != NULL ? n.status : zehrava_status(in));
	json_out_text(&o, "actor", actor);
	json_out_time(&o, "firedAt", w->row->event_ms);
	json_out_text(&o, "deliveryId", w->row->id);
	json_out_int(&o, "attempt", w->row->attempts);
	put_all(&o, members, ARRAY_LEN(members), in);
	if (n.actor_as != NULL) {
		json_out_text(&o, n.actor_as, actor);
	}
	if (n.by_runner) {
		put_both(&o, "executionId", "execution_id", in->execution_id);
		return put_end(&o, len);
	}
	json_out_text(&o, "reason",
	    in->state == INTENT_APPROVED ? in->reason
					 : zehrava_block_reason(a, in));
	json_out_text(&o, "option", chosen != NULL ? chosen->label : NULL);
	return put_end(&o, len);
}

/* t is in milliseconds, as the product has it. */
int
zehrava_news_headers(struct arena *a, const struct webhook_news *w,
    const char *body, size_t len, const char **out, int max)
{
	const char *time = arena_printf(a, "%lld", w->now_ms);
	const struct crypto_part parts[] = {
	    {time, strlen(time)},
	    {".", 1},
	    {body, len},
	};
	unsigned char mac[CRYPTO_SHA256];
	char hex[CRYPTO_SHA256_HEX];
	int n = 0;

	crypto_hmac_parts(w->secret, strlen(w->secret), parts, ARRAY_LEN(parts),
	    mac);
	crypto_hex(mac, sizeof(mac), hex);
	if (n < max) {
		out[n++] =
		    arena_printf(a, "X-Gate-Delivery-ID: %s", w->row->id);
	}
	if (n < max) {
		out[n++] =
		    arena_printf(a, "X-Gate-Signature: t=%s,v1=%s", time, hex);
	}
	return n;
}
