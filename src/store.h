/*
 * store: what is known, durably.
 *
 * One thread, the core, writes. Others hand it jobs: functions over a
 * transaction. Waiting jobs run one after another in one transaction, which is
 * committed once; then each job's `done` is told. Under load many jobs share
 * one fsync, alone a job waits for nobody. A batch that fails is rolled back
 * and its jobs are run again one by one, so a job must set all of its results
 * each time it runs.
 *
 * Other threads read over connections of their own (store_reader).
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>

#include "db.h"
#include "lib/arena.h"
#include "lib/id.h"
#include "lib/rc.h"

enum {
	STORE_JOBS_MAX = 10000, /* waiting; then RC_BUSY */
	STORE_BATCH_MAX = 512,
	STORE_TIMERS_MAX = 8
};

struct store; /* opaque: fields live in store.c */

/* What a job works on; valid while it runs. */
struct tx {
	struct db *db;
	long long now_ms; /* wall time of the batch */
	struct id_source *ids;
	struct audit_chain *chain; /* see audit.h */
	struct arena *scratch;	   /* emptied before each job */
	struct store *store;
};

/*
 * A job returns RC_OK, a refusal (what it wrote so far is kept, so check
 * first), or RC_STORE, which undoes all it did.
 */
typedef enum rc store_job(struct tx *, void *arg);
/* Runs on the core after COMMIT, or without it (RC_STORE). Must not block. */
typedef void store_done(void *arg, enum rc rc);

/*
 * Opens DIR/assent.db, making the folder (0700) and file when absent, and
 * brings the schema up to date.
 */
enum rc store_open(const char *dir, struct store **out, struct fault *)
    MUST_CHECK;
/* Over a connection that is open already; takes it. For tests. */
enum rc store_open_db(struct db *, struct store **out, struct fault *)
    MUST_CHECK;
/* Starts the core thread. Before this, only store_now() works. */
void store_start(struct store *);
/* Runs what is waiting, then ends the thread. store_write gives RC_BUSY. */
void store_stop(struct store *);
/* Stops if need be, and closes. NULL is fine. */
void store_close(struct store *);

/* Hands a job over, from any thread. RC_BUSY: the queue is full, `done` will
 * not be called. `done` may be NULL. */
enum rc store_write(struct store *, store_job *, store_done *, void *arg)
    MUST_CHECK;
/* Runs one job in a transaction of its own and waits for it: at start, in the
 * command line and in tests; on the core thread it must not be called. */
enum rc store_now(struct store *, store_job *, void *arg) MUST_CHECK;

/*
 * A job that runs every interval_ms, and earlier when store_wake_by() says so.
 * Set up before store_start().
 */
void store_timer(struct store *, int interval_ms, store_job *, store_done *,
    void *arg);
/* From a job: the timers should run at this wall time at the latest. */
void store_wake_by(struct tx *, long long wall_ms);

/* From a job: this intent changes with the commit. */
void store_touch(struct tx *, const char *intent_id);
/* From a job: deliveries were written. */
void store_kick(struct tx *);
/* From a job: what it erases must not be found on the disk any more, also not
 * in the log of earlier changes. Done behind the commit, before it is told;
 * where a reader is in the way, as soon as it is gone. */
void store_scrub(struct tx *);
/*
 * Who is told after each commit, on the core, before `done` of its jobs.
 * Either may be NULL. Set before store_start().
 */
struct store_listener {
	void (*changed)(void *ctx, const char *intent_id);
	void (*owed)(void *ctx); /* deliveries may be due */
	void *ctx;
};
void store_listen(struct store *, const struct store_listener *);

/* A read-only connection for one thread; close with db_close(). */
enum rc store_reader(struct store *, struct db **out, struct fault *)
    MUST_CHECK;

/* For metrics. */
struct store_stats {
	long long commits;
	long long jobs;
	long long failed_commits;
	long long batch_max; /* most jobs in one commit */
	long long waiting;   /* jobs in the queue now */
	bool writable;	     /* the last commit was good */
	char fault[200];     /* of the last bad one */
};
void store_stats(struct store *, struct store_stats *out);

#endif
