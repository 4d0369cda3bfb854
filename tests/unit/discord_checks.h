/*
 * discord_checks: what Discord takes of a message (Discord, "Message Resource"
 * and "Component Reference"), to be asserted in tests.
 */
#ifndef TESTS_UNIT_DISCORD_CHECKS_H
#define TESTS_UNIT_DISCORD_CHECKS_H

#include <jansson.h>

/* Asserts every limit on a message or on the data of a callback. */
void discord_check_message(const json_t *);
/* The n-th button, counted over all rows; NULL when there are fewer. */
const json_t *discord_button(const json_t *message, int n);
/* A text member of it, or "". */
const char *discord_text_of(const json_t *object, const char *name);
/* All text of all embeds, one behind the other. The caller frees it. */
char *discord_words(const json_t *message);

#endif
