"""Whose data it is: no text or name of a person is kept, files are their owner's alone, SQL is never made of values."""

import ast
import asyncio
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answers
from bot.commands import MENU
from bot.desk.desk import StoreDesk
from bot.ports import Request
from bot.store import subscriptions
from bot.store.opening import open_store
from tests.builders import airships
from tests.databases import Databases, Sqlite
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.generated import ROOT
from tests.program import program
from tests.running import on_discord, on_slack
from tests.stored import DAY, NOW, PLACE, WORKSPACE, begun, held, parts, subscribed
from tests.test_leaving import everything

CANARY = "Zebrafinch"
TITLES_AND_FILTERS = {"title", "topics", "except", "tags"}
"""What of a subscription is kept as it was typed."""

KNOWN = airships()
NOBODY = 65_534


async def test_of_what_people_type_only_titles_and_filters_of_subscriptions_are_kept(
    on_sqlite: Sqlite, runner: asyncio.Runner
) -> None:
    url = on_sqlite.ready()
    who: dict[str, Any] = {"user": "U1", "place": PLACE, "manages": True, "anywhere": True}
    subscribing = {"schedule": "daily 09:00", "zone": "UTC"}
    asked = 0
    async with open_store(url) as store:
        await subscribed(store)
        core = Answers(lambda: KNOWN, desk=StoreDesk(store, lambda: NOW))
        for command in (one.item for one in MENU):
            for argument in command.arguments:
                if command.name == "subscribe" and argument.name in TITLES_AND_FILTERS:
                    continue
                usual = subscribing if command.name == "subscribe" else {}
                for typed in (CANARY, f"airships {CANARY}", f"{CANARY} " * 50, f"{CANARY}:x", f'"{CANARY}'):
                    await core.answer(Request(command.name, {**usual, argument.name: typed}, **who))
                    await core.filled(Request(command.name, {**usual, argument.name: typed}, **who))
                    await core.answer_line(f"/{command.name} {argument.name}:{typed}", **who)
                    asked += 1
            await core.answer_line(f"/{command.name} {CANARY}", **who)
        await core.answer_line(CANARY, **who)
        assert asked > 150
        assert CANARY not in everything(_path(url))
        for kept in ("title", "topics", "except"):
            typed = CANARY if kept == "title" else f"words:{CANARY}"
            await core.answer(Request("subscribe", {**subscribing, kept: typed}, **who))
        assert CANARY in everything(_path(url))


def test_what_people_write_and_are_called_on_slack_is_in_no_file_of_ours(on_sqlite: Sqlite, tmp_path: Path) -> None:
    url = on_sqlite.ready()
    with FakeSlack() as slack:
        anna = "U0ANNA"
        slack.profiles[anna] = {"name": CANARY, "real_name": CANARY, "profile": {"display_name": CANARY}}
        channel = slack.do(slack.channel(CANARY.lower(), [anna]))
        with on_slack(slack, over="socket", DATABASE_URL=url, BRIEFBOT_DATA_DIR=str(tmp_path)) as bot:
            asked = [
                slack.do(slack.command(anna, channel, "/company", CANARY)),
                slack.do(slack.command(anna, channel, "/briefing", f"subscribe daily 09:00 zone:{CANARY}")),
                slack.do(slack.mention(anna, channel, f"what of {CANARY}")),
                slack.do(slack.direct(anna, f"/why {CANARY}")),
            ]
            bot.until(lambda: len(slack.messages(channel, anna)) >= 4)
            assert bot.end() == 0
        assert all(one.acknowledged_after is not None for one in asked)
        assert CANARY.lower() not in everything(_path(url)).lower()
        assert CANARY.lower() not in "".join(bot.log).lower()
        assert not [one for one in tmp_path.rglob("*") if one.is_file() and CANARY in one.read_text("latin-1")]


def test_what_people_write_and_are_called_on_discord_is_in_no_file_of_ours(on_sqlite: Sqlite, tmp_path: Path) -> None:
    url = on_sqlite.ready()
    with FakeDiscord() as discord:
        anna = discord.user(CANARY)
        guild = discord.do(discord.guild(CANARY, [anna]))
        channel = discord.do(discord.channel(guild, CANARY.lower()))
        with on_discord(discord, tmp_path, DATABASE_URL=url) as bot:
            for command, typed in (("company", {"name": CANARY}), ("search", {"words": CANARY}), ("subscriptions", {})):
                asked = discord.do(discord.command(anna, channel, command, typed))
                discord.do(discord.until(asked.messages))
            assert bot.end() == 0
    assert CANARY.lower() not in everything(_path(url)).lower()
    assert CANARY.lower() not in "".join(bot.log).lower()
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and CANARY in one.read_text("latin-1")]


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def another_user(on_sqlite: Sqlite) -> Path:
    """Returns the file of a database of somebody else's."""
    if os.geteuid():
        return Path("/etc/passwd")
    path = _path(on_sqlite.ready())
    os.chown(path, NOBODY, NOBODY)
    return path


@pytest.mark.parametrize(
    "command",
    [["subscriptions", "list"], ["deliver"], ["erase", "slack:T1", "--yes"], ["export", "slack:T1"], ["backup"]],
    ids=lambda command: command[0],
)
def test_the_program_does_not_touch_a_database_of_another_user(
    command: list[str], on_sqlite: Sqlite, tmp_path: Path
) -> None:
    path = another_user(on_sqlite)
    before = path.read_bytes(), path.stat().st_uid, sorted(path.parent.glob(f"{path.name}*"))
    arguments = [*command, str(tmp_path / "kept")] if command == ["backup"] else command
    ran = program(*arguments, DATABASE_URL=f"sqlite:///{path}")
    assert (ran.status, ran.stdout) == (3, "")
    assert ran.stderr.startswith(f"{path} belongs to ")
    assert "run it as its owner, such as by `sudo -u " in ran.stderr
    assert (path.read_bytes(), path.stat().st_uid, sorted(path.parent.glob(f"{path.name}*"))) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can make a file in a folder of another user")
def test_the_superuser_makes_no_database_in_the_folder_of_another_user(on_sqlite: Sqlite, tmp_path: Path) -> None:
    folder = tmp_path / "bot's"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    kept = tmp_path / "kept"
    assert program("backup", str(kept), DATABASE_URL=on_sqlite.ready()).status == 0
    for command in (["subscriptions", "list"], ["restore", str(kept)]):
        for path in (folder / "briefbot.db", folder / "new" / "briefbot.db"):
            ran = program(*command, DATABASE_URL=f"sqlite:///{path}")
            assert ran.status == 3
            assert ran.stderr.startswith(f"{folder} belongs to ")
            assert list(folder.iterdir()) == []


async def test_a_database_that_others_could_read_is_made_its_owners_alone(
    on_sqlite: Sqlite, runner: asyncio.Runner
) -> None:
    url = on_sqlite.ready()
    _path(url).chmod(0o644)
    async with open_store(url) as store:
        await subscribed(store)
        modes = {stat.S_IMODE(one.stat().st_mode) for one in _path(url).parent.glob(f"{_path(url).name}*")}
    assert modes == {0o600}


async def filled(url: str) -> None:
    async with open_store(url) as store:
        for workspace in (WORKSPACE, "slack:T2"):
            lane, place = workspace, f"{workspace}/C1"
            await subscribed(store, lane, place=place, title=f"{CANARY} {workspace}", next_fire=NOW + DAY)
            hold = await held(store, lane)
            await begun(store, hold, lane, parts("ab"), lane=lane, place=place, subscription=lane)


async def left(url: str) -> list[str]:
    async with open_store(url) as store:
        return [one.id for one in await subscriptions.everywhere(store)]


async def test_what_is_kept_of_a_workspace_is_printed_and_erased_by_a_command(
    databases: Databases, runner: asyncio.Runner
) -> None:
    url = databases.ready()
    await filled(url)
    told = await asyncio.to_thread(program, "export", WORKSPACE, DATABASE_URL=url)
    assert [row["id"] for row in json.loads(told.stdout)["subscription"]] == [WORKSPACE]
    assert "slack:T2" not in told.stdout
    refused = await asyncio.to_thread(program, "erase", WORKSPACE, DATABASE_URL=url)
    assert (refused.status, refused.stdout) == (2, "")
    assert "add --yes" in refused.stderr
    erased = await asyncio.to_thread(program, "erase", WORKSPACE, "--yes", DATABASE_URL=url)
    assert erased.stdout.splitlines()[0] == (
        "Deleted of slack:T1: 1 delivery, 2 shown, 1 slot, 1 subscription, 1 lane."
    )
    assert await left(url) == ["slack:T2"]
    if url.startswith("sqlite"):
        assert f"{CANARY} {WORKSPACE}" not in everything(_path(url))
    again = await asyncio.to_thread(program, "erase", WORKSPACE, "--yes", DATABASE_URL=url)
    assert again.stdout.splitlines()[0] == "Deleted of slack:T1: nothing."


@pytest.mark.parametrize("command", ["erase", "export"])
@pytest.mark.parametrize(
    ("typed", "ways"),
    [
        ("slack:", "such as slack:T012AB3CD\n"),
        ("slack:T1/C1", "such as slack:T012AB3CD\n"),
        ("discord:guild", "such as discord:123456789012345678\n"),
        ("discord", "such as terminal:local or slack:T012AB3CD or discord:123456789012345678\n"),
        ("T1", "such as terminal:local or slack:T012AB3CD or discord:123456789012345678\n"),
        ("slack:%", "such as slack:T012AB3CD\n"),
    ],
)
def test_what_is_no_workspace_is_named_with_the_way_out(command: str, typed: str, ways: str, on_sqlite: Sqlite) -> None:
    ran = program(command, typed, DATABASE_URL=on_sqlite.ready())
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == f'"{typed}" is no workspace; write {ways}'


METHODS = {"execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars", "stream"}


def made_of_values(path: Path) -> Iterator[str]:
    """Yields where SQL is put together instead of given its values as parameters."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args:
            method = isinstance(node.func, ast.Attribute)
            name = getattr(node.func, "attr" if method else "id", "")
            first = node.args[0]
            formatted = isinstance(first, ast.Call) and getattr(first.func, "attr", "") in ("format", "join")
            if name in (METHODS if method else {"text"}) and (
                isinstance(first, ast.JoinedStr | ast.BinOp) or formatted
            ):
                yield f"{path.name}: {ast.unparse(first)}"


def test_no_sql_is_made_of_values() -> None:
    found = [where for path in sorted((ROOT / "bot").rglob("*.py")) for where in made_of_values(path)]
    assert found == []


@pytest.mark.parametrize(
    "line", ['x.execute(f"SELECT {a}")', 'x.scalar("SELECT " + a)', 'text("SELECT %s" % a)', 'text("{}".format(a))']
)
def test_sql_that_would_be_made_of_values_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(line)
    assert len(list(made_of_values(tmp_path / "one.py"))) == 1
