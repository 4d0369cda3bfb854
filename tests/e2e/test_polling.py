"""Reading: long polls, entity tags, lists in pages."""

import threading
import time

import pytest

import harness


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


class Background:
    """A request that is made meanwhile."""

    def __init__(self, work):
        def run():
            start = time.monotonic()
            self.got = work()
            self.took = time.monotonic() - start
            self.over = time.monotonic()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def join(self, seconds=30):
        self.thread.join(seconds)
        assert not self.thread.is_alive()
        return self.got


def parked(daemon):
    text = daemon.client().get("/metrics").body.decode()
    return next(int(line.split()[1]) for line in text.splitlines()
                if line.startswith("assent_parked_requests "))


def wait_parked(daemon, n):
    harness.wait_for(lambda: parked(daemon) == n, what=f"{n} parked")


def ending(daemon, agent, intent, how):
    verbs = {"approve": daemon.admin, "reject": daemon.admin,
             "cancel": agent}
    got = verbs[how].post(f"/v1/intents/{intent}/{how}", {})
    assert got.status == 200


@pytest.mark.parametrize("how,status", [
    ("approve", "approved"), ("reject", "blocked"), ("cancel", "blocked")])
def test_who_waits_hears_of_a_decision_within_a_second(daemon, agent, how,
                                                       status):
    intent = harness.submit(agent)["id"]
    poll = Background(lambda: agent.get(f"/v1/intents/{intent}?wait=20"))
    wait_parked(daemon, 1)
    decided = time.monotonic()
    ending(daemon, agent, intent, how)
    assert poll.join().json()["status"] == status
    assert poll.over - decided < 1


def test_who_waits_hears_that_the_time_is_over(daemon, agent):
    intent = harness.submit(agent, expiresIn="1s")["id"]
    got = agent.get(f"/v1/intents/{intent}?wait=20").json()
    assert got["status"] == "expired"


def test_a_wait_that_ends_answers_with_what_is_pending(daemon, agent):
    intent = harness.submit(agent)["id"]
    poll = Background(lambda: agent.get(f"/v1/intents/{intent}?wait=1"))
    assert poll.join().status == 200
    assert poll.got.json()["status"] == "pending_approval"
    assert 0.9 < poll.took < 3


def test_who_waits_for_what_is_settled_is_answered_at_once(daemon, agent):
    intent = harness.submit(agent, policy="closed")["id"]
    poll = Background(lambda: agent.get(f"/v1/intents/{intent}?wait=30"))
    assert poll.join(5).json()["status"] == "blocked"
    assert poll.took < 1


def test_waiting_asks_for_the_same_rights_as_reading(daemon, agent):
    intent = harness.submit(agent)["id"]
    foreign = daemon.agent("foreign")
    assert foreign.get(f"/v1/intents/{intent}?wait=20").status == 403
    assert daemon.client().get(f"/v1/intents/{intent}?wait=20").status == 401
    assert agent.get("/v1/intents/int_0?wait=20").status == 404


def test_who_waits_is_still_known_when_its_key_was_looked_up_again(daemon,
                                                                   agent):
    intent = harness.submit(agent)["id"]
    poll = Background(lambda: agent.get(f"/v1/intents/{intent}?wait=20"))
    wait_parked(daemon, 1)
    other = daemon.key("gone")
    assert daemon.admin.post(f"/v1/keys/{other.id}/revoke", {}).status == 200
    assert agent.get("/v1/nonce").status == 200
    ending(daemon, agent, intent, "approve")
    assert poll.join().json()["status"] == "approved"


def test_two_hundred_wait_for_one_intent_and_all_hear_of_it(daemon, agent):
    intent = harness.submit(agent)["id"]
    polls = [Background(lambda: agent.get(f"/v1/intents/{intent}?wait=30"))
             for _ in range(200)]
    wait_parked(daemon, 200)
    decided = time.monotonic()
    ending(daemon, agent, intent, "approve")
    assert {p.join().json()["status"] for p in polls} == {"approved"}
    assert max(p.over for p in polls) - decided < 3
    wait_parked(daemon, 0)


def test_a_waiter_that_leaves_is_forgotten(daemon, agent):
    intent = harness.submit(agent)["id"]
    hasty = daemon.client(agent.key)
    hasty.timeout = 0.3
    with pytest.raises(TimeoutError):
        hasty.get(f"/v1/intents/{intent}?wait=2")
    wait_parked(daemon, 0)
    ending(daemon, agent, intent, "approve")
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == "approved"


def test_those_who_wait_are_answered_when_the_daemon_stops(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    intent = harness.submit(agent)["id"]
    poll = Background(lambda: agent.get(f"/v1/intents/{intent}?wait=30"))
    wait_parked(daemon, 1)
    daemon.stop()
    assert poll.join().json()["status"] == "pending_approval"


# --- entity tags ----------------------------------------------------------

def test_what_has_not_changed_is_answered_304(daemon, agent):
    path = f"/v1/intents/{harness.submit(agent)['id']}"
    first = agent.get(path)
    etag = first.headers["etag"]
    for known in (etag, "*", f'"other", {etag}', f"W/{etag}"):
        got = agent.get(path, headers={"If-None-Match": known})
        assert (got.status, got.body) == (304, b""), known
        assert got.headers["etag"] == etag
    for unknown in ('"other"', etag[:-2] + '"', ""):
        got = agent.get(path, headers={"If-None-Match": unknown})
        assert (got.status, got.body) == (200, first.body), unknown


def test_the_tag_changes_with_the_intent(daemon, agent):
    intent = harness.submit(agent, policy="two")["id"]
    path = f"/v1/intents/{intent}"
    tags = [agent.get(path).headers["etag"]]
    for client, verb in ((daemon.key("a"), "approve"),
                         (daemon.key("b"), "approve"), (agent, "execute")):
        assert client.post(f"{path}/{verb}", {}).status in (200, 201)
        got = agent.get(path, headers={"If-None-Match": tags[-1]})
        assert got.status == 200
        tags.append(got.headers["etag"])
    assert len(set(tags)) == 4


def test_waiting_with_a_tag_ends_with_the_change(daemon, agent):
    intent = harness.submit(agent)["id"]
    path = f"/v1/intents/{intent}"
    etag = {"If-None-Match": agent.get(path).headers["etag"]}
    poll = Background(lambda: agent.get(f"{path}?wait=20", headers=etag))
    wait_parked(daemon, 1)
    ending(daemon, agent, intent, "approve")
    assert poll.join().json()["status"] == "approved"
    timed = agent.get(f"/v1/intents/{harness.submit(agent)['id']}")
    quiet = agent.get(f"/v1/intents/{timed.json()['id']}?wait=1",
                      headers={"If-None-Match": timed.headers["etag"]})
    assert quiet.status == 304


def test_a_tag_tells_a_stranger_nothing(daemon, agent):
    path = f"/v1/intents/{harness.submit(agent)['id']}"
    etag = agent.get(path).headers["etag"]
    foreign = daemon.agent("foreign")
    for known in (etag, "*"):
        got = foreign.get(path, headers={"If-None-Match": known})
        assert (got.status, got.headers.get("etag")) == (403, None)


# --- lists ----------------------------------------------------------------

def test_pages_hold_every_intent_once_newest_first(daemon, agent):
    made = [harness.submit(agent)["id"] for _ in range(23)]
    seen, cursor, sizes = [], None, []
    while True:
        path = "/v1/intents?limit=10"
        got = agent.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        assert got["cursor"] == got["next_cursor"]
        assert got["count"] == len(got["intents"])
        sizes.append(got["count"])
        seen += [row["id"] for row in got["intents"]]
        harness.submit(daemon.agent("other"))
        cursor = got["cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert sizes == [10, 10, 3]


def test_a_page_that_ends_the_list_has_no_cursor(daemon, agent):
    for _ in range(5):
        harness.submit(agent)
    assert agent.get("/v1/intents?limit=5").json()["cursor"] is None
    assert agent.get("/v1/intents?limit=4").json()["cursor"] is not None
    assert agent.get("/v1/intents").json()["count"] == 5


def test_lists_are_filtered_by_every_status(daemon, agent):
    def one(policy="human", **kw):
        return harness.submit(agent, policy=policy, **kw)["id"]

    made = {"pending_approval": [one()], "expired": [one(expiresIn="1s")]}
    denied, cancelled, approved, leased, well, badly, other = (
        one(), one(), one(), one(), one(), one(),
        one(options=["Yes", "No", {"label": "Ask", "outcome": "other"}]))
    blocked = one("closed")
    for intent in (approved, leased, well, badly):
        ending(daemon, agent, intent, "approve")
    ending(daemon, agent, denied, "reject")
    ending(daemon, agent, cancelled, "cancel")
    assert daemon.admin.post(f"/v1/intents/{other}/decide",
                             {"option": "Ask"}).status == 200
    for intent, word in ((leased, None), (well, "succeeded"),
                         (badly, "failed")):
        ex = agent.post(f"/v1/intents/{intent}/execute", {}).json()
        if word:
            assert agent.post(f"/v1/executions/{ex['executionId']}/report",
                              {"status": word}).status == 200
    harness.wait_for(lambda: agent.get(
        f"/v1/intents/{made['expired'][0]}").json()["status"] == "expired")
    made |= {"approved": [approved], "scheduled": [leased],
             "succeeded": [well], "failed": [badly], "resolved": [other],
             "blocked": [blocked, cancelled, denied], "rejected": [denied],
             "cancelled": [cancelled], "pending": made["pending_approval"]}
    for status, ids in made.items():
        got = agent.get(f"/v1/intents?status={status}").json()["intents"]
        assert sorted(r["id"] for r in got) == sorted(ids), status
        if status not in ("rejected", "cancelled", "pending"):
            assert {r["status"] for r in got} == {status}


@pytest.mark.parametrize("name", ["agents", "keys"])
def test_agents_and_keys_are_read_in_pages(daemon, name):
    for i in range(5):
        daemon.agent(f"one of many {i}")
    whole = daemon.admin.get(f"/v1/{name}").json()
    seen, cursor = [], ""
    while cursor is not None:
        got = daemon.admin.get(f"/v1/{name}?limit=2{cursor}").json()
        assert len(got[name]) <= 2
        seen += got[name]
        cursor = got["cursor"] and f"&cursor={got['cursor']}"
    assert seen == whole[name] and whole["cursor"] is None
    assert daemon.admin.get(f"/v1/{name}?limit=1001").status == 400


def test_the_whole_trail_is_read_in_pages(daemon, agent):
    harness.submit(agent)
    seen, after = [], 0
    while True:
        got = daemon.admin.get(f"/v1/audit?limit=50&after={after}").json()
        seen += [e["seq"] for e in got["events"]]
        if got["next_after"] is None:
            break
        after = got["next_after"]
    assert seen == list(range(1, len(seen) + 1))
