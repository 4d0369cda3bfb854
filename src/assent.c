/*
 * assent: the command line.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "lib/log.h"
#include "version.h"

enum { LINE_MAX_LEN = 4096 };

static const struct verb {
	const char *name;
	const char *usage;
	const char *help;
	cli_verb *run;
} verbs[] = {
    {"submit",
	"--policy P --destination D [--payload TEXT|@FILE|-] "
	"[--wait[=S]]",
	"ask for something", cli_submit},
    {"status", "ID [--wait[=S]]", "what became of an intent", cli_status},
    {"list", "[--state S] [--dead] [--limit N]",
	"intents, or deliveries that were given up", cli_list},
    {"approve", "ID [--choose LABEL] [--reason R]", "approve it", cli_approve},
    {"deny", "ID [--reason R]", "deny it", cli_deny},
    {"cancel", "ID [--reason R]", "take it back", cli_cancel},
    {"execute", "ID [--mode M] [--payload-sha256 H]",
	"lease the execution of an approved intent", cli_execute},
    {"report", "EXECUTION [--failed] [--result JSON]",
	"say how the execution ended", cli_report},
    {"audit", "[ID] | verify", "the audit trail, and its proof", cli_audit},
    {"key", "create|list|revoke ... [--offline]", "manage keys", cli_key},
    {"policy", "check DIR | explain POLICY INTENT.json", "try policies",
	cli_policy},
    {"slack", "manifest", "the Slack app to make", cli_slack},
    {"discord", "invite [APPLICATION]", "the link that invites the bot",
	cli_discord},
    {"doctor", "[--config FILE]", "look for what is wrong", cli_doctor},
};

static void
usage(FILE *out)
{
	(void)fprintf(out, "usage: assent VERB ... [--json]\n\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		(void)fprintf(out, "  %-8s %s\n           %s\n", verbs[i].name,
		    verbs[i].help, verbs[i].usage);
	}
	(void)fprintf(out,
	    "\nASSENT_URL names the daemon, ASSENT_API_KEY holds the key; "
	    "~/.config/assent/config\nmay hold both. See assent(1).\n");
}

int
cli_fail(int code, const char *fmt, ...)
{
	va_list ap;

	(void)fputs("assent: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return code;
}

const char *
cli_word(const struct cli *c, int n)
{
	return n + 1 < c->args.words_n ? c->args.words[n + 1] : NULL;
}

/* Lines NAME=VALUE; the environment wins. */
static void
read_config(struct cli *c)
{
	const char *home = getenv("HOME");
	char path[4096], line[LINE_MAX_LEN];
	struct stat st;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/.config/assent/config",
	    home != NULL ? home : "");
	file = fopen(path, "re");
	if (file == NULL) {
		return;
	}
	if (fstat(fileno(file), &st) == 0 && (st.st_mode & 077) != 0) {
		(void)fprintf(stderr,
		    "assent: %s is readable by others; chmod 600 it\n", path);
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "ASSENT_URL=", 11) == 0) {
			c->url = arena_strdup(c->arena, line + 11);
		} else if (strncmp(line, "ASSENT_API_KEY=", 15) == 0) {
			c->key = arena_strdup(c->arena, line + 15);
		}
	}
	(void)fclose(file);
}

static void
read_env(struct cli *c)
{
	const char *url = getenv("ASSENT_URL"), *key = getenv("ASSENT_API_KEY");
	size_t len;

	c->url = "http://127.0.0.1:4000";
	read_config(c);
	if (url != NULL && url[0] != '\0') {
		c->url = url;
	}
	if (key != NULL && key[0] != '\0') {
		c->key = key;
	}
	len = strlen(c->url);
	while (len > 0 && c->url[len - 1] == '/') {
		len--;
	}
	c->url = arena_strndup(c->arena, c->url, len);
}

static int
run(struct cli *c)
{
	const char *verb = c->args.words[0];

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, verb) == 0) {
			if (c->args.help) {
				(void)printf("usage: assent %s %s\n", verb,
				    verbs[i].usage);
				return CLI_OK;
			}
			return verbs[i].run(c);
		}
	}
	usage(stderr);
	return cli_fail(CLI_USAGE, "there is no verb %s", verb);
}

int
main(int argc, char **argv)
{
	struct cli c = {.arena = arena_new()};
	int code = CLI_USAGE;

	(void)signal(SIGPIPE, SIG_IGN);
	log_setup(LOG_LEVEL_ERROR, false);
	if (args_parse(argc, argv, &c.args)) {
		if (c.args.version) {
			(void)printf("assent %s\n", ASSENT_VERSION);
			code = CLI_OK;
		} else if (c.args.words_n == 0) {
			usage(c.args.help ? stdout : stderr);
			code = c.args.help ? CLI_OK : CLI_USAGE;
		} else {
			read_env(&c);
			code = run(&c);
		}
	}
	http_client_free(c.http);
	arena_free(c.arena);
	return code;
}
