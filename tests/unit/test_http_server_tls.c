#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "tests/unit/http_bed.h"

static struct bed bed;
static char *cert, *key, *other_key; /* PEM, owned */

/* The text that a memory BIO holds, owned; frees the BIO. */
static char *
bio_text(BIO *b)
{
	char *data, *text;
	long len = BIO_get_mem_data(b, &data);

	text = mem_strndup(data, (size_t)len);
	BIO_free(b);
	return text;
}

static char *
key_text(EVP_PKEY *k)
{
	BIO *b = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	return bio_text(b);
}

static char *
certificate_text(EVP_PKEY *k)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	BIO *b = BIO_new(BIO_s_mem());

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, k);
	assert_true(X509_sign(x, k, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(b, x), 1);
	X509_free(x);
	return bio_text(b);
}

static int
make_keys(void **state)
{
	EVP_PKEY *one = EVP_EC_gen("P-256"), *two = EVP_EC_gen("P-256");

	(void)state;
	cert = certificate_text(one);
	key = key_text(one);
	other_key = key_text(two);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
	return 0;
}

static int
drop_keys(void **state)
{
	(void)state;
	free(cert);
	free(key);
	free(other_key);
	return 0;
}

static void
start(void)
{
	struct http_server_options o = bed_options();

	o.tls_cert = cert;
	o.tls_key = key;
	bed_start(&bed, o);
}

/* A client that speaks one version only; NULL if they do not agree. */
static SSL *
handshake(int fd, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *tls;

	/* Old versions need old signatures. */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	tls = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(tls, fd);
	if (SSL_connect(tls) != 1) {
		ERR_clear_error();
		SSL_free(tls);
		return NULL;
	}
	return tls;
}

/* Reads to the end of the connection. */
static struct buf
tls_read_all(SSL *tls)
{
	struct buf out;
	char bytes[16384];
	int n;

	buf_init(&out, 0);
	while ((n = SSL_read(tls, bytes, sizeof(bytes))) > 0) {
		buf_add(&out, bytes, (size_t)n);
	}
	return out;
}

static void
requests_come_over_tls_1_2_and_1_3(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	static const char requests[] = GET("/big") "\r\n" POST(
	    "/x") "Content-Length: 3\r\nConnection: close\r\n\r\nabc";

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		CLEANUP(buf_fini) struct buf heard = {0};
		CLEANUP(buf_fini) struct buf got = {0};
		int fd = say_connect(bed.port);
		SSL *tls = handshake(fd, versions[i]);

		assert_non_null(tls);
		assert_int_equal(SSL_version(tls), versions[i]);
		assert_true(SSL_write(tls, requests, sizeof(requests) - 1) > 0);
		heard = tls_read_all(tls);
		got = statuses(&heard, false);
		assert_string_equal(buf_str(&got), "200 200");
		assert_non_null(strstr(buf_str(&heard), "POST /x abc"));
		SSL_free(tls);
		close(fd);
	}
	bed_stop(&bed);
}

static void
a_request_is_parked_and_resumed_over_tls(void **state)
{
	static const char request[] = GET("/park") "Connection: close\r\n\r\n";
	CLEANUP(buf_fini) struct buf heard = {0};
	struct http_handle h;
	SSL *tls;
	int fd;

	(void)state;
	start();
	fd = say_connect(bed.port);
	tls = handshake(fd, TLS1_3_VERSION);
	assert_non_null(tls);
	assert_true(SSL_write(tls, request, sizeof(request) - 1) > 0);
	bed_await_parked(&bed, 1);
	assert_int_equal(bed_parked(&bed, 0, &h), 1);
	http_resume(bed.server, h);
	heard = tls_read_all(tls);
	assert_non_null(strstr(buf_str(&heard), "resumed"));
	SSL_free(tls);
	close(fd);
	bed_stop(&bed);
}

static void
older_versions_and_plain_http_are_not_spoken(void **state)
{
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
	CLEANUP(buf_fini) struct buf heard = {0};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		int fd = say_connect(bed.port);

		assert_null(handshake(fd, versions[i]));
		close(fd);
	}
	heard = converse(bed.port, BYTES(GET("/x") "\r\n"), true);
	assert_null(strstr(buf_str(&heard), "HTTP/1.1"));
	assert_int_equal(atomic_load(&bed.heard), 0);
	bed_stop(&bed);
}

static void
a_handshake_that_does_not_end_is_closed(void **state)
{
	struct http_server_options o = bed_options();
	CLEANUP(buf_fini) struct buf heard = {0};
	int fd;

	(void)state;
	o.tls_cert = cert;
	o.tls_key = key;
	o.timeout_s = 1;
	bed_start(&bed, o);
	fd = say_connect(bed.port);
	say_text(fd, "\x16\x03\x01");
	hear_all(fd, &heard);
	close(fd);
	bed_stop(&bed);
}

static void
a_certificate_and_its_key_go_together(void **state)
{
	const struct {
		const char *cert, *key;
	} rows[] = {
	    {cert, NULL},
	    {NULL, key},
	    {cert, other_key},
	    {cert, "no key"},
	    {"no certificate", key},
	    {cert, ""},
	    {"", key},
	    {key, cert},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_server_options o = bed_options();
		struct http_server *s = NULL;
		struct fault f = {0};

		o.tls_cert = rows[i].cert;
		o.tls_key = rows[i].key;
		assert_int_equal(http_server_new(&o, &s, &f), RC_INVALID);
		assert_string_equal(f.field, "tls");
		assert_true(f.text[0] != '\0');
		assert_null(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_come_over_tls_1_2_and_1_3),
	    cmocka_unit_test(a_request_is_parked_and_resumed_over_tls),
	    cmocka_unit_test(older_versions_and_plain_http_are_not_spoken),
	    cmocka_unit_test(a_handshake_that_does_not_end_is_closed),
	    cmocka_unit_test(a_certificate_and_its_key_go_together),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
