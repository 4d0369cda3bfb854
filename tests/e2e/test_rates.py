"""How much one caller may ask: rates of keys and policies, pending intents."""

import concurrent.futures
import time

import pytest

import harness

PENDING_MAX = 1000
WINDOW_S = 60  # the window before counts too, until it has faded

POLICIES = dict(harness.POLICIES)
POLICIES["hourly"] = ("id: hourly\nrequire_approval: always\n"
                      "rate_limits: {per_agent_per_hour: 5}\n")
POLICIES["daily"] = ("id: daily\nrequire_approval: always\n"
                     "rate_limits: {per_agent_per_day: 3}\n")


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES)


def limited(daemon, n):
    return daemon.key("limited", "agent", rate_limit=n)


def test_a_key_without_a_limit_hears_of_none(agent):
    got = agent.get("/v1/nonce")
    assert not [h for h in got.headers if h.startswith("x-ratelimit")]


def test_a_key_with_a_limit_hears_how_much_is_left(daemon):
    agent = limited(daemon, 5)
    for left in (4, 3, 2, 1, 0):
        got = agent.get("/v1/policies")
        assert got.status == 200
        assert got.headers["x-ratelimit-limit"] == "5"
        assert got.headers["x-ratelimit-remaining"] == str(left)
        reset = int(got.headers["x-ratelimit-reset"]) - time.time()
        assert -1 < reset <= 2 * WINDOW_S


def test_over_its_limit_a_key_is_told_when_to_come_again(daemon):
    agent = limited(daemon, 3)
    for _ in range(3):
        harness.submit(agent)
    got = agent.post("/v1/intents", {"destination": "d", "policy": "human"})
    assert (got.status, got.json()["error"]) == (429, "rate_limited")
    assert 1 <= int(got.headers["retry-after"]) <= 2 * WINDOW_S
    assert got.json()["retry_after"] == int(got.headers["retry-after"])
    assert got.headers["x-ratelimit-remaining"] == "0"
    rows = [r for r in daemon.admin.get("/v1/intents?limit=200").json()
            ["intents"] if r["agent_name"] == "limited"]
    assert len(rows) == 3


def test_a_limit_counts_for_each_key_by_itself(daemon):
    one, two = limited(daemon, 1), limited(daemon, 1)
    assert one.get("/v1/nonce").status == 200
    assert one.get("/v1/nonce").status == 429
    assert two.get("/v1/nonce").status == 200


def test_a_limit_also_counts_for_reviewers_and_outlives_a_lookup(daemon):
    rita = daemon.key("rita", rate_limit=2)
    assert rita.get("/v1/nonce").status == 200
    other = daemon.key("other")
    assert daemon.admin.post(f"/v1/keys/{other.id}/revoke", {}).status == 200
    assert rita.get("/v1/nonce").status == 200
    assert rita.get("/v1/nonce").status == 429


@pytest.mark.parametrize("policy,limit,unit", [("hourly", 5, "hour"),
                                               ("daily", 3, "day")])
def test_a_policy_blocks_what_is_above_its_rate(daemon, agent, policy, limit,
                                                unit):
    for _ in range(limit):
        assert harness.submit(agent, policy=policy)["status"] == \
            "pending_approval"
    got = harness.submit(agent, policy=policy)
    assert got["status"] == "blocked"
    assert got["blockReason"] == (f"Rate limit exceeded: {limit}/{unit} for "
                                  f"agent {agent.id}")
    assert harness.submit(daemon.agent("other"),
                          policy=policy)["status"] == "pending_approval"


def test_a_policys_rate_holds_when_many_submit_at_once(agent):
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        got = list(pool.map(lambda _: harness.submit(agent, policy="hourly"),
                            range(30)))
    assert [g["status"] for g in got].count("pending_approval") == 5
    assert [g["status"] for g in got].count("blocked") == 25


def test_an_agent_has_a_thousand_pending_intents_and_no_more(daemon):
    agent = daemon.agent("flood")
    ids = []
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids += pool.map(lambda _: harness.submit(agent)["id"],
                        range(PENDING_MAX - 2))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: agent.post("/v1/intents", {
            "destination": "d", "policy": "human"}), range(16)))
    assert sorted(g.status for g in got) == [200] * 2 + [429] * 14
    refused = next(g for g in got if g.status == 429)
    assert refused.json()["error"] == "too_many_pending"
    assert int(refused.headers["retry-after"]) >= 1
    assert daemon.admin.get(f"/v1/agents/{agent.id}").json()["pending"] == \
        PENDING_MAX

    # What needs nobody, and what others ask, is taken as before.
    assert harness.submit(agent, policy="auto", recordCount=1)["status"] == \
        "approved"
    assert harness.submit(daemon.agent())["status"] == "pending_approval"
    assert agent.post(f"/v1/intents/{ids[0]}/cancel", {}).status == 200
    assert harness.submit(agent)["status"] == "pending_approval"
    again = agent.post("/v1/intents", {"destination": "d",
                                       "policy": "human"})
    assert again.status == 429
