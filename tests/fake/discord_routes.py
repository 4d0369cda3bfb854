"""The routes of Discord's API: what each one checks, does and says."""

import re
import time

import discord_limits as limits
from discord_rest import Problem
from discord_world import (ATTACH, EMBED, HISTORY, MANAGE_MESSAGES, SEND,
                           VIEW, Message, made_s)

SNOW = r"(?P<%s>\d{1,20})"
OLD_S = 3600


class Route:
    """`free`: outside of the global limit, and without Authorization."""

    def __init__(self, name, method, pattern, run, major=None, auth=True,
                 free=False):
        self.name, self.method, self.run = name, method, run
        self.pattern = re.sub(r"(?<!\?P)<(\w+)>", lambda m: SNOW % m[1],
                              pattern)
        self.major, self.auth, self.free = major, auth, free


# --- about the app ----------------------------------------------------------

def gateway(discord, req):
    return 200, {"url": discord.gateway.main.url}


def gateway_bot(discord, req):
    g = discord.gateway
    return 200, {"url": g.main.url, "shards": 1, "session_start_limit": {
        "total": g.identify_total,
        "remaining": max(0, g.identify_total - g.identify_used),
        "reset_after": g.identify_reset_after_ms, "max_concurrency": 1}}


def application(discord, req):
    return 200, {"id": discord.application_id, "name": discord.bot.name,
                 "icon": None, "description": "", "bot_public": False,
                 "bot_require_code_grant": False, "verify_key": "0" * 64,
                 "flags": 565248, "hook": True, "redirect_uris": [],
                 "interactions_endpoint_url": discord.interactions_endpoint,
                 "role_connections_verification_url": None,
                 "bot": discord.bot.shown(), "approximate_guild_count":
                 len(discord.guilds)}


def me(discord, req):
    return 200, {**discord.bot.shown(), "verified": True, "email": None,
                 "mfa_enabled": True, "locale": "en-US", "flags": 0}


def user(discord, req):
    if req.args["user"] not in discord.users:
        raise Problem(404, 10013, "Unknown User")
    return 200, discord.users[req.args["user"]].shown()


def _guild(discord, req):
    for guild in discord.guilds:
        if guild.id == req.args["guild"] and discord.bot.id in guild.members:
            return guild
    raise Problem(404, 10004, "Unknown Guild")


def my_guilds(discord, req):
    return 200, [{"id": g.id, "name": g.name, "icon": None, "owner": False,
                  "features": [], "permissions": str(sum({
                      g.roles[r]["permissions"] for r in
                      [g.id, *g.members[discord.bot.id]["roles"]]}))}
                 for g in discord.guilds if discord.bot.id in g.members]


def guild_of(discord, req):
    return 200, _guild(discord, req).shown()


def roles_of(discord, req):
    return 200, _guild(discord, req).shown_roles()


def member_of(discord, req):
    guild = _guild(discord, req)
    if req.args["user"] not in guild.members:
        raise Problem(404, 10007, "Unknown Member")
    return 200, guild.shown_member(guild.members[req.args["user"]]["user"])


# --- channels and messages --------------------------------------------------

def _channel(discord, req, need=0, words="Missing Permissions"):
    channel = discord.channels.get(req.args["channel"])
    if channel is None:
        raise Problem(404, 10003, "Unknown Channel")
    bits = channel.permissions(discord.bot)
    if not bits & VIEW:
        raise Problem(403, 50001, "Missing Access")
    if bits & need != need:
        raise Problem(403, 50013, words)
    return channel


def _message(discord, req, channel):
    found = channel.messages.get(req.args["message"])
    if found is None or found.ephemeral_to is not None:
        raise Problem(404, 10008, "Unknown Message")
    return found


def channel_of(discord, req):
    return 200, _channel(discord, req).shown()


def open_dm(discord, req):
    recipient = discord.users.get(str(req.json.get("recipient_id")))
    if recipient is None or recipient.bot:
        raise Problem(400, 50033, "Invalid Recipient(s)")
    return 200, discord.dm(recipient).shown()


def check(discord, req, use):
    """Raises what Discord says to a body that is not a message."""
    errors = limits.check_message(req.json, use, req.files)
    for field in errors.unknown:
        discord.violations.append(f"rest: unknown field {field}")
    if errors:
        raise Problem(400, 50035, "", limits.form_body(errors))
    said = req.json.get("allowed_mentions")
    if said is None:
        discord.violations.append(f"rest: {use} without allowed_mentions")
    elif said.get("parse"):
        discord.violations.append(f"rest: {use} parses {said['parse']}")


def _has_something(body, files):
    return bool((body.get("content") or "").strip() or body.get("embeds") or
                body.get("components") or files or body.get("sticker_ids"))


def _may_hold(discord, channel, body, files):
    bits = channel.permissions(discord.bot)
    if body.get("embeds") and not bits & EMBED or \
            files and not bits & ATTACH:
        raise Problem(403, 50013, "Missing Permissions")


def create(discord, req):
    channel = _channel(discord, req, SEND)
    if channel.recipient is not None:
        if not any(channel.recipient.id in g.members and
                   discord.bot.id in g.members for g in discord.guilds):
            raise Problem(403, 50278, "Cannot send messages to this user "
                          "due to having no mutual guilds")
        if channel.recipient.dms_closed:
            raise Problem(403, 50007, "Cannot send messages to this user")
    check(discord, req, "create")
    if not _has_something(req.json, req.files):
        raise Problem(400, 50006, "Cannot send an empty message")
    _may_hold(discord, channel, req.json, req.files)
    nonce = req.json.get("nonce")
    if nonce is None or not req.json.get("enforce_nonce"):
        discord.violations.append("rest: create without an enforced nonce")
    known = discord.nonces.get(str(nonce))
    if nonce is not None and req.json.get("enforce_nonce") and known and \
            time.monotonic() - known[0] < discord.nonce_keeps_s:
        if known[1].id not in known[1].channel.messages:
            raise Problem(404, 10008, "Unknown Message")
        discord.nonce_hits += 1
        return 200, known[1].shown()
    message = Message(channel, discord.bot, req.json, req.files)
    channel.messages[message.id] = message
    if nonce is not None:
        discord.nonces[str(nonce)] = (time.monotonic(), message)
    return 200, message.shown()


def get_message(discord, req):
    channel = _channel(discord, req, HISTORY)
    return 200, _message(discord, req, channel).shown()


def get_messages(discord, req):
    channel = _channel(discord, req)
    if not channel.permissions(discord.bot) & HISTORY:
        return 200, []
    limit = int(req.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise Problem(400, 50035, "Invalid Form Body")
    found = [m for m in channel.messages.values() if m.ephemeral_to is None]
    if "before" in req.query:
        found = [m for m in found if int(m.id) < int(req.query["before"])]
    if "after" in req.query:
        found = [m for m in found if int(m.id) > int(req.query["after"])]
    found.sort(key=lambda m: -int(m.id))
    return 200, [m.shown() for m in found[:limit]]


def _pace_old(discord, message):
    """Edits of what is older than an hour have a limit of their own."""
    if time.time() - min(message.created, made_s(message.id)) < OLD_S:
        return
    now = time.monotonic()
    times = [t for t in discord.old_edits.get(message.channel.id, [])
             if t > now - discord.old_edits_window_s]
    discord.old_edits[message.channel.id] = times
    if len(times) >= discord.old_edits_max:
        body = {"message": "Maximum number of edits to messages older than "
                "1 hour reached. Try again later.", "code": 30046,
                "global": False}
        if discord.old_edits_say_when:
            body["retry_after"] = round(
                times[0] + discord.old_edits_window_s - now, 3)
        raise Problem(429, 30046, "", body)
    times.append(now)


def edit(discord, req):
    channel = _channel(discord, req)
    message = _message(discord, req, channel)
    if message.author is not discord.bot:
        raise Problem(403, 50005, "Cannot edit a message authored by "
                      "another user")
    check(discord, req, "edit")
    after = {k: req.json.get(k, getattr(message, k))
             for k in ("content", "embeds", "components")}
    if not _has_something(after, req.files or message.attachments):
        raise Problem(400, 50006, "Cannot send an empty message")
    _may_hold(discord, channel, req.json, req.files)
    _pace_old(discord, message)
    message.set(req.json, req.files, "edit")
    return 200, message.shown()


def delete(discord, req):
    channel = _channel(discord, req)
    message = _message(discord, req, channel)
    if message.author is not discord.bot and \
            not channel.permissions(discord.bot) & MANAGE_MESSAGES:
        raise Problem(403, 50013, "Missing Permissions")
    del channel.messages[message.id]
    return 204, None


def typing(discord, req):
    _channel(discord, req, SEND)
    return 204, None


# --- interactions -----------------------------------------------------------

def callback(discord, req):
    one = discord.interactions.get(req.args["interaction"])
    if one is None or one.token != req.args["token"]:
        raise Problem(404, 10062, "Unknown interaction")
    return one.answer(req)


def _answered(discord, req):
    for one in discord.interactions.values():
        if one.token == req.args["token"] and \
                req.args["app"] == discord.application_id:
            break
    else:
        raise Problem(404, 10015, "Unknown Webhook")
    if one.answered is None:
        raise Problem(404, 10015, "Unknown Webhook")
    if time.monotonic() - one.sent_at > discord.token_keeps_s:
        raise Problem(401, 50027, "Invalid Webhook Token")
    return one


def _original(discord, req):
    target = _answered(discord, req).original
    if target is None or target.id not in target.channel.messages:
        raise Problem(404, 10008, "Unknown Message")
    return target


def original_get(discord, req):
    return 200, _original(discord, req).shown()


def original_edit(discord, req):
    target = _original(discord, req)
    check(discord, req, "edit")
    target.set(req.json, req.files, "original")
    return 200, target.shown()


def original_delete(discord, req):
    target = _original(discord, req)
    del target.channel.messages[target.id]
    return 204, None


def follow_up(discord, req):
    one = _answered(discord, req)
    check(discord, req, "answer")
    if not _has_something(req.json, req.files):
        raise Problem(400, 50006, "Cannot send an empty message")
    return 200, one.say(req.json, req.files).shown()


CHANNEL = "/channels/<channel>"
MESSAGE = CHANNEL + "/messages/<message>"
HOOK = r"/webhooks/<app>/(?P<token>[A-Za-z0-9_=-]+)"
ORIGINAL = HOOK + "/messages/@original"
ROUTES = [
    Route("gateway", "GET", "/gateway", gateway, auth=False),
    Route("gateway_bot", "GET", "/gateway/bot", gateway_bot),
    Route("application", "GET", "/applications/@me", application),
    Route("application", "GET", "/oauth2/applications/@me", application),
    Route("me", "GET", "/users/@me", me),
    Route("my_guilds", "GET", "/users/@me/guilds", my_guilds),
    Route("open_dm", "POST", "/users/@me/channels", open_dm),
    Route("user", "GET", "/users/<user>", user),
    Route("guild", "GET", "/guilds/<guild>", guild_of, "guild"),
    Route("roles", "GET", "/guilds/<guild>/roles", roles_of, "guild"),
    Route("member", "GET", "/guilds/<guild>/members/<user>", member_of,
          "guild"),
    Route("channel", "GET", CHANNEL, channel_of, "channel"),
    Route("typing", "POST", CHANNEL + "/typing", typing, "channel"),
    Route("create", "POST", CHANNEL + "/messages", create, "channel"),
    Route("messages", "GET", CHANNEL + "/messages", get_messages, "channel"),
    Route("message", "GET", MESSAGE, get_message, "channel"),
    Route("edit", "PATCH", MESSAGE, edit, "channel"),
    Route("delete", "DELETE", MESSAGE, delete, "channel"),
    Route("callback", "POST", r"/interactions/<interaction>/"
          r"(?P<token>[A-Za-z0-9_=-]+)/callback", callback, "token",
          auth=False, free=True),
    Route("original_get", "GET", ORIGINAL, original_get, "token",
          auth=False, free=True),
    Route("original_edit", "PATCH", ORIGINAL, original_edit, "token",
          auth=False, free=True),
    Route("original_delete", "DELETE", ORIGINAL, original_delete, "token",
          auth=False, free=True),
    Route("follow_up", "POST", HOOK, follow_up, "token", auth=False,
          free=True),
]
