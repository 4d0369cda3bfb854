/*
 * store_execution: rows of executions.
 */
#ifndef STORE_EXECUTION_H
#define STORE_EXECUTION_H

#include "intent.h"
#include "store.h"

/* Stores a lease with the digest of its token. */
enum rc store_execution_insert(struct tx *, const struct execution *,
    const char *token_hash, struct fault *) MUST_CHECK;
/* *token_hash may be NULL. */
enum rc store_execution_get(struct db *, const char *id, struct arena *,
    struct execution *out, const char **token_hash, struct fault *) MUST_CHECK;
/* From leased to ex->state with its result; RC_CONFLICT otherwise. */
enum rc store_execution_end(struct tx *, const struct execution *,
    struct fault *) MUST_CHECK;
/* Ids of leases that ended without a report. */
enum rc store_execution_overdue(struct db *, long long now_ms, int limit,
    struct arena *, const char ***out, int *n, struct fault *) MUST_CHECK;

#endif
