#include "lib/http_client.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/http_client_call.h"
#include "lib/mem.h"
#include "lib/queue.h"

enum {
	POOL_MAIL = 3, /* behind those of enum http_pool */
	POOLS = 4,
	PER_HOST_MAX = 8, /* connections to one host, in each pool */
	FOREIGN_MAX = 64, /* foreign connections at a time */
	IDLE_MAX = 16,	  /* connections of ours kept for the next call */
	STARTS_MAX = 64,  /* calls begun in one turn */
	/*
	 * The longest sleep while calls are under way: curl 7.88 goes to the
	 * next address of a name only when it is run again.
	 */
	TURN_MS_MAX = 200,
	IDLE_MS_MAX = 60 * 1000,
};

/*
 * A pool has a thread because curl_multi_poll() waits for one multi; and so
 * a burst of handshakes with strangers does not delay an answer to a chat.
 * Mails have one of their own: while a server thinks about a whole message,
 * curl 7.88 waits for it in curl_multi_perform() and does nothing else.
 */
struct pool {
	struct http_client *client;
	CURLM *multi;
	struct queue *queue;		  /* of struct call */
	LIST_HEAD(calls, call) under_way; /* of the pool's thread */
	atomic_size_t waiting;		  /* calls queued and under way */
	int running;  /* how many of these curl still works on */
	bool started; /* the thread */
	pthread_t thread;
};

struct http_client {
	struct http_client_options options; /* strings are owned */
	struct pool pools[POOLS];	    /* by enum http_pool; then mail */
	pthread_mutex_t done_lock;	    /* held while a done runs */
};

/* A failure here is our own mistake. */
#define SET(multi, option, value) \
	do { \
		CURLMcode set_ = \
		    curl_multi_setopt((multi), (option), (value)); \
		assert(set_ == CURLM_OK); \
	} while (0)

/* The last of a call: it is out of the list, and curl has let go of it. */
static void
call_end(struct pool *pool, struct call *call, const struct http_answer *answer)
{
	/* Before done, which may want to send the next one. */
	atomic_fetch_sub(&pool->waiting, 1);
	pthread_mutex_lock(&pool->client->done_lock);
	call->done(call->arg, answer);
	pthread_mutex_unlock(&pool->client->done_lock);
	call_free(call);
}

/* Runs at least every second, also while curl waits for a mail server. */
static int
on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
    curl_off_t up)
{
	struct pool *pool = arg;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return queue_closed(pool->queue) ? 1 : 0; /* 1 ends the call */
}

static void
call_start(struct pool *pool, struct call *call)
{
	struct http_answer answer;
	const char *refusal = call_prepare(call);
	CURLMcode added;

	if (refusal != NULL) {
		call_refuse(call, RC_INVALID, refusal, &answer);
		call_end(pool, call, &answer);
		return;
	}
	if (call->is_mail) {
		CALL_SET(call->easy, CURLOPT_NOPROGRESS, 0L);
		CALL_SET(call->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		CALL_SET(call->easy, CURLOPT_XFERINFODATA, pool);
	}
	LIST_INSERT_HEAD(&pool->under_way, call, link);
	added = curl_multi_add_handle(pool->multi, call->easy);
	assert(added == CURLM_OK);
}

static void
call_leave(struct pool *pool, struct call *call)
{
	call_cut_mail(call);
	curl_multi_remove_handle(pool->multi, call->easy);
	LIST_REMOVE(call, link);
}

static void
start_waiting(struct pool *pool)
{
	void *calls[STARTS_MAX];
	size_t n = queue_pop(pool->queue, calls, STARTS_MAX, 0);

	for (size_t i = 0; i < n; i++) {
		call_start(pool, calls[i]);
	}
}

static void
end_finished(struct pool *pool)
{
	struct http_answer answer;
	struct CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(pool->multi, &left)) != NULL) {
		CURLcode code = msg->data.result;
		struct call *call;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		call_leave(pool, call);
		if (queue_closed(pool->queue) &&
		    code == CURLE_ABORTED_BY_CALLBACK) {
			call_refuse(call, RC_BUSY, "stopping", &answer);
		} else {
			call_answer(call, code, &answer);
		}
		call_end(pool, call, &answer);
	}
}

static void
take_turn(struct pool *pool)
{
	int ms = IDLE_MS_MAX;

	start_waiting(pool);
	curl_multi_perform(pool->multi, &pool->running);
	end_finished(pool);
	if (queue_len(pool->queue) > 0) {
		return;
	}
	if (pool->running > 0) {
		ms = TURN_MS_MAX;
	}
	/* Returns early for a socket, a timer of curl's and a wake-up. */
	curl_multi_poll(pool->multi, NULL, 0, ms, NULL);
}

/* Whoever is called back meanwhile and sends again hears RC_BUSY. */
static void
end_all(struct pool *pool)
{
	struct http_answer answer;
	struct call *call;
	void *queued;

	while ((call = LIST_FIRST(&pool->under_way)) != NULL) {
		call_leave(pool, call);
		call_refuse(call, RC_BUSY, "stopping", &answer);
		call_end(pool, call, &answer);
	}
	while (queue_pop(pool->queue, &queued, 1, 0) == 1) {
		call_refuse(queued, RC_BUSY, "stopping", &answer);
		call_end(pool, queued, &answer);
	}
}

static void *
run(void *arg)
{
	struct pool *pool = arg;

	while (!queue_closed(pool->queue)) {
		take_turn(pool);
	}
	end_all(pool);
	return NULL;
}

static void
pools_open(struct http_client *c)
{
	for (size_t i = 0; i < POOLS; i++) {
		struct pool *pool = &c->pools[i];

		pool->client = c;
		pool->queue = queue_new(c->options.waiting_max);
		pool->multi = curl_multi_init();
		assert(pool->multi != NULL);
		SET(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
		    (long)PER_HOST_MAX);
		SET(pool->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_MAX);
	}
	SET(c->pools[HTTP_FOREIGN].multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)FOREIGN_MAX);
}

/*
 * The threads take no signals: these are for the main thread, and with
 * CURLOPT_NOSIGNAL curl leaves it to us that SIGPIPE does no harm.
 */
static int
threads_start(struct http_client *c)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 0; i < POOLS && err == 0; i++) {
		struct pool *pool = &c->pools[i];

		err = pthread_create(&pool->thread, NULL, run, pool);
		pool->started = err == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

enum rc
http_client_new(const struct http_client_options *options,
    struct http_client **out, struct fault *f)
{
	struct http_client *c;
	int err;

	assert(options->waiting_max > 0);
	*out = NULL;
	if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
		return fault_set(f, RC_INVALID, "ca_file", "%s: %s",
		    options->ca_file, strerror(errno));
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return fault_set(f, RC_INTERNAL, "", "curl does not start");
	}
	c = mem_new(1, sizeof(*c));
	c->options = *options;
	c->options.ca_file = mem_strdup(options->ca_file);
	c->options.user_agent = mem_strdup(options->user_agent);
	pthread_mutex_init(&c->done_lock, NULL);
	pools_open(c);
	err = threads_start(c);
	if (err != 0) {
		http_client_free(c);
		return fault_set(f, RC_INTERNAL, "",
		    "no thread for the http client: %s", strerror(err));
	}
	*out = c;
	return RC_OK;
}

void
http_client_free(struct http_client *c)
{
	if (c == NULL) {
		return;
	}
	/* All before one ends: a done may send to another. */
	for (size_t i = 0; i < POOLS; i++) {
		queue_close(c->pools[i].queue);
		curl_multi_wakeup(c->pools[i].multi);
	}
	for (size_t i = 0; i < POOLS; i++) {
		if (c->pools[i].started) {
			pthread_join(c->pools[i].thread, NULL);
		}
	}
	for (size_t i = 0; i < POOLS; i++) {
		curl_multi_cleanup(c->pools[i].multi);
		queue_free(c->pools[i].queue);
	}
	pthread_mutex_destroy(&c->done_lock);
	mem_drop(&c->options.ca_file);
	mem_drop(&c->options.user_agent);
	free(c);
	curl_global_cleanup();
}

/* One more call may wait; its place is given back by call_end(). */
static bool
place_taken(struct pool *pool)
{
	if (atomic_fetch_add(&pool->waiting, 1) <
	    pool->client->options.waiting_max) {
		return true;
	}
	atomic_fetch_sub(&pool->waiting, 1);
	return false;
}

/* Hands a call over to the pool in which it has a place. */
static enum rc
push(struct pool *pool, struct call *call)
{
	enum rc rc = queue_push(pool->queue, call);

	if (rc != RC_OK) {
		atomic_fetch_sub(&pool->waiting, 1);
		call_free(call);
		return rc;
	}
	curl_multi_wakeup(pool->multi);
	return RC_OK;
}

enum rc
http_client_send(struct http_client *c, const struct http_call *h,
    void (*done)(void *arg, const struct http_answer *), void *arg)
{
	struct pool *pool = &c->pools[h->pool];
	struct call *call;

	if (!place_taken(pool)) {
		return RC_BUSY;
	}
	call = call_new_http(&c->options, h);
	call->done = done;
	call->arg = arg;
	return push(pool, call);
}

enum rc
http_client_mail(struct http_client *c, const struct http_mail *m,
    void (*done)(void *arg, const struct http_answer *), void *arg)
{
	struct pool *pool = &c->pools[POOL_MAIL];
	struct call *call;

	if (!place_taken(pool)) {
		return RC_BUSY;
	}
	call = call_new_mail(&c->options, m);
	call->done = done;
	call->arg = arg;
	return push(pool, call);
}
