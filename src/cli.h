/*
 * cli: what the verbs of the command line share.
 */
#ifndef CLI_H
#define CLI_H

#include <jansson.h>

#include "assent_args.h"
#include "lib/arena.h"
#include "lib/http_client.h"
#include "lib/rc.h"

/* Exit codes, also in assent(1). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,	      /* it did not work; words on standard error */
	CLI_USAGE = 2,	      /* the command line is wrong */
	CLI_NOT_APPROVED = 3, /* denied, blocked, expired, cancelled, other */
	CLI_PENDING = 4,      /* nobody has decided yet */
	CLI_NOT_FOUND = 5,
	CLI_REFUSED = 6, /* the key may not do that */
	CLI_CONFLICT = 7 /* the state does not allow it */
};

struct cli {
	struct arena *arena;
	struct args args;
	const char *url; /* of the daemon, without a slash at the end */
	const char *key; /* or NULL */
	struct http_client *http; /* made when first needed */
};

/* One verb: prints and returns an exit code. */
typedef int cli_verb(struct cli *);
cli_verb cli_submit, cli_status, cli_list, cli_approve, cli_deny, cli_cancel,
    cli_execute, cli_report, cli_audit, cli_key, cli_policy, cli_slack,
    cli_discord, cli_doctor;

/*
 * Calls the daemon. `body` is taken over and may be NULL. On a 2xx answer *out
 * is its JSON, owned by the caller; else the words of the refusal are printed
 * and the exit code that fits is returned.
 */
int cli_call(struct cli *, const char *method, const char *path, json_t *body,
    json_t **out);
/* The same without judging: status 0 = no answer came. */
int cli_fetch(struct cli *, const char *method, const char *path, json_t *body,
    int timeout_ms, json_t **out, const char **date);
/* What a server that is not ours said; strings in the arena. */
struct cli_heard {
	json_t *body;	    /* owned by the caller; NULL when it is not JSON */
	const char *date;   /* NULL when not said */
	const char *scopes; /* x-oauth-scopes, or NULL */
	const char *detail; /* why no answer came */
};
/* Asks it, without a body; status 0 = no answer came. Prints nothing. `agent`
 * is a User-Agent in place of ours, or NULL. */
int cli_fetch_at(struct cli *, const char *method, const char *url,
    const char *authorization, const char *agent, int timeout_ms,
    struct cli_heard *out);
/* The n-th word behind the verb, or NULL. */
const char *cli_word(const struct cli *, int n);
/* Words on standard error; returns `code`. */
int cli_fail(int code, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The whole answer as JSON, when --json asks for it. */
bool cli_print_json(const struct cli *, const json_t *);
/* Text of others for a terminal: what does not show is spelled out. */
const char *cli_show(struct cli *, const char *);
/* A text member in this form, or "". */
const char *cli_text(struct cli *, const json_t *, const char *name);
/* "--payload": the text itself, @FILE, or - for standard input; NULL and
 * words when it cannot be read. */
char *cli_read(struct cli *, const char *what, size_t *len);

#endif
