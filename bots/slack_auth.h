/*
 * slack_auth: whether the bot's token counts, and whose it is (auth.test).
 *
 * Asked at the start until it is known; a token that is refused is tried again
 * every few minutes, as somebody may install the app again.
 */
#ifndef BOTS_SLACK_AUTH_H
#define BOTS_SLACK_AUTH_H

#include <stdbool.h>

#include "bots/slack_interaction.h"
#include "bots/slack_timer.h"
#include "bots/slack_web.h"

struct slack;

enum slack_auth_state {
	SLACK_AUTH_IDLE,   /* before the start and after the end */
	SLACK_AUTH_ASKING, /* not known yet, or not known any more */
	SLACK_AUTH_FINE,
	SLACK_AUTH_REFUSED, /* nothing can be sent */
	SLACK_AUTH_STATES
};

enum { SLACK_ID_MAX = 65, SLACK_FAULT_MAX = 160 };

/* What other threads see of it. */
struct slack_auth_news {
	enum slack_auth_state state;
	char fault[SLACK_FAULT_MAX]; /* words; "" = nothing is wrong */
	int failures;		     /* in a row, without an answer */
};

struct slack_auth {
	enum slack_auth_state state;
	bool calling;
	struct slack_timer timer;
	int failures;
	char fault[SLACK_FAULT_MAX];
	char team[SLACK_ID_MAX], user[SLACK_ID_MAX], bot[SLACK_ID_MAX],
	    app[SLACK_ID_MAX];
	struct slack_self self; /* NULL what is not known */
};

/* On the loop's thread. */
void slack_auth_begin(struct slack *);
void slack_auth_end(struct slack *);
/* The token was refused somewhere, or the app was removed. */
void slack_auth_lost(struct slack *, const char *why);
/* A message that we posted names our app, which auth.test may not do. */
void slack_auth_see(struct slack *, const json_t *posted);
/* Something may not be done for want of a scope. */
void slack_auth_lacks(struct slack *, const char *scope);

/*
 * Words about scopes of the manifest that are not in `have` ("a,b,c"), or ""
 * when all are there; for tests too.
 */
void slack_auth_missing(const char *have, char out[SLACK_FAULT_MAX]);

#endif
