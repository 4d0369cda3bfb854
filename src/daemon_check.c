#include "daemon_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/url.h"
#include "master_key.h"

enum { RETRY_MAX_S = 30 * 24 * 3600 };

static enum rc
cannot_read(struct fault *f, const char *name, const char *path, int error)
{
	return fault_set(f, RC_INVALID, name, "%s: cannot read %s: %s", name,
	    path, strerror(error));
}

/* Whether it is there, of this kind, and open to us. */
static enum rc
check_path(const struct config *c, const char *name, mode_t kind,
    struct fault *f)
{
	const char *path = config_text(c, name);
	struct stat st;
	int fd, error = 0;

	if (path == NULL) {
		return RC_OK;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return cannot_read(f, name, path, errno);
	}
	if (fstat(fd, &st) != 0) {
		error = errno;
	} else if ((st.st_mode & S_IFMT) != kind) {
		error = kind == S_IFDIR ? ENOTDIR : EINVAL;
	}
	(void)close(fd);
	return error == 0 ? RC_OK : cannot_read(f, name, path, error);
}

static enum rc
check_paths(const struct config *c, struct fault *f)
{
	static const struct {
		const char *name;
		mode_t kind;
	} rows[] = {
	    {"template_dir", S_IFDIR},
	    {"tls.cert_file", S_IFREG},
	    {"tls.key_file", S_IFREG},
	    {"ca_file", S_IFREG},
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(rows); i++) {
		rc = check_path(c, rows[i].name, rows[i].kind, f);
	}
	return rc;
}

static enum rc
check_keys(const struct config *c, struct fault *f)
{
	static const struct {
		const char *name, *env;
	} rows[] = {
	    {"master_key", "ASSENT_MASTER_KEY"},
	    {"master_key_previous", "ASSENT_MASTER_KEY_PREVIOUS"},
	};
	unsigned char key[CRYPTO_KEY];
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(rows); i++) {
		const char *text = config_text(c, rows[i].name);

		if (text != NULL) {
			rc = master_key_parse(text, rows[i].env, key, f);
		}
	}
	crypto_wipe(key, sizeof(key));
	return rc;
}

static enum rc
check_proxies(const struct config *c, struct fault *f)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct field_strings list;

	config_list(c, "trusted_proxies", a, &list);
	for (size_t i = 0; i < list.n; i++) {
		if (!url_cidr_is_valid(list.items[i])) {
			return fault_set(f, RC_INVALID, "trusted_proxies",
			    "trusted_proxies: '%s' is no address or network",
			    list.items[i]);
		}
	}
	return RC_OK;
}

/* "5,30,120" in seconds to milliseconds. */
enum rc
daemon_retries(const struct config *c, struct outbox_options *o,
    struct fault *f)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct field_strings list;

	o->webhook_retries = 0;
	config_list(c, "webhook.retry_s", a, &list);
	for (size_t i = 0; i < list.n; i++) {
		char *end;
		double s = strtod(list.items[i], &end);

		/* Not the other way round: nan is neither. */
		if (*end != '\0' || !(s >= 0 && s <= RETRY_MAX_S) ||
		    i == OUTBOX_RETRIES_MAX) {
			return fault_set(f, RC_INVALID, "webhook.retry_s",
			    "webhook.retry_s must be at most %d numbers of "
			    "seconds with commas between",
			    OUTBOX_RETRIES_MAX);
		}
		o->webhook_retry_ms[o->webhook_retries++] =
		    (long long)(s * 1000);
	}
	return RC_OK;
}

enum rc
daemon_check(const struct config *c, struct fault *f)
{
	struct outbox_options scratch;
	enum rc rc = check_paths(c, f);

	if (rc == RC_OK) {
		rc = check_keys(c, f);
	}
	if (rc == RC_OK) {
		rc = check_proxies(c, f);
	}
	return rc == RC_OK ? daemon_retries(c, &scratch, f) : rc;
}
