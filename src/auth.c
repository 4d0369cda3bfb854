#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/mem.h"
#include "quota.h"

enum { SLOTS = 16384, RATE_WINDOW_MS = 60 * 1000 };

struct kept {
	struct kept *next; /* in its slot */
	char hash[CRYPTO_SHA256_HEX];
	struct arena *arena; /* of key, name and agent */
	struct key key;
	const char *name; /* of the person it belongs to, else its own */
	struct agent agent;
	long long read_ms; /* monotonic */
	struct bucket rate;
};

struct auth {
	struct db *db;
	struct rules *rules;
	bool has_admin;
	char admin_hash[CRYPTO_SHA256_HEX];
	struct kept *slots[SLOTS];
	int n;
};

struct auth *
auth_new(struct db *reader, struct rules *rules, const char *admin_key)
{
	struct auth *au = mem_new(1, sizeof(*au));

	au->db = reader;
	au->rules = rules;
	au->has_admin = admin_key != NULL;
	if (au->has_admin) {
		crypto_sha256_hex(admin_key, strlen(admin_key), au->admin_hash);
	}
	return au;
}

static void
forget_all(struct auth *au)
{
	for (int i = 0; i < SLOTS; i++) {
		while (au->slots[i] != NULL) {
			struct kept *k = au->slots[i];

			au->slots[i] = k->next;
			arena_free(k->arena);
			free(k);
		}
	}
	au->n = 0;
}

void
auth_renew(struct auth *au)
{
	for (int i = 0; i < SLOTS; i++) {
		for (struct kept *k = au->slots[i]; k != NULL; k = k->next) {
			k->read_ms -= AUTH_KEPT_MS;
		}
	}
}

void
auth_free(struct auth *au)
{
	if (au != NULL) {
		forget_all(au);
		free(au);
	}
}

const char *
auth_admin_digest(const struct auth *au)
{
	return au->has_admin ? au->admin_hash : NULL;
}

static struct kept **
slot_of(struct auth *au, const char *hash)
{
	unsigned h = 0;

	for (int i = 0; i < 8; i++) {
		h = h * 31 + (unsigned char)hash[i];
	}
	return &au->slots[h % SLOTS];
}

static struct kept *
kept_find(struct auth *au, const char *hash)
{
	struct kept *k = *slot_of(au, hash);

	while (k != NULL && !crypto_equal(k->hash, hash, CRYPTO_SHA256_HEX)) {
		k = k->next;
	}
	return k;
}

static struct kept *
kept_add(struct auth *au, const char *hash)
{
	struct kept *k = mem_new(1, sizeof(*k)), **slot;

	if (au->n >= AUTH_KEPT_MAX) {
		forget_all(au);
	}
	slot = slot_of(au, hash);
	memcpy(k->hash, hash, CRYPTO_SHA256_HEX);
	k->arena = arena_new();
	k->next = *slot;
	*slot = k;
	au->n++;
	return k;
}

static void
kept_remove(struct auth *au, struct kept *gone)
{
	struct kept **at = slot_of(au, gone->hash);

	while (*at != gone) {
		at = &(*at)->next;
	}
	*at = gone->next;
	arena_free(gone->arena);
	free(gone);
	au->n--;
}

static const struct person *
person_of(const struct policy_set *set, const struct key *key)
{
	return key->person != NULL
	    ? people_find(policy_set_people(set), key->person)
	    : NULL;
}

/* Whoever decides is told by the name of the person, not of one of the keys. */
static const char *
name_of(struct auth *au, const struct key *key, struct arena *a)
{
	CLEANUP(rules_drop) struct policy_set *set = rules_get(au->rules);
	const struct person *p = person_of(set, key);

	return p != NULL ? arena_strdup(a, p->name) : key->name;
}

static enum rc
kept_read(struct auth *au, struct kept *k, struct fault *f)
{
	enum rc rc;

	arena_reset(k->arena);
	rc = key_by_hash(au->db, k->hash, k->arena, &k->key, f);
	if (rc == RC_OK && k->key.class == KEY_AGENT) {
		rc = agent_get(au->db, k->key.agent_id, k->arena, &k->agent, f);
	}
	if (rc == RC_OK) {
		k->name = name_of(au, &k->key, k->arena);
	}
	k->read_ms = clock_mono_ms();
	return rc;
}

static enum rc
kept_get(struct auth *au, const char *hash, struct kept **out, struct fault *f)
{
	struct kept *k = kept_find(au, hash);
	enum rc rc;

	if (k != NULL && clock_mono_ms() - k->read_ms < AUTH_KEPT_MS) {
		*out = k;
		return RC_OK;
	}
	if (k == NULL) {
		k = kept_add(au, hash);
	}
	rc = kept_read(au, k, f);
	if (rc != RC_OK) {
		kept_remove(au, k);
		return rc == RC_NOT_FOUND
		    ? fault_set(f, RC_UNAUTHENTICATED, "Authorization",
			  "Invalid API key")
		    : rc;
	}
	*out = k;
	return RC_OK;
}

static enum rc
agent_caller(const struct kept *k, struct caller *out, struct fault *f)
{
	const struct agent *ag = &k->agent;

	out->agent = ag;
	out->name = ag->name;
	if (ag->status == AGENT_REVOKED) {
		return fault_set(f, RC_UNAUTHENTICATED, "Authorization",
		    "Invalid API key");
	}
	if (ag->status != AGENT_ACTIVE) {
		(void)fault_set(f, RC_FORBIDDEN, "agent", "%s",
		    agent_status_words[ag->status]);
		return fault_reason(f, "agent_inactive");
	}
	out->access = ACCESS_AGENT;
	return RC_OK;
}

/* A person of assent.yaml, or a credential that stands for itself. */
static enum rc
person_caller(struct auth *au, const struct key *key, const char *name,
    struct caller *out, struct fault *f)
{
	CLEANUP(rules_drop) struct policy_set *set = rules_get(au->rules);
	const struct person *p = person_of(set, key);

	if (key->person != NULL && p == NULL) {
		return fault_set(f, RC_UNAUTHENTICATED, "Authorization",
		    "this key belongs to a person who is not in assent.yaml");
	}
	*out = (struct caller){.key_id = key->id};
	out->access = key->class == KEY_ADMIN ? ACCESS_ADMIN : ACCESS_REVIEWER;
	out->known = p != NULL;
	out->person = p != NULL ? key->person : key->id;
	out->name = name;
	return RC_OK;
}

static enum rc
kept_caller(struct auth *au, struct kept *k, struct caller *out,
    struct fault *f)
{
	*out = (struct caller){.key_id = k->key.id,
	    .quota = quota_find(k->key.quota)};
	if (k->key.revoked) {
		return fault_set(f, RC_UNAUTHENTICATED, "Authorization",
		    "Invalid API key");
	}
	return k->key.class == KEY_AGENT
	    ? agent_caller(k, out, f)
	    : person_caller(au, &k->key, k->name, out, f);
}

static void
admin_caller(struct caller *out)
{
	*out = (struct caller){.access = ACCESS_ADMIN,
	    .name = "admin",
	    .person = "admin"};
}

static enum rc
by_secret(struct auth *au, const char *secret, struct caller *out,
    struct kept **kept, struct fault *f)
{
	char hash[CRYPTO_SHA256_HEX];
	enum rc rc;

	*kept = NULL;
	crypto_sha256_hex(secret, strlen(secret), hash);
	if (au->has_admin &&
	    crypto_equal(hash, au->admin_hash, CRYPTO_SHA256_HEX)) {
		admin_caller(out);
		return RC_OK;
	}
	rc = kept_get(au, hash, kept, f);
	return rc == RC_OK ? kept_caller(au, *kept, out, f) : rc;
}

enum rc
auth_identify(struct auth *au, const char *authorization, struct caller *out,
    struct bucket_answer *rate, struct fault *f)
{
	struct kept *k;
	enum rc rc;

	*rate = (struct bucket_answer){.allowed = true};
	*out = (struct caller){.access = ACCESS_ANYONE, .name = ""};
	if (authorization == NULL ||
	    strncmp(authorization, "Bearer ", 7) != 0) {
		return fault_set(f, RC_UNAUTHENTICATED, "Authorization",
		    "Missing or invalid Authorization header");
	}
	authorization += 7;
	if (strncmp(authorization, "gex_", 4) == 0) {
		*out = (struct caller){.access = ACCESS_TOKEN,
		    .name = "runner",
		    .token = authorization};
		return RC_OK;
	}
	rc = by_secret(au, authorization, out, &k, f);
	if (rc != RC_OK || k == NULL || k->key.rate_limit <= 0) {
		return rc;
	}
	*rate = bucket_take(&k->rate, (int)k->key.rate_limit, RATE_WINDOW_MS,
	    clock_mono_ms());
	if (rate->allowed) {
		return RC_OK;
	}
	rc = fault_set(f, RC_LIMITED, "Authorization",
	    "this key may make %lld requests a minute", k->key.rate_limit);
	f->retry_after_s = rate->retry_s > 0 ? rate->retry_s : 1;
	(void)fault_reason(f, "rate_limited");
	return rc;
}

enum rc
auth_reviewer(struct auth *au, const char *key, struct caller *out,
    struct fault *f)
{
	struct kept *k;
	enum rc rc = by_secret(au, key, out, &k, f);

	if (rc == RC_OK && (out->access & ACCESS_PEOPLE) == 0) {
		return fault_set(f, RC_FORBIDDEN, "key",
		    "this is an agent's key; a reviewer's is needed");
	}
	return rc;
}

enum rc
auth_still(struct auth *au, const char *key_id, struct arena *a,
    struct caller *out, struct fault *f)
{
	struct key *key = arena_alloc(a, sizeof(*key));
	enum rc rc;

	if (key_id == NULL) {
		admin_caller(out);
		return RC_OK;
	}
	rc = key_get(au->db, key_id, a, key, f);
	if (rc == RC_OK && (key->revoked || key->class == KEY_AGENT)) {
		return fault_set(f, RC_UNAUTHENTICATED, "key",
		    "this key does not count any more");
	}
	return rc == RC_OK ? person_caller(au, key, name_of(au, key, a), out, f)
			   : rc;
}
