/*
 * person_impl: what person_decode makes and person answers from.
 *
 * For person.c, person_decode.c and person_form.c alone.
 */
#ifndef PERSON_IMPL_H
#define PERSON_IMPL_H

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>

#include "person.h"

/* Keys in any case, each once, and where the thing stands in its array. */
struct index_row {
	const char *key;
	size_t at;
};

struct index {
	struct index_row *rows;
	size_t n;
};

struct group {
	const char *name;
	struct field_strings ids;   /* of persons, each once */
	struct field_strings roles; /* of Discord, "GUILD/ROLE" */
};

struct people {
	atomic_int refs;
	struct arena *arena; /* all below */
	struct person *all;
	size_t n;
	struct group *groups;
	size_t groups_n;
	struct named_channel *channels;
	size_t channels_n;
	struct field_strings notify_approvers; /* person ids */
	struct field_strings notify_names;     /* the same as written */
	struct field_strings notify_channels;
	struct index by_id, by_email;	   /* of persons */
	struct index by_slack, by_discord; /* likewise, by account */
	struct index by_group, by_channel;
};

/* Room for n rows. */
void index_init(struct index *, struct arena *, size_t n);
void index_add(struct index *, const char *key, size_t at);
/* Sorts; returns the later row of the first two with one key, or NULL. */
const struct index_row *index_sort(struct index *);
/* After index_sort(); NULL when there is none. */
const struct index_row *index_find(const struct index *, const char *key);

/* How people, groups and channels may be called. */
bool person_is_name(const char *);
/* Deciders that are not people; an answer must never look like theirs. */
bool person_is_reserved(const char *id);
/* "TEAM/USER", "TEAM/CHANNEL"; a team or an enterprise comes first. */
bool person_is_slack_user(const char *);
bool person_is_slack_channel(const char *);
/* A user or channel of Discord: the digits of a 64-bit number. */
bool person_is_discord(const char *);
/* "GUILD/ROLE", both as above. */
bool person_is_discord_role(const char *);
/* An IANA name; of its form, where this host has no database of them. */
bool person_is_timezone(const char *);

/* Fills an empty *p, whose arena is there. RC_INVALID as people_load(). */
enum rc people_decode(const json_t *root, struct people *p, struct fault *)
    MUST_CHECK;

#endif
