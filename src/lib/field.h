/*
 * field: JSON objects into C structs, by table.
 *
 * Request bodies, policies and settings are decoded by the same rules: strict
 * types, named limits, one message per mistake. A table row names the field,
 * its other spellings, its type and its limits.
 *
 *	static const struct field fields[] = {
 *		FIELD_STRING(struct draft, destination, "destination", 1, 200,
 *		    .required = true, .aliases = "action"),
 *		FIELD_INT(struct draft, record_count, "recordCount", 0, INT_MAX,
 *		    .aliases = "estimated_records record_count",
 *		    .present = offsetof(struct draft, has_record_count) + 1),
 *	};
 */
#ifndef LIB_FIELD_H
#define LIB_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

enum field_type {
	FIELD_TYPE_STRING,  /* const char *, copied into the arena */
	FIELD_TYPE_INT,	    /* long long; a real such as 3.0 counts as 3 */
	FIELD_TYPE_NUMBER,  /* double, finite */
	FIELD_TYPE_BOOL,    /* bool */
	FIELD_TYPE_ENUM,    /* int: index into .words */
	FIELD_TYPE_STRINGS, /* struct field_strings: array of strings */
	FIELD_TYPE_JSON,    /* const json_t *, borrowed from the root */
	FIELD_TYPE_OBJECT,  /* the same, must be an object */
	FIELD_TYPE_ARRAY,   /* the same, must be an array */
	FIELD_TYPE_CUSTOM   /* .custom decodes it */
};

struct field_strings {
	const char **items; /* in the arena */
	size_t n;
};

struct field {
	const char *name;    /* as written in the message */
	const char *aliases; /* further spellings, blank-separated; or NULL */
	enum field_type type;
	size_t offset;	 /* of the member in the struct */
	size_t present;	 /* 1 + offset of a bool set when given; 0 = none */
	bool required;	 /* absent or null is RC_INVALID */
	double min, max; /* value; characters of a string; items */
	double item_max; /* characters of each item of STRINGS; 0 = 1000 */
	const char *const *words; /* ENUM: NULL-terminated */
	/*
	 * CUSTOM: decodes a value that is not null. The fault it sets is told
	 * from this field on: no field is the value itself, "max" inside of
	 * "limits" becomes "limits.max", "[2].id" becomes "limits[2].id".
	 */
	enum rc (*custom)(struct arena *, const json_t *value, void *member,
	    struct fault *);
	/* What a CUSTOM takes, for people: members of a JSON Schema, as text
	 * without the braces. Never looked at here. */
	const char *schema;
};

#define FIELD_ROW(s, m, n, t, lo, hi, ...) \
	{ \
		.name = (n), .type = (t), .offset = offsetof(s, m), \
		.min = (lo), .max = (hi), __VA_ARGS__ \
	}
#define FIELD_STRING(s, m, n, lo, hi, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_STRING, lo, hi, __VA_ARGS__)
#define FIELD_INT(s, m, n, lo, hi, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_INT, lo, hi, __VA_ARGS__)
#define FIELD_NUMBER(s, m, n, lo, hi, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_NUMBER, lo, hi, __VA_ARGS__)
#define FIELD_BOOL(s, m, n, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_BOOL, 0, 0, __VA_ARGS__)
#define FIELD_STRINGS(s, m, n, lo, hi, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_STRINGS, lo, hi, __VA_ARGS__)
#define FIELD_JSON(s, m, n, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_JSON, 0, 0, __VA_ARGS__)
#define FIELD_OBJECT(s, m, n, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_OBJECT, 0, 0, __VA_ARGS__)
#define FIELD_ARRAY(s, m, n, lo, hi, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_ARRAY, lo, hi, __VA_ARGS__)
#define FIELD_ENUM(s, m, n, w, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_ENUM, 0, 0, .words = (w), __VA_ARGS__)
#define FIELD_CUSTOM(s, m, n, fn, ...) \
	FIELD_ROW(s, m, n, FIELD_TYPE_CUSTOM, 0, 0, .custom = (fn), __VA_ARGS__)

enum field_unknown {
	FIELD_UNKNOWN_IGNORE, /* request bodies: clients send extras */
	FIELD_UNKNOWN_REFUSE  /* files people write: with the nearest name */
};

/*
 * Decodes `object` into `out` (not cleared: set defaults before). Null counts
 * as absent. Two spellings of one field with different values are refused.
 * Unless min is 0 and max is 0, both limits are checked. Strings
 * may not hold control characters other than tab, line feed and carriage
 * return. The first mistake wins: RC_INVALID, the field's name and words such
 * as "must be a whole number" or "must have at most 200 characters". A value
 * that is not an object is RC_INVALID about the field "body".
 */
enum rc fields_decode(const struct field *fields, size_t n,
    enum field_unknown unknown, const json_t *object, struct arena *, void *out,
    struct fault *) MUST_CHECK;

#endif
