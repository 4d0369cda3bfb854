/*
 * What people do in Slack: clicks, forms and the slash command.
 *
 * An answer goes to the trunk, and only when that has it on disk the envelope
 * is acknowledged; whatever else is to be said follows. A failed commit is not
 * acknowledged: Slack shows a warning, and the person presses again.
 */
#include <assert.h>
#include <string.h>

#include "bots/slack.h"
#include "bots/slack_interaction.h"
#include "bots/slack_view.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/text.h"

enum { LATE_MS = 2500 /* of the 3 s that Slack gives */ };

/* Something that somebody did; lives in its own arena. */
struct act {
	struct slack_turn turn;
	struct slack *slack;
	struct arena *arena;
	struct slack_envelope_ref ref;
	bool accepts_payload;
	struct slack_interaction in;
	struct answer *answer;	   /* of clicks and forms */
	struct pending_list *list; /* of the command */
};

/* --- acknowledging -------------------------------------------------------- */

static enum rc
send_ack(struct act *x, const json_t *payload)
{
	struct slack *s = x->slack;
	struct slack_session *session;

	(void)pthread_mutex_lock(&s->lock);
	session = s->session;
	(void)pthread_mutex_unlock(&s->lock);
	if (session == NULL) {
		return RC_NOT_FOUND;
	}
	return slack_session_ack(session, &x->ref,
	    x->accepts_payload ? payload : NULL);
}

/* Acknowledges, and counts how long that took. */
static void
acknowledge(struct act *x, const json_t *payload)
{
	struct slack *s = x->slack;
	enum rc rc = send_ack(x, payload);
	long long ms = clock_mono_ms() - x->ref.arrived_ms;
	bool late = rc != RC_OK || ms > LATE_MS;

	if (late) {
		log_warn("slack: acknowledged late ms=%lld rc=%s", ms,
		    rc_name(rc));
	}
	(void)pthread_mutex_lock(&s->lock);
	s->counts.answers_late += late ? 1 : 0;
	if (rc == RC_OK && ms > s->counts.answer_ms_max) {
		s->counts.answer_ms_max = ms;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void
do_not_acknowledge(struct act *x, enum rc rc)
{
	struct slack *s = x->slack;

	log_warn("slack: an answer was not stored and not acknowledged rc=%s",
	    rc_name(rc));
	(void)pthread_mutex_lock(&s->lock);
	s->counts.answers_late++;
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- words for one person ------------------------------------------------- */

static void
on_whispered(struct slack *s, void *arg, struct slack_reply *r)
{
	(void)s;
	(void)arg;
	if (r->verdict != SLACK_FINE) {
		log_info(
		    "slack: an ephemeral answer was not shown error=\"%s\"",
		    r->detail);
	}
}

/* Goes at once or not at all: nobody wants it later. */
static void
whisper(struct slack *s, struct arena *a, const char *channel, const char *user,
    const char *words)
{
	json_t *args;

	if (channel == NULL ||
	    slack_pace_wait(&s->pace, SLACK_POST_EPHEMERAL, NULL,
		clock_mono_ms()) > 0) {
		log_info("slack: too many ephemeral answers, one is left out");
		return;
	}
	args = slack_words_message(a, words);
	(void)json_object_set_new(args, "channel", json_string(channel));
	(void)json_object_set_new(args, "user", json_string(user));
	slack_call(s, SLACK_POST_EPHEMERAL, HTTP_URGENT, args, NULL,
	    on_whispered, NULL);
}

static void
whisper_to(struct act *x, const char *words)
{
	whisper(x->slack, x->arena, x->in.channel, x->in.user, words);
}

/* --- the form ------------------------------------------------------------- */

/* What is needed when a form could not be opened. */
struct opening {
	struct arena *arena; /* the call's */
	const char *channel;
	const char *user;
};

/*
 * A trigger that was used is one whose form is open already: the envelope came
 * twice.
 */
static void
on_opened(struct slack *s, void *arg, struct slack_reply *r)
{
	const struct opening *o = arg;

	if (r->verdict == SLACK_FINE ||
	    strcmp(r->error, "exchanged_trigger_id") == 0) {
		return;
	}
	log_info("slack: a form was not opened error=\"%s\"", r->detail);
	whisper(s, o->arena, o->channel, o->user,
	    "The form for the reason could not be opened. Nothing was "
	    "counted: press the button again.");
}

static void
open_form(struct act *x)
{
	struct slack *s = x->slack;
	struct arena *a = arena_new();
	struct opening *o = arena_alloc(a, sizeof(*o));
	json_t *args;

	*o = (struct opening){a, arena_strdup(a, x->in.channel),
	    arena_strdup(a, x->in.user)};
	if (x->in.trigger == NULL ||
	    slack_pace_wait(&s->pace, SLACK_VIEWS_OPEN, NULL, clock_mono_ms()) >
		0) {
		whisper_to(x,
		    "Slack is asked too often. Nothing was counted: "
		    "press the button again in a while.");
		arena_free(a);
		return;
	}
	args = json_pack("{s:s, s:o}", "trigger_id", x->in.trigger, "view",
	    slack_view_reason(a, &x->in, x->answer->card));
	slack_call(s, SLACK_VIEWS_OPEN, HTTP_URGENT, args, a, on_opened, o);
}

/* --- answers -------------------------------------------------------------- */

static void
end_pressed(struct act *x)
{
	const struct answer *an = x->answer;

	acknowledge(x, NULL);
	if (an->rc == RC_OK && an->dry_run && !an->repeated) {
		open_form(x);
	} else if (an->rc != RC_OK && !an->repeated) {
		whisper_to(x, slack_words_refusal(x->arena, an));
	}
}

/* In the form, what is wrong with it; instead of it, anything else. */
static void
end_submitted(struct act *x)
{
	const struct answer *an = x->answer;
	CLEANUP(json_drop) json_t *payload = NULL;
	const char *words;

	if (an->rc != RC_OK) {
		words = slack_words_refusal(x->arena, an);
		payload = slack_refusal_is_of_form(an)
		    ? slack_view_error(words)
		    : slack_view_update(slack_view_words(words));
	}
	acknowledge(x, payload);
}

static void
took(struct slack *s, int answers)
{
	(void)pthread_mutex_lock(&s->lock);
	s->answers += answers;
	(void)pthread_cond_broadcast(&s->change);
	(void)pthread_mutex_unlock(&s->lock);
}

/* The trunk has judged it. */
static void
answered(struct slack *s, struct slack_turn *t, bool alive)
{
	struct act *x = (struct act *)(void *)t;
	enum rc rc = x->answer->rc;

	if (alive) {
		if (rc == RC_STORE || rc == RC_BUSY) {
			do_not_acknowledge(x, rc);
		} else if (x->in.act == SLACK_PRESSED) {
			end_pressed(x);
		} else {
			end_submitted(x);
		}
	}
	answer_free(x->answer); /* and x */
	took(s, -1);
	slack_unref(s);
}

/* Of the trunk's answer; on any thread. */
static void
on_decided(void *ctx, struct answer *an)
{
	struct act *x = ctx;

	assert(x->answer == an);
	slack_turn(x->slack, &x->turn);
}

static void
decide(struct act *x)
{
	struct slack *s = x->slack;
	struct answer *an = arena_alloc(x->arena, sizeof(*an));

	*an = (struct answer){
	    .arena = x->arena,
	    .channel = "slack",
	    .id = x->in.id,
	    .account = x->in.account,
	    .name = x->in.name,
	    .remote_id = x->in.remote_id,
	    .handle = x->in.button.handle,
	    .option = x->in.option,
	    .reason = x->in.reason,
	    .dry_run = x->in.act == SLACK_PRESSED &&
		x->in.button.form != SLACK_FORM_NONE,
	    .done = on_decided,
	    .ctx = x,
	};
	x->answer = an;
	x->turn.run = answered;
	slack_ref(s);
	took(s, 1);
	(void)pthread_mutex_lock(&s->lock);
	s->counts.answers += an->dry_run ? 0 : 1;
	(void)pthread_mutex_unlock(&s->lock);
	s->env.up->decided(s->env.up->ctx, an);
}

static size_t
characters(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0, count = 0, n;

	for (size_t i = 0; i < len; i += n) {
		(void)text_next(s + i, len - i, &n);
		count++;
	}
	return count;
}

static void
on_submitted(struct act *x)
{
	CLEANUP(json_drop) json_t *payload = NULL;

	if (characters(x->in.reason) <= INTENT_REASON_MAX) {
		decide(x);
		return;
	}
	payload = slack_view_error(arena_printf(x->arena,
	    "At most %d characters.", INTENT_REASON_MAX));
	acknowledge(x, payload);
	arena_free(x->arena);
}

/* --- the command ---------------------------------------------------------- */

static enum rc
send_list(struct act *x)
{
	CLEANUP(json_drop) json_t *payload =
	    slack_words_pending(x->arena, x->list, clock_now_ms());

	return send_ack(x, payload);
}

static void
listed(struct slack *s, struct slack_turn *t, bool alive)
{
	struct act *x = (struct act *)(void *)t;

	/* Slack drops what is too large: the soonest to expire stay. */
	while (alive && send_list(x) == RC_TOO_LARGE && x->list->items_n > 0) {
		x->list->items_n--;
		x->list->more++;
	}
	pending_list_free(x->list); /* and x */
	took(s, -1);
	slack_unref(s);
}

static void
on_listed(void *ctx, struct pending_list *l)
{
	struct act *x = ctx;

	assert(x->list == l);
	slack_turn(x->slack, &x->turn);
}

static void
on_asked(struct act *x)
{
	struct slack *s = x->slack;

	x->list = arena_alloc(x->arena, sizeof(*x->list));
	*x->list = (struct pending_list){
	    .arena = x->arena,
	    .channel = "slack",
	    .account = x->in.account,
	    .done = on_listed,
	    .ctx = x,
	};
	x->turn.run = listed;
	slack_ref(s);
	took(s, 1);
	s->env.up->pending(s->env.up->ctx, x->list);
}

/* --- envelopes ------------------------------------------------------------ */

static void
on_nothing(struct act *x)
{
	if (send_ack(x, NULL) != RC_OK) {
		log_debug("slack: an envelope was not acknowledged");
	}
	arena_free(x->arena);
}

static void
on_removed(struct act *x)
{
	slack_auth_lost(x->slack,
	    "the app was removed from the workspace, or its tokens revoked");
	on_nothing(x);
}

void
slack_on_envelope(void *ctx, const struct slack_envelope *e)
{
	static void (*const on[SLACK_ACTS])(struct act *) = {
	    [SLACK_NOTHING] = on_nothing,
	    [SLACK_PRESSED] = decide,
	    [SLACK_SUBMITTED] = on_submitted,
	    [SLACK_ASKED] = on_asked,
	    [SLACK_REMOVED] = on_removed,
	};
	struct slack *s = ctx;
	struct arena *a;
	struct act *x;
	bool stopping;

	(void)pthread_mutex_lock(&s->lock);
	stopping = s->stopping;
	(void)pthread_mutex_unlock(&s->lock);
	if (stopping) {
		return; /* not acknowledged: it is to be done again */
	}
	a = arena_new();
	x = arena_alloc(a, sizeof(*x));
	*x = (struct act){.slack = s,
	    .arena = a,
	    .ref = e->ref,
	    .accepts_payload = e->accepts_payload};
	slack_interaction_read(a, e->type, e->payload, &s->auth.self, &x->in);
	assert(x->in.act < SLACK_ACTS);
	on[x->in.act](x);
}
