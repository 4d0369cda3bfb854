"""What nobody decides ends by the clock."""

import concurrent.futures
import datetime
import time

import pytest

import harness

POLICIES = dict(harness.POLICIES)
POLICIES["brief"] = ("id: brief\nrequire_approval: always\n"
                     "expiry_minutes: 10\n")


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES)


def states(daemon):
    text = daemon.client().get("/metrics").body.decode()
    return {line.split('"')[1]: int(line.split()[1])
            for line in text.splitlines()
            if line.startswith("assent_intents{")}


def lapse(daemon, agent, **fields):
    """An intent that has expired; nobody has asked for it meanwhile."""
    before = states(daemon)["expired"]
    first = harness.submit(agent, expiresIn="1s", **fields)
    harness.wait_for(lambda: states(daemon)["expired"] == before + 1,
                     what="the end of the time")
    return first


def when(text):
    return datetime.datetime.fromisoformat(text)


def test_an_intent_expires_on_time_without_being_touched(daemon, agent):
    first = lapse(daemon, agent)
    row = agent.get(f"/v1/intents/{first['id']}").json()
    assert row["status"] == row["decision"] == "expired"
    assert row["approval_state"] == "expired"
    assert row["decided_name"] == "system"
    late = when(row["decided_at"]) - when(first["expiresAt"])
    assert 0 <= late.total_seconds() < 1
    last = row["auditTrail"][-1]
    assert (last["event_type"], last["actor"]) == ("expired", "system")
    assert last["metadata"]["on_no_response"] == "reject"


def test_who_decides_too_late_is_told_so(daemon, agent):
    path = f"/v1/intents/{lapse(daemon, agent)['id']}"
    got = daemon.admin.post(f"{path}/approve", {})
    assert (got.status, got.json()["error"]) == (410, "Proposal has expired")
    got = daemon.admin.post(f"{path}/reject", {})
    assert (got.status, got.json()["error"]) == \
        (409, "Cannot reject proposal with status: expired")
    got = daemon.admin.post(f"{path}/decide", {"option": "Approve"})
    assert got.status == 410
    got = agent.post(f"{path}/cancel", {})
    assert (got.status, got.json()["error"]) == (409, "cannot_cancel")
    got = agent.post(f"{path}/execute", {})
    assert (got.status, got.json()["error"], got.json()["status"]) == \
        (410, "Intent expired", "expired")
    row = agent.get(path).json()
    assert (row["status"], row["votes"]) == ("expired", [])
    refused = [e for e in row["auditTrail"]
               if e["event_type"] == "decision_refused"]
    assert len(refused) == 4  # the cancel too


def test_one_vote_of_two_does_not_keep_an_intent_open(daemon, agent):
    intent = harness.submit(agent, policy="two", expiresIn="1s")["id"]
    got = daemon.key("a").post(f"/v1/intents/{intent}/approve", {})
    assert got.json()["status"] == "pending_approval"
    seen = agent.get(f"/v1/intents/{intent}?wait=20").json()
    assert (seen["status"], seen["approvals"]) == ("expired", 1)
    assert daemon.key("b").post(f"/v1/intents/{intent}/approve",
                                {}).status == 410


def test_the_time_to_execute_ends_with_the_time_to_decide(daemon, agent):
    intent = harness.submit(agent, expiresIn="2s")["id"]
    path = f"/v1/intents/{intent}"
    assert daemon.admin.post(f"{path}/approve", {}).status == 200
    expires = when(agent.get(path).json()["expires_at"])
    harness.wait_for(lambda: datetime.datetime.now(
        datetime.timezone.utc) > expires)
    got = agent.post(f"{path}/execute", {})
    assert (got.status, got.json()["error"]) == (410, "Intent expired")
    assert agent.get(path).json()["status"] == "approved"


@pytest.mark.parametrize("asked,seconds", [
    ("1h", 600), ("30d", 600), ("5m", 300), ("10m", 600), (None, 600)])
def test_a_policy_caps_the_time_that_is_asked(agent, asked, seconds):
    got = harness.submit(agent, policy="brief", expiresIn=asked)
    span = when(got["expiresAt"]) - when(got["createdAt"])
    assert span.total_seconds() == seconds


def test_many_expire_together_and_each_once(daemon, agent):
    before = states(daemon)["expired"]
    ids = [harness.submit(agent, expiresIn="1s")["id"] for _ in range(100)]
    harness.wait_for(lambda: states(daemon)["expired"] == before + 100)
    for intent in ids[::10]:
        trail = agent.get(f"/v1/audit/{intent}").json()["events"]
        assert [e["type"] for e in trail].count("expired") == 1


def test_what_ends_while_the_daemon_is_down_is_expired_when_it_is_up(
        make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    first = harness.submit(agent, expiresIn="1s")
    daemon.stop()
    harness.wait_for(lambda: datetime.datetime.now(datetime.timezone.utc) >
                     when(first["expiresAt"]))
    daemon.start()
    harness.wait_for(lambda: states(daemon)["expired"] == 1)


def test_the_race_of_an_approval_with_the_clock_has_one_end(daemon, agent):
    def race(early_s):
        first = harness.submit(agent, expiresIn="1s")
        path = f"/v1/intents/{first['id']}"
        due = when(first["expiresAt"]).timestamp() - early_s
        harness.wait_for(lambda: time.time() >= due)
        got = daemon.admin.post(f"{path}/approve", {})
        seen = agent.get(f"{path}?wait=10").json()
        finals = [e["type"] for e in seen["auditTrail"]
                  if e["type"] in ("approved", "expired")]
        assert finals == [seen["status"]]
        assert (got.status == 200) == (seen["status"] == "approved")
        return seen["status"]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        ends = list(pool.map(race, [i / 500 for i in range(10)]))
    assert set(ends) <= {"approved", "expired"}
