#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_answers.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "tests/unit/card_samples.h"

#define HANDLE	"del_0123456789abcdef.mac"
#define MESSAGE "700"

enum { SEQ = 42, VERSION = 7 };

/* In place of the parts around it: what was done with them. */
static struct {
	int calls;
	char url[200], body[20000];
	void (*done)(void *arg, const struct http_answer *);
	void *arg;
	bool courier_full, banned;
	long long handled; /* 0 = nothing was */
	int holds, notes;
	long long painted; /* version of the last release; -1 = none */
	struct answer *answer;
} seen;

static struct discord_answers *answers;
static struct card card;
static struct intent intent;

enum rc
http_client_send(struct http_client *c, const struct http_call *call,
    void (*done)(void *arg, const struct http_answer *), void *arg)
{
	(void)c;
	if (seen.courier_full) {
		return RC_BUSY;
	}
	assert_int_equal(call->pool, HTTP_URGENT);
	assert_true(call->timeout_ms > 0 && call->timeout_ms <= 3000);
	for (int i = 0; call->headers[i] != NULL; i++) {
		assert_null(strstr(call->headers[i], "Authorization"));
	}
	seen.calls++;
	(void)snprintf(seen.url, sizeof(seen.url), "%s", call->url);
	(void)snprintf(seen.body, sizeof(seen.body), "%.*s",
	    (int)call->body_len, (const char *)call->body);
	seen.done = done;
	seen.arg = arg;
	return RC_OK;
}

void
discord_rest_note(struct discord_rest *r, const struct discord_heads *h)
{
	(void)r;
	(void)h;
	seen.notes++;
}

bool
discord_rest_is_banned(const struct discord_rest *r)
{
	(void)r;
	return seen.banned;
}

long long
discord_rest_skew_ms(const struct discord_rest *r)
{
	(void)r;
	return 0;
}

enum discord_dress
discord_posts_dress(const struct discord_posts *p)
{
	(void)p;
	return DISCORD_FULL;
}

void
discord_posts_hold(struct discord_posts *p, const char *message)
{
	(void)p;
	assert_string_equal(message, MESSAGE);
	seen.holds++;
}

void
discord_posts_release(struct discord_posts *p, const char *message,
    long long version)
{
	(void)p;
	assert_string_equal(message, MESSAGE);
	seen.holds--;
	seen.painted = version;
}

void
discord_turns_ref(struct discord_turns *t)
{
	(void)t;
}

void
discord_turns_unref(struct discord_turns *t)
{
	(void)t;
}

void
discord_turns_add(struct discord_turns *t, void (*fn)(void *arg), void *arg)
{
	(void)t;
	fn(arg);
}

/* In place of channel.c, which brings every channel. */
void
answer_free(struct answer *a)
{
	arena_free(a->arena);
}

static void
on_decided(void *ctx, struct answer *a)
{
	(void)ctx;
	seen.answer = a;
}

static void
on_handled(void *ctx, long long seq)
{
	(void)ctx;
	seen.handled = seq;
}

static int
set_up(void **state)
{
	static const struct channel_up up = {.decided = on_decided};
	const struct discord_answers_options o = {.up = &up,
	    .api_url = "http://api",
	    .user_agent = "DiscordBot (x, 1)",
	    .handled = on_handled};

	*state = arena_new();
	memset(&seen, 0, sizeof(seen));
	seen.painted = -1;
	intent = card_waiting();
	intent.version = VERSION;
	card = card_of(*state, &intent);
	answers = discord_answers_new(&o);
	discord_answers_application(answers, "900");
	return 0;
}

static int
tear_down(void **state)
{
	discord_answers_free(answers);
	arena_free(*state);
	return 0;
}

/* A click so long ago, on the button with this id. */
static void
click(const char *custom_id, const char *application, long long age_ms)
{
	char id[24];
	CLEANUP(json_drop) json_t *d = NULL;

	(void)snprintf(id, sizeof(id), "%llu",
	    (unsigned long long)(clock_now_ms() - age_ms - 1420070400000LL)
		<< 22);
	d = json_pack("{s:s, s:s, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:s},"
		      "s:{s:i, s:s}}",
	    "id", id, "application_id", application, "type", 3, "token", "tok",
	    "channel_id", "5", "user", "id", "9", "username", "dana", "message",
	    "id", MESSAGE, "data", "component_type", 2, "custom_id", custom_id);
	assert_non_null(d);
	discord_answers_take(answers, d, SEQ);
}

/* The trunk says what became of it. */
static void
decided(enum rc rc, bool repeated)
{
	struct answer *a = seen.answer;

	a->rc = rc;
	a->repeated = repeated;
	if (rc == RC_OK) {
		a->card = &card;
		a->intent = &intent;
		a->shown_handle = HANDLE;
	} else {
		(void)fault_set(&a->fault, rc, "", "not *you*");
	}
	a->done(a->ctx, a);
}

static const char *
no_header(const struct http_answer *a, const char *name)
{
	(void)a;
	(void)name;
	return NULL;
}

static void
called(enum rc rc, int status, const char *body)
{
	const struct http_answer a = {.rc = rc,
	    .status = status,
	    .body = body,
	    .body_len = strlen(body),
	    .detail = "gone",
	    .header = no_header};

	seen.done(seen.arg, &a);
}

static struct channel_health
health(void)
{
	struct channel_health h = {.state = CHANNEL_UP};

	discord_answers_health(answers, &h);
	return h;
}

static void
a_click_is_stored_and_then_painted(void **state)
{
	(void)state;
	click(HANDLE ":0", "900", 10);
	assert_non_null(seen.answer);
	assert_string_equal(seen.answer->account, "9");
	assert_string_equal(seen.answer->remote_id, "@me/5/" MESSAGE);
	assert_string_equal(seen.answer->handle, HANDLE);
	assert_false(seen.answer->dry_run);
	assert_int_equal(seen.calls + seen.handled, 0);
	assert_int_equal(seen.holds, 1);
	decided(RC_OK, false);
	assert_int_equal(seen.handled, SEQ);
	assert_int_equal(seen.calls, 1);
	assert_non_null(strstr(seen.url, "http://api/interactions/"));
	assert_non_null(strstr(seen.url, "/tok/callback"));
	assert_non_null(strstr(seen.body, "{\"type\":7,"));
	assert_int_equal(seen.holds, 1);
	called(RC_OK, 204, "");
	assert_int_equal(seen.holds, 0);
	assert_int_equal(seen.painted, VERSION);
	assert_int_equal(health().answers, 1);
	assert_int_equal(health().answers_late, 0);
}

static void
what_the_trunk_says_is_what_is_shown(void **state)
{
	static const struct {
		const char *button;
		enum rc rc;
		bool repeated;
		const char *body; /* NULL = no callback */
		bool handled;
	} rows[] = {
	    {":0", RC_FORBIDDEN, false, "not \\\\*you\\\\*", true},
	    {":0", RC_CONFLICT, false, "\"flags\":64", true},
	    {":0", RC_OK, true, NULL, true},
	    {":0", RC_STORE, false, NULL, false},
	    {":0", RC_BUSY, false, NULL, false},
	    {":1:m", RC_OK, false, "{\"type\":9,", true},
	    {":1:m", RC_FORBIDDEN, false, "{\"type\":4,", true},
	    {":1:m", RC_STORE, false, NULL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char id[100];

		tear_down(state);
		set_up(state);
		(void)snprintf(id, sizeof(id), "%s%s", HANDLE, rows[i].button);
		click(id, "900", 10);
		assert_int_equal(seen.answer->dry_run,
		    rows[i].button[2] != '\0');
		decided(rows[i].rc, rows[i].repeated);
		assert_int_equal(seen.handled, rows[i].handled ? SEQ : 0);
		assert_int_equal(seen.calls, rows[i].body != NULL);
		if (rows[i].body != NULL) {
			assert_non_null(strstr(seen.body, rows[i].body));
			called(RC_OK, 204, "");
		}
		assert_int_equal(seen.holds, 0);
		/* Only an update paints. */
		assert_true(seen.painted <= 0);
	}
}

static void
a_callback_that_fails_leaves_the_paint_to_the_delivery(void **state)
{
	static const struct {
		enum rc rc;
		int status;
		const char *body;
		int calls; /* in all, when the same comes each time */
		long long painted;
		int late;
	} rows[] = {
	    {RC_OK, 204, "", 1, VERSION, 0},
	    {RC_OK, 200, "{}", 1, VERSION, 0},
	    {RC_OK, 404, "{\"code\":10062}", 1, 0, 1},
	    {RC_OK, 400, "{\"code\":50035}", 1, 0, 1},
	    {RC_OK, 400, "{\"code\":40060}", 1, 0, 0},
	    {RC_OK, 429, "{}", 1, 0, 1},
	    {RC_OK, 502, "<html>", 3, 0, 1},
	    {RC_REMOTE_TEMP, 0, "", 3, 0, 1},
	    {RC_UNCERTAIN, 0, "", 3, 0, 1},
	    {RC_REMOTE_PERM, 0, "", 1, 0, 1},
	    {RC_BUSY, 0, "", 1, 0, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int n = 0;

		tear_down(state);
		set_up(state);
		click(HANDLE ":0", "900", 10);
		decided(RC_OK, false);
		while (n < seen.calls) {
			n++;
			called(rows[i].rc, rows[i].status, rows[i].body);
		}
		assert_int_equal(n, rows[i].calls);
		assert_int_equal(seen.holds, 0);
		assert_int_equal(seen.painted, rows[i].painted);
		assert_int_equal(health().answers_late, rows[i].late);
	}
}

static void
a_first_try_that_was_applied_counts(void **state)
{
	(void)state;
	click(HANDLE ":0", "900", 10);
	decided(RC_OK, false);
	called(RC_UNCERTAIN, 0, "");
	called(RC_OK, 400, "{\"code\":40060}");
	assert_int_equal(seen.painted, VERSION);
	assert_int_equal(health().answers_late, 0);
}

static void
a_click_that_is_replayed_counts_without_a_callback(void **state)
{
	static const struct {
		long long age_ms;
		int calls;
	} rows[] = {
	    {-60 * 1000, 1}, /* a clock that is behind */
	    {2000, 1}, {4000, 0}, {600 * 1000, 0},
	    {3600 * 1000, 1}, /* no time at all: nothing is kept so long */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		tear_down(state);
		set_up(state);
		click(HANDLE ":0", "900", rows[i].age_ms);
		decided(RC_OK, false);
		assert_int_equal(seen.handled, SEQ);
		assert_int_equal(seen.calls, rows[i].calls);
		if (rows[i].calls > 0) {
			called(RC_OK, 204, "");
		}
		assert_int_equal(seen.holds, 0);
		assert_int_equal(seen.painted, rows[i].calls * VERSION);
	}
}

static void
where_nothing_may_go_out_nothing_does(void **state)
{
	for (int i = 0; i < 2; i++) {
		tear_down(state);
		set_up(state);
		seen.banned = i == 0;
		seen.courier_full = i == 1;
		click(HANDLE ":0", "900", 10);
		decided(RC_OK, false);
		assert_int_equal(seen.calls, 0);
		assert_int_equal(seen.handled, SEQ);
		assert_int_equal(seen.holds, 0);
		assert_int_equal(seen.painted, 0);
		assert_int_equal(health().answers_late, 1);
	}
}

static void
what_is_not_ours_is_not_decided(void **state)
{
	(void)state;
	click(HANDLE ":0", "901", 10);
	assert_null(seen.answer);
	assert_int_equal(seen.handled, SEQ);
	assert_int_equal(seen.calls, 0);
	click("somebody's", "900", 10);
	assert_null(seen.answer);
	assert_int_equal(seen.calls, 1);
	assert_non_null(strstr(seen.body, "\"flags\":64"));
	called(RC_OK, 204, "");
	assert_int_equal(seen.holds, 0);
}

static void
after_the_end_nothing_is_taken(void **state)
{
	(void)state;
	discord_answers_close(answers);
	click(HANDLE ":0", "900", 10);
	assert_null(seen.answer);
	assert_int_equal(seen.handled, 0);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(a_click_is_stored_and_then_painted),
	    ROW(what_the_trunk_says_is_what_is_shown),
	    ROW(a_callback_that_fails_leaves_the_paint_to_the_delivery),
	    ROW(a_first_try_that_was_applied_counts),
	    ROW(a_click_that_is_replayed_counts_without_a_callback),
	    ROW(where_nothing_may_go_out_nothing_does),
	    ROW(what_is_not_ours_is_not_decided),
	    ROW(after_the_end_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
