#!/usr/bin/python3
"""Slack on 127.0.0.1: Web API, Socket Mode, and the people before it.

    slack = Slack()
    slack.world.add_user("U0DANA", "Dana", email="dana@example.com")
    ... a client with slack.api_url, BOT_TOKEN and APP_TOKEN ...
    envelope = slack.click("U0DANA", message, "Approve")
    envelope.acked.wait(3)

Refuses what Slack refuses. What Slack would let pass and an approval daemon
must not do is noted in `world.offences`, and what a text would do beside being
read in `world.controls`. It runs in a thread; every method may be called from
any other.

Parts: slack_world (who and what there is), slack_blocks (Block Kit),
slack_methods (Web API), slack_api (HTTP, limits, faults), slack_sockets
(Socket Mode), slack_people (clicks, modals, commands).
"""

import asyncio
import contextlib
import pathlib
import sys
import threading

from aiohttp import web

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import slack_world  # noqa: E402
from slack_api import Api, Fault  # noqa: E402
from slack_people import People  # noqa: E402
from slack_sockets import (BINARY, CONT, TEXT, Envelope,  # noqa: E402
                           Sockets, frame)


class Slack(People):
    """`tls`: a server-side SSLContext, for https; that for wss is the same
    unless it is named."""

    def __init__(self, tls=None, scopes=slack_world.SCOPES, socket_tls=None):
        self.world = slack_world.World(scopes)
        self.sockets = Sockets(self.world)
        self.sockets.tls = socket_tls or tls
        self.api = Api(self.world, self.sockets)
        self.sockets.redeem = self.api.redeem
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self._do(self._start(tls))

    # --- its thread -------------------------------------------------------

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def _soon(self, function, *args):
        async def run():
            return function(*args)
        return self._do(run())

    async def _start(self, tls):
        self.runner = web.AppRunner(self.api.app(), access_log=None,
                                    handle_signals=False)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=tls,
                           shutdown_timeout=0.1)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        await self.sockets.listen()
        s, host = ("s", "localhost") if tls else ("", "127.0.0.1")
        self.api.base = f"http{s}://{host}:{self.port}"
        self.api.ticket_url = f"ws{s}://{host}:{self.sockets.port}"
        self.api_url = self.api.base + "/api/"

    def stop(self):
        async def end():
            self.sockets.server.close()
            tasks = [t for t in asyncio.all_tasks()
                     if t is not asyncio.current_task()]
            for t in tasks:
                t.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.runner.cleanup()
        with contextlib.suppress(Exception):
            self._do(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # --- what there is ----------------------------------------------------

    def calls(self, method=None):
        return [c for c in list(self.api.calls)
                if method in (None, c.method)]

    def messages(self, cid):
        return [m for m in list(self.world.channels[cid].messages)
                if not m.deleted]

    def dm(self, uid):
        """The messages that this person has of the bot."""
        channel = self.world.dm(uid)
        return [] if channel is None else self.messages(channel.id)

    def ephemerals(self, uid):
        return [e for e in list(self.world.ephemerals) if e["user"] == uid]

    def modals(self, uid):
        """The open ones of this person."""
        return [v for v in list(self.world.views.values())
                if v.user == uid and v.state == "open"]

    def ready(self):
        return self.sockets.ready()

    # --- people -----------------------------------------------------------

    def click(self, uid, message, button, to=None, **forge):
        """Presses a button, named by action_id, label or (block id, button).

        `forge`: team, channel, ts, user, app, value, action_id, action_ts as
        they should stand in the payload instead. False in `.delivered`: there
        was no connection to deliver to, and the click is lost.
        """
        return self._do(self._press(uid, message, button, to, forge))

    def submit(self, view, *typed, to=None, **forge):
        """Sends a form. `forge` also: shown, what its view has instead."""
        return self._do(self._submit(view, typed, to, forge))

    def close_modal(self, view, cleared=False):
        return self._do(self._close(view, cleared))

    def slash(self, uid, command="/approvals", text="", channel=None,
              **forge):
        return self._do(self._slash(uid, command, text, channel, forge))

    def plant(self, cid, blocks, user, text="hello"):
        """A message that somebody else wrote."""
        return self._do(self._planted(cid, blocks, user, text))

    def event(self, payload, to=None, **more):
        """Another envelope: events_api, or of a type that nobody knows."""
        kind = more.pop("kind", "events_api")
        envelope = Envelope(kind, payload, False)

        def go():
            envelope.delivered = self.sockets.deliver(
                envelope, to, retry_attempt=0, retry_reason="")
        self._soon(go)
        return envelope

    def again(self, envelope, to=None, new_id=False, attempt=1):
        """The same once more; under its id or, as a retry, a new one."""
        if not new_id:
            self._soon(self.sockets.deliver, envelope, to)
            return envelope
        retry = Envelope(envelope.kind, envelope.payload, envelope.accepts)
        retry.on_ack = envelope.on_ack

        def go():
            retry.delivered = self.sockets.deliver(
                retry, to, retry_attempt=attempt, retry_reason="timeout")
        self._soon(go)
        return retry

    # --- faults of the API ------------------------------------------------

    def fault(self, method, **how):
        """See slack_api.Fault. Returns it; `.left` counts down."""
        fault = Fault(**how)
        self.api.faults.setdefault(method, []).append(fault)
        return fault

    def limit(self, method, retry_after=None, times=1, **how):
        headers = {} if retry_after is None else \
            {"Retry-After": str(retry_after)}
        return self.fault(method, status=429, error="ratelimited",
                          headers=headers, times=times, **how)

    def heal(self):
        for fault in [f for all_ in self.api.faults.values() for f in all_]:
            self._soon(fault.released.set)
        self.api.faults.clear()
        self.world.token_faults.clear()

    # --- faults of the connections ----------------------------------------

    def disconnect(self, connection, reason):
        """Only the message; what follows is another call."""
        self._soon(self.sockets.disconnect, connection, reason)

    def freeze(self, connection):
        """Half-open: it stays registered, and nothing goes either way."""
        self._soon(connection.frozen.set)

    def bury(self, connection):
        """Slack notices at last that a frozen one is gone."""
        connection.registered = False
        self._soon(connection.writer.transport.abort)

    def reset(self, connection):
        connection.closing = True
        self._soon(connection.reset)

    def hang_up(self, connection):
        """TCP ends without a close frame."""
        connection.closing = True
        self._soon(connection.writer.close)

    def close(self, connection, code=1000):
        def go():
            connection.send(frame(8, code.to_bytes(2, "big") + b"bye"))
            connection.closing = True
        self._soon(go)

    def raw(self, connection, data):
        self._soon(connection.send, data)

    def text(self, connection, text, fragments=1):
        """A text message, in so many frames."""
        data = text.encode()
        size = max(1, -(-len(data) // fragments))
        parts = [data[i:i + size] for i in range(0, len(data), size)] or [b""]
        for i, part in enumerate(parts):
            self.raw(connection, frame(CONT if i else TEXT, part,
                                       fin=i == len(parts) - 1))

    def binary(self, connection, data):
        self.raw(connection, frame(BINARY, data))

    def upgrade_fault(self, **how):
        """For the next upgrade: slow=SECONDS, status=N, headers=[...],
        accept=TEXT."""
        self.sockets.upgrades.append(how)

    def sockets_down(self):
        """Nothing listens, and all connections are reset."""
        self._do(self.sockets.down())

    def sockets_up(self):
        self._do(self.sockets.listen())
