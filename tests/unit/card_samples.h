/*
 * card_samples: an intent that waits, and its card, for the tests of the card.
 */
#ifndef CARD_SAMPLES_H
#define CARD_SAMPLES_H

#include "card.h"

#define CARD_SHA \
	"00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f"
#define CARD_DIGEST \
	"ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000"
/* 2026-01-02 03:04:05.678 UTC */
#define CARD_CREATED_MS 1767323045678LL

extern const char card_payload_text[];
enum { CARD_PAYLOAD_LEN = 20, CARD_HOUR = 3600 * 1000 };

/* An intent that waits for two of three people, one of whom asked. */
struct intent card_waiting(void);
/* Knows dana and lee. */
const char *card_name(void *ctx, const char *person);
/* The card an hour before the end, with the payload. */
struct card card_of(struct arena *, const struct intent *);
/* The value of a fact; NULL when the card does not have it. */
const char *card_fact_of(const struct card *, const char *label);

/* A test's state is an arena. */
int card_set_up(void **state);
int card_tear_down(void **state);

#endif
