/*
 * db_faulty: a database that fails at the n-th call.
 */
#ifndef DB_FAULTY_H
#define DB_FAULTY_H

#include "db.h"

/* Over another connection, which it takes. */
struct db *db_faulty_new(struct db *inner);
/*
 * From now on the n-th call of begin, commit, query or next fails with
 * RC_STORE, once; 0 = none. Counting begins anew.
 */
void db_faulty_fail(struct db *, int n);
/* Whether the failure has come. */
bool db_faulty_fired(const struct db *);

#endif
