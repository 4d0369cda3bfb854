/*
 * discord_text: text as Discord counts and reads it. Pure.
 *
 * Lengths are in UTF-16 units, which are never fewer than characters: the
 * documents do not say which of the two Discord counts.
 */
#ifndef BOTS_DISCORD_TEXT_H
#define BOTS_DISCORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/buf.h"

/* UTF-16 units of a text. */
size_t discord_units(const char *s);
/* The most bytes of s, on the border of a character, that are at most so many
 * units. */
size_t discord_fit(const char *s, size_t units);
/*
 * A copy of at most so many units; what is cut ends in an ellipsis that no
 * backslash stands before, and *cut is set, never cleared.
 */
char *discord_cut(struct arena *, const char *s, size_t units, bool *cut);
/*
 * The text with every character escaped that could be markup (Discord's help
 * centre, "Markdown Text 101"): emphasis, code, spoilers, links, mentions,
 * time stamps; headings, lists and quotes where a line begins. Reads the same.
 */
char *discord_escape(struct arena *, const char *s);
/*
 * The text for the inside of a code block, where nothing can be escaped: the
 * third backtick of a row is spelled \u{60}, as text_show() would do it.
 */
char *discord_fence(struct arena *, const char *s);
/*
 * A snowflake (Discord, "Reference", Snowflakes): 1 to 20 digits without
 * a leading zero, within 64 bits.
 */
bool discord_is_id(const char *s, unsigned long long *out);
/* When the thing with this id was made, in ms since 1970. */
long long discord_id_ms(unsigned long long id);

#endif
