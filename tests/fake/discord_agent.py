"""Discord, "User Agent": how an app says who it is."""

import re


def looks_like_a_bot(agent):
    return re.match(r"DiscordBot \((https?://\S+), \S+\)", agent or "") \
        is not None
