#include "channels/smtp.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "channels/smtp_tls.h"
#include "channels/smtp_watch.h"
#include "channels/smtp_wire.h"
#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/mem.h"
#include "lib/url.h"

struct smtp {
	struct smtp_options o; /* the numbers; strings are NULL */
	char *user, *password; /* writable: libesmtp's interface wants it */
	char *server;	       /* "host:port" */
	char helo[HOST_NAME_MAX + 1];
	struct smtp_tls *tls; /* NULL = off */
	struct smtp_wire *wire;
};

/* One session. */
struct run {
	struct smtp *smtp;
	const struct smtp_mail *mail;
	struct smtp_watch watch;
	struct smtp_tls_use tls;
	long long connected_ms; /* monotonic; 0 = not yet */
	bool blind;	 /* the socket cannot be seen, so nothing may go out */
	bool no_tls;	 /* STARTTLS is required and not offered */
	bool body_began; /* libesmtp was given the message */
	bool body_ended; /* ... and its end */
	bool answered;	 /* the answer to the whole message has come */
	smtp_message_t message;
	smtp_recipient_t recipient;
};

/*
 * libesmtp looks for a client certificate in $XDG_CONFIG_DIR/libesmtp or
 * below $HOME: what it finds there it frees once too often, and a folder that
 * it may not read (a hardened unit file makes $HOME one) fails the handshake.
 * Nothing else reads this variable. The environment may only be changed while
 * there is one thread, which is now.
 */
__attribute__((constructor)) static void
hide_client_certificates(void)
{
	(void)setenv("XDG_CONFIG_DIR", "/nonexistent", 1);
}

bool
smtp_host_is_loopback(const char *host)
{
	static const char tail[] = ".localhost"; /* RFC 6761 6.3 */
	size_t len = strlen(host), n = strlen(tail);

	return strcasecmp(host, tail + 1) == 0 ||
	    (len > n && strcasecmp(host + len - n, tail) == 0) ||
	    url_addr_in(host, "127.0.0.0/8");
}

/*
 * The name for EHLO (RFC 5321 4.1.1.1): our own if it has a domain, else an
 * address literal, which no relay takes for a forged name.
 */
static void
choose_helo(char *out, size_t size)
{
	size_t i;

	if (gethostname(out, size) == 0 && memchr(out, '\0', size) != NULL &&
	    strchr(out, '.') != NULL) {
		for (i = 0; out[i] == '.' || out[i] == '-' ||
		     isalnum((unsigned char)out[i]);
		     i++) {
		}
		if (out[i] == '\0') {
			return;
		}
	}
	(void)snprintf(out, size, "[127.0.0.1]");
}

static void
set_default(int *value, int def)
{
	if (*value == 0) {
		*value = def;
	}
}

enum rc
smtp_new(const struct smtp_options *o, struct smtp **out, struct fault *f)
{
	struct smtp *s;
	struct smtp_tls *tls = NULL;
	enum rc rc;

	assert(o->tls != SMTP_TLS_IMPLICIT);
	if (o->tls != SMTP_TLS_OFF) {
		rc = smtp_tls_new(o->host, o->tls == SMTP_TLS_REQUIRED,
		    o->ca_file, &tls, f);
		if (rc != RC_OK) {
			return rc;
		}
	}
	s = mem_new(1, sizeof(*s));
	s->o = *o;
	s->o.host = s->o.user = s->o.password = s->o.ca_file = NULL;
	s->tls = tls;
	s->wire = smtp_wire_new();
	s->user = mem_strdup(o->user);
	s->password = mem_strdup(o->password);
	/* libesmtp takes a name and a port apart at the first colon. */
	if (asprintf(&s->server, "%s:%d", o->host, o->port) < 0) {
		abort();
	}
	choose_helo(s->helo, sizeof(s->helo));
	set_default(&s->o.connect_ms, SMTP_CONNECT_MS);
	set_default(&s->o.step_ms, SMTP_STEP_MS);
	set_default(&s->o.end_ms, SMTP_END_MS);
	set_default(&s->o.total_ms, SMTP_TOTAL_MS);
	auth_client_init();
	*out = s;
	return RC_OK;
}

void
smtp_free(struct smtp *s)
{
	if (s == NULL) {
		return;
	}
	auth_client_exit();
	smtp_wire_free(s->wire);
	smtp_tls_free(s->tls);
	if (s->password != NULL) {
		crypto_wipe(s->password, strlen(s->password));
	}
	free(s->password);
	free(s->user);
	free(s->server);
	free(s);
}

void
smtp_cut(struct smtp *s)
{
	smtp_wire_cut(s->wire);
}

/* --- what libesmtp calls -------------------------------------------------- */

static void
on_traffic(const char *buf, int len, int writing, void *arg)
{
	struct run *r = arg;
	bool fine = writing == SMTP_CB_READING
	    ? smtp_watch_read(&r->watch, buf, (size_t)len)
	    : smtp_watch_write(&r->watch, buf, (size_t)len);

	if (!fine) {
		smtp_wire_cut(r->smtp->wire);
	}
}

static void
on_connect(struct run *r)
{
	struct smtp *s = r->smtp;

	r->connected_ms = clock_mono_ms();
	r->blind = !smtp_wire_connected(s->wire, s->o.port, s->o.total_ms);
	r->watch.loopback = smtp_wire_is_loopback(s->wire);
}

/*
 * The certificate was checked during the handshake, against the right name.
 * libesmtp's own check uses the canonical name of the DNS and knows no
 * addresses, so its result about the name does not count.
 */
static void
on_event(smtp_session_t session, int event, void *arg, ...)
{
	struct run *r = arg;
	va_list ap;

	(void)session;
	va_start(ap, arg);
	switch (event) {
	case SMTP_EV_CONNECT:
		on_connect(r);
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		r->no_tls = true;
		break;
	case SMTP_EV_STARTTLS_OK:
		r->watch.tls = true;
		break;
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		(void)va_arg(ap, long);
		*va_arg(ap, int *) = !r->watch.tls_checked;
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
		*va_arg(ap, int *) = !r->watch.tls_checked;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		*va_arg(ap, int *) = 1;
		break;
	case SMTP_EV_MESSAGESENT:
		r->answered = true;
		break;
	default:
		break;
	}
	va_end(ap);
}

/*
 * User and password for PLAIN, LOGIN and CRAM-MD5. NTLM, which also asks for
 * a realm, is told to give up; it reads the fields all the same.
 */
static int
on_auth(auth_client_request_t request, char **result, int fields, void *arg)
{
	static char empty[] = "";
	struct smtp *s = arg;
	int i, known = 1;

	for (i = 0; i < fields; i++) {
		if ((request[i].flags & AUTH_USER) != 0) {
			result[i] = s->user;
		} else if ((request[i].flags & AUTH_PASS) != 0) {
			result[i] = s->password;
		} else {
			known = 0;
		}
	}
	for (i = 0; !known && i < fields; i++) {
		result[i] = empty;
	}
	return known;
}

/*
 * The whole message, then its end; `len` NULL starts it anew. libesmtp reads
 * errno afterwards: anything but 0 makes it hang up before the final dot.
 */
static const char *
on_message(void **ctx, int *len, void *arg)
{
	struct run *r = arg;

	(void)ctx;
	if (len == NULL) {
		r->body_began = r->body_ended = false;
		return NULL;
	}
	*len = 0;
	errno = 0;
	if (r->blind) {
		errno = EIO;
		return NULL;
	}
	if (r->body_began) {
		r->body_ended = true;
		return NULL;
	}
	r->body_began = true;
	*len = (int)r->mail->message_len;
	return r->mail->message;
}

/* --- one session ---------------------------------------------------------- */

static void
copy_reply(const smtp_status_t *from, struct smtp_reply *to)
{
	char line[SMTP_LINE_MAX];
	int n;

	to->code = from != NULL ? from->code : 0;
	if (to->code == 0) {
		return;
	}
	if (from->enh_class != 0) {
		n = snprintf(line, sizeof(line), "%d %d.%d.%d %s", from->code,
		    from->enh_class, from->enh_subject, from->enh_detail,
		    from->text != NULL ? from->text : "");
	} else {
		n = snprintf(line, sizeof(line), "%d %s", from->code,
		    from->text != NULL ? from->text : "");
	}
	if (n > 0) {
		smtp_words(to->words, sizeof(to->words), line, strlen(line));
	}
}

/* What libesmtp has to say about the connection. */
static void
libesmtp_words(char *out, size_t size)
{
	int error = smtp_errno();

	/* System errors are negative; this one is the wire's doing. */
	if (error == -EINTR) {
		(void)snprintf(out, size, "it took too long");
	} else if (smtp_strerror(error, out, size) == NULL) {
		(void)snprintf(out, size, "unknown error");
	}
}

static void
conclude(struct run *r, struct smtp_outcome *out)
{
	char error[80], handshake[80];
	struct smtp_facts k = {
	    .watch = &r->watch,
	    .connected = r->connected_ms != 0,
	    .blind = r->blind,
	    .late = r->connected_ms != 0 &&
		clock_mono_ms() - r->connected_ms >= r->smtp->o.total_ms,
	    .no_tls = r->no_tls,
	    .body_ended = r->body_ended,
	    .answered = r->answered,
	    .refused = r->tls.refused,
	    .handshake = handshake,
	    .error = error,
	};

	libesmtp_words(error, sizeof(error));
	smtp_tls_words(handshake, sizeof(handshake));
	copy_reply(smtp_reverse_path_status(r->message), &k.mail);
	copy_reply(smtp_recipient_status(r->recipient), &k.rcpt);
	copy_reply(smtp_message_transfer_status(r->message), &k.message);
	smtp_verdict(&k, out);
}

/* libesmtp's setters fail for want of memory only: see mem.h. */
static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
set_times(const struct smtp *s, smtp_session_t session)
{
	/* Its own minimum is minutes, for an MTA that has days. */
	static const int anyhow = Timeout_OVERRIDE_RFC2822_MINIMUM;
	const struct {
		int which;
		int ms;
	} times[] = {
	    {Timeout_GREETING, s->o.step_ms},
	    {Timeout_ENVELOPE, s->o.step_ms},
	    {Timeout_DATA, s->o.step_ms},
	    {Timeout_TRANSFER, s->o.step_ms},
	    {Timeout_DATA2, s->o.end_ms},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(times); i++) {
		must(smtp_set_timeout(session, times[i].which | anyhow,
			 times[i].ms) != 0);
	}
}

static void
set_tls(struct run *r, smtp_session_t session)
{
	struct smtp *s = r->smtp;

	if (s->tls == NULL) {
		must(smtp_starttls_enable(session, Starttls_DISABLED));
		return;
	}
	must(smtp_starttls_enable(session,
	    s->o.tls == SMTP_TLS_REQUIRED ? Starttls_REQUIRED
					  : Starttls_ENABLED));
	smtp_tls_set(s->tls, &r->tls, session);
}

static auth_context_t
set_auth(struct smtp *s, smtp_session_t session)
{
	auth_context_t auth;

	if (s->user == NULL) {
		return NULL;
	}
	auth = auth_create_context();
	must(auth != NULL);
	must(auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0));
	must(auth_set_interact_cb(auth, on_auth, s));
	must(smtp_auth_set_context(session, auth));
	return auth;
}

static void
set_mail(struct run *r, smtp_session_t session)
{
	r->message = smtp_add_message(session);
	must(r->message != NULL);
	must(smtp_set_reverse_path(r->message, r->mail->from));
	must(smtp_set_messagecb(r->message, on_message, r));
	r->recipient = smtp_add_recipient(r->message, r->mail->to);
	must(r->recipient != NULL);
}

void
smtp_send(struct smtp *s, const struct smtp_mail *mail,
    struct smtp_outcome *out)
{
	smtp_session_t session = smtp_create_session();
	struct run r = {
	    .smtp = s,
	    .mail = mail,
	    .watch.need_tls = s->o.tls == SMTP_TLS_REQUIRED,
	    .watch.tls_checked = s->o.tls == SMTP_TLS_REQUIRED,
	    .watch.need_auth = s->user != NULL,
	};
	auth_context_t auth;

	assert(mail->message_len > 0 && mail->message_len <= INT_MAX);
	must(session != NULL);
	must(smtp_set_server(session, s->server));
	must(smtp_set_hostname(session, s->helo));
	must(smtp_set_eventcb(session, on_event, &r));
	must(smtp_set_monitorcb(session, on_traffic, &r, 0));
	set_times(s, session);
	set_tls(&r, session);
	auth = set_auth(s, session);
	set_mail(&r, session);
	smtp_tls_forget();
	smtp_wire_begin(s->wire, s->o.connect_ms);
	/* What it returns says nothing about the mail. */
	(void)smtp_start_session(session);
	smtp_wire_end(s->wire);
	conclude(&r, out);
	smtp_tls_forget();
	smtp_destroy_session(session);
	if (auth != NULL) {
		auth_destroy_context(auth);
	}
}
