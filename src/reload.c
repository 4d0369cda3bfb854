#include "reload.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "audit.h"
#include "lib/log.h"
#include "lib/mem.h"

/* What is audited about one reload. */
struct report {
	char *error; /* NULL = in force */
	char *version;
	int policies;
};

/* A name that leads nowhere would refuse every checkpoint later. */
static enum rc
check_default(const struct config *c, struct policy_set **set, struct fault *f)
{
	const char *name = config_text(c, "vantagate.policy");

	if (name == NULL || policy_set_find(*set, name) != NULL) {
		return RC_OK;
	}
	policy_set_unref(*set);
	*set = NULL;
	return fault_set(f, RC_INVALID, "VANTAGATE_POLICY",
	    "there is no policy %s", name);
}

enum rc
reload_load(const struct config *c, struct policy_set **out, struct fault *f)
{
	struct people *people;
	enum rc rc = people_load(config_root(c), &people, f);

	if (rc != RC_OK) {
		return rc;
	}
	rc = policy_set_load(config_text(c, "policy_dir"), people, out, f);
	people_unref(people);
	return rc == RC_OK ? check_default(c, out, f) : rc;
}

static enum rc
report_job(struct tx *tx, void *arg)
{
	const struct report *r = arg;
	struct fault f = {0};

	return audit_add(tx, NULL,
	    r->error == NULL ? "policies_loaded" : "policies_refused",
	    "assentd",
	    json_pack("{s:s?, s:s?, s:i}", "error", r->error, "version",
		r->version, "policies", r->policies),
	    &f);
}

static void
report_done(void *arg, enum rc rc)
{
	struct report *r = arg;

	if (rc != RC_OK) {
		log_warn("reload could not be audited rc=%s", rc_name(rc));
	}
	free(r->error);
	free(r->version);
	free(r);
}

static void
report(struct store *st, const struct policy_set *set, const char *error)
{
	struct report *r = mem_new(1, sizeof(*r));

	r->error = mem_strdup(error);
	if (set != NULL) {
		r->version = mem_strdup(policy_set_version(set));
		r->policies = policy_set_count(set);
	}
	if (store_write(st, report_job, report_done, r) != RC_OK) {
		report_done(r, RC_BUSY);
	}
}

static void
take_log(const struct config *c)
{
	enum log_level level;

	if (log_level_parse(config_text(c, "log.level"), &level) == RC_OK) {
		log_setup(level,
		    strcmp(config_text(c, "log.format"), "json") == 0);
	}
}

static enum rc
load_again(const char *path, struct policy_set **out, struct fault *f)
{
	struct config *c;
	enum rc rc = config_load(path, &c, f);

	if (rc == RC_OK) {
		rc = reload_load(c, out, f);
		if (rc == RC_OK) {
			take_log(c);
		}
		config_free(c);
	}
	return rc;
}

void
reload_run(const struct config *c, struct rules *rules, struct store *st)
{
	struct policy_set *set = NULL;
	struct fault f = {0};

	if (load_again(config_path(c), &set, &f) != RC_OK) {
		log_error("reload refused, the old set stays error=\"%s\"",
		    f.text);
		report(st, NULL, f.text);
		return;
	}
	log_info("reload done policies=%d version=%.12s", policy_set_count(set),
	    policy_set_version(set));
	report(st, set, NULL);
	rules_set(rules, set);
}

int
reload_watch(const struct config *c)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 &&
	    inotify_add_watch(fd, config_text(c, "policy_dir"),
		IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0) {
		(void)close(fd);
		fd = -1;
	}
	if (fd < 0) {
		log_warn("reload: the policy folder cannot be watched; "
			 "send SIGHUP after a change");
	}
	return fd;
}

bool
reload_changed(int watch)
{
	char events[4096];
	bool any = false;

	while (watch >= 0 && read(watch, events, sizeof(events)) > 0) {
		any = true;
	}
	return any;
}
