/*
 * cli_discord: what the command line asks of Discord.
 */
#ifndef CLI_DISCORD_H
#define CLI_DISCORD_H

#include "cli.h"
#include "config.h"

/*
 * What the bot must be allowed to (Discord, "Permissions"): see a channel,
 * write there, embed links, and read the history, to find what it posted
 * before a crash.
 */
enum {
	DISCORD_VIEW_CHANNEL = 1 << 10,
	DISCORD_SEND_MESSAGES = 1 << 11,
	DISCORD_EMBED_LINKS = 1 << 14,
	DISCORD_READ_HISTORY = 1 << 16,
	DISCORD_PERMISSIONS = DISCORD_VIEW_CHANNEL | DISCORD_SEND_MESSAGES |
	    DISCORD_EMBED_LINKS | DISCORD_READ_HISTORY
};

/* GET of a path behind the API's URL, with the bot's token; as
 * cli_fetch_at(). */
int cli_discord_get(struct cli *, const struct config *, const char *path,
    struct cli_heard *out);
/* Whether this is an id: digits, and not too many. */
bool cli_discord_is_id(const char *);

#endif
