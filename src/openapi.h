/*
 * openapi: a dialect as an OpenAPI 3.1 document. Pure.
 *
 * Made of the rows that route, decode and show, so that it cannot say what
 * they do not do.
 */
#ifndef OPENAPI_H
#define OPENAPI_H

#include "dialect.h"

/* JSON text, in the arena. */
const char *openapi_text(struct arena *, const struct dialect *, size_t *len);

#endif
