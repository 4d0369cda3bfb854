"""The road of README: submit, approve, poll, execute, report."""

import hashlib

import harness

PAYLOAD = '{"to":"ann@example.com","subject":"Hello"}'


def test_an_intent_is_submitted_approved_executed_and_reported(daemon):
    agent, rita = daemon.agent("mailer", owner="sam"), daemon.key("rita")
    first = harness.submit(agent, payload=PAYLOAD, recordCount=1)
    intent = f"/v1/intents/{first['intentId']}"

    assert first["status"] == "pending_approval"
    assert first["approvalState"] == "waiting_input"
    assert agent.get(intent).json()["status"] == "pending_approval"
    early = agent.post(f"{intent}/execute", {})
    assert (early.status, early.json()["status"]) == (409, "pending_approval")

    approved = rita.post(f"{intent}/approve", {})
    assert approved.status == 200
    assert approved.json()["status"] == "approved"
    seen = agent.get(intent).json()
    assert seen["status"] == "approved"
    assert seen["decided_name"] == "rita"

    leased = agent.post(f"{intent}/execute", {
        "payload_sha256": hashlib.sha256(PAYLOAD.encode()).hexdigest()})
    assert leased.status == 201
    lease = leased.json()
    assert lease["execution_token"].startswith("gex_")
    assert agent.get(intent).json()["status"] == "scheduled"

    runner = daemon.client(lease["execution_token"])
    told = runner.post(f"/v1/executions/{lease['executionId']}/report",
                       {"status": "succeeded", "result": {"sent": 1}})
    assert told.status == 200
    assert told.json()["result"] == {"sent": 1}
    assert agent.get(intent).json()["status"] == "succeeded"

    trail = agent.get(f"{intent}/audit").json()["events"]
    assert [e["event_type"] for e in trail] == [
        "proposed", "policy_checked", "approval_vote_recorded", "approved",
        "execution_requested", "execution_succeeded"]


def test_a_denied_intent_is_never_executed(daemon, agent):
    intent = f"/v1/intents/{harness.submit(agent)['intentId']}"

    got = daemon.admin.post(f"{intent}/reject", {"reason": "not today"})
    assert (got.status, got.json()["status"]) == (200, "blocked")
    assert got.json()["reason"] == "not today"
    refused = agent.post(f"{intent}/execute", {})
    assert (refused.status, refused.json()["status"]) == (409, "blocked")
    assert agent.get(intent).json()["blockReason"] == "not today"


def test_a_policy_approves_what_is_small_enough(daemon, agent):
    small = harness.submit(agent, policy="auto", recordCount=99)
    large = harness.submit(agent, policy="auto", recordCount=101)

    assert small["status"] == "approved"
    assert small["reason_code"] == "approved_by_policy"
    assert large["status"] == "pending_approval"
    got = agent.post(f"/v1/intents/{small['intentId']}/execute", {})
    assert got.status == 201


def test_a_policy_blocks_what_it_does_not_list(agent):
    got = harness.submit(agent, policy="closed")

    assert got["status"] == "blocked"
    assert got["reason_code"] == "destination_not_allowed"
    assert got["blockReason"].startswith("Destination 'mail.send' not in")


def test_what_was_approved_is_downloaded_once(daemon, agent):
    intent = harness.submit(agent, payload=PAYLOAD)["intentId"]

    early = agent.post("/v1/deliver", {"proposalId": intent})
    assert early.status == 409
    assert daemon.admin.post("/v1/approve", {"proposalId": intent}).status \
        == 200
    given = agent.post("/v1/deliver", {"proposalId": intent}).json()
    path = given["url"].removeprefix(f"http://127.0.0.1:{daemon.port}")
    assert path == f"/v1/download/{given['deliveryToken']}"
    public = daemon.client()
    assert public.call("HEAD", path).status == 400
    got = public.get(path)
    assert (got.status, got.body.decode()) == (200, PAYLOAD)
    assert got.headers["content-disposition"] == "attachment"
    assert public.get(path).status == 410
    assert public.get("/v1/download/dlv_" + "0" * 40).status == 404
