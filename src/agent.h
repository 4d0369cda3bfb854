/*
 * agent: software that asks, and the keys that it and people carry.
 *
 * A key is shown once; the store holds its SHA-256. Its class says what it may
 * ever do: an agent asks and executes, a reviewer decides, an admin also
 * manages keys and agents. An agent key never decides.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>

#include "intent.h"
#include "lib/field.h"
#include "store.h"

enum key_class { KEY_AGENT, KEY_REVIEWER, KEY_ADMIN, KEY_CLASSES };
enum agent_status {
	AGENT_ACTIVE,
	AGENT_SUSPENDED,
	AGENT_REVOKED,
	AGENT_STATUSES
};

extern const char *const key_class_words[];
extern const char *const agent_status_words[];

enum { AGENT_KEY_SIZE = 64 }; /* prefix + 48 hex + NUL, rounded up */

struct agent {
	const char *id; /* filled by agent_register() */
	const char *name;
	const char *owner; /* person id or e-mail address; or NULL */
	const char *risk_tier;
	const char *framework;
	struct field_strings allowed_policies;	   /* empty = all */
	struct field_strings allowed_destinations; /* empty = all */
	const char *metadata;			   /* JSON text or NULL */
	enum agent_status status;
	long long pending; /* intents that wait */
	long long created_ms;
};

struct key {
	const char *id; /* filled by key_create() */
	enum key_class class;
	const char *name;
	const char *agent_id; /* of class agent, else NULL */
	const char *person;   /* or NULL */
	const char *dialect;
	const char *prefix; /* of its text, when it is made; NULL = our own */
	const char *quota;  /* name of one, see quota.h; NULL = no limits */
	struct field_strings scopes;
	long long rate_limit; /* requests a minute; 0 = unlimited */
	long long created_ms;
	bool revoked;
};

/* Jobs' parts. They audit what they do; `by` is who does it. */

/* Stores a new agent; fills id, status and created_ms from `a`. */
enum rc agent_register(struct tx *, struct agent *, struct arena *a,
    const char *by, struct fault *) MUST_CHECK;
/* RC_NOT_FOUND; RC_CONFLICT: nothing leaves `revoked`. */
enum rc agent_set_status(struct tx *, const char *id, enum agent_status,
    const char *by, struct fault *) MUST_CHECK;
/*
 * Makes a key and writes its text, shown this once, to `secret`. A key of
 * class agent without agent_id gets an agent of its own of the same name.
 */
enum rc key_create(struct tx *, struct key *, struct arena *a, const char *by,
    char secret[AGENT_KEY_SIZE], struct fault *) MUST_CHECK;
/* RC_NOT_FOUND; revoking twice is fine. */
enum rc key_revoke(struct tx *, const char *id, const char *by, struct fault *)
    MUST_CHECK;
/* Adds to the count of waiting intents; RC_FORBIDDEN when not active,
 * RC_LIMITED when it would pass INTENT_PENDING_MAX. */
enum rc agent_add_pending(struct tx *, const char *id, int delta,
    struct fault *) MUST_CHECK;

/* Reading, on any connection. */
enum rc agent_get(struct db *, const char *id, struct arena *,
    struct agent *out, struct fault *) MUST_CHECK;
enum rc agent_list(struct db *, const char *after, int limit, struct arena *,
    struct agent **out, int *n, struct fault *) MUST_CHECK;
enum rc key_list(struct db *, const char *after, int limit, struct arena *,
    struct key **out, int *n, struct fault *) MUST_CHECK;
enum rc key_get(struct db *, const char *id, struct arena *, struct key *out,
    struct fault *) MUST_CHECK;
/* By the SHA-256 (hex) of its text; also revoked ones. */
enum rc key_by_hash(struct db *, const char *hash, struct arena *,
    struct key *out, struct fault *) MUST_CHECK;

#endif
