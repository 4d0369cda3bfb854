#include "db.h"

#include <assert.h>
#include <stdarg.h>

static struct db_arg
arg_take(char type, va_list *ap)
{
	struct db_arg a = {.type = type};
	const long long *i;
	const double *d;

	switch (type) {
	case 'i':
		a.i = va_arg(*ap, long long);
		break;
	case 'd':
		a.d = va_arg(*ap, double);
		break;
	case 'I':
		i = va_arg(*ap, const long long *);
		a.type = i != NULL ? 'i' : 'n';
		a.i = i != NULL ? *i : 0;
		break;
	case 'D':
		d = va_arg(*ap, const double *);
		a.type = d != NULL ? 'd' : 'n';
		a.d = d != NULL ? *d : 0;
		break;
	case 'b':
		a.p = va_arg(*ap, const void *);
		a.n = va_arg(*ap, size_t);
		break;
	default:
		assert(type == 't');
		a.p = va_arg(*ap, const char *);
		break;
	}
	if (a.p == NULL && (a.type == 't' || a.type == 'b')) {
		a.type = 'n';
	}
	return a;
}

static int
args_take(const char *types, va_list *ap, struct db_arg out[DB_ARGS_MAX])
{
	int n = 0;

	for (; *types != '\0'; types++) {
		assert(n < DB_ARGS_MAX);
		out[n++] = arg_take(*types, ap);
	}
	return n;
}

enum rc
db_begin(struct db *db, struct fault *f)
{
	return db->ops->begin(db, f);
}

enum rc
db_commit(struct db *db, struct fault *f)
{
	return db->ops->commit(db, f);
}

void
db_rollback(struct db *db)
{
	db->ops->rollback(db);
}

enum rc
db_scrub(struct db *db, struct fault *f)
{
	return db->ops->scrub(db, f);
}

void
db_close(struct db *db)
{
	if (db != NULL) {
		db->ops->close(db);
	}
}

enum rc
db_next(struct db_rows *rows, struct fault *f)
{
	return rows->db->ops->next(rows, f);
}

void
db_end(struct db_rows *rows)
{
	if (rows != NULL) {
		rows->db->ops->end(rows);
	}
}

void
db_rows_drop(struct db_rows **rows)
{
	db_end(*rows);
	*rows = NULL;
}

enum rc
db_query_args(struct db *db, struct fault *f, struct db_rows **out,
    const char *sql, const struct db_arg *args, int n)
{
	*out = NULL;
	return db->ops->query(db, sql, args, n, out, f);
}

enum rc
db_query(struct db *db, struct fault *f, struct db_rows **out, const char *sql,
    const char *types, ...)
{
	struct db_arg args[DB_ARGS_MAX];
	va_list ap;
	int n;

	va_start(ap, types);
	n = args_take(types, &ap, args);
	va_end(ap);
	return db_query_args(db, f, out, sql, args, n);
}

static enum rc
one_row(struct db *db, struct fault *f, struct db_rows **out, const char *sql,
    const char *types, va_list *ap)
{
	struct db_arg args[DB_ARGS_MAX];
	int n = args_take(types, ap, args);
	enum rc rc = db_query_args(db, f, out, sql, args, n);

	if (rc != RC_OK) {
		return rc;
	}
	rc = db_next(*out, f);
	if (rc != RC_OK) {
		db_rows_drop(out);
	}
	return rc;
}

enum rc
db_one(struct db *db, struct fault *f, struct db_rows **out, const char *sql,
    const char *types, ...)
{
	va_list ap;
	enum rc rc;

	va_start(ap, types);
	rc = one_row(db, f, out, sql, types, &ap);
	va_end(ap);
	return rc;
}

enum rc
db_int(struct db *db, struct fault *f, long long *out, const char *sql,
    const char *types, ...)
{
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	va_list ap;
	enum rc rc;

	va_start(ap, types);
	rc = one_row(db, f, &rows, sql, types, &ap);
	va_end(ap);
	if (rc == RC_OK) {
		*out = db_get_int(rows, 0);
	}
	return rc;
}

enum rc
db_run(struct db *db, struct fault *f, long long *changes, const char *sql,
    const char *types, ...)
{
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	struct db_arg args[DB_ARGS_MAX];
	va_list ap;
	enum rc rc;
	int n;

	va_start(ap, types);
	n = args_take(types, &ap, args);
	va_end(ap);
	rc = db_query_args(db, f, &rows, sql, args, n);
	if (rc != RC_OK) {
		return rc;
	}
	rc = db_next(rows, f);
	if (rc != RC_OK && rc != RC_NOT_FOUND) {
		return rc;
	}
	if (changes != NULL) {
		*changes = db->ops->changes(db);
	}
	return RC_OK;
}

bool
db_is_null(struct db_rows *rows, int column)
{
	return rows->db->ops->is_null(rows, column);
}

long long
db_get_int(struct db_rows *rows, int column)
{
	return rows->db->ops->get_int(rows, column);
}

double
db_get_double(struct db_rows *rows, int column)
{
	return rows->db->ops->get_double(rows, column);
}

const char *
db_get_text(struct db_rows *rows, int column, struct arena *a)
{
	return arena_strdup(a, rows->db->ops->get_text(rows, column));
}

const void *
db_get_blob(struct db_rows *rows, int column, struct arena *a, size_t *len)
{
	const void *p = rows->db->ops->get_blob(rows, column, len);

	return p != NULL ? arena_memdup(a, p, *len) : NULL;
}
