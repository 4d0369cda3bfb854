"""Endpoints that fail, hang or lie; restarts meanwhile; TLS."""

import json
import ssl
import subprocess
import threading

import pytest

import harness
from hooks import (ENV, RETRIES, by_person, by_policy, check_signed, delivery,
                   fail, states)


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env=ENV)


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
