"""What Discord takes for a message, a modal and an allowed mention.

Pure: bodies in, errors out. An error has a path and one of the codes that
Discord's form validator uses; form_body() is the answer 50035 made of them.
Lengths are those of the trimmed text. Whether Discord counts code points or
UTF-16 units is not documented, so the longer count is held to the limit.
"""

import datetime
import re

EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
ROW, BUTTON, STRING_SELECT, TEXT_INPUT, LABEL = 1, 2, 3, 4, 18
TEXT_DISPLAY = 10
SELECTS = {3, 5, 6, 7, 8}
LINK, PREMIUM = 5, 6
SNOWFLAKE = re.compile(r"[0-9]{15,20}\Z")
EMBED_TOTAL = 6000


class Errors:
    """Errors in the order they were found: (path, code, words).

    `unknown` are fields that Discord has not and would swallow.
    """

    def __init__(self):
        self.rows, self.unknown = [], []

    def add(self, path, code, words):
        self.rows.append((tuple(path), code, words))

    def required(self, path):
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def choice(self, path, value):
        self.add(path, "BASE_TYPE_CHOICES",
                 f"Value {value!r} must be one of the allowed values.")

    def __bool__(self):
        return bool(self.rows)

    def codes(self):
        return {".".join(map(str, p)): c for p, c, _ in self.rows}


def form_body(errors):
    """The body of a 400 with code 50035."""
    tree = {}
    for path, code, words in errors.rows:
        node = tree
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code,
                                               "message": words})
    return {"message": "Invalid Form Body", "code": 50035, "errors": tree}


def length(text):
    text = text.strip()
    return max(len(text), len(text.encode("utf-16-le", "replace")) // 2)


def text(e, path, value, limit, required=False, low=1, optional_null=True):
    """A text of low to limit characters. Says its length."""
    if value is None and (not required and optional_null):
        return 0
    if value is None:
        e.required(path)
        return 0
    if not isinstance(value, str):
        e.add(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        return 0
    n = length(value)
    if required and n == 0:
        e.required(path)
    elif n < low and (required or low > 1):
        e.add(path, "BASE_TYPE_BAD_LENGTH",
              f"Must be between {low} and {limit} in length.")
    if n > limit:
        e.add(path, "BASE_TYPE_MAX_LENGTH",
              f"Must be {limit} or fewer in length.")
    return n


def url(e, path, value, limit=2048):
    if text(e, path, value, limit, True) and not re.match(
            r"(https?|discord)://[^\s/]+", str(value)):
        e.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def whole(e, path, value, low, high):
    if isinstance(value, bool) or not isinstance(value, int):
        e.add(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not int.")
    elif not low <= value <= high:
        e.add(path, "NUMBER_TYPE_MAX",
              f"int value should be between {low} and {high}.")


def known(e, path, value, fields):
    if isinstance(value, dict):
        e.unknown += [".".join(map(str, (*path, name)))
                      for name in sorted(set(value) - fields)]


# --- embeds -----------------------------------------------------------------

def _stamp(e, path, value):
    try:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        e.add(path, "DATE_TIME_TYPE_PARSE",
              f"Could not parse {value}. Should be ISO8601.")


def _embed(e, path, embed):
    """One embed; how many characters it has of the 6000."""
    if not isinstance(embed, dict):
        e.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used.")
        return 0
    known(e, path, embed, {"title", "type", "description", "url", "color",
                           "timestamp", "footer", "image", "thumbnail",
                           "author", "fields", "provider", "video"})
    n = text(e, (*path, "title"), embed.get("title"), 256)
    n += text(e, (*path, "description"), embed.get("description"), 4096)
    if embed.get("color") is not None:
        whole(e, (*path, "color"), embed["color"], 0, 0xFFFFFF)
    if embed.get("timestamp") is not None:
        _stamp(e, (*path, "timestamp"), embed["timestamp"])
    if embed.get("url") is not None:
        url(e, (*path, "url"), embed["url"])
    for name, part, limit in (("footer", "text", 2048),
                              ("author", "name", 256)):
        if embed.get(name) is not None:
            n += text(e, (*path, name, part), embed[name].get(part), limit,
                      True)
    fields = embed.get("fields") or []
    if not isinstance(fields, list):
        e.add((*path, "fields"), "LIST_TYPE_CONVERT", "Only iterables.")
        return n
    if len(fields) > 25:
        e.add((*path, "fields"), "BASE_TYPE_MAX_LENGTH",
              "Must be 25 or fewer in length.")
    for i, field in enumerate(fields):
        at = (*path, "fields", i)
        known(e, at, field, {"name", "value", "inline"})
        n += text(e, (*at, "name"), field.get("name"), 256, True)
        n += text(e, (*at, "value"), field.get("value"), 1024, True)
        if not isinstance(field.get("inline", False), bool):
            e.add((*at, "inline"), "BOOLEAN_TYPE_CONVERT",
                  "Must be either true or false.")
    if n == 0 and not any(embed.get(k) for k in ("image", "thumbnail",
                                                 "video")):
        e.add(path, "EMBED_EMPTY", "An embed needs something to show.")
    return n


def _embeds(e, embeds):
    if not isinstance(embeds, list):
        e.add(("embeds",), "LIST_TYPE_CONVERT",
              "Only iterables may be used in a ListType")
        return
    if len(embeds) > 10:
        e.add(("embeds",), "BASE_TYPE_MAX_LENGTH",
              "Must be 10 or fewer in length.")
    total = sum(_embed(e, ("embeds", i), one) for i, one in
                enumerate(embeds))
    if total > EMBED_TOTAL:
        e.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED",
              f"Embed size exceeds maximum size of {EMBED_TOTAL}")


# --- components -------------------------------------------------------------

def _custom_id(e, path, value, seen):
    text(e, (*path, "custom_id"), value, 100, True)
    if isinstance(value, str) and value in seen:
        e.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED",
              "Component custom id cannot be duplicated")
    seen.add(value)


def _button(e, path, one, seen):
    known(e, path, one, {"type", "id", "style", "label", "emoji",
                         "custom_id", "sku_id", "url", "disabled"})
    style = one.get("style")
    if style not in (1, 2, 3, 4, LINK):
        e.choice((*path, "style"), style)
    if not isinstance(one.get("disabled", False), bool):
        e.add((*path, "disabled"), "BOOLEAN_TYPE_CONVERT",
              "Must be either true or false.")
    n = text(e, (*path, "label"), one.get("label"), 80)
    if n == 0 and not one.get("emoji"):
        e.add(path, "BUTTON_COMPONENT_LABEL_REQUIRED",
              "A button needs a label or an emoji")
    if style == LINK:
        url(e, (*path, "url"), one.get("url"), 512)
        if "custom_id" in one:
            e.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_EXCLUSIVE",
                  "A custom id and url cannot both be specified")
        return
    if "url" in one:
        e.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_EXCLUSIVE",
              "A custom id and url cannot both be specified")
    _custom_id(e, path, one.get("custom_id"), seen)


def _select(e, path, one, seen):
    known(e, path, one, {"type", "id", "custom_id", "options", "placeholder",
                         "min_values", "max_values", "disabled", "required",
                         "default_values", "channel_types"})
    _custom_id(e, path, one.get("custom_id"), seen)
    text(e, (*path, "placeholder"), one.get("placeholder"), 150)
    if one.get("type") != STRING_SELECT:
        return
    options = one.get("options") or []
    if not 1 <= len(options) <= 25:
        e.add((*path, "options"), "BASE_TYPE_BAD_LENGTH",
              "Must be between 1 and 25 in length.")
    values = set()
    for i, option in enumerate(options):
        at = (*path, "options", i)
        text(e, (*at, "label"), option.get("label"), 100, True)
        text(e, (*at, "value"), option.get("value"), 100, True)
        text(e, (*at, "description"), option.get("description"), 100)
        if option.get("value") in values:
            e.add((*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                  "The specified option value is already used")
        values.add(option.get("value"))


def _components(e, rows):
    if not isinstance(rows, list):
        e.add(("components",), "LIST_TYPE_CONVERT",
              "Only iterables may be used in a ListType")
        return
    if len(rows) > 5:
        e.add(("components",), "BASE_TYPE_BAD_LENGTH",
              "Must be between 1 and 5 in length.")
    seen = set()
    for i, row in enumerate(rows):
        path = ("components", i)
        if not isinstance(row, dict) or row.get("type") != ROW:
            e.add((*path, "type"), "UNION_TYPE_CHOICES",
                  "Value of field \"type\" must be one of (1,).")
            continue
        inside = row.get("components") or []
        kinds = [c.get("type") for c in inside]
        most = 1 if set(kinds) & SELECTS else 5
        if not 1 <= len(inside) <= most:
            e.add((*path, "components"), "BASE_TYPE_BAD_LENGTH",
                  f"Must be between 1 and {most} in length.")
        for j, one in enumerate(inside):
            at = (*path, "components", j)
            if kinds[j] == BUTTON:
                _button(e, at, one, seen)
            elif kinds[j] in SELECTS:
                _select(e, at, one, seen)
            else:
                e.add((*at, "type"), "UNION_TYPE_CHOICES",
                      "Value of field \"type\" must be one of (2, 3, 5, 6, "
                      "7, 8).")


# --- mentions, messages -----------------------------------------------------

def _mentions(e, value):
    path = ("allowed_mentions",)
    if not isinstance(value, dict):
        e.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used.")
        return
    known(e, path, value, {"parse", "roles", "users", "replied_user"})
    parse = value.get("parse") or []
    for i, word in enumerate(parse):
        if word not in ("roles", "users", "everyone"):
            e.choice((*path, "parse", i), word)
    for kind in ("roles", "users"):
        listed = value.get(kind) or []
        if len(listed) > 100:
            e.add((*path, kind), "BASE_TYPE_MAX_LENGTH",
                  "Must be 100 or fewer in length.")
        for i, one in enumerate(listed):
            if not SNOWFLAKE.match(str(one)):
                e.add((*path, kind, i), "NUMBER_TYPE_COERCE",
                      f"Value {one!r} is not snowflake.")
        if listed and kind in parse:
            e.add(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                  f"parse:[\"{kind}\"] and {kind}: [ids...] are mutually "
                  "exclusive.")


FIELDS = {
    "create": {"content", "nonce", "tts", "embeds", "allowed_mentions",
               "message_reference", "components", "sticker_ids",
               "attachments", "flags", "enforce_nonce", "poll"},
    "edit": {"content", "embeds", "flags", "allowed_mentions", "components",
             "attachments"},
    "answer": {"tts", "content", "embeds", "allowed_mentions", "flags",
               "components", "attachments", "poll"},
}
FLAGS = {
    "create": SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2,
    "edit": SUPPRESS_EMBEDS | COMPONENTS_V2,
    "answer": EPHEMERAL | SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS |
    COMPONENTS_V2,
}


def check_message(body, use, files=()):
    """Errors of a message's body; `use` is create, edit or answer. `files`
    are the indexes of the uploaded ones."""
    e = Errors()
    known(e, (), body, FIELDS[use])
    text(e, ("content",), body.get("content"), 2000)
    if body.get("embeds") is not None:
        _embeds(e, body["embeds"])
    if body.get("components") is not None:
        _components(e, body["components"])
    if body.get("allowed_mentions") is not None:
        _mentions(e, body["allowed_mentions"])
    flags = body.get("flags") or 0
    if not isinstance(flags, int) or flags & ~FLAGS[use]:
        e.choice(("flags",), flags)
    nonce = body.get("nonce")
    if nonce is not None and (isinstance(nonce, bool) or
                              not isinstance(nonce, (str, int))):
        e.add(("nonce",), "NONCE_TYPE_INVALID", "Not a nonce.")
    elif isinstance(nonce, str) and length(nonce) > 25:
        e.add(("nonce",), "NONCE_TYPE_TOO_LONG",
              "Nonce must be 25 or fewer in length.")
    for i, one in enumerate(body.get("attachments") or []):
        at = ("attachments", i)
        if SNOWFLAKE.match(str(one.get("id", ""))):
            continue
        if str(one.get("id", "")) not in files:
            e.add((*at, "id"), "ATTACHMENT_NOT_FOUND",
                  "No such file was uploaded.")
        text(e, (*at, "filename"), one.get("filename"), 1024)
    return e


# --- modals -----------------------------------------------------------------

def _text_input(e, path, one, wrapped):
    known(e, path, one, {"type", "id", "custom_id", "style", "label",
                         "min_length", "max_length", "required", "value",
                         "placeholder"})
    if one.get("style") not in (1, 2):
        e.choice((*path, "style"), one.get("style"))
    if wrapped and "label" in one:
        e.add((*path, "label"), "LABEL_NOT_ALLOWED",
              "label is not allowed inside a Label")
    elif not wrapped:
        text(e, (*path, "label"), one.get("label"), 45, True)
    if one.get("min_length") is not None:
        whole(e, (*path, "min_length"), one["min_length"], 0, 4000)
    if one.get("max_length") is not None:
        whole(e, (*path, "max_length"), one["max_length"], 1, 4000)
    text(e, (*path, "value"), one.get("value"), 4000)
    text(e, (*path, "placeholder"), one.get("placeholder"), 100)
    if not isinstance(one.get("required", True), bool):
        e.add((*path, "required"), "BOOLEAN_TYPE_CONVERT",
              "Must be either true or false.")


def _modal_part(e, path, part, seen):
    kind = part.get("type")
    if kind == TEXT_DISPLAY:
        text(e, (*path, "content"), part.get("content"), 4000, True)
    elif kind == LABEL:
        known(e, path, part, {"type", "id", "label", "description",
                              "component"})
        text(e, (*path, "label"), part.get("label"), 45, True)
        text(e, (*path, "description"), part.get("description"), 100)
        inner, at = part.get("component") or {}, (*path, "component")
        _custom_id(e, at, inner.get("custom_id"), seen)
        if inner.get("type") == TEXT_INPUT:
            _text_input(e, at, inner, True)
        elif inner.get("type") not in SELECTS | {19, 21, 22, 23}:
            e.choice((*at, "type"), inner.get("type"))
    elif kind == ROW:
        inside = part.get("components") or []
        if len(inside) != 1 or inside[0].get("type") != TEXT_INPUT:
            e.add((*path, "components"), "BASE_TYPE_BAD_LENGTH",
                  "Must be between 1 and 1 in length.")
            return
        at = (*path, "components", 0)
        _custom_id(e, at, inside[0].get("custom_id"), seen)
        _text_input(e, at, inside[0], False)
    else:
        e.choice((*path, "type"), kind)


def check_modal(body):
    e, seen = Errors(), set()
    known(e, ("data",), body, {"custom_id", "title", "components"})
    text(e, ("data", "custom_id"), body.get("custom_id"), 100, True)
    text(e, ("data", "title"), body.get("title"), 45, True)
    parts = body.get("components") or []
    if not isinstance(parts, list) or not 1 <= len(parts) <= 5:
        e.add(("data", "components"), "BASE_TYPE_BAD_LENGTH",
              "Must be between 1 and 5 in length.")
        return e
    for i, part in enumerate(parts):
        _modal_part(e, ("data", "components", i), part, seen)
    return e


def inputs(modal):
    """(text input, whether it is wrapped in a Label) for each one."""
    for part in modal["components"]:
        if part["type"] == LABEL and part["component"]["type"] == TEXT_INPUT:
            yield part["component"], True
        elif part["type"] == ROW:
            yield part["components"][0], False
