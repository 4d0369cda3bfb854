#include "card_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/text.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* Below this a double holds every cent. */
static const double cents_max = 1e13;

char *
card_number(struct arena *a, long long n)
{
	char *digits = arena_printf(a, "%lld", n);
	size_t len = strlen(digits), sign = n < 0, at = 0;
	char *out = arena_alloc(a, len + len / 3 + 1);

	for (size_t i = 0; i < len; i++) {
		if (i > sign && (len - i) % 3 == 0) {
			out[at++] = ',';
		}
		out[at++] = digits[i];
	}
	return out;
}

char *
card_show(struct arena *a, const char *s, size_t len, size_t max,
    bool keep_lines, size_t *shown, bool *spelled)
{
	CLEANUP(buf_fini) struct buf out;
	size_t n = max != 0 && len > max ? text_border(s, len, max) : len;
	bool changed = false;

	buf_init(&out, 0);
	text_show(&out, s, n, keep_lines, &changed);
	/* Spelling makes it longer: show less until it fits. */
	while (n > 0 && (out.full || (max != 0 && out.len > max))) {
		size_t want = out.full ? n / 2 : n * max / out.len;

		n = text_border(s, len, want < n ? want : n - 1);
		buf_clear(&out);
		changed = false;
		text_show(&out, s, n, keep_lines, &changed);
	}
	*shown = n;
	*spelled |= changed;
	return arena_strdup(a, buf_str(&out));
}

static bool
is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

const char *
card_line(struct arena *a, const char *s)
{
	bool spelled = false;
	size_t shown;

	return s == NULL
	    ? NULL
	    : card_show(a, s, strlen(s), 0, false, &shown, &spelled);
}

const char *
card_lines(struct arena *a, const char *s)
{
	bool spelled = false;
	size_t shown;

	return s == NULL
	    ? NULL
	    : card_show(a, s, strlen(s), 0, true, &shown, &spelled);
}

const char *
card_utc(struct arena *a, long long ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	return arena_printf(a, "%.10s %.8s UTC", iso, iso + 11);
}

const char *
card_duration(struct arena *a, long long ms)
{
	if (ms < MINUTE) {
		return arena_printf(a, "%lld s", ms / SECOND);
	}
	ms += MINUTE / 2; /* what was asked for an hour has no 59 minutes */
	if (ms < HOUR) {
		return arena_printf(a, "%lld min", ms / MINUTE);
	}
	if (ms < 48LL * HOUR) {
		return ms % HOUR < MINUTE ? arena_printf(a, "%lld h", ms / HOUR)
					  : arena_printf(a, "%lld h %lld min",
						ms / HOUR, ms % HOUR / MINUTE);
	}
	return arena_printf(a, "%lld days", ms / (24LL * HOUR));
}

const char *
card_dollars(struct arena *a, double usd)
{
	const char *sign = usd < 0 ? "-" : "";
	double size = usd < 0 ? -usd : usd;
	char text[64];

	snprintf(text, sizeof(text), "%.2f", size < cents_max ? size : 0);
	if (size < cents_max && strtod(text, NULL) == size) {
		return arena_printf(a, "%s$%s%s", sign,
		    card_number(a, strtoll(text, NULL, 10)), strchr(text, '.'));
	}
	/* The fewest digits that name this number and no other. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, size);
		if (strtod(text, NULL) == size) {
			break;
		}
	}
	return arena_printf(a, "%s$%s", sign, text);
}

const char *
card_list(struct arena *a, const struct field_strings *words)
{
	CLEANUP(buf_fini) struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < words->n; i++) {
		buf_printf(&out, "%s%s", i > 0 ? ", " : "",
		    card_line(a, words->items[i]));
	}
	return arena_strdup(a, buf_str(&out));
}

const char *
card_way(struct arena *a, const char *via)
{
	static const struct {
		const char *via, *words;
	} ways[] = {
	    {"api", " over the API"},
	    {"page", " on the approvals page"},
	    {"email", " by mail"},
	    {"slack", " in Slack"},
	    {"discord", " in Discord"},
	};

	if (is_empty(via)) {
		return "";
	}
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (strcmp(ways[i].via, via) == 0) {
			return ways[i].words;
		}
	}
	return arena_printf(a, " via %s", card_line(a, via));
}
