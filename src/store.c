#include "store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/queue.h"

enum { TOUCHED_MAX = STORE_BATCH_MAX * 4, WAKE_MAX_MS = 1000 };

struct job {
	store_job *run;
	store_done *done;
	void *arg;
	enum rc rc;
};

struct timer {
	struct job job;
	int interval_ms;
	long long due_mono_ms;
};

struct store {
	char *path; /* of the database; NULL over a given connection */
	struct db *db;
	struct id_source ids;
	struct audit_chain chain; /* of the batch at work */
	struct arena *scratch;	  /* of the job at work */
	struct queue *jobs;
	pthread_t thread;
	bool running;
	struct timer timers[STORE_TIMERS_MAX];
	int timers_n;
	long long wake_ms; /* wall; 0 = nothing asked for */
	struct store_listener listener;
	char touched[TOUCHED_MAX][ID_SIZE];
	int touched_n;
	bool owed;
	bool erased;	      /* by the batch at work */
	bool scrub_due;	      /* something was, and may still be on the disk */
	pthread_mutex_t lock; /* of stats */
	struct store_stats stats;
};

static struct tx
tx_of(struct store *st)
{
	arena_reset(st->scratch);
	return (struct tx){.db = st->db,
	    .now_ms = clock_now_ms(),
	    .ids = &st->ids,
	    .chain = &st->chain,
	    .scratch = st->scratch,
	    .store = st};
}

void
store_touch(struct tx *tx, const char *intent_id)
{
	struct store *st = tx->store;

	for (int i = st->touched_n - 1; i >= 0 && i >= st->touched_n - 4; i--) {
		if (strcmp(st->touched[i], intent_id) == 0) {
			return;
		}
	}
	/* Sized so that a batch cannot pass it: see STORE_BATCH_MAX users. */
	if (st->touched_n < TOUCHED_MAX) {
		(void)snprintf(st->touched[st->touched_n++], ID_SIZE, "%s",
		    intent_id);
	}
}

void
store_kick(struct tx *tx)
{
	tx->store->owed = true;
}

void
store_scrub(struct tx *tx)
{
	tx->store->scrub_due = true;
}

void
store_wake_by(struct tx *tx, long long wall_ms)
{
	struct store *st = tx->store;

	if (st->wake_ms == 0 || wall_ms < st->wake_ms) {
		st->wake_ms = wall_ms;
	}
}

static void
forget_batch(struct store *st)
{
	st->touched_n = 0;
	st->owed = false;
	st->chain.loaded = false;
}

static void
announce(struct store *st)
{
	const struct store_listener *l = &st->listener;

	for (int i = 0; l->changed != NULL && i < st->touched_n; i++) {
		l->changed(l->ctx, st->touched[i]);
	}
	if (st->owed && l->owed != NULL) {
		l->owed(l->ctx);
	}
	forget_batch(st);
}

/* RC_STORE rolls everything back. */
static enum rc
run_together(struct store *st, struct job *const *jobs, size_t n,
    struct fault *f)
{
	enum rc rc = db_begin(st->db, f);

	forget_batch(st);
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct tx tx = tx_of(st);

		jobs[i]->rc = jobs[i]->run(&tx, jobs[i]->arg);
		if (jobs[i]->rc == RC_STORE) {
			rc = fault_set(f, RC_STORE, "", "a statement failed");
		}
	}
	if (rc == RC_OK) {
		rc = db_commit(st->db, f);
	}
	if (rc != RC_OK) {
		db_rollback(st->db);
		forget_batch(st);
	}
	return rc;
}

static void
count(struct store *st, size_t n, enum rc rc, const struct fault *f)
{
	struct store_stats *s = &st->stats;

	(void)pthread_mutex_lock(&st->lock);
	if (rc == RC_OK) {
		s->commits++;
		s->jobs += (long long)n;
		s->batch_max = (long long)n > s->batch_max ? (long long)n
							   : s->batch_max;
	} else {
		s->failed_commits++;
		(void)snprintf(s->fault, sizeof(s->fault), "%.190s", f->text);
	}
	s->writable = rc == RC_OK;
	(void)pthread_mutex_unlock(&st->lock);
}

static void
scrub(struct store *st)
{
	struct fault f = {0};

	if (st->scrub_due) {
		st->scrub_due = db_scrub(st->db, &f) != RC_OK;
	}
}

static enum rc
attempt(struct store *st, struct job *const *jobs, size_t n)
{
	struct fault f = {0};
	enum rc rc = run_together(st, jobs, n, &f);

	count(st, n, rc, &f);
	if (rc != RC_OK) {
		log_error("store commit failed jobs=%zu error=\"%s\"", n,
		    f.text);
	}
	scrub(st);
	return rc;
}

static void
run_batch(struct store *st, struct job *const *jobs, size_t n)
{
	if (attempt(st, jobs, n) == RC_OK) {
		announce(st);
		for (size_t i = 0; i < n; i++) {
			if (jobs[i]->done != NULL) {
				jobs[i]->done(jobs[i]->arg, jobs[i]->rc);
			}
		}
		return;
	}
	/* One bad job must not take the others down with it. */
	for (size_t i = 0; i < n; i++) {
		if (n == 1 || attempt(st, &jobs[i], 1) != RC_OK) {
			jobs[i]->rc = RC_STORE;
		} else {
			announce(st);
		}
		if (jobs[i]->done != NULL) {
			jobs[i]->done(jobs[i]->arg, jobs[i]->rc);
		}
	}
}

static void
run_timers(struct store *st)
{
	long long mono = clock_mono_ms();
	bool asked = st->wake_ms != 0 && clock_now_ms() >= st->wake_ms;

	if (asked) {
		st->wake_ms = 0;
	}
	scrub(st);
	for (int i = 0; i < st->timers_n; i++) {
		struct timer *t = &st->timers[i];
		struct job *job = &t->job;

		if (asked || mono >= t->due_mono_ms) {
			t->due_mono_ms = mono + t->interval_ms;
			run_batch(st, &job, 1);
		}
	}
}

static int
wait_ms(const struct store *st)
{
	long long mono = clock_mono_ms(), wait = WAKE_MAX_MS;

	for (int i = 0; i < st->timers_n; i++) {
		long long left = st->timers[i].due_mono_ms - mono;

		wait = left < wait ? left : wait;
	}
	if (st->wake_ms != 0) {
		long long left = st->wake_ms - clock_now_ms();

		wait = left < wait ? left : wait;
	}
	return wait < 0 ? 0 : (int)wait;
}

static void *
core(void *arg)
{
	struct store *st = arg;
	void *got[STORE_BATCH_MAX];
	struct job *jobs[STORE_BATCH_MAX];

	for (;;) {
		size_t n =
		    queue_pop(st->jobs, got, STORE_BATCH_MAX, wait_ms(st));

		for (size_t i = 0; i < n; i++) {
			jobs[i] = got[i];
		}
		if (n > 0) {
			run_batch(st, jobs, n);
		}
		for (size_t i = 0; i < n; i++) {
			free(jobs[i]);
		}
		if (n == 0 && queue_closed(st->jobs)) {
			return NULL;
		}
		run_timers(st);
	}
}

/* New ids must lie above those of earlier runs, even if the clock went back. */
static enum rc
ids_begin(struct store *st, struct fault *f)
{
	static const char sql[] =
	    "SELECT max(id) FROM intent UNION ALL SELECT max(id) FROM delivery "
	    "UNION ALL SELECT max(id) FROM key UNION ALL "
	    "SELECT max(id) FROM agent UNION ALL SELECT max(id) FROM execution";
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(db_rows_drop) struct db_rows *rows = NULL;
	enum rc rc = db_query(st->db, f, &rows, sql, "");

	while (rc == RC_OK) {
		rc = db_next(rows, f);
		if (rc == RC_OK && !db_is_null(rows, 0)) {
			id_seen(&st->ids, db_get_text(rows, 0, a));
		}
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
store_open_db(struct db *db, struct store **out, struct fault *f)
{
	struct store *st = mem_new(1, sizeof(*st));
	enum rc rc;

	st->db = db;
	st->jobs = queue_new(STORE_JOBS_MAX);
	st->scratch = arena_new();
	st->stats.writable = true;
	(void)pthread_mutex_init(&st->lock, NULL);
	rc = ids_begin(st, f);
	if (rc != RC_OK) {
		store_close(st);
		return rc;
	}
	*out = st;
	return RC_OK;
}

enum rc
store_open(const char *dir, struct store **out, struct fault *f)
{
	char path[4096];
	struct db *db;
	enum rc rc;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		return fault_set(f, RC_STORE, "ASSENT_DATA_DIR",
		    "cannot make %s: %s", dir, strerror(errno));
	}
	if (snprintf(path, sizeof(path), "%s/assent.db", dir) >=
	    (int)sizeof(path)) {
		return fault_set(f, RC_INVALID, "ASSENT_DATA_DIR",
		    "the path is too long");
	}
	rc = db_sqlite_open(path, DB_WRITE, &db, f);
	if (rc != RC_OK) {
		return rc;
	}
	rc = store_open_db(db, out, f);
	if (rc == RC_OK) {
		(*out)->path = mem_strdup(path);
	}
	return rc;
}

void
store_start(struct store *st)
{
	assert(!st->running);
	if (pthread_create(&st->thread, NULL, core, st) != 0) {
		log_error("store cannot start its thread");
		abort();
	}
	(void)pthread_setname_np(st->thread, "core");
	st->running = true;
}

void
store_stop(struct store *st)
{
	queue_close(st->jobs);
	if (st->running) {
		(void)pthread_join(st->thread, NULL);
		st->running = false;
	}
}

void
store_close(struct store *st)
{
	if (st == NULL) {
		return;
	}
	store_stop(st);
	queue_free(st->jobs);
	arena_free(st->scratch);
	db_close(st->db);
	(void)pthread_mutex_destroy(&st->lock);
	free(st->path);
	free(st);
}

enum rc
store_write(struct store *st, store_job *run, store_done *done, void *arg)
{
	struct job *job = mem_new(1, sizeof(*job));
	enum rc rc;

	*job = (struct job){.run = run, .done = done, .arg = arg};
	rc = queue_push(st->jobs, job);
	if (rc != RC_OK) {
		free(job);
	}
	return rc;
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t over;
	store_job *run;
	void *arg;
	bool is_over;
	enum rc rc;
};

static enum rc
waiting_run(struct tx *tx, void *arg)
{
	struct waiting *w = arg;

	return w->run(tx, w->arg);
}

static void
waiting_done(void *arg, enum rc rc)
{
	struct waiting *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	w->rc = rc;
	w->is_over = true;
	(void)pthread_cond_signal(&w->over);
	(void)pthread_mutex_unlock(&w->lock);
}

enum rc
store_now(struct store *st, store_job *run, void *arg)
{
	struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER,
	    .over = PTHREAD_COND_INITIALIZER,
	    .run = run,
	    .arg = arg};
	enum rc rc;

	if (!st->running) {
		struct job job = {.run = run, .arg = arg}, *jobs = &job;

		run_batch(st, &jobs, 1);
		return job.rc;
	}
	rc = store_write(st, waiting_run, waiting_done, &w);
	if (rc != RC_OK) {
		return rc;
	}
	(void)pthread_mutex_lock(&w.lock);
	while (!w.is_over) {
		(void)pthread_cond_wait(&w.over, &w.lock);
	}
	(void)pthread_mutex_unlock(&w.lock);
	return w.rc;
}

void
store_timer(struct store *st, int interval_ms, store_job *run, store_done *done,
    void *arg)
{
	assert(!st->running && st->timers_n < STORE_TIMERS_MAX);
	st->timers[st->timers_n++] = (struct timer){
	    .job = {.run = run, .done = done, .arg = arg},
	    .interval_ms = interval_ms,
	};
}

void
store_listen(struct store *st, const struct store_listener *l)
{
	assert(!st->running);
	st->listener = *l;
}

enum rc
store_reader(struct store *st, struct db **out, struct fault *f)
{
	assert(st->path != NULL);
	return db_sqlite_open(st->path, DB_READ, out, f);
}

void
store_stats(struct store *st, struct store_stats *out)
{
	(void)pthread_mutex_lock(&st->lock);
	*out = st->stats;
	(void)pthread_mutex_unlock(&st->lock);
	out->waiting = (long long)queue_len(st->jobs);
}
