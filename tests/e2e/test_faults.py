"""The disk fills up, the process dies, the policy folder is broken."""

import resource

import harness
from harness import submit, wait_for


def fill_disk(daemon):
    """From now on no file of the daemon grows."""
    wal = daemon.data / "assent.db-wal"
    pid = daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE,
                     (wal.stat().st_size, before[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_a_full_disk_refuses_and_changes_nothing(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    reviewer = daemon.key("rita")
    waiting = submit(agent)["intentId"]
    decided = submit(agent)["intentId"]
    assert reviewer.post(f"/v1/intents/{decided}/approve").status == 200
    before = daemon.admin.get("/v1/intents").json()
    free_disk = fill_disk(daemon)

    got = agent.post("/v1/intents", {"destination": "mail.send",
                                     "policy": "human", "payload": "x" * 9000})
    assert got.status == 503 and got.headers["retry-after"], got
    for path in (f"{waiting}/approve", f"{waiting}/reject",
                 f"{waiting}/cancel"):
        assert reviewer.post(f"/v1/intents/{path}").status == 503
    assert agent.post(f"/v1/intents/{decided}/execute").status == 503
    assert daemon.client().post("/v1/agents/register",
                                {"name": "x"}).status == 503
    ready = daemon.client().get("/readyz")
    assert ready.status == 503
    assert ready.json()["store"]["state"] == "down"
    assert ready.json()["store"]["fault"]
    # Reading goes on, and shows what was there before.
    assert daemon.admin.get("/v1/intents").json() == before
    assert daemon.client().get("/healthz").status == 200

    free_disk()
    wait_for(lambda: daemon.client().get("/readyz").status == 200, 10,
             "recovery")
    assert daemon.admin.get("/v1/intents").json() == before
    assert reviewer.post(f"/v1/intents/{waiting}/approve").status == 200
    assert agent.post(f"/v1/intents/{decided}/execute").status == 201
    daemon.cli("audit", "verify")


def test_a_full_disk_while_links_are_clicked(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    intent = submit(agent)["intentId"]
    free_disk = fill_disk(daemon)
    statuses = {daemon.admin.post(f"/v1/intents/{intent}/approve").status
                for _ in range(20)}
    assert statuses == {503}
    free_disk()
    wait_for(lambda: daemon.client().get("/readyz").status == 200, 10,
             "recovery")
    row = daemon.admin.get(f"/v1/intents/{intent}").json()
    assert row["status"] == "pending_approval"
    assert row["votes"] == []


def test_what_was_acknowledged_survives_sigkill(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    ids = [submit(agent, payload=str(n))["intentId"] for n in range(20)]
    daemon.kill()
    daemon.start()
    rows = agent.get("/v1/intents?limit=50").json()["intents"]
    assert {r["id"] for r in rows} == set(ids)
    assert daemon.admin.post(f"/v1/intents/{ids[0]}/approve").status == 200


def test_another_master_key_is_refused_before_anything_is_written(make_daemon):
    daemon = make_daemon()
    submit(daemon.agent())
    daemon.stop()
    daemon.env["ASSENT_MASTER_KEY"] = "0123456789abcdef" * 4
    daemon.start(wait=False)
    assert daemon.process.wait(20) == 1
    daemon.process = None
    assert "not the key" in daemon.log_text()
    del daemon.env["ASSENT_MASTER_KEY"]
    daemon.start()
    assert daemon.admin.get("/v1/intents").json()["count"] == 1


def test_sigterm_answers_what_waits(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    intent = submit(agent)["intentId"]
    got = []
    thread = harness.threading.Thread(target=lambda: got.append(
        agent.get(f"/v1/intents/{intent}?wait=50")))
    thread.start()
    wait_for(lambda: "assent_parked_requests 1" in
             daemon.client().get("/metrics").body.decode(), 10, "the park")
    daemon.stop()
    thread.join(20)
    assert got and got[0].status == 200
    assert got[0].json()["status"] == "pending_approval"


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def test_a_clock_that_jumps_approves_nothing(make_daemon, tmp_path):
    """A day ahead ends what waits, once; a day back revives nothing."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    daemon = make_daemon(env={
        "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
    agent = daemon.agent()
    long, short = (submit(agent, expiresIn=ttl)["intentId"]
                   for ttl in ("3d", "1h"))
    approved = submit(agent, expiresIn="3d")["intentId"]
    assert daemon.admin.post(f"/v1/intents/{approved}/approve").status == 200

    def status(intent):
        return agent.get(f"/v1/intents/{intent}").json()["status"]

    clock.write_text("+86400")
    wait_for(lambda: status(short) == "expired", 10, "the expiry")
    assert status(long) == "pending_approval"
    clock.write_text("-86400")
    later = submit(agent)["intentId"]
    assert later > long and status(later) == "pending_approval"
    for intent, verb, expected in (
            (short, "approve", 410), (long, "reject", 200),
            (approved, "reject", 409)):
        got = daemon.admin.post(f"/v1/intents/{intent}/{verb}")
        assert got.status == expected, got
    assert [status(i) for i in (short, long, approved)] == [
        "expired", "blocked", "approved"]
    trail = daemon.admin.get(f"/v1/intents/{short}").json()["auditTrail"]
    assert [e["type"] for e in trail].count("expired") == 1
    clock.write_text("+0")
    daemon.cli("audit", "verify")
