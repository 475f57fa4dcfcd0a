"""Files of subscriptions: written as YAML, and read back strictly, with the line of every problem."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from bot.ids import alike
from bot.store.values import Subscription
from bot.subscribing.fields import FIELDS, LONGEST_FIELD, InvalidFields, Terms, checked, fields_of
from bot.typed import shown
from bot.unusable import Unusable
from knowledge import Knowledge
from knowledge.problems import Problem, did_you_mean
from knowledge.yaml_tree import Mapping, Node, Scalar, Unreadable, read_tree
from knowledge.yaml_tree import Sequence as Items

LONGEST_ID = 40
_ID = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_PLAIN = re.compile(r"[a-z](?:[a-z0-9_./@-]|[ :](?=[a-z0-9]))*|[0-9]+[a-z]", re.IGNORECASE | re.ASCII)
_NOT_TEXT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_REQUIRED = ("id", "place", "schedule", "zone")
_KEYS = ("id", *FIELDS, "state", "reason", "made_by", "made_at")


class InvalidSubscriptions(Unusable):
    """Says that a file of subscriptions cannot be used, with every problem at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Entry(Struct, frozen=True):
    """Is one subscription of a file; `reason` is why it is paused, `made_at` when it was made, if that is told."""

    id: str
    terms: Terms
    paused: bool = False
    reason: str = ""
    made_by: str = ""
    made_at: datetime | None = None


def written(some: Iterable[Subscription]) -> str:
    """Returns subscriptions as a file; what is as usual is left out."""
    entries = ["\n".join(_lines(one)) + "\n" for one in some]
    return "\n".join(["subscriptions:\n", *entries]) if entries else "subscriptions: []\n"


def read(data: bytes, file: str, knowledge: Knowledge, stored: Sequence[Subscription]) -> tuple[Entry, ...]:
    """Reads a file of subscriptions; one that is `stored` under the same id keeps topics that stand in the same words.

    Raises:
        InvalidSubscriptions: with every problem.
    """
    try:
        root = read_tree(data, file)
    except Unreadable as unreadable:
        raise InvalidSubscriptions(unreadable.problems) from None
    reading = _Reading(file, knowledge, {one.declared or one.id: one for one in stored})
    entries = tuple(entry for node in reading.nodes(root) if (entry := reading.entry(node)))
    if reading.problems:
        raise InvalidSubscriptions(reading.problems)
    return entries


class _Reading:
    """Reads entry after entry and keeps the problems."""

    def __init__(self, file: str, knowledge: Knowledge, stored: dict[str, Subscription]) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._knowledge = knowledge
        self._stored = stored
        self._lines: dict[str, int] = {}

    def nodes(self, root: Node | None) -> Iterator[Mapping]:
        if root is None or (isinstance(root, Scalar) and root.empty):
            self._problem(0, "", "the file is empty; write subscriptions: [] if there are to be none")
        elif not isinstance(root, Mapping) or list(root.values) != ["subscriptions"]:
            self._problem(root.line, "", "a file of subscriptions holds one list of them; begin it with subscriptions:")
        elif not isinstance(some := root.values["subscriptions"], Items):
            self._problem(root.key_lines["subscriptions"], "subscriptions", "not a list; begin each entry with -")
        else:
            for item in some.items:
                if isinstance(item, Mapping):
                    yield item
                else:
                    self._problem(item.line, "subscriptions", "an entry that is no mapping; write key: value")

    def entry(self, node: Mapping) -> Entry | None:
        known = len(self.problems)
        texts = {key: self._text(node.key_lines[key], key, value) for key, value in node.values.items()}
        for key in texts.keys() - set(_KEYS):
            hint = did_you_mean(key, _KEYS) or f"; use one of {' '.join(_KEYS)}"
            self._problem(node.key_lines[key], key[:60], f"unknown key{hint}")
        for key in _REQUIRED:
            if key not in texts:
                self._problem(node.line, key, "missing; add it")
        self._check_id(node, texts.get("id", ""))
        before = self._stored.get(texts.get("id", ""))
        made_at = self._made_at(node, texts.get("made_at", ""))
        paused = self._paused(node, texts.get("state", "active"))
        terms = self._terms(node, {key: text for key, text in texts.items() if key in FIELDS}, before)
        if terms is None or len(self.problems) > known:
            return None
        more = {key: texts.get(key, "") for key in ("reason", "made_by")}
        return Entry(texts["id"], terms, paused, made_at=made_at, **more)

    def _text(self, line: int, key: str, node: Node) -> str:
        """Returns the text of a value, that of a list with commas between."""
        parts = node.items if isinstance(node, Items) else [node]
        texts: list[str] = []
        for part in parts:
            if not isinstance(part, Scalar):
                self._problem(line, key, "not a text; write one value, or a list of texts")
            elif part.empty:
                self._problem(part.line, key, "no value; give one or remove the line")
            elif len(part.text) > LONGEST_FIELD:
                self._problem(part.line, key, f"over {LONGEST_FIELD:,} characters; shorten it")
            else:
                texts.append(part.text)
        return ", ".join(texts)

    def _check_id(self, node: Mapping, id_: str) -> None:
        line = node.key_lines.get("id", node.line)
        if id_ and (not _ID.fullmatch(id_) or len(id_) > LONGEST_ID):
            said = f"{shown(id_)} is no id; write up to {LONGEST_ID} letters and digits, words joined by hyphens"
            self._problem(line, "id", said)
        first = self._lines.setdefault(alike(id_), line) if id_ else line
        if first != line:
            self._problem(line, "id", f"{shown(id_)} stands already in line {first}; give each its own")

    def _made_at(self, node: Mapping, text: str) -> datetime | None:
        try:
            made_at = datetime.fromisoformat(text) if text else None
        except ValueError:
            made_at = None
        if text and (made_at is None or made_at.tzinfo is None):
            example = "2026-11-22T09:00:00+00:00"
            self._problem(node.key_lines["made_at"], "made_at", f"{shown(text)} is no instant; write such as {example}")
        return made_at

    def _paused(self, node: Mapping, text: str) -> bool:
        if text not in ("active", "paused"):
            said = f"{shown(text)} is not accepted; write active or paused, or take the entry out to end it"
            self._problem(node.key_lines["state"], "state", said)
        return text == "paused"

    def _terms(self, node: Mapping, fields: dict[str, str], before: Subscription | None) -> Terms | None:
        try:
            return checked(fields, self._knowledge, before)
        except InvalidFields as invalid:
            told = {(problem.line, problem.field) for problem in self.problems}
            for field, said in invalid.problems.items():
                if field in fields and (node.key_lines[field], field) not in told:
                    self._problem(node.key_lines[field], field, said)
            return None

    def _problem(self, line: int, field: str, message: str) -> None:
        self.problems.append(Problem(self._file, line, field, message))


def _lines(one: Subscription) -> Iterator[str]:
    fields = {name: text for name, text in fields_of(one).items() if text and text != FIELDS[name]}
    paused = (
        {"state": "paused", "reason": " ".join(one.reason.split())[:LONGEST_FIELD]} if one.state == "paused" else {}
    )
    more = {"made_by": one.made_by, "made_at": one.made_at.isoformat()}
    values = {"id": one.declared or one.id, **fields, **paused, **more}
    for number, (key, text) in enumerate((key, text) for key, text in values.items() if text):
        yield f"  {' ' if number else '-'} {key}: {text if key == 'most' else _quoted(text)}"


def _quoted(text: str) -> str:
    """Returns a text as YAML has it: bare if it is plain, else in double quotes, its odd characters by number."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NOT_TEXT:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"
