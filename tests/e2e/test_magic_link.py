"""The page behind a link of a mail: every way to answer, and to be refused."""

import concurrent.futures

import pytest

import harness
import mailbox
import webpage
from asked import Asked, wrong_code

POLICIES = dict(harness.POLICIES)
POLICIES["strict"] = ("id: strict\nrequire_approval: always\n"
                      "require_reason: true\n")
CODE_TRIES = 5


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.plain_env(), config=mailbox.PEOPLE,
                              policies=POLICIES)


@pytest.fixture
def asked(daemon, relay, agent):
    return lambda **fields: Asked(daemon, relay, agent, **fields)


# --- answering ------------------------------------------------------------

def test_who_types_the_code_approves(asked):
    a = asked()
    page = a.press()
    assert (page.status, page.heading) == (200, "Approved")
    assert "Approved by Dana Li by mail" in page.text
    assert "bot wants: mail.send" in page.text
    assert a.row()["decided_name"] == "Dana Li"
    assert a.status == "approved"


def test_the_page_shows_who_asks_for_what_before_it_takes_an_answer(asked):
    a = asked(payload='{"to":"ann"}', title="Greet Ann",
              metadata={"order": "5512"})
    page = a.open()
    assert page.status == 200
    for words in ("bot wants: mail.send", "Waiting for a decision",
                  '"to": "ann"', "Greet Ann", "5512", "Asked of Dana Li",
                  a.row()["payload_sha256"]):
        assert words in page.text, words


def test_denying_needs_no_code_but_the_box(asked):
    a = asked()
    page = a.press("Deny")
    assert page.status == 400
    assert "Tick this box to deny." in page.text
    assert a.status == "pending_approval"
    page = a.deny(reason="not today")
    assert (page.status, page.heading) == (200, "Denied")
    assert "not today" in page.text
    assert a.status == "blocked"
    assert a.row()["blockReason"] == "not today"
    assert [e["metadata"]["assurance"] for e in a.audit()
            if e["event_type"] == "approval_vote_recorded"] == ["link"]


def test_a_denial_gives_its_reason_where_the_policy_wants_one(asked):
    a = asked(policy="strict")
    page = a.deny(reason="")
    assert page.status == 400
    assert "Say why, in a few words." in page.text
    assert a.status == "pending_approval"
    assert a.deny(reason="no").status == 200


def test_an_own_option_is_neither_approval_nor_denial(asked):
    a = asked(options=[{"label": "All", "outcome": "approve"},
                       {"label": "Half", "outcome": "other"},
                       {"label": "None", "outcome": "deny"}])
    page = a.press("Half (neither approves nor denies)", code=a.mail.code)
    assert (page.status, page.heading) == (200, "Your choice is recorded")
    assert a.row()["status"] == "resolved"


@pytest.mark.parametrize("typed", [
    str.lower, lambda c: f" {c[:3]} {c[3:]} ", lambda c: f"{c[:3]}-{c[3:]}",
    lambda c: c.replace("0", "O").replace("1", "l")],
    ids=["lower", "blanks", "dash", "letters"])
def test_a_code_may_be_typed_as_people_type(asked, typed):
    a = asked()
    assert a.press(code=typed(a.mail.code)).heading == "Approved"


# --- codes ----------------------------------------------------------------

def test_a_wrong_code_is_counted_and_the_sixth_try_is_locked(asked):
    a = asked()
    wrong = wrong_code(a.mail)
    for left in range(CODE_TRIES - 1, 0, -1):
        page = a.press(code=wrong)
        assert page.status == 403
        assert "This code is not the one of the message." in page.text
        tries = "1 more try" if left == 1 else f"{left} more tries"
        assert tries in page.text
    page = a.press(code=wrong)
    assert (page.status, page.heading) == (403, "This link is locked")
    # Nothing is left to press, and nothing counts that is posted.
    assert a.open().forms == []
    assert a.open().status == 403
    other = a.other().open()
    fields = {**other.form("Approve").fields, "option": "0"}
    assert a.visitor.post(a.path, {**fields, "code": a.mail.code}).status \
        == 403
    assert a.visitor.post(a.path, {**fields, "sure": "yes",
                                   "option": "1"}).status == 403
    assert a.status == "pending_approval"
    assert a.refusals() == ["wrong_code"] * CODE_TRIES + ["link_locked"] * 2
    # The lock is this link's alone.
    assert a.other().press().heading == "Approved"


def test_guesses_made_at_once_are_counted_one_by_one(asked):
    a = asked()
    page, wrong = a.open(), wrong_code(a.mail)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        got = list(pool.map(lambda _: a.press(page=page, code=wrong),
                            range(64)))
    assert {p.status for p in got} == {403}
    assert a.refusals().count("wrong_code") == CODE_TRIES
    assert sum("more tr" in p.text for p in got) == CODE_TRIES - 1


@pytest.mark.parametrize("typed", [None, "", "   ", "-"])
def test_a_code_that_is_not_typed_is_no_try(asked, typed):
    a = asked()
    for _ in range(CODE_TRIES + 1):
        page = a.press(code=typed)
        assert page.status == 400
        assert "Type the code" in page.text
    assert a.status == "pending_approval"
    assert a.press().heading == "Approved"


@pytest.mark.parametrize("typed", ["12345", "1234567", "ABC!EF", "A" * 100,
                                   "\u200b" * 6, "'; drop"])
def test_what_cannot_be_a_code_approves_nothing(asked, typed):
    a = asked()
    assert a.press(code=typed).status == 403
    assert a.status == "pending_approval"


def test_the_code_of_another_mail_does_not_count(asked):
    a = asked()
    other = a.other()
    assert a.mail.code != other.mail.code
    assert a.press(code=other.mail.code).status == 403
    assert a.status == "pending_approval"


# --- links that do not count ----------------------------------------------

def test_a_used_link_tells_who_decided_and_changes_nothing(asked):
    a = asked()
    before = a.open()
    a.press()
    for page in (a.open(), a.press(page=before), a.press("Deny", before,
                                                         sure="yes")):
        assert (page.status, page.heading) == (410, "This is settled")
        assert "Approved by Dana Li by mail" in page.text
        assert page.forms == []
    assert a.status == "approved"
    assert a.refusals() == ["link_used"] * 2


@pytest.mark.parametrize("verb,words", [
    ("approve", "Approved by rita over the API"),
    ("reject", "Denied by rita over the API"),
    ("cancel", "Cancelled by rita over the API")])
def test_a_link_to_what_was_settled_elsewhere_tells_by_whom(
        daemon, asked, verb, words):
    a = asked()
    before = a.open()
    rita = daemon.key("rita")
    assert rita.post(f"/v1/intents/{a.id}/{verb}", {}).status == 200
    for page in (a.open(), a.press(page=before)):
        assert (page.status, page.heading) == (410, "This is settled")
        assert words in page.text, page
    assert a.refusals() == ["link_over"]


def test_an_expired_link_tells_that_nobody_decided(asked):
    a = asked(expiresIn="2s")
    before = a.open()
    harness.wait_for(lambda: a.status == "expired", what="the end of time")
    for page in (a.open(), a.press(page=before), a.press("Deny", before,
                                                         sure="yes")):
        assert (page.status, page.heading) == (410, "This is settled")
        assert "Expired without a decision" in page.text
    assert a.status == "expired"


def test_a_link_of_somebody_who_left_does_not_count(daemon, asked):
    a = asked()
    before = a.open()
    config = daemon.folder / "assent.yaml"
    whole = config.read_text()
    config.write_text("\n".join(
        line for line in whole.splitlines() if "id: dana" not in line
    ).replace("[dana, lee]", "[lee]"))
    daemon.hup()
    try:
        harness.wait_for(lambda: a.open().status == 403, what="the reload")
        for page in (a.open(), a.press(page=before)):
            assert (page.status, page.heading) == \
                (403, "Not for you any more")
            assert page.forms == []
        assert a.status == "pending_approval"
        assert a.refusals() == ["link_of_a_stranger"]
    finally:
        config.write_text(whole)
        daemon.hup()
        harness.wait_for(lambda: a.open().status == 200, what="the reload")


def other_letter(c):
    return "A" if c != "A" else "B"


FORGERIES = {
    "key id": lambda t: other_letter(t[0]) + t[1:],
    "expiry": lambda t: t[:6] + other_letter(t[6]) + t[7:],
    "middle": lambda t: t[:90] + other_letter(t[90]) + t[91:],
    "signature": lambda t: t[:-5] + other_letter(t[-5]) + t[-4:],
    "half": lambda t: t[:len(t) // 2],
    "short": lambda t: t[:-1],
    "long": lambda t: t + "A",
    "padded": lambda t: t + "=",
    "blank": lambda t: t + "%20",
    "dot": lambda t: t + ".",
    "upper": lambda t: t.upper(),
    "huge": lambda t: t * 6,
    "empty signature": lambda t: t[:-43] + "A" * 43,
    "nonsense": lambda t: "0",
    "not UTF-8 inside": lambda t: "%C3%A9" * 20,
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_link_leads_nowhere(asked, how):
    a = asked()
    page = a.open()
    fields = {**page.form("Approve").fields, "option": "0",
              "code": a.mail.code}
    path = "/l/" + FORGERIES[how](a.mail.token)
    for got in (a.visitor.visit("GET", path), a.visitor.post(path, fields)):
        assert got.status == 404
        assert b"mail.send" not in got.body
    assert webpage.Page(got).heading == "This link does not work"
    assert a.status == "pending_approval"
    assert a.open().status == 200


def test_a_link_of_another_daemon_leads_nowhere(make_daemon, make_relay,
                                                asked):
    relay = make_relay()
    other = make_daemon(env=relay.plain_env(), config=mailbox.PEOPLE)
    foreign = relay.ask(harness.submit(other.agent())["intentId"])
    assert asked().open(foreign.path).status == 404


@pytest.mark.parametrize("path", ["/l/", "/l", "/l/a/b", "/l/%2e%2e"])
def test_what_is_no_link_is_not_found(daemon, path):
    assert daemon.client().get(path).status == 404


# --- how many, and who ----------------------------------------------------

def test_two_people_over_two_mails_make_a_quorum_of_two(asked):
    a = asked(policy="two")
    page = a.press()
    assert (page.status, page.heading) == (200, "Your answer counts")
    assert "1 of 2 approvals" in page.text
    assert a.status == "pending_approval"
    used = a.open()
    assert (used.status, used.heading) == (410, "This link was used")
    lee = a.other()
    assert "1 of 2 approvals" in lee.open().text
    page = lee.press()
    assert page.heading == "Approved"
    assert "Approved by Dana Li and Lee Ray" in page.text
    assert a.status == "approved"


def test_one_person_by_mail_and_by_key_is_one_vote(daemon, asked):
    a = asked(policy="two")
    key = daemon.key("dana at her desk", person="dana")
    a.press()
    got = key.post(f"/v1/intents/{a.id}/approve", {})
    assert got.status == 409
    assert a.status == "pending_approval"

    b = asked(policy="two")
    before = b.open()
    assert key.post(f"/v1/intents/{b.id}/approve", {}).status == 200
    for page in (b.open(), b.press(page=before)):
        assert (page.status, page.heading) == \
            (410, "You have answered already")
        assert "1 of 2 approvals" in page.text
    assert b.status == "pending_approval"
    assert b.refusals() == ["already_voted"]
    assert b.other().press().heading == "Approved"


@pytest.mark.parametrize("round_", range(3))
def test_of_two_people_who_answer_at_once_one_decides(asked, round_):
    a = asked()
    lee = a.other()
    mine, his = a.open(), lee.open()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pages = [pool.submit(a.press, page=mine),
                 pool.submit(lee.deny, page=his)]
        pages = [p.result() for p in pages]
    won = [p for p in pages if p.status == 200]
    lost = [p for p in pages if p.status == 410]
    assert (len(won), len(lost)) == (1, 1), pages
    by = "Dana Li" if won[0] is pages[0] else "Lee Ray"
    assert lost[0].heading == "This is settled"
    assert f"by {by} by mail" in lost[0].text
    assert a.status == ("approved" if by == "Dana Li" else "blocked")


def test_of_many_answers_over_one_link_one_counts(asked):
    a = asked(policy="two")
    page = a.open()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: a.press(page=page), range(16)))
    assert sorted(p.status for p in pages) == [200] + [410] * 15
    assert a.status == "pending_approval"
    assert a.events().count("approval_vote_recorded") == 1
    assert a.other().press().heading == "Approved"
