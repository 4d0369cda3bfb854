/*
 * rules: the policies and people in force.
 *
 * One set at a time; whoever works with it keeps a reference, so a reload
 * never changes what is under way. Any thread.
 */
#ifndef RULES_H
#define RULES_H

#include "policy_load.h"

struct rules; /* opaque: fields live in rules.c */

/* Takes the reference. */
struct rules *rules_new(struct policy_set *);
void rules_free(struct rules *);
/* The set in force; give it back with policy_set_unref(). */
struct policy_set *rules_get(struct rules *);
/* Puts another in force; takes the reference. */
void rules_set(struct rules *, struct policy_set *);
/* For CLEANUP. */
void rules_drop(struct policy_set **);

#endif
