/*
 * profile: typed actions that an intent may say it is. Pure.
 *
 * A profile such as "payment.refund.v1" names the fields that the metadata of
 * the intent must fill in, and puts them into a sentence for people.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stddef.h>

#include "intent.h"
#include "lib/arena.h"
#include "lib/rc.h"

/* The known names, in the order of the documentation. */
const char *const *profile_names(size_t *n);
/*
 * `required` is what the policy asks for, or NULL. RC_INVALID about "profile"
 * or "metadata", with the reason profile_required, profile_mismatch or
 * invalid_profile_payload. The fault is not NULL.
 */
enum rc profile_check(const char *required, const struct draft *,
    struct fault *) MUST_CHECK;
/*
 * What the profile means with these metadata, in one sentence; NULL when there
 * is none. The words in it are the agent's, of any length up to a maximum, and
 * not made safe for any place.
 */
char *profile_summary(struct arena *, const char *profile,
    const json_t *metadata);

#endif
