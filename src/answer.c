#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "decide.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "routing.h"
#include "store_intent.h"

/* One answer on its way. */
struct taking {
	const struct answer_env *env;
	struct answer *answer;
	struct policy_set *rules; /* counted */
	struct delivery_row row;  /* the message it came from */
	struct deciding deciding;
};

static enum rc
refuse(struct answer *w, enum rc rc, const char *reason, const char *words)
{
	(void)fault_set(&w->fault, rc, "", "%s", words);
	return fault_reason(&w->fault, reason);
}

/* The button was made by us, for what this intent still is. */
static enum rc
find_message(struct tx *tx, struct taking *t, struct intent *in)
{
	static const char words[] = "This is not a message of mine. Please "
				    "use the card that I sent.";
	struct answer *w = t->answer;
	struct fault f = {0};
	char id[ID_SIZE];
	enum rc rc = handle_delivery(w->handle, id)
	    ? delivery_get(tx->db, id, w->arena, &t->row, &f)
	    : RC_NOT_FOUND;

	if (rc == RC_OK) {
		rc = store_intent_get(tx->db, t->row.intent_id, w->arena, in,
		    &f);
	}
	if (rc == RC_STORE) {
		return rc;
	}
	if (rc != RC_OK || strcmp(t->row.channel, w->channel) != 0 ||
	    !handle_is(vault_handle_keys(t->env->message.vault), w->handle,
		t->row.id, in->digest)) {
		in->id[0] = '\0';
		return refuse(w, RC_FORBIDDEN, "unknown_message", words);
	}
	if (w->remote_id[0] == '\0') {
		return refuse(w, RC_FORBIDDEN, "unknown_message", words);
	}
	if (t->row.remote_id != NULL &&
	    strcmp(t->row.remote_id, w->remote_id) != 0 &&
	    !delivery_may_be_copy(&t->row, w->remote_id)) {
		return refuse(w, RC_FORBIDDEN, "unknown_message", words);
	}
	return RC_OK;
}

/*
 * The chat has posted it, and somebody was faster than the answer to our post,
 * or that answer was lost: now we know what the message is called.
 */
static enum rc
learn_message(struct tx *tx, struct taking *t, struct fault *f)
{
	if (t->row.remote_id != NULL) {
		return strcmp(t->row.remote_id, t->answer->remote_id) == 0
		    ? RC_OK
		    : delivery_note_copy(tx, &t->row, t->answer->remote_id, f);
	}
	t->row.remote_id = t->answer->remote_id;
	if (t->row.state == DELIVERY_DEAD) {
		t->row.state = DELIVERY_DONE; /* given up, yet it is there */
	}
	return delivery_update(tx, &t->row, f);
}

/* Whose account it is; else the holder of a role stands for themselves. */
static enum rc
find_person(struct tx *tx, struct taking *t, struct fault *f)
{
	struct answer *w = t->answer;
	struct decision *d = &t->deciding.decision;
	const struct person *p;
	enum rc rc = account_person(tx->db, policy_set_people(t->rules),
	    w->channel, w->account, w->arena, &p, f);

	if (rc != RC_OK) {
		return rc;
	}
	d->known = p != NULL;
	d->person = p != NULL
	    ? arena_strdup(w->arena, p->id)
	    : arena_printf(w->arena, "%s:%s", w->channel, w->account);
	/* What people call themselves never stands alone: it may be the name
	 * of somebody else, or of two. */
	d->name = p != NULL ? arena_strdup(w->arena, p->name)
			    : arena_printf(w->arena, "%s (\"%s\")", d->person,
				  w->name != NULL ? w->name : "");
	return RC_OK;
}

static void
find_roles(struct answer *w, struct decision *d)
{
	if (w->place == NULL) {
		return;
	}
	d->roles.items =
	    arena_array(w->arena, w->roles.n, sizeof(*d->roles.items));
	for (size_t i = 0; i < w->roles.n; i++) {
		d->roles.items[d->roles.n++] = arena_printf(w->arena, "%s/%s",
		    w->place, w->roles.items[i]);
	}
}

static const char *
interaction_id(struct tx *tx, const struct answer *w)
{
	return arena_printf(tx->scratch, "%s/%s", w->channel, w->id);
}

/* RC_NOT_FOUND: it is new. Else what became of it the first time. */
static enum rc
taken_before(struct tx *tx, struct answer *w)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	struct fault f = {0};
	enum rc rc = db_one(tx->db, &f, &r,
	    "SELECT refused, words FROM interaction WHERE id = ?1", "t",
	    interaction_id(tx, w));

	if (rc != RC_OK) {
		return rc;
	}
	w->repeated = true;
	return db_is_null(r, 0)
	    ? RC_OK
	    : refuse(w, RC_FORBIDDEN, db_get_text(r, 0, w->arena),
		  db_get_text(r, 1, w->arena));
}

static enum rc
note_interaction(struct tx *tx, const struct answer *w, enum rc rc)
{
	bool counted = rc == RC_OK;
	struct fault f = {0};

	return db_run(tx->db, &f, NULL,
	    "INSERT INTO interaction (id, at_ms, refused, words) "
	    "VALUES (?1,?2,?3,?4)",
	    "titt", interaction_id(tx, w), tx->now_ms,
	    counted ? NULL : w->fault.reason, counted ? NULL : w->fault.text);
}

/* What the card there did not show whole is not approved there. */
static enum rc
check_shown(struct tx *tx, struct deciding *w, const struct intent *in,
    struct fault *f)
{
	const struct taking *t = w->check_arg;
	const struct channel_ops *ops = channel_find(t->answer->channel);
	const struct card *card;
	enum rc rc;

	if (w->decision.outcome == OUTCOME_DENY) {
		return RC_OK;
	}
	rc = message_card(tx, &t->env->message, policy_set_people(t->rules), in,
	    t->answer->channel, w->arena, &card, f);
	if (rc == RC_OK &&
	    (card->payload_cut ||
		(ops != NULL && ops->shows_whole != NULL &&
		    !ops->shows_whole(w->arena, card, in,
			message_page(w->arena, &t->env->message, in->id))))) {
		(void)fault_set(f, RC_FORBIDDEN, "payload",
		    "not all of it can be shown here: open the whole card");
		return fault_reason(f, "payload_not_shown");
	}
	return rc;
}

static enum rc
decide(struct tx *tx, struct taking *t)
{
	struct answer *w = t->answer;
	struct deciding *d = &t->deciding;
	enum rc rc;

	/* Never "the first that approves", which a negative one would be. */
	d->decision.option = w->option >= 0 ? w->option : INTENT_OPTIONS_MAX;
	d->decision.reason = w->dry_run ? "-" : w->reason;
	d->dry_run = w->dry_run;
	d->check = check_shown;
	d->check_arg = t;
	rc = intent_decide(tx, d);
	w->fault = d->fault;
	w->settled = d->settled;
	return rc;
}

/* Whether one of ours has no account there that we know of. Who is nobody of
 * ours is only a name: nothing can be said about them. */
static bool
may_be_one_of(const struct taking *t, const struct field_strings *ids)
{
	for (size_t i = 0; i < ids->n; i++) {
		const struct person *p =
		    people_find(policy_set_people(t->rules), ids->items[i]);

		if (p != NULL && p->discord.n == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Somebody of whom only a role is known. They approve where one is enough, for
 * they may have answered under their own name elsewhere; and where they cannot
 * be who asked.
 */
static enum rc
check_stranger(const struct taking *t, const struct intent *in)
{
	const struct decision *d = &t->deciding.decision;

	if (!routing_holds_role(&in->plan, d)) {
		return refuse(t->answer, RC_FORBIDDEN, "unknown_account",
		    "I do not know you: ask whoever runs me to add your "
		    "account.");
	}
	if (d->outcome != OUTCOME_DENY &&
	    (in->plan.required > 1 || may_be_one_of(t, &in->plan.excluded))) {
		return refuse(t->answer, RC_FORBIDDEN, "not_an_approver",
		    "I know your role, but not whether you are one of those "
		    "who asked or who answer elsewhere: ask whoever runs me "
		    "to add your account.");
	}
	return RC_OK;
}

static enum rc
refuse_stranger(struct tx *tx, struct taking *t)
{
	struct deciding *d = &t->deciding;

	d->fault = t->answer->fault;
	return intent_decide_refused(tx, d) == RC_OK ? RC_FORBIDDEN : RC_STORE;
}

/* What the button counts as; one that there is not will be refused. */
static enum outcome
pressed(const struct answer *w, const struct intent *in)
{
	return w->option >= 0 && w->option < in->options_n
	    ? in->options[w->option].outcome
	    : OUTCOME_OTHER;
}

static enum rc
judge(struct tx *tx, struct taking *t, struct intent *in)
{
	struct answer *w = t->answer;
	struct decision *d = &t->deciding.decision;
	enum rc rc = find_message(tx, t, in);

	if (rc == RC_OK) {
		rc = find_person(tx, t, &w->fault);
	}
	d->outcome = pressed(w, in);
	/* Also of a button that was forged for a message that we know. */
	if (rc == RC_FORBIDDEN && t->row.intent_id != NULL &&
	    find_person(tx, t, &w->fault) == RC_OK) {
		t->deciding.fault = w->fault;
		d->intent_id = t->row.intent_id;
		return intent_decide_refused(tx, &t->deciding) == RC_OK
		    ? rc
		    : RC_STORE;
	}
	if (rc != RC_OK) {
		return rc;
	}
	d->intent_id = in->id;
	find_roles(w, d);
	rc = taken_before(tx, w);
	if (rc != RC_NOT_FOUND) {
		return rc;
	}
	rc = learn_message(tx, t, &w->fault);
	if (rc != RC_OK) {
		return rc;
	}
	rc = !d->known && check_stranger(t, in) != RC_OK
	    ? refuse_stranger(tx, t)
	    : decide(tx, t);
	if (rc != RC_STORE && !w->dry_run &&
	    note_interaction(tx, w, rc) != RC_OK) {
		rc = RC_STORE;
	}
	return rc;
}

/* What the chat shows afterwards. */
static enum rc
show(struct tx *tx, struct taking *t, struct intent *in)
{
	struct answer *w = t->answer;
	enum rc rc = store_intent_get(tx->db, in->id, w->arena, in, &w->fault);

	if (rc == RC_OK) {
		rc = message_card(tx, &t->env->message,
		    policy_set_people(t->rules), in, w->channel, w->arena,
		    &w->card, &w->fault);
	}
	if (rc != RC_OK) {
		return RC_STORE;
	}
	w->intent = in;
	w->page = message_page(w->arena, &t->env->message, in->id);
	w->shown_handle = in->state == INTENT_PENDING ? w->handle : "";
	return RC_OK;
}

static enum rc
take(struct tx *tx, void *arg)
{
	struct taking *t = arg;
	struct answer *w = t->answer;
	struct intent *in = arena_alloc(w->arena, sizeof(*in));
	enum rc rc;

	w->fault = (struct fault){0};
	w->repeated = w->settled = false;
	w->intent = NULL;
	w->card = NULL;
	t->row = (struct delivery_row){.id = NULL};
	t->deciding = (struct deciding){
	    .arena = w->arena,
	    .decision = {.via = w->channel,
		.assurance = "chat account",
		.option = w->option},
	};
	rc = judge(tx, t, in);
	if (rc != RC_STORE && in->id[0] != '\0' && show(tx, t, in) != RC_OK) {
		rc = RC_STORE;
	}
	return rc;
}

static void
taken(void *arg, enum rc rc)
{
	struct taking *t = arg;
	struct answer *w = t->answer;

	w->rc = rc;
	policy_set_unref(t->rules);
	free(t);
	w->done(w->ctx, w);
}

void
answer_take(const struct answer_env *env, struct answer *w)
{
	struct taking *t = mem_new(1, sizeof(*t));

	t->env = env;
	t->answer = w;
	t->rules = rules_get(env->rules);
	if (store_write(env->store, take, taken, t) != RC_OK) {
		log_warn("an answer over %s waits for nobody: too many jobs",
		    w->channel);
		taken(t, RC_BUSY);
	}
}

enum rc
answer_forget(struct tx *tx, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "DELETE FROM interaction WHERE at_ms < ?1", "i",
	    tx->now_ms - ANSWER_KEPT_MS);
}
