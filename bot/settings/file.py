"""The YAML file of settings, read strictly: whatever is not understood is told with its line."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from bot.settings.model import Settings
from bot.settings.names import is_path, is_secret, keys, variable
from bot.settings.sources import Given, from_file
from knowledge.problems import Problem, did_you_mean
from knowledge.yaml_tree import Mapping, Node, Scalar, Sequence, Unreadable, read_tree

MOST_BYTES = 1024 * 1024


class Contents(Struct, frozen=True):
    """Is what a file holds, by field, and what is wrong with it."""

    given: dict[str, Given]
    problems: tuple[str, ...] = ()


def in_file(path: Path) -> Contents:
    """Reads a file of settings; what it gives as a path lies beside it, unless it is absolute."""
    try:
        root = read_tree(_content(path), str(path))
    except OSError as error:
        said = f"BRIEFBOT_CONFIG: {path} cannot be read: {error.strerror}; correct the path, or let it be read"
        return Contents({}, (said,))
    except Unreadable as unreadable:
        return Contents({}, tuple(map(str, unreadable.problems)))
    if root is None or (isinstance(root, Scalar) and root.empty):
        return Contents({})
    if not isinstance(root, Mapping):
        return Contents({}, (str(Problem(str(path), root.line, "", "not a list of settings; write key: value")),))
    reading = _Reading(path, root)
    given = dict(reading.given())
    return Contents(given, tuple(map(str, sorted(reading.problems))))


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


class _Reading:
    """Reads key after key and keeps the problems."""

    def __init__(self, path: Path, root: Mapping) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._root = root
        self._known = keys()

    def given(self) -> Iterator[tuple[str, Given]]:
        for key, node in self._root.values.items():
            line = self._root.key_lines[key]
            field = self._known.get(key)
            if field is None:
                self._problem(line, key, self._unknown(key))
            elif (text := self._text(line, key, node)) is not None:
                yield field, self._one(line, key, field, text)

    def _one(self, line: int, key: str, field: str, text: str) -> Given:
        origin, name = f"{self._path}:{line}", str(Problem(str(self._path), line, key, ""))[:-2]
        if is_secret(field):
            given = from_file(self._beside(text), key, name)
            return Given(given.value, f"{origin}, {self._beside(text)}", name, given.unusable)
        return Given(self._beside(text) if is_path(field) else text, origin, name)

    def _unknown(self, key: str) -> str:
        if key == "config":
            return "a file of settings names no other; remove the line"
        if key in Settings.model_fields:
            ways = f"write {key}_file: and the file that holds it, or set {variable(key)}"
            return f"a secret does not stand in this file; {ways}"
        bare = key.lower().removeprefix("briefbot_")
        hint = f'; did you mean "{bare}"?' if bare in self._known else did_you_mean(key.lower(), self._known)
        return f"there is no such setting{hint or '; `briefbot settings` lists them all'}"

    def _text(self, line: int, key: str, node: Node) -> str | None:
        """Returns the text of a value, that of a list with commas between."""
        parts = node.items if isinstance(node, Sequence) else [node]
        texts = [part.text for part in parts if isinstance(part, Scalar) and not part.empty]
        if len(texts) == len(parts) and texts:
            return ", ".join(texts)
        self._problem(line, key, "it has no text; give a value, or a list of texts, or remove the line")
        return None

    def _beside(self, text: str) -> Path:
        path = Path(text)
        return path if text.startswith("~") else self._path.parent / path

    def _problem(self, line: int, key: str, message: str) -> None:
        self.problems.append(Problem(str(self._path), line, key[:60], message))
