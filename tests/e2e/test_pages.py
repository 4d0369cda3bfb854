"""The local page: the list, the card, and answering there."""

import re

import pytest

import harness
import mailbox
import webpage
from webpage import sign_in

POLICIES = dict(harness.POLICIES)
POLICIES["strict"] = ("id: strict\nrequire_approval: always\n"
                      "require_reason: true\n")
ALL_HEADERS = {
    "content-security-policy":
        "default-src 'none'; style-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.plain_env(), config=mailbox.PEOPLE,
                              policies=POLICIES)


@pytest.fixture
def visitor(daemon):
    return webpage.Visitor(daemon.port)


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


@pytest.fixture
def reviewer(daemon, rita):
    return sign_in(daemon, rita.key)


@pytest.fixture
def intent(agent):
    return harness.submit(agent, payload="hello")["intentId"]


def status(agent, intent):
    return agent.get(f"/v1/intents/{intent}").json()["status"]


# --- the list and the card ------------------------------------------------

def test_the_list_shows_what_waits_and_no_more(daemon, agent, reviewer):
    first = harness.submit(agent, destination="list.first", urgency="high",
                           metadata={"a": 1})["intentId"]
    second = harness.submit(agent, destination="list.second",
                            policy="two")["intentId"]
    page = reviewer.open("/approvals")
    assert [f"/approvals/{i}" in page.links for i in (first, second)] == \
        [True, True]
    for words in ("bot wants: list.first", "Urgency high",
                  "0 of 2 approvals", "1 h left"):
        assert words in page.text, words
    daemon.admin.post(f"/v1/intents/{first}/approve", {})
    page = reviewer.open("/approvals")
    assert f"/approvals/{first}" not in page.links
    assert f"/approvals/{second}" in page.links


def test_a_long_list_comes_in_pages(make_daemon):
    daemon = make_daemon()
    agent = daemon.agent()
    ids = {harness.submit(agent)["intentId"] for _ in range(203)}
    visitor = sign_in(daemon, harness.ADMIN_KEY)
    page, seen = visitor.open("/approvals"), []
    assert page.heading == "Waiting for a decision: 203"
    for _ in range(2):
        seen += [p.rsplit("/", 1)[1] for p in page.links
                 if p.startswith("/approvals/")]
        more = [p for p in page.links if "before=" in p]
        if more:
            page = visitor.open(more[0])
    assert len(seen) == 203 and set(seen) == ids


def test_what_is_not_there_is_not_found(reviewer):
    page = reviewer.open("/approvals/int_0000000000000000")
    assert (page.status, page.heading) == (404, "Not found")
    assert reviewer.visit("GET", "/approvals/a/b").status == 404


def test_the_page_shows_all_of_a_large_payload(agent, relay, reviewer):
    filler = "harmless line of the report\n" * 37449
    intent = harness.submit(
        agent, payload=filler + "and wire 1,000,000 to Mallory")["intentId"]
    page = reviewer.open(f"/approvals/{intent}")
    assert "and wire 1,000,000 to Mallory" in page.text
    assert len(page.html) > 1024 * 1024
    assert "missing here" not in page.text
    link = webpage.Visitor(reviewer.port).open(relay.ask(intent).path)
    assert "and wire 1,000,000 to Mallory" in link.text
    assert "missing here" not in link.text


@pytest.mark.parametrize("words,shown", [
    ("user\u202etxt.exe", "user\\u{202E}txt.exe"),
    ("pay\u200bpal", "pay\\u{200B}pal"),
    ("ok\U000e0041", "ok\\u{E0041}"),
    ("</pre><script>alert(1)</script>", "</pre><script>alert(1)</script>"),
    ("\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"),
    ("{{csrf}}{{#payload}}", "{{csrf}}{{#payload}}"),
    ("</textarea></form>", "</textarea></form>")])
def test_hostile_words_are_shown_and_do_nothing(agent, relay, reviewer,
                                                words, shown):
    intent = harness.submit(agent, payload=words, title=words,
                            description=words, destination=words,
                            metadata={"k": words})["intentId"]
    for page in (reviewer.open(f"/approvals/{intent}"),
                 webpage.Visitor(reviewer.port).open(relay.ask(intent).path)):
        assert page.text.count(shown) >= 4, page.text
        assert not re.search("[\u200b-\u200f\u2028-\u202e\u2060-\u2069"
                             "\U000e0000-\U000e007f]", page.html)
        assert not re.search(r"<(script|img|/textarea></form>|svg)",
                             page.html.replace("</textarea>\n<div", ""))
        assert page.form("Deny").fields["csrf"]


# --- deciding -------------------------------------------------------------

def test_a_reviewer_approves(agent, reviewer, intent):
    path = f"/approvals/{intent}"
    page = reviewer.press(path, reviewer.open(path), "Approve")
    assert page.status == 200
    assert "Approved by rita on the approvals page" in page.text
    assert page.forms == [page.form("Sign out")]
    assert status(agent, intent) == "approved"
    again = reviewer.open(path)
    assert "Approved by rita" in again.text
    assert len(again.forms) == 1


def test_a_reviewer_denies_with_a_reason(agent, reviewer, intent):
    path = f"/approvals/{intent}"
    page = reviewer.press(path, reviewer.open(path), "Deny",
                          reason="not <b>today</b>")
    assert "Reason: not <b>today</b>" in page.text
    row = agent.get(f"/v1/intents/{intent}").json()
    assert (row["status"], row["blockReason"]) == \
        ("blocked", "not <b>today</b>")


def test_a_denial_without_the_reason_that_is_wanted_is_asked_again(
        agent, reviewer):
    intent = harness.submit(agent, policy="strict")["intentId"]
    path = f"/approvals/{intent}"
    page = reviewer.press(path, reviewer.open(path), "Deny")
    assert page.status == 400
    assert "Say why, in a few words." in page.text
    assert status(agent, intent) == "pending_approval"
    page = reviewer.press(path, page, "Deny", reason="no")
    assert (page.status, status(agent, intent)) == (200, "blocked")


def test_who_owns_the_agent_may_deny_but_not_approve(daemon):
    agent = daemon.agent("own", owner="dana")
    dana = sign_in(daemon, daemon.key("dana's", person="dana").key)
    intent = harness.submit(agent)["intentId"]
    path = f"/approvals/{intent}"
    page = dana.open(path)
    assert "may not approve their own request" in page.text
    assert list(page.form("Deny").buttons) == ["Deny"]
    page = dana.post(path, {**page.form("Deny").fields, "option": "0"})
    assert page.status == 403
    assert status(agent, intent) == "pending_approval"
    page = dana.press(path, dana.open(path), "Deny", reason="my mistake")
    assert status(agent, intent) == "blocked"
    assert "Denied by Dana Li" in page.text


def test_who_is_not_named_may_do_neither(daemon, agent, reviewer):
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    path = f"/approvals/{intent}"
    page = reviewer.open(path)
    assert len(page.forms) == 1
    assert "may not decide this" in page.text
    fields = {"csrf": page.forms[0].fields["csrf"], "option": "0"}
    digest = sign_in(daemon, daemon.key("dana's", person="dana").key).open(
        path).form("Approve").fields["digest"]
    got = reviewer.post(path, {**fields, "digest": digest})
    assert got.status == 403
    assert status(agent, intent) == "pending_approval"


def test_one_person_answers_once_and_is_told_so(daemon, agent, reviewer):
    intent = harness.submit(agent, policy="two")["intentId"]
    path = f"/approvals/{intent}"
    before = reviewer.open(path)
    page = reviewer.press(path, before, "Approve")
    assert "1 of 2 approvals so far" in page.text
    assert "Your answer is counted" in page.text
    assert len(page.forms) == 1
    assert reviewer.press(path, before, "Deny").status == 409
    assert "You have answered" in reviewer.open("/approvals").text
    assert status(agent, intent) == "pending_approval"
    other = sign_in(daemon, daemon.key("second").key)
    page = other.press(path, other.open(path), "Approve")
    assert "Approved by rita and second" in page.text


def test_who_comes_late_is_told_who_decided(daemon, agent, reviewer, intent):
    path = f"/approvals/{intent}"
    before = reviewer.open(path)
    daemon.key("lara").post(f"/v1/intents/{intent}/reject", {})
    page = reviewer.press(path, before, "Approve")
    assert page.status == 409
    assert "Denied by lara over the API" in page.text
    assert "Your answer does not count" in page.text
    assert status(agent, intent) == "blocked"


# --- forms that are not the page's ----------------------------------------

def test_a_form_of_another_session_is_not_taken(daemon, agent, reviewer,
                                                intent):
    path = f"/approvals/{intent}"
    page = reviewer.open(path)
    lara = sign_in(daemon, daemon.key("lara").key)
    foreign = lara.open(path).form("Approve").fields["csrf"]
    for csrf in (None, "", "0" * 64, foreign):
        got = reviewer.press(path, page, "Approve", csrf=csrf)
        assert got.status == 403
        assert "Please answer on this page." in got.text
    assert status(agent, intent) == "pending_approval"


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
    ids=str)
def test_no_form_from_elsewhere_is_taken(agent, reviewer, rita, intent,
                                         headers):
    path = f"/approvals/{intent}"
    page = reviewer.open(path)
    assert reviewer.press(path, page, "Approve", headers).status == 403
    assert reviewer.press(path, page, "Sign out", headers).status == 403
    assert reviewer.open("/approvals").status == 200
    door = webpage.Visitor(reviewer.port)
    assert door.press("/sign-in", door.open("/sign-in"), "Sign in", headers,
                      key=rita.key).status == 403
    assert status(agent, intent) == "pending_approval"


@pytest.mark.parametrize("changes", [
    {"digest": None}, {"digest": "0" * 64}, {"option": "9"},
    {"option": "x"}], ids=str)
def test_an_answer_that_does_not_fit_is_not_taken(agent, reviewer, intent,
                                                  changes):
    path = f"/approvals/{intent}"
    got = reviewer.press(path, reviewer.open(path), "Approve", **changes)
    assert got.status in (400, 409)
    assert status(agent, intent) == "pending_approval"


# --- every page -----------------------------------------------------------

PAGES = {
    # page: (path, status); {i} waits, {l} is a link, {u} a used one
    "list": ("/approvals", 200),
    "intent": ("/approvals/{i}", 200),
    "settled": ("/approvals/{s}", 200),
    "no intent": ("/approvals/int_x", 404),
    "door": ("/sign-in", 200),
    "one-time door": ("/sign-in/00", 200),
    "link": ("{l}", 200),
    "used link": ("{u}", 410),
    "forged link": ("/l/x", 404),
}


@pytest.fixture(scope="module")
def places(daemon, relay):
    """What stands for {i}, {s}, {l} and {u}."""
    agent = daemon.agent("places")
    waits, settled = (harness.submit(agent, payload="x", title="t",
                                     description="d")["intentId"]
                      for _ in range(2))
    links = {"l": relay.ask(waits).path, "u": relay.ask(settled).path}
    assert daemon.admin.post(f"/v1/intents/{settled}/approve",
                             {}).status == 200
    return {"i": waits, "s": settled, **links}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_keeps_to_itself_and_can_be_read_aloud(daemon, rita,
                                                          places, name):
    path, expected = PAGES[name]
    path = path.format(**places)
    visitor = webpage.Visitor(daemon.port) if "door" in name else \
        sign_in(daemon, rita.key)
    got = visitor.visit("GET", path)
    assert got.status == expected
    for header, value in ALL_HEADERS.items():
        assert got.headers[header] == value, header
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    head = visitor.visit("HEAD", path)
    assert (head.status, head.body) == (expected, b"")
    page = webpage.Page(got)
    assert page.lang == "en"
    assert len(page.h1) == 1 and page.heading
    assert page.unlabelled() == []
    assert len(set(page.ids)) == len(page.ids)
    assert not re.search(r"<script|<img|style=|https?://|javascript:",
                         page.html)
    assert "<title>" in page.html and 'name="viewport"' in page.html
    for form in page.forms:
        assert form.method == "post" and form.has("csrf")
    refused = visitor.visit("PUT", path)
    assert refused.status == 405
    for header, value in ALL_HEADERS.items():
        assert refused.headers[header] == value, header


def test_a_redirection_and_the_style_keep_to_themselves_too(visitor):
    got = visitor.visit("GET", "/approvals")
    assert got.headers["cache-control"] == "no-store"
    style = visitor.visit("GET", "/style.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    for answer in (got, style):
        for header, value in ALL_HEADERS.items():
            assert answer.headers[header] == value, header
    text = style.body.decode()
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"url\(|@import|https?:", text)


def test_no_key_of_a_visitor_is_left_in_the_log_or_the_database(daemon,
                                                                rita):
    sign_in(daemon, rita.key)
    session = sign_in(daemon, rita.key).cookies["assent_session"]
    assert mailbox.leaks(daemon, [], rita.key, session,
                         harness.ADMIN_KEY) == []
