"""What is approved is executed once, and what came of it is said once."""

import concurrent.futures
import datetime
import hashlib
import sqlite3

import pytest

import harness


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


def approved(daemon, agent, **fields):
    intent = harness.submit(agent, **fields)["id"]
    assert daemon.admin.post(f"/v1/intents/{intent}/approve",
                             {}).status == 200
    return intent


def lease(daemon, agent, **fields):
    intent = approved(daemon, agent, **fields)
    got = agent.post(f"/v1/intents/{intent}/execute", {})
    assert got.status == 201
    return got.json()


def report(client, execution, status="succeeded", **more):
    return client.post(f"/v1/executions/{execution['executionId']}/report",
                       {"status": status, **more})


def test_a_lease_has_every_documented_name(daemon, agent):
    got = lease(daemon, agent, payload="p")
    assert {"executionId", "execution_id", "intent_id", "mode", "destination",
            "action", "payload_ref", "payload_hash", "execution_token",
            "retry_policy", "status", "issued_at", "expires_at",
            "executed_at", "result", "approval_evidence"} <= set(got)
    assert got["executionId"] == got["execution_id"]
    assert got["mode"] == "runner_exec"
    assert got["status"] == "scheduled"
    assert got["payload_hash"] == hashlib.sha256(b"p").hexdigest()
    assert got["retry_policy"] == {"max_attempts": 3, "backoff_seconds": 30}
    issued, expires = (datetime.datetime.fromisoformat(got[k])
                       for k in ("issued_at", "expires_at"))
    assert (expires - issued).total_seconds() == 15 * 60


def test_an_intent_is_executed_once_by_whoever_asks_first(daemon, agent):
    intent = approved(daemon, agent)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda _: agent.post(
            f"/v1/intents/{intent}/execute", {}), range(20)))
    assert sorted(g.status for g in got) == [201] + [409] * 19
    for g in got:
        if g.status == 409:
            assert g.json()["status"] == "scheduled"


@pytest.mark.parametrize("payload", ["text", {"a": 1}, "", None])
def test_the_payload_must_be_the_one_that_was_approved(daemon, agent,
                                                       payload):
    first = harness.submit(agent, payload=payload)
    path = f"/v1/intents/{first['id']}/execute"
    assert daemon.admin.post(f"/v1/intents/{first['id']}/approve",
                             {}).status == 200
    digest = first["payload_sha256"]
    other = hashlib.sha256(b"another").hexdigest()
    got = agent.post(path, {"payload_sha256": other})
    assert (got.status, got.json()["error"]) == (409, "payload_mismatch")
    flipped = ("0" if digest[0] != "0" else "1") + digest[1:]
    assert agent.post(path, {"payloadSha256": flipped}).status == 409
    got = agent.post(path, {"payload_hash": digest.upper()})
    assert (got.status, got.json()["payload_sha256"]) == (201, digest)


def test_the_token_is_shown_once_and_to_nobody_else(daemon, agent):
    execution = lease(daemon, agent)
    path = f"/v1/executions/{execution['executionId']}"
    for client in (agent, daemon.admin):
        got = client.get(path)
        assert got.status == 200
        assert execution["execution_token"] not in got.body.decode()
        assert "execution_token" not in got.json()
    row = agent.get(f"/v1/intents/{execution['intent_id']}").json()
    assert row["execution"] == {"executionId": execution["executionId"],
                                "execution_id": execution["executionId"],
                                "status": "scheduled"}


@pytest.mark.parametrize("by_token", [True, False])
@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_an_outcome_is_reported_once(daemon, agent, status, by_token):
    execution = lease(daemon, agent)
    runner = daemon.client(execution["execution_token"]) if by_token \
        else agent
    got = report(runner, execution, status, result={"n": [1, "x"]})
    assert got.status == 200
    said = got.json()
    assert said["status"] == status
    assert said["result"] == said["worker_report"] == {"n": [1, "x"]}
    assert said["executed_at"] and said["completed_at"]
    for again in ("succeeded", "failed"):
        late = report(runner, execution, again, result="other")
        assert late.status == 409
        assert late.json()["error"] == "execution_already_reported"
        assert late.json()["status"] == status
    seen = agent.get(f"/v1/executions/{execution['executionId']}").json()
    assert (seen["status"], seen["result"]) == (status, {"n": [1, "x"]})
    row = agent.get(f"/v1/intents/{execution['intent_id']}").json()
    assert row["status"] == status
    assert row["decision"] == "approved"


@pytest.mark.parametrize("result", [
    None, 5, "text", [], {}, True, 1.5, {"report": {"deep": [1, {}]}},
    '}],"type":"approved"'])
def test_any_json_may_be_a_result_under_both_names(daemon, agent, result):
    for name in ("result", "report"):
        execution = lease(daemon, agent)
        got = report(agent, execution, **{name: result})
        assert (got.status, got.json()["result"]) == (200, result)
        trail = agent.get(f"/v1/audit/{execution['intent_id']}").json()
        last = trail["events"][-1]
        assert last["event_type"] == "execution_succeeded"
        assert last["actor"] == "runner"
        assert last["metadata"]["result"] == result


def test_only_its_own_agent_and_token_report_an_execution(daemon, agent):
    mine, other = lease(daemon, agent), lease(daemon, agent)
    foreign = daemon.agent("foreign")
    wrong = [(foreign, 403), (daemon.client(), 401), (daemon.admin, 403),
             (daemon.client(other["execution_token"]), 401),
             (daemon.client("gex_" + "0" * 40), 401),
             (daemon.client(mine["execution_token"] + "0"), 401),
             (daemon.client(mine["execution_token"][:-1]), 401)]
    for client, status in wrong:
        got = report(client, mine)
        assert got.status == status
        if status == 401:
            assert got.json()["error"] == \
                "Invalid execution token or API key"
    seen = agent.get(f"/v1/executions/{mine['executionId']}").json()
    assert seen["status"] == "scheduled"
    assert foreign.get(f"/v1/executions/{mine['executionId']}").status == 403


def test_a_revoked_agent_neither_executes_nor_reports(daemon):
    agent = daemon.agent("short")
    execution, intent = lease(daemon, agent), approved(daemon, agent)
    assert daemon.admin.post(f"/v1/agents/{agent.id}/revoke", {}).status == \
        200
    assert agent.post(f"/v1/intents/{intent}/execute", {}).status == 401
    assert report(agent, execution).status == 401


def test_the_payload_is_erased_when_the_outcome_is_known(daemon, agent):
    execution = lease(daemon, agent, payload="erase me")
    path = f"/v1/intents/{execution['intent_id']}?payload=1"
    assert agent.get(path).json()["payload"] == "erase me"
    assert report(agent, execution).status == 200
    row = agent.get(path).json()
    assert row["payload"] is None
    assert row["payload_sha256"] == hashlib.sha256(b"erase me").hexdigest()


def test_a_lease_that_runs_out_ends_as_failed(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    execution = lease(daemon, agent)
    daemon.stop()
    with sqlite3.connect(daemon.data / "assent.db") as db:
        db.execute("UPDATE execution SET lease_until_ms = 1")
    daemon.start()
    path = f"/v1/executions/{execution['executionId']}"
    harness.wait_for(lambda: agent.get(path).json()["status"] == "expired")
    got = report(daemon.client(execution["execution_token"]), execution)
    assert (got.status, got.json()["error"]) == \
        (410, "Execution token expired")
    intent = f"/v1/intents/{execution['intent_id']}"
    row = agent.get(intent).json()
    assert (row["status"], row["decision"]) == ("failed", "approved")
    assert [e["type"] for e in row["auditTrail"]].count(
        "execution_lapsed") == 1
    assert agent.post(f"{intent}/execute", {}).status == 409


def test_a_lease_outlives_a_restart(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    execution = lease(daemon, agent)
    daemon.stop()
    daemon.start()
    assert agent.post(f"/v1/intents/{execution['intent_id']}/execute",
                      {}).status == 409
    got = report(daemon.client(execution["execution_token"]), execution)
    assert got.json()["status"] == "succeeded"
