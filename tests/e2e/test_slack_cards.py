"""Cards in Slack: who gets one, and what stands on it."""

import json

import pytest

import chat_slack
import harness
from chat_slack import OPS, OPTIONS, TEAM, decides, links, payload_of

MAILED = 39
GENERAL = "C0GENERAL1"


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(make_shared_daemon, by_email={MAILED}) as made:
        yield made


# --- who is asked -----------------------------------------------------------

def test_each_approver_gets_a_card_of_their_own(desk):
    people = desk.people(2)
    asked = desk.ask(*people)
    cards = [asked.card(p) for p in people]
    assert cards[0].channel != cards[1].channel
    assert all(decides(c) == ["Approve", "Deny"] for c in cards)
    values = [{e["value"] for _, e in c.buttons() if "value" in e}
              for c in cards]
    assert not values[0] & values[1]
    for p in people:
        assert len(asked.find(p)) == 1


def test_who_has_no_account_is_found_by_mail_address_once(desk):
    person = desk.everybody[MAILED]
    desk.free.remove(person)
    card = desk.ask(person).card(person)
    assert desk.slack.world.channels[card.channel].user == person.user
    assert len(desk.slack.calls("users.lookupByEmail")) == 1
    again = desk.ask(person)
    again.card(person)
    again.press("Approve", person)
    assert again.row()["decided_by"] == person.id
    # The account is stored, not only remembered.
    desk.daemon.stop()
    desk.daemon.start()
    desk.connected()
    desk.ask(person).card(person)
    assert len(desk.slack.calls("users.lookupByEmail")) == 1


def test_a_channel_that_the_policy_names_gets_a_card(desk):
    asked = desk.ask(policy="ops")
    card = asked.in_channel()
    asked.card()
    assert card.channel == OPS and decides(card) == ["Approve", "Deny"]
    asked.press("Approve", card=card)
    asked.repainted("Approved", card, asked.card())
    assert asked.row()["decided_by"] == asked.people[0].id


def test_a_channel_that_the_intent_names_gets_a_card(desk):
    asked = desk.ask(channels=["ops"])
    assert asked.in_channel().channel == OPS


def test_the_default_channel_is_asked_where_no_other_is_named(make_daemon):
    with chat_slack.desk(
            make_daemon, people=3,
            world=lambda slack: slack.world.add_channel(GENERAL),
            SLACK_DEFAULT_CHANNEL=f"{TEAM}/{GENERAL}") as desk:
        asked = desk.ask()
        card = asked.in_channel(GENERAL)
        asked.press("Approve", card=card)
        asked.repainted("Approved", card, asked.card())
        named = desk.ask(channels=["ops"])
        named.in_channel()
        named.card()
        assert [m for m in desk.slack.messages(GENERAL)
                if m.about(named.id)] == []


# --- what stands on it ------------------------------------------------------

def test_a_card_says_what_is_wanted_by_whom_and_until_when(desk):
    asked = desk.ask(payload={"to": "x@example.com", "amount": 12},
                     destination="bank.pay", title="Pay the bill",
                     description="It is due.")
    card = asked.card()
    words = card.words()
    assert "bot" in words and "bank.pay" in words
    row = asked.row()
    digest = row.get("payload_digest") or row.get("digest") or ""
    assert digest.removeprefix("sha256:")[:8] in words
    assert '"amount"' in payload_of(card) and "12" in payload_of(card)
    assert "bank.pay" in card.text and len(card.text) < 400
    # What the agent says comes last, and is labelled as such.
    assert "agent's own words" in words
    assert words.index("x@example.com") < words.index("own words") < \
        words.index("Pay the bill") < words.index("It is due.")
    assert "Pay the bill" not in card.text


def test_a_card_carries_the_intent_and_no_secret(desk):
    asked = desk.ask(payload="hello")
    card = asked.card()
    assert card.metadata["event_payload"]
    text = json.dumps([card.metadata, card.blocks])
    assert asked.id in json.dumps(card.metadata)
    assert "hello" not in json.dumps(card.metadata)
    assert "/l/" not in text
    assert all(url.startswith(f"http://127.0.0.1:{desk.daemon.port}/")
               for url in links(card))
    got = desk.daemon.client().get(chat_slack.path_of(links(card)[0]))
    assert got.status in (200, 302, 303, 401, 403)


def test_links_are_not_unfolded_and_nobody_is_called(desk):
    desk.ask().card()
    for call in desk.slack.calls("chat.postMessage"):
        assert call.args["unfurl_links"] is False
        assert call.args["unfurl_media"] is False
        assert call.args.get("parse") in (None, "none")
        assert not call.args.get("link_names")
        assert call.headers["Content-Type"].lower() == \
            "application/json; charset=utf-8"


def test_there_is_a_button_for_each_option(desk):
    asked = desk.ask(options=OPTIONS)
    card = asked.card()
    assert len(decides(card)) == 3
    styles = {e["text"]["text"]: e.get("style") for _, e in card.buttons()
              if "url" not in e}
    by_label = {k.split(" (")[0]: v for k, v in styles.items()}
    assert by_label == {"Yes": "primary", "No": "danger", "Ask legal": None}


# --- hostile and huge -------------------------------------------------------

HOSTILE = ("<!channel> <@U0BOT0001> <https://evil.example|ok> <#C1> "
           "https://evil.example/x *bold* _i_ ~s~ `c` ```fence``` :tada: "
           "&lt;!here&gt; <!subteam^S1> <!date^1^{date}|x> "
           "a\u202eb\u2066c\u200bd\u2028e\x7f\x1b[31m")

# Control characters are not taken there at all.
WORDS = HOSTILE.replace("\x7f", "").replace("\x1b", "")


@pytest.mark.parametrize("where", ["payload", "title", "description",
                                   "destination", "agent", "option",
                                   "metadata"])
def test_foreign_text_is_shown_and_does_nothing(desk, where):
    fields = {"payload": {"payload": {"x": HOSTILE}},
              "title": {"title": WORDS[:150]},
              "description": {"description": WORDS},
              "destination": {"destination": "a<!channel>"},
              "agent": {"agent": desk.daemon.agent("<!here>*b* `x`")},
              "option": {"options": ["<!channel>*Yes*", "No"]},
              "metadata": {"metadata": {"k": HOSTILE}}}[where]
    asked = desk.ask(**fields)
    card = asked.card()
    assert desk.foreign_markup() == []
    for block in card.blocks:
        # Only links of our own may stand in markup.
        text = json.dumps([e for e in [block] if '"mrkdwn"' in json.dumps(e)])
        assert "evil" not in text and "!channel" not in text
    shown = json.dumps([card.blocks, card.text], ensure_ascii=False)
    for bad in "\u202e\u2066\u200b\u2028\x7f\x1b":
        assert bad not in shown
    if where in ("payload", "title", "description"):
        assert "202e" in shown.lower() or where == "title"
    if where == "payload":
        assert "```fence```" in payload_of(card)
        assert "<!channel>" in payload_of(card)


@pytest.mark.parametrize("size", [5000, 9000, 200000])
def test_a_payload_that_does_not_fit_is_never_cut_in_silence(desk, size):
    danger = "DANGER-AT-THE-END"
    asked = desk.ask(payload="x" * size + danger)
    card = asked.card()
    if danger in payload_of(card):
        assert size < 9000 and "Approve" in decides(card)
        return
    assert decides(card) == ["Deny"]
    assert "full page" in card.words() and links(card)
    assert str(size + len(danger)) in \
        card.words().replace(",", "").replace("\u202f", "")


def test_a_payload_that_just_fits_can_be_approved(desk):
    asked = desk.ask(payload="y" * 4000)
    card = asked.card()
    assert payload_of(card).count("y") == 4000
    asked.press("Approve")
    assert asked.status == "approved"


def test_many_long_facts_and_options_fit(desk):
    asked = desk.ask(
        payload="p" * 3000, title="t" * 200, description="d" * 1000,
        options=[f"{i} " + "o" * 60 for i in range(3)] + ["Yes", "No"],
        metadata={f"k{i}": "v" * 200 for i in range(5)})
    card = asked.card()
    assert len(card.blocks) <= 50 and decides(card)


def test_the_page_opens_where_the_card_says(desk):
    card = desk.ask().card()
    assert links(card)
    button = next((b, e) for b, e in card.buttons() if "url" in e)
    # A button with an address is acknowledged as well.
    chat_slack.acked(desk.slack.click(desk.people(1)[0].user, card, button))
    assert harness.wait_for(lambda: decides(card), what="buttons")
