/*
 * policy_value: the values of a policy file that need more than a type.
 *
 * Custom decoders for fields_decode(), each for one key or kind of key. For
 * policy_decode.c alone. A fault is about the value itself, or about a part of
 * it such as "[1].max".
 */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include <jansson.h>

#include "lib/arena.h"
#include "lib/field.h"
#include "lib/rc.h"
#include "policy_impl.h"

struct policy_checks {
	struct policy_check *items;
	size_t n;
};

struct policy_rates {
	long long per_hour, per_day; /* 0 = no limit */
};

/* One text or a list of them, none empty, into struct field_strings. */
enum rc policy_words_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* The same for people and channels, where an empty list names nobody. */
enum rc policy_names_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* The same for endings of file names: ".CSV" is csv. */
enum rc policy_types_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* The same for terms that a payload may not hold. */
enum rc policy_terms_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* rate_limits, into struct policy_rates, which it replaces. */
enum rc policy_rates_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/*
 * field_checks, into struct policy_checks. Patterns are compiled and live as
 * long as the arena.
 */
enum rc policy_checks_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* require_approval_for, into a bool: whether it says org_wide. */
enum rc policy_scopes_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;

/*
 * What is checked and then changes nothing, as it is so anyway: the member is
 * not written.
 */
/* version, name: for people. */
enum rc policy_label_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* on_no_response: reject and defer; an intent simply expires. */
enum rc policy_silence_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* delivery: one_time_only, as every execution is. */
enum rc policy_delivery_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;
/* block_if_pii: false. */
enum rc policy_pii_decode(struct arena *, const json_t *, void *member,
    struct fault *) MUST_CHECK;

#endif
