"""The main job and the link page, in a real browser."""

import concurrent.futures
import hashlib
import http.server
import threading

import pytest

import browser as chromium
import harness
import mailbox

PAYLOAD = '{"to":"ann@example.com","amount":1250}'


@pytest.fixture(scope="module")
def relay(make_relay):
    return make_relay(*mailbox.AUTH)


@pytest.fixture(scope="module")
def daemon(make_shared_daemon, relay):
    return make_shared_daemon(env=relay.env(), config=mailbox.PEOPLE)


@pytest.fixture
def asked(relay, agent):
    """An intent and the mail to Dana about it."""
    def ask(**fields):
        intent = harness.submit(agent, **fields)["intentId"]
        return intent, relay.ask(intent)
    return ask


def status(agent, intent):
    return agent.get(f"/v1/intents/{intent}").json()["status"]


class Elsewhere:
    """A page of somebody else, on another port."""

    def __init__(self, html):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = html.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.server.shutdown()
        self.server.server_close()


# --- the main job ---------------------------------------------------------

def test_from_submit_over_mail_and_browser_to_the_report(daemon, relay,
                                                         browser):
    agent = daemon.agent("payer", owner="sam")
    first = harness.submit(agent, payload=PAYLOAD, destination="pay.out",
                           title="Pay Ann")
    intent = f"/v1/intents/{first['intentId']}"
    assert first["status"] == "pending_approval"
    asks = {m.to: m for m in relay.wait(2, about=first["intentId"])}
    dana = asks["dana@example.com"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        poll = pool.submit(agent.get, f"{intent}?wait=50")
        harness.wait_for(lambda: "assent_parked_requests 1\n" in
                         daemon.client().get("/metrics").body.decode(),
                         what="the parked poll")
        browser.open(dana.link)
        assert browser.heading == "payer wants: pay.out"
        assert '"amount": 1250' in browser.one("pre").text
        browser.type("#code", dana.code)
        browser.press("Approve")
        assert browser.heading == "Approved"
        assert "Approved by Dana Li by mail" in browser.text
        assert poll.result(10).json()["status"] == "approved"

    digest = hashlib.sha256(PAYLOAD.encode()).hexdigest()
    lease = agent.post(f"{intent}/execute", {"payload_sha256": digest})
    assert lease.status == 201
    assert agent.post(f"{intent}/execute", {}).status == 409
    told = agent.post(f"/v1/executions/{lease.json()['executionId']}/report",
                      {"status": "succeeded", "result": {"paid": 1250}})
    assert told.status == 200
    assert agent.get(intent).json()["status"] == "succeeded"

    lee = relay.wait(1, about=first["intentId"], to="lee@example.com",
                     subject="Approved:")[0]
    assert lee["In-Reply-To"] == asks["lee@example.com"]["Message-ID"]
    assert "Approved by Dana Li by mail" in lee.text
    browser.open(asks["lee@example.com"].link)
    assert browser.heading == "This is settled"
    assert "Approved by Dana Li by mail" in browser.text
    assert relay.mails(about=first["intentId"], to="dana@example.com") == \
        [dana]


# --- answering ------------------------------------------------------------

def test_a_denial_needs_the_box_ticked(agent, asked, browser):
    intent, mail = asked()
    browser.open(mail.link)
    browser.all("button")[1].click()  # the browser itself holds it back
    assert browser.run("return !document.forms[1].checkValidity()")
    assert browser.heading == "bot wants: mail.send"
    browser.one("input[name=sure]").click()
    browser.type("#reason", "not today")
    browser.press("Deny")
    assert browser.heading == "Denied"
    assert "not today" in browser.text
    assert status(agent, intent) == "blocked"


def test_a_wrong_code_is_told_where_it_was_typed(agent, asked, browser):
    intent, mail = asked()
    wrong = "000000" if mail.code != "000000" else "111111"
    browser.open(mail.link)
    browser.type("#code", wrong)
    browser.press("Approve")
    field = browser.one("#code")
    assert field.get_attribute("aria-invalid") == "true"
    assert "code-error" in field.get_attribute("aria-describedby")
    assert "4 more tries" in browser.one("#code-error").text
    assert browser.one("[role=alert]").text == \
        "This code is not the one of the message."
    # In sight, on a telephone as well.
    browser.size(*chromium.PHONE)
    browser.open(mail.link)
    browser.type("#code", wrong)
    browser.press("Approve")
    top = browser.run("return document.getElementById('code-error')"
                      ".getBoundingClientRect().top")
    assert 0 <= top < chromium.PHONE[1]
    for left in (2, 1):
        browser.type("#code", wrong)
        browser.press("Approve")
        assert f"{left} more tr" in browser.one("#code-error").text
    browser.type("#code", wrong)
    browser.press("Approve")
    assert browser.heading == "This link is locked"
    browser.open(mail.link)
    assert browser.heading == "This link is locked"
    assert browser.all("form") == []
    assert status(agent, intent) == "pending_approval"


def test_the_browser_asks_for_a_code_that_is_missing(agent, asked, browser):
    intent, mail = asked()
    browser.open(mail.link)
    browser.all("button")[0].click()
    assert browser.run("return document.activeElement.id") == "code"
    assert status(agent, intent) == "pending_approval"


def test_of_two_tabs_one_answers_and_the_other_is_told(relay, agent, asked,
                                                       browser):
    intent, mail = asked()
    lee = relay.ask(intent, "lee@example.com")
    browser.open(mail.link)
    first = browser.driver.current_window_handle
    second = browser.new_tab()
    browser.open(mail.link)
    third = browser.new_tab()
    browser.open(lee.link)
    for tab, code in ((first, mail.code), (second, mail.code),
                      (third, lee.code)):
        browser.use_tab(tab)
        browser.type("#code", code)
    for tab, heading in ((second, "Approved"), (first, "This is settled"),
                         (third, "This is settled")):
        browser.use_tab(tab)
        browser.press("Approve")
        assert browser.heading == heading
        assert "Approved by Dana Li by mail" in browser.text
    assert status(agent, intent) == "approved"


def test_the_keyboard_alone_is_enough(agent, asked, browser):
    intent, mail = asked()
    browser.open(mail.link)
    assert browser.tab_to(".skip").text == "Skip to your answer"
    browser.keys(chromium.Keys.ENTER)
    browser.tab_to("#code")
    browser.keys(mail.code)
    button = browser.tab_to("button.approve")
    assert browser.run("return getComputedStyle(arguments[0]).outlineStyle",
                       button) == "solid"
    browser.leave(lambda: browser.keys(chromium.Keys.ENTER))
    assert browser.heading == "Approved"
    assert status(agent, intent) == "approved"


# --- other people's pages -------------------------------------------------

@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_form_on_another_page_decides_nothing(daemon, agent, asked, browser,
                                                host):
    intent, mail = asked()
    browser.open(mail.link)
    fields = browser.run("""
        return Array.from(document.forms[0].querySelectorAll("input"))
            .map(i => [i.name, i.value]);
    """)
    fields = {**dict(fields), "code": mail.code, "option": "0"}
    html = "<form method=post action='{}'>{}</form><button>go</button>" \
        "<script>document.forms[0].submit()</script>".format(
            mail.link, "".join(f"<input name={k} value='{v}'>"
                               for k, v in fields.items()))
    with Elsewhere(html) as page:
        browser.open(f"http://{host}:{page.port}/")
        harness.wait_for(lambda: browser.url == mail.link,
                         what="the forged form")
        assert browser.heading == "Refused"
    assert status(agent, intent) == "pending_approval"
    browser.open(mail.link)
    browser.type("#code", mail.code)
    browser.press("Approve")
    assert browser.heading == "Approved"


def test_no_page_can_be_framed(daemon, asked, browser):
    _, mail = asked()
    base = f"http://127.0.0.1:{daemon.port}"
    urls = [mail.link, f"{base}/sign-in", f"{base}/approvals"]
    frames = "".join(f"<iframe src='{u}' onload='n++'></iframe>"
                     for u in urls)
    with Elsewhere(f"<script>var n = 0</script>{frames}") as page:
        browser.open(f"http://127.0.0.1:{page.port}/")
        harness.wait_for(lambda: browser.run("return n") == len(urls),
                         what="the frames")
        for frame in browser.all("iframe"):
            browser.driver.switch_to.frame(frame)
            assert browser.run("return location.href").startswith(
                "chrome-error:")
            assert browser.all("form, .sheet") == []
            browser.driver.switch_to.default_content()


def test_the_page_tells_no_other_site_where_it_was(asked, browser):
    _, mail = asked()
    browser.open(mail.link)
    assert browser.run("return document.referrer") == ""
    loaded = browser.run("""
        return performance.getEntriesByType("resource").map(e => e.name)""")
    assert [u.rsplit("/", 1)[1] for u in loaded] == ["style.css"]


# --- how it looks ---------------------------------------------------------

HOSTILE = "W" * 300 + "\u202e" + " " * 200 + "<b>x</b>"


@pytest.mark.parametrize("size", [chromium.PHONE, (320, 640),
                                  chromium.DESKTOP], ids=str)
def test_nothing_sticks_out_of_the_window(asked, browser, size):
    _, mail = asked(payload=HOSTILE, title="T" * 200, description="D" * 500,
                    destination="d" * 200, metadata={"k" * 100: "v" * 300},
                    options=[{"label": "A" * 60, "outcome": "approve"},
                             {"label": "N" * 60, "outcome": "deny"}])
    browser.size(*size)
    browser.open(mail.link)
    wide = browser.run("""
        return Array.from(document.querySelectorAll("body *"))
            .filter(e => !e.matches(".skip") &&
                e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.tagName + " " + e.className);
    """)
    assert wide == []
    assert browser.run("return document.documentElement.scrollWidth "
                       "<= innerWidth")


CONTRAST = """
    const light = c => {
        const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => {
            v /= 255;
            return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        });
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$/.test(c) && c !== "transparent") { return c; }
        }
        return "rgb(255, 255, 255)";
    };
    return Array.from(document.querySelectorAll("body *"))
        .filter(e => Array.from(e.childNodes).some(
            n => n.nodeType === 3 && n.data.trim()))
        .map(e => {
            const a = light(getComputedStyle(e).color);
            const b = light(ground(e));
            return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05),
                e.tagName + "." + e.className];
        }).filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_can_be_read_by_day_and_by_night(daemon, asked, browser,
                                                    dark):
    _, mail = asked(payload="a\u202eb", title="t", description="d")
    browser.dark(dark)
    browser.open(mail.link)
    night = browser.run("return getComputedStyle(document.body)"
                        ".backgroundColor")
    assert (night == "rgb(19, 21, 24)") == dark
    assert browser.run(CONTRAST) == []
    browser.type("#code", "WRONG1")
    browser.press("Approve")
    assert browser.run(CONTRAST) == []
    browser.type("#code", mail.code)
    browser.press("Approve")
    assert browser.run(CONTRAST) == []
    browser.open(f"http://127.0.0.1:{daemon.port}/sign-in")
    assert browser.run(CONTRAST) == []
