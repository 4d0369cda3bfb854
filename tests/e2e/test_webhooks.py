"""Endpoints are told what became of an intent, whenever they registered."""

import base64
import json
import sqlite3

import pytest

import harness
from hooks import (ENV, SECRET, blocked, by_person, by_policy, by_two,
                   cancelled, check_signed, decide, delivery, expired,
                   register, rejected, resolved, states)


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env=ENV)


# What is done, the event, its status, and further members of the body.
ENDS = [
    (by_person, "approved", "approved",
     {"actor": "admin", "approver": "admin", "option": "Approve"}),
    (by_two, "approved", "approved", {"actor": "two", "approver": "two"}),
    (by_policy, "approved", "approved",
     {"actor": "system", "reason_code": "approved_by_policy"}),
    (rejected, "rejected", "blocked",
     {"actor": "admin", "rejector": "admin", "reason": "no"}),
    (resolved, "resolved", "resolved",
     {"actor": "admin", "option": "Ask legal"}),
    (expired, "expired", "expired", {"actor": "system"}),
    (cancelled, "approval_cancelled", "blocked",
     {"actor": "bot", "reason": "moot"}),
    (blocked, "blocked", "blocked",
     {"actor": "system", "reason_code": "destination_not_allowed"}),
]


def check_news(daemon, intent, receiver, secret, end):
    _, event, status, more = end
    got = receiver.wait(1)[0]
    check_signed(got, secret)
    body = json.loads(got["body"])
    assert got["headers"]["content-type"] == "application/json"
    assert body["intentId"] == body["proposalId"] == intent
    assert (body["event"], body["status"]) == (event, status)
    assert body["attempt"] == 1
    assert body["deliveryId"] == got["headers"]["webhook-id"] \
        == got["headers"]["x-gate-delivery-id"]
    assert body["firedAt"].endswith("Z")
    assert {k: body.get(k) for k in more} == more
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    trail = daemon.admin.get(f"/v1/audit/{intent}").json()["events"]
    assert [e["event_type"] for e in trail].count("webhook_delivered") == 1
    assert len(receiver.got) == 1


@pytest.mark.parametrize("end", ENDS, ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_the_callback_url(daemon, agent, receiver, end):
    intent, act = end[0](daemon, agent, callback_url=receiver.url)
    act()
    check_news(daemon, intent, receiver, agent.webhook_secret, end)


@pytest.mark.parametrize("end", ENDS, ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_who_registered_after_it(daemon, agent, receiver,
                                                     end):
    intent, act = end[0](daemon, agent)
    act()
    register(agent, intent, receiver, secret=SECRET)
    check_news(daemon, intent, receiver, SECRET, end)


@pytest.mark.parametrize("end", [
    e for e in ENDS if e[0] not in (by_policy, blocked)],
    ids=lambda e: e[0].__name__)
def test_each_end_is_told_to_who_registered_before_it(daemon, agent, receiver,
                                                      end):
    intent, act = end[0](daemon, agent)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_news(daemon, intent, receiver, SECRET, end)


@pytest.mark.parametrize("status", ["succeeded", "failed"])
@pytest.mark.parametrize("when", ["callback", "before", "after"])
def test_the_outcome_of_an_execution_is_told(daemon, agent, receiver, status,
                                             when):
    url = {"callback_url": receiver.url} if when == "callback" else {}
    intent, act = by_person(daemon, agent, **url)
    act()
    if when == "before":
        register(agent, intent, receiver)
    ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
    assert agent.post(f"/v1/executions/{ex['executionId']}/report",
                      {"status": status}).status == 200
    if when == "after":
        register(agent, intent, receiver)
    told = [json.loads(g["body"]) for g in receiver.wait(2)]
    by_event = {b["event"]: b for b in told}
    assert set(by_event) == {"approved", f"execution_{status}"}
    outcome = by_event[f"execution_{status}"]
    assert outcome["actor"] == "runner"
    assert outcome["status"] == status
    assert outcome["executionId"] == ex["executionId"]
    assert by_event["approved"]["status"] == "approved"
    for got in receiver.got:
        check_signed(got, agent.webhook_secret)


def test_a_lease_that_runs_out_is_told(make_daemon, receiver):
    daemon = make_daemon(env=ENV)
    agent = daemon.agent()
    intent, act = by_person(daemon, agent, callback_url=receiver.url)
    act()
    assert agent.post(f"/v1/intents/{intent}/execute", {}).status == 201
    receiver.wait(1)
    daemon.stop()
    with sqlite3.connect(daemon.data / "assent.db") as db:
        db.execute("UPDATE execution SET lease_until_ms = 1")
    daemon.start()
    body = json.loads(receiver.wait(2)[1]["body"])
    assert (body["event"], body["status"]) == ("execution_lapsed", "failed")


def test_nothing_is_told_while_it_is_pending(daemon, agent, receiver):
    intent, act = by_two(daemon, agent, callback_url=receiver.url)
    decide(daemon.key("first"), intent)
    assert states(daemon, intent) == []
    decide(daemon.key("second"), intent)
    assert receiver.wait(1)[0]["headers"]["webhook-id"]


def test_a_registration_leaves_the_callback_url_alone(daemon, agent,
                                                      receiver):
    other = harness.Receiver()
    intent, act = by_person(daemon, agent, callback_url=other.url)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    check_signed(other.wait(1)[0], agent.webhook_secret)
    ids = {r.got[0]["headers"]["webhook-id"] for r in (receiver, other)}
    assert len(ids) == 2
    other.close()


def test_a_late_registration_tells_nobody_else_again(daemon, agent, receiver):
    other = harness.Receiver()
    intent, act = by_person(daemon, agent, callback_url=other.url)
    act()
    other.wait(1)
    register(agent, intent, receiver)
    receiver.wait(1)
    harness.wait_for(lambda: states(daemon, intent) == ["done"] * 2)
    assert len(other.got) == len(receiver.got) == 1
    other.close()


def test_the_callback_url_may_be_registered_with_a_secret(daemon, agent,
                                                          receiver):
    intent, act = by_person(daemon, agent, callback_url=receiver.url)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert len(receiver.got) == 1


def test_registering_again_replaces_what_was_registered(daemon, agent,
                                                        receiver):
    first = harness.Receiver()
    intent, act = by_person(daemon, agent)
    register(agent, intent, first)
    register(agent, intent, receiver, secret=SECRET)
    act()
    check_signed(receiver.wait(1)[0], SECRET)
    harness.wait_for(lambda: states(daemon, intent) == ["done"])
    assert first.got == []
    first.close()


def test_a_secret_that_is_base64_is_read_as_standard_webhooks_does(
        daemon, agent, receiver):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    intent, act = by_person(daemon, agent)
    register(agent, intent, receiver, secret=secret)
    act()
    check_signed(receiver.wait(1)[0], secret)


def test_the_agents_secret_is_its_own_and_stays_the_same(daemon):
    one, two = daemon.agent("same name"), daemon.agent("same name")
    assert one.webhook_secret.startswith("whsec_")
    assert one.webhook_secret != two.webhook_secret
    shown = daemon.admin.get(f"/v1/agents/{one.id}").body.decode()
    assert one.webhook_secret not in shown


def test_only_the_owner_and_people_register(daemon, agent, receiver):
    intent, _ = by_person(daemon, agent)
    foreign = daemon.agent("foreign")
    got = foreign.post("/v1/webhooks/register", {
        "intentId": intent, "url": receiver.url})
    assert got.status == 403
    assert register(daemon.key("rita"), intent, receiver)


def test_an_intent_has_so_many_webhooks_and_no_more(daemon, agent, receiver):
    intent, act = by_person(daemon, agent)
    got = [agent.post("/v1/webhooks/register",
                      {"intentId": intent, "url": receiver.url}).status
           for _ in range(30)]
    assert got == [200] * 10 + [429] * 20
    act()  # what was refused has not ended what was there
    receiver.wait(1)
    assert states(daemon, intent) in (["leased"], ["done"])
