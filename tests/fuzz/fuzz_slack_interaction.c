/*
 * The first byte picks the type of an envelope, the rest is its payload.
 * Whatever is taken out of it keeps its limits, carries nothing but what ids
 * are made of between its slashes, and can be shown in a form again.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "bots/slack_find.h"
#include "bots/slack_interaction.h"
#include "bots/slack_view.h"
#include "lib/json.h"

enum { PART_MAX = 64 };

static void
check_id(const char *s, int slashes)
{
	assert(s != NULL && s[0] != '\0');
	for (const char *p = s; *p != '\0'; p++) {
		slashes -= *p == '/' ? 1 : 0;
		assert(*p > ' ' && *p < 0x7f);
	}
	assert(slashes == 0);
}

/* What a form carries comes back the same. */
static void
check_carried(struct arena *a, const struct slack_interaction *in,
    const struct slack_self *self)
{
	json_t *view = slack_view_reason(a, in, NULL);
	CLEANUP(json_drop) json_t *p =
	    json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s, s:s, s:O}}", "type",
		"view_submission", "user", "id", "U1", "team", "id", "T1",
		"view", "id", "V1", "callback_id", SLACK_FORM_CALLBACK,
		"private_metadata", json_object_get(view, "private_metadata"));
	struct slack_interaction again;

	slack_interaction_read(a, "interactive", p, self, &again);
	assert(again.act == SLACK_SUBMITTED);
	assert(strcmp(again.remote_id, in->remote_id) == 0);
	assert(strcmp(again.button.handle, in->button.handle) == 0);
	assert(again.option == in->option);
	assert(again.button.form == in->button.form);
	json_decref(view);
}

static void
check(struct arena *a, const struct slack_interaction *in,
    const struct slack_self *self)
{
	if (in->act != SLACK_PRESSED && in->act != SLACK_SUBMITTED) {
		return;
	}
	check_id(in->account, 1);
	check_id(in->user, 0);
	assert(in->option >= 0 && in->option < INTENT_OPTIONS_MAX);
	assert(strlen(in->button.handle) <= HANDLE_MAX);
	assert(in->id != NULL && strlen(in->id) < 8 * PART_MAX);
	assert(in->reason == NULL || in->reason[0] != '\0');
	if (in->act == SLACK_PRESSED) {
		check_id(in->remote_id, 2);
		check_id(in->channel, 0);
		check_carried(a, in, self);
	}
}

/* The same bytes as answers of the Web API. */
static void
check_answers(struct arena *a, const json_t *body, const struct slack_self *me)
{
	const char *why, *user = slack_find_user(a, body, "T1", &why);

	assert((user == NULL) == (why != NULL));
	(void)slack_find_dm(a, body);
	(void)slack_find_message(a, body, me, "UBOT", "dlv_1");
	(void)slack_find_cursor(a, body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const types[] = {"interactive", "slash_commands",
	    "events_api", "other"};
	static const struct slack_self self = {"T1", "A1", "B1"},
				       unknown = {NULL, NULL, NULL};
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *root = NULL;
	const struct slack_self *me;
	struct slack_interaction in;
	struct slack_place place;

	if (len == 0) {
		return 0;
	}
	me = (data[0] & 4) != 0 ? &unknown : &self;
	if (slack_find_place(a,
		arena_strndup(a, (const char *)data + 1, len - 1), "T1", &place,
		NULL) == RC_OK) {
		assert(place.is_mail || place.place != NULL);
	}
	if (json_read((const char *)data + 1, len - 1, &root, NULL) != RC_OK) {
		return 0;
	}
	slack_interaction_read(a, types[data[0] & 3], root, me, &in);
	assert(in.act < SLACK_ACTS);
	check(a, &in, me);
	check_answers(a, root, me);
	return 0;
}
