"""Characters that have no place in a curated text."""

import unicodedata

# Invisible and direction-changing characters can make a text read as something else:
# Unicode TR 36, and "Trojan Source", CVE-2021-42574.
_INVISIBLE = frozenset(
    chr(point)
    for span in (
        (0x00AD, 0x00AD),
        (0x061C, 0x061C),
        (0x180E, 0x180E),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
        (0xE0000, 0xE0FFF),
    )
    for point in range(span[0], span[1] + 1)
)
_FORBIDDEN_CATEGORIES = {"Cc": "control", "Cs": "surrogate", "Co": "private-use"}
_SEPARATORS = {"Zl", "Zp"}
_MOST_MARKS = 4


def unsafe(text: str) -> str | None:
    """Returns a description of the first character that may not stand in a text, or None."""
    if text.isascii() and text.isprintable():
        return None
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in "\n\r\t" or category in _SEPARATORS:
            return "a line break or tab"
        if character in _INVISIBLE:
            return f"the invisible character U+{ord(character):04X}"
        if category in _FORBIDDEN_CATEGORIES:
            return f"the {_FORBIDDEN_CATEGORIES[category]} character U+{ord(character):04X}"
        marks = marks + 1 if category == "Mn" else 0
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
