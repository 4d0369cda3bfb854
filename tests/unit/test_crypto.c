#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto.h"

enum { PLAIN_MAX = 256 };

static const unsigned char key_a[CRYPTO_KEY] =
    "0123456789abcdef0123456789abcde";
static const unsigned char key_b[CRYPTO_KEY] =
    "0123456789abcdef0123456789abcdf";

/* Bytes of a hex text, for tables copied out of an RFC. */
static size_t
bytes_of(const char *hex, unsigned char *out)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(crypto_unhex(hex, out, n), RC_OK);
	return n;
}

static void
a_digest_is_the_one_that_fips_180_4_names(void **state)
{
	static const struct {
		const char *text, *digest;
	} rows[] = {
	    {"",
		"e3b0c44298fc1c149afbf4c8996fb924"
		"27ae41e4649b934ca495991b7852b855"},
	    {"abc",
		"ba7816bf8f01cfea414140de5dae2223"
		"b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039"
		"a33ce45964ff2167f6ecedd419db06c1"},
	    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		"cf5b16a778af8380036ce59e7b049237"
		"0b249b11e8f07a51afac45037afee9d1"},
	};
	char hex[CRYPTO_SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		crypto_sha256_hex(rows[i].text, strlen(rows[i].text), hex);
		assert_string_equal(hex, rows[i].digest);
	}
}

static void
a_digest_of_a_million_letters_matches_too(void **state)
{
	char *text = malloc(1000000), hex[CRYPTO_SHA256_HEX];

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 1000000);
	crypto_sha256_hex(text, 1000000, hex);
	assert_string_equal(hex,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(text);
}

static void
parts_digest_like_one_text(void **state)
{
	static const struct crypto_part parts[] = {{"a", 1}, {"", 0}, {NULL, 0},
	    {"bc", 2}};
	unsigned char whole[CRYPTO_SHA256], split[CRYPTO_SHA256];

	(void)state;
	crypto_sha256("abc", 3, whole);
	crypto_sha256_parts(parts, ARRAY_LEN(parts), split);
	assert_memory_equal(whole, split, CRYPTO_SHA256);
	crypto_sha256("", 0, whole);
	crypto_sha256_parts(NULL, 0, split);
	assert_memory_equal(whole, split, CRYPTO_SHA256);
}

/* RFC 4231 section 4; test case 5 is about a cut digest, which we never do. */
static const struct {
	const char *key, *data, *mac;
} hmac_rows[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	"dddddddddddddddddddddddddddddddddddd",
	"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
	"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
	"65204b6579202d2048617368204b6579204669727374",
	"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"5468697320697320612074657374207573696e672061206c6172676572207468"
	"616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
	"68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
	"647320746f20626520686173686564206265666f7265206265696e6720757365"
	"642062792074686520484d414320616c676f726974686d2e",
	"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void
a_keyed_digest_is_the_one_that_rfc_4231_names(void **state)
{
	unsigned char key[PLAIN_MAX], data[PLAIN_MAX], mac[CRYPTO_SHA256];
	char hex[CRYPTO_SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hmac_rows); i++) {
		size_t key_len = bytes_of(hmac_rows[i].key, key);
		size_t n = bytes_of(hmac_rows[i].data, data);
		struct crypto_part parts[] = {{data, n / 2},
		    {data + n / 2, n - n / 2}};

		crypto_hmac_hex(key, key_len, data, n, hex);
		assert_string_equal(hex, hmac_rows[i].mac);
		crypto_hmac_parts(key, key_len, parts, 2, mac);
		crypto_hex(mac, sizeof(mac), hex);
		assert_string_equal(hex, hmac_rows[i].mac);
	}
}

static void
an_empty_key_is_not_the_key_of_the_last_call(void **state)
{
	static const char empty[] =
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
	char hex[CRYPTO_SHA256_HEX];

	(void)state;
	crypto_hmac_hex("k", 1, "", 0, hex);
	assert_string_not_equal(hex, empty);
	crypto_hmac_hex(NULL, 0, "", 0, hex);
	assert_string_equal(hex, empty);
	crypto_hmac_hex("", 0, NULL, 0, hex);
	assert_string_equal(hex, empty);
}

/* RFC 5869 2.2 and 2.3, first block, over the keyed digest tested above. */
static void
derive_by_hand(const void *salt, size_t salt_len, const void *ikm,
    size_t ikm_len, const void *info, size_t info_len,
    unsigned char prk[CRYPTO_KEY], unsigned char okm[CRYPTO_KEY])
{
	struct crypto_part in = {ikm, ikm_len};
	struct crypto_part block[] = {{info, info_len}, {"\1", 1}};

	crypto_hmac_parts(salt, salt_len, &in, 1, prk);
	crypto_hmac_parts(prk, CRYPTO_KEY, block, 2, okm);
}

static void
our_derivation_by_hand_follows_rfc_5869(void **state)
{
	/* Appendix A.1 and A.3; output cut to the first block. */
	static const struct {
		const char *ikm, *salt, *info, *prk, *okm;
	} rows[] = {
	    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		"000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
		"077709362c2e32df0ddc3f0dc47bba63"
		"90b6c73bb50f9c3122ec844ad7c2b3e5",
		"3cb25f25faacd57a90434f64d0362f2a"
		"2d2d0a90cf1a5a4c5db02d56ecc4c5bf"},
	    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
		"19ef24a32c717b167f33a91d6f648bdf"
		"96596776afdb6377ac434c1c293ccb04",
		"8da4e775a563c18f715f802a063c5a31"
		"b8a11f5c5ee1879ec3454e5f3c738d2d"},
	};
	unsigned char ikm[64], salt[64], info[64];
	unsigned char prk[CRYPTO_KEY], okm[CRYPTO_KEY];
	char hex[CRYPTO_SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t ikm_len = bytes_of(rows[i].ikm, ikm);
		size_t salt_len = bytes_of(rows[i].salt, salt);
		size_t info_len = bytes_of(rows[i].info, info);

		derive_by_hand(salt, salt_len, ikm, ikm_len, info, info_len,
		    prk, okm);
		crypto_hex(prk, sizeof(prk), hex);
		assert_string_equal(hex, rows[i].prk);
		crypto_hex(okm, sizeof(okm), hex);
		assert_string_equal(hex, rows[i].okm);
	}
}

static void
a_derived_key_is_hkdf_of_master_and_purpose(void **state)
{
	static const char *const purposes[] = {"payload", "magic link", "x",
	    ""};
	unsigned char prk[CRYPTO_KEY], want[CRYPTO_KEY], got[CRYPTO_KEY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(purposes); i++) {
		derive_by_hand(NULL, 0, key_a, sizeof(key_a), purposes[i],
		    strlen(purposes[i]), prk, want);
		crypto_derive(key_a, purposes[i], got);
		assert_memory_equal(got, want, CRYPTO_KEY);
		crypto_derive(key_b, purposes[i], got);
		assert_memory_not_equal(got, want, CRYPTO_KEY);
	}
}

static void
what_was_sealed_opens_to_the_same_bytes(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 255, PLAIN_MAX};
	unsigned char plain[PLAIN_MAX], back[PLAIN_MAX];
	unsigned char sealed[PLAIN_MAX + CRYPTO_SEAL_MORE];

	(void)state;
	memset(plain, 'p', sizeof(plain));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		memset(back, 0, sizeof(back));
		crypto_seal(key_a, "int_1", plain, sizes[i], sealed);
		assert_int_equal(sealed[0], 1);
		assert_int_equal(crypto_open(key_a, "int_1", sealed,
				     sizes[i] + CRYPTO_SEAL_MORE, back),
		    RC_OK);
		assert_memory_equal(back, plain, sizes[i]);
	}
}

static void
an_empty_text_needs_no_buffers(void **state)
{
	unsigned char sealed[CRYPTO_SEAL_MORE];

	(void)state;
	crypto_seal(key_a, "", NULL, 0, sealed);
	assert_int_equal(crypto_open(key_a, "", sealed, sizeof(sealed), NULL),
	    RC_OK);
	assert_int_equal(crypto_open(key_b, "", sealed, sizeof(sealed), NULL),
	    RC_INVALID);
}

static void
an_open_text_is_the_one_that_nist_names(void **state)
{
	/* McGrew and Viega, The Galois/Counter Mode, test case 15: no aad. */
	static const char plain_hex[] =
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
	static const char sealed_hex[] =
	    "01cafebabefacedbaddecaf888"
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
	    "b094dac5d93471bdec1a502270e3cc6c";
	unsigned char key[CRYPTO_KEY], plain[64], sealed[128], back[64];
	size_t n = bytes_of(sealed_hex, sealed);

	(void)state;
	(void)bytes_of("feffe9928665731c6d6a8f9467308308"
		       "feffe9928665731c6d6a8f9467308308",
	    key);
	assert_int_equal(bytes_of(plain_hex, plain), 64);
	assert_int_equal(n, 64 + CRYPTO_SEAL_MORE);
	assert_int_equal(crypto_open(key, "", sealed, n, back), RC_OK);
	assert_memory_equal(back, plain, sizeof(plain));
}

static void
the_same_text_is_never_sealed_the_same_way(void **state)
{
	unsigned char a[4 + CRYPTO_SEAL_MORE], b[4 + CRYPTO_SEAL_MORE];

	(void)state;
	crypto_seal(key_a, "int_1", "text", 4, a);
	crypto_seal(key_a, "int_1", "text", 4, b);
	assert_memory_not_equal(a + 1, b + 1, CRYPTO_IV);
	assert_memory_not_equal(a + 1 + CRYPTO_IV, b + 1 + CRYPTO_IV, 4);
}

static void
a_flipped_bit_anywhere_is_refused_and_nothing_is_shown(void **state)
{
	static const unsigned char zero[20];
	unsigned char sealed[20 + CRYPTO_SEAL_MORE], out[20];

	(void)state;
	crypto_seal(key_a, "int_1", "twenty bytes of text", 20, sealed);
	for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
		sealed[bit / 8] ^= (unsigned char)(1U << bit % 8);
		memset(out, 'x', sizeof(out));
		assert_int_equal(crypto_open(key_a, "int_1", sealed,
				     sizeof(sealed), out),
		    RC_INVALID);
		assert_memory_equal(out, zero, sizeof(out));
		sealed[bit / 8] ^= (unsigned char)(1U << bit % 8);
	}
	assert_int_equal(crypto_open(key_a, "int_1", sealed, sizeof(sealed),
			     out),
	    RC_OK);
}

static void
another_key_aad_or_length_is_refused(void **state)
{
	unsigned char sealed[4 + CRYPTO_SEAL_MORE], out[64];

	(void)state;
	crypto_seal(key_a, "int_1", "text", 4, sealed);
	assert_int_equal(crypto_open(key_b, "int_1", sealed, sizeof(sealed),
			     out),
	    RC_INVALID);
	assert_int_equal(crypto_open(key_a, "int_2", sealed, sizeof(sealed),
			     out),
	    RC_INVALID);
	assert_int_equal(crypto_open(key_a, "", sealed, sizeof(sealed), out),
	    RC_INVALID);
	for (size_t n = 0; n < sizeof(sealed); n++) {
		assert_int_equal(crypto_open(key_a, "int_1", sealed, n, out),
		    RC_INVALID);
	}
}

static void
equal_means_every_byte(void **state)
{
	(void)state;
	assert_true(crypto_equal("secret", "secret", 6));
	assert_true(crypto_equal("a", "b", 0));
	assert_false(crypto_equal("secret", "secreT", 6));
	assert_false(crypto_equal("Secret", "secret", 6));
}

static void
a_wiped_buffer_is_zero(void **state)
{
	static const char zero[6];
	char secret[] = "secret";

	(void)state;
	crypto_wipe(secret, 6);
	assert_memory_equal(secret, zero, 6);
}

static void *
seal_and_digest_often(void *arg)
{
	unsigned char sealed[8 + CRYPTO_SEAL_MORE], out[8];
	uintptr_t bad = 0;
	char hex[CRYPTO_SHA256_HEX];

	(void)arg;
	for (int i = 0; i < 200; i++) {
		crypto_seal(key_a, "int_1", "8 bytes.", 8, sealed);
		bad += crypto_open(key_a, "int_1", sealed, sizeof(sealed),
			   out) != RC_OK;
		crypto_hmac_hex("Jefe", 4, "what do ya want for nothing?", 28,
		    hex);
		bad += strcmp(hex, hmac_rows[1].mac) != 0;
		crypto_sha256_hex("abc", 3, hex);
		bad += strncmp(hex, "ba7816bf", 8) != 0;
	}
	return (void *)bad;
}

static void
threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[4];
	void *bad;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
				     seal_and_digest_often, NULL),
		    0);
	}
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_digest_is_the_one_that_fips_180_4_names),
	    cmocka_unit_test(a_digest_of_a_million_letters_matches_too),
	    cmocka_unit_test(parts_digest_like_one_text),
	    cmocka_unit_test(a_keyed_digest_is_the_one_that_rfc_4231_names),
	    cmocka_unit_test(an_empty_key_is_not_the_key_of_the_last_call),
	    cmocka_unit_test(our_derivation_by_hand_follows_rfc_5869),
	    cmocka_unit_test(a_derived_key_is_hkdf_of_master_and_purpose),
	    cmocka_unit_test(what_was_sealed_opens_to_the_same_bytes),
	    cmocka_unit_test(an_empty_text_needs_no_buffers),
	    cmocka_unit_test(an_open_text_is_the_one_that_nist_names),
	    cmocka_unit_test(the_same_text_is_never_sealed_the_same_way),
	    cmocka_unit_test(
		a_flipped_bit_anywhere_is_refused_and_nothing_is_shown),
	    cmocka_unit_test(another_key_aad_or_length_is_refused),
	    cmocka_unit_test(equal_means_every_byte),
	    cmocka_unit_test(a_wiped_buffer_is_zero),
	    cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
