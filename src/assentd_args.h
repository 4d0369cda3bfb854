/*
 * assentd_args: the command line of assentd.
 */
#ifndef ASSENTD_ARGS_H
#define ASSENTD_ARGS_H

#include <stdio.h>

enum assentd_action {
	ASSENTD_SERVE,
	ASSENTD_CHECK_CONFIG,
	ASSENTD_PRINT_CONFIG,
	ASSENTD_VERSION,
	ASSENTD_HELP,
	ASSENTD_WRONG /* words were written to standard error */
};

/* *config is the file, from --config or ASSENT_CONFIG; or NULL. */
enum assentd_action assentd_args(int argc, char **argv, const char **config);
void assentd_usage(FILE *);

#endif
