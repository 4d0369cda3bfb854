/*
 * sweep: what the clock does.
 *
 * Runs on the core once a second and exactly when the next deadline comes:
 * ends pending intents and leases whose time is over, erases payloads at the
 * end of their retention and tokens that are over, and tries a small write
 * while the store is failing, so that its recovery is noticed.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "store.h"

enum { SWEEP_INTERVAL_MS = 1000, SWEEP_BATCH = 200 };

struct sweep {
	long long retention_ms;	 /* payloads of settled intents; 0 = for ever */
	long long next_clean_ms; /* the sweep's own; begins as 0 */
};

/* A store_job over a struct sweep. */
store_job sweep_run;

#endif
