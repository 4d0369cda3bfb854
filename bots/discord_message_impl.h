/*
 * discord_message_impl: what the parts of the renderer share.
 */
#ifndef BOTS_DISCORD_MESSAGE_IMPL_H
#define BOTS_DISCORD_MESSAGE_IMPL_H

#include "bots/discord_message.h"

/*
 * The embeds of a card. *cut is set, never cleared, when something had no
 * room; it also says beforehand whether the card is cut already. With `list`
 * the options are written out, because their buttons do not show them whole.
 */
json_t *discord_embeds_build(struct arena *, const struct discord_face *,
    bool list, bool *cut);

#endif
