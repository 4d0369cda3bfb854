#include "bots/discord_session_impl.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/log.h"
#include "lib/random.h"

enum {
	INVALID_MS_MIN = 1000, /* of a wait before an identify */
	INVALID_MS_MAX = 5000
};

bool
discord_session_beat(struct discord_session *s, bool asked)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	size_t len;
	const char *text = discord_heartbeat_text(a, s->memory.seq, &len);

	return discord_session_say(s, text, len, asked);
}

static void
on_hello(struct discord_session *s, const struct discord_frame *frame)
{
	if (s->state != DISCORD_GREETING) {
		return;
	}
	if (discord_hello_read(frame->d, &s->pulse.interval_ms) != RC_OK) {
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "a Hello without a heartbeat interval");
		return;
	}
	/*
	 * Discord, "Heartbeat Interval": the first beat waits a random part of
	 * it, so that a restart of theirs does not bring all back at once.
	 */
	discord_session_after(s, DISCORD_TIMER_BEAT,
	    random_below((unsigned)s->pulse.interval_ms));
	discord_memory_reached(&s->memory, s->target, s->main_url);
	discord_session_move(s,
	    s->target == DISCORD_IDENTIFY ? DISCORD_ON_HELLO_IDENTIFY
					  : DISCORD_ON_HELLO_RESUME);
}

/* Asked for; whether one of ours waits for its ack is another matter. */
static void
on_heartbeat(struct discord_session *s, const struct discord_frame *frame)
{
	(void)frame;
	(void)discord_session_beat(s, true);
}

static void
on_ack(struct discord_session *s, const struct discord_frame *frame)
{
	(void)frame;
	discord_pulse_ack(&s->pulse);
}

static void
on_reconnect(struct discord_session *s, const struct discord_frame *frame)
{
	(void)frame;
	discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
	    "the gateway asks to connect again");
}

static void
on_invalid(struct discord_session *s, const struct discord_frame *frame)
{
	if (json_is_true(frame->d)) {
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "the session is invalid, but may be resumed");
		return;
	}
	s->wait_ms =
	    INVALID_MS_MIN + random_below(INVALID_MS_MAX - INVALID_MS_MIN + 1);
	discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MUST_IDENTIFY,
	    "the session is invalid");
}

static void
on_ready(struct discord_session *s, const struct discord_frame *frame)
{
	struct discord_ready ready;

	if (s->state != DISCORD_IDENTIFYING) {
		return;
	}
	if (discord_ready_read(frame->d, &ready) != RC_OK) {
		discord_session_fail(s, DISCORD_ON_LEAVE, DISCORD_MAY_RESUME,
		    "a READY without a session id");
		return;
	}
	discord_memory_ready(&s->memory, &ready, frame->seq);
	discord_session_move(s, DISCORD_ON_READY);
}

static void
on_resumed(struct discord_session *s, const struct discord_frame *frame)
{
	if (s->state != DISCORD_RESUMING) {
		return;
	}
	(void)discord_memory_seen(&s->memory, frame->seq, false);
	discord_memory_resumed(&s->memory);
	discord_session_move(s, DISCORD_ON_RESUMED);
}

/* Also before RESUMED: what was missed is replayed before it. */
static void
on_interaction(struct discord_session *s, const struct discord_frame *frame)
{
	long long ticket;

	if (s->state != DISCORD_LIVE && s->state != DISCORD_RESUMING) {
		return;
	}
	ticket = discord_memory_seen(&s->memory, frame->seq, true);
	if (!atomic_load(&s->muted)) {
		s->options.interaction(s->options.ctx, frame->d, ticket);
	}
}

static void
on_other(struct discord_session *s, const struct discord_frame *frame)
{
	if (s->state == DISCORD_LIVE || s->state == DISCORD_RESUMING) {
		(void)discord_memory_seen(&s->memory, frame->seq, false);
		discord_session_save(s);
	}
}

static void
on_dispatch(struct discord_session *s, const struct discord_frame *frame)
{
	static const struct {
		const char *type;
		void (*on)(struct discord_session *,
		    const struct discord_frame *);
	} rows[] = {
	    {"READY", on_ready},
	    {"RESUMED", on_resumed},
	    {"INTERACTION_CREATE", on_interaction},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(frame->type, rows[i].type) == 0) {
			rows[i].on(s, frame);
			return;
		}
	}
	on_other(s, frame);
}

void
discord_session_on_frame(struct discord_session *s,
    const struct discord_frame *frame)
{
	static void (*const on_op[DISCORD_OPS])(struct discord_session *,
	    const struct discord_frame *) = {
	    [DISCORD_OP_DISPATCH] = on_dispatch,
	    [DISCORD_OP_HEARTBEAT] = on_heartbeat,
	    [DISCORD_OP_RECONNECT] = on_reconnect,
	    [DISCORD_OP_INVALID] = on_invalid,
	    [DISCORD_OP_HELLO] = on_hello,
	    [DISCORD_OP_ACK] = on_ack,
	};

	if (frame->op < 0 || frame->op >= DISCORD_OPS ||
	    on_op[frame->op] == NULL) {
		log_debug("discord opcode ignored op=%lld", frame->op);
		return;
	}
	on_op[frame->op](s, frame);
}
