#include "outbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "outbox_end.h"

enum {
	IN_FLIGHT_MAX = 32 /* of one channel */
};

struct lane {
	struct outbox *outbox;
	const struct channel_ops *ops;
	void *self;
	struct channel_env env;
	struct channel_up up;
	atomic_int in_flight;
	atomic_llong busy_until_ms; /* monotonic; it took nothing lately */
};

/* One run of the pump. A batch may hold two: each keeps what it leased. */
struct pumping {
	struct outbox *outbox;
	struct {
		struct delivery *ready[IN_FLIGHT_MAX]; /* not committed */
		int n;
	} lanes[OUTBOX_CHANNELS_MAX];
};

struct outbox {
	struct outbox_options options;
	struct lane lanes[OUTBOX_CHANNELS_MAX];
	int lanes_n;
	const struct channel_up *up; /* borrowed: who is told of answers */
	struct pumping timed;	     /* the timer's */
	atomic_bool kicked;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of each lane's self: a stop takes it away */
};

struct outbox *
outbox_new(const struct outbox_options *options)
{
	struct outbox *o = mem_new(1, sizeof(*o));

	o->options = *options;
	o->timed.outbox = o;
	(void)pthread_mutex_init(&o->lock, NULL);
	return o;
}

static void
pumping_forget(struct pumping *p)
{
	for (int i = 0; i < OUTBOX_CHANNELS_MAX; i++) {
		for (int k = 0; k < p->lanes[i].n; k++) {
			delivery_free(p->lanes[i].ready[k]);
		}
		p->lanes[i].n = 0;
	}
}

/* Its answer was lost, but somebody has clicked on it since. */
static enum rc
seen(struct tx *tx, struct delivery_row *row, struct fault *f)
{
	enum rc rc = outbox_end_row(tx, row, DELIVERY_DONE, NULL, f);

	if (rc == RC_OK) {
		rc = outbox_audit(tx, row, "delivery_sent", NULL, f);
	}
	return rc == RC_OK ? delivery_message_ended(tx, row, f) : rc;
}

static enum rc
lease(struct tx *tx, struct pumping *p, struct people *people, int lane,
    struct delivery_row *row, struct fault *f)
{
	struct outbox *o = p->outbox;
	struct delivery *d;
	enum rc rc;

	if (row->kind == DELIVERY_ASK && row->remote_id != NULL) {
		return seen(tx, row, f);
	}
	row->state = DELIVERY_LEASED;
	row->attempts++;
	row->due_ms = tx->now_ms + OUTBOX_LEASE_MS;
	rc = message_compose(tx, &o->options.message, people, row, &d, f);
	if (rc == RC_EXPIRED) {
		rc = outbox_end_row(tx, row, DELIVERY_DROPPED, f->text, f);
		return rc == RC_OK && row->kind == DELIVERY_ASK
		    ? delivery_message_ended(tx, row, f)
		    : rc;
	}
	if (rc == RC_STORE) {
		return rc;
	}
	if (rc != RC_OK) {
		log_error("delivery %s cannot be composed error=\"%s\"",
		    row->id, f->text);
		rc = outbox_end_row(tx, row, DELIVERY_DEAD, f->text, f);
		return rc == RC_OK
		    ? outbox_audit(tx, row, "delivery_dead", row->error, f)
		    : rc;
	}
	p->lanes[lane].ready[p->lanes[lane].n++] = d;
	return delivery_update(tx, row, f);
}

static enum rc
pump_lane(struct tx *tx, struct pumping *p, struct people *people, int lane,
    struct fault *f)
{
	const struct lane *l = &p->outbox->lanes[lane];
	struct arena *a = tx->scratch;
	struct delivery_row *rows;
	long long next;
	int n, room = IN_FLIGHT_MAX - atomic_load(&l->in_flight);
	enum rc rc;

	if (room <= 0) {
		return RC_OK; /* the next end of an attempt kicks */
	}
	if (clock_mono_ms() < atomic_load(&l->busy_until_ms)) {
		return RC_OK; /* nor does the timer sleep longer than this */
	}
	rc = delivery_due(tx->db, l->ops->name, tx->now_ms, room, a, &rows, &n,
	    f);
	for (int i = 0; rc == RC_OK && i < n; i++) {
		rc = lease(tx, p, people, lane, &rows[i], f);
	}
	if (rc == RC_OK && n < room) {
		rc = delivery_next_due(tx->db, l->ops->name, &next, f);
		if (rc == RC_OK) {
			store_wake_by(tx, next);
		}
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
pump(struct tx *tx, void *arg)
{
	struct pumping *p = arg;
	struct outbox *o = p->outbox;
	struct fault f = {0};
	CLEANUP(rules_drop) struct policy_set *set =
	    rules_get(o->options.rules);
	enum rc rc = RC_OK;

	pumping_forget(p); /* of a batch that was rolled back */
	atomic_store(&o->kicked, false);
	if (atomic_load(&o->stopping)) {
		return RC_OK;
	}
	for (int i = 0; rc == RC_OK && i < o->lanes_n; i++) {
		rc = pump_lane(tx, p, policy_set_people(set), i, &f);
	}
	return rc == RC_OK ? RC_OK : RC_STORE;
}

static void
ending_free(struct outbox_end *e)
{
	free(e->remote_id);
	free(e->detail);
	free(e->account);
	free(e);
}

static void
attempt_ended(void *arg, enum rc rc)
{
	struct outbox_end *e = arg;

	if (rc == RC_STORE) {
		log_warn("delivery %s: its end is not stored, it will be "
			 "repeated",
		    e->id);
	}
	ending_free(e);
}

static void
ended(void *ctx, const char *id, const struct attempt *at)
{
	struct lane *l = ctx;
	struct outbox_end *e = mem_new(1, sizeof(*e));

	atomic_fetch_sub(&l->in_flight, 1);
	if (at->rc == RC_BUSY) {
		/* Else all that is owed would go round and round. */
		atomic_store(&l->busy_until_ms,
		    clock_mono_ms() + OUTBOX_PUMP_MS);
	}
	*e = (struct outbox_end){.options = &l->outbox->options,
	    .rc = at->rc,
	    .retry_after_s = at->retry_after_s,
	    .remote_id = mem_strdup(at->remote_id),
	    .detail = mem_strdup(at->detail),
	    .account = mem_strdup(at->account)};
	(void)snprintf(e->id, sizeof(e->id), "%s", id);
	if (store_write(l->outbox->options.store, outbox_end_attempt,
		attempt_ended, e) != RC_OK) {
		ending_free(e); /* the lease will run out */
	}
}

/* Leases are on disk: hand the deliveries over. */
static void
pumped(void *arg, enum rc rc)
{
	const struct attempt busy = {.rc = RC_BUSY};
	struct pumping *p = arg;

	for (int i = 0; rc == RC_OK && i < p->outbox->lanes_n; i++) {
		struct lane *l = &p->outbox->lanes[i];

		for (int k = 0; k < p->lanes[i].n; k++) {
			struct delivery *d = p->lanes[i].ready[k];

			atomic_fetch_add(&l->in_flight, 1);
			if (l->ops->deliver(l->self, d) != RC_OK) {
				ended(l, d->id, &busy);
				delivery_free(d);
			}
		}
		p->lanes[i].n = 0;
	}
	pumping_forget(p);
	if (p != &p->outbox->timed) {
		free(p);
	}
}

void
outbox_kick(struct outbox *o)
{
	struct pumping *p;

	if (atomic_exchange(&o->kicked, true)) {
		return;
	}
	p = mem_new(1, sizeof(*p));
	p->outbox = o;
	if (store_write(o->options.store, pump, pumped, p) != RC_OK) {
		free(p);
		atomic_store(&o->kicked, false); /* the timer will come */
	}
}

/* The rest of what a channel says is for those above us. */
static void
decided(void *ctx, struct answer *answer)
{
	const struct channel_up *up = ((struct lane *)ctx)->outbox->up;

	up->decided(up->ctx, answer);
}

static void
pending(void *ctx, struct pending_list *list)
{
	const struct channel_up *up = ((struct lane *)ctx)->outbox->up;

	up->pending(up->ctx, list);
}

static void
remember(void *ctx, const char *name, const char *text,
    void (*done)(void *arg, enum rc), void *arg)
{
	const struct channel_up *up = ((struct lane *)ctx)->outbox->up;

	up->remember(up->ctx, name, text, done, arg);
}

static enum rc
lane_start(struct outbox *o, const struct channel_ops *ops,
    const struct channel_env *env, struct fault *f)
{
	struct lane *l = &o->lanes[o->lanes_n];
	enum rc rc;

	assert(o->lanes_n < OUTBOX_CHANNELS_MAX);
	l->outbox = o;
	l->ops = ops;
	l->env = *env;
	l->up = (struct channel_up){.ended = ended,
	    .decided = decided,
	    .pending = pending,
	    .remember = remember,
	    .ctx = l};
	l->env.up = &l->up;
	rc = ops->start(&l->env, &l->self, f);
	if (rc == RC_OK) {
		o->lanes_n++;
	}
	return rc;
}

static enum rc
end_leases(struct tx *tx, void *arg)
{
	return delivery_end_leases(tx, arg);
}

enum rc
outbox_start(struct outbox *o, const struct channel_env *env, struct fault *f)
{
	/* Nobody else works on this store: what is leased was left behind. */
	enum rc rc = store_now(o->options.store, end_leases, f);

	if (rc != RC_OK) {
		return fault_set(f, rc, "ASSENT_DATA_DIR",
		    "the database cannot be written");
	}
	o->up = env->up;
	for (size_t i = 0; channel_all[i] != NULL; i++) {
		if (!channel_all[i]->wanted(env)) {
			continue;
		}
		rc = lane_start(o, channel_all[i], env, f);
		if (rc != RC_OK) {
			return rc;
		}
		log_info("channel %s started", channel_all[i]->name);
	}
	store_timer(o->options.store, OUTBOX_PUMP_MS, pump, pumped, &o->timed);
	return RC_OK;
}

static enum rc
barrier(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return RC_OK;
}

void
outbox_stop(struct outbox *o)
{
	if (atomic_exchange(&o->stopping, true)) {
		return;
	}
	/* Behind this job the core hands nothing over any more. */
	if (store_now(o->options.store, barrier, NULL) != RC_OK) {
		log_warn("outbox stops while the store fails");
	}
	for (int i = 0; i < o->lanes_n; i++) {
		void *self = o->lanes[i].self;

		(void)pthread_mutex_lock(&o->lock);
		o->lanes[i].self = NULL;
		(void)pthread_mutex_unlock(&o->lock);
		o->lanes[i].ops->stop(self);
	}
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL) {
		return;
	}
	for (int i = 0; i < o->lanes_n; i++) {
		assert(o->lanes[i].self == NULL); /* outbox_stop() was here */
	}
	pumping_forget(&o->timed);
	(void)pthread_mutex_destroy(&o->lock);
	free(o);
}

int
outbox_channels(const struct outbox *o)
{
	return o->lanes_n;
}

const char *
outbox_channel(struct outbox *o, int i, struct channel_health *out)
{
	const struct lane *l;

	assert(i >= 0 && i < o->lanes_n);
	l = &o->lanes[i];
	if (out != NULL) {
		*out = (struct channel_health){.state = CHANNEL_DOWN,
		    .fault = "stopped"};
		(void)pthread_mutex_lock(&o->lock);
		if (l->self != NULL) {
			l->ops->health(l->self, out);
		}
		(void)pthread_mutex_unlock(&o->lock);
	}
	return l->ops->name;
}

const char *
outbox_default(const struct outbox *o, int i)
{
	const struct lane *l;

	assert(i >= 0 && i < o->lanes_n);
	l = &o->lanes[i];
	return l->ops->default_channel != NULL
	    ? l->env.setting(l->env.setting_ctx, l->ops->default_channel)
	    : NULL;
}
