/*
 * What comes from timers, the courier and the sockets, told to the slots.
 *
 * An event of a connection counts as long as the connection is the slot's
 * current or old one; afterwards only its end is noted.
 */
#include "bots/slack_session_impl.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"

enum {
	BUDGET_JITTER_MS = 1000,
	ASKING_TURN_MS = 100,
	WORD_SHOWN = 40 /* bytes of a word of Slack's in the log */
};

/* --- timers --------------------------------------------------------------- */

/* Whether an answer is due any moment, which may say: too often. */
static bool
is_asking(const struct slack_slot *slot)
{
	return slot->state == SLACK_OPENING &&
	    clock_mono_ms() - slot->asked_ms < SLACK_ASKING_MS;
}

static void
begin(struct slack_slot *slot)
{
	struct slack_session *s = slot->session;
	long long wait_ms;

	for (int i = 0; i < SLACK_SLOTS; i++) {
		if (i != slot->index && is_asking(&s->slots[i])) {
			slack_slot_arm(slot, ASKING_TURN_MS);
			return;
		}
	}
	wait_ms = slack_budget_take(&s->budget, clock_mono_ms());
	if (wait_ms > 0) {
		slack_slot_arm(slot, wait_ms + random_below(BUDGET_JITTER_MS));
		return;
	}
	slack_slot_take(slot, SLACK_ON_DUE);
}

static bool
is_steady(const struct slack_slot *slot)
{
	return slot->state == SLACK_READY && slot->old == NULL;
}

/* Never both at once. Slack will ask when it cannot wait. */
static void
begin_replacing(struct slack_slot *slot)
{
	struct slack_session *s = slot->session;

	for (int i = 0; i < SLACK_SLOTS; i++) {
		if (i != slot->index && !is_steady(&s->slots[i])) {
			slack_slot_arm(slot, SLACK_AFTER_YOU_MS);
			return;
		}
	}
	slack_slot_take(slot, SLACK_ON_DUE);
}

static void
give_up(struct slack_slot *slot)
{
	slack_slot_blame(slot, "%s",
	    slot->state == SLACK_GREETING ? "no hello from Slack"
					  : "no answer from Slack");
	slack_slot_take(slot, SLACK_ON_LATE);
}

void
slack_on_timer(void *arg)
{
	static void (*const on_time[SLACK_STATES])(struct slack_slot *) = {
	    [SLACK_WAITING] = begin,
	    [SLACK_OPENING] = give_up,
	    [SLACK_GREETING] = give_up,
	    [SLACK_READY] = begin_replacing,
	};
	struct slack_slot *slot = arg;

	slot->timer = 0;
	on_time[slot->state](slot);
	slack_session_publish(slot->session);
}

void
slack_on_drained(void *arg)
{
	struct slack_slot *slot = arg;

	slot->drain_timer = 0;
	slack_line_hang_up(&slot->old);
	slack_session_publish(slot->session);
}

/* --- the courier ---------------------------------------------------------- */

/* What it says of token and pace is true for both slots, and also late. */
static void
heed(struct slack_session *s, const struct slack_ticket *t)
{
	long long now = clock_mono_ms();

	if (t->retry_after_s > 0) {
		slack_budget_pause(&s->budget,
		    now + (long long)t->retry_after_s * 1000);
	}
	if (t->kind == SLACK_TICKET_LIMITED) {
		s->facts.limited++;
	}
	if (t->kind == SLACK_TICKET_FATAL) {
		slack_budget_pause(&s->budget, now + SLACK_FATAL_PAUSE_MS);
		if (strcmp(s->facts.fatal, t->word) != 0) {
			log_error("slack refuses the app token error=%s",
			    t->word);
		}
		memcpy(s->facts.fatal, t->word, sizeof(s->facts.fatal));
	}
	if (t->kind == SLACK_TICKET_URL) {
		s->facts.fatal[0] = '\0';
	}
}

static int
pause_ms(const struct slack_session *s)
{
	long long ms = s->budget.not_before_ms - clock_mono_ms();

	return ms > 0 ? (int)ms : 0;
}

void
slack_on_ticket(struct slack_slot *slot, unsigned epoch,
    const struct slack_ticket *t)
{
	heed(slot->session, t);
	if (epoch != slot->epoch) {
		return;
	}
	if (t->kind != SLACK_TICKET_URL) {
		slot->floor_ms = pause_ms(slot->session);
		slack_slot_blame(slot, "apps.connections.open: %s", t->word);
		slack_slot_take(slot, SLACK_ON_REFUSED);
		return;
	}
	slot->url = t->url;
	slack_slot_take(slot, SLACK_ON_TICKET);
}

/* --- the sockets ---------------------------------------------------------- */

static void
on_opened(void *arg, unsigned long long id)
{
	struct slack_session *s = arg;
	struct slack_line *l = slack_line_of(s, id);

	if (l == NULL || l->closing) {
		return;
	}
	l->open = true;
	slack_slot_take(l->slot, SLACK_ON_OPENED);
	slack_session_publish(s);
}

/*
 * Slack may count every connection of ours, from before we know it open until
 * a moment behind its close. Doubt is no ghost.
 */
static void
count(struct slack_session *s, int counted)
{
	struct slack_facts *f = &s->facts;
	int ours = 0, before = f->ghosts;

	if (counted < 0) {
		return;
	}
	for (size_t i = 0; i < SLACK_LINES_MAX; i++) {
		ours += s->lines[i].id != 0 ? 1 : 0;
	}
	f->counted = counted;
	f->ghosts = slack_ghosts(counted, ours);
	if (f->ghosts > 0 && f->ghosts != before) {
		log_warn("slack counts connections that are not ours "
			 "connections=%d ghosts=%d",
		    counted, f->ghosts);
	}
}

static void
on_hello(struct slack_line *l, const struct slack_frame *f)
{
	struct slack_slot *slot = l->slot;

	if (l != slot->current || slot->state != SLACK_GREETING) {
		log_debug("slack hello ignored slot=%d", slot->index);
		return;
	}
	count(slot->session, f->connections);
	slot->lasts_s = f->lasts_s;
	slack_slot_take(slot, SLACK_ON_HELLO);
}

static void
blame_disconnect(struct slack_slot *slot, const struct slack_frame *f)
{
	if (f->event == SLACK_ON_DISABLED) {
		slack_slot_blame(slot,
		    "Socket Mode is switched off (link_disabled)");
	} else if (f->event == SLACK_ON_CROWDED) {
		int n = f->connections >= 0 ? f->connections
					    : slot->session->facts.counted;

		slack_slot_blame(slot,
		    "Slack counts too many connections of this app, %d "
		    "(too_many_websockets)",
		    n);
	} else if (slot->state == SLACK_GREETING) {
		slack_slot_blame(slot, "sent away before hello");
	}
}

/*
 * The old connection has a replacement under way already. That Socket Mode is
 * off is true for this, too, unless it has said hello since.
 */
static void
on_disconnect(struct slack_line *l, const struct slack_frame *f)
{
	struct slack_slot *slot = l->slot;
	bool current = l == slot->current;

	log_info("slack wants a connection to end slot=%d reason=%.*s",
	    slot->index, WORD_SHOWN, f->reason);
	if (f->event != SLACK_ON_REFRESH) {
		blame_disconnect(slot, f);
	}
	if (!current && f->event != SLACK_ON_REFRESH) {
		slack_line_hang_up(&slot->old);
	}
	if (current ||
	    (f->event == SLACK_ON_DISABLED && slot->state != SLACK_READY)) {
		slack_slot_take(slot, f->event);
	}
}

static void
on_envelope(struct slack_line *l, const struct slack_frame *f)
{
	struct slack_envelope e = {
	    .ref = {.connection = l->id, .arrived_ms = clock_mono_ms()},
	    .type = f->type,
	    .accepts_payload = f->accepts_payload,
	    .payload = f->payload,
	};

	memcpy(e.ref.id, f->id, strlen(f->id));
	slack_session_hand_up(l->slot->session, &e);
}

static void
on_ignored(struct slack_line *l, const struct slack_frame *f)
{
	if (f->normal) {
		log_debug("slack frame ignored slot=%d why=%s", l->slot->index,
		    f->why);
	} else {
		log_warn("slack frame ignored slot=%d why=%s", l->slot->index,
		    f->why);
	}
}

static void
on_message(void *arg, unsigned long long id, const char *text, size_t len)
{
	static void (*const on_kind[])(struct slack_line *,
	    const struct slack_frame *) = {
	    [SLACK_FRAME_IGNORED] = on_ignored,
	    [SLACK_FRAME_HELLO] = on_hello,
	    [SLACK_FRAME_DISCONNECT] = on_disconnect,
	    [SLACK_FRAME_ENVELOPE] = on_envelope,
	};
	struct slack_session *s = arg;
	struct slack_line *l = slack_line_of(s, id);
	CLEANUP(slack_frame_fini) struct slack_frame f = {0};

	if (l == NULL || l->closing) {
		return;
	}
	slack_frame_read(text, len, &f);
	on_kind[f.kind](l, &f);
	if (f.kind != SLACK_FRAME_ENVELOPE) {
		slack_session_publish(s);
	}
}

static void
blame_end(struct slack_slot *slot, const struct websocket_end *end)
{
	if (end->status != 0) {
		slack_slot_blame(slot, "HTTP %d to the upgrade", end->status);
	} else if (end->rc == RC_OK) {
		slack_slot_blame(slot, "closed by Slack with code %d",
		    end->code);
	} else {
		slack_slot_blame(slot, "%s", end->detail);
	}
	if (end->retry_after_s > 0) {
		slot->floor_ms = 1000 *
		    (end->retry_after_s < SLACK_PAUSE_MAX_S
			    ? end->retry_after_s
			    : SLACK_PAUSE_MAX_S);
	}
}

static void
on_ended(void *arg, unsigned long long id, const struct websocket_end *end)
{
	struct slack_session *s = arg;
	struct slack_line *l = slack_line_of(s, id);
	struct slack_slot *slot = l->slot;
	bool current = l == slot->current;

	log_debug("slack connection ended slot=%d current=%d rc=%s code=%d",
	    slot->index, current, rc_name(end->rc), end->code);
	*l = (struct slack_line){0};
	if (l == slot->old) {
		slot->old = NULL;
		websocket_cancel(s->options.loop, slot->drain_timer);
		slot->drain_timer = 0;
	}
	if (current) {
		slot->current = NULL;
		blame_end(slot, end);
		slack_slot_take(slot, SLACK_ON_LOST);
	}
	slack_session_publish(s);
	slack_session_unref(s);
}

const struct websocket_events slack_line_events = {
    .opened = on_opened,
    .message = on_message,
    .ended = on_ended,
};
