"""A daemon that goes and comes back: the session goes on, nothing is lost."""

import time

import pytest

import chat_discord as chat
import harness


@pytest.fixture(scope="module", autouse=True)
def silent(make_shared_daemon):
    """Sessions whose address refuses once and then says nothing, neither a
    handshake nor Hello. It is waited for 15 s: see the end."""
    with chat.many(make_shared_daemon, ("silent", "mute")) as beds:
        for mode, bed in beds.items():
            point = bed.gateway.resume
            point.mode = "reset"
            bed.ask()
            bed.acme.discord.drop_sessions()
            harness.wait_for(lambda: point.tries, what="the first try")
            point.mode = mode
            bed.acme.discord.callback_deadline_s = 120
            bed.click()
        yield beds


@pytest.fixture
def acme():
    with chat.acme() as made:
        yield made
        made.check()


def approve(acme, agent):
    intent = chat.ask(agent)
    acme.press(acme.dana, acme.card(intent), "Approve")
    assert chat.status(agent, intent) == "approved"


def test_a_restart_resumes_and_takes_the_clicks_made_meanwhile(acme,
                                                               make_daemon):
    daemon = acme.daemon(make_daemon)
    agent, g = daemon.agent(), acme.gateway
    approve(acme, agent)
    intent, other = chat.ask(agent), chat.ask(agent, "human")
    card, dm = acme.card(intent), acme.card(other, acme.lee)
    daemon.stop()
    acme.down()
    assert g.last("closed")["code"] == 4000
    one = acme.discord.click(acme.dana, card, "Approve")
    two = acme.discord.click(acme.lee, dm, "Approve")
    daemon.start()
    chat.settled(agent, intent, "approved")
    chat.settled(agent, other, "approved")
    for click in (one, two):
        acme.answered(click)
    acme.painted(card, "Approved by Dana Li")
    acme.painted(dm, "Approved by Lee Ray")
    assert g.count("identify") == 1
    assert g.last("resume")["endpoint"] == "resume"
    assert acme.rest.of("gateway_bot")[1:] == []


def test_a_click_older_than_discord_waits_is_taken_and_painted(acme,
                                                               make_daemon):
    """The person saw that it failed; the card then says that it counted."""
    daemon = acme.daemon(make_daemon)
    agent = daemon.agent()
    intent = chat.ask(agent)
    card = acme.card(intent)
    daemon.stop()
    one = acme.discord.click(acme.dana, card, "Approve")
    chat.quiet(3.1, lambda: True, "")
    daemon.start()
    chat.settled(agent, intent, "approved")
    acme.painted(card, "Approved by Dana Li")
    assert one.answered is None
    assert card.versions[-1]["by"] == "edit"


def test_killed_between_click_and_answer_it_applies_the_click(acme,
                                                              make_daemon):
    """Stored or not when it dies: once it is back, the click has counted."""
    daemon = acme.daemon(make_daemon)
    agent, g = daemon.agent(), acme.gateway
    for delay in (0, 0.001, 0.003, 0.01, None):
        intent = chat.ask(agent, "two")
        card = acme.card(intent)
        chat.settled_rows(daemon, intent)
        if delay is None:  # the click is stored, its callback hangs
            acme.rest.fault("callback", "slow", seconds=1)
        before = len(acme.rest.of("callback"))
        acme.discord.click(acme.dana, card, "Approve")
        if delay is None:
            harness.wait_for(lambda: len(acme.rest.of("callback")) > before,
                             what="the callback")
        else:
            time.sleep(delay)
        daemon.kill()
        daemon.start()
        acme.up()
        harness.wait_for(lambda: chat.audit(
            daemon, intent, "approval_vote_recorded"), what="the vote")
        harness.wait_for(lambda: "1 of 2" in card.text(), what="the progress")
        acme.press(acme.lee, card, "Approve")
        acme.painted(card, "Approved")
        votes = chat.audit(daemon, intent, "approval_vote_recorded")
        assert [v["metadata"]["by"] for v in votes] == ["dana", "lee"]
    assert g.count("identify") == 1


def test_a_crash_loop_does_not_use_the_identifies_up(acme, make_daemon):
    """The budget is in the store: 1 in 5 s, whoever identifies."""
    daemon = acme.daemon(make_daemon)
    g = acme.gateway
    start = time.monotonic()
    rounds = 0
    while time.monotonic() - start < 4:
        daemon.kill()
        acme.discord.do(g.forget_sessions)
        daemon.start()
        rounds += 1
    assert rounds >= 4
    acme.up(15)
    times = [e["at"] for e in g.events if e["what"] == "identify"]
    assert 2 <= len(times) <= 3
    assert all(b - a >= 5 for a, b in zip(times, times[1:]))
    approve(acme, daemon.agent())


def test_a_budget_that_is_spent_is_waited_for(acme, make_daemon):
    """Discord says how many are left; the last tenth is for the operator."""
    acme.gateway.identify_used = 950
    acme.gateway.identify_reset_after_ms = 3600 * 1000
    daemon = acme.daemon(make_daemon, start=False)
    daemon.start()
    chat.ready_says(daemon, "identif")
    assert acme.gateway.count("identify") == 0
    assert chat.metric(daemon, "channel_up") == 0
    daemon.stop()
    daemon.start()
    chat.ready_says(daemon, "identif")
    chat.quiet(1, lambda: acme.gateway.count("identify") == 0, "identified")


def test_after_a_restart_every_card_is_set_right(acme, make_daemon):
    """The reconciler: what was settled while Discord could not be reached."""
    daemon = acme.daemon(make_daemon)
    agent = daemon.agent()
    intents = [chat.ask(agent) for _ in range(3)]
    cards = [acme.card(i) for i in intents]
    stale = cards[2].button("Approve")["custom_id"]
    acme.rest.gone = True
    dana = daemon.key("dana's", person="dana")
    for verb, intent in zip(("approve", "reject", "approve"), intents):
        assert dana.post(f"/v1/intents/{intent}/{verb}", {}).status == 200
    daemon.stop()
    daemon.start()
    acme.rest.gone = False
    for card, words in zip(cards, ("Approved", "Denied", "Approved")):
        acme.painted(card, words + " by Dana Li", 30)
    one = acme.press(acme.lee, cards[2], None, stale=stale)
    assert one.told
    assert chat.refusals(daemon, intents[2]) == [("lee", "already_answered")]


@pytest.mark.parametrize("mode", ["silent", "mute"])
def test_an_address_that_says_nothing_is_given_up(silent, mode):
    """The second failure leads to the main address."""
    bed = silent[mode]
    bed.acme.up(60)
    assert len(bed.gateway.resume.tries) == 2
    assert bed.gateway.last("resume")["endpoint"] == "main"
    chat.settled(bed.agent, bed.intent, "approved")
    assert bed.gateway.count("identify") == 1
    bed.acme.check()
