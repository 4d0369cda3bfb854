/* Settings from files and the environment, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

static char dir[] = "/tmp/assent-config-XXXXXX";
static char path[64], secret[64];

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
setup(void **state)
{
	(void)state;
	for (int i = 0; i < settings_n; i++) {
		char name[128];

		(void)unsetenv(settings[i].env);
		(void)snprintf(name, sizeof(name), "%s_FILE", settings[i].env);
		(void)unsetenv(name);
	}
	return 0;
}

static int
group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL) {
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/assent.yaml", dir);
	(void)snprintf(secret, sizeof(secret), "%s/secret", dir);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(secret);
	return rmdir(dir);
}

/* What the file says, and the value that comes of it. */
static const struct {
	const char *text, *name, *value;
} taken[] = {
    {"", "host", "127.0.0.1"},
    {"host: 0.0.0.0", "host", "0.0.0.0"},
    {"HOST: 0.0.0.0", "host", "0.0.0.0"},
    {"port: 8080", "port", "8080"},
    {"smtp: {host: relay.example, port: 25}", "smtp.host", "relay.example"},
    {"smtp.host: relay.example", "smtp.host", "relay.example"},
    {"SMTP_HOST: relay.example", "smtp.host", "relay.example"},
    {"magic_link: {confirm: button}", "magic_link.confirm", "button"},
    {"allow_private_targets: true", "allow_private_targets", "true"},
    {"trusted_proxies: [10.0.0.0/8, \"::1\"]", "trusted_proxies",
	"10.0.0.0/8,::1"},
    {"people: []\ngroups: {}\nport: 1", "port", "1"},
    {"port: ~", "port", "4000"},
};

static void
settings_are_taken_from_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		struct config *c;
		struct fault f = {0};

		write_file(path, taken[i].text);
		assert_int_equal(config_load(path, &c, &f), RC_OK);
		assert_string_equal(config_text(c, taken[i].name),
		    taken[i].value);
		config_free(c);
	}
}

static const struct {
	const char *text, *words;
} refused[] = {
    {"hots: x", "did you mean host"},
    {"smtp: {hots: x}", "did you mean smtp.host"},
    {"zzzzzz: x", "unknown setting zzzzzz"},
    {"port: 0", "from 1 to 65535"},
    {"port: 65536", "from 1 to 65535"},
    {"port: eighty", "whole number"},
    {"port: 80x", "whole number"},
    {"port: [80]", "single value"},
    {"host: {a: b}", "unknown setting host.a"},
    {"smtp.tls: maybe", "must be one of off|opportunistic"},
    {"magic_link.confirm: yes", "code|button"},
    {"allow_private_targets: perhaps", "true or false"},
    {"admin_api_key: short", "at least 16"},
    {"admin_api_key_file: /nonexistent/x", "cannot read"},
    {"public_url: ftp://x", "public_url"},
    {"public_url: http://x/?a=b", "query"},
    {"tls.cert_file: /x", "belong together"},
    {"trusted_proxies: [{a: b}]", "list of texts"},
    {"- a", "must hold settings"},
    {"host: a\nhost: b", "line"},
    {"host: [", "line"},
};

static void
what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct config *c;
		struct fault f = {0};

		write_file(path, refused[i].text);
		if (config_load(path, &c, &f) != RC_INVALID) {
			fail_msg("%s: is taken", refused[i].text);
		}
		if (strstr(f.text, refused[i].words) == NULL) {
			fail_msg("%s: %s", refused[i].text, f.text);
		}
	}
}

static void
the_environment_wins_and_files_hold_secrets(void **state)
{
	struct config *c;
	struct fault f = {0};

	(void)state;
	write_file(path, "port: 1\nadmin_api_key: from-the-yaml-file");
	write_file(secret, "  from-the-secret-file \n\n");
	assert_int_equal(setenv("PORT", "2", 1), 0);
	assert_int_equal(setenv("HOST", "", 1), 0);
	assert_int_equal(setenv("ADMIN_API_KEY_FILE", secret, 1), 0);
	assert_int_equal(config_load(path, &c, &f), RC_OK);
	assert_int_equal(config_int(c, "port"), 2);
	assert_string_equal(config_text(c, "host"), "127.0.0.1");
	assert_string_equal(config_text(c, "admin_api_key"),
	    "from-the-secret-file");
	config_free(c);
	assert_int_equal(setenv("ADMIN_API_KEY", "the-plain-one-wins", 1), 0);
	assert_int_equal(config_load(path, &c, &f), RC_OK);
	assert_string_equal(config_by_env(c, "ADMIN_API_KEY"),
	    "the-plain-one-wins");
	config_free(c);
	write_file(secret, " \n");
	assert_int_equal(unsetenv("ADMIN_API_KEY"), 0);
	assert_int_equal(config_load(path, &c, &f), RC_INVALID);
	assert_non_null(strstr(f.text, "empty"));
}

static void
links_begin_with_the_public_url(void **state)
{
	static const struct {
		const char *text, *url;
	} rows[] = {
	    {"", "http://127.0.0.1:4000"},
	    {"host: 0.0.0.0\nport: 81", "http://127.0.0.1:81"},
	    {"host: \"::1\"", "http://[::1]:4000"},
	    {"public_url: https://a.example/assent/",
		"https://a.example/assent"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *c;
		struct fault f = {0};

		write_file(path, rows[i].text);
		assert_int_equal(config_load(path, &c, &f), RC_OK);
		assert_string_equal(config_public_url(c), rows[i].url);
		config_free(c);
	}
}

static void
secrets_are_not_printed(void **state)
{
	struct config *c;
	struct fault f = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	write_file(path,
	    "admin_api_key: very-secret-text-0\n"
	    "smtp: {pass: very-secret-text-1}\n"
	    "master_key: very-secret-text-2");
	assert_int_equal(config_load(path, &c, &f), RC_OK);
	config_print(c, out);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(text, "very-secret"));
	assert_non_null(strstr(text, "admin_api_key: \"********\""));
	free(text);
	config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(settings_are_taken_from_the_file, setup),
	    cmocka_unit_test_setup(what_is_wrong_is_named, setup),
	    cmocka_unit_test_setup(the_environment_wins_and_files_hold_secrets,
		setup),
	    cmocka_unit_test_setup(links_begin_with_the_public_url, setup),
	    cmocka_unit_test_setup(secrets_are_not_printed, setup),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
