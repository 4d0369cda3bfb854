"""A real assentd, and those who talk to it.

Every test starts the binary that ASSENTD names on a free port of 127.0.0.1
with a data folder of its own, and ends it by pid.
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import http.client
import http.server
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSENTD = os.environ.get("ASSENTD", str(ROOT / "build" / "assentd"))
ASSENT = os.environ.get("ASSENT", str(ROOT / "build" / "assent"))
ADMIN_KEY = "admin-key-for-tests-0123456789"

POLICIES = {
    "human": "id: human\nrequire_approval: always\n",
    "auto": "id: auto\nauto_approve_under: 100\n",
    "closed": "id: closed\ndestinations: []\n",
    "two": "id: two\nrequire_approval: always\nrequire_approvals: 2\n",
}


def wait_for(check, seconds=10, what="the condition"):
    """The first true value of check(), polled; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    """Status, headers and body of one HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """Speaks HTTP as one caller; a new connection for each request."""

    def __init__(self, port, key=None, timeout=60):
        self.port, self.key, self.timeout = port, key, timeout
        self.key_header, self.key_scheme = "Authorization", "Bearer "

    def call(self, method, path, body=None, headers=None, raw=None):
        conn = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=self.timeout)
        send = dict(headers or {})
        if self.key is not None and self.key_header not in send:
            send[self.key_header] = self.key_scheme + self.key
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            send.setdefault("Content-Type", "application/json")
        try:
            conn.request(method, path, body=data, headers=send)
            got = conn.getresponse()
            return Answer(got.status,
                          {k.lower(): v for k, v in got.getheaders()},
                          got.read())
        finally:
            conn.close()

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body=body, **kw)


class Daemon:
    """One assentd. Start, stop, kill and start again on the same folder."""

    def __init__(self, folder, env=None, policies=None, config=None):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.data = self.folder / "data"
        self.policies = self.folder / "policies"
        self.policies.mkdir(parents=True, exist_ok=True)
        for name, text in (POLICIES if policies is None else policies).items():
            (self.policies / f"{name}.yaml").write_text(text)
        self.log = self.folder / "assentd.log"
        self.out = self.folder / "assentd.out"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "ASSENT_DATA_DIR": str(self.data),
            "ASSENT_POLICY_DIR": str(self.policies),
            "ADMIN_API_KEY": ADMIN_KEY,
            "ASSENT_ALLOW_PRIVATE_TARGETS": "1",
            "LOG_LEVEL": "debug",
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        for name in ("TSAN_OPTIONS", "LLVM_PROFILE_FILE", "GCOV_PREFIX"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.env.update(env or {})
        for name in [n for n, v in self.env.items() if v is None]:
            del self.env[name]
        if config is not None:
            path = self.folder / "assent.yaml"
            path.write_text(config)
            self.env["ASSENT_CONFIG"] = str(path)
        self.process = None

    def start(self, wait=True):
        self.printed = len(self.out_text()) if self.out.exists() else 0
        out = open(self.out, "ab")
        log = open(self.log, "ab")
        self.process = subprocess.Popen([ASSENTD], env=self.env,
                                        cwd=self.folder, stdout=out,
                                        stderr=log)
        out.close()
        log.close()
        if wait:
            wait_for(self._is_up, 30, "assentd")
        return self

    def start_refused(self):
        """A start that must fail; the last line that it says."""
        self.start(wait=False)
        status, self.process = self.process.wait(30), None
        assert status == 1, (status, self.log_text()[-4000:])
        return self.log_text().splitlines()[-1]

    def _is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("assentd ended: " + self.log_text()[-3000:])
        with contextlib.suppress(OSError, http.client.HTTPException):
            return Client(self.port, timeout=5).get("/healthz").status == 200
        return False

    def stop(self, expect=0):
        """SIGTERM; the exit status must be `expect` (None: any)."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process = None
        if expect is not None:
            assert status == expect, (status, self.log_text()[-4000:])

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def hup(self):
        self.process.send_signal(signal.SIGHUP)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() \
            else ""

    def out_text(self):
        return self.out.read_text(errors="replace")

    def greeting(self):
        """What the last start has printed, when it is whole."""
        def whole():
            text = self.out_text()[self.printed:]
            return "\n  next " in text and text
        return wait_for(whole, 10, "the greeting")

    def client(self, key=None):
        return Client(self.port, key)

    @property
    def admin(self):
        return Client(self.port, ADMIN_KEY)

    def agent(self, name="bot", **fields):
        """Registers an agent and returns its client; .id is the agent's."""
        got = self.client().post("/v1/agents/register",
                                 {"name": name, **fields})
        assert got.status == 201, got
        client = self.client(got.json()["apiKey"])
        client.id = got.json()["agentId"]
        client.webhook_secret = got.json().get("webhookSecret")
        return client

    def key(self, name="rita", cls="reviewer", **fields):
        """Makes a key over the API and returns its client."""
        got = self.admin.post("/v1/keys", {"name": name, "class": cls,
                                           **fields})
        assert got.status == 201, got
        client = self.client(got.json()["apiKey"])
        client.id = got.json()["id"]
        return client

    def cli(self, *args, key=ADMIN_KEY, check=True, offline=False, stdin=None):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder),
               "ASSENT_URL": f"http://127.0.0.1:{self.port}",
               "ASSENT_DATA_DIR": str(self.data),
               "ASSENT_POLICY_DIR": str(self.policies),
               "ASAN_OPTIONS": self.env["ASAN_OPTIONS"]}
        if "ASSENT_CONFIG" in self.env:
            env["ASSENT_CONFIG"] = self.env["ASSENT_CONFIG"]
        if key is not None and not offline:
            env["ASSENT_API_KEY"] = key
        got = subprocess.run([ASSENT, *args], env=env, cwd=self.folder,
                             input=stdin, capture_output=True, text=True,
                             timeout=60)
        if check:
            assert got.returncode == 0, (args, got.stdout, got.stderr)
        return got


def seconds_of(iso):
    """An answer's time as seconds since 1970."""
    return datetime.datetime.fromisoformat(
        iso.replace("Z", "+00:00")).timestamp()


def submit(agent, policy="human", destination="mail.send", **fields):
    """Submits an intent and returns the answer's body."""
    got = agent.post("/v1/intents", {"destination": destination,
                                     "policy": policy, **fields})
    assert got.status == 200, got
    return got.json()


class Receiver:
    """A webhook endpoint that remembers what it was sent.

    `script` is a list of statuses (or callables that get the handler) used
    one a request, then 200.
    """

    def __init__(self, script=()):
        self.got, self.script = [], list(script)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                outer.got.append({"path": self.path, "body": body,
                                  "headers": {k.lower(): v for k, v in
                                              self.headers.items()},
                                  "at": time.time()})
                step = outer.script.pop(0) if outer.script else 200
                if callable(step):
                    step(self)
                    return
                headers = {}
                if isinstance(step, tuple):
                    step, headers = step
                self.send_response(step)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *peer: None  # killed senders
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()

    def wait(self, n=1, seconds=15):
        wait_for(lambda: len(self.got) >= n, seconds, f"webhook {n}")
        return self.got

    def bodies(self):
        return [json.loads(g["body"]) for g in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def sanitizer_reports(daemon):
    """Lines of a sanitizer in the daemon's log."""
    return re.findall(r"(?:ERROR: \w+Sanitizer.*|runtime error:.*|"
                      r"WARNING: ThreadSanitizer.*)", daemon.log_text())
