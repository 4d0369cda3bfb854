/*
 * template: text with holes, in the manner of Mustache(5).
 *
 * {{name}} escaped for the context, {{{name}}} as it is, {{#name}}..{{/name}}
 * for a true value, an object or each item of an array, {{^name}}..{{/name}}
 * for a false, missing or empty one, {{.}} the item itself, {{! comment }},
 * a.b reaches into an object; a name is looked for outwards through the open
 * sections. A section tag or comment alone on its line takes the line with it.
 * No partials, no lambdas, no changing of delimiters.
 *
 * Empty are null, "", [] and {}; 0 is a value like any other. A list or object
 * in the place of a text is written as JSON.
 */
#ifndef LIB_TEMPLATE_H
#define LIB_TEMPLATE_H

#include <jansson.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/rc.h"

enum template_escape {
	TEMPLATE_TEXT, /* nothing is escaped */
	TEMPLATE_HTML  /* & < > " ' */
};

enum { TEMPLATE_BYTES_MAX = 1024 * 1024, TEMPLATE_DEPTH_MAX = 32 };

struct template; /* opaque: fields live in template.c */

/*
 * Copies the text. RC_INVALID with "line N: ..." for a tag that is not closed
 * or not known, a section that is unbalanced or deeper than
 * TEMPLATE_DEPTH_MAX, a text over TEMPLATE_BYTES_MAX.
 */
enum rc template_new(const char *s, size_t len, enum template_escape,
    struct template **out, struct fault *) MUST_CHECK;
void template_free(struct template *);
/*
 * Appends to out. Missing names give nothing. It stops, and out->full is set,
 * at out's maximum and after a million tags.
 */
void template_render(const struct template *, const json_t *values,
    struct buf *out);

#endif
