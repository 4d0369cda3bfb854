#include "bots/discord_session.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "bots/discord_session_impl.h"
#include "lib/mem.h"

enum {
	FREE_MS = 1500,	  /* longest wait for the close to go out */
	FREE_TURN_MS = 20 /* between tries to find room in the loop */
};

static void
session_start(void *arg)
{
	struct discord_session *s = arg;

	discord_session_move(s, DISCORD_ON_START);
	discord_session_unref(s);
}

static void
session_stop(void *arg)
{
	struct discord_session *s = arg;

	if (s->saving.dirty) {
		s->saving.under_way = false; /* its answer is not waited for */
		discord_session_save(s);
	}
	discord_session_move(s, DISCORD_ON_STOP);
	discord_session_unref(s);
}

/* Takes a count of its own for the job. */
static enum rc
run(struct discord_session *s, void (*fn)(void *arg))
{
	enum rc rc;

	discord_session_ref(s);
	rc = websocket_loop_run(s->options.loop, fn, s);
	if (rc != RC_OK) {
		discord_session_unref(s);
	}
	return rc;
}

static void
locks_init(struct discord_session *s)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->change, &attr);
	pthread_condattr_destroy(&attr);
}

struct discord_session *
discord_session_new(const struct discord_session_options *options)
{
	static const char plain[] = "http://";
	struct discord_session *s = mem_new(1, sizeof(*s));

	atomic_init(&s->refs, 1);
	atomic_init(&s->muted, false);
	locks_init(s);
	s->owned = true;
	s->options = *options;
	s->api_url = mem_strdup(options->api_url);
	s->token = mem_strdup(options->token);
	s->user_agent = mem_strdup(options->user_agent);
	s->plain = strncmp(s->api_url, plain, strlen(plain)) == 0;
	if (strcmp(s->api_url, DISCORD_API_URL) == 0) {
		s->fallback_url = DISCORD_GATEWAY_URL;
	}
	discord_memory_init(&s->memory, s->token, s->plain, options->stored);
	discord_session_report(s);
	discord_session_ref(s); /* its life on the loop */
	if (run(s, session_start) != RC_OK) {
		discord_session_fault(s, "the chat loop takes no jobs");
		s->over = true;
		discord_session_unref(s);
	}
	return s;
}

void
discord_session_handled(struct discord_session *s, long long seq)
{
	if (discord_memory_handled(&s->memory, seq)) {
		discord_session_save(s);
	}
}

static void
add_ms(struct timespec *t, int ms)
{
	enum { SECOND_MS = 1000, MS_NS = 1000 * 1000 };
	const long second_ns = 1000L * MS_NS;

	t->tv_sec += ms / SECOND_MS;
	t->tv_nsec += (long)(ms % SECOND_MS) * MS_NS;
	if (t->tv_nsec >= second_ns) {
		t->tv_sec++;
		t->tv_nsec -= second_ns;
	}
}

/* Under the lock, until it is over or `until`. True: it is over, or time is. */
static bool
wait_over(struct discord_session *s, const struct timespec *until)
{
	int err = 0;

	while (!s->over && err != ETIMEDOUT) {
		err = pthread_cond_timedwait(&s->change, &s->lock, until);
	}
	return s->over;
}

void
discord_session_free(struct discord_session *s)
{
	struct timespec until, turn;

	if (s == NULL) {
		return;
	}
	atomic_store(&s->muted, true);
	clock_gettime(CLOCK_MONOTONIC, &until);
	add_ms(&until, FREE_MS);
	for (int i = 0;
	     i < FREE_MS / FREE_TURN_MS && run(s, session_stop) != RC_OK; i++) {
		clock_gettime(CLOCK_MONOTONIC, &turn);
		add_ms(&turn, FREE_TURN_MS);
		pthread_mutex_lock(&s->lock);
		(void)wait_over(s, &turn);
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_lock(&s->lock);
	(void)wait_over(s, &until);
	s->owned = false;
	pthread_mutex_unlock(&s->lock);
	discord_session_unref(s);
}
