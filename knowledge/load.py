"""A folder of YAML files to Knowledge: every file and every record, with every problem at once."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from knowledge.characters import unsafe
from knowledge.knowledge import Knowledge
from knowledge.model import BrokenRules, Claim, Company, Record, Source, Theme
from knowledge.problems import InvalidKnowledge, Problem, did_you_mean
from knowledge.rules import Loaded, Location, broken_rules, cautions
from knowledge.yaml_tree import Mapping, Node, Scalar, Sequence, Unreadable, read_tree

AnyRecord = TypeVar("AnyRecord", bound=Record)
_SECTIONS: dict[str, type[Record]] = {
    "companies": Company,
    "themes": Theme,
    "sources": Source,
    "claims": Claim,
}
_MOST_SHOWN = 60
_MESSAGES = {  # by pydantic's type of error
    "missing": "missing; add it",
    "literal_error": '"{value}" is not accepted; write {expected}',
    "string_pattern_mismatch": '"{value}" is not of the form {pattern}; correct it',
    "string_too_long": "over {max_length} characters; shorten it",
    "string_too_short": "empty; give a text",
    "string_type": "not a text; write one value, without list or mapping",
    "too_short": "an empty list; give at least one entry",
    "too_long": "over {max_length} entries; keep the best",
    "tuple_type": "not a list; write [..], or begin each line with -",
    "model_type": "not a mapping; write key: value",
    "model_attributes_type": "not a mapping; write key: value",
}


class _Entry(NamedTuple):
    file: str
    node: Mapping
    record: Record


def load(folder: Path) -> Knowledge:
    """Reads all `*.yaml` files of a folder.

    Raises:
        InvalidKnowledge: with every problem of every file.
    """
    with _without_cyclic_collection():
        return _load(folder)


@contextmanager
def _without_cyclic_collection() -> Iterator[None]:
    """Keeps the cycle collector from walking the growing trees over and over: loading is 3 to 5 times as fast."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(folder: Path) -> Knowledge:
    problems: list[Problem] = []
    entries: list[_Entry] = []
    for path in _files(folder):
        try:
            entries += _read_file(path, problems)
        except Unreadable as unreadable:
            problems += unreadable.problems
        except OSError as error:
            problems.append(Problem(path.name, 0, "", f"cannot be read: {error.strerror}; check its permissions"))
    loaded = [Loaded(entry.record, entry.file, _line_finder(entry.node)) for entry in entries]
    problems += broken_rules(loaded)
    if not problems and not any(isinstance(entry.record, Claim) for entry in entries):
        problems.append(Problem(str(folder), 0, "claims", "no claim in any file; write at least one"))
    if problems:
        raise InvalidKnowledge(problems)

    def of(type_: type[AnyRecord]) -> list[AnyRecord]:
        return [entry.record for entry in entries if isinstance(entry.record, type_)]

    return Knowledge(of(Company), of(Theme), of(Source), of(Claim), sorted(cautions(loaded)))


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        raise InvalidKnowledge([Problem(str(folder), 0, "", "a file; give the folder that it is in")])
    if not folder.is_dir():
        raise InvalidKnowledge([Problem(str(folder), 0, "", "no such folder; give one that holds *.yaml files")])
    paths = sorted(folder.glob("*.yaml"))
    strays = sorted(folder.glob("*.yml"))
    if strays:
        raise InvalidKnowledge([Problem(path.name, 0, "", "would not be read; rename it to .yaml") for path in strays])
    if not paths:
        raise InvalidKnowledge([Problem(str(folder), 0, "", "no *.yaml file in this folder; write one")])
    return paths


def _read_file(path: Path, problems: list[Problem]) -> Iterator[_Entry]:
    tree = read_tree(path.read_bytes(), path.name)
    if tree is None or (isinstance(tree, Scalar) and tree.empty):
        problems.append(Problem(path.name, 0, "", "the file is empty; write a section, or remove the file"))
    elif not isinstance(tree, Mapping):
        problems.append(Problem(path.name, tree.line, "", f"not a mapping; begin with one of {_section_names()}"))
    else:
        for section, node in tree.values.items():
            yield from _read_section(path.name, tree.key_lines[section], section, node, problems)


def _section_names() -> str:
    return " ".join(f"{section}:" for section in _SECTIONS)


def _read_section(file: str, line: int, section: str, node: Node, problems: list[Problem]) -> Iterator[_Entry]:
    if section not in _SECTIONS:
        hint = did_you_mean(section, _SECTIONS) or f"; use one of {_section_names()}"
        problems.append(Problem(file, line, section[:_MOST_SHOWN], f"unknown section{hint}"))
    elif not isinstance(node, Sequence):
        problems.append(Problem(file, line, section, "not a list; begin each entry with -"))
    else:
        for item in node.items:
            if not isinstance(item, Mapping):
                problems.append(Problem(file, item.line, section, "an entry that is not a mapping; write key: value"))
                continue
            record = _read_record(file, item, _SECTIONS[section], problems)
            if record:
                yield _Entry(file, item, record)


def _read_record(file: str, node: Mapping, type_: type[Record], problems: list[Problem]) -> Record | None:
    before = len(problems)
    values = _plain(node, file, "", problems)
    try:
        record = type_.model_validate(values)
    except ValidationError as error:
        unread = {(problem.line, problem.field) for problem in problems[before:]}
        problems += (
            problem
            for details in error.errors(include_url=False)
            for problem in _described(details, file, node, type_)
            if (problem.line, problem.field) not in unread
        )
        return None
    return record if len(problems) == before else None


def _plain(node: Node, file: str, field: str, problems: list[Problem]) -> Any:
    if isinstance(node, Sequence):
        return [_plain(item, file, field, problems) for item in node.items]
    if isinstance(node, Mapping):
        return {
            key: _plain(value, file, f"{field}.{key}" if field else key, problems) for key, value in node.values.items()
        }
    if node.empty:
        problems.append(Problem(file, node.line, field, "no value; give one or remove the line"))
    what = unsafe(node.text)
    if what:
        problems.append(Problem(file, node.line, field, f"the text holds {what}; remove it"))
    return node.text


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
