"""What people typed, as messages of ours say it again."""

from knowledge.characters import printable


def shown(typed: str) -> str:
    """Returns what was typed in quotes, short and printable."""
    short = typed if len(typed) <= 60 else f"{typed[:59]}…"
    return f'"{printable(short)}"'
