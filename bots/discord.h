/*
 * discord: people are asked in Discord, and answer there.
 *
 * Puts together the gateway session (discord_session.h), requests
 * (discord_rest.h), messages (discord_posts.h) and answers
 * (discord_answers.h). All of them live on the thread of the chat loop; what
 * comes from other threads takes its turn there (discord_turns.h). The channel
 * itself is channel_discord of channel.h.
 */
#ifndef BOTS_DISCORD_H
#define BOTS_DISCORD_H

#include "version.h"

/*
 * Discord, "Reference", User Agent: an address and a version in this form, or
 * Cloudflare may turn us away. The project has no page of its own; RFC 2606
 * keeps .invalid for that.
 */
#define DISCORD_USER_AGENT \
	"DiscordBot (https://assent.invalid, " ASSENT_VERSION ")"

#endif
