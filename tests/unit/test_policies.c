#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy_folder.h"

/* Intents as people send them, under the policies that ship. */
static const struct {
	const char *policy, *destination, *payload;
	long long records; /* 0 = not given */
	enum intent_state state;
	const char *code;
} rows[] = {
    {"refund", "stripe.refund", "25 USD to order 4711, parcel lost", 1,
	INTENT_PENDING, "manual_review_required"},
    {"refund", "stripe.payout", "25 USD", 0, INTENT_BLOCKED,
	"destination_not_allowed"},

    {"crm-low-risk", "salesforce.import", "./leads.csv", 100, INTENT_APPROVED,
	"approved_by_policy"},
    {"crm-low-risk", "salesforce.import", "./leads.csv", 847, INTENT_PENDING,
	"record_threshold_exceeded"},
    {"crm-low-risk", "salesforce.import", "./leads.csv", 0, INTENT_PENDING,
	"manual_review_required"},
    {"crm-low-risk", "salesforce.import", "./leads.exe", 1, INTENT_BLOCKED,
	"payload_type_not_allowed"},
    {"crm-low-risk", "salesforce.delete", "./leads.csv", 1, INTENT_BLOCKED,
	"destination_not_allowed"},
    {"crm-low-risk", "hubspot.deals", "{\"sql\": \"DROP-TABLE x\"}", 1,
	INTENT_BLOCKED, "blocked_term_detected"},

    {"support-reply", "zendesk.reply",
	"Thank you \xe2\x80\x94 your issue has been resolved.", 1,
	INTENT_APPROVED, "approved_by_policy"},
    {"support-reply", "zendesk.reply", "r3fund-guaranteed!", 1, INTENT_BLOCKED,
	"blocked_term_detected"},
    {"support-reply", "zendesk.reply", "See you in court, we sue.", 1,
	INTENT_BLOCKED, "blocked_term_detected"},
    {"support-reply", "zendesk.reply", "Thanks.", 2, INTENT_PENDING,
	"manual_review_required"},

    {"finance-high-risk", "stripe.refund", "{\"usd\": 5}", 1, INTENT_PENDING,
	"manual_review_required"},
    {"finance-high-risk", "netsuite.payout", "{\"usd\": 5}", 1, INTENT_PENDING,
	"manual_review_required"},
    {"finance-high-risk", "wire.transfer", "{\"usd\": 5}", 1, INTENT_BLOCKED,
	"destination_not_allowed"},

    {"internal-publish", "wiki.internal", "Lunch is at noon.", 1,
	INTENT_PENDING, "manual_review_required"},
    {"internal-publish", "wiki.internal", "CONFIDENTIAL: salaries", 1,
	INTENT_BLOCKED, "blocked_term_detected"},

    {"legal-packet", "court.file", "./claim.pdf", 1, INTENT_PENDING,
	"manual_review_required"},

    {"outbound-email", "smtp.send", "Hello", 5, INTENT_APPROVED,
	"approved_by_policy"},
    {"outbound-email", "smtp.send", "Hello", 6, INTENT_PENDING,
	"record_threshold_exceeded"},
    {"outbound-email", "smtp.send", "Now 100% free!", 1, INTENT_BLOCKED,
	"blocked_term_detected"},
    {"outbound-email", "smtp.send", "We pay 100 EUR. Feel free to ask.", 1,
	INTENT_APPROVED, "approved_by_policy"},
};

static struct policy_set *
shipped(void)
{
	struct policy_set *set;
	struct fault f = {0};

	/* Tests are run from the top of the repository. */
	if (policy_set_load("policies", NULL, &set, &f) != RC_OK) {
		fail_msg("%s", f.text);
	}
	return set;
}

static void
what_ships_does_what_it_says(void **state)
{
	CLEANUP(policy_set_drop) struct policy_set *set = shipped();
	const struct policy_agent agent = {.id = "agt_1", .name = "a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		struct draft d = {.destination = rows[i].destination,
		    .payload = rows[i].payload,
		    .payload_len = strlen(rows[i].payload),
		    .has_record_count = rows[i].records > 0,
		    .record_count = rows[i].records};
		const struct policy *p = policy_set_find(set, rows[i].policy);
		struct verdict v;
		struct fault f = {0};

		assert_non_null(p);
		assert_int_equal(policy_evaluate(p, &d, &agent, a, &v, &f),
		    RC_OK);
		if (v.state != rows[i].state ||
		    strcmp(v.code, rows[i].code) != 0) {
			fail_msg("%s: %s: %s: %s", rows[i].policy,
			    rows[i].payload, v.code, v.reason);
		}
	}
}

static void
every_policy_that_ships_is_tried_here(void **state)
{
	CLEANUP(policy_set_drop) struct policy_set *set = shipped();

	(void)state;
	assert_true(policy_set_count(set) > 0);
	for (int i = 0; i < policy_set_count(set); i++) {
		const char *id = policy_id(policy_set_at(set, i));
		bool tried = false;

		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			tried = tried || strcmp(rows[k].policy, id) == 0;
		}
		assert_true(tried);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_ships_does_what_it_says),
	    cmocka_unit_test(every_policy_that_ships_is_tried_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
