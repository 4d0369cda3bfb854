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

#include "channel.h"

#endif
