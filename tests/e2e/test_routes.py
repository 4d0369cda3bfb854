"""The native API route by route: what is answered, and what is refused."""

import datetime
import re

import pytest

import harness

POLICIES = dict(harness.POLICIES)
POLICIES["profiled"] = "id: profiled\nrequire_profile: email.send.v1\n"
POLICIES["reasoned"] = ("id: reasoned\nrequire_approval: always\n"
                        "require_reason: true\n")

PEOPLE = """\
people:
  - {id: dana, name: Dana Li}
  - {id: lee, name: Lee Wu}
"""


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES, config=PEOPLE)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("maker", owner="dana", riskTier="high",
                        framework="own", metadata={"team": "a"})


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


# --- what a submit may say ------------------------------------------------

# Field of the row that is shown, value, and every spelling that sets it.
SPELLINGS = [
    ("destination", "crm.import", ["destination", "action"]),
    ("policy_id", "human", ["policy", "policy_id", "policyId"]),
    ("estimated_records", 7, ["recordCount", "record_count",
                              "estimated_records", "estimatedRecords"]),
    ("estimated_value_usd", 12.5, ["estimated_value_usd",
                                   "estimatedValueUsd"]),
    ("tags", ["pii"], ["sensitivity_tags", "sensitivityTags"]),
    ("on_behalf_of", "sam", ["on_behalf_of", "onBehalfOf"]),
    ("profile_id", "crm.import.v1", ["profile", "profile_id", "profileId"]),
    ("callback_url", "http://127.0.0.1:9/x", ["callback_url", "callbackUrl"]),
    ("metadata", {"a": [1, {"b": None}], "object_type": "x",
                  "record_count": 3}, ["metadata"]),
    ("title", "A title", ["title"]),
    ("description", "Two\nlines", ["description"]),
    ("urgency", "high", ["urgency"]),
]
CASES = [(field, value, name) for field, value, names in SPELLINGS
         for name in names]


@pytest.mark.parametrize("field,value,name", CASES)
@pytest.mark.parametrize("route", ["/v1/intents", "/v1/propose"])
def test_each_spelling_of_a_field_is_read(agent, route, field, value, name):
    body = {"destination": "crm.import", "policy": "human",
            "metadata": {"object_type": "x", "record_count": 3}}
    taken = {"destination": ("destination",), "policy_id": ("policy",)}
    for key in taken.get(field, ()):
        del body[key]
    body[name] = value
    first = agent.post(route, body)
    assert first.status == 200, first
    row = agent.get(f"/v1/intents/{first.json()['intentId']}").json()
    assert row[field] == value


@pytest.mark.parametrize("field,value,names", [
    s for s in SPELLINGS if len(s[2]) > 1])
def test_two_spellings_that_disagree_are_refused(agent, field, value, names):
    other = 8 if isinstance(value, (int, float)) else \
        ["other"] if isinstance(value, list) else "other"
    body = {"destination": "crm.import", "policy": "human"}
    got = agent.post("/v1/intents", body | {names[0]: value,
                                            names[1]: other})
    assert got.status == 400, got
    same = agent.post("/v1/intents", body | {
        "metadata": {"object_type": "x", "record_count": 3},
        names[0]: value, names[1]: value})
    assert same.status == 200, same


def test_fields_that_are_null_count_as_absent(agent):
    names = {name for _, _, names in SPELLINGS for name in names} - {
        "destination", "action", "policy", "policy_id", "policyId"}
    names |= {"payload", "idempotency_key", "expiresIn", "options",
              "approvers", "channels", "principal_id", "runId"}
    got = harness.submit(agent, **{name: None for name in names})
    row = agent.get(f"/v1/intents/{got['intentId']}").json()
    assert got["status"] == "pending_approval"
    assert row["estimated_records"] is None
    assert row["metadata"] is None


@pytest.mark.parametrize("spelling,seconds", [
    ("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259200), ("5", 18000),
    (5, 18000), ("1s", 1)])
@pytest.mark.parametrize("name", ["expiresIn", "expires_in"])
def test_the_time_to_decide_is_what_was_asked(agent, name, spelling, seconds):
    got = harness.submit(agent, **{name: spelling})
    assert span(got["createdAt"], got["expiresAt"]) == seconds


def test_the_time_to_decide_is_an_hour_when_nothing_is_asked(agent):
    got = harness.submit(agent)
    assert span(got["createdAt"], got["expiresAt"]) == 3600


def span(start, end):
    read = datetime.datetime.fromisoformat
    return (read(end) - read(start)).total_seconds()


BAD_SUBMITS = [
    # body (with destination and policy unless they are named), words
    ({"destination": None}, "destination and policy are required"),
    ({"destination": ""}, "destination and policy are required"),
    ({"policy": None}, "destination and policy are required"),
    ({"policy": "", "destination": ""},
     "destination and policy are required"),
    ({"policy": "nobody-wrote-it"}, "Policy 'nobody-wrote-it' not found"),
    ({"policy": "../policies/human"}, "not found"),
    ({"policy": "./human"}, "not found"),
    ({"policy": "human.yaml"}, "not found"),
    ({"policy": "human\u0000"}, "\\u0000 is not allowed"),
    ({"policy": 5}, "policy must be"),
    ({"destination": ["mail"]}, "destination must be"),
    ({"destination": "d" * 201}, "destination must have at most"),
    ({"destination": "a\u0007b"}, "destination must"),
    ({"recordCount": -1}, "recordCount must be"),
    ({"recordCount": "12"}, "recordCount must be"),
    ({"recordCount": 1.5}, "recordCount must be"),
    ({"recordCount": True}, "recordCount must be"),
    ({"recordCount": 1e300}, "recordCount must be"),
    ({"estimated_value_usd": -0.01}, "estimated_value_usd must be"),
    ({"estimated_value_usd": "9"}, "estimated_value_usd must be"),
    ({"estimated_value_usd": 2e15}, "estimated_value_usd must be"),
    ({"estimated_value_usd": 1e16}, "must be a string"),
    ({"sensitivity_tags": "pii"}, "sensitivity_tags must be"),
    ({"sensitivity_tags": [1]}, "sensitivity_tags"),
    ({"sensitivity_tags": ["x"] * 51}, "sensitivity_tags must have"),
    ({"sensitivity_tags": ["x" * 101]}, "sensitivity_tags"),
    ({"metadata": []}, "metadata must be"),
    ({"metadata": "x"}, "metadata must be"),
    ({"payload": 5}, "payload must be"),
    ({"payload": True}, "payload must be"),
    ({"title": ""}, "title must not be empty"),
    ({"title": "t" * 201}, "title must have at most"),
    ({"description": "d" * 1001}, "description must have at most"),
    ({"urgency": "now"}, "urgency must be one of"),
    ({"idempotency_key": ""}, "idempotency_key must not be empty"),
    ({"idempotency_key": "k" * 256}, "idempotency_key must have"),
    ({"expiresIn": "0s"}, "expiresIn must be at least"),
    ({"expiresIn": "soon"}, "expiresIn must be a number"),
    ({"expiresIn": "-1h"}, "expiresIn must be a number"),
    ({"expiresIn": "1w"}, "expiresIn must be a number"),
    ({"expiresIn": "1.5h"}, "expiresIn must be a number"),
    ({"expiresIn": "9999d"}, "expiresIn must be at least"),
    ({"expiresIn": "99999999999999999999s"}, "expiresIn must be at least"),
    ({"expiresIn": {}}, "expiresIn must be a number"),
    ({"options": []}, "options must be a list of 2 to 5"),
    ({"options": ["Yes"]}, "options must be a list of 2 to 5"),
    ({"options": ["a", "b", "c", "d", "e", "f"]},
     "options must be a list of 2 to 5"),
    ({"options": "Yes,No"}, "options must be a list of 2 to 5"),
    ({"options": [1, 2]}, "options[0] must be a label or an object"),
    ({"options": ["Yes", {"label": "No"}]}, "options[1].outcome is required"),
    ({"options": ["Yes", {"outcome": "deny"}]},
     "options[1].label is required"),
    ({"options": [{"label": "Yes", "outcome": "maybe"}, "No"]},
     "options[0].outcome must be one of"),
    ({"options": ["Yes", {"label": "Later", "outcome": "other"}]},
     "options must have one with outcome approve and one with deny"),
    ({"options": ["Yes", "yes"]}, "options must have labels that differ"),
    ({"options": ["Deny", "D\u0435ny"]},
     "options must have labels that differ"),
    ({"options": ["\u200b\u200b", "No"]},
     "options[0].label must have something to read"),
    ({"options": ["x" * 81, "No"]}, "options[0].label must have at most"),
    ({"approvers": ["nobody"]}, "there is no person or group 'nobody'"),
    ({"approvers": [5]}, "approvers"),
    ({"channels": ["nowhere"]}, "there is no channel 'nowhere'"),
    ({"callback_url": "ftp://127.0.0.1/x"}, "callback_url"),
    ({"callback_url": "http://"}, "callback_url"),
    ({"callback_url": "http://u:p@127.0.0.1/"}, "callback_url"),
    ({"callback_url": "x"}, "callback_url"),
    ({"policy": "profiled"}, "profile_required"),
    ({"policy": "profiled", "profile": "crm.import.v1"}, "profile_mismatch"),
    ({"policy": "profiled", "profile": "email.send.v1",
      "metadata": {"to": "a"}}, "invalid_profile_payload"),
    ({"profile": "none.such.v1"}, "invalid_profile_payload"),
]


@pytest.mark.parametrize("body,words", BAD_SUBMITS)
def test_a_submit_that_is_not_valid_is_refused_with_its_field(
        daemon, agent, body, words):
    before = counts(daemon)
    whole = {"destination": "d", "policy": "human"} | body
    got = agent.post("/v1/intents", whole)
    assert got.status == 400, got
    said = got.json()
    assert words in said["error"] or words in said["message"], said
    assert said["field"] and said["reason_code"]
    assert counts(daemon) == before


def counts(daemon):
    return daemon.admin.get("/v1/metrics").json()["actions_attempted"]


def test_metadata_over_its_limit_is_refused(agent):
    got = agent.post("/v1/intents", {"destination": "d", "policy": "human",
                                     "metadata": {"x": "y" * 65536}})
    assert (got.status, got.json()["field"]) == (413, "metadata")


# --- what is shown --------------------------------------------------------

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
    assert set(agent.get("/v1/policies").json()["policies"]) == set(POLICIES)
    about = daemon.client().get("/.well-known/gate")
    assert about.headers["access-control-allow-origin"] == "*"
    said = about.json()
    assert said["gate_supported"] == ["1.0"]
    assert said["auth"] == {"methods": ["api_key"]}
    assert said["max_execution_ttl_sec"] == 900
    assert said["replay_protection"]["nonce_endpoint"] == "/v1/nonce"
    assert set(said["policies_available"]) == set(POLICIES)
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


# --- what is refused ------------------------------------------------------

# caller, method, path, body, status, what is said; ID is a pending intent,
# OVER an approved one, LEASED one that is being executed, DENIED, EXE.
REFUSALS = [
    ("agent", "GET", "/v1/nothing", None, 404, "Not found"),
    ("agent", "PUT", "/v1/intents", None, 404, "Not found"),
    ("agent", "DELETE", "/v1/intents/ID", None, 404, "Not found"),
    ("agent", "GET", "/v1/intents/ID/", None, 404, "Not found"),
    ("agent", "GET", "/v1/intents//", None, 404, "Not found"),
    ("agent", "GET", "/v1/intents/ID/approve", None, 404, "Not found"),
    ("agent", "GET", "/v1/intents/int_0", None, 404, "Proposal not found"),
    ("agent", "GET", "/v1/intents/%27%20or%201", None, 404,
     "Proposal not found"),
    ("agent", "GET", "/v1/intents/int_0/decision", None, 404,
     "No decision found for this intent"),
    ("agent", "GET", "/v1/intents/int_0/audit", None, 404,
     "Proposal not found"),
    ("agent", "GET", "/v1/intents?limit=abc", None, 400, "limit must be"),
    ("agent", "GET", "/v1/intents?limit=-1", None, 400, "limit must be"),
    ("agent", "GET", "/v1/intents?limit=0", None, 400, "limit must be"),
    ("agent", "GET", "/v1/intents?limit=201", None, 400, "limit must be"),
    ("agent", "GET", "/v1/intents?limit=1e1", None, 400, "limit must be"),
    ("agent", "GET", "/v1/intents?status=maybe", None, 400,
     "status must be one of"),
    ("agent", "GET", "/v1/intents?cursor=x", None, 400, "cursor must be"),
    ("agent", "GET", "/v1/intents/ID?wait=0", None, 400, "wait must be"),
    ("agent", "GET", "/v1/intents/ID?wait=56", None, 400, "wait must be"),
    ("agent", "GET", "/v1/intents/ID?wait=now", None, 400, "wait must be"),
    ("rita", "POST", "/v1/intents/int_0/approve", {}, 404,
     "Proposal not found"),
    ("rita", "POST", "/v1/approve", {}, 400, "proposalId required"),
    ("rita", "POST", "/v1/approve", {"proposalId": "int_0"}, 404,
     "Proposal not found"),
    ("rita", "POST", "/v1/reject", {}, 400, "proposalId required"),
    ("rita", "POST", "/v1/intents/ID/decide", {}, 400,
     "either option or outcome is required"),
    ("rita", "POST", "/v1/intents/ID/decide",
     {"option": 0, "outcome": "approve"}, 400,
     "either option or outcome is required"),
    ("rita", "POST", "/v1/intents/ID/decide", {"option": 2}, 400,
     "there is no such option"),
    ("rita", "POST", "/v1/intents/ID/decide", {"option": 9}, 400,
     "option must be"),
    ("rita", "POST", "/v1/intents/ID/decide", {"option": -1}, 400,
     "option must be"),
    ("rita", "POST", "/v1/intents/ID/decide", {"option": "approve"}, 400,
     "there is no such option"),
    ("rita", "POST", "/v1/intents/ID/decide", {"outcome": "other"}, 400,
     "there is no such option"),
    ("rita", "POST", "/v1/intents/ID/decide", {"outcome": "yes"}, 400,
     "outcome must be one of"),
    ("rita", "POST", "/v1/intents/ID/approve", {"digest": "0" * 64}, 409,
     "digest_mismatch"),
    ("rita", "POST", "/v1/intents/ID/approve", {"digest": "abc"}, 400,
     "digest must be"),
    ("rita", "POST", "/v1/intents/ID/approve", {"nonce": "non_" + "0" * 32},
     409, "replay_rejected"),
    ("rita", "POST", "/v1/intents/ID/approve",
     {"decided_at": "2001-01-01T00:00:00Z"}, 409, "replay_rejected"),
    ("rita", "POST", "/v1/intents/ID/approve", {"decided_at": "noon"}, 409,
     "replay_rejected"),
    ("rita", "POST", "/v1/intents/ID/reject", {"reason": 5}, 400,
     "reason must be"),
    ("rita", "POST", "/v1/intents/ID/reject", {"reason": "x" * 5000}, 400,
     "reason must have at most"),
    ("rita", "POST", "/v1/intents/REASONED/reject", {}, 400,
     "reason is required"),
    ("rita", "POST", "/v1/intents/DENIED/approve", {}, 409,
     "Cannot approve a blocked proposal"),
    ("rita", "POST", "/v1/intents/DENIED/reject", {}, 409,
     "Cannot reject proposal with status: blocked"),
    ("rita", "POST", "/v1/intents/OVER/reject", {}, 409, "already_answered"),
    ("rita", "POST", "/v1/intents/LEASED/approve", {}, 409,
     "already_answered"),
    ("rita", "POST", "/v1/intents/LEASED/reject", {}, 409,
     "already_answered"),
    ("rita", "POST", "/v1/intents/OVER/cancel", {}, 409, "cannot_cancel"),
    ("rita", "POST", "/v1/intents/int_0/cancel-approval", {}, 404,
     "Proposal not found"),
    ("agent", "POST", "/v1/intents/int_0/execute", {}, 404,
     "Intent not found"),
    ("agent", "POST", "/v1/intents/ID/execute", {}, 409,
     "Intent cannot be executed \u2014 current status: pending_approval"),
    ("agent", "POST", "/v1/intents/DENIED/execute", {}, 409,
     "Intent cannot be executed \u2014 current status: blocked"),
    ("agent", "POST", "/v1/intents/LEASED/execute", {}, 409,
     "Intent cannot be executed \u2014 current status: scheduled"),
    ("agent", "POST", "/v1/intents/OVER/execute",
     {"payload_sha256": "0" * 64}, 409, "payload_mismatch"),
    ("agent", "POST", "/v1/intents/OVER/execute", {"payload_sha256": "x"},
     400, "payload_sha256 must be"),
    ("agent", "POST", "/v1/intents/OVER/execute", {"mode": 5}, 400,
     "mode must be"),
    ("agent", "GET", "/v1/executions/exe_0", None, 404,
     "Execution not found"),
    ("agent", "POST", "/v1/executions/exe_0/report",
     {"status": "succeeded"}, 404, "Execution not found"),
    ("agent", "POST", "/v1/executions/EXE/report", {}, 400,
     "status must be succeeded or failed"),
    ("agent", "POST", "/v1/executions/EXE/report", {"status": "done"}, 400,
     "status must be succeeded or failed"),
    ("agent", "POST", "/v1/executions/EXE/report", {"status": 1}, 400,
     "status must be succeeded or failed"),
    ("agent", "POST", "/v1/executions/EXE/report",
     {"status": "failed", "result": "x" * 65537}, 413, "result must have"),
    ("agent", "POST", "/v1/deliver", {}, 400, "proposalId required"),
    ("agent", "POST", "/v1/deliver", {"proposalId": "int_0"}, 404,
     "Proposal not found"),
    ("agent", "POST", "/v1/deliver", {"proposalId": "ID"}, 409,
     "Cannot deliver proposal with status: pending_approval"),
    ("agent", "GET", "/v1/download/nope", None, 404,
     "Invalid delivery token"),
    ("agent", "POST", "/v1/webhooks/register", {}, 400,
     "intentId and url are required"),
    ("agent", "POST", "/v1/webhooks/register", {"intentId": "ID"}, 400,
     "intentId and url are required"),
    ("agent", "POST", "/v1/webhooks/register",
     {"intentId": "int_0", "url": "http://127.0.0.1/"}, 404,
     "Intent not found"),
    ("agent", "POST", "/v1/webhooks/register",
     {"intentId": "ID", "url": "file:///etc/passwd"}, 400, "url"),
    ("agent", "POST", "/v1/webhooks/register",
     {"intentId": "ID", "url": "http://127.0.0.1/", "secret": 5}, 400,
     "secret must be"),
    ("nobody", "POST", "/v1/agents/register", {}, 400, "name is required"),
    ("nobody", "POST", "/v1/agents/register", {"name": ""}, 400,
     "name is required"),
    ("nobody", "POST", "/v1/agents/register", {"name": 5}, 400,
     "name must be"),
    ("nobody", "POST", "/v1/agents/register", {"name": "x" * 201}, 400,
     "name must have at most"),
    ("nobody", "POST", "/v1/agents/register",
     {"name": "x", "allowed_policies": "all"}, 400,
     "allowed_policies must be"),
    ("nobody", "POST", "/v1/agents/register",
     {"name": "x", "metadata": []}, 400, "metadata must be"),
    ("rita", "GET", "/v1/agents/agt_0", None, 404, "Agent not found"),
    ("agent", "GET", "/v1/agents/agt_0", None, 403, "forbidden"),
    ("rita", "POST", "/v1/agents/agt_0/revoke", {}, 404, "Agent not found"),
    ("rita", "POST", "/v1/agents/agt_0/suspend", {}, 404, "Agent not found"),
    ("admin", "POST", "/v1/keys", {"class": "agent"}, 400,
     "name is required"),
    ("admin", "POST", "/v1/keys", {"name": "x"}, 400, "class is required"),
    ("admin", "POST", "/v1/keys", {"name": "x", "class": "root"}, 400,
     "class must be one of"),
    ("admin", "POST", "/v1/keys",
     {"name": "x", "class": "reviewer", "person": "nobody"}, 400,
     "there is no person of this id in assent.yaml"),
    ("admin", "POST", "/v1/keys",
     {"name": "x", "class": "reviewer", "agent_id": "agt_0"}, 400,
     "agent_id is only for keys of class agent"),
    ("admin", "POST", "/v1/keys",
     {"name": "x", "class": "agent", "agent_id": "agt_0"}, 404,
     "Agent not found"),
    ("admin", "POST", "/v1/keys",
     {"name": "x", "class": "agent", "rate_limit": -1}, 400,
     "rate_limit must be"),
    ("admin", "POST", "/v1/keys/key_0/revoke", {}, 404, "Key not found"),
    ("admin", "GET", "/v1/audit?limit=0", None, 400, "limit must be"),
    ("admin", "GET", "/v1/audit?limit=1001", None, 400, "limit must be"),
    ("admin", "GET", "/v1/audit?after=-1", None, 400, "after must be"),
    ("rita", "GET", "/v1/deliveries?state=lost", None, 400,
     "state must be one of"),
    ("rita", "GET", "/v1/deliveries?limit=999", None, 400, "limit must be"),
]


@pytest.fixture(scope="module")
def things(agent, rita):
    def approved():
        intent = harness.submit(agent)["id"]
        assert rita.post(f"/v1/intents/{intent}/approve", {}).status == 200
        return intent

    leased, denied = approved(), harness.submit(agent)["id"]
    execution = agent.post(f"/v1/intents/{leased}/execute", {}).json()
    assert rita.post(f"/v1/intents/{denied}/reject", {}).status == 200
    return {"ID": harness.submit(agent)["id"], "OVER": approved(),
            "LEASED": leased, "DENIED": denied,
            "REASONED": harness.submit(agent, policy="reasoned")["id"],
            "EXE": execution["executionId"]}


@pytest.mark.parametrize("who,method,path,body,status,words", REFUSALS)
def test_what_is_wrong_is_refused_in_words(
        daemon, agent, rita, things, who, method, path, body, status, words):
    client = {"agent": agent, "rita": rita, "admin": daemon.admin,
              "nobody": daemon.client()}[who]
    for name, value in things.items():
        path = path.replace(f"/{name}", f"/{value}")
        body = body and {k: value if v == name else v
                         for k, v in body.items()}
    before = {i: agent.get(f"/v1/intents/{i}").json()["status"]
              for n, i in things.items() if n != "EXE"}
    got = client.call(method, path, body=body)
    assert got.status == status, got
    said = got.json()
    assert words in said["error"] or words in said["message"], said
    assert "reason_code" in said
    after = {i: agent.get(f"/v1/intents/{i}").json()["status"]
             for n, i in things.items() if n != "EXE"}
    assert before == after


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE", "OPTIONS",
                                  "TRACE", "QUERY"])
def test_other_methods_change_nothing(daemon, agent, verb):
    intent = harness.submit(agent)["id"]
    for path in (f"/v1/intents/{intent}", f"/v1/intents/{intent}/approve",
                 "/v1/approve", f"/v1/intents/{intent}/cancel"):
        got = daemon.admin.call(verb, path, body={"proposalId": intent})
        assert got.status in (404, 405, 501), (path, got)
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == \
        "pending_approval"


def test_get_and_head_change_nothing(daemon, agent):
    intent = harness.submit(agent)["id"]
    for method in ("GET", "HEAD"):
        for path in ("approve", "reject", "decide", "cancel", "execute",
                     "cancel-approval"):
            got = daemon.admin.call(method, f"/v1/intents/{intent}/{path}")
            assert got.status == 404
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == \
        "pending_approval"


def test_head_answers_as_get_does_without_a_body(daemon):
    agent = daemon.agent("quiet")  # nothing of it changes meanwhile
    intent = harness.submit(agent)["id"]
    for path in ("/v1/intents", f"/v1/intents/{intent}", "/v1/policies"):
        whole, head = agent.get(path), agent.call("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.body))
        assert head.headers.get("etag") == whole.headers.get("etag")


def test_problem_details_are_for_those_who_ask(agent):
    plain = agent.get("/v1/intents?limit=abc")
    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    got = agent.get("/v1/intents?limit=abc", headers={
        "Accept": "application/problem+json, application/json"})
    assert got.headers["content-type"] == "application/problem+json"
    said = got.json()
    assert said["status"] == got.status == 400
    assert said["type"].startswith("urn:assent:problem:")
    assert said["code"] and said["title"] and said["detail"]
    assert said["field"] == "limit"
    fine = agent.get("/v1/intents", headers={
        "Accept": "application/problem+json"})
    assert fine.headers["content-type"] == "application/json; charset=utf-8"
