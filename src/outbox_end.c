#include "outbox_end.h"

#include <string.h>

#include "account.h"
#include "audit.h"
#include "lib/backoff.h"
#include "lib/log.h"

enum {
	MAIL_ATTEMPTS_MAX = 30,	 /* about a day */
	CHAT_ATTEMPTS_MAX = 150, /* about half a day */
	RETRY_AFTER_MAX_S = 24 * 3600
};

enum rc
outbox_end_row(struct tx *tx, struct delivery_row *row,
    enum delivery_state state, const char *error, struct fault *f)
{
	row->state = state;
	row->error = error;
	row->ended_ms = tx->now_ms;
	return delivery_update(tx, row, f);
}

enum rc
outbox_audit(struct tx *tx, const struct delivery_row *row, const char *type,
    const char *detail, struct fault *f)
{
	return audit_add(tx, row->intent_id, type, row->channel,
	    json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:i, s:s?}", "delivery",
		row->id, "kind", delivery_kind_words[row->kind], "channel",
		row->channel, "person", row->person, "event", row->event,
		"attempt", row->attempts, "detail", detail),
	    f);
}

/* How often this row is tried at most, where its endpoint says so; else 0. */
static int
attempts_max(struct tx *tx, const struct delivery_row *row)
{
	struct webhook w;
	struct fault f = {0};

	return row->webhook_id != NULL &&
		webhook_get(tx->db, row->webhook_id, tx->scratch, &w, &f) ==
		    RC_OK
	    ? w.attempts_max
	    : 0;
}

static bool
is_chat(const struct delivery_row *row)
{
	const struct channel_ops *ops = channel_find(row->channel);

	return ops != NULL && ops->interactive;
}

/* The wait before the next attempt, or -1 when there is none. */
static long long
retry_wait_ms(struct tx *tx, const struct outbox_options *o,
    const struct delivery_row *row)
{
	const struct backoff mail = {.first_ms = o->mail_retry_ms,
	    .max_ms = 3600 * 1000,
	    .jitter = 20};
	static const struct backoff chat = {.first_ms = 1000,
	    .max_ms = 5 * 60 * 1000,
	    .jitter = 20};
	int i = row->attempts - 1, max = attempts_max(tx, row);

	if (max > 0 && row->attempts >= max) {
		return -1;
	}
	if (row->kind == DELIVERY_WEBHOOK) {
		return i < o->webhook_retries ? o->webhook_retry_ms[i] : -1;
	}
	if (is_chat(row)) {
		return row->attempts < CHAT_ATTEMPTS_MAX
		    ? backoff_ms(&chat, row->attempts)
		    : -1;
	}
	return row->attempts < MAIL_ATTEMPTS_MAX
	    ? backoff_ms(&mail, row->attempts)
	    : -1;
}

static enum rc
later(struct tx *tx, const struct outbox_end *e, struct delivery_row *row,
    struct fault *f)
{
	long long wait = retry_wait_ms(tx, e->options, row);
	long long asked = e->retry_after_s < RETRY_AFTER_MAX_S
	    ? e->retry_after_s
	    : RETRY_AFTER_MAX_S;
	enum rc rc;

	if (wait < 0) {
		log_error("delivery %s is dead channel=%s attempts=%d", row->id,
		    row->channel, row->attempts);
		rc = outbox_end_row(tx, row, DELIVERY_DEAD, e->detail, f);
		return rc == RC_OK
		    ? outbox_audit(tx, row, "delivery_dead", e->detail, f)
		    : rc;
	}
	row->state = DELIVERY_DUE;
	row->error = e->detail;
	row->due_ms = tx->now_ms + (asked * 1000 > wait ? asked * 1000 : wait);
	rc = delivery_update(tx, row, f);
	return rc == RC_OK
	    ? outbox_audit(tx, row, "delivery_failed", e->detail, f)
	    : rc;
}

/* The account of this person behind the one that cannot be reached. */
static const char *
next_account(const struct person *p, const struct delivery_row *row)
{
	const struct field_strings *ids =
	    strcmp(row->channel, "slack") == 0 ? &p->slack : &p->discord;

	for (size_t i = 0; i + 1 < ids->n; i++) {
		if (strcmp(ids->items[i], row->address) == 0) {
			return ids->items[i + 1];
		}
	}
	return NULL;
}

/* Whether the person is asked elsewhere. */
static enum rc
is_asked(struct tx *tx, const struct delivery_row *row, bool *out,
    struct fault *f)
{
	long long n = 0;
	enum rc rc = db_int(tx->db, f, &n,
	    "SELECT count(*) FROM delivery WHERE intent_id = ?1 AND "
	    "kind = 'ask' AND person = ?2 AND "
	    "state IN ('due', 'leased', 'done')",
	    "tt", row->intent_id, row->person);

	*out = n > 0;
	return rc;
}

/* An ask that cannot be delivered goes to the person's next account; the other
 * channels of theirs were asked from the start. */
static enum rc
fall_back(struct tx *tx, const struct outbox_end *e,
    const struct delivery_row *row, struct fault *f)
{
	CLEANUP(rules_drop) struct policy_set *set =
	    rules_get(e->options->rules);
	const struct person *p = row->person != NULL
	    ? people_find(policy_set_people(set), row->person)
	    : NULL;
	const char *next = p != NULL ? next_account(p, row) : NULL;
	const struct ask ask = {.channel = row->channel,
	    .person = row->person,
	    .address = next};
	bool asked = true;
	enum rc rc;

	if (row->kind != DELIVERY_ASK || p == NULL || !is_chat(row)) {
		return RC_OK;
	}
	if (next != NULL) {
		rc = delivery_owe_asks(tx, row->intent_id, &ask, 1, f);
		return rc == RC_OK
		    ? outbox_audit(tx, row, "delivery_fell_back", next, f)
		    : rc;
	}
	rc = is_asked(tx, row, &asked, f);
	if (rc == RC_OK && !asked) {
		log_error("intent %s: %s cannot be reached", row->intent_id,
		    row->person);
	}
	return rc;
}

static enum rc
for_good(struct tx *tx, const struct outbox_end *e, struct delivery_row *row,
    struct fault *f)
{
	enum rc rc = outbox_end_row(tx, row, DELIVERY_DEAD, e->detail, f);

	log_warn("delivery %s was refused channel=%s error=\"%s\"", row->id,
	    row->channel, e->detail != NULL ? e->detail : "");
	if (rc == RC_OK && row->kind == DELIVERY_WEBHOOK &&
	    e->rc == RC_REMOTE_PERM) {
		rc = webhook_end(tx, row->webhook_id, f); /* 410 Gone */
	}
	if (rc == RC_OK) {
		rc = outbox_audit(tx, row, "delivery_dead", e->detail, f);
	}
	return rc == RC_OK ? fall_back(tx, e, row, f) : rc;
}

static enum rc
learn_account(struct tx *tx, const struct outbox_end *e,
    const struct delivery_row *row, struct fault *f)
{
	static const char scheme[] = "mailto:";
	size_t n = sizeof(scheme) - 1;

	if (row->person == NULL || strncmp(row->address, scheme, n) != 0) {
		return RC_OK;
	}
	return account_put(tx, row->channel, e->account, row->person,
	    row->address + n, f);
}

static enum rc
apply(struct tx *tx, const struct outbox_end *e, struct delivery_row *row,
    struct fault *f)
{
	enum rc rc;

	switch (e->rc) {
	case RC_OK:
		if (e->remote_id != NULL) {
			row->remote_id = e->remote_id;
		}
		rc = outbox_end_row(tx, row, DELIVERY_DONE, NULL, f);
		if (rc == RC_OK && e->account != NULL) {
			rc = learn_account(tx, e, row, f);
		}
		return rc == RC_OK
		    ? outbox_audit(tx, row, "delivery_sent", NULL, f)
		    : rc;
	case RC_BUSY:
		row->state = DELIVERY_DUE;
		row->attempts--;
		row->due_ms = tx->now_ms + OUTBOX_PUMP_MS;
		return delivery_update(tx, row, f);
	case RC_REMOTE_PERM:
	case RC_FORBIDDEN:
	case RC_INVALID:
		return for_good(tx, e, row, f);
	default:
		return later(tx, e, row, f);
	}
}

enum rc
outbox_end_attempt(struct tx *tx, void *arg)
{
	struct outbox_end *e = arg;
	struct arena *a = tx->scratch;
	struct delivery_row row;
	struct fault f = {0};
	enum rc rc = delivery_get(tx->db, e->id, a, &row, &f);

	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK && row.state != DELIVERY_LEASED)) {
		return RC_OK; /* told twice */
	}
	if (rc == RC_OK) {
		rc = apply(tx, e, &row, &f);
	}
	if (rc == RC_OK &&
	    (row.kind == DELIVERY_ASK || row.kind == DELIVERY_REPAINT)) {
		rc = delivery_message_ended(tx, &row, &f);
	}
	store_touch(tx, row.intent_id);
	store_kick(tx); /* there is room for another */
	return rc == RC_OK ? RC_OK : RC_STORE;
}
