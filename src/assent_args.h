/*
 * assent_args: the command line of assent.
 *
 * All verbs share one set of options; a verb says which of them it takes.
 */
#ifndef ASSENT_ARGS_H
#define ASSENT_ARGS_H

#include <stdbool.h>
#include <stddef.h>

enum { ARGS_REPEAT_MAX = 50 };

struct args {
	/* Behind the options: the verb and what follows it. */
	char **words;
	int words_n;
	bool json;
	bool offline;
	bool help;
	bool version;
	bool dead;
	bool failed;
	bool wait;
	const char *wait_s; /* NULL = as long as it takes */
	const char *config;
	const char *policy;
	const char *destination;
	const char *payload; /* text, @FILE or "-" */
	const char *records;
	const char *value;
	const char *title;
	const char *description;
	const char *urgency;
	const char *ttl;
	const char *idempotency_key;
	const char *callback_url;
	const char *metadata;
	const char *reason;
	const char *name;
	const char *class;
	const char *person;
	const char *agent;
	const char *dialect;
	const char *plan;
	const char *scopes;
	const char *rate_limit;
	const char *state;
	const char *limit;
	const char *cursor;
	const char *result;
	const char *mode;
	const char *payload_sha256;
	const char *option;
	const char *approvers[ARGS_REPEAT_MAX];
	int approvers_n;
	const char *channels[ARGS_REPEAT_MAX];
	int channels_n;
	const char *options[ARGS_REPEAT_MAX];
	int options_n;
};

/* False: words were written to standard error. Borrows argv. */
bool args_parse(int argc, char **argv, struct args *out);

#endif
