"""What a command is: its item in the menu, and how it is read and answered."""

from collections.abc import Callable, Mapping
from functools import cached_property

from msgspec import Struct

from bot.ports import MenuItem
from briefings.document import Document
from briefings.edition import Edition
from knowledge import Knowledge


def _whole(words: str) -> list[str]:
    return [words]


class Command(Struct, frozen=True, dict=True):
    """Is a menu item with what composes its answer.

    Without `compose` it is answered at the desk, from the store. `split` parts what was typed into the arguments that
    are no options, `joint` joins them again. `example` returns the arguments of the example in the help, from the
    knowledge at hand; None leaves the command out there.
    """

    item: MenuItem
    compose: Callable[[Edition, Mapping[str, str]], Document] | None
    example: Callable[[Knowledge], str | None] = lambda _: None
    split: Callable[[str], list[str]] = _whole
    joint: str = " "

    @cached_property
    def positional(self) -> tuple[str, ...]:
        """The names of the arguments that are typed without them, in their order."""
        return tuple(argument.name for argument in self.item.arguments if not argument.option)

    @cached_property
    def options(self) -> frozenset[str]:
        """The names of the arguments that are typed as `name:value`."""
        return frozenset(argument.name for argument in self.item.arguments if argument.option)

    @cached_property
    def runs_on(self) -> bool:
        """Whether all that is typed is one text, such as a pasted one, in which nothing is an option."""
        return any(argument.kind == "text" for argument in self.item.arguments)
