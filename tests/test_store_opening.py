"""Opening a database: any that can be used is, and any other says why not."""

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, make_url, text

from bot.store import lanes, slots, subscriptions
from bot.store.files import deliver_lock, prepare
from bot.store.migrate import FOLDER, migrate
from bot.store.opening import Store, name_of, open_store
from bot.store.partial import metadata
from bot.store.tables import REVISION
from bot.store.trouble import unavailable
from bot.store.unavailable import StoreUnavailable
from tests.databases import Databases, PostgreSql
from tests.generated import ROOT
from tests.stored import HOUR, NOW, begun, held, slot, states, subscribed, subscription


def engine_of(url: str) -> Any:
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


async def test_an_empty_database_gets_its_tables_and_keeps_what_is_written(
    databases: Databases, runner: asyncio.Runner
) -> None:
    url = databases.empty()
    async with open_store(url) as store:
        await subscribed(store)
        await begun(store, await held(store), subscription="airships")
    async with open_store(url) as store:
        assert await subscriptions.get(store, "airships") == subscription(changed_at=NOW)
        assert await states(store, slot().id) == ("sending", "sending", "planned")


def test_the_steps_lead_to_the_tables_that_the_program_knows(url: str, databases: Databases) -> None:
    engine = engine_of(databases.empty())
    metadata.create_all(engine)
    assert described(engine_of(url)) == described(engine)


def test_the_program_names_the_last_step() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [REVISION]


def described(engine: Any) -> str:
    """Returns all tables with their columns, keys and indexes."""
    found = inspect(engine)
    told = {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)],
            found.get_pk_constraint(table),
            sorted(found.get_unique_constraints(table), key=str),
            sorted(found.get_foreign_keys(table), key=str),
            sorted(found.get_indexes(table), key=lambda index: str(index["name"])),
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    return json.dumps(told, default=str, indent=1, sort_keys=True)


async def test_processes_that_start_at_once_migrate_once(databases: Databases, runner: asyncio.Runner) -> None:
    url = databases.empty()
    async with AsyncExitStack() as stack:
        opened = await asyncio.gather(*(stack.enter_async_context(open_store(url)) for _ in range(2)))
        for number, store in enumerate(opened):
            await subscribed(store, str(number))
        assert len(await subscriptions.everywhere(opened[0])) == 2


async def test_a_database_at_the_first_revision_is_brought_up_with_its_rows(
    databases: Databases, runner: asyncio.Runner
) -> None:
    url = databases.empty()
    migrate(url, "0001")
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO seen (claim, revision, at) VALUES ('a', 0, 0)"))
        connection.execute(text("INSERT INTO lane (name, owner, fence, until) VALUES ('discord', 'x', 7, 0)"))
    engine.dispose()
    async with open_store(url) as store:
        taken = await lanes.take_lane(store, "discord", "me", NOW, HOUR)
        assert taken
        assert taken.fence == 8


async def test_a_migration_that_is_killed_leaves_a_database_that_opens(
    databases: Databases, runner: asyncio.Runner
) -> None:
    url = databases.empty()
    # The first statement of the schema is under way when the process dies.
    script = (
        "import os, signal, sys\n"
        "from alembic import op\n"
        "from bot.store.migrate import FOLDER, migrate\n"
        "create, made = op.create_table, []\n"
        "def dying(*args):\n"
        "    made.append(create(*args))\n"
        "    if len(made) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "op.create_table = dying\n"
        "migrate(sys.argv[1])\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, url], capture_output=True, check=False, cwd=ROOT)
    assert killed.returncode == -9, killed.stderr
    async with open_store(url) as store:
        await subscribed(store)


async def test_a_database_of_a_newer_program_is_refused(url: str, databases: Databases, runner: asyncio.Runner) -> None:
    url = databases.empty()
    migrate(url)
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreUnavailable, match=r"newer briefbot \(its schema is 9999\); start that version") as told:
        async with open_store(url):
            pass
    assert f"the database {name_of(make_url(url))} was" in str(told.value)


async def test_a_database_that_turns_read_only_says_so(url: str, runner: asyncio.Runner) -> None:
    async with open_store(url) as store:
        await held(store)
        only_reading(store)
        with pytest.raises(StoreUnavailable, match=r"is read-only .*; give"):
            await slots.propose(store, slot())
        assert await slots.get(store, slot().id) is None


def only_reading(store: Store) -> None:
    """Has every transaction from now on write nothing, as a file without the right to or a standby server does."""
    sqlite = store.engine.dialect.name == "sqlite"

    @event.listens_for(store.engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON" if sqlite else "SET TRANSACTION READ ONLY")


async def test_a_full_disk_is_told_and_work_goes_on_once_there_is_space(path: Path, runner: asyncio.Runner) -> None:
    async with open_store(f"sqlite:///{path}") as store:
        pages = [40]

        @event.listens_for(store.engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

        async def fill() -> None:
            for number in range(1_000):
                await slots.propose(store, slot(str(number), about={"text": "x" * 1_000}))

        with pytest.raises(StoreUnavailable, match=r"the disk is full .*; free some space"):
            await fill()
        pages[0] = 1_000_000
        assert await slots.propose(store, slot("after", about={"text": "x" * 1_000}))


async def test_a_locked_database_is_told_after_a_while_and_free_again_later(url: str, runner: asyncio.Runner) -> None:
    async with open_store(url, wait=0.2) as store, open_store(url) as other:
        assert await lanes.take_lane(store, "slack:T1", "me", NOW, -HOUR)
        async with other.writing() as tx:
            await tx.execute(text("UPDATE lane SET fence = fence"))
            with pytest.raises(StoreUnavailable, match=r"is locked by another process .*; end whatever holds it"):
                await lanes.take_lane(store, "slack:T1", "x", NOW, HOUR)
        assert await lanes.take_lane(store, "slack:T1", "x", NOW, HOUR)


UNUSABLE = [
    ("", "is no address of a database; give sqlite:///"),
    ("briefbot.db", "is no address of a database"),
    ("sqlite://", "is no database that can be used here"),
    ("sqlite:///:memory:", "is no database that can be used here"),
    ("mysql://briefbot:" + "hunter2@db.example/briefbot", "is no database that can be used here"),
    ("sqlite:////proc/briefbot.db", "/proc/briefbot.db cannot be opened"),
    ("postgresql://briefbot:" + "hunter2@127.0.0.1:1/briefbot", "cannot be reached"),
    ("postgresql://briefbot:" + "hunter2@nowhere.invalid/briefbot", "cannot be reached"),
]


@pytest.mark.parametrize(("wrong", "told"), UNUSABLE)
async def test_a_database_that_cannot_be_used_says_why_and_not_its_password(
    wrong: str, told: str, runner: asyncio.Runner
) -> None:
    with pytest.raises(StoreUnavailable, match=told) as refused:
        async with open_store(wrong):
            pass
    assert "hunter2" not in str(refused.value)


async def test_a_file_that_is_no_database_says_so(path: Path, runner: asyncio.Runner) -> None:
    path.write_text("dear diary, " * 100)
    with pytest.raises(StoreUnavailable, match="is no SQLite database"):
        async with open_store(f"sqlite:///{path}"):
            pass


async def test_a_database_that_vanished_and_came_back_is_used_again(
    on_postgresql: PostgreSql, runner: asyncio.Runner
) -> None:
    async with open_store(on_postgresql.ready()) as store:
        await held(store)
        on_postgresql.ready()  # ends all connections
        assert await slots.propose(store, slot())


async def test_a_connection_that_is_lost_in_mid_transaction_is_told(
    on_postgresql: PostgreSql, runner: asyncio.Runner
) -> None:
    async with open_store(on_postgresql.ready()) as store:

        async def lose() -> None:
            async with store.writing() as tx:
                on_postgresql.ready()
                await tx.execute(text("SELECT 1"))

        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await lose()


async def test_the_files_of_sqlite_are_their_owners_alone(tmp_path: Path, runner: asyncio.Runner) -> None:
    folder = tmp_path / "data"
    async with open_store(f"sqlite:///{folder}/briefbot.db") as store:
        await subscribed(store)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    assert modes == dict.fromkeys(("briefbot.db", "briefbot.db-wal", "briefbot.db-shm"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_sqlite_writes_to_disk_before_it_says_so(path: Path, runner: asyncio.Runner) -> None:
    async with open_store(f"sqlite:///{path}") as store, store.reading() as tx:
        told = {
            name: await tx.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path}/net\\040work nfs4 rw 0 0\n")
    prepare(tmp_path / "local" / "briefbot.db", mounts)
    with pytest.raises(StoreUnavailable, match=r"network file system \(nfs4\).* local disk, or use PostgreSQL"):
        prepare(tmp_path / "net work" / "data" / "briefbot.db", mounts)


def test_one_process_delivers_from_a_file_until_it_ends(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path; from bot.store.files import deliver_lock\nwith deliver_lock(Path({str(path)!r})): print(flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout
    child.stdout.readline()
    with (
        pytest.raises(StoreUnavailable, match=rf"another process \(id {child.pid}\) delivers from"),
        deliver_lock(path),
    ):
        pass
    child.kill()
    child.communicate()
    with deliver_lock(path), pytest.raises(StoreUnavailable, match=str(os.getpid())), deliver_lock(path):
        pass


def test_asking_needs_no_library_of_databases() -> None:
    script = (
        "import sys; from bot.cli.app import app; app(['ask', '/help'], standalone_mode=False)\n"
        "sys.exit(bool({'sqlalchemy', 'alembic', 'aiosqlite', 'psycopg'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_program_that_migrated_does_not_hold_the_library_for_it(path: Path) -> None:
    script = (
        "import asyncio, sys; from bot.store.opening import open_store\n"
        "async def opened():\n"
        "    async with open_store(sys.argv[1]): pass\n"
        "asyncio.run(opened()); sys.exit('alembic' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{path}"], capture_output=True, cwd=ROOT, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_fault_that_is_a_bug_is_not_taken_for_trouble(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT nothing")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connected, pytest.raises(Exception, match="no such table") as raised:
        connected.execute(text("SELECT 1 FROM absent"))
    engine.dispose()
    assert unavailable("x", raised.value) is None  # type: ignore[arg-type]
