/*
 * db: the seam between the store and a database.
 *
 * A driver runs SQL with arguments and hands out rows; it knows nothing about
 * approvals. One connection belongs to one thread. SQL texts are constants:
 * a driver keeps prepared statements by their text.
 *
 * Arguments follow a type string, one letter each:
 *	t  const char *, NULL is SQL NULL
 *	i  long long
 *	d  double
 *	b  const void *, size_t; a NULL pointer is SQL NULL
 *	I  const long long *, NULL is SQL NULL
 *	D  const double *, NULL is SQL NULL
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

enum db_mode { DB_WRITE, DB_READ };

enum { DB_ARGS_MAX = 64 };

struct db_arg {
	char type; /* 't' 'i' 'd' 'b', or 'n' for NULL */
	long long i;
	double d;
	const void *p; /* borrowed until the call or the rows end */
	size_t n;
};

struct db;
struct db_rows;

/* A driver: what every database must do. Failures are RC_STORE. */
struct db_ops {
	enum rc (*begin)(struct db *, struct fault *);
	enum rc (*commit)(struct db *, struct fault *);
	void (*rollback)(struct db *);
	/* Rows come by next(): RC_OK, or RC_NOT_FOUND behind the last. */
	enum rc (*query)(struct db *, const char *sql, const struct db_arg *,
	    int n, struct db_rows **out, struct fault *);
	enum rc (*next)(struct db_rows *, struct fault *);
	bool (*is_null)(struct db_rows *, int column);
	long long (*get_int)(struct db_rows *, int column);
	double (*get_double)(struct db_rows *, int column);
	/* Borrowed until next() or end(); *len may be NULL. */
	const char *(*get_text)(struct db_rows *, int column);
	const void *(*get_blob)(struct db_rows *, int column, size_t *len);
	void (*end)(struct db_rows *);
	/* Rows changed by the last query of this connection. */
	long long (*changes)(struct db *);
	/* What was erased is gone from the disk: RC_OK; RC_BUSY: not yet, a
	 * reader still needs it. Outside of a transaction. */
	enum rc (*scrub)(struct db *, struct fault *);
	void (*close)(struct db *);
};

struct db {
	const struct db_ops *ops; /* a driver's struct begins with this */
};

struct db_rows {
	struct db *db;
};

/*
 * Opens or makes a SQLite database and, for DB_WRITE, brings its schema up to
 * date. WAL, synchronous=FULL. RC_STORE with words when the file is damaged,
 * not writable or of a later version.
 */
enum rc db_sqlite_open(const char *path, enum db_mode, struct db **out,
    struct fault *) MUST_CHECK;

enum rc db_begin(struct db *, struct fault *) MUST_CHECK;
enum rc db_commit(struct db *, struct fault *) MUST_CHECK;
void db_rollback(struct db *);
/* See struct db_ops. */
enum rc db_scrub(struct db *, struct fault *) MUST_CHECK;
/* NULL is fine. */
void db_close(struct db *);

/* Runs SQL that gives no rows. *changes may be NULL. */
enum rc db_run(struct db *, struct fault *, long long *changes, const char *sql,
    const char *types, ...) MUST_CHECK;
/* Begins a query; the rows are ended by db_end(). */
enum rc db_query(struct db *, struct fault *, struct db_rows **out,
    const char *sql, const char *types, ...) MUST_CHECK;
/* As db_query, with arguments already in an array. */
enum rc db_query_args(struct db *, struct fault *, struct db_rows **out,
    const char *sql, const struct db_arg *, int n) MUST_CHECK;
/*
 * A query for at most one row: RC_OK with the row ready to read (end it),
 * RC_NOT_FOUND with nothing to end.
 */
enum rc db_one(struct db *, struct fault *, struct db_rows **out,
    const char *sql, const char *types, ...) MUST_CHECK;
/* The first column of the first row; RC_NOT_FOUND without a row. */
enum rc db_int(struct db *, struct fault *, long long *out, const char *sql,
    const char *types, ...) MUST_CHECK;
enum rc db_next(struct db_rows *, struct fault *) MUST_CHECK;
void db_end(struct db_rows *);
/* For CLEANUP(db_rows_drop). */
void db_rows_drop(struct db_rows **);

bool db_is_null(struct db_rows *, int column);
long long db_get_int(struct db_rows *, int column);
double db_get_double(struct db_rows *, int column);
/* Copied into the arena; NULL for SQL NULL. */
const char *db_get_text(struct db_rows *, int column, struct arena *);
const void *db_get_blob(struct db_rows *, int column, struct arena *,
    size_t *len);

#endif
