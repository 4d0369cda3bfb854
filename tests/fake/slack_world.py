"""A Slack workspace in memory: who is there, and what was said to whom."""

import random
import re
import string
import time

import slack_blocks

TEAM = "T0ACME001"
APP = "A0ASSENT1"
BOT_USER = "U0BOT0001"
BOT = "B0BOT0001"
BOT_TOKEN = "xoxb-1111111111-2222222222-botTokenOfTheTests1"
APP_TOKEN = "xapp-1-A0ASSENT1-3333333333-appTokenOfTheTests1"
# As contrib/slack-manifest.yaml asks for them.
SCOPES = ("chat:write", "im:write", "im:history", "users:read",
          "users:read.email", "commands")
# What a written text does to those who read it (Slack, "Formatting text for
# app surfaces"): <...> with one of these in front, or an address.
CONTROL = re.compile(r"<([@!#][^>\n]*|[a-z][a-z0-9+.-]*:[^>\n]*)>")
BARE_URL = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")


def token(n, letters=string.ascii_lowercase + string.digits):
    return "".join(random.choices(letters, k=n))


class User:
    def __init__(self, uid, name, email=None, deleted=False, is_bot=False,
                 restricted=False, team=TEAM):
        self.id, self.name, self.email, self.team = uid, name, email, team
        self.deleted, self.is_bot = deleted, is_bot
        self.restricted = restricted

    def shown(self, with_email):
        profile = {"real_name": self.name, "display_name": self.name}
        if with_email and self.email is not None:
            profile["email"] = self.email
        return {"id": self.id, "team_id": self.team, "name": self.name,
                "deleted": self.deleted, "is_bot": self.is_bot,
                "is_restricted": self.restricted,
                "is_ultra_restricted": False, "profile": profile}


class Channel:
    """kind: im, public or private. `user` is the person of an im."""

    def __init__(self, cid, kind, members=(), user=None, archived=False):
        self.id, self.kind, self.user = cid, kind, user
        self.members, self.archived = set(members), archived
        self.messages = []

    @property
    def name(self):
        return {"im": "directmessage", "private": "privategroup"}.get(
            self.kind, self.id.lower())


class Message:
    """One message as people see it now; `versions` as they saw it before."""

    def __init__(self, channel, ts, user, text, blocks, metadata):
        self.channel, self.ts, self.user = channel, ts, user
        self.metadata, self.deleted = metadata, False
        self.versions = []
        self.paint(text, blocks)

    def paint(self, text, blocks):
        self.text, self.blocks = text, blocks
        self.versions.append({"at": time.time(), "text": text,
                              "blocks": blocks})

    def words(self):
        return "\n".join(slack_blocks.texts(self.blocks))

    def buttons(self):
        return [(b["block_id"], e) for b in self.blocks
                for e in b.get("elements", []) + [b.get("accessory") or {}]
                if e.get("type") == "button"]

    def labels(self):
        return [e["text"]["text"] for _, e in self.buttons()]

    def about(self, word):
        """Whether it carries this word in its metadata."""
        payload = (self.metadata or {}).get("event_payload", {})
        return word in payload.values()

    def shown(self, with_metadata=False):
        got = {"type": "message", "ts": self.ts, "team": TEAM,
               "user": self.user, "text": self.text, "blocks": self.blocks}
        if self.user == BOT_USER:
            got.update(bot_id=BOT, app_id=APP)
        if with_metadata and self.metadata is not None:
            got["metadata"] = self.metadata
        if len(self.versions) > 1:
            got["edited"] = {"user": self.user, "ts": self.ts}
        return got


class View:
    """A modal in front of one person. `state`: open, closed, submitted."""

    def __init__(self, user, view):
        self.id = "V" + token(10, string.ascii_uppercase + string.digits)
        self.user, self.state, self.errors = user, "open", {}
        self.paint(view)

    def paint(self, view):
        self.view = slack_blocks.as_stored(view)
        self.hash = f"{int(time.time())}.{token(8)}"

    def inputs(self):
        return [b for b in self.view["blocks"] if b["type"] == "input"]

    def shown(self, values=None):
        v = self.view
        return {"id": self.id, "team_id": TEAM, "type": "modal",
                "blocks": v["blocks"], "title": v["title"],
                "private_metadata": v.get("private_metadata", ""),
                "callback_id": v.get("callback_id", ""),
                "state": {"values": values or {}}, "hash": self.hash,
                "clear_on_close": v.get("clear_on_close", False),
                "notify_on_close": v.get("notify_on_close", False),
                "close": v.get("close"), "submit": v.get("submit"),
                "previous_view_id": None, "root_view_id": self.id,
                "app_id": APP, "external_id": v.get("external_id", ""),
                "app_installed_team_id": TEAM, "bot_id": BOT}


class World:
    def __init__(self, scopes=SCOPES):
        self.tokens = {BOT_TOKEN: ("bot", list(scopes)),
                       APP_TOKEN: ("app", ["connections:write"])}
        self.token_faults = {}  # token: error code
        self.users, self.channels, self.views = {}, {}, {}
        self.triggers = {}  # id: [user, made at, used]
        self.response_urls = {}  # path: [user, channel, ts, uses, made at]
        self.ephemerals = []  # {user, channel, text, blocks, via}
        self.messages_tab = True
        # What Slack would let pass and we promise not to do.
        self.offences = []
        self.controls = []  # (where, what stands between < and >)
        self.last_ts = 0
        self.add_user(BOT_USER, "approvals", is_bot=True)

    def add_user(self, uid, name, **kw):
        self.users[uid] = User(uid, name, **kw)
        return self.users[uid]

    def add_channel(self, cid, kind="public", bot=True, members=(), **kw):
        self.channels[cid] = Channel(
            cid, kind, [*members, *([BOT_USER] if bot else [])], **kw)
        return self.channels[cid]

    def dm(self, uid, make=False):
        """The bot's conversation with this person."""
        for c in list(self.channels.values()):
            if c.kind == "im" and c.user == uid:
                return c
        if not make:
            return None
        return self.add_channel(
            "D" + token(9, string.ascii_uppercase + string.digits), "im",
            members=[uid], user=uid)

    def new_ts(self):
        self.last_ts = max(self.last_ts + 1, time.time_ns() // 1000)
        return f"{self.last_ts // 1000000}.{self.last_ts % 1000000:06}"

    def new_trigger(self, user):
        name = f"{random.randrange(10**12)}.{random.randrange(10**10)}." \
            + token(32, string.hexdigits.lower())
        self.triggers[name] = [user, time.monotonic(), False]
        return name

    def find(self, channel, ts):
        for m in self.channels[channel].messages:
            if m.ts == ts and not m.deleted:
                return m
        return None

    def offence(self, what):
        self.offences.append(what)

    def read_markup(self, where, text, blocks):
        """Notes what the texts would do beside being read."""
        def note(one, linked):
            self.controls.extend((where, c) for c in CONTROL.findall(one))
            if linked:
                self.controls.extend(
                    (where, u) for u in BARE_URL.findall(
                        CONTROL.sub("", one)))

        def visit(one):
            if one.get("type") == "mrkdwn":
                note(one["text"], not one.get("verbatim"))
            elif one.get("type") in ("user", "usergroup", "broadcast",
                                     "channel"):
                self.controls.append((where, one["type"]))
        note(text or "", False)
        slack_blocks.walk(blocks, visit)
