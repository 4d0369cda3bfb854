#include "bots/discord.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bots/discord_answers.h"
#include "bots/discord_message.h"
#include "bots/discord_posts.h"
#include "bots/discord_rest.h"
#include "bots/discord_session.h"
#include "bots/discord_text.h"
#include "bots/discord_turns.h"
#include "lib/backoff.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "version.h"

enum {
	STOP_MS = 8000,	      /* for what is under way, with the session's */
	WARM_MS = 60 * 1000,  /* a connection at rest for longer may be cut */
	COOL_MS = 600 * 1000, /* after an answer that is none */
	WARM_TIMEOUT_MS = 10 * 1000,
	WARM_ANSWER_MAX = 4096,
	POSTS_MAX = 128 /* deliveries that are with us */
};

static const char endpoint_words[] =
    "an Interactions Endpoint URL is set in Discord's developer portal: no "
    "click arrives here until it is removed";

struct discord {
	struct arena *arena; /* of the strings */
	struct channel_env env;
	const char *api_url;
	const char *token; /* secret */
	const char *stored;
	struct discord_turns *turns;
	struct discord_rest *rest;
	struct discord_posts *posts;
	struct discord_answers *answers;
	/* On the loop's thread: */
	bool closed;
	int asked; /* tries at the application */
	unsigned long long ask_timer, warm_timer;
	void (*ask_again)(void *arg);
	void (*warm_again)(void *arg);

	pthread_mutex_t lock; /* of what follows */
	struct discord_session *session;
	bool stopping;
	bool gone;     /* nobody is told anything */
	bool endpoint; /* the portal sends clicks elsewhere */
	int deliveries;
};

/* A delivery on its way to the loop. */
struct handing {
	struct discord *discord;
	struct delivery *delivery; /* owned */
};

static void
discord_destroy(void *arg)
{
	struct discord *c = arg;

	discord_answers_free(c->answers);
	discord_posts_free(c->posts);
	discord_rest_free(c->rest);
	(void)pthread_mutex_destroy(&c->lock);
	arena_free(c->arena);
	free(c);
}

/* --- what the parts say --------------------------------------------------- */

static void
on_ended(void *ctx, const char *id, const struct attempt *at)
{
	struct discord *c = ctx;
	const struct channel_up *up = c->env.up;

	(void)pthread_mutex_lock(&c->lock);
	c->deliveries--;
	if (!c->gone) {
		up->ended(up->ctx, id, at);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

static void
on_handled(void *ctx, long long seq)
{
	struct discord *c = ctx;

	(void)pthread_mutex_lock(&c->lock);
	if (c->session != NULL) {
		discord_session_handled(c->session, seq);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

static void
on_interaction(void *ctx, const json_t *d, long long seq)
{
	struct discord *c = ctx;

	discord_answers_take(c->answers, d, seq);
}

static void
on_ready(void *ctx, const char *application_id)
{
	struct discord *c = ctx;

	discord_answers_application(c->answers, application_id);
}

/* --- the portal's settings ------------------------------------------------ */

static void
look_at_application(struct discord *c, const json_t *app)
{
	const char *url = json_string_value(json_object_get(app,
	    "interactions_endpoint_url"));
	bool set = url != NULL && *url != '\0';

	discord_answers_application(c->answers,
	    json_string_value(json_object_get(app, "id")));
	if (set) {
		log_error("discord: %s", endpoint_words);
	}
	(void)pthread_mutex_lock(&c->lock);
	c->endpoint = set;
	(void)pthread_mutex_unlock(&c->lock);
}

/* It is asked until it is known: a portal that is set wrong is silent. */
static void
on_application(void *arg, const struct discord_reply *reply)
{
	static const struct backoff wait = {.first_ms = 2000,
	    .max_ms = 300 * 1000,
	    .jitter = 50};
	struct discord *c = arg;

	if (reply->rc == RC_OK && json_is_object(reply->body)) {
		look_at_application(c, reply->body);
	} else if (reply->rc == RC_REMOTE_PERM) {
		log_warn("discord does not show its application: %s",
		    reply->detail);
	} else if (!c->closed) {
		discord_turns_after(c->turns, &c->ask_timer,
		    backoff_ms(&wait, ++c->asked), c->ask_again, c);
	}
}

static void
ask_application(void *arg)
{
	struct discord *c = arg;
	const struct discord_request req = {.route = DISCORD_APP,
	    .path = "/applications/@me",
	    .done = on_application,
	    .arg = c};
	const struct discord_reply busy = {.rc = RC_BUSY};

	discord_turns_cancel(c->turns, &c->ask_timer);
	if (discord_rest_send(c->rest, &req) != RC_OK) {
		on_application(c, &busy);
	}
}

/* --- a warm connection for callbacks -------------------------------------- */

/* What came of one call, on its way to the loop. */
struct warmed {
	struct discord *discord;
	bool spoke;
	struct discord_heads heads;
};

static void
on_warmed(void *arg)
{
	struct warmed *w = arg;
	struct discord *c = w->discord;
	bool good = w->spoke && w->heads.status == 200;

	if (w->spoke) {
		discord_rest_note(c->rest, &w->heads);
	}
	if (!c->closed) {
		discord_turns_after(c->turns, &c->warm_timer,
		    good || !w->spoke ? WARM_MS : COOL_MS, c->warm_again, c);
	}
	free(w);
}

/* On the courier's thread for urgent calls. */
static void
on_warm_answer(void *arg, const struct http_answer *a)
{
	struct warmed *w = arg;
	json_t *body = NULL;

	w->spoke = a->rc == RC_OK;
	if (w->spoke) {
		discord_heads_read(a, &w->heads, &body);
		json_decref(body);
	}
	discord_turns_add(w->discord->turns, on_warmed, w);
}

static void
warm(void *arg)
{
	struct discord *c = arg;
	const char *headers[] = {"User-Agent: " ASSENT_DISCORD_AGENT, NULL};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const struct http_call call = {
	    .pool = HTTP_URGENT,
	    .method = "GET",
	    .url = arena_printf(a, "%s/gateway", c->api_url),
	    .headers = headers,
	    .timeout_ms = WARM_TIMEOUT_MS,
	    .answer_max = WARM_ANSWER_MAX,
	};
	struct warmed *w = mem_new(1, sizeof(*w));

	discord_turns_cancel(c->turns, &c->warm_timer);
	w->discord = c;
	discord_turns_ref(c->turns);
	if (discord_rest_is_banned(c->rest) ||
	    http_client_send(c->env.http, &call, on_warm_answer, w) != RC_OK) {
		discord_turns_add(c->turns, on_warmed, w);
	}
}

/* --- begin and end, on the loop's thread ---------------------------------- */

static void
begin(void *arg)
{
	struct discord *c = arg;
	const struct discord_session_options o = {.loop = c->env.chat,
	    .http = c->env.http,
	    .up = c->env.up,
	    .api_url = c->api_url,
	    .token = c->token,
	    .user_agent = ASSENT_DISCORD_AGENT,
	    .stored = c->stored,
	    .interaction = on_interaction,
	    .ready = on_ready,
	    .ctx = c};

	(void)pthread_mutex_lock(&c->lock);
	if (!c->stopping) {
		c->session = discord_session_new(&o);
	}
	c->closed = c->stopping;
	(void)pthread_mutex_unlock(&c->lock);
	if (!c->closed) {
		ask_application(c);
		warm(c);
	}
}

static void
end(void *arg)
{
	struct discord *c = arg;

	c->closed = true;
	discord_turns_cancel(c->turns, &c->ask_timer);
	discord_turns_cancel(c->turns, &c->warm_timer);
	discord_answers_close(c->answers);
	discord_posts_close(c->posts);
	discord_rest_close(c->rest);
}

/* --- the channel ---------------------------------------------------------- */

static bool
discord_wanted(const struct channel_env *env)
{
	const char *token = env->setting(env->setting_ctx, "DISCORD_BOT_TOKEN");

	return token != NULL && *token != '\0';
}

/* Without the slash at the end that people like to write. */
static const char *
api_url_of(const struct channel_env *env, struct arena *a)
{
	const char *url = env->setting(env->setting_ctx, "DISCORD_API_URL");
	size_t len;

	if (url == NULL || *url == '\0') {
		url = "https://discord.com/api/v10";
	}
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/') {
		len--;
	}
	return arena_strndup(a, url, len);
}

/* It becomes a header: what a token never holds is refused. */
static bool
is_token(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= ' ' || *s > '~') {
			return false;
		}
	}
	return true;
}

static void
furnish(struct discord *c)
{
	const struct discord_rest_options rest = {.turns = c->turns,
	    .http = c->env.http,
	    .api_url = c->api_url,
	    .token = c->token,
	    .user_agent = ASSENT_DISCORD_AGENT};
	struct discord_answers_options answers = {.turns = c->turns,
	    .http = c->env.http,
	    .up = c->env.up,
	    .api_url = c->api_url,
	    .user_agent = ASSENT_DISCORD_AGENT,
	    .handled = on_handled,
	    .ctx = c};

	c->rest = discord_rest_new(&rest);
	c->posts = discord_posts_new(c->rest, on_ended, c);
	answers.rest = c->rest;
	answers.posts = c->posts;
	c->answers = discord_answers_new(&answers);
}

static enum rc
discord_check(const struct channel_env *env, struct fault *f)
{
	const char *channel =
	    env->setting(env->setting_ctx, channel_discord.default_channel);

	if (!is_token(env->setting(env->setting_ctx, "DISCORD_BOT_TOKEN"))) {
		return fault_set(f, RC_INVALID, "DISCORD_BOT_TOKEN",
		    "has a character that no token has");
	}
	if (channel != NULL && *channel != '\0' &&
	    !discord_is_id(channel, NULL)) {
		return fault_set(f, RC_INVALID, channel_discord.default_channel,
		    "must be the digits of a channel id");
	}
	return RC_OK;
}

static enum rc
discord_start(const struct channel_env *env, void **self, struct fault *f)
{
	const char *token = env->setting(env->setting_ctx, "DISCORD_BOT_TOKEN");
	enum rc rc = discord_check(env, f);
	struct discord *c;

	if (rc != RC_OK) {
		return rc;
	}
	c = mem_new(1, sizeof(*c));
	(void)pthread_mutex_init(&c->lock, NULL);
	c->arena = arena_new();
	c->env = *env;
	c->token = arena_strdup(c->arena, token);
	c->api_url = api_url_of(env, c->arena);
	c->stored =
	    env->recall(env->recall_ctx, DISCORD_SESSION_FACT, c->arena);
	c->ask_again = ask_application;
	c->warm_again = warm;
	c->turns = discord_turns_new(env->chat, discord_destroy, c);
	furnish(c);
	discord_turns_ref(c->turns);
	discord_turns_add(c->turns, begin, c);
	*self = c;
	return RC_OK;
}

/* On the loop's thread. */
static void
take(void *arg)
{
	struct handing *h = arg;
	struct discord *c = h->discord;

	if (c->closed) {
		delivery_free(h->delivery);
	} else {
		discord_posts_take(c->posts, h->delivery);
	}
	free(h);
}

static enum rc
discord_deliver(void *self, struct delivery *d)
{
	struct discord *c = self;
	struct handing *h;
	bool may;

	(void)pthread_mutex_lock(&c->lock);
	may = !c->stopping && c->deliveries < POSTS_MAX;
	c->deliveries += may ? 1 : 0;
	(void)pthread_mutex_unlock(&c->lock);
	if (!may) {
		return RC_BUSY;
	}
	h = mem_new(1, sizeof(*h));
	*h = (struct handing){c, d};
	discord_turns_ref(c->turns);
	discord_turns_add(c->turns, take, h);
	return RC_OK;
}

static void
worsen(struct channel_health *h, enum channel_state state, const char *words)
{
	if (h->state != CHANNEL_DOWN) {
		h->state = state;
		(void)snprintf(h->fault, sizeof(h->fault), "%s", words);
	}
}

static void
discord_health(void *self, struct channel_health *out)
{
	struct discord *c = self;
	const char *stopped;

	*out = (struct channel_health){.state = CHANNEL_STARTING};
	(void)pthread_mutex_lock(&c->lock);
	if (c->session != NULL) {
		discord_session_health(c->session, out);
	}
	if (c->endpoint) {
		worsen(out, CHANNEL_DEGRADED, endpoint_words);
	}
	(void)pthread_mutex_unlock(&c->lock);
	out->chat = true;
	stopped = discord_rest_health(c->rest, &out->limited);
	if (stopped != NULL) {
		worsen(out, CHANNEL_DOWN, stopped);
	}
	discord_answers_health(c->answers, out);
}

static void
discord_stop(void *self)
{
	struct discord *c = self;
	struct discord_session *session;

	(void)pthread_mutex_lock(&c->lock);
	c->stopping = true;
	session = c->session;
	c->session = NULL;
	(void)pthread_mutex_unlock(&c->lock);
	discord_session_free(session);
	discord_turns_ref(c->turns);
	discord_turns_add(c->turns, end, c);
	if (discord_turns_await(c->turns, 1, STOP_MS) != RC_OK) {
		log_warn("discord stops in the middle of a request");
	}
	(void)pthread_mutex_lock(&c->lock);
	c->gone = true;
	(void)pthread_mutex_unlock(&c->lock);
	discord_turns_unref(c->turns);
}

const struct channel_ops channel_discord = {
    .name = "discord",
    .interactive = true,
    .payload_max = DISCORD_PAYLOAD_MAX,
    .shows_whole = discord_message_shows_whole,
    .default_channel = "DISCORD_DEFAULT_CHANNEL",
    .wanted = discord_wanted,
    .check = discord_check,
    .start = discord_start,
    .deliver = discord_deliver,
    .health = discord_health,
    .stop = discord_stop,
};
