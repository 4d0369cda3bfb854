"""The forms of a link page, who may send them, and settings of links."""

import re

import pytest

import mailbox
from asked import Asked, wrong_code


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.plain_env(), config=mailbox.PEOPLE)


@pytest.fixture
def asked(daemon, relay, agent):
    return lambda **fields: Asked(daemon, relay, agent, **fields)


# --- forms that are not the page's ----------------------------------------

def test_a_form_without_the_value_of_its_page_is_not_taken(asked):
    a = asked()
    foreign = a.other().open().form("Approve").fields["csrf"]
    for csrf in (None, "", "0" * 64, foreign):
        page = a.press(csrf=csrf)
        assert page.status == 403
        assert "Please answer on this page." in page.text
    assert a.press("Deny", sure="yes", csrf=None).status == 403
    assert a.status == "pending_approval"


@pytest.mark.parametrize("digest", [None, "", "0" * 64, "x"])
def test_an_answer_to_something_else_is_not_taken(asked, digest):
    a = asked()
    page = a.press(digest=digest)
    assert page.status >= 400
    assert a.status == "pending_approval"
    assert a.press().heading == "Approved"  # the link is not used up


@pytest.mark.parametrize("option", [None, "", "x", "2", "-1", "0x0",
                                    "99999999999999999999"])
def test_an_option_that_is_not_there_is_not_taken(asked, option):
    a = asked()
    page = a.press(option=option, sure="yes")
    assert page.status == 400
    assert a.status == "pending_approval"


@pytest.mark.parametrize("raw", [b"%", b"a=%zz", b"a=%00", b"a=%ff",
                                 b"&".join([b"a=1"] * 40)])
def test_a_damaged_form_is_not_taken(asked, raw):
    a = asked()
    got = a.visitor.visit("POST", a.path, raw)
    assert got.status == 400
    assert b"Nothing was changed." in got.body
    assert a.status == "pending_approval"


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "x"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Sec-Fetch-Site": "SAME-ORIGIN"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_form_from_elsewhere_is_refused(asked, headers):
    a = asked()
    page = a.open()
    got = a.visitor.press(a.path, page, "Approve", headers,
                          code=a.mail.code)
    assert (got.status, got.heading) == (403, "Refused")
    assert a.status == "pending_approval"


def test_a_form_from_here_is_taken_as_browsers_send_it(daemon, asked):
    for headers in ({"Origin": "null", "Sec-Fetch-Site": "same-origin"},
                    {"Origin": f"http://127.0.0.1:{daemon.port}"},
                    {"Sec-Fetch-Site": "none"}, {}):
        a = asked()
        got = a.visitor.press(a.path, a.open(), "Approve", headers,
                              code=a.mail.code)
        assert got.heading == "Approved", headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(asked, method):
    a = asked()
    got = a.visitor.visit(method, a.path)
    assert got.status == 405
    assert got.headers["allow"] == "GET, HEAD, POST"
    assert a.status == "pending_approval"


# --- settings -------------------------------------------------------------

def test_a_link_page_needs_no_cookie_and_sets_none(asked):
    a = asked()
    page = a.open()
    assert "set-cookie" not in page.headers
    done = a.press(page=page)
    assert "set-cookie" not in done.headers
    assert a.visitor.cookies == {}
    assert done.heading == "Approved"


def test_with_a_button_no_code_is_sent_or_asked(make_daemon, make_relay):
    relay = make_relay()
    env = relay.plain_env(ASSENT_MAGIC_LINK_CONFIRM="button",
                          ASSENT_PUBLIC_URL="https://ask.example/assent")
    daemon = make_daemon(env=env, config=mailbox.PEOPLE)
    agent = daemon.agent()
    a = Asked(daemon, relay, agent)
    assert a.mail.code is None
    assert a.mail.link == f"https://ask.example/assent{a.path}"
    page = a.open()
    assert not page.form("Approve").has("code")
    assert 'href="/assent/style.css"' in page.html
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert a.press("Deny").status == 400
    assert a.status == "pending_approval"
    evil = a.visitor.press(a.path, page, "Approve",
                           {"Origin": "http://ask.example"})
    assert evil.status == 403
    done = a.visitor.press(a.path, page, "Approve",
                           {"Origin": "https://ask.example"})
    assert done.heading == "Approved"


def test_a_link_outlives_the_change_of_the_master_key(make_daemon,
                                                      make_relay):
    relay, old, new = make_relay(), "1a" * 31 + "f0", "2b" * 31 + "f0"
    daemon = make_daemon(env=relay.plain_env(ASSENT_MASTER_KEY=old),
                         config=mailbox.PEOPLE)
    a = Asked(daemon, relay, daemon.agent())
    daemon.stop()
    daemon.env.update(ASSENT_MASTER_KEY=new, ASSENT_MASTER_KEY_PREVIOUS=old)
    daemon.start()
    assert a.press(code=wrong_code(a.mail)).status == 403
    assert a.press().heading == "Approved"
    # Without the old key its links are nobody's.
    b = Asked(daemon, relay, a.agent)
    daemon.stop()
    daemon.env.update(ASSENT_MASTER_KEY="3c" * 31 + "f0",
                      ASSENT_MASTER_KEY_PREVIOUS=new)
    daemon.start()
    assert a.open().status == 404
    assert b.open().status == 200


def test_what_the_links_hold_is_nowhere_on_disk(daemon, relay, asked):
    a = asked()
    a.press(code=wrong_code(a.mail))
    a.open("/l/" + a.mail.token[:-1])
    a.press()
    mails = [m for m in relay.mails() if m["Subject"].startswith("Approve?")]
    assert len(mails) > 1
    assert mailbox.leaks(daemon, mails) == []
    assert re.search(r"decided state=approved by=dana via=email",
                     daemon.log_text())
