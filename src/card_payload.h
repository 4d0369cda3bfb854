/*
 * card_payload: the bytes an agent wants to send, as a person may read them.
 * Pure.
 */
#ifndef CARD_PAYLOAD_H
#define CARD_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

enum { CARD_INDENT_MAX = 64 * 1024 }; /* bytes of JSON that are laid out */

/* Strings live in the arena. */
struct card_payload {
	const char *text; /* shown form, lines kept */
	bool cut;
	bool spelled;
	bool warns;	  /* the note asks for care: more than "was laid out" */
	const char *note; /* whole sentences, or NULL */
};

/*
 * Shows a payload of at most `max` bytes (0 = all). JSON that carries no
 * blanks of its own is laid out in lines, which can be undone without doubt; a
 * data: URI is decoded. The note says what was done, what is missing, and what
 * a reader may overlook: text behind a long blank stretch, words that mix
 * alphabets, a payload that only names a file.
 */
void card_payload_show(struct arena *, const char *s, size_t len, size_t max,
    struct card_payload *out);

#endif
