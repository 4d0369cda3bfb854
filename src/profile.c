#include "profile.h"

#include <stdbool.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/text.h"

enum {
	FIELDS_MAX = 3,
	SAID_MAX = 300, /* bytes of a field in the sentence */
	BEGINNING_MAX = 60
};

struct profile {
	const char *fields[FIELDS_MAX];
	/* {name} stands for a field, {name~} for its beginning. */
	const char *summary;
};

static const char *const names[] = {
    "email.send.v1",
    "crm.import.v1",
    "payment.refund.v1",
    "finance.journal.v1",
    "support.reply.v1",
    "social.publish.v1",
};

static const struct profile profiles[ARRAY_LEN(names)] = {
    {{"to", "subject"}, "Send email to {to}: \"{subject}\""},
    {{"object_type", "record_count"},
	"Import {record_count} {object_type} record(s)"},
    {{"amount_usd", "reason"}, "Refund ${amount_usd}: {reason}"},
    {{"account", "amount_usd", "memo"},
	"Journal entry on {account}: ${amount_usd}, {memo}"},
    {{"ticket_id", "body"}, "Reply to support ticket {ticket_id}"},
    {{"platform", "body"}, "Publish to {platform}: \"{body~}\""},
};

static const struct profile *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return &profiles[i];
		}
	}
	return NULL;
}

static bool
is_missing(const json_t *v)
{
	return v == NULL || json_is_null(v) ||
	    (json_is_string(v) && json_string_length(v) == 0);
}

/* The first field that is not filled in, or NULL. */
static const char *
missing_field(const struct profile *p, const json_t *metadata)
{
	for (int i = 0; i < FIELDS_MAX && p->fields[i] != NULL; i++) {
		if (is_missing(json_object_get(metadata, p->fields[i]))) {
			return p->fields[i];
		}
	}
	return NULL;
}

/* Says the field of the metadata that is named in [from, to). */
static void
say_field(struct arena *a, struct buf *b, const json_t *metadata,
    const char *from, const char *to)
{
	bool cut = to[-1] == '~';
	const char *name = arena_strndup(a, from, (size_t)(to - from) - cut);
	const json_t *v = json_object_get(metadata, name);
	const char *s = json_string_value(v);
	size_t len = json_string_length(v), n;

	if (v == NULL) {
		buf_puts(b, "?");
		return;
	}
	if (s == NULL) {
		s = json_canonical(a, v, &len);
	}
	n = cut ? BEGINNING_MAX : SAID_MAX;
	n = len <= n ? len : text_border(s, len, n);
	buf_add(b, s, n);
	if (n < len) {
		buf_puts(b, "...");
	}
}

const char *const *
profile_names(size_t *n)
{
	*n = ARRAY_LEN(names);
	return names;
}

enum rc
profile_check(const char *required, const struct draft *d, struct fault *f)
{
	const struct profile *p;
	const char *field;

	if (required != NULL && d->profile == NULL) {
		(void)fault_set(f, RC_INVALID, "profile",
		    "this policy needs the profile \"%s\"", required);
		return fault_reason(f, "profile_required");
	}
	if (required != NULL && strcmp(required, d->profile) != 0) {
		(void)fault_set(f, RC_INVALID, "profile",
		    "this policy needs the profile \"%s\", not \"%s\"",
		    required, d->profile);
		return fault_reason(f, "profile_mismatch");
	}
	if (d->profile == NULL) {
		return RC_OK;
	}
	p = find(d->profile);
	if (p == NULL) {
		(void)fault_set(f, RC_INVALID, "profile", "Unknown profile: %s",
		    d->profile);
		return fault_reason(f, "invalid_profile_payload");
	}
	field = missing_field(p, d->metadata);
	if (field != NULL) {
		(void)fault_set(f, RC_INVALID, "metadata",
		    "Missing required field \"%s\" for profile \"%s\"", field,
		    d->profile);
		return fault_reason(f, "invalid_profile_payload");
	}
	return RC_OK;
}

char *
profile_summary(struct arena *a, const char *profile, const json_t *metadata)
{
	CLEANUP(buf_fini) struct buf b = {0};
	const struct profile *p = profile == NULL ? NULL : find(profile);
	const char *s, *open, *close;

	if (p == NULL) {
		return NULL;
	}
	for (s = p->summary; (open = strchr(s, '{')) != NULL; s = close + 1) {
		close = strchr(open, '}');
		buf_add(&b, s, (size_t)(open - s));
		say_field(a, &b, metadata, open + 1, close);
	}
	buf_puts(&b, s);
	return arena_strdup(a, buf_str(&b));
}
