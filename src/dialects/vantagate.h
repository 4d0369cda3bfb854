/*
 * vantagate: what the parts of this dialect share.
 *
 * VantaGate's checkpoints: an agent asks, polls or is called back; people
 * decide by a link. A checkpoint is an intent with the destination
 * "checkpoint"; "chk_1" is what the core calls "int_1". Its payload and the
 * address of a Slack webhook are erased in the transaction that settles it.
 *
 * Where the product says nothing:
 * - Of two options the second is REJECTED. Of three and more the second is,
 *   and whichever begins with reject, deny, decline, no, abort, cancel, block
 *   or stop; the others are RESOLVED. The first is always APPROVED.
 * - What was cancelled, or blocked by a policy, is REJECTED, with the reason.
 * - payload_hash is over the canonical form of the payload (RFC 8785).
 *
 * Different on purpose:
 * - secure_token and dashboard_url show the checkpoint and do not decide it:
 *   whoever asks would hold the answer. A setting can change that.
 * - A decision over the API by a link whose message has a code needs it, as a
 *   member "code".
 * - Expiry is told to callback_url, too; callbacks have the headers of
 *   Standard Webhooks, by which a replay is recognised.
 * - An Idempotency-Key header gives the first answer again; the poll takes
 *   ?wait=SECONDS.
 */
#ifndef VANTAGATE_H
#define VANTAGATE_H

#include "dialect.h"

enum {
	VANTAGATE_TITLE_MAX = 200,		 /* characters */
	VANTAGATE_DESCRIPTION_MAX = 1000,	 /* characters */
	VANTAGATE_PAYLOAD_MAX = 2 * 1000 * 1000, /* bytes */
	VANTAGATE_TTL_S = 24 * 3600,		 /* when no timeout is asked */
	VANTAGATE_CODE_MAX = 64,
	VANTAGATE_CALLBACK_ATTEMPTS = 5
};

/* How ids and bodies become the core's input. */
typedef enum rc vantagate_decode(struct call *, struct fault *);
vantagate_decode vantagate_decode_create, vantagate_decode_id,
    vantagate_decode_decide;
extern const struct route_body vantagate_body_create, vantagate_body_decide;

/* How the core's answers are shown. */
typedef const char *vantagate_show(struct call *, size_t *len);
vantagate_show vantagate_show_created, vantagate_show_polled,
    vantagate_show_viewed, vantagate_show_recorded;
extern const struct route_answer vantagate_created, vantagate_polled,
    vantagate_viewed, vantagate_recorded, vantagate_fault_members;

/* "PENDING", "APPROVED", ... */
const char *vantagate_status(enum intent_state);

json_t *vantagate_fault(struct call *, const struct fault *, int *status);
const char *vantagate_refuse(int status);
const char *vantagate_news(struct arena *, const struct webhook_news *,
    size_t *len);
int vantagate_news_headers(struct arena *, const struct webhook_news *,
    const char *body, size_t len, const char **out, int max);

#endif
