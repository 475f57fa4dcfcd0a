"""What a terminal must not be sent."""

from collections.abc import Iterator

RESERVED: frozenset[str] = frozenset()
"""Commands that a terminal keeps for itself."""

PLACE = r"(?P<workspace>local)/(?P<channel>here|@me)(?P<thread>)"
PLACE_EXAMPLE = "terminal:local/here"
LANE_OF_WORKSPACE = False
"""Whether a workspace has a pace of its own."""

PLACES_ARE_NAMED = True
"""Whether people may name a place other than where they are."""


def violations(payload: str) -> list[str]:
    """Returns what is wrong with a text for a terminal, in words; none for a text that only shows itself."""
    return list(_violations(payload))


def _violations(payload: str) -> Iterator[str]:
    if not payload.strip():
        yield "no text"
    yield from sorted({f"the character {character}" for character in entities(payload)})


def shown(payload: str) -> str:
    """Returns what a reader sees."""
    return payload


def entities(payload: str) -> list[str]:
    """Returns what a terminal would obey instead of showing it."""
    return [f"U+{ord(character):04X}" for character in payload if not character.isprintable() and character != "\n"]


def commands(payload: str) -> set[str]:
    """Returns the commands that a text shows."""
    return {line.strip() for part in payload.splitlines() for line in part.split("  ") if line.strip().startswith("/")}
