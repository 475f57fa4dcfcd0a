"""Bare SQL, as somebody writes it who knows the tables and nothing else: no checks, rows in, a transaction at a time."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from bot.store.tables import EPOCH, MICROSECOND
from tests.databases import Databases, Sqlite, postgresql

Row = tuple[Any, ...]
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""What the store asks of SQLite, too."""


class Bare:
    """Is a connection of its own to a database."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite:")
        self._connection: Any
        if self._is_sqlite:
            self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
        else:
            self._connection = psycopg.connect(url, autocommit=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Gives a transaction that writes."""
        self._connection.execute("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
        yield
        self._connection.execute("COMMIT")

    def rows(self, statement: str, values: Row = ()) -> list[Row]:
        """Returns what a query finds; its values stand where `?` is."""
        found: list[Row] = self._connection.execute(self._in_its_way(statement), values).fetchall()
        return found

    def many(self, statement: str, rows: Sequence[Row | Mapping[str, Any]]) -> None:
        """Carries out a statement for each row."""
        self._connection.cursor().executemany(self._in_its_way(statement), rows)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts rows of any values."""
        columns = list(rows[0])
        places = ", ".join("?" * len(columns))
        written = [tuple(kept(row[name]) for name in columns) for row in rows]
        self.many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", written)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _in_its_way(self, statement: str) -> str:
        return statement if self._is_sqlite else statement.replace("?", "%s")


def moment(at: datetime) -> int:
    """Returns an instant as it is kept."""
    return (at - EPOCH) // MICROSECOND


def text(value: Any) -> str:
    """Returns a value as JSON, as it is kept."""
    return json.dumps(value, ensure_ascii=False)


def kept(value: Any) -> Any:
    """Returns any value as it is kept."""
    if isinstance(value, datetime):
        return moment(value)
    return text(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class Engine:
    """Is a kind of database; `clock` tells the CPU seconds that this process and its server have taken."""

    name: str
    databases: Databases
    clock: Callable[[], float] = time.process_time


@contextmanager
def engines() -> Iterator[list[Engine]]:
    """Gives SQLite, and PostgreSQL where there is a server."""
    with TemporaryDirectory() as folder:
        found = [Engine("SQLite", Sqlite(Path(folder)))]
        try:
            with postgresql(f"bench-{os.getpid()}") as server:
                yield [*found, Engine("PostgreSQL", server, _with_server(Bare(server.ready())))]
        except pytest.skip.Exception:
            yield found


def _with_server(bare: Bare) -> Callable[[], float]:
    """Returns a clock that the server's processes drive, too, where it runs on this machine."""
    [[backend]] = bare.rows("SELECT pg_backend_pid()")
    server = _stat(backend)[1]
    bare.close()  # which ends its process

    def clock() -> float:
        ended = sum(map(int, _stat(server)[13:15]))
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return time.process_time() + (ended + sum(map(_ticks, children))) / os.sysconf("SC_CLK_TCK")

    return clock


def _ticks(pid: str) -> int:
    try:
        return sum(map(int, _stat(pid)[11:13]))
    except FileNotFoundError:  # it has ended, and its parent counts it from now on
        return 0


def _stat(pid: str) -> list[str]:
    """Returns what is known of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
