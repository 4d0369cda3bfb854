#include "channels/smtp_verdict.h"

#include <stdarg.h>
#include <stdio.h>

static void PRINTF_LIKE(4, 5) judge(struct smtp_outcome *out, enum rc rc,
    enum smtp_blame blame, const char *fmt, ...)
{
	va_list ap;

	out->rc = rc;
	out->blame = blame;
	va_start(ap, fmt);
	(void)vsnprintf(out->detail, sizeof(out->detail), fmt, ap);
	va_end(ap);
}

/* RFC 4954 4 and 6, RFC 3207 4: "authenticate first", "encrypt first". */
static bool
is_about_settings(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

static void
judge_code(int code, const char *what, const char *words,
    struct smtp_outcome *out)
{
	if (is_about_settings(code)) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR, "%s: %s", what,
		    words);
	} else if (code == 421 || code < 400) {
		/* 421: the service goes down, whatever the command was. */
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY, "%s: %s", what,
		    words);
	} else if (code < 500) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_MAIL, "%s: %s", what,
		    words);
	} else {
		judge(out, RC_REMOTE_PERM, SMTP_BLAME_MAIL, "%s: %s", what,
		    words);
	}
}

void
smtp_verdict_code(int code, struct smtp_outcome *out)
{
	char words[SMTP_WORDS];

	if (code >= 200 && code < 300) {
		judge(out, RC_OK, SMTP_BLAME_NOBODY, "%s", "");
		return;
	}
	(void)snprintf(words, sizeof(words), "answered %d", code);
	judge_code(code, "relay", words, out);
}

void
smtp_verdict_failure(enum rc rc, const char *detail, struct smtp_outcome *out)
{
	switch (rc) {
	case RC_BUSY:
	case RC_UNCERTAIN:
		judge(out, rc, SMTP_BLAME_RELAY, "%s", detail);
		return;
	case RC_REMOTE_TEMP:
		judge(out, rc, SMTP_BLAME_RELAY, "no session: %s", detail);
		return;
	default:
		/* The certificate, an AUTH that is missing, the host. */
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR, "%s", detail);
		return;
	}
}

/* The sender is ours: what the relay has against it is for the operator. */
static void
judge_sender(const struct smtp_reply *r, struct smtp_outcome *out)
{
	enum { TOO_LARGE = 552 };

	if (r->code >= 500 && r->code != TOO_LARGE) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR, "sender: %s",
		    r->words);
		return;
	}
	judge_code(r->code, "sender", r->words, out);
}

/* The session broke off at MAIL, or was cut by us just before it. */
static void
judge_broken(const struct smtp_watch *w, struct smtp_outcome *out)
{
	bool passing = w->need_auth && !w->authenticated &&
	    w->auth_code >= 400 && w->auth_code < 500;

	judge(out, RC_REMOTE_TEMP,
	    passing ? SMTP_BLAME_RELAY : SMTP_BLAME_OPERATOR, "%s%s%s",
	    w->broken, w->auth_code != 0 ? ": " : "",
	    w->auth_code != 0 ? w->auth_words : "");
}

/* It did not get as far as MAIL. */
static void
judge_session(const struct smtp_facts *k, struct smtp_outcome *out)
{
	static const char *const steps[] = {
	    [SMTP_GREETING] = "greeting",
	    [SMTP_EHLO] = "EHLO",
	    [SMTP_STARTTLS] = "STARTTLS",
	    [SMTP_AUTH] = "AUTH",
	    [SMTP_MAIL] = "MAIL",
	};
	const struct smtp_watch *w = k->watch;

	if (!k->connected) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY,
		    "no connection: %s", k->error);
	} else if (k->refused != NULL) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR,
		    "the relay's certificate is refused: %s", k->refused);
	} else if (k->no_tls) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR,
		    "the relay does not offer STARTTLS");
	} else if (w->step == SMTP_STARTTLS && w->code == 220 && !w->tls) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY, "TLS failed: %s",
		    k->handshake);
	} else if (w->code >= 500) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR, "%s: %s",
		    steps[w->step], w->words);
	} else if (w->code >= 400) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY, "%s: %s",
		    steps[w->step], w->words);
	} else {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY,
		    "the connection was lost after %s: %s", steps[w->step],
		    k->error);
	}
}

static bool
is_sent(const struct smtp_facts *k)
{
	/*
	 * Beside the codes: libesmtp leaves a 250 in the message's status when
	 * the relay dies between the first and the last BDAT (RFC 3030), or
	 * says 250 to a DATA that wants 354.
	 */
	return k->watch->broken == NULL && k->body_ended && k->answered &&
	    k->message.code == 250 &&
	    (k->rcpt.code == 250 || k->rcpt.code == 251);
}

void
smtp_verdict(const struct smtp_facts *k, struct smtp_outcome *out)
{
	if (is_sent(k)) {
		judge(out, RC_OK, SMTP_BLAME_NOBODY, "%s", k->message.words);
	} else if (k->watch->broken != NULL) {
		judge_broken(k->watch, out);
	} else if (k->blind && k->connected) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_OPERATOR,
		    "cannot see the connection: is /proc mounted?");
	} else if (k->mail.code >= 400) {
		judge_sender(&k->mail, out);
	} else if (k->rcpt.code >= 400) {
		judge_code(k->rcpt.code, "recipient", k->rcpt.words, out);
	} else if (k->answered && k->message.code >= 400) {
		judge_code(k->message.code, "message", k->message.words, out);
	} else if (k->body_ended) {
		judge(out, RC_UNCERTAIN, SMTP_BLAME_RELAY,
		    "no answer to the message: %s",
		    k->late ? "it took too long" : k->error);
	} else if (k->late) {
		judge(out, RC_REMOTE_TEMP, SMTP_BLAME_RELAY,
		    "the relay took too long");
	} else {
		judge_session(k, out);
	}
}
