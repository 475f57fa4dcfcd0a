"""The cold start: whole processes, beside the import of the libraries that they need.

The CPU is what the kernel charges a process with, user and system, Python's own start and the loading of its libraries
among it (`wait4`). Bytecode is warm on both sides: both have been run before. `run` is measured until it has logged
that it is connected, on a database that is there, so that it has no child; the child that makes a new one is a row of
its own. The floors import what the product must have loaded by then, and do nothing else; those of `run` import the parts of each
library that it uses, so that both load the same modules.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, in_turn
from tests.benchmarks.wholly import around, stopped_at, until_told, whole
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.running import free_port, settings_for_both

PROGRAM = str(Path(sys.executable).with_name("briefbot"))
TRACED = (sys.executable, "-m", "tests.benchmarks.traced_start")
LINE = "/company Tencent"
ROUNDS, RUNS = 11, 5
MOST = 6
SETTINGS = {"slack": "SLACK_", "discord": "DISCORD_"}
CONNECTED = {"slack": "connected to Slack", "discord": "connected to Discord"}

KNOWING = "pydantic, yaml, jinja2"
ASKED = f"{KNOWING}, pydantic.main, pydantic.type_adapter, pydantic.dataclasses, opencc, msgspec"
"""What an answer needs; to import pydantic alone loads nothing of it that makes a model."""
EACH = (
    f"{ASKED}, typer.main, structlog, cronsim, watchfiles, anyio._backends._asyncio, aiohttp.web, prometheus_client, sqlalchemy.ext.asyncio, "
    "sqlalchemy.dialects.sqlite.aiosqlite, aiosqlite, apscheduler.schedulers.asyncio, apscheduler.triggers.interval"
)
"""What every bot needs beside, for its log, schedules, health and database."""
SDKS = {
    "slack": "slack_bolt.async_app, slack_bolt.adapter.socket_mode.async_internals, slack_sdk.socket_mode.aiohttp",
    "discord": "discord, discord.app_commands, discord.ui",
}


def figures() -> Iterator[Figure]:
    """Measures `ask` and, per platform, `run` up to its connection."""
    yield from _asking()
    with TemporaryDirectory() as data, ExitStack() as stack:
        slack, discord = stack.enter_context(FakeSlack()), stack.enter_context(FakeDiscord())
        health = {"BRIEFBOT_HEALTH_LISTEN": f"127.0.0.1:{free_port()}", "BRIEFBOT_LOG_LEVEL": "INFO"}
        both = settings_for_both(slack, discord, Path(data), **health)
        yield _making_the_database(both)
        for on in (["slack"], ["discord"], ["slack", "discord"]):
            off = tuple(SETTINGS[name] for name in SETTINGS if name not in on)
            yield _running(on, {name: value for name, value in both.items() if not name.startswith(off)})


def _asking() -> Iterator[Figure]:
    product = whole([PROGRAM, "ask", LINE], around())
    spent, of_floor, ratio = in_turn(product, _importing(KNOWING), ROUNDS)
    said = subprocess.run([*TRACED, "ask", LINE], env=around(), stdout=subprocess.PIPE, text=True, check=True).stdout
    name = f"import {KNOWING}"
    yield Figure("`briefbot ask` into a pipe", 2.5, 1.5, "ratio", "s", spent, name, of_floor, ratio, _where(said))
    spent, of_floor, ratio = in_turn(product, _importing(ASKED), RUNS)
    name = "`briefbot ask` beside all its libraries, in the parts that it uses"
    yield Figure(name, None, None, "ratio", "s", spent, "import of its libraries", of_floor, ratio)


def _importing(modules: str) -> Side:
    return whole([sys.executable, "-c", f"import {modules}"], around())


def _running(on: Collection[str], settings: Mapping[str, str]) -> Figure:
    told = [CONNECTED[name] for name in on]
    needed = ", ".join([EACH, *(SDKS[name] for name in on)])
    product = until_told([PROGRAM, "run"], around(**settings), told)
    spent, of_floor, ratio = in_turn(product, _importing(needed), RUNS)
    _, _, said = stopped_at([*TRACED, "run"], around(**settings), told, lambda pid: os.kill(pid, signal.SIGUSR1))
    name = f"`briefbot run` until connected, {' and '.join(on)}"
    return Figure(name, 1.3, 1.15, "ratio", "s", spent, "import of its libraries", of_floor, ratio, _where(said))


def _making_the_database(settings: Mapping[str, str]) -> Figure:
    """Measures the child that makes the database at the first start."""
    _, child, _ = stopped_at([PROGRAM, "run"], around(**settings), CONNECTED.values(), lambda pid: os.kill(pid, 9))
    name = "the child that makes the database at the first `briefbot run`"
    return Figure(name, None, None, "product", "s", Spread.of([child]))


def _where(said: str) -> tuple[tuple[str, float], ...]:
    spent: Counter[str] = Counter()
    for package, seconds in json.loads(said.splitlines()[-1]).items():
        spent["Python's library" if package.lstrip("_") in _PYTHONS else package] += seconds
    return tuple((package, seconds / spent.total()) for package, seconds in spent.most_common(MOST))


_PYTHONS = {name.lstrip("_") for name in sys.stdlib_module_names}
