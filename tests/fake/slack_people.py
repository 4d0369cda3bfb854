"""People in front of Slack: what they press, type and see.

The payloads are those of "Interactivity" and "Slash commands" on
docs.slack.dev, whole, made from the message or view as it is stored.
"""

import time

import slack_blocks
import slack_world
from slack_sockets import Envelope
from slack_world import APP, TEAM

VERIFICATION = "legacyVerificationToken1"


class People:
    """Mixed into the Slack of slack_server.py; all of it runs in its loop."""

    def _user(self, uid, team=TEAM):
        known = self.world.users.get(uid)
        name = known.name if known else "someone"
        return {"id": uid, "username": name, "name": name, "team_id": team}

    def _frame(self, kind, uid, forge):
        team = forge.get("team", TEAM)
        return {"type": kind, "user": self._user(forge.get("user", uid), team),
                "api_app_id": forge.get("app", APP), "token": VERIFICATION,
                "team": {"id": team, "domain": "acme"}, "enterprise": None,
                "is_enterprise_install": False}

    def _find_button(self, message, button):
        """By action_id or by label."""
        for block_id, e in message.buttons():
            if button in (e.get("action_id"), e["text"]["text"]):
                return block_id, e
        raise AssertionError(f"no button {button!r} in {message.labels()}")

    def _pressed(self, uid, message, button, forge):
        block_id, e = button
        channel = self.world.channels[message.channel]
        cid, ts = forge.get("channel", channel.id), forge.get("ts", message.ts)
        action = {"action_id": e["action_id"], "block_id": block_id,
                  "text": e["text"], "type": "button",
                  "action_ts": self.world.new_ts()}
        for name in ("value", "style", "url"):
            if name in e:
                action[name] = e[name]
        for name in ("value", "action_id", "action_ts"):
            if name in forge:
                action[name] = forge[name]
        return {
            **self._frame("block_actions", uid, forge),
            "container": {"type": "message", "message_ts": ts,
                          "channel_id": cid, "is_ephemeral": False},
            "trigger_id": self.world.new_trigger(uid),
            "channel": {"id": cid, "name": channel.name},
            "message": {**message.shown(), "ts": ts},
            "state": {"values": {}},
            "response_url": self.api.new_response_url(
                uid, channel.id, message.ts),
            "actions": [action]}

    async def _press(self, uid, message, button, to, forge):
        found = button if isinstance(button, tuple) else \
            self._find_button(message, button)
        envelope = Envelope("interactive",
                            self._pressed(uid, message, found, forge), False)
        envelope.delivered = self.sockets.deliver(envelope, to)
        return envelope

    # --- modals -----------------------------------------------------------

    def _values(self, view, typed):
        """`typed` in the order of the input blocks; None: left empty."""
        values = {}
        for block, text in zip(view.inputs(), typed, strict=False):
            element = block["element"]
            if text is None and not block.get("optional"):
                raise AssertionError("Slack asks for this to be filled in")
            if text is not None:
                size = slack_blocks.units(text)
                assert size <= element.get("max_length", 3000), "too long"
                assert size >= element.get("min_length", 0), "too short"
            values[block["block_id"]] = {element["action_id"]: {
                "type": element["type"], "value": text}}
        return values

    async def _submit(self, view, typed, to, forge):
        payload = self._frame("view_submission", view.user, forge)
        payload.update(
            trigger_id=self.world.new_trigger(view.user),
            view=view.shown(self._values(view, typed)), response_urls=[])
        payload["view"].update(forge.get("shown", {}))
        envelope = Envelope("interactive", payload, True)
        envelope.on_ack = lambda answer: self._answered(view, answer)
        envelope.delivered = self.sockets.deliver(envelope, to)
        return envelope

    def _answered(self, view, answer):
        """What the acknowledgement does to the modal."""
        what = answer.get("response_action")
        view.errors = {}
        if what is None or what == "clear":
            view.state = "submitted"
        elif what == "errors":
            view.errors = answer.get("errors") or {}
            blocks = {b["block_id"] for b in view.inputs()}
            if not view.errors or set(view.errors) - blocks or \
                    not all(isinstance(t, str) and t
                            for t in view.errors.values()):
                self.world.offence("modal: errors that fit no input block")
        elif what in ("update", "push"):
            error, errors = slack_blocks.of_view(answer.get("view"))
            if error is not None:
                self.world.offence(f"modal: {what}: {error} {errors}")
                return
            view.paint(answer["view"])
        else:
            self.world.offence(f"modal: response_action {what}")

    async def _close(self, view, cleared):
        view.state = "closed"
        if not view.view.get("notify_on_close"):
            return None
        payload = {**self._frame("view_closed", view.user, {}),
                   "view": view.shown(), "is_cleared": cleared}
        envelope = Envelope("interactive", payload, False)
        envelope.delivered = self.sockets.deliver(envelope)
        return envelope

    # --- slash commands ---------------------------------------------------

    async def _slash(self, uid, command, text, cid, forge):
        channel = self.world.channels[cid] if cid else \
            self.world.dm(uid, make=True)
        user = self._user(forge.get("user", uid))
        envelope = Envelope("slash_commands", {
            "token": VERIFICATION, "team_id": forge.get("team", TEAM),
            "team_domain": "acme", "channel_id": channel.id,
            "channel_name": channel.name, "user_id": user["id"],
            "user_name": user["name"], "command": command, "text": text,
            "api_app_id": forge.get("app", APP),
            "is_enterprise_install": "false",
            "response_url": self.api.new_response_url(uid, channel.id),
            "trigger_id": self.world.new_trigger(uid)}, True)
        envelope.on_ack = lambda answer: self._said(uid, channel.id, answer)
        envelope.delivered = self.sockets.deliver(envelope)
        return envelope

    def _said(self, uid, cid, answer):
        """A message in the acknowledgement of a command."""
        if not answer:
            return
        error, errors = slack_blocks.of_message(answer.get("blocks") or [])
        if error is not None:
            self.world.offence(f"command: {error} {errors}")
            return
        self.world.read_markup("command", answer.get("text"),
                               answer.get("blocks") or [])
        if answer.get("response_type", "ephemeral") != "ephemeral":
            self.world.offence("command: answered for all to see")
        self.world.ephemerals.append({
            "user": uid, "channel": cid, "text": answer.get("text", ""),
            "blocks": answer.get("blocks") or [], "via": "command"})

    # --- a message of somebody else, for clicks that were not ours ----------

    async def _planted(self, cid, blocks, user, text):
        channel = self.world.channels[cid]
        message = slack_world.Message(
            cid, self.world.new_ts(), user, text,
            slack_blocks.as_stored(blocks), None)
        channel.messages.append(message)
        return message


def seen(ephemeral):
    """The words of an ephemeral message."""
    return "\n".join([ephemeral["text"],
                      *slack_blocks.texts(ephemeral["blocks"])])


def age_triggers(world, seconds):
    """As if the clicks had been that much earlier."""
    now = time.monotonic()
    for row in world.triggers.values():
        row[1] = min(row[1], now - seconds)
