"""Mail in the tests: the relay that takes it, and the mails that came.

The relay is tests/fake/smtp_server.py in a process of its own. One port for
all its life; behave() changes what it does, stop() and start() take it away
and bring it back.
"""

import email
import email.policy
import functools
import json
import pathlib
import re
import shlex
import subprocess
import sys

import harness

SERVER = harness.ROOT / "tests" / "fake" / "smtp_server.py"
USER, PASSWORD = "mailer", "relay-password-e2e"
FROM = "assent@example.com"
AUTH = ("--tls", "starttls", "--require-starttls", "--auth",
        f"{USER}:{PASSWORD}", "--auth-required", "--auth-needs-tls")

PEOPLE = """
people:
  - {id: dana, name: Dana Li, email: dana@example.com}
  - {id: lee, name: Lee Ray, email: lee@example.com}
  - {id: sam, name: Sam Poe, email: sam@example.com}
notify: {approvers: [dana, lee]}
"""


class Mail:
    """One mail as it lies in the box: what was said, and what it says."""

    def __init__(self, path):
        self.facts = json.loads(path.read_text())
        self.raw = path.with_suffix(".eml").read_bytes()
        self.message = email.message_from_bytes(self.raw,
                                                policy=email.policy.default)
        self.to = self.facts["to"][0]

    def __getitem__(self, header):
        return self.message[header]

    def _part(self, kind):
        body = self.message.get_body((kind,)).get_content()
        return body.replace("\r\n", "\n")

    @functools.cached_property
    def text(self):
        return self._part("plain")

    @functools.cached_property
    def html(self):
        return self._part("html")

    @property
    def link(self):
        """The magic link; both halves carry the same one."""
        found = re.findall(r"https?://[^\s\"<>]+/l/[^\s\"<>]+", self.text)
        assert len(found) == 1 and found[0] in self.html, self.text
        return found[0]

    @property
    def path(self):
        """The link without scheme and host."""
        return "/l/" + self.link.split("/l/")[1]

    @property
    def token(self):
        return self.link.rsplit("/", 1)[1]

    @property
    def code(self):
        """What is to be typed; None where nothing is."""
        found = re.findall(r"^([0-9A-Z]{6})$", self.text, re.MULTILINE)
        assert len(found) < 2, self.text
        assert not found or f">{found[0]}<" in self.html
        return found[0] if found else None

    @property
    def urls(self):
        """Every address in either half."""
        return sorted(set(re.findall(r"https?://[^\s\"<>]+",
                                     self.text + self.html)))


class Relay:
    """The SMTP server of the tests, and what it was given."""

    def __init__(self, folder, *options, certs=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certs = pathlib.Path(certs or self.folder / "certs")
        self.options, self.rounds = options, 0
        self.port, self.process, self.read = 0, None, {}
        self.start()

    def _line(self, options):
        """Each round has a folder, for the server counts from 1 again."""
        self.rounds += 1
        box = self.folder / f"box{self.rounds:03}"
        return ["--dir", str(box), "--certs", str(self.certs), "--port",
                str(self.port), *options]

    def _port(self):
        word, port = self.process.stdout.readline().split()
        assert word == "PORT"
        return int(port)

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER), *self._line(self.options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self._port()
        return self

    def behave(self, *options):
        """From the next connection on; without options as at the start."""
        line = shlex.join(self._line(options or self.options))
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self._port()

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.terminate()
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None

    def env(self, **more):
        """Settings of a daemon that sends over this relay as it should."""
        return {"SMTP_HOST": "localhost", "SMTP_PORT": str(self.port),
                "SMTP_FROM": FROM, "SMTP_TLS": "required",
                "SMTP_USER": USER, "SMTP_PASS": PASSWORD,
                "SMTP_CA_FILE": str(self.certs / "ca.pem"),
                "ASSENT_SMTP_RETRY_S": "1", **more}

    def plain_env(self, **more):
        """The same without encryption and login."""
        return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port),
                "SMTP_FROM": FROM, "SMTP_TLS": "off",
                "ASSENT_SMTP_RETRY_S": "1", **more}

    def commands(self):
        """What was said in this round, a line for each."""
        path = self.folder / f"box{self.rounds:03}" / "commands"
        return path.read_text().splitlines() if path.exists() else []

    def mails(self, to=None, about=None, subject=""):
        """In the order of arrival. `about` is an intent's id."""
        for path in self.folder.glob("box*/*.json"):
            if path not in self.read:
                self.read[path] = Mail(path)
        return [m for _, m in sorted(self.read.items())
                if to in (None, m.to) and m["Subject"].startswith(subject)
                and (about is None or about in m.text)]

    def wait(self, n=1, seconds=20, **which):
        """n mails of those, and not one more."""
        harness.wait_for(lambda: len(self.mails(**which)) >= n, seconds,
                         f"mail {n} of {which}")
        got = self.mails(**which)
        assert len(got) == n, [(m.to, m["Subject"]) for m in got]
        return got

    def ask(self, intent, to="dana@example.com"):
        """The mail that asks this person about this intent."""
        return self.wait(to=to, about=intent, subject="Approve?")[0]


def leaks(daemon, mails, *more):
    """Where tokens, codes and these further secrets stand that should not.

    Looks into the log and every file of the data folder as they are now.
    """
    secrets = {s for m in mails for s in (m.token, m.code) if s is not None}
    files = [daemon.log, *(p for p in daemon.data.rglob("*") if p.is_file())]
    assert any(p.name.endswith("-wal") for p in files), files
    texts = [(p.name, p.read_bytes()) for p in files]
    return [(name, secret) for secret in secrets | set(more)
            for name, text in texts if secret.encode() in text]
