/*
 * guest: somebody who is asked at an address and is nobody of assent.yaml.
 * Pure.
 *
 * A submit may name a mail address, a Slack webhook, or whoever holds a link.
 * What is known of a guest is that they read what was sent there. A mailbox
 * counts as one person; who reads a Slack channel or holds a link may be
 * anybody, and so may be somebody who has answered already.
 *
 * The id of a guest begins with "guest:", which no person's does, and does not
 * tell the address. It is the same for the same mail address in any case.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>

#include "intent.h"

/* Whom a link was made for that shows and never decides. */
#define GUEST_VIEWER "guest:viewer"

/* Id and name of whom this address reaches, in the arena. The channel is one
 * that struct address names. */
struct guest guest_at(struct arena *, const struct address *);
bool guest_is(const char *id);
/* Whether two answers of this guest come from one person, and of another
 * guest from another person. */
bool guest_is_one_person(const char *id);
/* The channel by which this guest answers: "email", ... "" = not a guest. */
const char *guest_via(const char *id);
/* How sure we are who it was, by a link without a code: for the audit. */
const char *guest_assurance(const char *id);
/* The name, as the plan has it; NULL when it has none of this id. */
const char *guest_name(const struct plan *, const char *id);

#endif
