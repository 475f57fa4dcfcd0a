"""Whether Discord would take the components of a message or of a modal.

Source: discord.com/developers/docs/components/reference; for the 4000 characters of all texts, which the reference
does not tell, what the client libraries count.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from tests.fakes.discord_errors import Path, Problem, Problems, choice, number, text
from tests.fakes.discord_records import Payload, length

ROW, BUTTON, SELECT, INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = 1, 2, 3, 4, 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, UPLOAD, RADIO, CHECKS, CHECK = 17, 18, 19, 21, 22, 23
SELECTS = frozenset({3, 5, 6, 7, 8})
IN_CONTAINER = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR})
IN_MESSAGE = IN_CONTAINER | {CONTAINER}
IN_MODAL = frozenset({ROW, TEXT, LABEL})
IN_LABEL = SELECTS | {INPUT, UPLOAD, RADIO, CHECKS, CHECK}
MOST, MOST_TEXT, MOST_ROWS, MOST_BUTTONS, MOST_OPTIONS = 40, 4000, 5, 5, 25
NEEDS_ID = SELECTS | {INPUT, UPLOAD, RADIO, CHECKS, CHECK}


class Malformed(Exception):
    """Something is no list of objects."""


def parts(one: Payload, key: str, path: Path) -> list[tuple[Path, Payload]]:
    """Returns the objects in a list of an object, with their places."""
    listed = one.get(key)
    if not isinstance(listed, list) or not all(isinstance(part, dict) for part in listed):
        raise Malformed((*path, key))
    return [((*path, key, index), part) for index, part in enumerate(listed)]


def component_problems(components: Any, *, v2: bool) -> list[Problem]:
    """Returns why Discord would refuse the components of a message; nothing if it would take them."""
    return _safely(lambda: _message({"components": components}, v2=v2))


def modal_problems(modal: Payload) -> list[Problem]:
    """Returns why Discord would refuse a modal."""
    return _safely(lambda: _modal(modal))


def choice_problems(choices: Any) -> list[Problem]:
    """Returns why Discord would refuse the choices of an autocompletion."""
    return _safely(lambda: _choices({"choices": choices}))


def _safely(check: Callable[[], Problems]) -> list[Problem]:
    try:
        return list(check())
    except Malformed as error:
        return [Problem(error.args[0], "LIST_ITEM_VALUE_REQUIRED", "Only lists of objects may be here.")]


def _message(message: Payload, *, v2: bool) -> Problems:
    top = parts(message, "components", ())
    allowed = IN_MESSAGE if v2 else {ROW}
    yield from _nested(top, allowed)
    everything = list(_walk(top))
    if not v2 and len(top) > MOST_ROWS:
        yield Problem(("components",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_ROWS} in length.")
    if v2 and len(everything) > MOST:
        words = f"There are {len(everything)} components, and at most {MOST} may be in a message."
        yield Problem(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
    texts = sum(length(str(one.get("content", ""))) for _, one in everything if one.get("type") == TEXT)
    if texts > MOST_TEXT:
        words = f"The texts have {texts} characters, and all of a message may have {MOST_TEXT}."
        yield Problem(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
    yield from _unique(everything)


def _modal(modal: Payload) -> Problems:
    yield from text(modal, "title", (), 45)
    yield from text(modal, "custom_id", (), 100)
    top = parts(modal, "components", ())
    if not 1 <= len(top) <= 5:
        yield Problem(("components",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    yield from _nested(top, IN_MODAL, modal=True)
    yield from _unique(list(_walk(top)))


def _choices(data: Payload) -> Problems:
    listed = parts(data, "choices", ())
    if len(listed) > 25:
        yield Problem(("choices",), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for path, one in listed:
        yield from text(one, "name", path, 100)
        if not isinstance(one.get("value"), int | float):
            yield from text(one, "value", path, 100)


def _walk(listed: Iterable[tuple[Path, Payload]]) -> Iterator[tuple[Path, Payload]]:
    for path, one in listed:
        yield path, one
        if "components" in one:
            yield from _walk(parts(one, "components", path))
        for key in ("accessory", "component"):
            if isinstance(one.get(key), dict):
                yield from _walk([((*path, key), one[key])])


def _unique(everything: list[tuple[Path, Payload]]) -> Problems:
    for key, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        counts = Counter(str(one[key]) for _, one in everything if one.get(key))
        for path, one in everything:
            if counts[str(one.get(key))] > 1:
                yield Problem((*path, key), code, f"{one[key]!r} is used more than once.")


def _nested(listed: list[tuple[Path, Payload]], allowed: Collection[int], *, modal: bool = False) -> Problems:
    for path, one in listed:
        kind = one.get("type")
        if kind not in allowed or not isinstance(kind, int):
            words = f'Value of field "type" must be one of ({", ".join(map(str, sorted(allowed)))}).'
            yield Problem((*path, "type"), "UNION_TYPE_CHOICES", words)
            continue
        if kind in NEEDS_ID:
            yield from text(one, "custom_id", path, 100)
        yield from number(one, "id", path, 0, 2**31 - 1)
        yield from _CHECKS[kind](one, path, modal)


def _row(one: Payload, path: Path, modal: bool) -> Problems:
    listed = parts(one, "components", path)
    kinds = [part.get("type") for _, part in listed]
    if modal:
        fits, allowed = kinds == [INPUT], frozenset({INPUT})
    else:
        buttons = 1 <= len(kinds) <= MOST_BUTTONS and set(kinds) == {BUTTON}
        fits, allowed = buttons or (len(kinds) == 1 and kinds[0] in SELECTS), SELECTS | {BUTTON}
    if not fits:
        words = f"A row has 1 to {MOST_BUTTONS} buttons or 1 select, in a modal 1 input; not {kinds}."
        yield Problem((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
    yield from _nested(listed, allowed, modal=modal)


def _button(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from choice(one, "style", path, range(1, 7))
    style = one.get("style")
    wanted = {5: "url", 6: "sku_id"}.get(style or 0, "custom_id")
    yield from text(one, wanted, path, 512 if wanted == "url" else 100)
    for key in {"url", "sku_id", "custom_id"} - {wanted}:
        if one.get(key) is not None:
            yield Problem((*path, key), "BUTTON_COMPONENT_INVALID", f"A button of style {style} has no {key}.")
    if wanted == "url" and not str(one.get("url")).startswith(("http://", "https://", "discord://")):
        yield Problem((*path, "url"), "URL_TYPE_INVALID_SCHEME", "Only http, https and discord are supported.")
    yield from text(one, "label", path, 80, required=False)
    if style != 6 and not one.get("label") and not one.get("emoji"):
        yield Problem(path, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji.")


def _select(one: Payload, path: Path, modal: bool) -> Problems:
    yield from text(one, "placeholder", path, 150, least=0, required=False)
    yield from number(one, "min_values", path, 0, MOST_OPTIONS)
    yield from number(one, "max_values", path, 1, MOST_OPTIONS)
    if one.get("disabled") and modal:
        yield Problem((*path, "disabled"), "MODAL_COMPONENT_INVALID", "Nothing is disabled in a modal.")
    if one["type"] == SELECT:
        yield from _options(one, path, MOST_OPTIONS)
        if (one.get("max_values") or 1) > len(parts(one, "options", path)):
            yield Problem((*path, "max_values"), "SELECT_COMPONENT_MAX_VALUES", "There are fewer options than that.")


def _options(one: Payload, path: Path, most: int, least: int = 1) -> Problems:
    listed = parts(one, "options", path)
    if not least <= len(listed) <= most:
        yield Problem((*path, "options"), "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    counts = Counter(str(option.get("value")) for _, option in listed)
    for at, option in listed:
        for key in ("label", "value", "description"):
            yield from text(option, key, at, 100, required=key != "description")
        if counts[str(option.get("value"))] > 1:
            yield Problem((*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Values must be unique.")


def _input(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from choice(one, "style", path, (1, 2))
    if "label" in path or path[-1] == "component":
        if one.get("label"):
            yield Problem((*path, "label"), "MODAL_COMPONENT_INVALID", "In a label, the label is not the input's.")
    else:
        yield from text(one, "label", path, 45)
    yield from text(one, "placeholder", path, 100, least=0, required=False)
    yield from text(one, "value", path, 4000, least=0, required=False)
    yield from number(one, "min_length", path, 0, 4000)
    yield from number(one, "max_length", path, 1, 4000)
    if length(str(one.get("value") or "")) > int(one.get("max_length") or 4000):
        yield Problem((*path, "value"), "BASE_TYPE_MAX_LENGTH", "It holds more than may be written into it.")


def _section(one: Payload, path: Path, _modal: bool) -> Problems:
    listed = parts(one, "components", path)
    if not 1 <= len(listed) <= 3:
        yield Problem((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length.")
    yield from _nested(listed, {TEXT})
    yield from _only(one, "accessory", path, {BUTTON, THUMBNAIL})


def _only(one: Payload, key: str, path: Path, allowed: Collection[int], *, modal: bool = False) -> Problems:
    if isinstance(one.get(key), dict):
        yield from _nested([((*path, key), one[key])], allowed, modal=modal)
    else:
        yield Problem((*path, key), "BASE_TYPE_REQUIRED", "This field is required")


def _text(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from text(one, "content", path, MOST_TEXT)


def _media(one: Payload, path: Path, key: str) -> Problems:
    item = one.get(key)
    url = item.get("url") if isinstance(item, dict) else None
    allowed = ("attachment://",) if key == "file" else ("attachment://", "http://", "https://")
    if not isinstance(url, str) or not url.startswith(allowed):
        yield Problem((*path, key, "url"), "URL_TYPE_INVALID_SCHEME", f"Only {', '.join(allowed)} are supported.")
    yield from text(one, "description", path, 1024, required=False)


def _gallery(one: Payload, path: Path, _modal: bool) -> Problems:
    listed = parts(one, "items", path)
    if not 1 <= len(listed) <= 10:
        yield Problem((*path, "items"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
    for at, item in listed:
        yield from _media(item, at, "media")


def _separator(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from number(one, "spacing", path, 1, 2)


def _container(one: Payload, path: Path, _modal: bool) -> Problems:
    listed = parts(one, "components", path)
    if not listed:
        yield Problem((*path, "components"), "BASE_TYPE_REQUIRED", "This field is required")
    yield from number(one, "accent_color", path, 0, 0xFFFFFF)
    yield from _nested(listed, IN_CONTAINER)


def _label(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from text(one, "label", path, 45)
    yield from text(one, "description", path, 100, required=False)
    yield from _only(one, "component", path, IN_LABEL, modal=True)


def _checks(one: Payload, path: Path, _modal: bool) -> Problems:
    yield from _options(one, path, 10, 2 if one["type"] == RADIO else 1)


def _nothing(_one: Payload, _path: Path, _modal: bool) -> Problems:
    yield from ()


_CHECKS: dict[int, Callable[[Payload, Path, bool], Problems]] = {
    ROW: _row,
    BUTTON: _button,
    **dict.fromkeys(SELECTS, _select),
    INPUT: _input,
    SECTION: _section,
    TEXT: _text,
    THUMBNAIL: lambda one, path, _: _media(one, path, "media"),
    GALLERY: _gallery,
    FILE: lambda one, path, _: _media(one, path, "file"),
    SEPARATOR: _separator,
    CONTAINER: _container,
    LABEL: _label,
    **dict.fromkeys((UPLOAD, CHECK), _nothing),
    **dict.fromkeys((RADIO, CHECKS), _checks),
}
