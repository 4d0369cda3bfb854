#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_posts.h"
#include "lib/mem.h"
#include "tests/unit/ear.h"
#include "tests/unit/letter_sample.h"

#define GUILD	"613425648685547541"
#define CHANNEL "613425648685547545"
#define MESSAGE "1457536583141163186"
#define REMOTE	GUILD "/" CHANNEL "/" MESSAGE
#define HANDLE	SAMPLE_ID ".mac"

/* In place of discord_rest.c: what was asked last, and who waits for it. */
static struct {
	int n;
	enum discord_route route;
	char path[200];
	char body[20000]; /* "" = none */
	void (*done)(void *arg, const struct discord_reply *);
	void *arg;
	bool full; /* takes no more */
} asked;

/* How the last attempt ended. */
static struct {
	int n;
	enum rc rc;
	char remote_id[100];
	char detail[200];
} ended;

static struct discord_posts *posts;

enum rc
discord_rest_send(struct discord_rest *r, const struct discord_request *req)
{
	(void)r;
	if (asked.full) {
		return RC_BUSY;
	}
	asked.n++;
	asked.route = req->route;
	(void)snprintf(asked.path, sizeof(asked.path), "%s", req->path);
	(void)snprintf(asked.body, sizeof(asked.body), "%s",
	    req->body != NULL ? req->body : "");
	asked.done = req->done;
	asked.arg = req->arg;
	return RC_OK;
}

/* In place of channel.c, which brings every channel and its requests. */
void
delivery_free(struct delivery *d)
{
	arena_free(d->arena);
}

static void
on_ended(void *ctx, const char *id, const struct attempt *at)
{
	(void)ctx;
	assert_string_equal(id, SAMPLE_ID);
	ended.n++;
	ended.rc = at->rc;
	(void)snprintf(ended.remote_id, sizeof(ended.remote_id), "%s",
	    at->remote_id != NULL ? at->remote_id : "");
	(void)snprintf(ended.detail, sizeof(ended.detail), "%s",
	    at->detail != NULL ? at->detail : "");
}

static int
set_up(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	memset(&ended, 0, sizeof(ended));
	posts = discord_posts_new(NULL, on_ended, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	discord_posts_close(posts);
	discord_posts_free(posts);
	return 0;
}

/* What Discord says to what was asked last. */
static void
reply(enum rc rc, int code, const char *body)
{
	json_t *json = body != NULL ? json_loads(body, 0, NULL) : NULL;
	const struct discord_reply r = {.rc = rc,
	    .code = code,
	    .body = json,
	    .detail = "words"};

	assert_true(body == NULL || json != NULL);
	asked.done(asked.arg, &r);
	json_decref(json);
}

static struct delivery *
delivery(enum delivery_kind kind, const char *address)
{
	struct delivery *d = letter_sample(kind, address, "{}", NULL);

	d->person = NULL;
	d->handle = HANDLE;
	d->attempt = 1;
	return d;
}

static struct delivery *
repaint(long long version)
{
	struct delivery *d = delivery(DELIVERY_REPAINT, CHANNEL);
	struct intent *in = arena_alloc(d->arena, sizeof(*in));

	*in = *d->intent;
	in->version = version;
	d->intent = in;
	d->remote_id = REMOTE;
	return d;
}

static void
a_channel_is_asked_and_its_guild_is_learnt_once(void **state)
{
	(void)state;
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	assert_int_equal(asked.route, DISCORD_CHANNEL);
	assert_string_equal(asked.path, "/channels/" CHANNEL);
	reply(RC_OK, 0, "{\"id\":\"" CHANNEL "\",\"guild_id\":\"" GUILD "\"}");
	assert_int_equal(asked.route, DISCORD_POST);
	assert_string_equal(asked.path, "/channels/" CHANNEL "/messages");
	assert_non_null(strstr(asked.body, "\"nonce\":\"" SAMPLE_ID "\""));
	assert_non_null(strstr(asked.body, "\"enforce_nonce\":true"));
	assert_non_null(strstr(asked.body, HANDLE ":0"));
	reply(RC_OK, 0, "{\"id\":\"" MESSAGE "\"}");
	assert_int_equal(ended.rc, RC_OK);
	assert_string_equal(ended.remote_id, REMOTE);
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	assert_int_equal(asked.route, DISCORD_POST);
	reply(RC_REMOTE_TEMP, 0, NULL);
	assert_int_equal(ended.rc, RC_REMOTE_TEMP);
}

static void
a_person_is_asked_in_a_dm_that_is_opened_once(void **state)
{
	struct delivery *d = delivery(DELIVERY_ASK, "9");

	(void)state;
	d->person = "dana";
	discord_posts_take(posts, d);
	assert_int_equal(asked.route, DISCORD_OPEN_DM);
	assert_string_equal(asked.body, "{\"recipient_id\":\"9\"}");
	reply(RC_OK, 0, "{\"id\":\"" CHANNEL "\"}");
	assert_int_equal(asked.route, DISCORD_POST);
	reply(RC_OK, 0, "{\"id\":\"" MESSAGE "\"}");
	assert_string_equal(ended.remote_id, "@me/" CHANNEL "/" MESSAGE);
	d = delivery(DELIVERY_ASK, "9");
	d->person = "dana";
	discord_posts_take(posts, d);
	assert_int_equal(asked.route, DISCORD_POST);
	reply(RC_REMOTE_PERM, 50007, "{}");
	assert_int_equal(ended.rc, RC_REMOTE_PERM);
	assert_string_equal(ended.detail, "words");
}

static void
what_is_no_place_is_refused(void **state)
{
	static const struct {
		const char *address;
		enum rc rc;
	} rows[] = {
	    {"mailto:dana@example.com", RC_REMOTE_PERM},
	    {"C0001", RC_INVALID},
	    {"1/2", RC_INVALID},
	    {"", RC_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		discord_posts_take(posts,
		    delivery(DELIVERY_ASK, rows[i].address));
		assert_int_equal(ended.n, (int)i + 1);
		assert_int_equal(ended.rc, rows[i].rc);
	}
	asked.full = true;
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	assert_int_equal(ended.rc, RC_BUSY);
	assert_int_equal(asked.n, 0);
}

static void
a_second_attempt_looks_for_the_first(void **state)
{
	static const struct {
		enum rc rc;
		const char *history;
		enum discord_route then; /* DISCORD_LIST: it ended */
		enum rc end;
	} rows[] = {
	    {RC_OK,
		"[{\"id\":\"5\",\"components\":[]},{\"id\":\"" MESSAGE "\","
		"\"components\":[{\"components\":[{\"custom_id\":\"" HANDLE
		":1:m\"}]}]}]",
		DISCORD_LIST, RC_OK},
	    {RC_OK,
		"[{\"id\":\"5\",\"components\":[{\"components\":["
		"{\"custom_id\":\"x" HANDLE ":1\"}]}]}]",
		DISCORD_POST, RC_REMOTE_TEMP},
	    {RC_OK, "[]", DISCORD_POST, RC_REMOTE_TEMP},
	    {RC_REMOTE_PERM, NULL, DISCORD_POST, RC_REMOTE_TEMP},
	    {RC_REMOTE_TEMP, NULL, DISCORD_LIST, RC_REMOTE_TEMP},
	    {RC_BUSY, NULL, DISCORD_LIST, RC_BUSY},
	};

	(void)state;
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	reply(RC_OK, 0, "{\"guild_id\":\"" GUILD "\"}");
	reply(RC_UNCERTAIN, 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct delivery *d = delivery(DELIVERY_ASK, CHANNEL);

		d->attempt = 2;
		discord_posts_take(posts, d);
		assert_int_equal(asked.route, DISCORD_LIST);
		reply(rows[i].rc, 0, rows[i].history);
		assert_int_equal(asked.route, rows[i].then);
		if (rows[i].then == DISCORD_POST) {
			reply(RC_REMOTE_TEMP, 0, NULL);
		}
		assert_int_equal(ended.n, (int)i + 2);
		assert_int_equal(ended.rc, rows[i].end);
		if (rows[i].end == RC_OK) {
			assert_string_equal(ended.remote_id, REMOTE);
		}
	}
}

/* Settled before it was known whether it was posted. */
static void
what_was_left_there_shows_the_end(void **state)
{
	static const struct {
		enum rc rc;
		const char *history;
		bool there;
		enum rc end;
	} rows[] = {
	    {RC_OK,
		"[{\"id\":\"" MESSAGE "\",\"components\":[{\"components\":["
		"{\"custom_id\":\"" HANDLE ":0\"}]}]}]",
		true, RC_OK},
	    {RC_OK, "[]", false, RC_OK},
	    {RC_REMOTE_PERM, NULL, false, RC_OK},
	    {RC_REMOTE_TEMP, NULL, false, RC_REMOTE_TEMP},
	};

	(void)state;
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	reply(RC_OK, 0, "{\"guild_id\":\"" GUILD "\"}");
	reply(RC_UNCERTAIN, 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct delivery *d = delivery(DELIVERY_SETTLED, CHANNEL);

		d->handle = "";
		d->attempt = 2;
		discord_posts_take(posts, d);
		assert_int_equal(asked.route, DISCORD_LIST);
		reply(rows[i].rc, 0, rows[i].history);
		if (rows[i].there) {
			assert_int_equal(asked.route, DISCORD_PATCH);
			reply(RC_OK, 0, "{}");
			assert_string_equal(ended.remote_id, REMOTE);
		}
		assert_int_equal(ended.n, (int)i + 2);
		assert_int_equal(ended.rc, rows[i].end);
	}
}

static void
what_discord_does_not_take_is_made_plainer(void **state)
{
	(void)state;
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	reply(RC_OK, 0, "{\"guild_id\":\"" GUILD "\"}");
	assert_non_null(strstr(asked.body, "\"url\":"));
	reply(RC_REMOTE_PERM, DISCORD_INVALID_FORM, "{}");
	assert_int_equal(asked.route, DISCORD_POST);
	assert_null(strstr(asked.body, "\"url\":"));
	assert_non_null(strstr(asked.body, HANDLE ":0"));
	reply(RC_REMOTE_PERM, DISCORD_INVALID_FORM, "{}");
	assert_non_null(strstr(asked.body, "\"embeds\":[]"));
	assert_null(strstr(asked.body, HANDLE ":0"));
	reply(RC_REMOTE_PERM, DISCORD_INVALID_FORM, "{}");
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.rc, RC_REMOTE_PERM);
	/* A filter dislikes words: those go at once. */
	discord_posts_take(posts, delivery(DELIVERY_ASK, CHANNEL));
	reply(RC_REMOTE_PERM, DISCORD_AUTOMOD, "{}");
	assert_non_null(strstr(asked.body, "\"embeds\":[]"));
	reply(RC_OK, 0, "{\"id\":\"" MESSAGE "\"}");
	assert_int_equal(ended.rc, RC_OK);
	assert_int_equal(discord_posts_dress(posts), DISCORD_FULL);
}

static void
a_link_that_is_no_button_is_remembered(void **state)
{
	(void)state;
	discord_posts_take(posts, repaint(3));
	reply(RC_REMOTE_PERM, DISCORD_INVALID_FORM, "{}");
	reply(RC_OK, 0, "{\"id\":\"" MESSAGE "\"}");
	assert_int_equal(ended.rc, RC_OK);
	assert_int_equal(discord_posts_dress(posts), DISCORD_NO_LINK);
}

static void
a_message_is_painted_once_for_each_version(void **state)
{
	(void)state;
	discord_posts_take(posts, repaint(3));
	assert_int_equal(asked.route, DISCORD_PATCH);
	assert_string_equal(asked.path,
	    "/channels/" CHANNEL "/messages/" MESSAGE);
	assert_null(strstr(asked.body, "nonce"));
	reply(RC_OK, 0, "{}");
	assert_string_equal(ended.remote_id, REMOTE);
	discord_posts_take(posts, repaint(3));
	discord_posts_take(posts, repaint(2));
	assert_int_equal(asked.n, 1);
	assert_int_equal(ended.n, 3);
	assert_int_equal(ended.rc, RC_OK);
	discord_posts_take(posts, repaint(4));
	assert_int_equal(asked.n, 2);
	reply(RC_REMOTE_PERM, DISCORD_UNKNOWN_MESSAGE, "{}");
	assert_int_equal(ended.rc, RC_OK);
	discord_posts_take(posts, repaint(4));
	assert_int_equal(asked.n, 3);
	reply(RC_REMOTE_TEMP, 0, NULL);
	assert_int_equal(ended.rc, RC_REMOTE_TEMP);
}

static void
a_message_waits_for_its_callback(void **state)
{
	static const struct {
		long long painted, version;
		int patches;
	} rows[] = {{0, 3, 1}, {3, 3, 0}, {4, 3, 0}, {3, 4, 1}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		tear_down(state);
		set_up(state);
		discord_posts_hold(posts, MESSAGE);
		discord_posts_hold(posts, MESSAGE);
		discord_posts_take(posts, repaint(rows[i].version));
		discord_posts_release(posts, MESSAGE, 0);
		assert_int_equal(asked.n + ended.n, 0);
		discord_posts_release(posts, MESSAGE, rows[i].painted);
		assert_int_equal(asked.n, rows[i].patches);
		if (rows[i].patches > 0) {
			reply(RC_OK, 0, "{}");
		}
		assert_int_equal(ended.n, 1);
		assert_int_equal(ended.rc, RC_OK);
	}
	/* One that waits at the end is dropped without a word. */
	discord_posts_hold(posts, MESSAGE);
	discord_posts_take(posts, repaint(9));
	discord_posts_close(posts);
	assert_int_equal(ended.n, 1);
}

/* An older version may arrive behind the callback's. */
static void
what_a_callback_overlaps_is_painted_again(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		tear_down(state);
		set_up(state);
		discord_posts_take(posts, repaint(2));
		assert_int_equal(asked.n, 1);
		discord_posts_hold(posts, MESSAGE);
		if (first == 0) {
			discord_posts_release(posts, MESSAGE, 3);
			reply(RC_OK, 0, "{}");
		} else {
			reply(RC_OK, 0, "{}");
			discord_posts_release(posts, MESSAGE, 3);
		}
		discord_posts_take(posts, repaint(3));
		assert_int_equal(asked.n, 2);
		reply(RC_OK, 0, "{}");
		discord_posts_take(posts, repaint(3));
		assert_int_equal(asked.n, 2);
		assert_int_equal(ended.n, 3);
	}
}

static void
only_names_of_messages_are_painted(void **state)
{
	static const struct {
		const char *remote_id;
		enum rc rc;
	} rows[] = {
	    {NULL, RC_OK},
	    {"", RC_OK},
	    {"1/2", RC_INVALID},
	    {"1/2/3/4", RC_INVALID},
	    {"me/2/3", RC_INVALID},
	    {"1/x/3", RC_INVALID},
	    {"1/2/../3", RC_INVALID},
	    {"1//3", RC_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct delivery *d = repaint(3);

		d->remote_id = rows[i].remote_id;
		discord_posts_take(posts, d);
		assert_int_equal(ended.n, (int)i + 1);
		assert_int_equal(ended.rc, rows[i].rc);
	}
	assert_int_equal(asked.n, 0);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_channel_is_asked_and_its_guild_is_learnt_once),
	    ROW(a_person_is_asked_in_a_dm_that_is_opened_once),
	    ROW(what_is_no_place_is_refused),
	    ROW(a_second_attempt_looks_for_the_first),
	    ROW(what_was_left_there_shows_the_end),
	    ROW(what_discord_does_not_take_is_made_plainer),
	    ROW(a_link_that_is_no_button_is_remembered),
	    ROW(a_message_is_painted_once_for_each_version),
	    ROW(a_message_waits_for_its_callback),
	    ROW(what_a_callback_overlaps_is_painted_again),
	    ROW(only_names_of_messages_are_painted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
