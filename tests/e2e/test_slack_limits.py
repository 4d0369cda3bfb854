"""Slack says no, not now, or nothing: messages come all the same, once."""

import time

import pytest

import chat_slack
import harness
import mailbox
import webpage
from chat_slack import OPS, decides, slack_world


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(make_shared_daemon) as made:
        yield made


def of(desk, person):
    """The calls that went to this person's conversation."""
    dm = desk.slack.world.dm(person.user)
    places = {person.user, dm.id if dm else person.user}
    return lambda args: args.get("channel") in places


def posts(desk, person):
    there = of(desk, person)
    return [c for c in desk.slack.calls("chat.postMessage") if there(c.args)]


def aimed_at(person):
    """A fault for what is posted to this person."""
    return lambda args: person.user in str(args)


# --- pace -------------------------------------------------------------------

def test_one_channel_gets_one_message_a_second(desk):
    person, other = desk.people(2)
    asked = [desk.ask(person) for _ in range(3)]
    swift = desk.ask(other)
    swift.card()
    for one in asked:
        one.card(seconds=15)
    at = [c.at for c in posts(desk, person)]
    assert len(at) == 3
    assert all(b - a > 0.9 for a, b in zip(at, at[1:]))
    # The others do not wait behind them.
    assert posts(desk, other)[0].at < at[-1]
    assert not [c for c in desk.slack.calls() if c.status == 429]


def test_of_many_versions_only_the_newest_is_painted(desk):
    people = desk.people(3)
    asked = desk.ask(*people, policy="two")
    for p in people:
        asked.card(p)
    slow = desk.slack.limit("chat.update", retry_after=2)
    asked.press("Approve", people[0])
    harness.wait_for(lambda: slow.left == 0, what="the limit")
    asked.press("Approve", people[1])
    asked.repainted("Approved")
    for p in people:
        # As asked, perhaps as voted on, as settled.
        assert len(asked.card(p).versions) <= 3


# --- 429 --------------------------------------------------------------------

def test_too_often_pauses_that_method_and_no_other(desk):
    first, second = desk.people(2)
    open_card = desk.ask(first)
    open_card.card()
    slow = desk.slack.limit("chat.postMessage", retry_after=3)
    before = time.monotonic()
    waits = desk.ask(second)
    harness.wait_for(lambda: slow.left == 0, what="the refusal")
    limited = time.monotonic()
    open_card.press("Approve")
    open_card.repainted("Approved")
    assert time.monotonic() - limited < 2.5
    assert waits.find(second) == []
    waits.card(seconds=20)
    at = [c.at for c in desk.slack.calls("chat.postMessage")
          if c.at > before]
    assert at[1] - at[0] >= 2.9
    assert len(waits.find(second)) == 1
    assert desk.metric("chat_limited_total") >= 1


def test_too_often_on_an_update_is_made_up_for(desk):
    asked = desk.ask()
    card = asked.card()
    slow = desk.slack.limit("chat.update", retry_after=1, times=2)
    asked.press("Approve")
    asked.repainted("Approved", card)
    assert slow.left == 0 and len(asked.find(asked.people[0])) == 1


def test_without_a_time_the_wait_is_our_own(make_daemon):
    with chat_slack.desk(make_daemon, people=2) as desk:
        asked = desk.ask()
        card = asked.card()
        slow = desk.slack.limit("chat.update", retry_after=None, times=5)
        asked.press("Approve")
        harness.wait_for(lambda: slow.left == 4, what="the refusal")
        # Other methods go on meanwhile, this one is left alone.
        desk.ask().card()
        desk.outlives(1)
        assert slow.left == 4
        assert desk.metric("chat_limited_total") >= 1
        assert decides(card) == ["Approve", "Deny"]


LATER = [
    {"error": "ratelimited"}, {"error": "rate_limited"},
    {"error": "message_limit_exceeded"},
    {"status": 429, "text": "x", "headers": {"Retry-After": "soon"}},
    {"status": 429, "text": "x", "headers": {"Retry-After": "-5"}},
    {"status": 429, "text": "x", "headers": {"Retry-After": "99999999999"}},
]


def test_however_it_is_said_too_often_means_later(make_daemon):
    desks = [chat_slack.Desk(make_daemon, people=1, connected=0)
             for _ in LATER]
    slow = [desk.slack.fault("chat.postMessage", times=9, **how)
            for desk, how in zip(desks, LATER)]
    asked = [desk.ask() for desk in desks]
    for fault in slow:
        harness.wait_for(lambda fault=fault: fault.left < 9, what="a refusal")
    desks[-1].outlives(1)
    for desk, fault, one in zip(desks, slow, asked):
        assert fault.left >= 7
        assert one.deliveries()[0]["state"] != "dead"
        desk.close()


# --- what may have happened, or not -----------------------------------------

AMBIGUOUS = {
    "500": {"status": 500, "text": "oops"},
    "503": {"status": 503, "text": "<html>busy</html>"},
    "internal_error": {"error": "internal_error"},
    "fatal_error": {"error": "fatal_error"},
    "not json": {"text": "<!doctype html>"},
    "dropped": {"drop": True},
    "service_unavailable": {"error": "service_unavailable"},
}


@pytest.mark.parametrize("after", [False, True])
def test_no_card_is_posted_twice_or_not_at_all(desk, after):
    asked = []
    for how in AMBIGUOUS.values():
        person, = desk.people(1)
        fault = desk.slack.fault("chat.postMessage", after=after,
                                 when=aimed_at(person), **how)
        asked.append((desk.ask(person), person, fault))
    for one, person, fault in asked:
        harness.wait_for(lambda one=one: [
            d["state"] for d in one.deliveries(channel="slack", kind="ask")
        ] == ["done"], 20, "the end")
        assert fault.left == 0 and len(one.find(person)) == 1
        # What came through is found by what it carries.
        assert len(posts(desk, person)) == (1 if after else 2)
    for one, _, _ in asked:
        one.press("Approve")
    for one, _, _ in asked:
        one.repainted("Approved")


def test_what_is_settled_before_the_second_try_shows_the_end(desk):
    """It may stand there, and nobody is to be asked once more."""
    person, = desk.people(1)
    fault = desk.slack.fault("chat.postMessage", after=True, status=500,
                             when=aimed_at(person))
    asked = desk.ask(person)
    harness.wait_for(lambda: fault.left == 0, what="the lost answer")
    assert desk.agent.post(f"/v1/intents/{asked.id}/cancel",
                           {}).status == 200
    asked.repainted("Cancelled")
    assert len(posts(desk, person)) == 1


def lose_the_answer(desk):
    """An ask in a channel whose post came through unheard, made again."""
    fault = desk.slack.fault("chat.postMessage", after=True, status=500,
                             when=lambda args: args["channel"] == OPS)
    asked = desk.ask(channels=["ops"])
    harness.wait_for(lambda: {
        d["state"] for d in asked.deliveries(channel="slack", kind="ask")
    } == {"done"}, 20, "the end")
    assert fault.left == 0
    return asked, [m for m in desk.slack.messages(OPS) if m.about(asked.id)]


def test_a_card_in_a_channel_is_found_where_we_may_look(make_daemon):
    scopes = [*slack_world.SCOPES, "channels:history"]
    with chat_slack.desk(make_daemon, people=1,
                         slack=chat_slack.Slack(scopes=scopes)) as desk:
        asked, (card,) = lose_the_answer(desk)
        asked.press("Approve", card=card)
        asked.repainted("Approved", card)


@pytest.mark.parametrize("which", [0, 1])
def test_two_cards_in_a_channel_are_one_question(desk, which):
    """Without that scope there are two: either counts, both show the end."""
    asked, cards = lose_the_answer(desk)
    assert len(cards) == 2
    asked.press("Approve", card=cards[which])
    assert asked.status == "approved" and asked.refusals() == []
    asked.repainted("Approved", cards[which], cards[1])


@pytest.mark.parametrize("what", ["500", "dropped", "internal_error"])
def test_a_repaint_that_failed_is_made_again(desk, what):
    asked = desk.ask()
    card = asked.card()
    fault = desk.slack.fault("chat.update", times=1, **AMBIGUOUS[what],
                             when=lambda args: args.get("ts") == card.ts)
    asked.press("Approve")
    asked.repainted("Approved", card, seconds=20)
    assert fault.left == 0


def test_a_card_that_was_deleted_is_given_up(desk):
    asked = desk.ask()
    card = asked.card()
    card.deleted = True
    got = asked.agent.post(f"/v1/intents/{asked.id}/cancel", {})
    assert got.status == 200
    harness.wait_for(
        lambda: [d for d in asked.deliveries(channel="slack")
                 if d["kind"] != "ask" and d["state"] in ("dead", "done")],
        what="the end")
    calls = [c for c in desk.slack.calls("chat.update")
             if c.args.get("ts") == card.ts]
    assert len(calls) == 1


def test_a_kill_between_the_post_and_its_record_makes_no_second_card(
        make_daemon):
    with chat_slack.desk(make_daemon, people=2) as desk:
        person = desk.everybody[0]
        fault = desk.slack.fault("chat.postMessage", after=True, hang=True)
        asked = desk.ask(person)
        harness.wait_for(lambda: asked.find(person), what="the post")
        desk.daemon.kill()
        assert fault.left == 0
        desk.daemon.start()
        desk.connected()
        # When its lease has run out it is tried again: found, not posted.
        harness.wait_for(
            lambda: [d["state"] for d in asked.deliveries()] == ["done"],
            60, "the end")
        assert desk.slack.calls("conversations.history")
        assert len(asked.find(person)) == 1
        asked.press("Approve")
        assert asked.status == "approved"
        asked.repainted("Approved")


# --- who cannot be reached --------------------------------------------------

REFUSED = ["channel_not_found", "user_disabled", "messages_tab_disabled",
           "is_archived", "restricted_action"]


@pytest.mark.parametrize("error", REFUSED)
def test_a_message_that_slack_refuses_is_not_tried_again(desk, error):
    person, = desk.people(1)
    for method in ("conversations.open", "chat.postMessage"):
        desk.slack.fault(method, error=error, times=9, when=aimed_at(person))
    asked = desk.ask(person)
    harness.wait_for(lambda: [
        d for d in asked.deliveries(channel="slack", kind="ask")
        if d["state"] == "dead"], what="the end")
    assert error in str(asked.deliveries(channel="slack"))
    tried = [c for c in desk.slack.calls() if aimed_at(person)(c.args)
             and c.answer and c.answer.get("error") == error]
    assert len(tried) == 1
    assert desk.ready()[0] in ("up", "degraded")
    kinds = str(desk.daemon.admin.get(
        f"/v1/intents/{asked.id}/audit").json())
    assert error in kinds


def test_who_cannot_be_reached_in_slack_decides_by_mail(make_daemon,
                                                        make_relay):
    relay = make_relay(*mailbox.AUTH)
    with chat_slack.desk(make_daemon, people=4, by_email={2},
                         **relay.env()) as desk:
        gone, fine, unknown = desk.everybody[:3]
        desk.slack.world.users[gone.user].deleted = True
        desk.slack.world.users[unknown.user].email = "else@example.com"
        asked = desk.ask(gone, fine, unknown)
        card = asked.card(fine)
        mails = [relay.ask(asked.id, p.email) for p in (gone, unknown)]
        dead = harness.wait_for(
            lambda: len(asked.audit("delivery_dead")) == 2 and
            asked.audit("delivery_dead"), what="the record")
        assert {e["metadata"]["person"] for e in dead} == \
            {gone.id, unknown.id}
        assert "users_not_found" in str(dead)
        visitor = webpage.Visitor(desk.daemon.port)
        visitor.press(mails[0].path, visitor.open(mails[0].path), "Approve",
                      code=mails[0].code)
        assert asked.row()["decided_by"] == gone.id
        asked.repainted(gone.name, card)


def test_who_cannot_be_reached_at_all_is_named(make_daemon):
    with chat_slack.desk(make_daemon, people=2) as desk:
        gone = desk.everybody[0]
        desk.slack.world.users[gone.user].deleted = True
        asked = desk.ask(gone)
        harness.wait_for(lambda: "cannot be reached" in
                         desk.daemon.log_text(), what="the words")
        assert [d["state"] for d in asked.deliveries()] == ["dead"]
        text = desk.daemon.client().get("/metrics").body.decode()
        assert 'assent_outbox_deliveries{state="dead"} 1' in text


def test_the_second_account_is_tried_when_the_first_is_gone(make_daemon):
    def world(slack):
        slack.world.add_user("U0GONE0001", "gone", deleted=True)

    class Two(chat_slack.Person):
        def row(self):
            return super().row().replace(
                "slack: [", f"slack: [{chat_slack.TEAM}/U0GONE0001, ")
    made = chat_slack.Person
    chat_slack.Person = Two
    try:
        with chat_slack.desk(make_daemon, people=1, world=world) as desk:
            asked = desk.ask()
            asked.card(seconds=20)
            assert len(asked.audit("delivery_fell_back")) == 1
            asked.press("Approve")
            assert asked.row()["decided_by"] == "p0"
    finally:
        chat_slack.Person = made


def test_a_missing_scope_is_said_aloud(make_daemon):
    with chat_slack.desk(make_daemon, people=2, by_email={1}) as desk:
        scopes = desk.slack.world.tokens[chat_slack.slack_world.BOT_TOKEN][1]
        scopes.remove("users:read.email")
        asked = desk.ask(desk.everybody[1])
        harness.wait_for(lambda: [
            d for d in asked.deliveries(channel="slack")
            if d["state"] == "dead"], what="the end")
        desk.wait_ready("degraded", "users:read.email")
        desk.ask(desk.everybody[0]).card()


