"""How Discord says no."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.fakes.discord_records import Payload, length

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """Something wrong with one place of a body."""

    path: Path
    code: str
    words: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.words} ({self.code})"


Problems = Iterator[Problem]

MESSAGES = {
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10008: "Unknown Message",
    10013: "Unknown User",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    10087: "Unknown tag",
    30034: "Max number of daily application command creates has been reached (200)",
    40033: "This message has already been crossposted",
    40060: "Interaction has already been acknowledged.",
    40067: "A tag is required to create a forum post in this channel",
    40094: "This interaction has reached the maximum number of follow-up messages",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50008: "Cannot send messages in a non-text channel",
    50013: "Missing Permissions",
    50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
    50083: "Thread is archived",
    50109: "The request body contains invalid JSON.",
    160005: "This thread is locked",
    160004: "A thread has already been created for this message",
}
STATUS = {40060: 400, 40033: 400, 50027: 401, 160004: 400, 160005: 400, 50035: 400, 50006: 400, 40094: 400, 30034: 400}


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: int, message: str = "", problems: Iterable[Problem] = ()) -> None:
        self.status, self.code = status, code
        self.message = message or MESSAGES.get(code, "")
        self.problems = list(problems)
        super().__init__(f"{status} {code} {self.message} {'; '.join(map(str, self.problems))}".strip())

    @property
    def body(self) -> Payload:
        """The body of the answer."""
        body: Payload = {"message": self.message, "code": self.code}
        if self.problems:
            body["errors"] = error_tree(self.problems)
        return body


def no(code: int) -> Refused:
    """Returns a refusal by its code."""
    known = {1: 404, 3: 400, 4: 400, 5: 403 if code in (50001, 50005, 50007, 50013) else 400}
    return Refused(STATUS.get(code, known.get(code // 10_000, 400)), code)


def wrong(problems: Iterable[Problem], prefix: Path = ()) -> None:
    """Raises a refusal if there are problems."""
    found = [problem._replace(path=(*prefix, *problem.path)) for problem in problems]
    if found:
        raise Refused(400, 50035, problems=found)


def error_tree(problems: Iterable[Problem]) -> Payload:
    """Returns problems in the shape of the body that they are about."""
    root: Payload = {}
    for problem in problems:
        at = root
        for key in problem.path:
            at = at.setdefault(str(key), {})
        at.setdefault("_errors", []).append({"code": problem.code, "message": problem.words})
    return root


def text(one: Payload, key: str, path: Path, most: int, *, least: int = 1, required: bool = True) -> Problems:
    """Checks a text of an object."""
    value, at = one.get(key), (*path, key)
    if value is None:
        if required:
            yield Problem(at, "BASE_TYPE_REQUIRED", "This field is required")
    elif not isinstance(value, str):
        yield Problem(at, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
    elif length(value) > most or length(value.strip()) < least:
        yield Problem(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def number(one: Payload, key: str, path: Path, least: int, most: int) -> Problems:
    """Checks an optional whole number of an object."""
    value = one.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most):
        yield Problem((*path, key), "NUMBER_TYPE_RANGE", f"{value!r} is no number between {least} and {most}.")


def choice(one: Payload, key: str, path: Path, of: Iterable[object]) -> Problems:
    """Checks a required value that is one of a few."""
    allowed = list(of)
    if one.get(key) not in allowed:
        yield Problem((*path, key), "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(str, allowed))}}}.")
