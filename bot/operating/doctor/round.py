"""All that a doctor looks at, one after the other; what goes wrong with one look keeps none of the others back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from bot.commands import MENU
from bot.findings import Finding, not_tried, wrong
from bot.operating.doctor.content import content
from bot.operating.doctor.database import database
from bot.operating.doctor.declared import declared
from bot.operating.doctor.disk import disk
from bot.operating.doctor.places import paused, places, unserved
from bot.operating.doctor.program import program
from bot.operating.doctor.settings import settings, spoilt
from bot.operating.doctor.zones import zones
from bot.places import platform_of
from bot.settings import Reading
from bot.store.opening import sqlite_file
from bot.store.values import Subscription
from bot.wiring import Wiring

PATIENCE = 60.0

_ON_PLATFORMS = {
    "slack": ("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_api_url"),
    "discord": ("discord_bot_token", "discord_api_url"),
}
"""The settings without which a platform cannot be asked."""


async def findings(reading: Reading, now: Callable[[], datetime], patience: float = PATIENCE) -> AsyncIterator[Finding]:
    """Yields how everything stands; nothing is sent, no session is begun, and nothing is written or migrated.

    `patience` is how many seconds a platform, or the database, is given altogether.
    """
    for finding in (*program(), *settings(reading)):
        yield finding
    about, knowledge = content(reading.settings, now().date())
    yield spoilt("knowledge", reading, "knowledge") or about
    for finding in disk(_folders(reading)):
        yield finding
    of_database, subscriptions = await _database(reading, patience)
    for finding in (*of_database, *zones(subscriptions, now().date()), *paused(subscriptions)):
        yield finding
    if reading.settings.subscriptions and knowledge:
        yield declared(reading.settings.subscriptions, knowledge, subscriptions)
    async for finding in _platforms(reading, places(reading.settings, subscriptions), now, patience):
        yield finding


def _folders(reading: Reading) -> Iterator[Path]:
    if not {"data_dir"} & reading.wrong:
        yield reading.settings.data_dir
    if not {"data_dir", "database_url"} & reading.wrong and (file := sqlite_file(reading.settings.database)):
        yield file.parent


async def _database(reading: Reading, patience: float) -> tuple[list[Finding], tuple[Subscription, ...]]:
    unusable = spoilt("database", reading, "database_url", "data_dir")
    if unusable:
        return [unusable], ()
    try:
        async with asyncio.timeout(patience):
            found, looked = await database(reading.settings.database)
    except TimeoutError:
        return [wrong("database", f"no answer within {patience:g} s", "see that it runs, and is not locked")], ()
    return found, looked.subscriptions if looked else ()


async def _platforms(
    reading: Reading, some: Mapping[str, str], now: Callable[[], datetime], patience: float
) -> AsyncIterator[Finding]:
    unusable = {name: spoilt(name, reading, *fields) for name, fields in _ON_PLATFORMS.items()}
    for finding in unusable.values():
        if finding:
            yield finding
    on = dict(Wiring(reading.settings).examinations(some, [command.item for command in MENU], now))
    for found in await asyncio.gather(*(_gathered(name, looks, patience) for name, looks in on.items())):
        for finding in found:
            yield finding
    for name, finding in unusable.items():
        if not finding and name not in on:
            yield not_tried(name, f"it is off here: {name.upper()}_BOT_TOKEN is not set")
    if not on:
        yield not_tried("clock", "no platform is on by whose clock it could be set", "see `timedatectl`")
    reachable = {place: whose for place, whose in some.items() if not unusable.get(platform_of(place))}
    for finding in unserved(reading.settings, reachable):
        yield finding


async def _gathered(about: str, looks: AsyncIterator[Finding], patience: float) -> list[Finding]:
    """Returns what was found before the time was up."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(patience):
            async for finding in looks:
                found.append(finding)  # noqa: PERF401  what came before the time was up is kept
    except TimeoutError:
        found.append(wrong(about, f"not all was told within {patience:g} s", "ask again later"))
    except Exception as error:  # of whatever kind, it keeps none of the others back
        said = f"what it answers is not understood ({type(error).__name__}: {error})"
        found.append(wrong(about, said, "see that its address is the platform's own, and update briefbot"))
    return found
