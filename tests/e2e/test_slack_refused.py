"""Clicks that do not count, and what the one who clicked is told."""

import json

import pytest

import chat_slack
import harness
from chat_slack import OPS, TEAM, acked, decides

STRANGER, VISITOR = "U0STRANGER", "U0BOTLIKE1"


def world(slack):
    slack.world.add_user(STRANGER, "stranger")
    slack.world.channels[OPS].members.add(STRANGER)


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(make_shared_daemon, world=world) as made:
        yield made


def refused(asked, reason, person=None, n=1):
    """What the person was told; nothing changed, and it is on record."""
    harness.wait_for(lambda: len(asked.refusals()) >= n, what="the record")
    assert asked.refusals() == [reason] * n
    return asked.desk.told(person or asked.people[0])


def test_who_may_not_decide_is_told_so(desk):
    asker, other = desk.people(2)
    asked = desk.ask(asker, channels=["ops"])
    asked.press("Approve", other, asked.in_channel())
    assert "not among those who may decide" in \
        refused(asked, "not_an_approver", other)
    assert asked.status == "pending_approval"
    event = asked.audit("decision_refused")[0]
    assert event["metadata"]["by"] == other.id
    assert event["metadata"]["via"] == "slack"


def test_who_may_not_decide_is_asked_for_no_reason(desk):
    asker, other = desk.people(2)
    asked = desk.ask(asker, channels=["ops"])
    asked.press("Deny", other, asked.in_channel())
    refused(asked, "not_an_approver", other)
    assert desk.slack.modals(other.user) == []


def test_an_account_that_nobody_has_is_told_what_it_is(desk):
    asked = desk.ask(channels=["ops"])
    chat_slack.acked(desk.slack.click(STRANGER, asked.in_channel(),
                                      "Approve"))
    told = harness.wait_for(lambda: desk.slack.ephemerals(STRANGER),
                            what="words")
    assert f"{TEAM}/{STRANGER}" in chat_slack.seen(told[0])
    assert asked.refusals() == ["unknown_account"]
    assert asked.status == "pending_approval"


def test_nobody_approves_their_own_request(desk):
    owner, other = desk.people(2)
    agent = desk.daemon.agent("own bot", owner=owner.email)
    asked = desk.ask(owner, other, agent=agent, channels=["ops"])
    card = asked.in_channel()
    asked.press("Approve", owner, card)
    assert "own request" in refused(asked, "own_request", owner)
    # Denying it is another matter.
    asked.deny("I changed my mind", person=owner, card=card)
    assert asked.status == "blocked"


def test_nobody_votes_twice(desk):
    people = desk.people(3)
    asked = desk.ask(*people, policy="two", channels=["ops"])
    asked.press("Approve", people[0])
    asked.press("Approve", people[0], asked.in_channel())
    assert "already" in refused(asked, "already_voted", people[0])
    assert asked.status == "pending_approval"


def test_who_comes_late_is_told_who_decided(desk):
    people = desk.people(2)
    asked = desk.ask(*people)
    card = asked.card(people[1])
    button = next(b for b in card.buttons()
                  if b[1]["text"]["text"] == "Approve")
    asked.press("Approve", people[0])
    asked.repainted("Approved", card)
    # Pressed on the card as it was, before the repaint came through.
    asked.press(button, people[1], card)
    told = refused(asked, "already_answered", people[1])
    assert people[0].name in told
    assert asked.row()["decided_by"] == people[0].id


def test_who_comes_after_the_end_of_the_time_is_told_so(desk):
    asked = desk.ask(expiresIn="2s")
    card = asked.card()
    button = next(b for b in card.buttons()
                  if b[1]["text"]["text"] == "Approve")
    asked.repainted("Expired", card)
    asked.press(button, card=card)
    told = desk.told(asked.people[0])
    assert asked.refusals() in (["expired"], ["already_answered"])
    assert "time" in told or "xpired" in told
    assert asked.status == "expired"


# --- forged -----------------------------------------------------------------

def value_of(card, label):
    return next(e["value"] for _, e in card.buttons()
                if e["text"]["text"] == label)


FORGED = {
    "team": {"team": "T0EVIL0001"},
    "user": {"user": STRANGER},
    "nobody": {"user": "U0NOBODY01"},
    "channel": {"channel": OPS},
    "no channel": {"channel": "D0NONE0001"},
    "message": {"ts": "1700000000.000001"},
    "app": {"app": "A0OTHER001"},
    "handle": {"value": "n:AAAAAAAAAAAAAAAAAAAAAAAA"},
    "garbage": {"value": "<script>" + "x" * 1900},
    "empty": {"value": ""},
    "option": {"action_id": "decide:7"},
    "huge option": {"action_id": "decide:99999999999999999999"},
    "negative option": {"action_id": "decide:-1"},
    "action": {"action_id": "nothing_of_ours"},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_click_changes_nothing(desk, what):
    asked = desk.ask()
    asked.card()
    acked(desk.slack.click(asked.people[0].user, asked.card(), "Approve",
                           **FORGED[what]))
    # The next click has been through the same road: it waited for it.
    assert asked.status == "pending_approval"
    assert decides(asked.card()) == ["Approve", "Deny"]
    if what in ("user", "nobody", "team", "channel", "message"):
        assert len(asked.refusals()) <= 1
    asked.press("Approve")
    assert asked.status == "approved"


def test_the_button_of_one_intent_does_not_decide_another(desk):
    person, other = desk.people(2)
    mine, theirs = desk.ask(person), desk.ask(other)
    stolen = value_of(theirs.card(), "Approve")
    acked(desk.slack.click(person.user, mine.card(), "Approve",
                           value=stolen))
    assert mine.status == theirs.status == "pending_approval"
    # Nor does it with the message that it belongs to: another may decide.
    acked(desk.slack.click(person.user, mine.card(), "Approve", value=stolen,
                           ts=theirs.card().ts,
                           channel=theirs.card().channel))
    assert mine.status == theirs.status == "pending_approval"


def test_a_message_that_is_not_ours_decides_nothing(desk):
    asked = desk.ask()
    card = asked.card()
    copy = desk.slack.plant(OPS, json.loads(json.dumps(card.blocks)),
                            STRANGER)
    acked(desk.slack.click(asked.people[0].user, copy, "Approve"))
    assert asked.status == "pending_approval"


@pytest.mark.parametrize("forge", [
    {"user": STRANGER}, {"team": "T0EVIL0001"},
    {"shown": {"private_metadata": ""}},
    {"shown": {"private_metadata": "{}"}},
    {"shown": {"private_metadata": '{"h":"AAAA","o":0}'}},
    {"shown": {"private_metadata": "[" * 1000}},
    {"shown": {"callback_id": "another"}},
    {"shown": {"state": {"values": []}}},
    {"shown": {"state": None}},
])
def test_a_forged_form_changes_nothing(desk, forge):
    asked = desk.ask(desk.people(1)[0])
    form = asked.deny()
    acked(desk.slack.submit(form, "no", **forge))
    if "state" not in str(forge):
        assert asked.status == "pending_approval"


def test_payloads_of_any_shape_are_survived(desk):
    asked = desk.ask()
    whole = desk.slack.click(asked.people[0].user, asked.card(), "Approve",
                             action_id="nothing_of_ours").payload
    broken = [None, [], "x", 1, {}, {"type": None}, {"type": "block_actions"}]
    for key in whole:
        broken.append({k: v for k, v in whole.items() if k != key})
        for value in (None, [], {}, "", 7, "x" * 5000, [[]] * 9):
            broken.append({**whole, key: value})
    for kind in ("interactive", "slash_commands", "events_api"):
        for payload in broken:
            desk.slack.event(payload, kind=kind)
    asked.press("Approve")
    assert asked.status == "approved"


@pytest.mark.parametrize("lacks", [
    {"team": None}, {"enterprise": {"id": "E1"}}, {"state": None},
    {"user": {"id": "USER", "team_id": TEAM}}, {"token": None},
    {"response_url": None}, {"is_enterprise_install": None}])
def test_a_click_counts_whatever_else_its_payload_lacks(desk, lacks):
    asked = desk.ask()
    user = asked.people[0].user
    payload = desk.slack.click(user, asked.card(), "Approve",
                               action_id="nothing_of_ours").payload
    payload = json.loads(json.dumps(payload))
    payload["actions"][0]["action_id"] = asked.card().buttons()[0][1][
        "action_id"]
    payload["actions"][0]["action_ts"] = desk.slack.world.new_ts()
    payload.update(json.loads(json.dumps(lacks).replace("USER", user)))
    acked(desk.slack.event(payload, kind="interactive"))
    assert asked.status == "approved"


# --- clicks on what is long gone --------------------------------------------

def test_a_card_from_before_a_restart_can_be_decided_on(make_daemon):
    with chat_slack.desk(make_daemon, people=4) as desk:
        asked, late = desk.ask(), desk.ask()
        cards = asked.card(), late.card()
        desk.daemon.stop()
        desk.daemon.start()
        desk.connected()
        asked.press("Approve", card=cards[0])
        assert asked.status == "approved"
        asked.repainted("Approved", cards[0])
        late.deny("no", card=cards[1])
        assert late.status == "blocked"
        late.repainted("Denied", cards[1])
        assert len(asked.find(asked.people[0])) == 1


def test_what_was_not_shown_whole_cannot_be_approved_there(desk):
    asked = desk.ask(payload="x" * 20000 + "DANGER")
    card = asked.card()
    assert decides(card) == ["Deny"]
    handle = value_of(card, "Deny").split(":", 1)[1]
    acked(desk.slack.click(asked.people[0].user, card, "Deny",
                           action_id="decide:0", value="n:" + handle))
    assert "full page" in refused(asked, "payload_not_shown")
    assert asked.status == "pending_approval"
    asked.deny("too much", card=card)
    assert asked.status == "blocked"


def test_a_reason_that_must_be_cannot_be_left_out_by_forging(desk):
    asked = desk.ask(policy="explained")
    card = asked.card()
    handle = value_of(card, "Approve").split(":", 1)[1]
    acked(desk.slack.click(asked.people[0].user, card, "Approve",
                           value="n:" + handle))
    assert asked.status == "pending_approval"
