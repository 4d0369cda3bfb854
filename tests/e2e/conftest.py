"""Fixtures of the end-to-end tests; see harness.py."""

import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402


@contextlib.contextmanager
def making(folder):
    """Makes daemons, and ends them with clean exits and clean sanitizers."""
    made = []

    def make(start=True, **kw):
        home = folder / f"d{len(made)}"
        home.mkdir()
        daemon = harness.Daemon(home, **kw)
        made.append(daemon)
        return daemon.start() if start else daemon

    yield make
    for daemon in made:
        if daemon.process is not None:
            daemon.stop()
        assert harness.sanitizer_reports(daemon) == []


@pytest.fixture
def make_daemon(tmp_path):
    with making(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_daemon(tmp_path_factory):
    """The same, for a daemon that the tests of one file share."""
    with making(tmp_path_factory.mktemp("shared")) as make:
        yield make


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
