"""The commands that post, or say what became of what was posted."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import select

from bot.composing import preview
from bot.delivery.shelf import Shelf
from bot.platforms.terminal.render import BUDGET
from bot.store import beginning, lanes, outcomes, slots, subscriptions
from bot.store.opening import Store, open_store
from bot.store.tables import metadata
from bot.store.values import Part, Slot, Work
from briefings.document_json import to_values
from briefings.paginate import paginate
from tests.builders import AIRSHIPS, airships
from tests.databases import PostgreSql, Sqlite
from tests.program import Ran, program
from tests.stored import DAY, HOUR, held, proposed, slot, subscribed
from tests.test_cli import PROGRAM

T = TypeVar("T")
HERE = "terminal:local/here"
NOW = datetime.now(UTC)
DUE = NOW.replace(second=0, microsecond=0) - timedelta(minutes=1)


@pytest.fixture
def url(on_sqlite: Sqlite) -> str:
    return on_sqlite.ready()


def kept(url: str, does: Callable[[Store], Awaitable[T]]) -> T:
    """Does something with what is kept, while no program runs."""

    async def opened() -> T:
        async with open_store(url) as store:
            return await does(store)

    return asyncio.run(opened())


def subscribe(url: str, **fields: Any) -> None:
    """Subscribes the terminal two days ago; what the files hold was taken up yesterday."""

    async def does(store: Store) -> None:
        values: dict[str, Any] = {"schedule": f"daily {DUE:%H:%M}", "next_fire": DUE, "made_at": NOW - 2 * DAY}
        await subscribed(store, place=HERE, zone="UTC", **values | fields)
        await Shelf(store, airships).refresh(NOW - DAY)

    kept(url, does)


def rows(url: str) -> dict[str, list[Any]]:
    async def does(store: Store) -> dict[str, list[Any]]:
        async with store.reading() as tx:
            return {t.name: list(map(tuple, await tx.execute(select(t)))) for t in metadata.sorted_tables}

    return kept(url, does)


def works(url: str) -> list[Work]:
    return kept(url, lambda store: slots.latest(store, 50))


def uncertain(url: str, **fields: Any) -> str:
    """Keeps a digest that may have been posted, and returns its id as people see it."""

    async def does(store: Store) -> Slot:
        one = await subscriptions.get(store, "airships")
        assert one
        pages = paginate(await preview(store, airships(), one, NOW), BUDGET)
        values: dict[str, Any] = {"due": NOW, "deadline": NOW + HOUR, "subscription": "airships"}
        new = slot(lane="terminal", place=HERE, **values | fields)
        assert await slots.propose(store, new)
        hold = await held(store, "terminal")
        begun = await beginning.begin(store, hold, new.id, [Part(to_values(page)) for page in pages[:1]], NOW)
        await outcomes.uncertain(store, hold, begun.deliveries[0].id, "timeout", NOW, None)
        await lanes.free_lanes(store)
        return new

    return kept(url, does).short_id


def test_what_is_due_is_printed_once_by_the_real_program(url: str) -> None:
    subscribe(url)
    environment = {"DATABASE_URL": url, "BRIEFBOT_KNOWLEDGE": str(AIRSHIPS), "BRIEFBOT_LOG_LEVEL": "WARNING"}
    ran = [
        subprocess.run([PROGRAM, "deliver"], env=environment, capture_output=True, text=True, timeout=60, check=False)
        for _ in range(2)
    ]
    assert [(one.returncode, one.stderr) for one in ran] == [(0, ""), (0, "")]
    assert ran[0].stdout.count("Helium was scarce.") == 1
    assert f"/why {works(url)[0].slot.short_id}" in ran[0].stdout
    assert ran[1].stdout == ""


def test_nothing_due_prints_nothing(url: str) -> None:
    subscribe(url, next_fire=DUE + DAY)
    assert program("deliver", DATABASE_URL=url) == Ran(0, "", "")


def test_a_rehearsal_prints_a_week_and_changes_nothing(url: str) -> None:
    subscribe(url, schedule="daily 09:00", wanted={"nothing": "say", "most": 4})
    before = rows(url)
    ran = program("rehearse", "--from", "2033-06-13", "--to", "2033-06-19", DATABASE_URL=url)
    days = [line for line in ran.stdout.splitlines() if line.startswith("--- ")]
    assert (ran.status, ran.stderr) == (0, "")
    assert days[0] == "--- Monday 2033-06-13 09:00 UTC, terminal:local/here"
    assert [line.split()[2] for line in days] == [f"2033-06-{day}" for day in range(13, 20)]
    assert "Helium was scarce." in ran.stdout
    assert "Nothing new since" in ran.stdout
    assert ran.stdout.endswith("\n7 would be due: 7 sent.\n")
    assert rows(url) == before


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Returns all files of a folder, with their bytes and when they were written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


WEEK = ("rehearse", "--from", "2033-06-13", "--to", "2033-06-19")


@contextmanager
def left(folder: Path, how: str) -> Iterator[Path]:
    """Gives a folder with a database that was closed, that somebody has open, or whose writer was killed."""
    file = folder / "briefbot.db"
    subscribe(f"sqlite:///{file}", schedule="daily 09:00", wanted={"nothing": "say"})
    if how == "closed":
        yield folder
        return
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("UPDATE subscription SET title = 'Told anew'")
        writer.commit()
        if how == "killed":
            (folder / "copy").mkdir()
            for name in ("briefbot.db", "briefbot.db-wal"):
                shutil.copy2(folder / name, folder / "copy" / name)
        yield folder / "copy" if how == "killed" else folder


@pytest.mark.parametrize(("how", "told"), [("closed", "Airships"), ("open", "Told anew"), ("killed", "Told anew")])
def test_a_rehearsal_leaves_the_files_as_they_are(tmp_path: Path, how: str, told: str) -> None:
    with left(tmp_path, how) as folder:
        before = files(folder)
        ran = program(*WEEK, DATABASE_URL=f"sqlite:///{folder}/briefbot.db")
        assert (ran.status, ran.stdout.count("--- "), told in ran.stdout) == (0, 7, True)
        after = files(folder)
    assert set(after) == set(before)
    assert [name for name in before if after[name] != before[name]] in ([], ["briefbot.db-shm"])  # who reads is there


def test_a_rehearsal_names_the_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary, " * 100)
    ran = program(*WEEK, DATABASE_URL=f"sqlite:///{tmp_path}/diary")
    assert ran.status == 3
    assert f"the database {tmp_path}/diary is no SQLite database" in ran.stderr


def test_a_rehearsal_without_a_database_makes_none(tmp_path: Path) -> None:
    ran = program(
        *WEEK, DATABASE_URL=f"sqlite:///{tmp_path}/data/briefbot.db", BRIEFBOT_DATA_DIR=str(tmp_path / "data")
    )
    assert (ran.status, ran.stdout) == (0, "No digest would be due.\n")
    assert list(tmp_path.iterdir()) == []


def test_on_postgresql_who_may_only_read_can_rehearse(on_postgresql: PostgreSql) -> None:
    url = on_postgresql.ready()
    subscribe(url, schedule="daily 09:00", wanted={"nothing": "say"})
    before = rows(url)
    with on_postgresql.reader(url) as reading:
        ran = program(*WEEK, DATABASE_URL=reading)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.endswith("\n7 would be due: 7 sent.\n")
    assert rows(url) == before


def test_on_postgresql_a_rehearsal_without_tables_makes_none(on_postgresql: PostgreSql) -> None:
    url = on_postgresql.empty()
    assert program(*WEEK, DATABASE_URL=url).stdout == "No digest would be due.\n"
    assert program(*WEEK, DATABASE_URL=url).stdout == "No digest would be due.\n"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_rehearsal_that_posts_little_says_why(url: str) -> None:
    ran = program("rehearse", "--from", "2033-06-13", "--to", "2033-06-19", DATABASE_URL=url)
    assert (ran.status, ran.stdout) == (0, "No digest would be due.\n")
    subscribe(url, schedule="weekdays at 09:00", wanted={"nothing": "skip"}, made_at=NOW)
    ran = program("rehearse", "--from", "2033-06-13", "--to", "2033-06-19", DATABASE_URL=url)
    assert (ran.status, ran.stdout) == (0, "5 would be due: 5 skipped (nothing is new).\n")


def test_a_rehearsal_that_ends_before_it_begins_is_refused(url: str) -> None:
    ran = program("rehearse", "--from", "2033-06-19", "--to", "2033-06-13", DATABASE_URL=url)
    assert ran.status == 2
    assert "--to 2033-06-13 lies before --from 2033-06-19; turn them round" in ran.stderr


def test_digests_are_listed_newest_first_with_their_state_and_why(url: str) -> None:
    assert program("deliveries", DATABASE_URL=url).stdout == "Nothing was due yet.\n"
    subscribe(url)
    id_ = uncertain(url, key="newer")
    kept(url, lambda store: proposed(store, "older", place=HERE, lane="terminal", due=NOW - DAY))
    newer, older = program("deliveries", DATABASE_URL=url).stdout.splitlines()
    assert newer.startswith(f"{id_}  {NOW:%Y-%m-%d %H:%M} UTC  scheduled  uncertain  {HERE}  timeout")
    assert older.split()[-2:] == ["planned", HERE]
    assert program("deliveries", "--uncertain", DATABASE_URL=url).stdout.splitlines() == [newer]


def test_an_uncertain_digest_is_settled_as_somebody_found_it(url: str) -> None:
    subscribe(url, next_fire=DUE + DAY)
    out, lost = uncertain(url, key="out"), uncertain(url, key="lost")
    assert program("deliveries", "settle", out, DATABASE_URL=url).stdout == f"{out} is settled as sent.\n"
    settled = program("deliveries", "settle", lost.lower(), "--as", "failed", DATABASE_URL=url)
    assert settled.stdout == f"{lost} is settled as failed.\n"
    assert {work.slot.key: work.slot.state for work in works(url)} == {"out": "sent", "lost": "failed"}
    assert program("deliveries", "--uncertain", DATABASE_URL=url).stdout == "Nothing waits for a person.\n"
    assert program("deliver", DATABASE_URL=url).stdout == ""


def test_a_digest_that_is_retried_goes_out_with_the_next_pass(url: str) -> None:
    subscribe(url, next_fire=DUE + DAY)
    id_ = uncertain(url)
    ran = program("deliveries", "retry", id_, DATABASE_URL=url)
    assert ran.stdout == f"{id_} goes out with the next pass of `briefbot run` or `briefbot deliver`.\n"
    assert program("deliver", DATABASE_URL=url).stdout.count("Helium was scarce.") == 1
    assert program("deliver", DATABASE_URL=url).stdout == ""


def test_a_digest_that_is_retried_after_its_window_goes_out(url: str) -> None:
    subscribe(url, next_fire=DUE + DAY)
    id_ = uncertain(url, due=NOW - DAY, deadline=NOW - DAY + HOUR)
    program("deliveries", "retry", id_, DATABASE_URL=url)
    assert program("deliver", DATABASE_URL=url).stdout.count("Helium was scarce.") == 1
    assert [work.slot.state for work in works(url)] == ["sent"]


def test_a_digest_that_was_given_up_is_composed_anew_where_it_is_retried(url: str) -> None:
    subscribe(url, next_fire=DUE + DAY)
    id_ = uncertain(url)
    program("deliveries", "settle", id_, "--as", "failed", DATABASE_URL=url)
    assert program("deliveries", "retry", id_, DATABASE_URL=url).status == 0
    assert program("deliver", DATABASE_URL=url).stdout.count("Helium was scarce.") == 1
    assert [work.slot.state for work in works(url)] == ["sent"]


@pytest.mark.parametrize("id_", ["NOPE", "7F3A2K9Q", "", " ", "%", "X" * 500], ids=range(6))
@pytest.mark.parametrize("command", ["retry", "settle"])
def test_an_id_that_no_digest_has_is_named(url: str, command: str, id_: str) -> None:
    subscribe(url)
    uncertain(url)
    before = rows(url)
    ran = program("deliveries", command, id_, DATABASE_URL=url)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == f"there is no digest {id_!r}; `briefbot deliveries` lists them\n"
    assert rows(url) == before


def test_what_is_not_uncertain_is_neither_settled_nor_sent_again(url: str) -> None:
    subscribe(url)
    assert "Helium" in program("deliver", DATABASE_URL=url).stdout
    [work] = works(url)
    for command in ("settle", "retry"):
        ran = program("deliveries", command, work.slot.short_id, DATABASE_URL=url)
        assert ran.status == 2
        assert f"the slot {work.slot.id} is sent" in ran.stderr
    assert program("deliver", DATABASE_URL=url).stdout == ""


def test_a_digest_that_somebody_asks_for_is_never_silent(url: str) -> None:
    subscribe(url, made_at=NOW, next_fire=DUE + DAY, wanted={"nothing": "skip", "most": 25})
    asked = {"kind": "now", "lane": "terminal", "place": HERE, "subscription": "airships", "due": datetime.now(UTC)}
    kept(url, lambda store: proposed(store, "first", **asked))
    kept(url, lambda store: proposed(store, "second", **asked))
    out = program("deliver", DATABASE_URL=url).stdout
    assert out.count("From the archive") == out.count("Helium was scarce.") == 1
    assert out.count("Nothing new since") == 1
