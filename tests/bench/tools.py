"""What the bench measures with: load generators, and the system's counters."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BENCH_DIR = pathlib.Path(os.environ.get(
    "BENCH_DIR", harness.ROOT / "build" / "release" / "bench"))
REFUND = (harness.ROOT / "policies" / "refund.yaml").read_text()
POLICIES = {"refund": REFUND,
            "small": REFUND.replace("id: refund", "id: small").replace(
                "require_approval: always", "auto_approve_under: 100")}
CONNECTIONS = 64
UNITS_US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}

median = statistics.median


class Unmeasured(Exception):
    """A figure that could not be had; the bench fails."""


def program(name, *args, timeout=60):
    """Runs one of the C programs beside this file; its line as numbers."""
    got = subprocess.run([BENCH_DIR / name, *map(str, args)], text=True,
                         capture_output=True, timeout=timeout)
    if got.returncode != 0:
        raise Unmeasured(f"{name} {args}: {got.stderr}")
    words = got.stdout.split()
    return dict(zip((w.lower() for w in words[::2]), map(float, words[1::2])))


class Requests:
    """A file of requests, as wrk and open_loop take them."""

    def __init__(self, folder, name, requests):
        self.path = pathlib.Path(folder) / f"{name}.requests"
        self.requests = list(requests)
        with open(self.path, "wb") as file:
            for r in self.requests:
                file.write(b"%d\n%s" % (len(r), r))


def busy_s():
    """Seconds that the processors were busy, and that others kept them from
    this machine (proc(5), /proc/stat)."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def own_s():
    """Seconds of processor time of this process and those it waited for."""
    return sum(r.ru_utime + r.ru_stime for r in (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN)))


def request(method, path, key, body=None, **headers):
    """The bytes of one request."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1",
             f"Authorization: Bearer {key}"]
    lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
    if data:
        lines += ["Content-Type: application/json",
                  f"Content-Length: {len(data)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def wrk(port, requests, seconds, connections=CONNECTIONS):
    """A closed loop: rate, p50_us and p99_us."""
    got = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "-s", HERE / "requests.lua", f"http://127.0.0.1:{port}/"],
        env={**os.environ, "REQUESTS": str(requests.path)}, text=True,
        capture_output=True, timeout=seconds + 30)
    text = got.stdout
    if got.returncode != 0 or "Socket errors" in text:
        raise Unmeasured(f"wrk: {text} {got.stderr}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if refused:
        raise Unmeasured(f"{refused[1]} requests of {requests.path.name} "
                         f"were refused")
    out = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
           "n": int(re.search(r"(\d+) requests in", text)[1])}
    for p in (50, 99):
        value, unit = re.search(rf"{p}%\s+([\d.]+)(\w+)", text).groups()
        out[f"p{p}_us"] = float(value) * UNITS_US[unit]
    return out


def open_loop(port, requests, rate, seconds, connections=256, once=False):
    """Random arrivals: p50, p99 and p999 in us from the due moment. With rate
    0 a closed loop."""
    got = program("open_loop", port, connections, rate, seconds,
                  requests.path, *(["once"] if once else []),
                  timeout=seconds + 60)
    if got["bad"] or got["done"] == 0 or (rate and got["left"]):
        raise Unmeasured(f"open_loop {requests.path.name}: {got}")
    return {"p50_us": got["p50"], "p99_us": got["p99"],
            "p999_us": got["p999"], "n": got["done"],
            "rate": got["done"] / got["seconds"]}


@contextlib.contextmanager
def bare_mhd():
    """libmicrohttpd and nothing else; gives its process and port."""
    process = subprocess.Popen([BENCH_DIR / "bare_mhd", "0"], text=True,
                               stdout=subprocess.PIPE)
    try:
        word, port = process.stdout.readline().split()
        assert word == "ready"
        yield process, int(port)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextlib.contextmanager
def parked(port, requests, n):
    """n connections that each wait for their answer."""
    process = subprocess.Popen(
        [BENCH_DIR / "open_loop", str(port), str(n), "0", "50",
         requests.path], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def cpu_us(process):
    """Time that all threads of a process spent on a processor."""
    total = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


def memory_kb(process):
    """VmRSS, and how much of it is RssFile: mapped files, which all processes
    share."""
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return {name: int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])
            for name in ("VmRSS", "RssAnon", "RssFile", "RssShmem")}


def metrics(daemon):
    """/metrics as a dictionary."""
    text = daemon.client().get("/metrics").body.decode()
    return {name: float(value) for name, value in
            re.findall(r"^(\S+) (\S+)$", text, re.M)}


class Daemon(harness.Daemon):
    """assentd as it is run: default log level, the policies that ship."""

    def __init__(self, folder):
        super().__init__(folder, env={"LOG_LEVEL": None}, policies=POLICIES)
        self.agents = []

    def register(self, n):
        self.agents = [self.agent(f"bot{i}") for i in range(n)]

    def submits(self, policy="refund", n=None):
        """Submits of each agent in turn: one may have a thousand open."""
        body = {"destination": "stripe.refund", "policy": policy,
                "payload": {"order": 7, "amount": "19.90", "currency": "EUR",
                            "note": "arrived broken, customer sent photos"},
                "title": "Refund order 7", "recordCount": 1,
                "metadata": {"environment": "production"}}
        each = [request("POST", "/v1/intents", a.key, body)
                for a in self.agents]
        return Requests(self.folder, f"submit-{policy}",
                        itertools.islice(itertools.cycle(each),
                                         n or len(each)))

    def fill(self, n):
        """n more intents that wait for people."""
        open_loop(self.port, self.submits(n=n), 0, 50, CONNECTIONS, once=True)

    def ids(self, n):
        """n intents that wait, at random, each with its agent's key."""
        keys = {a.id: a.key for a in self.agents}
        path = urllib.parse.quote(str(self.data / "assent.db"))
        with contextlib.closing(
                sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT id, agent_id FROM intent WHERE state = 'pending' "
                "ORDER BY random() LIMIT ?", (n,)).fetchall()
        if len(rows) < n:
            raise Unmeasured(f"{len(rows)} of {n} intents")
        return [(i, keys[agent]) for i, agent in rows]

    def polls(self, name, ids, **headers):
        return Requests(self.folder, name, [
            request("GET", f"/v1/intents/{i}", key, **headers)
            for i, key in ids])
