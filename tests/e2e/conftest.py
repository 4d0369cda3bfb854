"""Fixtures of the end-to-end tests; see harness.py."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402


@pytest.fixture
def make_daemon(tmp_path):
    """Makes daemons, and ends them with clean exits and clean sanitizers."""
    made = []

    def make(start=True, **kw):
        folder = tmp_path / f"d{len(made)}"
        folder.mkdir()
        daemon = harness.Daemon(folder, **kw)
        made.append(daemon)
        return daemon.start() if start else daemon

    yield make
    for daemon in made:
        if daemon.process is not None:
            daemon.stop()
        assert harness.sanitizer_reports(daemon) == []


@pytest.fixture
def daemon(make_daemon):
    return make_daemon()


@pytest.fixture
def agent(daemon):
    return daemon.agent()


@pytest.fixture
def receiver():
    got = harness.Receiver()
    yield got
    got.close()
