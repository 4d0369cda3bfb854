/*
 * audit: what happened, in order, in a chain that shows tampering.
 *
 * Each event is stored as canonical JSON (RFC 8785) together with SHA-256 over
 * the hash before it and these bytes. Events are written in the transaction
 * that they tell of.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <jansson.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/rc.h"
#include "store.h"

/* The end of the chain, as the batch at work sees it. */
struct audit_chain {
	bool loaded;
	unsigned char hash[CRYPTO_SHA256];
};

/*
 * Appends an event. `data` is an object or NULL and is taken over; intent_id
 * may be NULL, else the intent counts as changed. Types are lower-case words
 * such as "submitted", "approved".
 */
enum rc audit_add(struct tx *, const char *intent_id, const char *type,
    const char *actor, json_t *data, struct fault *) MUST_CHECK;

/* The same with data that is canonical JSON text already; or NULL. */
enum rc audit_add_text(struct tx *, const char *intent_id, const char *type,
    const char *actor, const char *data, struct fault *) MUST_CHECK;

/* As read back. */
struct audit_event {
	long long seq;
	const char *event; /* canonical JSON text */
};
/*
 * Events behind `after` (0 = from the start), of one intent or of all (NULL),
 * oldest first.
 */
enum rc audit_list(struct db *, const char *intent_id, long long after,
    int limit, struct arena *, struct audit_event **out, int *n, struct fault *)
    MUST_CHECK;

/*
 * Walks the whole chain. RC_INVALID: *seq is the first bad record and
 * f->text says what is wrong with it (changed, missing before it, or
 * cut off: the last records that the store counted are gone).
 */
enum rc audit_verify(struct db *, long long *events, long long *seq,
    struct fault *) MUST_CHECK;

#endif
