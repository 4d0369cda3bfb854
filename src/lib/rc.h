/*
 * rc: how a function says that it failed, and why.
 *
 * Whatever can fail returns `enum rc`. Where a caller needs more than the
 * kind of failure it passes a `struct fault`, which then names the field and
 * says what is wrong in words. Core says what is wrong; a dialect's table says
 * which HTTP status and word that is.
 */
#ifndef LIB_RC_H
#define LIB_RC_H

#define MUST_CHECK	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(f)	       __attribute__((cleanup(f)))
#define ARRAY_LEN(a)	       (sizeof(a) / sizeof((a)[0]))

enum rc {
	RC_OK = 0,
	RC_INVALID,	    /* input breaks a rule; fault.field names it */
	RC_UNAUTHENTICATED, /* no key, or one that does not count */
	RC_FORBIDDEN,	    /* known, but not allowed to */
	RC_NOT_FOUND,	    /* no such thing, or the end of a list */
	RC_CONFLICT,	    /* the state does not allow it */
	RC_DUPLICATE,	    /* done before under the same key */
	RC_EXPIRED,	    /* too late */
	RC_TOO_LARGE,	    /* over a named maximum */
	RC_LIMITED,	    /* too often; fault.retry_after_s says when */
	RC_BUSY,	    /* a queue is full; try again */
	RC_STORE,	    /* the disk or database failed; nothing was done */
	RC_REMOTE_TEMP,	    /* a peer failed in a way that may pass */
	RC_REMOTE_PERM,	    /* a peer refused for good */
	RC_UNCERTAIN,	    /* it may have happened: the answer was lost */
	RC_INTERNAL,	    /* our own mistake, or the system's */
	RC_COUNT
};

struct fault {
	enum rc rc;
	char field[64];	   /* what the words are about; "" = everything */
	char text[320];	   /* whole words, no secrets, no newline */
	char reason[64];   /* a stable code for machines; may be "" */
	int retry_after_s; /* 0 = not said */
};

/* A short lower-case name of the kind, such as "conflict". Never NULL. */
const char *rc_name(enum rc rc);

/*
 * Fills *f (NULL is fine) and returns rc, so that a refusal is one statement.
 * Text longer than its field is cut with "..." at a UTF-8 border; control
 * characters and bytes that are not UTF-8 become '?'.
 */
enum rc fault_set(struct fault *f, enum rc rc, const char *field,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Adds a machine code to a fault that is already set. Returns f->rc. */
enum rc fault_reason(struct fault *f, const char *reason);

#endif
