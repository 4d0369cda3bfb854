#include "channels/smtp_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Declares what takes an SSL_CTX only behind OpenSSL's headers. */
#include <libesmtp.h>

#include "lib/mem.h"

struct smtp_tls {
	char *host;
	bool is_address; /* host is an IPv4 address */
	bool verify;
	X509_STORE *roots; /* shared by all sessions */
};

/* OpenSSL fails here only when there is no memory: see mem.h. */
static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

enum rc
smtp_tls_new(const char *host, bool verify, const char *ca_file,
    struct smtp_tls **out, struct fault *f)
{
	struct smtp_tls *t = mem_new(1, sizeof(*t));
	struct in_addr address;

	t->host = mem_strdup(host);
	t->is_address = inet_pton(AF_INET, host, &address) == 1;
	t->verify = verify;
	t->roots = X509_STORE_new();
	must(t->roots != NULL);
	must(X509_STORE_set_default_paths(t->roots) == 1);
	if (ca_file != NULL && X509_STORE_load_file(t->roots, ca_file) != 1) {
		smtp_tls_free(t);
		smtp_tls_forget();
		return fault_set(f, RC_INVALID, "SMTP_CA_FILE",
		    "cannot read certificates (PEM) from %s", ca_file);
	}
	smtp_tls_forget();
	*out = t;
	return RC_OK;
}

void
smtp_tls_free(struct smtp_tls *t)
{
	if (t == NULL) {
		return;
	}
	X509_STORE_free(t->roots);
	free(t->host);
	free(t);
}

/* Server name indication (RFC 6066 3), which is for names only. */
static void
on_handshake(const SSL *ssl, int where, int ret)
{
	const struct smtp_tls_use *use =
	    SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && !use->tls->is_address) {
		/* OpenSSL hands out its own, writable object as const. */
		SSL *mine = (SSL *)(uintptr_t)ssl;

		must(SSL_set_tlsext_host_name(mine, use->tls->host) == 1);
	}
}

static int
on_certificate(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct smtp_tls_use *use = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (!ok) {
		use->refused = X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(store));
	}
	return ok;
}

static void
expect_host(const struct smtp_tls *t, SSL_CTX *ctx)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_certificate);
	if (t->is_address) {
		must(X509_VERIFY_PARAM_set1_ip_asc(p, t->host) == 1);
		return;
	}
	X509_VERIFY_PARAM_set_hostflags(p,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	must(X509_VERIFY_PARAM_set1_host(p, t->host, 0) == 1);
}

static SSL_CTX *
make_context(const struct smtp_tls *t)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx != NULL);
	/*
	 * Not TLS 1.3, whose session tickets (RFC 8446 4.6.1) arrive unasked:
	 * libesmtp takes the readable socket for an answer and waits for it,
	 * with its own EHLO still in the buffer, until the time is up.
	 */
	must(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
	must(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) == 1);
	SSL_CTX_set1_cert_store(ctx, t->roots);
	SSL_CTX_set_info_callback(ctx, on_handshake);
	if (t->verify) {
		expect_host(t, ctx);
	} else {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	}
	return ctx;
}

void
smtp_tls_set(const struct smtp_tls *t, struct smtp_tls_use *use,
    struct smtp_session *session)
{
	SSL_CTX *ctx = make_context(t);

	*use = (struct smtp_tls_use){.tls = t};
	SSL_CTX_set_app_data(ctx, use);
	must(smtp_starttls_set_ctx(session, ctx));
	SSL_CTX_free(ctx); /* libesmtp has counted its own use */
}

void
smtp_tls_words(char *out, size_t size)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	(void)snprintf(out, size, "%s", reason != NULL ? reason : "hung up");
}

void
smtp_tls_forget(void)
{
	ERR_clear_error();
}
