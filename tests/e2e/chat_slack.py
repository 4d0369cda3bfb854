"""Slack in the tests: the fake one, a daemon on it, and what people do.

A desk is one fake Slack with one daemon. Slack takes one message a second for
each channel, so each test asks people whom no other has asked: desk.people(n).
"""

import contextlib
import re
import sys
import urllib.parse

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "fake"))
import slack_world  # noqa: E402
from slack_people import VERIFICATION, seen  # noqa: E402
from slack_server import Slack  # noqa: E402

TEAM = slack_world.TEAM
OPS = "C0OPS00001"
PEOPLE = 60
POLICIES = dict(harness.POLICIES)
POLICIES |= {
    "reasoned": "id: reasoned\nrequire_approval: always\n"
                "require_reason: true\n",
    "explained": "id: explained\nrequire_approval: always\n"
                 "require_reason: always\n",
    "ops": "id: ops\nrequire_approval: always\nchannels: [ops]\n",
}
OPTIONS = ["Yes", "No", {"label": "Ask legal", "outcome": "other"}]


class Person:
    def __init__(self, n, email=False):
        self.id, self.name = f"p{n}", f"Person {n}"
        self.user, self.email = f"U0P{n:07}", f"p{n}@example.com"
        self.by_email = email

    def row(self):
        where = "" if self.by_email else f", slack: [{TEAM}/{self.user}]"
        return f"  - {{id: {self.id}, name: {self.name}, " \
            f"email: {self.email}{where}}}\n"


def config(people, more=""):
    return "people:\n" + "".join(p.row() for p in people) + \
        f"channels: {{ops: {{slack: {TEAM}/{OPS}}}}}\n" + more


def env(slack, **more):
    return {"SLACK_APP_TOKEN": slack_world.APP_TOKEN,
            "SLACK_BOT_TOKEN": slack_world.BOT_TOKEN,
            "SLACK_API_URL": slack.api_url, **more}


class Asked:
    """An intent, and who was asked about it."""

    def __init__(self, desk, people, fields):
        self.desk, self.people = desk, people
        self.agent = fields.pop("agent", desk.agent)
        if people:
            fields["approvers"] = [p.id for p in people]
        self.fields = harness.submit(self.agent, **fields)
        self.id = self.fields["intentId"]

    def find(self, person):
        return [m for m in self.desk.slack.dm(person.user)
                if m.about(self.id)]

    def card(self, person=None, seconds=10):
        """The message that this person has; the first one's by default."""
        person = person or self.people[0]
        return harness.wait_for(lambda: self.find(person), seconds,
                                f"a card for {person.id}")[0]

    def in_channel(self, cid=OPS):
        return harness.wait_for(
            lambda: [m for m in self.desk.slack.messages(cid)
                     if m.about(self.id)], what="a card in the channel")[0]

    def press(self, button, person=None, card=None, **how):
        """A click that is acknowledged in time."""
        person = person or self.people[0]
        got = self.desk.slack.click(person.user, card or self.card(person),
                                    button, **how)
        return acked(got)

    def deny(self, *typed, person=None, card=None):
        """Deny, and the form that opens; sent when something is typed."""
        person = person or self.people[0]
        self.press("Deny", person, card)
        form = self.form(person)
        if typed:
            acked(self.desk.slack.submit(form, *typed))
        return form

    def form(self, person=None):
        person = person or self.people[0]
        return harness.wait_for(
            lambda: self.desk.slack.modals(person.user), what="a form")[0]

    def row(self):
        return self.agent.get(f"/v1/intents/{self.id}").json()

    @property
    def status(self):
        return self.row()["status"]

    def audit(self, kind):
        path = f"/v1/intents/{self.id}/audit"
        got = self.desk.daemon.admin.get(path).json()["events"]
        return [e for e in got if e["type"] == kind]

    def refusals(self):
        return [e["metadata"]["reason"]
                for e in self.audit("decision_refused")]

    def deliveries(self, **which):
        got = self.desk.daemon.admin.get(
            f"/v1/deliveries?intent={self.id}").json()["deliveries"]
        return [d for d in got
                if all(d.get(k) == v for k, v in which.items())]

    def repainted(self, word, *cards, seconds=15):
        """Waits until all these say so and have no buttons to decide."""
        for card in cards or [self.card(p) for p in self.people]:
            harness.wait_for(
                lambda card=card: word in card.words() and not decides(card),
                seconds, f"{word!r} on {card.words()!r}")


def acked(envelope, seconds=3):
    assert envelope.delivered, "no connection took it"
    assert envelope.acked.wait(seconds), envelope.thrown_away
    assert envelope.thrown_away == [] and envelope.ms < 3000
    return envelope


def decides(message):
    """Labels of the buttons that are no links."""
    return [e["text"]["text"] for _, e in message.buttons()
            if "url" not in e]


class Desk:
    def __init__(self, make_daemon, config_more="", by_email=(),
                 people=PEOPLE,
                 policies=None, start=True, connected=2, world=None, slack=None,
                 **more):
        self.slack = slack or Slack()
        self.everybody = [Person(n, n in by_email) for n in range(people)]
        self.free = list(self.everybody)
        for p in self.everybody:
            self.slack.world.add_user(p.user, p.id, email=p.email)
        self.slack.world.add_channel(
            OPS, members=[p.user for p in self.everybody])
        if world is not None:
            world(self.slack)
        self.daemon = make_daemon(
            env=env(self.slack, **more), start=start,
            config=config(self.everybody, config_more),
            policies=POLICIES if policies is None else policies)
        if start:
            self.agent = self.daemon.agent()
            if connected:
                self.connected(connected)

    def connected(self, n=2, seconds=15):
        """Waits until so many connections are there."""
        harness.wait_for(lambda: len(self.slack.ready()) == n, seconds,
                         f"{n} connections")

    def people(self, n=1):
        """So many whom nobody has asked yet."""
        taken, self.free = self.free[:n], self.free[n:]
        assert len(taken) == n, "a desk with more people is needed"
        return taken

    def ask(self, *people, **fields):
        return Asked(self, list(people) or self.people(1), fields)

    def submit(self, **fields):
        """Names nobody."""
        return Asked(self, [], fields)

    def outlives(self, seconds):
        """Until the daemon has ended an intent that had so long to live: by
        its own clock so much time has passed, and it was at work."""
        one = self.submit(expiresIn=f"{seconds}s")
        harness.wait_for(lambda: one.status == "expired", seconds + 10,
                         "the end of its time")

    def told(self, person, seconds=10, n=1):
        """What this person alone was told last."""
        got = harness.wait_for(
            lambda: len(self.slack.ephemerals(person.user)) >= n and
            self.slack.ephemerals(person.user), seconds,
            f"words for {person.id}")
        assert len(got) == n, [seen(e) for e in got]
        return seen(got[-1])

    def ready(self):
        """(state, fault) of the channel."""
        got = self.daemon.client().get("/readyz").json()["channels"]["slack"]
        return got["state"], got.get("fault", "")

    def wait_ready(self, state, word="", seconds=15):
        harness.wait_for(lambda: self.ready()[0] == state and
                         word in self.ready()[1], seconds,
                         f"{state} {word} instead of {self.ready()}")

    def metric(self, name):
        """Its value for slack."""
        text = self.daemon.client().get("/metrics").body.decode()
        found = [line for line in text.splitlines()
                 if line.startswith(f"assent_{name}{{")
                 and 'channel="slack"' in line]
        assert len(found) == 1, (name, found)
        return float(found[0].rsplit(" ", 1)[1])

    # --- at the end ---------------------------------------------------------

    def foreign_markup(self):
        """What texts would have done, beside the links of our own."""
        ours = f"http://127.0.0.1:{self.daemon.port}/"
        return [c for c in self.slack.world.controls
                if not c[1].startswith(ours)]

    def secrets(self):
        world = self.slack.world
        return {slack_world.BOT_TOKEN, slack_world.APP_TOKEN, VERIFICATION,
                *self.slack.api.issued, *world.triggers,
                *(p.rsplit("/", 1)[1] for p in world.response_urls)}

    def leaks(self):
        """Where secrets stand that should not: log and data folder."""
        files = [self.daemon.log, self.daemon.out,
                 *(p for p in self.daemon.data.rglob("*") if p.is_file())]
        texts = [(p.name, p.read_bytes()) for p in files if p.exists()]
        return [(name, s) for s in self.secrets() for name, text in texts
                if s.encode() in text]

    def check(self):
        assert self.slack.world.offences == []
        assert self.foreign_markup() == []
        assert self.leaks() == []

    def close(self):
        with contextlib.suppress(Exception):
            self.slack.heal()
        if self.daemon.process is not None:
            self.daemon.stop()
        self.slack.stop()
        self.check()


@contextlib.contextmanager
def desk(make_daemon, **how):
    made = Desk(make_daemon, **how)
    try:
        yield made
    except BaseException:
        made.slack.stop()
        raise
    made.close()


def links(message):
    """Addresses on buttons and in links of a message."""
    found = [e["url"] for _, e in message.buttons() if "url" in e]
    for block in message.blocks:
        for e in block.get("elements", []):
            if isinstance(e, dict) and e.get("type") == "mrkdwn":
                found += re.findall(r"<(http[^|>]+)", e["text"])
    return found


def path_of(url):
    return urllib.parse.urlsplit(url).path


def payload_of(message):
    """The text that stands preformatted."""
    return "".join(
        e["text"] for block in message.blocks
        if block["type"] == "rich_text" for part in block["elements"]
        if part["type"] == "rich_text_preformatted"
        for e in part["elements"])
