#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "profile.h"

static void
a_profile_must_be_the_right_one_and_filled_in(void **state)
{
	static const struct {
		const char *required, *profile, *metadata;
		const char *reason, *field; /* NULL = passes */
	} rows[] = {
	    {NULL, NULL, "{}", NULL, NULL},
	    {NULL, NULL, NULL, NULL, NULL},
	    {"email.send.v1", "email.send.v1",
		"{\"to\": \"a\", \"subject\": \"b\", \"more\": 1}", NULL, NULL},
	    {NULL, "crm.import.v1",
		"{\"object_type\": \"lead\", \"record_count\": 0}", NULL, NULL},
	    {NULL, "payment.refund.v1",
		"{\"amount_usd\": 5, \"reason\": \"x\"}", NULL, NULL},
	    {NULL, "finance.journal.v1",
		"{\"amount_usd\": 5, \"account\": \"x\", \"memo\": false}",
		NULL, NULL},
	    {NULL, "support.reply.v1", "{\"ticket_id\": 1, \"body\": \"x\"}",
		NULL, NULL},
	    {NULL, "social.publish.v1",
		"{\"platform\": \"x\", \"body\": \"y\"}", NULL, NULL},
	    {"email.send.v1", NULL, "{}", "profile_required", "profile"},
	    {"email.send.v1", "payment.refund.v1",
		"{\"amount_usd\": 5, \"reason\": \"x\"}", "profile_mismatch",
		"profile"},
	    {"email.send.v1", "email.send.v1", "{\"to\": \"a\"}",
		"invalid_profile_payload", "metadata"},
	    {"email.send.v1", "email.send.v1",
		"{\"to\": \"a\", \"subject\": \"\"}", "invalid_profile_payload",
		"metadata"},
	    {NULL, "email.send.v1", "{\"to\": null, \"subject\": \"b\"}",
		"invalid_profile_payload", "metadata"},
	    {NULL, "email.send.v1", NULL, "invalid_profile_payload",
		"metadata"},
	    {NULL, "email.send.v2", "{}", "invalid_profile_payload", "profile"},
	    {NULL, "finance.journal.v1",
		"{\"amount_usd\": 5, \"account\": \"x\"}",
		"invalid_profile_payload", "metadata"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *metadata = rows[i].metadata == NULL
		    ? NULL
		    : json_loads(rows[i].metadata, 0, NULL);
		struct draft d = {.profile = rows[i].profile,
		    .metadata = metadata};
		struct fault f = {0};
		enum rc rc = profile_check(rows[i].required, &d, &f);

		if (rows[i].reason == NULL) {
			assert_int_equal(rc, RC_OK);
			continue;
		}
		assert_int_equal(rc, RC_INVALID);
		assert_string_equal(f.reason, rows[i].reason);
		assert_string_equal(f.field, rows[i].field);
		assert_true(strlen(f.text) > 0);
	}
}

static void
a_profile_is_told_in_a_sentence(void **state)
{
	static const struct {
		const char *profile, *metadata, *sentence;
	} rows[] = {
	    {"payment.refund.v1",
		"{\"amount_usd\": 12.5, \"reason\": \"late\"}",
		"Refund $12.5: late"},
	    {"email.send.v1", "{\"to\": \"a@b.c\", \"subject\": \"Hi\"}",
		"Send email to a@b.c: \"Hi\""},
	    {"crm.import.v1",
		"{\"object_type\": \"lead\", \"record_count\": 3}",
		"Import 3 lead record(s)"},
	    {"finance.journal.v1",
		"{\"account\": \"4711\", \"amount_usd\": 1, \"memo\": [1]}",
		"Journal entry on 4711: $1, [1]"},
	    {"support.reply.v1", "{}", "Reply to support ticket ?"},
	    {"social.publish.v1",
		"{\"platform\": \"x\", \"body\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa4 and more\"}",
		"Publish to x: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaa...\""},
	    {"social.publish.v2", "{}", NULL},
	    {NULL, "{}", NULL},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(json_drop) json_t *metadata =
		    json_loads(rows[i].metadata, 0, NULL);
		const char *got = profile_summary(a, rows[i].profile, metadata);

		if (rows[i].sentence == NULL) {
			assert_null(got);
			continue;
		}
		assert_string_equal(got, rows[i].sentence);
	}
}

static void
all_profiles_are_listed(void **state)
{
	size_t n;
	const char *const *names = profile_names(&n);

	(void)state;
	assert_int_equal(n, 6);
	assert_string_equal(names[0], "email.send.v1");
	assert_string_equal(names[5], "social.publish.v1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_profile_must_be_the_right_one_and_filled_in),
	    cmocka_unit_test(a_profile_is_told_in_a_sentence),
	    cmocka_unit_test(all_profiles_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
