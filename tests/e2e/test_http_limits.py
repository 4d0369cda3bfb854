"""What is refused before anything of it is looked at: sizes, framing, time."""

import json
import socket
import ssl
import subprocess
import time

import pytest

import harness

BODY_MAX = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("limits")


def exchange(port, data, seconds=20):
    """Sends bytes; all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        got = b""
        try:
            s.sendall(data)
            while chunk := s.recv(65536):
                got += chunk
        except (BrokenPipeError, ConnectionResetError):
            pass
        return got


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def submit_bytes(agent, body, *lines):
    head = ["POST /v1/intents HTTP/1.1", "Host: x",
            f"Authorization: Bearer {agent.key}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def attempted(daemon):
    return daemon.admin.get("/v1/metrics").json()["actions_attempted"]


def body_of(size):
    body = json.dumps({"destination": "d", "policy": "human", "payload": ""})
    return body[:-2].encode() + b"x" * (size - len(body)) + b'"}'


def test_a_body_up_to_the_limit_is_taken(agent):
    got = agent.post("/v1/intents", raw=body_of(BODY_MAX))
    assert (got.status, got.json()["status"]) == (200, "pending_approval")


@pytest.mark.parametrize("size", [BODY_MAX + 1, 3 * BODY_MAX, 40 * BODY_MAX])
def test_a_body_over_the_limit_is_refused(daemon, agent, size):
    before = attempted(daemon)
    body = body_of(size)
    got = exchange(daemon.port, submit_bytes(
        agent, body, f"Content-Length: {size}"))
    # One that is far over it may be cut off while it is still being sent.
    assert status_of(got) in ({413} if size < 4 * BODY_MAX else {413, None})
    assert attempted(daemon) == before


def test_a_chunked_body_over_the_limit_is_refused(daemon, agent):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    got = exchange(daemon.port, submit_bytes(
        agent, chunk * 40 + b"0\r\n\r\n", "Transfer-Encoding: chunked"))
    assert status_of(got) == 413
    assert b"over the limit of 2 MiB" in got


def test_a_chunked_body_within_the_limit_is_taken(daemon, agent):
    body = json.dumps({"destination": "d", "policy": "human"}).encode()
    chunks = b"".join(b"1\r\n" + body[i:i + 1] + b"\r\n"
                      for i in range(len(body)))
    got = exchange(daemon.port, submit_bytes(
        agent, chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked",
        "Connection: close"))
    assert status_of(got) == 200


def test_an_announced_body_over_the_limit_is_refused_before_it_is_sent(
        daemon, agent):
    got = exchange(daemon.port, submit_bytes(
        agent, b"", "Content-Length: 99999999", "Expect: 100-continue"))
    assert status_of(got) == 413


BODY = b'{"destination":"d","policy":"human"}'
FRAMING = [
    # header lines beside those of every submit, body, statuses
    (["Content-Length: 36", "Content-Length: 36"], BODY, {400}),
    (["Content-Length: 36", "Content-Length: 2"], BODY, {400}),
    (["Content-Length: 36", "Transfer-Encoding: chunked"],
     b"24\r\n" + BODY + b"\r\n0\r\n\r\n", {400}),
    (["Transfer-Encoding: chunked", "Content-Length: 5"],
     b"0\r\n\r\n", {400}),
    (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
     b"0\r\n\r\n", {400}),
    (["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n", {400, 501}),
    (["Transfer-Encoding: identity"], b"", {400, 501}),
    (["Content-Length: -1"], BODY, {400}),
    (["Content-Length: 36x"], BODY, {400}),
    (["Content-Length: 0x24"], BODY, {400}),
    (["Content-Length: 36, 36"], BODY, {400}),
    (["Content-Length: 99999999999999999999999"], BODY, {400, 413}),
    (["Transfer-Encoding: chunked"], b"zz\r\n", {400}),
    (["Transfer-Encoding: chunked"], b"-5\r\n12345\r\n0\r\n\r\n", {400}),
    (["Transfer-Encoding: chunked"], b"fffffffffffffffff\r\n", {400, 413}),
    (["Content-Length : 36"], BODY, {400}),
    (["X-Folded: a", " b", "Content-Length: 36"], BODY, {400}),
    (["Host: y", "Content-Length: 36"], BODY, {400}),
    (["X-Null: a\0b", "Content-Length: 36"], BODY, {400}),
    (["no colon here", "Content-Length: 36"], BODY, {400}),
]


@pytest.mark.parametrize("lines,body,statuses", FRAMING)
def test_framing_with_two_readings_is_refused_and_the_connection_closed(
        daemon, agent, lines, body, statuses):
    before = attempted(daemon)
    # A second request behind the first must never be read as one.
    got = exchange(daemon.port, submit_bytes(agent, body, *lines) +
                   submit_bytes(agent, BODY, "Content-Length: 36"))
    assert status_of(got) in statuses, got
    assert b"HTTP/1.1 2" not in got
    assert attempted(daemon) == before


HEADS = [
    (b"GET /v1/intents?x=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
     {414}),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20000 +
     b"\r\n\r\n", {431}),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 150 +
     b"\r\n", {431}),
    (b"GET /health HTTP/1.1\r\n\r\n", {400}),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health%00 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health%zz HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET health HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", {400, 505}),
    (b"G\xc3\x89T /health HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400, None}),
    (b"GET /v1/intents/../../etc/passwd HTTP/1.1\r\nHost: x\r\n"
     b"Connection: close\r\n\r\n", {401, 404}),
    (b"GET /v1/download/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n"
     b"Connection: close\r\n\r\n", {400, 404}),
]


@pytest.mark.parametrize("data,statuses", HEADS)
def test_heads_that_are_too_long_or_malformed_are_refused(daemon, data,
                                                          statuses):
    got = exchange(daemon.port, data)
    assert status_of(got) in statuses, got
    assert got.count(b"HTTP/1.1 ") <= 1
    assert b"stack" not in got and b"src/" not in got


def test_requests_in_one_connection_are_answered_in_order(daemon, agent):
    one = submit_bytes(agent, BODY, "Content-Length: 36")
    last = submit_bytes(agent, BODY, "Content-Length: 36",
                        "Connection: close")
    got = exchange(daemon.port, one * 20 + last)
    assert got.count(b"HTTP/1.1 200 ") == 21


@pytest.fixture(scope="module")
def hasty(make_shared_daemon):
    return make_shared_daemon(env={"ASSENT_HTTP_TIMEOUT_S": "1"})


SLOW = [b"", b"GE", b"GET /health HTTP/1.1\r\nHo",
        b"GET /health HTTP/1.1\r\nHost: x\r\n",
        b"POST /v1/agents/register HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 10\r\n\r\n{",
        b"POST /v1/agents/register HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"]


@pytest.mark.parametrize("drips", [False, True])
@pytest.mark.parametrize("data", SLOW)
def test_a_slow_client_is_closed(hasty, data, drips):
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port), 10) as s:
        s.sendall(data)
        s.settimeout(0.2)

        def closed():
            try:
                if drips and data:
                    s.send(b"a")
                return s.recv(4096) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        harness.wait_for(closed, 8, "the end of the connection")
    assert time.monotonic() - start < 6


def test_slow_clients_do_not_slow_others(hasty):
    slow = [socket.create_connection(("127.0.0.1", hasty.port))
            for _ in range(40)]
    for s in slow:
        s.sendall(b"POST /v1/intents HTTP/1.1\r\nHost: x\r\n")
    start = time.monotonic()
    for _ in range(20):
        assert hasty.client().get("/health").status == 200
    assert time.monotonic() - start < 2
    for s in slow:
        s.close()


LAST = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_one_address_has_so_many_connections_and_no_more(make_daemon):
    """Those beyond it are closed without an answer; others are served."""
    few = make_daemon(env={"ASSENT_HTTP_CONNECTIONS_PER_ADDRESS": "20"})
    harness.wait_for(lambda: status_of(exchange(few.port, LAST)) == 200)
    opened = [socket.create_connection(("127.0.0.1", few.port), 10)
              for _ in range(19)]
    for s in opened:
        s.sendall(LAST.replace(b"close", b"keep-alive"))
        assert s.recv(100).startswith(b"HTTP/1.1 200")
    assert status_of(exchange(few.port, LAST)) == 200
    opened.append(socket.create_connection(("127.0.0.1", few.port)))
    assert exchange(few.port, LAST) == b""
    for s in opened:
        s.close()
    harness.wait_for(lambda: exchange(few.port, LAST))


# --- TLS ------------------------------------------------------------------

@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout",
        folder / "key.pem", "-out", folder / "cert.pem", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)
    return folder


def over_tls(daemon, certificate, data, **limits):
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as raw, \
            context.wrap_socket(raw, server_hostname="127.0.0.1") as s:
        s.sendall(data)
        got = b""
        while chunk := s.recv(65536):
            got += chunk
        return s.version(), got


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_daemon_speaks_tls_with_its_certificate(make_daemon, certificate):
    daemon = make_daemon(start=False, env={
        "TLS_CERT_FILE": str(certificate / "cert.pem"),
        "TLS_KEY_FILE": str(certificate / "key.pem")})
    daemon.start(wait=False)

    def up():
        try:
            return over_tls(daemon, certificate, LAST)
        except ConnectionRefusedError:
            return None

    version, got = harness.wait_for(up, 20, "TLS")
    assert version == "TLSv1.3"
    assert status_of(got) == 200
    old, got = over_tls(daemon, certificate, LAST,
                        maximum_version=ssl.TLSVersion.TLSv1_2)
    assert (old, status_of(got)) == ("TLSv1.2", 200)
    with pytest.raises(ssl.SSLError):
        over_tls(daemon, certificate, LAST,
                 minimum_version=ssl.TLSVersion.TLSv1,
                 maximum_version=ssl.TLSVersion.TLSv1_1)
    assert status_of(exchange(daemon.port, LAST)) in (None, 400)
    assert f"https://127.0.0.1:{daemon.port}" in daemon.greeting()
