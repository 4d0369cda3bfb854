/*
 * auth: who calls, found out from the key they carry.
 *
 * Keys are looked up by their SHA-256 and remembered for a second, so that a
 * poll costs no read; what the command line changes beside us counts within
 * that second, what we change ourselves at once. Also keeps the count for each
 * key's rate limit. For the server's thread alone.
 */
#ifndef AUTH_H
#define AUTH_H

#include "dialect.h"
#include "lib/bucket.h"
#include "rules.h"
#include "store.h"

enum { AUTH_KEPT_MAX = 65536, AUTH_KEPT_MS = 1000 };

struct auth; /* opaque: fields live in auth.c */

/*
 * Borrows the reader and the rules. admin_key is the key of the settings, or
 * NULL; only its digest is kept.
 */
struct auth *auth_new(struct db *reader, struct rules *, const char *admin_key);
/* NULL is fine. */
void auth_free(struct auth *);
/* SHA-256 of the admin key of the settings, hex; NULL when there is none. */
const char *auth_admin_digest(const struct auth *);

/*
 * From the value of the Authorization header (RFC 6750 2.1), or NULL when it
 * is absent. What *out points to lives until the next call. RC_UNAUTHENTICATED:
 * no key, an unknown or a revoked one. RC_FORBIDDEN with reason
 * "agent_inactive": the text is "suspended" or "revoked". *rate is the state of
 * the key's limit, counted by this call; RC_LIMITED with reason "rate_limited"
 * when it is used up.
 */
enum rc auth_identify(struct auth *, const char *authorization,
    struct caller *out, struct bucket_answer *rate, struct fault *) MUST_CHECK;
/* The same for a reviewer's key given in a form; other classes are refused. */
enum rc auth_reviewer(struct auth *, const char *key, struct caller *out,
    struct fault *) MUST_CHECK;
/* A key or an agent was changed: the next request of each key is looked up
 * anew. The counts of the limits stay. */
void auth_renew(struct auth *);
/*
 * Who a session of this key id stands for now; strings live in the arena.
 * RC_NOT_FOUND, RC_UNAUTHENTICATED: it does not count any more. NULL key_id:
 * the admin of the settings and of the first sign-in link.
 */
enum rc auth_still(struct auth *, const char *key_id, struct arena *,
    struct caller *out, struct fault *) MUST_CHECK;

#endif
