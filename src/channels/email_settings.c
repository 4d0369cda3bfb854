#include "channels/email_settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

static const char *const tls_words[] = {
    [SMTP_TLS_OFF] = "off",
    [SMTP_TLS_OPPORTUNISTIC] = "opportunistic",
    [SMTP_TLS_REQUIRED] = "required",
    [SMTP_TLS_IMPLICIT] = "implicit",
};

static const char *
setting(const struct channel_env *env, const char *name)
{
	const char *s = env->setting(env->setting_ctx, name);

	return s != NULL && *s != '\0' ? s : NULL;
}

static enum rc
read_host(const struct channel_env *env, struct smtp_options *o,
    struct fault *f)
{
	size_t i;

	o->host = setting(env, "SMTP_HOST");
	if (o->host == NULL) {
		return fault_set(f, RC_INVALID, "SMTP_HOST", "must be set");
	}
	if (strchr(o->host, ':') != NULL) {
		return fault_set(f, RC_INVALID, "SMTP_HOST",
		    "must be a name or an IPv4 address: the port goes into "
		    "SMTP_PORT, and an IPv6 address needs a name");
	}
	for (i = 0; o->host[i] != '\0'; i++) {
		unsigned char c = (unsigned char)o->host[i];

		if (!isascii(c) || (!isalnum(c) && strchr("-._", c) == NULL)) {
			break;
		}
	}
	if (o->host[i] != '\0' || i > EMAIL_HOST_MAX || o->host[0] == '.') {
		return fault_set(f, RC_INVALID, "SMTP_HOST", "is no host name");
	}
	return RC_OK;
}

static enum rc
read_tls(const struct channel_env *env, struct smtp_options *o, struct fault *f)
{
	const char *word = setting(env, "SMTP_TLS");
	size_t i;

	if (word == NULL) {
		o->tls = smtp_host_is_loopback(o->host) ? SMTP_TLS_OPPORTUNISTIC
							: SMTP_TLS_REQUIRED;
		return RC_OK;
	}
	for (i = 0; i < ARRAY_LEN(tls_words); i++) {
		if (strcmp(word, tls_words[i]) == 0) {
			o->tls = (enum smtp_tls_mode)i;
			return RC_OK;
		}
	}
	return fault_set(f, RC_INVALID, "SMTP_TLS",
	    "must be off, opportunistic, required or implicit");
}

static enum rc
read_port(const struct channel_env *env, struct smtp_options *o,
    struct fault *f)
{
	/* RFC 8314 7.3, RFC 6409 3.1, RFC 5321 4.5.4.2. */
	static const int usual[] = {
	    [SMTP_TLS_OFF] = 25,
	    [SMTP_TLS_OPPORTUNISTIC] = 25,
	    [SMTP_TLS_REQUIRED] = 587,
	    [SMTP_TLS_IMPLICIT] = 465,
	};
	const char *s = setting(env, "SMTP_PORT");
	char *end;
	long port;

	if (s == NULL) {
		o->port = usual[o->tls];
		return RC_OK;
	}
	errno = 0;
	port = strtol(s, &end, 10);
	if (errno != 0 || *end != '\0' || !isdigit((unsigned char)s[0]) ||
	    port < 1 || port > 65535) {
		return fault_set(f, RC_INVALID, "SMTP_PORT",
		    "must be a number from 1 to 65535");
	}
	o->port = (int)port;
	return RC_OK;
}

/* A password that would leave this machine unprotected. */
static bool
is_exposed(const struct smtp_options *o)
{
	return (o->tls == SMTP_TLS_OFF || o->tls == SMTP_TLS_OPPORTUNISTIC) &&
	    !smtp_host_is_loopback(o->host);
}

static enum rc
read_login(const struct channel_env *env, struct smtp_options *o,
    struct fault *f)
{
	o->user = setting(env, "SMTP_USER");
	o->password = setting(env, "SMTP_PASS");
	if (o->user == NULL && o->password == NULL) {
		return RC_OK;
	}
	if (o->password == NULL) {
		return fault_set(f, RC_INVALID, "SMTP_PASS",
		    "must be set when SMTP_USER is");
	}
	if (o->user == NULL) {
		return fault_set(f, RC_INVALID, "SMTP_USER",
		    "must be set when SMTP_PASS is");
	}
	if (strlen(o->user) > SMTP_USER_MAX) {
		return fault_set(f, RC_INVALID, "SMTP_USER",
		    "must have at most %d bytes", SMTP_USER_MAX);
	}
	if (strlen(o->password) > SMTP_USER_MAX) {
		return fault_set(f, RC_INVALID, "SMTP_PASS",
		    "must have at most %d bytes", SMTP_USER_MAX);
	}
	if (is_exposed(o)) {
		return fault_set(f, RC_INVALID, "SMTP_TLS",
		    "%s would send the password to %s unprotected: use "
		    "required or implicit",
		    tls_words[o->tls], o->host);
	}
	return RC_OK;
}

static enum rc
read_from(const struct channel_env *env, struct email_settings *s,
    struct fault *f)
{
	s->from = setting(env, "SMTP_FROM");
	if (s->from == NULL && s->relay.user != NULL &&
	    text_is_email(s->relay.user)) {
		s->from = s->relay.user;
	}
	if (s->from == NULL) {
		return fault_set(f, RC_INVALID, "SMTP_FROM",
		    "must be set: the address that mails come from");
	}
	if (!text_is_email(s->from)) {
		return fault_set(f, RC_INVALID, "SMTP_FROM",
		    "must be a mail address such as assent@example.com");
	}
	return RC_OK;
}

static enum rc
read_ca(const struct channel_env *env, struct smtp_options *o, struct fault *f)
{
	o->ca_file = setting(env, "SMTP_CA_FILE");
	if (o->ca_file == NULL) {
		return RC_OK;
	}
	if (o->tls != SMTP_TLS_REQUIRED && o->tls != SMTP_TLS_IMPLICIT) {
		return fault_set(f, RC_INVALID, "SMTP_CA_FILE",
		    "does nothing unless SMTP_TLS is required or implicit");
	}
	if (access(o->ca_file, R_OK) != 0) {
		return fault_set(f, RC_INVALID, "SMTP_CA_FILE",
		    "cannot read %s: %s", o->ca_file, strerror(errno));
	}
	return RC_OK;
}

enum rc
email_settings_read(const struct channel_env *env, struct email_settings *out,
    struct fault *f)
{
	static enum rc (*const readers[])(const struct channel_env *,
	    struct smtp_options *, struct fault *) = {read_host, read_tls,
	    read_port, read_login, read_ca};
	enum rc rc = RC_OK;
	size_t i;

	*out = (struct email_settings){0};
	for (i = 0; rc == RC_OK && i < ARRAY_LEN(readers); i++) {
		rc = readers[i](env, &out->relay, f);
	}
	return rc == RC_OK ? read_from(env, out, f) : rc;
}
