#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "vault.h"

/* The sanitizers make mlock(2) do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_MLOCK
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NO_MLOCK
#endif
#endif

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const char payload[] = "to,amount\ndana,5000\n";

/* A vault under these keys, which need no folder. */
static struct vault *
vault_of(const char *master, const char *previous)
{
	struct vault_options o = {
	    .master = master,
	    .previous = previous,
	    .data_dir = "/nowhere",
	};
	struct vault *v = NULL;

	assert_int_equal(vault_new(&o, &v, NULL), RC_OK);
	return v;
}

static void
drop(struct vault **v)
{
	vault_free(*v);
}

static void
a_sealed_payload_opens_again(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 100000};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *v = vault_of(KEY_A, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char *plain = arena_alloc(a, lengths[i] + 1), *back;
		size_t sealed_len, len;
		void *sealed;

		memset(plain, 'p', lengths[i]);
		sealed =
		    vault_seal(v, a, "int_1", plain, lengths[i], &sealed_len);
		assert_int_equal(sealed_len, lengths[i] + CRYPTO_SEAL_MORE);
		assert_int_equal(vault_open(v, a, "int_1", sealed, sealed_len,
				     &back, &len, NULL),
		    RC_OK);
		assert_int_equal(len, lengths[i]);
		assert_memory_equal(back, plain, len);
		assert_int_equal(back[len], '\0');
	}
}

static void
a_sealed_payload_does_not_show_itself_or_repeat(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *v = vault_of(KEY_A, NULL);
	size_t n, m;
	void *one, *two;

	(void)state;
	one = vault_seal(v, a, "int_1", payload, sizeof(payload), &n);
	two = vault_seal(v, a, "int_1", payload, sizeof(payload), &m);
	assert_int_equal(n, m);
	assert_memory_not_equal(one, two, n);
	assert_null(memmem(one, n, "amount", 6));
}

static void
what_was_changed_does_not_open(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *v = vault_of(KEY_A, KEY_B);
	unsigned char *sealed;
	size_t n, len = 0;
	char *back = NULL;

	(void)state;
	sealed = vault_seal(v, a, "int_1", payload, sizeof(payload), &n);
	for (size_t i = 0; i < n; i++) {
		struct fault f = {0};

		sealed[i] ^= 1;
		assert_int_equal(vault_open(v, a, "int_1", sealed, n, &back,
				     &len, &f),
		    RC_INTERNAL);
		assert_string_equal(f.field, "payload");
		assert_int_equal(vault_open(v, a, "int_1", sealed, i, &back,
				     &len, NULL),
		    RC_INTERNAL);
		sealed[i] ^= 1;
	}
	assert_null(back);
	assert_int_equal(vault_open(v, a, "int_1", sealed, n, &back, &len,
			     NULL),
	    RC_OK);
}

static void
a_payload_of_another_intent_does_not_open(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *v = vault_of(KEY_A, NULL);
	char *back;
	void *sealed;
	size_t n, len;

	(void)state;
	sealed = vault_seal(v, a, "int_1", payload, sizeof(payload), &n);
	assert_int_equal(vault_open(v, a, "int_2", sealed, n, &back, &len,
			     NULL),
	    RC_INTERNAL);
}

static void
the_key_before_still_opens_but_no_longer_seals(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *was = vault_of(KEY_A, NULL);
	CLEANUP(drop) struct vault *now = vault_of(KEY_B, KEY_A);
	CLEANUP(drop) struct vault *later = vault_of(KEY_B, NULL);
	void *old, *new;
	char *back;
	size_t n, m, len;

	(void)state;
	old = vault_seal(was, a, "int_1", payload, sizeof(payload), &n);
	new = vault_seal(now, a, "int_1", payload, sizeof(payload), &m);
	assert_int_equal(vault_open(now, a, "int_1", old, n, &back, &len, NULL),
	    RC_OK);
	assert_string_equal(back, payload);
	assert_int_equal(vault_open(later, a, "int_1", new, m, &back, &len,
			     NULL),
	    RC_OK);
	assert_int_equal(vault_open(later, a, "int_1", old, n, &back, &len,
			     NULL),
	    RC_INTERNAL);
	assert_int_equal(vault_open(was, a, "int_1", new, m, &back, &len, NULL),
	    RC_INTERNAL);
}

static void
links_of_the_key_before_are_still_read(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(drop) struct vault *was = vault_of(KEY_A, NULL);
	CLEANUP(drop) struct vault *now = vault_of(KEY_B, KEY_A);
	CLEANUP(drop) struct vault *later = vault_of(KEY_B, NULL);
	struct magic_link l = {
	    .intent_id = "int_0123456789abcdef",
	    .person = "dana",
	    .digest = KEY_A,
	    .expires_ms = 1000,
	};
	char *token = magic_link_make(a, vault_link_keys(was), &l);

	(void)state;
	assert_int_equal(magic_link_read(a, vault_link_keys(now), token, 0, &l,
			     NULL),
	    RC_OK);
	assert_int_equal(magic_link_read(a, vault_link_keys(later), token, 0,
			     &l, NULL),
	    RC_INVALID);
}

static void
a_fingerprint_names_the_master_key(void **state)
{
	CLEANUP(drop) struct vault *a = vault_of(KEY_A, NULL);
	CLEANUP(drop) struct vault *same = vault_of(KEY_A "\n", KEY_B);
	CLEANUP(drop) struct vault *other = vault_of(KEY_B, KEY_A);
	char one[VAULT_FINGERPRINT], two[VAULT_FINGERPRINT];

	(void)state;
	vault_fingerprint(a, one);
	vault_fingerprint(same, two);
	assert_int_equal(strlen(one), VAULT_FINGERPRINT - 1);
	assert_string_equal(one, two);
	vault_fingerprint(other, two);
	assert_string_not_equal(one, two);
}

/* Receivers keep these: they must mean the same to the next release. */
static void
a_webhook_secret_belongs_to_one_agent_and_is_stable(void **state)
{
	CLEANUP(drop) struct vault *a = vault_of(KEY_A, NULL);
	CLEANUP(drop) struct vault *b = vault_of(KEY_B, KEY_A);
	char one[VAULT_WEBHOOK_SECRET], two[VAULT_WEBHOOK_SECRET];

	(void)state;
	vault_webhook_secret(a, "agt_1", one);
	assert_string_equal(one,
	    "whsec_KSgjz9bNMu3SnpfN0Pqr9z6g09Bex7I6Px5p9QcPvOw=");
	vault_webhook_secret(a, "agt_2", two);
	assert_int_equal(strlen(two), VAULT_WEBHOOK_SECRET - 1);
	assert_string_not_equal(one, two);
	vault_webhook_secret(b, "agt_1", two);
	assert_string_not_equal(one, two);
}

static void
a_wrong_setting_is_refused_by_its_name(void **state)
{
	static const struct {
		const char *master, *previous, *field;
	} rows[] = {
	    {"short", NULL, "ASSENT_MASTER_KEY"},
	    {KEY_A "00", KEY_B, "ASSENT_MASTER_KEY"},
	    {KEY_A, "short", "ASSENT_MASTER_KEY_PREVIOUS"},
	    {NULL, NULL, "master.key"},
	    {"", "", "master.key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vault_options o = {
		    .master = rows[i].master,
		    .previous = rows[i].previous,
		    .data_dir = "/nowhere",
		};
		struct vault *v = NULL;
		struct fault f = {0};

		assert_int_not_equal(vault_new(&o, &v, &f), RC_OK);
		assert_null(v);
		assert_string_equal(f.field, rows[i].field);
	}
}

static void
without_a_setting_the_key_stands_in_the_folder(void **state)
{
	char dir[] = "/tmp/test_vault.XXXXXX", file[64];
	char one[VAULT_FINGERPRINT], two[VAULT_FINGERPRINT];
	struct vault_options o = {.master = "", .data_dir = dir};
	struct vault *v = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/master.key", dir);
	assert_int_equal(vault_new(&o, &v, NULL), RC_OK);
	vault_fingerprint(v, one);
	vault_free(v);
	assert_int_equal(vault_new(&o, &v, NULL), RC_OK);
	vault_fingerprint(v, two);
	vault_free(v);
	assert_string_equal(one, two);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
}

/*
 * proc(5), /proc/PID/smaps, "VmFlags": lo locked, dd not in core dumps, wf
 * wiped on fork.
 */
static void
the_keys_are_locked_and_left_out_of_core_dumps(void **state)
{
	CLEANUP(drop) struct vault *v = vault_of(KEY_A, NULL);
	uintptr_t at = (uintptr_t)vault_session_key(v), from = 0, to = 0;
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512], flags[512] = "";

	(void)state;
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t a, b;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &a, &b) == 2) {
			from = a;
			to = b;
		} else if (strncmp(line, "VmFlags:", 8) == 0 && at >= from &&
		    at < to) {
			strcpy(flags, line);
		}
	}
	assert_int_equal(fclose(maps), 0);
#ifndef NO_MLOCK
	assert_non_null(strstr(flags, " lo"));
#endif
	assert_non_null(strstr(flags, " dd"));
	assert_non_null(strstr(flags, " wf"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sealed_payload_opens_again),
	    cmocka_unit_test(a_sealed_payload_does_not_show_itself_or_repeat),
	    cmocka_unit_test(what_was_changed_does_not_open),
	    cmocka_unit_test(a_payload_of_another_intent_does_not_open),
	    cmocka_unit_test(the_key_before_still_opens_but_no_longer_seals),
	    cmocka_unit_test(links_of_the_key_before_are_still_read),
	    cmocka_unit_test(a_fingerprint_names_the_master_key),
	    cmocka_unit_test(
		a_webhook_secret_belongs_to_one_agent_and_is_stable),
	    cmocka_unit_test(a_wrong_setting_is_refused_by_its_name),
	    cmocka_unit_test(without_a_setting_the_key_stands_in_the_folder),
	    cmocka_unit_test(the_keys_are_locked_and_left_out_of_core_dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
