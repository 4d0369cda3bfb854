/*
 * account: whose an account in a chat is.
 *
 * By assent.yaml first; else by the mail address under which the chat knows
 * the person, which was looked up once and counts while the address is still
 * that person's and assent.yaml names no account of theirs in that chat.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "person.h"
#include "store.h"

/* The person, or NULL. RC_OK also when it is nobody's. */
enum rc account_person(struct db *, const struct people *, const char *channel,
    const char *account, struct arena *, const struct person **out,
    struct fault *) MUST_CHECK;
/* The account found for this person's address; *out NULL: none is known. */
enum rc account_of(struct db *, const struct person *, const char *channel,
    struct arena *, const char **out, struct fault *) MUST_CHECK;
/* It was found by this address; what was known of the account before ends. */
enum rc account_put(struct tx *, const char *channel, const char *account,
    const char *person, const char *email, struct fault *) MUST_CHECK;

#endif
