/*
 * observe: how the daemon is, for machines that watch it.
 *
 * /healthz (alive), /readyz (can decide: 503 when the store cannot be written,
 * 200 with "degraded" when only a channel has a fault) and /metrics
 * (Prometheus text format 0.0.4).
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "lib/http_server.h"
#include "outbox.h"
#include "store.h"

struct observe {
	struct store *store;
	struct db *reader; /* of the server's thread */
	struct outbox *outbox;
	bool link_holder_decides; /* unsafe: said aloud */
};

bool observe_knows(const struct http_request *);
void observe_handle(const struct observe *, struct http_request *);

#endif
