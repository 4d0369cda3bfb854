#include "guest.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/text.h"

enum { DIGITS = 16 };

static const struct kind {
	const char *channel;
	const char *id;	  /* all of it, or what stands before the digits */
	const char *name; /* NULL = the masked address */
	bool one_person;
	const char *assurance;
} kinds[] = {
    {"email", "guest:mail:", NULL, true, "link"},
    {"slack_webhook", "guest:slack", "reader of the Slack post", false, "link"},
    {"link", "guest:holder", "holder of the link", false, "none"},
};

static const struct kind *
kind_of(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t len = strlen(kinds[i].id);

		if (kinds[i].name == NULL ? strncmp(id, kinds[i].id, len) == 0
					  : strcmp(id, kinds[i].id) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

static const char *
mailbox_id(struct arena *a, const char *prefix, const char *address)
{
	char *lower = arena_strdup(a, address), hex[CRYPTO_SHA256_HEX];

	for (char *p = lower; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
	crypto_sha256_hex(lower, strlen(lower), hex);
	return arena_printf(a, "%s%.*s", prefix, DIGITS, hex);
}

struct guest
guest_at(struct arena *a, const struct address *at)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (strcmp(at->channel, k->channel) != 0) {
			continue;
		}
		if (k->name != NULL) {
			return (struct guest){k->id, k->name};
		}
		return (struct guest){mailbox_id(a, k->id, at->where),
		    text_mask_email(a, at->where)};
	}
	assert(0 && "a channel that guests do not have");
	return (struct guest){GUEST_VIEWER, ""};
}

bool
guest_is(const char *id)
{
	return id != NULL && strncmp(id, "guest:", 6) == 0;
}

bool
guest_is_one_person(const char *id)
{
	const struct kind *k = kind_of(id);

	return k != NULL && k->one_person;
}

const char *
guest_via(const char *id)
{
	const struct kind *k = kind_of(id);

	return k != NULL ? k->channel : "";
}

const char *
guest_assurance(const char *id)
{
	const struct kind *k = kind_of(id);

	return k != NULL ? k->assurance : "link";
}

const char *
guest_name(const struct plan *p, const char *id)
{
	for (int i = 0; i < p->guests_n; i++) {
		if (strcmp(p->guests[i].id, id) == 0) {
			return p->guests[i].name;
		}
	}
	return NULL;
}
