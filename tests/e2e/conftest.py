"""Fixtures of the end-to-end tests; see harness.py."""

import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import browser as chromium  # noqa: E402
import harness  # noqa: E402
import mailbox  # noqa: E402


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


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A folder for the certificates of all relays."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def make_relay(tmp_path_factory, certificates):
    """Makes relays that end with the module."""
    folder, made = tmp_path_factory.mktemp("relays"), []

    def make(*options):
        relay = mailbox.Relay(folder / f"r{len(made)}", *options,
                              certs=certificates)
        made.append(relay)
        return relay

    yield make
    for relay in made:
        relay.stop()


@pytest.fixture(scope="session")
def shared_browser():
    got = chromium.Browser()
    yield got
    got.close()


@pytest.fixture
def browser(shared_browser):
    """The one Chromium, as if it were new."""
    shared_browser.forget()
    shared_browser.size(*chromium.DESKTOP)
    shared_browser.dark(False)
    return shared_browser
