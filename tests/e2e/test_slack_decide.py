"""Deciding in Slack: buttons, reasons, several people, and every other end."""

import threading

import pytest

import chat_slack
import harness
import mailbox
import webpage
from chat_slack import OPTIONS, acked, decides, seen


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(make_shared_daemon) as made:
        yield made


def decided(asked, by, status):
    """The native words: a denied intent is blocked."""
    row = harness.wait_for(
        lambda: asked.status == status and asked.row(), what=status)
    assert (row["decided_by"], row["decided_via"]) == (by.id, "slack")
    return row


# --- approving --------------------------------------------------------------

def test_a_click_approves_and_every_card_says_who_did(desk):
    people = desk.people(3)
    asked = desk.ask(*people)
    for p in people:
        asked.card(p)
    asked.press("Approve", people[1])
    # Acknowledged is decided: the agent sees it at once.
    assert asked.status == "approved"
    decided(asked, people[1], "approved")
    asked.repainted(people[1].name)
    for p in people:
        assert "Approved" in asked.card(p).words()
        assert len(asked.find(p)) == 1


def test_the_agent_that_waits_hears_of_a_click(desk):
    asked = desk.ask()
    asked.card()
    got = []
    waiting = threading.Thread(target=lambda: got.append(
        asked.agent.get(f"/v1/intents/{asked.id}?wait=20").json()))
    waiting.start()
    asked.press("Approve")
    waiting.join(10)
    assert got[0]["status"] == "approved"


def test_an_approval_asks_for_a_reason_where_the_policy_does(desk):
    asked = desk.ask(policy="explained")
    asked.press("Approve")
    form = asked.form()
    assert asked.status == "pending_approval"
    assert not form.inputs()[0].get("optional")
    acked(desk.slack.submit(form, "it is in the budget"))
    assert form.state == "submitted"
    row = decided(asked, asked.people[0], "approved")
    assert "it is in the budget" in str(row)
    asked.repainted("it is in the budget")


def test_an_option_that_is_neither_resolves(desk):
    asked = desk.ask(options=OPTIONS)
    label = next(b for b in decides(asked.card()) if "legal" in b)
    asked.press(label)
    row = decided(asked, asked.people[0], "resolved")
    assert "Ask legal" in str(row)
    asked.repainted("Ask legal")


# --- denying ----------------------------------------------------------------

def test_a_denial_asks_for_a_reason_that_is_shown_everywhere(desk):
    people = desk.people(2)
    asked = desk.ask(*people)
    asked.card(people[1])
    form = asked.deny()
    assert asked.status == "pending_approval" and form.user == people[0].user
    acked(desk.slack.submit(form, "  too dear <!here> *really*\u202e "))
    assert form.state == "submitted"
    row = decided(asked, people[0], "blocked")
    assert "too dear" in str(row)
    asked.repainted("too dear")
    for p in people:
        words = asked.card(p).words()
        assert "Denied" in words and people[0].name in words
        assert "\u202e" not in words
    assert desk.foreign_markup() == []


def test_a_denial_needs_no_reason_where_the_policy_wants_none(desk):
    asked = desk.ask()
    form = asked.deny()
    assert form.inputs()[0]["optional"] is True
    acked(desk.slack.submit(form, None))
    decided(asked, asked.people[0], "blocked")
    asked.repainted("Denied")


def test_a_reason_that_must_be_is_asked_for(desk):
    asked = desk.ask(policy="reasoned")
    form = asked.deny()
    assert not form.inputs()[0].get("optional")
    # Slack lets blanks pass.
    acked(desk.slack.submit(form, "  \n "))
    assert form.state == "open" and list(form.errors) == ["reason"]
    assert asked.status == "pending_approval"
    acked(desk.slack.submit(form, "no budget"))
    assert form.state == "submitted"
    decided(asked, asked.people[0], "blocked")


def test_a_reason_that_is_too_long_is_said_in_the_form(desk):
    asked = desk.ask()
    form = asked.deny()
    element = form.inputs()[0]["element"]
    assert element["max_length"] <= 3000
    # As somebody would send who does not keep the field's length.
    element["max_length"] = 3000
    acked(desk.slack.submit(form, "x" * 3000))
    assert form.state == "open" and form.errors
    assert asked.status == "pending_approval"
    acked(desk.slack.submit(form, "x" * 1000))
    decided(asked, asked.people[0], "blocked")


def test_a_form_that_is_closed_decides_nothing(desk):
    asked = desk.ask()
    form = asked.deny()
    closed = desk.slack.close_modal(form)
    if closed is not None:
        acked(closed)
    asked.press("Approve")
    assert asked.status == "approved"
    assert asked.refusals() == []


def test_a_form_that_was_sent_twice_denies_once(desk):
    asked = desk.ask()
    form = asked.deny()
    first = desk.slack.submit(form, "no")
    again = desk.slack.submit(form, "no")
    acked(first)
    acked(again)
    decided(asked, asked.people[0], "blocked")
    assert len(asked.audit("decision_refused")) <= 1
    asked.repainted("Denied")


def test_a_form_left_open_cannot_undo_what_another_decided(desk):
    people = desk.people(2)
    asked = desk.ask(*people)
    form = asked.deny()
    asked.press("Approve", people[1])
    got = acked(desk.slack.submit(form, "no"))
    assert asked.status == "approved"
    told = str(got.answer) + "".join(
        seen(e) for e in desk.slack.ephemerals(people[0].user))
    assert people[1].name in told or "already" in told
    assert "already_answered" in asked.refusals()


# --- several people ---------------------------------------------------------

def test_two_must_approve_and_the_first_vote_is_shown(desk):
    people = desk.people(3)
    asked = desk.ask(*people, policy="two")
    cards = [asked.card(p) for p in people]
    asked.press("Approve", people[0])
    assert asked.status == "pending_approval"
    for card in cards:
        harness.wait_for(
            lambda card=card: people[0].name in card.words() or
            "1 of 2" in card.words(), what="progress")
        assert "Approve" in decides(card)
    # The buttons of a repainted card count.
    asked.press("Approve", people[1])
    decided(asked, people[1], "approved")
    asked.repainted("Approved")


def test_two_at_once_make_one_decision(desk):
    for _ in range(3):
        people = desk.people(2)
        asked = desk.ask(*people)
        for p in people:
            asked.card(p)
        form = asked.deny(person=people[1])
        one = desk.slack.click(people[0].user, asked.card(people[0]),
                               "Approve")
        two = desk.slack.submit(form, "no")
        acked(one)
        acked(two)
        assert asked.status in ("approved", "blocked")
        assert len(asked.refusals()) == 1
        row = asked.row()
        winner = people[0] if row["status"] == "approved" else people[1]
        assert row["decided_by"] == winner.id
        asked.repainted(winner.name)


# --- repeats ----------------------------------------------------------------

@pytest.mark.parametrize("new_id", [False, True])
def test_a_click_that_comes_again_counts_once_and_in_silence(desk, new_id):
    people = desk.people(2)
    asked = desk.ask(*people, policy="two")
    card = asked.card()
    asked.card(people[1])
    first = asked.press("Approve")
    for attempt in (1, 2):
        again = desk.slack.again(first, new_id=new_id, attempt=attempt)
        harness.wait_for(lambda: len(again.acks) == len(again.sent), 3,
                         "the acknowledgement")
    assert asked.status == "pending_approval"
    assert asked.refusals() == []
    assert desk.slack.ephemerals(people[0].user) == []
    harness.wait_for(lambda: len(card.versions) > 1, what="a repaint")
    assert len(asked.audit("voted") + asked.audit("vote") +
               asked.audit("approval_recorded")) <= 1


# --- decided elsewhere ------------------------------------------------------

def decide(desk, asked, verb, **body):
    got = desk.daemon.admin.post(f"/v1/intents/{asked.id}/{verb}", body)
    assert got.status == 200, got


def test_what_is_decided_over_the_api_is_repainted(desk):
    person, = desk.people(1)
    key = desk.daemon.key("a key", person=person.id)
    for verb, body, word in (("approve", {}, "Approved"),
                             ("reject", {"reason": "not now"}, "not now")):
        asked = desk.ask(person)
        asked.card()
        got = key.post(f"/v1/intents/{asked.id}/{verb}", body)
        assert got.status == 200, got
        asked.repainted(word)


def test_what_expires_is_repainted(desk):
    asked = desk.ask(expiresIn="2s")
    card = asked.card()
    asked.repainted("Expired", card)
    assert asked.status == "expired"


def test_what_is_cancelled_is_repainted(desk):
    asked = desk.ask()
    card = asked.card()
    got = asked.agent.post(f"/v1/intents/{asked.id}/cancel",
                           {"reason": "moot"})
    assert got.status == 200, got
    asked.repainted("Cancelled", card)


def test_what_is_decided_before_the_card_was_posted_gets_no_buttons(desk):
    asked = desk.ask()
    got = asked.agent.post(f"/v1/intents/{asked.id}/cancel", {})
    assert got.status == 200, got
    harness.wait_for(
        lambda: {d["state"] for d in asked.deliveries(channel="slack")} <=
        {"done", "dropped"}, what="the end of the deliveries")
    assert not any(decides(m) for m in asked.find(asked.people[0]))


def test_what_a_mail_link_decides_is_repainted(make_daemon, make_relay):
    """And the mails say what Slack decided."""
    relay = make_relay(*mailbox.AUTH)
    with chat_slack.desk(make_daemon, people=4, by_email={3},
                         **relay.env()) as desk:
        # Who has no account in Slack has a mail; both are asked.
        slacker, mailer = desk.everybody[0], desk.everybody[3]
        desk.slack.world.users[mailer.user].email = "else@example.com"
        asked = desk.ask(slacker, mailer)
        card = asked.card(slacker)
        mail = relay.ask(asked.id, mailer.email)
        visitor = webpage.Visitor(desk.daemon.port)
        visitor.press(mail.path, visitor.open(mail.path), "Approve",
                      code=mail.code)
        assert asked.status == "approved"
        asked.repainted(mailer.name, card)


# --- with the other roads ---------------------------------------------------

def test_one_person_on_two_roads_has_one_vote(desk):
    people = desk.people(2)
    asked = desk.ask(*people, policy="two")
    asked.press("Approve", people[0])
    key = desk.daemon.key("same person", person=people[0].id)
    got = key.post(f"/v1/intents/{asked.id}/approve", {})
    assert got.json().get("reason_code") == "already_voted", got
    assert asked.status == "pending_approval"
    assert len(asked.row()["votes"]) == 1


def test_a_race_of_people_over_slack_and_the_api_has_one_winner(desk):
    people = desk.people(4)
    receiver = harness.Receiver()
    asked = desk.ask(*people, callback_url=receiver.url)
    cards = [asked.card(p) for p in people]
    buttons = [c.buttons()[0] for c in cards]
    keys = [desk.daemon.key(f"k{p.id}", person=p.id) for p in people]
    statuses = []
    threads = [threading.Thread(target=lambda k=k, verb=verb: statuses.append(
        k.post(f"/v1/intents/{asked.id}/{verb}", {"reason": "r"}).status))
        for k in keys for verb in ("approve", "reject")]
    for t in threads:
        t.start()
    clicks = [desk.slack.click(p.user, c, b)
              for p, c, b in zip(people, cards, buttons)]
    for t in threads:
        t.join()
    for click in clicks:
        acked(click)
    row = asked.row()
    assert row["status"] in ("approved", "blocked")
    # The API says 200 to who wants what is so already.
    assert set(statuses) <= {200, 409}
    assert len(row["votes"]) == 1
    asked.repainted(next(p.name for p in people
                         if p.id == row["decided_by"]))
    receiver.wait(1)
    assert len({g["headers"]["webhook-id"] for g in receiver.got}) == 1
    receiver.close()


def test_an_account_that_a_reload_adds_counts(make_daemon):
    with chat_slack.desk(make_daemon, people=2) as desk:
        asked = desk.ask(desk.everybody[0])
        card = asked.card()
        path = desk.daemon.folder / "assent.yaml"
        path.write_text(path.read_text().replace(
            f"/{desk.everybody[0].user}]",
            f"/{desk.everybody[0].user}, {chat_slack.TEAM}/U0SECOND01]"))
        desk.slack.world.add_user("U0SECOND01", "second")
        desk.daemon.hup()
        harness.wait_for(lambda: "reload done" in desk.daemon.log_text(),
                         what="the reload")
        desk.daemon.client().get("/readyz")
        acked(desk.slack.click("U0SECOND01", card, "Approve"))
        assert asked.row()["decided_by"] == desk.everybody[0].id
