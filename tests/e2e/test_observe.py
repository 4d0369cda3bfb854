"""What the daemon says about itself: health, readiness, metrics."""

import re
import subprocess

import pytest

import harness


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(env={"ASSENT_WEBHOOK_RETRY_S": "0.1"})


def metrics(daemon):
    """Name with labels to value."""
    got = daemon.client().get("/metrics")
    assert got.status == 200
    assert got.headers["content-type"].startswith(
        "text/plain; version=0.0.4")
    return {name: float(value) for name, value in re.findall(
        r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", got.body.decode(), re.M)}


def test_the_daemon_is_healthy_and_ready(daemon):
    for key in (None, "gate_sk_wrong"):
        got = daemon.client(key).get("/healthz")
        assert (got.status, got.json()) == (200, {"status": "ok"})
    got = daemon.client().get("/readyz")
    assert got.status == 200
    assert got.json()["status"] == "ready"
    assert got.json()["store"]["state"] == "up"
    assert got.json()["channels"] == {"webhook": {"state": "up"},
                                      "slack_webhook": {"state": "up"}}
    assert daemon.client().call("HEAD", "/readyz").body == b""
    for path in ("/healthz", "/readyz", "/metrics"):
        assert daemon.client().post(path, {}).status == 404


def test_promtool_has_nothing_to_say(daemon, agent):
    harness.submit(agent)
    text = daemon.client().get("/metrics").body
    got = subprocess.run(["promtool", "check", "metrics"], input=text,
                         capture_output=True)
    assert (got.returncode, got.stdout, got.stderr) == (0, b"", b"")


def test_intents_are_counted_by_state(daemon, agent):
    before = metrics(daemon)
    api = daemon.admin.get("/v1/metrics").json()

    def one(policy="human", **kw):
        return harness.submit(agent, policy=policy, **kw)["id"]

    def end(intent, verb, client=None, **body):
        got = (client or daemon.admin).post(f"/v1/intents/{intent}/{verb}",
                                            body)
        assert got.status in (200, 201), got
        return got.json()

    one()
    one("auto", recordCount=1)
    one("closed")
    end(one(), "approve")
    end(one(), "reject")
    end(one(), "cancel", agent)
    end(one(options=["Y", "N", "Ask"]), "decide", option="Ask")
    lapsed = one(expiresIn="1s")
    agent.get(f"/v1/intents/{lapsed}?wait=10")
    for status in ("succeeded", "failed"):
        intent = one()
        end(intent, "approve")
        ex = end(intent, "execute", agent)
        agent.post(f"/v1/executions/{ex['executionId']}/report",
                   {"status": status})
    intent = one(idempotency_key="count me")
    end(intent, "approve")
    end(intent, "execute", agent)
    assert agent.post("/v1/intents", {
        "destination": "d", "policy": "human",
        "idempotency_key": "count me"}).status == 409

    after = metrics(daemon)
    more = {k: after[k] - before[k] for k in after if after[k] != before[k]}
    expected = {'pending': 1, 'approved': 5, 'denied': 1, 'resolved': 1,
                'expired': 1, 'cancelled': 1, 'blocked': 1}
    for state, n in expected.items():
        assert more[f'assent_intents{{state="{state}"}}'] == n, state
    for state in ("leased", "succeeded", "failed"):
        assert more[f'assent_executions{{state="{state}"}}'] == 1, state
    assert more["assent_duplicates_total"] == 1
    # Approved by people, denied, resolved; not by policy, clock, agent.
    assert more["assent_decision_seconds_count"] == 6
    assert more['assent_decision_seconds_bucket{le="+Inf"}'] == 6
    assert 0 < more["assent_decision_seconds_sum"] < 60

    now = daemon.admin.get("/v1/metrics").json()
    gained = {k: now[k] - api[k] for k in now
              if isinstance(now[k], int) and isinstance(api[k], int)
              and k != "avg_approval_latency_ms"}
    assert gained == {
        "actions_attempted": 11, "actions_blocked": 3, "actions_pending": 1,
        "actions_approved": 5, "actions_expired": 1, "actions_resolved": 1,
        "actions_scheduled": 1, "actions_succeeded": 1, "actions_failed": 1,
        "duplicate_actions": 1, "actions_duplicate": 1,
        "policy_violations": 1}
    assert now["period"] == "all_time"
    assert 0 <= now["avg_approval_latency_ms"] < 10000


def test_the_buckets_of_the_histogram_add_up(daemon, agent):
    intent = harness.submit(agent)["id"]
    assert daemon.admin.post(f"/v1/intents/{intent}/approve",
                             {}).status == 200
    got = metrics(daemon)
    buckets = [v for k, v in got.items()
               if k.startswith("assent_decision_seconds_bucket")]
    assert len(buckets) > 5 and buckets == sorted(buckets)
    assert buckets[-1] == got["assent_decision_seconds_count"]


def test_the_outbox_is_counted(daemon, agent):
    before = metrics(daemon)
    harness.submit(agent, policy="auto", recordCount=1,
                   callback_url=f"http://127.0.0.1:{harness.free_port()}/")
    dead = 'assent_outbox_deliveries{state="dead"}'
    harness.wait_for(lambda: metrics(daemon)[dead] == before[dead] + 1)
    got = metrics(daemon)
    assert got['assent_outbox_deliveries{state="owed"}'] == 0
    assert got["assent_outbox_oldest_age_seconds"] == 0
    assert got['assent_channel_up{channel="webhook"}'] == 1


def test_what_is_owed_has_an_age(make_daemon):
    daemon = make_daemon(env={"ASSENT_WEBHOOK_RETRY_S": "600"})
    harness.submit(daemon.agent(), policy="auto", recordCount=1,
                   callback_url=f"http://127.0.0.1:{harness.free_port()}/")
    harness.wait_for(lambda: metrics(daemon)
                     ["assent_outbox_oldest_age_seconds"] > 0.2)
    assert metrics(daemon)['assent_outbox_deliveries{state="owed"}'] == 1


def test_commits_are_counted(daemon, agent):
    before = metrics(daemon)
    harness.submit(agent)
    after = metrics(daemon)
    assert after["assent_commits_total"] > before["assent_commits_total"]
    assert after["assent_commit_jobs_total"] >= \
        after["assent_commits_total"]
    assert after["assent_commit_jobs_max"] >= 1
    assert after["assent_commit_failures_total"] == 0
    assert after["assent_store_writable"] == 1
    assert 'assent_info{version="0.1.0"}' in after


def test_the_sums_survive_a_restart(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    for policy in ("human", "auto", "closed"):
        harness.submit(agent, policy=policy, recordCount=1)
    intent = harness.submit(agent)["id"]
    daemon.admin.post(f"/v1/intents/{intent}/approve", {})
    kept = [k for k in metrics(daemon) if k.startswith((
        "assent_intents", "assent_decision", "assent_exec",
        "assent_dup", "assent_outbox_deliveries"))]
    before = metrics(daemon)
    daemon.stop()
    daemon.start()
    after = metrics(daemon)
    assert {k: before[k] for k in kept} == {k: after[k] for k in kept}


def test_a_channel_that_fails_degrades_but_does_not_stop_the_daemon(
        make_daemon):
    daemon = make_daemon(env={
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(harness.free_port()),
        "SMTP_FROM": "assent@example.com"}, config=(
            "people: [{id: dana, name: Dana, email: dana@example.com}]\n"
            "notify: {approvers: [dana]}\n"))
    harness.submit(daemon.agent())
    harness.wait_for(lambda: daemon.client().get("/readyz").json()["status"]
                     == "degraded")
    got = daemon.client().get("/readyz")
    assert got.status == 200
    channel = got.json()["channels"]["email"]
    assert channel["state"] in ("degraded", "down") and channel["fault"]
    assert got.json()["store"]["state"] == "up"
    assert metrics(daemon)['assent_channel_up{channel="email"}'] == 0
