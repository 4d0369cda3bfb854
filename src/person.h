/*
 * person: the people, groups and channels of assent.yaml.
 *
 * Loaded whole or not at all, shared read-only between threads and counted.
 * Ids, addresses and account ids are unique: an answer is matched to a person
 * by ids only.
 *
 *	people:
 *	  - {id: dana, name: Dana Li, email: dana@example.com,
 *	     slack: [T0001/U0001], discord: ["80351110224678912"],
 *	     timezone: Europe/Berlin}
 *	groups: {finance: [dana, lee]}
 *	discord_roles: {"80351110224678900/80351110224678901": finance}
 *	channels: {approvals: {discord: "613425648685547545"},
 *	  ops: {slack: T0001/C0001}}
 *	notify: {approvers: [finance], channels: [approvals]}
 *
 * Of a person only the id is needed. Groups hold people, not groups, and at
 * least one. An id may not be that of a group, nor a word that stands for
 * somebody else as decider (admin, policy, clock, system, agent, key_...).
 */
#ifndef PERSON_H
#define PERSON_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/arena.h"
#include "lib/field.h"
#include "lib/rc.h"

enum {
	PEOPLE_MAX = 10000,
	PEOPLE_GROUPS_MAX = 1000,
	PEOPLE_CHANNELS_MAX = 1000,
	PERSON_ID_MAX = 64,
	PERSON_ACCOUNTS_MAX = 20 /* of one person in Slack, or in Discord */
};

struct person {
	const char *id;		      /* [A-Za-z0-9._-], 1 to 64 characters */
	const char *name;	      /* to show; the id when there is none */
	const char *email;	      /* or NULL */
	struct field_strings slack;   /* "TEAM/USER" */
	struct field_strings discord; /* user ids */
	const char *timezone;	      /* IANA name or NULL */
};

struct named_channel {
	const char *name;
	const char *kind;   /* "slack" or "discord" */
	const char *target; /* "TEAM/CHANNEL" or a channel id */
};

struct people; /* opaque: counted */

/*
 * From the root object of assent.yaml: keys people, groups, channels, notify;
 * others are not looked at. Root NULL gives nobody. RC_INVALID names the
 * path, such as "groups.finance[1]".
 */
enum rc people_load(const json_t *root, struct people **out, struct fault *)
    MUST_CHECK;
/* Both may be called from any thread. NULL is fine. */
struct people *people_ref(struct people *);
void people_unref(struct people *);

int people_count(const struct people *);
/* In the order of the file; NULL when i is none of them. */
const struct person *people_at(const struct people *, int i);
/* By id; NULL if there is none. */
const struct person *people_find(const struct people *, const char *id);
/* By id or e-mail address (any case): how an agent's owner is written. */
const struct person *people_find_owner(const struct people *,
    const char *id_or_email);
const struct named_channel *people_channel(const struct people *,
    const char *name);
/* In the order of the file; NULL when i is none of them. */
const struct named_channel *people_channel_at(const struct people *, int i);
/* By an account of a chat, as it stands in struct person; NULL if none. */
const struct person *people_find_account(const struct people *,
    const char *channel, const char *account);
/* The Discord roles whose holders count as one of these groups. */
void people_roles(const struct people *, const struct field_strings *names,
    struct arena *, struct field_strings *out);
bool people_has_group(const struct people *, const char *name);
/*
 * The persons behind names of persons and groups, each once, in order.
 * RC_NOT_FOUND names the first that is neither, in f->field and f->text.
 */
enum rc people_expand(const struct people *, const struct field_strings *names,
    struct arena *, struct field_strings *out, struct fault *) MUST_CHECK;
/* notify.approvers, expanded and as written, and notify.channels; may be
 * empty. */
const struct field_strings *people_notify_approvers(const struct people *);
const struct field_strings *people_notify_names(const struct people *);
const struct field_strings *people_notify_channels(const struct people *);

#endif
