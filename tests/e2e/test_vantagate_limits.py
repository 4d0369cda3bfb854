"""Keys, plans and limits of checkpoints, and the setting that is unsafe."""

import datetime
import json

import pytest

import harness
import vantagate
import webpage
from vantagate import CREATE, Checkpoint, database

DAY_S = 24 * 3600


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


@pytest.fixture
def agent(daemon):
    return vantagate.as_client(daemon.agent())


def key_of(daemon, plan=None, **fields):
    """An agent's key of this plan, with its client."""
    if plan is not None:
        fields["plan"] = plan
    return vantagate.as_client(daemon.key("shop", "agent",
                                          dialect="vantagate", **fields))


def life_s(checkpoint, client):
    """Seconds that it waits from now, about."""
    until = harness.seconds_of(checkpoint.view(client).json()["timeout_at"])
    return until - datetime.datetime.now().timestamp()


# --- keys -----------------------------------------------------------------

def test_keys_of_this_dialect_look_like_its_keys(daemon):
    assert key_of(daemon).key.startswith("vg_")


def test_keys_of_either_dialect_work_with_both(daemon, agent):
    native = daemon.client(key_of(daemon).key)
    harness.submit(native)
    assert Checkpoint(agent).status == "PENDING"


def test_a_key_may_come_as_bearer_too_but_not_two_of_them(daemon, agent):
    other = daemon.agent("other")
    body = {"title": "x", "payload": {}}
    bearer = {"Authorization": f"Bearer {agent.key}"}
    nobody = daemon.client()
    assert nobody.post(CREATE, body, headers=bearer).status == 202
    same = {"X-API-KEY": agent.key, **bearer}
    assert nobody.post(CREATE, body, headers=same).status == 202
    two = {"X-API-KEY": other.key, **bearer}
    assert nobody.post(CREATE, body, headers=two).status == 401
    proxy = {"x-api-key": agent.key, "Authorization": "Basic eDp5"}
    assert nobody.post(CREATE, body, headers=proxy).status == 202


def test_the_command_line_makes_a_key_and_tells_its_secrets(make_daemon):
    d = make_daemon()
    made = d.cli("key", "create", "--class", "agent", "--name", "shop",
                 "--dialect", "vantagate", "--plan", "free", "--json")
    told = json.loads(made.stdout)
    assert told["apiKey"].startswith("vg_")
    assert told["webhookSecret"].startswith("whsec_")
    plain = d.cli("key", "create", "--class", "agent", "--name", "shop",
                  "--agent", told["agentId"])
    assert told["webhookSecret"] in plain.stderr
    bad = d.cli("key", "create", "--class", "agent", "--name", "x",
                "--plan", "gold", check=False)
    assert bad.returncode == 2 and "free, pro, scale" in bad.stderr
    bad = d.cli("key", "create", "--class", "reviewer", "--name", "x",
                "--plan", "pro", check=False)
    assert bad.returncode == 2
    d.stop()
    offline = json.loads(d.cli(
        "key", "create", "--offline", "--json", "--class", "agent", "--name",
        "shop", "--agent", told["agentId"], "--dialect", "vantagate",
        "--plan", "free").stdout)
    assert offline["apiKey"].startswith("vg_")
    assert offline["webhookSecret"] == told["webhookSecret"]
    d.start()
    keys = d.admin.get("/v1/keys").json()["keys"]
    assert sorted(k["plan"] or "" for k in keys) == ["", "free", "free"]


@pytest.mark.parametrize("fields", [
    {"plan": "gold"}, {"plan": 5}, {"plan": "free", "class": "reviewer"}])
def test_a_plan_is_one_of_the_table_and_of_an_agent(daemon, fields):
    got = daemon.admin.post("/v1/keys", {"name": "x", "class": "agent",
                                         **fields})
    assert (got.status, got.json()["field"]) == (400, "plan")


# --- plans ----------------------------------------------------------------

@pytest.mark.parametrize("plan, asked, given_s", [
    ("free", "3h", 3 * 3600), ("free", "2d", DAY_S), ("free", "9000h", DAY_S),
    ("pro", "30d", 7 * DAY_S), ("scale", "90d", 30 * DAY_S),
    ("scale", None, DAY_S), (None, "90d", 90 * DAY_S),
    (None, "999999999999d", 365 * DAY_S), (None, "5m", 300),
    (None, "05m", 300)])
def test_times_are_cut_without_a_word(daemon, plan, asked, given_s):
    agent = key_of(daemon, plan)
    c = Checkpoint(agent, **({} if asked is None else {"timeout": asked}))
    assert given_s - 60 < life_s(c, daemon.client()) <= given_s


@pytest.mark.parametrize("plan, status", [
    ("free", 402), ("pro", 202), ("scale", 202), (None, 202)])
def test_slack_is_in_the_plan_or_not(daemon, plan, status):
    got = key_of(daemon, plan).post(CREATE, {
        "title": "x", "payload": {},
        "slack_webhook_url": "https://hooks.slack.com/services/T/B/x"})
    assert got.status == status
    if status == 402:
        assert got.json() == {
            "statusCode": 402, "error": "Upgrade_Required",
            "message": "the plan free has no Slack",
            "upgrade_url": f"http://127.0.0.1:{daemon.port}"}


def test_a_month_of_the_free_plan_is_fifty(daemon):
    agent = key_of(daemon, "free")
    body = {"title": "x", "payload": {}}
    for i in range(49):
        assert agent.post(CREATE, body).status == 202, i
    # A repeat is not one more, and neither is a refused one.
    once = {"Idempotency-Key": "once"}
    assert agent.post(CREATE, body, headers=once).status == 202
    assert agent.post(CREATE, body, headers=once).status == 202
    assert agent.post(CREATE, {}).status == 400
    got = agent.post(CREATE, body)
    assert (got.status, got.json()["error"]) == (402, "Upgrade_Required")
    assert got.json()["upgrade_url"]
    # Another key of the same project has the same month, ...
    agents = daemon.admin.get("/v1/agents").json()["agents"]
    same = max(a["id"] for a in agents)
    assert key_of(daemon, "free", agent_id=same).post(CREATE, body).status \
        == 402
    # ... a larger plan has more of it, and the next month is empty.
    assert key_of(daemon, "pro", agent_id=same).post(CREATE, body).status \
        == 202
    with database(daemon) as db:
        db.execute("UPDATE quota_use SET month = '2020-01'")
    assert agent.post(CREATE, body).status == 202
    pending = daemon.admin.get(f"/v1/agents/{same}").json()["pending"]
    assert pending == 52


@pytest.mark.parametrize("plan, days", [("free", 7), ("pro", 90),
                                        ("scale", 365)])
def test_what_is_old_is_not_shown_any_more(daemon, plan, days):
    agent, reviewer = key_of(daemon, plan), daemon.key()
    c = Checkpoint(agent)
    assert c.decide(vantagate.as_client(reviewer)).status == 200

    def settled_ago(ago_s):
        with database(daemon) as db:
            db.execute("UPDATE intent SET settled_ms = settled_ms - ? "
                       "WHERE id = ?", (ago_s * 1000, c.intent))
    settled_ago(days * DAY_S - 60)
    assert c.status == "APPROVED"
    settled_ago(60)
    got = agent.get(f"{CREATE}/{c.id}")
    assert (got.status, got.json()["error"]) == (404, "Not_Found")
    assert daemon.admin.get(f"/v1/intents/{c.intent}").status == 200


# --- limits ---------------------------------------------------------------

@pytest.mark.parametrize("method, path, body, limit, plain", [
    ("GET", "", None, 200, 404), ("POST", "/decide", {"decision": "x"}, 100,
                                  404)])
def test_an_address_may_ask_so_often(make_daemon, method, path, body, limit,
                                     plain):
    d = make_daemon(env={"ASSENT_TRUSTED_PROXIES": "127.0.0.1"})
    nobody = d.client()

    def ask(address):
        return nobody.call(method, f"{CREATE}/secure/unknown{path}",
                           body=body, headers={"X-Forwarded-For": address})
    for i in range(limit):
        got = ask("198.51.100.7")
        assert got.status == plain, i
    assert got.headers["x-ratelimit-limit"] == str(limit)
    got = ask("198.51.100.7")
    assert (got.status, got.json()["error"]) == (429, "Rate_Limited")
    assert int(got.headers["retry-after"]) > 0
    assert ask("198.51.100.8").status == plain
    assert ask("2001:db8::1").status == plain
    # The other route and the rest have counts of their own.
    agent = vantagate.as_client(d.agent())
    assert Checkpoint(agent).view(nobody).status == 200


def test_a_key_may_ask_so_often(daemon):
    agent = key_of(daemon, rate_limit=2)
    c = Checkpoint(agent)
    assert c.status == "PENDING"
    got = agent.get(f"{CREATE}/{c.id}")
    assert (got.status, got.json()["error"]) == (429, "Rate_Limited")
    assert int(got.headers["retry-after"]) > 0


def test_a_payload_has_its_maximum(daemon, agent):
    def ask(n):
        return agent.post(CREATE, {"title": "x", "payload": {"a": "x" * n}})
    assert ask(1_999_990).status == 202
    for n in (2_000_001, 2 * 1024 * 1024 + 1000):
        got = ask(n)
        assert (got.status, got.json()["error"]) == (400, "Validation_Error")
    got = ask(3 * 1024 * 1024)
    assert (got.status, got.json()) == (413, {
        "statusCode": 413, "error": "Validation_Error",
        "message": "The body is over the limit"})


# --- what the agent is given ----------------------------------------------

@pytest.fixture(scope="module")
def exposed(make_shared_daemon):
    return make_shared_daemon(
        env={"VANTAGATE_EXPOSE_SECURE_TOKEN": "true"})


def test_exposing_the_token_is_said_aloud(exposed, daemon):
    [line] = [x for x in exposed.log_text().splitlines()
              if "expose_secure_token" in x]
    assert " warn " in line
    ready = exposed.client().get("/readyz").json()
    assert ready["status"] == "degraded"
    assert "expose_secure_token" in ready["warnings"][0]
    assert "warnings" not in daemon.client().get("/readyz").json()


def test_whoever_holds_an_exposed_token_decides_as_nobody(exposed):
    agent = vantagate.as_client(exposed.agent())
    c = Checkpoint(agent)
    got = c.decide(agent)
    assert (got.status, got.json()["error"]) == (403, "Forbidden")
    assert c.status == "PENDING"
    got = c.decide(exposed.client())
    assert got.status == 200, got
    poll = c.poll()
    assert poll["status"] == "APPROVED"
    assert poll["audit"]["decided_by_mask"] is None
    events = exposed.admin.get(
        f"/v1/intents/{c.intent}/audit").json()["events"]
    [vote] = [e for e in events if e["type"] == "vote"]
    assert vote["actor"] == "holder of the link"
    assert vote["metadata"]["assurance"] == "none"
    [refused] = [e for e in events if e["type"] == "decision_refused"]
    assert refused["metadata"]["reason"] == "wrong_class"
    got = c.decide(exposed.client(), "Reject")
    assert (got.status, got.json()["error"]) == (409, "Already_Decided")


def test_an_exposed_dashboard_decides_and_a_look_at_it_does_not(exposed):
    agent = vantagate.as_client(exposed.agent())
    c = Checkpoint(agent)
    path = f"/verify/{c.token}"
    visitor = webpage.Visitor(exposed.port)
    page = visitor.open(path)
    assert "Asked of holder of the link" in page.text
    assert visitor.visit("HEAD", path).status == 200
    assert c.status == "PENDING"
    assert visitor.press(path, page, "Approve").status == 200
    assert c.status == "APPROVED"


def test_a_policy_that_says_who_decides_beats_an_exposed_token(make_daemon):
    d = make_daemon(
        env={"VANTAGATE_EXPOSE_SECURE_TOKEN": "1",
             "VANTAGATE_POLICY": "named"},
        config="people: [{id: dana, email: dana@example.com}]\n",
        policies={"named": "id: named\nrequire_approval: always\n"
                           "approvers: [dana]\n"})
    c = Checkpoint(vantagate.as_client(d.agent()))
    got = c.decide(d.client())
    assert (got.status, got.json()["error"]) == (403, "Forbidden")
    assert c.status == "PENDING"


def test_a_suspended_agent_decides_as_little(make_daemon):
    d = make_daemon(env={"VANTAGATE_EXPOSE_SECURE_TOKEN": "1"})
    agent = vantagate.as_client(d.agent())
    c = Checkpoint(agent)
    assert d.admin.post(f"/v1/agents/{agent.id}/suspend", {}).status == 200
    got = agent.get(f"{CREATE}/{c.id}")
    assert (got.status, got.json()["error"]) == (403, "Forbidden")
    assert c.decide(agent).status == 403
    assert c.decide(d.client()).status == 200


def test_a_poll_may_wait(daemon, agent):
    c = Checkpoint(agent)
    got = agent.get(f"{CREATE}/{c.id}?wait=1")
    assert got.json()["status"] == "PENDING"


def test_a_reload_that_loses_the_policy_is_refused(make_daemon):
    d = make_daemon(env={"VANTAGATE_POLICY": "human"})
    agent = vantagate.as_client(d.agent())
    (d.policies / "human.yaml").unlink()
    d.hup()
    harness.wait_for(lambda: "there is no policy human" in d.log_text())
    assert Checkpoint(agent).status == "PENDING"
