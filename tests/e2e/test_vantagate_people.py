"""Checkpoints that people decide: by mail, by a Slack post, over the API."""

import json
import sys

import pytest

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "fake"))
import slack_blocks  # noqa: E402
import chat_slack  # noqa: E402
import mailbox  # noqa: E402
import vantagate  # noqa: E402
import webpage  # noqa: E402
from vantagate import Checkpoint, let_time_pass, wait_status  # noqa: E402

GUEST = "m.miller@acme.com"
MASK = "m***r@acme.com"


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay()


@pytest.fixture(scope="module")
def slack():
    got = harness.Receiver()
    yield got
    got.close()


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay, slack):
    return make_shared_daemon(
        env=relay.plain_env(
            VANTAGATE_SLACK_WEBHOOK_PREFIX=f"http://127.0.0.1:{slack.port}/"),
        config=mailbox.PEOPLE)


@pytest.fixture
def agent(daemon):
    return vantagate.as_client(daemon.agent())


@pytest.fixture
def nobody(daemon):
    return daemon.client()


def asked_by_mail(relay, checkpoint, to=GUEST):
    return relay.ask(checkpoint.intent, to)


def audit(daemon, checkpoint, kind):
    got = daemon.admin.get(f"/v1/intents/{checkpoint.intent}/audit").json()
    return [e for e in got["events"] if e["type"] == kind]


# --- by mail --------------------------------------------------------------

def test_who_is_nobody_here_decides_by_mail(daemon, relay, agent):
    c = Checkpoint(agent, {"amount": 120}, notify_email=GUEST,
                   title="Refund $120", description="Arrived broken")
    mail = asked_by_mail(relay, c)
    visitor = webpage.Visitor(daemon.port)
    page = visitor.open(mail.path)
    assert page.status == 200
    for words in ('"amount": 120', "Refund $120", "Arrived broken",
                  f"Asked of {MASK}"):
        assert words in page.text, words
    page = visitor.press(mail.path, page, "Approve", code=mail.code)
    assert (page.status, page.heading) == (200, "Approved")
    assert c.poll() == {
        "id": c.id, "status": "APPROVED", "selected_option": "Approve",
        "reject_reason": None, "payload_hash": c.hash,
        "audit": {"decided_at": c.poll()["audit"]["decided_at"],
                  "decided_by_mask": MASK, "decided_by_slack_id": None}}
    [vote] = audit(daemon, c, "vote")
    assert vote["metadata"]["assurance"] == "link+code"
    assert vote["metadata"]["via"] == "email"
    assert GUEST not in daemon.log_text()


def test_an_address_of_somebody_here_is_that_person(daemon, relay, agent):
    c = Checkpoint(agent, notify_email="SAM@example.com")
    mail = asked_by_mail(relay, c, "sam@example.com")
    visitor = webpage.Visitor(daemon.port)
    visitor.press(mail.path, visitor.open(mail.path), "Reject (denies)",
                  sure="yes", reason="no")
    got = c.poll()
    assert got["status"] == "REJECTED"
    assert got["reject_reason"] == "no"
    assert got["audit"]["decided_by_mask"] == "s***m@example.com"
    [vote] = audit(daemon, c, "vote")
    assert vote["metadata"]["by"] == "sam"


def test_who_is_asked_here_is_asked_beside_the_address(relay, agent):
    c = Checkpoint(agent, notify_email=GUEST)
    assert asked_by_mail(relay, c, "dana@example.com")
    assert asked_by_mail(relay, c, "lee@example.com")
    assert asked_by_mail(relay, c)


def test_a_guest_is_told_the_end_that_somebody_else_made(
        daemon, relay, agent, nobody):
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    reviewer = vantagate.as_client(daemon.key())
    assert c.decide(reviewer, "Reject").status == 200
    relay.wait(2, to=GUEST, about=c.intent)
    assert c.decide(nobody, token=mail.token).json()["error"] == \
        "Already_Decided"


def test_the_owner_of_the_agent_does_not_approve_as_a_guest(
        daemon, relay, nobody):
    agent = vantagate.as_client(daemon.agent(owner="M.Miller@acme.com"))
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    got = c.decide(nobody, token=mail.token, code=mail.code)
    assert (got.status, got.json()["error"]) == (403, "Forbidden")
    assert c.status == "PENDING"
    assert c.decide(nobody, "Reject", token=mail.token).status == 200


# --- by the API with a link ----------------------------------------------

def test_a_link_decides_over_the_api_with_its_code(relay, agent, nobody):
    c = Checkpoint(agent, {"amount": 5}, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    got = c.view(nobody, mail.token)
    assert got.status == 200
    assert got.json()["payload"] == {"amount": 5}
    for code in (None, "000000" if mail.code != "000000" else "111111"):
        got = c.decide(nobody, token=mail.token, code=code)
        assert (got.status, got.json()["error"]) == (403, "Forbidden")
        assert c.status == "PENDING"
    got = c.decide(nobody, token=mail.token, code=mail.code.lower())
    assert got.json() == {
        "message": "Decision recorded. Data purged securely."}
    assert c.status == "APPROVED"
    got = c.decide(nobody, token=mail.token, code=mail.code)
    assert (got.status, got.json()["error"]) == (409, "Already_Decided")


def test_saying_no_needs_no_code(relay, agent, nobody):
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    assert c.decide(nobody, "Reject", token=mail.token,
                    reason="not today").status == 200
    assert c.poll()["reject_reason"] == "not today"


def test_too_many_wrong_codes_lock_the_link(relay, agent, nobody):
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    wrong = "000000" if mail.code != "000000" else "111111"
    for _ in range(5):
        assert c.decide(nobody, token=mail.token, code=wrong).status == 403
    got = c.decide(nobody, token=mail.token, code=mail.code)
    assert (got.status, got.json()["error"]) == (404, "Not_Found")
    assert c.status == "PENDING"


def test_too_late_is_gone(daemon, relay, agent, nobody):
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    let_time_pass(daemon, c.intent)
    got = c.decide(nobody, token=mail.token, code=mail.code)
    assert (got.status, got.json()["error"]) == (410, "Checkpoint_Expired")
    got = wait_status(c, "EXPIRED")
    assert got["payload_hash"] == c.hash
    assert got["selected_option"] is None and got["reject_reason"] is None
    assert got["audit"]["decided_by_mask"] is None
    reviewer = vantagate.as_client(daemon.key())
    assert c.decide(reviewer).json()["error"] == "Checkpoint_Expired"
    assert c.view(nobody).json()["status"] == "EXPIRED"


def test_an_agents_key_beside_a_good_link_decides_nothing(
        daemon, relay, agent, nobody):
    c = Checkpoint(agent, notify_email=GUEST)
    mail = asked_by_mail(relay, c)
    got = c.decide(agent, token=mail.token, code=mail.code)
    assert (got.status, got.json()["error"]) == (403, "Forbidden")
    assert c.status == "PENDING"
    [refused] = audit(daemon, c, "decision_refused")
    assert refused["metadata"]["reason"] == "wrong_class"
    assert c.decide(nobody, token=mail.token, code=mail.code).status == 200


# --- by a Slack post ------------------------------------------------------

def slack_post(slack, path):
    def found():
        return [json.loads(g["body"]) for g in slack.got if g["path"] == path]
    return harness.wait_for(found, 15, "the Slack post")[0]


def texts(message):
    """All that stands in rich text, in order."""
    out = []

    def walk(v):
        if isinstance(v, list):
            for item in v:
                walk(item)
        elif isinstance(v, dict):
            if v.get("type") == "text":
                out.append(v["text"])
            for item in v.values():
                walk(item)
    walk(message["blocks"])
    return out


def button_of(message):
    [actions] = [b for b in message["blocks"] if b["type"] == "actions"]
    [button] = actions["elements"]
    return button


def test_who_reads_the_slack_post_decides_behind_its_button(
        daemon, slack, agent):
    hook = f"http://127.0.0.1:{slack.port}/services/T1/B1/secret1"
    c = Checkpoint(agent, {"say": "<!channel> *hi*"}, title="Post & go",
                   slack_webhook_url=hook, options=["Go", "Stop", "Later"])
    message = slack_post(slack, "/services/T1/B1/secret1")
    assert message["unfurl_links"] is False
    assert "<!" not in message["text"] and "*" not in message["text"]
    said = "".join(texts(message))
    assert '"say": "<!channel> *hi*"' in said and "Post & go" in said
    button = button_of(message)
    assert button["text"]["type"] == "plain_text"
    path = button["url"].removeprefix(f"http://127.0.0.1:{daemon.port}")
    assert path.startswith("/l/")
    code = texts(message)[-1]
    visitor = webpage.Visitor(daemon.port)
    page = visitor.open(path)
    assert "Asked of reader of the Slack post" in page.text
    assert c.status == "PENDING"
    page = visitor.press(path, page, "Later (neither approves nor denies)",
                         code=code)
    assert page.status == 200
    got = c.poll()
    assert (got["status"], got["selected_option"]) == ("RESOLVED", "Later")
    assert got["audit"]["decided_by_mask"] is None
    assert got["audit"]["decided_by_slack_id"] is None
    [vote] = audit(daemon, c, "vote")
    assert vote["metadata"]["via"] == "slack_webhook"
    assert vote["metadata"]["assurance"] == "link+code"
    assert vote["actor"] == "reader of the Slack post"


def test_a_slack_post_is_as_slack_takes_it(slack, agent):
    hook = f"http://127.0.0.1:{slack.port}/services/T1/B1/limits"
    Checkpoint(agent, {"long": "x" * 50_000, "odd": "\u202e<>&"},
               title="T" * 200, description="<d>\n" * 250,
               slack_webhook_url=hook)
    message = slack_post(slack, "/services/T1/B1/limits")
    assert slack_blocks.of_message(message["blocks"]) == (None, [])
    assert "".join(texts(message)).count("\u202e") == 0


def test_what_slack_refuses_is_tried_once_what_fails_again(
        make_daemon, receiver):
    receiver.script = [500, (429, {"Retry-After": "1"}), 200]
    d = make_daemon(env={
        "VANTAGATE_SLACK_WEBHOOK_PREFIX": f"http://127.0.0.1:{receiver.port}/",
        "ASSENT_SMTP_RETRY_S": "1"})
    agent = vantagate.as_client(d.agent())
    c = Checkpoint(agent, slack_webhook_url=receiver.url)
    receiver.wait(3)
    receiver.script = [404]
    gone = Checkpoint(agent, slack_webhook_url=receiver.url)
    receiver.wait(4)

    def rows(checkpoint):
        got = d.admin.get(f"/v1/deliveries?intent={checkpoint.intent}")
        return got.json()["deliveries"]
    harness.wait_for(lambda: rows(gone)[0]["state"] == "dead")
    harness.wait_for(lambda: rows(c)[0]["state"] == "done")
    assert rows(c)[0]["address"] == "Slack"
    assert receiver.url not in d.admin.get("/v1/deliveries").body.decode()


def test_readers_of_slack_are_no_second_person(make_daemon, slack):
    d = make_daemon(env={
        "VANTAGATE_POLICY": "two",
        "VANTAGATE_SLACK_WEBHOOK_PREFIX": f"http://127.0.0.1:{slack.port}/"})
    agent = vantagate.as_client(d.agent())
    hook = f"http://127.0.0.1:{slack.port}/services/T1/B1/two"
    c = Checkpoint(agent, slack_webhook_url=hook)
    message = slack_post(slack, "/services/T1/B1/two")
    token = button_of(message)["url"].rsplit("/", 1)[1]
    code = texts(message)[-1]
    got = c.decide(d.client(), token=token, code=code)
    assert got.status == 403
    assert "2 people must approve" in got.json()["message"]
    one = vantagate.as_client(d.key("one"))
    assert c.decide(one).json()["message"] == \
        "Decision recorded. Others are asked, too."
    assert c.status == "PENDING"
    assert c.decide(d.client(), "Reject", token=token).status == 200
    assert c.status == "REJECTED"


# --- in Slack itself ------------------------------------------------------

class InSlack(chat_slack.Asked):
    """A checkpoint whose card is in Slack."""

    def __init__(self, desk, people):
        self.desk, self.people, self.agent = desk, people, desk.agent
        self.checkpoint = Checkpoint(
            vantagate.as_client(desk.daemon.agent()), title="In Slack")
        self.id = self.checkpoint.intent


@pytest.mark.parametrize("n", [0, 1], ids=["named", "found by mail"])
def test_who_clicks_in_slack_is_named_by_mask_and_account(make_daemon, n):
    with chat_slack.desk(make_daemon, by_email=(1,),
                         config_more="notify: {approvers: [p0, p1]}\n") as d:
        who = d.everybody[n]
        asked = InSlack(d, [who])
        asked.press("Approve")
        got = wait_status(asked.checkpoint, "APPROVED")
        assert got["audit"]["decided_by_slack_id"] == who.user
        assert got["audit"]["decided_by_mask"] == "p***@example.com"


# --- looking --------------------------------------------------------------

def test_the_dashboard_shows_and_does_not_decide(daemon, agent):
    c = Checkpoint(agent, {"amount": 9})
    path = c.answer["dashboard_url"].removeprefix(
        f"http://127.0.0.1:{daemon.port}")
    assert path == f"/verify/{c.token}"
    visitor = webpage.Visitor(daemon.port)
    page = visitor.open(path)
    assert page.status == 200 and page.forms == []
    assert '"amount": 9' in page.text
    assert "This page does not decide." in page.text
    got = visitor.visit("POST", path, raw=b"option=0",
                        headers={"Content-Type":
                                 "application/x-www-form-urlencoded"})
    assert got.status == 403
    assert c.status == "PENDING"
    reviewer = vantagate.as_client(daemon.key())
    assert c.decide(reviewer).status == 200
    assert '"amount": 9' not in visitor.open(path).text


def test_a_policy_that_says_who_decides_is_the_whole_list(make_daemon):
    d = make_daemon(
        env={"VANTAGATE_POLICY": "named"}, config=mailbox.PEOPLE,
        policies={"named": "id: named\nrequire_approval: always\n"
                           "approvers: [dana]\n"})
    agent = vantagate.as_client(d.agent())
    got = agent.post(vantagate.CREATE, {"title": "x", "payload": {},
                                        "notify_email": GUEST})
    assert (got.status, got.json()["error"]) == (400, "Validation_Error")
    assert "notify_email" in got.json()["message"]
    c = Checkpoint(agent, notify_email="dana@example.com")
    assert c.status == "PENDING"


def test_a_policy_may_decide_by_itself(make_daemon):
    d = make_daemon(env={"VANTAGATE_POLICY": "closed"})
    agent = vantagate.as_client(d.agent())
    c = Checkpoint(agent)
    assert c.answer["status"] == "REJECTED"
    got = c.poll()
    assert got["status"] == "REJECTED" and got["selected_option"] is None
    assert got["reject_reason"] and got["payload_hash"] == c.hash


def test_a_start_refuses_a_policy_that_is_not_there(make_daemon):
    d = make_daemon(start=False, env={"VANTAGATE_POLICY": "nowhere"})
    assert "there is no policy nowhere" in d.start_refused()
