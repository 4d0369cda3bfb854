"""What the native API refuses, in which words and with which status."""

import pytest

import harness

POLICIES = dict(harness.POLICIES)
POLICIES["reasoned"] = ("id: reasoned\nrequire_approval: always\n"
                        "require_reason: true\n")


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("maker")


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


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
