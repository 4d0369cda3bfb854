#include "policy_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/yaml.h"
#include "policy_impl.h"

enum { PATH_SHOWN = 150 /* bytes of a path in a message */ };

struct policy_set {
	atomic_int refs;
	struct people *people;
	struct arena *arena;	 /* all that the policies point to */
	struct policy *policies; /* by id */
	int n;
	struct policy builtin;
	char version[CRYPTO_SHA256_HEX];
};

/* One file while it is read. */
struct file {
	char path[PATH_MAX];
	char shown[PATH_MAX]; /* path, or its last part when that is long */
	char id[POLICY_ID_MAX + 1];
	char *text; /* owned */
	size_t len;
};

static void
file_fini(struct file *file)
{
	free(file->text);
}

static void
drop_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}

static bool
is_id(const char *s, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return len > 0 && len <= POLICY_ID_MAX && s[0] != '.' &&
	    strspn(s, allowed) >= len;
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcasecmp(s + n - m, end) == 0;
}

static enum rc
refuse_file(const struct file *file, int line, const char *why, struct fault *f)
{
	return fault_set(f, RC_INVALID, "policy", "%s:%d: %s", file->shown,
	    line, why);
}

/* What stands between a folder's name and a policy: its path and its id. */
static enum rc
file_name(struct file *file, const char *dir, const char *name, struct fault *f)
{
	size_t len = strlen(name) - strlen(".yaml");
	int n = snprintf(file->path, sizeof(file->path), "%s/%s", dir, name);

	if (n >= (int)sizeof(file->path)) {
		return fault_set(f, RC_INVALID, "policy",
		    "%s: the path is too long", name);
	}
	(void)snprintf(file->shown, sizeof(file->shown), "%s",
	    n <= PATH_SHOWN ? file->path : name);
	if (ends_in(name, ".yml")) {
		return refuse_file(file, 1,
		    "policies end in .yaml: rename it, or move it away", f);
	}
	if (strcmp(name + len, ".yaml") != 0 || !is_id(name, len)) {
		return refuse_file(file, 1,
		    "the name must be ID.yaml, with an id of letters, digits, "
		    ". _ and -, at most 64 characters",
		    f);
	}
	memcpy(file->id, name, len);
	return RC_OK;
}

static enum rc
file_read(struct file *file, struct fault *f)
{
	CLEANUP(drop_fd) int fd =
	    open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) != 0) {
		return refuse_file(file, 1, strerrordesc_np(errno), f);
	}
	if (!S_ISREG(st.st_mode)) {
		return refuse_file(file, 1, "is not a file", f);
	}
	/* One byte more than allowed tells a file that is too long. */
	file->text = mem_new(YAML_BYTES_MAX + 2, 1);
	while (file->len <= YAML_BYTES_MAX) {
		got = read(fd, file->text + file->len,
		    YAML_BYTES_MAX + 1 - file->len);
		if (got < 0) {
			return refuse_file(file, 1, strerrordesc_np(errno), f);
		}
		if (got == 0) {
			break;
		}
		file->len += (size_t)got;
	}
	if (file->len > YAML_BYTES_MAX) {
		return refuse_file(file, 1, "is larger than 1 MiB", f);
	}
	return RC_OK;
}

/* The line of a setting such as "field_checks[1].max", or of what holds it. */
static int
line_of(const struct file *file, const char *setting)
{
	char key[sizeof(((struct fault *)0)->field)];
	int line;

	(void)snprintf(key, sizeof(key), "%s", setting);
	while ((line = yaml_line_of(file->text, file->len, key)) == 0) {
		char *dot = strrchr(key, '.'), *bracket = strrchr(key, '[');
		char *last = dot > bracket ? dot : bracket;

		if (last == NULL) {
			return 1;
		}
		*last = '\0';
	}
	return line;
}

/* From "line N: why" of the YAML reader. */
static enum rc
refuse_yaml(const struct file *file, const struct fault *why, struct fault *f)
{
	int line = 1, n = 0;

	if (sscanf(why->text, "line %d: %n", &line, &n) < 1) {
		n = 0;
	}
	return refuse_file(file, line, why->text + n, f);
}

static enum rc
refuse_setting(const struct file *file, const struct fault *why,
    struct fault *f)
{
	char text[sizeof(why->field) + sizeof(why->text) + 4];

	if (strcmp(why->field, "body") == 0) {
		return refuse_file(file, 1, "must be a map of settings", f);
	}
	(void)snprintf(text, sizeof(text), "%s: %s", why->field, why->text);
	return refuse_file(file, line_of(file, why->field), text, f);
}

static enum rc
file_decode(const struct file *file, struct policy_set *set, struct policy *out,
    struct fault *f)
{
	CLEANUP(json_drop) json_t *root = NULL;
	struct fault why = {0};

	if (yaml_read(file->text, file->len, &root, &why) != RC_OK) {
		return refuse_yaml(file, &why, f);
	}
	if (json_is_null(root)) {
		return refuse_file(file, 1, "is empty", f);
	}
	if (policy_decode(root, file->id, set->people, set->arena, out, &why) !=
	    RC_OK) {
		return refuse_setting(file, &why, f);
	}
	crypto_sha256_hex(file->text, file->len, out->version);
	if (out->rules.org_wide && out->rules.has_under) {
		log_warn("policy %s: auto_approve_under is judged before "
			 "require_approval_for, and approves",
		    out->id);
	}
	return RC_OK;
}

static enum rc
load_file(struct policy_set *set, const char *dir, const char *name,
    struct fault *f)
{
	CLEANUP(file_fini) struct file file = {0};
	enum rc rc = file_name(&file, dir, name, f);

	if (rc == RC_OK) {
		rc = file_read(&file, f);
	}
	if (rc == RC_OK) {
		rc = file_decode(&file, set, &set->policies[set->n], f);
	}
	if (rc == RC_OK) {
		set->n++;
	}
	return rc;
}

static int
wanted(const struct dirent *e)
{
	return e->d_name[0] != '.' &&
	    (ends_in(e->d_name, ".yaml") || ends_in(e->d_name, ".yml"));
}

/* Loads the files by name, so that of two mistakes one is always first. */
static enum rc
load_folder(struct policy_set *set, const char *dir, struct fault *f)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, wanted, alphasort);
	enum rc rc = RC_OK;

	if (n < 0) {
		return fault_set(f, RC_INVALID, "policy",
		    "%s: cannot read the folder: %s", dir,
		    strerrordesc_np(errno));
	}
	if (n > POLICIES_MAX) {
		rc = fault_set(f, RC_INVALID, "policy",
		    "%s: more than %d policies", dir, POLICIES_MAX);
	}
	set->policies =
	    arena_array(set->arena, (size_t)n, sizeof(*set->policies));
	for (int i = 0; i < n; i++) {
		if (rc == RC_OK) {
			rc = load_file(set, dir, names[i]->d_name, f);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

static enum rc
load_builtin(struct policy_set *set, struct fault *f)
{
	static const char text[] = "require_approval: always\n";
	CLEANUP(file_fini) struct file file = {.shown = "built in",
	    .id = "always-ask",
	    .text = mem_strdup(text),
	    .len = sizeof(text) - 1};

	return file_decode(&file, set, &set->builtin, f);
}

static int
by_id(const void *a, const void *b)
{
	const struct policy *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static void
set_finish(struct policy_set *set)
{
	CLEANUP(buf_fini) struct buf b = {0};

	qsort(set->policies, (size_t)set->n, sizeof(*set->policies), by_id);
	for (int i = 0; i < set->n; i++) {
		buf_printf(&b, "%s %s\n", set->policies[i].id,
		    set->policies[i].version);
	}
	crypto_sha256_hex(buf_str(&b), b.len, set->version);
}

enum rc
policy_set_load(const char *dir, struct people *people, struct policy_set **out,
    struct fault *f)
{
	struct policy_set *set = mem_new(1, sizeof(*set));
	enum rc rc;

	*out = NULL;
	set->refs = 1;
	set->arena = arena_new();
	set->people = people_ref(people);
	rc = set->people == NULL ? people_load(NULL, &set->people, f) : RC_OK;
	if (rc == RC_OK) {
		rc = load_folder(set, dir, f);
	}
	if (rc == RC_OK) {
		rc = load_builtin(set, f);
	}
	if (rc != RC_OK) {
		policy_set_unref(set);
		return rc;
	}
	set_finish(set);
	*out = set;
	return RC_OK;
}

struct policy_set *
policy_set_ref(struct policy_set *set)
{
	if (set != NULL) {
		atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	}
	return set;
}

void
policy_set_unref(struct policy_set *set)
{
	/* The last one must see what the others did before they let go. */
	if (set == NULL ||
	    atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) >
		1) {
		return;
	}
	people_unref(set->people);
	arena_free(set->arena);
	free(set);
}

const struct policy *
policy_set_find(const struct policy_set *set, const char *id)
{
	const struct policy key = {.id = id};

	if (!is_id(id, strlen(id))) {
		return NULL;
	}
	return bsearch(&key, set->policies, (size_t)set->n,
	    sizeof(*set->policies), by_id);
}

const struct policy *
policy_set_builtin(const struct policy_set *set)
{
	return &set->builtin;
}

int
policy_set_count(const struct policy_set *set)
{
	return set->n;
}

const struct policy *
policy_set_at(const struct policy_set *set, int i)
{
	return i >= 0 && i < set->n ? &set->policies[i] : NULL;
}

struct people *
policy_set_people(const struct policy_set *set)
{
	return set->people;
}

const char *
policy_set_version(const struct policy_set *set)
{
	return set->version;
}
