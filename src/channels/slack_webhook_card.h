/*
 * slack_webhook_card: a card as a message for an incoming webhook. Pure.
 *
 * Whatever an agent may have written stands in rich text, where Slack reads
 * neither markup nor mentions; only the notification is mrkdwn, and escaped.
 */
#ifndef CHANNELS_SLACK_WEBHOOK_CARD_H
#define CHANNELS_SLACK_WEBHOOK_CARD_H

#include "channel.h"

enum {
	SLACK_WEBHOOK_PAYLOAD_MAX = 2500, /* bytes, so that a message fits */
	SLACK_WEBHOOK_TEXT_MAX = 600	  /* bytes of any other text */
};

/* The body to be posted, in the delivery's arena. */
const char *slack_webhook_card(const struct delivery *, size_t *len);

#endif
