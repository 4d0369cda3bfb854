"""The native API route by route: what is answered, under every name."""

import datetime
import re

import pytest

import harness

PEOPLE = """\
people:
  - {id: dana, name: Dana Li}
  - {id: lee, name: Lee Wu}
"""


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(config=PEOPLE)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("maker", owner="dana", riskTier="high",
                        framework="own", metadata={"team": "a"})


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


SUBMITTED = """proposalId intentId messageId status approvalState
approvalLinkToken approvalInteractionId approvalProvider
requiredApprovalFactors assuranceLevel profile profileSummary
standingApprovalId requiredApprovals blockReason expiresAt riskScore
riskLevel riskFactors risk_score risk_level reason_code payload_sha256
digest options""".split()

ROW = """id intentId sender_agent_id agent_name payload_path payload_hash
payload_type destination policy_id status block_reason created_at expires_at
on_behalf_of idempotency_key risk_score risk_level sensitivity_tags
estimated_records estimated_value_usd action approved_at message_id
approval_state approval_link_expires_at approval_link_used_at profile_id
profile_fields_hash required_approvals standing_approval_id
has_approval_link payload_sha256 metadata title description options urgency
approvers channels decision""".split()

WHOLE = ROW + """manifest approval_evidence approval_interactions auditTrail
votes blockReason execution""".split()


def test_a_submit_answers_with_every_documented_name(agent):
    got = harness.submit(agent, payload="x", sensitivity_tags=["pii"])
    assert set(SUBMITTED) <= set(got)
    assert got["intentId"] == got["proposalId"]
    assert got["riskScore"] == got["risk_score"] == 0.1
    assert got["riskLevel"] == got["risk_level"] == "low"
    assert got["riskFactors"] == ["pii_tagged"]
    assert got["approvalProvider"] == "dashboard"
    assert re.fullmatch("int_[0-9a-f]{16}", got["intentId"])
    assert re.fullmatch("msg_[0-9a-f]{16,24}", got["messageId"])
    assert re.fullmatch("[0-9a-f]{64}", got["digest"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        got["expiresAt"])


def test_rows_and_whole_intents_have_every_documented_name(agent):
    first = harness.submit(agent, payload="x", sensitivity_tags=["pii", "a"])
    path = f"/v1/intents/{first['intentId']}"
    row = agent.get("/v1/intents?limit=1").json()["intents"][0]
    whole = agent.get(path).json()

    assert set(ROW) <= set(row)
    assert set(WHOLE) <= set(whole)
    assert row == {k: whole[k] for k in row}
    assert row["sensitivity_tags"] == '["pii","a"]'
    assert row["payload_hash"] == row["payload_sha256"] \
        == first["payload_sha256"]
    assert agent.get(path.replace("intents", "proposals")).json() == whole
    assert whole["auditTrail"] == agent.get(f"{path}/audit").json()["events"]


def test_the_payload_is_shown_only_when_it_is_asked_for(agent):
    path = f"/v1/intents/{harness.submit(agent, payload='sec ret')['id']}"
    assert "payload" not in agent.get(path).json()
    assert agent.get(f"{path}?payload=1").json()["payload"] == "sec ret"


def test_a_payload_may_be_an_object_and_is_kept_in_canonical_form(agent):
    first = harness.submit(agent, payload={"b": 1, "a": [1.0, "\u00e9"]})
    twin = harness.submit(agent, payload={"a": [1.0, "\u00e9"], "b": 1})
    shown = agent.get(f"/v1/intents/{first['id']}?payload=1").json()
    assert shown["payload"] == '{"a":[1,"\u00e9"],"b":1}'
    assert shown["payload_type"] == "json"
    assert first["payload_sha256"] == twin["payload_sha256"]


def test_the_lists_have_both_names(agent):
    harness.submit(agent)
    new = agent.get("/v1/intents?limit=2").json()
    old = agent.get("/v1/proposals?limit=2").json()
    assert new["intents"] == old["proposals"]
    assert new["count"] == len(new["intents"]) == old["count"]


def test_what_the_policy_said_is_shown_by_itself(agent):
    first = harness.submit(agent, policy="closed")
    got = agent.get(f"/v1/intents/{first['id']}/decision").json()
    assert got["intent_id"] == first["id"]
    assert got["status"] == got["decision"] == "blocked"
    assert got["reason_code"] == "destination_not_allowed"
    assert got["reason_detail"] == first["blockReason"]
    assert got["policy_snapshot"] == \
        '{"policy":"closed","destination":"mail.send"}'
    assert got["required_approvals"] == 0
    assert agent.get(f"/v1/proposals/{first['id']}/decision").json() == got


def test_events_have_both_spellings(agent):
    first = harness.submit(agent, policy="closed", on_behalf_of="sam")
    got = agent.get(f"/v1/intents/{first['id']}/audit").json()
    events = got["events"]
    assert got["count"] == len(events) == 3
    assert agent.get(f"/v1/audit/{first['id']}").json() == got
    assert got["proposalId"] == got["intentId"] == first["id"]
    for e in events:
        assert e["event_type"] == e["eventType"]
        assert e["created_at"] == e["createdAt"]
        assert e["proposal_id"] == e["intent"] == first["id"]
        assert e["id"].startswith("evt_")
    proposed, checked, blocked = events
    assert proposed["actor"] == "maker"
    assert proposed["metadata"]["destination"] == "mail.send"
    assert proposed["metadata"]["on_behalf_of"] == "sam"
    assert checked["metadata"]["result"] == "blocked"
    assert checked["metadata"]["risk_score"] == 0
    assert blocked["actor"] == "system"
    assert blocked["metadata"]["reason_code"] == "destination_not_allowed"


def test_an_approval_answers_with_every_documented_name(agent, rita):
    first = harness.submit(agent)
    got = rita.post(f"/v1/intents/{first['id']}/approve", {})
    said = got.json()
    assert got.status == 200
    assert {"status", "approvalState", "approvedAt", "intentId",
            "deliveryToken", "autoDeliver", "gate_exec",
            "approvalEvidence"} <= set(said)
    assert (said["status"], said["approvalState"]) == ("approved", "answered")
    assert (said["option"], said["outcome"]) == ("Approve", "approve")


def test_approving_again_says_the_same_and_changes_nothing(agent, rita):
    first = harness.submit(agent)
    path = f"/v1/intents/{first['id']}"
    one = rita.post(f"{path}/approve", {}).json()
    events = rita.get(f"{path}/audit").json()["count"]
    two = rita.post(f"{path}/approve", {})
    assert (two.status, two.json()) == (200, one)
    trail = rita.get(f"{path}/audit").json()["events"][events:]
    assert [e["event_type"] for e in trail if e["event_type"] !=
            "decision_refused"] == []


def test_a_late_answer_hears_what_was_decided(agent, rita):
    yes, no = harness.submit(agent)["id"], harness.submit(agent)["id"]
    assert rita.post(f"/v1/intents/{yes}/approve", {}).status == 200
    assert rita.post(f"/v1/intents/{no}/reject", {}).status == 200
    for intent, verb, decision in ((yes, "reject", "APPROVE"),
                                   (no, "approve", "REJECT"),
                                   (no, "reject", "REJECT")):
        got = rita.post(f"/v1/intents/{intent}/{verb}", {})
        assert (got.status, got.json()["decision"]) == (409, decision)
        assert "rita" in got.json()["message"]


def test_a_cancelled_intent_is_blocked_with_its_reason(agent, rita):
    for client, verb in ((rita, "cancel-approval"), (rita, "cancel"),
                         (agent, "cancel")):
        first = harness.submit(agent)
        path = f"/v1/intents/{first['id']}"
        got = client.post(f"{path}/{verb}", {"reason": "moot"})
        assert got.status == 200
        assert got.json()["status"] == "blocked"
        assert got.json()["approvalState"] == "cancelled"
        assert got.json()["reason"] == "moot"
        row = agent.get(path).json()
        assert (row["status"], row["approval_state"]) == \
            ("blocked", "cancelled")
        again = client.post(f"{path}/{verb}", {})
        assert (again.status, again.json()["error"]) == (409, "cannot_cancel")


def test_an_agent_is_shown_with_what_it_registered(daemon, agent, rita):
    got = agent.get(f"/v1/agents/{agent.id}").json()
    assert got["name"] == "maker"
    assert got["owner"] == "dana"
    assert got["risk_tier"] == got["riskTier"] == "high"
    assert got["framework"] == "own"
    assert got["metadata"] == {"team": "a"}
    assert got["status"] == "active"
    rows = rita.get("/v1/agents").json()["agents"]
    row = next(r for r in rows if r["id"] == agent.id)
    assert row == {k: got[k] for k in row}
    assert "apiKey" not in repr(rows)


def test_registration_answers_with_every_documented_name(daemon):
    got = daemon.client().post("/v1/agents/register", {
        "name": "n", "owner": "o", "framework": "f", "risk_tier": "low",
        "allowedPolicies": ["human"], "allowed_destinations": ["d"]}).json()
    assert got["agent_id"] == got["agentId"]
    assert re.fullmatch("agt_[0-9a-f]{16}", got["agentId"])
    assert re.fullmatch("gate_sk_[0-9a-f]{48}", got["apiKey"])
    assert got["riskTier"] == "low"
    assert got["allowed_policies"] == ["human"]
    assert got["allowed_destinations"] == ["d"]
    assert (got["status"], got["created_at"][-1]) == ("active", "Z")


def test_an_agent_is_held_to_what_it_is_allowed(daemon):
    agent = daemon.agent("bounded", allowed_policies=["human"],
                         allowed_destinations=["mail.send"])
    assert harness.submit(agent)["status"] == "pending_approval"
    other = harness.submit(agent, destination="bank.wire")
    assert other["reason_code"] == "destination_not_allowed"
    wrong = harness.submit(agent, policy="auto", recordCount=1)
    assert (wrong["status"], wrong["reason_code"]) == \
        ("blocked", "policy_not_allowed")


def test_keys_are_made_listed_and_revoked_by_admins(daemon):
    made = daemon.admin.post("/v1/keys", {
        "name": "dana's", "class": "reviewer", "person": "dana"})
    assert made.status == 201
    key = made.json()
    assert re.fullmatch("key_[0-9a-f]{16}", key["id"])
    assert (key["class"], key["person"]) == ("reviewer", "dana")
    rows = daemon.admin.get("/v1/keys").json()["keys"]
    row = next(r for r in rows if r["id"] == key["id"])
    assert row["revoked"] is False and "apiKey" not in row
    gone = daemon.admin.post(f"/v1/keys/{key['id']}/revoke", {})
    assert gone.json() == {"id": key["id"], "revoked": True}
    assert daemon.client(key["apiKey"]).get("/v1/nonce").status == 401


def test_a_key_may_be_made_for_an_agent_that_exists(daemon, agent):
    more = daemon.key("second", "agent", agent_id=agent.id)
    first = harness.submit(more)
    assert agent.get(f"/v1/intents/{first['id']}").status == 200
    fresh = daemon.admin.post("/v1/keys", {"name": "solo", "class": "agent",
                                           "person": "dana"}).json()
    shown = daemon.admin.get(f"/v1/agents/{fresh['agentId']}").json()
    assert (shown["name"], shown["owner"]) == ("solo", "dana")


def test_a_nonce_is_used_once_and_only_where_it_was_asked_for(agent, rita):
    nonce = rita.get("/v1/nonce").json()
    assert re.fullmatch("non_[0-9a-f]{32}", nonce["nonce"])
    ids = [harness.submit(agent)["id"] for _ in range(2)]
    body = {"nonce": nonce["nonce"]}
    assert rita.post(f"/v1/intents/{ids[0]}/approve", body).status == 200
    got = rita.post(f"/v1/intents/{ids[1]}/approve", body)
    assert got.status == 409
    assert got.json()["error"] == "replay_rejected"
    assert got.json()["reason"] == "nonce_already_used"
    assert rita.get(f"/v1/intents/{ids[1]}").json()["status"] == \
        "pending_approval"


def test_a_decision_may_say_when_it_was_made(agent, rita):
    now = datetime.datetime.now(datetime.timezone.utc)
    for said, status in (
            (now.isoformat(), 200), (int(now.timestamp() * 1000), 200),
            ((now - datetime.timedelta(seconds=290)).isoformat(), 200),
            ((now - datetime.timedelta(seconds=310)).isoformat(), 409),
            ((now + datetime.timedelta(seconds=330)).isoformat(), 409)):
        intent = harness.submit(agent)["id"]
        for name in ("decided_at", "decidedAt"):
            got = rita.post(f"/v1/intents/{intent}/approve", {name: said})
            assert got.status == status, (said, got)


def test_policies_and_capabilities_are_listed(daemon, agent):
    assert set(agent.get("/v1/policies").json()["policies"]) == set(harness.POLICIES)
    about = daemon.client().get("/.well-known/gate")
    assert about.headers["access-control-allow-origin"] == "*"
    said = about.json()
    assert said["gate_supported"] == ["1.0"]
    assert said["auth"] == {"methods": ["api_key"]}
    assert said["max_execution_ttl_sec"] == 900
    assert said["replay_protection"]["nonce_endpoint"] == "/v1/nonce"
    assert set(said["policies_available"]) == set(harness.POLICIES)
    health = daemon.client().get("/health")
    assert health.headers["access-control-allow-origin"] == "*"
    assert health.json()["status"] == "ok"
    assert health.json()["proxy"] == {"enabled": False}


def test_an_empty_body_is_an_empty_object(agent, rita):
    first = harness.submit(agent)
    for headers in ({"Content-Type": "application/json",
                     "Content-Length": "0"}, {}):
        got = rita.call("POST", f"/v1/intents/{first['id']}/approve",
                        headers=headers)
        assert got.status == 200, got
