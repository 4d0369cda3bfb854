/*
 * card_words: values of a card, in words. Pure.
 */
#ifndef CARD_WORDS_H
#define CARD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/field.h"

/*
 * The text in shown form (see text_show), lines kept or not. Where max is not
 * 0, at most max bytes of s are shown, in at most max bytes. *shown says how
 * many bytes of s that are; `spelled` is set, never cleared.
 */
char *card_show(struct arena *, const char *s, size_t len, size_t max,
    bool keep_lines, size_t *shown, bool *spelled);
/* Anything of somebody else's, whole and on one line; NULL stays NULL. */
const char *card_line(struct arena *, const char *s);
/* The same, lines kept. */
const char *card_lines(struct arena *, const char *s);
/* Several of them with a comma between. */
const char *card_list(struct arena *, const struct field_strings *);

/* 1234567 -> "1,234,567" */
char *card_number(struct arena *, long long n);
/* 1234.5 -> "$1,234.50"; every digit where cents are not the whole of it. */
const char *card_dollars(struct arena *, double usd);
/* "2026-01-02 03:04:05 UTC" */
const char *card_utc(struct arena *, long long ms);
/* "5 s", "59 min", "2 h 5 min", "3 days" */
const char *card_duration(struct arena *, long long ms);
/* How an answer came, to stand behind a name: " by mail", " in Slack", "". */
const char *card_way(struct arena *, const char *via);

#endif
