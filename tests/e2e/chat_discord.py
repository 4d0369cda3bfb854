"""A Discord with people in it, and a daemon that approves there.

The Discord is tests/fake/discord_server.py in a thread of this process. A
test that means well ends with check(): no rule of Discord was broken.
"""

import contextlib
import sys
import time

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "fake"))
from discord_server import Discord  # noqa: E402

POLICIES = {
    **harness.POLICIES,
    "human": "id: human\nrequire_approval: always\napprovers: [dana, lee]\n",
    "room": "id: room\nrequire_approval: always\napprovers: [dana, lee, sam]\n"
            "channels: [approvals]\n",
    "solo": "id: solo\nrequire_approval: always\napprovers: [finance]\n"
            "channels: [approvals]\n",
    "two": "id: two\nrequire_approval: always\nrequire_approvals: 2\n"
           "approvers: [dana, lee, sam]\nchannels: [approvals]\n",
    "why": "id: why\nrequire_approval: always\napprovers: [dana, lee]\n"
           "channels: [approvals]\nrequire_reason: true\n",
    "always-why": "id: always-why\nrequire_approval: always\n"
                  "approvers: [dana, lee]\nchannels: [approvals]\n"
                  "require_reason: always\n",
    "finance": "id: finance\nrequire_approval: always\n"
               "approvers: [finance]\nchannels: [approvals]\n",
    "auditors": "id: auditors\nrequire_approval: always\n"
                "require_approvals: 2\napprovers: [finance, lee]\n"
                "channels: [approvals]\n",
}


class Acme:
    """A guild with two rooms. dana, lee and sam are people of assent.yaml;
    mia has the role of finance and is none; eve is a member like any."""

    def __init__(self, **switches):
        self.discord = d = Discord(**switches).start()
        self.guild = d.guild("Acme")
        self.room = d.channel("approvals", self.guild)
        self.hall = d.channel("hall", self.guild)
        self.role = self.guild.role("finance")
        for name in ("dana", "lee", "sam", "eve", "mia"):
            setattr(self, name, d.user(name))
            self.guild.join(getattr(self, name))
        self.guild.members[self.mia.id]["roles"].append(self.role)
        # Buckets of the size that Discord has make tests wait for them.
        self.limits = d.rest.limits
        self.limits.size.update(create=(500, 1.0), edit=(500, 1.0))
        self.limits.global_max = 500

    @property
    def gateway(self):
        return self.discord.gateway

    @property
    def rest(self):
        return self.discord.rest

    def config(self, more=""):
        return f"""
people:
  - {{id: dana, name: Dana Li, discord: ["{self.dana.id}"]}}
  - {{id: lee, name: Lee Ray, discord: ["{self.lee.id}"]}}
  - {{id: sam, name: Sam Poe, discord: ["{self.sam.id}"]}}
groups: {{finance: [dana]}}
channels: {{approvals: {{discord: "{self.room.id}"}}}}
discord_roles: {{"{self.guild.id}/{self.role}": finance}}
{more}"""

    def env(self, **more):
        return {"DISCORD_BOT_TOKEN": self.discord.token,
                "DISCORD_API_URL": self.discord.url, **more}

    def daemon(self, make, config=None, policies=None, env=None, **kw):
        """A daemon with a session."""
        daemon = make(config=self.config() if config is None else config,
                      policies=policies or POLICIES,
                      env=self.env(**(env or {})), **kw)
        if kw.get("start", True):
            self.up()
        return daemon

    def up(self, seconds=20):
        return harness.wait_for(self.gateway.live, seconds, "the session")

    def down(self, seconds=10):
        harness.wait_for(lambda: not self.gateway.live(), seconds,
                         "the end of the session")

    # --- cards --------------------------------------------------------------

    def cards(self, intent, place=None):
        """The messages about an intent in a place; a user stands for DMs."""
        if place is None:
            place = self.room
        if not hasattr(place, "messages"):
            place = self.discord.dm(place)
        return [m for m in self.discord.messages(place)
                if intent in m.text()]

    def card(self, intent, place=None, seconds=10):
        """The one card, when it is there."""
        harness.wait_for(lambda: self.cards(intent, place), seconds,
                         f"the card of {intent}")
        found = self.cards(intent, place)
        assert len(found) == 1, [m.text() for m in found]
        return found[0]

    def painted(self, message, words, seconds=10):
        """Waits until it says so and has no live button."""
        harness.wait_for(lambda: words in message.text() and
                         not message.live_buttons(), seconds,
                         f"{words!r} instead of {message.text()!r}, "
                         f"{message.live_buttons()}")

    # --- people -------------------------------------------------------------

    def press(self, who, message, label, wait=True, **kw):
        """A click, and when it was answered."""
        one = self.discord.click(who, message, label, **kw)
        return self.answered(one) if wait else one

    def answered(self, one, seconds=5):
        harness.wait_for(lambda: one.answered is not None, seconds,
                         "the answer to a click")
        return one

    def deny(self, who, message, reason, label="Deny", **kw):
        """Opens the form, fills it in and sends it."""
        one = self.press(who, message, label)
        assert one.modal is not None, one.answered
        return self.answered(self.discord.submit(one, {0: reason}, **kw))

    def check(self):
        """Nothing was done that Discord does not like."""
        broken, self.discord.violations[:] = list(
            self.discord.violations), []
        assert not broken, "\n".join(broken)
        late = [o for o in self.discord.interactions.values()
                if o.latency_ms is not None and o.latency_ms > 3000]
        assert late == []

    def close(self):
        self.discord.stop()


@contextlib.contextmanager
def acme(**switches):
    made = Acme(**switches)
    yield made
    made.close()


def status(agent, intent):
    return agent.get(f"/v1/intents/{intent}").json()["status"]


def settled(agent, intent, state, seconds=10):
    harness.wait_for(lambda: status(agent, intent) == state, seconds,
                     f"{intent} {state}")
    return agent.get(f"/v1/intents/{intent}").json()


def audit(daemon, intent, kind=None):
    got = daemon.admin.get(f"/v1/intents/{intent}/audit").json()
    return [e for e in got["events"] if kind in (None, e["event_type"])]


def refusals(daemon, intent):
    """(who, reason) of refused answers, as the audit has them."""
    return [(e["metadata"]["by"], e["metadata"]["reason"])
            for e in audit(daemon, intent, "decision_refused")]


def deliveries(daemon, intent, kind="ask"):
    got = daemon.admin.get(f"/v1/deliveries?intent={intent}").json()
    return [d for d in got["deliveries"] if d["kind"] == kind]


def settled_rows(daemon, intent, kind="ask"):
    """Waits until every delivery of this kind has ended."""
    return harness.wait_for(lambda: deliveries(daemon, intent, kind) and all(
        r["state"] == "done" for r in deliveries(daemon, intent, kind)),
        what=f"the end of each {kind}")


def readiness(daemon):
    got = daemon.client().get("/readyz")
    return got.status, got.json()["channels"]["discord"]


def ready_says(daemon, word, state=None, seconds=15):
    """Waits until /readyz shows the word, and the state if one is named."""
    def shown():
        said = readiness(daemon)[1]
        text = said if isinstance(said, str) else str(said)
        return word in text and (state is None or state in text)
    try:
        harness.wait_for(shown, seconds, word)
    except AssertionError:
        raise AssertionError((word, readiness(daemon))) from None


def metric(daemon, name):
    line = f'assent_{name}{{channel="discord"}} '
    found = [row for row in daemon.client().get("/metrics").body.decode()
             .splitlines() if row.startswith(line)]
    assert len(found) == 1, name
    return int(float(found[0].rsplit(" ", 1)[1]))


def quiet(seconds, check, what):
    """Holds over a time: for what must not happen there is no event."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert check(), what
        time.sleep(0.02)


def ask(agent, policy="room", **fields):
    """Submits, and says the intent's id."""
    return harness.submit(agent, policy, **fields)["intentId"]


class Bed:
    """A Discord and a daemon of their own, for what ends a session: the
    waits between connections grow, and start anew after a healthy minute."""

    def __init__(self, make, **switches):
        self.acme = Acme(**switches)
        self.daemon = self.acme.daemon(make, start=False)
        self.daemon.start(wait=False)

    def up(self):
        harness.wait_for(self.daemon._is_up, 30)
        self.acme.up()
        self.agent = self.daemon.agent()
        self.gateway = self.acme.gateway
        return self

    def ask(self):
        self.intent = ask(self.agent)
        self.card = self.acme.card(self.intent)

    def click(self):
        self.one = self.acme.discord.click(self.acme.dana, self.card,
                                           "Approve")

    def stop(self):
        self.daemon.stop()
        self.acme.close()


@contextlib.contextmanager
def many(make, names, **switches):
    """A bed for each name, all started at once."""
    beds = {name: Bed(make, **switches) for name in names}
    try:
        for bed in beds.values():
            bed.up()
        yield beds
    finally:
        for bed in beds.values():
            bed.stop()
