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

#include "lib/crypto.h"
#include "lib/yaml.h"
#include "policy_folder.h"

/* Every key that is taken. */
static const char everything[] = //
    "# a comment\n"
    "id: p\n"
    "version: 3\n"
    "name: All of it\n"
    "description: A policy that says everything.\n"
    "destinations: [zendesk.reply, intercom.reply]\n"
    "allowed_types: [.CSV, json]\n"
    "environments:\n"
    "  production:\n"
    "    require_approval: always\n"
    "    rate_limits: {per_agent_per_hour: 1}\n"
    "    field_checks: []\n"
    "    block_if_terms: sue\n"
    "    match: word\n"
    "    auto_approve_under: 1\n"
    "    require_approval_over: 0\n"
    "    require_approval_for: []\n"
    "  staging: {}\n"
    "agent_environments: {agt_1: production, ci: staging, '*': staging}\n"
    "rate_limits: {per_agent_per_hour: 50, per_agent_per_day: 200}\n"
    "field_checks:\n"
    "  - {path: refund.amount, required: true, min: 0, max: 500.5}\n"
    "  - {field: email, pattern: \"^[^@]+@[^@]+$\"}\n"
    "  - {path: note, max_length: 2000}\n"
    "block_if_terms: [refund guaranteed, sue]\n"
    "match: substring\n"
    "require_approval: never\n"
    "auto_approve_under: 10\n"
    "require_approval_over: 100\n"
    "require_approval_for: [org_wide]\n"
    "require_approvals: 2\n"
    "deny_threshold: 2\n"
    "expiry_minutes: 30\n"
    "on_no_response: defer\n"
    "require_profile: support.reply.v1\n"
    "approvers: [finance, kim]\n"
    "channels: [ops, money]\n"
    "self_approval: true\n"
    "require_reason: true\n"
    "delivery: one_time_only\n"
    "block_if_pii: false\n";

static void
a_policy_may_say_all_of_it(void **state)
{
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of(everything);
	const struct policy *p = policy_set_find(set, "p");
	char version[CRYPTO_SHA256_HEX];

	(void)state;
	crypto_sha256_hex(everything, strlen(everything), version);
	assert_int_equal(policy_set_count(set), 1);
	assert_ptr_equal(policy_set_at(set, 0), p);
	assert_string_equal(policy_id(p), "p");
	assert_string_equal(policy_version(p), version);
}

/* What is accepted and means nothing more than it says. */
static void
plain_policies_load(void **state)
{
	static const char *const texts[] = {
	    "{}\n",
	    "id: p\n",
	    "version: \"1.0\"\nname: 7\n",
	    "destinations: zendesk.reply\n",
	    "destinations: []\n",
	    "allowed_types: csv\n",
	    "require_approval_for: org_wide\n",
	    "approvers: dana\nchannels: ops\n",
	    "on_no_response: reject\n",
	    "auto_approve_under: 0\nrequire_approval_over: 0\n",
	    "auto_approve_under: 100\nrequire_approval_over: 10\n",
	    "require_approvals: 3\n",
	    "block_if_terms: []\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(policy_set_drop) struct policy_set *set =
		    policy_set_of(texts[i]);

		assert_int_equal(policy_set_count(set), 1);
	}
}

/* A file, the line of its mistake, and words of the message. */
static const struct {
	const char *text;
	int line;
	const char *word;
} mistakes[] = {
    {"", 1, "empty"},
    {"# nothing\n", 1, "empty"},
    {"- a\n", 1, "must be a map"},
    {"hello\n", 1, "must be a map"},
    {"id: p\nid: p\n", 2, ""},
    {"id: p\n--- \nid: q\n", 2, ""},
    {"id: p\na: [\n", 3, ""},
    {"id: p\nx: &a 1\n", 2, ""},
    {"id: q\n", 1, "name of the file"},
    {"id: 7\n", 1, "id"},
    {"id: p\nblock_if_term: [a]\n", 2, "did you mean 'block_if_terms'"},
    {"name: [a]\n", 1, "text or a number"},
    {"version: {}\n", 1, "text or a number"},
    {"description: 7\n", 1, "string"},
    {"\ndestinations: 7\n", 2, "list"},
    {"destinations: [a, 7]\n", 1, "item 2"},
    {"destinations: [a, '']\n", 1, "item 2 must not be empty"},
    {"destinations: ''\n", 1, "item 1 must not be empty"},
    {"destinations: {a: b}\n", 1, "list"},
    {"allowed_types: [[csv]]\n", 1, "item 1"},
    {"environments: []\n", 1, "object"},
    {"environments:\n  a: 7\n", 2, "environments.a: must be an object"},
    {"environments:\n  a:\n    require_approvl: always\n", 3,
	"did you mean 'require_approval'"},
    {"environments:\n  a:\n    require_approval: maybe\n", 3, "always, never"},
    {"environments:\n  a:\n    block_if_terms: ['-']\n", 3, "no letter"},
    {"environments:\n  a: {approvers: [dana]}\n", 2, "agent claims"},
    {"environments:\n  a: {destinations: [x]}\n", 2, "agent claims"},
    {"environments:\n  a: {self_approval: true}\n", 2, "agent claims"},
    {"environments:\n  a: {require_approvals: 1}\n", 2, "agent claims"},
    {"environments:\n  a: {expiry_minutes: 1}\n", 2, "agent claims"},
    {"agent_environments: []\n", 1, "object"},
    {"agent_environments: {agt_1: prod}\n", 1, "'agt_1' must be bound"},
    {"environments: {a: {}}\nagent_environments: {b: 7}\n", 2, "'b'"},
    {"rate_limits: 5\n", 1, "object"},
    {"rate_limits: {per_hour: 5}\n", 1, "unknown field"},
    {"rate_limits: {per_agent_per_hour: 0}\n", 1, "at least 1"},
    {"rate_limits:\n  per_agent_per_day: -1\n", 2, "at least 1"},
    {"rate_limits: {per_agent_per_hour: 1.5}\n", 1, "whole number"},
    {"field_checks: {path: a}\n", 1, "list"},
    {"field_checks: [a]\n", 1, "field_checks[0]: must be an object"},
    {"field_checks:\n- {path: a, required: true}\n- {required: true}\n", 3,
	"field_checks[1].path: is required"},
    {"field_checks:\n- {path: a}\n", 2, "must say required"},
    {"field_checks:\n- path: a\n  patern: x\n", 3, "'pattern'"},
    {"field_checks:\n- path: a\n  pattern: '['\n", 3,
	"field_checks[0].pattern"},
    {"field_checks:\n- path: a\n  pattern: 7\n", 3, "text"},
    {"field_checks:\n- path: a\n  pattern: ''\n", 3, "text"},
    {"field_checks:\n- path: a\n  max: '7'\n", 3, "number"},
    {"field_checks:\n- path: a\n  max: 7\n  min: 8\n", 4, "more than max"},
    {"field_checks:\n- path: a\n  max_length: -1\n", 3, "at least 0"},
    {"field_checks:\n- path: a\n  required: yes\n", 3, "true or false"},
    {"field_checks:\n- path: a..b\n  required: true\n", 2, "one dot"},
    {"field_checks:\n- path: .a\n  required: true\n", 2, "one dot"},
    {"field_checks:\n- path: a.\n  required: true\n", 2, "one dot"},
    {"field_checks:\n- {path: a, field: b, required: true}\n", 2, "path"},
    {"block_if_terms: [a, '!?']\n", 1, "item 2 has no letter"},
    {"block_if_terms: [a, 7]\n", 1, "item 2"},
    {"match: words\n", 1, "word, substring"},
    {"require_approval: true\n", 1, "always, never"},
    {"auto_approve_under: -1\n", 1, "at least 0"},
    {"auto_approve_under: ten\n", 1, "whole number"},
    {"require_approval_over: -5\n", 1, "at least 0"},
    {"require_approval_for: everybody\n", 1, "org_wide"},
    {"require_approval_for: [org_wide, all]\n", 1, "org_wide"},
    {"require_approvals: 0\n", 1, "at least 1"},
    {"require_approvals: 51\n", 1, "at most 50"},
    {"approvers: [finance]\nrequire_approvals: 3\n", 2, "names only 2"},
    {"approvers: [finance]\ndeny_threshold: 3\n", 2, "names only 2"},
    {"approvers: [dana, dana]\nrequire_approvals: 2\n", 2, "names only 1"},
    {"deny_threshold: 0\n", 1, "at least 1"},
    {"expiry_minutes: 0\n", 1, "at least 1"},
    {"expiry_minutes: 600000\n", 1, "at most"},
    {"on_no_response: auto_approve_if_low_risk\n", 1, "time never approves"},
    {"on_no_response: approve\n", 1, "reject, defer"},
    {"require_profile: email.send.v2\n", 1, "'email.send.v1'"},
    {"require_profile: nothing.like.it\n", 1, "no profile"},
    {"approvers: []\n", 1, "1 to 50"},
    {"approvers: [nobody]\n", 1, "'nobody'"},
    {"channels: [nowhere]\n", 1, "'nowhere'"},
    {"channels: []\n", 1, "1 to 50"},
    {"self_approval: 1\n", 1, "true or false"},
    {"require_reason: 'no'\n", 1, "true, false or always"},
    {"require_reason: 1\n", 1, "true, false or always"},
    {"id: p\napproval_channel: {provider: a2h}\n", 2, "not supported"},
    {"assurance: {high: [x]}\n", 1, "not supported"},
    {"assurance:\n", 1, "not supported"},
    {"allowed_recipients: named_list\n", 1, "not supported"},
    {"block_if_pii: true\n", 1, "not supported"},
    {"delivery: twice\n", 1, "one_time_only"},
};

static void
a_mistake_is_told_with_file_line_and_reason(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	struct people *people = policy_folder_people();
	int wrong = 0;

	(void)state;
	policy_folder_init(&folder);
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct policy_set *set;
		struct fault f = {0};
		char place[100];

		policy_folder_put(&folder, "p.yaml", mistakes[i].text);
		(void)snprintf(place, sizeof(place),
		    "%s/p.yaml:%d: ", folder.path, mistakes[i].line);
		assert_int_equal(policy_set_load(folder.path, people, &set, &f),
		    RC_INVALID);
		assert_null(set);
		if (strncmp(f.text, place, strlen(place)) != 0 ||
		    strstr(f.text + strlen(place), mistakes[i].word) == NULL) {
			print_error("%s%s, not %d: %s\n", mistakes[i].text,
			    f.text, mistakes[i].line, mistakes[i].word);
			wrong++;
		}
	}
	people_unref(people);
	assert_int_equal(wrong, 0);
}

static void
names_of_files_are_ids(void **state)
{
	static const struct {
		const char *name;
		const char *word; /* NULL = loads */
		int count;
	} rows[] = {
	    {"a.yaml", NULL, 1},
	    {"A-b_c.d.yaml", NULL, 1},
	    {"a.txt", NULL, 0},
	    {"README", NULL, 0},
	    {".a.yaml", NULL, 0},
	    {"a.yaml~", NULL, 0},
	    {"a.yml", "rename it", 0},
	    {"a.YML", "rename it", 0},
	    {"a.YAML", "ID.yaml", 0},
	    {"a b.yaml", "ID.yaml", 0},
	    {"\xc3\xa4.yaml", "ID.yaml", 0},
	    {"a123456789b123456789c123456789d123456789e123456789f12345"
	     "67891234.yaml",
		NULL, 1},
	    {"a123456789b123456789c123456789d123456789e123456789f12345"
	     "678912345.yaml",
		"at most 64", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(policy_folder_fini) struct policy_folder folder;
		CLEANUP(policy_set_drop) struct policy_set *set = NULL;
		struct fault f = {0};
		enum rc rc;

		policy_folder_init(&folder);
		policy_folder_put(&folder, rows[i].name, "{}\n");
		rc = policy_set_load(folder.path, NULL, &set, &f);
		if (rows[i].word == NULL) {
			assert_int_equal(rc, RC_OK);
			assert_int_equal(policy_set_count(set), rows[i].count);
			continue;
		}
		assert_int_equal(rc, RC_INVALID);
		assert_non_null(strstr(f.text, rows[i].word));
		assert_non_null(strstr(f.text, rows[i].name));
	}
}

static void
what_is_no_readable_file_is_refused(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	struct policy_set *set;
	struct fault f = {0};
	char path[200], *big = malloc(YAML_BYTES_MAX + 1);

	(void)state;
	policy_folder_init(&folder);
	(void)snprintf(path, sizeof(path), "%s/p.yaml", folder.path);

	/* A dangling link is there, and cannot be read. */
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "p.yaml:1: No such file"));
	assert_int_equal(unlink(path), 0);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "is not a file"));
	assert_int_equal(rmdir(path), 0);

	/* Nobody ever writes to it: opening must not wait. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "is not a file"));
	assert_int_equal(unlink(path), 0);

	memset(big, '#', YAML_BYTES_MAX + 1);
	policy_folder_put_bytes(&folder, "p.yaml", big, YAML_BYTES_MAX + 1);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "larger than 1 MiB"));
	memcpy(big, "{}\n", 3);
	policy_folder_put_bytes(&folder, "p.yaml", big, YAML_BYTES_MAX);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f), RC_OK);
	policy_set_unref(set);
	free(big);

	policy_folder_put_bytes(&folder, "p.yaml", "id: p\n\0", 7);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	policy_folder_put(&folder, "p.yaml", "name: \xff\n");
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_int_equal(policy_set_load("/nowhere/at/all", NULL, &set, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "/nowhere/at/all: cannot read"));
}

static void
one_bad_file_refuses_the_set(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	struct policy_set *set;
	struct fault f = {0};

	(void)state;
	policy_folder_init(&folder);
	policy_folder_put(&folder, "a.yaml", "{}\n");
	policy_folder_put(&folder, "z.yaml", "{}\n");
	policy_folder_put(&folder, "m.yaml", "x: 1\n");
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
	    RC_INVALID);
	assert_null(set);
	assert_non_null(strstr(f.text, "/m.yaml:1: "));
}

static void
policies_are_found_by_id_and_no_path(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	CLEANUP(policy_set_drop) struct policy_set *set = NULL;
	static const char *const there[] = {"a", "a-b", "a.b", "b", "a_b"};
	static const char *const absent[] = {"", "c", "A", "./a", "../a", "a/",
	    "a.yaml", ".a", "a\n", "a b"};
	struct fault f = {0};

	(void)state;
	policy_folder_init(&folder);
	for (size_t i = 0; i < ARRAY_LEN(there); i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "%s.yaml", there[i]);
		policy_folder_put(&folder, name, "{}\n");
	}
	policy_folder_put(&folder, ".a.yaml", "{}\n");
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f), RC_OK);
	assert_int_equal(policy_set_count(set), ARRAY_LEN(there));
	for (size_t i = 0; i < ARRAY_LEN(there); i++) {
		assert_string_equal(policy_id(policy_set_find(set, there[i])),
		    there[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		assert_null(policy_set_find(set, absent[i]));
	}
	for (int i = 1; i < policy_set_count(set); i++) {
		assert_true(strcmp(policy_id(policy_set_at(set, i - 1)),
				policy_id(policy_set_at(set, i))) < 0);
	}
	assert_null(policy_set_at(set, -1));
	assert_null(policy_set_at(set, policy_set_count(set)));
}

static void
the_version_follows_the_bytes(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	static const char *const texts[] = {"{}\n", "{}\n", "{} # why\n",
	    "{}\n"};
	char first[CRYPTO_SHA256_HEX] = "", last[CRYPTO_SHA256_HEX] = "";

	(void)state;
	policy_folder_init(&folder);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(policy_set_drop) struct policy_set *set = NULL;
		struct fault f = {0};

		policy_folder_put(&folder, "p.yaml", texts[i]);
		assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
		    RC_OK);
		strcpy(last, policy_set_version(set));
		if (i == 0) {
			strcpy(first, last);
		}
		assert_int_equal(strlen(last), 64);
		assert_int_equal(strcmp(first, last) == 0, i != 2);
	}
	policy_folder_put(&folder, "q.yaml", "{}\n");
	{
		CLEANUP(policy_set_drop) struct policy_set *set = NULL;
		struct fault f = {0};

		assert_int_equal(policy_set_load(folder.path, NULL, &set, &f),
		    RC_OK);
		assert_string_not_equal(first, policy_set_version(set));
	}
}

static void
a_set_keeps_its_people_and_lives_while_it_is_used(void **state)
{
	struct policy_set *set = policy_set_of("approvers: [dana]\n");
	struct policy_set *again = policy_set_ref(set);

	(void)state;
	policy_set_unref(set);
	assert_non_null(people_find(policy_set_people(again), "dana"));
	assert_non_null(policy_set_find(again, "p"));
	policy_set_unref(again);
	policy_set_unref(NULL);
	assert_null(policy_set_ref(NULL));
}

static void
an_empty_folder_is_a_set_without_policies(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	CLEANUP(policy_set_drop) struct policy_set *set = NULL;
	struct fault f = {0};

	(void)state;
	policy_folder_init(&folder);
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f), RC_OK);
	assert_int_equal(policy_set_count(set), 0);
	assert_null(policy_set_find(set, "p"));
	assert_int_equal(people_count(policy_set_people(set)), 0);
}

static void
more_policies_than_the_maximum_are_refused(void **state)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	CLEANUP(policy_set_drop) struct policy_set *set = NULL;
	struct policy_set *none;
	struct fault f = {0};
	char name[20];

	(void)state;
	policy_folder_init(&folder);
	for (int i = 0; i < POLICIES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "p%d.yaml", i);
		policy_folder_put(&folder, name, "{}\n");
	}
	assert_int_equal(policy_set_load(folder.path, NULL, &set, &f), RC_OK);
	assert_int_equal(policy_set_count(set), POLICIES_MAX);
	policy_folder_put(&folder, "last.yaml", "{}\n");
	assert_int_equal(policy_set_load(folder.path, NULL, &none, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "more than 1000 policies"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_policy_may_say_all_of_it),
	    cmocka_unit_test(plain_policies_load),
	    cmocka_unit_test(a_mistake_is_told_with_file_line_and_reason),
	    cmocka_unit_test(names_of_files_are_ids),
	    cmocka_unit_test(what_is_no_readable_file_is_refused),
	    cmocka_unit_test(one_bad_file_refuses_the_set),
	    cmocka_unit_test(policies_are_found_by_id_and_no_path),
	    cmocka_unit_test(the_version_follows_the_bytes),
	    cmocka_unit_test(a_set_keeps_its_people_and_lives_while_it_is_used),
	    cmocka_unit_test(an_empty_folder_is_a_set_without_policies),
	    cmocka_unit_test(more_policies_than_the_maximum_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
