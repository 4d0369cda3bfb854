"""Slack's Web API over HTTP: tokens, bodies, answers, limits and faults."""

import asyncio
import contextlib
import json
import time
import uuid

from aiohttp import web

import slack_world
from slack_methods import METHODS, Refused, check_blocks

BODY_MAX = 1 << 20
TICKET_S = 30.0
# Slack, "Rate limits": calls in a minute for the methods of each tier. The
# size of a burst is not published: here a whole minute's.
TIERS = {"chat.update": 50, "chat.delete": 50, "conversations.open": 50,
         "users.lookupByEmail": 50, "conversations.history": 50,
         "chat.postEphemeral": 100, "views.open": 100, "views.update": 100,
         "users.info": 100, "auth.test": 100}
POSTS_BURST = 5  # of one channel, beyond one in a second
RESPONSE_URL_USES, RESPONSE_URL_S = 5, 30 * 60


class Bucket:
    def __init__(self, size, per_s):
        self.size, self.per_s = size, per_s
        self.left, self.at = float(size), time.monotonic()

    def take(self):
        """Seconds until there is room; 0 when there was."""
        now = time.monotonic()
        self.left = min(self.size, self.left + (now - self.at) * self.per_s)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0
        return int((1 - self.left) / self.per_s) + 1


class Call:
    """One request to the API, and what came of it."""

    def __init__(self, method, args, headers):
        self.method, self.args, self.headers = method, args, headers
        self.at, self.status, self.answer = time.monotonic(), None, None

    @property
    def ok(self):
        return self.status == 200 and bool((self.answer or {}).get("ok"))

    def __repr__(self):
        return f"<{self.method} {self.status} {self.answer}>"


class Fault:
    """What happens instead of an answer; `after`: the effect has been.
    `hang`: for so many seconds, or until it is released."""

    def __init__(self, times=1, after=False, status=None, error=None,
                 headers=None, text=None, hang=False, drop=False, when=None,
                 **fields):
        self.left, self.after, self.status = times, after, status
        self.error, self.headers, self.text = error, headers or {}, text
        self.hang, self.drop, self.when = hang, drop, when
        self.fields = fields
        self.released = asyncio.Event()


def said(answer, status=200, headers=None):
    """As Slack writes JSON: slashes and all beyond ASCII are escaped."""
    text = json.dumps(answer).replace("/", "\\/")
    return web.Response(status=status, text=text, headers=headers,
                        content_type="application/json", charset="utf-8")


def warned(answer, warning):
    meta = answer.setdefault("response_metadata", {})
    return {**answer, "warning": warning,
            "response_metadata": {**meta, "warnings": [warning]}}


async def read_args(request, takes_json):
    """(arguments, warning)"""
    args = dict(request.query)
    kind, charset = request.content_type, request.charset
    if request.method == "GET" or not request.can_read_body:
        return args, None
    body = await request.read()
    if charset not in (None, "utf-8", "UTF-8", "utf8"):
        raise Refused("invalid_charset")
    if kind == "application/x-www-form-urlencoded":
        args.update(await request.post())
        return args, "superfluous_charset" if charset else None
    if kind != "application/json":
        raise Refused("invalid_post_type")
    if not takes_json:
        return args, None
    try:
        given = json.loads(body.decode())
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(given, dict):
        raise Refused("json_not_object")
    # Beside JSON a token counts in the header only.
    given.pop("token", None)
    args.update(given)
    return args, None if charset else "missing_charset"


class Api:
    def __init__(self, world, sockets):
        self.world, self.sockets = world, sockets
        self.calls, self.faults, self.tickets = [], {}, {}
        self.issued = []  # all tickets that ever were
        self.buckets, self.enforce = {}, True
        self.base = self.ticket_url = None  # once the ports are known

    def app(self):
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_route("*", "/api/{method}", self.on_call)
        app.router.add_post("/actions/{tail:.*}", self.on_response_url)
        return app

    # --- tokens -----------------------------------------------------------

    def authorise(self, request, args, kind, scopes):
        """The token's scopes."""
        header = request.headers.get("Authorization", "")
        token = header[7:] if header.startswith("Bearer ") else None
        if token is None and kind == "bot":
            token = args.get("token")
        if not token:
            raise Refused("not_authed")
        if token not in self.world.tokens:
            raise Refused("invalid_auth")
        if token in self.world.token_faults:
            raise Refused(self.world.token_faults[token])
        has, provided = self.world.tokens[token]
        if has != kind:
            raise Refused("not_allowed_token_type")
        for scope in scopes:
            if scope not in provided:
                raise Refused("missing_scope", needed=scope,
                              provided=",".join(provided))
        return provided

    # --- limits and faults ------------------------------------------------

    def limited(self, name, args):
        """Seconds to wait, or 0."""
        if not self.enforce:
            return 0
        if name == "chat.postMessage":
            channel = args.get("channel")
            dm = self.world.dm(channel) if channel else None
            key = (name, dm.id if dm else channel)
            return self.buckets.setdefault(key, Bucket(POSTS_BURST, 1)).take()
        if name not in TIERS:
            return 0
        return self.buckets.setdefault(
            name, Bucket(TIERS[name], TIERS[name] / 60)).take()

    def fault_of(self, name, args):
        for fault in self.faults.get(name, []):
            if fault.left and (fault.when is None or fault.when(args)):
                fault.left -= 1
                return fault
        return None

    async def broken(self, fault, request, call):
        if fault.hang:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(
                    fault.released.wait(),
                    None if fault.hang is True else fault.hang)
        if fault.drop:
            request.transport.abort()
            return web.Response()
        call.status = fault.status or 200
        if fault.text is not None:
            return web.Response(status=call.status, text=fault.text,
                                headers=fault.headers)
        call.answer = {"ok": False, "error": fault.error or "internal_error",
                       **fault.fields}
        return said(call.answer, call.status, fault.headers)

    # --- a call -----------------------------------------------------------

    async def on_call(self, request):
        name = request.match_info["method"]
        call = Call(name, {}, dict(request.headers))
        self.calls.append(call)
        try:
            return await self.answered(request, name, call)
        except Refused as refused:
            call.status, call.answer = 200, refused.answer
            return said(refused.answer)

    async def answered(self, request, name, call):
        if name not in METHODS:
            raise Refused("unknown_method", req_method=name)
        method, kind, scopes, takes_json, known = METHODS[name]
        args, warning = await read_args(request, takes_json)
        call.args = args
        if "token" in request.query:
            self.world.offence(f"{name}: a token in the URL")
        for arg in args:
            if arg not in known.split() and arg != "token":
                self.world.offence(f"{name}: unknown argument {arg}")
        fault = self.fault_of(name, args)
        if fault is not None and not fault.after:
            return await self.broken(fault, request, call)
        provided = self.authorise(request, args, kind, scopes)
        wait = self.limited(name, args)
        if wait:
            call.status, call.answer = 429, {"ok": False,
                                             "error": "ratelimited"}
            return said(call.answer, 429, {"Retry-After": str(wait)})
        if name == "apps.connections.open":
            answer = self.open_connection(request)
        else:
            answer = method(self.world, args, provided)
        answer = {"ok": True, **answer}
        if fault is not None:
            return await self.broken(fault, request, call)
        call.status, call.answer = 200, answer
        if warning is not None:
            answer = warned(answer, warning)
            self.world.offence(f"{name}: {warning}")
        return said(answer, headers={
            "x-oauth-scopes": ",".join(provided),
            "x-accepted-oauth-scopes": ",".join(scopes),
            "x-slack-req-id": uuid.uuid4().hex})

    def open_connection(self, request):
        if request.method != "POST":
            raise Refused("insecure_request")
        ticket = str(uuid.uuid4())
        self.tickets[ticket] = time.monotonic()
        self.issued.append(ticket)
        return {"url": f"{self.ticket_url}/link/?ticket={ticket}"
                       f"&app_id={slack_world.APP}"}

    def redeem(self, ticket):
        """Once, and not long after it was given."""
        made = self.tickets.pop(ticket, None)
        return made is not None and time.monotonic() - made < TICKET_S

    # --- response_url -----------------------------------------------------

    def new_response_url(self, user, channel, ts=None):
        path = f"/actions/{slack_world.TEAM}/{slack_world.token(12)}/" \
            + slack_world.token(24)
        self.world.response_urls[path] = [user, channel, ts, 0,
                                          time.monotonic()]
        return self.base + path

    async def on_response_url(self, request):
        row = self.world.response_urls.get(request.path)
        call = Call("response_url", {}, dict(request.headers))
        self.calls.append(call)
        call.status = 404
        if row is None or row[3] >= RESPONSE_URL_USES or \
                time.monotonic() - row[4] > RESPONSE_URL_S:
            return web.Response(status=404, text="expired_url")
        row[3] += 1
        try:
            call.args = json.loads(await request.text())
            blocks = check_blocks(call.args)
        except (ValueError, Refused) as error:
            call.status = 400
            return web.Response(status=400, text=str(error))
        self.respond(row, call.args, blocks)
        call.status, call.answer = 200, {"ok": True}
        return web.Response(text="ok")

    def respond(self, row, args, blocks):
        user, channel, ts = row[:3]
        self.world.read_markup("response_url", args.get("text"), blocks)
        if ts is not None and args.get("replace_original") is True:
            self.world.find(channel, ts).paint(args.get("text", ""),
                                               blocks or [])
            return
        self.world.ephemerals.append({
            "user": user, "channel": channel, "text": args.get("text", ""),
            "blocks": blocks or [], "via": "response_url"})
