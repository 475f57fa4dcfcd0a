"""Trees to records: what a file holds, and the schema's errors in a curator's words."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from knowledge.characters import unsafe
from knowledge.fields import LANGUAGE_PATTERN, SLUG_PATTERN
from knowledge.model import BrokenRules, Claim, Company, Record, Source, Theme
from knowledge.problems import Problem, did_you_mean
from knowledge.rules import Broken, Loaded, Location
from knowledge.yaml_tree import Mapping, Node, Scalar, Sequence

_SECTIONS: dict[str, type[Record]] = {"companies": Company, "themes": Theme, "sources": Source, "claims": Claim}
_SECTION_NAMES = " ".join(f"{section}:" for section in _SECTIONS)
_MOST_SHOWN = 60
_PATTERNS = {SLUG_PATTERN: "lower-case words joined by hyphens", LANGUAGE_PATTERN: "a language such as en or zh-Hans"}
_MESSAGES = {  # by pydantic's type of error
    "missing": "missing; add it",
    "literal_error": '"{value}" is not accepted; write {expected}',
    "string_too_long": "over {max_length} characters; shorten it",
    "string_too_short": "empty; give a text",
    "string_type": "not a text; write one value, without list or mapping",
    "too_short": "an empty list; give at least one entry",
    "too_long": "over {max_length} entries; keep the best",
    "tuple_type": "not a list; write [..], or begin each line with -",
    "model_type": "not a mapping; write key: value",
    "model_attributes_type": "not a mapping; write key: value",
}


class Records:
    """Takes in file after file; keeps the records, the problems, and the names of records that are broken."""

    def __init__(self) -> None:
        self.loaded: list[Loaded[Record]] = []
        self.problems: list[Problem] = []
        self.broken = Broken()

    def take(self, tree: Node | None, file: str) -> None:
        """Takes in what one file holds."""
        if tree is None or (isinstance(tree, Scalar) and tree.empty):
            self._problem(file, 0, "", "the file is empty; write a section, or remove the file")
        elif not isinstance(tree, Mapping):
            self._problem(file, tree.line, "", f"not a mapping; begin with one of {_SECTION_NAMES}")
        else:
            for section, node in tree.values.items():
                self._take_section(file, tree.key_lines[section], section, node)

    def _take_section(self, file: str, line: int, section: str, node: Node) -> None:
        if section not in _SECTIONS:
            hint = did_you_mean(section, _SECTIONS) or f"; use one of {_SECTION_NAMES}"
            self._problem(file, line, section[:_MOST_SHOWN], f"unknown section{hint}")
            self.broken.files = True
        elif not isinstance(node, Sequence):
            self._problem(file, line, section, "not a list; begin each entry with -")
            self.broken.add(_SECTIONS[section], "")
        else:
            for item in node.items:
                if isinstance(item, Mapping):
                    self._take_record(file, item, _SECTIONS[section])
                else:
                    self._problem(file, item.line, section, "an entry that is not a mapping; write key: value")
                    self.broken.add(_SECTIONS[section], "")

    def _take_record(self, file: str, node: Mapping, type_: type[Record]) -> None:
        flawed: list[Scalar] = []
        values = _plain(node, flawed)
        problems = list(_flaws(node, file, "")) if flawed else []
        places = {(problem.line, problem.field) for problem in problems}
        try:
            record = type_.model_validate(values)
        except ValidationError as error:
            described = (
                p for details in error.errors(include_url=False) for p in _described(details, file, node, type_)
            )
            problems += (problem for problem in described if (problem.line, problem.field) not in places)
        if problems:
            self.problems += problems
            name = values.get("id", values.get("slug"))
            self.broken.add(type_, name if isinstance(name, str) else "")
        else:
            self.loaded.append(Loaded(record, file, _line_finder(node)))

    def _problem(self, file: str, line: int, field: str, message: str) -> None:
        self.problems.append(Problem(file, line, field, message))


def _plain(node: Node, flawed: list[Scalar]) -> Any:
    """Returns a node as plain values, and adds what may not stand in them to the flawed."""
    if isinstance(node, Scalar):
        if node.empty or unsafe(node.text):
            flawed.append(node)
        return node.text
    if isinstance(node, Mapping):
        return {key: _plain(value, flawed) for key, value in node.values.items()}
    return [_plain(item, flawed) for item in node.items]


def _flaws(node: Node, file: str, field: str) -> Iterator[Problem]:
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _flaws(item, file, field)
    elif isinstance(node, Mapping):
        for key, value in node.values.items():
            yield from _flaws(value, file, f"{field}.{key}" if field else key)
    elif node.empty:
        yield Problem(file, node.line, field, "no value; give one or remove the line")
    elif what := unsafe(node.text):
        yield Problem(file, node.line, field, f"the text holds {what}; remove it")


def _described(details: Any, file: str, node: Mapping, type_: type[Record]) -> Iterator[Problem]:
    """Says one error of the schema in a curator's words; `details` are pydantic's of one error."""
    location: Location = details["loc"]
    error = details.get("ctx", {}).get("error")
    broken = error.rules if isinstance(error, BrokenRules) else [((), _message(details, type_))]
    for within, message in broken:
        full = location + within
        field = ".".join(part for part in full if isinstance(part, str))
        yield Problem(file, _line_of(node, full), field[:_MOST_SHOWN], message)


def _message(details: Any, type_: type[Record]) -> str:
    kind, location, context = details["type"], details["loc"], details.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields_at(type_, location[:-1])
        return f"unknown key{did_you_mean(str(location[-1]), known) or '; use one of ' + ' '.join(known)}"
    if kind == "value_error":
        return str(context["error"])
    value = str(details["input"])[:_MOST_SHOWN]
    if kind == "string_pattern_mismatch":
        return f'"{value}" is not {_PATTERNS[context["pattern"]]}; correct it'
    if kind.endswith("_type") and kind not in _MESSAGES:
        kind = "string_type"
    return _MESSAGES.get(kind, "not accepted ({kind}); see the guide for curators").format(
        kind=kind, value=value, **context
    )


def _fields_at(type_: type[Record], location: Location) -> list[str]:
    """Returns the keys that a mapping inside a record may have."""
    current: Any = type_
    for part in location:
        if isinstance(part, str):
            current = current.model_fields[part].annotation
            nested = [arg for arg in getattr(current, "__args__", ()) if arg not in (type(None), ...)]
            current = nested[0] if nested else current
    return list(current.model_fields)


def _line_of(node: Node, location: Location) -> int:
    """Returns the line of a field, or of the nearest thing around it."""
    line = node.line
    for part in location:
        if isinstance(node, Mapping) and part in node.values:
            line, node = node.key_lines[str(part)], node.values[str(part)]
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            line = node.line
        else:
            break
    return line


def _line_finder(node: Mapping) -> Callable[..., int]:
    return lambda *location: _line_of(node, location)
