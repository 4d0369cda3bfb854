/*
 * answer: takes what people answer in a chat.
 *
 * The chat says which account pressed which button of which message. Here it
 * is found out, in the transaction that counts the answer, whether we made that
 * button and posted that message, whose account it is, whether this
 * interaction was taken before, and whether the person may decide.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "channel.h"
#include "message.h"
#include "rules.h"
#include "store.h"

/* Borrowed; outlives every answer. */
struct answer_env {
	struct store *store;
	struct rules *rules;
	struct message_env message;
};

enum { ANSWER_KEPT_MS = 3 * 24 * 3600 * 1000 /* interactions are known */ };

/* As channel_up.decided: takes it over until its `done`. Any thread. */
void answer_take(const struct answer_env *, struct answer *);
/* As channel_up.pending. */
void answer_list(const struct answer_env *, struct pending_list *);
/* From the sweep: forgets interactions that are long past. */
enum rc answer_forget(struct tx *, struct fault *) MUST_CHECK;

#endif
