#include "assentd_args.h"

#include <getopt.h>
#include <stdlib.h>

static const struct option longs[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, ASSENTD_CHECK_CONFIG},
    {"print-config", no_argument, NULL, ASSENTD_PRINT_CONFIG},
    {"version", no_argument, NULL, ASSENTD_VERSION},
    {"help", no_argument, NULL, ASSENTD_HELP},
    {NULL, 0, NULL, 0},
};

enum assentd_action
assentd_args(int argc, char **argv, const char **config)
{
	enum assentd_action action = ASSENTD_SERVE;
	const char *path = getenv("ASSENT_CONFIG");
	int c;

	while ((c = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			action = ASSENTD_HELP;
			break;
		case 'V':
			action = ASSENTD_VERSION;
			break;
		case '?':
			return ASSENTD_WRONG;
		default:
			action = (enum assentd_action)c;
			break;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "assentd: unexpected argument %s\n",
		    argv[optind]);
		return ASSENTD_WRONG;
	}
	*config = path != NULL && path[0] != '\0' ? path : NULL;
	return action;
}

void
assentd_usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: assentd [--config FILE] [--check-config] "
	    "[--print-config] [--version]\n\n"
	    "Settings, from the environment or assent.yaml(5):\n");
}
