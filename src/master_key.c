#include "master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/random.h"

enum {
	FILE_MAX = 256, /* bytes of a key file, with blanks */
	TEXT_MAX = 100	/* bytes of a key in words, without them */
};

static const char file_name[] = "master.key";

/* The text without blanks around it; false when there is too much of it. */
static bool
trim(const char *s, char out[TEXT_MAX + 1])
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	s += strspn(s, blanks);
	len = strlen(s);
	while (len > 0 && strchr(blanks, s[len - 1]) != NULL) {
		len--;
	}
	if (len > TEXT_MAX) {
		return false;
	}
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

/* One byte over and over is a placeholder that nobody replaced. */
static bool
is_uniform(const unsigned char key[CRYPTO_KEY])
{
	for (size_t i = 1; i < CRYPTO_KEY; i++) {
		if (key[i] != key[0]) {
			return false;
		}
	}
	return true;
}

enum rc
master_key_parse(const char *s, const char *field,
    unsigned char key[CRYPTO_KEY], struct fault *f)
{
	char text[TEXT_MAX + 1] = "";
	size_t n = 0;
	bool ok = trim(s, text) &&
	    (crypto_unhex(text, key, CRYPTO_KEY) == RC_OK ||
		(crypto_unbase64(text, key, CRYPTO_KEY, &n) == RC_OK &&
		    n == CRYPTO_KEY));

	crypto_wipe(text, sizeof(text));
	if (!ok) {
		return fault_set(f, RC_INVALID, field,
		    "must be 32 bytes, as 64 hex digits or in base64");
	}
	if (is_uniform(key)) {
		return fault_set(f, RC_INVALID, field,
		    "is one byte over and over: make a random one with "
		    "'openssl rand -hex 32'");
	}
	return RC_OK;
}

static enum rc
fail(struct fault *f, const char *path, const char *what)
{
	return fault_set(f, RC_INTERNAL, file_name, "%s %s: %s", what, path,
	    strerror(errno));
}

static void
close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}

/* Whether nobody but us can have read or written the key. */
static enum rc
check_private(int fd, const char *path, struct fault *f)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return fail(f, path, "cannot look at");
	}
	if (!S_ISREG(st.st_mode)) {
		return fault_set(f, RC_INVALID, file_name,
		    "%s is not a plain file", path);
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		return fault_set(f, RC_INVALID, file_name,
		    "%s belongs to user %u, not to us", path,
		    (unsigned)st.st_uid);
	}
	if ((st.st_mode & 077) != 0) {
		return fault_set(f, RC_INVALID, file_name,
		    "%s has mode %04o and can be reached by others: run "
		    "'chmod 600' on it, and change the key if it was read",
		    path, (unsigned)(st.st_mode & 07777));
	}
	return RC_OK;
}

/* RC_NOT_FOUND when there is no such file. */
static enum rc
file_read(const char *path, unsigned char key[CRYPTO_KEY], struct fault *f)
{
	CLEANUP(close_fd) int fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char text[FILE_MAX + 1];
	ssize_t n;
	enum rc rc;

	if (fd < 0 && errno == ENOENT) {
		return RC_NOT_FOUND;
	}
	if (fd < 0 && errno == ELOOP) {
		return fault_set(f, RC_INVALID, file_name,
		    "%s is a symbolic link", path);
	}
	if (fd < 0) {
		return fail(f, path, "cannot open");
	}
	rc = check_private(fd, path, f);
	if (rc != RC_OK) {
		return rc;
	}
	n = read(fd, text, FILE_MAX);
	if (n < 0) {
		return fail(f, path, "cannot read");
	}
	text[n] = '\0';
	rc = (size_t)n == strlen(text) && n < FILE_MAX
	    ? master_key_parse(text, file_name, key, f)
	    : fault_set(f, RC_INVALID, file_name,
		  "must be 32 bytes, as 64 hex digits or in base64");
	crypto_wipe(text, sizeof(text));
	return rc;
}

static bool
write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno != EINTR) {
			return false;
		}
		if (done > 0) {
			s += done;
			n -= (size_t)done;
		}
	}
	return true;
}

static enum rc
sync_dir(const char *dir, struct fault *f)
{
	CLEANUP(close_fd) int fd =
	    open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0) {
		return fail(f, dir, "cannot sync");
	}
	return RC_OK;
}

/*
 * Puts a new key where there is none. It gets its name only when it is whole
 * and on disk, and by link(2), which replaces nothing: of two that start at
 * once, one wins and the other reads the winner's.
 */
static enum rc
file_make(const char *dir, const char *path, struct fault *f)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	CLEANUP(mem_drop) char *temp = mem_new(1, size);
	CLEANUP(close_fd) int fd = -1;
	char text[2 * CRYPTO_KEY + 1];
	bool written, named;

	(void)snprintf(temp, size, "%s.XXXXXX", path);
	fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		return fail(f, dir, "cannot make a key in");
	}
	random_hex(text, CRYPTO_KEY);
	text[2 * CRYPTO_KEY] = '\n';
	written = write_all(fd, text, 2 * CRYPTO_KEY + 1) && fsync(fd) == 0;
	crypto_wipe(text, sizeof(text));
	named = written && link(temp, path) == 0;
	if (named) {
		log_info("master key made file=%s", path);
	} else if (written && errno == EEXIST) {
		named = true;
	} else {
		(void)fail(f, path, "cannot write");
	}
	unlink(temp);
	return named ? sync_dir(dir, f) : RC_INTERNAL;
}

enum rc
master_key_file(const char *dir, unsigned char key[CRYPTO_KEY], struct fault *f)
{
	size_t size = strlen(dir) + 1 + sizeof(file_name);
	CLEANUP(mem_drop) char *path = mem_new(1, size);
	enum rc rc;

	(void)snprintf(path, size, "%s/%s", dir, file_name);
	rc = file_read(path, key, f);
	if (rc != RC_NOT_FOUND) {
		return rc;
	}
	rc = file_make(dir, path, f);
	if (rc != RC_OK) {
		return rc;
	}
	/* Read back what is on disk: that is the key of the next start. */
	rc = file_read(path, key, f);
	return rc == RC_NOT_FOUND ? fail(f, path, "cannot open") : rc;
}
