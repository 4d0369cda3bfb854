/*
 * invitation: a magic link as somebody opens it, on a page or over the API.
 *
 * Says what the token leads to and whether it still counts; the check within
 * the deciding transaction uses the link up, or counts a wrong code.
 */
#ifndef INVITATION_H
#define INVITATION_H

#include <stdbool.h>

#include "decide.h"
#include "intent.h"
#include "link.h"
#include "magic_link.h"
#include "rules.h"
#include "vault.h"

/* What opening a link came to. */
enum opening {
	OPENED,
	OPEN_VIEW,  /* a link that shows and never decides */
	OPEN_WRONG, /* not one of ours */
	OPEN_FAILED,
	OPEN_USED,
	OPEN_OVER,     /* settled, or too late */
	OPEN_STRANGER, /* the person is gone from assent.yaml */
	OPEN_VOTED,    /* the person has answered another way */
	OPEN_LOCKED,
	OPENINGS
};

struct invitation {
	struct magic_link link;
	struct link_row row; /* not of OPEN_VIEW */
	struct intent intent;
	bool known;	  /* the person is in assent.yaml */
	const char *name; /* of whom it was made for, to show */
	enum opening how;
};

struct invitation_env {
	struct db *reader; /* of the thread that asks */
	const struct vault *vault;
	struct rules *rules;
};

/* Reads it; a forged token is refused before the database is touched. All but
 * OPEN_WRONG and OPEN_FAILED have filled the intent. */
void invitation_open(const struct invitation_env *, const char *token,
    struct arena *, struct invitation *out);
/* The code of a refusal for the audit; NULL where there is nothing to tell. */
const char *invitation_reason(enum opening);

/* The decision of whoever opened it; option, outcome and reason are the
 * caller's to fill. */
void invitation_decision(const struct invitation *, struct decision *out);
/*
 * In the deciding transaction: the link is used once, and locked after too
 * many wrong codes. `typed` is the code as it was typed, or NULL. *wrong
 * becomes how often it was by now. RC_FORBIDDEN with reason "link_locked" or
 * "wrong_code"; RC_CONFLICT when it was used.
 */
enum rc invitation_check(struct tx *, const struct vault *,
    const struct deciding *, const char *typed, int *wrong, struct fault *)
    MUST_CHECK;

#endif
