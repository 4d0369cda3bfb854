"""What there is in Discord: users, guilds, channels, messages, permissions.

Objects have the shape in which Discord gives them to an app (API version 10);
ids are snowflakes, permissions are decimal texts.
"""

import base64
import datetime
import itertools
import time

EPOCH_MS = 1420070400000
VIEW, SEND, EMBED, ATTACH = 1 << 10, 1 << 11, 1 << 14, 1 << 15
HISTORY, ADMINISTRATOR, MANAGE_MESSAGES = 1 << 16, 1 << 3, 1 << 13
SEND_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1
INVITED = 84992  # what the invitation asks for
TEXT_CHANNEL, DM = 0, 1
_ids = itertools.count(1)


class Clock:
    """Discord's own, which need not be that of the app."""

    ahead_s = 0

    @classmethod
    def now(cls):
        return time.time() + cls.ahead_s


def snowflake(at=None):
    ms = int((Clock.now() if at is None else at) * 1000) - EPOCH_MS
    return str((ms << 22) | (next(_ids) & 0x3FFFFF))


def made_s(snow):
    """When an id was made, in seconds since 1970."""
    return ((int(snow) >> 22) + EPOCH_MS) / 1000


def stamp(at=None):
    when = datetime.datetime.fromtimestamp(
        Clock.now() if at is None else at, datetime.timezone.utc)
    return when.isoformat(timespec="microseconds")


class User:
    def __init__(self, name, user_id=None, bot=False):
        self.id, self.name, self.bot = user_id or snowflake(), name, bot
        self.dms_closed = False  # takes no messages of this app

    def shown(self):
        got = {"id": self.id, "username": self.name, "discriminator": "0",
               "global_name": None if self.bot else self.name.title(),
               "avatar": None, "avatar_decoration_data": None,
               "collectibles": None, "display_name_styles": None,
               "clan": None, "primary_guild": None, "public_flags": 0}
        if self.bot:
            got["bot"] = True
        return got


class Guild:
    def __init__(self, name, bot):
        self.id, self.name, self.members = snowflake(), name, {}
        self.owner_id = snowflake()
        self.roles = {self.id: {"id": self.id, "name": "@everyone",
                                "permissions": 0}}
        self.bot_role = self.role(bot.name, INVITED)
        self.join(bot, [self.bot_role])

    def role(self, name, permissions=0):
        one = {"id": snowflake(), "name": name, "permissions": permissions}
        self.roles[one["id"]] = one
        return one["id"]

    def join(self, user, roles=()):
        self.members[user.id] = {"user": user, "roles": list(roles),
                                 "joined_at": stamp()}

    def shown_roles(self):
        return [{**r, "permissions": str(r["permissions"]), "color": 0,
                 "hoist": False, "managed": r["id"] == self.bot_role,
                 "mentionable": False, "position": i, "flags": 0}
                for i, r in enumerate(self.roles.values())]

    def shown(self):
        return {"id": self.id, "name": self.name, "owner_id": self.owner_id,
                "icon": None, "features": [], "preferred_locale": "en-US",
                "roles": self.shown_roles(), "emojis": [], "stickers": []}

    def shown_member(self, user):
        m = self.members[user.id]
        return {"user": user.shown(), "roles": m["roles"], "nick": None,
                "avatar": None, "banner": None, "joined_at": m["joined_at"],
                "premium_since": None, "communication_disabled_until": None,
                "pending": False, "flags": 0, "deaf": False, "mute": False,
                "unusual_dm_activity_until": None}


class Channel:
    """A text channel of a guild, or a DM with one user."""

    def __init__(self, name, guild=None, recipient=None):
        self.id, self.name = snowflake(), name
        self.guild, self.recipient = guild, recipient
        self.messages = {}
        self.overwrites = {}  # id of a role or user: (allow, deny)

    def allow(self, who, bits):
        old = self.overwrites.get(who, (0, 0))
        self.overwrites[who] = (old[0] | bits, old[1] & ~bits)

    def deny(self, who, bits):
        old = self.overwrites.get(who, (0, 0))
        self.overwrites[who] = (old[0] & ~bits, old[1] | bits)

    def permissions(self, user):
        """Discord, "Permission Hierarchy" and "Permission Overwrites"."""
        if self.guild is None:
            return VIEW | SEND | EMBED | ATTACH | HISTORY
        member = self.guild.members.get(user.id)
        if member is None:
            return 0
        if user.id == self.guild.owner_id:
            return ALL
        ids = [self.guild.id, *member["roles"]]
        bits = 0
        for role in ids:
            bits |= self.guild.roles[role]["permissions"]
        if bits & ADMINISTRATOR:
            return ALL
        allow, deny = self.overwrites.get(self.guild.id, (0, 0))
        bits = bits & ~deny | allow
        allow = deny = 0
        for role in member["roles"]:
            more = self.overwrites.get(role, (0, 0))
            allow, deny = allow | more[0], deny | more[1]
        bits = bits & ~deny | allow
        allow, deny = self.overwrites.get(user.id, (0, 0))
        bits = bits & ~deny | allow
        return bits if bits & VIEW else 0

    def shown(self):
        if self.guild is None:
            return {"id": self.id, "type": DM, "last_message_id": None,
                    "flags": 0, "recipients": [self.recipient.shown()]}
        return {"id": self.id, "type": TEXT_CHANNEL, "name": self.name,
                "guild_id": self.guild.id, "position": 0, "topic": None,
                "nsfw": False, "parent_id": None, "last_message_id": None,
                "flags": 0, "rate_limit_per_user": 0,
                "permission_overwrites": [
                    {"id": who, "type": 0 if who in self.guild.roles else 1,
                     "allow": str(a), "deny": str(d)}
                    for who, (a, d) in self.overwrites.items()]}


class Message:
    """A message of the app, as it stands now; `versions` is its history."""

    def __init__(self, channel, author, body, files=None, ephemeral_to=None):
        self.id, self.channel, self.author = snowflake(), channel, author
        self.ephemeral_to = ephemeral_to
        self.content, self.embeds, self.components = "", [], []
        self.attachments, self.files = [], {}
        self.flags, self.nonce = body.get("flags") or 0, body.get("nonce")
        self.edited = None
        self.created = time.time()  # tests make it older
        self.versions = []
        self.set(body, files or {})

    def set(self, body, files=None, by="create"):
        """Takes over the fields that are there; null empties one."""
        for name, empty in (("content", ""), ("embeds", []),
                            ("components", [])):
            if name in body:
                setattr(self, name, body[name] or type(empty)(empty))
        if "attachments" in body or files:
            kept = [a["id"] for a in body.get("attachments") or []]
            self.attachments = [a for a in self.attachments
                                if a["id"] in kept]
            for index, (name, data) in (files or {}).items():
                one = {"id": snowflake(), "filename": name,
                       "size": len(data), "content_type": "text/plain",
                       "url": f"https://cdn.discordapp.invalid/{name}",
                       "proxy_url": f"https://media.invalid/{name}"}
                self.attachments.append(one)
                self.files[one["id"]] = data
        if by != "create":
            self.edited = stamp()
        self.versions.append({"by": by, "at": time.monotonic(), **{
            k: getattr(self, k) for k in ("content", "embeds", "components",
                                          "attachments")}})

    def buttons(self):
        return [c for row in self.components for c in row["components"]
                if c["type"] == 2]

    def button(self, label):
        """By its label or custom_id; a label may be the beginning."""
        found = [b for b in self.buttons() if label == b.get("custom_id") or
                 b.get("label", "").startswith(label)]
        assert len(found) == 1, (label, self.buttons())
        return found[0]

    def live_buttons(self):
        """What can still be pressed, links aside."""
        return [b["label"] for b in self.buttons()
                if not b.get("disabled") and b["style"] != 5]

    def text(self):
        """All that is to be read on it, a line for each part."""
        parts = [self.content]
        for e in self.embeds:
            parts += [e.get("title"), e.get("description"),
                      (e.get("author") or {}).get("name")]
            for f in e.get("fields") or []:
                parts.append(f"{f['name']}: {f['value']}")
            parts.append((e.get("footer") or {}).get("text"))
        return "\n".join(p for p in parts if p)

    def _components(self):
        """Discord numbers the components of a message."""
        n, rows = itertools.count(1), []
        for row in self.components:
            number = next(n)
            rows.append({**row, "id": row.get("id", number), "components": [
                {**c, "id": c.get("id", next(n))}
                for c in row["components"]]})
        return rows

    def shown(self):
        got = {"id": self.id, "channel_id": self.channel.id, "type": 0,
               "author": self.author.shown(), "content": self.content,
               "embeds": [{**e, "type": "rich"} for e in self.embeds],
               "components": self._components(),
               "attachments": self.attachments, "flags": self.flags,
               "mentions": [], "mention_roles": [], "pinned": False,
               "mention_everyone": False, "tts": False,
               "timestamp": stamp(made_s(self.id)),
               "edited_timestamp": self.edited}
        if self.nonce is not None:
            got["nonce"] = self.nonce
        return got


def token_for(interaction_id, secret):
    """An interaction's token has the length that real ones have."""
    raw = f"interaction:{interaction_id}:{secret}"
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
