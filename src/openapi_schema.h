/*
 * openapi_schema: rows that decode bodies and members of answers, as JSON
 * Schema. Pure.
 */
#ifndef OPENAPI_SCHEMA_H
#define OPENAPI_SCHEMA_H

#include "dialect.h"

/* An object of members that are text already. */
void openapi_put_raw(struct json_out *, const char *name, const char *members);
/* A member "schema". */
void openapi_put_body(struct json_out *, const struct route_body *);
/* A member of this name; NULL is an object of which nothing is told. */
void openapi_put_answer(struct json_out *, const char *name,
    const struct route_answer *);

#endif
