"""A form as questions, one after another."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.ports import Argument, Core, MenuItem, Reply, Request

EMPTY = "-"
REST = "."
HOW = f"Enter takes what stands in brackets, {EMPTY} empties it, {REST} takes all the rest as it stands; Ctrl-C leaves."


class Questions(Struct, frozen=True):
    """Asks for the arguments of a command that has a form, each until it can be used.

    `read` returns what somebody types for an argument that stands at some value, `tell` shows a line.
    """

    core: Core
    item: MenuItem
    request: Request
    read: Callable[[Argument, str], Awaitable[str]]
    tell: Callable[[str], None]

    @property
    def _asked(self) -> list[Argument]:
        return [argument for argument in self.item.arguments if argument.kind != "id"]

    async def reply(self, there: Mapping[str, str]) -> Reply:
        """Returns the answer to what somebody has filled in, who began with what was `there`."""
        values = {argument.name: there.get(argument.name, "") for argument in self._asked}
        self.tell(HOW)
        await self._fill_in(self._asked, values)
        reply = await self._answer(values)
        while wrong := [argument for argument in self._asked if argument.name in reply.problems]:
            for argument in wrong:
                self.tell(f"{argument.name}: {reply.problems[argument.name]}")
            await self._fill_in(wrong, values)
            reply = await self._answer(values)
        return reply

    async def _fill_in(self, arguments: Sequence[Argument], values: dict[str, str]) -> None:
        for argument in arguments:
            self.tell("")
            self.tell(argument.summary + (f" ({', '.join(argument.values)})" if argument.values else ""))
            value = await self._value(argument, values[argument.name])
            if value == REST:
                return
            values[argument.name] = value

    async def _value(self, argument: Argument, there: str) -> str:
        while True:
            typed = (await self.read(argument, there)).strip()
            value = {"": there, EMPTY: ""}.get(typed, typed)
            problem = "" if value == REST else await self._problem(argument, value)
            if not problem:
                return value
            self.tell(problem)

    async def _problem(self, argument: Argument, value: str) -> str:
        """Returns what is wrong with a value, if something is."""
        # All else is empty, so that the core has something to object to in any case, and nothing comes of asking it.
        reply = await self._answer(dict.fromkeys((one.name for one in self._asked), "") | {argument.name: value})
        return reply.problems.get(argument.name, "")

    async def _answer(self, values: Mapping[str, str]) -> Reply:
        return await self.core.answer(replace(self.request, arguments={**self.request.arguments, **values}))
