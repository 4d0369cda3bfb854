"""Endpoints are told what became of an intent, at least once, and can tell
that it was us."""

import base64
import hashlib
import hmac
import http.server
import json
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

import pytest

import harness

RETRIES = [0.1, 0.2, 0.3]
ENV = {"ASSENT_WEBHOOK_RETRY_S": ",".join(map(str, RETRIES))}
SECRET = "a secret of the endpoint's own"


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env=ENV)


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


# What is done, the event, its status, and further members of the body.
ENDS = [
    (by_person, "approved", "approved",
     {"actor": "admin", "approver": "admin", "option": "Approve"}),
    (by_two, "approved", "approved", {"actor": "two", "approver": "two"}),
    (by_policy, "approved", "approved",
     {"actor": "system", "reason_code": "approved_by_policy"}),
    (rejected, "rejected", "blocked",
     {"actor": "admin", "rejector": "admin", "reason": "no"}),
    (resolved, "resolved", "resolved",
     {"actor": "admin", "option": "Ask legal"}),
    (expired, "expired", "expired", {"actor": "system"}),
    (cancelled, "approval_cancelled", "blocked",
     {"actor": "bot", "reason": "moot"}),
    (blocked, "blocked", "blocked",
     {"actor": "system", "reason_code": "destination_not_allowed"}),
]


def check_news(daemon, intent, receiver, secret, end):
    _, event, status, more = end
    got = receiver.wait(1)[0]
    check_signed(got, secret)
    body = json.loads(got["body"])
    assert got["headers"]["content-type"] == "application/json"
    assert body["intentId"] == body["proposalId"] == intent
    assert (body["event"], body["status"]) == (event, status)
    assert body["attempt"] == 1
    assert body["deliveryId"] == got["headers"]["webhook-id"] \
        == got["headers"]["x-gate-delivery-id"]
    assert body["firedAt"].endswith("Z")
    assert {k: body.get(k) for k in more} == more
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    trail = daemon.admin.get(f"/v1/audit/{intent}").json()["events"]
    assert [e["event_type"] for e in trail].count("webhook_delivered") == 1
    assert len(receiver.got) == 1


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


@pytest.mark.parametrize("end", ENDS, ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_the_callback_url(daemon, agent, receiver, end):
    intent, act = end[0](daemon, agent, callback_url=receiver.url)
    act()
    check_news(daemon, intent, receiver, agent.webhook_secret, end)


@pytest.mark.parametrize("end", ENDS, ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_who_registered_after_it(daemon, agent, receiver,
                                                     end):
    intent, act = end[0](daemon, agent)
    act()
    register(agent, intent, receiver, secret=SECRET)
    check_news(daemon, intent, receiver, SECRET, end)


@pytest.mark.parametrize("end", [
    e for e in ENDS if e[0] not in (by_policy, blocked)],
    ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_who_registered_before_it(daemon, agent, receiver,
                                                      end):
    intent, act = end[0](daemon, agent)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_news(daemon, intent, receiver, SECRET, end)


@pytest.mark.parametrize("status", ["succeeded", "failed"])
@pytest.mark.parametrize("when", ["callback", "before", "after"])
def test_the_outcome_of_an_execution_is_told(daemon, agent, receiver, status,
                                             when):
    url = {"callback_url": receiver.url} if when == "callback" else {}
    intent, act = by_person(daemon, agent, **url)
    act()
    if when == "before":
        register(agent, intent, receiver)
    ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
    assert agent.post(f"/v1/executions/{ex['executionId']}/report",
                      {"status": status}).status == 200
    if when == "after":
        register(agent, intent, receiver)
    told = [json.loads(g["body"]) for g in receiver.wait(2)]
    by_event = {b["event"]: b for b in told}
    assert set(by_event) == {"approved", f"execution_{status}"}
    outcome = by_event[f"execution_{status}"]
    assert outcome["actor"] == "runner"
    assert outcome["status"] == status
    assert outcome["executionId"] == ex["executionId"]
    assert by_event["approved"]["status"] == "approved"
    for got in receiver.got:
        check_signed(got, agent.webhook_secret)


def test_a_lease_that_runs_out_is_told(make_daemon, receiver):
    daemon = make_daemon(env=ENV)
    agent = daemon.agent()
    intent, act = by_person(daemon, agent, callback_url=receiver.url)
    act()
    assert agent.post(f"/v1/intents/{intent}/execute", {}).status == 201
    receiver.wait(1)
    daemon.stop()
    with sqlite3.connect(daemon.data / "assent.db") as db:
        db.execute("UPDATE execution SET lease_until_ms = 1")
    daemon.start()
    body = json.loads(receiver.wait(2)[1]["body"])
    assert (body["event"], body["status"]) == ("execution_lapsed", "failed")


def test_nothing_is_told_while_it_is_pending(daemon, agent, receiver):
    intent, act = by_two(daemon, agent, callback_url=receiver.url)
    decide(daemon.key("first"), intent)
    assert states(daemon, intent) == []
    decide(daemon.key("second"), intent)
    assert receiver.wait(1)[0]["headers"]["webhook-id"]


def test_a_registration_leaves_the_callback_url_alone(daemon, agent,
                                                      receiver):
    other = harness.Receiver()
    intent, act = by_person(daemon, agent, callback_url=other.url)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    check_signed(other.wait(1)[0], agent.webhook_secret)
    ids = {r.got[0]["headers"]["webhook-id"] for r in (receiver, other)}
    assert len(ids) == 2
    other.close()


def test_a_late_registration_tells_nobody_else_again(daemon, agent, receiver):
    other = harness.Receiver()
    intent, act = by_person(daemon, agent, callback_url=other.url)
    act()
    other.wait(1)
    register(agent, intent, receiver)
    receiver.wait(1)
    harness.wait_for(lambda: states(daemon, intent) == ["done"] * 2)
    assert len(other.got) == len(receiver.got) == 1
    other.close()


def test_the_callback_url_may_be_registered_with_a_secret(daemon, agent,
                                                          receiver):
    intent, act = by_person(daemon, agent, callback_url=receiver.url)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert len(receiver.got) == 1


def test_registering_again_replaces_what_was_registered(daemon, agent,
                                                        receiver):
    first = harness.Receiver()
    intent, act = by_person(daemon, agent)
    register(agent, intent, first)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert first.got == []
    first.close()


def test_a_secret_that_is_base64_is_read_as_standard_webhooks_does(
        daemon, agent, receiver):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    intent, act = by_person(daemon, agent)
    register(agent, intent, receiver, secret=secret)
    act()
    check_signed(receiver.wait(1)[0], secret)


def test_the_agents_secret_is_its_own_and_stays_the_same(daemon):
    one, two = daemon.agent("same name"), daemon.agent("same name")
    assert one.webhook_secret.startswith("whsec_")
    assert one.webhook_secret != two.webhook_secret
    shown = daemon.admin.get(f"/v1/agents/{one.id}").body.decode()
    assert one.webhook_secret not in shown


def test_only_the_owner_and_people_register(daemon, agent, receiver):
    intent, _ = by_person(daemon, agent)
    foreign = daemon.agent("foreign")
    got = foreign.post("/v1/webhooks/register", {
        "intentId": intent, "url": receiver.url})
    assert got.status == 403
    assert register(daemon.key("rita"), intent, receiver)


def test_an_intent_has_so_many_webhooks_and_no_more(daemon, agent, receiver):
    intent, act = by_person(daemon, agent)
    got = [agent.post("/v1/webhooks/register",
                      {"intentId": intent, "url": receiver.url}).status
           for _ in range(30)]
    assert got == [200] * 10 + [429] * 20
    act()  # what was refused has not ended what was there
    receiver.wait(1)
    assert states(daemon, intent) in (["leased"], ["done"])


# --- endpoints that fail --------------------------------------------------

def fail(daemon, agent, script, **more):
    """An approved intent whose endpoint answers as the script says."""
    receiver = harness.Receiver(script)
    intent, act = by_person(daemon, agent, callback_url=receiver.url, **more)
    act()
    return receiver, intent


def delivery(daemon, intent):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    return next(d for d in got["deliveries"] if d["channel"] == "webhook")


@pytest.mark.parametrize("status", [500, 503, 429, 404, 400, 401, 301, 302,
                                    307, 308, 300, 199 + 105])
def test_what_is_not_taken_is_sent_again_under_the_same_id(daemon, agent,
                                                           status):
    script = [(status, {"Location": "/elsewhere"}), status, 204]
    receiver, intent = fail(daemon, agent, script)
    got = receiver.wait(3)
    assert {g["path"] for g in got} == {"/hook"}
    assert len({g["headers"]["webhook-id"] for g in got}) == 1
    assert [json.loads(g["body"])["attempt"] for g in got] == [1, 2, 3]
    assert len({json.loads(g["body"])["firedAt"] for g in got}) == 1
    for i in (0, 1):
        assert got[i + 1]["at"] - got[i]["at"] >= RETRIES[i]
    for g in got:
        check_signed(g, agent.webhook_secret)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    trail = daemon.admin.get(f"/v1/audit/{intent}").json()["events"]
    assert [e["event_type"] for e in trail if "webhook" in e["event_type"]] \
        == ["webhook_attempt_failed"] * 2 + ["webhook_delivered"]
    assert delivery(daemon, intent)["attempts"] == 3
    receiver.close()


def test_after_the_last_attempt_a_delivery_is_dead_and_can_be_seen(daemon,
                                                                   agent):
    receiver, intent = fail(daemon, agent, [500] * 20)
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    assert len(receiver.got) == len(RETRIES) + 1
    row = delivery(daemon, intent)
    dead = daemon.admin.get("/v1/deliveries?state=dead").json()
    assert row in dead["deliveries"]
    assert (row["error"], row["attempts"]) == ("HTTP 500", 4)
    listed = daemon.cli("list", "--dead")
    assert row["id"] in listed.stdout and intent in listed.stdout
    listed = json.loads(daemon.cli("list", "--dead", "--json").stdout)
    assert row in listed["deliveries"]
    metrics = daemon.client().get("/metrics").body.decode()
    line = next(x for x in metrics.splitlines() if 'state="dead"' in x)
    assert int(line.split()[1]) == len(dead["deliveries"])
    trail = daemon.admin.get(f"/v1/audit/{intent}").json()["events"]
    assert trail[-1]["event_type"] == "webhook_failed"
    receiver.close()


def test_a_dead_delivery_does_not_stop_what_comes_later(daemon, agent):
    receiver, intent = fail(daemon, agent, [500] * 4)
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
    agent.post(f"/v1/executions/{ex['executionId']}/report",
               {"status": "succeeded"})
    body = json.loads(receiver.wait(5)[4]["body"])
    assert body["event"] == "execution_succeeded"
    receiver.close()


def test_410_ends_it_for_good(daemon, agent):
    receiver, intent = fail(daemon, agent, [410])
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
    assert agent.post(f"/v1/executions/{ex['executionId']}/report",
                      {"status": "succeeded"}).status == 200
    other, late = fail(daemon, agent, [])
    other.wait(1)
    harness.wait_for(lambda: states(daemon, late) == ["done"])
    assert len(receiver.got) == 1
    assert states(daemon, intent) == ["dead"]
    receiver.close()
    other.close()


@pytest.mark.parametrize("status", [429, 503])
def test_who_names_a_time_is_asked_again_then(daemon, agent, status):
    receiver, intent = fail(daemon, agent, [(status, {"Retry-After": "1"})])
    got = receiver.wait(2)
    assert 1 <= got[1]["at"] - got[0]["at"] < 3
    receiver.close()


def test_redirects_are_not_followed(daemon, agent, receiver):
    step = (302, {"Location": receiver.url})
    first, intent = fail(daemon, agent, [step] * 10)
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    assert receiver.got == []
    assert len(first.got) == len(RETRIES) + 1
    first.close()


def raw_answer(data):
    """A step of a script that sends these bytes and hangs up."""
    def step(handler):
        handler.wfile.write(data)
        handler.close_connection = True
    return step


ODD = [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx",
    b"HTTP/1.1 999 ?\r\n\r\n", b"HTTP/1.1 200\r\n" + b"X: y\r\n" * 100000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
    b"\x00" * 4096,
]


@pytest.mark.parametrize("n", range(len(ODD)))
def test_an_endpoint_that_answers_nonsense_is_asked_again(daemon, agent, n):
    receiver, intent = fail(daemon, agent, [raw_answer(ODD[n])])
    receiver.wait(2)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert len({g["headers"]["webhook-id"] for g in receiver.got}) == 1
    receiver.close()


def test_an_endless_answer_is_cut_off(daemon, agent):
    def step(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            handler.close_connection = True

    receiver, intent = fail(daemon, agent, [step])
    harness.wait_for(lambda: states(daemon, intent) == ["done"], 20)
    receiver.close()


def test_an_endpoint_that_hangs_is_given_eight_seconds(daemon, agent):
    over = threading.Event()
    receiver, intent = fail(daemon, agent, [lambda h: over.wait(30)])
    other, quick = fail(daemon, agent, [])
    other.wait(1)  # others do not wait for it
    got = receiver.wait(2, 15)
    assert 7.5 < got[1]["at"] - got[0]["at"] < 11
    over.set()
    receiver.close()
    other.close()


def test_nobody_listens(daemon, agent):
    port = harness.free_port()
    intent, act = by_person(daemon, agent,
                            callback_url=f"http://127.0.0.1:{port}/")
    act()
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    assert "connect" in delivery(daemon, intent)["error"].lower()


def test_a_burst_of_news_arrives_whole(daemon, receiver):
    agent = daemon.agent("burst")
    ids = {harness.submit(agent, policy="auto", recordCount=1,
                          callback_url=receiver.url)["id"]
           for _ in range(150)}
    got = receiver.wait(150, 30)
    assert {json.loads(g["body"])["intentId"] for g in got} == ids
    assert len({g["headers"]["webhook-id"] for g in got}) == 150


# --- restarts -------------------------------------------------------------

def test_what_is_owed_survives_a_restart_with_its_id(make_daemon):
    daemon = make_daemon(env={"ASSENT_WEBHOOK_RETRY_S": "1,1,1"})
    agent = daemon.agent()
    receiver, intent = fail(daemon, agent, [500])
    receiver.wait(1)
    harness.wait_for(lambda: states(daemon, intent) == ["due"])
    daemon.stop()
    daemon.start()
    got = receiver.wait(2)
    assert len({g["headers"]["webhook-id"] for g in got}) == 1
    assert json.loads(got[1]["body"])["attempt"] == 2
    receiver.close()


def test_what_was_under_way_in_a_crash_is_sent_again_at_the_start(
        make_daemon):
    daemon = make_daemon(env=ENV)
    agent = daemon.agent()
    over = threading.Event()
    receiver, intent = fail(daemon, agent, [lambda h: over.wait(30)])
    receiver.wait(1)
    assert states(daemon, intent) == ["leased"]
    daemon.kill()
    over.set()
    daemon.start()
    got = receiver.wait(2)
    assert len({g["headers"]["webhook-id"] for g in got}) == 1
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    receiver.close()


def test_a_stop_waits_for_an_answer_that_is_under_way(make_daemon):
    daemon = make_daemon(env=ENV)
    agent = daemon.agent()
    stopping = threading.Event()

    def slow(handler):
        stopping.wait(10)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver, intent = fail(daemon, agent, [slow])
    receiver.wait(1)
    stopper = threading.Thread(target=daemon.stop)
    stopper.start()
    harness.wait_for(lambda: "assentd stops" in daemon.log_text())
    stopping.set()
    stopper.join(20)
    daemon.start()
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert len(receiver.got) == 1
    receiver.close()


# --- TLS ------------------------------------------------------------------

@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hook-tls")
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout",
        folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=x",
        "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True)
    return folder


def tls_receiver(certificate):
    receiver = harness.Receiver()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem",
                            certificate / "key.pem")
    receiver.server.socket = context.wrap_socket(receiver.server.socket,
                                                 server_side=True)
    receiver.url = f"https://localhost:{receiver.port}/hook"
    return receiver


def test_an_endpoint_with_a_known_certificate_is_told(make_daemon,
                                                      certificate):
    daemon = make_daemon(env=ENV | {
        "ASSENT_CA_FILE": str(certificate / "cert.pem")})
    receiver = tls_receiver(certificate)
    by_policy(daemon, daemon.agent(), callback_url=receiver.url)
    assert receiver.wait(1)[0]["headers"]["host"] == \
        f"localhost:{receiver.port}"
    wrong, _ = by_policy(
        daemon, daemon.agent(),
        callback_url=receiver.url.replace("localhost", "127.0.0.1"))
    harness.wait_for(lambda: states(daemon, wrong) == ["dead"])
    assert len(receiver.got) == 1
    receiver.close()


def test_an_endpoint_with_an_unknown_certificate_is_not_told(make_daemon,
                                                             certificate):
    daemon = make_daemon(env=ENV)
    receiver = tls_receiver(certificate)
    intent, _ = by_policy(daemon, daemon.agent(), callback_url=receiver.url)
    harness.wait_for(lambda: states(daemon, intent) == ["dead"])
    assert "certificate" in delivery(daemon, intent)["error"].lower()
    assert receiver.got == []
    receiver.close()
