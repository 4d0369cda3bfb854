/*
 * json_out: JSON text, written member by member.
 *
 * For answers that are made often: what is written is text at once, without a
 * tree of values in between. The caller names members and closes what it
 * opened; commas and escapes are done here. Names are literals of ours, which
 * need no escapes.
 */
#ifndef LIB_JSON_OUT_H
#define LIB_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/buf.h"

enum {
	JSON_OUT_DEPTH = 16,
	JSON_OUT_NAME = 60 /* characters of a name */
};

struct json_out {
	struct arena *arena; /* where the finished text goes */
	struct buf text;
	bool comma; /* one is due before the next value */
	int depth;
	char ends[JSON_OUT_DEPTH]; /* what closes each that is open */
};

/* Must be ended with json_out_finish(). */
void json_out_init(struct json_out *, struct arena *);
/* The text, in the arena. Everything is closed by then. `len` may be NULL. */
char *json_out_finish(struct json_out *, size_t *len);

/*
 * A value. Inside of an object it has a name; in a list, and as the first
 * value of all, the name is NULL.
 */
void json_out_object(struct json_out *, const char *name);
void json_out_list(struct json_out *, const char *name);
/* Closes the object or list that was opened last. */
void json_out_end(struct json_out *);
/* NULL gives null, and so do bytes that are not UTF-8. */
void json_out_text(struct json_out *, const char *name, const char *);
void json_out_int(struct json_out *, const char *name, long long);
/* As ECMAScript writes it; null unless it is finite. */
void json_out_real(struct json_out *, const char *name, double);
void json_out_bool(struct json_out *, const char *name, bool);
void json_out_null(struct json_out *, const char *name);
/* Milliseconds since 1970 as ISO 8601; 0 gives null. */
void json_out_time(struct json_out *, const char *name, long long ms);
/* JSON text of our own, taken as it is; NULL gives null. */
void json_out_raw(struct json_out *, const char *name, const char *,
    size_t len);
/* Members of the open object as text, without braces; may be empty. */
void json_out_members(struct json_out *, const char *, size_t len);

#endif
