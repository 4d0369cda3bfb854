/*
 * cli_store: the data folder, opened beside or without the daemon.
 */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include "cli.h"
#include "config.h"
#include "store.h"

/* Reads the settings; false with words. */
bool cli_config(struct cli *, struct config **out);
/* Opens the folder for writing, making it when absent; false with words. */
bool cli_store_open(struct cli *, struct config **, struct store **);
/* Opens its database for reading only; false with words. */
bool cli_reader_open(struct cli *, struct config **, struct db **);

#endif
