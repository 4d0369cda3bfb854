"""Zero retention: what a checkpoint held is gone from the disk, not hidden."""

import os
import random

import pytest

import harness
import vantagate
from vantagate import Checkpoint, database, let_time_pass

SIZES = (10, 300, 900, 1500, 4000, 9000, 40_000, 300_000)


@pytest.fixture
def slack():
    got = harness.Receiver()
    yield got
    got.close()


@pytest.fixture
def daemon(make_daemon, slack):
    return make_daemon(env={
        "VANTAGATE_SLACK_WEBHOOK_PREFIX": f"http://127.0.0.1:{slack.port}/"})


@pytest.fixture
def agent(daemon):
    return vantagate.as_client(daemon.agent())


@pytest.fixture
def reviewer(daemon):
    return vantagate.as_client(daemon.key())


def stored(daemon, checkpoint):
    """The sealed bytes that the database has of it: payload, addresses."""
    with database(daemon) as db:
        out = [row[0] for row in db.execute(
            "SELECT payload FROM intent WHERE id = ? UNION ALL "
            "SELECT sealed FROM delivery WHERE intent_id = ?",
            (checkpoint.intent, checkpoint.intent)) if row[0] is not None]
    return out


def pieces(secret):
    """A secret in parts: pages cut what is long."""
    if len(secret) <= 64:
        return [secret]
    step = max(64, len(secret) // 50)
    return [secret[i:i + 32] for i in range(0, len(secret) - 32, step)]


def on_disk(daemon, secrets):
    """How many parts of these stand in any file of the data folder: the
    database with its free pages, and the log of changes."""
    files = [p.read_bytes() for p in daemon.data.iterdir() if p.is_file()]
    return sum(part in data for secret in secrets for part in pieces(secret)
               for data in files)


def make(agent, slack, n):
    """n checkpoints of every size, with something to find in each."""
    rand = random.Random(7)
    out = []
    for i in range(n):
        size = SIZES[i % len(SIZES)]
        mark = f"mark-{i}-{rand.getrandbits(64):016x}"
        body = os.urandom(size // 2).hex()
        out.append(Checkpoint(
            agent, {"mark": mark, "body": body},
            slack_webhook_url=f"http://127.0.0.1:{slack.port}/{mark}"))
        out[-1].mark = mark
    return out


def test_deciding_erases_payload_and_address_from_the_disk(
        daemon, slack, agent, reviewer):
    asked = make(agent, slack, 5 * len(SIZES))
    kept = make(agent, slack, len(SIZES))
    slack.wait(len(asked) + len(kept))
    sealed = {c.id: stored(daemon, c) for c in asked + kept}
    assert all(len(s) == 2 for s in sealed.values())
    # What is looked for can be found: it is there before.
    assert all(on_disk(daemon, s) > 0 for s in sealed.values())
    order = list(asked)
    random.Random(3).shuffle(order)
    for i, c in enumerate(order):
        choice = "Approve" if i % 2 else "Reject"
        assert c.decide(reviewer, choice).status == 200
        # At once, not some time after: the next that was asked is untouched.
        assert on_disk(daemon, sealed[c.id]) == 0, (i, c.payload["mark"])
        assert c.view(reviewer).json()["payload"] is None
    for c in asked:
        assert stored(daemon, c) == []
        assert on_disk(daemon, sealed[c.id]) == 0
        assert c.poll()["payload_hash"] == c.hash
    for c in kept:
        assert stored(daemon, c) == sealed[c.id]
        assert c.view(reviewer).json()["payload"] == c.payload
    # In clear it never stood anywhere.
    marks = [c.mark.encode() for c in asked + kept]
    assert on_disk(daemon, marks) == 0
    assert not any(m.decode() in daemon.log_text() for m in marks)


def test_expiry_erases_as_well(daemon, slack, agent):
    [c] = make(agent, slack, 1)
    slack.wait(1)
    sealed = stored(daemon, c)
    assert on_disk(daemon, sealed) > 0
    let_time_pass(daemon, c.intent)
    vantagate.wait_status(c, "EXPIRED")
    assert stored(daemon, c) == []
    harness.wait_for(lambda: on_disk(daemon, sealed) == 0, 10, "the scrub")


def test_cancelling_erases_as_well(daemon, slack, agent):
    [c] = make(agent, slack, 1)
    slack.wait(1)
    sealed = stored(daemon, c)
    got = agent.post(f"/v1/intents/{c.intent}/cancel", {})
    assert got.status == 200, got
    assert c.status == "REJECTED"
    assert stored(daemon, c) == [] and on_disk(daemon, sealed) == 0


def test_a_reader_only_delays_it(daemon, slack, agent, reviewer):
    [c] = make(agent, slack, 1)
    slack.wait(1)
    sealed = stored(daemon, c)
    with database(daemon) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM intent").fetchone()
        assert c.decide(reviewer).status == 200
        assert c.status == "APPROVED"
        db.execute("COMMIT")
    harness.wait_for(lambda: on_disk(daemon, sealed) == 0, 10, "the scrub")


def test_what_a_killed_daemon_left_is_gone_after_the_next_start(
        daemon, slack, agent, reviewer):
    [c] = make(agent, slack, 1)
    slack.wait(1)
    sealed = stored(daemon, c)
    with database(daemon) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM intent").fetchone()
        assert c.decide(reviewer).status == 200
        assert on_disk(daemon, sealed) > 0
        daemon.kill()
    daemon.start()
    assert on_disk(daemon, sealed) == 0
    assert c.status == "APPROVED"


def test_what_a_policy_decides_is_not_stored_at_all(make_daemon):
    d = make_daemon(env={"VANTAGATE_POLICY": "closed"})
    c = Checkpoint(vantagate.as_client(d.agent()), {"secret": "x" * 5000})
    assert c.answer["status"] == "REJECTED"
    assert stored(d, c) == []


def test_native_intents_keep_theirs_for_the_time_set(daemon, reviewer):
    native = daemon.agent()
    sent = harness.submit(native, payload="y" * 500)
    reviewer.key_header, reviewer.key_scheme = "Authorization", "Bearer "
    assert reviewer.post(f"/v1/intents/{sent['intentId']}/approve").status \
        == 200
    with database(daemon) as db:
        [(payload,)] = db.execute("SELECT payload FROM intent WHERE id = ?",
                                  (sent["intentId"],))
    assert payload is not None
