"""The daemon as a process: starts, restarts, stops; what it leaves behind."""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

import pytest

import harness


def snapshot(daemon, agent):
    """All that the API shows of what is stored."""
    intents = daemon.admin.get("/v1/intents?limit=200").json()["intents"]
    paths = ["/v1/intents?limit=200", "/v1/agents", "/v1/keys",
             "/v1/audit?limit=1000", "/v1/deliveries", "/v1/metrics",
             "/v1/policies"]
    paths += [f"/v1/intents/{i['id']}?payload=1" for i in intents]
    paths += [f"/v1/intents/{i['id']}/decision" for i in intents]
    return {path: daemon.admin.get(path).json() for path in paths}


def make_history(daemon, agent, receiver):
    """An intent in each state, with all that belongs to it."""
    options = ["Yes", "No", {"label": "Ask", "outcome": "other"}]
    for policy in ("human", "auto", "closed", "two"):
        harness.submit(agent, policy=policy, recordCount=3, payload=policy,
                       title="T", metadata={"a": [1]}, on_behalf_of="sam",
                       sensitivity_tags=["pii"], callback_url=receiver.url)
    for verb, body in (("approve", {}), ("reject", {"reason": "no"}),
                       ("cancel", {}), ("decide", {"option": "Ask"})):
        intent = harness.submit(agent, options=options)["id"]
        assert daemon.admin.post(f"/v1/intents/{intent}/{verb}",
                                 body).status == 200
    for status in (None, "succeeded", "failed"):
        intent = harness.submit(agent, payload="run")["id"]
        daemon.admin.post(f"/v1/intents/{intent}/approve", {})
        ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
        if status:
            agent.post(f"/v1/executions/{ex['executionId']}/report",
                       {"status": status, "result": {"n": 1}})
    lapsed = harness.submit(agent, expiresIn="1s")["id"]
    agent.get(f"/v1/intents/{lapsed}?wait=10")
    receiver.wait(2)
    harness.wait_for(lambda: all(
        d["state"] == "done" for d in
        daemon.admin.get("/v1/deliveries").json()["deliveries"]))


def test_a_restart_keeps_everything(make_daemon, receiver):
    daemon = make_daemon()
    agent = daemon.agent("keeper", owner="o", metadata={"x": 1})
    rita = daemon.key("rita", rate_limit=1000)
    make_history(daemon, agent, receiver)
    before = snapshot(daemon, agent)
    first = before["/v1/intents?limit=200"]["intents"][0]["id"]
    etag = agent.get(f"/v1/intents/{first}").headers["etag"]
    for _ in range(2):
        daemon.stop()
        daemon.start()
        assert snapshot(daemon, agent) == before
        assert rita.get("/v1/nonce").status == 200
    assert agent.get(f"/v1/intents/{first}").headers["etag"] == etag
    assert harness.submit(agent)["id"] > first
    daemon.cli("audit", "verify", offline=True)


def test_a_kill_keeps_everything(make_daemon, receiver):
    daemon = make_daemon()
    agent = daemon.agent()
    make_history(daemon, agent, receiver)
    before = snapshot(daemon, agent)
    daemon.kill()
    daemon.start()
    assert snapshot(daemon, agent) == before


def test_a_second_daemon_on_the_same_folder_is_refused(make_daemon):
    daemon = make_daemon()
    second = make_daemon(start=False,
                         env={"ASSENT_DATA_DIR": str(daemon.data)})
    assert f"another assentd works on {daemon.data}" in second.start_refused()
    assert daemon.client().get("/readyz").status == 200
    daemon.stop()
    second.start()
    assert second.client().get("/readyz").status == 200


def test_a_port_that_is_taken_is_refused(make_daemon):
    daemon = make_daemon()
    second = make_daemon(start=False, env={"PORT": str(daemon.port)})
    assert str(daemon.port) in second.start_refused()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(make_daemon, sig):
    daemon = make_daemon()
    agent = daemon.agent()
    harness.submit(agent)
    daemon.process.send_signal(sig)
    assert daemon.process.wait(20) == 0
    daemon.process = None
    assert "assentd stops" in daemon.log_text()
    with pytest.raises(ConnectionRefusedError):
        daemon.client().get("/healthz")


def test_a_stop_under_load_loses_nothing_that_was_acknowledged(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    taken = []

    def load(_):
        while True:
            try:
                got = agent.post("/v1/intents", {"destination": "d",
                                                 "policy": "human"})
            except (OSError, harness.http.client.HTTPException):
                return
            if got.status != 200:
                assert got.status == 503
                return
            taken.append(got.json()["id"])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(load, i) for i in range(8)]
        harness.wait_for(lambda: len(taken) > 100)
        daemon.stop()
        for f in futures:
            f.result()
    daemon.start()
    for intent in taken:
        assert agent.get(f"/v1/intents/{intent}").status == 200
    total = daemon.admin.get("/v1/metrics").json()["actions_attempted"]
    assert total == len(taken)


def files_of(daemon):
    return [p for p in daemon.folder.rglob("*") if p.is_file()
            and p.name != "master.key" and "policies" not in p.parts]


def test_no_secret_is_left_behind(make_daemon, receiver):
    """Neither in logs, nor on the command line, nor readable on the disk."""
    daemon = make_daemon(env={
        "ASSENT_MASTER_KEY": "0123456789abcdef" * 4,
        "SMTP_PASS": "the password of the relay"})
    agent, rita = daemon.agent(), daemon.key("rita")
    first = harness.submit(agent, payload="PAYLOAD-TO-SEAL",
                           callback_url=receiver.url)
    intent = f"/v1/intents/{first['id']}"
    hook = {"intentId": first["id"], "url": receiver.url,
            "secret": "the secret of the endpoint"}
    assert agent.post("/v1/webhooks/register", hook).status == 200
    assert rita.post(f"{intent}/approve", {}).status == 200
    given = agent.post("/v1/deliver", {"proposalId": first["id"]}).json()
    daemon.client().get(f"/v1/download/{given['deliveryToken']}")
    lease = agent.post(f"{intent}/execute", {}).json()
    receiver.wait(1)
    for bad in (agent, rita):
        bad.get("/v1/keys")
    assert daemon.client("wrong-key-that-was-typed").get(
        "/v1/keys").status == 401
    agent.get(f"{intent}?wait=bad")
    secrets = {
        "admin key": harness.ADMIN_KEY, "agent key": agent.key,
        "reviewer key": rita.key, "agent secret": agent.webhook_secret,
        "execution token": lease["execution_token"],
        "delivery token": given["deliveryToken"],
        "endpoint secret": hook["secret"],
        "master key": daemon.env["ASSENT_MASTER_KEY"],
        "mail password": daemon.env["SMTP_PASS"],
        "payload": "PAYLOAD-TO-SEAL",
        "wrong key": "wrong-key-that-was-typed"}
    proc = pathlib.Path(f"/proc/{daemon.process.pid}")
    assert proc.joinpath("cmdline").read_bytes() == \
        harness.ASSENTD.encode() + b"\0"
    for path in files_of(daemon):
        data = path.read_bytes()
        for name, secret in secrets.items():
            assert secret.encode() not in data, (name, path)
    daemon.stop()
    for path in files_of(daemon):
        data = path.read_bytes()
        for name, secret in secrets.items():
            assert secret.encode() not in data, (name, path)


def test_files_are_for_the_owner_alone(make_daemon):
    daemon = make_daemon()
    harness.submit(daemon.agent())
    assert stat.S_IMODE(daemon.data.stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode)
             for p in daemon.data.iterdir()}
    assert {"assent.db", "master.key"} <= set(modes)
    assert set(modes.values()) == {0o600}, modes


def test_the_first_start_prints_a_link_to_sign_in_that_is_not_logged(
        make_daemon):
    daemon = make_daemon(env={"ADMIN_API_KEY": None})
    link = re.search(r"sign in +(http\S+)", daemon.greeting()).group(1)
    assert link.startswith(f"http://127.0.0.1:{daemon.port}/")
    token = link.rsplit("/", 1)[1].rsplit("=", 1)[-1]
    assert len(token) >= 40
    assert token not in daemon.log_text()
    for path in daemon.data.iterdir():
        assert token.encode() not in path.read_bytes()
    daemon.cli("key", "create", "--name", "rita", "--class", "reviewer",
               "--offline", offline=True)
    daemon.stop()
    daemon.start()
    assert "sign in" not in daemon.greeting()


def test_a_start_with_keys_prints_no_link(make_daemon):
    daemon = make_daemon()
    assert "sign in" not in daemon.greeting()
    assert "/approvals" in daemon.greeting()


def test_the_log_may_be_json(make_daemon):
    daemon = make_daemon(env={"LOG_FORMAT": "json"})
    agent = daemon.agent('quo"te\\')
    intent = harness.submit(agent)["id"]
    daemon.admin.post(f"/v1/intents/{intent}/approve", {})
    lines = [json.loads(x) for x in daemon.log_text().splitlines()]
    assert all({"time", "level"} <= set(x) or {"at", "level"} <= set(x)
               for x in lines), lines[0]
    assert any(intent in json.dumps(x) for x in lines)


def test_the_log_is_one_line_for_each_fact(make_daemon):
    daemon = make_daemon(env={"LOG_LEVEL": "info"})
    agent = daemon.agent("two\nlines")
    intent = harness.submit(agent, destination="a\nb")["id"]
    daemon.admin.post(f"/v1/intents/{intent}/reject",
                      {"reason": "x\n2026-01-01T00:00:00.000Z info forged"})
    for line in daemon.log_text().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\S+Z (error|warn|info|debug) ",
                        line), line
    assert "forged" not in daemon.log_text()


def test_the_service_manager_is_told(make_daemon, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10)
        daemon = make_daemon(env={"NOTIFY_SOCKET": path,
                                  "WATCHDOG_USEC": "400000"})

        def until(word):
            told = []
            while not told or word not in told[-1]:
                told.append(s.recv(4096).decode())
            return told

        assert until("READY=1")
        assert until("WATCHDOG=1") and until("WATCHDOG=1")
        daemon.hup()
        assert until("RELOADING=1") and until("READY=1")
        daemon.process.send_signal(signal.SIGTERM)
        assert until("STOPPING=1")
        daemon.stop()


def test_it_listens_where_it_is_told(make_daemon):
    daemon = make_daemon(env={"HOST": "0.0.0.0"})
    assert daemon.client().get("/healthz").status == 200
    body = {"name": "bot"}
    got = daemon.client().post("/v1/agents/register", body)
    assert got.status == 403, "not on loopback alone: a key is asked"
    assert daemon.admin.post("/v1/agents/register", body).status == 201


def test_it_listens_on_ipv6(make_daemon):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    daemon = make_daemon(start=False, env={"HOST": "::1"})
    daemon.start(wait=False)

    def up():
        try:
            with socket.create_connection(("::1", daemon.port), 5) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                          b"Connection: close\r\n\r\n")
                return s.recv(100).startswith(b"HTTP/1.1 200")
        except ConnectionRefusedError:
            return False

    harness.wait_for(up, 20)
    assert f"http://[::1]:{daemon.port}" in daemon.greeting()


def test_a_database_that_is_no_database_is_refused(make_daemon):
    daemon = make_daemon(start=False)
    daemon.data.mkdir(mode=0o700)
    (daemon.data / "assent.db").write_bytes(b"not a database" * 100)
    assert "database" in daemon.start_refused()


def test_a_database_of_a_later_version_is_refused(make_daemon):
    daemon = make_daemon()
    daemon.stop()
    subprocess.run(["sqlite3", daemon.data / "assent.db",
                    "PRAGMA user_version = 99"], check=True)
    assert "version" in daemon.start_refused()


def test_a_data_folder_that_cannot_be_made_is_refused(make_daemon, tmp_path):
    (tmp_path / "file").write_text("")
    daemon = make_daemon(start=False, env={
        "ASSENT_DATA_DIR": str(tmp_path / "file" / "data")})
    assert "cannot" in daemon.start_refused()


def test_a_master_key_that_others_may_read_is_refused(make_daemon):
    daemon = make_daemon()
    daemon.stop()
    os.chmod(daemon.data / "master.key", 0o644)
    assert "master.key" in daemon.start_refused()


def test_a_master_key_is_replaced_by_naming_the_one_before(make_daemon):
    old, new = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    daemon = make_daemon(env={"ASSENT_MASTER_KEY": old})
    agent = daemon.agent()
    intent = harness.submit(agent, payload="sealed by the old key")["id"]
    path = f"/v1/intents/{intent}?payload=1"
    daemon.stop()
    daemon.env["ASSENT_MASTER_KEY"] = new
    assert "not the key" in daemon.start_refused()
    daemon.env["ASSENT_MASTER_KEY_PREVIOUS"] = old
    daemon.start()
    assert agent.get(path).json()["payload"] == "sealed by the old key"
    assert daemon.admin.post(f"/v1/intents/{intent}/approve", {}).status == \
        200
    daemon.stop()
    daemon.start()
    assert agent.get(path).json()["payload"] == "sealed by the old key"
