#include "channels/smtp_watch.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *verb;
	enum smtp_step step;
} verbs[] = {
    {"EHLO ", SMTP_EHLO},
    {"HELO ", SMTP_EHLO},
    {"STARTTLS\r\n", SMTP_STARTTLS},
    {"AUTH ", SMTP_AUTH},
    {"MAIL ", SMTP_MAIL},
};

static bool
cut(struct smtp_watch *w, const char *why)
{
	if (w->broken == NULL) {
		w->broken = why;
	}
	return false;
}

static bool
is_secure(const struct smtp_watch *w)
{
	return w->tls && w->tls_checked;
}

/* Before MAIL: everything that was asked for must have happened. */
static bool
may_mail(struct smtp_watch *w)
{
	if (w->need_tls && !is_secure(w)) {
		return cut(w, "the relay does not offer STARTTLS");
	}
	if (w->need_auth && !w->authenticated) {
		return cut(w,
		    w->auth_code == 0
			? "the relay offers no AUTH that we know"
			: "the relay does not accept user and password");
	}
	return true;
}

static bool
may_auth(struct smtp_watch *w)
{
	if (!is_secure(w) && (w->need_tls || !w->loopback)) {
		return cut(w, "the password would go out unencrypted");
	}
	return true;
}

bool
smtp_watch_write(struct smtp_watch *w, const char *buf, size_t len)
{
	size_t i;

	if (w->broken != NULL) {
		return false;
	}
	if (len >= 6 && strncasecmp(buf, "QUIT\r\n", 6) == 0 &&
	    w->code != 334) {
		w->over = true;
		return true;
	}
	/* The answer to a challenge, RFC 4954 4: no command. */
	if (w->step == SMTP_AUTH && w->code == 334) {
		return may_auth(w);
	}
	for (i = 0; i < ARRAY_LEN(verbs); i++) {
		size_t n = strlen(verbs[i].verb);

		if (len >= n && strncasecmp(buf, verbs[i].verb, n) == 0) {
			w->step = verbs[i].step;
			w->code = 0;
			break;
		}
	}
	if (w->step == SMTP_AUTH) {
		return may_auth(w);
	}
	return w->step == SMTP_MAIL ? may_mail(w) : true;
}

/* "250-" goes on, "250 " and a bare "250" end the answer (RFC 5321 4.2). */
static bool
is_final(const char *line, size_t len, int *out_code)
{
	size_t i;

	*out_code = 0;
	if (len < 3) {
		return false;
	}
	for (i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)line[i])) {
			return false;
		}
		*out_code = *out_code * 10 + (line[i] - '0');
	}
	return len == 3 || line[3] == ' ' || line[3] == '\r';
}

/* The line in w->line is whole. */
static void
on_line(struct smtp_watch *w)
{
	size_t len = w->line_len < sizeof(w->line) ? w->line_len
						   : sizeof(w->line);
	int code;

	if (w->over || w->step == SMTP_MAIL || !is_final(w->line, len, &code)) {
		return;
	}
	w->code = code;
	smtp_words(w->words, sizeof(w->words), w->line, len);
	if (w->step == SMTP_AUTH) {
		w->auth_code = code;
		memcpy(w->auth_words, w->words, sizeof(w->words));
		w->authenticated = code == 235;
	}
}

bool
smtp_watch_read(struct smtp_watch *w, const char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		/*
		 * RFC 3207 6: what came in the clear must not count as a word
		 * of the encrypted session.
		 */
		if (w->step == SMTP_STARTTLS && w->code == 220 && !w->tls) {
			return cut(w, "bytes stand behind the STARTTLS answer");
		}
		if (buf[i] == '\n') {
			on_line(w);
			w->line_len = 0;
			continue;
		}
		if (w->line_len < sizeof(w->line)) {
			w->line[w->line_len] = buf[i];
		}
		w->line_len++;
	}
	return w->broken == NULL;
}

/* Copies what fits and leaves room for the NUL. Returns how much. */
static size_t
put(char *out, size_t room, const char *s, size_t len)
{
	size_t n = len < room - 1 ? len : room - 1;

	memcpy(out, s, n);
	return n;
}

static size_t
word_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] > ' ' && s[n] <= '~') {
		n++;
	}
	return n;
}

void
smtp_words(char *out, size_t size, const char *s, size_t len)
{
	static const char hidden[] = "(address)";
	size_t n = 0, i, word;

	for (i = 0; i < len && n + 1 < size; i += word) {
		word = word_length(s + i, len - i);
		if (word == 0) {
			out[n++] = isspace((unsigned char)s[i]) ? ' ' : '?';
			word = 1;
		} else if (memchr(s + i, '@', word) != NULL) {
			n += put(out + n, size - n, hidden, strlen(hidden));
		} else {
			n += put(out + n, size - n, s + i, word);
		}
	}
	while (n > 0 && out[n - 1] == ' ') {
		n--;
	}
	out[n] = '\0';
}
