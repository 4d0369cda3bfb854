#include "bots/slack_step.h"

#include <assert.h>
#include <string.h>

#include "bots/slack_find.h"
#include "bots/slack_message.h"
#include "lib/log.h"

enum { PAGES_MAX = 3 /* of a history that are searched */ };

/* --- how it ends ---------------------------------------------------------- */

static bool
end(struct attempt *out, enum rc rc, const char *detail)
{
	out->rc = rc;
	out->detail = detail;
	return true;
}

/* Slack knows it by this name now. */
static bool
end_posted(struct slack_way *w, const struct slack_auth *au,
    const char *channel, const char *ts, struct attempt *out)
{
	out->remote_id =
	    arena_printf(w->d->arena, "%s/%s/%s", au->team, channel, ts);
	return end(out, RC_OK, NULL);
}

/* What a verdict means for every step but for its own business. */
static const struct {
	bool ends;
	enum rc rc;
} verdicts[SLACK_VERDICTS] = {
    [SLACK_BUSY] = {true, RC_BUSY},
    [SLACK_TEMP] = {true, RC_REMOTE_TEMP},
    [SLACK_UNSURE] = {true, RC_UNCERTAIN},
    [SLACK_FATAL] = {true, RC_BUSY},
};

/* --- what the steps answer ------------------------------------------------ */

static bool
on_account(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	const char *user, *why;

	if (strcmp(r->error, "users_not_found") == 0) {
		return end(out, RC_REMOTE_PERM,
		    "users_not_found: no Slack account has this mail "
		    "address");
	}
	if (r->verdict == SLACK_REFUSED) {
		return end(out, RC_REMOTE_PERM, r->detail);
	}
	user = slack_find_user(w->d->arena, r->body, au->team, &why);
	if (user == NULL) {
		return end(out, RC_REMOTE_PERM, why);
	}
	w->place = user;
	w->account = arena_printf(w->d->arena, "%s/%s", au->team, user);
	w->step = w->d->attempt > 1 ? SLACK_STEP_DM : SLACK_STEP_POST;
	return false;
}

/*
 * It is posted, if need be a second time. But what is settled is asked nobody
 * any more: then only a card that stands there would have been changed.
 */
static bool
on_absent(struct slack_way *w, struct attempt *out)
{
	if (w->d->kind != DELIVERY_ASK) {
		return end(out, RC_OK, "nothing was posted");
	}
	w->step = SLACK_STEP_POST;
	return false;
}

static bool
on_dm(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	const char *dm = slack_find_dm(w->d->arena, r->body);

	(void)au;
	if (dm == NULL) {
		return on_absent(w, out);
	}
	w->place = dm;
	w->step = SLACK_STEP_FIND;
	return false;
}

static bool
on_history(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	const char *ts;

	if (r->verdict == SLACK_REFUSED) {
		log_info("slack delivery %s: cannot look for it error=%s",
		    w->d->id, r->error);
		return on_absent(w, out);
	}
	ts = slack_find_message(w->d->arena, r->body, &au->self, au->user,
	    w->d->id);
	if (ts != NULL) {
		log_info("slack delivery %s was there already", w->d->id);
		if (w->d->kind == DELIVERY_ASK) {
			return end_posted(w, au, w->place, ts, out);
		}
		w->ts = ts;
		w->step = SLACK_STEP_UPDATE;
		return false;
	}
	w->cursor = slack_find_cursor(w->d->arena, r->body);
	return (w->cursor == NULL || ++w->pages >= PAGES_MAX) &&
	    on_absent(w, out);
}

/* Slack's error, and for those that people can cure what it means. */
static const char *
explained(struct slack_way *w, const struct slack_reply *r)
{
	static const struct {
		const char *error, *words;
	} rows[] = {
	    {"channel_not_found",
		"no such channel or person, or the bot was not invited"},
	    {"not_in_channel", "the bot was not invited to this channel"},
	    {"is_archived", "this channel is archived"},
	    {"user_disabled", "this account is deactivated"},
	    {"messages_tab_disabled",
		"the app takes no direct messages: see assent slack manifest"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(r->error, rows[i].error) == 0) {
			return arena_printf(w->d->arena, "%s: %s", r->detail,
			    rows[i].words);
		}
	}
	return r->detail;
}

static bool
on_posted(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	const char *channel, *ts;

	if (r->verdict == SLACK_REFUSED) {
		return end(out, RC_REMOTE_PERM, explained(w, r));
	}
	channel = json_string_value(json_object_get(r->body, "channel"));
	ts = json_string_value(json_object_get(r->body, "ts"));
	if (channel == NULL || ts == NULL) {
		return end(out, RC_UNCERTAIN,
		    "the answer does not name the message");
	}
	return end_posted(w, au, channel, ts, out);
}

/* Whether there is nothing left that could be repainted. */
static bool
is_past(const char *error)
{
	static const char *const words[] = {"message_not_found",
	    "cant_update_message", "edit_window_closed"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(error, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool
on_updated(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	if (r->verdict == SLACK_REFUSED && !is_past(r->error)) {
		return end(out, RC_REMOTE_PERM, r->detail);
	}
	if (r->verdict == SLACK_REFUSED) {
		log_info("slack delivery %s: the card cannot be repainted "
			 "error=%s",
		    w->d->id, r->error);
	}
	(void)end_posted(w, au, w->place, w->ts, out);
	return end(out, RC_OK, r->error);
}

/* --- what the steps ask --------------------------------------------------- */

static json_t *
ask_account(struct slack_way *w)
{
	return json_pack("{s:s}", "email",
	    w->d->address + strlen(SLACK_MAILTO));
}

static json_t *
ask_dm(struct slack_way *w)
{
	return json_pack("{s:s}", "users", w->place);
}

/* From a little before there was anything to ask, as clocks differ. */
static json_t *
ask_history(struct slack_way *w)
{
	enum { BEFORE_S = 300 };
	long long oldest_s = w->d->intent->created_ms / 1000 - BEFORE_S;
	json_t *args = json_pack("{s:s, s:s, s:s, s:s}", "channel", w->place,
	    "include_all_metadata", "true", "limit", "100", "oldest",
	    arena_printf(w->d->arena, "%lld.000000", oldest_s));

	if (w->cursor != NULL) {
		(void)json_object_set_new(args, "cursor",
		    json_string(w->cursor));
	}
	return args;
}

/* What posting and updating have in common. */
static json_t *
message_of(struct slack_way *w)
{
	const struct delivery *d = w->d;
	struct slack_message m;

	slack_message_card(d->arena, d->card, &d->intent->plan, d->handle,
	    d->page, &m);
	return json_pack("{s:s, s:s, s:o}", "channel", w->place, "text", m.text,
	    "blocks", m.blocks);
}

static json_t *
ask_post(struct slack_way *w)
{
	json_t *args = message_of(w);

	(void)json_object_set_new(args, "unfurl_links", json_false());
	(void)json_object_set_new(args, "unfurl_media", json_false());
	(void)json_object_set_new(args, "metadata",
	    json_pack("{s:s, s:{s:s, s:s}}", "event_type", SLACK_EVENT_TYPE,
		"event_payload", "intent", w->d->intent_id, "delivery",
		w->d->id));
	return args;
}

static json_t *
ask_update(struct slack_way *w)
{
	json_t *args = message_of(w);

	(void)json_object_set_new(args, "ts", json_string(w->ts));
	return args;
}

static const struct {
	enum slack_method method;
	json_t *(*ask)(struct slack_way *);
	bool (*answer)(struct slack_way *, const struct slack_auth *,
	    const struct slack_reply *, struct attempt *);
} steps[SLACK_STEPS] = {
    [SLACK_STEP_ACCOUNT] = {SLACK_LOOKUP_BY_EMAIL, ask_account, on_account},
    [SLACK_STEP_DM] = {SLACK_CONVERSATIONS_OPEN, ask_dm, on_dm},
    [SLACK_STEP_FIND] = {SLACK_HISTORY, ask_history, on_history},
    [SLACK_STEP_POST] = {SLACK_POST_MESSAGE, ask_post, on_posted},
    [SLACK_STEP_UPDATE] = {SLACK_UPDATE, ask_update, on_updated},
};

enum slack_method
slack_step_method(const struct slack_way *w)
{
	assert(w->step > SLACK_STEP_NONE && w->step < SLACK_STEPS);
	return steps[w->step].method;
}

json_t *
slack_step_args(struct slack_way *w)
{
	json_t *args;

	assert(w->step > SLACK_STEP_NONE && w->step < SLACK_STEPS);
	args = steps[w->step].ask(w);
	/* All texts of a delivery are UTF-8, the one thing that could fail. */
	assert(args != NULL);
	return args;
}

bool
slack_step_answer(struct slack_way *w, const struct slack_auth *au,
    const struct slack_reply *r, struct attempt *out)
{
	bool ended = verdicts[r->verdict].ends;

	*out = (struct attempt){.rc = verdicts[r->verdict].rc,
	    .detail = r->detail};
	if (r->verdict == SLACK_FINE || r->verdict == SLACK_REFUSED) {
		ended = steps[w->step].answer(w, au, r, out);
	}
	out->account = w->account;
	return ended;
}

/* Where a place is known: what has to be done there. */
static enum slack_step
first_step(const struct slack_way *w, const struct slack_place *at)
{
	if (at->ts != NULL) {
		return SLACK_STEP_UPDATE;
	}
	if (at->is_mail) {
		return SLACK_STEP_ACCOUNT;
	}
	if (w->d->attempt > 1) {
		return at->is_user ? SLACK_STEP_DM : SLACK_STEP_FIND;
	}
	return SLACK_STEP_POST;
}

bool
slack_step_plan(struct slack_way *w, const struct slack_auth *au,
    struct attempt *out)
{
	const char *known = w->d->remote_id;
	struct slack_place at;
	struct fault f = {0};

	*out = (struct attempt){.rc = RC_OK};
	/* Of a second attempt the first may have left a card there. */
	if (known == NULL && w->d->kind != DELIVERY_ASK && w->d->attempt <= 1) {
		return end(out, RC_OK, "nothing was posted");
	}
	if (slack_find_place(w->d->arena, known != NULL ? known : w->d->address,
		au->team, &at, &f) != RC_OK) {
		return end(out, RC_REMOTE_PERM,
		    arena_strdup(w->d->arena, f.text));
	}
	w->place = at.place;
	w->ts = at.ts;
	w->step = first_step(w, &at);
	return false;
}
