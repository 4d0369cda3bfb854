#include "config_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/url.h"

enum { ADMIN_KEY_MIN = 16 };

enum rc
setting_refuse(struct fault *f, const struct setting *s, const char *why)
{
	return fault_set(f, RC_INVALID, s->env, "%s (%s): %s", s->name, s->env,
	    why);
}

bool
setting_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"1", "true", "yes", "on"};
	static const char *const no[] = {"0", "false", "no", "off"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 ||
		    strcasecmp(text, no[i]) == 0) {
			*out = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

static enum rc
check_int(const struct setting *s, const char *value, struct fault *f)
{
	char *end, why[80];
	const char *dots = strstr(s->words, "..");
	long long lo = atoll(s->words), hi = atoll(dots + 2), n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < lo || n > hi) {
		(void)snprintf(why, sizeof(why),
		    "must be a whole number from %lld to %lld", lo, hi);
		return setting_refuse(f, s, why);
	}
	return RC_OK;
}

static enum rc
check_word(const struct setting *s, const char *value, struct fault *f)
{
	const char *at = s->words;
	char why[120];

	while (at != NULL) {
		size_t len = strcspn(at, "|");

		if (strlen(value) == len && strncmp(at, value, len) == 0) {
			return RC_OK;
		}
		at = at[len] == '|' ? at + len + 1 : NULL;
	}
	(void)snprintf(why, sizeof(why), "must be one of %s", s->words);
	return setting_refuse(f, s, why);
}

static enum rc
check_url(const struct setting *s, const char *value, struct fault *f)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct fault why = {0};
	struct url u;

	if (url_parse(a, value, &u, &why) != RC_OK) {
		return setting_refuse(f, s, why.text);
	}
	return strchr(value, '?') == NULL
	    ? RC_OK
	    : setting_refuse(f, s, "must not have a query");
}

enum rc
setting_check(const struct setting *s, const char *value, struct fault *f)
{
	bool b;

	switch (s->type) {
	case SETTING_INT:
		return check_int(s, value, f);
	case SETTING_WORD:
		return check_word(s, value, f);
	case SETTING_URL:
		return check_url(s, value, f);
	case SETTING_BOOL:
		return setting_bool(value, &b)
		    ? RC_OK
		    : setting_refuse(f, s, "must be true or false");
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	}
	if (strcmp(s->name, "admin_api_key") == 0 &&
	    strlen(value) < ADMIN_KEY_MIN) {
		return setting_refuse(f, s, "must have at least 16 characters");
	}
	return RC_OK;
}
