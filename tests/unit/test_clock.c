#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"

static void
both_clocks_run(void **state)
{
	long long us = clock_mono_us(), ms = clock_mono_ms();

	(void)state;
	/* 2020-01-01: nobody runs this earlier. */
	assert_true(clock_now_ms() > 1577836800000LL);
	assert_true(ms >= us / 1000);
	assert_true(clock_mono_us() >= us);
	while (clock_mono_us() == us) {
	}
	assert_true(clock_mono_us() > us);
}

static void
times_are_written_as_rfc_3339(void **state)
{
	static const struct {
		long long ms;
		const char *iso, *mail;
	} rows[] = {
	    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 +0000"},
	    {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000"},
	    {951782400123, "2000-02-29T00:00:00.123Z",
		"Tue, 29 Feb 2000 00:00:00 +0000"},
	    {1767323045678, "2026-01-02T03:04:05.678Z",
		"Fri, 02 Jan 2026 03:04:05 +0000"},
	    {253402300799999, "9999-12-31T23:59:59.999Z",
		"Fri, 31 Dec 9999 23:59:59 +0000"},
	    {-62167219200000, "0000-01-01T00:00:00.000Z",
		"Sat, 01 Jan 0000 00:00:00 +0000"},
	};
	char out[40];
	long long back;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(clock_iso(rows[i].ms, out), rows[i].iso);
		assert_int_equal(clock_parse_iso(out, &back), RC_OK);
		assert_true(back == rows[i].ms);
		assert_string_equal(clock_mail_date(rows[i].ms, out),
		    rows[i].mail);
	}
}

static void
no_time_is_too_far_to_be_written(void **state)
{
	static const long long ends[] = {INT64_MAX, INT64_MIN};
	char iso[CLOCK_ISO_SIZE], mail[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		assert_true(strlen(clock_iso(ends[i], iso)) < CLOCK_ISO_SIZE);
		assert_int_equal(iso[strlen(iso) - 1], 'Z');
		assert_true(strlen(clock_mail_date(ends[i], mail)) < 40);
	}
}

static void
all_spellings_of_rfc_3339_are_read(void **state)
{
	static const struct {
		const char *text;
		long long ms;
	} rows[] = {
	    {"2026-01-02T03:04:05Z", 1767323045000},
	    {"2026-01-02t03:04:05z", 1767323045000},
	    {"2026-01-02 03:04:05Z", 1767323045000},
	    {"2026-01-02T03:04:05.6Z", 1767323045600},
	    {"2026-01-02T03:04:05.67Z", 1767323045670},
	    {"2026-01-02T03:04:05.678999999999999999Z", 1767323045678},
	    {"2026-01-02T03:04:05+00:00", 1767323045000},
	    {"2026-01-02T03:04:05-00:00", 1767323045000},
	    {"2026-01-02T05:34:05.5+02:30", 1767323045500},
	    {"2026-01-01T22:04:05-05:00", 1767323045000},
	    {"2016-12-31T23:59:60Z", 1483228800000},
	    {"2000-02-29T00:00:00Z", 951782400000},
	};
	long long ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(clock_parse_iso(rows[i].text, &ms), RC_OK);
		assert_true(ms == rows[i].ms);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    "2026",
	    "2026-01-02",
	    "2026-01-02T",
	    "2026-01-02T03:04Z",
	    "2026-01-02T03:04:05",
	    "2026-01-02T03:04:05.Z",
	    "2026-01-02T03:04:05,5Z",
	    "2026-01-02T03:04:05ZZ",
	    "2026-01-02T03:04:05Z ",
	    " 2026-01-02T03:04:05Z",
	    "2026-00-02T03:04:05Z",
	    "2026-13-02T03:04:05Z",
	    "2026-01-00T03:04:05Z",
	    "2026-01-32T03:04:05Z",
	    "2026-04-31T03:04:05Z",
	    "2026-02-29T03:04:05Z",
	    "1900-02-29T03:04:05Z",
	    "2026-01-02T24:00:00Z",
	    "2026-01-02T03:60:05Z",
	    "2026-01-02T03:04:61Z",
	    "2026-01-02T03:04:05+24:00",
	    "2026-01-02T03:04:05+01:60",
	    "2026-01-02T03:04:05+0100",
	    "2026-01-02T03:04:05+01",
	    "2026-01-02T03:04:05 01:00",
	    "2026-1-2T03:04:05Z",
	    "+2026-01-02T03:04:05Z",
	    "-026-01-02T03:04:05Z",
	    "2026-01-02x03:04:05Z",
	    "2026/01/02T03:04:05Z",
	    "12026-01-02T03:04:05Z",
	    "2026-01-02T03:04:05.5",
	};
	long long ms = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(clock_parse_iso(rows[i], &ms), RC_INVALID);
		assert_int_equal(ms, 42);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_clocks_run),
	    cmocka_unit_test(times_are_written_as_rfc_3339),
	    cmocka_unit_test(no_time_is_too_far_to_be_written),
	    cmocka_unit_test(all_spellings_of_rfc_3339_are_read),
	    cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
