#include "channels/email_health.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"

void
email_health_init(struct email_health *h)
{
	*h = (struct email_health){.now.state = CHANNEL_STARTING};
	(void)snprintf(h->now.fault, sizeof(h->now.fault),
	    "no mail was sent yet");
}

static void
log_change(const struct channel_health *now)
{
	if (now->state == CHANNEL_DOWN) {
		log_error("email is down fault=\"%s\"", now->fault);
	} else if (now->state == CHANNEL_DEGRADED) {
		log_warn("email is degraded fault=\"%s\"", now->fault);
	} else {
		log_info("email is up");
	}
}

static enum channel_state
state_after(const struct email_health *h, const struct smtp_outcome *o)
{
	if (o->blame == SMTP_BLAME_OPERATOR ||
	    h->failures >= EMAIL_FAILURES_DOWN) {
		return CHANNEL_DOWN;
	}
	if (o->blame == SMTP_BLAME_RELAY) {
		/* One more failure is no recovery. */
		return h->now.state == CHANNEL_DOWN ? CHANNEL_DOWN
						    : CHANNEL_DEGRADED;
	}
	return CHANNEL_UP;
}

void
email_health_note(struct email_health *h, const struct smtp_outcome *o)
{
	struct channel_health now = {.state = CHANNEL_UP};

	if (o->rc == RC_BUSY) {
		return;
	}
	h->failures = o->blame == SMTP_BLAME_RELAY ? h->failures + 1 : 0;
	now.state = state_after(h, o);
	if (now.state != CHANNEL_UP) {
		(void)snprintf(now.fault, sizeof(now.fault), "%.199s",
		    o->detail);
	}
	if (now.state != h->now.state || strcmp(now.fault, h->now.fault) != 0) {
		h->now = now;
		log_change(&now);
	}
}
