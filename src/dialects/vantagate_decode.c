/*
 * Ids, and the bodies of a checkpoint and of a decision.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "choice.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/url.h"
#include "vantagate.h"

enum { DIGITS_MAX = 9 };

struct options {
	struct option items[INTENT_OPTIONS_MAX];
	int n;
};

struct body {
	struct draft draft;
	const json_t *payload;
	struct options options;
	const char *notify_email;
	const char *slack_webhook_url;
};

/* Too long is cut to what there is, as documented; none at all is not. */
static enum rc
decode_timeout(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	static const struct {
		const char *name;
		long long s;
	} units[] = {{"m", 60}, {"h", 3600}, {"d", 86400}};
	const char *s = json_string_value(v);
	size_t digits = s != NULL ? strspn(s, "0123456789") : 0;
	long long n;

	(void)a;
	for (size_t i = 0; digits > 0 && i < ARRAY_LEN(units); i++) {
		if (strcmp(s + digits, units[i].name) != 0) {
			continue;
		}
		while (digits > 1 && *s == '0') {
			s++;
			digits--;
		}
		n = digits <= DIGITS_MAX ? strtoll(s, NULL, 10)
					 : INTENT_TTL_MAX_S;
		if (n == 0) {
			return fault_set(f, RC_INVALID, "",
			    "must be at least 1m");
		}
		n *= units[i].s;
		*(long long *)member = n < INTENT_TTL_MAX_S ? n
							    : INTENT_TTL_MAX_S;
		return RC_OK;
	}
	return fault_set(f, RC_INVALID, "",
	    "must be a number with m, h or d behind it, such as 24h");
}

static bool
says_no(const char *label)
{
	static const char *const words[] = {"reject", "deny", "decline", "no",
	    "abort", "cancel", "block", "stop"};
	size_t len = strcspn(label, " \t,.:;!-");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i]) == len &&
		    strncasecmp(label, words[i], len) == 0) {
			return true;
		}
	}
	return false;
}

static enum rc
decode_options(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	static const struct field fields[] = {
	    {.name = "",
		.type = FIELD_TYPE_STRINGS,
		.min = CHOICE_MIN,
		.max = INTENT_OPTIONS_MAX,
		.item_max = CHOICE_LABEL_MAX},
	};
	CLEANUP(json_drop) json_t *object = json_pack("{s:O}", "", v);
	struct field_strings labels = {0};
	struct options *out = member;
	enum rc rc = fields_decode(fields, 1, FIELD_UNKNOWN_IGNORE, object, a,
	    &labels, f);

	for (size_t i = 0; rc == RC_OK && i < labels.n; i++) {
		const char *label = labels.items[i];

		if (!choice_can_be_read(label)) {
			return fault_set(f, RC_INVALID, "",
			    "must have something to read");
		}
		out->items[out->n++] = (struct option){
		    .label = label,
		    .outcome = i == 0		   ? OUTCOME_APPROVE
			: i == 1 || says_no(label) ? OUTCOME_DENY
						   : OUTCOME_OTHER,
		};
	}
	return rc == RC_OK ? choice_check(a, out->items, out->n, f) : rc;
}

static enum rc
decode_email(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	const char *s = json_string_value(v);

	if (s == NULL || !text_is_email(s)) {
		return fault_set(f, RC_INVALID, "", "must be a mail address");
	}
	*(const char **)member = arena_strdup(a, s);
	return RC_OK;
}

static const struct field create_fields[] = {
    FIELD_STRING(struct body, draft.title, "title", 1, VANTAGATE_TITLE_MAX,
	.required = true),
    FIELD_OBJECT(struct body, payload, "payload", .required = true),
    FIELD_STRING(struct body, draft.description, "description", 0,
	VANTAGATE_DESCRIPTION_MAX),
    FIELD_CUSTOM(struct body, options, "options", decode_options,
	.schema = "\"type\":\"array\",\"minItems\":2,\"maxItems\":5,"
		  "\"items\":{\"type\":\"string\",\"minLength\":1,"
		  "\"maxLength\":80},\"default\":[\"Approve\",\"Reject\"]"),
    FIELD_CUSTOM(struct body, draft.ttl_s, "timeout", decode_timeout,
	.schema = "\"type\":\"string\",\"pattern\":\"^[0-9]+[hmd]$\","
		  "\"default\":\"24h\""),
    FIELD_CUSTOM(struct body, notify_email, "notify_email", decode_email,
	.schema = "\"type\":\"string\",\"format\":\"email\""),
    FIELD_STRING(struct body, slack_webhook_url, "slack_webhook_url", 1,
	URL_MAX),
    FIELD_STRING(struct body, draft.callback_url, "callback_url", 1, URL_MAX),
};

const struct route_body vantagate_body_create = {.fields = create_fields,
    .n = ARRAY_LEN(create_fields)};

static enum rc
take_payload(struct call *call, struct body *b, struct fault *f)
{
	struct draft *d = &b->draft;

	d->payload = json_canonical(call->arena, b->payload, &d->payload_len);
	d->payload_is_json = true;
	d->payload_type = "json";
	return d->payload_len <= VANTAGATE_PAYLOAD_MAX
	    ? RC_OK
	    : fault_set(f, RC_TOO_LARGE, "payload",
		  "must have at most %d bytes", VANTAGATE_PAYLOAD_MAX);
}

/* Whom the agent names, beside those whom the policy asks. */
static void
take_addresses(struct body *b)
{
	const struct address named[] = {
	    {"email", b->notify_email},
	    {"slack_webhook", b->slack_webhook_url},
	};

	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		if (named[i].where != NULL) {
			b->draft.addresses[b->draft.addresses_n++] = named[i];
		}
	}
}

enum rc
vantagate_decode_create(struct call *call, struct fault *f)
{
	static const struct option plain[] = {
	    {"Approve", OUTCOME_APPROVE},
	    {"Reject", OUTCOME_DENY},
	};
	struct body *b = arena_alloc(call->arena, sizeof(*b));
	struct draft *d = &b->draft;
	enum rc rc;

	d->destination = "checkpoint";
	d->ttl_s = VANTAGATE_TTL_S;
	d->urgency = URGENCY_NORMAL;
	d->erase_payload = true;
	d->view_link = true;
	d->callback_attempts = VANTAGATE_CALLBACK_ATTEMPTS;
	rc = fields_decode(create_fields, ARRAY_LEN(create_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, b, f);
	if (rc == RC_OK) {
		rc = take_payload(call, b, f);
	}
	if (rc == RC_OK) {
		rc = dialect_idempotency_key(call, d, f);
	}
	if (rc == RC_OK) {
		rc = dialect_callback(call, d, f);
	}
	if (b->options.n == 0) {
		memcpy(b->options.items, plain, sizeof(plain));
		b->options.n = (int)ARRAY_LEN(plain);
	}
	d->options_n = b->options.n;
	memcpy(d->options, b->options.items, sizeof(d->options));
	take_addresses(b);
	call->in = d;
	return rc;
}

enum rc
vantagate_decode_id(struct call *call, struct fault *f)
{
	if (!id_is(call->id, "chk_")) {
		return fault_set(f, RC_NOT_FOUND, "id", "Checkpoint not found");
	}
	call->id = arena_printf(call->arena, "int_%s", call->id + 4);
	return RC_OK;
}

static const struct field decide_fields[] = {
    FIELD_STRING(struct decide_in, label, "decision", 0, CHOICE_LABEL_MAX,
	.required = true),
    FIELD_STRING(struct decide_in, reason, "reason", 0, INTENT_REASON_MAX),
    FIELD_STRING(struct decide_in, code, "code", 0, VANTAGATE_CODE_MAX),
};

const struct route_body vantagate_body_decide = {.fields = decide_fields,
    .n = ARRAY_LEN(decide_fields)};

enum rc
vantagate_decode_decide(struct call *call, struct fault *f)
{
	struct decide_in *in = arena_alloc(call->arena, sizeof(*in));
	enum rc rc = fields_decode(decide_fields, ARRAY_LEN(decide_fields),
	    FIELD_UNKNOWN_IGNORE, call->body, call->arena, in, f);

	in->option = -1;
	if (in->reason != NULL && in->reason[0] == '\0') {
		in->reason = NULL;
	}
	call->in = in;
	return rc;
}
