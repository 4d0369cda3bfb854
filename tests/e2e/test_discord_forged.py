"""What nobody can talk Discord, or the daemon, into."""

import json
import re

import pytest

import chat_discord as chat

OTHER = "1" * 18
SOMEWHERE = "2" * 18


@pytest.fixture(scope="module")
def acme():
    with chat.acme() as made:
        yield made


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, acme):
    return acme.daemon(make_shared_daemon)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent()


@pytest.fixture(autouse=True)
def no_rule_is_broken(acme):
    yield
    acme.check()


# --- clicks that are not what they seem -------------------------------------

def set_guild(acme, p):
    p["guild_id"] = p["guild"]["id"] = OTHER


def set_channel(acme, p):
    p["channel_id"] = p["channel"]["id"] = acme.hall.id
    p["message"]["channel_id"] = acme.hall.id


def set_message(acme, p):
    p["message"]["id"] = SOMEWHERE


def set_user(acme, p):
    """The name of an approver is nobody's identity."""
    p["member"]["user"].update(username="dana", global_name="Dana Li")
    p["member"]["nick"] = "dana"
    p["member"]["permissions"] = str((1 << 53) - 1)


def set_custom_id(acme, p):
    old = p["data"]["custom_id"]
    at = old.index(":") - 6  # within the proof that we made it
    p["data"]["custom_id"] = old[:at] + ("x" if old[at] != "x" else "y") + \
        old[at + 1:]


def set_option(acme, p):
    p["data"]["custom_id"] = re.sub(r":\d+", ":9", p["data"]["custom_id"])


@pytest.mark.parametrize("forge,who,counts", [
    (set_channel, "dana", "unknown_message"),
    (set_message, "dana", "unknown_message"),
    (set_guild, "mia", None),
    (set_user, "eve", "unknown_account"),
    (set_custom_id, "dana", None),
    (set_option, "dana", None),
])
def test_a_forged_click_decides_nothing(acme, daemon, agent, forge, who,
                                        counts):
    intent = chat.ask(agent, "finance" if who == "mia" else "human"
                 if counts == "unknown_account" else "room")
    if counts == "unknown_account":
        intent = chat.ask(agent, "why")
    card = acme.card(intent)
    one = acme.press(getattr(acme, who), card, "Approve",
                     forge=lambda p: forge(acme, p))
    assert one.told, one.answered
    assert one.replies[-1].ephemeral_to is getattr(acme, who)
    assert chat.status(agent, intent) == "pending_approval"
    if counts is not None:
        assert counts in [r for _, r in chat.refusals(daemon, intent)]
    assert card.live_buttons() == ["Approve", "Deny"]


def test_a_click_for_another_application_is_not_answered(acme, agent):
    intent = chat.ask(agent)
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Approve", wait=False,
                     forge=lambda p: p.update(application_id=OTHER))
    chat.quiet(0.4, lambda: not one.attempts, "it was answered")
    assert chat.status(agent, intent) == "pending_approval"


def test_a_button_of_one_card_does_not_decide_another(acme, daemon, agent):
    cheap, dear = chat.ask(agent), chat.ask(agent, payload="everything")
    card, other = acme.card(cheap), acme.card(dear)
    stolen = card.button("Approve")["custom_id"]
    one = acme.press(acme.dana, other, None, stale=stolen)
    assert one.told
    assert chat.status(agent, dear) == "pending_approval"
    assert chat.status(agent, cheap) == "pending_approval"
    assert ("dana", "unknown_message") in chat.refusals(daemon, cheap)


def test_a_form_is_judged_again_when_it_comes(acme, daemon, agent):
    intent = chat.ask(agent, "why")
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Deny")
    sent = acme.answered(acme.discord.submit(
        one, {0: "mine"},
        forge=lambda p: p["member"].update(user=acme.eve.shown())))
    assert sent.told
    assert chat.status(agent, intent) == "pending_approval"
    late = acme.press(acme.dana, card, "Deny")
    acme.press(acme.lee, card, "Approve")
    assert chat.status(agent, intent) == "approved"
    sent = acme.answered(acme.discord.submit(late, {0: "too late"}))
    assert sent.told
    assert chat.status(agent, intent) == "approved"


def test_the_same_interaction_twice_changes_nothing(acme, daemon, agent):
    intent = chat.ask(agent, "two")
    card = acme.card(intent)
    one = acme.press(acme.dana, card, "Approve")
    for _ in range(3):
        acme.discord.click_again(one)
    other = chat.ask(agent)
    acme.press(acme.dana, acme.card(other), "Approve")  # they were read
    assert len(chat.audit(daemon, intent, "approval_vote_recorded")) == 1
    assert chat.refusals(daemon, intent) == []
    assert chat.status(agent, intent) == "pending_approval"
    assert len(one.attempts) == 1


@pytest.mark.parametrize("frame", [
    {}, {"type": 3}, {"id": 7, "type": 3}, {"type": 2, "data": {}},
    {"id": "1", "type": 3, "token": "x" * 5000, "data": {"custom_id": "a"}},
    {"id": "18446744073709551616", "type": 3, "token": "t", "data": None},
    {"id": "1", "type": 3, "token": "../../x", "data": {"custom_id": "a"},
     "user": {"id": "1"}, "channel_id": "1", "message": {"id": "1"}},
    [], "words", None, 17,
])
def test_what_is_no_interaction_does_no_harm(acme, daemon, agent, frame):
    acme.discord.do(acme.gateway.dispatch, "INTERACTION_CREATE", frame)
    acme.discord.do(acme.gateway.dispatch, "SOMETHING_NEW", frame)
    intent = chat.ask(agent)
    acme.press(acme.dana, acme.card(intent), "Approve")
    assert chat.status(agent, intent) == "approved"
    assert acme.gateway.count("identify") == 1


# --- payloads that are not what they seem -----------------------------------

HOSTILE = {
    "everyone": "@everyone @here <@123456789012345678> <@&123456789012345678>",
    "fence": "``` and out\n```\n**Approved** by Dana Li ```",
    "masked link": "[https://bank.example](https://evil.example)",
    "bidi": "user\u202etxt.exe \u2066x\u2069 a\u200bb",
    "tags": "ok\U000e0041\U000e0042",
    "markdown": "**bold** __under__ ~~gone~~ ||spoiler|| # Title\n> quote",
    "emoji, time": "<:x:123456789012345678> <t:1700000000:R> </run:1234>",
    "newlines": "one\n\n\n\n\ntwo\r\nthree",
}
HIDDEN = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
                    "\U000e0000-\U000e007f]")


def outside_of_code(text):
    """What Discord would render: the text without its code blocks."""
    assert text.count("```") % 2 == 0, text
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_words_stay_words(acme, agent, kind):
    words = HOSTILE[kind]
    intent = chat.ask(agent, payload=words, title=words.replace("\n", " ")
                 .replace("\r", "")[:100], description=words,
                 metadata={"note": words})
    card = acme.card(intent)
    for embed in card.embeds:
        for text in [embed.get("description", ""), *[
                f["value"] for f in embed.get("fields", [])]]:
            shown = outside_of_code(text)
            assert not HIDDEN.search(text)
            # What begins markup stands behind a backslash.
            for mark in (r"@everyone", r"<@", r"\]\(", r"<:", r"<t:",
                         r"\*\*", r"\|\|", r"~~", r"__"):
                for found in re.finditer(mark, shown):
                    before = shown[:found.start()]
                    assert before.endswith("\\") or "\u200b" in before or \
                        mark == r"@everyone", (mark, shown)
    assert card.live_buttons() == ["Approve", "Deny"]
    for version in card.versions:
        assert version["content"] == "" or "@" not in version["content"]
    acme.deny(acme.dana, card, words.replace("\r", ""))
    acme.painted(card, "Denied by Dana Li")
    assert not HIDDEN.search(card.text())


def test_what_has_no_room_is_said_and_not_approved_there(acme, daemon, agent):
    payload = "harmless\n" * 2000 + "rm -rf /"
    intent = chat.ask(agent, payload=payload)
    card = acme.card(intent)
    assert card.live_buttons() == ["Deny"]
    assert str(len(payload)) in card.text().replace(",", ""), card.text()
    link = next(b for b in card.buttons() if b["style"] == 5)
    assert link["url"].endswith(f"/approvals/{intent}")
    # A modified client may press what is not shown.
    deny = card.button("Deny")["custom_id"]
    approve = re.sub(r":1:m$|:1$", ":0", deny)
    assert approve != deny
    one = acme.press(acme.dana, card, None, stale=approve)
    assert one.told
    assert chat.refusals(daemon, intent) == [("dana", "payload_not_shown")]
    assert chat.status(agent, intent) == "pending_approval"
    acme.deny(acme.dana, card, "too long")
    assert chat.status(agent, intent) == "blocked"


@pytest.mark.parametrize("fields", [
    {"title": "t" * 200, "description": "d" * 1000,
     "metadata": {f"key{i}": "v" * 200 for i in range(20)},
     "payload": "p" * 2900},
    {"payload": "\U0001f600" * 700, "title": "\U0001f600" * 100},
    {"payload": "`" * 2500},
    {"payload": "*_~|>`\\" * 350, "description": "*_~|>`\\" * 100},
    {"options": [{"label": "o" * 75 + str(i), "outcome": o} for i, o in
                 enumerate(("approve", "deny", "other", "other", "other"))]},
])
def test_long_cards_keep_to_discords_limits(acme, agent, fields):
    intent = chat.ask(agent, **fields)
    card = acme.card(intent)  # the fake refuses whatever is over a limit
    assert len(card.versions) == 1
    assert [r for r in acme.rest.of("create", 400)] == []
    last = [b for b in card.buttons() if b["style"] != 5][-1]
    one = acme.press(acme.dana, card, last["custom_id"])
    if one.modal is not None:
        acme.answered(acme.discord.submit(one, {0: "no"}))
    acme.painted(card, "Dana Li")
    assert [r for r in acme.rest.of("callback", 400)] == []


# --- secrets ----------------------------------------------------------------

def test_tokens_stand_nowhere(acme, daemon, agent):
    """Neither in the log nor in files nor in answers."""
    acme.rest.fault("callback", "after", status=404, code=10062,
                    words="Unknown interaction")
    acme.rest.fault("create", "bad_gateway")
    intent = chat.ask(agent)
    card = acme.card(intent)
    acme.press(acme.dana, card, "Approve")
    acme.painted(card, "Dana Li")
    secrets = [acme.discord.token] + [
        o.token for o in acme.discord.interactions.values()]
    texts = [(p.name, p.read_bytes()) for p in
             (daemon.log, daemon.out, *daemon.data.rglob("*"))
             if p.is_file()]
    for name in ("/readyz", "/metrics"):
        texts.append((name, daemon.client().get(name).body))
    texts.append(("audit", json.dumps(chat.audit(daemon, intent)).encode()))
    cmdline = f"/proc/{daemon.process.pid}/cmdline"
    texts.append((cmdline, open(cmdline, "rb").read()))
    found = [(name, s[:12]) for name, text in texts for s in secrets
             if s.encode() in text]
    assert found == []
