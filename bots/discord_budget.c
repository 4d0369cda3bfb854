#include "bots/discord_budget.h"

#include <string.h>

enum {
	HOUR_MS = 3600 * 1000,
	RESERVE = 10, /* one part in so many is left to the operator */
	RESET_MS_MAX = 24 * HOUR_MS
};

static int
used(const struct discord_budget *b)
{
	int n = 0;

	for (int i = 0; i < DISCORD_BUDGET_HOURS; i++) {
		n += b->by_hour[i];
	}
	return n;
}

/* Makes by_hour[0] that of `now`. */
static void
advance(struct discord_budget *b, long long now_ms)
{
	long long hour = now_ms / HOUR_MS;

	if (hour < b->hour || now_ms < b->last_ms) {
		/* Set back: all that was counted counts as of now. */
		int n = used(b);

		memset(b->by_hour, 0, sizeof(b->by_hour));
		b->by_hour[0] = n;
		b->hour = hour;
		b->last_ms = now_ms;
		return;
	}
	if (hour - b->hour >= DISCORD_BUDGET_HOURS) {
		memset(b->by_hour, 0, sizeof(b->by_hour));
	} else if (hour > b->hour) {
		size_t by = (size_t)(hour - b->hour);

		memmove(b->by_hour + by, b->by_hour,
		    (DISCORD_BUDGET_HOURS - by) * sizeof(b->by_hour[0]));
		memset(b->by_hour, 0, by * sizeof(b->by_hour[0]));
	}
	b->hour = hour;
}

/* Until enough hours are so old that they no longer count. */
static long long
day_wait_ms(const struct discord_budget *b, long long now_ms)
{
	int n = used(b), i = DISCORD_BUDGET_HOURS;

	if (DISCORD_BUDGET_DAY - n >= DISCORD_BUDGET_DAY / RESERVE) {
		return 0;
	}
	while (i > 0 && DISCORD_BUDGET_DAY - n < DISCORD_BUDGET_DAY / RESERVE) {
		n -= b->by_hour[--i];
	}
	return (b->hour + DISCORD_BUDGET_HOURS - i) * HOUR_MS - now_ms;
}

static long long
said_wait_ms(const struct discord_budget *b, long long now_ms)
{
	bool enough = b->left > 0 && b->left >= b->total / RESERVE;

	return enough || b->until_ms <= now_ms ? 0 : b->until_ms - now_ms;
}

long long
discord_budget_wait_ms(struct discord_budget *b, long long now_ms, bool *spent)
{
	long long gap, day, said;

	advance(b, now_ms);
	/* A clock that was set back far would make it wait for years. */
	if (b->until_ms > now_ms + RESET_MS_MAX) {
		b->until_ms = now_ms + RESET_MS_MAX;
	}
	gap = b->last_ms + DISCORD_BUDGET_GAP_MS - now_ms;
	day = day_wait_ms(b, now_ms);
	said = said_wait_ms(b, now_ms);
	*spent = day > 0 || said > 0;
	day = day > said ? day : said;
	gap = gap > 0 ? gap : 0;
	return gap > day ? gap : day;
}

void
discord_budget_take(struct discord_budget *b, long long now_ms)
{
	advance(b, now_ms);
	b->by_hour[0]++;
	b->left -= b->left > 0 ? 1 : 0;
	b->last_ms = now_ms;
}

void
discord_budget_sent(struct discord_budget *b, long long now_ms)
{
	b->last_ms = now_ms > b->last_ms ? now_ms : b->last_ms;
}

void
discord_budget_give_back(struct discord_budget *b)
{
	b->by_hour[0] -= b->by_hour[0] > 0 ? 1 : 0;
	b->left += b->left < b->total ? 1 : 0;
}

void
discord_budget_limit(struct discord_budget *b, long long total, long long left,
    long long reset_after_ms, long long now_ms)
{
	if (total <= 0 || left < 0 || reset_after_ms <= 0) {
		return;
	}
	b->total = total;
	b->left = left;
	b->until_ms = now_ms +
	    (reset_after_ms < RESET_MS_MAX ? reset_after_ms : RESET_MS_MAX);
}

json_t *
discord_budget_write(const struct discord_budget *b)
{
	json_t *hours = json_array();

	for (int i = 0; i < DISCORD_BUDGET_HOURS; i++) {
		json_array_append_new(hours, json_integer(b->by_hour[i]));
	}
	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:I}", "last_ms",
	    (json_int_t)b->last_ms, "hour", (json_int_t)b->hour, "by_hour",
	    hours, "until_ms", (json_int_t)b->until_ms, "total",
	    (json_int_t)b->total, "left", (json_int_t)b->left);
}

/* A number of ours: not negative, else 0. */
static long long
number(const json_t *v)
{
	long long n = json_integer_value(v);

	return n > 0 ? n : 0;
}

void
discord_budget_read(const json_t *v, struct discord_budget *out)
{
	const json_t *hours = json_object_get(v, "by_hour");

	*out = (struct discord_budget){
	    .last_ms = number(json_object_get(v, "last_ms")),
	    .hour = number(json_object_get(v, "hour")),
	    .until_ms = number(json_object_get(v, "until_ms")),
	    .total = number(json_object_get(v, "total")),
	    .left = number(json_object_get(v, "left")),
	};
	for (size_t i = 0; i < DISCORD_BUDGET_HOURS; i++) {
		long long n = number(json_array_get(hours, i));

		out->by_hour[i] = n < DISCORD_BUDGET_DAY ? (int)n
							 : DISCORD_BUDGET_DAY;
	}
}
