"""Workspaces that have removed the bot: erased once that is sure, and never for an outage."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.clock import Clock
from bot.delivery.running import deliver_by
from bot.platforms.discord.guilds import AFTER_DOUBT
from bot.publishing import DeliveryError
from bot.store import absences, subscriptions, upkeep
from bot.store.erasing import erase
from bot.store.opening import Store, open_store
from bot.store.tables import absence
from tests.builders import AIRSHIPS
from tests.databases import Sqlite
from tests.fakes.slack import FakeSlack
from tests.running import on_slack
from tests.stored import DAY, HOUR, NOW, PLACE, WORKSPACE, begun, held, parts, subscribed, subscription
from tests.test_discord_publishing import World as OnDiscord
from tests.test_discord_publishing import world as on_discord  # noqa: F401  a fixture
from tests.world import START, World, knowing_of

LATER: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + 30 * DAY}
CANARY = "Zebrafinch"


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    world = World(on_sqlite.ready(), knowing_of("a"))
    world.subscribe(*(subscription(f"s{n}", f"slack:T{n}/C1", **LATER) for n in (1, 2)))
    return world


def clean(world: World) -> list[str]:
    """Looks after what is kept, as the running engine does it each hour, and returns whose subscriptions are left."""

    async def cleaned(store: Store) -> list[str]:
        await world.engine(store).clean()
        return [one.id for one in await subscriptions.everywhere(store)]

    left: list[str] = world.told(cleaned)
    return left


def test_a_workspace_is_erased_when_it_is_found_without_the_bot_for_a_day(world: World) -> None:
    world.platform.left_by = {"slack:T1"}
    for _ in range(24):
        assert clean(world) == ["s1", "s2"]
        world.sleep(HOUR)
    assert clean(world) == ["s2"]
    assert not any(world.told(lambda store: upkeep.export(store, "slack:T1")).values())
    assert world.told(absences.workspaces) == ["slack:T2"]


def test_a_bot_that_is_invited_again_within_the_day_finds_its_subscriptions(world: World) -> None:
    world.platform.left_by = {"slack:T1"}
    clean(world)
    world.sleep(timedelta(hours=23))
    world.platform.left_by = set()
    clean(world)
    world.platform.left_by = {"slack:T1"}
    for _ in range(24):
        assert clean(world) == ["s1", "s2"]
        world.sleep(HOUR)
    assert clean(world) == ["s2"]


def test_an_outage_however_long_erases_nothing(world: World) -> None:
    world.platform.left_by = {"slack:T1"}
    clean(world)
    world.platform.silent = {"slack:T1", "slack:T2"}
    world.platform.left_by = {"slack:T1", "slack:T2"}
    for _ in range(40):
        world.sleep(HOUR)
        assert clean(world) == ["s1", "s2"]


def test_the_running_clock_erases_who_has_left_and_what_is_past_its_time(world: World) -> None:
    world.subscribe(subscription("old", PLACE, **LATER))
    world.told(lambda store: subscriptions.remove(store, "old", "by U1", START - 91 * DAY))
    world.platform.left_by = {"slack:T2"}

    async def lived(until: Callable[[Store], Awaitable[object]]) -> None:
        async with open_store(world.url) as store, asyncio.timeout(30):
            running = asyncio.create_task(deliver_by(Clock(), world.engine(store)))
            while not await until(store):
                await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.wait([running])

    async def noted(store: Store) -> bool:
        gone = await subscriptions.get(store, "old") is None
        async with store.reading() as tx:
            return gone and list(await tx.scalars(select(absence.c.workspace))) == ["slack:T2"]

    async def erased(store: Store) -> bool:
        return [one.id for one in await subscriptions.everywhere(store)] == ["s1"]

    asyncio.run(lived(noted))
    world.sleep(25 * HOUR)
    asyncio.run(lived(erased))


async def test_what_is_erased_is_in_no_file_of_the_database_any_more(on_sqlite: Sqlite, runner: asyncio.Runner) -> None:
    url = on_sqlite.ready()
    path = Path(url.removeprefix("sqlite:///"))
    async with open_store(url) as store, open_store(url) as other:
        for number in range(50):
            await subscribed(store, f"s{number}", title=f"{CANARY} {number}", wanted={"topics": {CANARY * 500: "x"}})
            await subscriptions.change(store, f"s{number}", NOW, title=CANARY * (number + 1))
        await begun(store, await held(store), of=parts("ab"), subscription="s1")
        await subscribed(store, "kept", place="slack:T2/C1")
        await subscriptions.get(other, "s1")
        assert CANARY in everything(path)
        await erase(store, WORKSPACE)
        assert CANARY not in everything(path)
        assert "slack:T1" not in everything(path)
        assert "slack:T2/C1" in everything(path)


def everything(path: Path) -> str:
    """What the files of a database hold, looked at again where one went meanwhile: its last reader takes the log away,
    and what was in it may have moved into a file that was already read."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            return "".join(one.read_text("latin-1") for one in path.parent.glob(f"{path.name}*"))


async def test_a_reader_of_the_database_puts_emptying_its_log_off_and_neither_erasing_nor_writing(
    on_sqlite: Sqlite, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.store.erasing.TIMES", 1)
    url = on_sqlite.ready()
    async with open_store(url, wait=3600) as store, open_store(url) as other, asyncio.timeout(600):
        await subscribed(store)
        async with other.reading() as tx:
            await tx.exec_driver_sql("SELECT count(*) FROM subscription")
            gone = await erase(store, WORKSPACE)
            assert gone["subscription"] == 1
            assert await subscriptions.everywhere(store) == []
            async with store.reading() as ours:
                assert (await ours.exec_driver_sql("PRAGMA busy_timeout")).scalar() == 3_600_000
    assert "SQLite's log is in use" in caplog.text


def left(world: OnDiscord, guild: str, after: float = 0.0) -> bool | None:
    world.ahead += after
    return world.do(lambda publisher: publisher.left(f"discord:{guild}"))


def test_a_discord_server_has_removed_the_bot_when_the_list_lacks_it_and_its_id_is_unknown(
    on_discord: OnDiscord,  # noqa: F811
) -> None:
    other = on_discord.server()
    assert (left(on_discord, on_discord.guild), left(on_discord, other)) == (False, False)
    on_discord.fake.guilds[other].installed = False
    assert (left(on_discord, on_discord.guild), left(on_discord, other)) == (False, True)
    assert left(on_discord, "123") is True


def test_a_list_of_discord_that_is_empty_by_an_error_takes_no_server_for_gone(
    on_discord: OnDiscord,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(on_discord.fake), "visible_guilds", lambda _: [])
    assert left(on_discord, on_discord.guild) is False


@pytest.mark.parametrize("route", ["GET /users/@me/guilds", "GET /guilds/{id}"])
def test_while_discord_does_not_answer_no_server_is_taken_for_gone(
    on_discord: OnDiscord,  # noqa: F811
    route: str,
) -> None:
    on_discord.fake.guilds[on_discord.guild].installed = False
    on_discord.fake.fault(route, "status", times=1)
    try:
        assert left(on_discord, on_discord.guild) is None
    except DeliveryError as error:
        assert error.outcome == "not_accepted"
    assert left(on_discord, on_discord.guild, after=AFTER_DOUBT + 1) is True


def test_conversations_on_discord_are_left_by_nobody(on_discord: OnDiscord) -> None:  # noqa: F811
    assert left(on_discord, "@123") is None


@pytest.mark.parametrize("over", ["socket", "http"])
def test_an_app_that_is_uninstalled_from_slack_is_erased_and_not_while_slack_accepts_its_token(
    over: str, on_sqlite: Sqlite
) -> None:
    url = on_sqlite.ready()
    path = Path(url.removeprefix("sqlite:///"))

    async def keep(team: str) -> None:
        async with open_store(url) as store:
            for workspace in (team, "T999"):
                await subscribed(store, workspace, place=f"slack:{workspace}/C1", title=f"{CANARY} {workspace}")

    async def kept() -> list[str]:
        async with open_store(url) as store:
            return [one.id for one in await subscriptions.everywhere(store)]

    with FakeSlack() as slack:
        asyncio.run(keep(slack.team_id))
        with on_slack(slack, over=over, DATABASE_URL=url, BRIEFBOT_KNOWLEDGE=str(AIRSHIPS)) as bot:
            slack.do(slack.tell("app_uninstalled", {"type": "app_uninstalled"}))
            bot.until(lambda: bot.logged("accepts its token; nothing is erased"))
            assert asyncio.run(kept()) == [slack.team_id, "T999"]
            slack.revoke("account_inactive")
            slack.do(slack.tell("app_uninstalled", {"type": "app_uninstalled"}))
            bot.until(lambda: bot.logged("all that was kept of it is erased"))
            assert asyncio.run(kept()) == ["T999"]
            assert f"{CANARY} {slack.team_id}" not in everything(path)
            assert bot.process.wait(20) == 3
        assert slack.objections == []
