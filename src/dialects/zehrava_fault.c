/*
 * What is wrong, in the words and statuses of this product.
 *
 * `error` is always a string: a documented sentence or code where there is
 * one, else ours. `message` says it in whole words, `field` what it is about,
 * `reason_code` is stable.
 */
#include <string.h>

#include "zehrava.h"

#define TEXT "\"type\":\"string\""

/* What is told of every fault; some have more. */
static const struct member fault_members[] = {
    {"error", TEXT, false, NULL},
    {"message", TEXT, true, NULL},
    {"field", TEXT, true, NULL},
    {"reason_code", TEXT, true, NULL},
    {"status", TEXT, true, NULL},
    {"retry_after", "\"type\":\"integer\"", true, NULL},
};

const struct route_answer zehrava_fault_members = {fault_members,
    ARRAY_LEN(fault_members)};

/* One fault being told. */
struct saying {
	struct arena *arena;
	const struct call *call;
	const struct fault *fault;
	const struct intent *intent; /* that the core found, or NULL */
	json_t *body;
	int status;
	const char *error;
	const char *message;
};

static void
add(struct saying *s, const char *name, const char *text)
{
	(void)json_object_set_new(s->body, name,
	    text != NULL ? json_string(text) : json_null());
}

/* What a route's caller may hear of the intent; a stranger hears nothing. */
static const char *
status_of(const struct saying *s)
{
	return s->intent != NULL ? zehrava_status(s->intent) : "unknown";
}

static void
add_path(struct saying *s)
{
	add(s, "path", s->fault->text);
}

/* The fault's text is the agent's status in one word. */
static void
add_agent_status(struct saying *s)
{
	add(s, "status", s->fault->text);
	s->message = arena_printf(s->arena, "this agent is %s", s->fault->text);
}

static void
add_status(struct saying *s)
{
	s->error = arena_printf(s->arena, "%s%s", s->error, status_of(s));
}

static void
add_hint(struct saying *s)
{
	add_status(s);
	if (s->intent != NULL && s->intent->state == INTENT_PENDING) {
		add(s, "hint",
		    "Approve the intent first at "
		    "/v1/intents/:id/approve");
	}
}

/* Also when it was approved: its time to be executed is over. */
static void
add_expired(struct saying *s)
{
	add(s, "status", zehrava_decision(INTENT_EXPIRED));
}

static void
add_execution(struct saying *s)
{
	const struct execution *ex = s->call->execution;

	if (ex != NULL && ex->id[0] != '\0') {
		add(s, "execution_id", ex->id);
		add(s, "status", zehrava_execution_status(ex->state));
	}
}

/* The existing intent stands in for the one that was asked. */
static void
add_existing(struct saying *s)
{
	const struct draft *d = s->call->in;

	if (s->intent == NULL) {
		return;
	}
	add(s, "intentId", s->intent->id);
	add(s, "proposalId", s->intent->id);
	add(s, "existingStatus", zehrava_status(s->intent));
	add(s, "status", "duplicate_blocked");
	s->message = arena_printf(s->arena,
	    "Duplicate intent \xe2\x80\x94 idempotency_key already used: %s",
	    d != NULL && d->idempotency_key != NULL
		? d->idempotency_key
		: s->intent->idempotency_key);
	add(s, "blockReason", s->message);
}

/* Documented: an unknown policy blocks. Nothing is stored under it. */
static void
add_blocked(struct saying *s)
{
	const struct draft *d = s->call->in;

	if (d == NULL || d->policy == NULL || s->fault->reason[0] != '\0') {
		s->error = NULL; /* the name itself is not valid */
		return;
	}
	s->error = arena_printf(s->arena, "Policy '%s' not found", d->policy);
	add(s, "status", "blocked");
	add(s, "blockReason", s->error);
	add(s, "reason_code", "policy_not_found");
}

static enum outcome
asked_outcome(const struct saying *s)
{
	const struct decide_in *in = s->call->in;

	return in != NULL && in->option < 0 && in->label == NULL
	    ? in->outcome
	    : OUTCOME_OTHER;
}

/* It was settled before: who asks to approve or to reject is told so. */
static void
say_settled(struct saying *s)
{
	bool blocked = strcmp(status_of(s), "blocked") == 0;

	if (asked_outcome(s) == OUTCOME_APPROVE && blocked) {
		s->error = "Cannot approve a blocked proposal";
	} else if (asked_outcome(s) == OUTCOME_DENY && blocked) {
		s->error = "Cannot reject proposal with status: blocked";
	}
	add(s, "decision",
	    s->intent != NULL ? zehrava_answer(s->intent) : NULL);
}

static void
say_expired(struct saying *s)
{
	if (asked_outcome(s) == OUTCOME_DENY) {
		s->status = 409;
		s->error = "Cannot reject proposal with status: expired";
	}
}

static void
add_reason(struct saying *s)
{
	add(s, "reason", s->fault->reason);
	s->message =
	    arena_printf(s->arena, "%s: %s", s->error, s->fault->reason);
}

static void
say_reason(struct saying *s)
{
	s->error = s->fault->reason;
}

#define ON(op)	  (1ul << (op))
#define OF_AGENTS (ON(OP_SUBMIT) | ON(OP_EXECUTE) | ON(OP_REPORT))
#define OF_ADMINS \
	(ON(OP_KEY_CREATE) | ON(OP_KEY_LIST) | ON(OP_KEY_REVOKE) | \
	    ON(OP_AUDIT_LIST))

/* The first row wins whose every condition holds. */
struct wording {
	enum rc rc;	     /* RC_OK = any */
	const char *reason;  /* NULL = any; as a prefix when it ends in '_' */
	const char *field;   /* NULL = any */
	unsigned long ops;   /* bits; 0 = any */
	int status;	     /* 0 = that of the kind of fault */
	const char *error;   /* NULL = the sentence */
	const char *message; /* NULL = the sentence */
	void (*more)(struct saying *);
};

static const struct wording wordings[] = {
    {.reason = "unknown_route", .error = "Not found", .more = add_path},
    {.reason = "agent_inactive",
	.error = "agent_inactive",
	.more = add_agent_status},
    /* Who may not. */
    {.reason = "wrong_class",
	.ops = ON(OP_DECIDE),
	.error = "forbidden",
	.message = "Reviewer API key required for approvals"},
    {.reason = "wrong_class",
	.ops = OF_AGENTS,
	.error = "forbidden",
	.message = "Agent API key required"},
    {.reason = "wrong_class",
	.ops = OF_ADMINS,
	.error = "forbidden",
	.message = "Admin API key required"},
    {.reason = "wrong_class",
	.error = "forbidden",
	.message = "Reviewer API key required"},
    {.reason = "not_owner",
	.ops = ON(OP_AGENT_SHOW),
	.error = "forbidden",
	.message = "Cannot access other agents"},
    {.reason = "not_owner",
	.ops = ON(OP_EXECUTION_SHOW),
	.error = "forbidden",
	.message = "Cannot access executions of other agents"},
    {.reason = "not_owner",
	.error = "forbidden",
	.message = "Cannot access intents from other agents"},
    {.rc = RC_FORBIDDEN,
	.ops = ON(OP_EXECUTE),
	.error = "forbidden",
	.message = "Only the proposing agent can request execution of this "
		   "intent"},
    {.rc = RC_FORBIDDEN, .error = "forbidden"},
    {.rc = RC_UNAUTHENTICATED,
	.ops = ON(OP_REPORT),
	.error = "Invalid execution token or API key"},
    /* What there is not. */
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_EXECUTE) | ON(OP_WEBHOOK_REGISTER),
	.error = "Intent not found"},
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_AGENT_SHOW) | ON(OP_AGENT_SUSPEND) | ON(OP_AGENT_REVOKE),
	.error = "Agent not found"},
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_EXECUTION_SHOW) | ON(OP_REPORT),
	.error = "Execution not found"},
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_VERDICT),
	.error = "No decision found for this intent"},
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_DOWNLOAD),
	.error = "Invalid delivery token"},
    {.rc = RC_NOT_FOUND,
	.ops = ON(OP_INTENT_SHOW) | ON(OP_INTENT_AUDIT) | ON(OP_DECIDE) |
	    ON(OP_CANCEL) | ON(OP_DELIVER),
	.error = "Proposal not found"},
    /* Submits. */
    {.rc = RC_DUPLICATE,
	.ops = ON(OP_SUBMIT),
	.error = "duplicate_blocked",
	.more = add_existing},
    {.reason = ZEHRAVA_BAD_VALUE},
    {.rc = RC_INVALID,
	.field = "Idempotency-Key",
	.status = 422,
	.error = "idempotency_key_reused"},
    {.reason = "profile_", .more = say_reason},
    {.reason = "invalid_profile_", .more = say_reason},
    {.rc = RC_INVALID,
	.field = "policy",
	.ops = ON(OP_SUBMIT),
	.more = add_blocked},
    /* Decisions. */
    {.reason = "nonce_", .error = "replay_rejected", .more = add_reason},
    {.reason = "timestamp_", .error = "replay_rejected", .more = add_reason},
    {.reason = "already_answered",
	.ops = ON(OP_DECIDE),
	.error = "already_answered",
	.more = say_settled},
    {.reason = "already_answered",
	.ops = ON(OP_CANCEL),
	.error = "cannot_cancel"},
    {.reason = "expired",
	.ops = ON(OP_CANCEL),
	.status = 409,
	.error = "cannot_cancel"},
    {.reason = "expired",
	.ops = ON(OP_DECIDE),
	.error = "Proposal has expired",
	.more = say_expired},
    {.reason = "reason_required", .error = "reason is required"},
    {.reason = "already_voted", .error = "already_voted"},
    {.reason = "digest_mismatch", .error = "digest_mismatch"},
    /* Executions and what follows. */
    {.reason = "payload_mismatch", .error = "payload_mismatch"},
    {.rc = RC_CONFLICT,
	.ops = ON(OP_EXECUTE),
	.error = "Intent cannot be executed \xe2\x80\x94 current status: ",
	.more = add_hint},
    {.rc = RC_EXPIRED,
	.ops = ON(OP_EXECUTE),
	.error = "Intent expired",
	.more = add_expired},
    {.rc = RC_CONFLICT,
	.ops = ON(OP_REPORT),
	.error = "execution_already_reported",
	.more = add_execution},
    {.rc = RC_EXPIRED,
	.ops = ON(OP_REPORT),
	.error = "Execution token expired",
	.more = add_execution},
    {.reason = "not_approved",
	.ops = ON(OP_DELIVER),
	.error = "Cannot deliver proposal with status: ",
	.more = add_status},
    {.rc = RC_EXPIRED,
	.ops = ON(OP_DOWNLOAD),
	.error = "Delivery link was used or has expired"},
    /* The rest. */
    {.rc = RC_INVALID, .field = "body", .error = "Invalid JSON body"},
    {.reason = "too_many_pending", .error = "too_many_pending"},
    {.rc = RC_LIMITED, .error = "rate_limited"},
    {.rc = RC_BUSY, .error = "unavailable"},
    {.rc = RC_STORE, .error = "unavailable"},
    {.rc = RC_INTERNAL, .error = "internal_error"},
};

static bool
reason_fits(const char *wanted, const char *reason)
{
	size_t len = strlen(wanted);

	return len > 0 && wanted[len - 1] == '_'
	    ? strncmp(reason, wanted, len) == 0
	    : strcmp(reason, wanted) == 0;
}

static const struct wording *
find(const struct call *call, const struct fault *f)
{
	static const struct wording none = {0};

	for (size_t i = 0; i < ARRAY_LEN(wordings); i++) {
		const struct wording *w = &wordings[i];

		if ((w->rc == RC_OK || w->rc == f->rc) &&
		    (w->reason == NULL || reason_fits(w->reason, f->reason)) &&
		    (w->field == NULL || strcmp(w->field, f->field) == 0) &&
		    (w->ops == 0 || (w->ops & ON(call->route->op)) != 0)) {
			return w;
		}
	}
	return &none;
}

/* Words that say what a field is or must be begin behind its name. */
static const char *
sentence(struct arena *a, const struct fault *f)
{
	static const char *const verbs[] = {"must ", "is ", "has ", "item "};

	for (size_t i = 0; f->field[0] != '\0' && i < ARRAY_LEN(verbs); i++) {
		if (strncmp(f->text, verbs[i], strlen(verbs[i])) == 0) {
			return arena_printf(a, "%s %s", f->field, f->text);
		}
	}
	return f->text[0] != '\0' ? f->text : rc_name(f->rc);
}

/* The kind of fault as one word. */
static const char *
kind_code(struct arena *a, enum rc rc)
{
	char *code = arena_strdup(a, rc_name(rc));

	for (char *p = code; *p != '\0'; p++) {
		if (*p == ' ') {
			*p = '_';
		}
	}
	return code;
}

static void
add_common(struct saying *s)
{
	const struct fault *f = s->fault;

	if (f->field[0] != '\0') {
		add(s, "field", f->field);
	}
	if (json_object_get(s->body, "reason_code") == NULL) {
		add(s, "reason_code",
		    f->reason[0] != '\0' ? f->reason
					 : kind_code(s->arena, f->rc));
	}
	if (f->retry_after_s > 0) {
		(void)json_object_set_new(s->body, "retry_after",
		    json_integer(f->retry_after_s));
	}
	if (s->intent != NULL && f->rc != RC_FORBIDDEN &&
	    json_object_get(s->body, "status") == NULL) {
		add(s, "status", zehrava_status(s->intent));
	}
}

json_t *
zehrava_fault(struct call *call, const struct fault *f, int *status)
{
	const struct wording *w = find(call, f);
	struct saying s = {
	    .arena = call->arena,
	    .call = call,
	    .fault = f,
	    .intent = call->intents_n == 1 ? &call->intents[0] : NULL,
	    .body = json_object(),
	    .status = w->status != 0 ? w->status : dialect_status(f->rc),
	    .error = w->error,
	    .message = w->message,
	};

	if (w->more != NULL) {
		w->more(&s);
	}
	if (s.message == NULL) {
		s.message = sentence(call->arena, f);
	}
	add(&s, "error", s.error != NULL ? s.error : s.message);
	add(&s, "message", s.message);
	add_common(&s);
	*status = s.status;
	return s.body;
}
