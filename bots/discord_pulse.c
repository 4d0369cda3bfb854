#include "bots/discord_pulse.h"

void
discord_pulse_init(struct discord_pulse *p)
{
	*p = (struct discord_pulse){.interval_ms = 0};
}

/* How many of the last sends are still in the window. */
static int
recent(const struct discord_pulse *p, long long mono_ms)
{
	int n = 0;

	for (int i = 0; i < p->sends; i++) {
		n += mono_ms - p->sent_ms[i] < DISCORD_SENDS_WINDOW_MS;
	}
	return n;
}

bool
discord_pulse_send(struct discord_pulse *p, bool asked, long long mono_ms)
{
	int max = DISCORD_SENDS_MAX - (asked ? DISCORD_SENDS_SPARED : 0);

	if (recent(p, mono_ms) >= max) {
		return false;
	}
	p->sent_ms[p->next] = mono_ms;
	p->next = (p->next + 1) % DISCORD_SENDS_MAX;
	p->sends += p->sends < DISCORD_SENDS_MAX ? 1 : 0;
	return true;
}

bool
discord_pulse_beat(struct discord_pulse *p)
{
	if (p->waiting) {
		return false;
	}
	p->waiting = true;
	return true;
}

void
discord_pulse_ack(struct discord_pulse *p)
{
	p->waiting = false;
}
