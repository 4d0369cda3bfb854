#include "message.h"

#include <stdio.h>
#include <string.h>

#include "account.h"
#include "decider.h"
#include "dialect.h"
#include "dialect_find.h"
#include "guest.h"
#include "link.h"
#include "store_intent.h"

enum { HEADERS_MAX = 12, SECRET_MAX = 512 };

static const char *
name_of(void *ctx, const char *person)
{
	const struct person *p = people_find(ctx, person);

	return p != NULL ? p->name : NULL;
}

static enum rc
payload_read(struct tx *tx, const struct message_env *env,
    const struct intent *in, struct arena *a, char **out, size_t *len,
    struct fault *f)
{
	const void *sealed;
	size_t n;
	enum rc rc = store_intent_payload(tx->db, in->id, a, &sealed, &n, f);

	*out = NULL;
	*len = 0;
	if (rc != RC_OK || sealed == NULL) {
		return rc;
	}
	return vault_open(env->vault, a, in->id, sealed, n, out, len, f);
}

enum rc
message_card(struct tx *tx, const struct message_env *env,
    struct people *people, const struct intent *in, const char *channel,
    struct arena *a, const struct card **out, struct fault *f)
{
	const struct channel_ops *ops = channel_find(channel);
	struct card *card = arena_alloc(a, sizeof(*card));
	struct vote *votes;
	char *payload;
	size_t len;
	int n;
	enum rc rc = payload_read(tx, env, in, a, &payload, &len, f);

	if (rc == RC_OK) {
		rc = store_vote_list(tx->db, in->id, a, &votes, &n, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	card_build(in, payload, len,
	    ops != NULL && ops->payload_max > 0 ? ops->payload_max
						: MESSAGE_PAYLOAD_MAX,
	    votes, n, name_of, people, tx->now_ms, a, card);
	*out = card;
	return RC_OK;
}

static enum rc
link_make(struct tx *tx, const struct message_env *env, struct delivery *d,
    struct fault *f)
{
	const struct magic_link_keys *keys = vault_link_keys(env->vault);
	struct magic_link link = {.intent_id = d->intent_id,
	    .person = d->person,
	    .digest = d->intent->digest,
	    .expires_ms = d->intent->expires_ms};
	const char *token = magic_link_make(d->arena, keys, &link);
	char code[MAGIC_LINK_CODE + 1], hash[CRYPTO_SHA256_HEX];
	struct link_row row = {.hash = link.hash,
	    .intent_id = d->intent_id,
	    .person = d->person,
	    .expires_ms = link.expires_ms};

	d->link = arena_printf(d->arena, "%s/l/%s", env->public_url, token);
	if (env->link_code) {
		magic_link_code(code);
		magic_link_code_hash(keys, link.hash, code, hash);
		row.code_hash = hash;
		d->code = arena_strdup(d->arena, code);
	}
	return link_insert(tx, &row, f);
}

char *
message_page(struct arena *a, const struct message_env *env,
    const char *intent_id)
{
	return arena_printf(a, "%s/approvals/%s", env->public_url, intent_id);
}

/*
 * Once it is settled nobody is asked. But what may have been posted without
 * our knowing is looked for, and shows the end.
 */
static enum rc
check_kind(const struct delivery_row *row, bool interactive, struct delivery *d,
    struct fault *f)
{
	if (d->intent->state == INTENT_PENDING ||
	    row->kind == DELIVERY_SETTLED) {
		return RC_OK;
	}
	if (row->kind == DELIVERY_ASK && interactive && row->attempts > 1) {
		d->kind = DELIVERY_SETTLED;
		return RC_OK;
	}
	return fault_set(f, RC_EXPIRED, "state", "it is settled already");
}

/* Who is asked, and where; an address of a chat may stand behind a mail's. */
static enum rc
read_person(struct tx *tx, struct people *people,
    const struct delivery_row *row, struct delivery *d, struct fault *f)
{
	const struct person *p =
	    row->person != NULL ? people_find(people, row->person) : NULL;
	const char *found = NULL;
	enum rc rc = RC_OK;

	d->person = arena_strdup(d->arena, row->person);
	if (p == NULL && row->person != NULL) {
		d->person_name = guest_name(&d->intent->plan, row->person);
	}
	if (p == NULL) {
		return RC_OK;
	}
	d->person_name = arena_strdup(d->arena, p->name);
	if (p->email != NULL && strncmp(row->address, "mailto:", 7) == 0) {
		rc = account_of(tx->db, p, row->channel, d->arena, &found, f);
	}
	if (found != NULL) {
		d->address = found;
	}
	return rc;
}

static enum rc
compose_card(struct tx *tx, const struct message_env *env,
    struct people *people, const struct delivery_row *row, struct delivery *d,
    struct fault *f)
{
	const struct channel_ops *ops = channel_find(row->channel);
	bool interactive = ops != NULL && ops->interactive;
	enum rc rc = check_kind(row, interactive, d, f);

	if (rc == RC_OK) {
		rc = read_person(tx, people, row, d, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	d->page = message_page(d->arena, env, d->intent_id);
	d->handle = d->intent->state == INTENT_PENDING
	    ? handle_make(d->arena, vault_handle_keys(env->vault), row->id,
		  d->intent->digest)
	    : "";
	rc = message_card(tx, env, people, d->intent, row->channel, d->arena,
	    &d->card, f);
	/* No link that decides goes into a chat. */
	if (rc == RC_OK && d->kind == DELIVERY_ASK && row->person != NULL &&
	    !interactive) {
		rc = link_make(tx, env, d, f);
	}
	return rc;
}

static enum rc
secret_read(struct tx *tx, const struct message_env *env,
    const struct delivery_row *row, struct delivery *d,
    struct webhook_news *news, struct fault *f)
{
	struct webhook w;
	char *secret, own[VAULT_WEBHOOK_SECRET];
	size_t len;
	enum rc rc = webhook_get(tx->db, row->webhook_id, d->arena, &w, f);

	if (rc != RC_OK) {
		return rc;
	}
	news->own_secret = w.secret == NULL;
	if (w.secret == NULL) {
		vault_webhook_secret(env->vault, d->intent->agent_id, own);
		news->secret = arena_strdup(d->arena, own);
		return RC_OK;
	}
	rc = vault_open(env->vault, d->arena, w.id, w.secret, w.secret_len,
	    &secret, &len, f);
	news->secret = secret;
	return rc;
}

/*
 * Standard Webhooks, "Signature scheme": v1 is base64 of HMAC-SHA256 over
 * id.timestamp.body; a secret that begins with whsec_ is base64 of the key,
 * any other is the key itself.
 */
static const char *
standard_signature(struct arena *a, const char *secret, const char *id,
    const char *time_s, const char *body, size_t len)
{
	const struct crypto_part parts[] = {{id, strlen(id)}, {".", 1},
	    {time_s, strlen(time_s)}, {".", 1}, {body, len}};
	unsigned char key[SECRET_MAX], mac[CRYPTO_SHA256];
	char text[4 * ((CRYPTO_SHA256 + 2) / 3) + 1];
	size_t key_len = strlen(secret);
	const void *k = secret;

	if (strncmp(secret, "whsec_", 6) == 0 &&
	    crypto_unbase64(secret + 6, key, sizeof(key), &key_len) == RC_OK) {
		k = key;
	}
	crypto_hmac_parts(k, key_len, parts, ARRAY_LEN(parts), mac);
	crypto_base64(mac, sizeof(mac), text);
	crypto_wipe(key, sizeof(key));
	return arena_printf(a, "webhook-signature: v1,%s", text);
}

/* A secret address is opened for this one attempt. */
static enum rc
address_read(const struct message_env *env, const struct delivery_row *row,
    struct delivery *d, struct fault *f)
{
	char *plain;
	size_t len;
	enum rc rc;

	d->address = arena_strdup(d->arena, row->address);
	if (row->sealed == NULL) {
		return RC_OK;
	}
	rc = vault_open(env->vault, d->arena, row->intent_id, row->sealed,
	    row->sealed_len, &plain, &len, f);
	if (rc == RC_OK) {
		d->address = plain;
	}
	return rc;
}

static enum rc
compose_news(struct tx *tx, const struct message_env *env,
    struct people *people, const struct delivery_row *row, struct delivery *d,
    struct fault *f)
{
	const struct dialect *dialect = dialect_find(d->intent->dialect);
	struct webhook_news news = {.intent = d->intent,
	    .decider = decider_of(tx->db, people, d->intent, d->arena),
	    .row = row,
	    .now_ms = tx->now_ms};
	const char **h = arena_array(d->arena, HEADERS_MAX + 1, sizeof(*h));
	char time_s[24];
	int n = 0;
	enum rc rc;

	if (dialect == NULL) {
		return fault_set(f, RC_INTERNAL, "dialect", "unknown dialect");
	}
	rc = secret_read(tx, env, row, d, &news, f);
	if (rc != RC_OK) {
		return rc;
	}
	d->body = dialect->news(d->arena, &news, &d->body_len);
	(void)snprintf(time_s, sizeof(time_s), "%lld", tx->now_ms / 1000);
	h[n++] = "Content-Type: application/json";
	h[n++] = arena_printf(d->arena, "webhook-id: %s", d->id);
	h[n++] = arena_printf(d->arena, "webhook-timestamp: %s", time_s);
	h[n++] = standard_signature(d->arena, news.secret, d->id, time_s,
	    d->body, d->body_len);
	n += dialect->news_headers(d->arena, &news, d->body, d->body_len, h + n,
	    HEADERS_MAX - n);
	h[n] = NULL;
	d->headers = h;
	return RC_OK;
}

enum rc
message_compose(struct tx *tx, const struct message_env *env,
    struct people *people, const struct delivery_row *row,
    struct delivery **out, struct fault *f)
{
	struct arena *a = arena_new();
	struct delivery *d = arena_alloc(a, sizeof(*d));
	struct intent *in = arena_alloc(a, sizeof(*in));
	enum rc rc = store_intent_get(tx->db, row->intent_id, a, in, f);

	*out = NULL;
	d->arena = a;
	(void)snprintf(d->id, sizeof(d->id), "%s", row->id);
	d->kind = row->kind;
	d->attempt = row->attempts;
	d->intent = in;
	d->intent_id = in->id;
	d->remote_id = arena_strdup(a, row->remote_id);
	if (rc == RC_NOT_FOUND) {
		rc = fault_set(f, RC_INTERNAL, "intent", "no such intent");
	}
	if (rc == RC_OK) {
		rc = address_read(env, row, d, f);
	}
	if (rc == RC_OK) {
		rc = row->kind == DELIVERY_WEBHOOK
		    ? compose_news(tx, env, people, row, d, f)
		    : compose_card(tx, env, people, row, d, f);
	}
	if (rc != RC_OK) {
		delivery_free(d);
		return rc;
	}
	*out = d;
	return RC_OK;
}
