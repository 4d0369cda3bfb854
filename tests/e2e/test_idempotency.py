"""Submits that are repeated: by a key in the body, and by the header."""

import concurrent.futures
import json

import pytest

import harness

BODY = {"destination": "mail.send", "policy": "human", "payload": "hello",
        "recordCount": 3, "metadata": {"a": 1}, "title": "T",
        "sensitivity_tags": ["pii"]}


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


def attempted(daemon):
    return daemon.admin.get("/v1/metrics").json()["actions_attempted"]


def with_header(agent, key, body=BODY):
    return agent.post("/v1/intents", body,
                      headers={"Idempotency-Key": key})


def test_a_key_in_the_body_is_taken_once(daemon, agent):
    first = harness.submit(agent, idempotency_key="K-1")
    before = daemon.admin.get("/v1/metrics").json()
    got = agent.post("/v1/intents", {
        "destination": "other", "policy": "auto", "recordCount": 1,
        "idempotencyKey": "K-1"})
    assert got.status == 409
    said = got.json()
    assert said["status"] == "duplicate_blocked"
    assert said["intentId"] == said["proposalId"] == first["id"]
    assert said["existingStatus"] == "pending_approval"
    assert said["blockReason"] == ("Duplicate intent \u2014 idempotency_key "
                                   "already used: K-1")
    after = daemon.admin.get("/v1/metrics").json()
    assert after["actions_attempted"] == before["actions_attempted"]
    assert after["duplicate_actions"] == after["actions_duplicate"] \
        == before["duplicate_actions"] + 1
    trail = agent.get(f"/v1/audit/{first['id']}").json()["events"]
    assert trail[-1]["event_type"] == "duplicate_blocked"


def test_a_key_is_taken_for_ever_also_by_what_was_blocked(daemon, agent):
    first = harness.submit(agent, policy="closed", idempotency_key="K-2")
    assert first["status"] == "blocked"
    got = agent.post("/v1/intents", BODY | {"idempotency_key": "K-2"})
    assert (got.status, got.json()["existingStatus"]) == (409, "blocked")


def test_a_key_belongs_to_the_agent_that_used_it(daemon):
    ann, bob = daemon.agent("ann"), daemon.agent("bob")
    one = harness.submit(ann, idempotency_key="same")
    two = harness.submit(bob, idempotency_key="same")
    assert one["id"] != two["id"]
    assert with_header(ann, "h").json()["id"] != \
        with_header(bob, "h").json()["id"]


def test_a_refused_submit_does_not_use_its_key_up(agent):
    assert agent.post("/v1/intents", BODY | {
        "policy": "none-such", "idempotency_key": "K-3"}).status == 400
    assert with_header(agent, "H-3", BODY | {"recordCount": -1}).status == 400
    assert agent.post("/v1/intents", BODY | {
        "idempotency_key": "K-3"}).status == 200
    assert with_header(agent, "H-3").status == 200


@pytest.mark.parametrize("policy", ["human", "auto", "closed", "two"])
def test_the_same_request_under_a_header_gets_the_first_answer_again(
        daemon, agent, policy):
    body = BODY | {"policy": policy}
    first = with_header(agent, f"H-{policy}", body)
    assert first.status == 200
    count = attempted(daemon)
    again = with_header(agent, f"H-{policy}", body)
    assert (again.status, again.body) == (200, first.body)
    assert first.headers.get("idempotent-replayed") is None
    assert again.headers["idempotent-replayed"] == "true"
    assert attempted(daemon) == count


def test_the_first_answer_stands_also_when_it_was_decided_since(daemon,
                                                                agent):
    first = with_header(agent, "H-later")
    intent = first.json()["id"]
    assert daemon.admin.post(f"/v1/intents/{intent}/approve",
                             {}).status == 200
    again = with_header(agent, "H-later")
    assert again.body == first.body
    assert again.json()["status"] == "pending_approval"


@pytest.mark.parametrize("change", [
    {"payload": "hello!"}, {"recordCount": 4}, {"title": None},
    {"more": 1}])
def test_another_body_under_the_same_header_is_refused(daemon, agent, change):
    first = with_header(agent, "H-other")
    assert first.status == 200
    count = attempted(daemon)
    got = with_header(agent, "H-other", BODY | change)
    assert (got.status, got.json()["error"]) == \
        (422, "idempotency_key_reused")
    assert attempted(daemon) == count


@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "schl\u00fcssel",
                                 "a\tb"])
def test_a_header_that_is_no_key_is_refused(agent, key):
    got = with_header(agent, key)
    assert (got.status, got.json()["field"]) == (400, "Idempotency-Key")


def race(agent, n, body, headers):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda _: agent.post(
            "/v1/intents", raw=body, headers=headers), range(n)))


def test_of_fifty_submits_at_once_under_one_body_key_one_is_taken(daemon,
                                                                  agent):
    count = attempted(daemon)
    got = race(agent, 50, json.dumps(BODY | {
        "idempotency_key": "race"}).encode(), {})
    won = [g.json()["id"] for g in got if g.status == 200]
    lost = {g.json()["intentId"] for g in got if g.status == 409}
    assert len(won) == 1 and len(got) == 50
    assert lost == set(won)
    assert attempted(daemon) == count + 1


def test_of_fifty_submits_at_once_under_one_header_all_get_one_answer(
        daemon, agent):
    count = attempted(daemon)
    got = race(agent, 50, json.dumps(BODY).encode(),
               {"Idempotency-Key": "header-race"})
    assert {(g.status, g.body) for g in got} == {(200, got[0].body)}
    assert sum("idempotent-replayed" in g.headers for g in got) == 49
    assert attempted(daemon) == count + 1


def test_a_key_is_remembered_over_a_restart(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    first = with_header(agent, "H-restart")
    harness.submit(agent, idempotency_key="K-restart")
    daemon.stop()
    daemon.start()
    assert with_header(agent, "H-restart").body == first.body
    got = agent.post("/v1/intents", BODY | {"idempotency_key": "K-restart"})
    assert got.status == 409
