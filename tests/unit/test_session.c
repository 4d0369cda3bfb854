#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

static const unsigned char key[CRYPTO_KEY] = "a key of thirty-two bytes, yes!";
static const unsigned char other[CRYPTO_KEY] =
    "a key of thirty-two bytes, no!!";

/* A session that ends at 1000 ms, and its cookie. */
static struct session
made(struct arena *a, const char *key_id, char **cookie)
{
	struct session s = {.expires_ms = 1000};

	strcpy(s.key_id, key_id);
	*cookie = session_make(a, key, &s);
	return s;
}

static void
a_cookie_says_who_signed_in(void **state)
{
	static const char *const ids[] = {
	    "",
	    "key_0123456789abcdef",
	    "admin",
	    "a-b_c",
	    "1234567890123456789012345678901234567890123456789012345678901234",
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char *cookie;
		struct session in = made(a, ids[i], &cookie), out;

		assert_in_range(strlen(cookie), 1, SESSION_COOKIE_MAX);
		assert_int_equal(session_read(key, cookie, 999, &out), RC_OK);
		assert_string_equal(out.key_id, ids[i]);
		assert_string_equal(out.nonce, in.nonce);
		assert_int_equal(out.expires_ms, 1000);
	}
}

static void
a_cookie_fits_in_a_header_as_it_is(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char *cookie;

	(void)state;
	(void)made(a, "key_0123456789abcdef", &cookie);
	assert_int_equal(strspn(cookie,
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789_."),
	    strlen(cookie));
}

static void
a_changed_cookie_is_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct session out;
	char *cookie;
	size_t len;

	(void)state;
	(void)made(a, "key_1", &cookie);
	len = strlen(cookie);
	for (size_t i = 0; i < len; i++) {
		char was = cookie[i];

		for (const char *c = "0aZ._-;\xff"; *c != '\0'; c++) {
			cookie[i] = *c;
			assert_int_equal(session_read(key, cookie, 0, &out),
			    *c == was ? RC_OK : RC_UNAUTHENTICATED);
		}
		cookie[i] = was;
	}
	for (size_t i = 0; i < len; i++) {
		char was = cookie[i];

		cookie[i] = '\0';
		assert_int_equal(session_read(key, cookie, 0, &out),
		    RC_UNAUTHENTICATED);
		assert_int_equal(session_read(key, cookie + i + 1, 0, &out),
		    RC_UNAUTHENTICATED);
		cookie[i] = was;
	}
}

static void
what_is_no_cookie_of_ours_is_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char *cookie, *more;
	const char *rows[5];
	struct session out;

	(void)state;
	(void)made(a, "key_1", &cookie);
	more = arena_printf(a, "%s%0400d", cookie, 0);
	rows[0] = NULL;
	rows[1] = "";
	rows[2] = "...";
	rows[3] = more;
	rows[4] = arena_printf(a, "x%s", cookie);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(session_read(key, rows[i], 0, &out),
		    RC_UNAUTHENTICATED);
	}
	assert_int_equal(session_read(other, cookie, 0, &out),
	    RC_UNAUTHENTICATED);
}

static void
a_session_ends(void **state)
{
	static const struct {
		long long now_ms;
		enum rc rc;
	} rows[] = {
	    {0, RC_OK},
	    {999, RC_OK},
	    {1000, RC_EXPIRED},
	    {1001, RC_EXPIRED},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct session out;
	char *cookie;

	(void)state;
	(void)made(a, "key_1", &cookie);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(session_read(key, cookie, rows[i].now_ms,
				     &out),
		    rows[i].rc);
	}
}

static void
a_form_belongs_to_its_session(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char *cookie, csrf[CRYPTO_SHA256_HEX];
	struct session one = made(a, "key_1", &cookie);
	struct session two = made(a, "key_1", &cookie);

	(void)state;
	session_csrf(key, &one, csrf);
	assert_true(session_csrf_is(key, &one, csrf));
	assert_false(session_csrf_is(key, &two, csrf));
	assert_false(session_csrf_is(other, &one, csrf));
	assert_false(session_csrf_is(key, &one, NULL));
	assert_false(session_csrf_is(key, &one, ""));
	assert_false(session_csrf_is(key, &one, one.nonce));
	csrf[63] ^= 1;
	assert_false(session_csrf_is(key, &one, csrf));
	assert_string_not_equal(one.nonce, two.nonce);
}

static void
what_a_form_carries_does_not_make_a_cookie(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char *cookie, csrf[CRYPTO_SHA256_HEX];
	struct session s = made(a, "key_1", &cookie), out;

	(void)state;
	session_csrf(key, &s, csrf);
	assert_null(strstr(cookie, csrf));
	memcpy(strrchr(cookie, '.') + 1, csrf, sizeof(csrf));
	assert_int_equal(session_read(key, cookie, 0, &out),
	    RC_UNAUTHENTICATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cookie_says_who_signed_in),
	    cmocka_unit_test(a_cookie_fits_in_a_header_as_it_is),
	    cmocka_unit_test(a_changed_cookie_is_refused),
	    cmocka_unit_test(what_is_no_cookie_of_ours_is_refused),
	    cmocka_unit_test(a_session_ends),
	    cmocka_unit_test(a_form_belongs_to_its_session),
	    cmocka_unit_test(what_a_form_carries_does_not_make_a_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
