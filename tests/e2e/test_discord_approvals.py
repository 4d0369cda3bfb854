"""Asking and deciding in Discord: cards, clicks, forms and repaints."""

import pytest

import chat_discord as chat
import harness


@pytest.fixture(scope="module")
def acme():
    with chat.acme() as made:
        yield made


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, acme):
    return acme.daemon(make_shared_daemon)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent()


@pytest.fixture(autouse=True)
def no_rule_is_broken(acme):
    yield
    acme.check()


# --- who is asked, and with what ------------------------------------------

def test_each_approver_is_asked_in_a_dm_of_their_own(acme, daemon, agent):
    intent = chat.ask(agent, "human", payload="hello")
    for who in (acme.dana, acme.lee):
        card = acme.card(intent, who)
        assert card.live_buttons() == ["Approve", "Deny"]
    assert acme.cards(intent, acme.sam) == [] == acme.cards(intent)
    rows = harness.wait_for(lambda: [
        r for r in chat.deliveries(daemon, intent) if r["state"] == "done"
    ][1:] and chat.deliveries(daemon, intent))
    assert sorted(r["person"] for r in rows) == ["dana", "lee"]
    one = acme.press(acme.dana, acme.card(intent, acme.dana), "Approve")
    assert one.payload["context"] == 1 and "member" not in one.payload
    assert chat.settled(agent, intent, "approved")["decided_by"] == "dana"
    acme.painted(acme.card(intent, acme.lee), "Dana Li")


def test_a_dm_is_opened_once_for_each_person(acme, agent):
    for _ in range(3):
        acme.card(chat.ask(agent, "human"), acme.dana)
        acme.card(chat.ask(agent, "human"), acme.lee)
    opened = [r.json["recipient_id"] for r in acme.rest.of("open_dm")]
    assert len(opened) == len(set(opened)), opened


def test_a_channel_of_the_policy_is_asked(acme, agent):
    intent = chat.ask(agent, payload="hello there", destination="pay.invoice",
                 title="An invoice", description="for paper")
    card = acme.card(intent)
    for words in ("pay.invoice", "bot", "hello there", "An invoice",
                  "for paper", "Policy requires human approval"):
        assert words in card.text(), words
    assert card.live_buttons() == ["Approve", "Deny"]
    links = [b for b in card.buttons() if b["style"] == 5]
    assert [b["url"].endswith(f"/approvals/{intent}") for b in links] == [
        True]
    styles = {b["label"]: b["style"] for b in card.buttons()}
    assert styles["Approve"] == 3 and styles["Deny"] == 4


def test_without_a_named_channel_the_default_one_is_asked(make_daemon):
    with chat.acme() as acme:
        daemon = acme.daemon(make_daemon, env={
            "DISCORD_DEFAULT_CHANNEL": acme.hall.id})
        agent = daemon.agent()
        intent = chat.ask(agent, "human")
        card = acme.card(intent, acme.hall)
        assert acme.cards(intent) == []
        named = chat.ask(agent)  # names a channel: the default is left alone
        acme.card(named)
        acme.press(acme.dana, card, "Approve")
        chat.settled(agent, intent, "approved")
        assert acme.cards(named, acme.hall) == []
        acme.check()


def test_every_option_has_a_button(acme, agent):
    options = [{"label": "Ship now", "outcome": "approve"},
               {"label": "Tomorrow", "outcome": "other"},
               {"label": "Never", "outcome": "deny"}]
    intent = chat.ask(agent, options=options)
    card = acme.card(intent)
    assert [b["style"] for b in card.buttons()][:3] == [3, 2, 4]
    assert len(card.live_buttons()) == 3
    acme.press(acme.dana, card, "Tomorrow")
    got = agent.get(f"/v1/intents/{intent}").json()
    assert got["option"] == "Tomorrow" and got["status"] != "approved"
    assert got["decided_by"] == "dana"
    acme.painted(card, "Dana Li")


# --- deciding ---------------------------------------------------------------

def test_a_click_is_stored_and_then_answered_in_place(acme, daemon, agent):
    intent = chat.ask(agent)
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Approve")
    # Stored before it was answered: no waiting here.
    got = agent.get(f"/v1/intents/{intent}").json()
    assert (got["status"], got["decided_by"], got["decided_via"]) == (
        "approved", "dana", "discord")
    assert one.answered["type"] == 7 and len(one.attempts) == 1
    assert card.versions[1]["by"] == "callback"
    assert card.live_buttons() == []
    assert "Dana Li" in card.text() and "Approved" in card.text()
    event = chat.audit(daemon, intent, "approved")[0]["metadata"]
    assert event["assurance"] == "chat account"
    assert event["digest"] == got["digest"]


@pytest.mark.parametrize("layout", ["label", "row"])
def test_denying_asks_for_a_reason_first(acme, agent, layout):
    intent = chat.ask(agent)
    card = acme.card(intent)
    one = acme.press(acme.lee, card, "Deny")
    assert one.answered["type"] == 9
    assert chat.status(agent, intent) == "pending_approval"
    field, wrapped = next(acme.discord.people_inputs(one.modal))
    assert wrapped and field["required"] is False
    sent = acme.answered(acme.discord.submit(
        one, {0: "Not before Monday"}, layout=layout))
    got = agent.get(f"/v1/intents/{intent}").json()
    assert (got["status"], got["decided_by"], got["reason"]) == (
        "blocked", "lee", "Not before Monday")
    assert sent.answered["type"] == 7
    acme.painted(card, "Not before Monday")
    assert "Lee Ray" in card.text()


def test_a_reason_may_stay_empty_where_none_is_asked_for(acme, agent):
    intent = chat.ask(agent)
    acme.deny(acme.lee, acme.card(intent), "")
    assert chat.status(agent, intent) == "blocked"


def test_where_a_denial_needs_a_reason_the_form_says_so(acme, agent):
    intent = chat.ask(agent, "why")
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Deny")
    field, _ = next(acme.discord.people_inputs(one.modal))
    assert field["required"] is True and field["min_length"] >= 1
    acme.answered(acme.discord.submit(one, {0: "too dear"}))
    acme.painted(card, "too dear")


def test_an_empty_reason_that_is_forged_does_not_count(acme, daemon, agent):
    intent = chat.ask(agent, "why")
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Deny")

    def empty(payload):
        part = payload["data"]["components"][0]
        (part.get("component") or part["components"][0])["value"] = ""

    sent = acme.answered(acme.discord.submit(one, {0: "x"}, forge=empty))
    assert "reason" in sent.told
    assert chat.status(agent, intent) == "pending_approval"
    assert chat.refusals(daemon, intent) == [("dana", "reason_required")]


def test_where_every_answer_needs_a_reason_approving_asks_too(acme, agent):
    intent = chat.ask(agent, "always-why")
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Approve")
    assert one.modal is not None, one.answered
    acme.answered(acme.discord.submit(one, {0: "it is fine"}))
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == "approved"
    acme.painted(card, "it is fine")


def test_a_form_that_is_closed_decides_nothing(acme, agent):
    intent = chat.ask(agent)
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Deny")
    assert one.modal is not None
    chat.quiet(0.3, lambda: chat.status(agent, intent) ==
               "pending_approval", "decided by a form that was closed")
    assert card.live_buttons() == ["Approve", "Deny"]
    acme.press(acme.dana, card, "Approve")
    assert chat.status(agent, intent) == "approved"


def test_two_must_approve_and_the_card_counts_them(acme, daemon, agent):
    intent = chat.ask(agent, "two")
    card, dm = acme.card(intent), acme.card(intent, acme.sam)
    one = acme.press(acme.dana, card, "Approve")
    assert chat.status(agent, intent) == "pending_approval"
    assert one.answered["type"] == 7 and card.live_buttons()
    assert "1 of 2" in card.text(), card.text()
    harness.wait_for(lambda: "1 of 2" in dm.text(), what="the progress")
    again = acme.press(acme.dana, acme.card(intent, acme.dana), "Approve")
    assert again.told and again.replies[-1].ephemeral_to is acme.dana
    assert chat.refusals(daemon, intent) == [("dana", "already_voted")]
    acme.press(acme.sam, dm, "Approve")
    assert chat.status(agent, intent) == "approved"
    for where in (None, acme.dana, acme.lee, acme.sam):
        acme.painted(acme.card(intent, where), "Approved")


def test_a_person_on_two_channels_is_one_vote(acme, daemon, agent):
    intent = chat.ask(agent, "two")
    card = acme.card(intent)
    dana = daemon.key("dana's too", person="dana")
    assert dana.post(f"/v1/intents/{intent}/approve", {}).status == 200
    one = acme.press(acme.dana, card, "Approve")
    assert one.told
    assert chat.refusals(daemon, intent) == [("dana", "already_voted")]
    assert chat.status(agent, intent) == "pending_approval"
    acme.press(acme.lee, card, "Approve")
    assert chat.status(agent, intent) == "approved"


def test_an_account_that_is_added_counts_at_once(acme, make_daemon):
    with chat.acme() as fresh:
        daemon = fresh.daemon(make_daemon)
        agent = daemon.agent()
        intent = chat.ask(agent)
        card = fresh.card(intent)
        assert fresh.press(fresh.eve, card, "Approve").told
        (daemon.folder / "assent.yaml").write_text(fresh.config().replace(
            f'"{fresh.dana.id}"', f'"{fresh.dana.id}", "{fresh.eve.id}"'))
        daemon.hup()
        harness.wait_for(lambda: "reload" in daemon.log_text(),
                         what="the reload")
        harness.wait_for(lambda: fresh.press(
            fresh.eve, card, card.buttons()[0]["custom_id"]).told is None,
            what="the account to count")
        got = agent.get(f"/v1/intents/{intent}").json()
        assert (got["status"], got["decided_by"]) == ("approved", "dana")
        fresh.check()


def test_two_people_at_once_are_one_decision(acme, daemon, agent):
    intent = chat.ask(agent)
    card = acme.card(intent)
    both = [acme.press(who, card, "Approve", wait=False)
            for who in (acme.dana, acme.lee)]
    types = sorted(acme.answered(one).answered["type"] for one in both)
    assert types == [4, 7]
    assert chat.status(agent, intent) == "approved"
    assert len(chat.refusals(daemon, intent)) == 1
    acme.painted(card, "Approved")


# --- roles ------------------------------------------------------------------

def test_a_role_of_the_guild_stands_for_a_group(acme, agent):
    intent = chat.ask(agent, "finance")
    card = acme.card(intent)
    acme.press(acme.mia, card, "Approve")
    got = agent.get(f"/v1/intents/{intent}").json()
    assert got["status"] == "approved", got
    assert got["decided_by"] == f"discord:{acme.mia.id}"


@pytest.mark.parametrize("how", ["no role", "in another guild", "in a DM"])
def test_the_role_counts_in_its_guild_only(acme, daemon, agent, how):
    intent = chat.ask(agent, "finance")

    def forge(payload):
        if how == "in another guild":
            payload["guild_id"] = payload["guild"]["id"] = "1" * 18
        elif how == "in a DM":
            payload.pop("guild_id"), payload.pop("guild")
            payload["user"] = payload.pop("member")["user"]

    who = acme.eve if how == "no role" else acme.mia
    one = acme.press(who, acme.card(intent), "Approve", forge=forge)
    assert one.told
    assert chat.status(agent, intent) == "pending_approval"
    assert len(chat.refusals(daemon, intent)) == 1


def test_who_is_known_by_a_role_only_is_not_one_of_two(acme, daemon, agent):
    """Nobody knows whether that account is one more person."""
    intent = chat.ask(agent, "auditors")
    card = acme.card(intent)
    one = acme.press(acme.mia, card, "Approve")
    assert "account" in one.told
    assert chat.refusals(daemon, intent) == [
        (f"discord:{acme.mia.id}", "not_an_approver")]
    acme.press(acme.dana, card, "Approve")
    assert chat.status(agent, intent) == "pending_approval"
    acme.deny(acme.mia, card, "but I can stop it")
    assert chat.status(agent, intent) == "blocked"


# --- who may not ------------------------------------------------------------

def test_who_is_not_asked_is_told_so(acme, daemon, agent):
    intent = chat.ask(agent, "why")
    card = acme.card(intent)
    for who, by, reason in (
            (acme.sam, "sam", "not_an_approver"),
            (acme.eve, f"discord:{acme.eve.id}", "unknown_account")):
        one = acme.press(who, card, "Approve")
        assert one.told and one.replies[-1].ephemeral_to is who
        assert (by, reason) in chat.refusals(daemon, intent)
        form = acme.press(who, card, "Deny")
        assert form.modal is None and form.told
    assert chat.status(agent, intent) == "pending_approval"
    assert card.live_buttons() == ["Approve", "Deny"]


def test_who_asked_does_not_approve_but_may_deny(make_daemon, acme, daemon):
    agent = daemon.agent("lee's bot", owner="lee")
    intent = chat.ask(agent)
    card = acme.card(intent)
    one = acme.press(acme.lee, card, "Approve")
    assert "own" in one.told
    assert chat.refusals(daemon, intent) == [("lee", "own_request")]
    acme.deny(acme.lee, card, "never mind")
    assert chat.status(agent, intent) == "blocked"


# --- decided elsewhere ------------------------------------------------------

@pytest.mark.parametrize("how,words", [
    ("approve", "Approved by Dana Li over the API"),
    ("reject", "Denied by Dana Li over the API"),
    ("cancel", "Cancelled"), ("expire", "Expired")])
def test_what_ends_elsewhere_is_repainted(acme, daemon, agent, how, words):
    brief = {"expiresIn": "2s"} if how == "expire" else {}
    intent = chat.ask(agent, **brief)
    cards = [acme.card(intent, p) for p in (None, acme.dana, acme.lee)]
    stale = cards[0].button("Approve")["custom_id"]
    if how != "expire":
        who = agent if how == "cancel" else \
            daemon.key("dana's", person="dana")
        assert who.post(f"/v1/intents/{intent}/{how}", {}).status == 200
    for card in cards:
        acme.painted(card, words)
        assert card.versions[-1]["by"] == "edit"
    before = chat.status(agent, intent)
    one = acme.press(acme.lee, cards[0], None, stale=stale)
    assert one.told, one.answered
    assert chat.status(agent, intent) == before
    reason = "expired" if how == "expire" else "already_answered"
    assert chat.refusals(daemon, intent) == [("lee", reason)]
