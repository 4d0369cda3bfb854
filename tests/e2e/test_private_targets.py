"""Webhooks do not reach into private networks, whatever their URL says."""

import socket

import pytest

import harness
import vantagate

ENV = {"ASSENT_ALLOW_PRIVATE_TARGETS": None, "ASSENT_WEBHOOK_RETRY_S": "0.1"}


class Canary:
    """Listens where nothing may ever connect."""

    def __init__(self):
        self.sockets = []
        self.port = harness.free_port()
        for family, address in ((socket.AF_INET, "0.0.0.0"),
                                (socket.AF_INET6, "::")):
            s = socket.socket(family)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                s.bind((address, self.port))
            except OSError:
                s.close()  # a machine without IPv6
                continue
            s.listen()
            s.setblocking(False)
            self.sockets.append(s)

    def was_reached(self):
        for s in self.sockets:
            try:
                s.accept()[0].close()
                return True
            except BlockingIOError:
                pass
        return False


@pytest.fixture(scope="module")
def canary():
    got = Canary()
    yield got
    for s in got.sockets:
        s.close()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env=ENV)


# Not even taken: they cannot mean anything that is allowed.
REFUSED = [
    "http://hooks.example.com/x", "HTTP://hooks.example.com/",
    "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://127.0.0.1/",
    "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "smtp://127.0.0.1/",
    "javascript:alert(1)", "data:text/plain,x", "unix:/run/x.sock",
    "//hooks.example.com/", "hooks.example.com", "https:/hooks.example.com",
    "https://", "https:///x", "https://?x", "https://user@127.0.0.1/",
    "https://a:b@hooks.example.com/", "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/", "https://hooks.example.com:x/",
    "https://hooks.example.com:-1/", "https://[::1/", "https://::1/",
    "https://[fe80::1%25eth0]/", "https://[127.0.0.1]/",
    "https://hooks.example.com\\@127.0.0.1/", "https://127.0.0.1 /",
    "https://hooks.example.com/a b", "https://hooks.example.com/\r\nX: y",
    "https://ho\u00f6ks.example.com/", "https://hooks.example.com/\u0001",
    "https://hooks.example.com#@127.0.0.1/x y", "https://" + "a" * 8000,
    "https://hooks.example.com/" + "a" * 8000,
]

# Taken or refused, but never reached: every spelling of a private address.
HOSTS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "127.000.000.001", "0", "0.0.0.0",
    "127.255.255.254", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.",
    "LocalHost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::80ff:fffe]", "[::ffff:a9fe:a9fe]",
    "[::ffff:169.254.169.254]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]",
    "[ff02::1]", "[2001:db8::1]", "[100::1]", "10.0.0.1", "10.255.255.255",
    "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254",
    "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192",
    "168.63.129.16", "198.18.0.1", "192.0.2.1", "203.0.113.7", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "%31%32%37.0.0.1", "127\u30020\u30020.1",
    "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1",
    socket.gethostname(),
]


def states(daemon, intent):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    return [(d["state"], d["error"]) for d in got["deliveries"]]


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_is_not_plain_https_is_refused(agent, url):
    pending = harness.submit(agent)["id"]
    for path, body, field in (
            ("/v1/intents", {"destination": "d", "policy": "auto",
                             "recordCount": 1, "callback_url": url},
             "callback_url"),
            ("/v1/webhooks/register", {"intentId": pending, "url": url},
             "url")):
        got = agent.post(path, body)
        assert (got.status, got.json()["field"]) == (400, field), got
    row = agent.get(f"/v1/intents/{pending}").json()
    assert [e["type"] for e in row["auditTrail"]] == [
        "submitted", "policy_checked"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_private_address_is_never_connected_to(daemon, agent, canary,
                                                 host):
    got = agent.post("/v1/intents", {
        "destination": "d", "policy": "auto", "recordCount": 1,
        "callback_url": f"https://{host}:{canary.port}/x"})
    if got.status == 400:
        assert got.json()["field"] == "callback_url"
    else:
        assert got.status == 200, got
        intent = got.json()["id"]
        harness.wait_for(lambda: [s for s, _ in states(daemon, intent)] ==
                         ["dead"], what="the end of the delivery")
    assert not canary.was_reached()


def test_the_words_of_a_refused_connection_name_no_address(daemon, agent,
                                                           canary):
    intent = harness.submit(
        agent, callback_url="https://example.com/sec?ret=1")["id"]
    # A name that was public when it was given, and is private by now.
    with vantagate.database(daemon) as db:
        db.execute("UPDATE webhook SET url = ? WHERE intent_id = ?",
                   (f"https://localhost:{canary.port}/sec?ret=1", intent))
    assert agent.post(f"/v1/intents/{intent}/cancel", {}).status == 200
    harness.wait_for(lambda: [s for s, _ in states(daemon, intent)] ==
                     ["dead"])
    error = states(daemon, intent)[0][1]
    assert "private" in error
    assert "sec" not in error and "ret" not in error
    assert "sec?ret" not in daemon.log_text()
    row = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    assert row["deliveries"][0]["attempts"] == 1


def test_the_canary_is_reached_where_private_targets_are_allowed(
        make_daemon, canary):
    """What shows that the tests above can fail."""
    daemon = make_daemon(env={"ASSENT_WEBHOOK_RETRY_S": "0.1"})
    agent = daemon.agent()
    harness.submit(agent, policy="auto", recordCount=1,
                   callback_url=f"https://localhost:{canary.port}/x")
    harness.wait_for(canary.was_reached)
