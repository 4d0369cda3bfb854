#include "vault.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/log.h"
#include "master_key.h"

struct vault {
	unsigned char seal[2][CRYPTO_KEY]; /* newest, and the one before */
	unsigned char webhook[CRYPTO_KEY];
	unsigned char session[CRYPTO_KEY];
	char fingerprint[VAULT_FINGERPRINT];
	bool has_previous;
	struct magic_link_keys links;
	struct handle_keys handles;
};

/*
 * Memory of its own, so that it can be locked and advised about. Without a
 * lock the keys may reach swap: worth a warning, not a refusal.
 */
static struct vault *
vault_map(void)
{
	struct vault *v = mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (v == MAP_FAILED) {
		log_error("vault: mmap: %m");
		abort();
	}
	if (mlock(v, sizeof(*v)) != 0) {
		log_warn("vault: keys may reach swap, mlock: %m");
	}
	if (madvise(v, sizeof(*v), MADV_DONTDUMP) != 0 ||
	    madvise(v, sizeof(*v), MADV_WIPEONFORK) != 0) {
		log_warn("vault: keys may reach a core dump, madvise: %m");
	}
	return v;
}

static void
derive_all(struct vault *v, const unsigned char key[CRYPTO_KEY])
{
	unsigned char named[CRYPTO_KEY];

	crypto_derive(key, "assent payload 1", v->seal[0]);
	crypto_derive(key, "assent webhook 1", v->webhook);
	crypto_derive(key, "assent session 1", v->session);
	crypto_derive(key, "assent fingerprint 1", named);
	crypto_hex(named, (VAULT_FINGERPRINT - 1) / 2, v->fingerprint);
	magic_link_keys_init(&v->links, key);
	handle_keys_add(&v->handles, key);
}

static bool
is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

static enum rc
keys_read(struct vault *v, const struct vault_options *o, struct fault *f)
{
	unsigned char key[CRYPTO_KEY] = {0};
	enum rc rc = is_set(o->master)
	    ? master_key_parse(o->master, "ASSENT_MASTER_KEY", key, f)
	    : master_key_file(o->data_dir, key, f);

	if (rc == RC_OK) {
		derive_all(v, key);
	}
	if (rc == RC_OK && is_set(o->previous)) {
		rc = master_key_parse(o->previous, "ASSENT_MASTER_KEY_PREVIOUS",
		    key, f);
	}
	if (rc == RC_OK && is_set(o->previous)) {
		crypto_derive(key, "assent payload 1", v->seal[1]);
		magic_link_keys_previous(&v->links, key);
		handle_keys_add(&v->handles, key);
		v->has_previous = true;
	}
	crypto_wipe(key, sizeof(key));
	return rc;
}

enum rc
vault_new(const struct vault_options *o, struct vault **out, struct fault *f)
{
	struct vault *v = vault_map();
	enum rc rc = keys_read(v, o, f);

	if (rc != RC_OK) {
		vault_free(v);
		return rc;
	}
	*out = v;
	return RC_OK;
}

void
vault_free(struct vault *v)
{
	if (v != NULL) {
		crypto_wipe(v, sizeof(*v));
		munmap(v, sizeof(*v));
	}
}

void
vault_fingerprint(const struct vault *v, char out[VAULT_FINGERPRINT])
{
	memcpy(out, v->fingerprint, VAULT_FINGERPRINT);
}

void *
vault_seal(const struct vault *v, struct arena *a, const char *intent_id,
    const void *plain, size_t n, size_t *out_len)
{
	unsigned char *sealed = arena_alloc(a, n + CRYPTO_SEAL_MORE);

	crypto_seal(v->seal[0], intent_id, plain, n, sealed);
	*out_len = n + CRYPTO_SEAL_MORE;
	return sealed;
}

enum rc
vault_open(const struct vault *v, struct arena *a, const char *intent_id,
    const void *sealed, size_t n, char **out, size_t *out_len, struct fault *f)
{
	unsigned char *plain;
	enum rc rc = RC_INVALID;

	if (n >= CRYPTO_SEAL_MORE) {
		plain = arena_alloc(a, n - CRYPTO_SEAL_MORE + 1);
		rc = crypto_open(v->seal[0], intent_id, sealed, n, plain);
		if (rc != RC_OK && v->has_previous) {
			rc = crypto_open(v->seal[1], intent_id, sealed, n,
			    plain);
		}
	}
	if (rc != RC_OK) {
		return fault_set(f, RC_INTERNAL, "payload",
		    "the stored payload was changed, or sealed with another "
		    "master key");
	}
	*out = (char *)plain;
	*out_len = n - CRYPTO_SEAL_MORE;
	return RC_OK;
}

const struct magic_link_keys *
vault_link_keys(const struct vault *v)
{
	return &v->links;
}

const struct handle_keys *
vault_handle_keys(const struct vault *v)
{
	return &v->handles;
}

const unsigned char *
vault_session_key(const struct vault *v)
{
	return v->session;
}

void
vault_webhook_secret(const struct vault *v, const char *agent_id,
    char out[VAULT_WEBHOOK_SECRET])
{
	static const char prefix[] = "whsec_";
	const struct crypto_part part = {agent_id, strlen(agent_id)};
	unsigned char mac[CRYPTO_SHA256];

	crypto_hmac_parts(v->webhook, CRYPTO_KEY, &part, 1, mac);
	memcpy(out, prefix, sizeof(prefix) - 1);
	crypto_base64(mac, sizeof(mac), out + sizeof(prefix) - 1);
	crypto_wipe(mac, sizeof(mac));
}
