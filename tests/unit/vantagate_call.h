/*
 * vantagate_call: calls of that dialect without a server behind them.
 */
#ifndef VANTAGATE_CALL_H
#define VANTAGATE_CALL_H

#include "dialect.h"

/* A value that dies with the arena; fails the test when it is not JSON. */
json_t *vantagate_json(struct arena *, const char *text);
/* A call of the row for "METHOD /path". */
struct call *vantagate_call(struct arena *, const char *line, const char *body);

#endif
