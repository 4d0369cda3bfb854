/*
 * letter_sample: a delivery to be mailed, with a card as the trunk makes it.
 */
#ifndef TESTS_UNIT_LETTER_SAMPLE_H
#define TESTS_UNIT_LETTER_SAMPLE_H

#include "channel.h"

#define SAMPLE_ID   "dlv_0123456789abcdef"
#define SAMPLE_LINK "https://assent.example/l/To-ken_1"
#define SAMPLE_CODE "7K3MQX"

/*
 * billing-bot wants: payments.refund, asked of Dana Li; `payload` is what it
 * would send. `change` (may be NULL) gets the intent before the card is made.
 */
struct delivery *letter_sample(enum delivery_kind, const char *address,
    const char *payload, void (*change)(struct intent *));

#endif
