/*
 * slack_step: what a delivery asks of Slack next, and what the answer makes of
 * it. Pure.
 */
#ifndef BOTS_SLACK_STEP_H
#define BOTS_SLACK_STEP_H

#include <jansson.h>
#include <stdbool.h>

#include "bots/slack_auth.h"
#include "bots/slack_web.h"
#include "channel.h"

enum slack_step {
	SLACK_STEP_NONE,    /* not planned yet */
	SLACK_STEP_ACCOUNT, /* whose mail address is it? */
	SLACK_STEP_DM,	    /* in which channel are the direct messages? */
	SLACK_STEP_FIND,    /* is it there already? */
	SLACK_STEP_POST,
	SLACK_STEP_UPDATE,
	SLACK_STEPS
};

/* How far a delivery has come. Begins as zeroes and the delivery. */
struct slack_way {
	struct delivery *d; /* strings below live in its arena */
	enum slack_step step;
	const char *place;   /* channel or user */
	const char *ts;	     /* of the message to update */
	const char *account; /* that was found for a mail address */
	const char *cursor;  /* of the history */
	int pages;	     /* of it that were read */
};

/* Plans the first step. True: it has ended, see *out. */
bool slack_step_plan(struct slack_way *, const struct slack_auth *,
    struct attempt *out);
/* The call of the step. */
enum slack_method slack_step_method(const struct slack_way *);
json_t *slack_step_args(struct slack_way *);
/*
 * Goes on with an answer: to another step, or the same once more. True: it has
 * ended, see *out; its words live as long as the reply and the delivery.
 */
bool slack_step_answer(struct slack_way *, const struct slack_auth *,
    const struct slack_reply *, struct attempt *out);

#endif
