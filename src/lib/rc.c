#include "lib/rc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

static const char *const names[RC_COUNT] = {
    [RC_OK] = "ok",
    [RC_INVALID] = "invalid",
    [RC_UNAUTHENTICATED] = "unauthenticated",
    [RC_FORBIDDEN] = "forbidden",
    [RC_NOT_FOUND] = "not found",
    [RC_CONFLICT] = "conflict",
    [RC_DUPLICATE] = "duplicate",
    [RC_EXPIRED] = "expired",
    [RC_TOO_LARGE] = "too large",
    [RC_LIMITED] = "limited",
    [RC_BUSY] = "busy",
    [RC_STORE] = "store",
    [RC_REMOTE_TEMP] = "remote temporary",
    [RC_REMOTE_PERM] = "remote permanent",
    [RC_UNCERTAIN] = "uncertain",
    [RC_INTERNAL] = "internal",
};

/* Puts '?' for what a JSON string or a line of log could not carry. */
static void
make_plain(char *s)
{
	size_t len = strlen(s), i, n;

	for (i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			memset(s + i, '?', n);
		}
	}
}

/*
 * After snprintf() gave n for `out` of `size` bytes: what was cut ends in dots
 * and everything in it can be shown.
 */
static void
finish(char *out, size_t size, int n)
{
	if (n < 0) {
		out[0] = '\0';
	}
	if (n >= (int)size) {
		static const char dots[] = "...";

		memcpy(out + text_border(out, size - 1, size - sizeof(dots)),
		    dots, sizeof(dots));
	}
	make_plain(out);
}

const char *
rc_name(enum rc rc)
{
	if ((unsigned)rc >= RC_COUNT) {
		return "unknown";
	}
	return names[rc];
}

enum rc
fault_set(struct fault *f, enum rc rc, const char *field, const char *fmt, ...)
{
	struct fault new = {.rc = rc};
	va_list ap;
	int n;

	if (f == NULL) {
		return rc;
	}
	/* Written aside: the arguments may point into *f. */
	n = snprintf(new.field, sizeof(new.field), "%s", field ? field : "");
	finish(new.field, sizeof(new.field), n);
	va_start(ap, fmt);
	n = vsnprintf(new.text, sizeof(new.text), fmt, ap);
	va_end(ap);
	finish(new.text, sizeof(new.text), n);
	*f = new;
	return rc;
}

enum rc
fault_reason(struct fault *f, const char *reason)
{
	int n = snprintf(f->reason, sizeof(f->reason), "%s", reason);

	finish(f->reason, sizeof(f->reason), n);
	return f->rc;
}
