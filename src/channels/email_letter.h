/*
 * email_letter: what a mail says. Pure but for reading the templates.
 *
 * Subject, plain text and HTML of one delivery, from mail_ask and mail_settled
 * in templates/. The subject begins with our word for the state; lines of the
 * agent's text stand behind a bar, so that none of them passes for ours.
 */
#ifndef CHANNELS_EMAIL_LETTER_H
#define CHANNELS_EMAIL_LETTER_H

#include "channel.h"
#include "lib/rc.h"

enum {
	EMAIL_SUBJECT_MAX = 200,	  /* bytes */
	EMAIL_PART_MAX = 4 * 1024 * 1024, /* bytes of text, and of HTML */
	EMAIL_TEMPLATE_MAX = 256 * 1024	  /* bytes of a file */
};

struct email_templates; /* opaque: fields live in email_letter.c */

/*
 * From the folder, and from the binary what is not in there. RC_INVALID about
 * "ASSENT_TEMPLATE_DIR" names file and line.
 */
enum rc email_templates_load(const char *dir, struct email_templates **out,
    struct fault *) MUST_CHECK;
void email_templates_free(struct email_templates *);

/* Strings live in the delivery's arena. */
struct email_letter {
	const char *subject; /* a header value: see mime.h */
	const char *to_name; /* likewise; or NULL */
	const char *text;
	const char *html;
};

/*
 * Writes the letter of an ask or of what was settled. RC_INVALID: it is
 * neither. RC_TOO_LARGE: a part has more than EMAIL_PART_MAX bytes.
 */
enum rc email_letter_write(const struct email_templates *,
    const struct delivery *, struct email_letter *out, struct fault *)
    MUST_CHECK;

#endif
