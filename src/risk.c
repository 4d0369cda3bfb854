#include "risk.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/rc.h"

enum { FACTORS_MAX = 6, TAGS_MAX = 100 };

/* In folded form, as match_set_folded() wants them. */
static const char *const high_destinations[] = {"stripe", "quickbooks",
    "netsuite", "payroll", "wire", "ach", "bank"};
static const char *const medium_destinations[] = {"salesforce", "hubspot",
    "marketo", "zendesk", "intercom"};
static const char *const sensitive_words[] = {"ssn", "passport", "credit card",
    "social security", "iban", "swift", "cvv", "account number",
    "date of birth", "dob", "medical", "diagnose", "diagnosed", "diagnoses",
    "diagnosing", "diagnosis", "diagnostic", "diagnostics"};

/* A part that counts when a number is more than `over`. */
struct step {
	double over;
	int points; /* hundredths */
	const char *name;
};

static const struct step record_steps[] = {
    {10000, 30, "very_large_record_count"},
    {1000, 20, "large_record_count"},
    {100, 10, "elevated_record_count"},
};

static const struct step value_steps[] = {
    {10000, 20, "high_financial_value"},
    {1000, 20, "elevated_financial_value"},
    {0, 5, "financial_value_present"},
};

static const struct {
	int from; /* hundredths */
	const char *name;
} levels[] = {{75, "critical"}, {50, "high"}, {25, "medium"}, {0, "low"}};

/* The sum so far; in hundredths, which add up exactly. */
struct sum {
	int points;
	struct field_strings *factors;
};

static void
add(struct sum *s, int points, const char *name)
{
	s->points += points;
	for (size_t i = 0; i < s->factors->n; i++) {
		if (s->factors->items[i] == name) {
			return;
		}
	}
	s->factors->items[s->factors->n++] = name;
}

static void
add_step(struct sum *s, const struct step *steps, size_t n, double value)
{
	for (size_t i = 0; i < n; i++) {
		if (value > steps[i].over) {
			add(s, steps[i].points, steps[i].name);
			return;
		}
	}
}

static bool
says(struct arena *a, const struct match_text *t, const char *const *words,
    size_t n)
{
	return match_find(match_set_folded(a, words, n), t) != NULL;
}

static void
add_destination(struct sum *s, const char *destination, struct arena *a)
{
	struct match_text *t = match_text_new(a);

	match_text_add(t, destination, strlen(destination));
	if (says(a, t, high_destinations, ARRAY_LEN(high_destinations))) {
		add(s, 35, "high_risk_destination");
	} else if (says(a, t, medium_destinations,
		       ARRAY_LEN(medium_destinations))) {
		add(s, 20, "medium_risk_destination");
	}
}

static bool
is_repeated(const struct field_strings *tags, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcasecmp(tags->items[k], tags->items[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void
add_tags(struct sum *s, const struct field_strings *tags)
{
	size_t n = tags->n < TAGS_MAX ? tags->n : TAGS_MAX;

	for (size_t i = 0; i < n; i++) {
		if (is_repeated(tags, i)) {
			continue;
		}
		if (strcasecmp(tags->items[i], "pii") == 0 ||
		    strcasecmp(tags->items[i], "health") == 0) {
			add(s, 10, "pii_tagged");
		} else {
			add(s, 10, "sensitive_data_tagged");
		}
	}
}

void
risk_score_text(const struct draft *d, const struct match_text *payload,
    struct arena *a, struct risk *out)
{
	struct sum s = {.factors = &out->factors};
	size_t level = 0;

	out->factors.items = arena_array(a, FACTORS_MAX, sizeof(char *));
	out->factors.n = 0;
	add_destination(&s, d->destination, a);
	if (d->has_record_count) {
		add_step(&s, record_steps, ARRAY_LEN(record_steps),
		    (double)d->record_count);
	}
	if (d->has_value_usd) {
		add_step(&s, value_steps, ARRAY_LEN(value_steps), d->value_usd);
	}
	add_tags(&s, &d->tags);
	if (says(a, payload, sensitive_words, ARRAY_LEN(sensitive_words))) {
		add(&s, 15, "sensitive_fields_detected");
	}
	if (s.points > 100) {
		s.points = 100;
	}
	while (s.points < levels[level].from) {
		level++;
	}
	out->score = s.points / 100.0;
	out->level = levels[level].name;
}

void
risk_score(const struct draft *d, struct arena *a, struct risk *out)
{
	struct match_text *t = match_text_new(a);

	match_text_add(t, d->payload, d->payload_len);
	risk_score_text(d, t, a, out);
}
