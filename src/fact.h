/*
 * fact: counters and single facts that survive a restart.
 *
 * Counters change in the transaction that they count, so that metrics always
 * agree with the rows.
 */
#ifndef FACT_H
#define FACT_H

#include "dialect.h"
#include "intent.h"
#include "store.h"

/* Upper bounds of the histogram of decision times, in seconds. */
enum { FACT_DECISION_BUCKETS = 9 };
extern const int fact_decision_le_s[FACT_DECISION_BUCKETS];

/* An intent enters and leaves states; INTENT_STATES = none. */
enum rc fact_moved(struct tx *, enum intent_state from, enum intent_state to,
    struct fault *) MUST_CHECK;
enum rc fact_executed(struct tx *, enum execution_state from,
    enum execution_state to, struct fault *) MUST_CHECK;
/* People decided, so long after the submit. */
enum rc fact_decided(struct tx *, bool approved, long long took_ms,
    struct fault *) MUST_CHECK;
enum rc fact_duplicate(struct tx *, struct fault *) MUST_CHECK;

struct fact_sums {
	struct api_stats api;
	long long decisions; /* by people, of any outcome */
	double decision_s_sum;
	long long decision_buckets[FACT_DECISION_BUCKETS]; /* not cumulative */
};
enum rc fact_sums(struct db *, struct fact_sums *out, struct fault *)
    MUST_CHECK;

/* A single text, such as the fingerprint of the master key. */
enum rc fact_text(struct db *, const char *name, struct arena *,
    const char **out, struct fault *) MUST_CHECK;
enum rc fact_set_text(struct tx *, const char *name, const char *value,
    struct fault *) MUST_CHECK;

#endif
