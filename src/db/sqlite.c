/*
 * sqlite: the embedded database. The door to sqlite3.h.
 */
#include "db.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/embedded.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
	STATEMENTS = 256, /* kept prepared, a power of two */
	BUSY_MS = 5000,	  /* another process may hold the write lock */
	CACHE_KIB = 8 * 1024,
	SCHEMA_VERSION = 2
};

struct statement {
	struct db_rows rows; /* first: a db_rows is a statement */
	sqlite3_stmt *stmt;
	const char *sql; /* as the caller passed it; only compared */
	bool in_use;
	bool kept; /* lives in the cache */
};

struct sqlite {
	struct db db; /* first: a db is a sqlite */
	sqlite3 *handle;
	struct statement kept[STATEMENTS];
};

static struct sqlite *
sqlite_of(struct db *db)
{
	return (struct sqlite *)(void *)db;
}

static struct statement *
statement_of(struct db_rows *rows)
{
	return (struct statement *)(void *)rows;
}

static enum rc
failed(struct sqlite *s, const char *what, struct fault *f)
{
	return fault_set(f, RC_STORE, "", "%s: %s", what,
	    sqlite3_errmsg(s->handle));
}

static enum rc
run_text(struct sqlite *s, const char *sql, struct fault *f)
{
	if (sqlite3_exec(s->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return failed(s, "database", f);
	}
	return RC_OK;
}

static enum rc
sqlite_begin(struct db *db, struct fault *f)
{
	struct sqlite *s = sqlite_of(db);
	bool read = sqlite3_db_readonly(s->handle, "main") == 1;

	return run_text(s, read ? "BEGIN" : "BEGIN IMMEDIATE", f);
}

static enum rc
sqlite_commit(struct db *db, struct fault *f)
{
	return run_text(sqlite_of(db), "COMMIT", f);
}

static void
sqlite_rollback(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	/* Some failures have rolled back already (SQLite, "Transactions"). */
	if (!sqlite3_get_autocommit(s->handle)) {
		struct fault f = {0};

		if (run_text(s, "ROLLBACK", &f) != RC_OK) {
			log_error("store rollback failed error=%s", f.text);
		}
	}
}

/* The place of a statement: by the address of its text, which is constant. */
static struct statement *
kept_place(struct sqlite *s, const char *sql)
{
	uintptr_t h = (uintptr_t)sql;

	h ^= h >> 9;
	return &s->kept[(h * 0x9E3779B1u >> 8) & (STATEMENTS - 1)];
}

static enum rc
prepare(struct sqlite *s, const char *sql, struct statement **out,
    struct fault *f)
{
	struct statement *st = kept_place(s, sql);
	const bool keep = !st->in_use;

	if (st->stmt != NULL && keep && st->sql == sql &&
	    strcmp(sqlite3_sql(st->stmt), sql) == 0) {
		*out = st;
		return RC_OK;
	}
	if (keep) {
		sqlite3_finalize(st->stmt);
	} else { /* the same text is under way: one for this once */
		st = mem_new(1, sizeof(*st));
	}
	*st = (struct statement){.kept = keep};
	st->rows.db = &s->db;
	st->sql = sql;
	if (sqlite3_prepare_v3(s->handle, sql, -1,
		keep ? SQLITE_PREPARE_PERSISTENT : 0, &st->stmt,
		NULL) != SQLITE_OK) {
		if (!keep) {
			free(st);
		}
		return failed(s, "statement", f);
	}
	*out = st;
	return RC_OK;
}

static int
bind(sqlite3_stmt *stmt, int at, const struct db_arg *a)
{
	switch (a->type) {
	case 'i':
		return sqlite3_bind_int64(stmt, at, a->i);
	case 'd':
		return sqlite3_bind_double(stmt, at, a->d);
	case 't':
		return sqlite3_bind_text(stmt, at, a->p, -1, SQLITE_STATIC);
	case 'b':
		return sqlite3_bind_blob64(stmt, at, a->p, a->n, SQLITE_STATIC);
	default:
		assert(a->type == 'n');
		return sqlite3_bind_null(stmt, at);
	}
}

static void
sqlite_end(struct db_rows *rows)
{
	struct statement *st = statement_of(rows);

	(void)sqlite3_reset(st->stmt); /* next() has told of any failure */
	(void)sqlite3_clear_bindings(st->stmt);
	st->in_use = false;
	if (!st->kept) {
		sqlite3_finalize(st->stmt);
		free(st);
	}
}

static enum rc
sqlite_query(struct db *db, const char *sql, const struct db_arg *args, int n,
    struct db_rows **out, struct fault *f)
{
	struct sqlite *s = sqlite_of(db);
	struct statement *st = NULL;
	enum rc rc = prepare(s, sql, &st, f);

	if (rc != RC_OK) {
		return rc;
	}
	assert(sqlite3_bind_parameter_count(st->stmt) == n);
	st->in_use = true;
	for (int i = 0; i < n; i++) {
		if (bind(st->stmt, i + 1, &args[i]) != SQLITE_OK) {
			rc = failed(s, "argument", f);
			sqlite_end(&st->rows);
			return rc;
		}
	}
	*out = &st->rows;
	return RC_OK;
}

static enum rc
sqlite_next(struct db_rows *rows, struct fault *f)
{
	struct statement *st = statement_of(rows);

	switch (sqlite3_step(st->stmt)) {
	case SQLITE_ROW:
		return RC_OK;
	case SQLITE_DONE:
		return RC_NOT_FOUND;
	default:
		return failed(sqlite_of(rows->db), "database", f);
	}
}

static bool
sqlite_is_null(struct db_rows *rows, int column)
{
	return sqlite3_column_type(statement_of(rows)->stmt, column) ==
	    SQLITE_NULL;
}

static long long
sqlite_get_int(struct db_rows *rows, int column)
{
	return sqlite3_column_int64(statement_of(rows)->stmt, column);
}

static double
sqlite_get_double(struct db_rows *rows, int column)
{
	return sqlite3_column_double(statement_of(rows)->stmt, column);
}

static const char *
sqlite_get_text(struct db_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(statement_of(rows)->stmt,
	    column);
}

static const void *
sqlite_get_blob(struct db_rows *rows, int column, size_t *len)
{
	sqlite3_stmt *stmt = statement_of(rows)->stmt;
	const void *p = sqlite3_column_blob(stmt, column);

	*len = (size_t)sqlite3_column_bytes(stmt, column);
	return p;
}

static long long
sqlite_changes(struct db *db)
{
	return sqlite3_changes64(sqlite_of(db)->handle);
}

/*
 * SQLite, "PRAGMA wal_checkpoint": TRUNCATE moves the log into the database
 * and empties its file. Pages that were freed are zeroes by then
 * (secure_delete). It does not wait for readers: whoever wants it asks again.
 */
static enum rc
sqlite_scrub(struct db *db, struct fault *f)
{
	struct sqlite *s = sqlite_of(db);
	long long busy = 0;
	enum rc rc;

	(void)sqlite3_busy_timeout(s->handle, 0);
	rc = db_int(db, f, &busy, "PRAGMA wal_checkpoint(TRUNCATE)", "");
	(void)sqlite3_busy_timeout(s->handle, BUSY_MS);
	return rc == RC_OK && busy != 0 ? RC_BUSY : rc;
}

static void
sqlite_close(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	for (int i = 0; i < STATEMENTS; i++) {
		assert(!s->kept[i].in_use);
		sqlite3_finalize(s->kept[i].stmt);
	}
	if (sqlite3_close(s->handle) != SQLITE_OK) {
		log_error("store close failed error=%s",
		    sqlite3_errmsg(s->handle));
	}
	free(s);
}

static const struct db_ops sqlite_ops = {
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .query = sqlite_query,
    .next = sqlite_next,
    .is_null = sqlite_is_null,
    .get_int = sqlite_get_int,
    .get_double = sqlite_get_double,
    .get_text = sqlite_get_text,
    .get_blob = sqlite_get_blob,
    .end = sqlite_end,
    .changes = sqlite_changes,
    .scrub = sqlite_scrub,
    .close = sqlite_close,
};

static enum rc
schema_version(struct sqlite *s, long long *out, struct fault *f)
{
	return db_int(&s->db, f, out, "PRAGMA user_version", "");
}

/* One numbered migration is the text between two of its marker lines. */
static enum rc
migrate_to(struct sqlite *s, long long version, struct fault *f)
{
	const struct embedded *schema = embedded_find("schema_sqlite.sql");
	char mark[64], *sql;
	const char *from, *to;
	enum rc rc;

	assert(schema != NULL);
	(void)snprintf(mark, sizeof(mark), "-- migration %lld\n", version);
	from = strstr((const char *)schema->data, mark);
	assert(from != NULL);
	to = strstr(from + strlen(mark), "-- migration ");
	sql =
	    mem_strndup(from, to != NULL ? (size_t)(to - from) : strlen(from));
	rc = run_text(s, sql, f);
	free(sql);
	if (rc != RC_OK) {
		return rc;
	}
	(void)snprintf(mark, sizeof(mark), "PRAGMA user_version = %lld",
	    version);
	return run_text(s, mark, f);
}

static enum rc
migrate(struct sqlite *s, struct fault *f)
{
	long long version = 0;
	enum rc rc = sqlite_begin(&s->db, f);

	if (rc == RC_OK) {
		rc = schema_version(s, &version, f);
	}
	if (rc == RC_OK && version > SCHEMA_VERSION) {
		rc = fault_set(f, RC_STORE, "",
		    "the database is of schema version %lld, this program "
		    "knows %d: it needs a newer assentd",
		    version, SCHEMA_VERSION);
	}
	while (rc == RC_OK && version < SCHEMA_VERSION) {
		rc = migrate_to(s, ++version, f);
	}
	if (rc != RC_OK) {
		sqlite_rollback(&s->db);
		return rc;
	}
	return sqlite_commit(&s->db, f);
}

static enum rc
set_up(struct sqlite *s, enum db_mode mode, struct fault *f)
{
	char cache[48];
	enum rc rc;

	(void)sqlite3_extended_result_codes(s->handle, 1);
	(void)sqlite3_busy_timeout(s->handle, BUSY_MS);
	(void)snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%d",
	    CACHE_KIB);
	rc = run_text(s, cache, f);
	if (rc == RC_OK) {
		rc = run_text(s, "PRAGMA trusted_schema = OFF", f);
	}
	if (rc != RC_OK || mode == DB_READ) {
		return rc;
	}
	/*
	 * Durable before told: FULL syncs the log at every commit; NORMAL, the
	 * usual companion of WAL, may lose the last ones in a power cut.
	 */
	rc = run_text(s,
	    "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
	    "PRAGMA secure_delete = ON",
	    f);
	if (rc == RC_OK) {
		rc = migrate(s, f);
	}
	/* What a process erased that was killed before it could scrub. */
	return rc == RC_OK && sqlite_scrub(&s->db, f) == RC_STORE ? RC_STORE
								  : rc;
}

enum rc
db_sqlite_open(const char *path, enum db_mode mode, struct db **out,
    struct fault *f)
{
	struct sqlite *s = mem_new(1, sizeof(*s));
	int flags = SQLITE_OPEN_NOMUTEX |
	    (mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			      : SQLITE_OPEN_READONLY);
	enum rc rc;

	s->db.ops = &sqlite_ops;
	if (sqlite3_open_v2(path, &s->handle, flags, NULL) != SQLITE_OK) {
		rc = fault_set(f, RC_STORE, "", "%s: %s", path,
		    sqlite3_errmsg(s->handle));
		(void)sqlite3_close(s->handle);
		free(s);
		return rc;
	}
	rc = set_up(s, mode, f);
	if (rc != RC_OK) {
		sqlite_close(&s->db);
		return rc;
	}
	*out = &s->db;
	return RC_OK;
}
