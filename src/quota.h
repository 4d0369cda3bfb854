/*
 * quota: what a key may use up, by a table of named plans.
 *
 * A key without one has no limits but those of the daemon. The count of a
 * month is that of the agent, whichever of its keys asked and in whatever
 * dialect; a repeat that gives the first answer again does not count.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "intent.h"
#include "store.h"

struct quota {
	const char *name;
	long long intents_a_month; /* calendar month, UTC */
	bool slack_webhook;	   /* may name one */
	long long ttl_max_s;	   /* longer ones are cut to it */
	int shown_days;		   /* settled intents are shown so long */
};

extern const char *const quota_words[]; /* names, NULL-terminated */
/* NULL when there is none of this name, or name is NULL. */
const struct quota *quota_find(const char *name);

/*
 * Cuts the draft's time; RC_FORBIDDEN with reason "quota_channel" when it
 * names a channel that the plan lacks. NULL is no quota.
 */
enum rc quota_fit(const struct quota *, struct draft *, struct fault *)
    MUST_CHECK;
/* Counts one intent of this agent: RC_LIMITED with reason "quota_used_up", and
 * nothing has changed. NULL is no quota. */
enum rc quota_use(struct tx *, const struct quota *, const char *agent_id,
    struct fault *) MUST_CHECK;
/* Whether an intent is still shown to a key of this quota. */
bool quota_shows(const struct quota *, const struct intent *, long long now_ms);

#endif
