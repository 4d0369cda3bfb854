/*
 * slack_text: text that keeps Slack's limits and says nothing but itself. Pure.
 *
 * Slack does not say in which unit its limits count, so we count UTF-16 units
 * of the escaped form, which is the longest of all readings.
 */
#ifndef BOTS_SLACK_TEXT_H
#define BOTS_SLACK_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

/* Length of UTF-8 text in UTF-16 units, with & < > as their references. */
size_t slack_text_units(const char *s);
/* Bytes of the longest beginning of s that has at most max units. */
size_t slack_text_fitting(const char *s, size_t max);
/*
 * The text itself when it has at most max units; else its beginning and how
 * much is missing, together at most max units, and *cut is set. Never splits a
 * character. max is at least SLACK_TEXT_CUT_MIN.
 */
enum { SLACK_TEXT_CUT_MIN = 60 };
const char *slack_text_cut(struct arena *, const char *s, size_t max,
    bool *cut);
/* The same for a name on a button: the end becomes "...". */
const char *slack_text_short(struct arena *, const char *s, size_t max);
/*
 * For a text that Slack reads as mrkdwn: & < > escaped, so that nothing in it
 * is a link or a mention (Slack, "Formatting text for app surfaces"). Styles
 * it may still have: keep it short.
 */
const char *slack_text_escape(struct arena *, const char *s);

/* {"type": "plain_text", "text": s, "emoji": false}; never empty. */
json_t *slack_text_plain(const char *s);

#endif
