/*
 * slack_view: what one person alone gets to see: forms (Slack, "Modals") and
 * ephemeral words. Pure.
 *
 * JSON values are the caller's.
 */
#ifndef BOTS_SLACK_VIEW_H
#define BOTS_SLACK_VIEW_H

#include <jansson.h>

#include "bots/slack_interaction.h"
#include "channel.h"

/* The form that asks for a reason before the button counts. `label` is that of
 * the option and may be NULL; so may the card. */
json_t *slack_view_reason(struct arena *, const struct slack_interaction *,
    const struct card *);
/* A view that only says something. */
json_t *slack_view_words(const char *words);
/* {"response_action": "errors"} on the field of the form; likewise "update"
 * with a view, which is taken. */
json_t *slack_view_error(const char *words);
json_t *slack_view_update(json_t *view);

/* Why an answer did not count, for the person. */
const char *slack_words_refusal(struct arena *, const struct answer *);
/* Whether the form itself can be put right. */
bool slack_refusal_is_of_form(const struct answer *);
/* Arguments text and blocks of words for one person. */
json_t *slack_words_message(struct arena *, const char *words);
/* The list of what waits, as the answer to a slash command. */
json_t *slack_words_pending(struct arena *, const struct pending_list *,
    long long now_ms);

#endif
