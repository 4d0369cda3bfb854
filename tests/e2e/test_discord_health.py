"""What an operator sees of Discord: readiness, numbers, doctor, invitation."""

import pytest

import chat_discord as chat
import harness
from discord_world import EMBED, SEND, VIEW, Clock


@pytest.fixture
def acme():
    with chat.acme() as made:
        yield made
        made.check()


def in_file(acme, more=""):
    """Settings in the file, where the command line finds them as well."""
    return acme.config(f"""
discord.bot_token: {acme.discord.token}
discord.api_url: {acme.discord.url}
discord.default_channel: "{acme.hall.id}"
{more}""")


def with_file(acme, make, **kw):
    daemon = make(config=in_file(acme), policies=chat.POLICIES, **kw)
    if kw.get("start", True):
        acme.up()
    return daemon


def test_readiness_and_numbers_follow_the_session(acme, make_daemon):
    acme.gateway.main.mode = "silent"
    daemon = acme.daemon(make_daemon, start=False)
    daemon.start()
    chat.ready_says(daemon, "starting")
    assert chat.metric(daemon, "chat_sessions") == 0
    assert "discord" in daemon.greeting()
    daemon.kill()
    acme.gateway.main.mode = "ok"
    daemon.start()
    acme.up()
    chat.ready_says(daemon, "up")
    assert chat.metric(daemon, "channel_up") == 1
    assert chat.metric(daemon, "chat_sessions") == 1
    assert chat.metric(daemon, "chat_answers_total") == 0
    agent = daemon.agent()
    acme.press(acme.dana, acme.card(chat.ask(agent)), "Approve")
    harness.wait_for(lambda: chat.metric(daemon, "chat_answers_total") == 1)
    assert chat.metric(daemon, "chat_answers_late_total") == 0
    harness.wait_for(lambda: chat.metric(
        daemon, "chat_answer_milliseconds_max") > 0)
    reconnects = chat.metric(daemon, "chat_reconnects_total")
    acme.discord.drop_sessions()
    harness.wait_for(lambda: chat.metric(
        daemon, "chat_reconnects_total") == reconnects + 1)
    acme.up()
    chat.ready_says(daemon, "up")


def test_an_interactions_endpoint_in_the_portal_is_said_loudly(acme,
                                                               make_daemon):
    acme.discord.interactions_endpoint = "https://elsewhere.example/in"
    daemon = with_file(acme, make_daemon)
    chat.ready_says(daemon, "Interactions Endpoint URL")
    chat.ready_says(daemon, "degraded")
    assert any(" error " in line and "Interactions Endpoint" in line
               for line in daemon.log_text().splitlines())
    assert "elsewhere.example" not in daemon.log_text()
    got = daemon.cli("doctor", check=False)
    assert got.returncode != 0 and "Interactions Endpoint" in got.stdout
    acme.card(chat.ask(daemon.agent()))  # posting works all the same


def test_the_doctor_finds_nothing_where_nothing_is_wrong(acme, make_daemon):
    daemon = with_file(acme, make_daemon)
    got = daemon.cli("doctor")
    assert acme.discord.application_id in got.stdout
    assert "channel approvals: the bot may post there" in got.stdout
    assert "the default channel: the bot may post there" in got.stdout
    assert acme.discord.token not in got.stdout + got.stderr


WRONG = {
    "no access": (lambda a: a.room.deny(a.discord.bot.id, VIEW),
                  "Missing Access"),
    "may not send": (lambda a: a.room.deny(a.guild.bot_role, SEND),
                     "Send Messages"),
    "everyone may not embed": (
        lambda a: (a.room.deny(a.guild.id, EMBED),
                   a.guild.roles[a.guild.bot_role].update(permissions=84992)),
        "Embed Links"),
    "gone": (lambda a: a.discord.channels.pop(a.room.id), "Unknown Channel"),
    "bad token": (lambda a: setattr(a.discord, "token", "another"), "token"),
    "endpoint": (lambda a: setattr(a.discord, "interactions_endpoint",
                                   "https://x.example"), "Endpoint"),
    "clock": (lambda a: setattr(Clock, "ahead_s", -30), "clock is 30 s"),
}


@pytest.fixture(scope="module")
def acme_for_doctor():
    with chat.acme() as made:
        yield made


@pytest.fixture(scope="module")
def daemon_for_doctor(acme_for_doctor, make_shared_daemon):
    return with_file(acme_for_doctor, make_shared_daemon)


@pytest.mark.parametrize("how", WRONG)
def test_the_doctor_says_what_is_wrong(acme_for_doctor, daemon_for_doctor,
                                       how):
    acme = acme_for_doctor
    token = acme.discord.token
    change, words = WRONG[how]
    try:
        change(acme)
        got = daemon_for_doctor.cli("doctor", check=False)
    finally:
        acme.discord.token, Clock.ahead_s = token, 0
        acme.discord.interactions_endpoint = None
        acme.discord.channels[acme.room.id] = acme.room
        acme.room.overwrites.clear()
    assert got.returncode != 0
    bad = [line for line in got.stdout.splitlines()
           if line.startswith("bad")]
    assert words in "\n".join(bad), got.stdout
    assert token not in got.stdout + got.stderr


@pytest.mark.parametrize("ahead_s", [-20, 20])
def test_a_clock_that_is_wrong_loses_no_click(acme, make_daemon, ahead_s):
    """The age of a click is its id's, by Discord's clock and not ours."""
    Clock.ahead_s = ahead_s
    try:
        daemon = acme.daemon(make_daemon)
        agent = daemon.agent()
        one = acme.press(acme.dana, acme.card(chat.ask(agent)), "Approve")
        assert one.answered["type"] == 7 and one.latency_ms < 2000
    finally:
        Clock.ahead_s = 0


def test_the_invitation_asks_for_what_is_needed(acme, make_daemon):
    daemon = with_file(acme, make_daemon)
    link = daemon.cli("discord", "invite").stdout.strip()
    assert link.startswith("https://discord.com/oauth2/authorize?")
    for part in (f"client_id={acme.discord.application_id}", "scope=bot",
                 "permissions=84992"):
        assert part in link
    assert "permissions=84992" in daemon.cli(
        "discord", "invite", "123456789012345678").stdout


@pytest.mark.parametrize("token", ["with space", "new\nline", "umlaut\u00fc"])
def test_a_token_that_is_none_stops_the_start(acme, make_daemon, token):
    daemon = make_daemon(start=False, config=acme.config(),
                         env=acme.env(DISCORD_BOT_TOKEN=token))
    said = daemon.start_refused()
    assert "DISCORD_BOT_TOKEN" in said and token not in said


def test_without_a_token_discord_is_left_alone(acme, make_daemon):
    daemon = make_daemon(config=acme.config(), policies=chat.POLICIES,
                         env=acme.env(DISCORD_BOT_TOKEN=None))
    got = daemon.client().get("/readyz").json()
    assert "discord" not in got["channels"]
    chat.ask(daemon.agent())
    assert acme.rest.requests == [] == acme.gateway.main.tries
