#include "invitation.h"

#include <string.h>

#include "guest.h"
#include "lib/clock.h"
#include "store_intent.h"

static const char *const reasons[OPENINGS] = {
    [OPEN_VIEW] = "link_only_shows",
    [OPEN_USED] = "link_used",
    [OPEN_OVER] = "link_over",
    [OPEN_STRANGER] = "link_of_a_stranger",
    [OPEN_VOTED] = "already_voted",
    [OPEN_LOCKED] = "link_locked",
};

const char *
invitation_reason(enum opening how)
{
	return reasons[how];
}

static void
find_person(const struct invitation_env *env, struct arena *a,
    struct invitation *o)
{
	CLEANUP(rules_drop) struct policy_set *set = rules_get(env->rules);
	const char *id = o->link.person;
	const struct person *p = people_find(policy_set_people(set), id);
	const char *guest = guest_name(&o->intent.plan, id);

	o->known = p != NULL;
	o->name = arena_strdup(a,
	    p != NULL		? p->name
		: guest != NULL ? guest
				: id);
}

/* Whose answer counts already; where the store fails, the job looks again. */
static bool
has_voted(const struct invitation_env *env, struct arena *a,
    const struct invitation *o)
{
	struct vote *votes;
	struct fault f = {0};
	int n = 0;

	if (store_vote_list(env->reader, o->intent.id, a, &votes, &n, &f) !=
	    RC_OK) {
		return false;
	}
	for (int i = 0; i < n; i++) {
		if (strcmp(votes[i].person, o->link.person) == 0) {
			return true;
		}
	}
	return false;
}

static enum opening
still_counts(const struct invitation_env *env, struct arena *a,
    const struct invitation *o)
{
	if (o->row.used_ms != 0) {
		return OPEN_USED;
	}
	if (o->intent.state != INTENT_PENDING ||
	    clock_now_ms() >= o->link.expires_ms) {
		return OPEN_OVER;
	}
	if (!o->known && guest_name(&o->intent.plan, o->link.person) == NULL) {
		return OPEN_STRANGER;
	}
	if (has_voted(env, a, o)) {
		return OPEN_VOTED;
	}
	return o->row.wrong >= MAGIC_LINK_WRONG_MAX ? OPEN_LOCKED : OPENED;
}

static enum opening
look_up(const struct invitation_env *env, const char *token, struct arena *a,
    struct invitation *o)
{
	struct fault f = {0};
	bool view;
	enum rc rc = magic_link_read(a, vault_link_keys(env->vault), token,
	    clock_now_ms(), &o->link, &f);

	if (rc != RC_OK && rc != RC_EXPIRED) {
		return OPEN_WRONG;
	}
	view = strcmp(o->link.person, GUEST_VIEWER) == 0;
	rc = view ? RC_OK : link_get(env->reader, o->link.hash, a, &o->row, &f);
	if (rc == RC_OK) {
		rc = store_intent_get(env->reader, o->link.intent_id, a,
		    &o->intent, &f);
	}
	if (rc != RC_OK) {
		return rc == RC_NOT_FOUND ? OPEN_WRONG : OPEN_FAILED;
	}
	if (strcmp(o->link.digest, o->intent.digest) != 0) {
		return OPEN_WRONG; /* it was made for another action */
	}
	find_person(env, a, o);
	return view ? OPEN_VIEW : still_counts(env, a, o);
}

void
invitation_open(const struct invitation_env *env, const char *token,
    struct arena *a, struct invitation *out)
{
	*out = (struct invitation){.known = false};
	out->how = look_up(env, token, a, out);
}

void
invitation_decision(const struct invitation *o, struct decision *out)
{
	const char *id = o->link.person;

	*out = (struct decision){.intent_id = o->intent.id,
	    .person = id,
	    .name = o->name,
	    .known = o->known,
	    .via = guest_is(id) ? guest_via(id) : "email",
	    .assurance = guest_assurance(id),
	    .option = -1,
	    .outcome = OUTCOME_APPROVE,
	    .link_hash = o->link.hash};
}

static bool
code_is_right(const struct vault *vault, const struct link_row *row,
    const char *typed)
{
	char code[MAGIC_LINK_CODE + 1];

	return typed != NULL && magic_link_code_clean(typed, code) &&
	    magic_link_code_is(vault_link_keys(vault), row->hash, code,
		row->code_hash);
}

enum rc
invitation_check(struct tx *tx, const struct vault *vault,
    const struct deciding *w, const char *typed, int *wrong, struct fault *f)
{
	struct link_row row;
	enum rc rc = link_get(tx->db, w->decision.link_hash, w->arena, &row, f);

	if (rc != RC_OK) {
		return rc;
	}
	if (row.wrong >= MAGIC_LINK_WRONG_MAX) {
		(void)fault_set(f, RC_FORBIDDEN, "code", "link is locked");
		return fault_reason(f, "link_locked");
	}
	if (w->decision.outcome != OUTCOME_DENY && row.code_hash != NULL &&
	    row.used_ms == 0 && !code_is_right(vault, &row, typed)) {
		rc = link_count_wrong(tx, row.hash, f);
		if (rc != RC_OK) {
			return rc;
		}
		*wrong = row.wrong + 1;
		(void)fault_set(f, RC_FORBIDDEN, "code", "wrong code");
		return fault_reason(f, "wrong_code");
	}
	return link_use(tx, row.hash, f);
}
