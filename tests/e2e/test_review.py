"""Answers that are refused, and what the trail says of them."""

import pytest

import harness


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


def refusals(daemon, intent):
    got = daemon.admin.get(f"/v1/intents/{intent}/audit").json()["events"]
    return [e["metadata"] for e in got
            if e["event_type"] == "decision_refused"]


def test_an_option_that_there_is_not_is_refused_and_recorded(daemon, agent):
    intent = harness.submit(agent)["id"]
    got = daemon.admin.post(f"/v1/intents/{intent}/decide",
                            {"option": "Approve everything"})
    assert got.status == 400
    assert got.json()["field"] == "option"
    row, = refusals(daemon, intent)
    assert row["by"] == "admin" and "no such option" in row["text"]
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == \
        "pending_approval"


def test_who_may_not_cancel_is_recorded(daemon, agent):
    intent = harness.submit(agent)["id"]
    other = daemon.agent("other")
    for client, verb, reason in ((other, "cancel", "not_owner"),
                                 (agent, "cancel-approval", "wrong_class")):
        got = client.post(f"/v1/intents/{intent}/{verb}", {})
        assert got.status == 403, got
        row = refusals(daemon, intent)[-1]
        assert (row["by"], row["outcome"], row["reason"]) == \
            (client.id, "cancel", reason)
    daemon.admin.post(f"/v1/intents/{intent}/approve", {})
    got = agent.post(f"/v1/intents/{intent}/cancel", {})
    assert (got.status, got.json()["error"]) == (409, "cannot_cancel")
    assert [r["reason"] for r in refusals(daemon, intent)] == \
        ["not_owner", "wrong_class", "already_answered"]
