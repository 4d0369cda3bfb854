"""Mails: who gets them, what they say, and how they travel."""

import email.utils
import re

import pytest

import harness
import mailbox

KB = 1024
POLICIES = dict(harness.POLICIES)
POLICIES["sam"] = ("id: sam\nrequire_approval: always\n"
                   "approvers: [sam]\n")


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay(*mailbox.AUTH)


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.env(), config=mailbox.PEOPLE,
                              policies=POLICIES)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent()


def headers_of(raw):
    """The header lines as they travel, folded ones in one piece."""
    head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    return re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")


def ready(daemon):
    got = daemon.client().get("/readyz")
    return got.status, got.json()["status"], got.json()["channels"]["email"]


def deliveries(daemon, intent, kind="ask"):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}")
    assert got.status == 200
    return [d for d in got.json()["deliveries"] if d["kind"] == kind]


def done(daemon, intent):
    """The row of the one mail, when its end is stored."""
    return harness.wait_for(lambda: [d for d in deliveries(daemon, intent)
                                     if d["state"] == "done"],
                            what="the end of the mail")[0]


def events(daemon, intent, kind):
    got = daemon.admin.get(f"/v1/intents/{intent}/audit").json()
    return [e["metadata"] for e in got["events"] if e["type"] == kind]


# --- who is asked ---------------------------------------------------------

def test_each_approver_gets_a_mail_of_their_own(relay, agent):
    intent = harness.submit(agent, payload="hello")["intentId"]
    mails = relay.wait(2, about=intent)
    assert {m.to for m in mails} == {"dana@example.com", "lee@example.com"}
    for other in ("link", "code", "token"):
        assert getattr(mails[0], other) != getattr(mails[1], other)
    for m, name in ((relay.ask(intent), "Dana Li"),
                    (relay.ask(intent, "lee@example.com"), "Lee Ray")):
        assert m.facts["from"] == mailbox.FROM
        assert (m.facts["tls"], m.facts["sni"], m.facts["user"]) == \
            (True, "localhost", mailbox.USER)
        assert m["To"].addresses[0].display_name == name
        assert f"made for {name} alone" in " ".join(m.text.split())
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]


def test_who_asks_is_not_asked(daemon, relay):
    agent = daemon.agent("dana's bot", owner="dana@example.com")
    intent = harness.submit(agent)["intentId"]
    assert [m.to for m in relay.wait(1, about=intent)] == ["lee@example.com"]
    assert [d["person"] for d in deliveries(daemon, intent)] == ["lee"]


def test_whom_a_policy_or_an_intent_names_is_asked_and_nobody_else(
        daemon, relay, agent):
    for fields in ({"policy": "sam"}, {"approvers": ["sam"]}):
        intent = harness.submit(agent, **fields)["intentId"]
        assert relay.wait(1, about=intent)[0].to == "sam@example.com"
        assert [d["person"] for d in deliveries(daemon, intent)] == ["sam"]


# --- what it says ---------------------------------------------------------

def test_a_mail_is_made_as_mail_programs_and_robots_want_it(relay, agent):
    intent = harness.submit(agent, payload="hello",
                            metadata={"x": "y"})["intentId"]
    m = relay.ask(intent)
    assert m.message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in m.message.iter_parts()] == \
        ["text/plain", "text/html"]
    assert not m.message.defects
    assert m["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[a-z]+_[0-9a-f]{16}@example\.com>",
                        m["Message-ID"])
    assert m["In-Reply-To"] is None and m["References"] is None
    assert abs(email.utils.parsedate_to_datetime(m["Date"]).timestamp()
               - relay.folder.stat().st_mtime) < 3600
    assert m["Subject"] == "Approve? bot wants: mail.send"
    assert len({h.split(":")[0].lower() for h in headers_of(m.raw)}) == \
        len(headers_of(m.raw))
    assert max(map(len, m.raw.split(b"\r\n"))) <= 998
    m.raw.decode("ascii")
    # Nothing loads, nothing runs, and no address is anybody else's.
    assert not re.search(r"<(script|img|iframe|object|form|link|style)\b",
                         m.html, re.IGNORECASE)
    assert m.urls == sorted([m.link, m.link.split("/l/")[0]
                             + f"/approvals/{intent}"])
    for words in ("hello", "Policy requires human approval", "Dana Li"):
        assert words in m.text and words in m.html


@pytest.mark.parametrize("how,subject,words", [
    ("approve", "Approved: bot wants: mail.send", "Approved by rita over"),
    ("reject", "Denied: bot wants: mail.send", "Denied by rita over the API"),
    ("cancel", "Cancelled: bot wants: mail.send", "Cancelled by bot over"),
    ("expire", "Expired: bot wants: mail.send", "Expired without a decision"),
])
def test_who_was_asked_hears_how_it_ended(daemon, relay, agent, how, subject,
                                          words):
    brief = {"expiresIn": "2s"} if how == "expire" else {}
    intent = harness.submit(agent, **brief)["intentId"]
    asks = {m.to: m for m in relay.wait(2, about=intent)}
    if how != "expire":
        who = agent if how == "cancel" else daemon.key("rita")
        assert who.post(f"/v1/intents/{intent}/{how}", {}).status == 200
    told = {m.to: m for m in relay.wait(4, about=intent)[2:]}
    assert set(told) == set(asks)
    for to, m in told.items():
        assert m["Subject"] == subject
        assert words in m.text and words in m.html
        assert m["In-Reply-To"] == asks[to]["Message-ID"]
        assert m["References"] == asks[to]["Message-ID"]
        assert m["Message-ID"] != asks[to]["Message-ID"]
        assert m["Auto-Submitted"] == "auto-generated"
        assert "/l/" not in m.text + m.html
        assert m.code is None
        assert asks[to].code not in m.text + m.html


HOSTILE = {
    "line feed": "a\nBcc: evil@example.net\n\nhello",
    "CRLF": "a\r\nSubject: other\r\n\r\nhello",
    "lone CR": "a\rBcc: evil@example.net",
    "bidi": "user\u202etxt.exe",
    "isolates": "a\u2066b\u2069c\u200f",
    "zero width": "pay\u200bpal\u2060\ufeff",
    "tags": "ok\U000e0041\U000e0042",
    "NEL": "a\u0085b\u2028c\u2029d",
    "HTML": "<script>alert(1)</script><b>x</b>",
    "attribute": "\" onload=\"alert(1)",
    "encoded word": "=?utf-8?Q?Approved=3A?=",
    "template": "{{code}} {{#link}}x{{/link}}",
    "escape": "\x1b[31mred\x07",
    "long": "x" * 240,
    "wide": "\u00e9\u4e2d\U0001f600" * 60,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_words_stay_where_they_are_put(daemon, relay, kind):
    words = HOSTILE[kind]
    name = daemon.client().post("/v1/agents/register", {"name": words})
    agent = daemon.agent() if name.status != 201 else \
        daemon.client(name.json()["apiKey"])
    fields = {"title": words, "description": words,
              "payload": words, "destination": words}
    got = agent.post("/v1/intents", {"policy": "human", **fields})
    while got.status == 400:  # what is refused cannot be mailed
        refused = got.json().get("field") or next(
            f for f in fields if f in got.json()["message"])
        fields[refused] = "plain"
        got = agent.post("/v1/intents", {"policy": "human", **fields})
    assert got.status == 200, got
    m = relay.ask(got.json()["intentId"])
    names = [h.split(":")[0] for h in headers_of(m.raw)]
    assert names == ["From", "To", "Subject", "Date", "Message-ID",
                     "Auto-Submitted", "X-Auto-Response-Suppress",
                     "MIME-Version", "Content-Type"]
    assert m.facts["to"] == ["dana@example.com"]
    assert len(m["To"].addresses) == 1
    assert m["Subject"].startswith("Approve? ")
    for text in (m["Subject"], m.text, m.html):
        assert not re.search("[\u0000-\u0008\u000b-\u001f\u007f-\u009f"
                             "\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
                             "\U000e0000-\U000e007f]", text), kind
    assert "<script" not in m.html and '" onload="' not in m.html
    assert m.text.count(m.code) == 1
    # Lines of the agent's are behind a bar: none passes for ours.
    for line in m.text.split("\n"):
        assert not line.startswith(("Bcc:", "Subject:", "hello")), line


def test_a_mail_says_that_a_large_payload_is_cut(relay, agent):
    filler = "harmless line of the report\n" * (1024 * KB // 28)
    intent = harness.submit(
        agent, payload=filler + "and wire 1,000,000 to Mallory")["intentId"]
    m = relay.ask(intent)
    total = f"{len(filler) + 29:,}"
    for half in (m.text, m.html):
        assert "Mallory" not in half
        assert total in half and "missing here" in half
        assert "Approving needs the full page." in half
    assert len(m.raw) < 100 * KB


# --- how it travels -------------------------------------------------------

STARTTLS = mailbox.AUTH
REFUSED = {
    # behaviour: (options of the relay, state, words of the fault)
    "no STARTTLS": (["--auth", f"{mailbox.USER}:{mailbox.PASSWORD}"], "down",
                    "does not offer STARTTLS"),
    "STARTTLS refused": ([*STARTTLS, "--reply", "STARTTLS=454 not now"],
                         "degraded", "STARTTLS: 454"),
    "answers before TLS": ([*STARTTLS, "--inject-starttls"], "down",
                           "bytes stand behind the STARTTLS answer"),
    "wrong name": ([*STARTTLS, "--cert", "wrong-name"], "down",
                   "certificate is refused"),
    "expired": ([*STARTTLS, "--cert", "expired"], "down",
                "certificate is refused"),
    "self-signed": ([*STARTTLS, "--cert", "self-signed"], "down",
                    "certificate is refused"),
    "no AUTH": (["--tls", "starttls"], "down", "offers no AUTH"),
    "other password": (["--tls", "starttls", "--auth", "mailer:other",
                        "--auth-required"], "down", "535"),
    "AUTH later": ([*STARTTLS, "--reply", "AUTH=454 4.7.0 not now"],
                   "degraded", "454"),
    "busy": ([*STARTTLS, "--reply", "GREETING=421 come later"], "degraded",
             "421"),
    "hangs up": ([*STARTTLS, "--drop", "GREETING"], "degraded",
                 "connection was lost"),
    "sender": ([*STARTTLS, "--reply", "MAIL=550 5.7.1 not you"], "down",
               "sender: 550"),
}


# Where the relay has proved who it is, it is told who we are.
TOLD_WHO = {"other password", "AUTH later", "sender"}


@pytest.mark.parametrize("how", REFUSED)
def test_a_mail_waits_until_the_relay_is_as_it_must_be(daemon, relay, agent,
                                                       how):
    options, state, fault = REFUSED[how]
    relay.behave(*options)
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    harness.wait_for(lambda: deliveries(daemon, intent)[0]["error"],
                     what="the first failure")
    status, word, health = ready(daemon)
    assert (status, word) == (200, "degraded")
    assert health["state"] == state
    assert fault in health["fault"], health
    assert mailbox.PASSWORD not in health["fault"]
    said = relay.commands()
    assert not [c for c in said if c.startswith(("C: DATA", "C: RCPT"))], said
    assert how in TOLD_WHO or "C: AUTH" not in said, said
    assert relay.mails(about=intent) == []
    assert 'assent_channel_up{channel="email"} 0' in \
        daemon.client().get("/metrics").body.decode()

    relay.behave()
    m = relay.wait(about=intent)[0]
    harness.wait_for(lambda: ready(daemon)[1] == "ready", what="the recovery")
    assert ready(daemon)[2] == {"state": "up"}
    row = done(daemon, intent)
    assert row["attempts"] > 1
    assert row["id"] in m["Message-ID"]


@pytest.mark.parametrize("step", ["END", "RCPT", "DATA"])
def test_what_is_put_off_is_sent_again_under_the_same_name(daemon, relay,
                                                           agent, step):
    relay.behave(*STARTTLS, "--reply", f"{step}*1=450 4.2.1 come again")
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    m = relay.wait(about=intent)[0]
    row = done(daemon, intent)
    assert (row["attempts"], row["person"]) == (2, "dana")
    assert row["id"] in m["Message-ID"]
    failed, = events(daemon, intent, "delivery_failed")
    assert "450" in failed["detail"]
    sent, = events(daemon, intent, "delivery_sent")
    assert (failed["attempt"], sent["attempt"]) == (1, 2)
    relay.behave()


def test_what_is_refused_for_good_is_dead_and_seen(daemon, relay, agent):
    relay.behave(*STARTTLS, "--reply",
                 "RCPT:dana@example.com=550 5.1.1 no such user")
    intent = harness.submit(agent)["intentId"]
    row = harness.wait_for(
        lambda: [d for d in deliveries(daemon, intent)
                 if d["state"] == "dead"], what="the dead letter")[0]
    assert (row["person"], row["attempts"]) == ("dana", 1)
    assert "550" in row["error"]
    assert relay.wait(about=intent)[0].to == "lee@example.com"
    died, = events(daemon, intent, "delivery_dead")
    assert "550" in died["detail"] and died["person"] == "dana"
    assert row["id"] in daemon.cli("list", "--dead").stdout
    assert 'assent_outbox_deliveries{state="dead"} 1' in \
        daemon.client().get("/metrics").body.decode()
    # One bad address is no fault of the channel, and nobody is told an end
    # that was never told the beginning.
    assert ready(daemon)[2]["state"] == "up"
    relay.behave()
    assert daemon.admin.post(f"/v1/intents/{intent}/approve",
                             {}).status == 200
    assert [m.to for m in relay.wait(2, about=intent)] == \
        ["lee@example.com"] * 2
    assert [d["person"] for d in deliveries(daemon, intent, "settled")] == \
        ["lee"]


def test_a_lost_answer_brings_the_same_mail_twice(daemon, relay, agent):
    relay.behave(*STARTTLS, "--drop", "END*1")
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    first, second = relay.wait(2, about=intent)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.link != second.link
    done(daemon, intent)
    # Either may be answered, and only one of them.
    relay.behave()
    public = daemon.client()
    assert public.get(first.path).status == 200
    assert public.get(second.path).status == 200
    dana = daemon.key("dana's", person="dana")
    assert dana.post(f"/v1/intents/{intent}/reject", {}).status == 200
    assert public.get(first.path).status == 410
    assert public.get(second.path).status == 410


def test_tls_from_the_first_byte_needs_the_right_certificate(make_daemon,
                                                             make_relay):
    implicit = ["--tls", "implicit", "--auth",
                f"{mailbox.USER}:{mailbox.PASSWORD}", "--auth-required"]
    relay = make_relay(*implicit)
    relay.behave(*implicit, "--cert", "wrong-name")
    daemon = make_daemon(env=relay.env(SMTP_TLS="implicit"),
                         config=mailbox.PEOPLE)
    intent = harness.submit(daemon.agent(), approvers=["dana"])["intentId"]
    harness.wait_for(lambda: ready(daemon)[2]["state"] == "down",
                     what="the refusal")
    assert not [c for c in relay.commands() if c.startswith("C: ")]
    relay.behave()
    m = relay.wait(about=intent)[0]
    assert (m.facts["tls"], m.facts["user"]) == (True, mailbox.USER)
    assert m.code is not None
    harness.wait_for(lambda: ready(daemon)[1] == "ready", what="the recovery")


def test_a_relay_that_is_down_is_waited_for_even_over_a_crash(make_daemon,
                                                              make_relay):
    relay = make_relay(*mailbox.AUTH)
    relay.stop()
    daemon = make_daemon(env=relay.env(), config=mailbox.PEOPLE)
    assert ready(daemon) == (200, "ready", {"state": "starting",
                                            "fault": "no mail was sent yet"})
    agent = daemon.agent()
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    harness.wait_for(lambda: ready(daemon)[2]["state"] == "degraded",
                     what="the first failure")
    row = deliveries(daemon, intent)[0]
    daemon.kill()
    relay.start()
    daemon.start()
    m = relay.wait(about=intent)[0]
    assert row["id"] in m["Message-ID"]
    assert daemon.client().get(m.path).status == 200


def test_an_end_that_overtakes_the_mail_is_threaded_to_it_all_the_same(
        daemon, relay, agent):
    relay.behave(*STARTTLS, "--trickle", "END*1")
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    ask = relay.ask(intent)
    assert deliveries(daemon, intent)[0]["state"] == "leased"
    dana = daemon.key("dana's", person="dana")
    assert dana.post(f"/v1/intents/{intent}/reject", {}).status == 200
    told = relay.wait(2, about=intent)[1]
    assert told["Subject"].startswith("Denied:")
    assert told["In-Reply-To"] == ask["Message-ID"]
    relay.behave()


def test_a_stop_does_not_wait_for_a_relay_for_ever(make_daemon, make_relay):
    relay = make_relay(*mailbox.AUTH)
    relay.behave(*mailbox.AUTH, "--hang", "MAIL")
    daemon = make_daemon(env=relay.env(), config=mailbox.PEOPLE)
    agent = daemon.agent()
    intent = harness.submit(agent, approvers=["dana"])["intentId"]
    harness.wait_for(lambda: [c for c in relay.commands()
                              if c.startswith("C: MAIL")],
                     what="the mail under way")
    daemon.stop()
    relay.behave()
    daemon.start()
    mail = relay.wait(about=intent)[0]
    assert daemon.client().get(mail.path).status == 200


SETTINGS = {
    "password to a stranger": (
        {"SMTP_HOST": "mail.example.com", "SMTP_TLS": "off",
         "SMTP_CA_FILE": None}, "SMTP_TLS"),
    "user alone": ({"SMTP_PASS": None}, "SMTP_PASS"),
    "no sender": ({"SMTP_FROM": None}, "SMTP_FROM"),
    "sender with a header": ({"SMTP_FROM": "a@b.example\nBcc: c@d.example"},
                             "SMTP_FROM"),
    "unknown word": ({"SMTP_TLS": "maybe"}, "smtp.tls"),
    "no such authority": ({"SMTP_CA_FILE": "/nonexistent"}, "SMTP_CA_FILE"),
}


@pytest.mark.parametrize("how", SETTINGS)
def test_settings_that_cannot_work_refuse_the_start(make_daemon, relay, how):
    changes, named = SETTINGS[how]
    daemon = make_daemon(start=False, env=relay.env(**changes))
    daemon.start(wait=False)
    assert daemon.process.wait(30) != 0
    daemon.process = None
    assert named in daemon.log_text()
    assert mailbox.PASSWORD not in daemon.log_text()


def test_no_secret_of_the_mails_is_left_anywhere(daemon, relay, agent):
    intent = harness.submit(agent)["intentId"]
    relay.wait(2, about=intent)
    mails = relay.mails(subject="Approve?")
    assert len(mails) > 1
    assert mailbox.leaks(daemon, mails, mailbox.PASSWORD) == []
    shown = daemon.cli("audit", "--json").stdout + \
        daemon.admin.get(f"/v1/intents/{intent}").body.decode() + \
        agent.get(f"/v1/intents/{intent}").body.decode() + \
        daemon.admin.get(f"/v1/deliveries?intent={intent}").body.decode()
    for m in mails:
        assert m.token not in shown and m.code not in shown
