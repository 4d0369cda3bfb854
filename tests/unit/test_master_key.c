#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "master_key.h"

#define HEX    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* A folder of its own, and the key file that may stand in it. */
struct place {
	char dir[64];
	char file[96];
};

static int
set_up(void **state)
{
	static struct place p;

	strcpy(p.dir, "/tmp/test_master_key.XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.file, sizeof(p.file), "%s/master.key", p.dir);
	*state = &p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	(void)unlink(p->file);
	(void)rmdir(p->file);
	/* Fails, and the test with it, when something else was left there. */
	return rmdir(p->dir);
}

static void
put_file(const struct place *p, const char *text, size_t len, mode_t mode)
{
	FILE *out = fopen(p->file, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(p->file, mode), 0);
}

static void
a_key_is_read_in_hex_and_base64(void **state)
{
	static const char *const rows[] = {
	    HEX,
	    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
	    BASE64,
	    HEX "\n",
	    " \t" BASE64 "\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char key[CRYPTO_KEY] = {0};

		assert_int_equal(master_key_parse(rows[i], "KEY", key, NULL),
		    RC_OK);
		for (int b = 0; b < CRYPTO_KEY; b++) {
			assert_int_equal(key[b], b);
		}
	}
}

static void
what_is_no_key_is_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    " ",
	    "secret",
	    "00010203",
	    HEX "20",
	    "0" HEX,
	    HEX " " HEX,
	    "g00102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	    HEX HEX HEX HEX,
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char key[CRYPTO_KEY];
		struct fault f = {0};

		assert_int_equal(master_key_parse(rows[i], "KEY", key, &f),
		    RC_INVALID);
		assert_string_equal(f.field, "KEY");
		/* Never the key itself, however wrong. */
		assert_null(strstr(f.text, "0001"));
		assert_null(strstr(f.text, "secret"));
	}
}

static void
a_missing_file_is_made_for_us_alone(void **state)
{
	struct place *p = *state;
	unsigned char key[CRYPTO_KEY] = {0}, zero[CRYPTO_KEY] = {0};
	struct stat st;

	umask(0);
	assert_int_equal(master_key_file(p->dir, key, NULL), RC_OK);
	assert_memory_not_equal(key, zero, sizeof(key));
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_size, 2 * CRYPTO_KEY + 1);
}

static void
the_next_start_reads_the_same_key(void **state)
{
	struct place *p = *state;
	unsigned char first[CRYPTO_KEY], second[CRYPTO_KEY];

	assert_int_equal(master_key_file(p->dir, first, NULL), RC_OK);
	assert_int_equal(master_key_file(p->dir, second, NULL), RC_OK);
	assert_memory_equal(first, second, sizeof(first));
}

struct starter {
	const char *dir;
	pthread_barrier_t *barrier;
	unsigned char key[CRYPTO_KEY];
	enum rc rc;
};

static void *
start(void *arg)
{
	struct starter *s = arg;

	(void)pthread_barrier_wait(s->barrier);
	s->rc = master_key_file(s->dir, s->key, NULL);
	return NULL;
}

static void
two_that_start_at_once_agree_on_one_key(void **state)
{
	enum { STARTERS = 8 };
	struct place *p = *state;
	struct starter starters[STARTERS] = {0};
	pthread_t threads[STARTERS];
	pthread_barrier_t barrier;

	assert_int_equal(pthread_barrier_init(&barrier, NULL, STARTERS), 0);
	for (int i = 0; i < STARTERS; i++) {
		starters[i].dir = p->dir;
		starters[i].barrier = &barrier;
		assert_int_equal(pthread_create(&threads[i], NULL, start,
				     &starters[i]),
		    0);
	}
	for (int i = 0; i < STARTERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(starters[i].rc, RC_OK);
		assert_memory_equal(starters[i].key, starters[0].key,
		    CRYPTO_KEY);
	}
	(void)pthread_barrier_destroy(&barrier);
}

static void
a_file_that_others_can_reach_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		enum rc rc;
	} rows[] = {
	    {0600, RC_OK},
	    {0400, RC_OK},
	    {0640, RC_INVALID},
	    {0620, RC_INVALID},
	    {0610, RC_INVALID},
	    {0604, RC_INVALID},
	    {0602, RC_INVALID},
	    {0601, RC_INVALID},
	    {0644, RC_INVALID},
	    {0777, RC_INVALID},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char key[CRYPTO_KEY];
		struct fault f = {0};

		put_file(p, HEX "\n", sizeof(HEX), rows[i].mode);
		assert_int_equal(master_key_file(p->dir, key, &f), rows[i].rc);
		if (rows[i].rc != RC_OK) {
			assert_string_equal(f.field, "master.key");
			assert_non_null(strstr(f.text, "chmod 600"));
		}
		assert_int_equal(unlink(p->file), 0);
	}
}

static void
a_file_that_holds_no_key_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
	    {"", 0},
	    {"\n", 1},
	    {HEX, 63},
	    {HEX "0\n", 66},
	    {HEX "\0\n", 66},
	    {"\0" HEX, 65},
	    {HEX "\n" HEX "\n", 130},
	    {HEX HEX HEX HEX HEX, 320},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char key[CRYPTO_KEY];
		struct fault f = {0};

		put_file(p, rows[i].text, rows[i].len, 0600);
		assert_int_equal(master_key_file(p->dir, key, &f), RC_INVALID);
		assert_string_equal(f.field, "master.key");
		/* It is not replaced: what it was may be worth knowing. */
		assert_int_equal(unlink(p->file), 0);
	}
}

static void
what_is_no_plain_file_is_refused(void **state)
{
	struct place *p = *state;
	unsigned char key[CRYPTO_KEY];
	struct fault f = {0};

	assert_int_equal(symlink("/dev/zero", p->file), 0);
	assert_int_equal(master_key_file(p->dir, key, &f), RC_INVALID);
	assert_non_null(strstr(f.text, "symbolic link"));
	assert_int_equal(unlink(p->file), 0);

	assert_int_equal(mkfifo(p->file, 0600), 0);
	assert_int_equal(master_key_file(p->dir, key, &f), RC_INVALID);
	assert_non_null(strstr(f.text, "not a plain file"));
	assert_int_equal(unlink(p->file), 0);

	assert_int_equal(mkdir(p->file, 0700), 0);
	assert_int_equal(master_key_file(p->dir, key, &f), RC_INVALID);
	assert_non_null(strstr(f.text, "not a plain file"));
}

static void
a_file_of_another_user_is_refused(void **state)
{
	struct place *p = *state;
	unsigned char key[CRYPTO_KEY];
	struct fault f = {0};

	if (geteuid() != 0) {
		skip(); /* only root can give a file away */
	}
	put_file(p, HEX "\n", sizeof(HEX), 0600);
	assert_int_equal(chown(p->file, 12345, 12345), 0);
	assert_int_equal(master_key_file(p->dir, key, &f), RC_INVALID);
	assert_non_null(strstr(f.text, "user 12345"));
}

static void
a_missing_folder_is_a_fault(void **state)
{
	struct place *p = *state;
	unsigned char key[CRYPTO_KEY];
	struct fault f = {0};
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/none", p->dir);
	assert_int_equal(master_key_file(dir, key, &f), RC_INTERNAL);
	assert_string_equal(f.field, "master.key");
	assert_non_null(strstr(f.text, "No such file"));
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_read_in_hex_and_base64),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    ROW(a_missing_file_is_made_for_us_alone),
	    ROW(the_next_start_reads_the_same_key),
	    ROW(two_that_start_at_once_agree_on_one_key),
	    ROW(a_file_that_others_can_reach_is_refused),
	    ROW(a_file_that_holds_no_key_is_refused),
	    ROW(what_is_no_plain_file_is_refused),
	    ROW(a_file_of_another_user_is_refused),
	    ROW(a_missing_folder_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
