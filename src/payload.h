/*
 * payload: what the bytes are that an agent wants to send. Pure.
 *
 * Agents send text, JSON, the name of a file, or a data: URI (RFC 2397). The
 * kind is a guess from the bytes, as no client says it.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

enum { PAYLOAD_TYPE_MAX = 64 };

/*
 * "csv", "json", "exe", ...: lower case, without the dot. NULL when the payload
 * is text of its own. Text that ends in .csv .json .txt .pdf .xml .xlsx or
 * .jsonl counts as a file name whatever stands before; any other ending only
 * where the whole payload is one word or begins like a path. A data: URI has
 * the type of its media type, by the usual ending where there is one.
 */
const char *payload_type(struct arena *, const char *s, size_t len);

/* Whether it begins with "data:", in any case, behind blanks. */
bool payload_is_data(const char *s, size_t len);
/*
 * What a data: URI holds, decoded and NUL-terminated; NULL when it cannot be
 * decoded without doubt.
 */
char *payload_data(struct arena *, const char *s, size_t len, size_t *out_len);

#endif
