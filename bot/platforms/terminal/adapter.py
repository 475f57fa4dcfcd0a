"""A prompt for people and a line reader for pipes: the reference platform."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document as Typed
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from bot.platforms.terminal.render import BUDGET
from bot.platforms.terminal.screen import Screen
from bot.ports import Core, Reply
from briefings.document import Choice, choices
from briefings.paginate import page_at, paginate

_LAST_WORDS = {"exit", "quit", "/exit", "/quit"}


class Terminal:
    """Reads commands from a stream and shows the answers on another; implements `Platform`.

    On a terminal it prompts, completes, remembers the history in `history` and takes the number of a choice. From a
    pipe it answers one command a line and ends with the input.
    """

    name = "terminal"
    budget = BUDGET

    def __init__(self, stdin: TextIO, stdout: TextIO, history: Path | None = None) -> None:
        self._stdin = stdin
        self._screen = Screen(stdout)
        self._history = history
        self._choices: tuple[Choice, ...] = ()

    async def serve(self, core: Core) -> None:
        """Answers until the input ends or somebody leaves."""
        if self._stdin.isatty() and self._screen.is_terminal:
            await self._converse(core)
        else:
            await self._read(core)

    async def _read(self, core: Core) -> None:
        lines = _lines(self._stdin)
        while line := await lines.get():
            if line.strip().casefold() in _LAST_WORDS:
                return
            if line.strip():
                self._show(await core.answer_line(line), numbered=False)

    async def _converse(self, core: Core) -> None:
        session: PromptSession[str] = PromptSession(history=_history(self._history), completer=_Names(core))
        self._show(await core.answer_line("/help"), numbered=True)
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
                self._show(await core.answer_line(self._chosen(line)), numbered=True)

    def _chosen(self, line: str) -> str:
        """Returns the command of the choice that a number names, else the line itself."""
        number = int(line) if line.isascii() and line.isdecimal() and len(line) < 4 else 0
        return self._choices[number - 1].command if 0 < number <= len(self._choices) else line

    def _show(self, reply: Reply, *, numbered: bool) -> None:
        page = page_at(paginate(reply.document, self.budget), reply.page)
        self._choices = choices(page)
        self._screen.show(page, numbered=numbered)


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


class _Names(Completer):
    """Completes commands, then the names that they take."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get_completions(self, document: Typed, _: CompleteEvent) -> Iterable[Completion]:
        typed = document.text_before_cursor.lstrip()
        command, gap, name = typed.partition(" ")
        return self._names(command.removeprefix("/"), name, typed) if gap else self._commands(command, typed)

    def _commands(self, command: str, typed: str) -> Iterator[Completion]:
        for item in self._core.menu:
            if item.name.startswith(command.removeprefix("/").casefold()):
                line = f"/{item.name} " if item.arguments else f"/{item.name}"
                yield Completion(line, -len(typed), display=item.usage, display_meta=item.summary)

    def _names(self, command: str, name: str, typed: str) -> Iterator[Completion]:
        item = next((item for item in self._core.menu if command.casefold() in (item.name, *item.aliases)), None)
        if item and item.arguments:
            for choice in self._core.suggest(item.name, item.arguments[0].name, name.strip()):
                yield Completion(choice.command, -len(typed), display=choice.label, display_meta=choice.detail)
