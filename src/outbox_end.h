/*
 * outbox_end: what becomes of a row when an attempt at it is over.
 *
 * Done, due again later, or dead; each is an audit event. Knows rows, not the
 * lanes they travel on.
 */
#ifndef OUTBOX_END_H
#define OUTBOX_END_H

#include "outbox.h"

enum { OUTBOX_PUMP_MS = 1000 /* between looks for what is due */ };

/* How an attempt ended, on its way to the core. */
struct outbox_end {
	const struct outbox_options *options; /* borrowed */
	char id[ID_SIZE];		      /* of the row */
	enum rc rc;			      /* as in struct attempt */
	int retry_after_s;
	char *remote_id; /* owned; or NULL */
	char *detail;	 /* owned; or NULL */
	char *account;	 /* owned; or NULL */
};

/* A store_job over a struct outbox_end. Told twice, it does nothing. */
store_job outbox_end_attempt;

/* Ends a row for good. */
enum rc outbox_end_row(struct tx *, struct delivery_row *, enum delivery_state,
    const char *error, struct fault *) MUST_CHECK;
/* The event about an attempt; detail may be NULL. */
enum rc outbox_audit(struct tx *, const struct delivery_row *, const char *type,
    const char *detail, struct fault *) MUST_CHECK;

#endif
