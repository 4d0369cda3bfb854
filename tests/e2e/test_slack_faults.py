"""Slack answers late, oddly, or is not Slack; and many press at once."""

import ssl

import pytest

import chat_slack
import harness
from chat_slack import Slack, acked, decides
from smtp_server import make_certificates


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(make_shared_daemon) as made:
        yield made


# --- TLS --------------------------------------------------------------------

def context(folder, kind):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / f"{kind}.pem")
    return made


def test_over_tls_all_works_with_a_further_authority(make_daemon,
                                                     certificates):
    make_certificates(certificates)
    slack = Slack(tls=context(certificates, "good"))
    with chat_slack.desk(make_daemon, people=1, slack=slack,
                         ASSENT_CA_FILE=str(certificates / "ca.pem")) as desk:
        asked = desk.ask()
        asked.press("Approve")
        assert asked.status == "approved"
        asked.repainted("Approved")


NOT_SLACK = [  # of the API, of the sockets, whether the authority is known
    ("good", "good", False), ("wrong-name", "good", True),
    ("self-signed", "good", True), ("expired", "good", True),
    ("good", "wrong-name", True), ("good", "self-signed", True),
    ("good", "expired", True)]


def test_who_cannot_prove_to_be_slack_gets_nothing(make_daemon, certificates):
    make_certificates(certificates)
    desks = []
    for api, socket, trusted in NOT_SLACK:
        slack = Slack(tls=context(certificates, api),
                      socket_tls=context(certificates, socket))
        known = str(certificates / "ca.pem") if trusted else None
        desks.append(chat_slack.Desk(make_daemon, people=1, slack=slack,
                                     connected=0, ASSENT_CA_FILE=known))
    for desk, (api, socket, trusted) in zip(desks, NOT_SLACK):
        harness.wait_for(lambda desk=desk: "ertificate" in
                         desk.daemon.log_text() or
                         "TLS" in desk.daemon.log_text(), what="the words")
        assert desk.slack.sockets.connections == [], (api, socket)
        if api != "good" or not trusted:
            assert desk.slack.calls() == [], (api, socket)
        assert desk.ready()[0] != "up", (api, socket)
        desk.close()


# --- odd answers ------------------------------------------------------------

ODD = {
    "no address": {"text": '{"ok": true}'},
    "a number": {"text": '{"ok": true, "url": 7}'},
    "another scheme": {"text": '{"ok": true, "url": "file:///etc/passwd"}'},
    "http": {"text": '{"ok": true, "url": "http://127.0.0.1:1/"}'},
    "empty": {"text": ""},
    "a list": {"text": "[]"},
    "deep": {"text": "[" * 100000},
    "large": {"text": '{"ok": true, "url": "ws://' + "x" * 3000000 + '"}'},
    "moved": {"status": 302, "headers": {"Location": "/api/elsewhere"}},
    "gone": {"status": 404},
}


def test_odd_answers_to_the_request_for_an_address(make_daemon):
    """One after the other, on desks of their own, all at once."""
    made = []
    for how in ODD.values():
        def world(slack, how=how):
            slack.fault("apps.connections.open", times=2, **how)
        made.append(chat_slack.Desk(make_daemon, people=1, world=world,
                                    connected=0))
    try:
        for name, desk in zip(ODD, made):
            harness.wait_for(desk.slack.ready, 60, f"a connection: {name}")
            assert desk.slack.calls("elsewhere") == []
    finally:
        for desk in made:
            desk.close()


@pytest.mark.parametrize("what", ["no address", "empty", "a list", "deep",
                                  "moved", "gone"])
def test_odd_answers_to_a_post(desk, what):
    person, = desk.people(1)
    fault = desk.slack.fault("chat.postMessage", times=1, **ODD[what],
                             when=lambda args: args["channel"] == person.user)
    asked = desk.ask(person)
    harness.wait_for(lambda: fault.left == 0, what="the fault")
    harness.wait_for(lambda: asked.deliveries()[0]["state"] != "leased" or
                     asked.find(person), 20, "the end of the attempt")
    assert desk.slack.calls("elsewhere") == []
    assert len(asked.find(person)) <= 1


# --- the form does not open, the words do not come --------------------------

@pytest.mark.parametrize("how", [
    {"error": "expired_trigger_id"}, {"error": "invalid_arguments"},
    {"status": 500, "text": "x"},
    {"status": 429, "headers": {"Retry-After": "30"}}])
def test_a_form_that_does_not_open_leaves_the_button(desk, how):
    asked = desk.ask()
    asked.card()
    desk.slack.api.faults.pop("views.open", None)
    desk.slack.fault("views.open", times=1, **how)
    asked.press("Deny")
    words = desk.told(asked.people[0])
    assert "again" in words
    assert asked.status == "pending_approval"
    assert decides(asked.card()) == ["Approve", "Deny"]
    if "status" not in how or how["status"] != 429:
        asked.deny("no")
        assert asked.status == "blocked"


def test_words_that_cannot_be_said_stop_nothing(desk):
    asker, other = desk.people(2)
    asked = desk.ask(asker, channels=["ops"])
    desk.slack.fault("chat.postEphemeral", error="user_not_in_channel")
    asked.press("Approve", other, asked.in_channel())
    harness.wait_for(lambda: asked.refusals() == ["not_an_approver"],
                     what="the record")
    asked.press("Approve", asker)
    assert asked.status == "approved"


# --- many at once -----------------------------------------------------------

def test_a_burst_of_clicks_is_acknowledged_in_time(desk):
    """Three hundred in one moment, on cards of one person."""
    asked = desk.ask(options=["Yes", "No"])
    card = asked.card()
    person = asked.people[0]
    button = card.buttons()[0]
    clicks = [desk.slack.click(person.user, card, button)
              for _ in range(300)]
    for click in clicks:
        acked(click)
    assert asked.status == "approved"
    assert len(asked.row()["votes"]) == 1
    # Slack would have sent each of them once: later ones are refused.
    assert set(asked.refusals()) == {"already_answered"}
    # Of one person the first hundred are on record, and counted on.
    assert len(asked.refusals()) == 100


def test_a_slow_slack_holds_up_no_click(desk):
    slow, quick = desk.people(2)
    desk.slack.fault("chat.postMessage", hang=True,
                     when=lambda args: args["channel"] == slow.user)
    stuck, asked = desk.ask(slow), desk.ask(quick)
    asked.card()
    click = asked.press("Approve")
    assert click.ms < 1000
    asked.repainted("Approved")
    assert stuck.find(slow) == []
    desk.slack.heal()
