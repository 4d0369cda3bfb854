/*
 * What is answered, member by member, and what an endpoint is told.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "vantagate.h"

#define TEXT	     "\"type\":\"string\""
#define TEXT_OR_NULL "\"type\":[\"string\",\"null\"]"
#define TIME	     "\"type\":\"string\",\"format\":\"date-time\""
#define STATUS \
	"\"type\":\"string\",\"enum\":[\"PENDING\",\"APPROVED\"," \
	"\"REJECTED\",\"RESOLVED\",\"EXPIRED\"]"

static void
put_id(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name,
	    arena_printf(o->arena, "chk_%s", call->intents[0].id + 4));
}

static void
put_status(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name, vantagate_status(call->intents[0].state));
}

static void
put_token(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name, call->token);
}

static void
put_dashboard(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name,
	    arena_printf(o->arena, "%s/verify/%s", call->public_url,
		call->token));
}

/* Only once it is decided: until then there is nothing to say. */
static bool
is_over(const struct call *call)
{
	return call->intents[0].state != INTENT_PENDING;
}

static void
put_selected(struct json_out *o, const char *name, struct call *call)
{
	const struct intent *in = &call->intents[0];

	if (is_over(call)) {
		json_out_text(o, name,
		    in->chosen >= 0 ? in->options[in->chosen].label : NULL);
	}
}

static void
put_reject_reason(struct json_out *o, const char *name, struct call *call)
{
	const struct intent *in = &call->intents[0];
	bool rejected = strcmp(vantagate_status(in->state), "REJECTED") == 0;

	if (is_over(call)) {
		json_out_text(o, name, rejected ? in->reason : NULL);
	}
}

static void
put_hash(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name,
	    is_over(call) ? call->intents[0].payload_sha256 : NULL);
}

static void
put_audit(struct json_out *o, const char *name, struct call *call)
{
	if (!is_over(call)) {
		return;
	}
	json_out_object(o, name);
	json_out_time(o, "decided_at", call->intents[0].settled_ms);
	json_out_text(o, "decided_by_mask", call->decider.mail);
	json_out_text(o, "decided_by_slack_id", call->decider.slack);
	json_out_end(o);
}

static void
put_title(struct json_out *o, const char *name, struct call *call)
{
	const struct intent *in = &call->intents[0];

	json_out_text(o, name, in->title != NULL ? in->title : in->destination);
}

static void
put_description(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name, call->intents[0].description);
}

/* What came as JSON is shown as JSON; anything else as text. */
static void
put_payload(struct json_out *o, const char *name, struct call *call)
{
	CLEANUP(json_drop) json_t *v = NULL;
	const char *text = call->payload;

	if (text != NULL &&
	    json_read(text, call->payload_len, &v, NULL) == RC_OK) {
		json_out_raw(o, name, text, call->payload_len);
		return;
	}
	json_out_text(o, name, text);
}

static void
put_options(struct json_out *o, const char *name, struct call *call)
{
	const struct intent *in = &call->intents[0];

	json_out_list(o, name);
	for (int i = 0; i < in->options_n; i++) {
		json_out_text(o, NULL, in->options[i].label);
	}
	json_out_end(o);
}

static void
put_timeout(struct json_out *o, const char *name, struct call *call)
{
	json_out_time(o, name, call->intents[0].expires_ms);
}

static void
put_message(struct json_out *o, const char *name, struct call *call)
{
	json_out_text(o, name,
	    call->settled ? "Decision recorded. Data purged securely."
			  : "Decision recorded. Others are asked, too.");
}

static const struct member created[] = {
    {"id", TEXT, false, put_id},
    {"status", STATUS, false, put_status},
    {"secure_token", TEXT, false, put_token},
    {"dashboard_url", TEXT ",\"format\":\"uri\"", false, put_dashboard},
};

static const struct member polled[] = {
    {"id", TEXT, false, put_id},
    {"status", STATUS, false, put_status},
    {"selected_option", TEXT_OR_NULL, true, put_selected},
    {"reject_reason", TEXT_OR_NULL, true, put_reject_reason},
    {"payload_hash", TEXT_OR_NULL, false, put_hash},
    {"audit",
	"\"type\":\"object\",\"required\":[\"decided_at\",\"decided_by_mask\","
	"\"decided_by_slack_id\"],\"properties\":{\"decided_at\":{" TIME "},"
	"\"decided_by_mask\":{" TEXT_OR_NULL "},"
	"\"decided_by_slack_id\":{" TEXT_OR_NULL "}}",
	true, put_audit},
};

static const struct member viewed[] = {
    {"id", TEXT, false, put_id},
    {"title", TEXT, false, put_title},
    {"description", TEXT_OR_NULL, false, put_description},
    {"payload",
	"\"type\":[\"object\",\"array\",\"string\",\"null\"],\"items\":{}",
	false, put_payload},
    {"options", "\"type\":\"array\",\"items\":{" TEXT "}", false, put_options},
    {"timeout_at", TIME, false, put_timeout},
    {"status", STATUS, false, put_status},
};

static const struct member recorded[] = {
    {"message", TEXT, false, put_message},
};

/* Written by the table of faults. */
static const struct member fault_members[] = {
    {"statusCode", "\"type\":\"integer\"", false, NULL},
    {"error", TEXT, false, NULL},
    {"message", TEXT, false, NULL},
    {"upgrade_url", TEXT ",\"format\":\"uri\"", true, NULL},
};

const struct route_answer vantagate_created = {created, ARRAY_LEN(created)};
const struct route_answer vantagate_polled = {polled, ARRAY_LEN(polled)};
const struct route_answer vantagate_viewed = {viewed, ARRAY_LEN(viewed)};
const struct route_answer vantagate_recorded = {recorded, ARRAY_LEN(recorded)};
const struct route_answer vantagate_fault_members = {fault_members,
    ARRAY_LEN(fault_members)};

static void
put_all(struct json_out *o, const struct route_answer *a, struct call *call)
{
	for (size_t i = 0; i < a->n; i++) {
		a->members[i].put(o, a->members[i].name, call);
	}
}

static const char *
show(struct call *call, const struct route_answer *a, size_t *len)
{
	struct json_out o;

	json_out_init(&o, call->arena);
	json_out_object(&o, NULL);
	put_all(&o, a, call);
	json_out_end(&o);
	return json_out_finish(&o, len);
}

const char *
vantagate_show_created(struct call *call, size_t *len)
{
	return show(call, &vantagate_created, len);
}

const char *
vantagate_show_polled(struct call *call, size_t *len)
{
	return show(call, &vantagate_polled, len);
}

const char *
vantagate_show_viewed(struct call *call, size_t *len)
{
	return show(call, &vantagate_viewed, len);
}

const char *
vantagate_show_recorded(struct call *call, size_t *len)
{
	return show(call, &vantagate_recorded, len);
}

/* As the poll has it, so that a client may read both alike; the same bytes at
 * every attempt. */
const char *
vantagate_news(struct arena *a, const struct webhook_news *w, size_t *len)
{
	struct intent in = *w->intent;
	struct call call = {.arena = a,
	    .intents = &in,
	    .intents_n = 1,
	    .decider = w->decider};
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	json_out_text(&o, "event",
	    arena_printf(a, "checkpoint.%s", w->row->event));
	json_out_time(&o, "occurred_at", w->row->event_ms);
	put_all(&o, &vantagate_polled, &call);
	json_out_end(&o);
	return json_out_finish(&o, len);
}

int
vantagate_news_headers(struct arena *a, const struct webhook_news *w,
    const char *body, size_t len, const char **out, int max)
{
	char hex[CRYPTO_SHA256_HEX];

	if (max < 1) {
		return 0;
	}
	crypto_hmac_hex(w->secret, strlen(w->secret), body, len, hex);
	out[0] = arena_printf(a, "X-Vanta-Signature: sha256=%s", hex);
	return 1;
}
