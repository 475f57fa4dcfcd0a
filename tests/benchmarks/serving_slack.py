"""Slack: commands answered by the whole server, beside bolt that sends the same ready payload.

What is asked is one slash command. Both servers verify or unpack it, acknowledge it, and post the same payload to its
response_url; see `slack_servers` for what bolt is spared. The product's core has its answer ready, and so has its
renderer; everything else is as always, down to the line in the log. One row has it compose, cut into pages and render
a real answer, too, beside a bolt that still has it ready.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Literal

from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.served import START, Ask, Bench, Took, cost, curve, same, served
from tests.benchmarks.slack_asker import Asker
from tests.fakes.slack import FakeSlack

Over = Literal["HTTP", "Socket Mode"]
QUESTIONS, TURNS = 400, 20
"""Commands, one after the other, by which it is told how long one takes, and how often product and bolt take turns."""


@contextmanager
def _bench(way: str, over: Over, *, composes: bool = False) -> Iterator[Bench]:
    """Runs a server, `product` or `bolt`, and waits until it answers."""
    with FakeSlack() as slack:
        told = {"bot_token": slack.bot_token, "api_url": slack.api_url, "composes": composes}
        told |= {"app_token": slack.app_token if over == "Socket Mode" else ""}
        told |= {"signing_secret": slack.signing_secret if over == "HTTP" else ""}
        told |= {"secrets": ["bot_token", "app_token" if over == "Socket Mode" else "signing_secret"]}
        asker = Asker(slack)
        with served("slack_servers", way, told) as server:
            port = int(server.said())
            ask = asker.over_socket if over == "Socket Mode" else partial(asker.over_http, port)
            slack.do(_first(ask))
            yield Bench(server, ask, slack.do, lambda: asker.latest)


async def _first(ask: Ask) -> None:
    async with asyncio.timeout(START):
        while True:
            try:
                await ask()
            except RuntimeError:  # it is not there yet
                await asyncio.sleep(0.05)
            else:
                return


@contextmanager
def both(over: Over, *, composes: bool = False) -> Iterator[tuple[Bench, Bench]]:
    """Runs the product and bolt, and makes sure that they answer the same."""
    with ExitStack() as stack:
        product, floor = (stack.enter_context(_bench(way, over, composes=composes)) for way in ("product", "bolt"))
        same(product, floor)
        yield product, floor


def figures() -> Iterator[Figure]:
    """Yields what an answer costs over HTTP and over Socket Mode, and how long it takes."""
    with both("HTTP") as (product, floor):
        yield cost("Slack over HTTP", product, floor, "bolt", must=1.25, stretch=1.1)
        yield from _times(product, floor)
    with both("HTTP", composes=True) as (product, floor):
        yield cost("Slack over HTTP, with composing, beside the same payload ready", product, floor, "bolt")
    with both("Socket Mode") as (product, floor):
        yield cost("Slack over Socket Mode", product, floor, "bolt", must=1.25, stretch=1.1)


def _times(product: Bench, floor: Bench) -> Iterator[Figure]:
    ours, bolts = list[Took](), list[Took]()
    for _ in range(TURNS):
        ours += product.asked(QUESTIONS // TURNS)
        bolts += floor.asked(QUESTIONS // TURNS)
    for name, must, reference, of in (
        ("Slack over HTTP, time to the acknowledgement", 0.0005, 0.0002, "acknowledged"),
        ("Slack over HTTP, time to the answer", None, None, "answered"),
    ):
        spreads = [Spread.of([getattr(one, of) for one in some]) for some in (ours, bolts)]
        note = "p50 of the wall clock, one at a time"
        told = spreads[0], "bolt", spreads[1]
        yield Figure(name, must, None, "product", "s", *told, note=note, reference=reference)


def curves() -> Iterator[Point]:
    """Yields how fast both are, from one command at a time to many."""
    for over in ("HTTP", "Socket Mode"):
        with both(over) as (product, floor):
            yield from curve(f"Slack over {over}", product, floor, "bolt")
