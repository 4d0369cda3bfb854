/*
 * vault: the master key, and what is sealed or signed under it.
 *
 * The key comes from a setting, else from DATA_DIR/master.key, which is made
 * when it is missing. Every use has a key of its own, derived by purpose
 * (crypto_derive), so that none is good for two things. The keys live in
 * memory that is locked, left out of core dumps and not inherited by a child,
 * and are wiped at the end.
 *
 * To change the master key, give the old one as `previous`: payloads and
 * links made under it are still read, new ones are made under the new key.
 * Webhook secrets and page sessions change with it.
 */
#ifndef VAULT_H
#define VAULT_H

#include <stddef.h>

#include "handle.h"
#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/rc.h"
#include "magic_link.h"

enum {
	VAULT_FINGERPRINT = 17,	  /* hex digits and NUL */
	VAULT_WEBHOOK_SECRET = 51 /* "whsec_", 44 characters, NUL */
};

struct vault; /* opaque: fields live in vault.c */

struct vault_options {
	/* 64 hex digits, or base64 of 32 bytes; NULL or "" = the file. */
	const char *master;
	const char *previous; /* likewise; NULL or "" = none */
	const char *data_dir; /* an existing folder; holds master.key */
};

/*
 * RC_INVALID names "ASSENT_MASTER_KEY", "ASSENT_MASTER_KEY_PREVIOUS" or
 * "master.key", see master_key.h; RC_INTERNAL only the last.
 */
enum rc vault_new(const struct vault_options *, struct vault **out,
    struct fault *) MUST_CHECK;
/* Wipes the keys. NULL is fine. */
void vault_free(struct vault *);

/*
 * Names the master key without telling it: kept in the database, so that a
 * start with another key is refused before anything is written.
 */
void vault_fingerprint(const struct vault *, char out[VAULT_FINGERPRINT]);

/* Seals a payload for this intent alone. Lives in the arena. */
void *vault_seal(const struct vault *, struct arena *, const char *intent_id,
    const void *plain, size_t n, size_t *out_len);
/*
 * Opens it again; NUL-terminated behind *out_len, in the arena. RC_INTERNAL:
 * a byte was changed, it belongs to another intent, or the key is not ours.
 */
enum rc vault_open(const struct vault *, struct arena *, const char *intent_id,
    const void *sealed, size_t n, char **out, size_t *out_len, struct fault *)
    MUST_CHECK;

/* Borrowed; lives as long as the vault. */
const struct magic_link_keys *vault_link_keys(const struct vault *);
/* What signs the buttons in chats. Borrowed likewise. */
const struct handle_keys *vault_handle_keys(const struct vault *);
/* The key that signs page sessions (see session.h). Borrowed likewise. */
const unsigned char *vault_session_key(const struct vault *);
/* What signs the webhooks of this agent (Standard Webhooks, "Signatures"). */
void vault_webhook_secret(const struct vault *, const char *agent_id,
    char out[VAULT_WEBHOOK_SECRET]);

#endif
