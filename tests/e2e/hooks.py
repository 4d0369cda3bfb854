"""Webhooks: who is told what, and how a receiver knows that it was us."""

import base64
import hashlib
import hmac

import harness

RETRIES = [0.1, 0.2, 0.3]
ENV = {"ASSENT_WEBHOOK_RETRY_S": ",".join(map(str, RETRIES))}
SECRET = "a secret of the endpoint's own"


# --- signatures, as their documents have them -----------------------------

def standard_is_good(got, secret):
    """Standard Webhooks 1.0: base64 HMAC-SHA256 over id.timestamp.body."""
    h = got["headers"]
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") \
        else secret.encode()
    text = b".".join([h["webhook-id"].encode(),
                      h["webhook-timestamp"].encode(), got["body"]])
    mac = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    signatures = h["webhook-signature"].split(" ")
    return any(hmac.compare_digest(s, f"v1,{mac}") for s in signatures) and \
        abs(got["at"] - int(h["webhook-timestamp"])) < 10


def gate_is_good(got, secret):
    """Zehrava: t=<ms>,v1=<hex HMAC-SHA256 over t.body>."""
    t, v1 = got["headers"]["x-gate-signature"].split(",")
    assert t.startswith("t=") and v1.startswith("v1=")
    mac = hmac.new(secret.encode(), t[2:].encode() + b"." + got["body"],
                   hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, v1[3:]) and \
        abs(got["at"] * 1000 - int(t[2:])) < 10000


def check_signed(got, secret):
    assert standard_is_good(got, secret)
    assert gate_is_good(got, secret)
    forged = {**got, "body": got["body"].replace(b"approved", b"Approved")
              + b" "}
    assert not standard_is_good(forged, secret)
    assert not gate_is_good(forged, secret)
    assert not standard_is_good(got, "another " + secret)
    assert "x-gate-secret" not in got["headers"]


# --- every end of an intent -----------------------------------------------

def decide(client, intent, verb="approve", **body):
    got = client.post(f"/v1/intents/{intent}/{verb}", body)
    assert got.status == 200, got


def by_person(daemon, agent, **fields):
    intent = harness.submit(agent, **fields)["id"]
    return intent, lambda: decide(daemon.admin, intent)


def rejected(daemon, agent, **fields):
    intent = harness.submit(agent, **fields)["id"]
    return intent, lambda: decide(daemon.admin, intent, "reject",
                                  reason="no")


def resolved(daemon, agent, **fields):
    intent = harness.submit(agent, options=[
        "Yes", "No", {"label": "Ask legal", "outcome": "other"}],
        **fields)["id"]
    return intent, lambda: decide(daemon.admin, intent, "decide",
                                  option="Ask legal")


def expired(daemon, agent, **fields):
    intent = harness.submit(agent, expiresIn="1s", **fields)["id"]
    return intent, lambda: agent.get(f"/v1/intents/{intent}?wait=20")


def cancelled(daemon, agent, **fields):
    intent = harness.submit(agent, **fields)["id"]
    return intent, lambda: decide(agent, intent, "cancel", reason="moot")


def by_policy(daemon, agent, **fields):
    got = harness.submit(agent, policy="auto", recordCount=1, **fields)
    assert got["status"] == "approved"
    return got["id"], lambda: None


def blocked(daemon, agent, **fields):
    got = harness.submit(agent, policy="closed", **fields)
    return got["id"], lambda: None


def by_two(daemon, agent, **fields):
    intent = harness.submit(agent, policy="two", **fields)["id"]

    def act():
        decide(daemon.key("one"), intent)
        decide(daemon.key("two"), intent)
    return intent, act


def states(daemon, intent):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    return [d["state"] for d in got["deliveries"]
            if d["channel"] == "webhook"]


def register(client, intent, receiver, **more):
    got = client.post("/v1/webhooks/register", {
        "intentId": intent, "url": receiver.url, **more})
    assert got.status == 200, got
    assert got.json()["registered"] is True
    assert got.json()["webhookId"].startswith("whk_")
    return got.json()


def fail(daemon, agent, script, **more):
    """An approved intent whose endpoint answers as the script says."""
    receiver = harness.Receiver(script)
    intent, act = by_person(daemon, agent, callback_url=receiver.url, **more)
    act()
    return receiver, intent


def delivery(daemon, intent):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    return next(d for d in got["deliveries"] if d["channel"] == "webhook")
