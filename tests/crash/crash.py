#!/usr/bin/python3
"""Kills assentd with SIGKILL at random moments under load, and checks that
nothing that was acknowledged is lost or done twice.

After every kill the daemon starts again on the same folder, and everything
that it acknowledged in the round before is read back. At the end every
webhook must have arrived, each under one id, and the audit chain must verify.
"""

import argparse
import http.client
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

WORKERS = 6
ENDS = {"approve": "approved", "reject": "blocked"}


class Caller:
    """One keep-alive connection; a call that gets no answer gives None."""

    def __init__(self, port, key):
        self.port, self.key, self.conn = port, key, None

    def call(self, method, path, body=None):
        try:
            if self.conn is None:
                self.conn = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=20)
            self.conn.request(method, path, json.dumps(body or {}),
                              {"Authorization": f"Bearer {self.key}",
                               "Content-Type": "application/json"})
            got = self.conn.getresponse()
            return got.status, json.loads(got.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self.conn is not None:
                self.conn.close()
            self.conn = None
            return None


class Rig:
    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.receiver = harness.Receiver()
        self.daemon = harness.Daemon(folder, env={
            "LOG_LEVEL": "warn",
            "ASSENT_WEBHOOK_RETRY_S": "0.2,0.5,1,2,5,5,5,5"})
        self.daemon.start()
        self.agents = [self.daemon.agent(f"bot{i}") for i in range(WORKERS)]
        self.reviewer = self.daemon.key("rita")
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.fresh = {}     # acknowledged since the last check: id -> facts
        self.known = {}     # all that was ever acknowledged
        self.number = 0
        self.counts = {"submit": 0, "decide": 0, "lease": 0, "report": 0}

    def note(self, intent, kind, **facts):
        with self.lock:
            self.fresh.setdefault(intent, {}).update(facts)
            self.counts[kind] += 1

    def next_key(self, worker):
        with self.lock:
            self.number += 1
            return f"k{worker}-{self.number}"

    def one_road(self, worker, agent, reviewer):
        """One intent from submit to report, until an answer is missing."""
        key = self.next_key(worker)
        got = agent.call("POST", "/v1/intents", {
            "destination": "mail.send", "policy": "human", "payload": key,
            "idempotency_key": key, "callback_url": self.receiver.url})
        if got is None or got[0] != 200:
            return got
        intent = got[1]["intentId"]
        self.note(intent, "submit", key=key, agent=agent.key)
        verb = "reject" if worker == 0 else "approve"
        got = reviewer.call("POST", f"/v1/intents/{intent}/{verb}")
        if got is None or got[0] != 200:
            return got
        self.note(intent, "decide", decided=ENDS[verb])
        if verb == "reject":
            return got
        got = agent.call("POST", f"/v1/intents/{intent}/execute")
        if got is None or got[0] != 201:
            return got
        execution = got[1]["executionId"]
        self.note(intent, "lease", execution=execution)
        got = agent.call("POST", f"/v1/executions/{execution}/report",
                         {"status": "succeeded", "result": {"n": key}})
        if got is not None and got[0] == 200:
            self.note(intent, "report", reported=True)
        return got

    def work(self, worker):
        agent = Caller(self.daemon.port, self.agents[worker].key)
        reviewer = Caller(self.daemon.port, self.reviewer.key)
        while not self.stopping.is_set():
            got = self.one_road(worker, agent, reviewer)
            assert got is None or got[0] in (200, 201, 503), got
            if got is None:
                return

    def round(self):
        """Load, a kill at a random moment, a start, a look."""
        self.stopping.clear()
        threads = [threading.Thread(target=self.work, args=(i,))
                   for i in range(WORKERS)]
        for t in threads:
            t.start()
        time.sleep(self.random.uniform(0.02, 0.35))  # the random moment
        self.daemon.kill()
        self.stopping.set()
        for t in threads:
            t.join()
        self.daemon.start()
        self.check(self.fresh)
        self.known.update(self.fresh)
        self.fresh = {}

    def check(self, acknowledged):
        reader = Caller(self.daemon.port, harness.ADMIN_KEY)
        for intent, facts in acknowledged.items():
            got = reader.call("GET", f"/v1/intents/{intent}")
            assert got is not None and got[0] == 200, (intent, facts, got)
            row = got[1]
            assert row["idempotency_key"] == facts["key"], (facts, row)
            if "reported" in facts:
                assert row["status"] == "succeeded", (facts, row)
            elif "execution" in facts:
                assert row["status"] in ("scheduled", "succeeded"), row
                assert row["execution"]["executionId"] == \
                    facts["execution"], row
            elif "decided" in facts:
                assert row["status"] in (
                    facts["decided"], "scheduled", "succeeded"), (facts, row)
            types = [e["type"] for e in row["auditTrail"]]
            for once in ("submitted", "approved", "denied",
                         "execution_leased", "execution_succeeded"):
                assert types.count(once) <= 1, (once, types)

    def repeats(self):
        """A repeated submit is refused: nothing was stored twice."""
        sample = self.random.sample(sorted(self.known),
                                    min(50, len(self.known)))
        for intent in sample:
            facts = self.known[intent]
            got = Caller(self.daemon.port, facts["agent"]).call(
                "POST", "/v1/intents", {
                    "destination": "mail.send", "policy": "human",
                    "idempotency_key": facts["key"]})
            assert got[0] == 409 and got[1]["intentId"] == intent, got

    def webhooks(self):
        """Every decision and report arrived, each under one id."""
        def missing():
            ids = {}
            for body in self.receiver.bodies():
                ids.setdefault((body["intentId"], body["event"]),
                               set()).add(body["deliveryId"])
            for pair, of_pair in ids.items():
                assert len(of_pair) == 1, (pair, of_pair)
            return [i for i, facts in self.known.items()
                    if ("decided" in facts and
                        (i, "approved") not in ids and
                        (i, "rejected") not in ids) or
                    ("reported" in facts and
                     (i, "execution_succeeded") not in ids)]

        # A lease that a kill orphaned runs out by itself; waiting for that
        # would take minutes, so the clock of the rows is moved on.
        self.daemon.stop(expect=None)
        expire_leases(self.daemon)
        self.daemon.start()
        harness.wait_for(lambda: not missing(), 120, "every webhook")

    def finish(self):
        self.check(self.known)
        self.repeats()
        self.webhooks()
        self.daemon.cli("audit", "verify")
        self.daemon.stop()
        assert harness.sanitizer_reports(self.daemon) == []
        self.receiver.close()


def expire_leases(daemon):
    import sqlite3
    db = sqlite3.connect(daemon.data / "assent.db")
    db.execute("UPDATE delivery SET due_ms = 0 WHERE state = 'leased'")
    db.commit()
    db.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 32))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(folder, args.seed)
        try:
            for n in range(args.kills):
                rig.round()
                if (n + 1) % 50 == 0:
                    print(f"{n + 1} kills, {rig.counts}", flush=True)
            rig.finish()
        finally:
            if rig.daemon.process is not None:
                rig.daemon.kill()
    print(f"{args.kills} kills, {len(rig.known)} intents, {rig.counts}, "
          f"{len(rig.receiver.got)} webhooks: nothing lost, nothing twice")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
