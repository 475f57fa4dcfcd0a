"""Told to end while it works: it ends in time, and nothing that it took is left undone or done twice."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.builders import AIRSHIPS
from tests.crowd import Crowd
from tests.databases import Sqlite
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import USUAL_SCOPES, FakeSlack
from tests.fakes.slack_people import new_user
from tests.killing import HISTORY, Outbox, account, open_ones
from tests.rolling import WITHIN, Replicas
from tests.running import Bot, on_slack, settings_for_both


def ended_again_and_again(
    folder: Path, url: str, times: int, digests: int, record: Callable[[str, object], None]
) -> None:
    with FakeSlack(USUAL_SCOPES | HISTORY) as slack, FakeDiscord() as discord:
        slack.frugal = slack.tolerates_timeouts = discord.tolerates_timeouts = True
        discord.limits.of_routes = discord.limits.of_all = False  # this process asks, too: it tells no arrival exactly

        def is_up(bots: Sequence[Bot]) -> bool:
            return slack.connections >= 2 and discord.connections == 1

        dice = random.Random(times)
        outbox, crowd = Outbox(url, slack, discord), Crowd(slack, discord, rate=20)
        outbox.fill(digests // 4, digests * 3 // 4, 5)
        one = Replicas([settings_for_both(slack, discord, folder, DATABASE_URL=url)], is_up)
        with one.alive():
            with crowd.asking():
                for _ in range(times):
                    time.sleep(dice.uniform(0, 1))
                    one.restart(0)
            one.bots[0].until(lambda: not open_ones(outbox.states()), 600)
        found, states, told = account(outbox), outbox.states(), crowd.told()
        objections = slack.objections + discord.objections
    record(f"{times} SIGTERMs", f"ended within {max(one.endings):.1f} s; {states['sent']} digests; {told}")
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    assert [(of.unanswered, of.twice) for of in told] == [(0, 0)] * 2
    assert max(one.endings) < WITHIN
    assert objections == []


def test_whoever_ends_under_load_does_so_in_time_and_leaves_nothing_undone(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    ended_again_and_again(tmp_path, on_sqlite.ready(), 2, 60, record_property)


@pytest.mark.soak(minutes=8)
def test_two_hundred_ends_under_load(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    times = max(3, round(200 * SCALE))
    ended_again_and_again(tmp_path, on_sqlite.ready(), times, 30 * times, record_property)


def test_a_digest_that_is_being_posted_is_posted_and_noted_before_the_end(tmp_path: Path, on_sqlite: Sqlite) -> None:
    url = on_sqlite.ready()
    with FakeSlack() as slack, FakeDiscord() as discord:  # no history: what is not noted stays uncertain
        outbox = Outbox(url, slack, discord)
        outbox.fill(1, 0, a_channel=1)
        slack.fault("chat.postMessage", "hang", seconds=2)
        with on_slack(slack, over="socket", DATABASE_URL=url, BRIEFBOT_DATA_DIR=str(tmp_path)) as bot:
            bot.until(lambda: any(one.method == "chat.postMessage" for one in slack.requests))
            assert bot.end() == 0
    assert outbox.states() == {"sent": 1}


def test_requests_over_http_are_answered_until_a_load_balancer_has_heard_of_the_end() -> None:
    with FakeSlack() as slack, on_slack(slack, over="http") as bot:
        users = [new_user() for _ in range(20)]
        channel = slack.do(slack.channel("news", users))
        bot.process.send_signal(signal.SIGTERM)
        asked = [slack.begin(slack.command(user, channel, "/company", "zephyr")) for user in users]
        slack.do(slack.until(lambda: all(one.done() and one.result().messages() for one in asked)))
        assert bot.end() == 0


def test_a_request_that_never_arrives_whole_does_not_keep_it_from_ending() -> None:
    with FakeSlack() as slack, on_slack(slack, over="http") as bot:

        async def half() -> None:
            async def body() -> AsyncIterator[bytes]:
                yield b"half"
                await asyncio.sleep(30)

            async with aiohttp.ClientSession() as session:
                with suppress(aiohttp.ClientError):
                    await session.post(slack.events_url or "", data=body())

        sending = slack.begin(half())
        time.sleep(0.5)
        began = time.monotonic()
        assert bot.end() == 0
        assert time.monotonic() - began < WITHIN
        sending.cancel()


def test_at_a_prompt_it_ends_at_once() -> None:
    command = [str(Path(sys.executable).parent / "briefbot"), "run", "--knowledge", str(AIRSHIPS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("/company zephyr\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN) == 0
