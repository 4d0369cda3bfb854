/*
 * The question for an address: apps.connections.open (Slack, "Using Socket
 * Mode"). An address is for one connection, and soon.
 */
#include "bots/slack_session_impl.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/http_client.h"
#include "lib/mem.h"

enum { ANSWER_MAX = 64 * 1024 /* bytes */ };

/* A question under way, then its answer on the way to the loop's thread. */
struct question {
	struct slack_session *session; /* counted */
	struct slack_slot *slot;
	unsigned epoch;
	struct arena *arena; /* owned; of the ticket */
	struct slack_ticket ticket;
};

static void
question_free(struct question *q)
{
	slack_session_unref(q->session);
	arena_free(q->arena);
	free(q);
}

/* On the loop's thread. */
static void
on_loop(void *arg)
{
	struct question *q = arg;

	slack_on_ticket(q->slot, q->epoch, &q->ticket);
	slack_session_publish(q->session);
	question_free(q);
}

/*
 * On the client's thread. Where the answer is lost, the slot's timer says so.
 * The loop may be gone once the owner of the session is.
 */
static void
on_answer(void *arg, const struct http_answer *a)
{
	struct question *q = arg;
	struct slack_session *s = q->session;
	bool posted;

	slack_ticket_read(q->arena, a, s->allow_plain, &q->ticket);
	pthread_mutex_lock(&s->lock);
	posted = !s->gone &&
	    websocket_loop_run(s->options.loop, on_loop, q) == RC_OK;
	pthread_mutex_unlock(&s->lock);
	if (!posted) {
		question_free(q);
	}
}

enum rc
slack_ticket_ask(struct slack_slot *slot)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	struct slack_session *s = slot->session;
	const char *headers[] = {arena_printf(a, "Authorization: Bearer %s",
				     s->app_token),
	    "Content-Type: application/x-www-form-urlencoded", NULL};
	struct http_call call = {
	    .pool = HTTP_PLATFORM,
	    .method = "POST",
	    .url = arena_printf(a, "%sapps.connections.open", s->api_url),
	    .headers = headers,
	    .timeout_ms = SLACK_OPEN_MS,
	    .answer_max = ANSWER_MAX,
	};
	struct question *q = mem_new(1, sizeof(*q));
	enum rc rc;

	*q = (struct question){.session = s,
	    .slot = slot,
	    .epoch = slot->epoch,
	    .arena = arena_new()};
	slack_session_ref(s);
	rc = http_client_send(s->options.http, &call, on_answer, q);
	if (rc != RC_OK) {
		question_free(q);
	}
	return rc;
}
