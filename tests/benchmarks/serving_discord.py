"""Discord: commands answered over the Gateway, beside discord.py that sends the same ready view.

The product's core has its answer ready, and so has its renderer; everything else is as always, down to the line in the
log. One row has it compose, cut into pages and render a real answer, too, beside a discord.py that still has it ready.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.benchmarks.curves import Point
from tests.benchmarks.discord_asker import AskingDiscord
from tests.benchmarks.figures import Figure
from tests.benchmarks.served import START, Bench, cost, curve, same, served
from tests.discord_views import in_full


@contextmanager
def _bench(way: str, *, composes: bool = False) -> Iterator[Bench]:
    """Runs a server, `product` or `discord.py`, and waits until it answers."""
    with AskingDiscord() as discord, tempfile.TemporaryDirectory() as data:
        told: dict[str, object] = {
            "token": discord.token,
            "api_url": discord.api_url,
            "gateway_url": discord.gateway_url,
        }
        told |= {"data": data, "composes": composes, "secrets": ["token"]}
        with served("discord_servers", way, told) as server:
            discord.do(discord.until(lambda: discord.connections, START))
            discord.do(discord.first())
            yield Bench(server, discord.over_gateway, discord.do, lambda: _in_full(discord.latest))


def _in_full(answer: bytes) -> bytes:
    said = json.loads(answer)
    return json.dumps({**said, "data": in_full(said["data"])}).encode()


@contextmanager
def both(*, composes: bool = False) -> Iterator[tuple[Bench, Bench]]:
    """Runs the product and discord.py, and makes sure that they answer the same."""
    with ExitStack() as stack:
        product, floor = (stack.enter_context(_bench(way, composes=composes)) for way in ("product", "discord.py"))
        same(product, floor)
        yield product, floor


def figures() -> Iterator[Figure]:
    """Yields what an answer costs."""
    with both() as (product, floor):
        yield cost("Discord over the Gateway", product, floor, "discord.py", must=1.15, stretch=1.05)
    with both(composes=True) as (product, floor):
        yield cost("Discord over the Gateway, with composing, beside the same view ready", product, floor, "discord.py")


def curves() -> Iterator[Point]:
    """Yields how fast both are, from one command at a time to many."""
    with both() as (product, floor):
        yield from curve("Discord", product, floor, "discord.py")
