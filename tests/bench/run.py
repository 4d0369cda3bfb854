#!/usr/bin/python3
"""Measures assentd against what its parts can do alone, on this machine, now.

Prints one table: what was measured, its bar, and whether it was reached.
Figures of two programs are taken in turn, several times over, and what counts
is the median of the ratios of neighbours: machines change their speed. Fails
only when something could not be measured; a missed bar is printed.

Figures of the daemon alone (times, memory) depend on the machine. RSS is
resident memory; of it RssFile are mapped files, mostly libraries, which all
processes share.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from tools import (BENCH_DIR, CONNECTIONS, Daemon, Requests,  # noqa: E402
                   Unmeasured, bare_mhd, busy_s, cpu_us, harness, median,
                   memory_kb, metrics, open_loop, own_s, parked, program,
                   request, wrk)

ROUNDS = 5          # of what is compared
TIMES = 3           # of what stands alone and costs much
AGENTS = 300
PARKED = 5000
PENDING = 100000
UNKEPT = 20000      # more than the answers that the daemon keeps
SUBMITS = UNKEPT // ROUNDS  # in one run against the small database
LIFETIME_S = 900    # then the bench ends, whatever it does


class Table:
    """Rows: what, measured, p50, p99, bar, reached."""

    def __init__(self):
        self.rows = []

    def add(self, what, measured, bar="", good=None, p50="", p99=""):
        reached = "" if good is None else "yes" if good else "MISSED"
        self.rows.append((what, measured, p50, p99, bar, reached))
        print(f"  {what}: {measured} {bar} {reached}", file=sys.stderr,
              flush=True)

    def section(self, title):
        self.rows.append((title,))
        print(title, file=sys.stderr, flush=True)

    def print(self):
        head = ("", "measured", "p50", "p99", "bar", "reached")
        full = [head] + [r for r in self.rows if len(r) > 1]
        widths = [max(len(r[i]) for r in full) for i in range(len(head))]
        for row in [head] + self.rows:
            if len(row) == 1:
                print(f"\n{row[0]}")
                continue
            print("  " + "  ".join(c.ljust(w) for c, w in
                                   zip(row, widths)).rstrip())


def ms(us):
    return f"{us / 1000:.2f} ms"


def times(runs):
    """p50 and p99 of several runs, for a row."""
    return {"p50": ms(median(r["p50_us"] for r in runs)),
            "p99": ms(median(r["p99_us"] for r in runs))}


def rate(runs):
    return f"{median(r['rate'] for r in runs):,.0f}/s"


def ratio_of(ours, theirs):
    return median(a["rate"] / b["rate"] for a, b in zip(ours, theirs))


class Bench:
    def __init__(self, folder, table):
        self.folder, self.table = pathlib.Path(folder), table
        self.daemons = 0

    @contextlib.contextmanager
    def daemon(self, agents=0):
        """A daemon on an empty folder, which is removed behind it."""
        self.daemons += 1
        home = self.folder / f"d{self.daemons}"
        home.mkdir()
        made = Daemon(home)
        try:
            made.start()
            made.register(agents)
            yield made
        finally:
            if made.process is not None:
                made.kill()
            shutil.rmtree(home)

    def scratch(self):
        """An empty folder on the same disk."""
        return tempfile.TemporaryDirectory(dir=self.folder)

    def group_commit(self, batch):
        with self.scratch() as folder:
            return program("group_commit", folder, batch, 1, AGENTS)

    def fdatasync(self):
        with self.scratch() as folder:
            return program("fdatasync", folder, 1)


def cpu_each(runs):
    return f"{median(r['cpu_us'] for r in runs):.1f} us of CPU each"


def mean_of(a, b):
    return {name: (a[name] + b[name]) / 2 for name in a}


def with_cpu(process, run):
    """What run() measured, and what each request cost the server."""
    before = cpu_us(process)
    got = run()
    got["cpu_us"] = (cpu_us(process) - before) / got["n"]
    return got


def wrk_cpu(process, port, requests, seconds=1):
    return with_cpu(process, lambda: wrk(port, requests, seconds))


def poll_rows(b, kinds, bares):
    for what, _, bar, runs in kinds:
        # Each run lies between two of the bare server.
        pairs = [(run, mean_of(bares[i], bares[i + 1])) for i, run in runs]
        part = median(run["rate"] / bare["rate"] for run, bare in pairs)
        cpu = median(bare["cpu_us"] / run["cpu_us"] for run, bare in pairs)
        ours = [run for run, _ in pairs]
        b.table.add(what, f"{part:.0%} of bare, by CPU {cpu:.0%} "
                    f"({rate(ours)}, {cpu_each(ours)})",
                    *((">= 70 %", part >= 0.7) if bar else ()), **times(ours))


def poll(b):
    """The same requests, by the same wrk, to a bare libmicrohttpd."""
    b.table.section(f"Status poll, {CONNECTIONS} connections")
    with b.daemon(agents=20) as d:
        idle = memory_kb(d.process)
        d.fill(UNKEPT - 1000)
        ids = d.ids(1000)
        hot = d.polls("hot", ids[:1])
        etag = d.client(ids[0][1]).get(
            f"/v1/intents/{ids[0][0]}").headers["etag"]
        kinds = [
            ("one intent", hot, True, []),
            ("1,000 intents at random", d.polls("random", ids), True, []),
            ("one intent, If-None-Match: 304",
             d.polls("etag", ids[:1], If_None_Match=etag), True, []),
        ]
        # Apart: it drives out the answers that the others find kept.
        unkept = [("19,000 intents: no answer is kept",
                   d.polls("unkept", d.ids(UNKEPT - 1000)), False, [])]
        bares = []
        with bare_mhd() as (process, port):
            for kind in kinds * ROUNDS + unkept * ROUNDS:
                bares.append(wrk_cpu(process, port, hot))
                kind[-1].append((len(bares) - 1, wrk_cpu(
                    d.process, d.port, kind[1])))
            bares.append(wrk_cpu(process, port, hot))
        b.table.add("bare libmicrohttpd \"hello\"",
                    f"{rate(bares)}, {cpu_each(bares)}", **times(bares))
        poll_rows(b, kinds + unkept, bares)
    return idle


def submit_run(b, policy):
    """One run on an empty database; also gives the jobs of a commit."""
    with b.daemon(AGENTS) as d:
        requests = d.submits(policy)
        before = metrics(d)
        got = wrk_cpu(d.process, d.port, requests, 2)
        after = metrics(d)
        got["batch"] = (
            (after["assent_commit_jobs_total"] -
             before["assent_commit_jobs_total"]) /
            (after["assent_commits_total"] - before["assent_commits_total"]))
    return got


def submit(b):
    b.table.section(f"Submit, durable before the answer, {CONNECTIONS} "
                    f"connections")
    runs = {n: [] for n in ("waits", "auto", "same", "full", "sync")}
    for _ in range(ROUNDS):
        got = submit_run(b, "refund")
        runs["waits"].append(got)
        runs["same"].append(b.group_commit(max(1, round(got["batch"]))))
        runs["full"].append(b.group_commit(CONNECTIONS))
        runs["sync"].append(b.fdatasync())
        runs["auto"].append(submit_run(b, "small"))
    submit_rows(b.table, runs)


def submit_rows(t, runs):
    batch = median(r["batch"] for r in runs["waits"])
    syncs = runs["sync"]
    t.add("fdatasync of 4 KiB", rate(syncs),
          p50=ms(median(r["p50"] for r in syncs)),
          p99=ms(median(r["p99"] for r in syncs)))
    t.add(f"SQLite alone, {CONNECTIONS} intents a commit", rate(runs["full"]))
    t.add(f"SQLite alone, {batch:.0f} intents a commit", rate(runs["same"]))
    for name, what in (("waits", "waits for people"),
                       ("auto", "approved by policy")):
        ours = runs[name]
        t.add(what, f"{rate(ours)}, {cpu_each(ours)}, "
              f"{median(r['batch'] for r in ours):.0f} a commit",
              **times(ours))
        part = ratio_of(ours, syncs)
        t.add("  against fdatasync", f"{part:.1f} times", ">= 3.3 times",
              part >= 10 / 3)
        if name == "waits":
            part = ratio_of(ours, runs["same"])
            t.add("  against SQLite, same commits", f"{part:.0%}",
                  ">= 60 %", part >= 0.6)
            part = ratio_of(ours, runs["full"])
            t.add(f"  against SQLite, {CONNECTIONS} a commit",
                  f"{part:.0%}", ">= 60 %", part >= 0.6)


def single(b):
    b.table.section("Submit, one at a time, and at random moments")
    with b.daemon(AGENTS) as d:
        requests = d.submits()
        alone, sync = [], []
        for _ in range(TIMES):
            sync.append(b.fdatasync())
            alone.append(open_loop(d.port, requests, 0, 2, connections=1))
        over = median(a["p50_us"] - s["p50"] for a, s in zip(alone, sync))
        b.table.add("one connection: p50 over fdatasync's", ms(over),
                    "<= 1 ms", over <= 1000, **times(alone))
        for per_s in (1000, 3000):
            runs = [open_loop(d.port, requests, per_s, 3)
                    for _ in range(ROUNDS)]
            p99 = median(r["p99_us"] for r in runs)
            p999 = median(r["p999_us"] for r in runs)
            bar = ("p99 <= 10 ms", p99 <= 10000) if per_s == 3000 else ()
            b.table.add(f"{per_s:,}/s open loop", f"p99.9 {ms(p999)}",
                        *bar, **times(runs))


def parked_kb(b, asked_before):
    """What each parked reply holds, in kB, and others' polls meanwhile."""
    with b.daemon(20) as d, b.daemon(20) as idle:
        both = []
        for one in (d, idle):
            one.fill(1000)
            both.append(one.polls("hot", one.ids(1)))
            wrk(one.port, both[-1], 1)
        before = memory_kb(d.process)["VmRSS"]
        ids = d.ids(1000) * (PARKED // 1000)
        asks = d.polls("before", ids).requests if asked_before else []
        waits = Requests(d.folder, "waits", asks + [
            request("GET", f"/v1/intents/{i}?wait=50", key)
            for i, key in ids])
        with parked(d.port, waits, PARKED):
            harness.wait_for(lambda: metrics(d)["assent_parked_requests"] ==
                             PARKED, 20, "parked replies")
            each = (memory_kb(d.process)["VmRSS"] - before) / PARKED
            with_, without = [], []
            for _ in range(0 if asked_before else ROUNDS):
                without.append(wrk_cpu(idle.process, idle.port, both[1]))
                with_.append(wrk_cpu(d.process, d.port, both[0]))
    return each, with_, without


def waiting(b):
    b.table.section(f"{PARKED:,} replies that wait for a change")
    each, with_, without = parked_kb(b, False)
    used, _, _ = parked_kb(b, True)
    more = median(a["cpu_us"] / w["cpu_us"] for a, w in zip(with_, without))
    b.table.add("CPU of other polls",
                f"{more - 1:+.0%} "
                f"({median(r['cpu_us'] for r in with_):.1f} against "
                f"{median(r['cpu_us'] for r in without):.1f} us)",
                "<= +25 %", more <= 1.25, **times(with_))
    b.table.add("resident memory of each, on new connections",
                f"{each:.1f} kB", "<= 8 kB", each <= 8)
    b.table.add("  on connections that asked before", f"{used:.1f} kB",
                "<= 8 kB", used <= 8)


def click(b, d, ids):
    """A reviewer's key approves; answered means durable."""
    rita = d.key("rita")
    runs = []
    for i in range(TIMES):
        requests = Requests(d.folder, f"click{i}", [
            request("POST", f"/v1/intents/{intent}/approve", rita.key, {})
            for intent, _ in ids[i::TIMES]])
        runs.append(open_loop(d.port, requests, 50, 5, 8, once=True))
    p99 = median(r["p99_us"] for r in runs)
    b.table.add("approve, 50/s", f"p99.9 "
                f"{ms(median(r['p999_us'] for r in runs))}",
                "p99 <= 250 ms", p99 <= 250000, **times(runs))


def is_ready(port):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        conn.request("GET", "/readyz")
        got = conn.getresponse()
        return got.status == 200 and json.loads(got.read())
    except (OSError, http.client.HTTPException):
        return False
    finally:
        conn.close()


def start_s(d):
    """Seconds from exec to the first good /readyz."""
    before = time.monotonic()
    d.start(wait=False)
    while not is_ready(d.port):
        if time.monotonic() > before + 60 or d.process.poll() is not None:
            raise Unmeasured("assentd does not get ready")
        time.sleep(0.002)
    return time.monotonic() - before


def restarts(b, d):
    for what, end in (("SIGTERM", d.stop), ("kill -9", d.kill)):
        took = []
        for _ in range(TIMES):
            end()
            took.append(start_s(d))
        b.table.add(f"start to ready, after {what}", f"{median(took):.2f} s",
                    "<= 2 s", median(took) <= 2)


def compare(b, what, ours, theirs):
    """Two that are measured in turn; ours has the many intents."""
    full, empty = [], []
    for _ in range(ROUNDS):
        empty.append(theirs())
        full.append(ours())
    part = ratio_of(full, empty)
    cpu = median(e["cpu_us"] / f["cpu_us"] for f, e in zip(full, empty))
    b.table.add(what, f"{part:.0%} of empty, by CPU {cpu:.0%} ({rate(full)})",
                ">= 80 %", part >= 0.8, **times(full))


def compare_polls(b, what, name, n, pair):
    compare(b, what, *[
        lambda d=d, polls=d.polls(name, d.ids(n)):
            wrk_cpu(d.process, d.port, polls) for d in pair])


def compare_submits(b, what, pair):
    """So few at a time that the small database stays small."""
    compare(b, what, *[
        lambda d=d, submits=d.submits(n=SUBMITS): with_cpu(
            d.process, lambda: open_loop(d.port, submits, 0, 50, CONNECTIONS,
                                         once=True)) for d in pair])


def crowded(b):
    b.table.section(f"{PENDING:,} intents pending, against an empty database")
    with b.daemon(AGENTS) as d, b.daemon(AGENTS) as small:
        d.fill(PENDING)
        if metrics(d)['assent_intents{state="pending"}'] < PENDING:
            raise Unmeasured("not all intents were taken")
        filled = memory_kb(d.process)
        restarts(b, d)
        compare_submits(b, "submit, waits for people", (d, small))
        compare_polls(b, "poll, 1,000 intents at random", "random", 1000,
                      (d, small))
        compare_polls(b, f"poll, {UNKEPT:,}: no answer is kept", "unkept",
                      UNKEPT, (d, small))
        polled = memory_kb(d.process)
        click(b, d, d.ids(750))
        used = memory_kb(d.process)
    return filled, polled, used


def memory(b, idle, crowded_kb):
    b.table.section("Resident memory")

    def row(what, m, bar_mb):
        b.table.add(what, f"{m['VmRSS'] / 1024:.1f} MB, of it "
                    f"{(m['RssFile'] + m['RssShmem']) / 1024:.1f} MB shared",
                    f"<= {bar_mb} MB", m["VmRSS"] <= bar_mb * 1024)

    row("idle", idle, 30)
    for what, m in zip(("filled", "restarted, after submits and polls",
                        "after approvals too"), crowded_kb):
        row(f"{PENDING:,} pending, {what}", m, 64)


def binary(b):
    path = pathlib.Path(harness.ASSENTD)
    libs = subprocess.run(["ldd", path], text=True, check=True,
                          capture_output=True).stdout
    missing = "not found" in libs or "not a dynamic" in libs
    b.table.section("Binary")
    b.table.add("assentd", f"{path.stat().st_size / 1e6:.1f} MB with symbols, "
                f"{libs.count(' => ')} shared libraries",
                "shared libraries alone", not missing)


SECTIONS = (poll, submit, single, waiting, crowded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", choices=[s.__name__ for s in SECTIONS])
    args = parser.parse_args()
    signal.alarm(LIFETIME_S)
    started, load = time.monotonic(), os.getloadavg()
    busy, own = busy_s(), own_s()
    table = Table()
    found = {}
    with tempfile.TemporaryDirectory(dir=BENCH_DIR) as folder:
        bench = Bench(folder, table)
        for section in SECTIONS:
            if args.only in (None, section.__name__):
                found[section] = section(bench)
        if poll in found and crowded in found:
            memory(bench, found[poll], found[crowded])
        binary(bench)
    took = time.monotonic() - started
    others = (busy_s()[0] - busy[0] - own_s() + own) / took / os.cpu_count()
    stolen = (busy_s()[1] - busy[1]) / took / os.cpu_count()
    print(f"\n{os.cpu_count()} processors, load average {load[0]:.2f} before, "
          f"{os.getloadavg()[0]:.2f} after, others' part of them "
          f"{max(0, others):.0%}, stolen {stolen:.0%}; {took:.0f} s\n")
    table.print()


if __name__ == "__main__":
    try:
        main()
    except (Unmeasured, AssertionError, subprocess.SubprocessError,
            OSError) as e:
        sys.exit(f"not measured: {e}")
