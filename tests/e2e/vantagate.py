"""Checkpoints, as a VantaGate client asks for them and reads them."""

import contextlib
import hashlib
import json
import sqlite3

import harness

CREATE = "/v1/checkpoint"


def canonical(payload):
    """RFC 8785 of what the tests send: no reals, ASCII names."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False).encode()


def as_client(client):
    """The client, with its key where VantaGate's have it."""
    client.key_header, client.key_scheme = "X-API-KEY", ""
    return client


class Checkpoint:
    """One that was asked for, and what its agent may do with it."""

    def __init__(self, agent, payload=None, title="Refund", **fields):
        self.agent = agent
        self.payload = {"order": 7} if payload is None else payload
        got = agent.post(CREATE, {"title": title, "payload": self.payload,
                                  **fields})
        assert got.status == 202, got
        self.answer = got.json()
        self.id = self.answer["id"]
        self.intent = "int_" + self.id.removeprefix("chk_")
        self.token = self.answer["secure_token"]

    def poll(self):
        got = self.agent.get(f"{CREATE}/{self.id}")
        assert got.status == 200, got
        return got.json()

    @property
    def status(self):
        return self.poll()["status"]

    def view(self, client, token=None):
        return client.get(f"{CREATE}/secure/{token or self.token}")

    def decide(self, client, decision="Approve", token=None, **fields):
        return client.post(f"{CREATE}/secure/{token or self.token}/decide",
                           {"decision": decision, **fields})

    @property
    def hash(self):
        return hashlib.sha256(canonical(self.payload)).hexdigest()


@contextlib.contextmanager
def database(daemon):
    """The daemon's database, beside it."""
    db = sqlite3.connect(daemon.data / "assent.db", timeout=10)
    try:
        yield db
        db.commit()
    finally:
        db.close()


def let_time_pass(daemon, intent):
    """As if the time to decide were over by now."""
    with database(daemon) as db:
        db.execute("UPDATE intent SET expires_ms = 1 WHERE id = ?", (intent,))


def wait_status(checkpoint, status, seconds=10):
    harness.wait_for(lambda: checkpoint.status == status, seconds, status)
    return checkpoint.poll()
