/*
 * zehrava_call: calls of the native dialect without a server behind them.
 */
#ifndef ZEHRAVA_CALL_H
#define ZEHRAVA_CALL_H

#include "dialect.h"

/* What the client sent beside its body. NULL = nothing. */
struct zehrava_asked {
	const char *idempotency_key;
	const char *status, *limit, *cursor, *payload;
};

/* The row for "METHOD /path"; fails the test when there is none. */
const struct route *zehrava_route(const char *line);
/* A call of that route; `body` is JSON or NULL, `asked` may be NULL. */
struct call *zehrava_call(struct arena *, const char *line, const char *body,
    const struct zehrava_asked *asked);
/* What the answer says, as a value that dies with the arena. */
json_t *zehrava_answer_of(struct call *);
/* The value at a path such as "auditTrail.0.actor"; NULL when there is none. */
json_t *zehrava_at(json_t *root, const char *path);
/* It is there, and its compact text is this. */
void zehrava_assert_at(json_t *root, const char *path, const char *json);

#endif
