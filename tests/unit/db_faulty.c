#include "db_faulty.h"

#include <stdint.h>
#include <stdlib.h>

#include "lib/mem.h"

struct faulty {
	struct db db; /* first */
	struct db *inner;
	int left; /* calls until the failure; 0 = none will come */
	bool fired;
};

struct faulty_rows {
	struct db_rows rows; /* first */
	struct db_rows *inner;
};

static struct faulty *
faulty_of(const struct db *db)
{
	return (struct faulty *)(uintptr_t)db;
}

static struct db_rows *
inner_of(struct db_rows *rows)
{
	return ((struct faulty_rows *)(void *)rows)->inner;
}

static bool
fails(struct db *db)
{
	struct faulty *fa = faulty_of(db);

	if (fa->left == 0 || --fa->left > 0) {
		return false;
	}
	fa->fired = true;
	return true;
}

static enum rc
refuse(struct fault *f)
{
	return fault_set(f, RC_STORE, "", "made to fail");
}

static enum rc
faulty_begin(struct db *db, struct fault *f)
{
	return fails(db) ? refuse(f) : db_begin(faulty_of(db)->inner, f);
}

static enum rc
faulty_commit(struct db *db, struct fault *f)
{
	return fails(db) ? refuse(f) : db_commit(faulty_of(db)->inner, f);
}

static enum rc
faulty_scrub(struct db *db, struct fault *f)
{
	return fails(db) ? refuse(f) : db_scrub(faulty_of(db)->inner, f);
}

static void
faulty_rollback(struct db *db)
{
	db_rollback(faulty_of(db)->inner);
}

static enum rc
faulty_query(struct db *db, const char *sql, const struct db_arg *args, int n,
    struct db_rows **out, struct fault *f)
{
	struct faulty_rows *rows;
	struct db_rows *inner;
	enum rc rc;

	if (fails(db)) {
		return refuse(f);
	}
	rc = db_query_args(faulty_of(db)->inner, f, &inner, sql, args, n);
	if (rc != RC_OK) {
		return rc;
	}
	rows = mem_new(1, sizeof(*rows));
	rows->rows.db = db;
	rows->inner = inner;
	*out = &rows->rows;
	return RC_OK;
}

static enum rc
faulty_next(struct db_rows *rows, struct fault *f)
{
	return fails(rows->db) ? refuse(f) : db_next(inner_of(rows), f);
}

static bool
faulty_is_null(struct db_rows *rows, int column)
{
	return db_is_null(inner_of(rows), column);
}

static long long
faulty_int(struct db_rows *rows, int column)
{
	return db_get_int(inner_of(rows), column);
}

static double
faulty_double(struct db_rows *rows, int column)
{
	return db_get_double(inner_of(rows), column);
}

static const char *
faulty_text(struct db_rows *rows, int column)
{
	struct db_rows *inner = inner_of(rows);

	return inner->db->ops->get_text(inner, column);
}

static const void *
faulty_blob(struct db_rows *rows, int column, size_t *len)
{
	struct db_rows *inner = inner_of(rows);

	return inner->db->ops->get_blob(inner, column, len);
}

static void
faulty_end(struct db_rows *rows)
{
	db_end(inner_of(rows));
	free(rows);
}

static long long
faulty_changes(struct db *db)
{
	struct db *inner = faulty_of(db)->inner;

	return inner->ops->changes(inner);
}

static void
faulty_close(struct db *db)
{
	db_close(faulty_of(db)->inner);
	free(db);
}

static const struct db_ops ops = {
    .begin = faulty_begin,
    .commit = faulty_commit,
    .rollback = faulty_rollback,
    .query = faulty_query,
    .next = faulty_next,
    .is_null = faulty_is_null,
    .get_int = faulty_int,
    .get_double = faulty_double,
    .get_text = faulty_text,
    .get_blob = faulty_blob,
    .end = faulty_end,
    .changes = faulty_changes,
    .scrub = faulty_scrub,
    .close = faulty_close,
};

struct db *
db_faulty_new(struct db *inner)
{
	struct faulty *fa = mem_new(1, sizeof(*fa));

	fa->db.ops = &ops;
	fa->inner = inner;
	return &fa->db;
}

void
db_faulty_fail(struct db *db, int n)
{
	faulty_of(db)->left = n;
	faulty_of(db)->fired = false;
}

bool
db_faulty_fired(const struct db *db)
{
	return faulty_of(db)->fired;
}
