/*
 * zehrava_put: values of ours as members of an answer, by table.
 *
 * A row names a value and every spelling under which clients look for it.
 */
#ifndef ZEHRAVA_PUT_H
#define ZEHRAVA_PUT_H

#include <stddef.h>

#include "lib/field.h"
#include "lib/json_out.h"

enum put_kind {
	PUT_TEXT,    /* const char *; NULL is null */
	PUT_CHARS,   /* char[] within the struct */
	PUT_TIME,    /* long long, ms; shown as ISO 8601, 0 is null */
	PUT_INT,     /* long long */
	PUT_SMALL,   /* int */
	PUT_REAL,    /* double */
	PUT_BOOL,    /* bool */
	PUT_STRINGS, /* struct field_strings */
	PUT_JSON,    /* const char *, JSON text of ours; NULL is null */
	PUT_NULL,    /* always null: what clients expect and we do not have */
	PUT_FALSE,   /* always false */
	PUT_EMPTY    /* always an empty list */
};

enum { PUT_NAMES_MAX = 3 };

struct put {
	const char *names[PUT_NAMES_MAX]; /* those behind the last are NULL */
	enum put_kind kind;
	size_t offset;	/* of the member in the struct */
	size_t present; /* 1 + offset of a bool, else null; 0 = always there */
};

#define PUT(s, m, k, ...) \
	{ \
		.names = {__VA_ARGS__}, .kind = (k), .offset = offsetof(s, m) \
	}
#define PUT_IF(s, m, has, k, ...) \
	{ \
		.names = {__VA_ARGS__}, .kind = (k), .offset = offsetof(s, m), \
		.present = offsetof(s, has) + 1 \
	}
#define PUT_ALWAYS(k, ...) \
	{ \
		.names = {__VA_ARGS__}, .kind = (k) \
	}

/* An answer is one object: opens it; closes it and gives its text. */
void put_begin(struct json_out *, struct arena *);
const char *put_end(struct json_out *, size_t *len);

/* Adds a member for each name of each row, out of the struct `from`. */
void put_all(struct json_out *, const struct put *, size_t n, const void *from);
/* One text under two names. */
void put_both(struct json_out *, const char *name, const char *also,
    const char *text);
void put_strings(struct json_out *, const char *name,
    const struct field_strings *);

#endif
