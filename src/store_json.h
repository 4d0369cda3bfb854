/*
 * store_json: lists and small objects as JSON text, for columns.
 *
 * What is read here was written here; text that does not parse reads as
 * empty, which for a plan means that nobody may decide.
 */
#ifndef STORE_JSON_H
#define STORE_JSON_H

#include "intent.h"
#include "lib/arena.h"

const char *store_json_of_strings(struct arena *, const struct field_strings *);
void store_json_strings(const char *text, struct arena *,
    struct field_strings *out);
/* options and options_n of the intent. */
const char *store_json_of_options(struct arena *, const struct intent *);
void store_json_options(const char *text, struct arena *, struct intent *out);
/* All of the plan but `required`, which has a column. */
const char *store_json_of_plan(struct arena *, const struct plan *);
void store_json_plan(const char *text, struct arena *, struct plan *out);

#endif
