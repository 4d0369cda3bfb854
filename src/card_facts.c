#include "card_impl.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "card_words.h"
#include "lib/buf.h"
#include "lib/script.h"

enum { VERSION_DIGITS = 12 /* of a policy's version, shown */ };

static bool
is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

static void
fact(struct card_build *b, const char *label, const char *value)
{
	if (!is_empty(value)) {
		assert(b->card->facts_n < CARD_FACTS_MAX);
		b->card->facts[b->card->facts_n++] =
		    (struct card_fact){label, value};
	}
}

static void
add_who_asks(struct card_build *b)
{
	const struct intent *in = b->in;
	struct arena *a = b->arena;

	fact(b, "Agent",
	    is_empty(in->agent_name)
		? card_line(a, in->agent_id)
		: arena_printf(a, "%s (%s)", card_line(a, in->agent_name),
		      card_line(a, in->agent_id)));
	fact(b, "Owner", card_line(a, in->owner));
	fact(b, "On behalf of (claimed)", card_line(a, in->on_behalf_of));
	fact(b, "Destination", card_line(a, in->destination));
}

/*
 * Names that are not what they look like. A destination is an identifier:
 * there, everything beyond ASCII is spelled.
 */
static void
add_look_alikes(struct card_build *b)
{
	const struct intent *in = b->in;
	const struct {
		const char *what, *text;
		bool identifier;
	} rows[] = {
	    {"Destination", in->destination, true},
	    {"Agent", in->agent_name, false},
	    {"Owner", in->owner, false},
	    {"On behalf of", in->on_behalf_of, false},
	    {"Title", in->title, false},
	    {"Description", in->description, false},
	};
	CLEANUP(buf_fini) struct buf all;

	buf_init(&all, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_fini) struct buf spelled;
		size_t len = is_empty(rows[i].text) ? 0 : strlen(rows[i].text);
		size_t ascii = 0;

		buf_init(&spelled, 0);
		while (ascii < len && isascii(rows[i].text[ascii])) {
			ascii++;
		}
		if (ascii < len && rows[i].identifier) {
			script_spell(rows[i].text, len, &spelled);
		} else {
			(void)script_mixed(rows[i].text, len, &spelled);
		}
		if (spelled.len > 0) {
			buf_printf(&all, "%s%s is spelled %s",
			    all.len > 0 ? "; " : "", rows[i].what,
			    buf_str(&spelled));
		}
	}
	fact(b, "Look-alike letters", arena_strdup(b->arena, buf_str(&all)));
}

/* All of it, or as much as fits and how much is missing. */
static void
add_metadata(struct card_build *b)
{
	const char *text = b->in->metadata;
	size_t len = is_empty(text) ? 0 : strlen(text), shown;
	bool spelled = false;
	char *value;

	if (len == 0) {
		return;
	}
	value = card_show(b->arena, text, len, b->payload_max, false, &shown,
	    &spelled);
	if (shown < len) {
		b->card->payload_cut = true;
		value = arena_printf(b->arena,
		    "%s ... cut: %s of %s bytes are missing here", value,
		    card_number(b->arena, (long long)(len - shown)),
		    card_number(b->arena, (long long)len));
	}
	fact(b, "Metadata (claimed)", value);
}

static void
add_claims(struct card_build *b)
{
	const struct intent *in = b->in;

	if (in->has_value_usd) {
		fact(b, "Amount (claimed)",
		    card_dollars(b->arena, in->value_usd));
	}
	if (in->has_record_count) {
		fact(b, "Records (claimed)",
		    card_number(b->arena, in->record_count));
	}
	fact(b, "Tags (claimed)", card_list(b->arena, &in->tags));
	fact(b, "Profile", card_line(b->arena, in->profile));
	add_metadata(b);
}

static void
add_judgement(struct card_build *b)
{
	const struct intent *in = b->in;
	struct arena *a = b->arena;
	const char *factors = card_list(a, &in->risk.factors);

	if (!is_empty(in->risk.level)) {
		fact(b, "Risk",
		    arena_printf(a, "%s (%.2f)%s%s", in->risk.level,
			in->risk.score, is_empty(factors) ? "" : ": ",
			factors));
	}
	fact(b, in->verdict == INTENT_PENDING ? "Why it asks" : "Why",
	    card_line(a, in->verdict_reason));
	if (!is_empty(in->policy_id)) {
		fact(b, "Policy",
		    is_empty(in->policy_version)
			? card_line(a, in->policy_id)
			: arena_printf(a, "%s (version %.*s)",
			      card_line(a, in->policy_id), VERSION_DIGITS,
			      in->policy_version));
	}
}

static void
add_times(struct card_build *b)
{
	const struct intent *in = b->in;
	struct arena *a = b->arena;

	fact(b, "Urgency (claimed)", urgency_name(in->urgency));
	fact(b, "Requested", card_utc(a, in->created_ms));
	if (card_is_open(b)) {
		fact(b, "Expires",
		    arena_printf(a, "%s (in %s)", card_utc(a, in->expires_ms),
			card_duration(a, in->expires_ms - b->now_ms)));
	} else if (in->state == INTENT_PENDING) {
		fact(b, "Expired", card_utc(a, in->expires_ms));
	}
}

static bool
is_excluded(const struct plan *p, const char *person)
{
	for (size_t i = 0; i < p->excluded.n; i++) {
		if (strcmp(p->excluded.items[i], person) == 0) {
			return true;
		}
	}
	return false;
}

/* Appends the names on the list that may approve, or those that may not. */
static int
put_names(const struct card_build *b, struct buf *out, bool excluded)
{
	const struct plan *p = &b->in->plan;
	int n = 0;

	for (size_t i = 0; i < p->approvers.n; i++) {
		if (is_excluded(p, p->approvers.items[i]) == excluded) {
			buf_printf(out, "%s%s", n++ > 0 ? ", " : "",
			    card_person(b, p->approvers.items[i], NULL));
		}
	}
	return n;
}

static void
put_quorum(struct buf *out, const struct plan *p, int people)
{
	if (p->required > 1 && people > 0 && !p->open) {
		buf_printf(out, "; %d of %d people must approve", p->required,
		    people);
	} else if (p->required > 1) {
		buf_printf(out, "; %d people must approve", p->required);
	} else {
		buf_puts(out, "; one approval is enough");
	}
	if (p->deny_threshold > 1) {
		buf_printf(out, ", %d denials refuse it", p->deny_threshold);
	}
	if (p->approve_reason) {
		buf_puts(out, "; every answer needs a reason");
	} else if (p->reason_required) {
		buf_puts(out, "; a denial needs a reason");
	}
}

/* Holders of a Discord role that stands for a group; see answer.c. */
static void
put_roles(struct buf *out, const struct plan *p, int others)
{
	if (p->roles.n > 0 && p->required <= 1) {
		buf_printf(out, "%s%s", others > 0 ? ", or " : "",
		    "whoever has their role in Discord");
	}
}

static void
add_who_decides(struct card_build *b)
{
	CLEANUP(buf_fini) struct buf out, not ;
	const struct plan *p = &b->in->plan;
	/* As in routing_may_decide(). */
	const char *anyone = p->approvers.n == (size_t)p->guests_n
	    ? "anyone who is known here or has a reviewer key"
	    : "anyone with a reviewer key";
	int people;

	buf_init(&out, 0);
	buf_init(&not, 0);
	if (b->in->verdict != INTENT_PENDING) {
		return;
	}
	people = put_names(b, &out, false);
	if (p->open) {
		buf_printf(&out, "%s%s", people > 0 ? ", or " : "", anyone);
	}
	put_roles(&out, p, people + p->open);
	if (out.len == 0) {
		buf_puts(&out, "nobody can approve it");
	} else {
		put_quorum(&out, p, people);
	}
	if (p->roles.n > 0 && p->required > 1) {
		buf_puts(&out, "; whoever has their role in Discord may deny");
	}
	if (put_names(b, &not, true) > 0) {
		buf_printf(&out, "; %s asked and may not approve",
		    buf_str(&not ));
	}
	fact(b, "Who may decide", arena_strdup(b->arena, buf_str(&out)));
}

static const char *
vote_label(const struct card_build *b, int option)
{
	return option >= 0 && option < b->in->options_n
	    ? card_option(b->arena, &b->in->options[option])
	    : "?";
}

static void
add_votes(struct card_build *b)
{
	CLEANUP(buf_fini) struct buf out;
	struct arena *a = b->arena;

	buf_init(&out, 0);
	for (int i = 0; i < b->votes_n; i++) {
		const struct vote *v = &b->votes[i];

		buf_printf(&out, "%s%s: %s%s, %s", i > 0 ? "; " : "",
		    card_person(b, v->person, v->name),
		    vote_label(b, v->option), card_way(a, v->via),
		    card_utc(a, v->at_ms));
		if (!is_empty(v->reason)) {
			buf_printf(&out, " (%s)", card_line(a, v->reason));
		}
	}
	fact(b, "Votes", arena_strdup(a, buf_str(&out)));
}

static void
add_execution(struct card_build *b)
{
	static const char *const words[EXECUTION_STATES] = {
	    [EXECUTION_LEASED] = "taken by the agent, not yet reported",
	    [EXECUTION_SUCCEEDED] = "reported as done",
	    [EXECUTION_FAILED] = "reported as failed",
	    [EXECUTION_LAPSED] = "taken by the agent and never reported",
	};

	assert(b->in->execution < EXECUTION_STATES);
	fact(b, "Execution", words[b->in->execution]);
}

static void
add_digests(struct card_build *b)
{
	const struct intent *in = b->in;
	struct arena *a = b->arena;
	const char *type = card_line(a, in->payload_type);

	fact(b, "Payload",
	    in->payload_bytes == 0
		? "none"
		: arena_printf(a, "%s bytes%s%s%s",
		      card_number(a, in->payload_bytes),
		      is_empty(type) ? "" : ", ", is_empty(type) ? "" : type,
		      b->erased ? ", erased since" : ""));
	if (in->payload_bytes > 0) {
		fact(b, "Payload SHA-256", in->payload_sha256);
	}
	fact(b, "Digest", in->digest);
}

void
card_add_facts(struct card_build *b)
{
	add_who_asks(b);
	add_look_alikes(b);
	add_claims(b);
	add_judgement(b);
	add_times(b);
	add_who_decides(b);
	add_votes(b);
	add_execution(b);
	add_digests(b);
}
