#include "assent_args.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define TEXT(n, m) \
	{ \
		n, offsetof(struct args, m), false, 0 \
	}
#define FLAG(n, m) \
	{ \
		n, offsetof(struct args, m), true, 0 \
	}
#define REPEAT(n, m, c) \
	{ \
		n, offsetof(struct args, m), false, offsetof(struct args, c) \
	}

static const struct row {
	const char *name;
	size_t offset;
	bool flag;
	size_t count; /* of a repeated one: where its number is */
} rows[] = {
    FLAG("json", json),
    FLAG("offline", offline),
    FLAG("help", help),
    FLAG("version", version),
    FLAG("dead", dead),
    FLAG("failed", failed),
    TEXT("config", config),
    TEXT("policy", policy),
    TEXT("destination", destination),
    TEXT("payload", payload),
    TEXT("records", records),
    TEXT("value", value),
    TEXT("title", title),
    TEXT("description", description),
    TEXT("urgency", urgency),
    TEXT("ttl", ttl),
    TEXT("idempotency-key", idempotency_key),
    TEXT("callback-url", callback_url),
    TEXT("metadata", metadata),
    TEXT("reason", reason),
    TEXT("name", name),
    TEXT("class", class),
    TEXT("person", person),
    TEXT("agent", agent),
    TEXT("dialect", dialect),
    TEXT("plan", plan),
    TEXT("scopes", scopes),
    TEXT("rate-limit", rate_limit),
    TEXT("state", state),
    TEXT("limit", limit),
    TEXT("cursor", cursor),
    TEXT("result", result),
    TEXT("mode", mode),
    TEXT("payload-sha256", payload_sha256),
    TEXT("choose", option),
    REPEAT("approver", approvers, approvers_n),
    REPEAT("channel", channels, channels_n),
    REPEAT("option", options, options_n),
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), WAIT = 1000 };

static bool
take(struct args *out, const struct row *row, char *value)
{
	char *base = (char *)out;

	if (row->flag) {
		*(bool *)(void *)(base + row->offset) = true;
		return true;
	}
	if (row->count == 0) {
		memcpy(base + row->offset, &value, sizeof(value));
		return true;
	}
	int *n = (int *)(void *)(base + row->count);

	if (*n == ARGS_REPEAT_MAX) {
		(void)fprintf(stderr, "assent: --%s at most %d times\n",
		    row->name, ARGS_REPEAT_MAX);
		return false;
	}
	memcpy(base + row->offset + (size_t)*n * sizeof(value), &value,
	    sizeof(value));
	(*n)++;
	return true;
}

bool
args_parse(int argc, char **argv, struct args *out)
{
	struct option longs[ROWS + 2] = {{NULL, 0, NULL, 0}};
	int c;

	*out = (struct args){.json = false};
	for (int i = 0; i < ROWS; i++) {
		longs[i] = (struct option){.name = rows[i].name,
		    .has_arg = rows[i].flag ? no_argument : required_argument,
		    .val = WAIT + 1 + i};
	}
	longs[ROWS] = (struct option){.name = "wait",
	    .has_arg = optional_argument,
	    .val = WAIT};
	while ((c = getopt_long(argc, argv, "hV", longs, NULL)) != -1) {
		if (c == '?') {
			return false;
		}
		if (c == WAIT) {
			out->wait = true;
			out->wait_s = optarg;
		} else if (c == 'h') {
			out->help = true;
		} else if (c == 'V') {
			out->version = true;
		} else if (!take(out, &rows[c - WAIT - 1], optarg)) {
			return false;
		}
	}
	out->words = argv + optind;
	out->words_n = argc - optind;
	return true;
}
