/*
 * discord_turns: work that comes from other threads and is done on the thread
 * of the loop, and the count of what is still under way.
 *
 * Whoever begins something that ends on another thread holds a reference until
 * its turn was taken, so that a late answer finds what it belongs to. The last
 * reference to go destroys it all, on whatever thread.
 */
#ifndef BOTS_DISCORD_TURNS_H
#define BOTS_DISCORD_TURNS_H

#include "lib/rc.h"

struct websocket_loop;
struct discord_turns; /* opaque: fields live in discord_turns.c */

/* With one reference, the caller's. destroy(arg) comes last. */
struct discord_turns *discord_turns_new(struct websocket_loop *,
    void (*destroy)(void *arg), void *arg);
void discord_turns_ref(struct discord_turns *);
void discord_turns_unref(struct discord_turns *);
/* Runs fn(arg) on the loop's thread, in order, and gives a reference back
 * behind it. Any thread. */
void discord_turns_add(struct discord_turns *, void (*fn)(void *arg),
    void *arg);
/*
 * Runs fn(arg) there after so long. A slot holds one timer, or 0; fn begins
 * with discord_turns_cancel() on it, which gives the timer's reference back.
 * On the loop's thread.
 */
void discord_turns_after(struct discord_turns *, unsigned long long *slot,
    int ms, void (*fn)(void *arg), void *arg);
void discord_turns_cancel(struct discord_turns *, unsigned long long *slot);
/* Waits until at most so many references are left. RC_EXPIRED: too long. Not
 * on the loop's thread. */
enum rc discord_turns_await(struct discord_turns *, int refs, int ms)
    MUST_CHECK;

#endif
