/*
 * assentd: the daemon. Starts it, runs until told to stop.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assentd_args.h"
#include "channels/email_settings.h"
#include "daemon.h"
#include "daemon_check.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/notify.h"
#include "reload.h"
#include "version.h"

enum {
	TICK_MS = 200,	 /* of the main thread: long polls, reloads */
	SETTLE_MS = 300, /* a changed folder is read when it is quiet */
	SIGN_IN_LIFE_MS = 24 * 3600 * 1000
};

/* Secrets stay out of core dumps and away from debuggers of the same user;
 * sanitizers need what this forbids. */
static void
protect(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a full disk is an error, no death */
}

static void
raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int
catch_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Where to begin, for who has just started it. */
static void
greet(struct daemon *d)
{
	const struct config *c = d->config;
	struct sign_in_making link = {.public_url = config_public_url(c),
	    .life_ms = SIGN_IN_LIFE_MS};
	long long people = 0;
	struct fault f = {0};

	(void)printf("assentd %s listens on %s\n", ASSENT_VERSION,
	    config_public_url(c));
	for (int i = 0; i < outbox_channels(d->outbox); i++) {
		(void)printf("  channel      %s\n",
		    outbox_channel(d->outbox, i, NULL));
	}
	if (!config_is_set(c, "smtp.host")) {
		(void)printf("  e-mail       off; SMTP_HOST turns it on\n");
	}
	if (db_int(d->reader, &f, &people,
		"SELECT count(*) FROM key WHERE class <> 'agent' AND "
		"revoked_ms IS NULL",
		"") == RC_OK &&
	    people == 0 && !config_is_set(c, "admin_api_key") &&
	    store_now(d->store, pages_make_sign_in, &link) == RC_OK) {
		(void)printf("  sign in      %s\n"
			     "               (works once, within 24 hours)\n",
		    link.url);
	} else {
		(void)printf("  approvals    %s/approvals\n",
		    config_public_url(c));
	}
	(void)printf("  next         README.md, \"Quick start\"\n");
	(void)fflush(stdout);
}

static void
run(struct daemon *d)
{
	struct pollfd fds[] = {{.fd = d->signals, .events = POLLIN},
	    {.fd = d->watch, .events = POLLIN}};
	struct signalfd_siginfo sig;
	long long reload_at = 0, pat_at = 0;
	int watchdog_ms = notify_watchdog_ms();

	for (;;) {
		long long now;
		bool again = false;

		(void)poll(fds, ARRAY_LEN(fds), TICK_MS);
		now = clock_mono_ms();
		while (read(d->signals, &sig, sizeof(sig)) == sizeof(sig)) {
			if (sig.ssi_signo != SIGHUP) {
				return;
			}
			again = true;
		}
		if (reload_changed(d->watch)) {
			reload_at = now + SETTLE_MS;
		}
		if (again || (reload_at != 0 && now >= reload_at)) {
			reload_at = 0;
			notify_reloading();
			reload_run(d->config, d->rules, d->store);
			notify_send("READY=1");
		}
		waiters_tick(d->waiters, now);
		if (watchdog_ms > 0 && now >= pat_at) {
			pat_at = now + watchdog_ms;
			notify_send("WATCHDOG=1");
		}
	}
}

static void
set_up_log(const struct config *c)
{
	enum log_level level;

	if (log_level_parse(config_text(c, "log.level"), &level) == RC_OK) {
		log_setup(level,
		    strcmp(config_text(c, "log.format"), "json") == 0);
	}
}

/* A fault's words, behind what they are about unless they name it. */
static int
complain(const struct fault *f)
{
	bool named = f->field[0] == '\0' || strstr(f->text, f->field) != NULL;

	(void)fprintf(stderr, "assentd: %s%s%s\n", named ? "" : f->field,
	    named ? "" : ": ", f->text);
	return EXIT_FAILURE;
}

static int
serve(struct config *c)
{
	struct daemon d = {.config = c, .lock = -1, .watch = -1};
	struct fault f = {0};

	protect();
	raise_files();
	d.signals = catch_signals();
	d.arena = arena_new();
	if (daemon_build(&d, &f) != RC_OK) {
		daemon_stop(&d);
		return complain(&f);
	}
	d.watch = reload_watch(c);
	greet(&d);
	log_info("assentd started version=%s", ASSENT_VERSION);
	notify_send("READY=1");
	run(&d);
	log_info("assentd stops");
	daemon_stop(&d);
	return EXIT_SUCCESS;
}

static enum rc
check_channels(struct config *c, struct fault *f)
{
	const struct channel_env env = {.setting = config_by_env,
	    .setting_ctx = c};
	struct email_settings e;
	enum rc rc = config_is_set(c, "smtp.host")
	    ? email_settings_read(&env, &e, f)
	    : RC_OK;

	for (size_t i = 0; rc == RC_OK && channel_all[i] != NULL; i++) {
		const struct channel_ops *ops = channel_all[i];

		if (ops->check != NULL && ops->wanted(&env)) {
			rc = ops->check(&env, f);
		}
	}
	return rc;
}

/* What a start would refuse, as far as it can be seen without one. */
static int
check_config(struct config *c)
{
	struct policy_set *set;
	struct fault f = {0};

	if (daemon_check(c, &f) != RC_OK || check_channels(c, &f) != RC_OK ||
	    reload_load(c, &set, &f) != RC_OK) {
		return complain(&f);
	}
	(void)printf("ok: %d policies, %d people\n", policy_set_count(set),
	    people_count(policy_set_people(set)));
	policy_set_unref(set);
	return EXIT_SUCCESS;
}

static int
with_config(const char *path, enum assentd_action action)
{
	struct config *c;
	struct fault f = {0};
	int status;

	if (config_load(path, &c, &f) != RC_OK) {
		return complain(&f);
	}
	set_up_log(c);
	if (action == ASSENTD_SERVE) {
		return serve(c); /* frees the settings */
	}
	status = EXIT_SUCCESS;
	if (action == ASSENTD_PRINT_CONFIG) {
		config_print(c, stdout);
	} else {
		status = check_config(c);
	}
	config_free(c);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	enum assentd_action action = assentd_args(argc, argv, &path);

	switch (action) {
	case ASSENTD_WRONG:
		assentd_usage(stderr);
		return 2;
	case ASSENTD_HELP:
		assentd_usage(stdout);
		config_help(stdout);
		return EXIT_SUCCESS;
	case ASSENTD_VERSION:
		(void)printf("assentd %s\n", ASSENT_VERSION);
		return EXIT_SUCCESS;
	default:
		return with_config(path, action);
	}
}
