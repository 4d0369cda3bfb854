/*
 * mime: one mail in the form in which it travels. Pure.
 *
 * The same words twice, as plain text and as HTML, in a multipart/alternative
 * (RFC 2046 5.1.4): 7 bit, CRLF, no line over 76 characters but for an address
 * that is longer itself. A header value is one line of visible characters or
 * it is refused, so that nobody can add a header of their own; what is not
 * ASCII becomes encoded words (RFC 2047).
 */
#ifndef CHANNELS_MIME_H
#define CHANNELS_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/rc.h"

enum {
	MIME_ID_MAX = 250,    /* bytes of a message id without its brackets */
	MIME_VALUE_MAX = 1000 /* bytes of a subject or a name */
};

/* Everything is borrowed. Names and the last two ids may be NULL. */
struct mime_mail {
	const char *from;	 /* address */
	const char *from_name;	 /* UTF-8 */
	const char *to;		 /* address */
	const char *to_name;	 /* UTF-8 */
	const char *subject;	 /* UTF-8 */
	const char *message_id;	 /* "id@host" */
	const char *in_reply_to; /* message id of the mail that began it */
	long long date_ms;
	const char *text; /* UTF-8, lines end in LF or CRLF */
	const char *html; /* likewise */
};

/*
 * Appends the whole message. RC_INVALID names the field that does not fit in
 * a header; RC_TOO_LARGE: `out` is full.
 */
enum rc mime_build(const struct mime_mail *, struct buf *out, struct fault *)
    MUST_CHECK;

/* Whether the text may stand in a header: UTF-8 on one line, no controls. */
bool mime_is_value(const char *s);
/* Whether it is a message id without brackets (RFC 5322 3.6.4). */
bool mime_is_id(const char *s);
/* "Name: value" and CRLF, folded and encoded. The value must be one. */
void mime_header(struct buf *out, const char *name, const char *value);
/* "Name: display <address>" and CRLF; display may be NULL. */
void mime_mailbox(struct buf *out, const char *name, const char *display,
    const char *address);
/* Text in quoted-printable (RFC 2045 6.7), ending in CRLF. */
void mime_quoted_printable(struct buf *out, const char *s, size_t len);

#endif
