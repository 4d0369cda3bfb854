"""Who may decide, how many it takes, and what can be chosen."""

import pytest

import harness

CONFIG = """\
people:
  - {id: dana, name: Dana Li, email: Dana@example.com}
  - {id: lee, name: Lee Wu, email: lee@example.com}
  - {id: max, name: Max Orr, email: max@example.com}
groups:
  finance: [dana, lee]
  all: [dana, lee, max]
"""

POLICIES = dict(harness.POLICIES)
POLICIES |= {
    "named": "id: named\nrequire_approval: always\napprovers: [finance]\n",
    "pair": "id: pair\nrequire_approval: always\napprovers: [all]\n"
            "require_approvals: 2\n",
    "only-dana": "id: only-dana\nrequire_approval: always\n"
                 "approvers: [dana]\n",
    "self": "id: self\nrequire_approval: always\nself_approval: true\n",
    "patient": "id: patient\nrequire_approval: always\n"
               "require_approvals: 2\ndeny_threshold: 2\n",
    "reasoned": "id: reasoned\nrequire_approval: always\n"
                "require_reason: true\n",
}


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES, config=CONFIG)


@pytest.fixture(scope="module")
def dana(daemon):
    return daemon.key("dana's key", person="dana")


@pytest.fixture(scope="module")
def lee(daemon):
    return daemon.key("lee's key", person="lee")


@pytest.fixture(scope="module")
def max_(daemon):
    return daemon.key("max's key", person="max")


@pytest.fixture(scope="module")
def nobody(daemon):
    """A key that belongs to no person."""
    return daemon.key("no person")


def vote(client, intent, verb="approve", **body):
    return client.post(f"/v1/intents/{intent}/{verb}", body)


def check_refused(daemon, got, intent, reason, by):
    assert (got.status, got.json()["error"]) == (403, "forbidden"), got
    assert got.json()["reason_code"] == reason
    row = daemon.admin.get(f"/v1/intents/{intent}").json()
    assert row["status"] == "pending_approval"
    last = row["auditTrail"][-1]
    assert last["event_type"] == "decision_refused"
    assert last["metadata"]["reason"] == reason
    assert last["metadata"]["by"] == by


# --- people ---------------------------------------------------------------

def test_where_nobody_is_named_any_reviewer_decides(daemon, agent, dana,
                                                    nobody):
    for client, by in ((dana, "dana"), (nobody, nobody.id),
                       (daemon.admin, "admin"),
                       (daemon.key("adm", "admin", person="lee"), "lee")):
        intent = harness.submit(agent)["id"]
        assert vote(client, intent).json()["status"] == "approved"
        row = agent.get(f"/v1/intents/{intent}").json()
        assert row["decided_by"] == by
        assert row["decided_via"] == "api"


def test_where_people_are_named_others_are_refused(daemon, agent, dana, lee,
                                                   max_, nobody):
    intent = harness.submit(agent, policy="named")["id"]
    assert agent.get(f"/v1/intents/{intent}").json()["approvers"] == \
        ["dana", "lee"]
    for client, by in ((max_, "max"), (nobody, nobody.id),
                       (daemon.admin, "admin")):
        for verb in ("approve", "reject"):
            check_refused(daemon, vote(client, intent, verb), intent,
                          "not_an_approver", by)
    assert vote(lee, intent).json()["status"] == "approved"


def test_an_intent_picks_of_those_that_its_policy_names(daemon, agent, dana,
                                                        lee):
    intent = harness.submit(agent, policy="named", approvers=["lee"])["id"]
    check_refused(daemon, vote(dana, intent), intent, "not_an_approver",
                  "dana")
    assert vote(lee, intent).json()["status"] == "approved"
    for picked in (["max"], ["lee", "max"], ["all"]):
        got = agent.post("/v1/intents", {
            "destination": "d", "policy": "named", "approvers": picked})
        assert (got.status, got.json()["field"]) == (400, "approvers")


def test_an_intent_may_name_people_where_its_policy_does_not(daemon, agent,
                                                             max_, dana):
    intent = harness.submit(agent, approvers=["max"])["id"]
    check_refused(daemon, vote(dana, intent), intent, "not_an_approver",
                  "dana")
    assert vote(max_, intent).json()["status"] == "approved"


def test_fewer_people_than_must_approve_are_refused(agent):
    got = agent.post("/v1/intents", {"destination": "d", "policy": "pair",
                                     "approvers": ["dana"]})
    assert (got.status, got.json()["field"]) == (400, "approvers")
    assert "2 must approve" in got.json()["message"]


# --- who asks does not approve --------------------------------------------

@pytest.mark.parametrize("owner", ["dana", "dana@example.com",
                                   "DANA@EXAMPLE.COM"])
def test_the_owner_of_an_agent_does_not_approve_what_it_asks(
        daemon, dana, lee, owner):
    agent = daemon.agent("owned", owner=owner)
    intent = harness.submit(agent)["id"]
    check_refused(daemon, vote(dana, intent), intent, "own_request", "dana")
    check_refused(daemon, vote(dana, intent, "decide", option="Approve"),
                  intent, "own_request", "dana")
    assert vote(lee, intent).json()["status"] == "approved"


def test_the_owner_may_deny_and_cancel(daemon, dana):
    agent = daemon.agent("owned", owner="dana")
    for verb in ("reject", "cancel"):
        intent = harness.submit(agent)["id"]
        assert vote(dana, intent, verb).json()["status"] == "blocked"


def test_who_it_is_asked_for_does_not_approve_it(daemon, agent, dana, lee):
    for who in ("dana", "dana@example.com"):
        intent = harness.submit(agent, on_behalf_of=who)["id"]
        check_refused(daemon, vote(dana, intent), intent, "own_request",
                      "dana")
        assert vote(lee, intent).json()["status"] == "approved"


def test_a_policy_may_let_owners_approve(daemon, dana):
    agent = daemon.agent("owned", owner="dana")
    intent = harness.submit(agent, policy="self")["id"]
    assert vote(dana, intent).json()["status"] == "approved"


def test_an_owner_chooses_no_option_but_denial(daemon, dana):
    agent = daemon.agent("owned", owner="dana")
    intent = harness.submit(agent, options=[
        "Yes", "No", {"label": "Later", "outcome": "other"}])["id"]
    for option in ("Yes", "Later", 0, 2):
        check_refused(daemon, vote(dana, intent, "decide", option=option),
                      intent, "own_request", "dana")
    assert vote(dana, intent, "decide", option="No").json()["status"] == \
        "blocked"


def test_what_nobody_can_approve_is_recorded_as_such(daemon, dana):
    agent = daemon.agent("owned", owner="dana")
    intent = harness.submit(agent, policy="only-dana")["id"]
    check_refused(daemon, vote(dana, intent), intent, "own_request", "dana")
    trail = agent.get(f"/v1/audit/{intent}").json()["events"]
    assert trail[1]["metadata"]["can_be_approved"] is False


# --- how many it takes ----------------------------------------------------

def test_two_keys_without_a_person_are_two_people(daemon, agent, nobody):
    intent = harness.submit(agent, policy="two")["id"]
    first = vote(nobody, intent).json()
    assert first["status"] == "pending_approval"
    assert first["approvalState"] == "waiting_input"
    assert (first["votes"], first["requiredApprovals"]) == (1, 2)
    assert first["votedBy"] == ["no person"]
    second = vote(daemon.key("another"), intent).json()
    assert second["status"] == "approved"
    row = agent.get(f"/v1/intents/{intent}").json()
    assert [v["name"] for v in row["votes"]] == ["no person", "another"]
    assert row["approvals"] == row["required_approvals"] == 2


def test_admin_keys_are_people_too(daemon, agent):
    intent = harness.submit(agent, policy="two")["id"]
    assert vote(daemon.admin, intent).json()["votes"] == 1
    got = vote(daemon.key("adm", "admin"), intent)
    assert got.json()["status"] == "approved"


def test_one_key_counts_once(daemon, agent, nobody):
    intent = harness.submit(agent, policy="two")["id"]
    assert vote(nobody, intent).json()["votes"] == 1
    for verb in ("approve", "reject"):
        again = vote(nobody, intent, verb)
        assert (again.status, again.json()["error"]) == \
            (409, "already_voted")
    row = agent.get(f"/v1/intents/{intent}").json()
    assert (row["status"], row["approvals"]) == ("pending_approval", 1)
    assert len(row["votes"]) == 1


def test_one_person_with_two_keys_counts_once(daemon, agent, dana, lee):
    other = daemon.key("dana's other key", "admin", person="dana")
    intent = harness.submit(agent, policy="pair")["id"]
    assert vote(dana, intent).json()["votes"] == 1
    assert vote(other, intent).status == 409
    assert agent.get(f"/v1/intents/{intent}").json()["approvals"] == 1
    assert vote(lee, intent).json()["status"] == "approved"


def test_of_two_required_the_owner_is_neither(daemon, dana, lee, max_):
    agent = daemon.agent("owned", owner="dana")
    intent = harness.submit(agent, policy="pair")["id"]
    assert vote(lee, intent).json()["status"] == "pending_approval"
    check_refused(daemon, vote(dana, intent), intent, "own_request", "dana")
    assert vote(max_, intent).json()["status"] == "approved"


def test_one_denial_ends_it_also_after_an_approval(daemon, agent, dana, lee):
    intent = harness.submit(agent, policy="pair")["id"]
    assert vote(dana, intent).json()["status"] == "pending_approval"
    got = vote(lee, intent, "reject", reason="no")
    assert (got.status, got.json()["status"]) == (200, "blocked")
    assert vote(daemon.key("m", person="max"), intent).status == 409


def test_a_policy_may_ask_for_two_denials(daemon, agent, dana, lee, max_):
    intent = harness.submit(agent, policy="patient")["id"]
    first = vote(dana, intent, "reject").json()
    assert (first["status"], first["denials"], first["requiredDenials"]) == \
        ("pending_approval", 1, 2)
    assert first["deniedBy"] == ["Dana Li"]
    assert vote(lee, intent).json()["status"] == "pending_approval"
    assert vote(max_, intent, "reject").json()["status"] == "blocked"


def test_a_denial_needs_a_reason_where_the_policy_says_so(agent, dana):
    intent = harness.submit(agent, policy="reasoned")["id"]
    for reason in (None, ""):
        got = vote(dana, intent, "reject", reason=reason)
        assert (got.status, got.json()["error"]) == \
            (400, "reason is required")
    assert vote(dana, intent, "reject", reason="why").status == 200
    assert vote(dana, harness.submit(agent, policy="reasoned")["id"]
                ).status == 200


# --- options --------------------------------------------------------------

OPTIONS = [{"label": "Pay now", "outcome": "approve"},
           {"label": "Pay half", "outcome": "approve"},
           {"label": "Refuse", "outcome": "deny"},
           {"label": "Ask legal", "outcome": "other"}]


@pytest.mark.parametrize("option,status,outcome", [
    ("Pay now", "approved", "approve"), ("Pay half", "approved", "approve"),
    ("Refuse", "blocked", "deny"), ("Ask legal", "resolved", "other"),
    (0, "approved", "approve"), (1, "approved", "approve"),
    (2, "blocked", "deny"), (3, "resolved", "other")])
def test_each_option_leads_where_it_says(agent, dana, option, status,
                                         outcome):
    first = harness.submit(agent, options=OPTIONS)
    assert first["options"] == OPTIONS
    intent = first["id"]
    label = option if isinstance(option, str) else OPTIONS[option]["label"]
    got = vote(dana, intent, "decide", option=option, reason="so").json()
    assert (got["status"], got["option"], got["outcome"]) == \
        (status, label, outcome)
    row = agent.get(f"/v1/intents/{intent}").json()
    assert (row["status"], row["option"], row["reason"]) == \
        (status, label, "so")
    assert row["options"] == OPTIONS
    executed = agent.post(f"/v1/intents/{intent}/execute", {}).status
    assert executed == (201 if status == "approved" else 409)


@pytest.mark.parametrize("verb,body,label", [
    ("approve", {}, "Pay now"), ("reject", {}, "Refuse"),
    ("decide", {"outcome": "approve"}, "Pay now"),
    ("decide", {"outcome": "deny"}, "Refuse"),
    ("decide", {"outcome": "other"}, "Ask legal")])
def test_an_outcome_takes_its_first_option(agent, dana, verb, body, label):
    intent = harness.submit(agent, options=OPTIONS)["id"]
    assert vote(dana, intent, verb, **body).json()["option"] == label


def test_plain_labels_are_yes_no_and_others(agent):
    first = harness.submit(agent, options=["Go", "Stop", "Wait", "Ask"])
    assert [o["outcome"] for o in first["options"]] == \
        ["approve", "deny", "other", "other"]


def test_other_takes_one_vote_also_where_two_must_approve(daemon, agent,
                                                          dana, lee):
    intent = harness.submit(agent, policy="pair", options=OPTIONS)["id"]
    assert vote(dana, intent, "decide", option="Pay half").json()["votes"] \
        == 1
    got = vote(lee, intent, "decide", option="Ask legal").json()
    assert (got["status"], got["option"]) == ("resolved", "Ask legal")


def test_the_digest_says_what_was_shown(agent, dana):
    first = harness.submit(agent, payload="x")
    other = harness.submit(agent, payload="y")
    got = vote(dana, first["id"], digest=other["digest"])
    assert (got.status, got.json()["error"]) == (409, "digest_mismatch")
    assert vote(dana, first["id"],
                digest=first["digest"].upper()).status == 200


# --- what changes meanwhile -----------------------------------------------

def test_the_policy_of_the_day_it_was_asked_counts(make_daemon):
    daemon = make_daemon(policies=POLICIES, config=CONFIG)
    agent = daemon.agent()
    intent = harness.submit(agent, policy="two")["id"]
    version = agent.get(f"/v1/intents/{intent}").json()["policy_version"]
    (daemon.policies / "two.yaml").write_text(
        "id: two\nrequire_approval: always\n")
    harness.wait_for(lambda: "reload done" in daemon.log_text())
    assert vote(daemon.admin, intent).json()["status"] == "pending_approval"
    row = agent.get(f"/v1/intents/{intent}").json()
    assert (row["policy_version"], row["required_approvals"]) == (version, 2)
    fresh = harness.submit(agent, policy="two")["id"]
    row = agent.get(f"/v1/intents/{fresh}").json()
    assert row["policy_version"] != version
    assert row["required_approvals"] == 1


def test_the_key_of_a_person_who_has_left_counts_no_more(make_daemon):
    daemon = make_daemon(policies=POLICIES, config=CONFIG)
    agent = daemon.agent()
    dana = daemon.key("dana's", person="dana")
    assert dana.get("/v1/nonce").status == 200
    path = daemon.folder / "assent.yaml"
    path.write_text(CONFIG.replace("dana", "dora"))
    for name in ("only-dana", "named", "pair"):
        (daemon.policies / f"{name}.yaml").unlink()
    daemon.hup()
    harness.wait_for(lambda: dana.get("/v1/nonce").status == 401)
    intent = harness.submit(agent)["id"]
    assert vote(dana, intent).status == 401
