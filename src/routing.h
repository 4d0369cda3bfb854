/*
 * routing: who is asked, and who may decide. Pure.
 *
 * A policy that names approvers is the whole list, and an intent may only pick
 * from it. An intent may name approvers where its policy names none. Nobody
 * named: the people of notify.approvers, and any reviewer or admin credential
 * that belongs to no person (plan.open); where notify.approvers names nobody
 * either, any person of assent.yaml who can answer at all. The same goes for
 * channels; notify.channels are used where nobody at all was named.
 *
 * Addresses that the submit names, of people or of guests (see guest.h), come
 * to those; where the policy names approvers they must be theirs. A guest of
 * whom nobody can say which person it is approves only where one is enough.
 *
 * Whoever is nobody of assent.yaml and holds a Discord role of the plan may
 * deny, and approve where one is enough; see answer.c.
 *
 * The owner of the agent and the person it acts for may not approve unless the
 * policy says self_approval.
 */
#ifndef ROUTING_H
#define ROUTING_H

#include "intent.h"
#include "lib/arena.h"
#include "lib/rc.h"
#include "person.h"
#include "policy.h"

/*
 * RC_INVALID names `approvers` or `channels` and the unknown or foreign name,
 * or says that an intent picked fewer people than must approve. `owner` is as
 * registered (person id or e-mail, or NULL). The strings of *out live in the
 * arena.
 */
enum rc routing_plan(const struct people *, const struct verdict *,
    const struct draft *, const char *owner, struct arena *, struct plan *out,
    struct fault *) MUST_CHECK;

/*
 * Whether this answer may count: RC_OK, or RC_FORBIDDEN with a reason code
 * "not_an_approver", "own_request" and words. Denying one's own request is
 * allowed.
 */
enum rc routing_may_decide(const struct plan *, const struct decision *,
    enum outcome, struct fault *) MUST_CHECK;

/* Whether it holds a Discord role that stands for a group of the plan. */
bool routing_holds_role(const struct plan *, const struct decision *);

/*
 * Whether enough eligible people exist; false means that it can only end by
 * denial or expiry, which the caller should say aloud.
 */
bool routing_can_be_approved(const struct plan *);

#endif
