/*
 * cli_doctor: what the parts of the verb doctor share.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stdbool.h>

#include "cli.h"
#include "config.h"
#include "person.h"

/* What was found, as it is found. */
struct report {
	struct cli *cli;
	json_t *checks;
	bool bad;
};

/* One finding; state is "ok", "note" or "bad". */
void doctor_say(struct report *, const char *check, const char *state,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/*
 * How far our clock is ahead of the Date of an answer (RFC 9110 6.6.1); false
 * when there is none.
 */
bool doctor_skew(const char *date, long long *out_s);

/*
 * Slack's tokens, scopes, Socket Mode, clock, and whether the accounts that
 * are named are there; nothing where no token is. `people` may be NULL.
 */
void doctor_slack(struct report *, const struct config *,
    const struct people *);
/*
 * Discord's token, portal, clock, and what the bot may do in the channels that
 * are named; nothing where no token is. `people` may be NULL.
 */
void doctor_discord(struct report *, const struct config *,
    const struct people *);

#endif
