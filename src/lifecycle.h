/*
 * lifecycle: which change of state is allowed. Pure.
 *
 * The two tables in lifecycle.c are the only place that knows. Nothing leaves
 * a final state; only an approved intent is ever executed, and once.
 */
#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include <stdbool.h>

#include "intent.h"

enum intent_event {
	ON_APPROVE,  /* enough people said so, or the policy at submit */
	ON_DENY,     /* enough people refused */
	ON_RESOLVE,  /* a person chose an option that is neither */
	ON_DEADLINE, /* nobody answered in time */
	ON_CANCEL,   /* taken back */
	INTENT_EVENTS
};

enum execution_event {
	ON_LEASE,   /* the agent takes it */
	ON_SUCCESS, /* the agent reports */
	ON_FAILURE,
	ON_LAPSE, /* no report before the lease ended */
	EXECUTION_EVENTS
};

/* False: forbidden, *out is untouched. */
bool lifecycle_next(enum intent_state, enum intent_event,
    enum intent_state *out);
bool lifecycle_execution_next(enum execution_state, enum execution_event,
    enum execution_state *out);
const char *intent_event_name(enum intent_event);
const char *execution_event_name(enum execution_event);
/* What a person's choice amounts to. */
enum intent_event lifecycle_event_of(enum outcome);

#endif
