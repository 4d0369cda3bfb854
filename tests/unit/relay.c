#include "relay.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 10, LOOKS_MAX = 1000 };

static char base[32]; /* of all directories; "" = not made */
static char certs[64];
static int started;
static pid_t server; /* 0 = none */
static int to_server, from_server;

static const char *
base_dir(void)
{
	if (base[0] == '\0') {
		(void)snprintf(base, sizeof(base), "/tmp/relay-XXXXXX");
		if (mkdtemp(base) == NULL) {
			err(1, "mkdtemp");
		}
		(void)snprintf(certs, sizeof(certs), "%s/certs", base);
	}
	return base;
}

const char *
relay_certs(void)
{
	(void)base_dir();
	return certs;
}

static void
spawn_server(void)
{
	static char python[] = "/usr/bin/python3";
	static char script[] = "tests/fake/smtp_server.py";
	static char dir[] = "--dir";
	char *argv[] = {python, script, dir, base, NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2], error;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
		err(1, "pipe2");
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	error = posix_spawn(&server, python, &actions, NULL, argv, environ);
	if (error != 0) {
		errx(1, "posix_spawn: %s", strerror(error));
	}
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	to_server = in[1];
	from_server = out[0];
}

static int
read_port(void)
{
	char line[32] = "";
	size_t n = 0;
	int port = 0;

	while (n + 1 < sizeof(line) && strchr(line, '\n') == NULL &&
	    read(from_server, line + n, 1) == 1) {
		line[++n] = '\0';
	}
	if (sscanf(line, "PORT %d\n", &port) != 1) {
		errx(1, "the fake relay did not start");
	}
	return port;
}

/* Each word in quotes; "+" becomes a blank. */
static void
tell(const struct relay *r, const char *args)
{
	char line[1024], *p;
	int n =
	    snprintf(line, sizeof(line), "--dir %s --certs %s ", r->dir, certs);
	bool inside = false;

	for (; *args != '\0' && (size_t)n + 4 < sizeof(line); args++) {
		if ((*args == ' ') == inside) {
			inside = !inside;
			line[n++] = '"';
		}
		line[n++] = *args;
	}
	if (inside) {
		line[n++] = '"';
	}
	line[n++] = '\n';
	for (p = line; p < line + n; p++) {
		if (*p == '+') {
			*p = ' ';
		}
	}
	if (write(to_server, line, (size_t)n) != n) {
		err(1, "write to the fake relay");
	}
}

void
relay_start(struct relay *r, const char *args)
{
	(void)snprintf(r->dir, sizeof(r->dir), "%s/%d", base_dir(), started++);
	if (server == 0) {
		spawn_server();
		(void)read_port();
	}
	tell(r, args);
	r->port = read_port();
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
relay_clean(void)
{
	if (server != 0) {
		close(to_server);
		close(from_server);
		if (waitpid(server, NULL, 0) != server) {
			err(1, "waitpid");
		}
		server = 0;
	}
	if (base[0] != '\0') {
		(void)nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
		base[0] = '\0';
	}
}

char *
relay_file(const struct relay *r, const char *name)
{
	char path[128];
	char *data = NULL;
	size_t len = 0;
	ssize_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		return strdup("");
	}
	n = getdelim(&data, &len, '\0', f);
	(void)fclose(f);
	if (n < 0) {
		free(data);
		return strdup("");
	}
	return data;
}

int
relay_mails(const struct relay *r)
{
	struct stat st;
	char path[128];
	int n = 0;

	do {
		n++;
		(void)snprintf(path, sizeof(path), "%s/%04d.json", r->dir, n);
	} while (stat(path, &st) == 0);
	return n - 1;
}

bool
relay_saw(const struct relay *r, const char *begin)
{
	char *log = relay_file(r, "commands"), *line, *rest = log;
	bool found = false;

	while (!found && (line = strsep(&rest, "\n")) != NULL) {
		found = strncmp(line, begin, strlen(begin)) == 0;
	}
	free(log);
	return found;
}

bool
relay_sees(const struct relay *r, const char *begin)
{
	const struct timespec moment = {0, LOOK_MS * 1000000L};
	int i;

	for (i = 0; i < LOOKS_MAX; i++) {
		if (relay_saw(r, begin)) {
			return true;
		}
		nanosleep(&moment, NULL);
	}
	return false;
}
