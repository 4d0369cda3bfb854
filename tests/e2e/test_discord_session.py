"""The gateway's session: whatever ends it, no click is lost."""

import asyncio
import signal
import time

import pytest

import chat_discord as chat
import harness

BEAT_MS = 800


def refusing(mode):
    """For four seconds, and whatever the address."""
    def begin(bed):
        points = (bed.gateway.main, bed.gateway.resume)

        def end():
            for point in points:
                point.mode = "ok"

        for point in points:
            point.tries.clear()
            point.mode, point.retry_after = mode, 3
        bed.acme.discord.drop_sessions()
        bed.acme.discord.do(lambda: asyncio.get_running_loop().call_later(
            4, end))
    return begin


def resume_dies(bed):
    bed.gateway.resume_dies = 9
    bed.acme.discord.drop_sessions()


def forget(bed):
    bed.gateway.forget_sessions()
    bed.acme.discord.drop_sessions()


def freeze(bed):
    """No heartbeat comes, and Discord ends the session."""
    bed.gateway.live()[0].interval_s = 0.1
    bed.daemon.process.send_signal(signal.SIGSTOP)
    bed.acme.discord.each(lambda c: asyncio.ensure_future(c.watch()))
    try:
        bed.acme.down()
    finally:
        bed.daemon.process.send_signal(signal.SIGCONT)


def close(code):
    return lambda bed: bed.acme.discord.close_sessions(code)


NEW = {
    "op 9 false": lambda bed: bed.acme.discord.invalidate(False),
    "unknown session": forget,
    "resume dies": resume_dies,
    "frozen": freeze,
    **{f"close {code}": close(code) for code in (4003, 4005, 4007, 4009)},
}
REFUSING = {"reset": refusing("reset"), "503": refusing(503)}


@pytest.fixture(scope="module")
def slow(make_shared_daemon):
    """What takes its time begins before the other tests; see the end."""
    rows = {**REFUSING, **NEW}
    with chat.many(make_shared_daemon, rows) as beds:
        for how, bed in beds.items():
            if how in ("close 4003", "op 9 false"):
                # The address is kept: nobody has to be asked for it.
                bed.acme.rest.fault("gateway_bot", "bad_gateway", n=99)
            rows[how](bed)
        yield beds


@pytest.fixture(scope="module")
def acme(slow):
    with chat.acme(heartbeat_ms=BEAT_MS) as made:
        yield made


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, acme):
    return acme.daemon(make_shared_daemon)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent()


def works(acme, agent):
    """A click is taken and answered."""
    intent = chat.ask(agent)
    acme.press(acme.dana, acme.card(intent), "Approve")
    assert chat.status(agent, intent) == "approved"


def api_refuses(discord):
    """GET /gateway/bot was seen to be refused for a day."""
    discord.rest.fault("*", "user", n=999, retry_after=46263,
                       when=lambda r: r.route.name != "callback")
    discord.drop_sessions()


def address_dies(discord):
    """The host that READY named is gone for good."""
    discord.kill_endpoint(discord.gateway.resume)
    discord.drop_sessions()


ENDS = {
    "FIN": lambda d: d.drop_sessions(),
    "RST": lambda d: d.drop_sessions(rst=True),
    "zombie": lambda d: d.stop_acks(),
    "half-open": lambda d: d.half_open(),
    "op 7": lambda d: d.ask_reconnect(),
    "op 9 true": lambda d: d.invalidate(True),
    "api refuses": api_refuses,
    "address dies": address_dies,
    **{f"close {code}": lambda d, code=code: d.close_sessions(code)
       for code in (1000, 1001, 4000, 4001, 4002, 4008, 4900)},
}
UNSEEN = ("zombie", "half-open")  # until a heartbeat has no answer
# Two tries at the dead address, or a wait: Discord's 3 s are over by then.
LATE = ("address dies", "close 4008")


@pytest.fixture(scope="module")
def ended(make_shared_daemon, slow):
    """All of them at once, with a click while it is down."""
    with chat.many(make_shared_daemon, ENDS, heartbeat_ms=BEAT_MS) as beds:
        for bed in beds.values():
            bed.ask()
        for how, bed in beds.items():
            before = bed.gateway.live()
            ENDS[how](bed.acme.discord)
            if how not in UNSEEN:
                harness.wait_for(lambda: bed.gateway.live() != before)
            bed.click()
        yield beds


@pytest.mark.parametrize("how", ENDS)
def test_a_click_made_while_it_is_down_is_taken_after_a_resume(ended, how):
    bed = ended[how]
    g, one = bed.gateway, bed.one
    harness.wait_for(lambda: g.count("resumed") == 1, 30, "the resume")
    chat.settled(bed.agent, bed.intent, "approved")
    if how not in LATE:
        bed.acme.answered(one)
        assert one.latency_ms < 3000
    bed.acme.painted(bed.card, "Dana Li")
    assert g.count("identify") == 1, g.events
    assert g.last("resume")["endpoint"] == (
        "main" if how == "address dies" else "resume")
    # 1000 and 1001 would have ended the session.
    assert not {e["code"] for e in g.events if e["what"] == "closed"} & {
        1000, 1001}
    assert len(bed.acme.rest.of("gateway_bot")) <= 1
    bed.acme.check()


def test_heartbeats_come_in_time_and_say_what_came_last(acme, daemon, agent):
    g = acme.gateway
    before = g.count("beat")
    harness.wait_for(lambda: g.count("beat") >= before + 3,
                     5 * BEAT_MS / 1000, "three heartbeats")
    works(acme, agent)
    harness.wait_for(lambda: g.last("beat")["d"] == g.last("beat")["seq"],
                     3, "a heartbeat with the last sequence number")
    acme.check()


def test_a_heartbeat_that_is_asked_for_is_sent_at_once(acme, daemon):
    before = acme.gateway.count("beat")
    start = time.monotonic()
    for _ in range(3):
        acme.discord.ask_beat()
    harness.wait_for(lambda: acme.gateway.count("beat") >= before + 3)
    assert time.monotonic() - start < BEAT_MS / 1000 / 2
    resumes = acme.gateway.count("resume")
    chat.quiet(2 * BEAT_MS / 1000, lambda: acme.gateway.count("resume") ==
               resumes, "it was taken for a zombie")
    acme.check()


def test_an_event_that_is_sent_twice_counts_once(acme, daemon, agent):
    intent = chat.ask(agent, "two")
    card = acme.card(intent)
    acme.gateway.twice = True
    try:
        one = acme.press(acme.dana, card, "Approve")
        works(acme, agent)
    finally:
        acme.gateway.twice = False
    assert len(one.attempts) == 1
    assert len(chat.audit(daemon, intent, "approval_vote_recorded")) == 1
    assert chat.refusals(daemon, intent) == []
    acme.check()


def test_a_ready_of_300_kB_in_fragments_is_read(make_daemon):
    with chat.acme(ready_pad=300000, fragment=1500) as acme:
        daemon = acme.daemon(make_daemon)
        works(acme, daemon.agent())
        assert acme.gateway.count("identify") == 1
        acme.check()


def test_a_reconnect_that_is_asked_before_hello_is_followed(make_daemon):
    with chat.acme(reconnect_before_hello=1, hello_delay_s=0.2) as acme:
        daemon = acme.daemon(make_daemon)
        works(acme, daemon.agent())
        assert acme.gateway.count("connect") == 2
        assert acme.gateway.count("identify") == 1
        acme.check()


# --- for good ---------------------------------------------------------------

FATAL = (4004, 4010, 4011, 4012, 4013, 4014)


def test_what_discord_refuses_for_good_stops_it_loudly(make_shared_daemon):
    with chat.many(make_shared_daemon, FATAL) as beds:
        for code, bed in beds.items():
            bed.acme.discord.close_sessions(code)
            bed.acme.down()
        for code, bed in beds.items():
            chat.ready_says(bed.daemon, "down")
            assert chat.metric(bed.daemon, "channel_up") == 0
            assert any(" error " in line and "discord" in line for line in
                       bed.daemon.log_text().splitlines()), code

        def tries():
            return [len(b.gateway.main.tries + b.gateway.resume.tries)
                    for b in beds.values()]
        before = tries()
        chat.quiet(2, lambda: tries() == before, "it went on")


# --- what began with this file ----------------------------------------------

@pytest.mark.parametrize("how", REFUSING)
def test_a_gateway_that_refuses_is_not_stormed(slow, how):
    bed = slow[how]
    g = bed.gateway
    bed.acme.up(30)
    tries = sorted(g.main.tries + g.resume.tries)
    # One at once, then a second and more between them.
    assert 2 <= len(tries) <= 6, tries
    least = 3 if how == "503" else 0.9  # it was told when
    assert all(b - a >= least for a, b in zip(tries[1:], tries[2:])), tries
    assert how == "reset" or tries[1] - tries[0] >= 3
    assert " moves from=live" in bed.daemon.log_text()
    works(bed.acme, bed.agent)
    assert g.count("identify") == 1
    chat.ready_says(bed.daemon, "up")
    bed.acme.check()


@pytest.mark.parametrize("how", NEW)
def test_what_cannot_be_resumed_is_begun_anew_but_not_too_soon(slow, how):
    bed = slow[how]
    g = bed.gateway
    harness.wait_for(lambda: g.count("identify") == 2 and g.live(), 40,
                     "the identify")
    times = [e["at"] for e in g.events if e["what"] == "identify"]
    assert times[1] - times[0] >= 5
    works(bed.acme, bed.agent)
    if how == "frozen":
        assert bed.acme.discord.violations.pop() == \
            "gateway: no heartbeat in time"
    bed.acme.check()  # the fake notes identifies that are too close
