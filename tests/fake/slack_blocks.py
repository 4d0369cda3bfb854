"""Block Kit as Slack takes it: what is wrong with these blocks, this view.

Limits are those of Slack's "Block Kit" reference pages and of the comments in
@slack/types. A length counts UTF-16 units as sent, which is never less than
any other way of counting that Slack may have. Properties that a block does
not have are refused, as Slack refuses them.
"""

import json
import random
import string

BLOCKS_OF_MESSAGE = 50
BLOCKS_OF_VIEW = 100
# Not on any page: what people were refused, less what others got through.
MESSAGE_CHARACTERS = 10000
VIEW_BYTES = 250 * 1000


def units(text):
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Check:
    """Collects what is wrong, each with the place it is at."""

    def __init__(self):
        self.errors = []

    def wrong(self, path, what):
        self.errors.append(f"{what} [json-pointer:{path}]")


# --- what a value can be: functions (check, value, path) ------------------

def words(most, least=1):
    def rule(check, value, path):
        if not isinstance(value, str):
            check.wrong(path, "must be a string")
        elif units(value) > most:
            check.wrong(path, f"must be less than {most + 1} characters")
        elif units(value) < least:
            check.wrong(path, f"must be more than {least - 1} characters")
    return rule


def boolean(check, value, path):
    if not isinstance(value, bool):
        check.wrong(path, "must be a boolean")


def number(low, high):
    def rule(check, value, path):
        if isinstance(value, bool) or not isinstance(value, int):
            check.wrong(path, "must be an integer")
        elif not low <= value <= high:
            check.wrong(path, f"must be from {low} to {high}")
    return rule


def among(*values):
    def rule(check, value, path):
        if value not in values:
            check.wrong(path, "must be one of " + ", ".join(values))
    return rule


def url(check, value, path):
    words(3000)(check, value, path)
    if isinstance(value, str) and not value.startswith(
            ("https://", "http://", "mailto:", "slack://")):
        check.wrong(path, "must be a valid URL")


def items(of, most, least=1):
    def rule(check, value, path):
        if not isinstance(value, list):
            check.wrong(path, "must be an array")
            return
        if len(value) > most:
            check.wrong(path, f"no more than {most} items allowed")
        if len(value) < least:
            check.wrong(path, f"no fewer than {least} items allowed")
        for i, one in enumerate(value[:most]):
            of(check, one, f"{path}/{i}")
    return rule


def thing(must=(), **may):
    """An object with these properties and no others."""
    def rule(check, value, path):
        if not isinstance(value, dict):
            check.wrong(path, "must be an object")
            return
        for name in must:
            if name not in value:
                check.wrong(path, f"missing required field: {name}")
        for name, one in value.items():
            if name == "type":
                continue
            if name not in may:
                check.wrong(path, f"invalid additional property: {name}")
            else:
                may[name](check, one, f"{path}/{name}")
    return rule


def of_type(table):
    """The rule for this "type"."""
    def rule(check, value, path):
        if not isinstance(value, dict):
            check.wrong(path, "must be an object")
        elif not isinstance(value.get("type"), str):
            check.wrong(path, "missing required field: type")
        elif value["type"] not in table:
            check.wrong(f"{path}/type", f"unsupported type: {value['type']}")
        else:
            table[value["type"]](check, value, path)
    return rule


# --- text -----------------------------------------------------------------

def plain(most=3000):
    return of_type({"plain_text": thing(
        ("text",), text=words(most), emoji=boolean)})


def text(most=3000):
    return of_type({
        "plain_text": thing(("text",), text=words(most), emoji=boolean),
        "mrkdwn": thing(("text",), text=words(most), verbatim=boolean)})


STYLE = thing((), bold=boolean, italic=boolean, strike=boolean, code=boolean,
              underline=boolean)
RICH_INLINE = of_type({
    "text": thing(("text",), text=words(12000), style=STYLE),
    "link": thing(("url",), url=url, text=words(12000), style=STYLE,
                  unsafe=boolean),
    "user": thing(("user_id",), user_id=words(255), style=STYLE),
    "usergroup": thing(("usergroup_id",), usergroup_id=words(255),
                       style=STYLE),
    "channel": thing(("channel_id",), channel_id=words(255), style=STYLE),
    "broadcast": thing(("range",), range=among("here", "channel", "everyone")),
    "emoji": thing(("name",), name=words(255), unicode=words(255)),
    "date": thing(("timestamp", "format"), timestamp=number(0, 1 << 40),
                  format=words(255), url=url, fallback=words(255)),
})
RICH_PLAIN = of_type({
    "text": thing(("text",), text=words(12000), style=STYLE),
    "link": thing(("url",), url=url, text=words(12000), style=STYLE,
                  unsafe=boolean)})
RICH_SECTION = thing(("elements",), elements=items(RICH_INLINE, 1000, 0))
RICH = of_type({
    "rich_text_section": RICH_SECTION,
    "rich_text_preformatted": thing(
        ("elements",), elements=items(RICH_PLAIN, 1000, 0),
        border=number(0, 1), language=words(255)),
    "rich_text_quote": thing(
        ("elements",), elements=items(RICH_INLINE, 1000, 0),
        border=number(0, 1)),
    "rich_text_list": thing(
        ("elements", "style"), style=among("bullet", "ordered"),
        elements=items(of_type({"rich_text_section": RICH_SECTION}), 1000),
        indent=number(0, 8), offset=number(0, 1 << 20), border=number(0, 1)),
})

# --- elements and blocks --------------------------------------------------

CONFIRM = thing(("title", "text", "confirm", "deny"), title=plain(100),
                text=text(300), confirm=plain(30), deny=plain(30),
                style=among("primary", "danger"))
OPTION = thing(("text", "value"), text=text(75), value=words(75),
               description=text(75), url=url)
IDS = {"action_id": words(255), "focus_on_load": boolean}
IMAGE = thing(("alt_text",), image_url=url, alt_text=words(2000))


def choice(most, **more):
    return thing(("options",), **IDS, options=items(OPTION, most),
                 confirm=CONFIRM, **more)


BUTTON = thing(("text",), text=plain(75), action_id=words(255), url=url,
               value=words(2000), style=among("primary", "danger"),
               confirm=CONFIRM, accessibility_label=words(75))
ELEMENTS = {
    "button": BUTTON,
    "static_select": choice(100, placeholder=plain(150),
                            initial_option=OPTION),
    "radio_buttons": choice(10, initial_option=OPTION),
    "checkboxes": choice(10, initial_options=items(OPTION, 10)),
    "overflow": choice(5),
}
INPUTS = {
    **{k: v for k, v in ELEMENTS.items() if k not in ("button", "overflow")},
    "plain_text_input": thing(
        (), **IDS, initial_value=words(3000, 0), multiline=boolean,
        min_length=number(0, 3000), max_length=number(1, 3000),
        placeholder=plain(150), dispatch_action_config=thing(
            (), trigger_actions_on=items(among(
                "on_enter_pressed", "on_character_entered"), 2))),
}
BLOCK = {
    "section": thing((), block_id=words(255), text=text(3000),
                     fields=items(text(2000), 10), expand=boolean,
                     accessory=of_type({**ELEMENTS, "image": IMAGE})),
    "header": thing(("text",), block_id=words(255), text=plain(150)),
    "divider": thing((), block_id=words(255)),
    "context": thing(("elements",), block_id=words(255), elements=items(
        of_type({"image": IMAGE, "plain_text": plain(), "mrkdwn": text()}),
        10)),
    "actions": thing(("elements",), block_id=words(255),
                     elements=items(of_type(ELEMENTS), 25)),
    "rich_text": thing(("elements",), block_id=words(255),
                       elements=items(RICH, 1000, 0)),
    "image": thing(("alt_text", "image_url"), block_id=words(255),
                   image_url=url, alt_text=words(2000), title=plain(2000)),
    "markdown": thing(("text",), block_id=words(255), text=words(12000)),
}
VIEW_BLOCK = {
    **{k: v for k, v in BLOCK.items() if k != "markdown"},
    "input": thing(("label", "element"), block_id=words(255),
                   label=plain(2000), hint=plain(2000), optional=boolean,
                   dispatch_action=boolean, element=of_type(INPUTS)),
}
VIEW = {"modal": thing(
    ("title", "blocks"), title=plain(24), submit=plain(24), close=plain(24),
    blocks=items(of_type(VIEW_BLOCK), BLOCKS_OF_VIEW, 0),
    private_metadata=words(3000, 0), callback_id=words(255, 0),
    clear_on_close=boolean, notify_on_close=boolean,
    external_id=words(255, 0), submit_disabled=boolean)}


def walk(value, visit):
    """Calls visit() with every object inside."""
    if isinstance(value, dict):
        visit(value)
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            walk(one, visit)


def texts(blocks):
    """Every text that a person can read in them."""
    found = []

    def visit(one):
        for name in ("text", "alt_text"):
            if isinstance(one.get(name), str):
                found.append(one[name])
    walk(blocks, visit)
    return found


def _unique(check, blocks, path):
    seen = set()
    for i, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if name is not None and name in seen:
            check.wrong(f"{path}/{i}/block_id", "must be unique")
        seen.add(name)
        if block.get("type") == "section" and \
                not ("text" in block or "fields" in block):
            check.wrong(f"{path}/{i}", "missing required field: text")
        actions = [e.get("action_id") for e in block.get("elements") or []
                   if isinstance(e, dict) and "action_id" in e]
        if len(set(actions)) != len(actions):
            check.wrong(f"{path}/{i}", "action_id must be unique")


def of_message(blocks):
    """(error code or None, errors)"""
    check = Check()
    items(of_type(BLOCK), BLOCKS_OF_MESSAGE, 0)(check, blocks, "/blocks")
    if isinstance(blocks, list):
        _unique(check, blocks, "/blocks")
    if check.errors:
        return "invalid_blocks", check.errors
    if sum(map(units, texts(blocks))) > MESSAGE_CHARACTERS:
        return "msg_blocks_too_long", []
    return None, []


def of_view(view):
    """(error code or None, errors)"""
    check = Check()
    of_type(VIEW)(check, view, "/view")
    if not check.errors:
        _unique(check, view["blocks"], "/view/blocks")
        if "submit" not in view and \
                any(b["type"] == "input" for b in view["blocks"]):
            check.wrong("/view", "missing required field: submit")
    if check.errors:
        return "invalid_arguments", check.errors
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        return "view_too_large", []
    return None, []


def _new_id():
    return "".join(random.choices(string.ascii_letters + string.digits, k=5))


def as_stored(value):
    """A copy as Slack gives it back: ids and defaults are filled in."""
    value = json.loads(json.dumps(value))

    def fill(one):
        kind = one.get("type")
        if kind == "plain_text":
            one.setdefault("emoji", True)
        elif kind == "mrkdwn":
            one.setdefault("verbatim", False)
        elif kind in ELEMENTS or kind in INPUTS:
            one.setdefault("action_id", _new_id())
    walk(value, fill)
    for block in value["blocks"] if isinstance(value, dict) else value:
        block.setdefault("block_id", _new_id())
    return value
