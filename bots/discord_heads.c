/*
 * What an answer of Discord's API says (Discord, "Rate Limits" and "Opcodes
 * and Status Codes").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bots/discord_rest.h"
#include "lib/clock.h"
#include "lib/text.h"

enum { OK_FIRST = 200, OK_LAST = 299, CLIENT_FIRST = 400, SERVER_FIRST = 500 };

static const double seconds_max = 1e9;

/* A number of seconds, or of requests; -1 when it is none. */
static double
number_of(const char *s)
{
	char *end;
	double v;

	if (s == NULL || *s < '0' || *s > '9') {
		return -1;
	}
	v = strtod(s, &end);
	return *end == '\0' && v >= 0 && v <= seconds_max ? v : -1;
}

/* Of the body; Discord sends seconds as a float. */
static double
retry_of(const json_t *body)
{
	const json_t *v = json_object_get(body, "retry_after");
	double s = json_number_value(v);

	return json_is_number(v) && s >= 0 && s <= seconds_max ? s : -1;
}

static void
copy_words(const char *s, struct discord_heads *out)
{
	CLEANUP(buf_fini) struct buf shown;

	buf_init(&shown, 0);
	if (s == NULL) {
		return;
	}
	text_show(&shown, s, text_border(s, strlen(s), sizeof(out->words)),
	    false, NULL);
	(void)snprintf(out->words, sizeof(out->words), "%.*s",
	    (int)text_border(buf_str(&shown), shown.len,
		sizeof(out->words) - 1),
	    buf_str(&shown));
}

/* By the Date (RFC 9110 6.6.1), which knows whole seconds only. */
static long long
skew_of(const char *date)
{
	enum { SECOND = 1000, TOLERATED_MS = 2000 };
	struct tm tm = {0};
	long long ms;

	if (date == NULL ||
	    strptime(date, "%a, %d %b %Y %H:%M:%S", &tm) == NULL) {
		return 0;
	}
	ms = clock_now_ms() - (long long)timegm(&tm) * SECOND;
	return ms > -TOLERATED_MS && ms < TOLERATED_MS ? 0 : ms;
}

static bool
is_true(const char *s)
{
	return s != NULL && strcmp(s, "true") == 0;
}

void
discord_heads_read(const struct http_answer *a, struct discord_heads *out,
    json_t **body)
{
	const char *bucket = a->header(a, "X-RateLimit-Bucket");
	const char *scope = a->header(a, "X-RateLimit-Scope");
	double head = number_of(a->header(a, "Retry-After")), left, said;
	json_t *json = a->body_cut
	    ? NULL
	    : json_loadb(a->body, a->body_len, JSON_ALLOW_NUL, NULL);

	left = number_of(a->header(a, "X-RateLimit-Remaining"));
	said = retry_of(json);
	*out = (struct discord_heads){
	    .status = a->status,
	    .json = json != NULL,
	    .code = (int)json_integer_value(json_object_get(json, "code")),
	    .via = a->header(a, "Via") != NULL,
	    .global = is_true(a->header(a, "X-RateLimit-Global")) ||
		json_is_true(json_object_get(json, "global")),
	    .shared = scope != NULL && strcmp(scope, "shared") == 0,
	    .retry_after_s = said > head ? said : head,
	    .remaining = left >= 0 && left < seconds_max ? (int)left : -1,
	    .reset_after_s = number_of(a->header(a, "X-RateLimit-Reset-After")),
	    .skew_ms = skew_of(a->header(a, "Date")),
	};
	/* Another unit than seconds is no wait that we understand. */
	if (out->retry_after_s < 0) {
		out->retry_after_s = a->retry_after_s > 0 ? a->retry_after_s
							  : -1;
	}
	if (bucket != NULL && strlen(bucket) < sizeof(out->bucket)) {
		(void)snprintf(out->bucket, sizeof(out->bucket), "%s", bucket);
	}
	copy_words(json_string_value(json_object_get(json, "message")), out);
	*body = json;
}

static const char *
words_of(int code)
{
	static const struct {
		int code;
		const char *words;
	} rows[] = {
	    {10003, "Discord knows no such channel"},
	    {DISCORD_UNKNOWN_MESSAGE, "the message is gone"},
	    {10013, "Discord knows no such user"},
	    {40003, "direct messages are opened too fast"},
	    {50001, "the bot cannot see the channel"},
	    {50005, "the message is somebody else's"},
	    {50007, "the person takes no direct messages from the bot"},
	    {50013, "the bot may not write there: it lacks a permission"},
	    {50033, "no direct messages can go to this account"},
	    {50278, "the person shares no server with the bot"},
	    {DISCORD_AUTOMOD, "a filter of the server refuses the text"},
	    {DISCORD_HARMFUL_LINK, "Discord takes the link for harmful"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].code == code) {
			return rows[i].words;
		}
	}
	return NULL;
}

void
discord_judge(const struct discord_heads *h, struct discord_reply *out,
    char *words, size_t size)
{
	enum { DMS_TOO_FAST = 40003 };
	const char *known = words_of(h->code);

	out->status = h->status;
	out->code = h->code;
	out->detail = words;
	if (h->status >= OK_FIRST && h->status <= OK_LAST) {
		out->rc = RC_OK;
		(void)snprintf(words, size, "HTTP %d", h->status);
		return;
	}
	out->rc = h->status >= CLIENT_FIRST && h->status < SERVER_FIRST &&
		h->code != DMS_TOO_FAST
	    ? RC_REMOTE_PERM
	    : RC_REMOTE_TEMP;
	(void)snprintf(words, size, "%s (HTTP %d, code %d)",
	    known != NULL	    ? known
		: *h->words != '\0' ? h->words
				    : "Discord refuses it",
	    h->status, h->code);
}
