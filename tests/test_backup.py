"""Back-ups: written while the bot runs, put back after everything else was lost, on either engine."""

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from bot.operating.restoring import restore
from bot.publishing import DeliveryError
from bot.store import ledger, subscriptions, tables
from bot.store.backups import write
from bot.store.files import deliver_lock
from bot.store.migrate import migrate
from bot.store.opening import Store, open_store
from bot.store.tables import metadata
from tests.databases import Databases, PostgreSql, Sqlite
from tests.made_platform import budget_of
from tests.program import Ran, program
from tests.stored import DAY, NOW, PLACE, begun, held, parts, subscribed, subscription
from tests.test_cli import PROGRAM
from tests.world import START, World, knowing_of, shown_to

SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1), "schedule": "daily 08:00"}
SAY = {"wanted": {"nothing": "say"}}


async def rows(url: str) -> dict[str, list[Any]]:
    """Returns all that is kept."""
    async with open_store(url) as store, store.reading() as tx:
        return {t.name: sorted(map(tuple, await tx.execute(select(t))), key=str) for t in metadata.sorted_tables}


async def filled(url: str) -> None:
    """Keeps something in every table."""
    async with open_store(url) as store:
        await subscribed(store, wanted={"topics": {"腾讯": "company:tencent"}})
        await begun(store, await held(store), of=parts("ab", "c"), subscription="airships")
        async with store.writing() as tx:
            await tx.execute(tables.absence.insert(), [{"workspace": "discord:1", "since": NOW}])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def saved(url: str, file: Path, *options: str) -> Ran:
    return program("backup", str(file), *options, DATABASE_URL=url)


def restored(url: str, file: Path, *options: str) -> Ran:
    return program("restore", str(file), *options, DATABASE_URL=url, BRIEFBOT_DATA_DIR=str(file.parent / "data"))


async def test_a_back_up_holds_all_rows_and_brings_them_back_on_either_engine(
    databases: Databases, on_sqlite: Sqlite, tmp_path: Path, runner: asyncio.Runner
) -> None:
    url, file = databases.ready(), tmp_path / "kept"
    await filled(url)
    ran = await asyncio.to_thread(saved, url, file)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.endswith("bytes, checked.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names(tmp_path) == ["kept"]
    before = await rows(url)
    for there in (databases.ready(), on_sqlite.ready()):
        ran = await asyncio.to_thread(restored, there, file)
        assert (ran.status, ran.stderr) == (0, "")
        after = await rows(there)
        free = [(name, None, fence, None, trouble) for name, _, fence, _, trouble in before["lane"]]
        unchanged = ("subscription", "decision", "draft", "seen", "shown", "absence")
        assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
        assert after["lane"] == free
        assert {row[0] for row in after["delivery"]} == {row[0] for row in before["delivery"]}


async def test_a_back_up_of_a_database_that_is_written_to_is_one_state_of_it(
    url: str, databases: Databases, tmp_path: Path, runner: asyncio.Runner
) -> None:
    async def write(store: Store, number: int) -> None:
        async with store.writing() as tx:  # both or none
            for claim in ("left", "right"):
                await tx.execute(tables.seen.insert(), [{"claim": claim, "revision": number, "at": NOW}])

    async with open_store(url) as store:
        for number in range(50):
            await write(store, number)
        saving = asyncio.create_task(asyncio.to_thread(saved, url, tmp_path / "kept"))
        number = 50
        while not saving.done():
            await write(store, number)
            number += 1
            await asyncio.sleep(0)
    assert saving.result().status == 0
    with closing(sqlite3.connect(tmp_path / "kept")) as kept:
        left, right = (
            kept.execute("SELECT count(*), max(revision) FROM seen WHERE claim = ?", (claim,)).fetchone()
            for claim in ("left", "right")
        )
    assert left == right
    assert 50 <= left[0] <= number


def test_a_file_that_is_there_is_not_written_over_unless_that_is_said(on_sqlite: Sqlite, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("dear to somebody")
    ran = saved(on_sqlite.ready(), file)
    assert (ran.status, ran.stderr) == (2, f"{file} is there already; give another name, or --force to replace it\n")
    assert file.read_text() == "dear to somebody"
    assert saved(on_sqlite.ready(), file, "--force").status == 0
    assert restored(on_sqlite.ready(), file).status == 0


def test_a_back_up_for_which_there_is_no_room_leaves_the_one_of_before(on_sqlite: Sqlite, tmp_path: Path) -> None:
    url, file = on_sqlite.ready(), tmp_path / "kept"
    assert saved(url, file).status == 0
    before = file.read_bytes()
    ran = subprocess.run(
        [PROGRAM, "backup", str(file), "--force"],
        env={"DATABASE_URL": url, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},  # or it would cut those short
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert ran.returncode == 3
    assert ran.stderr.startswith(f"{file} cannot be written (")
    assert ran.stderr.endswith("); free the disk, or give a file elsewhere\n")
    assert file.read_bytes() == before
    assert names(tmp_path) == ["kept"]


def test_a_back_up_into_a_folder_that_is_not_there_says_so(on_sqlite: Sqlite, tmp_path: Path) -> None:
    ran = saved(on_sqlite.ready(), tmp_path / "none" / "kept")
    assert (ran.status, ran.stdout) == (3, "")
    assert "none/kept cannot be written (No such file or directory)" in ran.stderr


def test_a_database_that_is_not_there_is_neither_backed_up_nor_made(tmp_path: Path) -> None:
    ran = saved(f"sqlite:///{tmp_path}/missing.db", tmp_path / "kept")
    assert (ran.status, ran.stdout) == (3, "")
    assert f"the database {tmp_path}/missing.db cannot be opened" in ran.stderr
    assert names(tmp_path) == []


def test_a_back_up_goes_through_pipes_as_in_and_out_of_a_container(on_sqlite: Sqlite, tmp_path: Path) -> None:
    old, new = on_sqlite.ready(), on_sqlite.ready()
    asyncio.run(filled(old))
    env = {"BRIEFBOT_DATA_DIR": str(tmp_path / "data")}
    told = subprocess.run([PROGRAM, "backup", "-"], env=env | {"DATABASE_URL": old}, capture_output=True, check=True)
    assert told.stderr.decode().endswith("bytes, checked.\n")
    (tmp_path / "kept").write_bytes(told.stdout)
    assert restored(on_sqlite.ready(), tmp_path / "kept").status == 0
    given = {"input": told.stdout, "capture_output": True, "check": False}
    ran = subprocess.run([PROGRAM, "restore", "-"], env=env | {"DATABASE_URL": new}, **given)  # type: ignore[call-overload]
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert asyncio.run(rows(new))["subscription"] == asyncio.run(rows(old))["subscription"]
    assert names(tmp_path / "data") == []


def test_a_back_up_of_which_only_half_came_through_a_pipe_is_refused(on_sqlite: Sqlite, tmp_path: Path) -> None:
    half, url = cut(kept(on_sqlite, tmp_path)).read_bytes(), on_sqlite.ready()
    env = {"BRIEFBOT_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": url}
    ran = subprocess.run([PROGRAM, "restore", "-"], env=env, input=half, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert b"Traceback" not in ran.stderr
    assert asyncio.run(rows(url))["subscription"] == []


def test_a_back_up_that_nobody_takes_is_told_of(on_sqlite: Sqlite, tmp_path: Path) -> None:
    env = {"BRIEFBOT_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": on_sqlite.ready()}
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([PROGRAM, "backup", "-"], env=env, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 3
    assert b"(No space left on device); free the disk, or give a file" in ran.stderr
    assert b"Traceback" not in ran.stderr


def kept(on_sqlite: Sqlite, folder: Path) -> Path:
    """Returns a back-up of a database with something in it."""
    url = on_sqlite.ready()
    asyncio.run(filled(url))
    assert saved(url, folder / "kept").status == 0
    return folder / "kept"


def no_file(file: Path) -> None:
    file.unlink()


def no_database(file: Path) -> None:
    file.write_text("knowledge: []")


def cut(file: Path) -> Path:
    file.write_bytes(file.read_bytes()[:-5_000])
    return file


def scribbled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[8_192:12_288] = b"x" * 4_096
    file.write_bytes(content)


def of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")


def strangely_dated(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE backup SET made_at = 'last week'")


def of_a_newer_one(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        (no_file, "there is no file {file}; give one that `briefbot backup` has written"),
        (no_database, "{file} is no back-up of briefbot (file is not a database); give one that"),
        (cut, "{file} is"),
        (scribbled, "{file} is"),
        (of_another_program, "{file} is no back-up of briefbot (no such table: backup); give one that"),
        (strangely_dated, "{file} is no back-up of briefbot (Invalid isoformat string: 'last week'); give one that"),
        (of_a_newer_one, "was made by a newer briefbot (its schema is 9999); start that version"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_sound_back_up_of_ours_is_refused_and_changes_nothing(
    spoiled: Any, told: str, on_sqlite: Sqlite, tmp_path: Path
) -> None:
    file, url = kept(on_sqlite, tmp_path), on_sqlite.ready()
    asyncio.run(filled(url))
    before = asyncio.run(rows(url))
    spoiled(file)
    ran = restored(url, file, "--force")
    assert (ran.status, ran.stdout) == (3, "")
    assert told.format(file=file) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert asyncio.run(rows(url)) == before


async def test_a_database_that_holds_something_is_replaced_only_if_that_is_said_and_kept_aside(
    databases: Databases, on_sqlite: Sqlite, tmp_path: Path, runner: asyncio.Runner
) -> None:
    file, url = await asyncio.to_thread(kept, on_sqlite, tmp_path), databases.ready()
    async with open_store(url) as store:
        await subscribed(store, "later")
    before = await rows(url)
    ran = await asyncio.to_thread(restored, url, file)
    assert (ran.status, ran.stdout) == (2, "")
    assert "is in the way: it has subscriptions or digests; with --force it is kept aside and replaced" in ran.stderr
    assert await rows(url) == before
    ran = await asyncio.to_thread(restored, url, file, "--force")
    assert (ran.status, ran.stderr) == (0, "")
    aside = Path(ran.stdout.splitlines()[0].removeprefix("What was there is kept in ").removesuffix("."))
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert [row[0] for row in (await rows(url))["subscription"]] == ["airships"]
    assert (await asyncio.to_thread(restored, url, aside, "--force")).status == 0
    assert (await rows(url))["subscription"] == before["subscription"]


@pytest.mark.parametrize("spoiled", [scribbled, of_a_newer_one], ids=lambda f: f.__name__)
def test_a_damaged_database_is_moved_aside_and_replaced(spoiled: Any, on_sqlite: Sqlite, tmp_path: Path) -> None:
    file, url = kept(on_sqlite, tmp_path), on_sqlite.ready()
    path = Path(url.removeprefix("sqlite:///"))
    asyncio.run(filled(url))
    spoiled(path)
    damaged = path.read_bytes()
    assert restored(url, file).status == 2
    assert path.read_bytes() == damaged
    ran = restored(url, file, "--force")
    assert (ran.status, ran.stderr) == (0, "")
    aside = Path(ran.stdout.splitlines()[0].removeprefix("What was there is kept in ").removesuffix("."))
    assert aside.read_bytes() == damaged
    assert [row[0] for row in asyncio.run(rows(url))["subscription"]] == ["airships"]


def test_a_newer_database_on_postgresql_is_left_by_way_of_an_empty_one(
    on_postgresql: PostgreSql, on_sqlite: Sqlite, tmp_path: Path
) -> None:
    file, newer, empty = kept(on_sqlite, tmp_path), on_postgresql.empty(), on_postgresql.empty()
    with psycopg.connect(newer) as connection:
        connection.execute("CREATE TABLE alembic_version AS SELECT '9999' AS version_num")
    ran = restored(newer, file, "--force")
    assert (ran.status, ran.stdout) == (3, "")
    assert ran.stderr.endswith(
        "; start that version, or make an empty database, name it by DATABASE_URL, and restore a backup from before\n"
    )
    assert restored(empty, file).status == 0
    assert [row[0] for row in asyncio.run(rows(empty))["subscription"]] == ["airships"]


def test_nothing_is_restored_under_a_process_that_delivers(on_sqlite: Sqlite, tmp_path: Path) -> None:
    file, url = kept(on_sqlite, tmp_path), on_sqlite.ready()
    with deliver_lock(Path(url.removeprefix("sqlite:///"))):
        ran = restored(url, file, "--force")
    assert ran.status == 3
    assert f"another process (id {os.getpid()}) delivers from" in ran.stderr


def test_nothing_is_restored_on_postgresql_under_a_process_that_uses_it(
    on_postgresql: PostgreSql, on_sqlite: Sqlite, tmp_path: Path, runner: asyncio.Runner
) -> None:
    file, url = kept(on_sqlite, tmp_path), on_postgresql.ready()

    async def meanwhile() -> Ran:
        async with open_store(url):
            return await asyncio.to_thread(restored, url, file, "--force")

    ran = runner.run(meanwhile())
    assert ran.status == 2
    assert "1 connections of briefbot use the database postgresql://" in ran.stderr
    assert restored(url, file).status == 0


def test_a_back_up_of_an_older_program_is_brought_up(on_sqlite: Sqlite, tmp_path: Path) -> None:
    old, file, url = on_sqlite.empty(), tmp_path / "kept", on_sqlite.empty()
    migrate(old, "0001")
    with closing(sqlite3.connect(old.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("INSERT INTO seen (claim, revision, at) VALUES ('a', 0, 0)")
    assert saved(old, file).status == 0
    assert restored(url, file).status == 0
    assert len(asyncio.run(rows(url))["seen"]) == 1


def lose_all(world: World, folder: Path, on_sqlite: Sqlite) -> int:
    """Restores a back-up into a new database, with nothing else left, and returns how much is to be looked for."""
    world.url = on_sqlite.ready()
    done = asyncio.run(restore(world.url, folder / "kept", folder, world.now(), "1", force=False))
    return done.to_look_for


def back_up(world: World, folder: Path) -> None:
    asyncio.run(write(world.url, folder / "kept", world.now(), "1"))


def test_after_everything_was_lost_nothing_is_posted_twice_that_was_posted_since_the_back_up(
    on_sqlite: Sqlite, tmp_path: Path
) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **SOON | SAY) for n in range(5)))
    back_up(world, tmp_path)
    world.live(minutes=10)
    assert set(world.platform.keys.values()) == {1}
    assert len(list(world.platform.posts())) == 5
    assert lose_all(world, tmp_path, on_sqlite) == 5
    world.live(minutes=10)
    assert len(list(world.platform.posts())) == 5
    assert {work.slot.state for work in world.works()} == {"sent"}
    assert {"a", "b"} == {claim for claim, _ in world.told(lambda store: ledger.shown_in(store, "slack:T1/C1"))}
    world.sleep(timedelta(hours=24))
    world.live(minutes=10)
    assert all("Nothing new since" in shown_to(world.platform, f"slack:T1/C{n}")[1] for n in range(5))


def test_what_was_due_while_nothing_ran_is_posted_once_after_a_restore(on_sqlite: Sqlite, tmp_path: Path) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(subscription(**SOON))
    back_up(world, tmp_path)
    world.sleep(timedelta(hours=2))
    assert lose_all(world, tmp_path, on_sqlite) == 1
    world.live(minutes=10)
    [text] = shown_to(world.platform, PLACE)
    assert "The claim a holds." in text
    assert [work.slot.state for work in world.works()] == ["sent"]


def test_where_the_platform_cannot_be_asked_nothing_is_posted_and_the_operators_are_told(
    on_sqlite: Sqlite, tmp_path: Path
) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(subscription(**SOON))
    back_up(world, tmp_path)
    world.live(minutes=10)
    world.platform.can_look = False
    lose_all(world, tmp_path, on_sqlite)
    world.live(minutes=10)
    assert len(shown_to(world.platform, PLACE)) == 1
    [text] = shown_to(world.platform, world.operators)
    assert "may" in text
    assert [w.slot.state for w in world.works() if w.slot.kind == "scheduled"] == ["uncertain"]


@pytest.mark.parametrize("more", range(4))
def test_a_digest_that_was_half_out_at_the_back_up_goes_on_where_it_was_when_all_was_lost(
    more: int, on_sqlite: Sqlite, tmp_path: Path
) -> None:
    world = World(on_sqlite.ready(), knowing_of(*"abcdef"))
    world.platform.budget = budget_of(3)
    world.subscribe(subscription(**SOON))

    def no_more_than(most: int) -> None:
        if len(world.platform.messages[PLACE]) >= most:
            raise DeliveryError("not_accepted", "place", "no more for now", 60)

    world.platform.before = lambda _: no_more_than(1)
    world.live(seconds=3)
    back_up(world, tmp_path)
    world.platform.before = lambda _: no_more_than(1 + more)
    world.live(minutes=10)
    assert len(world.platform.messages[PLACE]) == 1 + more
    world.platform.before = lambda _: None
    lose_all(world, tmp_path, on_sqlite)
    world.live(minutes=10)
    (work,) = world.works()
    assert work.slot.state == "sent"
    assert len(work.deliveries) > 4
    assert world.platform.keys == {part.id: 1 for part in work.deliveries}
    assert world.platform.out_of_order() == []


def test_what_is_too_late_to_be_posted_after_a_restore_is_told_as_missed_only_if_it_was(
    on_sqlite: Sqlite, tmp_path: Path
) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **SOON) for n in range(3)))
    world.told(lambda store: subscriptions.pause(store, "s1", "for a while", world.now()))
    world.platform.gone = {"slack:T1/C1"}
    back_up(world, tmp_path)
    world.told(lambda store: subscriptions.pause(store, "s2", "made quiet", world.now()))
    world.live(minutes=10)
    assert [len(world.platform.messages[f"slack:T1/C{n}"]) for n in range(3)] == [1, 0, 0]
    world.sleep(timedelta(hours=10))
    lose_all(world, tmp_path, on_sqlite)
    world.live(minutes=10)
    assert [len(world.platform.messages[f"slack:T1/C{n}"]) for n in range(3)] == [1, 0, 1]
    [text] = shown_to(world.platform, "slack:T1/C2")
    assert "missed" in text.lower() or "was not posted" in text
    states = {w.slot.subscription: w.slot.state for w in world.works() if w.slot.kind == "scheduled"}
    assert states == {"s0": "sent", "s2": "skipped"}


def test_what_is_too_late_and_cannot_be_asked_for_is_left(on_sqlite: Sqlite, tmp_path: Path) -> None:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.subscribe(subscription(**SOON))
    back_up(world, tmp_path)
    world.sleep(timedelta(hours=10))
    world.platform.can_look = False
    lose_all(world, tmp_path, on_sqlite)
    world.live(minutes=10)
    assert list(world.platform.posts()) == []
    (work,) = world.works()
    assert (work.slot.state, work.slot.reason.partition(",")[0]) == (
        "skipped",
        "it may have been posted before the database was restored",
    )


def test_everything_but_the_back_up_can_be_lost_and_the_real_program_goes_on(on_sqlite: Sqlite, tmp_path: Path) -> None:
    file, home = kept(on_sqlite, tmp_path), tmp_path / "fresh machine"
    environment = {"HOME": str(home), "COLUMNS": "200"}
    for command in (["restore", str(file)], ["subscriptions", "list"]):
        ran = subprocess.run([PROGRAM, *command], env=environment, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
    assert "airships" in ran.stdout
    state = home / ".local/state/briefbot"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "briefbot.db").stat().st_mode) == 0o600
    assert names(state) == ["briefbot.db", "briefbot.db.delivering"]
