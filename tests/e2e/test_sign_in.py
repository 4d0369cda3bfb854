"""Signing in to the local page, and out."""

import json
import re

import pytest

import harness
import webpage
from webpage import sign_in


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon()


@pytest.fixture
def visitor(daemon):
    return webpage.Visitor(daemon.port)


@pytest.fixture(scope="module")
def rita(daemon):
    return daemon.key("rita")


@pytest.fixture
def reviewer(daemon, rita):
    return sign_in(daemon, rita.key)


@pytest.fixture
def intent(agent):
    return harness.submit(agent, payload="hello")["intentId"]


def events(admin, kind):
    found, after = [], 0
    while after is not None:
        got = admin.get(f"/v1/audit?limit=1000&after={after}").json()
        found += [e for e in got["events"] if e["type"] == kind]
        after = got["next_after"] if got["events"] else None
    return found


@pytest.mark.parametrize("path", ["/approvals", "/approvals/int_x", "/"])
def test_who_is_not_signed_in_is_led_to_the_door(visitor, path):
    got = visitor.visit("GET", path)
    assert got.status == 303
    page = visitor.follow(got)
    assert (page.status, page.heading) == (200, "Sign in")
    assert b"wants:" not in got.body


def test_a_reviewer_signs_in_and_comes_where_they_wanted(daemon, rita,
                                                         visitor, intent):
    path = f"/approvals/{intent}"
    page = visitor.press("/sign-in", visitor.open(path), "Sign in",
                         key=rita.key)
    assert page.heading == "bot wants: mail.send"
    assert "rita" in page.text
    last = events(daemon.admin, "signed_in")[-1]
    assert last["actor"] == "rita"
    assert last["metadata"] == {"address": "127.0.0.1", "key": rita.id,
                                "way": "key"}


def test_an_admin_signs_in_with_the_key_of_the_settings(daemon):
    assert "admin" in sign_in(daemon, harness.ADMIN_KEY).open(
        "/approvals").text


def test_a_cookie_is_for_this_page_alone(visitor, rita):
    form = visitor.visit("GET", "/sign-in")
    assert re.fullmatch(r"assent_session=\S+; Path=/; Max-Age=\d+; HttpOnly; "
                        r"SameSite=Strict", form.headers["set-cookie"])
    got = visitor.post("/sign-in", {
        "csrf": webpage.Page(form).forms[0].fields["csrf"], "key": rita.key})
    assert got.status == 303
    assert re.fullmatch(r"assent_session=\S+; Path=/; Max-Age=43200; "
                        r"HttpOnly; SameSite=Lax", got.headers["set-cookie"])
    assert rita.key not in got.headers["set-cookie"]


def test_an_agents_key_does_not_open_the_page(visitor, agent):
    page = visitor.press("/sign-in", visitor.open("/sign-in"), "Sign in",
                         key=agent.key)
    assert (page.status, page.heading) == (403, "Sign in")
    assert "Agents do not decide." in page.text
    assert visitor.open("/approvals").heading == "Sign in"
    # Nor does it as it is used with the API.
    got = agent.get("/approvals")
    assert (got.status, got.headers["location"]) == \
        (303, "/sign-in?next=%2Fapprovals")


@pytest.mark.parametrize("key", ["", "x", "gate_sk_" + "0" * 48,
                                 harness.ADMIN_KEY[:-1],
                                 harness.ADMIN_KEY + "0", "a" * 4000])
def test_an_unknown_key_does_not_open_the_page(visitor, key):
    page = visitor.press("/sign-in", visitor.open("/sign-in"), "Sign in",
                         key=key)
    assert page.status == 403
    assert "This key does not count here." in page.text
    assert len(key) < 2 or key not in page.html
    assert visitor.open("/approvals").heading == "Sign in"


def test_a_revoked_key_opens_nothing_and_ends_its_sessions(daemon, intent):
    key = daemon.key("brief")
    inside = sign_in(daemon, key.key)
    before = inside.open(f"/approvals/{intent}")
    assert daemon.admin.post(f"/v1/keys/{key.id}/revoke", {}).status == 200
    assert inside.open("/approvals").heading == "Sign in"
    got = inside.press(f"/approvals/{intent}", before, "Approve")
    assert got.heading == "Sign in"
    page = inside.press("/sign-in", inside.open("/sign-in"), "Sign in",
                        key=key.key)
    assert page.status == 403
    row = daemon.admin.get(f"/v1/intents/{intent}").json()
    assert row["status"] == "pending_approval"


def test_another_admin_key_ends_the_sessions_of_the_one_before(make_daemon):
    daemon = make_daemon()
    inside = sign_in(daemon, harness.ADMIN_KEY)
    for key, heading in ((harness.ADMIN_KEY, "Waiting for a decision: 0"),
                         ("another-" + harness.ADMIN_KEY, "Sign in"),
                         (None, "Sign in")):
        daemon.stop()
        daemon.env.pop("ADMIN_API_KEY", None)
        if key is not None:
            daemon.env["ADMIN_API_KEY"] = key
        daemon.start()
        assert inside.open("/approvals").heading == heading


def test_the_printed_link_signs_in_once(make_daemon):
    daemon = make_daemon(env={"ADMIN_API_KEY": None})
    printed = re.findall(r"/sign-in/[0-9a-f]+", daemon.greeting())
    assert len(printed) == 1
    visitor, later = (webpage.Visitor(daemon.port) for _ in range(2))
    for method in ("GET", "HEAD", "OPTIONS") * 5:
        later.visit(method, printed[0])
    page = visitor.press(printed[0], visitor.open(printed[0]), "Sign in")
    assert page.heading == "Waiting for a decision: 0"
    assert "admin" in page.text
    page = later.press(printed[0], later.open(printed[0]), "Sign in")
    assert page.status == 403
    assert "This link was used before." in page.text
    assert later.open("/approvals").heading == "Sign in"
    forged = printed[0][:-1] + ("0" if printed[0][-1] != "0" else "1")
    page = later.press(forged, later.open(forged), "Sign in")
    assert page.status == 403
    assert "not one of ours" in page.text
    made = daemon.cli("key", "create", "--name", "x", "--class", "admin",
                      "--offline", "--json", offline=True).stdout
    admin = daemon.client(json.loads(made)["apiKey"])
    entered, = events(admin, "signed_in")
    assert entered["metadata"]["way"] == "link"
    token = printed[0].rsplit("/", 1)[1].encode()
    assert not [p for p in (*daemon.data.iterdir(), daemon.log)
                if token in p.read_bytes()]


@pytest.mark.parametrize("next_", [
    "//evil.example/approvals", "https://evil.example/approvals", "/\\evil",
    "/approvals\\@evil", "/approvals//evil", "/approvals?x=//evil",
    "/approvals#x", "evil", "javascript:alert(1)", "/sign-out", "/v1/keys"])
def test_signing_in_leads_nowhere_else(visitor, rita, next_):
    page = visitor.open("/sign-in?next=" + webpage.urllib.parse.quote(next_))
    got = visitor.post("/sign-in", {**page.forms[0].fields, "next": next_,
                                    "key": rita.key})
    assert (got.status, got.headers["location"]) == (303, "/approvals")


def test_who_is_signed_in_stays_so_until_they_leave(reviewer):
    assert reviewer.visit("GET", "/sign-in").headers["location"] == \
        "/approvals"
    page = reviewer.open("/approvals")
    kept = dict(reviewer.cookies)
    got = reviewer.post("/sign-out", {"csrf": "0" * 64})
    assert got.status == 403
    assert reviewer.cookies == kept
    page = reviewer.press("/approvals", page, "Sign out")
    assert page.heading == "Sign in"
    assert reviewer.open("/approvals").heading == "Sign in"


def test_two_doors_may_stand_open_at_once(visitor, rita):
    first = visitor.open("/sign-in")
    visitor.open("/sign-in")
    page = visitor.press("/sign-in", first, "Sign in", key=rita.key)
    assert page.heading.startswith("Waiting")


def test_a_changed_cookie_is_no_session(reviewer):
    good = reviewer.cookies["assent_session"]
    parts = good.split(".")
    bad = ["", "x", good[:-1], good + "0", good.upper(), "..".join(parts),
           ".".join(["admin", *parts[1:]]),
           ".".join([parts[0], "f" * 16, *parts[2:]]),
           ".".join([*parts[:3], "0" * 64])]
    for cookie in bad:
        reviewer.cookies["assent_session"] = cookie
        got = reviewer.visit("GET", "/approvals")
        assert got.status == 303, cookie
    reviewer.cookies["assent_session"] = good
    assert reviewer.open("/approvals").status == 200
