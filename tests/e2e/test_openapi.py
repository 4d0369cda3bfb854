"""What the documents say, the daemon does: every status of every route."""

import json

import pytest

import harness
import vantagate

FOLDER = harness.ROOT / "contrib" / "openapi"
DIALECTS = ("zehrava", "vantagate")
DOCUMENTS = {d: json.loads((FOLDER / f"{d}.json").read_text())
             for d in DIALECTS}
METHODS = ("get", "post")
UNKNOWN = "int_0000000000000000"


def operations():
    for dialect, document in DOCUMENTS.items():
        for path, methods in document["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield dialect, method.upper(), path, methods[method]


def cases():
    """One for each status of each operation; "default" is for 5xx."""
    for dialect, method, path, op in operations():
        for status in op["responses"]:
            if status != "default":
                yield pytest.param(
                    method, path, op, int(status),
                    id=f"{dialect}-{op['operationId']}-{status}")


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


@pytest.fixture(scope="module")
def closed(make_shared_daemon):
    """Where agents are registered by admins only."""
    return make_shared_daemon(env={"ASSENT_OPEN_REGISTRATION": "0"})


class World:
    """Callers of each kind, and the things that routes are about."""

    def __init__(self, daemon, closed):
        self.daemon, self.closed = daemon, closed
        self.nobody, self.admin = daemon.client(), daemon.admin
        self.agent, self.other = daemon.agent("a"), daemon.agent("o")
        self.reviewer = daemon.key()

    def pending(self, **fields):
        return harness.submit(self.agent, **fields)["intentId"]

    def approved(self, **fields):
        return harness.submit(self.agent, policy="auto", recordCount=1,
                              **fields)["intentId"]

    def settled(self, word="approve"):
        intent = self.pending()
        body = {"reason": "no"} if word == "reject" else {}
        got = self.reviewer.post(f"/v1/intents/{intent}/{word}", body)
        assert got.status == 200, got
        return intent

    def expired(self):
        intent = self.pending(expiresIn="1s")
        harness.wait_for(lambda: self.agent.get(
            f"/v1/intents/{intent}").json()["status"] == "expired")
        return intent

    def lease(self):
        intent = self.approved()
        got = self.agent.post(f"/v1/intents/{intent}/execute", {})
        assert got.status == 201, got
        return got.json()

    def reported(self):
        lease = self.lease()
        got = self.agent.post(f"/v1/executions/{lease['executionId']}/report",
                              {"status": "succeeded"})
        assert got.status == 200, got
        return lease

    def lapsed(self):
        lease = self.lease()
        with vantagate.database(self.daemon) as db:
            db.execute("UPDATE execution SET lease_until_ms = 1 WHERE id = ?",
                       (lease["executionId"],))
        harness.wait_for(lambda: self.agent.get(
            f"/v1/executions/{lease['executionId']}").json()["status"]
            == "expired")
        return lease

    def late(self):
        """Approved in time, and too late to be executed."""
        intent = self.approved()
        vantagate.let_time_pass(self.daemon, intent)
        return intent

    def download(self):
        got = self.agent.post("/v1/deliver", {
            "intentId": self.approved(payload="bytes")})
        assert got.status == 200, got
        return got.json()["deliveryToken"]

    def checkpoint(self):
        return vantagate.Checkpoint(self.agent)

    def limited(self, cls):
        """A client whose next request is one too many."""
        client = self.daemon.key("few", cls, rate_limit=1)
        client.get("/v1/nonce")
        return client


@pytest.fixture(scope="module")
def world(daemon, closed):
    return World(daemon, closed)


SUBMIT = {"destination": "mail.send", "policy": "human"}
CREATE = {"title": "x", "payload": {}}
DECIDE = {"option": "Approve"}


def choosers(made):
    """How each way of answering spells "yes" to this intent."""
    return {"/v1/intents/{id}/approve": (made, {}),
            "/v1/approve": (None, {"intentId": made}),
            "/v1/intents/{id}/reject": (made, {"reason": "no"}),
            "/v1/reject": (None, {"intentId": made, "reason": "no"}),
            "/v1/intents/{id}/decide": (made, DECIDE),
            "/v1/intents/{id}/cancel-approval": (made, {}),
            "/v1/intents/{id}/cancel": (made, {})}


def decide(w, path, made, client=None):
    intent, body = choosers(made)[path]
    return (client or w.reviewer).post(
        path.replace("{id}", intent or ""), body)


def fields_of(w, path):
    """A good body for a route, where it needs one."""
    return {
        "/v1/intents": SUBMIT, "/v1/propose": SUBMIT,
        "/v1/checkpoint": CREATE,
        "/v1/checkpoint/secure/{token}/decide": {"decision": "Approve"},
        "/v1/intents/{id}/decide": DECIDE,
        "/v1/approve": {"intentId": UNKNOWN},
        "/v1/reject": {"intentId": UNKNOWN},
        "/v1/deliver": {"intentId": UNKNOWN},
        "/v1/webhooks/register": {"intentId": UNKNOWN,
                                  "url": "https://example.com/h"},
        "/v1/executions/{id}/report": {"status": "succeeded"},
        "/v1/agents/register": {"name": "new"},
        "/v1/keys": {"name": "new", "class": "agent",
                     "agent_id": "agt_0000000000000000"},
    }.get(path, {})


def client_of(w, op, good=True):
    """A caller who may; or one who may not."""
    says = op["description"]
    if "No key is needed" in says:
        return w.nobody if good else w.agent
    kinds = {"agents": w.agent, "reviewers": w.reviewer, "admins": w.admin}
    for kind, client in kinds.items():
        if (kind in says) == good:
            return client
    return w.other


def ask(w, method, path, client, **values):
    body = values.pop("body", None)
    for name in ("id", "token"):
        path = path.replace("{%s}" % name, values.get(name, UNKNOWN))
    if method == "GET":
        return client.get(path + values.get("query", ""))
    return client.post(path, body if body is not None
                       else fields_of(w, values.get("route", path)))


# --- what succeeds --------------------------------------------------------

def things(w):
    """For a path, what stands in it when all is well."""
    return {
        "/v1/intents/{id}": w.pending, "/v1/proposals/{id}": w.pending,
        "/v1/intents/{id}/decision": w.approved,
        "/v1/proposals/{id}/decision": w.approved,
        "/v1/intents/{id}/audit": w.pending, "/v1/audit/{id}": w.pending,
        "/v1/intents/{id}/execute": w.approved,
        "/v1/executions/{id}": lambda: w.lease()["executionId"],
        "/v1/executions/{id}/report": lambda: w.lease()["executionId"],
        "/v1/download/{id}": w.download,
        "/v1/agents/{id}": lambda: w.agent.id,
        "/v1/agents/{id}/suspend": lambda: w.daemon.agent("x").id,
        "/v1/agents/{id}/revoke": lambda: w.daemon.agent("x").id,
        "/v1/keys/{id}/revoke": lambda: w.daemon.key("x").id,
        "/v1/checkpoint/{id}": lambda: w.checkpoint().id,
        "/v1/checkpoint/secure/{token}": lambda: w.checkpoint().token,
        "/v1/checkpoint/secure/{token}/decide":
            lambda: w.checkpoint().token,
    }


def succeed(w, method, path, op):
    if method == "POST" and path in choosers("x"):
        return decide(w, path, w.pending())
    if path == "/v1/deliver":
        return w.agent.post(path, {"intentId": w.approved(payload="x")})
    if path == "/v1/webhooks/register":
        return w.agent.post(path, {"intentId": w.pending(),
                                   "url": "https://example.com/h"})
    if path == "/v1/keys" and method == "POST":
        return w.admin.post(path, {"name": "new", "class": "reviewer"})
    client = client_of(w, op)
    if path.endswith("{token}/decide"):
        client = w.reviewer
    made = things(w).get(path, lambda: UNKNOWN)()
    return ask(w, method, path, client, id=made, token=made, route=path)


# --- what is refused ------------------------------------------------------

def bad_request(w, method, path, op):
    if method == "GET":
        return ask(w, method, path, client_of(w, op), query="?limit=none")
    wrong = {"/v1/intents/{id}/decide": {"option": 99},
             "/v1/executions/{id}/report": {"status": "maybe"},
             "/v1/intents/{id}/execute": {"payload_sha256": "short"},
             "/v1/checkpoint/secure/{token}/decide": {}}
    return ask(w, method, path, client_of(w, op),
               body=wrong.get(path, {"reason": 5, "name": 5, "title": 5,
                                     "destination": 5, "url": 5}))


def forbidden(w, method, path, op):
    if path == "/v1/agents/register":
        return w.closed.client().post(path, {"name": "x"})
    if path == "/v1/checkpoint/secure/{token}/decide":
        return ask(w, method, path, w.nobody, token=w.checkpoint().token,
                   route=path)
    if path == "/v1/webhooks/register":
        return w.other.post(path, {"intentId": w.pending(),
                                   "url": "https://example.com/h"})
    if path == "/v1/deliver":
        return w.other.post(path, {"intentId": w.approved(payload="x")})
    says = op["description"]
    if "agents, reviewers, admins" in says or "{id}/report" in path or \
            path == "/v1/agents/{id}":
        made = things(w).get(path, w.pending)()
        return ask(w, method, path, w.other, id=made, route=path)
    return ask(w, method, path, client_of(w, op, good=False), route=path)


def conflict(w, method, path, op):
    if path in ("/v1/intents", "/v1/propose"):
        body = {**SUBMIT, "idempotency_key": "twice"}
        w.agent.post(path, body)
        return w.agent.post(path, body)
    if path == "/v1/checkpoint/secure/{token}/decide":
        c = w.checkpoint()
        reviewer = w.reviewer
        assert c.decide(reviewer).status == 200
        return c.decide(reviewer)
    if path == "/v1/agents/{id}/suspend":
        agent = w.daemon.agent("x").id
        assert w.admin.post(f"/v1/agents/{agent}/revoke", {}).status == 200
        return w.admin.post(path.replace("{id}", agent), {})
    if path == "/v1/deliver":
        return w.agent.post(path, {"intentId": w.pending()})
    if path == "/v1/intents/{id}/execute":
        return ask(w, method, path, w.agent, id=w.pending(), body={})
    if path == "/v1/executions/{id}/report":
        return ask(w, method, path, w.agent,
                   id=w.reported()["executionId"], route=path)
    return decide(w, path, w.settled(
        "approve" if path.endswith(("reject", "cancel", "cancel-approval"))
        else "reject"))


def gone(w, method, path, op):
    if path == "/v1/checkpoint/secure/{token}/decide":
        c = w.checkpoint()
        vantagate.let_time_pass(w.daemon, c.intent)
        return c.decide(w.reviewer)
    if path == "/v1/download/{id}":
        token = w.download()
        assert w.nobody.get(f"/v1/download/{token}").status == 200
        return w.nobody.get(f"/v1/download/{token}")
    if path == "/v1/intents/{id}/execute":
        return ask(w, method, path, w.agent, id=w.late(), body={})
    if path == "/v1/executions/{id}/report":
        return ask(w, method, path, w.agent, id=w.lapsed()["executionId"],
                   route=path)
    return decide(w, path, w.expired())


def too_large(w, method, path, op):
    big = {"k": "x" * 70_000}
    body = {"/v1/executions/{id}/report": {"status": "failed", "result": big},
            "/v1/agents/register": {"name": "x", "metadata": big}}
    return ask(w, method, path, client_of(w, op),
               body=body.get(path, {**SUBMIT, "metadata": big}))


def reused_key(w, method, path, op):
    headers = {"Idempotency-Key": "one"}
    w.agent.post(path, SUBMIT, headers=headers)
    return w.agent.post(path, {**SUBMIT, "title": "another"},
                        headers=headers)


def too_often(w, method, path, op):
    if "requests a minute of one address" in op["description"]:
        n = int(op["description"].split(" requests")[0].split()[-1])
        for _ in range(n):
            ask(w, method, path, w.nobody, route=path)
        return ask(w, method, path, w.nobody, route=path)
    says = op["description"]
    cls = "agent" if "agents" in says else "admin"
    return ask(w, method, path, w.limited(cls), route=path)


REFUSALS = {
    400: bad_request, 403: forbidden, 409: conflict, 410: gone,
    413: too_large, 422: reused_key, 429: too_often,
    401: lambda w, m, p, op: ask(w, m, p, w.nobody, route=p),
    402: lambda w, m, p, op: vantagate.as_client(
        w.daemon.key("poor", "agent", plan="free")).post(p, {
            **CREATE, "slack_webhook_url": "https://hooks.slack.com/x"}),
    404: lambda w, m, p, op: ask(w, m, p, w.admin if p == "/v1/agents/{id}"
                                 else client_of(w, op), route=p),
}


def fits(schema, value):
    """As much of JSON Schema as the documents use for answers."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    types = {"object": dict, "array": list, "string": str, "null": type(None),
             "integer": int, "number": (int, float), "boolean": bool}
    assert not kinds or isinstance(value, tuple(
        t for k in kinds for t in ([types[k]] if isinstance(types[k], type)
                                   else types[k]))), (schema, value)
    if "enum" in schema:
        assert value in schema["enum"], (schema, value)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, (name, value)
        for name, one in schema.get("properties", {}).items():
            if name in value:
                fits(one, value[name])


@pytest.mark.parametrize("method, path, op, status", cases())
def test_a_documented_status_is_answered(world, method, path, op, status):
    got = REFUSALS[status](world, method, path, op) if status >= 400 else \
        succeed(world, method, path, op)
    assert got.status == status, got
    if "application/json" not in op["responses"][str(status)]["content"]:
        return
    dialect = "vantagate" if path.startswith("/v1/checkpoint") else "zehrava"
    schema = op["responses"][str(status)]["content"]["application/json"][
        "schema"]
    if "$ref" in schema:
        schema = DOCUMENTS[dialect]["components"]["schemas"]["Fault"]
    fits(schema, got.json())


def test_what_is_served_is_what_is_kept(daemon):
    nobody = daemon.client()
    for dialect in DIALECTS:
        got = nobody.get(f"/openapi.json?dialect={dialect}")
        assert got.headers["content-type"] == "application/json"
        assert got.json() == DOCUMENTS[dialect]
    assert nobody.get("/openapi.json").json() == DOCUMENTS["zehrava"]
    assert nobody.get("/openapi.json?dialect=none").status == 404
