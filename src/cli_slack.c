/*
 * Verb slack: prints the manifest to make the app from.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lib/embedded.h"

int
cli_slack(struct cli *c)
{
	const struct embedded *e = embedded_find("slack-manifest.yaml");
	const char *what = cli_word(c, 0);

	assert(e != NULL);
	if (what == NULL || strcmp(what, "manifest") != 0) {
		return cli_fail(CLI_USAGE, "assent slack manifest");
	}
	if (fwrite(e->data, 1, e->len, stdout) != e->len) {
		return cli_fail(CLI_FAILED, "cannot write");
	}
	return CLI_OK;
}
