"""Discord's gateway: sessions that can be resumed, and their connections.

Two endpoints, as there: the one that GET /gateway/bot names and the one that
READY names for resuming. All here runs on the loop of the fake; the switches
and lists may be read and set from the tests' thread.
"""

import asyncio
import json
import secrets
import time

import aiohttp
from aiohttp import web

from discord_agent import looks_like_a_bot
from discord_wire import frame, reset

(DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS,
 INVALID, HELLO, ACK) = (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11)
SOUNDBOARD, CHANNEL_INFO = 31, 43
GUILDS = 1 << 0
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
KNOWN_INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25
PAYLOAD_MAX, SENDS_MAX, SENDS_WINDOW_S = 4096, 120, 60
CLIENT_ENDS = {1000, 1001}  # any other close of the client keeps the session
SERVER_ENDS = {4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014}
REASONS = {
    4000: "Unknown error.", 4001: "Unknown opcode.",
    4002: "Error while decoding payload.", 4003: "Not authenticated.",
    4004: "Authentication failed.", 4005: "Already authenticated.",
    4007: "Invalid seq.", 4008: "Rate limited.",
    4009: "Session timed out.", 4010: "Invalid shard.",
    4011: "Sharding required.", 4012: "Invalid API version.",
    4013: "Invalid intent(s).", 4014: "Disallowed intent(s).",
}


class Session:
    def __init__(self, intents):
        self.id, self.intents = secrets.token_hex(16), intents
        self.seq, self.sent, self.conn = 0, [], None
        self.alive, self.left_at = True, None

    def push(self, kind, data):
        self.seq += 1
        payload = {"t": kind, "s": self.seq, "op": DISPATCH, "d": data}
        self.sent.append(payload)
        if self.conn is not None:
            self.conn.say(payload)


class Endpoint:
    """A listening port. `mode` is for the connections to come:

    ok; a number: HTTP status instead of 101; reset: RST behind the request;
    silent: no answer to the handshake; mute: no Hello; closed by close().
    """

    def __init__(self, gateway, name):
        self.gateway, self.name = gateway, name
        self.mode, self.retry_after = "ok", None
        self.tries = []  # times of requests that came, whatever the mode
        self.port, self.runner = 0, None

    async def open(self):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port,
                           reuse_address=True, shutdown_timeout=0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def close(self):
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    async def _handle(self, request):
        self.tries.append(time.monotonic())
        if self.mode == "reset":
            reset(request.transport)
            await asyncio.sleep(3600)
        if self.mode == "silent":
            await asyncio.sleep(3600)
        if isinstance(self.mode, int):
            headers = {} if self.retry_after is None else {
                "Retry-After": str(self.retry_after)}
            return web.Response(status=self.mode, headers=headers,
                                text="<html>try later</html>",
                                content_type="text/html")
        return await self.gateway.serve(self, request)


class Connection:
    def __init__(self, gateway, endpoint, ws, request):
        self.gateway, self.endpoint, self.ws = gateway, endpoint, ws
        self.transport = request.transport
        self.session = None
        self.silent = False   # half-open: hears nothing, says nothing
        self.acks = True      # zombie: hears, but does not acknowledge
        self.beats = []       # times of heartbeats
        self.heard = []       # times of all that came
        self.opened = time.monotonic()
        self.queue = asyncio.Queue()
        self.closed_by = None
        self.interval_s = gateway.heartbeat_ms / 1000

    def say(self, payload):
        self.queue.put_nowait(payload)

    def close(self, code, reason=None):
        self.queue.put_nowait((code, REASONS.get(code, "")
                               if reason is None else reason))

    async def write(self):
        while True:
            one = await self.queue.get()
            if self.silent:
                continue
            try:
                if isinstance(one, tuple):
                    self.closed_by = "server"
                    self.gateway.note("close_sent", code=one[0])
                    self.gateway.leave(self, one[0] in SERVER_ENDS)
                    await self.ws.close(code=one[0],
                                        message=one[1].encode())
                    return
                await self._send(json.dumps(one))
            except (ConnectionError, RuntimeError):
                return

    async def _send(self, text):
        size = self.gateway.fragment
        data = text.encode()
        if not size or len(data) <= size:
            await self.ws.send_str(text)
            return
        parts = [data[i:i + size] for i in range(0, len(data), size)]
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            self.transport.write(frame(1 if i == 0 else 0, part, last))
            if i % 8 == 3:  # RFC 6455 5.4: control frames may come between
                self.transport.write(frame(9, b"in between", True))
            await asyncio.sleep(0)

    async def watch(self):
        """Discord, "Sending Heartbeats": who does not beat is cut off. Not
        before what lies in the socket was read: this side may be slow."""
        while True:
            last = max([self.opened, *self.beats[-1:]])
            left = last + self.interval_s * 1.5 + 1 - time.monotonic()
            if left <= 0:
                await asyncio.sleep(0.1)
                if self.beats[-1:] and self.beats[-1] > last:
                    continue
                if not self.silent:
                    self.gateway.fault("no heartbeat in time")
                    self.close(4009)
                return
            await asyncio.sleep(left)


class Gateway:
    def __init__(self, discord):
        self.discord = discord
        self.main = Endpoint(self, "main")
        self.resume = Endpoint(self, "resume")
        self.sessions, self.connections = {}, []
        self.events = []            # {"what", "at", ...} in order
        self.heartbeat_ms = 41250
        self.hello_delay_s = 0
        self.reconnect_before_hello = 0  # connections that get op 7 first
        self.fragment = 0           # bytes in a frame; 0 = whole messages
        self.ready_pad = 0          # bytes that READY is made longer by
        self.twice = False          # every dispatch is sent two times
        self.session_keeps_s = 300
        self.resume_dies = 0        # connections that end at op 6
        self.identify_total, self.identify_used = 1000, 0
        self.identify_window_s, self.identify_last = 5.0, -1e9
        self.identify_reset_after_ms = 14400000
        self.strict_agent = True    # the handshake says who it is

    # --- what tests look at -------------------------------------------------

    def note(self, what, **more):
        self.events.append({"what": what, "at": time.monotonic(), **more})

    def fault(self, words):
        self.discord.violations.append("gateway: " + words)

    def count(self, what):
        return len([e for e in self.events if e["what"] == what])

    def last(self, what):
        found = [e for e in self.events if e["what"] == what]
        return found[-1] if found else None

    def live(self):
        """Connections with a session on them."""
        return [c for c in self.connections
                if c.session is not None and c.session.conn is c]

    # --- connections --------------------------------------------------------

    async def serve(self, endpoint, request):
        query = request.query
        if request.headers.get("Upgrade", "").lower() != "websocket" or \
                request.path != "/":
            return web.Response(status=404, text="404: Not Found")
        if self.strict_agent and not looks_like_a_bot(
                request.headers.get("User-Agent")):
            self.fault("User-Agent "
                       f"{request.headers.get('User-Agent')!r}")
        if "Authorization" in request.headers or \
                self.discord.token in request.path_qs:
            self.fault("the token is said in the handshake")
        ws = web.WebSocketResponse(compress=False, autoping=True,
                                   timeout=1.0, max_msg_size=1 << 20)
        await ws.prepare(request)
        conn = Connection(self, endpoint, ws, request)
        self.connections.append(conn)
        self.note("connect", endpoint=endpoint.name)
        tasks = [asyncio.ensure_future(conn.write())]
        try:
            if query.get("v") not in ("9", "10"):
                conn.close(4012)
            elif query.get("encoding") != "json" or "compress" in query:
                self.fault(f"query {dict(query)}")
                conn.close(4002)
            elif endpoint.mode != "mute":
                tasks.append(asyncio.ensure_future(self._greet(conn)))
            await self._listen(conn)
        finally:
            if conn.closed_by is not None:  # the answer is waited for
                await asyncio.wait(tasks[:1], timeout=2)
            for task in tasks:
                task.cancel()
            conn.transport.close()
            self.leave(conn, ws.close_code in CLIENT_ENDS)
            if conn.closed_by is None:
                self.note("closed", code=ws.close_code)
        return ws

    async def _greet(self, conn):
        if self.reconnect_before_hello > 0:
            self.reconnect_before_hello -= 1
            self.ask_reconnect(conn)
        if self.hello_delay_s:
            await asyncio.sleep(self.hello_delay_s)
        conn.opened = time.monotonic()
        conn.say({"t": None, "s": None, "op": HELLO, "d": {
            "heartbeat_interval": self.heartbeat_ms,
            "_trace": ["[\"gateway-fake\",{\"micros\":0.0}]"]}})
        await conn.watch()

    async def _listen(self, conn):
        async for msg in conn.ws:
            if conn.silent:
                continue
            if msg.type != aiohttp.WSMsgType.TEXT:
                conn.close(4002)
                continue
            now = time.monotonic()
            conn.heard = [t for t in conn.heard
                          if t > now - SENDS_WINDOW_S] + [now]
            if len(conn.heard) > SENDS_MAX:
                self.fault("more than 120 messages in a minute")
                conn.close(4008)
            elif len(msg.data.encode()) > PAYLOAD_MAX:
                self.fault("a payload over 4096 bytes")
                conn.close(4002)
            else:
                self._take(conn, msg.data)

    def leave(self, conn, ends):
        """The connection is over, and its session with it if `ends`."""
        session, conn.session = conn.session, None
        if conn in self.connections:
            self.connections.remove(conn)
        if session is None:
            return
        if session.conn is conn:
            session.conn, session.left_at = None, time.monotonic()
        if ends:
            session.alive = False

    # --- what clients say ---------------------------------------------------

    def _take(self, conn, text):
        try:
            got = json.loads(text)
            op, d = got["op"], got.get("d")
        except (ValueError, KeyError, TypeError):
            self.fault(f"not a payload: {text[:80]!r}")
            conn.close(4002)
            return
        handlers = {HEARTBEAT: self._heartbeat, IDENTIFY: self._identify,
                    RESUME: self._resume}
        if op in handlers:
            handlers[op](conn, d)
        elif op not in (PRESENCE, VOICE, MEMBERS, SOUNDBOARD, CHANNEL_INFO):
            self.fault(f"unknown opcode {op!r}")
            conn.close(4001)
        elif conn.session is None:
            self.fault(f"opcode {op} before identify")
            conn.close(4003)

    def _heartbeat(self, conn, d):
        now = time.monotonic()
        known = conn.session.seq if conn.session else None
        if isinstance(d, bool) or not isinstance(d, (int, type(None))) or (
                conn.session and d is not None and d > known):
            self.fault(f"heartbeat with {d!r} at sequence {known}")
        conn.beats.append(now)
        self.note("beat", d=d, seq=known, session=conn.session is not None)
        if conn.acks:
            conn.say({"t": None, "s": None, "op": ACK, "d": None})

    def _identify(self, conn, d):
        now = time.monotonic()
        self.note("identify", endpoint=conn.endpoint.name)
        if conn.session is not None:
            self.fault("identify twice")
            conn.close(4005)
            return
        code = self._bad_identify(d)
        if code:
            conn.close(code)
            return
        early = now - self.identify_last < self.identify_window_s
        self.identify_used += 1
        self.identify_last = now
        if self.identify_used > self.identify_total:
            self.fault("more identifies than a day has")
            self.discord.reset_token()
            conn.close(4004)
            return
        if early:
            self.fault("two identifies within 5 s")
            self.invalid(conn, False)
            return
        session = Session(d["intents"])
        self.sessions[session.id] = session
        conn.session, session.conn = session, conn
        session.push("READY", self._ready(session))
        if session.intents & GUILDS:
            for guild in self.discord.guilds:
                session.push("GUILD_CREATE", {
                    **guild.shown(), "member_count": len(guild.members),
                    "unavailable": False, "joined_at": None, "large": False,
                    "voice_states": [], "members": [], "threads": [],
                    "presences": [], "stage_instances": [],
                    "guild_scheduled_events": [], "soundboard_sounds": [],
                    "channels": [c.shown() for c in
                                 self.discord.channels.values()
                                 if c.guild is guild]})

    def _bad_identify(self, d):
        """The close code for an identify that is not one; or None."""
        if not isinstance(d, dict) or not isinstance(d.get("token"), str):
            return 4002
        if d["token"] != self.discord.token:
            return 4004
        properties = d.get("properties")
        if not isinstance(properties, dict) or not all(
                isinstance(properties.get(k), str)
                for k in ("os", "browser", "device")):
            self.fault(f"properties {properties!r}")
            return 4002
        shard = d.get("shard", [0, 1])
        if not isinstance(shard, list) or len(shard) != 2 or \
                not 0 <= shard[0] < shard[1]:
            return 4010
        intents = d.get("intents")
        if isinstance(intents, bool) or not isinstance(intents, int) or \
                intents & ~KNOWN_INTENTS:
            return 4013
        if intents & PRIVILEGED:
            return 4014
        if d.get("compress"):
            self.fault("compress in identify")
        return None

    def _ready(self, session):
        discord = self.discord
        return {"v": 10, "user_settings": {}, "user": discord.bot.shown(),
                "session_type": "normal", "session_id": session.id,
                "resume_gateway_url": self.resume.url, "shard": [0, 1],
                "relationships": [], "private_channels": [],
                "presences": [], "guild_join_requests": [],
                "guilds": [{"id": g.id, "unavailable": True}
                           for g in discord.guilds],
                "geo_ordered_rtc_regions": ["rotterdam"],
                "application": {"id": discord.application_id,
                                "flags": 565248},
                "_trace": ["[\"gateway-fake\"]", "ö" * (self.ready_pad // 6),
                           "x" * (self.ready_pad // 2)]}

    def _resume(self, conn, d):
        if not isinstance(d, dict) or not isinstance(d.get("token"), str) or \
                not isinstance(d.get("session_id"), str) or \
                isinstance(d.get("seq"), bool) or \
                not isinstance(d.get("seq"), int):
            self.fault(f"resume {sorted(d) if d else d!r}")
            conn.close(4002)
            return
        self.note("resume", endpoint=conn.endpoint.name, seq=d["seq"])
        if self.resume_dies > 0:
            self.resume_dies -= 1
            reset(conn.transport)
            return
        session = self.sessions.get(d["session_id"])
        if d["token"] != self.discord.token:
            conn.close(4004)
        elif conn.session is not None:
            conn.close(4005)
        elif session is None or not session.alive or (
                session.left_at is not None and
                time.monotonic() - session.left_at > self.session_keeps_s):
            self.invalid(conn, False)
        elif d["seq"] > session.seq or d["seq"] < 0:
            self.fault(f"resume at {d['seq']} of {session.seq}")
            session.alive = False
            conn.close(4007)
        else:
            self._resumed(conn, session, d["seq"])

    def _resumed(self, conn, session, seq):
        if session.conn is not None:  # only one connection is served
            old, session.conn = session.conn, None
            old.session = None
            old.close(4000)
        missed = [p for p in session.sent if p["s"] > seq]
        for payload in missed:
            conn.say(payload)
        conn.session, session.conn = session, conn
        session.left_at = None
        session.push("RESUMED", {"_trace": ["[\"gateway-fake\"]"]})
        self.note("resumed", endpoint=conn.endpoint.name,
                  replayed=len(missed))

    # --- what the server does of itself -------------------------------------

    def dispatch(self, kind, data):
        """To every session; one without connection gets it on resuming."""
        for session in self.sessions.values():
            if session.alive:
                for _ in range(2 if self.twice else 1):
                    session.push(kind, data)

    def invalid(self, conn, resumable):
        """Op 9. The connection may identify or resume once more."""
        session, conn.session = conn.session, None
        if session is not None:
            session.conn, session.left_at = None, time.monotonic()
            session.alive = session.alive and resumable
        self.note("invalid", resumable=resumable)
        conn.say({"t": None, "s": None, "op": INVALID, "d": resumable})

    def ask_reconnect(self, conn, closes_after_s=2.0):
        """Op 7; a few seconds later the server closes."""
        conn.say({"t": None, "s": None, "op": RECONNECT, "d": None})
        asyncio.get_running_loop().call_later(
            closes_after_s, conn.close, 1001, "Discord WebSocket requesting "
            "client reconnect.")

    def ask_beat(self, conn):
        conn.say({"t": None, "s": None, "op": HEARTBEAT, "d": None})

    def forget_sessions(self):
        for session in self.sessions.values():
            session.alive = False
