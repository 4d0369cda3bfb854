#include "cli_store.h"

#include <stdlib.h>

bool
cli_config(struct cli *c, struct config **out)
{
	const char *path = c->args.config != NULL ? c->args.config
						  : getenv("ASSENT_CONFIG");
	struct fault f = {0};

	if (path != NULL && path[0] == '\0') {
		path = NULL;
	}
	if (config_load(path, out, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
		return false;
	}
	return true;
}

bool
cli_store_open(struct cli *c, struct config **config, struct store **out)
{
	struct fault f = {0};

	if (!cli_config(c, config)) {
		return false;
	}
	if (store_open(config_text(*config, "data_dir"), out, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
		config_free(*config);
		return false;
	}
	return true;
}

bool
cli_reader_open(struct cli *c, struct config **config, struct db **out)
{
	struct fault f = {0};
	const char *path;

	if (!cli_config(c, config)) {
		return false;
	}
	path = arena_printf(c->arena, "%s/assent.db",
	    config_text(*config, "data_dir"));
	if (db_sqlite_open(path, DB_READ, out, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
		config_free(*config);
		return false;
	}
	return true;
}
