#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/field.h"
#include "lib/json.h"

/* One member of each type. */
struct order {
	const char *destination, *note;
	long long count, any;
	bool has_count, has_note, has_urgent;
	double amount;
	bool urgent;
	int level;
	struct field_strings approvers;
	const json_t *payload, *options, *lines;
	long long inner_max;
};

static const char *const levels[] = {"low", "high", NULL};

static const struct field inner_fields[] = {
    FIELD_INT(struct order, inner_max, "max", 0, 10, .required = true),
};

static enum rc
limits_decode(struct arena *a, const json_t *v, void *member, struct fault *f)
{
	struct order inner;
	enum rc rc = fields_decode(inner_fields, 1, FIELD_UNKNOWN_REFUSE, v, a,
	    &inner, f);

	if (rc != RC_OK) {
		return rc;
	}
	if (inner.inner_max == 7) {
		fault_set(f, RC_CONFLICT, "", "seven is taken");
		return fault_reason(f, "taken");
	}
	if (inner.inner_max == 6) {
		return fault_set(f, RC_INVALID, "limits", "six is odd");
	}
	if (inner.inner_max == 8) {
		return fault_set(f, RC_INVALID, "[2].id", "is unknown");
	}
	if (inner.inner_max == 9) {
		return RC_INVALID;
	}
	*(long long *)member = inner.inner_max;
	return RC_OK;
}

static const struct field fields[] = {
    FIELD_STRING(struct order, destination, "destination", 1, 10,
	.required = true, .aliases = "action  to"),
    FIELD_STRING(struct order, note, "note", 0, 0,
	.present = offsetof(struct order, has_note) + 1),
    FIELD_INT(struct order, count, "recordCount", 0, INT_MAX,
	.aliases = "estimated_records record_count",
	.present = offsetof(struct order, has_count) + 1),
    FIELD_INT(struct order, any, "any", 0, 0),
    FIELD_NUMBER(struct order, amount, "amount", 0.5, 1e6),
    FIELD_BOOL(struct order, urgent, "urgent",
	.present = offsetof(struct order, has_urgent) + 1),
    FIELD_ENUM(struct order, level, "level", levels),
    FIELD_STRINGS(struct order, approvers, "approvers", 1, 3, .item_max = 5),
    FIELD_JSON(struct order, payload, "payload"),
    FIELD_OBJECT(struct order, options, "options"),
    FIELD_ARRAY(struct order, lines, "lines", 1, 2),
    FIELD_CUSTOM(struct order, inner_max, "limits", limits_decode),
};

/* Lives as long as a test: decoded values borrow from both. */
struct work {
	struct arena *arena;
	json_t *root;
	struct order order;
	struct fault fault;
};

static enum rc
decode(struct work *w, const char *text, enum field_unknown unknown)
{
	arena_drop(&w->arena);
	json_drop(&w->root);
	*w = (struct work){.arena = arena_new()};
	w->root = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	return fields_decode(fields, ARRAY_LEN(fields), unknown, w->root,
	    w->arena, &w->order, &w->fault);
}

static void
work_fini(struct work *w)
{
	arena_free(w->arena);
	json_decref(w->root);
}

static void
every_type_lands_in_its_member(void **state)
{
	CLEANUP(work_fini) struct work w = {0};
	const struct order *o = &w.order;

	(void)state;
	assert_int_equal(
	    decode(&w,
		"{\"destination\":\"stripe\",\"note\":\"a\\tb\\r\\nc\","
		"\"recordCount\":3,\"any\":-9007199254740991,"
		"\"amount\":12.5,\"urgent\":true,\"level\":\"high\","
		"\"approvers\":[\"dana\",\"\"],\"payload\":[1],"
		"\"options\":{\"x\":1},\"lines\":[1,2],"
		"\"limits\":{\"max\":4},\"somebody's extra\":1}",
		FIELD_UNKNOWN_IGNORE),
	    RC_OK);
	assert_string_equal(o->destination, "stripe");
	assert_string_equal(o->note, "a\tb\r\nc");
	assert_int_equal(o->count, 3);
	assert_true(o->any == -9007199254740991);
	assert_true(o->has_count && o->has_note && o->has_urgent);
	assert_true(o->amount == 12.5);
	assert_true(o->urgent);
	assert_int_equal(o->level, 1);
	assert_int_equal(o->approvers.n, 2);
	assert_string_equal(o->approvers.items[0], "dana");
	assert_string_equal(o->approvers.items[1], "");
	assert_ptr_equal(o->payload, json_object_get(w.root, "payload"));
	assert_int_equal(json_object_size(o->options), 1);
	assert_int_equal(json_array_size(o->lines), 2);
	assert_int_equal(o->inner_max, 4);
}

static void
what_is_absent_or_null_keeps_its_default(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *v = json_pack("{s:s, s:n, s:n, s:n, s:n}",
	    "destination", "x", "note", "recordCount", "urgent", "limits");
	struct order o = {.note = "default", .count = 42, .level = 1};

	(void)state;
	assert_int_equal(fields_decode(fields, ARRAY_LEN(fields),
			     FIELD_UNKNOWN_REFUSE, v, a, &o, NULL),
	    RC_OK);
	assert_string_equal(o.note, "default");
	assert_int_equal(o.count, 42);
	assert_int_equal(o.level, 1);
	assert_false(o.has_note || o.has_count || o.has_urgent);
}

static void
a_string_is_a_copy(void **state)
{
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	assert_int_equal(decode(&w, "{\"to\":\"stripe\"}",
			     FIELD_UNKNOWN_REFUSE),
	    RC_OK);
	json_drop(&w.root);
	assert_string_equal(w.order.destination, "stripe");
}

static void
a_field_has_several_spellings(void **state)
{
	static const char *const rows[] = {
	    "{\"destination\":\"d\",\"recordCount\":5}",
	    "{\"action\":\"d\",\"record_count\":5}",
	    "{\"to\":\"d\",\"estimated_records\":5}",
	    "{\"destination\":\"d\",\"action\":\"d\",\"to\":\"d\","
	    "\"recordCount\":5,\"record_count\":5}",
	    "{\"destination\":null,\"action\":\"d\",\"recordCount\":null,"
	    "\"record_count\":5}",
	    "{\"destination\":\"d\",\"action\":null,\"recordCount\":5.0}",
	};
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(decode(&w, rows[i], FIELD_UNKNOWN_REFUSE),
		    RC_OK);
		assert_string_equal(w.order.destination, "d");
		assert_int_equal(w.order.count, 5);
		assert_true(w.order.has_count);
	}
}

/* Each row is the rest of an object that begins {"destination":"d", */
static const struct {
	const char *rest, *field, *text;
} refused[] = {
    {"\"note\":1", "note", "must be a string"},
    {"\"note\":true", "note", "must be a string"},
    {"\"note\":[\"a\"]", "note", "must be a string"},
    {"\"note\":\"a\\u0000b\"", "note", "must not hold control characters"},
    {"\"note\":\"\\u001b[0m\"", "note", "must not hold control characters"},
    {"\"note\":\"\\u000b\"", "note", "must not hold control characters"},
    {"\"note\":\"\\u007f\"", "note", "must not hold control characters"},
    {"\"note\":\"\\u0085\"", "note", "must not hold control characters"},
    {"\"recordCount\":\"3\"", "recordCount", "must be a whole number"},
    {"\"recordCount\":3.5", "recordCount", "must be a whole number"},
    {"\"recordCount\":true", "recordCount", "must be a whole number"},
    {"\"recordCount\":[]", "recordCount", "must be a whole number"},
    {"\"recordCount\":-1", "recordCount", "must be at least 0"},
    {"\"recordCount\":-0.5", "recordCount", "must be a whole number"},
    {"\"recordCount\":-1e300", "recordCount", "must be at least 0"},
    {"\"recordCount\":2147483648", "recordCount", "must be at most 2147483647"},
    {"\"recordCount\":1e300", "recordCount", "must be at most 2147483647"},
    {"\"record_count\":-1", "recordCount", "must be at least 0"},
    {"\"any\":1e300", "any", "must be a whole number below 2^53"},
    {"\"any\":-9007199254740992.0", "any", "must be a whole number below 2^53"},
    {"\"amount\":\"1\"", "amount", "must be a number"},
    {"\"amount\":false", "amount", "must be a number"},
    {"\"amount\":0.25", "amount", "must be at least 0.5"},
    {"\"amount\":1000000.5", "amount", "must be at most 1000000"},
    {"\"urgent\":1", "urgent", "must be true or false"},
    {"\"urgent\":\"true\"", "urgent", "must be true or false"},
    {"\"level\":\"HIGH\"", "level", "must be one of low, high"},
    {"\"level\":\"\"", "level", "must be one of low, high"},
    {"\"level\":\"high\\u0000\"", "level", "must be one of low, high"},
    {"\"level\":1", "level", "must be one of low, high"},
    {"\"approvers\":\"dana\"", "approvers", "must be a list of strings"},
    {"\"approvers\":{}", "approvers", "must be a list of strings"},
    {"\"approvers\":[]", "approvers", "must have at least 1 item"},
    {"\"approvers\":[\"a\",\"b\",\"c\",\"d\"]", "approvers",
	"must have at most 3 items"},
    {"\"approvers\":[\"a\",1]", "approvers", "item 2 must be a string"},
    {"\"approvers\":[null]", "approvers", "item 1 must be a string"},
    {"\"approvers\":[\"a\\u0007\"]", "approvers",
	"item 1 must not hold control characters"},
    {"\"approvers\":[\"a\",\"b\",\"abcdef\"]", "approvers",
	"item 3 must have at most 5 characters"},
    {"\"options\":[]", "options", "must be an object"},
    {"\"options\":\"x\"", "options", "must be an object"},
    {"\"lines\":{}", "lines", "must be a list"},
    {"\"lines\":[]", "lines", "must have at least 1 item"},
    {"\"lines\":[1,2,3]", "lines", "must have at most 2 items"},
    {"\"limits\":3", "limits", "must be an object"},
    {"\"limits\":{}", "limits.max", "is required"},
    {"\"limits\":{\"max\":11}", "limits.max", "must be at most 10"},
    {"\"limits\":{\"maxx\":1}", "limits.maxx",
	"unknown field 'maxx', did you mean 'max'?"},
    {"\"limits\":{\"max\":8}", "limits[2].id", "is unknown"},
    {"\"limits\":{\"max\":6}", "limits", "six is odd"},
    {"\"limits\":{\"max\":9}", "limits", "is not valid"},
    {"\"recordCount\":1,\"record_count\":2", "recordCount",
	"is given as 'recordCount' and as 'record_count' with different "
	"values"},
    {"\"estimated_records\":1,\"record_count\":\"1\"", "recordCount",
	"is given as 'estimated_records' and as 'record_count' with different "
	"values"},
    {"\"to\":\"other\"", "destination",
	"is given as 'destination' and as 'to' with different values"},
};

static void
a_mistake_names_its_field_and_says_what_must_be(void **state)
{
	CLEANUP(work_fini) struct work w = {0};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		snprintf(text, sizeof(text), "{\"destination\":\"d\",%s}",
		    refused[i].rest);
		if (decode(&w, text, FIELD_UNKNOWN_REFUSE) != RC_INVALID) {
			fail_msg("%s was taken", text);
		}
		assert_int_equal(w.fault.rc, RC_INVALID);
		assert_string_equal(w.fault.field, refused[i].field);
		assert_string_equal(w.fault.text, refused[i].text);
	}
}

static void
a_string_that_is_not_utf8_is_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *v = json_object();
	struct order o;
	struct fault f = {0};

	(void)state;
	json_object_set_new(v, "destination", json_string_nocheck("\xff"));
	assert_int_equal(fields_decode(fields, ARRAY_LEN(fields),
			     FIELD_UNKNOWN_IGNORE, v, a, &o, &f),
	    RC_INVALID);
	assert_string_equal(f.text, "must be UTF-8");
}

static void
a_required_field_counts_characters_not_bytes(void **state)
{
	static const struct {
		const char *text, *field, *why; /* NULL: is taken */
	} rows[] = {
	    {"{}", "destination", "is required"},
	    {"{\"destination\":null}", "destination", "is required"},
	    {"{\"destination\":\"\"}", "destination", "must not be empty"},
	    {"{\"destination\":\"0123456789a\"}", "destination",
		"must have at most 10 characters"},
	    {"{\"destination\":\"0123456789\"}", NULL, NULL},
	    {"{\"destination\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	     "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
	     "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}",
		NULL, NULL},
	    {"[]", "body", "must be an object"},
	    {"\"destination\"", "body", "must be an object"},
	    {"null", "body", "must be an object"},
	};
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum rc rc = decode(&w, rows[i].text, FIELD_UNKNOWN_IGNORE);

		if (rows[i].field == NULL) {
			assert_int_equal(rc, RC_OK);
			continue;
		}
		assert_int_equal(rc, RC_INVALID);
		assert_string_equal(w.fault.field, rows[i].field);
		assert_string_equal(w.fault.text, rows[i].why);
	}
}

static void
nothing_at_all_is_not_an_object(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct fault f = {0};
	struct order o;

	(void)state;
	assert_int_equal(fields_decode(fields, ARRAY_LEN(fields),
			     FIELD_UNKNOWN_IGNORE, NULL, a, &o, &f),
	    RC_INVALID);
	assert_string_equal(f.field, "body");
}

static void
an_unknown_field_is_told_with_the_nearest_known(void **state)
{
	static const struct {
		const char *text, *field, *why;
	} rows[] = {
	    {"{\"destinaton\":\"d\"}", "destinaton",
		"unknown field 'destinaton', did you mean 'destination'?"},
	    {"{\"destination\":\"d\",\"recordcount\":1}", "recordcount",
		"unknown field 'recordcount', did you mean 'recordCount'?"},
	    {"{\"destination\":\"d\",\"record-count\":1}", "record-count",
		"unknown field 'record-count', did you mean 'recordCount'?"},
	    {"{\"destination\":\"d\",\"recordd_count\":1}", "recordd_count",
		"unknown field 'recordd_count', did you mean 'record_count'?"},
	    {"{\"destination\":\"d\",\"webhook_secret\":1}", "webhook_secret",
		"unknown field 'webhook_secret'"},
	    {"{\"destination\":\"d\",\"webhook_secret\":null}",
		"webhook_secret", "unknown field 'webhook_secret'"},
	    /* Neither blanks nor parts of the aliases are a name. */
	    {"{\"destination\":\"d\",\"\":1}", "", "unknown field ''"},
	    {"{\"destination\":\"d\",\"action  to\":1}", "action  to",
		"unknown field 'action  to'"},
	};
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(decode(&w, rows[i].text, FIELD_UNKNOWN_REFUSE),
		    RC_INVALID);
		assert_string_equal(w.fault.field, rows[i].field);
		assert_string_equal(w.fault.text, rows[i].why);
	}
}

static void
a_custom_decoder_keeps_its_own_kind_and_reason(void **state)
{
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	assert_int_equal(decode(&w,
			     "{\"destination\":\"d\",\"limits\":{\"max\":7}}",
			     FIELD_UNKNOWN_REFUSE),
	    RC_CONFLICT);
	assert_int_equal(w.fault.rc, RC_CONFLICT);
	assert_string_equal(w.fault.field, "limits");
	assert_string_equal(w.fault.text, "seven is taken");
	assert_string_equal(w.fault.reason, "taken");
}

static void
the_first_mistake_in_table_order_wins(void **state)
{
	CLEANUP(work_fini) struct work w = {0};

	(void)state;
	assert_int_equal(decode(&w,
			     "{\"urgent\":1,\"note\":2,\"destination\":\"d\"}",
			     FIELD_UNKNOWN_IGNORE),
	    RC_INVALID);
	assert_string_equal(w.fault.field, "note");
}

static void
a_fault_is_optional(void **state)
{
	static const char *const rows[] = {"[]", "{}",
	    "{\"destination\":\"d\",\"x\":1}",
	    "{\"destination\":\"d\",\"limits\":{}}"};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct order o;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *v = json_loads(rows[i], 0, NULL);

		assert_int_equal(fields_decode(fields, ARRAY_LEN(fields),
				     FIELD_UNKNOWN_REFUSE, v, a, &o, NULL),
		    RC_INVALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_lands_in_its_member),
	    cmocka_unit_test(what_is_absent_or_null_keeps_its_default),
	    cmocka_unit_test(a_string_is_a_copy),
	    cmocka_unit_test(a_field_has_several_spellings),
	    cmocka_unit_test(a_mistake_names_its_field_and_says_what_must_be),
	    cmocka_unit_test(a_string_that_is_not_utf8_is_refused),
	    cmocka_unit_test(a_required_field_counts_characters_not_bytes),
	    cmocka_unit_test(nothing_at_all_is_not_an_object),
	    cmocka_unit_test(an_unknown_field_is_told_with_the_nearest_known),
	    cmocka_unit_test(a_custom_decoder_keeps_its_own_kind_and_reason),
	    cmocka_unit_test(the_first_mistake_in_table_order_wins),
	    cmocka_unit_test(a_fault_is_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
