#include "lib/websocket_resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "lib/mem.h"

struct question {
	struct resolver *resolver;
	char *host;
	struct resolved answer;
	STAILQ_ENTRY(question) link; /* in answered */
};

/* Lives as long as its owner or one of its threads. */
struct resolver {
	pthread_mutex_t lock; /* guards all the rest */
	bool owned;	      /* its owner has not freed it */
	int asked;	      /* questions whose thread runs */
	STAILQ_HEAD(questions, question) answered;
	void (*wake)(void *arg);
	void *arg;
};

static void
question_free(struct question *q)
{
	free(q->host);
	free(q);
}

/* The lock is held, and is gone afterwards. */
static void
unlock_or_end(struct resolver *r)
{
	bool over = !r->owned && r->asked == 0;

	pthread_mutex_unlock(&r->lock);
	if (over) {
		pthread_mutex_destroy(&r->lock);
		free(r);
	}
}

static void
look_up(const char *host, struct resolved *out)
{
	static const struct addrinfo tcp = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;

	out->error = getaddrinfo(host, NULL, &tcp, &list);
	if (out->error != 0) {
		return;
	}
	for (struct addrinfo *ai = list;
	     ai != NULL && out->n < RESOLVER_ADDRS_MAX; ai = ai->ai_next) {
		net_addr_text(ai->ai_addr, out->addrs[out->n]);
		out->n += out->addrs[out->n][0] != '\0';
	}
	freeaddrinfo(list);
	if (out->n == 0) {
		out->error = EAI_NONAME;
	}
}

static void *
run(void *arg)
{
	struct question *q = arg;
	struct resolver *r = q->resolver;

	look_up(q->host, &q->answer);
	pthread_mutex_lock(&r->lock);
	r->asked--;
	if (r->owned) {
		STAILQ_INSERT_TAIL(&r->answered, q, link);
		r->wake(r->arg);
	} else {
		question_free(q);
	}
	unlock_or_end(r);
	return NULL;
}

/* Signals are for the main thread. */
static int
start_detached(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

struct resolver *
resolver_new(void (*wake)(void *arg), void *arg)
{
	struct resolver *r = mem_new(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	r->owned = true;
	STAILQ_INIT(&r->answered);
	r->wake = wake;
	r->arg = arg;
	return r;
}

void
resolver_free(struct resolver *r)
{
	struct question *q;

	if (r == NULL) {
		return;
	}
	pthread_mutex_lock(&r->lock);
	r->owned = false;
	while ((q = STAILQ_FIRST(&r->answered)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->answered, link);
		question_free(q);
	}
	unlock_or_end(r);
}

enum rc
resolver_ask(struct resolver *r, unsigned long long id, const char *host)
{
	struct question *q;
	enum rc rc = RC_BUSY;

	pthread_mutex_lock(&r->lock);
	if (r->asked < RESOLVER_ASKED_MAX) {
		q = mem_new(1, sizeof(*q));
		q->resolver = r;
		q->host = mem_strdup(host);
		q->answer.id = id;
		if (start_detached(run, q) == 0) {
			r->asked++;
			rc = RC_OK;
		} else {
			question_free(q);
		}
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

bool
resolver_take(struct resolver *r, struct resolved *out)
{
	struct question *q;

	pthread_mutex_lock(&r->lock);
	q = STAILQ_FIRST(&r->answered);
	if (q != NULL) {
		STAILQ_REMOVE_HEAD(&r->answered, link);
		*out = q->answer;
		question_free(q);
	}
	pthread_mutex_unlock(&r->lock);
	return q != NULL;
}
