"""People who press buttons and fill in forms, and how the app answers.

A click has the whole payload of INTERACTION_CREATE, made of the message as it
stands, in the form of a guild or of a DM. `forge` is called with the payload
before it is sent and may change anything in it.
"""

import secrets
import time

import discord_limits as limits
from discord_rest import Problem
from discord_routes import check
from discord_world import Message, snowflake, token_for

COMPONENT, MODAL_SUBMIT = 3, 5
(PONG, REPLY, LATER, SILENT, UPDATE, MODAL) = (1, 4, 5, 6, 7, 9)
DEADLINE_S = 3.0


class Interaction:
    def __init__(self, discord, kind, user, message, payload):
        self.discord, self.type = discord, kind
        self.user, self.message = user, message
        self.id = payload["id"]
        self.token, self.payload = payload["token"], payload
        self.sent_at = time.monotonic()
        self.deadline_s = discord.callback_deadline_s
        self.answered = None    # the body of the callback that counted
        self.latency_ms = None
        self.attempts = []      # (milliseconds, status) of every callback
        self.replies = []       # messages that answer it, oldest first
        self.modal = None       # the form that is open
        self.original = None    # what @original means

    @property
    def told(self):
        """What only this person was told, in words; or None."""
        return self.replies[-1].content or self.replies[-1].text() \
            if self.replies else None

    # --- POST callback ------------------------------------------------------

    def answer(self, req):
        ms = (time.monotonic() - self.sent_at) * 1000
        try:
            status, body = self._answer(req, ms)
        except Problem as problem:
            self.attempts.append((ms, problem.body["code"]))
            raise
        self.attempts.append((ms, status))
        return status, body

    def _answer(self, req, ms):
        if ms > self.deadline_s * 1000:
            raise Problem(404, 10062, "Unknown interaction")
        if self.answered is not None:
            raise Problem(400, 40060,
                          "Interaction has already been acknowledged.")
        kind, body = req.json.get("type"), req.json
        if kind not in self._allowed():
            e = limits.Errors()
            e.choice(("type",), kind)
            raise Problem(400, 50035, "", limits.form_body(e))
        data = body.get("data") or {}
        acts = {REPLY: self._reply, LATER: self._later, UPDATE: self._update,
                MODAL: self._open, SILENT: self._silent}
        req.json = data
        try:
            acts[kind](req, data)
        finally:
            req.json = body
        self.answered, self.latency_ms = body, ms
        self.discord.latencies.append(ms)
        if req.query.get("with_response") != "true":
            return 204, None
        target = self.original
        return 200, {"interaction": {
            "id": self.id, "type": self.type, "response_message_id":
            target.id if target else None}, "resource": {"type": kind, **({
                "message": target.shown()} if target else {})}}

    def _allowed(self):
        allowed = {REPLY, LATER}
        if self.message is not None:
            allowed |= {SILENT, UPDATE}
        if self.type != MODAL_SUBMIT:
            allowed |= {MODAL}
        return allowed

    def say(self, body, files=None):
        """A message that answers; only this person sees an ephemeral one."""
        channel = self.message.channel
        hidden = (body.get("flags") or 0) & limits.EPHEMERAL
        made = Message(channel, self.discord.bot, body, files,
                       self.user if hidden else None)
        channel.messages[made.id] = made
        self.replies.append(made)
        return made

    def _reply(self, req, data):
        check(self.discord, req, "answer")
        if not (data.get("content") or data.get("embeds") or
                data.get("components") or req.files):
            raise Problem(400, 50006, "Cannot send an empty message")
        self.original = self.say(data, req.files)

    def _later(self, req, data):
        if (data.get("flags") or 0) & ~limits.EPHEMERAL:
            raise Problem(400, 50035, "Invalid Form Body")
        self.original = self.say({"content": "thinking",
                                  "flags": data.get("flags", 0)})

    def _silent(self, req, data):
        self.original = self.message

    def _update(self, req, data):
        check(self.discord, req, "answer")
        after = {k: data.get(k, getattr(self.message, k))
                 for k in ("content", "embeds", "components")}
        if not any(after.values()):
            raise Problem(400, 50006, "Cannot send an empty message")
        self.message.set(data, req.files, "callback")
        self.original = self.message

    def _open(self, req, data):
        e = limits.check_modal(data)
        for field in e.unknown:
            self.discord.violations.append(f"rest: unknown field {field}")
        if e:
            raise Problem(400, 50035, "", limits.form_body(e))
        self.modal = data


def _payload(discord, kind, user, message, data):
    """3.1 in a guild, 3.2 in a DM."""
    made, channel = snowflake(), message.channel
    got = {"id": made, "application_id": discord.application_id,
           "type": kind, "version": 1,
           "token": token_for(made, secrets.token_urlsafe(80)),
           "data": data, "channel_id": channel.id, "locale": "en-US",
           "message": message.shown(), "entitlements": [],
           "entitlement_sku_ids": [], "attachment_size_limit": 10485760}
    bot = channel.permissions(discord.bot)
    got["app_permissions"] = str(bot | 1 << 60)
    got["channel"] = {**channel.shown(), "permissions": str(bot)}
    if channel.guild is None:
        got.update(user=user.shown(), context=1,
                   authorizing_integration_owners={"0": "0"})
        return got
    guild = channel.guild
    got.update(
        guild_id=guild.id, guild_locale="en-US", context=0,
        guild={"id": guild.id, "locale": "en-US", "features": []},
        authorizing_integration_owners={"0": guild.id},
        member={**guild.shown_member(user),
                "permissions": str(channel.permissions(user) | 1 << 59)})
    return got


class People:
    """What people do; a part of the fake. Runs on its loop."""

    def __init__(self, discord):
        self.discord = discord

    def _send(self, kind, user, message, data, forge):
        payload = _payload(self.discord, kind, user, message, data)
        if forge is not None:
            forge(payload)
        one = Interaction(self.discord, kind, user, message, payload)
        self.discord.interactions[one.id] = one
        if self.discord.interactions_endpoint is None:
            self.discord.gateway.dispatch("INTERACTION_CREATE", payload)
        return one

    def click(self, user, message, label, forge=None, stale=None):
        """Presses the button. `stale` is what the person's client still
        shows: the custom_id of a button that may be gone by now."""
        if stale is None:
            button = message.button(label)
            assert not button.get("disabled"), button
            assert button["style"] != limits.LINK, button
            custom_id, number = button["custom_id"], 2
        else:
            custom_id, number = stale, 2
        return self._send(COMPONENT, user, message, {
            "component_type": limits.BUTTON, "custom_id": custom_id,
            "id": number}, forge)

    def again(self, one):
        """The same event is sent once more, as Discord says it may."""
        self.discord.gateway.dispatch("INTERACTION_CREATE", one.payload)

    def submit(self, one, values, layout=None, forge=None):
        """Sends the form that `one` opened. values: custom_id or position
        to text. `layout` is "label" or "row" in place of the form's own."""
        form, one.modal = one.modal, None
        assert form is not None, "no form is open"
        parts = []
        for i, (field, wrapped) in enumerate(limits.inputs(form)):
            text = values.get(field["custom_id"], values.get(i, ""))
            if not text and field.get("required", True):
                raise AssertionError("Discord's client asks for a text")
            low, high = field.get("min_length", 0), field.get("max_length",
                                                              4000)
            assert not text or low <= limits.length(text) <= high, text
            inner = {"type": limits.TEXT_INPUT, "id": 2 * i + 2,
                     "custom_id": field["custom_id"], "value": text}
            if (layout or ("label" if wrapped else "row")) == "label":
                parts.append({"type": limits.LABEL, "id": 2 * i + 1,
                              "component": inner})
            else:
                parts.append({"type": limits.ROW, "id": 2 * i + 1,
                              "components": [inner]})
        return self._send(MODAL_SUBMIT, one.user, one.message, {
            "custom_id": form["custom_id"], "components": parts}, forge)
