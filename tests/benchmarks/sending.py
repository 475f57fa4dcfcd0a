"""Posting a part of a digest, without the store: ours beside the SDKs, by the CPU of the sender alone.

Ours does what the engine does for a part: waits for its turn, reads the page as it was kept, posts it, reads the
receipt, counts and logs. The floor sends a payload that is ready: on Slack a dictionary, on Discord a view. Where the
goal is set, ours sends that same payload in place of what it would render; with rendering it is told below, without a
goal, as no SDK does that. The server is another process.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from bot.log import prepare_logging
from bot.platforms.discord import publishing as discord_publishing
from bot.platforms.discord import render as discord_render
from bot.platforms.slack import publishing as slack_publishing
from bot.platforms.slack import render as slack_render
from tests.benchmarks import posters
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, in_turn, where
from tests.benchmarks.paced import ANSWERED
from tests.benchmarks.posters import DISCORD_PAGE, SLACK_PAGE, Post
from tests.benchmarks.taker import taking
from tests.discord_views import in_full
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack

MUST, STRETCH = 1.3, 1.15
CHANNELS = 64
PROFILED = 300
POSTS = 1_000
"""As many connections are counted for."""

Poster = Callable[[str, str, list[str]], AbstractAsyncContextManager[Post]]


@dataclass(frozen=True)
class Platform:
    """Is a platform on which both post: where to, with which token, and what it answers."""

    name: str
    floor_name: str
    path: str
    token: str
    places: list[str]
    answers: Mapping[str, str]
    product: Poster
    floor: Poster


def figures() -> Iterator[Figure]:
    """Measures posting on both platforms, with the payload ready and with rendering."""
    with _logging():
        for platform in (on_slack(), on_discord()):
            with taking(platform.answers) as taker:
                yield from _compared(platform, taker.origin + platform.path)
            yield _handshakes(platform)


@contextmanager
def _logging() -> Iterator[None]:
    """Logs as the program does, to where nobody reads; this process ends soon, so that only its hook is put back."""
    hook = sys.excepthook
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        prepare_logging("INFO")
        try:
            yield
        finally:
            sys.excepthook = hook


def _compared(platform: Platform, api_url: str) -> Iterator[Figure]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        product, floor = (
            _side(runner, runner.run(stack.enter_async_context(poster(platform.token, api_url, platform.places))))
            for poster in (platform.product, platform.floor)
        )
        with _payload_ready():
            yield _figure(f"{platform.name}: a part posted", platform, product, floor, MUST, STRETCH)
        yield _figure(f"{platform.name}: a part rendered and posted", platform, product, floor)
        runner.run(stack.aclose())


def _handshakes(platform: Platform) -> Figure:
    """Counts connections at a TLS server while so many are posted, at the pace of the platform."""
    with tempfile.TemporaryDirectory() as folder:
        authority, theirs, ours = trustme.CA(), Path(folder, "server.pem"), Path(folder, "authority.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(theirs))
        authority.cert_pem.write_to_path(str(ours))
        with taking(platform.answers, theirs, ANSWERED[platform.name]) as taker:
            told = json.dumps([platform.name, taker.origin + platform.path, platform.token, platform.places, POSTS])
            command = [sys.executable, "-m", "tests.benchmarks.paced", told]
            subprocess.run(command, env=os.environ | {"SSL_CERT_FILE": str(ours)}, check=True)
            connections = Spread.of([taker.connections / POSTS * 100])
    return Figure(f"{platform.name}: TLS handshakes for 100 posts", 1.0, None, "product", "handshakes", connections)


def _side(runner: asyncio.Runner, post: Post) -> Side:
    return Side(lambda calls: runner.run(post(calls)))


def _figure(name: str, platform: Platform, product: Side, floor: Side, *goals: float) -> Figure:
    must, stretch = goals or (None, None)
    costs, floors, ratios = in_turn(product, floor)
    rooms = where(product.run, PROFILED)
    return Figure(name, must, stretch, "ratio", "s", costs, platform.floor_name, floors, ratios, rooms)


@contextmanager
def _payload_ready() -> Iterator[None]:
    """Has our publishers find rendered what the floors have ready, too."""
    on_slack, on_discord = slack_render.payload(SLACK_PAGE), discord_render.payload(DISCORD_PAGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slack_publishing, "payload", lambda page, *, conservative: on_slack)
        patch.setattr(discord_publishing, "payload", lambda page: on_discord)
        yield


def on_slack() -> Platform:
    """Returns Slack as the fake answers; both have posted the same there."""
    with FakeSlack() as fake:
        channel = fake.do(fake.channel("news", ["U0ANNA"]))
        place, token = [f"slack:{fake.team_id}/{channel}"], fake.bot_token
        ours, theirs = posters.slack_product, posters.slack_floor
        _run(ours(token, fake.api_url, place), theirs(token, fake.api_url, place))
        _same([one.arguments for one in fake.requests if one.method == "chat.postMessage"], "text blocks")
        message = {"channel": channel, **slack_render.payload(SLACK_PAGE)}
        answers = {"/chat.postMessage": _asked(f"{fake.api_url}chat.postMessage", f"Bearer {token}", message)}
    places = [f"slack:T0AIR/C{number:08}" for number in range(CHANNELS)]
    return Platform("Slack", "slack_sdk, one session", "/api/", token, places, answers, ours, theirs)


def on_discord() -> Platform:
    """Returns Discord as the fake answers; both have posted the same there."""
    with FakeDiscord() as fake:
        guild = fake.do(fake.guild("team", [fake.user("anna")]))
        channel = fake.do(fake.channel(guild, "news"))
        place, token, api = [f"discord:{guild}/{channel}"], fake.token, fake.api_url
        ours, theirs = posters.discord_product, posters.discord_floor
        _run(ours(token, api, place), theirs(token, api, place))
        _same(
            [in_full(one.arguments) for one in fake.calls("POST /channels/{id}/messages")],
            "components flags allowed_mentions",
        )
        answers = {
            "/users/@me": _asked(f"{api}/users/@me", f"Bot {token}"),
            "/applications/@me": _asked(f"{api}/oauth2/applications/@me", f"Bot {token}"),
            "/guilds": _asked(f"{api}/users/@me/guilds", f"Bot {token}"),
            "/messages": _asked(
                f"{api}/channels/{channel}/messages", f"Bot {token}", discord_render.payload(DISCORD_PAGE)
            ),
        }
    places = [f"discord:{guild}/{10**18 + number}" for number in range(CHANNELS)]
    return Platform("Discord", "discord.py, channel.send", "/api/v10", token, places, answers, ours, theirs)


def _run(*posters: AbstractAsyncContextManager[Post]) -> None:
    """Has each post one message."""

    async def run() -> None:
        for poster in posters:
            async with poster as post:
                await post(1)

    asyncio.run(run())


def _same(messages: list[dict[str, Any]], fields: str) -> None:
    ours, theirs = ([message[name] for name in fields.split()] for message in messages)
    if ours != theirs:
        raise RuntimeError(f"ours is {ours}, theirs {theirs}")


def _asked(url: str, authorization: str, body: object = None) -> str:
    """Returns what a fake answers."""
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        text: str = answer.read().decode()
    return text
