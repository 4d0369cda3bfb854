/*
 * discord_interaction: what people do with our messages. Pure.
 *
 * Reads INTERACTION_CREATE (Discord, "Receiving and Responding"): a click on a
 * button, or a form that was sent off, in either of its two layouts. Nothing
 * in it is trusted but that Discord said it.
 */
#ifndef BOTS_DISCORD_INTERACTION_H
#define BOTS_DISCORD_INTERACTION_H

#include <jansson.h>
#include <stdbool.h>

#include "channel.h"
#include "lib/arena.h"
#include "lib/rc.h"

enum {
	DISCORD_TOKEN_MAX = 1024, /* of an interaction; 220 are usual */
	DISCORD_ROLES_MAX = 250,  /* what a guild may have */
	DISCORD_NAME_MAX = 100	  /* bytes of a name that are kept */
};

/* Strings live in the arena. */
struct discord_interaction {
	const char *id;
	unsigned long long number; /* the same */
	const char *token;	   /* secret: it answers */
	const char *application;   /* id; or NULL */
	const char *user;	   /* id */
	const char *name;	   /* as shown; for the audit only */
	const char *guild;	   /* id, or NULL in a DM */
	struct field_strings roles;
	const char *message;   /* id */
	const char *remote_id; /* GUILD/CHANNEL/MESSAGE of that message */
	const char *handle;
	int option;
	bool wants_form;    /* a click on a button that asks for a reason */
	const char *reason; /* of a form; NULL when it is empty */
};

/*
 * RC_NOT_FOUND: an interaction of some other kind; nothing is owed to it.
 * RC_FORBIDDEN: it came from no button of ours, but can be answered: id and
 * token are set. RC_INVALID: not as documented; the fault says where.
 */
enum rc discord_interaction_read(const json_t *d, struct arena *,
    struct discord_interaction *out, struct fault *) MUST_CHECK;

#endif
