"""Socket Mode (Slack, "Using Socket Mode") over WebSocket (RFC 6455).

Written on plain streams, for a test wants to see each frame as it came, and to
send those that a library would not.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import socket
import struct
import threading
import time
import urllib.parse
import uuid

import slack_world

CONNECTIONS_MAX = 10
ACK_BYTES = 20480  # and more is thrown away unseen
ACK_S = 3.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True):
    """A frame as a server sends it: without a mask."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


class Envelope:
    """What was sent, and how it was acknowledged. `warned`: the person saw a
    warning sign, for nothing came in time."""

    def __init__(self, kind, payload, accepts):
        self.id, self.kind, self.payload = str(uuid.uuid4()), kind, payload
        self.accepts, self.acked = accepts, threading.Event()
        self.sent = []  # (connection, monotonic)
        self.acks = []  # the same, of acknowledgements that counted
        self.thrown_away = []  # why, of those that did not
        self.answer, self.on_ack = None, None

    @property
    def ms(self):
        return (self.acks[0][1] - self.sent[0][1]) * 1000

    def text(self, **more):
        return json.dumps({"envelope_id": self.id, "type": self.kind,
                           "accepts_response_payload": self.accepts,
                           "payload": self.payload, **more})


class Connection:
    count = 0

    def __init__(self, reader, writer):
        Connection.count += 1
        self.number = Connection.count
        self.reader, self.writer = reader, writer
        self.frozen = asyncio.Event()  # half-open: nobody is there any more
        self.ready = self.registered = self.closing = False
        self.gone = asyncio.Event()
        self.how = None  # it ended: "close 1000", "eof", "reset", ...
        self.since = time.monotonic()
        self.pings, self.pongs, self.pinged = 0, 0, []

    def send(self, data):
        if not self.frozen.is_set() and self.how is None:
            self.writer.write(data)

    def send_json(self, value):
        self.send(frame(TEXT, json.dumps(value).encode()))

    def reset(self):
        """RST, as when a box between drops the connection."""
        sock = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def __repr__(self):
        return f"<connection {self.number} {self.how or 'open'}>"


class Sockets:
    def __init__(self, world):
        self.world, self.redeem = world, None
        self.connections, self.envelopes = [], {}
        self.server, self.port, self.tls = None, 0, None
        self.turn = 0
        self.upgrades = []  # faults of the next ones; see upgrade_fault()
        self.before_hello = []  # frames that come first, for each
        self.no_hello = 0
        self.hello_without = ()  # members that the next ones leave out
        self.approximate_connection_time = 18060
        self.ping_s = 0.5
        self.phantoms = 0  # registrations that nobody here made
        self.unknown_acks = []

    async def listen(self):
        self.server = await asyncio.start_server(
            self.on_client, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    async def down(self):
        self.server.close()
        for c in self.open():
            c.reset()

    # --- which there are --------------------------------------------------

    def open(self):
        return [c for c in list(self.connections) if c.how is None]

    def ready(self):
        """Those that get envelopes."""
        return [c for c in self.open()
                if c.ready and not c.closing and not c.frozen.is_set()]

    def registered(self):
        return self.phantoms + sum(c.registered for c in self.connections)

    # --- upgrade ----------------------------------------------------------

    async def on_client(self, reader, writer):
        c = Connection(reader, writer)
        try:
            if await self.upgrade(c):
                await self.serve(c)
        except (asyncio.IncompleteReadError, EOFError):
            c.how = c.how or "eof"
        except (ConnectionError, OSError):
            c.how = c.how or "reset"
        except asyncio.CancelledError:
            c.how = c.how or "stopped"
        finally:
            c.how = c.how or "dropped"
            c.registered = c.registered and c.frozen.is_set()
            c.gone.set()
            writer.transport.abort()

    async def refuse(self, c, status, headers=()):
        lines = [f"HTTP/1.1 {status} Refused", *headers, "Content-Length: 0",
                 "Connection: close", "", ""]
        c.writer.write("\r\n".join(lines).encode())
        await c.writer.drain()
        c.how = f"status {status}"
        c.writer.close()
        return False

    async def upgrade(self, c):
        head = await asyncio.wait_for(c.reader.readuntil(b"\r\n\r\n"), 30)
        first, *rest = head.decode("latin-1").split("\r\n")[:-2]
        headers = {k.strip().lower(): v.strip()
                   for k, v in (r.split(":", 1) for r in rest)}
        self.connections.append(c)
        fault = self.upgrades.pop(0) if self.upgrades else {}
        await asyncio.sleep(fault.get("slow", 0))
        if "status" in fault:
            return await self.refuse(c, fault["status"],
                                     fault.get("headers", ()))
        verb, target, _version = first.split(" ")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        if not self.redeem(query.get("ticket", [""])[0]):
            return await self.refuse(c, 404)
        key = headers.get("sec-websocket-key", "")
        if verb != "GET" or "host" not in headers or \
                headers.get("upgrade", "").lower() != "websocket" or \
                "upgrade" not in headers.get("connection", "").lower() or \
                headers.get("sec-websocket-version") != "13" or \
                len(base64.b64decode(key)) != 16:
            return await self.refuse(c, 400)
        accept = base64.b64encode(
            hashlib.sha1(key.encode() + GUID).digest()).decode()
        c.send(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                f"{fault.get('accept', accept)}\r\n\r\n").encode())
        return True

    async def serve(self, c):
        if self.registered() >= CONNECTIONS_MAX:
            self.disconnect(c, "too_many_websockets")
            await c.writer.drain()
            c.how = "too many"
            return
        c.registered = True
        for data in self.before_hello:
            c.send(data)
        if self.no_hello:
            self.no_hello -= 1
        else:
            self.hello(c)
        pinger = asyncio.ensure_future(self.ping(c))
        try:
            await self.read(c)
        finally:
            pinger.cancel()

    def hello(self, c):
        hello = {
            "type": "hello", "num_connections": self.registered(),
            "debug_info": {
                "host": "applink-7fc4fdbb64-4x5xq", "build_number": 10,
                "approximate_connection_time":
                    self.approximate_connection_time},
            "connection_info": {"app_id": slack_world.APP}}
        c.send_json({k: v for k, v in hello.items()
                     if k not in self.hello_without})
        c.ready = True

    def disconnect(self, c, reason):
        c.send_json({"type": "disconnect", "reason": reason,
                     "debug_info": {"host": "wss-111.slack.com"}})

    async def ping(self, c):
        while self.ping_s:
            await asyncio.sleep(self.ping_s)
            text = f"Ping from applink-{random.randrange(9)}".encode()
            c.pinged.append(text)
            c.send(frame(PING, text))

    # --- frames of the client ---------------------------------------------

    async def read_frame(self, c):
        """(fin, opcode, payload)"""
        head = await c.reader.readexactly(2)
        size = head[1] & 0x7f
        if size == 126:
            size, = struct.unpack(">H", await c.reader.readexactly(2))
        elif size == 127:
            size, = struct.unpack(">Q", await c.reader.readexactly(8))
        if not head[1] & 0x80 or head[0] & 0x70:
            self.world.offence("websocket: no mask, or reserved bits")
        mask = await c.reader.readexactly(4) if head[1] & 0x80 else bytes(4)
        data = await c.reader.readexactly(size)
        whole = (mask * (size // 4 + 1))[:size]
        data = (int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")
                ).to_bytes(size, "big")
        return bool(head[0] & 0x80), head[0] & 0x0f, data

    async def next_frame(self, c):
        """None once the other end of it is cut off."""
        reading = asyncio.ensure_future(self.read_frame(c))
        frozen = asyncio.ensure_future(c.frozen.wait())
        await asyncio.wait({reading, frozen},
                           return_when=asyncio.FIRST_COMPLETED)
        if c.frozen.is_set():
            reading.cancel()
            return None
        frozen.cancel()
        return await reading

    async def read(self, c):
        parts = None
        while True:
            got = await self.next_frame(c)
            if got is None:
                await asyncio.sleep(3600)
            fin, opcode, data = got
            if opcode == PING:
                c.pings += 1
                c.send(frame(PONG, data))
            elif opcode == PONG:
                self.on_pong(c, data)
            elif opcode == CLOSE:
                await self.on_close(c, data)
                return
            elif opcode == TEXT and fin:
                self.on_text(c, data)
            elif opcode == TEXT:
                parts = [data]
            elif opcode == CONT and parts is not None:
                parts.append(data)
                if fin:
                    self.on_text(c, b"".join(parts), fragmented=True)
                    parts = None
            else:
                self.world.offence(f"websocket: opcode {opcode}")

    def on_pong(self, c, data):
        c.pongs += 1
        if data not in c.pinged:
            self.world.offence("websocket: a pong that echoes no ping")

    async def on_close(self, c, data):
        """Answers, gives the place free, and leaves TCP to the client."""
        code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005
        if not c.closing:
            c.send(frame(CLOSE, data[:2]))
        c.closing, c.registered = True, False
        try:
            await asyncio.wait_for(c.reader.read(), 5)
        except asyncio.TimeoutError:
            self.world.offence("websocket: TCP left open after close")
        c.how = f"close {code}"

    # --- envelopes --------------------------------------------------------

    def deliver(self, envelope, to=None, **more):
        """To any one of the connections; False when there is none."""
        if to is None:
            ready = self.ready()
            if not ready:
                return False
            self.turn += 1
            to = ready[self.turn % len(ready)]
        self.envelopes[envelope.id] = envelope
        envelope.sent.append((to, time.monotonic()))
        to.send(frame(TEXT, envelope.text(**more).encode()))
        return True

    def on_text(self, c, data, fragmented=False):
        try:
            ack = json.loads(data)
            name = ack["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self.world.offence("socket mode: a message that is no ack")
            return
        envelope = self.envelopes.get(name)
        if envelope is None:
            self.unknown_acks.append(name)
            return
        why = None
        if fragmented:
            why = "fragmented"
        elif len(data) >= ACK_BYTES:
            why = "too large"
        elif c not in [to for to, _ in envelope.sent]:
            why = "another connection"
        elif time.monotonic() - envelope.sent[-1][1] > ACK_S:
            why = "late"
        elif len(envelope.acks) >= len(envelope.sent):
            why = "again"
        if why is not None:
            envelope.thrown_away.append(why)
            return
        if ack.get("payload") and not envelope.accepts:
            self.world.offence("socket mode: an ack with a payload for what "
                               "takes none")
        envelope.acks.append((c, time.monotonic()))
        envelope.answer = ack.get("payload") or {}
        if envelope.on_ack is not None and len(envelope.acks) == 1:
            envelope.on_ack(envelope.answer)
        envelope.acked.set()
