#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto.h"

static void
hex_is_lower_case_and_reads_back(void **state)
{
	unsigned char all[256], back[256];
	char hex[513];

	(void)state;
	for (int i = 0; i < 256; i++) {
		all[i] = (unsigned char)i;
	}
	crypto_hex(all, sizeof(all), hex);
	assert_int_equal(strlen(hex), 512);
	assert_int_equal(strspn(hex, "0123456789abcdef"), 512);
	assert_int_equal(crypto_unhex(hex, back, 256), RC_OK);
	assert_memory_equal(all, back, 256);
	crypto_hex(NULL, 0, hex);
	assert_string_equal(hex, "");
}

static void
hex_of_the_wrong_length_or_letters_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		enum rc rc;
	} rows[] = {
	    {"00fF", 2, RC_OK},
	    {"", 0, RC_OK},
	    {"", 1, RC_INVALID},
	    {"0", 1, RC_INVALID},
	    {"000", 1, RC_INVALID},
	    {"0000", 1, RC_INVALID},
	    {"00", 2, RC_INVALID},
	    {"0g", 1, RC_INVALID},
	    {"g0", 1, RC_INVALID},
	    {" 0", 1, RC_INVALID},
	    {"0x", 1, RC_INVALID},
	    {"+1", 1, RC_INVALID},
	    {"-1", 1, RC_INVALID},
	    {"\xc3\xa9", 1, RC_INVALID},
	    {"/:", 1, RC_INVALID},
	    {"@G", 1, RC_INVALID},
	    {"`g", 1, RC_INVALID},
	};
	unsigned char out[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (crypto_unhex(rows[i].text, out, rows[i].n) != rows[i].rc) {
			fail_msg("hex '%s' of %zu", rows[i].text, rows[i].n);
		}
	}
}

static void
base64_is_the_one_of_rfc_4648(void **state)
{
	/* Section 10, and bytes that tell the two alphabets apart. */
	static const struct {
		const char *plain, *standard, *url;
	} rows[] = {
	    {"", "", ""},
	    {"f", "Zg==", "Zg"},
	    {"fo", "Zm8=", "Zm8"},
	    {"foo", "Zm9v", "Zm9v"},
	    {"foob", "Zm9vYg==", "Zm9vYg"},
	    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
	    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "+/+/", "-_-_"},
	    {"\xff", "/w==", "_w"},
	};
	char text[16];
	unsigned char back[8];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].plain);

		crypto_base64(rows[i].plain, n, text);
		assert_string_equal(text, rows[i].standard);
		assert_int_equal(crypto_unbase64(text, back, n, &len), RC_OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, rows[i].plain, n);
		crypto_base64url(rows[i].plain, n, text);
		assert_string_equal(text, rows[i].url);
		assert_int_equal(crypto_unbase64url(text, back, n, &len),
		    RC_OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, rows[i].plain, n);
	}
}

static void
base64_has_one_spelling_for_each_text(void **state)
{
	static const char *const bad_url[] = {"A", "AAAAA", "Zh", "Zm9",
	    "Zg==", "Zg=", "Z g", " Zg", "Zg ", "Zg\n", "+/+/", "Zm8=", "=",
	    "Zm9v=", "Z\xc3\xa9g", "Zg.", "_x"};
	static const char *const bad_standard[] = {"Zg",
	    "Zg=", "Zg===", "Zh==", "Zm9=", "=",
	    "==", "====", "A===", "Zm9v====", "Zg==Zg==", "-_-_", "Zm9v\n",
	    "Zm 9", "Zm9vYg=", "Z===", "Zg=g", "=Zg="};
	unsigned char out[16];
	size_t len = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_url); i++) {
		if (crypto_unbase64url(bad_url[i], out, 16, &len) !=
		    RC_INVALID) {
			fail_msg("base64url '%s' was taken", bad_url[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_standard); i++) {
		if (crypto_unbase64(bad_standard[i], out, 16, &len) !=
		    RC_INVALID) {
			fail_msg("base64 '%s' was taken", bad_standard[i]);
		}
	}
	assert_int_equal(len, 99);
}

static void
base64_over_its_maximum_is_refused(void **state)
{
	unsigned char out[3] = {0, 0, 'x'};
	size_t len;

	(void)state;
	assert_int_equal(crypto_unbase64url("Zm9v", out, 2, &len), RC_INVALID);
	assert_int_equal(crypto_unbase64("Zm9v", out, 2, &len), RC_INVALID);
	assert_int_equal(out[2], 'x');
	assert_int_equal(crypto_unbase64url("Zg", out, 0, &len), RC_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_is_lower_case_and_reads_back),
	    cmocka_unit_test(hex_of_the_wrong_length_or_letters_is_refused),
	    cmocka_unit_test(base64_is_the_one_of_rfc_4648),
	    cmocka_unit_test(base64_has_one_spelling_for_each_text),
	    cmocka_unit_test(base64_over_its_maximum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
