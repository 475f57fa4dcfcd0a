"""SQLite by one errand to its thread a statement: the same rows, counts and errors as aiosqlite gives."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.errands import AHEAD, Connecting, Errands
from bot.store.opening import engine_to

pytestmark = pytest.mark.usefixtures("runner")

ROWS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n")


@asynccontextmanager
async def opened(file: Path, wait: float = 5.0) -> AsyncIterator[AsyncEngine]:
    engine = engine_to(make_url(f"sqlite+aiosqlite:///{file}"), wait)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def connected(file: Path) -> AsyncIterator[AsyncConnection]:
    async with opened(file) as engine, engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("most", [1, AHEAD - 1, AHEAD, AHEAD + 1, 2 * AHEAD, 2 * AHEAD + 7])
async def test_all_rows_come_in_order_at_once_or_bit_by_bit(tmp_path: Path, most: int) -> None:
    expected = [(number,) for number in range(1, most + 1)]
    async with connected(tmp_path / "made.sqlite") as connection:
        assert [tuple(row) for row in await connection.execute(ROWS, {"most": most})] == expected
        assert [tuple(row) async for row in await connection.stream(ROWS, {"most": most})] == expected
        streamed = await connection.stream(ROWS, {"most": most})
        assert [tuple(row) async for some in streamed.partitions(700) for row in some] == expected


async def test_rows_that_nobody_reads_are_in_the_way_of_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path / "made.sqlite") as connection:
        await connection.execute(text("CREATE TABLE kept (i INTEGER)"))
        streamed = await connection.stream(ROWS, {"most": 3 * AHEAD})
        assert await streamed.fetchone() == (1,)
        await streamed.close()
        await connection.execute(text("DROP TABLE kept"))  # which an open cursor would forbid
        await connection.commit()


async def test_counts_and_what_returns_come_back(tmp_path: Path) -> None:
    async with connected(tmp_path / "made.sqlite") as connection:
        await connection.execute(text("CREATE TABLE kept (i INTEGER PRIMARY KEY)"))
        put = text("INSERT INTO kept VALUES (:i) RETURNING i + 1")
        assert await connection.scalar(put, {"i": 1}) == 2
        many = await connection.execute(text("INSERT INTO kept VALUES (:i)"), [{"i": 2}, {"i": 3}])
        assert many.rowcount == 2
        assert (await connection.execute(text("UPDATE kept SET i = i + 10 WHERE i > 1"))).rowcount == 2
        assert (await connection.execute(text("UPDATE kept SET i = 0 WHERE i > 90"))).rowcount == 0


async def test_a_statement_that_fails_is_told_and_the_next_one_works(tmp_path: Path) -> None:
    async with connected(tmp_path / "made.sqlite") as connection:
        await connection.execute(text("CREATE TABLE kept (i INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO kept VALUES (1)"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO kept VALUES (1)"))
        assert await connection.scalar(text("SELECT count(*) FROM kept")) == 1


async def test_a_transaction_makes_an_errand_a_statement_one_to_begin_and_one_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errands: list[object] = []
    carried_out: Any = Errands._execute

    async def counted(self: Errands, *args: Any, **kwargs: Any) -> Any:
        errands.append(args[0])
        return await carried_out(self, *args, **kwargs)

    async with opened(tmp_path / "made.sqlite") as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE kept (i INTEGER)"))
        monkeypatch.setattr(Errands, "_execute", counted)
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO kept VALUES (1)"))
            await connection.execute(text("SELECT i FROM kept"))
        assert len(errands) == 4


async def test_what_is_not_committed_is_rolled_back_for_whoever_has_the_connection_next(tmp_path: Path) -> None:
    async with opened(tmp_path / "made.sqlite") as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE kept (i INTEGER)"))
        async with engine.connect() as connection:
            await connection.execute(text("INSERT INTO kept VALUES (1)"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM kept")) == 0


async def test_whoever_is_cancelled_while_waiting_to_write_leaves_no_lock_behind(tmp_path: Path) -> None:
    file = tmp_path / "made.sqlite"
    async with opened(file) as holding, opened(file) as engine:
        async with holding.begin() as connection:
            await connection.execute(text("CREATE TABLE kept (i INTEGER)"))

        async def write() -> None:
            async with engine.connect() as connection:
                await connection.execution_options(writing=True)
                async with connection.begin():
                    await connection.execute(text("INSERT INTO kept VALUES (2)"))

        async with holding.connect() as connection:
            await connection.execution_options(writing=True)
            async with connection.begin():
                await connection.execute(text("INSERT INTO kept VALUES (1)"))
                waiting = asyncio.create_task(write())
                await asyncio.sleep(0.2)
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
        await write()
        async with holding.connect() as connection:
            assert [row.i for row in await connection.execute(text("SELECT i FROM kept ORDER BY i"))] == [1, 2]


async def test_a_connection_that_is_stopped_while_it_closes_comes_to_its_end(tmp_path: Path) -> None:
    connection = Connecting(5.0)(str(tmp_path / "made.sqlite"))
    await connection
    busy = asyncio.create_task(connection.errand(lambda: time.sleep(0.1)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    await asyncio.wait_for(asyncio.gather(busy, closing), 10)


async def test_of_several_that_open_a_new_file_at_once_none_is_turned_away(tmp_path: Path) -> None:
    for number in range(60):
        made = [Connecting(5.0)(str(tmp_path / f"{number}.sqlite")) for _ in range(4)]
        assert len(await asyncio.gather(*made)) == 4
        await asyncio.gather(*(one.close() for one in made))


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_loop_may_end_right_after_a_file_could_not_be_opened(tmp_path: Path) -> None:
    async def opening() -> None:
        async with opened(tmp_path, 0.1) as engine, engine.connect():  # a folder
            pass

    for _ in range(50):
        with pytest.raises(OperationalError):
            asyncio.run(opening())


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("turns", [2, 40], ids=["connecting", "asking"])
def test_the_loop_may_end_right_after_whoever_waits_is_cancelled(tmp_path: Path, turns: int) -> None:
    async def asking(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            while True:
                await connection.execute(ROWS, {"most": 5_000})

    async def cancelled() -> None:
        async with opened(tmp_path / "made.sqlite") as engine:
            task = asyncio.create_task(asking(engine))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    for _ in range(50):
        asyncio.run(cancelled())
