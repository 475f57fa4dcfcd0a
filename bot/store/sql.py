"""What the operations share."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

P = ParamSpec("P")
T = TypeVar("T")
ROWS = 500
"""How many rows are read or written at a time."""


def whole(operation: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Lets an operation that has started come to its end, though its caller is cancelled, which is told only then.

    A cancelled statement of SQLite goes on in its thread, and would leave a transaction open that locks the others out.
    """

    @wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await ended(asyncio.ensure_future(operation(*args, **kwargs)))

    return run


async def ended(future: "asyncio.Future[T]") -> T:
    """Returns what comes of something under way; whoever is cancelled meanwhile waits for its end all the same."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # asked for, or it would be logged as forgotten
        raise


def insert(tx: AsyncConnection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Returns the engine's own INSERT, which knows ON CONFLICT."""
    if tx.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # who has SQLite does not wait for it

    return postgresql.insert(table)


def chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yields rows in lists that a statement can hold on both engines."""
    left = iter(rows)
    while chunk := list(islice(left, ROWS)):
        yield chunk


def in_workspace(place: ColumnElement[str], workspace: str) -> ColumnElement[bool]:
    """Whether a place lies in a workspace; as a range, which an index serves, and which minds capitals everywhere."""
    return (place >= f"{workspace}/") & (place < f"{workspace}0")  # 0 follows /


def values_of(one: object, names: Iterable[str]) -> dict[str, Any]:
    """Returns some fields of a value by name."""
    return {name: getattr(one, name) for name in names}
