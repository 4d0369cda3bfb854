#include "account.h"

#include <string.h>
#include <strings.h>

/* Who is given accounts of a chat by name has these and no others. */
static bool
has_named(const struct person *p, const char *channel)
{
	return strcmp(channel, "slack") == 0 ? p->slack.n > 0
					     : p->discord.n > 0;
}

enum rc
account_person(struct db *db, const struct people *people, const char *channel,
    const char *account, struct arena *a, const struct person **out,
    struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	const struct person *p;
	enum rc rc;

	*out = people_find_account(people, channel, account);
	if (*out != NULL) {
		return RC_OK;
	}
	rc = db_one(db, f, &r,
	    "SELECT person, email FROM account WHERE channel = ?1 AND "
	    "account = ?2",
	    "tt", channel, account);
	if (rc != RC_OK) {
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	}
	p = people_find(people, db_get_text(r, 0, a));
	if (p != NULL && p->email != NULL && !has_named(p, channel) &&
	    strcasecmp(p->email, db_get_text(r, 1, a)) == 0) {
		*out = p;
	}
	return RC_OK;
}

enum rc
account_of(struct db *db, const struct person *p, const char *channel,
    struct arena *a, const char **out, struct fault *f)
{
	CLEANUP(db_rows_drop) struct db_rows *r = NULL;
	enum rc rc = db_one(db, f, &r,
	    "SELECT account FROM account WHERE person = ?1 AND channel = ?2 "
	    "AND email = ?3 ORDER BY at_ms DESC LIMIT 1",
	    "ttt", p->id, channel, p->email);

	*out = rc == RC_OK ? db_get_text(r, 0, a) : NULL;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
account_put(struct tx *tx, const char *channel, const char *account,
    const char *person, const char *email, struct fault *f)
{
	return db_run(tx->db, f, NULL,
	    "INSERT INTO account (channel, account, person, email, at_ms) "
	    "VALUES (?1,?2,?3,?4,?5) ON CONFLICT (channel, account) DO UPDATE "
	    "SET person = ?3, email = ?4, at_ms = ?5",
	    "tttti", channel, account, person, email, tx->now_ms);
}
