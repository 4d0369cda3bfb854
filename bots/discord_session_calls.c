#include "bots/discord_session_impl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/http_client.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
	FIND_TIMEOUT_MS = 10 * 1000,
	FIND_ANSWER_MAX = 16 * 1024, /* bytes */
	SAVE_LOST_MS = 30 * 1000     /* no answer of the store for so long */
};

/* An answer on its way to the loop's thread. */
struct note {
	struct discord_session *session; /* counted */
	long long number;
	enum rc rc;
	int status;
	int retry_after_s;
	struct discord_found found; /* url "" = none */
};

long long
discord_session_now_ms(const struct discord_session *s)
{
	return s->options.now_ms != NULL ? s->options.now_ms() : clock_now_ms();
}

long long
discord_session_mono_ms(const struct discord_session *s)
{
	return s->options.mono_ms != NULL ? s->options.mono_ms()
					  : clock_mono_ms();
}

void
discord_session_ref(struct discord_session *s)
{
	atomic_fetch_add(&s->refs, 1);
}

void
discord_session_unref(struct discord_session *s)
{
	if (atomic_fetch_sub(&s->refs, 1) > 1) {
		return;
	}
	crypto_wipe(s->token, strlen(s->token));
	mem_drop(&s->token);
	mem_drop(&s->api_url);
	mem_drop(&s->user_agent);
	discord_memory_fini(&s->memory);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct note *
note_new(struct discord_session *s, long long number)
{
	struct note *n = mem_new(1, sizeof(*n));

	discord_session_ref(s);
	n->session = s;
	n->number = number;
	return n;
}

static void
note_free(struct note *n)
{
	discord_session_unref(n->session);
	free(n);
}

/* From any thread. Where there is no room a deadline goes on without it. */
static void
note_post(struct note *n, void (*fn)(void *arg))
{
	if (websocket_loop_run(n->session->options.loop, fn, n) != RC_OK) {
		log_warn("discord an answer found no room in the loop");
		note_free(n);
	}
}

static void
saved(void *arg)
{
	struct note *n = arg;
	struct discord_session *s = n->session;
	struct discord_saving *saving = &s->saving;

	if (saving->under_way && n->number == saving->number) {
		bool counted = saving->identify != 0 &&
		    n->number >= saving->identify;

		saving->under_way = false;
		if (n->rc != RC_OK) {
			log_warn("discord session not stored rc=%s",
			    rc_name(n->rc));
			saving->dirty = true;
		} else if (saving->dirty) {
			discord_session_save(s);
		}
		if (counted) {
			saving->identify = 0;
			discord_session_on_saved(s, n->rc == RC_OK);
		}
	}
	note_free(n);
}

/* On any thread, also from within remember(). */
static void
on_saved(void *arg, enum rc rc)
{
	struct note *n = arg;

	n->rc = rc;
	note_post(n, saved);
}

/* Under the lock, so that nothing is asked of an owner that is gone. */
static void
remember(struct discord_session *s, const char *text)
{
	const struct channel_up *up = s->options.up;

	pthread_mutex_lock(&s->lock);
	if (s->owned) {
		up->remember(up->ctx, DISCORD_SESSION_FACT, text, on_saved,
		    note_new(s, s->saving.number));
	}
	pthread_mutex_unlock(&s->lock);
}

void
discord_session_save(struct discord_session *s)
{
	CLEANUP(arena_drop) struct arena *a = NULL;
	struct discord_saving *saving = &s->saving;
	long long mono_ms = discord_session_mono_ms(s);

	saving->dirty = true;
	if (saving->under_way && mono_ms - saving->since_ms < SAVE_LOST_MS) {
		return;
	}
	a = arena_new();
	saving->under_way = true;
	saving->dirty = false;
	saving->since_ms = mono_ms;
	saving->number++;
	remember(s, discord_memory_text(&s->memory, a));
}

void
discord_session_save_identify(struct discord_session *s)
{
	struct discord_saving *saving = &s->saving;

	discord_session_save(s);
	/* The one under way does not have it yet. */
	saving->identify = saving->number + (saving->dirty ? 1 : 0);
}

static void
found(void *arg)
{
	struct note *n = arg;
	struct discord_session *s = n->session;

	if (s->state == DISCORD_FINDING && n->number == s->find_number) {
		discord_session_on_found(s, n->status, n->retry_after_s,
		    n->found.url[0] != '\0' ? &n->found : NULL);
	}
	note_free(n);
}

/* On the courier's thread. */
static void
on_answer(void *arg, const struct http_answer *answer)
{
	enum { STATUS_OK = 200 };
	struct note *n = arg;

	n->status = answer->rc == RC_OK ? answer->status : 0;
	n->retry_after_s = answer->retry_after_s;
	if (n->status == STATUS_OK && !answer->body_cut &&
	    discord_found_read(answer->body, answer->body_len,
		n->session->plain, &n->found) != RC_OK) {
		n->found.url[0] = '\0';
	}
	note_post(n, found);
}

bool
discord_session_find(struct discord_session *s)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char *authorization =
	    arena_printf(a, "Authorization: Bot %s", s->token);
	const char *const headers[] = {authorization,
	    arena_printf(a, "User-Agent: %s", s->user_agent), NULL};
	const struct http_call call = {
	    .pool = HTTP_PLATFORM,
	    .method = "GET",
	    .url = arena_printf(a, "%s/gateway/bot", s->api_url),
	    .headers = headers,
	    .timeout_ms = FIND_TIMEOUT_MS,
	    .answer_max = FIND_ANSWER_MAX,
	};
	struct note *n = note_new(s, ++s->find_number);
	enum rc rc = http_client_send(s->options.http, &call, on_answer, n);

	crypto_wipe(authorization, strlen(authorization));
	if (rc != RC_OK) {
		note_free(n);
	}
	return rc == RC_OK;
}
