"""Pages without a browser: what they say, their forms, and who sends them.

For everything that needs no eyes; browser.py is for the rest.
"""

import html.parser
import urllib.parse

import harness

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Form:
    """The fields as a browser would send them, untouched."""

    def __init__(self, attrs):
        self.action = attrs.get("action", "")
        self.method = attrs.get("method", "get")
        self.fields, self.buttons, self.boxes = {}, {}, {}

    def has(self, *names):
        return set(names) <= set(self.fields) | set(self.boxes)


class Page(html.parser.HTMLParser):
    """One page, read whole; unclosed and unlabelled things are noted."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.status = answer, answer.status
        self.headers = answer.headers
        self.html = answer.body.decode()
        self.forms, self.links, self.ids = [], [], []
        self.h1, self.words, self.labels, self.inputs = [], [], set(), []
        self.lang = None
        self._open, self._field, self._button = [], None, None
        self.feed(self.html)
        self.close()
        assert self._open == [], (self._open, self.html)
        self.text = " ".join(" ".join(self.words).split())

    def __repr__(self):
        return f"<{self.status} {self.text}>"

    # --- reading ----------------------------------------------------------

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "html":
            self.lang = attrs.get("lang")
        elif tag == "form":
            self.forms.append(Form(attrs))
        elif tag == "label":
            self.labels.add(attrs.get("for"))
        elif tag == "a":
            self.links.append(attrs["href"])
        elif tag == "input":
            self._input(attrs)
        elif tag == "textarea":
            self.inputs.append(attrs["id"])
            self._field = attrs["name"]
            self.forms[-1].fields[self._field] = ""
        elif tag == "button":
            self._button = attrs
        elif tag == "h1":
            self.h1.append("")

    def _input(self, attrs):
        kind, form = attrs.get("type", "text"), self.forms[-1]
        if kind == "checkbox":
            form.boxes[attrs["name"]] = attrs["value"]
            self.inputs.append(None if "label" in self._open
                               else attrs.get("id", "?"))
            return
        form.fields[attrs["name"]] = attrs.get("value", "")
        if kind != "hidden":
            self.inputs.append(attrs.get("id", "?"))

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()
        self._field = None if tag == "textarea" else self._field
        self._button = None if tag == "button" else self._button

    def handle_data(self, data):
        if self._field is not None:
            # HTML, "The textarea element": a first line feed is dropped.
            self.forms[-1].fields[self._field] += data.removeprefix("\n")
            return
        if self._button is not None:
            self.forms[-1].buttons[data] = (self._button.get("name"),
                                            self._button.get("value"))
        if "h1" in self._open:
            self.h1[-1] += data
        if not {"title", "head"} & set(self._open):
            self.words.append(data)

    # --- asking -----------------------------------------------------------

    @property
    def heading(self):
        assert len(self.h1) == 1, self.h1
        return self.h1[0].strip()

    def form(self, button):
        """The form that holds the button of that label."""
        found = [f for f in self.forms if button in f.buttons]
        assert len(found) == 1, (button, [f.buttons for f in self.forms])
        return found[0]

    def unlabelled(self):
        """Fields that no label names."""
        return [i for i in self.inputs
                if i is not None and i not in self.labels]


class Visitor(harness.Client):
    """Somebody with a cookie jar who opens pages and sends forms."""

    def __init__(self, port):
        super().__init__(port)
        self.cookies = {}

    def visit(self, method, path, raw=None, headers=None):
        send = dict(headers or {})
        if self.cookies:
            send["Cookie"] = "; ".join(f"{k}={v}"
                                       for k, v in self.cookies.items())
        got = self.call(method, path, raw=raw, headers=send)
        jar = got.headers.get("set-cookie")
        if jar is not None:
            name, value = jar.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return got

    def follow(self, got):
        """What a browser shows in the end."""
        for _ in range(3):
            if got.status != 303:
                break
            got = self.visit("GET", got.headers["location"])
        return Page(got)

    def open(self, path):
        return self.follow(self.visit("GET", path))

    def post(self, path, fields, headers=None):
        """The answer to a form, as it comes."""
        kind = "application/x-www-form-urlencoded"
        return self.visit("POST", path,
                          urllib.parse.urlencode(fields).encode(),
                          {"Content-Type": kind, **(headers or {})})

    def press(self, path, page, button, headers=None, **typed):
        """Presses a button of the page at `path`; None unticks a field."""
        form = page.form(button)
        fields = {**form.fields, **typed}
        name, value = form.buttons[button]
        if name is not None:
            fields.setdefault(name, value)
        fields = {k: v for k, v in fields.items() if v is not None}
        where = urllib.parse.urljoin(path, form.action).split("#")[0]
        return self.follow(self.post(where, fields, headers))


def sign_in(daemon, key):
    """Somebody who signed in with this key."""
    got = Visitor(daemon.port)
    page = got.press("/sign-in", got.open("/sign-in"), "Sign in", key=key)
    assert page.heading.startswith("Waiting for a decision"), page
    return got
