"""YAML to a tree of texts with their lines; the only home of PyYAML.

The tree is built from the parser's events with a stack of its own, so a hostile file can neither overflow the
interpreter's stack nor expand aliases, and scalars stay the text that was typed: YAML 1.1 would read the
ticker 0700 as 448 and NO as false.
"""

import re
from collections.abc import Iterator

import yaml
from msgspec import Struct, field

from knowledge.problems import Problem

_LINE_BREAKS = re.compile("[\x85\u2028\u2029]")
MOST_BYTES = 32 * 1024 * 1024
MOST_DEPTH = 20
MOST_NODES = 2_000_000
_EMPTY = ("", "~", "null")


class Scalar(Struct):
    """Holds one text; `empty` where nothing, `~` or `null` stands unquoted."""

    line: int
    text: str
    empty: bool = False


class Sequence(Struct):
    """Holds a list of nodes."""

    line: int
    items: "list[Node]" = field(default_factory=list)


class Mapping(Struct):
    """Holds nodes by key, and the line of each key."""

    line: int
    values: "dict[str, Node]" = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


class Unreadable(Exception):
    """Says that a file is not the YAML that is accepted here; carries the problems found up to there."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def read_tree(data: bytes, file: str) -> Node | None:
    """Returns the tree of a YAML file, or None for a file without content.

    Raises:
        Unreadable: not UTF-8, not YAML, too large or too deep, or with duplicate keys, anchors, aliases, tags
            or more than one document.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(Problem(file, 0, "", f"over {MOST_BYTES // 1024 // 1024} MiB; split the file"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(Problem(file, line, "", "not UTF-8 text; save the file as UTF-8")) from None
    stray = _LINE_BREAKS.search(text)
    if stray:
        line = text.count("\n", 0, stray.start()) + 1
        raise Unreadable(Problem(file, line, "", f"the line break U+{ord(stray[0]):04X} is not accepted; remove it"))
    builder = _Builder(file)
    try:
        builder.take(_events(text))
    except yaml.YAMLError as error:
        raise Unreadable(_syntax_problem(error, file, text)) from None
    if builder.duplicates:
        raise Unreadable(*builder.duplicates)
    return builder.root


def _events(text: str) -> "Iterator[yaml.Event]":
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    events: Iterator[yaml.Event] = iter(loader(text).get_event, None)  # yaml.parse would ask twice for each
    return events


def _syntax_problem(error: yaml.YAMLError, file: str, text: str) -> Problem:
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    mark = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    if begun and "end of stream" in what:  # a quotation mark or bracket that is never closed
        mark, what = begun, f"{what}, what begins here is never closed"
    position = getattr(error, "position", None)
    line = mark.line + 1 if mark else text.count("\n", 0, position) + 1 if position is not None else 0
    hint = "quote a text that holds a colon" if "mapping values" in what else "correct the syntax there"
    return Problem(file, line, "", f"not valid YAML: {what}; {hint}")


class _Builder:
    """Puts events together into one tree, checking bounds as they come."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.duplicates: list[Problem] = []
        self._around: list[Sequence | Mapping] = []
        self._within: Sequence | Mapping | None = None
        self._key: str | None = None
        """The key whose value comes next, in the mapping that is filled."""
        self._key_line = 0
        self._nodes = 0
        self._documents = 0

    def take(self, events: "Iterator[yaml.Event]") -> None:
        scalar = yaml.ScalarEvent
        for event in events:
            mark = event.start_mark
            line = mark.line + 1 if mark else 0
            if type(event) is not scalar:
                self._take_other(event, line)
                continue
            self._check_node(event, event.tag, line)  # most are, so they are taken here
            text = event.value.strip()
            if self._key is None and type(self._within) is Mapping:
                self._key, self._key_line = text, line
            else:
                self._add(Scalar(line, text, not event.style and text in _EMPTY))

    def _take_other(self, event: yaml.Event, line: int) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self._check_node(event, event.tag, line)
            self._enter(Sequence(line) if isinstance(event, yaml.SequenceStartEvent) else Mapping(line))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._within = self._around.pop() if self._around else None
        elif isinstance(event, yaml.AliasEvent):
            self._check_node(event, None, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refused(line, "a second document (---) in one file; make it a file of its own")

    def _check_node(self, event: yaml.NodeEvent, tag: str | None, line: int) -> None:
        if event.anchor is not None:
            raise self._refused(line, f"anchors and aliases ({event.anchor}) are not accepted; write it out")
        if tag is not None and tag != "!":
            raise self._refused(line, f"the tag {tag[:80]} is not accepted; remove it")
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._refused(line, f"over {MOST_NODES:,} values; split the file")

    def _enter(self, node: Sequence | Mapping) -> None:
        if self._key is None and type(self._within) is Mapping:
            raise self._refused(node.line, "a list or mapping as a key is not accepted; use a word")
        self._add(node)
        if self._within is not None:
            self._around.append(self._within)
        if len(self._around) >= MOST_DEPTH:
            raise self._refused(node.line, f"nested over {MOST_DEPTH} deep; flatten it")
        self._within = node

    def _add(self, node: Node) -> None:
        within = self._within
        if type(within) is Sequence:
            within.items.append(node)
        elif self._key is None or type(within) is not Mapping:
            self.root = node
        else:
            key, self._key = self._key, None
            if key in within.values:
                self._tell_twice(key, within.key_lines[key])
            else:
                within.values[key] = node
                within.key_lines[key] = self._key_line

    def _tell_twice(self, key: str, first: int) -> None:
        message = f"this key stands already in line {first}; keep one of the two"
        self.duplicates.append(Problem(self.file, self._key_line, key[:80], message))

    def _refused(self, line: int, message: str) -> Unreadable:
        return Unreadable(*self.duplicates, Problem(self.file, line, "", message))
