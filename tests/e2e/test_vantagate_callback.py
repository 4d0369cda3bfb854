"""What the callback of a checkpoint is told, how it is signed, how often."""

import base64
import hashlib
import hmac
import subprocess

import pytest

import harness
import vantagate
from vantagate import Checkpoint, let_time_pass


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env={"ASSENT_WEBHOOK_RETRY_S": "1,1,1,1,1,1,1"})


@pytest.fixture
def agent(daemon):
    return vantagate.as_client(daemon.agent())


@pytest.fixture
def reviewer(daemon):
    return vantagate.as_client(daemon.key())


def with_openssl(secret, body):
    """HMAC-SHA256 by another hand."""
    got = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt",
         f"hexkey:{secret.encode().hex()}", "-r"],
        input=body, capture_output=True, check=True)
    return got.stdout.decode().split()[0]


def test_a_decision_is_told_with_both_signatures(
        agent, reviewer, receiver):
    c = Checkpoint(agent, {"a": 1}, callback_url=receiver.url)
    assert c.decide(reviewer, "Reject", reason="no").status == 200
    [got] = receiver.wait(1)
    secret, headers = agent.webhook_secret, got["headers"]
    assert headers["x-vanta-signature"] == \
        "sha256=" + with_openssl(secret, got["body"])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([headers["webhook-id"].encode(),
                        headers["webhook-timestamp"].encode(), got["body"]])
    assert headers["webhook-signature"] == "v1," + base64.b64encode(
        hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["content-type"] == "application/json"
    [body] = receiver.bodies()
    poll = c.poll()
    assert {k: v for k, v in body.items()
            if k not in ("event", "occurred_at")} == poll
    assert body["event"] == "checkpoint.denied"
    assert body["occurred_at"] == poll["audit"]["decided_at"]
    assert (body["status"], body["reject_reason"]) == ("REJECTED", "no")
    assert "payload" not in body


@pytest.mark.parametrize("choice, status, event", [
    ("Go", "APPROVED", "checkpoint.approved"),
    ("Stop", "REJECTED", "checkpoint.denied"),
    ("Later", "RESOLVED", "checkpoint.resolved")])
def test_every_answer_has_its_word(agent, reviewer, receiver, choice, status,
                                   event):
    c = Checkpoint(agent, options=["Go", "Stop", "Later"],
                   callback_url=receiver.url)
    assert c.decide(reviewer, choice).status == 200
    receiver.wait(1)
    [body] = receiver.bodies()
    assert (body["id"], body["status"], body["selected_option"],
            body["event"]) == (c.id, status, choice, event)


def test_expiry_is_told_too(daemon, agent, receiver):
    c = Checkpoint(agent, callback_url=receiver.url)
    let_time_pass(daemon, c.intent)
    receiver.wait(1)
    [body] = receiver.bodies()
    assert (body["status"], body["event"]) == ("EXPIRED",
                                               "checkpoint.expired")
    assert body["payload_hash"] == c.hash


def test_there_are_five_attempts_with_the_same_body_and_id(
        daemon, agent, reviewer, receiver):
    receiver.script = [500] * 8
    c = Checkpoint(agent, callback_url=receiver.url)
    assert c.decide(reviewer).status == 200
    receiver.wait(5, 30)

    def row():
        got = daemon.admin.get(f"/v1/deliveries?intent={c.intent}").json()
        return got["deliveries"][0]
    harness.wait_for(lambda: row()["state"] == "dead")
    assert row()["attempts"] == len(receiver.got) == 5
    assert len({g["body"] for g in receiver.got}) == 1
    assert len({g["headers"]["webhook-id"] for g in receiver.got}) == 1
    assert len({g["headers"]["x-vanta-signature"] for g in receiver.got}) == 1


def test_native_webhooks_keep_their_own_schedule(daemon, agent, reviewer,
                                                 receiver):
    receiver.script = [500] * 8
    agent.key_header, agent.key_scheme = "Authorization", "Bearer "
    harness.submit(agent, policy="auto", recordCount=1,
                   callback_url=receiver.url)
    receiver.wait(8, 30)


def test_a_private_address_is_refused_when_it_is_connected_to(make_daemon):
    d = make_daemon(env={"ASSENT_ALLOW_PRIVATE_TARGETS": None})
    agent = vantagate.as_client(d.agent())
    for url in ("https://127.0.0.1/x", "https://[fd00::1]/x",
                "https://metadata.internal/x", "http://example.com/x"):
        got = agent.post(vantagate.CREATE, {
            "title": "x", "payload": {}, "callback_url": url})
        assert (got.status, got.json()["error"]) == \
            (400, "Invalid_Callback_URL"), url
