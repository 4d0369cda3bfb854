/*
 * discord_budget: how often a bot may identify (Discord, "Gateway", "Session
 * Start Limit"). Pure: the caller brings the wall clock, and keeps it on disk.
 *
 * Once in 5 s and 1000 times in 24 hours; whoever goes beyond loses the token.
 * The last tenth is left to the operator. Whole hours are counted, 25 of them,
 * so that no 24 hours hold more; a clock that was set back brings none back.
 */
#ifndef BOTS_DISCORD_BUDGET_H
#define BOTS_DISCORD_BUDGET_H

#include <jansson.h>
#include <stdbool.h>

enum {
	DISCORD_BUDGET_GAP_MS = 5500, /* 5 s, and what the wire may take away */
	DISCORD_BUDGET_DAY = 1000,
	DISCORD_BUDGET_HOURS = 25
};

struct discord_budget {
	long long last_ms;		   /* wall; of the last identify */
	long long hour;			   /* since 1970; that of by_hour[0] */
	int by_hour[DISCORD_BUDGET_HOURS]; /* [0] = the latest */
	/* What Discord said of it: */
	long long until_ms; /* wall; 0 = nothing, or it is over */
	long long total;
	long long left;
};

/*
 * How long until the next identify; 0 = now. *spent: because the day's budget
 * is, and somebody should know.
 */
long long discord_budget_wait_ms(struct discord_budget *, long long now_ms,
    bool *spent);
/* Counts one, whether it may be or not. */
void discord_budget_take(struct discord_budget *, long long now_ms);
/* One that was counted is sent only now. */
void discord_budget_sent(struct discord_budget *, long long now_ms);
/* One that was counted will never be sent. */
void discord_budget_give_back(struct discord_budget *);
/* A session_start_limit. */
void discord_budget_limit(struct discord_budget *, long long total,
    long long left, long long reset_after_ms, long long now_ms);

/* A new object. */
json_t *discord_budget_write(const struct discord_budget *);
/* What is not as it was written counts as nothing. */
void discord_budget_read(const json_t *, struct discord_budget *out);

#endif
