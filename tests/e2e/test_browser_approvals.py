"""The local page in a real browser, as the first reviewer meets it."""

import re

import pytest

import browser as chromium
import harness
import mailbox


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(config=mailbox.PEOPLE)


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


@pytest.fixture
def base(daemon):
    return f"http://127.0.0.1:{daemon.port}"


@pytest.fixture
def reviewer(browser, base, rita):
    """Rita's browser, signed in."""
    browser.open(f"{base}/approvals")
    browser.type("#key", rita.key)
    browser.press("Sign in")
    assert browser.heading.startswith("Waiting for a decision")
    return browser


def status(agent, intent):
    return agent.get(f"/v1/intents/{intent}").json()["status"]


def test_the_link_that_is_printed_leads_to_what_waits(make_daemon, browser):
    daemon = make_daemon(env={"ADMIN_API_KEY": None})
    agent = daemon.agent()
    intent = harness.submit(agent, destination="first.steps")["intentId"]
    link = re.search(r"http://\S+/sign-in/\S+", daemon.greeting()).group()
    browser.open(link)
    browser.press("Sign in")
    assert browser.heading == "Waiting for a decision: 1"
    browser.press("bot wants: first.steps")
    browser.press("Approve")
    assert "Approved by admin on the approvals page" in browser.text
    assert status(agent, intent) == "approved"
    browser.press("All that waits")
    assert browser.heading == "Waiting for a decision: 0"
    browser.press("Sign out")
    assert browser.heading == "Sign in"
    browser.open(link)
    browser.press("Sign in")
    assert "used before" in browser.text
    assert browser.heading == "Sign in"


def test_a_reviewer_approves_one_and_denies_another(agent, base, reviewer):
    good, bad = (harness.submit(agent, destination=d)["intentId"]
                 for d in ("good.deed", "bad.deed"))
    reviewer.open(f"{base}/approvals")
    reviewer.press("bot wants: good.deed")
    reviewer.press("Approve")
    assert "Approved by rita" in reviewer.text
    reviewer.press("All that waits")
    reviewer.press("bot wants: bad.deed")
    reviewer.type("#reason", "no \u00e9lan")
    reviewer.press("Deny")
    assert "Denied by rita" in reviewer.text
    assert "no \u00e9lan" in reviewer.text
    assert (status(agent, good), status(agent, bad)) == \
        ("approved", "blocked")
    reviewer.driver.back()
    reviewer.driver.refresh()
    assert "Denied by rita" in reviewer.text


def test_an_agent_does_not_get_in(agent, browser, base):
    browser.open(f"{base}/approvals")
    browser.type("#key", agent.key)
    browser.press("Sign in")
    assert "Agents do not decide." in browser.one("[role=alert]").text
    assert browser.one("#key").get_attribute("value") == ""
    browser.open(f"{base}/approvals")
    assert browser.heading == "Sign in"


def test_a_session_ends_with_its_key(daemon, agent, browser, base):
    intent = harness.submit(agent)["intentId"]
    key = daemon.key("brief")
    browser.open(f"{base}/approvals/{intent}")
    browser.type("#key", key.key)
    browser.press("Sign in")
    assert daemon.admin.post(f"/v1/keys/{key.id}/revoke", {}).status == 200
    browser.press("Approve")
    assert browser.heading == "Sign in"
    assert status(agent, intent) == "pending_approval"


def test_the_keyboard_alone_is_enough(agent, browser, base, rita):
    intent = harness.submit(agent, destination="by.keyboard")["intentId"]
    browser.open(f"{base}/approvals")
    browser.tab_to("#key")
    browser.keys(rita.key)
    browser.leave(lambda: browser.keys(chromium.Keys.ENTER))
    browser.tab_to(f"a[href$='{intent}']")
    browser.leave(lambda: browser.keys(chromium.Keys.ENTER))
    browser.tab_to("#reason")
    browser.keys("seen")
    browser.tab_to("button.deny")
    browser.leave(lambda: browser.keys(chromium.Keys.SPACE))
    assert status(agent, intent) == "blocked"
    browser.tab_to(".name a")
    browser.leave(lambda: browser.keys(chromium.Keys.ENTER))
    assert browser.heading.startswith("Waiting for a decision")


def test_enter_in_the_reason_is_a_new_line_and_no_answer(agent, base,
                                                         reviewer):
    intent = harness.submit(agent)["intentId"]
    reviewer.open(f"{base}/approvals/{intent}")
    reviewer.type("#reason", "one")
    reviewer.keys(chromium.Keys.ENTER, "two")
    assert reviewer.one("#reason").get_attribute("value") == "one\ntwo"
    assert status(agent, intent) == "pending_approval"


@pytest.mark.parametrize("size", [chromium.PHONE, (320, 640)], ids=str)
def test_a_telephone_shows_it_without_scrolling_sideways(agent, base,
                                                         reviewer, size):
    intent = harness.submit(agent, destination="d" * 200, payload="p" * 2000,
                            title="t" * 200, policy="two")["intentId"]
    reviewer.size(*size)
    for path in ("/approvals", f"/approvals/{intent}"):
        reviewer.open(base + path)
        assert reviewer.run("return document.documentElement.scrollWidth "
                            "<= innerWidth"), path
    for button in reviewer.all(".row button"):
        assert button.size["height"] >= 44
