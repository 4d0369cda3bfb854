"""assent audit, policy and doctor: what can be looked at without deciding."""

import json
import os
import re
import sqlite3
import threading

import pytest

import harness
from commands import (FAILED, NOT_FOUND, new, run, run_json)

CONFIG = "people: [{id: dana, name: Dana}]\n"


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(config=CONFIG)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("cli-bot")


# --- the trail ------------------------------------------------------------

def test_the_whole_trail_is_shown(daemon, agent):
    new(daemon, agent)
    got = run(daemon, "audit", "--limit", "1000")
    assert "agent_registered" in got.stdout
    events = run_json(daemon, "audit", "--limit", "3")["events"]
    assert len(events) == 3


def tamper(sql):
    """Does something to the database that the daemon would not."""
    def change(folder):
        with sqlite3.connect(folder / "assent.db") as db:
            db.execute(sql)
    return change


# What is done to the trail, and the number of the record it is found at.
TAMPERED = [
    ("UPDATE audit SET event = replace(event, 'mail.send', 'bank.wire') "
     "WHERE seq = 3", 3),
    ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", 4),
    ("DELETE FROM audit WHERE seq = 2", 2),
    ("DELETE FROM audit WHERE seq = 1", 1),
    ("UPDATE audit SET event = (SELECT event FROM audit WHERE seq = 6) "
     "WHERE seq = 5", 5),
    ("DELETE FROM audit WHERE seq >= 5", 5),
    ("DELETE FROM audit", 1),
    ("UPDATE audit SET seq = -seq WHERE seq = 5", 1),
    ("UPDATE audit SET event = event || ' ' WHERE seq = 3", 3),
    ("UPDATE audit SET event = '' WHERE seq = 3", 3),
    ("INSERT INTO audit (event, hash) SELECT event, hash FROM audit "
     "WHERE seq = 3", 7),
]


@pytest.mark.parametrize("sql,seq", TAMPERED)
def test_a_trail_that_was_changed_is_found_out(make_daemon, sql, seq):
    daemon = make_daemon()
    agent = daemon.agent()
    for _ in range(2):
        harness.submit(agent)
    daemon.stop()
    good = run(daemon, "audit", "verify", offline=True)
    assert good.stdout == "ok: 6 events, the chain is whole\n"
    tamper(sql)(daemon.data)
    for more in ([], ["--offline"]):
        bad = run(daemon, "audit", "verify", *more, code=FAILED,
                  offline=True)
        assert re.search(rf"(?<![\d-]){seq}\b", bad.stderr), bad.stderr
    said = run_json(daemon, "audit", "verify", code=FAILED, offline=True)
    assert (said["ok"], said["first_bad"]) == (False, seq)


def test_a_trail_is_verified_while_it_is_written(make_daemon):
    daemon = make_daemon()
    agent, over = daemon.agent(), []

    def load():
        while not over:
            harness.submit(agent, policy="auto", recordCount=1)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        for _ in range(15):
            said = run_json(daemon, "audit", "verify", offline=True)
            assert said["ok"] is True and said["first_bad"] is None
    finally:
        over.append(True)
        for t in threads:
            t.join()


# --- policies -------------------------------------------------------------

def test_policies_are_checked(daemon, tmp_path):
    (tmp_path / "one.yaml").write_text("id: one\n")
    got = run(daemon, "policy", "check", str(tmp_path))
    assert re.fullmatch(r"one +[0-9a-f]{12}\n", got.stdout)
    said = run_json(daemon, "policy", "check", str(tmp_path))
    assert [p["id"] for p in said["policies"]] == ["one"]
    run(daemon, "policy", "check")  # those of the settings
    run(daemon, "policy", "check", "/nowhere", code=FAILED)
    got = run(daemon, "policy", "check",
              str(harness.ROOT / "policies"))
    assert "refund" in got.stdout


def test_a_verdict_is_explained_step_by_step(daemon, tmp_path):
    path = tmp_path / "intent.json"
    path.write_text(json.dumps({"destination": "d", "recordCount": 5}))
    got = run(daemon, "policy", "explain", "auto", str(path))
    assert "> " in got.stdout
    assert got.stdout.splitlines()[-1].startswith(
        "approved: Record count 5 is within auto-approve threshold (100)")
    said = run_json(daemon, "policy", "explain", "closed", str(path))
    assert said["verdict"] == "blocked"
    assert said["reason_code"] == "destination_not_allowed"
    decided = [s for s in said["steps"] if s["decided"]]
    assert decided == said["steps"][:1]
    assert decided[0]["text"] == said["reason"]
    assert len(said["steps"]) == 10
    file = daemon.policies / "human.yaml"
    assert "pending" in run(daemon, "policy", "explain", str(file),
                            str(path)).stdout
    run(daemon, "policy", "explain", "none", str(path), code=NOT_FOUND)
    run(daemon, "policy", "explain", "auto", "/nowhere", code=FAILED)
    path.write_text('{"destination": "d", "recordCount": -5}')
    assert "recordCount" in run(daemon, "policy", "explain", "auto",
                                str(path), code=FAILED).stderr
    path.write_text("{")
    run(daemon, "policy", "explain", "auto", str(path), code=FAILED)


def test_what_is_explained_is_what_the_daemon_says(daemon, agent, tmp_path):
    path = tmp_path / "intent.json"
    for body in ({"recordCount": 5}, {"recordCount": 500}, {},
                 {"payload": "x", "sensitivity_tags": ["pii"]}):
        for policy in ("auto", "human", "closed"):
            body = {"destination": "d", **body}
            path.write_text(json.dumps(body))
            told = run_json(daemon, "policy", "explain", policy, str(path))
            got = harness.submit(agent, policy=policy, **body)
            assert told["reason"] == got["reason"]
            assert told["reason_code"] == got["reason_code"]
            assert told["risk_score"] == got["risk_score"]


# --- doctor ---------------------------------------------------------------

def checks(said):
    return {c["check"]: c["state"] for c in said["checks"]}


def test_doctor_finds_nothing_where_nothing_is_wrong(daemon):
    got = run(daemon, "doctor")
    assert all(line.startswith(("ok", "note"))
               for line in got.stdout.splitlines())
    said = run_json(daemon, "doctor")
    assert said["ok"] is True
    found = checks(said)
    for name in ("settings", "policies", "audit", "daemon", "webhook",
                 "clock", "key"):
        assert found[name] == "ok", name


def test_doctor_says_what_is_wrong(make_daemon):
    daemon = make_daemon(config=CONFIG)
    said = run_json(daemon, "doctor", key="gate_sk_wrong", code=FAILED)
    assert checks(said)["key"] == "bad"
    os.chmod(daemon.data, 0o755)
    assert checks(run_json(daemon, "doctor", code=FAILED))["store"] == "bad"
    os.chmod(daemon.data, 0o700)
    harness.submit(daemon.agent())
    daemon.stop()
    assert checks(run_json(daemon, "doctor", code=FAILED))["daemon"] == "bad"
    tamper("UPDATE audit SET hash = zeroblob(32) WHERE seq = 2")(daemon.data)
    (daemon.policies / "human.yaml").write_text("id: human\nbad: 1\n")
    found = checks(run_json(daemon, "doctor", code=FAILED))
    assert (found["audit"], found["policies"]) == ("bad", "bad")
    (daemon.folder / "assent.yaml").write_text("prot: 1\n")
    got = run(daemon, "doctor", code=FAILED)
    assert "did you mean port?" in got.stderr
    assert re.search(r"(?m)^bad +settings ", got.stdout)


def test_doctor_notes_who_can_be_asked_nowhere(make_daemon):
    daemon = make_daemon(config="people:\n"
                         "  - {id: kim, discord: ['1']}\n"
                         "  - {id: lee, email: lee@example.com}\n"
                         "channels: {ops: {slack: T1/C1}}\n"
                         "smtp: {host: 127.0.0.1, from: a@example.com}\n")
    got = run(daemon, "doctor")
    assert re.search(r"(?m)^note +people +1 cannot be asked .* as kim:",
                     got.stdout)
    assert re.search(r"(?m)^note +channels +ops is in slack, ", got.stdout)


def test_doctor_names_the_place_of_a_mistake(make_daemon):
    daemon = make_daemon(config="people:\n  - {id: kim}\n")
    (daemon.folder / "assent.yaml").write_text(
        "channels: {ops: {slack: general}}\n")
    got = run(daemon, "doctor", code=FAILED)
    assert "channels.ops.slack: must be TEAM/CHANNEL" in got.stdout
