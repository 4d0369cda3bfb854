"""Who may do what: every route, tried with every kind of credential.

What a credential may not do is answered 401 or 403, whatever else is wrong;
any other status means that the caller was let in.
"""

import itertools
import re

import pytest

import harness

# One letter for each kind of caller.
CALLERS = {
    "n": "nobody: no key at all",
    "a": "the agent whose intent it is",
    "f": "another agent",
    "r": "a reviewer's key",
    "d": "an admin's key",
    "t": "the execution token of this intent",
    "u": "a key that nobody has",
    "k": "a reviewer's key that was revoked",
    "g": "the agent whose intent it is, revoked",
    "s": "the agent whose intent it is, suspended",
}

# What asks for no key does not mind one that does not count.
ANYONE = "".join(CALLERS)

# Whoever is not named is refused.
ALLOWED = {
    "GET /health": ANYONE,
    "GET /.well-known/gate": ANYONE,
    "POST /v1/intents": "af",
    "POST /v1/propose": "af",
    "GET /v1/intents": "afrd",
    "GET /v1/proposals": "afrd",
    "GET /v1/intents/:id": "ard",
    "GET /v1/proposals/:id": "ard",
    "GET /v1/intents/:id/decision": "ard",
    "GET /v1/proposals/:id/decision": "ard",
    "GET /v1/intents/:id/audit": "ard",
    "GET /v1/audit/:id": "ard",
    "POST /v1/intents/:id/approve": "rd",
    "POST /v1/approve": "rd",
    "POST /v1/intents/:id/reject": "rd",
    "POST /v1/reject": "rd",
    "POST /v1/intents/:id/decide": "rd",
    "POST /v1/intents/:id/cancel-approval": "rd",
    "POST /v1/intents/:id/cancel": "ard",
    "POST /v1/intents/:id/execute": "a",
    "GET /v1/executions/:id": "ard",
    "POST /v1/executions/:id/report": "at",
    "POST /v1/deliver": "ard",
    "GET /v1/download/:id": ANYONE,
    "POST /v1/webhooks/register": "ard",
    "POST /v1/agents/register": ANYONE,
    "GET /v1/agents": "rd",
    "GET /v1/agents/:id": "ard",
    "POST /v1/agents/:id/revoke": "rd",
    "POST /v1/agents/:id/suspend": "rd",
    "GET /v1/nonce": "afrd",
    "GET /v1/metrics": "afrd",
    "GET /v1/policies": "afrd",
    "POST /v1/keys": "d",
    "GET /v1/keys": "d",
    "POST /v1/keys/:id/revoke": "d",
    "GET /v1/audit": "d",
    "GET /v1/deliveries": "rd",
}

DECIDING = [
    ("/v1/intents/:id/approve", {}, "approve"),
    ("/v1/approve", {"proposalId": ":id"}, "approve"),
    ("/v1/intents/:id/reject", {"reason": "no"}, "deny"),
    ("/v1/reject", {"proposalId": ":id"}, "deny"),
    ("/v1/intents/:id/decide", {"outcome": "approve"}, "approve"),
]


class Target:
    """Something of one agent's for each route to be tried on."""

    def __init__(self, daemon, agent):
        self.daemon, self.agent = daemon, agent
        self.intent = self.approved()
        self.execution = agent.post(f"/v1/intents/{self.intent}/execute", {})
        self.execution = self.execution.json()
        self.token = self.execution["execution_token"]

    def pending(self):
        return harness.submit(self.agent)["intentId"]

    def approved(self):
        intent = self.pending()
        assert self.daemon.admin.post(f"/v1/intents/{intent}/approve",
                                      {}).status == 200
        return intent

    def freeze(self):
        """From now on its agent can do nothing; keeps what was there."""
        pending, approved = self.pending(), self.approved()
        self.pending, self.approved = lambda: pending, lambda: approved
        return self

    def request(self, route):
        """The path and the body for a route."""
        method, path = route.split(" ")
        if path in ("/v1/intents", "/v1/propose") and method == "POST":
            return path, {"destination": "d", "policy": "human"}
        if path.startswith("/v1/executions/"):
            return path.replace(":id", self.execution["executionId"]), \
                {"status": "succeeded"} if method == "POST" else None
        if path == "/v1/download/:id":
            given = self.daemon.admin.post("/v1/deliver",
                                           {"proposalId": self.approved()})
            return path.replace(":id", given.json()["deliveryToken"]), None
        if path == "/v1/deliver":
            return path, {"proposalId": self.approved()}
        if path in ("/v1/approve", "/v1/reject"):
            return path, {"proposalId": self.pending()}
        if path == "/v1/webhooks/register":
            return path, {"intentId": self.pending(),
                          "url": "http://127.0.0.1:9/"}
        if path == "/v1/agents/register":
            return path, {"name": "more"}
        if path in ("/v1/agents/:id/revoke", "/v1/agents/:id/suspend"):
            return path.replace(":id", self.daemon.agent("victim").id), {}
        if path == "/v1/agents/:id":
            return path.replace(":id", self.agent.id), None
        if path == "/v1/keys" and method == "POST":
            return path, {"name": "k", "class": "reviewer"}
        if path == "/v1/keys/:id/revoke":
            return path.replace(":id", self.daemon.key("victim").id), {}
        if path.endswith("/execute"):
            return path.replace(":id", self.approved()), {}
        body = {"outcome": "approve"} if path.endswith("/decide") else {}
        return path.replace(":id", self.pending()), \
            body if method == "POST" else None


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


@pytest.fixture(scope="module")
def target(daemon):
    return Target(daemon, daemon.agent("alpha"))


@pytest.fixture(scope="module")
def callers(daemon, target):
    """For each letter the client, and the target that it tries."""
    gone = Target(daemon, daemon.agent("gone")).freeze()
    held = Target(daemon, daemon.agent("held")).freeze()
    lost = daemon.key("lost")
    for path in (f"/v1/agents/{gone.agent.id}/revoke",
                 f"/v1/agents/{held.agent.id}/suspend",
                 f"/v1/keys/{lost.id}/revoke"):
        assert daemon.admin.post(path, {}).status == 200
    return {
        "n": (daemon.client(), target),
        "a": (target.agent, target),
        "f": (daemon.agent("foreign"), target),
        "r": (daemon.key("rita"), target),
        "d": (daemon.admin, target),
        "t": (daemon.client(target.token), target),
        "u": (daemon.client("gate_sk_" + "0" * 48), target),
        "k": (lost, target),
        "g": (gone.agent, gone),
        "s": (held.agent, held),
    }


def test_the_matrix_has_every_route_of_the_dialect():
    source = harness.ROOT / "src" / "dialects" / "zehrava.c"
    routes = re.findall(r'\{"(GET|POST|PUT|PATCH|DELETE)", "([^"]+)"',
                        source.read_text())
    assert {f"{method} {path}" for method, path in routes} == set(ALLOWED)


@pytest.mark.parametrize("route", ALLOWED)
def test_only_the_allowed_callers_are_let_in(callers, route):
    let_in = ""
    for letter, (client, target) in callers.items():
        path, body = target.request(route)
        got = client.call(route.split(" ")[0], path, body=body)
        assert got.status < 500, (CALLERS[letter], got)
        assert "json" in got.headers["content-type"] or got.status == 200
        if got.status not in (401, 403):
            let_in += letter
    assert let_in == ALLOWED[route]


def test_a_refusal_says_401_without_a_key_that_counts_and_403_with_one(
        callers):
    words = {"n": (401, "Missing or invalid Authorization header"),
             "u": (401, "Invalid API key"), "k": (401, "Invalid API key"),
             "g": (401, "Invalid API key"), "s": (403, "agent_inactive"),
             "t": (401, "Invalid API key"), "r": (403, "forbidden"),
             "a": (403, "forbidden")}
    for letter, expected in words.items():
        got = callers[letter][0].get("/v1/keys")
        assert (got.status, got.json()["error"]) == expected, letter
        assert (got.headers.get("www-authenticate") == "Bearer") == \
            (expected[0] == 401)
    assert callers["s"][0].get("/v1/keys").json()["status"] == "suspended"


@pytest.mark.parametrize("header", [
    "", "Bearer", "Bearer ", "bearer KEY", "Basic KEY", "KEY", "Bearer  KEY",
    "Bearer KEY x", "Bearer KEY,Bearer KEY"])
def test_a_key_in_another_form_is_no_key(daemon, agent, header):
    got = daemon.client().get("/v1/intents", headers={
        "Authorization": header.replace("KEY", agent.key)})
    assert got.status == 401


def test_a_revoked_key_counts_no_more_from_the_next_request_on(daemon):
    for make, path in ((lambda: daemon.agent("short"), "agents"),
                       (lambda: daemon.key("short"), "keys")):
        client = make()
        assert client.get("/v1/metrics").status == 200
        got = daemon.admin.post(f"/v1/{path}/{client.id}/revoke", {})
        assert got.status == 200
        assert client.get("/v1/metrics").status == 401


def test_a_suspended_agent_stays_out_from_the_next_request_on(daemon, agent):
    assert agent.get("/v1/metrics").status == 200
    path = f"/v1/agents/{agent.id}"
    assert daemon.admin.post(f"{path}/suspend", {}).json() == {
        "agent_id": agent.id, "agentId": agent.id, "status": "suspended"}
    assert agent.get("/v1/metrics").status == 403
    assert daemon.admin.get(path).json()["status"] == "suspended"
    assert daemon.admin.post(f"{path}/revoke", {}).json()["status"] == \
        "revoked"
    assert daemon.admin.post(f"{path}/suspend", {}).status == 409


@pytest.mark.parametrize("who,deciding", itertools.product(
    ("a", "f", "s"), DECIDING))
def test_an_agents_attempt_to_decide_is_audited_and_changes_nothing(
        daemon, callers, who, deciding):
    client, target = callers[who]
    path, body, outcome = deciding
    intent = target.pending()
    before = len(refusals(daemon, intent))
    got = client.post(path.replace(":id", intent), {
        k: v.replace(":id", intent) for k, v in body.items()} |
        {"decidedBy": "rita", "approver": "rita", "person": "rita"})
    assert got.status == 403

    told = refusals(daemon, intent)[before:]
    assert len(told) == 1
    assert told[0]["actor"] == {"a": "alpha", "f": "foreign",
                                "s": "held"}[who]
    assert told[0]["metadata"]["by"] == client.id
    assert told[0]["metadata"]["outcome"] == outcome
    assert told[0]["metadata"]["reason"] == (
        "agent_inactive" if who == "s" else "wrong_class")
    seen = daemon.admin.get(f"/v1/intents/{intent}").json()
    assert (seen["status"], seen["votes"]) == ("pending_approval", [])


def refusals(daemon, intent):
    events = daemon.admin.get(f"/v1/intents/{intent}/audit").json()["events"]
    return [e for e in events if e["event_type"] == "decision_refused"]


def test_an_agent_sees_only_its_own_intents(daemon):
    ann, bob = daemon.agent("ann"), daemon.agent("bob")
    mine = {harness.submit(ann)["intentId"] for _ in range(3)}
    theirs = {harness.submit(bob)["intentId"] for _ in range(2)}

    def seen(client):
        rows = client.get("/v1/intents?limit=200").json()["intents"]
        return {row["id"] for row in rows}

    assert seen(ann) == mine
    assert seen(bob) == theirs
    assert mine | theirs <= seen(daemon.key("sees-all"))
    got = bob.get(f"/v1/intents/{mine.copy().pop()}")
    assert got.json() == {
        "error": "forbidden", "field": "id", "reason_code": "not_owner",
        "message": "Cannot access intents from other agents"}


def test_no_answer_to_an_agent_holds_anything_that_decides(daemon, agent):
    first = harness.submit(agent, payload="x")
    intent = f"/v1/intents/{first['intentId']}"
    answers = [first, agent.get(intent).json(),
               agent.get(f"{intent}/decision").json(),
               agent.get(f"{intent}/audit").json(),
               agent.get("/v1/intents").json()]

    text = repr(answers)
    assert "alk_" not in text and "/links/" not in text
    assert first["approvalLinkToken"] is None
    assert answers[1]["has_approval_link"] is False


@pytest.fixture
def strict(make_daemon):
    return make_daemon(env={"ASSENT_OPEN_REGISTRATION": "0"})


def test_registration_needs_an_admin_key_where_it_is_not_open(strict):
    body = {"name": "bot"}
    path = "/v1/agents/register"
    reviewer = strict.key("rita")

    assert strict.client().post(path, body).status == 403
    assert reviewer.post(path, body).status == 403
    made = strict.admin.post(path, body)
    assert made.status == 201
    agent = strict.client(made.json()["apiKey"])
    assert agent.post(path, body).status == 403


@pytest.mark.parametrize("wish", [
    {"class": "admin"}, {"class": "reviewer"}, {"role": "admin"},
    {"role": "reviewer", "scopes": ["*"]}, {"person": "rita"}])
def test_registration_only_ever_mints_agent_keys(daemon, wish):
    made = daemon.client().post("/v1/agents/register",
                                {"name": "bot", **wish})
    assert (made.status, made.json()["role"]) == (201, "agent")
    assert daemon.client(made.json()["apiKey"]).get("/v1/agents").status \
        == 403
