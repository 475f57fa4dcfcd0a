"""Characters that have no place in a curated text, or on a terminal."""

import unicodedata

# Invisible and direction-changing characters can make a text read as something else:
# Unicode TR 36, and "Trojan Source", CVE-2021-42574. Those of category Cf are told by it; these are not.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {chr(point) for point in range(0xFE00, 0xFE10)}
_FORBIDDEN_CATEGORIES = {"Cc": "control", "Cs": "surrogate", "Co": "private-use"}
_SEPARATORS = {"Zl", "Zp"}
_MOST_MARKS = 4


def printable(text: str) -> str:
    """Returns a text as it was typed, fit for a terminal, which would obey some characters: these as their escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def unsafe(text: str) -> str | None:
    """Returns a description of the first character that may not stand in a text, or None."""
    if text.isascii() and text.isprintable():
        return None
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in "\n\r\t" or category in _SEPARATORS:
            return "a line break or tab"
        if character in _INVISIBLE or category == "Cf":
            return f"the invisible character U+{ord(character):04X}"
        if category in _FORBIDDEN_CATEGORIES:
            return f"the {_FORBIDDEN_CATEGORIES[category]} character U+{ord(character):04X}"
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MOST_MARKS:
            return f"more than {_MOST_MARKS} combining marks in a row"
    return None


def mixed_scripts(text: str) -> str | None:
    """Returns the first word that mixes Latin with look-alike scripts (UTS #39), or None."""
    if text.isascii():
        return None
    for word in text.split():
        scripts = {unicodedata.name(c, "").split(" ")[0] for c in word if c.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return word
    return None
