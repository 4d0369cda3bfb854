"""Many at once: one of them wins, and all of them hear the same."""

import collections
import threading

import harness
from harness import submit, wait_for


def at_once(calls):
    """Runs the calls together; their results in order."""
    results = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(i):
        gate.wait(30)
        results[i] = calls[i]()

    threads = [threading.Thread(target=run, args=(i,))
               for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert all(r is not None for r in results)
    return results


def trail(daemon, intent):
    got = daemon.admin.get(f"/v1/intents/{intent}").json()
    return got, collections.Counter(e["type"] for e in got["auditTrail"])


def test_200_deciders_race_to_one_terminal_state(daemon, agent, receiver):
    keys = [daemon.key(f"r{i}") for i in range(20)]
    intent = submit(agent, callback_url=receiver.url)["intentId"]
    calls = []
    for i in range(200):
        verb = "approve" if i % 2 else "reject"
        key = keys[i % len(keys)]
        calls.append(lambda k=key, v=verb: k.post(
            f"/v1/intents/{intent}/{v}", {}))
    results = at_once(calls)
    row, types = trail(daemon, intent)
    assert row["status"] in ("approved", "blocked")
    assert types["approved"] + types["denied"] == 1
    assert types["vote"] == 1
    # Approving again what is approved is a repeat, everything else is told
    # that it came too late.
    won = [r for r in results if r.status == 200]
    lost = [r for r in results if r.status == 409]
    assert len(won) >= 1 and len(won) + len(lost) == 200
    if row["status"] == "blocked":
        assert len(won) == 1
    receiver.wait(1)
    ids = {b["deliveryId"] for b in receiver.bodies()}
    assert len(ids) == 1


def test_execute_races_execute_and_one_wins(daemon, agent):
    intent = submit(agent)["intentId"]
    assert daemon.admin.post(f"/v1/intents/{intent}/approve").status == 200
    results = at_once([lambda: agent.post(f"/v1/intents/{intent}/execute")
                       for _ in range(50)])
    statuses = collections.Counter(r.status for r in results)
    assert statuses == {201: 1, 409: 49}
    execution = next(r for r in results if r.status == 201).json()
    reports = at_once([lambda ok=i % 2: agent.post(
        f"/v1/executions/{execution['executionId']}/report",
        {"status": "succeeded" if ok else "failed"}) for i in range(20)])
    assert collections.Counter(r.status for r in reports) == {200: 1, 409: 19}
    row, types = trail(daemon, intent)
    assert types["execution_succeeded"] + types["execution_failed"] == 1


def test_expiry_races_approval_and_the_end_stays(daemon, agent):
    reviewer = daemon.key("rita")
    intents = [submit(agent, expiresIn="1s")["intentId"] for _ in range(40)]
    answers = {}

    def approve_when_late(intent):
        # Each a few milliseconds later than the one before, around the end.
        nth = intents.index(intent)
        created = daemon.admin.get(f"/v1/intents/{intent}").json()
        wait_for(lambda: harness.time.time() >= harness.seconds_of(
            created["expires_at"]) - 0.04 + nth * 0.002, 10, "its moment")
        answers[intent] = reviewer.post(f"/v1/intents/{intent}/approve")
        return True

    at_once([lambda i=i: approve_when_late(i) for i in intents])
    for intent in intents:
        row = wait_for(lambda i=intent: next(
            (r for r in [trail(daemon, i)] if
             r[0]["status"] != "pending_approval"), None), 5, "an end")
        status, types = row[0]["status"], row[1]
        assert types["approved"] + types["expired"] == 1, types
        assert (answers[intent].status == 200) == (status == "approved")
        assert status in ("approved", "expired")


def test_one_idempotency_key_at_once_is_one_intent(daemon, agent):
    def once():
        return agent.post("/v1/intents", {
            "destination": "mail.send", "policy": "human"},
            headers={"Idempotency-Key": "same"})

    results = at_once([once] * 50)
    assert {r.status for r in results} == {200}
    assert len({r.body for r in results}) == 1
    assert daemon.admin.get("/v1/intents").json()["count"] == 1
