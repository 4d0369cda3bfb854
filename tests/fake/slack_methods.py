"""The methods of Slack's Web API that an approval daemon calls.

Each takes the world and the arguments, and returns the answer's fields or
raises Refused with the error that the method's page on docs.slack.dev names.
"""

import json
import re
import time

import slack_blocks
import slack_world
from slack_world import BOT, BOT_USER, TEAM

METADATA_BYTES = 8000
TEXT_MAX = 40000
UPDATE_TEXT_MAX = 4000
TRIGGER_S = 3.0
TS = re.compile(r"\d{10}\.\d{6}")
TRIGGER = re.compile(r"\d+\.\d+\.[0-9a-f]+")


class Refused(Exception):
    def __init__(self, error, messages=(), **more):
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}
        if messages:
            self.answer["response_metadata"] = {
                "messages": ["[ERROR] " + m for m in messages]}


def need(args, *names):
    missing = [n for n in names if args.get(n) in (None, "")]
    if missing:
        raise Refused("invalid_arguments",
                      [f"missing required field: {n}" for n in missing])


def parsed(args, name, kind, error):
    """A nested value: as it is in JSON, or as JSON text."""
    value = args.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Refused(error) from None
    if value is not None and not isinstance(value, kind):
        raise Refused(error)
    return value


def flag(args, name):
    """True, False or None; a form has words."""
    value = args.get(name)
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(
            value.lower())
    return value if isinstance(value, bool) else None


# --- checks that several share --------------------------------------------

def check_blocks(args):
    blocks = parsed(args, "blocks", list, "invalid_blocks_format")
    if blocks is None:
        return None
    error, errors = slack_blocks.of_message(blocks)
    if error is not None:
        raise Refused(error, errors, **({"errors": errors} if errors else {}))
    return slack_blocks.as_stored(blocks)


def check_metadata(args):
    meta = parsed(args, "metadata", dict, "invalid_metadata_format")
    if meta is None or meta == {}:
        return meta
    if set(meta) - {"event_type", "event_payload"} or \
            not isinstance(meta.get("event_type"), str) or \
            not isinstance(meta.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(meta)) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    return meta


def writable(world, cid, scopes):
    """The channel, when the bot may write there."""
    channel = world.channels.get(cid)
    if channel is None or \
            (channel.kind == "private" and BOT_USER not in channel.members):
        raise Refused("channel_not_found")
    if channel.kind == "im" and not world.messages_tab:
        raise Refused("messages_tab_disabled")
    if channel.archived:
        raise Refused("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in scopes:
        raise Refused("not_in_channel")
    return channel


def known_user(world, uid):
    user = world.users.get(uid)
    if user is None:
        raise Refused("user_not_found")
    if user.deleted:
        raise Refused("user_disabled")
    return user


def ours(world, args, error):
    need(args, "channel", "ts")
    channel = world.channels.get(args["channel"])
    if channel is None:
        raise Refused("channel_not_found")
    if not isinstance(args["ts"], str) or not TS.fullmatch(args["ts"]):
        raise Refused("message_not_found")
    message = world.find(channel.id, args["ts"])
    if message is None:
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused(error)
    return message


# --- auth and users -------------------------------------------------------

def auth_test(world, _args, _scopes):
    return {"url": "https://acme.slack.com/", "team": "Acme",
            "user": "approvals", "team_id": TEAM, "user_id": BOT_USER,
            "bot_id": BOT, "is_enterprise_install": False}


def users_lookup_by_email(world, args, _scopes):
    need(args, "email")
    for user in list(world.users.values()):
        if (user.email or "").lower() == args["email"].lower() and \
                not user.deleted:
            return {"user": user.shown(True)}
    raise Refused("users_not_found")


def users_info(world, args, scopes):
    need(args, "user")
    user = world.users.get(args["user"])
    if user is None:
        raise Refused("user_not_found")
    return {"user": user.shown("users:read.email" in scopes)}


# --- conversations --------------------------------------------------------

def conversations_open(world, args, _scopes):
    if not args.get("users"):
        raise Refused("users_list_not_supplied")
    users = args["users"].split(",") if isinstance(args["users"], str) \
        else args["users"]
    if len(users) > 8:
        raise Refused("too_many_users")
    if len(users) != 1:
        raise Refused("missing_scope", needed="mpim:write", provided="")
    user = known_user(world, users[0])
    there = world.dm(user.id)
    more = {"no_op": True, "already_open": True} if there else {}
    return {**more, "channel": {"id": world.dm(user.id, make=True).id}}


def conversations_history(world, args, scopes):
    need(args, "channel")
    channel = world.channels.get(args["channel"])
    if channel is None or BOT_USER not in channel.members:
        raise Refused("channel_not_found" if channel is None
                      else "not_in_channel")
    scope = {"im": "im:history", "public": "channels:history",
             "private": "groups:history"}[channel.kind]
    if scope not in scopes:
        raise Refused("missing_scope", needed=scope,
                      provided=",".join(scopes))
    meta = flag(args, "include_all_metadata")
    oldest, latest = args.get("oldest", "0"), args.get("latest", "9" * 10)
    same = flag(args, "inclusive")
    limit = int(args.get("limit", 100))
    if not 1 <= limit <= 999:
        raise Refused("invalid_limit")
    start = int(args.get("cursor") or 0)
    found = [m for m in reversed(channel.messages) if not m.deleted and
             (float(oldest) < float(m.ts) < float(latest) or
              (same and m.ts in (oldest, latest)))]
    more = len(found) > start + limit
    return {"messages": [m.shown(meta) for m in found[start:start + limit]],
            "has_more": more, "pin_count": 0, "response_metadata": {
                "next_cursor": str(start + limit) if more else ""}}


# --- chat -----------------------------------------------------------------

def chat_post_message(world, args, scopes):
    need(args, "channel")
    cid = args["channel"]
    if cid in world.users:
        user = world.users[cid]
        if user.deleted or user.is_bot:
            raise Refused("channel_not_found")
        if not world.messages_tab:
            raise Refused("messages_tab_disabled")
        cid = world.dm(cid, make=True).id
    channel = writable(world, cid, scopes)
    blocks, meta = check_blocks(args), check_metadata(args)
    text = args.get("text") or ""
    if not text and not blocks:
        raise Refused("no_text")
    for name in ("unfurl_links", "unfurl_media"):
        if flag(args, name) is not False:
            world.offence(f"chat.postMessage: {name} is not false")
    if not text:
        world.offence("chat.postMessage: no text for notifications")
    world.read_markup("chat.postMessage", text, blocks)
    message = slack_world.Message(channel.id, world.new_ts(), BOT_USER,
                                  text[:TEXT_MAX], blocks or [], meta)
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts,
            "message": message.shown()}


def chat_update(world, args, _scopes):
    message = ours(world, args, "cant_update_message")
    blocks, meta = check_blocks(args), check_metadata(args)
    text = args.get("text")
    if text is None and blocks is None and meta is None:
        raise Refused("no_text")
    if slack_blocks.units(text or "") > UPDATE_TEXT_MAX:
        raise Refused("msg_too_long")

    def rich(those):
        return any(b["type"] == "rich_text" for b in those)
    if blocks and rich(message.blocks) and not rich(blocks):
        raise Refused("block_mismatch")
    if blocks is None:
        # Text alone takes the blocks away.
        blocks = message.blocks if text is None else []
    world.read_markup("chat.update", text, blocks)
    message.paint(message.text if text is None else text, blocks)
    if meta is not None:
        message.metadata = meta or None
    return {"channel": message.channel, "ts": message.ts,
            "text": message.text, "message": message.shown()}


def chat_post_ephemeral(world, args, scopes):
    need(args, "channel", "user")
    channel = writable(world, args["channel"], scopes)
    if args["user"] not in channel.members:
        raise Refused("user_not_in_channel")
    blocks, text = check_blocks(args), args.get("text") or ""
    if not text and not blocks:
        raise Refused("no_text")
    world.read_markup("chat.postEphemeral", text, blocks)
    world.ephemerals.append({
        "user": args["user"], "channel": channel.id, "text": text,
        "blocks": blocks or [], "via": "chat.postEphemeral"})
    return {"message_ts": world.new_ts()}


def chat_delete(world, args, _scopes):
    message = ours(world, args, "cant_delete_message")
    message.deleted = True
    return {"channel": message.channel, "ts": message.ts}


# --- views ----------------------------------------------------------------

def checked_view(args):
    view = parsed(args, "view", dict, "invalid_arguments")
    if view is None:
        raise Refused("invalid_arguments", ["missing required field: view"])
    error, errors = slack_blocks.of_view(view)
    if error is not None:
        raise Refused(error, errors)
    return view


def use_trigger(world, args):
    """The person whose click it came from; once, and soon."""
    need(args, "trigger_id")
    name = args["trigger_id"]
    if not TRIGGER.fullmatch(name) or name not in world.triggers:
        raise Refused("invalid_trigger_id")
    user, made, used = world.triggers[name]
    if used:
        raise Refused("exchanged_trigger_id")
    if time.monotonic() - made > TRIGGER_S:
        raise Refused("expired_trigger_id")
    world.triggers[name][2] = True
    return user


def views_open(world, args, _scopes):
    view = checked_view(args)
    new = slack_world.View(use_trigger(world, args), view)
    world.views[new.id] = new
    world.read_markup("views.open", "", view["blocks"])
    return {"view": new.shown()}


def views_update(world, args, _scopes):
    there = world.views.get(args.get("view_id"))
    if there is None or there.state != "open":
        raise Refused("not_found")
    if args.get("hash") not in (None, there.hash):
        raise Refused("hash_conflict")
    view = checked_view(args)
    there.paint(view)
    return {"view": there.shown()}


# name: (function, token kind, scopes, takes JSON, arguments)
METHODS = {
    "auth.test": (auth_test, "bot", (), True, ""),
    "users.lookupByEmail": (users_lookup_by_email, "bot",
                            ("users:read.email",), False, "email"),
    "users.info": (users_info, "bot", ("users:read",), False,
                   "user include_locale"),
    "conversations.open": (conversations_open, "bot", ("im:write",), True,
                           "users channel return_im prevent_creation"),
    "conversations.history": (
        conversations_history, "bot", (), True,
        "channel cursor include_all_metadata inclusive latest limit oldest"),
    "chat.postMessage": (
        chat_post_message, "bot", ("chat:write",), True,
        "channel text blocks metadata unfurl_links unfurl_media mrkdwn parse "
        "thread_ts reply_broadcast attachments"),
    "chat.update": (chat_update, "bot", ("chat:write",), True,
                    "channel ts text blocks metadata parse attachments"),
    "chat.postEphemeral": (chat_post_ephemeral, "bot", ("chat:write",), True,
                           "channel user text blocks parse thread_ts"),
    "chat.delete": (chat_delete, "bot", ("chat:write",), True, "channel ts"),
    "views.open": (views_open, "bot", (), True, "trigger_id view"),
    "views.update": (views_update, "bot", (), True,
                     "view_id view hash external_id"),
    "apps.connections.open": (None, "app", ("connections:write",), False, ""),
}
