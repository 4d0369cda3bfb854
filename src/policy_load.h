/*
 * policy_load: a folder of policy files, whole or not at all.
 *
 * `<id>.yaml` holds one policy. A file that breaks a rule refuses the set with
 * file, line and reason; the set in force stays. Sets are counted: whoever
 * evaluates keeps the one it began with. Names that begin with a dot and files
 * of other kinds are not looked at; `.yml` is refused, because its author
 * believes that it counts.
 */
#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include <jansson.h>

#include "lib/rc.h"
#include "person.h"
#include "policy.h"

enum { POLICIES_MAX = 1000, POLICY_ID_MAX = 64 };

struct policy_set; /* opaque: counted */

/*
 * Reads the folder. The set keeps a reference to the people; NULL is nobody.
 * RC_INVALID: f->text is "FILE:LINE: what is wrong", or begins with the folder
 * when that cannot be read.
 */
enum rc policy_set_load(const char *dir, struct people *people,
    struct policy_set **out, struct fault *) MUST_CHECK;
/* Both may be called from any thread. NULL is fine. */
struct policy_set *policy_set_ref(struct policy_set *);
void policy_set_unref(struct policy_set *);

/*
 * By id, which must be [A-Za-z0-9._-], not begin with '.' and have at most
 * POLICY_ID_MAX characters; anything else is simply not found.
 */
const struct policy *policy_set_find(const struct policy_set *, const char *id);
/* For drafts that name no policy: built in, always asks a person. It is not
 * among those that are found or counted. */
const struct policy *policy_set_builtin(const struct policy_set *);
int policy_set_count(const struct policy_set *);
/* In the order of their ids. */
const struct policy *policy_set_at(const struct policy_set *, int i);
struct people *policy_set_people(const struct policy_set *);
/* SHA-256 hex over all versions: tells whether a reload changed anything. */
const char *policy_set_version(const struct policy_set *);

#endif
