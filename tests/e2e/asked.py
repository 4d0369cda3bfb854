"""A person who was asked by mail, and what they do about it."""

import harness
import webpage


class Asked:
    """An intent, the mail that asks one person, and that person."""

    def __init__(self, daemon, relay, agent, **fields):
        self.daemon, self.relay, self.agent = daemon, relay, agent
        self.fields = harness.submit(agent, **fields)
        self.id = self.fields["intentId"]
        self.mail = relay.ask(self.id)
        self.visitor = webpage.Visitor(daemon.port)
        self.path = self.mail.path

    def open(self, path=None):
        return self.visitor.open(path or self.path)

    def press(self, button="Approve", page=None, **typed):
        """Opens the page, fills in, presses."""
        if button == "Approve":
            typed.setdefault("code", self.mail.code)
        return self.visitor.press(self.path, page or self.open(), button,
                                  **typed)

    def deny(self, **typed):
        return self.press("Deny", sure="yes", **typed)

    def other(self, to="lee@example.com"):
        """The same intent, as another person was asked."""
        got = object.__new__(Asked)
        got.__dict__.update(self.__dict__)
        got.mail = self.relay.ask(self.id, to)
        got.path = got.mail.path
        return got

    @property
    def status(self):
        return self.agent.get(f"/v1/intents/{self.id}").json()["status"]

    def row(self):
        return self.agent.get(f"/v1/intents/{self.id}").json()

    def audit(self):
        path = f"/v1/intents/{self.id}/audit"
        return self.daemon.admin.get(path).json()["events"]

    def events(self):
        return [e["event_type"] for e in self.audit()]

    def refusals(self):
        """Reasons of refused answers, as the audit has them."""
        return [e["metadata"]["reason"] for e in self.audit()
                if e["event_type"] == "decision_refused"]


def wrong_code(mail):
    return "000000" if mail.code != "000000" else "111111"
