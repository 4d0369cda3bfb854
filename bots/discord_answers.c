#include "bots/discord_answers.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bots/discord_interaction.h"
#include "bots/discord_message.h"
#include "bots/discord_text.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Discord, "Receiving and Responding": 3 s, then the token is dead. */
enum {
	DEADLINE_MS = 2900,
	RETRY_MS = 2500, /* no second try after this */
	LATE_MS = 2500,
	TRIES_MAX = 3,
	TIMEOUT_MIN_MS = 300,
	REPLAY_MAX_MS = 15 * 60 * 1000, /* no session is resumed after that */
	ANSWER_MAX = 16 * 1024,
	WORDS = 200
};

struct discord_answers {
	struct arena *arena; /* of the strings */
	struct discord_answers_options options;
	const char *agent;
	char application[DISCORD_MAJOR_SIZE]; /* "" = not known */
	bool closed;
	void (*called)(void *called); /* what comes of a callback */
	/* For health, on any thread: */
	atomic_llong taken, late, ms_max;
};

/* One interaction, from its frame to the end of its callback. */
struct click {
	struct arena *arena; /* it lives in it */
	struct discord_answers *answers;
	struct discord_interaction in;
	long long seq;
	long long arrived_ms;  /* monotonic */
	long long age_ms;      /* since the click, when it arrived */
	bool holds;	       /* the message waits for the callback */
	struct answer *answer; /* with the trunk, or back from it */
	const char *body;
	long long version; /* that the callback paints; 0 = none */
	int tries;
};

/* What came of a callback, on its way to the loop. */
struct called {
	struct click *click;
	enum rc rc;
	struct discord_heads heads;
	char detail[WORDS];
};

/* --- the end -------------------------------------------------------------- */

static void
finish(struct click *c, long long painted)
{
	if (c->holds) {
		discord_posts_release(c->answers->options.posts, c->in.message,
		    painted);
	}
	arena_free(c->arena);
}

static long long
since_arrival(const struct click *c)
{
	return clock_mono_ms() - c->arrived_ms;
}

static long long
since_click(const struct click *c)
{
	return c->age_ms + since_arrival(c);
}

static void
measure(struct discord_answers *s, const struct click *c, bool good)
{
	long long ms = since_arrival(c), max = atomic_load(&s->ms_max);

	while (ms > max &&
	    !atomic_compare_exchange_weak(&s->ms_max, &max, ms)) {
	}
	if (!good || ms > LATE_MS) {
		atomic_fetch_add(&s->late, 1);
	}
}

/* --- the callback --------------------------------------------------------- */

/* On the courier's thread for urgent calls. */
static void
on_answer(void *arg, const struct http_answer *a)
{
	struct click *c = arg;
	struct called *called = mem_new(1, sizeof(*called));
	json_t *body = NULL;

	called->click = c;
	called->rc = a->rc;
	if (a->rc == RC_OK) {
		discord_heads_read(a, &called->heads, &body);
		json_decref(body);
	} else {
		(void)snprintf(called->detail, sizeof(called->detail), "%s",
		    a->detail != NULL ? a->detail : rc_name(a->rc));
	}
	discord_turns_add(c->answers->options.turns, c->answers->called,
	    called);
}

/* False: it did not even leave. */
static bool
transmit(struct click *c)
{
	struct discord_answers *s = c->answers;
	const char *headers[] = {s->agent, "Content-Type: application/json",
	    NULL};
	long long left = DEADLINE_MS - since_click(c);
	const struct http_call call = {
	    .pool = HTTP_URGENT,
	    .method = "POST",
	    .url = arena_printf(c->arena, "%s/interactions/%s/%s/callback",
		s->options.api_url, c->in.id, c->in.token),
	    .headers = headers,
	    .body = c->body,
	    .body_len = strlen(c->body),
	    .timeout_ms = (int)(left > TIMEOUT_MIN_MS ? left : TIMEOUT_MIN_MS),
	    .answer_max = ANSWER_MAX,
	};
	enum rc rc;

	c->tries++;
	discord_turns_ref(s->options.turns);
	rc = http_client_send(s->options.http, &call, on_answer, c);
	if (rc != RC_OK) {
		discord_turns_unref(s->options.turns);
	}
	return rc == RC_OK;
}

/* Takes the body over. What is too late is not tried: it would be refused. */
static void
call_back(struct click *c, json_t *body)
{
	struct discord_answers *s = c->answers;

	assert(body != NULL);
	c->body = json_compact(c->arena, body, NULL);
	json_decref(body);
	if (since_click(c) > DEADLINE_MS ||
	    discord_rest_is_banned(s->options.rest) || !transmit(c)) {
		log_warn("discord interaction %s is not acknowledged: %s",
		    c->in.id,
		    since_click(c) > DEADLINE_MS ? "too late" : "no way out");
		measure(s, c, false);
		finish(c, 0);
	}
}

/*
 * A callback counts once, so that another is harmless where it is not known
 * what became of the first: Discord then says that it has one (40060).
 */
static bool
may_retry(const struct click *c, const struct called *called)
{
	enum { SERVER_FIRST = 500 };
	bool lost = called->rc == RC_REMOTE_TEMP ||
	    called->rc == RC_UNCERTAIN ||
	    (called->rc == RC_OK && called->heads.status >= SERVER_FIRST);

	return lost && c->tries < TRIES_MAX && since_click(c) < RETRY_MS;
}

static void
judge_call(struct click *c, const struct called *called)
{
	struct discord_answers *s = c->answers;
	const struct discord_heads *h = &called->heads;
	/* A first try that was applied before its answer was lost. */
	bool before = h->code == DISCORD_ACKNOWLEDGED;
	bool good = called->rc == RC_OK &&
	    ((h->status >= 200 && h->status < 300) || before);
	bool painted = good && (!before || c->tries > 1);

	measure(s, c, good);
	if (good) {
		log_debug("discord interaction %s acknowledged ms=%lld",
		    c->in.id, since_arrival(c));
	} else {
		log_warn(
		    "discord interaction %s: callback failed: %s status=%d "
		    "code=%d ms=%lld",
		    c->in.id, called->rc == RC_OK ? h->words : called->detail,
		    h->status, h->code, since_arrival(c));
	}
	finish(c, painted ? c->version : 0);
}

static void
on_called(void *arg)
{
	struct called *called = arg;
	struct click *c = called->click;

	if (called->rc == RC_OK) {
		discord_rest_note(c->answers->options.rest, &called->heads);
	}
	if (!may_retry(c, called) || !transmit(c)) {
		judge_call(c, called);
	}
	free(called);
}

/* --- what the trunk says -------------------------------------------------- */

static json_t *
update_of(struct click *c)
{
	enum { DEFERRED_UPDATE = 6 };
	const struct answer *a = c->answer;
	const struct discord_face face = {.card = a->card,
	    .intent = a->intent,
	    .handle = a->shown_handle != NULL ? a->shown_handle : "",
	    .page = a->page,
	    .dress = discord_posts_dress(c->answers->options.posts)};

	if (a->card == NULL || a->intent == NULL) {
		return json_pack("{s:i}", "type", DEFERRED_UPDATE);
	}
	c->version = a->intent->version;
	return discord_callback_update(c->arena, &face);
}

/* A whole sentence as it is; what only says why, behind what it is about. */
static const char *
refusal(struct arena *a, const char *text)
{
	if (*text == '\0') {
		return "This was not counted.";
	}
	return *text >= 'A' && *text <= 'Z'
	    ? text
	    : arena_printf(a, "This was not counted: %s.", text);
}

static json_t *
body_of(struct click *c)
{
	const struct answer *a = c->answer;

	if (a->rc != RC_OK) {
		return discord_callback_words(c->arena,
		    refusal(c->arena, a->fault.text));
	}
	if (a->dry_run) {
		return discord_callback_form(c->arena, c->in.handle,
		    c->in.option, a->intent);
	}
	return update_of(c);
}

/* On the loop's thread; the answer is ours again. */
static void
on_decided(void *arg)
{
	struct click *c = arg;
	struct discord_answers *s = c->answers;
	struct answer *a = c->answer;
	bool stored = a->rc != RC_STORE && a->rc != RC_BUSY;
	bool silent = !stored || (a->repeated && !a->dry_run);
	json_t *body = silent ? NULL : body_of(c);

	answer_free(a);
	c->answer = NULL;
	if (stored) {
		s->options.handled(s->options.ctx, c->seq);
	} else {
		/* Discord says that it failed, and the person clicks again. */
		measure(s, c, false);
	}
	if (silent) {
		finish(c, 0);
		return;
	}
	call_back(c, body);
}

/* On any thread. */
static void
on_done(void *ctx, struct answer *a)
{
	struct click *c = ctx;

	assert(c->answer == a);
	discord_turns_add(c->answers->options.turns, on_decided, c);
}

/* --- interactions --------------------------------------------------------- */

/* Ages that no replay has tell of a clock, or of ids that hold no time. */
static long long
age_of(const struct discord_answers *s, const struct discord_interaction *in)
{
	long long ms = clock_now_ms() - discord_rest_skew_ms(s->options.rest) -
	    discord_id_ms(in->number);

	return ms > 0 && ms < REPLAY_MAX_MS ? ms : 0;
}

static struct answer *
answer_of(struct click *c)
{
	struct arena *a = arena_new();
	struct answer *out = arena_alloc(a, sizeof(*out));
	const struct discord_interaction *in = &c->in;

	out->arena = a;
	out->channel = "discord";
	out->id = arena_strdup(a, in->id);
	out->account = arena_strdup(a, in->user);
	out->name = arena_strdup(a, in->name);
	out->place = arena_strdup(a, in->guild);
	out->roles.items =
	    arena_array(a, in->roles.n + 1, sizeof(*out->roles.items));
	out->roles.n = in->roles.n;
	for (size_t i = 0; i < in->roles.n; i++) {
		out->roles.items[i] = arena_strdup(a, in->roles.items[i]);
	}
	out->remote_id = arena_strdup(a, in->remote_id);
	out->handle = arena_strdup(a, in->handle);
	out->option = in->option;
	out->reason = arena_strdup(a, in->reason);
	out->dry_run = in->wants_form;
	out->done = on_done;
	out->ctx = c;
	return out;
}

static void
decide(struct click *c)
{
	struct discord_answers *s = c->answers;

	if (!c->in.wants_form) {
		atomic_fetch_add(&s->taken, 1);
		discord_posts_hold(s->options.posts, c->in.message);
		c->holds = true;
	}
	c->answer = answer_of(c);
	discord_turns_ref(s->options.turns);
	s->options.up->decided(s->options.up->ctx, c->answer);
}

static bool
is_ours(const struct discord_answers *s, const struct discord_interaction *in)
{
	return s->application[0] == '\0' ||
	    (in->application != NULL &&
		strcmp(s->application, in->application) == 0);
}

/* Something that no card of ours can send. */
static void
decline(struct click *c, enum rc rc, const struct fault *f)
{
	struct discord_answers *s = c->answers;

	s->options.handled(s->options.ctx, c->seq);
	if (rc == RC_NOT_FOUND) {
		finish(c, 0);
		return;
	}
	log_warn("discord interaction refused: %s: %s", f->field, f->text);
	if (rc != RC_FORBIDDEN) {
		finish(c, 0);
		return;
	}
	call_back(c,
	    discord_callback_words(c->arena,
		"This button belongs to no request that is known here."));
}

void
discord_answers_take(struct discord_answers *s, const json_t *d, long long seq)
{
	long long now = clock_mono_ms();
	struct arena *a;
	struct click *c;
	struct fault f = {0};
	enum rc rc;

	if (s->closed) {
		return; /* it comes again when the session is resumed */
	}
	a = arena_new();
	c = arena_alloc(a, sizeof(*c));
	c->arena = a;
	c->answers = s;
	c->seq = seq;
	c->arrived_ms = now;
	rc = discord_interaction_read(d, a, &c->in, &f);
	if ((rc == RC_OK || rc == RC_FORBIDDEN) && !is_ours(s, &c->in)) {
		rc = fault_set(&f, RC_INVALID, "application_id",
		    "of another application");
	}
	c->age_ms = c->in.id != NULL ? age_of(s, &c->in) : 0;
	if (rc != RC_OK) {
		decline(c, rc, &f);
		return;
	}
	decide(c);
}

/* --- the door ------------------------------------------------------------- */

struct discord_answers *
discord_answers_new(const struct discord_answers_options *o)
{
	struct discord_answers *s = mem_new(1, sizeof(*s));

	s->arena = arena_new();
	s->options = *o;
	s->options.api_url = arena_strdup(s->arena, o->api_url);
	s->agent = arena_printf(s->arena, "User-Agent: %s", o->user_agent);
	s->called = on_called;
	return s;
}

void
discord_answers_application(struct discord_answers *s, const char *id)
{
	if (discord_is_id(id, NULL)) {
		(void)snprintf(s->application, sizeof(s->application), "%s",
		    id);
	}
}

void
discord_answers_close(struct discord_answers *s)
{
	s->closed = true;
}

void
discord_answers_health(struct discord_answers *s, struct channel_health *out)
{
	out->answers = atomic_load(&s->taken);
	out->answers_late = atomic_load(&s->late);
	out->answer_ms_max = atomic_load(&s->ms_max);
}

void
discord_answers_free(struct discord_answers *s)
{
	if (s != NULL) {
		arena_free(s->arena);
		free(s);
	}
}
