"""What a curator is told: one problem a line, with its place and the way out."""

from collections.abc import Iterable

from msgspec import Struct

from knowledge.characters import printable


class Problem(Struct, frozen=True, order=True):
    """Names a place in the knowledge folder, the field, what is wrong there and the way out."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        return printable(said)  # with keys and file names as they were typed


class InvalidKnowledge(Exception):
    """Says that a knowledge folder cannot be used, with every problem at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Returns the known word with the fewest typing errors to what was typed, or None where none is near."""
    from rapidfuzz import process  # only for whoever mistyped something
    from rapidfuzz.distance import OSA

    near = process.extractOne(typed, sorted(known), scorer=OSA.distance, score_cutoff=max(1, len(typed) // 3))
    return near[0] if near else None


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Returns `; did you mean "..."?` for the nearest known word, or nothing when none is near."""
    near = nearest(typed, known)
    return f'; did you mean "{near}"?' if near else ""
