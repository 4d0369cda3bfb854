"""Runs the command line and looks at how it ended."""

import json

import harness

# Exit codes, as assent(1) has them.
OK, FAILED, USAGE, NOT_APPROVED, PENDING, NOT_FOUND, REFUSED, CONFLICT = \
    range(8)


def run(daemon, *args, key=harness.ADMIN_KEY, code=OK, **kw):
    got = daemon.cli(*args, key=key, check=False, **kw)
    assert got.returncode == code, (args, got.returncode, got.stdout,
                                    got.stderr)
    assert "anitizer" not in got.stderr, got.stderr
    return got


def run_json(daemon, *args, **kw):
    return json.loads(run(daemon, *args, "--json", **kw).stdout)


def new(daemon, agent, *more, policy="human", code=OK):
    return run_json(daemon, "submit", "--policy", policy, "--destination",
                    "mail.send", *more, key=agent.key, code=code)["intentId"]
