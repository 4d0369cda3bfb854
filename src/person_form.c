#include "person_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
	SNOWFLAKE_DIGITS = 20, /* of a Discord id, which has 64 bits */
	SLACK_CHARACTERS = 64,
	PATH_BYTES = 160
};

static const char zones[] = "/usr/share/zoneinfo";

static const char *const reserved[] = {"admin", "policy", "clock", "system",
    "agent"};

bool
person_is_name(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) &&
		    strchr("._-", s[i]) == NULL) {
			return false;
		}
	}
	return len > 0 && len <= PERSON_ID_MAX;
}

bool
person_is_reserved(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (strcasecmp(id, reserved[i]) == 0) {
			return true;
		}
	}
	return strncasecmp(id, "key_", 4) == 0;
}

/* Length of a Slack id: one of these letters, then capitals and digits. */
static size_t
slack_id(const char *s, const char *kinds)
{
	size_t n = 1;

	if (*s == '\0' || strchr(kinds, *s) == NULL) {
		return 0;
	}
	while (isupper((unsigned char)s[n]) || isdigit((unsigned char)s[n])) {
		n++;
	}
	return n > 1 && n <= SLACK_CHARACTERS ? n : 0;
}

static bool
is_slack(const char *s, const char *kinds)
{
	size_t team = slack_id(s, "TE"), rest;

	if (team == 0 || s[team] != '/') {
		return false;
	}
	rest = slack_id(s + team + 1, kinds);
	return rest > 0 && s[team + 1 + rest] == '\0';
}

bool
person_is_slack_user(const char *s)
{
	return is_slack(s, "UW");
}

bool
person_is_slack_channel(const char *s)
{
	return is_slack(s, "CGD");
}

/* Length of a number that Discord gives out. */
static size_t
snowflake(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n <= SNOWFLAKE_DIGITS && s[0] != '0' ? n : 0;
}

bool
person_is_discord(const char *s)
{
	size_t n = snowflake(s);

	return n > 0 && s[n] == '\0';
}

bool
person_is_discord_role(const char *s)
{
	size_t n = snowflake(s);

	return n > 0 && s[n] == '/' && person_is_discord(s + n + 1);
}

bool
person_is_timezone(const char *s)
{
	struct stat st;
	char path[PATH_BYTES];

	if (!isalpha((unsigned char)*s)) {
		return false;
	}
	/* No dot, so no way out of the folder. */
	for (const char *p = s; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr("/_+-", *p) == NULL) {
			return false;
		}
	}
	if (stat(zones, &st) != 0 || !S_ISDIR(st.st_mode)) {
		return true;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", zones, s);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}
