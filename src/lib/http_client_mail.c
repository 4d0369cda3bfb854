#include "lib/http_client_call.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINES_MAX = 64 * 1024, /* bytes of all that the server says */
	ADDRESS_MAX = 320,     /* of the envelope: RFC 3696 3 */
};

/*
 * Lines of the mail server. Curl goes on without AUTH when the server does
 * not offer it; only reply 235 says that we are known (RFC 4954 6).
 */
static size_t
on_mail_line(char *p, size_t size, size_t n, void *arg)
{
	struct call *call = arg;

	if (size * n >= 4 && memcmp(p, "235 ", 4) == 0) {
		call->authenticated = true;
	}
	call->header_bytes += size * n;
	return call->header_bytes <= LINES_MAX ? size * n : 0;
}

void
call_cut_mail(struct call *call)
{
	for (size_t i = 0; i < ARRAY_LEN(call->mail_fds); i++) {
		if (call->mail_fds[i] > 0) {
			(void)shutdown(call->mail_fds[i], SHUT_RDWR);
		}
	}
}

/*
 * When a mail is through, curl says QUIT and waits for the answer, two minutes
 * if need be, and with it waits every call of this thread. Nobody needs that
 * answer. Without a reading side the wait ends at once, and the server gets
 * its QUIT all the same (RFC 5321 4.1.1.10).
 */
static int
on_mail_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *arg)
{
	struct call *call = arg;

	(void)easy;
	if (type != CURLINFO_HEADER_OUT || n < 4 || memcmp(p, "QUIT", 4) != 0) {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(call->mail_fds); i++) {
		if (call->mail_fds[i] > 0) {
			(void)shutdown(call->mail_fds[i], SHUT_RD);
		}
	}
	return 0;
}

/* A copy is ours for as long as the call: curl may close its own unheard. */
void
call_keep_socket(struct call *call, int fd)
{
	size_t i = (size_t)call->opened % ARRAY_LEN(call->mail_fds);

	if (call->mail_fds[i] > 0) {
		close(call->mail_fds[i]);
	}
	call->mail_fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void
call_drop_sockets(struct call *call)
{
	for (size_t i = 0; i < ARRAY_LEN(call->mail_fds); i++) {
		if (call->mail_fds[i] > 0) {
			close(call->mail_fds[i]);
		}
	}
}

static size_t
on_mail_read(char *out, size_t size, size_t n, void *arg)
{
	struct call *call = arg;
	size_t left = call->mail.message_len - call->message_sent;

	n *= size;
	n = n < left ? n : left;
	memcpy(out, call->mail.message + call->message_sent, n);
	call->message_sent += n;
	return n;
}

/* Nothing in it can end the address or the command (RFC 5321 4.1.2). */
static bool
is_envelope_address(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 0x7f || c == '<' || c == '>') {
			return false;
		}
	}
	return len > 0 && len <= ADDRESS_MAX && strchr(s, '@') != NULL;
}

const char *
call_prepare_mail(struct call *call)
{
	const struct http_mail *m = &call->mail;
	CURL *e = call->easy;
	char port[12];

	snprintf(port, sizeof(port), "%d", m->port);
	if (curl_url_set(call->url, CURLUPART_SCHEME, "smtps", 0) !=
		CURLUE_OK ||
	    curl_url_set(call->url, CURLUPART_HOST, m->host, 0) != CURLUE_OK ||
	    curl_url_set(call->url, CURLUPART_PORT, port, 0) != CURLUE_OK) {
		return "the host or port is not one";
	}
	if (!is_envelope_address(m->from) || !is_envelope_address(m->to)) {
		return "an address of the envelope is not one";
	}
	call_list_add(call, m->to);
	CALL_SET(e, CURLOPT_PROTOCOLS_STR, "smtps");
	CALL_SET(e, CURLOPT_USE_SSL, CURLUSESSL_ALL);
	/* Each connection says for itself that it is authenticated. */
	CALL_SET(e, CURLOPT_FRESH_CONNECT, 1L);
	CALL_SET(e, CURLOPT_FORBID_REUSE, 1L);
	if (m->user != NULL) {
		CALL_SET(e, CURLOPT_USERNAME, m->user);
		CALL_SET(e, CURLOPT_PASSWORD,
		    m->password != NULL ? m->password : "");
		CALL_SET(e, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
	}
	CALL_SET(e, CURLOPT_VERBOSE, 1L);
	CALL_SET(e, CURLOPT_DEBUGFUNCTION, on_mail_debug);
	CALL_SET(e, CURLOPT_DEBUGDATA, call);
	CALL_SET(e, CURLOPT_HEADERFUNCTION, on_mail_line);
	CALL_SET(e, CURLOPT_MAIL_FROM, m->from);
	CALL_SET(e, CURLOPT_MAIL_RCPT, call->list);
	CALL_SET(e, CURLOPT_UPLOAD, 1L);
	CALL_SET(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message_len);
	CALL_SET(e, CURLOPT_READFUNCTION, on_mail_read);
	CALL_SET(e, CURLOPT_READDATA, call);
	return NULL;
}
