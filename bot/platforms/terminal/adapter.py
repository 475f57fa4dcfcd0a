"""A prompt for people and a line reader for pipes: the reference platform."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from bot.platforms.terminal.completing import Lines, Values
from bot.platforms.terminal.questions import Questions
from bot.platforms.terminal.render import BUDGET, visible
from bot.platforms.terminal.screen import Screen
from bot.ports import Argument, Condition, Core, MenuItem, Reply, Request
from briefings.document import Choice, choices
from briefings.paginate import page_at

HERE = "terminal:local/here"
"""The only place, which is the owner's."""

_LAST_WORDS = {"exit", "quit", "/exit", "/quit"}
_FORM = re.compile(r"/?(?P<command>\S+)(?:\s+edit:(?P<edit>\S+))?")
"""What is answered by questions, where the command has a form."""


class Terminal:
    """Reads commands from a stream and shows the answers on another; implements `Platform`.

    On a terminal it prompts, completes, remembers the history in `history`, takes the number of a choice, and asks for
    what a form would. From a pipe it answers one command a line and ends with the input. `zone` is that of its clock.
    """

    name = "terminal"
    budget = BUDGET

    def __init__(self, stdin: TextIO, stdout: TextIO, history: Path | None = None, zone: str = "") -> None:
        self._stdin = stdin
        self._screen = Screen(stdout)
        self._history = history
        self._zone = zone
        self._choices: tuple[Choice, ...] = ()

    async def serve(self, core: Core) -> None:
        """Answers until the input ends or somebody leaves."""
        if self._stdin.isatty() and self._screen.is_terminal:
            await self._converse(core)
        else:
            await self._read(core)

    def condition(self) -> Condition:
        """Returns that lines are read, as long as there are some."""
        return Condition(receiving=True, told="reading lines")

    async def _read(self, core: Core) -> None:
        lines = _lines(self._stdin)
        while line := await lines.get():
            if line.strip().casefold() in _LAST_WORDS:
                return
            if line.strip():
                self._show(await _answer(core, line), numbered=False)

    async def _converse(self, core: Core) -> None:
        session: PromptSession[str] = PromptSession(history=_history(self._history), completer=Lines(core))
        self._show(await _answer(core, "/help"), numbered=True)
        while True:
            try:
                with patch_stdout(raw=True):
                    line = (await session.prompt_async("briefbot> ")).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line.casefold() in _LAST_WORDS:
                return
            if line:
                await self._respond(core, self._chosen(line))

    async def _respond(self, core: Core, line: str) -> None:
        match = _FORM.fullmatch(line)
        named = match["command"].casefold() if match else ""
        item = next((item for item in core.menu if item.form and named in (item.name, *item.aliases)), None)
        edit = {"edit": match["edit"]} if match and match["edit"] else {}
        reply = await self._filled_in(core, item, edit) if item else await _answer(core, line)
        if reply:
            self._show(reply, numbered=True)

    async def _filled_in(self, core: Core, item: MenuItem, edit: dict[str, str]) -> Reply | None:
        """Returns the answer to a form that somebody fills in; None if they leave it."""
        request = Request(item.name, edit, place=HERE, manages=True, anywhere=True)
        there = await core.filled(request)
        if not there:
            return await core.answer(request)
        session: PromptSession[str] = PromptSession()

        async def read(argument: Argument, value: str) -> str:
            label = argument.name.replace("_", " ") + (f" [{visible(value)}]" if value else "")
            with patch_stdout(raw=True):
                return await session.prompt_async(f"{label}: ", completer=Values(core, item.name, argument.name))

        zones = {one.name: self._zone for one in item.arguments if one.kind == "zone" and not there.get(one.name)}
        try:
            return await Questions(core, item, request, read, self._screen.tell).reply({**there, **zones})
        except (KeyboardInterrupt, EOFError):
            return None

    def _chosen(self, line: str) -> str:
        """Returns the command of the choice that a number names, else the line itself."""
        number = int(line) if line.isascii() and line.isdecimal() and len(line) < 4 else 0
        return self._choices[number - 1].command if 0 < number <= len(self._choices) else line

    def _show(self, reply: Reply, *, numbered: bool) -> None:
        page = page_at(reply.document, self.budget, reply.page)
        self._choices = choices(page)
        self._screen.show(page, numbered=numbered)


async def _answer(core: Core, line: str) -> Reply:
    return await core.answer_line(line, place=HERE, manages=True, anywhere=True)


def _lines(stream: TextIO) -> "asyncio.Queue[str]":
    """Returns a queue of a stream's lines, the empty one last.

    A thread reads them that nobody waits for, so that an interrupt ends the program in the middle of a line.
    """
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        line = "?"
        while line:
            line = stream.readline()
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(lines.put_nowait, line)

    Thread(target=read, daemon=True).start()
    return lines


def _history(path: Path | None) -> History:
    """Returns the history of a file, or one that is forgotten where no file can be written."""
    try:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            with path.open("ab"):
                return FileHistory(path)
    except OSError:
        pass
    return InMemoryHistory()
