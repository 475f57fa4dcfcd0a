"""Memory of the program at rest on both platforms, beside a process that has imported the same libraries.

The libraries are all modules that the program has loaded by then, but its own. What a server on Discord takes is how
much the program grows with some thousands of them, beside how much a bare client of discord.py grows that asks Discord
for as little: no intents, no caches.
"""

import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.builders import CURATED
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.running import Bot, running, settings_for_both

MIB, KIB = 2**20, 2**10
REST = 4.0
"""Seconds after which what has begun is at rest."""

ROUNDS = 2
SERVERS = 2_500
A_SHARD = 2_500
"""Servers of one connection, by Discord's rule."""

GUILDS = (100, 300, 1_000, 3_000, 10_000)
PROGRAM = ("-m", "bot", "run")
NAMED = ("-m", "tests.benchmarks.resident", "run")
IMPORTING = ("-m", "tests.benchmarks.resident", "--import")
CLIENT = ("-m", "tests.benchmarks.bare_client")


def figures() -> Iterator[Figure]:
    """Measures the program at rest, and what servers add to it."""
    program = Spread.of([_at_rest(PROGRAM) for _ in range(ROUNDS)])
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder, "modules")
        _at_rest(NAMED, names)
        imported = Spread.of([_imported(names) for _ in range(ROUNDS)])
        alembic = "with" if "alembic" in names.read_text().split() else "without"
    ratio = Spread.of([program.median / imported.median])
    beside = "its libraries imported"
    note = f"{alembic} alembic"
    yield Figure("both adapters idle", 1.25, None, "ratio", "B", program, beside, imported, ratio, note=note)
    ours, theirs = (_on_discord(who, SERVERS) - _on_discord(who, 1) for who in (PROGRAM, CLIENT))
    a_server, beyond = Spread.of([theirs / SERVERS]), Spread.of([(ours - theirs) / SERVERS])
    yield Figure("one more server, beyond discord.py", 2 * KIB, None, "product", "B", beyond, "it itself", a_server)
    yield Figure("2,500 servers more", 90 * MIB, 90 * MIB, "product", "B", Spread.of([float(ours)]))


def curves() -> Iterator[Point]:
    """Measures the memory of the program, and of a bare client, by the servers on Discord."""
    for name, who in (("briefbot", PROGRAM), ("discord.py alone", CLIENT)):
        for guilds in GUILDS:
            yield Point("Memory by servers on Discord", guilds, name, _on_discord(who, guilds), "B")


def _at_rest(program: Sequence[str], names: Path | None = None) -> int:
    """Returns the bytes of the program on both platforms; names the modules that it has, where that is wanted."""
    with ExitStack() as stack:
        slack, discord = stack.enter_context(FakeSlack()), stack.enter_context(FakeDiscord())
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = settings_for_both(slack, discord, data, MODULES=str(names or ""))
        with _running(program, settings) as bot:
            bot.until(lambda: slack.connections >= 2 and discord.connections == discord.shards)
            time.sleep(REST)
            if names:
                bot.process.send_signal(signal.SIGUSR1)
                bot.until(names.exists)
                time.sleep(1)
            return bot.memory


def _on_discord(program: Sequence[str], guilds: int) -> int:
    """Returns the bytes of what is connected to Discord alone."""
    with FakeDiscord(guilds=guilds, shards=-(-guilds // A_SHARD)) as discord, tempfile.TemporaryDirectory() as data:
        settings = {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url, "BRIEFBOT_DATA_DIR": data}
        with _running(program, settings) as bot:
            bot.until(lambda: discord.connections == discord.shards)
            time.sleep(REST)
            return bot.memory


@contextmanager
def _running(program: Sequence[str], settings: dict[str, str]) -> Iterator[Bot]:
    with running(
        *program, **{"BRIEFBOT_KNOWLEDGE": str(CURATED), "BRIEFBOT_HEALTH_LISTEN": "127.0.0.1:0"} | settings
    ) as bot:
        yield bot


def _imported(names: Path) -> int:
    """Returns the bytes of a process that has imported modules and does nothing else."""
    with running(*IMPORTING, str(names)) as process:
        process.until(lambda: process.logged("imported"))
        return process.memory
