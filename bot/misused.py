"""What the core says of a line that it cannot answer; an expected error, caught in `answer`."""

from bot.ports import MenuItem


class Misused(Exception):
    """Says that a line cannot be answered as it stands; `macro` words the way out."""

    def __init__(self, macro: str, item: MenuItem | None = None, **values: object) -> None:
        self.macro = macro
        self.item = item
        self.values = values
        super().__init__(macro)
