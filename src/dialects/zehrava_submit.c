/*
 * The body of a submit, as a draft. Every field in all its spellings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"
#include "lib/json.h"
#include "lib/url.h"
#include "payload.h"
#include "zehrava.h"

enum { DIGITS_MAX = 9 };

static const double count_max = 0x1p53 - 1, value_max = 1e15;

struct options {
	struct option items[INTENT_OPTIONS_MAX];
	int n;
};

struct body {
	struct draft draft;
	const json_t *payload;
	struct options options;
};

/* A number, and s, m, h or d behind it; without one it counts hours. */
static enum rc
decode_expiry(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	static const struct {
		const char *name;
		long long s;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400},
	    {"", 3600}};
	const char *s = json_is_integer(v) ? json_compact(a, v, NULL)
					   : json_string_value(v);
	size_t digits = s != NULL ? strspn(s, "0123456789") : 0;
	long long n;

	for (size_t i = 0; digits > 0 && i < ARRAY_LEN(units); i++) {
		if (strcmp(s + digits, units[i].name) != 0) {
			continue;
		}
		n = digits <= DIGITS_MAX ? strtoll(s, NULL, 10)
					 : INTENT_TTL_MAX_S + 1LL;
		if (n < 1 || n > INTENT_TTL_MAX_S / units[i].s) {
			return fault_set(f, RC_INVALID, "",
			    "must be at least 1s and at most %dd",
			    INTENT_TTL_MAX_S / 86400);
		}
		*(long long *)member = n * units[i].s;
		return RC_OK;
	}
	return fault_set(f, RC_INVALID, "",
	    "must be a number with s, m, h or d behind it, such as 30m");
}

static enum rc
decode_option(struct arena *a, const json_t *v, int i, struct option *out,
    struct fault *f)
{
	static const struct field fields[] = {
	    FIELD_STRING(struct option, label, "label", 1, CHOICE_LABEL_MAX,
		.required = true),
	    FIELD_ENUM(struct option, outcome, "outcome", outcome_words,
		.required = true),
	};
	static const enum outcome by_place[] = {OUTCOME_APPROVE, OUTCOME_DENY};
	CLEANUP(json_drop) json_t *plain = NULL;
	enum outcome outcome = i < (int)ARRAY_LEN(by_place) ? by_place[i]
							    : OUTCOME_OTHER;
	enum rc rc;

	if (json_is_string(v)) {
		plain = json_pack("{s:O, s:s}", "label", v, "outcome",
		    outcome_name(outcome));
		v = plain;
	}
	rc = fields_decode(fields, ARRAY_LEN(fields), FIELD_UNKNOWN_IGNORE, v,
	    a, out, f);
	if (rc == RC_OK && !choice_can_be_read(out->label)) {
		rc = fault_set(f, RC_INVALID, "label",
		    "must have something to read");
	}
	return rc;
}

static enum rc
decode_options(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct options *out = member;
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n < CHOICE_MIN || n > INTENT_OPTIONS_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "must be a list of %d to %d options", CHOICE_MIN,
		    INTENT_OPTIONS_MAX);
	}
	for (out->n = 0; out->n < (int)n; out->n++) {
		struct fault why = {0};
		enum rc rc = decode_option(a, json_array_get(v, (size_t)out->n),
		    out->n, &out->items[out->n], &why);
		bool whole = strcmp(why.field, "body") == 0;

		if (rc != RC_OK) {
			return fault_set(f, rc,
			    arena_printf(a, "[%d]%s%s", out->n,
				whole ? "" : ".", whole ? "" : why.field),
			    "%s",
			    whole ? "must be a label or an object" : why.text);
		}
	}
	return choice_check(a, out->items, out->n, f);
}

/* A list of names, or one name alone. */
static enum rc
decode_names(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	static const struct field fields[] = {
	    {.name = "",
		.type = FIELD_TYPE_STRINGS,
		.max = INTENT_APPROVERS_MAX,
		.item_max = ZEHRAVA_NAME_MAX},
	};
	CLEANUP(json_drop) json_t *object =
	    json_pack(json_is_string(v) ? "{s:[O]}" : "{s:O}", "", v);

	return fields_decode(fields, 1, FIELD_UNKNOWN_IGNORE, object, a, member,
	    f);
}

static const struct field fields[] = {
    FIELD_STRING(struct body, draft.destination, "destination", 0,
	ZEHRAVA_NAME_MAX, .aliases = "action"),
    FIELD_STRING(struct body, draft.policy, "policy", 0, ZEHRAVA_NAME_MAX,
	.aliases = "policy_id policyId"),
    FIELD_JSON(struct body, payload, "payload"),
    FIELD_INT(struct body, draft.record_count, "recordCount", 0, count_max,
	.aliases = "record_count estimated_records estimatedRecords",
	.present = offsetof(struct body, draft.has_record_count) + 1),
    FIELD_NUMBER(struct body, draft.value_usd, "estimated_value_usd", 0,
	value_max, .aliases = "estimatedValueUsd",
	.present = offsetof(struct body, draft.has_value_usd) + 1),
    FIELD_STRINGS(struct body, draft.tags, "sensitivity_tags", 0,
	ZEHRAVA_TAGS_MAX, .item_max = ZEHRAVA_TAG_MAX,
	.aliases = "sensitivityTags"),
    FIELD_STRING(struct body, draft.idempotency_key, "idempotency_key", 1,
	ZEHRAVA_KEY_MAX, .aliases = "idempotencyKey"),
    FIELD_STRING(struct body, draft.on_behalf_of, "on_behalf_of", 1,
	ZEHRAVA_NAME_MAX, .aliases = "onBehalfOf"),
    FIELD_STRING(struct body, draft.profile, "profile", 1, ZEHRAVA_NAME_MAX,
	.aliases = "profile_id profileId"),
    FIELD_CUSTOM(struct body, draft.ttl_s, "expiresIn", decode_expiry,
	.aliases = "expires_in",
	.schema =
	    "\"type\":[\"string\",\"integer\"],\"pattern\":\"^[0-9]+[smhd]?$\",\"default\":\"1h\""),
    FIELD_OBJECT(struct body, draft.metadata, "metadata"),
    FIELD_STRING(struct body, draft.title, "title", 1, ZEHRAVA_TITLE_MAX),
    FIELD_STRING(struct body, draft.description, "description", 1,
	ZEHRAVA_DESCRIPTION_MAX),
    FIELD_ENUM(struct body, draft.urgency, "urgency", urgency_words),
    FIELD_CUSTOM(struct body, options, "options", decode_options,
	.schema =
	    "\"type\":\"array\",\"minItems\":2,\"maxItems\":5,\"items\":{\"type\":[\"string\",\"object\"],\"properties\":{\"label\":{\"type\":\"string\"},\"outcome\":{\"enum\":[\"approve\",\"deny\",\"other\"]}}}"),
    FIELD_CUSTOM(struct body, draft.approvers, "approvers", decode_names,
	.schema =
	    "\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}"),
    FIELD_CUSTOM(struct body, draft.channels, "channels", decode_names,
	.schema =
	    "\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}"),
    FIELD_STRING(struct body, draft.callback_url, "callback_url", 1, URL_MAX,
	.aliases = "callbackUrl"),
};

const struct route_body zehrava_body_submit = {.fields = fields,
    .n = ARRAY_LEN(fields)};

static bool
is_missing(const char *s)
{
	return s == NULL || s[0] == '\0';
}

static enum rc
take_payload(struct call *call, struct body *b, struct fault *f)
{
	struct draft *d = &b->draft;
	const json_t *v = b->payload;

	d->payload = "";
	if (v == NULL) {
		return RC_OK;
	}
	if (json_is_string(v)) {
		d->payload = json_string_value(v);
		d->payload_len = json_string_length(v);
		d->payload_type =
		    payload_type(call->arena, d->payload, d->payload_len);
		return RC_OK;
	}
	if (!json_is_object(v) && !json_is_array(v)) {
		return fault_set(f, RC_INVALID, "payload",
		    "must be a string, an object or a list");
	}
	d->payload = json_canonical(call->arena, v, &d->payload_len);
	d->payload_is_json = true;
	d->payload_type = "json";
	return RC_OK;
}

enum rc
zehrava_decode_submit(struct call *call, struct fault *f)
{
	struct body *b = arena_alloc(call->arena, sizeof(*b));
	struct draft *d = &b->draft;
	enum rc rc;

	d->ttl_s = INTENT_TTL_DEFAULT_S;
	d->urgency = URGENCY_NORMAL;
	rc = fields_decode(fields, ARRAY_LEN(fields), FIELD_UNKNOWN_IGNORE,
	    call->body, call->arena, b, f);
	if (rc == RC_OK &&
	    (is_missing(d->destination) || is_missing(d->policy))) {
		(void)fault_set(f, RC_INVALID,
		    is_missing(d->destination) ? "destination" : "policy",
		    "destination and policy are required");
		rc = fault_reason(f, ZEHRAVA_MISSING);
	}
	if (rc == RC_OK) {
		rc = zehrava_check_size(call->arena, d->metadata,
		    ZEHRAVA_METADATA_MAX, "metadata", f);
	}
	if (rc == RC_OK) {
		rc = take_payload(call, b, f);
	}
	if (rc == RC_OK) {
		rc = dialect_idempotency_key(call, d, f);
		if (rc != RC_OK) {
			return fault_reason(f, ZEHRAVA_BAD_VALUE);
		}
	}
	if (rc == RC_OK) {
		rc = dialect_callback(call, d, f);
	}
	d->options_n = b->options.n;
	memcpy(d->options, b->options.items, sizeof(d->options));
	call->in = d;
	return rc;
}
