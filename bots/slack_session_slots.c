/*
 * The slots at work: each does what slack_slot_step() says, with one timer and
 * at most two connections. Nobody else decides when to begin again.
 */
#include "bots/slack_session_impl.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/clock.h"
#include "lib/log.h"

enum {
	MESSAGE_MAX = 4 * 1024 * 1024, /* bytes; payloads hold whole messages */
	CLOSE_NORMAL = 1000	       /* RFC 6455 7.4.1 */
};

void
slack_slot_blame(struct slack_slot *slot, const char *fmt, ...)
{
	struct slack_facts *f = &slot->session->facts;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->trouble, sizeof(f->trouble), fmt, ap);
	va_end(ap);
}

void
slack_slot_arm(struct slack_slot *slot, long long ms)
{
	assert(slot->timer == 0 && ms >= 0 && ms <= 24 * 3600 * 1000);
	slot->timer = websocket_after(slot->session->options.loop, (int)ms,
	    slack_on_timer, slot);
}

/* --- connections ---------------------------------------------------------- */

struct slack_line *
slack_line_of(struct slack_session *s, unsigned long long id)
{
	for (size_t i = 0; i < SLACK_LINES_MAX && id != 0; i++) {
		if (s->lines[i].id == id) {
			return &s->lines[i];
		}
	}
	return NULL;
}

/*
 * Slack keeps counting a connection that did not say close. One that is not
 * open yet has nobody to say it to.
 */
void
slack_line_hang_up(struct slack_line **place)
{
	struct slack_line *l = *place;
	struct websocket_loop *loop;

	*place = NULL;
	if (l == NULL) {
		return;
	}
	loop = l->slot->session->options.loop;
	l->closing = true;
	if (l->open) {
		websocket_close(loop, l->id, CLOSE_NORMAL, "");
	} else {
		websocket_drop(loop, l->id);
	}
}

static void
forget_old(struct slack_slot *slot)
{
	slack_line_hang_up(&slot->old);
	websocket_cancel(slot->session->options.loop, slot->drain_timer);
	slot->drain_timer = 0;
}

/* A place for one more, or NULL. */
static struct slack_line *
line_new(struct slack_slot *slot)
{
	struct slack_session *s = slot->session;

	for (size_t i = 0; i < SLACK_LINES_MAX; i++) {
		if (s->lines[i].id == 0) {
			s->lines[i] = (struct slack_line){.slot = slot};
			return &s->lines[i];
		}
	}
	return NULL;
}

/* --- actions: each returns what comes of it at once ----------------------- */

static enum slack_event
do_nothing(struct slack_slot *slot)
{
	(void)slot;
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_open(struct slack_slot *slot)
{
	slot->session->facts.reconnects += slot->failed ? 1 : 0;
	if (slack_ticket_ask(slot) != RC_OK) {
		slack_slot_blame(slot, "too many calls wait");
		return SLACK_ON_REFUSED;
	}
	slot->asked_ms = clock_mono_ms();
	slack_slot_arm(slot, SLACK_OPEN_LATE_MS);
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_connect(struct slack_slot *slot)
{
	struct slack_session *s = slot->session;
	struct slack_line *l = line_new(slot);
	struct websocket_call call = {
	    .url = slot->url,
	    .user_agent = "assent",
	    .handshake_ms = SLACK_HANDSHAKE_MS,
	    .message_max = MESSAGE_MAX,
	    .ping_s = SLACK_PING_S,
	    .hangup_s = SLACK_HANGUP_S,
	};

	slot->url = NULL;
	if (l == NULL) {
		slack_slot_blame(slot, "too many connections are closing");
		return SLACK_ON_REFUSED;
	}
	slack_session_ref(s); /* until it has ended */
	l->id = websocket_open(s->options.loop, &call, &slack_line_events, s);
	slot->current = l;
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_await(struct slack_slot *slot)
{
	slack_slot_arm(slot, SLACK_HELLO_MS);
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_welcome(struct slack_slot *slot)
{
	struct slack_session *s = slot->session;
	int refresh_ms = slack_refresh_ms(slot->index, slot->lasts_s);

	slot->current->greeted = true;
	slot->hello_ms = clock_mono_ms();
	slot->failed = false;
	s->facts.greeted = true;
	if (refresh_ms > 0) {
		slack_slot_arm(slot, refresh_ms);
	}
	if (slot->old != NULL && slot->drain_timer == 0) {
		slot->drain_timer = websocket_after(s->options.loop,
		    SLACK_DRAIN_MS, slack_on_drained, slot);
	}
	log_info("slack connection ready slot=%d connections=%d lasts_s=%lld",
	    slot->index, s->facts.counted, slot->lasts_s);
	return SLACK_ON_NOTHING;
}

/* How long the current one lasted from its hello, which ends here. */
static long long
lasted_ms(struct slack_slot *slot)
{
	long long ms = slot->hello_ms != 0 ? clock_mono_ms() - slot->hello_ms
					   : 0;

	slot->hello_ms = 0;
	return ms;
}

static void
wait_for(struct slack_slot *slot, long long ms)
{
	if (ms < slot->floor_ms) {
		ms = slot->floor_ms;
	}
	slot->floor_ms = 0;
	slack_slot_arm(slot, ms);
}

/* It is read on; a still older one makes room. */
static enum slack_event
do_replace(struct slack_slot *slot)
{
	forget_old(slot);
	slot->old = slot->current;
	slot->current = NULL;
	log_info("slack connection is replaced slot=%d", slot->index);
	wait_for(slot, slack_wait_ms(&slot->failures, lasted_ms(slot)));
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_retry(struct slack_slot *slot)
{
	int ms = slack_wait_ms(&slot->failures, lasted_ms(slot));

	slack_line_hang_up(&slot->current);
	slot->failed = true;
	log_warn("slack connection failed slot=%d wait_ms=%d why=%s",
	    slot->index, ms > slot->floor_ms ? ms : slot->floor_ms,
	    slot->session->facts.trouble);
	wait_for(slot, ms);
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_yield(struct slack_slot *slot)
{
	slack_line_hang_up(&slot->current);
	slot->failed = true;
	(void)lasted_ms(slot);
	log_error("slack connection refused slot=%d why=%s", slot->index,
	    slot->session->facts.trouble);
	wait_for(slot, slack_wait_crowded_ms());
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_rest(struct slack_slot *slot)
{
	slack_line_hang_up(&slot->current);
	forget_old(slot);
	slot->failed = true;
	(void)lasted_ms(slot);
	log_error("slack connection ended slot=%d why=%s", slot->index,
	    slot->session->facts.trouble);
	wait_for(slot, slack_wait_disabled_ms());
	return SLACK_ON_NOTHING;
}

static enum slack_event
do_hang_up(struct slack_slot *slot)
{
	slack_line_hang_up(&slot->current);
	forget_old(slot);
	return SLACK_ON_NOTHING;
}

/* --- the machine ---------------------------------------------------------- */

/* What the state before began is stale from here on. */
static void
set_state(struct slack_slot *slot, enum slack_state state)
{
	assert(slot->state != SLACK_STOPPED);
	if (state != slot->state) {
		log_debug("slack slot=%d %s -> %s", slot->index,
		    slack_state_name(slot->state), slack_state_name(state));
	}
	websocket_cancel(slot->session->options.loop, slot->timer);
	slot->timer = 0;
	slot->epoch++;
	slot->state = state;
	assert((state == SLACK_CONNECTING) == (slot->url != NULL));
}

void
slack_slot_take(struct slack_slot *slot, enum slack_event event)
{
	static enum slack_event (*const acts[SLACK_ACTIONS])(
	    struct slack_slot *) = {
	    [SLACK_DO_NOTHING] = do_nothing,
	    [SLACK_DO_OPEN] = do_open,
	    [SLACK_DO_CONNECT] = do_connect,
	    [SLACK_DO_AWAIT] = do_await,
	    [SLACK_DO_WELCOME] = do_welcome,
	    [SLACK_DO_REPLACE] = do_replace,
	    [SLACK_DO_RETRY] = do_retry,
	    [SLACK_DO_YIELD] = do_yield,
	    [SLACK_DO_REST] = do_rest,
	    [SLACK_DO_HANG_UP] = do_hang_up,
	};

	while (event != SLACK_ON_NOTHING) {
		struct slack_step step = slack_slot_step(slot->state, event);

		if (step.action != SLACK_DO_NOTHING) {
			set_state(slot, step.state);
		}
		event = acts[step.action](slot);
	}
}
