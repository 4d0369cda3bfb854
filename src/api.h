/*
 * api: requests of agents and reviewers, from the wire to the core and back.
 *
 * Finds the route in the dialects' tables, the caller behind the key, checks
 * class and limits, lets the dialect decode, asks the core, and lets the
 * dialect show the answer. Runs on the server's thread; whatever changes
 * something is a job of the store, and its request is parked meanwhile.
 */
#ifndef API_H
#define API_H

#include "auth.h"
#include "lib/http_server.h"
#include "outbox.h"
#include "rules.h"
#include "store.h"
#include "vault.h"
#include "waiters.h"

enum {
	API_BODY_MAX = 2 * 1024 * 1024,
	API_ENVELOPE_MAX = 256 * 1024, /* read beyond it, to be told so */
	API_WAIT_MAX_S = 55,
	API_LIST_MAX = 200
};

struct api; /* opaque: fields live in api_impl.h */

struct api_options {
	struct store *store;
	struct db *reader; /* of the server's thread */
	struct rules *rules;
	struct vault *vault;
	struct outbox *outbox;
	struct waiters *waiters;
	struct auth *auth;
	const char *public_url;
	bool open_registration; /* /v1/agents/register asks for no key */
	bool allow_private_targets;
	/* For drafts that name no policy; NULL = the built-in one. */
	const char *policy;
	/* What a Slack webhook must begin with. */
	const char *slack_webhook_prefix;
	/* Whoever holds the link that an agent got may decide. */
	bool link_holder_decides;
	const char *upgrade_url; /* where a key gets another plan */
	const struct field_strings *trusted_proxies; /* may be empty */
};

/* Borrows what the options point to. */
struct api *api_new(const struct api_options *);
/* NULL is fine. */
void api_free(struct api *);

/* The callbacks of the server, for requests that are the API's or nobody's. */
void api_handle(struct api *, struct http_request *);
void api_resumed(struct api *, struct http_request *);
/* Words for what the server refuses itself: a JSON error body. The path may be
 * "". */
const char *api_refuse(int status, const char *path);

#endif
