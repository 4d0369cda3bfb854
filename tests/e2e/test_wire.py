"""Conversations of tests/wire, played to a real daemon; see its README."""

import json
import re

import pytest

import harness

ROOT = harness.ROOT / "tests" / "wire"
FILES = sorted(ROOT.glob("*/*.txt"))
# How a product's clients carry their key.
KEY_HEADERS = {"vantagate": ("X-API-KEY", "")}
DAEMONS = {"vantagate": {"ASSENT_ALLOW_PRIVATE_TARGETS": None}}
WORD = re.compile(r"<(\w+)(?: ([^<>]+))?>")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def exchanges(text):
    """Blocks of (what is asked, what is answered), as lists of lines."""
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines()
                 if line and not line.startswith("# ")]
        cut = [i for i, line in enumerate(lines) if line.startswith("< ")]
        if lines:
            yield lines[:cut[0]], lines[cut[0]:]


def split(lines, mark):
    """The lines with the mark, without it, and the text of the others."""
    return ([line[2:] for line in lines if line.startswith(mark)],
            "\n".join(x for x in lines if not x.startswith(mark)))


class Conversation:
    def __init__(self, daemon, dialect="zehrava"):
        self.daemon, self.words, self.dialect = daemon, {}, dialect
        self.callers = {
            "nobody": daemon.client(),
            "admin": daemon.admin,
            "agent": daemon.agent("agent"),
            "other": daemon.agent("other"),
            "reviewer": daemon.key("reviewer"),
            "second": daemon.key("second"),
        }

    def filled(self, text):
        """The text with remembered words in it."""
        return WORD.sub(lambda m: self.words.get(m[1], m[0]), text)

    def caller(self, who):
        got = self.callers.get(who) or self.daemon.client(self.filled(who))
        if self.dialect in KEY_HEADERS:
            got.key_header, got.key_scheme = KEY_HEADERS[self.dialect]
        return got

    def ask(self, lines):
        head, body = split(lines, "> ")
        method, path, who = re.match(r"(\S+) (\S+) as (\S+)$",
                                     head[0]).groups()
        headers = dict(line.split(": ", 1) for line in head[1:])
        raw = None
        if body.startswith("raw "):
            raw = body[4:].encode()
        elif body:
            raw = json.dumps(json.loads(self.filled(body))).encode()
        return self.caller(who).call(method, self.filled(path), raw=raw,
                                     headers=headers)

    def check_text(self, want, got, where):
        word = WORD.fullmatch(want)
        if word is None:
            assert got == self.filled(want), where
            return
        name, pattern = word.groups()
        if name == "time":
            pattern = TIME
        if pattern is not None:
            assert re.fullmatch(pattern, got), (where, got)
        if name not in ("_", "time"):
            assert self.words.setdefault(name, got) == got, where

    def check(self, want, got, where="body"):
        if isinstance(want, dict):
            assert isinstance(got, dict), (where, got)
            for name, value in want.items():
                if value == "<absent>":
                    assert name not in got, (where, name)
                    continue
                assert name in got, (where, name, got)
                self.check(value, got[name], f"{where}.{name}")
        elif isinstance(want, list):
            assert isinstance(got, list), (where, got)
            assert len(got) == len(want), (where, got)
            for i, value in enumerate(want):
                self.check(value, got[i], f"{where}.{i}")
        elif isinstance(want, str):
            assert isinstance(got, str), (where, got)
            self.check_text(want, got, where)
        else:
            assert got == want and type(got) is type(want), (where, got)

    def play(self, asked, wanted):
        head, body = split(wanted, "< ")
        got = self.ask(asked)
        assert got.status == int(head[0]), (asked, got)
        for line in head[1:]:
            name, value = line.split(": ", 1)
            assert got.headers.get(name.lower()) == value, (asked, line)
        if body.startswith("raw "):
            assert got.body == body[4:].encode(), asked
        elif body:
            self.check(json.loads(body), got.json(), asked[0])


def test_there_are_conversations():
    assert len(FILES) >= 12


@pytest.mark.parametrize(
    "path", FILES, ids=[f"{p.parent.name}-{p.stem}" for p in FILES])
def test_conversation(path, make_daemon):
    dialect = path.parent.name
    # Conversations name no endpoint that would be there.
    talk = Conversation(make_daemon(env=DAEMONS.get(dialect)), dialect)
    for asked, wanted in exchanges(path.read_text()):
        talk.play(asked, wanted)
