/*
 * trunk: a store with an agent in it, for tests of the trunk.
 */
#ifndef TRUNK_H
#define TRUNK_H

#include "agent.h"
#include "decide.h"
#include "execution.h"
#include "store.h"
#include "submit.h"
#include "vault.h"

struct trunk {
	char dir[64];
	struct arena *arena;
	struct db *faulty; /* what the store writes through; see db_faulty.h */
	struct db *reader;
	struct store *store;
	struct vault *vault;
	struct agent agent;
	long long webhooks; /* how many endpoints each submit names: 0 or 1 */
};

/* A cmocka setup and teardown: *state is a struct trunk. */
int trunk_setup(void **state);
int trunk_teardown(void **state);

/* A submission that waits for `required` people of "dana", "lee", "mo". */
struct submission *trunk_submission(struct trunk *, int required);
/* Stores it and returns its id. */
const char *trunk_submit(struct trunk *, int required);
/* An answer of that person. */
struct deciding *trunk_answer(struct trunk *, const char *intent,
    const char *person, enum outcome);
struct intent trunk_read(struct trunk *, const char *id);
/* One number from the database. */
long long trunk_count(struct trunk *, const char *sql);

#endif
