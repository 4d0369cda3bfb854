#include "policy_folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char world[] =
    "{\"people\": [{\"id\": \"dana\", \"email\": \"dana@example.com\"},"
    "{\"id\": \"lee\"}, {\"id\": \"kim\"}],"
    "\"groups\": {\"finance\": [\"dana\", \"lee\"]},"
    "\"channels\": {\"ops\": {\"slack\": \"T1/C1\"},"
    " \"money\": {\"discord\": \"7\"}}}";

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
policy_folder_init(struct policy_folder *folder)
{
	const char *tmp = getenv("TMPDIR");

	assert_in_range(snprintf(folder->path, sizeof(folder->path),
			    "%s/assent-policies-XXXXXX",
			    tmp == NULL ? "/tmp" : tmp),
	    1, sizeof(folder->path) - 1);
	assert_non_null(mkdtemp(folder->path));
}

void
policy_folder_put_bytes(const struct policy_folder *folder, const char *name,
    const void *bytes, size_t len)
{
	char path[400];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void
policy_folder_put(const struct policy_folder *folder, const char *name,
    const char *text)
{
	policy_folder_put_bytes(folder, name, text, strlen(text));
}

void
policy_folder_fini(struct policy_folder *folder)
{
	assert_int_equal(nftw(folder->path, remove_one, 10,
			     FTW_DEPTH | FTW_PHYS),
	    0);
}

struct people *
policy_folder_people(void)
{
	json_t *root = json_loads(world, 0, NULL);
	struct people *p;
	struct fault f = {0};

	assert_int_equal(people_load(root, &p, &f), RC_OK);
	json_decref(root);
	return p;
}

struct policy_set *
policy_set_of(const char *text)
{
	CLEANUP(policy_folder_fini) struct policy_folder folder;
	struct people *people = policy_folder_people();
	struct policy_set *set;
	struct fault f = {0};

	policy_folder_init(&folder);
	policy_folder_put(&folder, "p.yaml", text);
	if (policy_set_load(folder.path, people, &set, &f) != RC_OK) {
		fail_msg("%s\n%s", f.text, text);
	}
	people_unref(people);
	return set;
}

void
policy_set_drop(struct policy_set **set)
{
	policy_set_unref(*set);
}
