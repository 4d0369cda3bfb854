/*
 * reload: policies and people put in force, at start and while running.
 *
 * A set is loaded whole or not at all; a refused one leaves the old in force.
 * Both are audited.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "config.h"
#include "rules.h"
#include "store.h"

/* Loads people and policies as the settings say. */
enum rc reload_load(const struct config *, struct policy_set **out,
    struct fault *) MUST_CHECK;
/*
 * Loads again, people from the file as it is now, and puts the set in force
 * when it is good. Log settings are taken over too.
 */
void reload_run(const struct config *, struct rules *, struct store *);

/* Watches the policy folder; -1 when that is not possible. */
int reload_watch(const struct config *);
/* Reads what the watch says; true when something changed. */
bool reload_changed(int watch);

#endif
