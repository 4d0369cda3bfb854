#include "decider.h"

#include <string.h>

#include "account.h"
#include "guest.h"
#include "lib/text.h"

/* "TEAM/USER" */
static const char *
slack_user(struct db *db, const struct person *p, struct arena *a)
{
	const char *account = NULL, *slash;
	struct fault f = {0};

	if (p->slack.n == 1) {
		account = p->slack.items[0];
	} else if (p->slack.n == 0 && p->email != NULL &&
	    account_of(db, p, "slack", a, &account, &f) != RC_OK) {
		account = NULL;
	}
	slash = account != NULL ? strchr(account, '/') : NULL;
	return slash != NULL ? arena_strdup(a, slash + 1) : NULL;
}

struct decider
decider_of(struct db *db, const struct people *people, const struct intent *in,
    struct arena *a)
{
	struct decider d = {NULL, NULL};
	const struct person *p;

	if (in->state == INTENT_PENDING || in->decided_by == NULL) {
		return d;
	}
	if (guest_is(in->decided_by)) {
		d.mail = guest_is_one_person(in->decided_by) ? in->decided_name
							     : NULL;
		return d;
	}
	p = people_find(people, in->decided_by);
	if (p != NULL && p->email != NULL) {
		d.mail = text_mask_email(a, p->email);
	}
	if (p != NULL && in->decided_via != NULL &&
	    strcmp(in->decided_via, "slack") == 0) {
		d.slack = slack_user(db, p, a);
	}
	return d;
}
