#include "lib/clock.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAIL_DATE_SIZE = 40 };

/* Whole seconds at or before ms, also before 1970. */
static time_t
seconds_of(long long ms, int *out_rest)
{
	int rest = (int)(ms % 1000);

	*out_rest = rest < 0 ? rest + 1000 : rest;
	return (time_t)(ms / 1000 - (rest < 0 ? 1 : 0));
}

static struct tm
utc(time_t seconds)
{
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	return tm;
}

/* Reads exactly n digits at *s and moves on. */
static enum rc
read_number(const char **s, int n, int *out)
{
	int value = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*s)[i])) {
			return RC_INVALID;
		}
		value = value * 10 + ((*s)[i] - '0');
	}
	*s += n;
	*out = value;
	return RC_OK;
}

/* Reads n digits between low and high, then one character out of `after`. */
static enum rc
read_part(const char **s, int n, int low, int high, const char *after, int *out)
{
	if (read_number(s, n, out) != RC_OK || *out < low || *out > high) {
		return RC_INVALID;
	}
	if (after == NULL) {
		return RC_OK;
	}
	if (**s == '\0' || strchr(after, **s) == NULL) {
		return RC_INVALID;
	}
	++*s;
	return RC_OK;
}

static int
days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static enum rc
read_date_time(const char **s, struct tm *out)
{
	int year, month;

	/* RFC 3339 5.6: the T may be lower case or, by agreement, a blank. */
	if (read_part(s, 4, 0, 9999, "-", &year) != RC_OK ||
	    read_part(s, 2, 1, 12, "-", &month) != RC_OK ||
	    read_part(s, 2, 1, days_in(year, month), "Tt ", &out->tm_mday) !=
		RC_OK ||
	    read_part(s, 2, 0, 23, ":", &out->tm_hour) != RC_OK ||
	    read_part(s, 2, 0, 59, ":", &out->tm_min) != RC_OK ||
	    /* 60 is a leap second; it counts as the next second. */
	    read_part(s, 2, 0, 60, NULL, &out->tm_sec) != RC_OK) {
		return RC_INVALID;
	}
	out->tm_year = year - 1900;
	out->tm_mon = month - 1;
	return RC_OK;
}

/* ".123456" as 123; nothing as 0. */
static enum rc
read_fraction(const char **s, int *out_ms)
{
	int scale = 100;

	*out_ms = 0;
	if (**s != '.') {
		return RC_OK;
	}
	++*s;
	if (!isdigit((unsigned char)**s)) {
		return RC_INVALID;
	}
	for (; isdigit((unsigned char)**s); ++*s) {
		*out_ms += (**s - '0') * scale;
		scale /= 10;
	}
	return RC_OK;
}

static enum rc
read_offset(const char **s, int *out_minutes)
{
	char sign = **s;
	int hours, minutes;

	*out_minutes = 0;
	if (sign == '\0') {
		return RC_INVALID;
	}
	++*s;
	if (sign == 'Z' || sign == 'z') {
		return RC_OK;
	}
	if ((sign != '+' && sign != '-') ||
	    read_part(s, 2, 0, 23, ":", &hours) != RC_OK ||
	    read_part(s, 2, 0, 59, NULL, &minutes) != RC_OK) {
		return RC_INVALID;
	}
	*out_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return RC_OK;
}

long long
clock_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

long long
clock_mono_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

long long
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

char *
clock_iso(long long ms, char *out)
{
	int rest;
	struct tm tm = utc(seconds_of(ms, &rest));
	int n = snprintf(out, CLOCK_ISO_SIZE,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest);

	assert(n < CLOCK_ISO_SIZE);
	return out;
}

enum rc
clock_parse_iso(const char *s, long long *out_ms)
{
	struct tm tm = {0};
	int ms, offset_minutes;

	if (read_date_time(&s, &tm) != RC_OK ||
	    read_fraction(&s, &ms) != RC_OK ||
	    read_offset(&s, &offset_minutes) != RC_OK || *s != '\0') {
		return RC_INVALID;
	}
	*out_ms = ((long long)timegm(&tm) - offset_minutes * 60LL) * 1000 + ms;
	return RC_OK;
}

char *
clock_mail_date(long long ms, char *out)
{
	/* Not strftime(): the names must not follow the locale. */
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int rest;
	struct tm tm = utc(seconds_of(ms, &rest));
	int n = snprintf(out, MAIL_DATE_SIZE,
	    "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", days + 3 * tm.tm_wday,
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);

	assert(n < MAIL_DATE_SIZE);
	return out;
}
