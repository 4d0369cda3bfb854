/*
 * Bodies and queries other than those of a submit.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/url.h"
#include "zehrava.h"

enum { ITEMS_MAX = 100, RATE_MAX = 1000000, MODE_MAX = 64, NONCE_MAX = 100 };

static bool
is_missing(const char *s)
{
	return s == NULL || s[0] == '\0';
}

/* The product's own sentence for what is not there. */
static enum rc
missing(struct fault *f, const char *field, const char *sentence)
{
	(void)fault_set(f, RC_INVALID, field, "%s", sentence);
	return fault_reason(f, ZEHRAVA_MISSING);
}

enum rc
zehrava_check_size(struct arena *a, const json_t *v, size_t max,
    const char *field, struct fault *f)
{
	size_t len = 0;

	if (v != NULL) {
		(void)json_compact(a, v, &len);
	}
	return len <= max ? RC_OK
			  : fault_set(f, RC_TOO_LARGE, field,
				"must have at most %zu bytes", max);
}

/* A digest in hex; the core compares lower case. */
static enum rc
decode_digest(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	const char *s = json_string_value(v);
	size_t len = json_string_length(v);
	char *lower;

	if (s == NULL || len != CRYPTO_SHA256_HEX - 1 ||
	    strspn(s, "0123456789abcdefABCDEF") != len) {
		return fault_set(f, RC_INVALID, "",
		    "must be 64 hexadecimal digits");
	}
	lower = arena_strndup(a, s, len);
	for (char *p = lower; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
	*(const char **)member = lower;
	return RC_OK;
}

/* ISO 8601, or milliseconds since 1970. */
static enum rc
decode_instant(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	long long *out = member;

	(void)a;
	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return RC_OK;
	}
	if (json_is_string(v) &&
	    clock_parse_iso(json_string_value(v), out) == RC_OK) {
		return RC_OK;
	}
	(void)fault_set(f, RC_CONFLICT, "", "must be a time as in ISO 8601");
	return fault_reason(f, "timestamp_invalid");
}

/* The place of an option, or its label. */
static enum rc
decode_choice(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct decide_in *out = member;
	json_int_t i = json_integer_value(v);

	if (json_is_string(v)) {
		out->label = arena_strdup(a, json_string_value(v));
		return RC_OK;
	}
	if (!json_is_integer(v) || i < 0 || i >= INTENT_OPTIONS_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must be the label of an option, or its place from 0");
	}
	out->option = (int)i;
	return RC_OK;
}

static const struct field answer_fields[] = {
    FIELD_STRING(struct decide_in, reason, "reason", 0, INTENT_REASON_MAX),
    FIELD_STRING(struct decide_in, nonce, "nonce", 1, NONCE_MAX),
    FIELD_CUSTOM(struct decide_in, decided_at_ms, "decided_at", decode_instant,
	.schema = "\"type\":[\"string\",\"integer\"],\"format\":\"date-time\"",
	.aliases = "decidedAt",
	.present = offsetof(struct decide_in, has_decided_at) + 1),
    FIELD_CUSTOM(struct decide_in, digest, "digest", decode_digest,
	.schema = "\"type\":\"string\",\"pattern\":\"^[0-9a-fA-F]{64}$\""),
    FIELD_STRING(struct decide_in, intent_id, "proposalId", 0, ZEHRAVA_NAME_MAX,
	.aliases = "intentId proposal_id intent_id"),
};

const struct route_body zehrava_body_answer = {.fields = answer_fields,
    .n = ARRAY_LEN(answer_fields)};

/* What every answer of a person may carry. */
static enum rc
decode_answer(struct call *call, struct decide_in **out, struct fault *f)
{
	struct decide_in *in = arena_alloc(call->arena, sizeof(*in));
	enum rc rc = fields_decode(answer_fields, ARRAY_LEN(answer_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, in, f);

	in->option = -1;
	if (is_missing(in->reason)) {
		in->reason = NULL;
	}
	call->in = *out = in;
	return rc;
}

static enum rc
decode_outcome(struct call *call, enum outcome outcome, struct fault *f)
{
	struct decide_in *in;
	enum rc rc = decode_answer(call, &in, f);

	in->outcome = outcome;
	return rc;
}

static enum rc
need_name(struct call *call, struct fault *f)
{
	struct decide_in *in = call->in;

	if (!is_missing(in->intent_id)) {
		return RC_OK;
	}
	in->intent_id = NULL;
	return missing(f, "proposalId", "proposalId required");
}

enum rc
zehrava_decode_approve(struct call *call, struct fault *f)
{
	return decode_outcome(call, OUTCOME_APPROVE, f);
}

enum rc
zehrava_decode_reject(struct call *call, struct fault *f)
{
	return decode_outcome(call, OUTCOME_DENY, f);
}

enum rc
zehrava_decode_approve_named(struct call *call, struct fault *f)
{
	enum rc rc = zehrava_decode_approve(call, f);

	return rc == RC_OK ? need_name(call, f) : rc;
}

enum rc
zehrava_decode_reject_named(struct call *call, struct fault *f)
{
	enum rc rc = zehrava_decode_reject(call, f);

	return rc == RC_OK ? need_name(call, f) : rc;
}

enum rc
zehrava_decode_cancel(struct call *call, struct fault *f)
{
	return decode_outcome(call, OUTCOME_OTHER, f);
}

enum rc
zehrava_decode_named(struct call *call, struct fault *f)
{
	enum rc rc = decode_outcome(call, OUTCOME_OTHER, f);

	return rc == RC_OK ? need_name(call, f) : rc;
}

struct choice {
	struct decide_in in;
	bool has_option;
	int outcome;
	bool has_outcome;
};

static const struct field decide_fields[] = {
    FIELD_CUSTOM(struct choice, in, "option", decode_choice,
	.schema = "\"type\":[\"string\",\"integer\"]",
	.present = offsetof(struct choice, has_option) + 1),
    FIELD_ENUM(struct choice, outcome, "outcome", outcome_words,
	.present = offsetof(struct choice, has_outcome) + 1),
};

const struct route_body zehrava_body_decide = {.fields = decide_fields,
    .n = ARRAY_LEN(decide_fields),
    .more = &zehrava_body_answer};

/* Exactly one way of saying which: two could disagree. */
enum rc
zehrava_decode_decide(struct call *call, struct fault *f)
{
	struct choice c = {.in.option = -1};
	struct decide_in *in;
	enum rc rc = decode_answer(call, &in, f);

	in->outcome = OUTCOME_OTHER;
	if (rc == RC_OK) {
		rc = fields_decode(decide_fields, ARRAY_LEN(decide_fields),
		    FIELD_UNKNOWN_IGNORE, call->body, call->arena, &c, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (c.has_option == c.has_outcome) {
		return missing(f, "option",
		    "either option or outcome is required");
	}
	in->option = c.in.option;
	in->label = c.in.label;
	if (c.has_outcome) {
		in->outcome = (enum outcome)c.outcome;
	}
	return RC_OK;
}

static const struct field execute_fields[] = {
    FIELD_STRING(struct execute_in, mode, "mode", 1, MODE_MAX),
    FIELD_CUSTOM(struct execute_in, payload_sha256, "payload_sha256",
	decode_digest, .aliases = "payloadSha256 payload_hash",
	.schema = "\"type\":\"string\",\"pattern\":\"^[0-9a-fA-F]{64}$\""),
};

const struct route_body zehrava_body_execute = {.fields = execute_fields,
    .n = ARRAY_LEN(execute_fields)};

enum rc
zehrava_decode_execute(struct call *call, struct fault *f)
{
	struct execute_in *in = arena_alloc(call->arena, sizeof(*in));

	in->mode = "runner_exec";
	call->in = in;
	return fields_decode(execute_fields, ARRAY_LEN(execute_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, in, f);
}

struct report {
	const json_t *status, *result;
};

static const struct field report_fields[] = {
    FIELD_JSON(struct report, status, "status"),
    FIELD_JSON(struct report, result, "result", .aliases = "report"),
};

const struct route_body zehrava_body_report = {.fields = report_fields,
    .n = ARRAY_LEN(report_fields)};

enum rc
zehrava_decode_report(struct call *call, struct fault *f)
{
	struct report r = {NULL, NULL};
	struct report_in *in = arena_alloc(call->arena, sizeof(*in));
	const char *status;
	enum rc rc = fields_decode(report_fields, ARRAY_LEN(report_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, &r, f);

	call->in = in;
	if (rc != RC_OK) {
		return rc;
	}
	status = json_string_value(r.status);
	in->succeeded = status != NULL && strcmp(status, "succeeded") == 0;
	if (!in->succeeded &&
	    (status == NULL || strcmp(status, "failed") != 0)) {
		return missing(f, "status",
		    "status must be succeeded or failed");
	}
	if (r.result != NULL) {
		in->result = json_compact(call->arena, r.result, NULL);
	}
	return zehrava_check_size(call->arena, r.result, ZEHRAVA_RESULT_MAX,
	    "result", f);
}

static const struct field webhook_fields[] = {
    FIELD_STRING(struct webhook_in, intent_id, "intentId", 0, ZEHRAVA_NAME_MAX,
	.aliases = "proposalId intent_id proposal_id"),
    FIELD_STRING(struct webhook_in, url, "url", 0, URL_MAX),
    FIELD_STRING(struct webhook_in, secret, "secret", 1, ZEHRAVA_SECRET_MAX),
};

const struct route_body zehrava_body_webhook = {.fields = webhook_fields,
    .n = ARRAY_LEN(webhook_fields)};

enum rc
zehrava_decode_webhook(struct call *call, struct fault *f)
{
	struct webhook_in *in = arena_alloc(call->arena, sizeof(*in));
	struct url u;
	struct fault why = {0};
	enum rc rc = fields_decode(webhook_fields, ARRAY_LEN(webhook_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, in, f);

	call->in = in;
	if (rc != RC_OK) {
		return rc;
	}
	if (is_missing(in->intent_id) || is_missing(in->url)) {
		return missing(f,
		    is_missing(in->intent_id) ? "intentId" : "url",
		    "intentId and url are required");
	}
	if (url_parse(call->arena, in->url, &u, &why) != RC_OK) {
		return fault_set(f, RC_INVALID, "url", "%s", why.text);
	}
	return RC_OK;
}

/* A word of the table of plans. */
static enum rc
decode_plan(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	const char *s = json_string_value(v);

	(void)a;
	for (int i = 0; s != NULL && quota_words[i] != NULL; i++) {
		if (strcmp(s, quota_words[i]) == 0) {
			*(const char **)member = quota_words[i];
			return RC_OK;
		}
	}
	return fault_set(f, RC_INVALID, "", "must be free, pro or scale");
}

struct registration {
	struct agent agent;
	const json_t *metadata;
};

static const struct field register_fields[] = {
    FIELD_STRING(struct registration, agent.name, "name", 0, ZEHRAVA_NAME_MAX),
    FIELD_STRING(struct registration, agent.owner, "owner", 1, 254),
    FIELD_STRING(struct registration, agent.risk_tier, "riskTier", 1,
	ZEHRAVA_NAME_MAX, .aliases = "risk_tier"),
    FIELD_STRING(struct registration, agent.framework, "framework", 1,
	ZEHRAVA_NAME_MAX),
    FIELD_STRINGS(struct registration, agent.allowed_policies,
	"allowed_policies", 0, ITEMS_MAX, .item_max = ZEHRAVA_NAME_MAX,
	.aliases = "allowedPolicies"),
    FIELD_STRINGS(struct registration, agent.allowed_destinations,
	"allowed_destinations", 0, ITEMS_MAX, .item_max = ZEHRAVA_NAME_MAX,
	.aliases = "allowedDestinations"),
    FIELD_OBJECT(struct registration, metadata, "metadata"),
};

const struct route_body zehrava_body_register = {.fields = register_fields,
    .n = ARRAY_LEN(register_fields)};

enum rc
zehrava_decode_register(struct call *call, struct fault *f)
{
	struct registration *r = arena_alloc(call->arena, sizeof(*r));
	enum rc rc;

	r->agent.risk_tier = "standard";
	call->in = &r->agent;
	rc = fields_decode(register_fields, ARRAY_LEN(register_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, r, f);
	if (rc == RC_OK && is_missing(r->agent.name)) {
		rc = missing(f, "name", "name is required");
	}
	if (rc == RC_OK && r->metadata != NULL) {
		r->agent.metadata =
		    json_compact(call->arena, r->metadata, NULL);
		rc = zehrava_check_size(call->arena, r->metadata,
		    ZEHRAVA_METADATA_MAX, "metadata", f);
	}
	return rc;
}

static const struct field key_fields[] = {
    FIELD_STRING(struct key, name, "name", 0, ZEHRAVA_NAME_MAX),
    FIELD_ENUM(struct key, class, "class", key_class_words, .required = true),
    FIELD_STRING(struct key, agent_id, "agent_id", 1, ZEHRAVA_NAME_MAX,
	.aliases = "agentId"),
    FIELD_STRING(struct key, person, "person", 1, ZEHRAVA_NAME_MAX),
    FIELD_STRING(struct key, dialect, "dialect", 1, ZEHRAVA_NAME_MAX),
    FIELD_STRINGS(struct key, scopes, "scopes", 0, ITEMS_MAX,
	.item_max = ZEHRAVA_NAME_MAX),
    FIELD_CUSTOM(struct key, quota, "plan", decode_plan,
	.schema = "\"type\":\"string\",\"enum\":[\"free\",\"pro\",\"scale\"]"),
    FIELD_INT(struct key, rate_limit, "rate_limit", 0, RATE_MAX,
	.aliases = "rateLimit"),
};

const struct route_body zehrava_body_key = {.fields = key_fields,
    .n = ARRAY_LEN(key_fields)};

enum rc
zehrava_decode_key(struct call *call, struct fault *f)
{
	struct key *k = arena_alloc(call->arena, sizeof(*k));
	enum rc rc;

	k->dialect = call->dialect->name;
	call->in = k;
	rc = fields_decode(key_fields, ARRAY_LEN(key_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, k, f);
	if (rc == RC_OK && is_missing(k->name)) {
		rc = missing(f, "name", "name is required");
	}
	if (rc == RC_OK && k->agent_id != NULL && k->class != KEY_AGENT) {
		rc = fault_set(f, RC_INVALID, "agent_id",
		    "is only for keys of class agent");
	}
	if (rc == RC_OK && k->quota != NULL && k->class != KEY_AGENT) {
		rc = fault_set(f, RC_INVALID, "plan",
		    "is only for keys of class agent");
	}
	return rc;
}

/* A whole number of at most three digits, or -1. */
static int
small_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 3 && s[n] == '\0' ? (int)strtol(s, NULL, 10) : -1;
}

enum rc
zehrava_decode_list(struct call *call, struct fault *f)
{
	struct intent_filter *q = arena_alloc(call->arena, sizeof(*q));
	const char *status = call->query(call, "status");
	const char *limit = call->query(call, "limit");

	q->state = q->execution = -1;
	q->limit = limit != NULL ? small_number(limit) : ZEHRAVA_LIST;
	q->before = call->query(call, "cursor");
	call->in = q;
	if (q->limit < 1 || q->limit > ZEHRAVA_LIST_MAX) {
		return fault_set(f, RC_INVALID, "limit",
		    "must be a whole number from 1 to %d", ZEHRAVA_LIST_MAX);
	}
	if (q->before != NULL && !id_is(q->before, "int_")) {
		return fault_set(f, RC_INVALID, "cursor",
		    "must be the cursor of an earlier answer");
	}
	return status != NULL ? zehrava_filter(status, q, f) : RC_OK;
}
