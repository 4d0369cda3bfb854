"""Connections to Slack: replaced, lost, refused and found again.

Reconnecting has a budget: five at once, then one in 20 s. So a desk here
loses no more than three.
"""

import contextlib
import time

import pytest

import chat_slack
import harness
from chat_slack import acked
from slack_sockets import frame
from slack_world import APP_TOKEN, BOT_TOKEN


@pytest.fixture
def desk(make_daemon):
    with chat_slack.desk(make_daemon, people=6) as made:
        yield made


def opened(desk):
    return len(desk.slack.calls("apps.connections.open"))


# --- what takes its time goes on beside the other tests ---------------------

class Slow:
    """Three desks on which something long was begun, looked at at the end.

    A half-open connection is noticed after half a minute, one that is told
    to last half a minute is replaced before that, and an old one is read on
    for 15 s.
    """

    BRIEF_S = 30

    def __init__(self, make):
        self.frozen, self.brief, self.refreshed = make(), make(
            world=self.short), make()
        self.asked = [d.ask() for d in (self.frozen, self.brief,
                                        self.refreshed)]
        for one in self.asked:
            one.card()
        self.brief.slack.sockets.approximate_connection_time = 18060
        self.held = self.brief.slack.ready()
        self.dead, self.other = self.frozen.slack.ready()
        self.frozen.slack.freeze(self.dead)
        self.old = self.refresh(self.refreshed, self.asked[2])
        self.begun = time.monotonic()

    @staticmethod
    def short(slack):
        slack.sockets.approximate_connection_time = Slow.BRIEF_S

    @staticmethod
    def refresh(desk, asked):
        """Each reason once; what comes on the old one is still taken."""
        gone = []
        for reason in ("warning", "refresh_requested", "something_new"):
            old = next(c for c in desk.slack.ready() if c not in gone)
            before = desk.slack.ready()
            desk.slack.disconnect(old, reason)
            asked.press("Approve", to=old, action_id="nothing_of_ours")
            harness.wait_for(lambda before=before: [
                c for c in desk.slack.ready() if c not in before],
                what=f"the replacement after {reason}")
            # Made before break.
            assert old.how is None and not old.closing
            asked.press("Approve", to=old, action_id="nothing_of_ours")
            gone.append(old)
        return gone


@pytest.fixture(scope="module", autouse=True)
def slow(make_shared_daemon):
    with contextlib.ExitStack() as stack:
        yield Slow(lambda **how: stack.enter_context(
            chat_slack.desk(make_shared_daemon, people=2, **how)))


# --- replaced before they go ------------------------------------------------

def test_no_click_is_lost_while_both_are_replaced(desk):
    asked = desk.ask()
    asked.card()
    old = desk.slack.ready()
    for c in old:
        desk.slack.disconnect(c, "refresh_requested")
    clicks = 0

    def both_new():
        nonlocal clicks
        asked.press("Approve", action_id="nothing_of_ours")
        clicks += 1
        return len(set(desk.slack.ready()) - set(old)) == 2
    harness.wait_for(both_new, what="new connections")
    # Slack drops them soon after, without a close frame.
    for c in old:
        desk.slack.hang_up(c)
    asked.press("Approve")
    assert asked.status == "approved" and clicks > 1
    desk.connected(2)


def test_a_connection_that_is_dropped_after_the_message_is_no_loss(desk):
    old = desk.slack.ready()[0]
    desk.slack.disconnect(old, "refresh_requested")
    desk.slack.hang_up(old)
    harness.wait_for(lambda: old not in desk.slack.ready(), what="the end")
    desk.connected(2)
    asked = desk.ask()
    asked.press("Approve")
    assert asked.status == "approved"


# --- lost -------------------------------------------------------------------

@pytest.mark.parametrize("how", ["reset", "hang_up", "close"])
def test_a_lost_connection_comes_back(desk, how):
    asked = desk.ask()
    asked.card()
    old, other = desk.slack.ready()
    getattr(desk.slack, how)(old)
    harness.wait_for(lambda: old not in desk.slack.ready(), what="the end")
    asked.press("Approve", to=other)
    assert asked.status == "approved"
    desk.connected(2)
    assert desk.ready() == ("up", "")
    assert desk.metric("chat_reconnects_total") >= 1


def test_with_both_down_slack_is_down_and_comes_back(desk):
    asked = desk.ask()
    asked.card()
    desk.slack.sockets_down()
    harness.wait_for(lambda: not desk.slack.ready(), what="the end")
    desk.wait_ready("down", "no connection")
    assert desk.metric("channel_up") == 0
    # Messages go out meanwhile; clicks wait for the next press.
    desk.ask(desk.people(1)[0]).card()
    lost = desk.slack.click(asked.people[0].user, asked.card(), "Approve")
    assert not lost.delivered
    calls = opened(desk)
    desk.slack.sockets_up()
    harness.wait_for(desk.slack.ready, 60, "a connection")
    asked.press("Approve")
    assert asked.status == "approved"
    desk.wait_ready("up")
    assert opened(desk) - calls <= 5


# --- refused ----------------------------------------------------------------

def test_too_many_connections_are_not_fought_for(desk):
    old = desk.slack.ready()[0]
    desk.slack.sockets.phantoms = 9
    desk.slack.reset(old)
    harness.wait_for(lambda: any(c.how == "too many" for c in
                                 desk.slack.sockets.connections), 15,
                     "the refusal")
    calls = opened(desk)
    desk.outlives(3)
    assert opened(desk) == calls
    asked = desk.ask()
    asked.press("Approve")
    assert asked.status == "approved"


def test_ghosts_are_counted_and_said(make_daemon):
    def world(slack):
        slack.sockets.phantoms = 3
    with chat_slack.desk(make_daemon, people=1, world=world) as desk:
        desk.wait_ready("degraded", "not ours")
        assert desk.metric("chat_ghosts") == 3
        doctor = desk.daemon.cli("doctor", check=False)
        assert "ghost" in doctor.stdout or "not ours" in doctor.stdout


def test_socket_mode_switched_off_is_said_and_not_hammered(desk):
    calls = opened(desk)
    desk.slack.disconnect(desk.slack.ready()[0], "link_disabled")
    for c in desk.slack.ready():
        desk.slack.disconnect(c, "link_disabled")
    harness.wait_for(lambda: not desk.slack.ready(), what="the end")
    desk.wait_ready("down", "link_disabled")
    desk.outlives(2)
    assert opened(desk) == calls


@pytest.mark.parametrize("token, method", [
    (APP_TOKEN, "apps.connections.open"), (BOT_TOKEN, "auth.test")],
    ids=["app", "bot"])
def test_a_token_that_is_refused_is_said_and_retried_slowly(
        make_daemon, token, method):
    def world(slack):
        slack.world.token_faults[token] = "invalid_auth"
    with chat_slack.desk(make_daemon, people=1, world=world,
                         connected=2 if token == BOT_TOKEN else 0) as desk:
        desk.wait_ready("down", "invalid_auth")
        assert desk.metric("channel_up") == 0
        doctor = desk.daemon.cli("doctor", check=False)
        assert doctor.returncode != 0 and "invalid_auth" in doctor.stdout
        desk.outlives(3)
        assert len(desk.slack.calls(method)) <= 2
        assert desk.daemon.client().get("/readyz").status == 200
        # Whoever has put it right starts again.
        desk.slack.heal()
        desk.daemon.stop()
        desk.daemon.start()
        desk.connected()
        desk.wait_ready("up")
        desk.ask().card()


def test_a_token_that_is_revoked_later_is_said(desk):
    desk.slack.world.token_faults[BOT_TOKEN] = "token_revoked"
    asked = desk.ask()
    desk.wait_ready("down", "token_revoked")
    assert asked.find(asked.people[0]) == []
    # The ask is not given up for that.
    assert [d["state"] for d in asked.deliveries(kind="ask")] != ["dead"]


# --- the way in -------------------------------------------------------------

def test_a_start_with_everything_in_the_way_gets_there(make_daemon):
    def world(slack):
        slack.fault("apps.connections.open", status=503, text="busy")
        slack.fault("auth.test", status=500, text="busy")
        slack.upgrade_fault(status=503, headers=["Retry-After: 1"])
        slack.upgrade_fault(slow=1.5)
    with chat_slack.desk(make_daemon, people=1, world=world,
                         connected=0) as desk:
        desk.connected(2, 60)
        asked = desk.ask()
        asked.card(seconds=30)
        asked.press("Approve")
        assert asked.status == "approved"


def test_limits_on_opening_are_kept(make_daemon):
    def world(slack):
        slack.limit("apps.connections.open", retry_after=3)
    with chat_slack.desk(make_daemon, people=1, world=world,
                         connected=0) as desk:
        desk.connected(2, 40)
        at = [c.at for c in desk.slack.calls("apps.connections.open")]
        assert at[1] - at[0] >= 2.9


def test_a_wrong_answer_to_the_upgrade_is_no_connection(make_daemon):
    def world(slack):
        slack.upgrade_fault(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        slack.upgrade_fault(status=302, headers=[
            "Location: ws://127.0.0.1:1/"])
    with chat_slack.desk(make_daemon, people=1, world=world,
                         connected=0) as desk:
        desk.connected(2, 60)
        assert len(desk.slack.api.tickets) <= 2


def test_a_greeting_may_say_little(make_daemon):
    def world(slack):
        slack.sockets.hello_without = ("debug_info", "connection_info",
                                       "num_connections")
    with chat_slack.desk(make_daemon, people=1, world=world) as desk:
        assert desk.ready() == ("up", "")
        asked = desk.ask()
        asked.press("Approve")
        assert asked.status == "approved"


def test_a_storm_of_refreshes_is_kept_within_the_budget(desk):
    asked = desk.ask()
    asked.card()
    calls, end = opened(desk), time.monotonic() + 1.5
    while time.monotonic() < end:
        for c in desk.slack.ready():
            desk.slack.disconnect(c, "refresh_requested")
        assert desk.slack.ready()
        time.sleep(0.02)
    assert opened(desk) - calls <= 4
    asked.press("Approve")
    assert asked.status == "approved"


def test_what_comes_before_the_greeting_makes_no_storm(make_daemon):
    def world(slack):
        slack.sockets.before_hello = [
            frame(1, b"UNAUTHENTICATED: cache_error"), frame(2, b"\0"),
            frame(1, b'{"type": "disconnect", "reason": "warning"}')]
    with chat_slack.desk(make_daemon, people=1, world=world,
                         connected=0) as desk:
        harness.wait_for(lambda: opened(desk) >= 3, what="new tries")
        desk.slack.sockets.before_hello = []
        desk.connected(2, 45)
        assert opened(desk) <= 6
        asked = desk.ask()
        asked.press("Approve")


# --- odd frames -------------------------------------------------------------

def test_odd_frames_are_survived(desk):
    asked = desk.ask()
    asked.card()
    held = desk.slack.ready()
    for c in held:
        desk.slack.text(c, "UNAUTHENTICATED: cache_error")
        desk.slack.text(c, "")
        desk.slack.text(c, "[]")
        desk.slack.text(c, '{"type": 7}')
        desk.slack.text(c, '{"type": "hello"}')
        desk.slack.text(c, '{"envelope_id": 5, "type": "interactive"}')
        desk.slack.text(c, '{"envelope_id": "x", "type": "interactive"}')
        desk.slack.text(c, '{"envelope_id": "' + "y" * 5000 +
                        '", "type": "interactive", "payload": {}}')
        desk.slack.text(c, "[" * 20000)
        desk.slack.binary(c, b"\x00\xff" * 500)
    odd = desk.slack.event({"x": 1}, kind="unheard_of")
    # Large, in many fragments, with a ping between nothing of it.
    big = desk.slack.event(
        {"type": "event_callback", "event_id": "Ev1",
         "event": {"type": "x", "blob": "z" * 300000}})
    acked(big)
    whole = desk.slack.click(asked.people[0].user, asked.card(), "Approve",
                             action_id="nothing_of_ours")
    acked(whole)
    for c in desk.slack.ready():
        desk.slack.text(c, whole.text(retry_attempt=1), fragments=9)
    asked.press("Approve")
    assert asked.status == "approved"
    assert desk.slack.ready() == held
    assert not odd.acked.is_set()


def test_events_of_which_nothing_is_to_be_made_are_acknowledged(desk):
    for payload in ({"type": "app_rate_limited", "team_id": "T1",
                     "minute_rate_limited": 1, "api_app_id": "A1"},
                    {"type": "event_callback", "event_id": "Ev2",
                     "event": {"type": "app_home_opened", "user": "U1"}}):
        acked(desk.slack.event(payload))


def test_pings_are_answered_with_what_they_carry(desk):
    # The fake notes a pong that echoes none of its pings as an offence.
    harness.wait_for(lambda: all(c.pongs >= 2 for c in desk.slack.ready()),
                     what="pongs")


# --- leaving ----------------------------------------------------------------

def test_a_daemon_that_stops_says_close(desk):
    held = desk.slack.ready()
    desk.daemon.stop()
    harness.wait_for(lambda: all(c.how for c in held), what="the end")
    assert all(c.how.startswith("close") for c in held), held
    desk.daemon.start()
    desk.connected()
    desk.wait_ready("up")


# --- the end of what was begun first ----------------------------------------

def test_replaced_connections_are_read_for_a_while_and_closed(slow):
    desk = slow.refreshed
    left = 20 - (time.monotonic() - slow.begun)
    harness.wait_for(lambda: all(c.how for c in slow.old), max(left, 1),
                     "the end of the old ones")
    assert all(c.how.startswith("close 1000") for c in slow.old), slow.old
    desk.connected(2)
    assert desk.ready() == ("up", "")
    assert desk.metric("chat_sessions") == 2
    assert desk.metric("chat_ghosts") == 0
    slow.asked[2].press("Approve")
    assert slow.asked[2].status == "approved"


def test_a_half_open_connection_is_noticed_and_replaced(slow):
    desk, asked = slow.frozen, slow.asked[0]
    left = 45 - (time.monotonic() - slow.begun)
    harness.wait_for(lambda: len(desk.slack.ready()) == 2, max(left, 1),
                     "the replacement")
    assert slow.other in desk.slack.ready()
    asked.press("Approve")
    assert asked.status == "approved"
    # Slack still counts the dead one: a ghost until it notices.
    desk.wait_ready("degraded", "not ours")
    assert desk.metric("chat_ghosts") == 1


def test_connections_are_replaced_before_their_time_is_over(slow):
    """One after the other: the second waits until the first has done."""
    desk = slow.brief
    new = next(c for c in desk.slack.sockets.connections
               if c not in slow.held)
    assert new.since - slow.begun < Slow.BRIEF_S
    left = 45 - (time.monotonic() - slow.begun)
    harness.wait_for(
        lambda: len(set(desk.slack.ready()) - set(slow.held)) == 2,
        max(left, 1), "replacements")
    # Nothing was lost for it.
    assert desk.metric("chat_reconnects_total") == 0
    slow.asked[1].press("Approve")
    assert slow.asked[1].status == "approved"
