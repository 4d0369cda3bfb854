"""Discord's HTTP API: who may call what how often, and what goes wrong.

The routes themselves are in discord_routes.py. A test may script faults:

    rest.fault("create", "bad_gateway")          before anything is done
    rest.fault("create", "lost")                 done, but the answer is lost
    rest.fault("create", "after", status=502)    done, but answered so
    rest.fault("create", "user", retry_after=0.4)
    rest.fault("edit", "ban", n=2)

Kinds: bad_gateway drop answer (status, code, words) before the effect; lost
after (status, code, words) hang behind it; user shared global ban ban403 are
those of 429; slow (seconds) only waits.
"""

import asyncio
import email
import email.policy
import email.utils
import hashlib
import json
import re
import time
import traceback

from aiohttp import web

from discord_agent import looks_like_a_bot
from discord_wire import reset
from discord_world import Clock

BASE = "/api/v10"
VIA = {"Via": "1.1 google"}
INVALID_MAX, INVALID_WINDOW_S = 10000, 600
IN_FLIGHT_S = 0.2  # what was sent before a 429 was read is no storm
BODY_MAX = 25 * 1024 * 1024
BANNED_PAGE = "<!DOCTYPE html><html><body>error code: 1015</body></html>"


class Problem(Exception):
    """An answer other than 2xx."""

    def __init__(self, status, code, words, body=None):
        super().__init__(words)
        self.status = status
        self.body = body or {"message": words, "code": code}


class Lost(Exception):
    """No answer: the connection is reset."""


class Request:
    """One request as the routes see it, and as tests find it afterwards."""

    def __init__(self, method, path, headers, raw):
        self.method, self.path, self.headers = method, path, headers
        self.raw, self.at, self.wall = raw, time.monotonic(), time.time()
        self.route, self.args, self.query = None, {}, {}
        self.json, self.files = None, {}
        self.status, self.answer = None, None
        self.peer = None

    def __repr__(self):
        return f"<{self.method} {self.path[:60]} {self.status} {self.json}>"


class Limits:
    """Buckets: hash of the route and its major parameter."""

    def __init__(self, rest):
        self.rest = rest
        self.buckets = {}   # key: [used, resets at]
        self.parked = {}    # key or "global": since, until
        self.size = {"create": (5, 5.0), "edit": (5, 5.0)}
        self.other = (50, 1.0)
        self.global_max = 50
        self.global_times = []

    @staticmethod
    def hash(route):
        return hashlib.md5(route.name.encode()).hexdigest()

    def key(self, req):
        return req.route.name, req.args.get(req.route.major)

    def take(self, req):
        """The headers of the answer; raises the 429."""
        now, key = time.monotonic(), self.key(req)
        limit, window = self.size.get(req.route.name, self.other)
        for name in ((key,) if req.route.free else (key, "global")):
            since, until = self.parked.get(name, (0, 0))
            if until > now:
                if now > since + IN_FLIGHT_S:
                    self.rest.violation(
                        f"{req.method} {req.route.name} {until - now:.3f} s "
                        f"before the {name} limit ends")
                self.refuse(req, until - now, "global" if name == "global"
                            else "user")
        if not req.route.free:
            self.global_times = [t for t in self.global_times
                                 if t > now - 1.0] + [now]
            if len(self.global_times) > self.global_max:
                self.parked["global"] = (now, now + 1.0)
                self.refuse(req, 1.0, "global")
        used, resets = self.buckets.get(key, (0, 0))
        if now >= resets:
            used, resets = 0, now + window
        self.buckets[key] = (used + 1, resets)
        if used + 1 > limit:
            self.refuse(req, resets - now, "user", self._headers(
                req, limit, 0, resets - now))
        return self._headers(req, limit, limit - used - 1, resets - now)

    def _headers(self, req, limit, left, after):
        return {"X-RateLimit-Limit": str(limit),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": f"{time.time() + after - 9000:.3f}",
                "X-RateLimit-Reset-After": f"{after:.3f}",
                "X-RateLimit-Bucket": self.hash(req.route)}

    def refuse(self, req, after, scope, headers=None):
        """The reset time above is a lie on purpose: clocks differ."""
        shown = {**(headers or {}), **VIA, "X-RateLimit-Scope": scope,
                 "Retry-After": str(max(1, int(after + 0.999)))}
        if scope == "global":
            shown["X-RateLimit-Global"] = "true"
        raise Limited(shown, {
            "message": "You are being rate limited.",
            "retry_after": round(after, 3), "global": scope == "global"})

    def park(self, req, kind, after):
        """A scripted 429, which holds for all that come before its end."""
        key = "global" if kind == "global" else self.key(req)
        if kind != "shared":
            now = time.monotonic()
            self.parked[key] = (now, now + after)
        self.refuse(req, after, kind, self._headers(
            req, 5, 3 if kind == "shared" else 0, after))


class Limited(Exception):
    def __init__(self, headers, body):
        super().__init__("429")
        self.headers, self.body = headers, body


class Rest:
    def __init__(self, discord, routes):
        self.discord, self.routes = discord, routes
        self.limits = Limits(self)
        self.requests, self.faults = [], []
        self.invalid = []       # times of 401, 403, 429
        self.banned_until = 0
        self.gone = False       # every connection is reset at once
        self.port, self.runner = 0, None
        self.hanging = asyncio.Event()

    # --- for tests ----------------------------------------------------------

    def fault(self, route, kind, n=1, when=None, **more):
        """The next n requests of this route (for which `when` holds)."""
        self.faults.append({"route": route, "kind": kind, "n": n,
                            "when": when, **more})

    def of(self, route, status=None):
        return [r for r in self.requests if r.route is not None and
                r.route.name == route and status in (None, r.status)]

    def violation(self, words):
        self.discord.violations.append("rest: " + words)

    # --- the server ---------------------------------------------------------

    async def open(self):
        app = web.Application(client_max_size=BODY_MAX + 65536)
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

    async def _handle(self, request):
        raw = await request.read()
        req = Request(request.method, request.path, request.headers, raw)
        req.query = dict(request.query)
        req.peer = request.transport.get_extra_info("peername")
        self.requests.append(req)
        try:
            if self.gone:
                raise Lost
            status, body, headers = await self._answer(req)
        except Lost:
            req.status = 0
            if request.transport is not None:
                reset(request.transport)
            await asyncio.sleep(3600)
        req.status, req.answer = status, body
        self._count(status, headers)
        headers["Date"] = email.utils.formatdate(Clock.now(), usegmt=True)
        if status == 204:
            return web.Response(status=204, headers=headers)
        if isinstance(body, str):
            return web.Response(status=status, text=body, headers=headers,
                                content_type="text/html")
        return web.Response(status=status, text=json.dumps(body),
                            headers=headers,
                            content_type="application/json")

    def _count(self, status, headers):
        now = time.monotonic()
        if status not in (401, 403, 429) or \
                headers.get("X-RateLimit-Scope") == "shared":
            return
        self.invalid = [t for t in self.invalid
                        if t > now - INVALID_WINDOW_S] + [now]
        if len(self.invalid) >= INVALID_MAX:
            self.violation("10,000 invalid requests in 10 minutes")
            self.banned_until = now + 3600

    async def _answer(self, req):
        """(status, body, headers)"""
        headers = dict(VIA)
        try:
            if time.monotonic() < self.banned_until:
                self.violation("a request while banned")
                return 429, BANNED_PAGE, {}
            self._who(req)
            self._find(req)
            step = self._step(req)
            answer = await self._scripted(step, req)
            if answer is not None:
                return answer
            headers.update(self.limits.take(req))
            if req.route.auth:
                self._authorise(req)
            self._read(req)
            status, body = self._run(req)
        except Limited as limited:
            return 429, limited.body, limited.headers
        except Problem as problem:
            return problem.status, problem.body, headers
        return await self._behind(step, status, body, headers)

    def _run(self, req):
        try:
            return req.route.run(self.discord, req)
        except (Problem, Lost):
            raise
        except Exception:
            traceback.print_exc()
            self.violation(f"the fake itself fails at {req}")
            raise Problem(500, 0, "500: Internal Server Error") from None

    # --- what every request must have ---------------------------------------

    def _who(self, req):
        if not looks_like_a_bot(req.headers.get("User-Agent")):
            self.violation(f"User-Agent {req.headers.get('User-Agent')!r}")
            raise Problem(403, 40333, "internal network error")

    def _find(self, req):
        if not req.path.startswith(BASE + "/"):
            self.violation(f"not below {BASE}: {req.path[:40]}")
            raise Problem(404, 0, "404: Not Found")
        path, known = req.path[len(BASE):], False
        for route in self.routes:
            found = re.fullmatch(route.pattern, path)
            if found:
                known = True
                if route.method == req.method:
                    req.route, req.args = route, found.groupdict()
                    return
        if known:
            raise Problem(405, 0, "405: Method Not Allowed")
        raise Problem(404, 0, "404: Not Found")

    def _authorise(self, req):
        if req.headers.get("Authorization") != f"Bot {self.discord.token}":
            raise Problem(401, 0, "401: Unauthorized")

    def _read(self, req):
        if req.method in ("GET", "DELETE"):
            if req.raw:
                self.violation(f"a body with {req.method}")
            return
        said = req.headers.get("Content-Type", "")
        kind = said.split(";")[0].strip()
        if kind == "multipart/form-data":
            self._read_form(req, said)
        elif kind == "application/json":
            self._parse(req, req.raw)
        elif req.raw:
            self.violation(f"Content-Type {kind!r}")
            raise Problem(400, 50035, "", {
                "message": "Invalid Form Body", "code": 50035, "errors": {
                    "_errors": [{
                        "code": "CONTENT_TYPE_INVALID", "message":
                        "Expected \"Content-Type\" header to be one of "
                        "{'application/json'}."}]}})

    def _read_form(self, req, said):
        form = email.message_from_bytes(
            f"Content-Type: {said}\r\n\r\n".encode() + req.raw,
            policy=email.policy.HTTP)
        text = b"{}"
        for part in form.iter_parts():
            name = part.get_param("name", header="Content-Disposition")
            index = re.fullmatch(r"files\[(\d+)\]", name or "")
            if name == "payload_json":
                text = part.get_payload(decode=True)
            elif index:
                req.files[index[1]] = (part.get_filename(),
                                       part.get_payload(decode=True))
            else:
                self.violation(f"form part {name!r}")
        self._parse(req, text)

    def _parse(self, req, raw):
        try:
            req.json = json.loads(raw.decode("utf-8"))
            json.dumps(req.json, ensure_ascii=False).encode("utf-8")
        except ValueError:
            raise Problem(400, 50109, "The request body contains invalid "
                          "JSON.") from None
        if not isinstance(req.json, dict):
            raise Problem(400, 50035, "Invalid Form Body")

    # --- scripted faults ----------------------------------------------------

    def _step(self, req):
        for step in self.faults:
            if step["route"] in ("*", req.route.name) and (
                    step["when"] is None or step["when"](req)):
                step["n"] -= 1
                if step["n"] <= 0:
                    self.faults.remove(step)
                return step
        return None

    async def _scripted(self, step, req):
        """The answer of a fault that comes before the effect."""
        kind = step["kind"] if step else None
        if kind == "slow":
            await asyncio.sleep(step["seconds"])
        elif kind == "drop":
            raise Lost
        elif kind == "bad_gateway":
            return step.get("status", 502), \
                "<html><h1>502 Bad Gateway</h1></html>", dict(VIA)
        elif kind == "answer":
            return step["status"], {"message": step.get("words", ""),
                                    "code": step.get("code", 0)}, dict(VIA)
        elif kind in ("user", "shared", "global"):
            self.limits.park(req, kind, step["retry_after"])
        elif kind == "ban":
            return 429, BANNED_PAGE, {}
        elif kind == "ban403":
            return 403, {"code": 0, "message": "You are being blocked from "
                         "accessing our API temporarily due to exceeding "
                         "our rate limits frequently."}, {}
        return None

    async def _behind(self, step, status, body, headers):
        """The answer of a fault that comes behind the effect."""
        kind = step["kind"] if step else None
        if kind == "lost":
            raise Lost
        if kind == "hang":
            await self.hanging.wait()
        elif kind == "after" and "code" not in step:
            return step["status"], "<html>bad gateway</html>", headers
        elif kind == "after":
            return step["status"], {"message": step["words"],
                                    "code": step["code"]}, headers
        return status, body, headers
