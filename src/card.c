#include "card.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "card_impl.h"
#include "card_payload.h"
#include "card_words.h"
#include "guest.h"
#include "lib/buf.h"

static bool
is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

const char *
card_person(const struct card_build *b, const char *person, const char *name)
{
	if (is_empty(name) && b->name_of != NULL) {
		name = b->name_of(b->ctx, person);
	}
	if (is_empty(name)) {
		name = guest_name(&b->in->plan, person);
	}
	return card_line(b->arena, is_empty(name) ? person : name);
}

/* Whether the label alone says what the option counts as. */
static bool
says_outcome(const struct option *o)
{
	static const char *const plain[OUTCOMES] = {
	    [OUTCOME_APPROVE] = "Approve",
	    [OUTCOME_DENY] = "Deny",
	};

	assert(o->outcome < OUTCOMES);
	return plain[o->outcome] != NULL &&
	    strcasecmp(o->label, plain[o->outcome]) == 0;
}

const char *
card_option(struct arena *a, const struct option *o)
{
	static const char *const counts[OUTCOMES] = {
	    [OUTCOME_APPROVE] = "approves",
	    [OUTCOME_DENY] = "denies",
	    [OUTCOME_OTHER] = "neither approves nor denies",
	};

	if (says_outcome(o)) {
		return card_line(a, o->label);
	}
	return arena_printf(a, "%s (%s)", card_line(a, o->label),
	    counts[o->outcome]);
}

bool
card_is_open(const struct card_build *b)
{
	return b->in->state == INTENT_PENDING && b->now_ms < b->in->expires_ms;
}

static void
add_options(struct card_build *b)
{
	if (!card_is_open(b)) {
		return;
	}
	assert(b->in->options_n <= INTENT_OPTIONS_MAX);
	for (int i = 0; i < b->in->options_n; i++) {
		b->card->options[i] = (struct option){
		    .label = card_option(b->arena, &b->in->options[i]),
		    .outcome = b->in->options[i].outcome,
		};
	}
	b->card->options_n = b->in->options_n;
}

/* Whether a vote for this option is one that led to this state. */
static bool
led_to(enum intent_state state, const struct intent *in, int option)
{
	enum outcome outcome;

	if (option < 0 || option >= in->options_n) {
		return false;
	}
	outcome = in->options[option].outcome;
	return (state == INTENT_APPROVED && outcome == OUTCOME_APPROVE) ||
	    (state == INTENT_DENIED && outcome == OUTCOME_DENY) ||
	    (state == INTENT_RESOLVED && outcome == OUTCOME_OTHER);
}

/* All whose votes made it so; NULL when there are fewer than two. */
static const char *
deciders(const struct card_build *b)
{
	CLEANUP(buf_fini) struct buf out;
	int n = 0;

	buf_init(&out, 0);
	for (int i = 0; i < b->votes_n; i++) {
		const struct vote *v = &b->votes[i];

		if (led_to(b->in->state, b->in, v->option)) {
			buf_printf(&out, "%s%s", n++ > 0 ? " and " : "",
			    card_person(b, v->person, v->name));
		}
	}
	return n > 1 ? arena_strdup(b->arena, buf_str(&out)) : NULL;
}

/* " by Dana Li by mail", " by the policy finance", or nothing. */
static const char *
by_whom(const struct card_build *b)
{
	const struct intent *in = b->in;
	const char *who;

	if (is_empty(in->decided_by)) {
		return "";
	}
	if (strcmp(in->decided_by, "policy") == 0) {
		return arena_printf(b->arena, " by the policy %s",
		    card_line(b->arena, in->policy_id));
	}
	who = deciders(b);
	if (who != NULL) {
		return arena_printf(b->arena, " by %s", who);
	}
	return arena_printf(b->arena, " by %s%s",
	    card_person(b, in->decided_by, in->decided_name),
	    card_way(b->arena, in->decided_via));
}

static const char *
pending_status(const struct card_build *b)
{
	const struct intent *in = b->in;

	if (!card_is_open(b)) {
		return "Out of time: nobody decided, and nobody can any more";
	}
	if (in->plan.required > 1) {
		return arena_printf(b->arena,
		    "Waiting for a decision: %d of %d approvals so far",
		    in->approvals, in->plan.required);
	}
	return "Waiting for a decision";
}

/* ' with "Refund half"' where the choice is more than the state says. */
static const char *
with_choice(const struct card_build *b)
{
	const struct intent *in = b->in;
	const struct option *o;

	if (in->chosen < 0 || in->chosen >= in->options_n) {
		return "";
	}
	o = &in->options[in->chosen];
	return says_outcome(o) ? ""
			       : arena_printf(b->arena, " with \"%s\"",
				     card_line(b->arena, o->label));
}

static const char *
settled_status(const struct card_build *b)
{
	static const char *const verbs[INTENT_STATES] = {
	    [INTENT_APPROVED] = "Approved",
	    [INTENT_DENIED] = "Denied",
	    [INTENT_RESOLVED] = "Answered",
	    [INTENT_EXPIRED] = "Expired without a decision",
	    [INTENT_CANCELLED] = "Cancelled",
	    [INTENT_BLOCKED] = "Blocked",
	};
	const struct intent *in = b->in;
	struct arena *a = b->arena;
	const char *reason = card_line(a, in->reason);

	assert(in->state < INTENT_STATES && verbs[in->state] != NULL);
	return arena_printf(a, "%s%s%s, %s%s%s", verbs[in->state],
	    with_choice(b), in->state == INTENT_EXPIRED ? "" : by_whom(b),
	    card_utc(a, in->settled_ms), is_empty(reason) ? "" : ". Reason: ",
	    is_empty(reason) ? "" : reason);
}

static void
add_payload(struct card_build *b, const void *payload, size_t len)
{
	struct card_payload p = {.text = ""};

	if (payload != NULL) {
		card_payload_show(b->arena, payload, len, b->payload_max, &p);
	} else if (b->in->payload_bytes > 0) {
		p.note = "The payload was erased. Its SHA-256 is above.";
	}
	b->card->payload = p.text;
	b->card->payload_cut |= p.cut;
	b->card->payload_spelled = p.spelled;
	b->card->payload_warns = p.warns;
	b->card->payload_note = p.note;
}

void
card_build(const struct intent *in, const void *payload, size_t payload_len,
    size_t payload_max, const struct vote *votes, int votes_n,
    const char *(*name_of)(void *ctx, const char *person), void *ctx,
    long long now_ms, struct arena *a, struct card *out)
{
	struct card_build b = {.in = in,
	    .erased = payload == NULL,
	    .votes = votes,
	    .votes_n = votes != NULL ? votes_n : 0,
	    .name_of = name_of,
	    .ctx = ctx,
	    .payload_max = payload_max,
	    .now_ms = now_ms,
	    .arena = a,
	    .card = out};

	*out = (struct card){.state = intent_state_name(in->state)};
	out->headline = arena_printf(a, "%s wants: %s",
	    card_line(a,
		is_empty(in->agent_name) ? in->agent_id : in->agent_name),
	    card_line(a, in->destination));
	out->status = in->state == INTENT_PENDING ? pending_status(&b)
						  : settled_status(&b);
	card_add_facts(&b);
	add_payload(&b, payload, payload_len);
	out->title = card_line(a, is_empty(in->title) ? NULL : in->title);
	out->description =
	    card_lines(a, is_empty(in->description) ? NULL : in->description);
	add_options(&b);
}
