#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/text.h"
#include "risk.h"

/* What is asked, in points of a hundred, and why. */
static const struct {
	const char *destination;
	long long records; /* -1 = not given */
	double usd;	   /* -1 = not given */
	const char *tags;
	const char *payload;
	int points;
	const char *level, *factors;
} rows[] = {
    {"notes.write", -1, -1, "", "", 0, "low", ""},
    /* The destination, by whole words. */
    {"stripe.refund", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"Stripe", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"wire_transfer", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"payroll", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"my-bank/pay", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"ach", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"netsuite.payment", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    {"quickbooks.journal", -1, -1, "", "", 35, "medium",
	"high_risk_destination"},
    {"firewire.send", -1, -1, "", "", 0, "low", ""},
    {"teach.post", -1, -1, "", "", 0, "low", ""},
    {"zendesk.reply", -1, -1, "", "", 20, "low", "medium_risk_destination"},
    {"salesforce.import", -1, -1, "", "", 20, "low", "medium_risk_destination"},
    {"stripe.zendesk", -1, -1, "", "", 35, "medium", "high_risk_destination"},
    /* Records. */
    {"x", 0, -1, "", "", 0, "low", ""},
    {"x", 100, -1, "", "", 0, "low", ""},
    {"x", 101, -1, "", "", 10, "low", "elevated_record_count"},
    {"x", 1000, -1, "", "", 10, "low", "elevated_record_count"},
    {"x", 1001, -1, "", "", 20, "low", "large_record_count"},
    {"x", 10001, -1, "", "", 30, "medium", "very_large_record_count"},
    /* Dollars. */
    {"x", -1, 0, "", "", 0, "low", ""},
    {"x", -1, 0.01, "", "", 5, "low", "financial_value_present"},
    {"x", -1, 1000, "", "", 5, "low", "financial_value_present"},
    {"x", -1, 1000.01, "", "", 20, "low", "elevated_financial_value"},
    {"x", -1, 10000.01, "", "", 20, "low", "high_financial_value"},
    /* Tags, each once. */
    {"x", -1, -1, "pii", "", 10, "low", "pii_tagged"},
    {"x", -1, -1, "pii health", "", 20, "low", "pii_tagged"},
    {"x", -1, -1, "pii PII pii", "", 10, "low", "pii_tagged"},
    {"x", -1, -1, "financial", "", 10, "low", "sensitive_data_tagged"},
    {"x", -1, -1, "financial pii legal", "", 30, "medium",
	"sensitive_data_tagged pii_tagged"},
    {"x", -1, -1, "internal", "", 10, "low", "sensitive_data_tagged"},
    /* What the payload speaks of. */
    {"x", -1, -1, "", "your passport", 15, "low", "sensitive_fields_detected"},
    {"x", -1, -1, "", "{\"credit_card\": 1, \"SSN\": 2}", 15, "low",
	"sensitive_fields_detected"},
    {"x", -1, -1, "", "creditcard", 15, "low", "sensitive_fields_detected"},
    {"x", -1, -1, "", "date-of-birth", 15, "low", "sensitive_fields_detected"},
    {"x", -1, -1, "", "she was diagnosed", 15, "low",
	"sensitive_fields_detected"},
    {"x", -1, -1, "", "p\xd0\xb0ssport", 15, "low",
	"sensitive_fields_detected"},
    {"x", -1, -1, "", "a swiftly sent adobe file", 0, "low", ""},
    /* All together. */
    {"zendesk", 101, 1001, "", "", 50, "high",
	"medium_risk_destination elevated_record_count "
	"elevated_financial_value"},
    {"stripe", 101, 1001, "pii", "", 75, "critical",
	"high_risk_destination elevated_record_count "
	"elevated_financial_value pii_tagged"},
    {"stripe", 20000, 50000, "pii financial", "passport", 100, "critical",
	"high_risk_destination very_large_record_count high_financial_value "
	"pii_tagged sensitive_data_tagged sensitive_fields_detected"},
};

static struct field_strings
words(struct arena *a, const char *text)
{
	struct field_strings out = {arena_array(a, 10, sizeof(char *)), 0};
	char *rest = arena_strdup(a, text), *word;

	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		out.items[out.n++] = word;
	}
	return out;
}

static void
the_score_adds_up_and_says_why(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct draft d = {.destination = rows[i].destination,
		    .payload = rows[i].payload,
		    .payload_len = strlen(rows[i].payload),
		    .has_record_count = rows[i].records >= 0,
		    .record_count = rows[i].records,
		    .has_value_usd = rows[i].usd >= 0,
		    .value_usd = rows[i].usd,
		    .tags = words(a, rows[i].tags)};
		struct risk risk;
		char factors[300] = "";

		risk_score(&d, a, &risk);
		for (size_t k = 0; k < risk.factors.n; k++) {
			strcat(factors, k > 0 ? " " : "");
			strcat(factors, risk.factors.items[k]);
		}
		if (risk.score != rows[i].points / 100.0 ||
		    strcmp(factors, rows[i].factors) != 0) {
			fail_msg("row %zu: %.2f for %s", i, risk.score,
			    factors);
		}
		assert_string_equal(risk.level, rows[i].level);
	}
}

static void
the_words_that_are_looked_for_are_in_folded_form(void **state)
{
	/* Otherwise match_set_folded() would never find them. */
	static const char *const folded[] = {"stripe", "quickbooks", "netsuite",
	    "payroll", "wire", "ach", "bank", "salesforce", "hubspot",
	    "marketo", "zendesk", "intercom", "ssn", "passport", "credit card",
	    "social security", "iban", "swift", "cvv", "account number",
	    "date of birth", "dob", "medical", "diagnose", "diagnosed",
	    "diagnoses", "diagnosing", "diagnosis", "diagnostic",
	    "diagnostics"};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(folded); i++) {
		assert_string_equal(text_fold(a, folded[i], strlen(folded[i])),
		    folded[i]);
	}
}

static void
many_tags_never_add_up_to_more_than_one(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct draft d = {.destination = "x", .payload = ""};
	struct risk risk;

	(void)state;
	d.tags.n = 1000;
	d.tags.items = arena_array(a, d.tags.n, sizeof(char *));
	for (size_t i = 0; i < d.tags.n; i++) {
		d.tags.items[i] = arena_printf(a, "tag%zu", i);
	}
	risk_score(&d, a, &risk);
	assert_true(risk.score == 1.0);
	assert_int_equal(risk.factors.n, 1);
	assert_string_equal(risk.level, "critical");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_score_adds_up_and_says_why),
	    cmocka_unit_test(the_words_that_are_looked_for_are_in_folded_form),
	    cmocka_unit_test(many_tags_never_add_up_to_more_than_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
