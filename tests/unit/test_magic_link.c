#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "magic_link.h"

#define DIGEST \
	"00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f"

static const long long expires_ms = 1800000000000;
static const unsigned char master_a[CRYPTO_KEY] =
    "0123456789abcdef0123456789abcde";
static const unsigned char master_b[CRYPTO_KEY] =
    "0123456789abcdef0123456789abcdf";

struct fixture {
	struct arena *arena;
	struct magic_link_keys keys;
	struct magic_link made;
	char *token;
};

static int
set_up(void **state)
{
	static struct fixture fix;

	memset(&fix, 0, sizeof(fix));
	fix.arena = arena_new();
	magic_link_keys_init(&fix.keys, master_a);
	fix.made = (struct magic_link){
	    .intent_id = "int_0123456789abcdef",
	    .person = "dana",
	    .digest = DIGEST,
	    .expires_ms = expires_ms,
	};
	fix.token = magic_link_make(fix.arena, &fix.keys, &fix.made);
	*state = &fix;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fix = *state;

	arena_free(fix->arena);
	return 0;
}

/* How a token is read one millisecond before it ends. */
static enum rc
read_token(struct fixture *fix, const char *token)
{
	struct magic_link l;
	struct fault f = {0};
	enum rc rc = magic_link_read(fix->arena, &fix->keys, token,
	    expires_ms - 1, &l, &f);

	if (rc != RC_OK) {
		assert_string_equal(f.field, "token");
		assert_true(f.text[0] != '\0');
	}
	return rc;
}

static void
a_token_says_what_it_was_made_with(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = {0};

	assert_int_equal(magic_link_read(fix->arena, &fix->keys, fix->token,
			     expires_ms - 1, &l, NULL),
	    RC_OK);
	assert_string_equal(l.intent_id, "int_0123456789abcdef");
	assert_string_equal(l.person, "dana");
	assert_string_equal(l.digest, DIGEST);
	assert_int_equal(l.expires_ms, expires_ms);
	assert_string_equal(l.hash, fix->made.hash);
}

static void
the_longest_token_fits_its_maximum(void **state)
{
	struct fixture *fix = *state;
	char person[101];
	struct magic_link l = fix->made;
	char *token;

	memset(person, 'p', sizeof(person) - 1);
	person[sizeof(person) - 1] = '\0';
	l.person = person;
	token = magic_link_make(fix->arena, &fix->keys, &l);
	assert_in_range(strlen(token), 1, MAGIC_LINK_TOKEN_MAX);
	assert_int_equal(read_token(fix, token), RC_OK);
}

static void
two_tokens_for_the_same_answer_differ(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = fix->made;
	char *other = magic_link_make(fix->arena, &fix->keys, &l);

	assert_string_not_equal(other, fix->token);
	assert_string_not_equal(l.hash, fix->made.hash);
}

static void
the_hash_is_the_sha256_of_the_token_text(void **state)
{
	struct fixture *fix = *state;
	char hash[CRYPTO_SHA256_HEX];

	crypto_sha256_hex(fix->token, strlen(fix->token), hash);
	assert_string_equal(hash, fix->made.hash);
}

/* Every byte, by each of its bits, and so also key id, expiry and HMAC. */
static void
a_token_with_any_flipped_bit_is_refused(void **state)
{
	struct fixture *fix = *state;
	unsigned char bytes[MAGIC_LINK_TOKEN_MAX];
	char token[MAGIC_LINK_TOKEN_MAX * 2];
	size_t n;

	assert_int_equal(crypto_unbase64url(fix->token, bytes, sizeof(bytes),
			     &n),
	    RC_OK);
	for (size_t i = 0; i < 8 * n; i++) {
		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		crypto_base64url(bytes, n, token);
		assert_int_equal(read_token(fix, token), RC_INVALID);
		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	crypto_base64url(bytes, n, token);
	assert_int_equal(read_token(fix, token), RC_OK);
}

static void
a_token_with_any_other_character_is_refused(void **state)
{
	struct fixture *fix = *state;
	size_t len = strlen(fix->token);

	for (size_t i = 0; i < len; i++) {
		char was = fix->token[i];

		for (const char *c = "A_-z9. %\xff"; *c != '\0'; c++) {
			fix->token[i] = *c;
			assert_int_equal(read_token(fix, fix->token),
			    *c == was ? RC_OK : RC_INVALID);
		}
		fix->token[i] = was;
	}
}

static void
a_truncated_token_is_refused_at_every_length(void **state)
{
	struct fixture *fix = *state;

	for (size_t len = strlen(fix->token); len-- > 0;) {
		fix->token[len] = '\0';
		assert_int_equal(read_token(fix, fix->token), RC_INVALID);
	}
}

static void
an_over_long_token_is_refused(void **state)
{
	struct fixture *fix = *state;
	char token[2 * MAGIC_LINK_TOKEN_MAX];
	size_t len = strlen(fix->token);

	for (size_t more = 1; len + more < sizeof(token); more++) {
		memcpy(token, fix->token, len);
		memset(token + len, 'A', more);
		token[len + more] = '\0';
		assert_int_equal(read_token(fix, token), RC_INVALID);
	}
}

static void
a_text_that_is_no_token_is_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    "A",
	    "====",
	    "../../etc/passwd",
	    "int_0123456789abcdef",
	    "%00",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(read_token(*state, rows[i]), RC_INVALID);
	}
}

static void
a_token_of_another_master_key_is_refused(void **state)
{
	struct fixture *fix = *state;

	magic_link_keys_init(&fix->keys, master_b);
	assert_int_equal(read_token(fix, fix->token), RC_INVALID);
}

static void
a_token_of_the_key_before_is_still_read(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = fix->made;

	magic_link_keys_init(&fix->keys, master_b);
	magic_link_keys_previous(&fix->keys, master_a);
	assert_int_equal(read_token(fix, fix->token), RC_OK);
	assert_int_equal(read_token(fix,
			     magic_link_make(fix->arena, &fix->keys, &l)),
	    RC_OK);
}

static void
a_new_token_is_signed_with_the_newest_key(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = fix->made;
	char *token;

	magic_link_keys_init(&fix->keys, master_b);
	magic_link_keys_previous(&fix->keys, master_a);
	token = magic_link_make(fix->arena, &fix->keys, &l);
	magic_link_keys_init(&fix->keys, master_b);
	assert_int_equal(read_token(fix, token), RC_OK);
}

static void
two_keys_that_share_an_id_are_both_tried(void **state)
{
	struct fixture *fix = *state;
	unsigned char old_id = fix->keys.id[0];

	magic_link_keys_init(&fix->keys, master_b);
	magic_link_keys_previous(&fix->keys, master_a);
	fix->keys.id[0] = old_id;
	assert_int_equal(fix->keys.id[1], old_id);
	assert_int_equal(read_token(fix, fix->token), RC_OK);
}

static void
a_key_that_is_not_in_use_reads_nothing(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = fix->made;
	struct magic_link_keys zero = {.id = {1}};
	unsigned char bytes[MAGIC_LINK_TOKEN_MAX];
	char token[MAGIC_LINK_TOKEN_MAX * 2];
	size_t n;

	/* Signed with a key of zeroes, as an empty slot would hold. */
	assert_int_equal(crypto_unbase64url(magic_link_make(fix->arena, &zero,
						&l),
			     bytes, sizeof(bytes), &n),
	    RC_OK);
	for (int id = 0; id < 256; id++) {
		bytes[0] = (unsigned char)id;
		crypto_base64url(bytes, n, token);
		assert_int_equal(read_token(fix, token), RC_INVALID);
	}
}

static void
a_link_ends_at_its_expiry(void **state)
{
	static const struct {
		long long now_ms;
		enum rc rc;
	} rows[] = {
	    {0, RC_OK},
	    {1800000000000 - 1, RC_OK},
	    {1800000000000, RC_EXPIRED},
	    {1800000000000 + 1, RC_EXPIRED},
	    {9000000000000, RC_EXPIRED},
	};
	struct fixture *fix = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct magic_link l = {0};
		struct fault f = {0};

		assert_int_equal(magic_link_read(fix->arena, &fix->keys,
				     fix->token, rows[i].now_ms, &l, &f),
		    rows[i].rc);
		assert_string_equal(l.intent_id, "int_0123456789abcdef");
		assert_string_equal(l.hash, fix->made.hash);
		assert_string_equal(f.field,
		    rows[i].rc == RC_OK ? "" : "token");
	}
}

static void
a_forged_link_is_refused_before_its_expiry_is_looked_at(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = {0};

	fix->token[30] = fix->token[30] == 'A' ? 'B' : 'A';
	assert_int_equal(magic_link_read(fix->arena, &fix->keys, fix->token,
			     expires_ms + 1, &l, NULL),
	    RC_INVALID);
	assert_null(l.intent_id);
}

static void
a_typed_code_is_cleaned_or_refused(void **state)
{
	static const struct {
		const char *typed, *code; /* NULL = cannot be one */
	} rows[] = {
	    {"7K3M9Q", "7K3M9Q"},
	    {"7k3m9q", "7K3M9Q"},
	    {" 7K3-M9Q\r\n", "7K3M9Q"},
	    {"7K3 M9Q", "7K3M9Q"},
	    {"7-K-3-M-9-Q", "7K3M9Q"},
	    {"7K3\u00a0M9Q", "7K3M9Q"},
	    {"7K3\u2013M9Q", "7K3M9Q"},
	    {"7K3\u2212M9Q", "7K3M9Q"},
	    {"oil000", "011000"},
	    {"OIL0I1", "011011"},
	    {"", NULL},
	    {"   ", NULL},
	    {"7K3M9", NULL},
	    {"7K3M9QX", NULL},
	    {"7K3M9U", NULL},
	    {"7K3M9u", NULL},
	    {"7K3M9!", NULL},
	    {"7K3M9\xff", NULL},
	    {"7K3M9\u0430", NULL},
	    {"7K3\u200bM9Q", NULL},
	    {"7K3.M9Q", NULL},
	    {"\u0667K3M9Q", NULL},
	    {"7K3M9Q                                                        "
	     "     ",
		NULL},
	};
	char code[MAGIC_LINK_CODE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int ok = magic_link_code_clean(rows[i].typed, code);

		assert_int_equal(ok != 0, rows[i].code != NULL);
		if (ok) {
			assert_string_equal(code, rows[i].code);
		}
	}
}

static void
a_fresh_code_is_clean_and_not_the_last_one(void **state)
{
	char code[MAGIC_LINK_CODE + 1], last[MAGIC_LINK_CODE + 1] = "";
	char clean[MAGIC_LINK_CODE + 1];
	int repeats = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		magic_link_code(code);
		assert_int_equal(strlen(code), MAGIC_LINK_CODE);
		assert_true(magic_link_code_clean(code, clean));
		assert_string_equal(clean, code);
		repeats += strcmp(code, last) == 0;
		strcpy(last, code);
	}
	/* Two neighbours in 2^30: once in a million runs. */
	assert_int_equal(repeats, 0);
}

static void
a_code_counts_only_for_its_link(void **state)
{
	struct fixture *fix = *state;
	struct magic_link l = fix->made;
	char hash[CRYPTO_SHA256_HEX];

	(void)magic_link_make(fix->arena, &fix->keys, &l);
	magic_link_code_hash(&fix->keys, fix->made.hash, "7K3M9Q", hash);
	assert_true(magic_link_code_is(&fix->keys, fix->made.hash, "7K3M9Q",
	    hash));
	assert_false(magic_link_code_is(&fix->keys, fix->made.hash, "7K3M9R",
	    hash));
	assert_false(magic_link_code_is(&fix->keys, fix->made.hash, "", hash));
	assert_false(magic_link_code_is(&fix->keys, l.hash, "7K3M9Q", hash));
	assert_false(magic_link_code_is(&fix->keys, fix->made.hash, "7K3M9Q",
	    ""));
}

static void
a_code_outlives_a_change_of_keys(void **state)
{
	struct fixture *fix = *state;
	char hash[CRYPTO_SHA256_HEX];

	magic_link_code_hash(&fix->keys, fix->made.hash, "7K3M9Q", hash);
	magic_link_keys_init(&fix->keys, master_b);
	assert_false(magic_link_code_is(&fix->keys, fix->made.hash, "7K3M9Q",
	    hash));
	magic_link_keys_previous(&fix->keys, master_a);
	assert_true(magic_link_code_is(&fix->keys, fix->made.hash, "7K3M9Q",
	    hash));
}

/* What is stored must mean the same to the next release. */
static void
the_stored_form_of_a_code_is_stable(void **state)
{
	struct fixture *fix = *state;
	char hash[CRYPTO_SHA256_HEX];

	magic_link_code_hash(&fix->keys, DIGEST, "7K3M9Q", hash);
	assert_string_equal(hash,
	    "eac0857e26d0d7f26ac609bcfbf12bc4c959049c14f2113f9dce3ba8ebd1770b");
	assert_int_equal(fix->keys.id[0], 216);
}

/* So must a link that is already in a mailbox. */
static void
a_link_of_an_earlier_release_is_read(void **state)
{
	struct fixture *fix = *state;

	assert_int_equal(
	    read_token(fix,
		"2AAAAaMYXFAAAAECAwQFBgcICQoLDA0ODwARIjNEVWZ3iJmqu8zd"
		"7v8QITJDVGV2h5ipusvc7f4PFGludF8wMTIzNDU2Nzg5YWJjZGVm"
		"BGRhbmFBJpHiiiWHzgwXiHZBGTjGwiDWVWOwiPVwgrH88oDOwg"),
	    RC_OK);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_token_says_what_it_was_made_with),
	    ROW(the_longest_token_fits_its_maximum),
	    ROW(two_tokens_for_the_same_answer_differ),
	    ROW(the_hash_is_the_sha256_of_the_token_text),
	    ROW(a_token_with_any_flipped_bit_is_refused),
	    ROW(a_token_with_any_other_character_is_refused),
	    ROW(a_truncated_token_is_refused_at_every_length),
	    ROW(an_over_long_token_is_refused),
	    ROW(a_text_that_is_no_token_is_refused),
	    ROW(a_token_of_another_master_key_is_refused),
	    ROW(a_token_of_the_key_before_is_still_read),
	    ROW(a_new_token_is_signed_with_the_newest_key),
	    ROW(two_keys_that_share_an_id_are_both_tried),
	    ROW(a_key_that_is_not_in_use_reads_nothing),
	    ROW(a_link_ends_at_its_expiry),
	    ROW(a_forged_link_is_refused_before_its_expiry_is_looked_at),
	    ROW(a_typed_code_is_cleaned_or_refused),
	    ROW(a_fresh_code_is_clean_and_not_the_last_one),
	    ROW(a_code_counts_only_for_its_link),
	    ROW(a_code_outlives_a_change_of_keys),
	    ROW(the_stored_form_of_a_code_is_stable),
	    ROW(a_link_of_an_earlier_release_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
