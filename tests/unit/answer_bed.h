/*
 * answer_bed: people, and an intent that was asked in a chat, for tests of
 * what they press there.
 */
#ifndef ANSWER_BED_H
#define ANSWER_BED_H

#include "answer.h"
#include "trunk.h"

/* A trunk, people, and one intent that was asked in a channel. */
struct answer_bed {
	struct trunk *t;
	struct people *people;
	struct rules *rules;
	struct answer_env env;
	const char *intent;
	char delivery[ID_SIZE];
	const char *handle;
	struct answer *back; /* the last that was done */
};

/*
 * dana, omar and eve have an account in Slack, mo one in Discord, lee an
 * address; whoever has the Discord role 7/8 counts as finance, which is dana.
 */
void answer_bed_people(struct answer_bed *);
/* Submits, and asks in one channel of this chat. */
void answer_bed_ask(struct answer_bed *, const char *channel,
    struct submission *);
/* Both, for `required` of dana, lee and mo. */
struct answer_bed answer_bed_make(struct trunk *, const char *channel,
    int required);
void answer_bed_end(struct answer_bed *);
/* A click in Slack, on the message of the last ask. */
struct answer answer_bed_click(const struct answer_bed *, const char *account,
    int option);
/* Takes a copy and waits until it is back; it lives until the next. */
struct answer *answer_bed_give(struct answer_bed *, const struct answer *);
long long answer_bed_votes(const struct answer_bed *);

#endif
