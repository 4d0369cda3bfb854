#include "payload.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/crypto.h"
#include "lib/rc.h"

enum {
	ENDING_MAX = 10,  /* characters of a file name's ending */
	PATH_BYTES = 4096 /* longer is no path (PATH_MAX) */
};

/* Endings that count whatever stands before them. */
static const char *const known[] = {"csv", "json", "txt", "pdf", "xml", "xlsx",
    "jsonl"};

/* Media types (RFC 6838) and the ending that policies know them by. */
static const struct {
	const char *media;
	const char *type;
} media_types[] = {
    {"", "txt"}, /* RFC 2397 2: text/plain when nothing is said */
    {"text/plain", "txt"},
    {"text/csv", "csv"},
    {"text/xml", "xml"},
    {"application/json", "json"},
    {"application/jsonl", "jsonl"},
    {"application/x-ndjson", "jsonl"},
    {"application/pdf", "pdf"},
    {"application/xml", "xml"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"xlsx"},
};

static void
trim(const char **s, size_t *len)
{
	while (*len > 0 && isspace((unsigned char)(*s)[*len - 1])) {
		(*len)--;
	}
	while (*len > 0 && isspace((unsigned char)**s)) {
		(*s)++;
		(*len)--;
	}
}

static char *
lower(struct arena *a, const char *s, size_t n)
{
	char *out = arena_strndup(a, s, n);

	for (char *p = out; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
	return out;
}

/* The type of a data: URI whose part behind the colon is s. */
static const char *
data_type(struct arena *a, const char *s, size_t len)
{
	size_t n = 0;
	const char *media, *slash;

	while (n < len && n < 255 && s[n] != ';' && s[n] != ',') {
		n++;
	}
	trim(&s, &n);
	media = lower(a, s, n);
	for (size_t i = 0; i < ARRAY_LEN(media_types); i++) {
		if (strcmp(media, media_types[i].media) == 0) {
			return media_types[i].type;
		}
	}
	slash = strchr(media, '/');
	media = slash == NULL ? media : slash + 1;
	return arena_strndup(a, media, strnlen(media, PAYLOAD_TYPE_MAX));
}

static bool
is_known(const char *ending)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(ending, known[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* One word, or a line that begins as paths do on Unix and Windows. */
static bool
is_path(const char *s, size_t len)
{
	bool blank = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < ' ' && c != '\t') {
			return false;
		}
		blank = blank || isblank(c);
	}
	if (!blank) {
		return true;
	}
	return s[0] == '/' || s[0] == '\\' || s[0] == '~' ||
	    (s[0] == '.' && (s[1] == '/' || s[1] == '\\' || s[1] == '.')) ||
	    (isalpha((unsigned char)s[0]) && s[1] == ':');
}

bool
payload_is_data(const char *s, size_t len)
{
	trim(&s, &len);
	return len >= 5 && strncasecmp(s, "data:", 5) == 0;
}

const char *
payload_type(struct arena *a, const char *s, size_t len)
{
	size_t n = 0;
	const char *ending;

	trim(&s, &len);
	if (payload_is_data(s, len)) {
		return data_type(a, s + 5, len - 5);
	}
	while (n < len && n <= ENDING_MAX &&
	    isalnum((unsigned char)s[len - n - 1])) {
		n++;
	}
	if (n == 0 || n > ENDING_MAX || n == len || s[len - n - 1] != '.') {
		return NULL;
	}
	ending = lower(a, s + len - n, n);
	if (is_known(ending)) {
		return ending;
	}
	/* "1.5" and "v1.2" are text: an ending begins with a letter. */
	if (!isalpha((unsigned char)*ending) || len > PATH_BYTES ||
	    !is_path(s, len)) {
		return NULL;
	}
	return ending;
}

/* Percent decoding (RFC 3986 2.1); false when a % is not one. */
static bool
unpercent(const char *s, size_t len, char *out, size_t *out_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char pair[3] = {0};

		if (s[i] != '%') {
			out[n++] = s[i];
			continue;
		}
		if (i + 2 >= len) {
			return false;
		}
		memcpy(pair, s + i + 1, 2);
		if (crypto_unhex(pair, out + n, 1) != RC_OK) {
			return false;
		}
		n++;
		i += 2;
	}
	out[n] = '\0';
	*out_len = n;
	return true;
}

/* Whether the head of a data: URI ends in ";base64". */
static bool
is_base64(const char *head, size_t n)
{
	static const char word[] = ";base64";

	trim(&head, &n);
	return n >= strlen(word) &&
	    strncasecmp(head + n - strlen(word), word, strlen(word)) == 0;
}

char *
payload_data(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	const char *comma;
	char *text, *bytes;
	size_t n;

	trim(&s, &len);
	comma = payload_is_data(s, len) ? memchr(s, ',', len) : NULL;
	if (comma == NULL) {
		return NULL;
	}
	n = len - (size_t)(comma + 1 - s);
	text = arena_alloc(a, n + 1);
	if (!unpercent(comma + 1, n, text, &n)) {
		return NULL;
	}
	if (!is_base64(s + 5, (size_t)(comma - s) - 5)) {
		*out_len = n;
		return text;
	}
	if (strlen(text) != n) {
		return NULL;
	}
	bytes = arena_alloc(a, n + 1);
	if (crypto_unbase64(text, bytes, n, out_len) != RC_OK) {
		return NULL;
	}
	return bytes;
}
