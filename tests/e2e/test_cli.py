"""assent, the command line: each verb, its exit codes, its two outputs."""

import os
import re
import subprocess
import threading

import pytest

import harness
from commands import (CONFLICT, FAILED, NOT_APPROVED, NOT_FOUND, OK, PENDING,
                      REFUSED, USAGE, new, run, run_json)

CONFIG = "people: [{id: dana, name: Dana}]\n"


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(config=CONFIG,
                              env={"ASSENT_WEBHOOK_RETRY_S": "0.1"})


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("cli-bot")


# --- the road -------------------------------------------------------------

def test_the_whole_road_by_command_line(daemon, agent):
    intent = new(daemon, agent, "--payload", "hello", "--records", "5")
    assert "pending_approval" in run(daemon, "status", intent,
                                     key=agent.key, code=PENDING).stdout
    listed = run(daemon, "list", "--state", "pending_approval").stdout
    assert f"{intent}  pending_approval  mail.send" in listed
    assert run(daemon, "approve", intent, "--reason", "fine").stdout == \
        f"{intent}  approved\n"
    run(daemon, "status", intent, key=agent.key, code=OK)
    lease = run_json(daemon, "execute", intent, key=agent.key)
    assert lease["status"] == "scheduled"
    said = run(daemon, "report", lease["executionId"], "--result",
               '{"sent": 1}', key=agent.key).stdout
    assert said == f"{lease['executionId']}  succeeded\n"
    row = run_json(daemon, "status", intent, key=agent.key)
    assert (row["status"], row["reason"]) == ("succeeded", "fine")
    trail = run(daemon, "audit", intent).stdout
    words = ["proposed", "policy_checked", "approved", "execution_succeeded"]
    assert [w for w in words if w in trail] == words


def test_submit_sends_every_field_that_it_has_a_word_for(daemon, agent):
    intent = new(
        daemon, agent, "--payload", '{"a":1}', "--records", "7", "--value",
        "12.5", "--title", "T", "--description", "D", "--urgency", "high",
        "--ttl", "5m", "--idempotency-key", "cli-1", "--callback-url",
        "http://127.0.0.1:9/", "--metadata", '{"m": [1]}', "--approver",
        "dana", "--option", "Go:approve", "--option", "Stop:deny",
        "--option", "Ask: legal:other")
    row = agent.get(f"/v1/intents/{intent}?payload=1").json()
    expected = {
        "payload": '{"a":1}', "estimated_records": 7,
        "estimated_value_usd": 12.5, "title": "T", "description": "D",
        "urgency": "high", "idempotency_key": "cli-1",
        "callback_url": "http://127.0.0.1:9/", "metadata": {"m": [1]},
        "approvers": ["dana"], "options": [
            {"label": "Go", "outcome": "approve"},
            {"label": "Stop", "outcome": "deny"},
            {"label": "Ask: legal", "outcome": "other"}]}
    assert {k: row[k] for k in expected} == expected
    run(daemon, "submit", "--policy", "human", "--destination", "d",
        "--idempotency-key", "cli-1", key=agent.key, code=CONFLICT)


def test_a_payload_comes_from_a_file_or_standard_input(daemon, agent,
                                                       tmp_path):
    path = tmp_path / "payload"
    text = "from a file\n\u00e9\U0001f600"
    path.write_text(text)
    for args, kw in ((("--payload", f"@{path}"), {}),
                     (("--payload", "-"), {"stdin": text})):
        got = run_json(daemon, "submit", "--policy", "human",
                       "--destination", "d", *args, key=agent.key, **kw)
        shown = agent.get(f"/v1/intents/{got['id']}?payload=1").json()
        assert shown["payload"] == text
    got = run(daemon, "submit", "--policy", "human", "--destination", "d",
              "--payload", "@/nowhere", key=agent.key, code=USAGE)
    assert "cannot read /nowhere" in got.stderr


@pytest.mark.parametrize("policy,more,code", [
    ("human", [], OK), ("auto", ["--records", "5"], OK),
    ("closed", [], NOT_APPROVED)])
def test_submit_ends_with_what_the_policy_said(daemon, agent, policy, more,
                                               code):
    new(daemon, agent, *more, policy=policy, code=code)


@pytest.mark.parametrize("verb,code", [
    ("approve", OK), ("deny", NOT_APPROVED), ("cancel", NOT_APPROVED)])
def test_status_ends_with_what_was_decided(daemon, agent, verb, code):
    intent = new(daemon, agent)
    run(daemon, "status", intent, code=PENDING)
    run(daemon, verb, intent)
    run(daemon, "status", intent, code=code)
    run(daemon, "status", intent, "--wait", code=code)


def test_an_option_is_chosen_by_its_label(daemon, agent):
    options = ["--option", "Go", "--option", "Stop", "--option", "Ask:other"]
    intent = new(daemon, agent, *options)
    got = run(daemon, "approve", intent, "--choose", "None", code=FAILED)
    assert "there is no such option" in got.stderr
    said = run_json(daemon, "approve", intent, "--choose", "Ask")
    assert (said["status"], said["option"]) == ("resolved", "Ask")
    run(daemon, "status", intent, code=NOT_APPROVED)


def test_waiting_ends_with_the_decision(daemon, agent):
    done = []
    thread = threading.Thread(target=lambda: done.append(daemon.cli(
        "submit", "--policy", "human", "--destination", "d", "--wait",
        "--title", "wait for me", key=agent.key, check=False)))
    thread.start()

    def pending():
        rows = agent.get("/v1/intents?limit=5").json()["intents"]
        return next((r["id"] for r in rows if r["title"] == "wait for me"),
                    None)

    intent = harness.wait_for(pending)
    assert daemon.admin.post(f"/v1/intents/{intent}/reject", {}).status == 200
    thread.join(20)
    assert done[0].returncode == NOT_APPROVED
    assert intent in done[0].stdout


def test_waiting_has_an_end(daemon, agent):
    intent = new(daemon, agent)
    for wait in ("--wait=1", "--wait=0"):
        got = run(daemon, "status", intent, wait, code=PENDING)
        assert "pending_approval" in got.stdout


# --- keys -----------------------------------------------------------------

def make_key(daemon, *more, **kw):
    return run_json(daemon, "key", "create", "--name", "n", *more, **kw)


def test_keys_are_made_listed_and_revoked(daemon):
    key = make_key(daemon, "--class", "reviewer", "--person", "dana")
    assert {"id", "name", "class", "apiKey"} <= set(key)
    assert (key["name"], key["class"]) == ("n", "reviewer")
    client = daemon.client(key["apiKey"])
    assert client.get("/v1/agents").status == 200
    listed = run(daemon, "key", "list").stdout
    assert re.search(f"{key['id']}  reviewer +n  person=dana\n", listed)
    assert key["apiKey"] not in listed
    run(daemon, "key", "revoke", key["id"])
    assert client.get("/v1/agents").status == 401
    assert f"{key['id']}  reviewer  n  person=dana  revoked" in \
        run(daemon, "key", "list").stdout


def test_a_key_alone_is_on_standard_output(daemon):
    got = run(daemon, "key", "create", "--name", "plain", "--class", "admin")
    assert re.fullmatch(r"gate_sk_[0-9a-f]{48}\n", got.stdout)
    assert "shown this once" in got.stderr


def test_an_agents_key_has_its_settings(daemon):
    key = make_key(daemon, "--class", "agent", "--person", "dana",
                   "--rate-limit", "2", "--scopes", "a,b")
    client = daemon.client(key["apiKey"])
    assert client.get("/v1/nonce").headers["x-ratelimit-limit"] == "2"
    shown = daemon.admin.get(f"/v1/agents/{key['agentId']}").json()
    assert shown["owner"] == "dana"
    more = make_key(daemon, "--class", "agent", "--agent", key["agentId"])
    assert more["agentId"] == key["agentId"]
    rows = daemon.admin.get("/v1/keys").json()["keys"]
    assert next(r for r in rows if r["id"] == key["id"])["scopes"] == \
        ["a", "b"]


def test_a_first_reviewer_is_made_before_the_first_start(make_daemon):
    daemon = make_daemon(start=False, config=CONFIG,
                         env={"ADMIN_API_KEY": None})
    key = make_key(daemon, "--class", "reviewer", "--person", "dana",
                   "--offline", offline=True)
    assert {"id", "name", "class", "apiKey"} <= set(key)
    listed = run_json(daemon, "key", "list", "--offline", offline=True)
    assert [k["id"] for k in listed["keys"]] == [key["id"]]
    daemon.start()
    assert "sign in" not in daemon.greeting()
    intent = harness.submit(daemon.agent())["id"]
    got = daemon.client(key["apiKey"]).post(f"/v1/intents/{intent}/approve",
                                            {})
    assert got.json()["status"] == "approved"
    assert daemon.client(key["apiKey"]).get(
        f"/v1/intents/{intent}").json()["decided_by"] == "dana"


def test_keys_are_made_and_revoked_beside_a_daemon_that_runs(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    keys = []
    for i in range(5):
        harness.submit(agent)
        keys.append(make_key(daemon, "--class", "reviewer", "--offline",
                             offline=True))
        client = daemon.client(keys[-1]["apiKey"])
        assert client.get("/v1/agents").status == 200
    assert len({k["id"] for k in keys}) == 5
    run(daemon, "key", "revoke", keys[0]["id"], "--offline", offline=True)
    harness.wait_for(lambda: daemon.client(keys[0]["apiKey"]).get(
        "/v1/agents").status == 401)
    run(daemon, "audit", "verify", offline=True)
    types = [e["type"] for e in daemon.admin.get(
        "/v1/audit?limit=1000").json()["events"]]
    assert types.count("key_created") == 6
    assert types.count("key_revoked") == 1


def test_a_person_who_is_not_there_gets_no_key(daemon):
    for more, kw in (([], {}), (["--offline"], {"offline": True})):
        got = run(daemon, "key", "create", "--name", "x", "--class",
                  "reviewer", "--person", "nobody", *more, code=FAILED, **kw)
        assert "person" in got.stderr


# --- refusals -------------------------------------------------------------

WRONG = [
    ([], USAGE), (["nothing"], USAGE), (["submit", "--nothing"], USAGE),
    (["status"], USAGE), (["approve"], USAGE), (["deny"], USAGE),
    (["cancel"], USAGE), (["execute"], USAGE), (["report"], USAGE),
    (["key"], USAGE), (["key", "make"], USAGE), (["key", "revoke"], USAGE),
    (["key", "create"], USAGE), (["key", "create", "--name", "x"], USAGE),
    (["key", "create", "--name", "x", "--class", "root"], USAGE),
    (["key", "create", "--class", "admin"], USAGE),
    (["policy"], USAGE), (["policy", "explain"], USAGE),
    (["policy", "explain", "human"], USAGE),
    (["submit", "--policy", "human", "--destination", "d", "--records",
      "many"], USAGE),
    (["submit", "--policy", "human", "--destination", "d", "--metadata",
      "{"], USAGE),
    (["report", "exe_0", "--result", "{"], USAGE),
    (["submit"] + ["--option", "x"] * 100, USAGE),
    (["status", "int_0"], NOT_FOUND), (["approve", "int_0"], NOT_FOUND),
    (["deny", "int_0"], NOT_FOUND), (["cancel", "int_0"], NOT_FOUND),
    (["audit", "int_0"], NOT_FOUND), (["key", "revoke", "key_0"], NOT_FOUND),
    (["list", "--state", "odd"], FAILED), (["list", "--limit", "x"], FAILED),
    (["submit", "--policy", "human", "--destination", "d"], REFUSED),
    (["execute", "int_0"], REFUSED),
]


@pytest.mark.parametrize("args,code", WRONG)
def test_what_is_wrong_has_its_exit_code_and_words(daemon, args, code):
    got = run(daemon, *args, code=code)
    assert "assent: " in got.stderr or "usage: " in got.stderr


def test_a_key_that_may_not_is_refused(daemon, agent):
    intent = new(daemon, agent)
    for args in (("approve", intent), ("deny", intent), ("key", "list"),
                 ("list", "--dead"), ("audit",)):
        run(daemon, *args, key=agent.key, code=REFUSED)
        run(daemon, *args, key="gate_sk_wrong", code=REFUSED)
        run(daemon, *args, key=None, code=REFUSED)


def test_a_state_that_does_not_allow_it_is_a_conflict(daemon, agent):
    intent = new(daemon, agent)
    run(daemon, "execute", intent, key=agent.key, code=CONFLICT)
    run(daemon, "approve", intent)
    run(daemon, "deny", intent, code=CONFLICT)
    run(daemon, "cancel", intent, code=CONFLICT)
    lease = run_json(daemon, "execute", intent, key=agent.key)
    run(daemon, "execute", intent, key=agent.key, code=CONFLICT)
    run(daemon, "report", lease["executionId"], "--failed", key=agent.key)
    run(daemon, "report", lease["executionId"], key=agent.key, code=CONFLICT)


def test_a_payload_that_is_not_the_one_is_a_conflict(daemon, agent):
    intent = new(daemon, agent, "--payload", "x")
    run(daemon, "approve", intent)
    run(daemon, "execute", intent, "--payload-sha256", "0" * 64,
        key=agent.key, code=CONFLICT)


def test_a_daemon_that_is_not_there_is_a_failure(make_daemon):
    daemon = make_daemon(start=False)
    got = run(daemon, "list", code=FAILED)
    assert "no answer from http://127.0.0.1:" in got.stderr


def test_lists_go_on_where_they_ended(daemon, agent):
    for _ in range(3):
        new(daemon, agent)
    got = run(daemon, "list", "--limit", "2").stdout
    cursor = re.search(r"more: --cursor (\S+)", got).group(1)
    rest = run(daemon, "list", "--limit", "2", "--cursor", cursor).stdout
    assert not set(got.splitlines()) & set(rest.splitlines())


def test_words_of_strangers_do_not_reach_the_terminal(daemon):
    agent = daemon.agent("evil\u202e\u2066")
    intent = harness.submit(agent, destination="a\tb\u202e\u200b")["id"]
    daemon.admin.post(f"/v1/intents/{intent}/reject",
                      {"reason": "x\n\tforged line"})
    for args in (("list",), ("audit", intent), ("status", intent)):
        got = daemon.cli(*args, check=False)
        assert not set(got.stdout) & set("\x1b\u202e\u2066\u200b")
        assert "\nforged" not in got.stdout and "\tforged" not in got.stdout


# --- where the key comes from ---------------------------------------------

def test_url_and_key_come_from_a_file_of_the_user(daemon, tmp_path):
    folder = tmp_path / ".config" / "assent"
    folder.mkdir(parents=True)
    path = folder / "config"
    path.write_text(f"ASSENT_URL=http://127.0.0.1:{daemon.port}/\n"
                    f"ASSENT_API_KEY={harness.ADMIN_KEY}\n")
    path.chmod(0o600)
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"],
           "ASAN_OPTIONS": daemon.env["ASAN_OPTIONS"]}

    def call(**more):
        return subprocess.run([harness.ASSENT, "list"], env=env | more,
                              capture_output=True, text=True)

    assert (call().returncode, call().stderr) == (OK, "")
    assert call(ASSENT_API_KEY="gate_sk_wrong").returncode == REFUSED
    assert call(ASSENT_URL="http://127.0.0.1:1").returncode == FAILED
    path.chmod(0o644)
    assert "readable by others" in call().stderr


@pytest.mark.parametrize("verb", [
    "submit", "status", "list", "approve", "deny", "cancel", "execute",
    "report", "audit", "key", "policy", "doctor"])
def test_each_verb_has_help(daemon, verb):
    assert run(daemon, verb, "--help").stdout.startswith(
        f"usage: assent {verb} ")
    assert f"\n  {verb} " in run(daemon, "--help").stdout
    assert run(daemon, "--version").stdout == "assent 0.1.0\n"
