"""Time that is made: a loop on which waiting takes none, and a database whose statements take none."""

import asyncio
import selectors
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import aiosqlite.core
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import opening
from bot.store.errands import carried_out


class Killed(BaseException):
    """Is raised where a process is killed; nothing of it runs on."""


class _Selector(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.idle = 0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self.idle = 0 if timeout > 0 else self.idle + 1
        if self.idle > 200_000:
            raise RuntimeError(f"it spins: at {self.time} s no time passes any more")
        self.time += max(timeout, 0.0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """Is a loop on which sleeping takes no time; `time` counts seconds from 0."""

    def __init__(self) -> None:
        self.made = _Selector()
        super().__init__(self.made)
        self.set_exception_handler(_unless_killed)

    def time(self) -> float:
        return self.made.time


def _unless_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


class Seams:
    """Counts the points at which something leaves the process, and kills it at one of them.

    `trouble` returns the code of an error that the database answers with, and whether it did what it was told all the
    same; it is asked at each statement.
    """

    def __init__(self) -> None:
        self.passed = 0
        self.kill_at: int | None = None
        self.dead = False
        self.names: list[str] = []
        self.trouble: Callable[[str], str] = lambda _: ""

    def passing(self, name: str) -> None:
        """Is called at each point.

        Raises:
            Killed: this is where the process dies, or it is dead already.
        """
        if self.dead:
            raise Killed(name)
        self.passed += 1
        self.names.append(name)
        if self.passed == self.kill_at:
            self.dead = True
            raise Killed(name)

    def start(self, kill_at: int | None = None) -> None:
        """Counts anew, and kills at a point."""
        self.passed, self.names, self.kill_at = 0, [], kill_at


_POINTS = ("execute", "commit")
"""What a killed process does no more; that its connection is rolled back and closed, SQLite sees to."""


@contextmanager
def inline(seams: Callable[[], Seams]) -> Iterator[None]:
    """Has aiosqlite run its statements at once instead of in threads, so that made time stands still meanwhile."""

    class Inline:
        def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
            future, function = item
            try:
                result = _run(seams(), function)
            except Exception as error:
                if future:
                    future.set_exception(error)
            else:
                if future:
                    future.set_result(result)

    begin, engine = aiosqlite.core.Connection.__init__, opening.engine_to

    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        self._tx, self._thread = Inline(), SimpleNamespace(start=lambda: None, daemon=True)

    aiosqlite.core.Connection.__init__ = made  # type: ignore[method-assign]
    opening.engine_to = _engines.for_file
    try:
        yield
    finally:
        aiosqlite.core.Connection.__init__ = begin  # type: ignore[method-assign]
        opening.engine_to = engine


def _run(seams: Seams, function: Callable[[], Any]) -> Any:
    name = _named(function)
    if not name.startswith(_POINTS) or "PRAGMA" in name:
        return function()
    seams.passing(name)
    trouble = seams.trouble(name)
    if trouble.endswith("?"):  # it was done, and nobody is told so
        function()
    if trouble:
        error = sqlite3.OperationalError(f"the test says {trouble}")
        error.sqlite_errorname = trouble.rstrip("?")
        raise error
    return function()


def _named(function: Callable[[], Any]) -> str:
    called = getattr(function, "func", function)
    args: tuple[Any, ...] = getattr(function, "args", ())
    if called is carried_out:
        called, args = args[0], args[1:]
    said = str(args[0]).split("\n")[0][:60] if args and isinstance(args[0], str) else ""
    return f"{getattr(called, '__name__', '?')} {said}".strip()


class _Engines:
    """Gives one engine to all worlds, of which each has a file, so that a statement is compiled but once."""

    def __init__(self) -> None:
        self.engine_to: AsyncEngine | None = None
        self._make = opening.engine_to
        self._file = ""

    def for_file(self, address: URL, wait: float) -> AsyncEngine:
        self._file = str(address.database)
        if self.engine_to is None:
            self.engine_to = self._make(address, wait)
            event.listen(self.engine_to.sync_engine, "do_connect", self._connect)
            # What a killed process has committed is there without it, too: only a lost machine would miss it.
            event.listen(self.engine_to.sync_engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
        return self.engine_to

    def _connect(self, dialect: Any, record: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        args[0] = self._file


_engines = _Engines()
