#include "answer_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "policy_folder.h"

static const char yaml[] =
    "{\"people\": ["
    "{\"id\": \"dana\", \"name\": \"Dana\", "
    "\"email\": \"dana@example.com\", \"slack\": [\"T1/U1\"]},"
    "{\"id\": \"lee\", \"email\": \"lee@example.com\"},"
    "{\"id\": \"omar\", \"slack\": [\"T1/U3\"], "
    "\"discord\": [\"56\"]},"
    "{\"id\": \"mo\", \"discord\": [\"55\"]},"
    "{\"id\": \"eve\", \"slack\": [\"T1/U9\"]}],"
    "\"groups\": {\"finance\": [\"dana\"]},"
    "\"discord_roles\": {\"7/8\": \"finance\"}}";

void
answer_bed_people(struct answer_bed *b)
{
	json_t *root = json_loads(yaml, 0, NULL);
	struct policy_folder dir;
	struct policy_set *set;
	struct fault f = {0};

	assert_int_equal(people_load(root, &b->people, &f), RC_OK);
	json_decref(root);
	policy_folder_init(&dir);
	policy_folder_put(&dir, "p.yaml", "id: p\n");
	assert_int_equal(policy_set_load(dir.path, b->people, &set, &f), RC_OK);
	policy_folder_fini(&dir);
	b->rules = rules_new(set);
}

void
answer_bed_ask(struct answer_bed *b, const char *channel, struct submission *s)
{
	const struct ask asks[] = {{.channel = channel, .address = "C1"}};
	struct delivery_row *rows;
	struct fault f = {0};
	int n;

	s->asks = asks;
	s->asks_n = 1;
	assert_int_equal(store_now(b->t->store, intent_submit, s), RC_OK);
	b->intent = arena_strdup(b->t->arena, s->intent.id);
	assert_int_equal(delivery_list(b->t->reader, -1, b->intent, NULL, 10,
			     b->t->arena, &rows, &n, &f),
	    RC_OK);
	assert_int_equal(n, 1);
	memcpy(b->delivery, rows[0].id, strlen(rows[0].id) + 1);
	b->handle = handle_make(b->t->arena, vault_handle_keys(b->t->vault),
	    b->delivery, s->intent.digest);
}

struct answer_bed
answer_bed_make(struct trunk *t, const char *channel, int required)
{
	struct answer_bed b = {.t = t};

	answer_bed_people(&b);
	b.env = (struct answer_env){t->store, b.rules,
	    {.vault = t->vault, .public_url = "http://127.0.0.1"}};
	answer_bed_ask(&b, channel, trunk_submission(t, required));
	return b;
}

void
answer_bed_end(struct answer_bed *b)
{
	answer_free(b->back);
	rules_free(b->rules);
	people_unref(b->people);
}

static void
done(void *ctx, struct answer *w)
{
	struct answer_bed *b = ctx;

	answer_free(b->back);
	b->back = w;
}

struct answer
answer_bed_click(const struct answer_bed *b, const char *account, int option)
{
	return (struct answer){.channel = "slack",
	    .id = arena_printf(b->t->arena, "%s-%d", account, option),
	    .account = account,
	    .name = "somebody",
	    .remote_id = "T1/C1/1.2",
	    .handle = b->handle,
	    .option = option};
}

static enum rc
nothing(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return RC_OK;
}

struct answer *
answer_bed_give(struct answer_bed *b, const struct answer *what)
{
	struct arena *a = arena_new();
	struct answer *w = arena_alloc(a, sizeof(*w));

	*w = *what;
	w->arena = a;
	w->done = done;
	w->ctx = b;
	answer_take(&b->env, w);
	assert_int_equal(store_now(b->t->store, nothing, NULL), RC_OK);
	return b->back;
}

long long
answer_bed_votes(const struct answer_bed *b)
{
	return trunk_count(b->t, "SELECT count(*) FROM vote");
}
