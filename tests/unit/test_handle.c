/* What stands in a button: ours, for one delivery and one action. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "channel.h"
#include "handle.h"

static const unsigned char master[CRYPTO_KEY] = {1}, before[CRYPTO_KEY] = {2};
static const char id[] = "del_0123456789abcdef", digest[] = "d1";

static void
a_handle_is_good_for_its_delivery_and_digest_alone(void **state)
{
	static const struct {
		const char *id, *digest;
		bool is;
	} rows[] = {
	    {id, digest, true},
	    {"del_0123456789abcdee", digest, false},
	    {id, "d2", false},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct handle_keys keys = {0};
	char *h;

	(void)state;
	handle_keys_add(&keys, master);
	h = handle_make(a, &keys, id, digest);
	assert_true(strlen(h) <= HANDLE_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(handle_is(&keys, h, rows[i].id,
				     rows[i].digest),
		    rows[i].is);
	}
}

static void
a_changed_handle_is_not_ours(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct handle_keys keys = {0};
	char *h;

	(void)state;
	handle_keys_add(&keys, master);
	h = handle_make(a, &keys, id, digest);
	for (size_t i = 0; h[i] != '\0'; i++) {
		h[i] ^= 1;
		assert_false(handle_is(&keys, h, id, digest));
		h[i] ^= 1;
	}
	assert_false(handle_is(&keys, arena_printf(a, "%sA", h), id, digest));
	h[strlen(h) - 1] = '\0';
	assert_false(handle_is(&keys, h, id, digest));
	assert_false(handle_is(&keys, "", id, digest));
}

static void
a_handle_of_the_key_before_is_still_ours(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct handle_keys old = {0}, now = {0}, other = {0};
	char *h;

	(void)state;
	handle_keys_add(&old, before);
	handle_keys_add(&now, master);
	handle_keys_add(&now, before);
	handle_keys_add(&other, master);
	h = handle_make(a, &old, id, digest);
	assert_true(handle_is(&now, h, id, digest));
	assert_false(handle_is(&other, h, id, digest));
}

static void
a_handle_names_its_delivery(void **state)
{
	static const char *const bad[] = {"", ".", "del_0123456789abcdef",
	    "int_0123456789abcdef.x", "del_0123456789ABCDEF.x",
	    "del_0123456789abcde.x", "del_0123456789abcdefg.x"};
	char out[ID_SIZE];

	(void)state;
	assert_true(handle_delivery("del_0123456789abcdef.mac", out));
	assert_string_equal(out, id);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(handle_delivery(bad[i], out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_handle_is_good_for_its_delivery_and_digest_alone),
	    cmocka_unit_test(a_changed_handle_is_not_ours),
	    cmocka_unit_test(a_handle_of_the_key_before_is_still_ours),
	    cmocka_unit_test(a_handle_names_its_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
