#!/usr/bin/python3
"""A Discord for tests, on 127.0.0.1: gateway, HTTP API, and people.

Written from Discord's documentation, and as strict: what Discord refuses is
refused with its codes. What it would swallow, but an app should not do, is
kept in `violations`; a test that means well ends with none.

    discord = Discord().start()
    guild = discord.guild("Acme")
    room, dana = discord.channel("approvals", guild), discord.user("dana")
    guild.join(dana)
    ...start the app with discord.url and discord.token...
    one = discord.click(dana, message, "Approve")

It runs in a thread of its own. Run as a program it prints its address, ids
and token, posts nothing by itself, and ends with its standard input.
"""

import asyncio
import concurrent.futures
import contextlib
import secrets
import sys
import threading

import discord_limits
from discord_gateway import Gateway
from discord_interactions import DEADLINE_S, People
from discord_rest import Rest
from discord_routes import ROUTES
from discord_wire import reset
from discord_world import Channel, Guild, User, snowflake


class Discord:
    def __init__(self, **switches):
        self.application_id = snowflake()
        self.bot = User("assent", self.application_id, bot=True)
        self.token = "MTk4NjIy." + secrets.token_urlsafe(24)
        self.interactions_endpoint = None
        self.users, self.guilds = {self.bot.id: self.bot}, []
        self.channels, self.dms = {}, {}
        self.interactions, self.latencies = {}, []
        self.nonces, self.nonce_hits = {}, 0
        self.nonce_keeps_s = 180
        self.callback_deadline_s, self.token_keeps_s = DEADLINE_S, 900
        self.old_edits, self.old_edits_max = {}, 3
        self.old_edits_window_s, self.old_edits_say_when = 20.0, True
        self.violations = []
        self.gateway, self.rest = None, None
        self.people = People(self)
        self.loop = asyncio.new_event_loop()
        self.thread = None
        self.switches = switches

    # --- the thread ---------------------------------------------------------

    def start(self):
        ready = concurrent.futures.Future()

        async def begin():
            self.gateway, self.rest = Gateway(self), Rest(self, ROUTES)
            for name, value in self.switches.items():
                assert hasattr(self.gateway, name), name
                setattr(self.gateway, name, value)
            await self.rest.open()
            await self.gateway.main.open()
            await self.gateway.resume.open()
            ready.set_result(None)

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.set_exception_handler(self._complain)
            self.loop.create_task(begin())
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        ready.result(10)
        return self

    def _complain(self, loop, context):
        error = context.get("exception")
        if not isinstance(error, (ConnectionError, type(None))):
            self.violations.append(f"the fake itself: {error!r}")
            loop.default_exception_handler(context)

    def do(self, fn, *args, **kw):
        """Runs fn on the loop; its result."""
        async def call():
            got = fn(*args, **kw)
            return await got if asyncio.iscoroutine(got) else got
        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(20)

    def stop(self):
        async def end():
            self.rest.hanging.set()
            for conn in list(self.gateway.connections):
                reset(conn.transport)
            for server in (self.gateway.main, self.gateway.resume,
                           self.rest):
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(server.close(), 2)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        with contextlib.suppress(concurrent.futures.TimeoutError):
            self.do(end)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.rest.port}/api/v10"

    # --- the world ----------------------------------------------------------

    def user(self, name):
        one = User(name)
        self.users[one.id] = one
        return one

    def guild(self, name):
        one = Guild(name, self.bot)
        self.guilds.append(one)
        return one

    def channel(self, name, guild):
        one = Channel(name, guild)
        one.allow(self.bot.id, 0)
        self.channels[one.id] = one
        return one

    def dm(self, user):
        """The one DM channel of the app and this user."""
        if user.id not in self.dms:
            self.dms[user.id] = Channel(None, recipient=user)
            self.channels[self.dms[user.id].id] = self.dms[user.id]
        return self.dms[user.id]

    def messages(self, channel):
        """What all can see there, oldest first."""
        return sorted((m for m in list(channel.messages.values())
                       if m.ephemeral_to is None), key=lambda m: int(m.id))

    def reset_token(self):
        """The portal's button, and what too many identifies lead to."""
        self.token = "reset." + secrets.token_urlsafe(24)
        self.gateway.forget_sessions()

    # --- people -------------------------------------------------------------

    def click(self, *args, **kw):
        return self.do(self.people.click, *args, **kw)

    def click_again(self, one):
        self.do(self.people.again, one)

    def submit(self, one, values, **kw):
        return self.do(self.people.submit, one, values, **kw)

    @staticmethod
    def people_inputs(form):
        """(field, whether it is in a Label) of an open form."""
        return discord_limits.inputs(form)

    # --- what Discord does to connections -----------------------------------

    def each(self, fn):
        """Calls fn(connection) for every one with a session."""
        def run():
            for conn in self.gateway.live():
                fn(conn)
        self.do(run)

    def close_sessions(self, code, reason=None):
        self.each(lambda c: c.close(code, reason))

    def drop_sessions(self, rst=False):
        """TCP ends without a close frame."""
        def drop(conn):
            if rst:
                reset(conn.transport)
            else:
                conn.transport.close()
        self.each(drop)

    def half_open(self):
        """The peer is gone, but nothing says so."""
        self.each(lambda c: setattr(c, "silent", True))

    def stop_acks(self):
        self.each(lambda c: setattr(c, "acks", False))

    def ask_reconnect(self, closes_after_s=2.0):
        self.each(lambda c: self.gateway.ask_reconnect(c, closes_after_s))

    def ask_beat(self):
        self.each(self.gateway.ask_beat)

    def invalidate(self, resumable):
        self.each(lambda c: self.gateway.invalid(c, resumable))

    def kill_endpoint(self, endpoint):
        """Its port listens no more; connections end."""
        self.do(endpoint.close)

    def open_endpoint(self, endpoint):
        self.do(endpoint.open)


def main():
    discord = Discord().start()
    guild = discord.guild("Acme")
    room, dana = discord.channel("approvals", guild), discord.user("dana")
    guild.join(dana)
    print(f"DISCORD_API_URL={discord.url}")
    print(f"DISCORD_BOT_TOKEN={discord.token}")
    print(f"DISCORD_DEFAULT_CHANNEL={room.id}")
    print(f"# guild {guild.id}, user dana {dana.id}", flush=True)
    sys.stdin.read()
    discord.stop()


if __name__ == "__main__":
    main()
