"""Discord that refuses, limits, fails or loses: what is owed still comes."""

import time

import pytest

import chat_discord as chat
import harness


@pytest.fixture(scope="module", autouse=True)
def old_edits(make_shared_daemon):
    """Two cards that are older than an hour are settled; of their edits
    Discord takes one. That takes a while: see the end."""
    with chat.many(make_shared_daemon, (True, False)) as beds:
        for says_when, bed in beds.items():
            d = bed.acme.discord
            d.old_edits_max, d.old_edits_window_s = 1, 2.0
            d.old_edits_say_when = says_when
            intents = [chat.ask(bed.agent) for _ in range(2)]
            bed.cards = [bed.acme.card(i) for i in intents]
            for intent, card in zip(intents, bed.cards):
                chat.settled_rows(bed.daemon, intent)
                card.created -= 7200
            dana = bed.daemon.key("old", person="dana")
            for intent in intents:
                assert dana.post(f"/v1/intents/{intent}/approve",
                                 {}).status == 200
            harness.wait_for(lambda: bed.acme.rest.of("edit", 429), 5,
                             "the 429")
            bed.acme.card(chat.ask(bed.agent), seconds=3)
        yield beds


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
    assert acme.rest.faults == []
    acme.check()


def in_room(acme):
    return lambda req: req.args["channel"] == acme.room.id


def approve(acme, agent, intent, seconds=10):
    card = acme.card(intent, seconds=seconds)
    acme.press(acme.dana, card, "Approve")
    assert chat.status(agent, intent) == "approved"
    acme.painted(card, "Dana Li")
    return card


# --- posting ----------------------------------------------------------------

@pytest.mark.parametrize("kind", ["user", "shared", "global"])
def test_a_post_that_comes_too_often_waits_as_long_as_it_is_told(
        acme, daemon, agent, kind):
    limited = chat.metric(daemon, "chat_limited_total")
    refused = len(acme.rest.of("create", 429))
    acme.rest.fault("create", kind, retry_after=1.1, when=in_room(acme))
    start = time.monotonic()
    card = approve(acme, agent, chat.ask(agent))
    assert 1.1 <= card.versions[0]["at"] - start < 6
    assert len(acme.rest.of("create", 429)) == refused + 1
    assert chat.metric(daemon, "chat_limited_total") > limited
    chat.ready_says(daemon, "up")


def test_the_headers_of_a_bucket_are_kept_to(acme, agent):
    """Four in 0.6 s: ten posts bring no 429."""
    acme.limits.size["create"] = (4, 0.6)
    refused = len(acme.rest.of("create", 429))
    try:
        intents = [chat.ask(agent) for _ in range(10)]
        for intent in intents:
            acme.card(intent, seconds=15)
    finally:
        acme.limits.size["create"] = (500, 1.0)
    assert len(acme.rest.of("create", 429)) == refused
    times = sorted(acme.card(i).versions[0]["at"] for i in intents)
    assert times[-1] - times[0] >= 1.0


FAILURES = {
    "502 before": ("bad_gateway", {}),
    "503 before": ("bad_gateway", {"status": 503}),
    "dropped before": ("drop", {}),
    "502 after": ("after", {"status": 502}),
    "answer lost": ("lost", {}),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_post_that_fails_is_made_once(acme, daemon, agent, how):
    """What may have happened is looked for, or repeated with its nonce."""
    kind, more = FAILURES[how]
    acme.rest.fault("create", kind, when=in_room(acme), **more)
    intent = chat.ask(agent)
    chat.settled_rows(daemon, intent)
    approve(acme, agent, intent)
    assert len(acme.cards(intent)) == 1
    rows = [r for r in chat.deliveries(daemon, intent)
            if r["person"] is None]
    assert [r["attempts"] for r in rows] == [2]


def test_a_lost_post_is_found_when_its_nonce_is_forgotten(acme, daemon,
                                                          agent):
    """Discord keeps a nonce for minutes; an older post is looked for."""
    acme.discord.nonce_keeps_s = 0
    try:
        acme.rest.fault("create", "lost", when=in_room(acme))
        intent = chat.ask(agent)
        card = acme.card(intent)
        acme.press(acme.dana, card, "Approve")
        assert chat.status(agent, intent) == "approved"
        chat.settled_rows(daemon, intent)
        acme.painted(card, "Dana Li")
    finally:
        acme.discord.nonce_keeps_s = 180


def test_what_is_settled_before_the_second_try_shows_the_end(acme, agent):
    """It may stand there, and nobody is to be asked once more."""
    acme.rest.fault("create", "lost", when=in_room(acme))
    intent = chat.ask(agent)
    card = acme.card(intent)
    assert agent.post(f"/v1/intents/{intent}/cancel", {}).status == 200
    acme.painted(card, "Cancelled")
    assert len(acme.cards(intent)) == 1


def test_a_post_that_was_held_up_until_all_is_over_offers_nothing(
        acme, daemon, agent):
    refused = len(acme.rest.of("create", 429))
    acme.rest.fault("create", "user", retry_after=1.1, when=in_room(acme))
    intent = chat.ask(agent)
    harness.wait_for(lambda: len(acme.rest.of("create", 429)) > refused,
                     what="the 429")
    dana = daemon.key("fast", person="dana")
    assert dana.post(f"/v1/intents/{intent}/approve", {}).status == 200
    harness.wait_for(lambda: all(
        r["state"] not in ("due", "leased") for kind in ("ask", "settled")
        for r in chat.deliveries(daemon, intent, kind)), what="all ends")
    for card in acme.cards(intent):
        acme.painted(card, "Approved by Dana Li")


PLAINER = {
    "a link that is none": (400, 50035, ["Approve", "Deny"]),
    "a word that is filtered": (403, 200000, ["Deny"]),
    "a link that is harmful": (403, 240000, ["Deny"]),
}


@pytest.mark.parametrize("how", PLAINER)
def test_a_card_that_discord_does_not_take_is_made_plainer(make_daemon, how):
    status, code, buttons = PLAINER[how]
    with chat.acme() as acme:
        daemon = acme.daemon(make_daemon)
        agent = daemon.agent()
        acme.rest.fault("create", "answer", status=status, code=code,
                        words="no", when=in_room(acme))
        intent = chat.ask(agent, payload="a bad word")
        card = acme.card(intent)
        assert card.live_buttons() == buttons
        assert ("a bad word" in card.text()) == (code == 50035)
        assert f"/approvals/{intent}" in card.text() or any(
            intent in b.get("url", "") for b in card.buttons())
        acme.deny(acme.dana, card, "no")
        assert chat.status(agent, intent) == "blocked"
        acme.painted(card, "Denied by Dana Li")
        acme.check()


def test_a_click_on_a_post_whose_answer_was_lost_counts(acme, daemon, agent):
    """The person is faster than the second try."""
    acme.rest.fault("create", "lost", when=in_room(acme))
    intent = chat.ask(agent)
    card = acme.card(intent)
    acme.press(acme.dana, card, "Approve")
    assert chat.status(agent, intent) == "approved"
    acme.painted(card, "Dana Li")
    chat.settled_rows(daemon, intent)
    assert len(acme.cards(intent)) == 1


# --- for good ---------------------------------------------------------------

def channel_goes(acme):
    del acme.discord.channels[acme.hall.id]


PERMANENT = {
    "no access": (lambda a: a.hall.deny(a.discord.bot.id, 1 << 10), "50001"),
    "may not send": (lambda a: a.hall.deny(a.discord.bot.id, 1 << 11),
                     "50013"),
    "may not embed": (lambda a: a.hall.deny(a.discord.bot.id, 1 << 14),
                      "50013"),
    "gone": (channel_goes, "10003"),
}


@pytest.mark.parametrize("how", PERMANENT)
def test_a_channel_that_cannot_be_used_is_reported_once(make_daemon, how):
    with chat.acme() as acme:
        PERMANENT[how][0](acme)
        daemon = acme.daemon(make_daemon, env={
            "DISCORD_DEFAULT_CHANNEL": acme.hall.id})
        agent = daemon.agent()
        intent = chat.ask(agent, "human")
        row = harness.wait_for(lambda: [
            r for r in chat.deliveries(daemon, intent)
            if r["person"] is None and r["state"] == "dead"],
            what="the end of the delivery")[0]
        assert row["attempts"] == 1, row
        assert PERMANENT[how][1] in row["error"]
        assert len(chat.audit(daemon, intent,
                              "approval_channel_failed")) == 1
        # Those who are asked in DMs decide it all the same.
        acme.press(acme.dana, acme.card(intent, acme.dana), "Approve")
        assert chat.status(agent, intent) == "approved"
        acme.check()


def test_closed_dms_fall_back_to_mail(make_daemon, make_relay):
    relay = make_relay()
    with chat.acme() as acme:
        acme.dana.dms_closed = True
        del acme.guild.members[acme.lee.id]  # no server is shared
        config = acme.config().replace(
            "name: Dana Li,", "name: Dana Li, email: dana@example.com,")
        daemon = acme.daemon(make_daemon, config=config,
                             env=relay.plain_env())
        agent = daemon.agent()
        intent = chat.ask(agent, "human")
        assert relay.ask(intent).to == "dana@example.com"
        dead = harness.wait_for(lambda: [
            r for r in chat.deliveries(daemon, intent)
            if r["channel"] == "discord" and r["state"] == "dead"][1:] and
            chat.deliveries(daemon, intent), what="both ends")
        assert {r["person"]: r["attempts"] for r in dead
                if r["channel"] == "discord"} == {"dana": 1, "lee": 1}
        assert "50007" in str(dead) or "message" in str(dead).lower()
        acme.check()


def test_closed_dms_fall_back_to_the_next_account(make_daemon):
    with chat.acme() as acme:
        acme.eve.dms_closed = True
        config = acme.config().replace(
            f'"{acme.dana.id}"', f'"{acme.eve.id}", "{acme.dana.id}"')
        daemon = acme.daemon(make_daemon, config=config)
        agent = daemon.agent()
        intent = chat.ask(agent, "human")
        acme.press(acme.dana, acme.card(intent, acme.dana), "Approve")
        got = agent.get(f"/v1/intents/{intent}").json()
        assert got["decided_by"] == "dana"
        assert acme.cards(intent, acme.eve) == []
        acme.check()


# --- editing ----------------------------------------------------------------

def test_a_message_that_is_gone_ends_its_repaint(acme, daemon, agent):
    intent = chat.ask(agent)
    card = acme.card(intent)
    chat.settled_rows(daemon, intent)
    del acme.room.messages[card.id]
    dana = daemon.key("gone", person="dana")
    assert dana.post(f"/v1/intents/{intent}/approve", {}).status == 200
    harness.wait_for(lambda: acme.rest.of("edit", 404), what="the edit")
    rows = harness.wait_for(lambda: all(
        r["state"] not in ("due", "leased") for r in
        chat.deliveries(daemon, intent, "settled")) and
        chat.deliveries(daemon, intent, "settled"), what="the ends")
    assert all(r["attempts"] == 1 for r in rows), rows


# --- callbacks --------------------------------------------------------------

CALLBACKS = {
    "lost": ("lost", {}),
    "unknown though applied": ("after", {
        "status": 404, "code": 10062, "words": "Unknown interaction"}),
    "unknown": ("answer", {"status": 404, "code": 10062,
                           "words": "Unknown interaction"}),
    "502 before": ("bad_gateway", {}),
    "502 after": ("after", {"status": 502}),
    "dropped": ("drop", {}),
    "forbidden": ("answer", {"status": 403, "code": 50013, "words": "no"}),
    "another was faster": ("answer", {
        "status": 400, "code": 40060, "words":
        "Interaction has already been acknowledged."}),
}


@pytest.mark.parametrize("how", CALLBACKS)
def test_whatever_becomes_of_the_callback_the_card_is_right(acme, daemon,
                                                            agent, how):
    kind, more = CALLBACKS[how]
    intent = chat.ask(agent)
    card = acme.card(intent)
    acme.rest.fault("callback", kind, **more)
    one = acme.discord.click(acme.dana, card, "Approve")
    harness.wait_for(lambda: acme.rest.faults == [], what="the callback")
    chat.settled(agent, intent, "approved")
    acme.painted(card, "Approved by Dana Li")
    assert len(chat.audit(daemon, intent, "approval_vote_recorded")) == 1
    assert len(one.attempts) + len([r for r in acme.rest.of("callback")
                                    if r.status in (0, 502)]) >= 1


def test_callbacks_wait_for_nothing_else(acme, daemon, agent):
    """Not for posts under a limit, nor for the global one."""
    intent = chat.ask(agent)
    card = acme.card(intent)
    chat.settled_rows(daemon, intent)
    refused = len(acme.rest.of("create", 429))
    acme.rest.fault("create", "global", retry_after=2)
    later = chat.ask(agent)
    harness.wait_for(lambda: len(acme.rest.of("create", 429)) > refused,
                     what="the 429")
    one = acme.press(acme.dana, card, "Approve")
    assert one.latency_ms < 1000
    assert acme.cards(later) == []
    acme.card(later, seconds=10)


# --- bans and bad tokens ----------------------------------------------------

@pytest.mark.parametrize("kind", ["ban", "ban403"])
def test_a_ban_is_not_argued_with(make_daemon, kind):
    with chat.acme() as acme:
        daemon = acme.daemon(make_daemon)
        agent = daemon.agent()
        acme.rest.fault("*", kind, n=9999)
        n = len(acme.rest.requests)
        chat.ask(agent)
        harness.wait_for(lambda: len(acme.rest.requests) > n,
                         what="a request")
        chat.ready_says(daemon, "down")
        n = len(acme.rest.requests)
        chat.ask(agent)
        chat.quiet(1, lambda: len(acme.rest.requests) <= n + 3,
                   "it goes on while banned")
        acme.check()


def test_a_token_that_does_not_count_stops_everything(make_daemon):
    with chat.acme() as acme:
        daemon = make_daemon(config=acme.config(), policies=chat.POLICIES,
                             env=acme.env(DISCORD_BOT_TOKEN="wrong.token"))
        chat.ready_says(daemon, "down")
        chat.ask(daemon.agent())
        n = len(acme.rest.requests) + len(acme.gateway.main.tries)
        assert n < 12
        chat.quiet(1, lambda: len(acme.rest.requests) +
                   len(acme.gateway.main.tries) <= n + 1, "it goes on")
        acme.check()


# --- what began with this file ----------------------------------------------

@pytest.mark.parametrize("says_when", [True, False])
def test_edits_of_old_messages_are_paced(old_edits, says_when):
    """Code 30046 is not the bucket's limit: new cards went on meanwhile.
    Whether it says when to come back is not documented."""
    bed = old_edits[says_when]
    for card in bed.cards:
        bed.acme.painted(card, "Approved by Dana Li", 20)
    assert len(bed.acme.rest.of("edit", 429)) <= 3
    chat.ready_says(bed.daemon, "up")
    bed.acme.check()
