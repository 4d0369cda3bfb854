/*
 * Bodies of strangers through a table with every type: what is taken keeps
 * the limits that the table names; a refusal names a field.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/field.h"
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct body {
	const char *s;
	long long i, wide;
	double d;
	bool b, has_i;
	int e;
	struct field_strings list;
	const json_t *any, *object, *array;
	long long inner;
};

static const char *const words[] = {"low", "high", NULL};

static const struct field inner_fields[] = {
    FIELD_INT(struct body, inner, "max", 0, 10, .required = true),
};

static enum rc
inner_decode(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct body inner;
	enum rc rc = fields_decode(inner_fields, 1, FIELD_UNKNOWN_REFUSE, v, a,
	    &inner, f);

	if (rc == RC_OK) {
		*(long long *)member = inner.inner;
	}
	return rc;
}

static const struct field fields[] = {
    FIELD_STRING(struct body, s, "s", 1, 10, .required = true,
	.aliases = "t destination"),
    FIELD_INT(struct body, i, "i", 0, INT_MAX,
	.present = offsetof(struct body, has_i) + 1),
    FIELD_INT(struct body, wide, "wide", 0, 0),
    FIELD_NUMBER(struct body, d, "d", -1, 1),
    FIELD_BOOL(struct body, b, "b"),
    FIELD_ENUM(struct body, e, "e", words),
    FIELD_STRINGS(struct body, list, "list", 1, 3, .item_max = 5),
    FIELD_JSON(struct body, any, "any"),
    FIELD_OBJECT(struct body, object, "object"),
    FIELD_ARRAY(struct body, array, "array", 0, 2),
    FIELD_CUSTOM(struct body, inner, "inner", inner_decode),
};

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
check(const struct body *b)
{
	must(b->s != NULL && strlen(b->s) >= 1 && strlen(b->s) <= 40);
	must(b->i >= 0 && b->i <= INT_MAX);
	must(llabs(b->wide) < 1LL << 53);
	must(b->d >= -1 && b->d <= 1);
	must(b->e == 0 || b->e == 1);
	must(b->list.n <= 3);
	for (size_t i = 0; i < b->list.n; i++) {
		must(strlen(b->list.items[i]) <= 20);
	}
	must(b->object == NULL || json_is_object(b->object));
	must(b->array == NULL || json_array_size(b->array) <= 2);
	must(b->inner >= 0 && b->inner <= 10);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *v = NULL;
	struct body b = {0}, c = {0};
	struct fault f = {0};

	if (json_read((const char *)data, len, &v, NULL) != RC_OK) {
		return 0;
	}
	if (fields_decode(fields, ARRAY_LEN(fields), FIELD_UNKNOWN_IGNORE, v, a,
		&b, &f) == RC_OK) {
		check(&b);
	} else {
		must(f.rc == RC_INVALID && f.field[0] != '\0' &&
		    f.text[0] != '\0');
	}
	if (fields_decode(fields, ARRAY_LEN(fields), FIELD_UNKNOWN_REFUSE, v, a,
		&c, &f) == RC_OK) {
		check(&c);
	}
	return 0;
}
