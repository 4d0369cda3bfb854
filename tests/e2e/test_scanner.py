"""What a mail scanner does to a mail: it opens all and presses all.

None of it may decide, use a link up, or lock the person out.
"""

import re

import pytest

import harness
import mailbox
import webpage

TIMES = 50
METHODS = ("GET", "HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.plain_env(), config=mailbox.PEOPLE)


def state_of(daemon, agent, intent):
    """All of the intent that anybody could have changed."""
    row = agent.get(f"/v1/intents/{intent}").json()
    trail = daemon.admin.get(f"/v1/intents/{intent}/audit").json()["events"]
    return row, trail


@pytest.fixture
def asked(daemon, relay, agent):
    """An intent that waits, the mail to Dana, and the state before."""
    def ask(**fields):
        intent = harness.submit(agent, payload="x", **fields)["intentId"]
        harness.wait_for(
            lambda: [e["type"] for e in state_of(daemon, agent, intent)[1]]
            .count("delivery_sent") == 2, what="both mails")
        return intent, relay.ask(intent), state_of(daemon, agent, intent)
    return ask


def still_good(daemon, relay, agent, intent):
    """After all that, the person answers as if nothing had been."""
    m = relay.ask(intent)
    visitor = webpage.Visitor(daemon.port)
    page = visitor.press(m.path, visitor.open(m.path), "Approve", code=m.code)
    assert page.heading == "Approved", page
    assert agent.get(f"/v1/intents/{intent}").json()["status"] == "approved"


def links_of(mail):
    """Every address in the mail, as this daemon's paths."""
    found = {re.sub(r"^https?://[^/]+", "", url) for url in mail.urls}
    assert mail.path in found and len(found) == 2
    return sorted(found)


@pytest.mark.parametrize("method", METHODS)
def test_fetching_every_address_of_a_mail_changes_nothing(
        daemon, relay, agent, asked, method):
    intent, mail, before = asked()
    public = daemon.client()
    for path in links_of(mail):
        for _ in range(TIMES):
            got = public.call(method, path)
            assert got.status < 500
            assert "set-cookie" not in got.headers
    assert state_of(daemon, agent, intent) == before
    assert public.get(mail.path).status == 200
    still_good(daemon, relay, agent, intent)


def test_asking_with_what_looks_like_an_answer_changes_nothing(
        daemon, relay, agent, asked):
    intent, mail, before = asked()
    public = daemon.client()
    fields = webpage.Page(public.get(mail.path)).form("Approve").fields
    query = webpage.urllib.parse.urlencode(
        {**fields, "option": "0", "code": mail.code, "sure": "yes"})
    for method in METHODS:
        for tail in (f"?{query}", "?option=1&sure=yes", "?action=approve"):
            public.call(method, mail.path + tail)
        public.call(method, mail.path, raw=query.encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-HTTP-Method-Override": "POST"})
    # RFC 8058: one-click robots post a form of their own.
    public.call("POST", mail.path, raw=b"List-Unsubscribe=One-Click",
                headers={"Content-Type":
                         "application/x-www-form-urlencoded"})
    assert state_of(daemon, agent, intent) == before
    still_good(daemon, relay, agent, intent)


def test_a_robot_that_sends_every_form_unfilled_changes_nothing(
        daemon, relay, agent, asked):
    intent, mail, before = asked()
    visitor = webpage.Visitor(daemon.port)
    page, presses = visitor.open(mail.path), 0
    for _ in range(10):
        for form in page.forms:
            for label in form.buttons:
                got = visitor.press(mail.path, page, label)
                assert got.status == 400, got
                presses += 1
    assert presses == 20
    assert state_of(daemon, agent, intent) == before
    still_good(daemon, relay, agent, intent)


PRESS = """
    const b = document.querySelectorAll("form button")[arguments[0]];
    b.form.noValidate = arguments[1];
    b.click();
"""


def test_a_browser_that_presses_everything_changes_nothing(
        daemon, agent, asked, browser):
    intent, mail, before = asked(policy="two")
    base, sent = f"http://127.0.0.1:{daemon.port}", 0
    for path in links_of(mail):
        browser.open(base + path)
        buttons, forms = len(browser.all("form button")), \
            len(browser.all("form"))
        for i in range(len(browser.all("a"))):
            browser.open(base + path)
            browser.run("document.links[arguments[0]].click()", i)
        for i in range(buttons):
            # As the page wants it, which holds back what is not filled in.
            browser.open(base + path)
            browser.run(PRESS, i, False)
        for i in range(buttons):
            # And past all that the page would check.
            browser.open(base + path)
            browser.leave(lambda n=i: browser.run(PRESS, n, True))
            assert browser.all("[role=alert]"), browser.text
            sent += 1
        for i in range(forms):
            browser.open(base + path)
            browser.leave(lambda n=i: browser.run(
                "document.forms[arguments[0]].submit()", n))
            assert browser.all("[role=alert]"), browser.text
            sent += 1
    assert sent == 2 * 2 + 1 + 1  # the link's page, and the sign-in page
    assert state_of(daemon, agent, intent) == before
    # Two people must still approve, and can.
    visitor = webpage.Visitor(daemon.port)
    page = visitor.press(mail.path, visitor.open(mail.path), "Approve",
                         code=mail.code)
    assert "1 of 2 approvals" in page.text
