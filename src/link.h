/*
 * link: rows of tokens that are used once: magic links, sign-in links, nonces
 * and downloads. Only digests are stored.
 */
#ifndef LINK_H
#define LINK_H

#include "magic_link.h"
#include "store.h"

/* A magic link as stored. */
struct link_row {
	const char *hash;
	const char *intent_id;
	const char *person;
	const char *code_hash; /* NULL = no code is asked */
	int wrong;	       /* wrong codes so far */
	long long used_ms;     /* 0 = not used */
	long long expires_ms;
};

enum rc link_insert(struct tx *, const struct link_row *, struct fault *)
    MUST_CHECK;
enum rc link_get(struct db *, const char *hash, struct arena *,
    struct link_row *out, struct fault *) MUST_CHECK;
/* RC_CONFLICT when it was used. */
enum rc link_use(struct tx *, const char *hash, struct fault *) MUST_CHECK;
enum rc link_count_wrong(struct tx *, const char *hash, struct fault *)
    MUST_CHECK;

/* A one-time link to sign in to the local page. */
enum rc sign_in_insert(struct tx *, const char *hash, const char *person,
    long long expires_ms, struct fault *) MUST_CHECK;
/* RC_NOT_FOUND, RC_EXPIRED, or RC_CONFLICT when it was used. */
enum rc sign_in_use(struct tx *, const char *hash, struct arena *,
    const char **person, struct fault *) MUST_CHECK;

/* Nonces for clients that ask for one before they approve. Faults carry the
 * reason "nonce_unknown", "nonce_expired" or "nonce_already_used". */
enum rc nonce_insert(struct tx *, const char *value, long long expires_ms,
    struct fault *) MUST_CHECK;
enum rc nonce_use(struct tx *, const char *value, struct fault *) MUST_CHECK;

/* Tokens that fetch an approved payload once. */
enum rc download_insert(struct tx *, const char *hash, const char *intent_id,
    long long expires_ms, struct fault *) MUST_CHECK;
/* RC_NOT_FOUND, or RC_EXPIRED when used or too old. */
enum rc download_use(struct tx *, const char *hash, struct arena *,
    const char **intent_id, struct fault *) MUST_CHECK;

/*
 * Erases rows that are over since a day, at most `limit` of each kind; *more:
 * some are left. Magic links stay with their intents, to say what became of
 * them.
 */
enum rc link_sweep(struct tx *, int limit, bool *more, struct fault *)
    MUST_CHECK;

#endif
