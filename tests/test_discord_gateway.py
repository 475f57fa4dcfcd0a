"""Discord's Gateway and limits: cut, resumed, refused, paced; what was asked is answered, once."""

import asyncio
import json
import random
import stat
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.answer import Answers
from bot.platforms.discord.adapter import Discord
from bot.platforms.discord.pacing import ALERT, MOST_A_SECOND, MOST_INVALID, RATE, WINDOW, Pacing, TooManyInvalid
from bot.platforms.discord.sessions import DAY, FREELY, LONGEST_PAUSE, MOST_A_DAY, SHORTEST_PAUSE, Sessions
from bot.platforms.discord.state import State
from bot.ports import Turn
from tests.builders import TODAY, airships
from tests.discord_in_process import FastClock, InProcess
from tests.discord_reader import Reader
from tests.fakes.discord import Asked, FakeDiscord
from tests.running import on_discord, running

KNOWN = airships()


@pytest.fixture
def discord() -> Iterator[FakeDiscord]:
    with FakeDiscord() as discord:
        discord.tolerates_timeouts = True
        yield discord


def disturbed(discord: FakeDiscord, faults: list[Callable[[], Any]]) -> list[Asked]:
    """Disturbs the Gateway while somebody asks, and returns what was asked."""
    reader = Reader(discord)
    chance = random.Random(len(faults))
    asked: list[Asked] = []

    async def ask() -> None:
        await asyncio.sleep(chance.random() / 20)
        asked.append(await discord.command(reader.user, reader.channel, "company", {"name": "zephyr"}))

    async def one(fault: Callable[[], Any]) -> None:
        asking = [asyncio.create_task(ask()) for _ in range(2)]
        await asyncio.sleep(chance.random() / 20)
        await fault()
        await asyncio.gather(*asking)
        await discord.until(lambda: discord.connections == discord.shards, 30)

    for fault in faults:
        discord.do(one(fault))
    discord.do(discord.until(lambda: all(o.messages() or not o.delivered or o.error for o in asked), 30))
    return asked


def check_each_is_answered_once(discord: FakeDiscord, asked: list[Asked], late: int = 0) -> None:
    """Checks the answers; `late` commands came to us when Discord had given them up, for there was no session."""
    received = [one for one in asked if one.delivered and one.messages()]
    assert len([one for one in asked if one.delivered]) == len(received) + late
    assert len(received) >= len(asked) * 0.9
    assert {len(one.messages()) for one in received} == {1}
    assert len({message.id for one in received for message in one.messages()}) == len(received)
    assert discord.objections == []


def resumable(discord: FakeDiscord, number: int) -> list[Callable[[], Any]]:
    kinds = [
        discord.reconnect, discord.abort, lambda: discord.close(code=4000),
        lambda: discord.close(code=4001), lambda: discord.invalidate(resumable=True),
    ]  # fmt: skip
    return [kinds[n % len(kinds)] for n in range(number)]


def test_twenty_faults_of_the_gateway_are_resumed_and_lose_nothing(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.limits.routes.clear()
    discord.identify_every = 0
    with InProcess(discord, tmp_path, FastClock()):
        discord.do(discord.until(lambda: discord.connections == 1))
        asked = disturbed(discord, [*resumable(discord, 18), *[lambda: discord.invalidate(resumable=False)] * 2])
        check_each_is_answered_once(discord, asked)
    assert len(discord.resumes) >= 18
    assert len(discord.identifies) <= 4


@pytest.mark.long(minutes=5)
def test_a_thousand_faults_and_a_hundred_lost_sessions_keep_the_days_budget(
    discord: FakeDiscord,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    discord.limits.routes.clear()
    discord.identify_every = 0
    lost = [lambda: discord.invalidate(resumable=False)] * 100
    faults = [*resumable(discord, 1_000), *lost]
    random.Random(1).shuffle(faults)
    clock = FastClock(1_000)
    with InProcess(discord, tmp_path, clock):
        discord.do(discord.until(lambda: discord.connections == 1))
        asked = disturbed(discord, faults)
        time.sleep(1)
        late = caplog.messages.count("too late for Discord")
        check_each_is_answered_once(discord, asked, late)
    record_property("came too late, in the pauses between sessions", late)
    record_property("sessions started, resumed", (len(discord.identifies), len(discord.resumes)))
    record_property("asked, answered", (len(asked), sum(one.error is None for one in asked)))
    days = Counter(int(one.time * 1_000 // DAY) for one in discord.identifies)
    assert max(days.values()) <= MOST_A_DAY


class Clock:
    """Is a clock that a test moves, and that sleeping moves too."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_a_crash_loop_starts_no_more_sessions_than_a_day_allows(tmp_path: Path) -> None:
    clock, begun = Clock(), 0
    while clock.time < 1_800_000_000 + DAY:
        sessions = Sessions(State(tmp_path / "discord.json"), clock.now, clock.sleep)  # a new process each time
        asyncio.run(sessions.started())
        begun += clock.time < 1_800_000_000 + DAY
        clock.time += 1
    assert FREELY < begun <= MOST_A_DAY


def test_pauses_between_sessions_double_up_to_an_hour_and_end_with_the_day(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(State(tmp_path / "discord.json"), clock.now, clock.sleep)
    pauses = []
    for _ in range(FREELY + 15):
        pauses.append(sessions.pause())
        asyncio.run(sessions.started())
    assert pauses[0] == 0
    assert set(pauses[1 : FREELY + 1]) == {SHORTEST_PAUSE}
    assert pauses[FREELY + 1] == 2 * SHORTEST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE
    clock.time += DAY
    assert sessions.pause() == 0


def test_a_clock_set_back_does_not_stop_sessions_for_longer_than_an_hour(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(State(tmp_path / "discord.json"), clock.now, clock.sleep)
    asyncio.run(sessions.started())
    clock.time -= 3 * DAY
    set_back = clock.time
    asyncio.run(sessions.started())
    assert clock.time - set_back <= LONGEST_PAUSE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"identified": "x"}', '{"identified": [1, "x", null]}'])
def test_a_spoiled_file_of_facts_is_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "discord.json"
    path.write_text(text)
    state = State(path)
    assert state.registered == ""
    assert state.identified in ([], [1.0])
    state.registered = "x"
    assert json.loads(path.read_text())["registered"] == "x"


def test_facts_that_cannot_be_written_are_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = State(tmp_path / "file" / "discord.json")
    state.registered = "x"
    assert state.registered == "x"


def test_what_several_processes_keep_in_the_file_at_once_is_all_kept_and_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "discord.json"

    def kept(process: int) -> None:
        state = State(path)
        for number in range(50):
            state.leave({f"{process * 50 + number}/200": {"session": "x"}})

    threads = [threading.Thread(target=kept, args=(process,)) for process in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(json.loads(path.read_text())["left"]) == {f"{number}/200" for number in range(200)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_commands_are_registered_once_until_they_change(discord: FakeDiscord, tmp_path: Path) -> None:
    def registrations() -> int:
        return sum(one.method == "PUT" for one in discord.requests)

    for _ in range(3):
        with on_discord(discord, tmp_path) as bot:
            assert bot.end() == 0
    assert registrations() == 1
    (tmp_path / "discord.json").write_text(json.dumps({"registered": "an older one"}))
    with on_discord(discord, tmp_path) as bot:
        assert bot.end() == 0
    assert registrations() == 2


def test_a_wrong_token_is_said_in_one_line_with_the_way_out(discord: FakeDiscord, tmp_path: Path) -> None:
    with running(
        DISCORD_BOT_TOKEN="wrong." + "bots.token", DISCORD_API_URL=discord.api_url, BRIEFBOT_DATA_DIR=str(tmp_path)
    ) as bot:
        assert bot.process.wait(30) == 3
        said = [line for line in bot.log if not line.startswith("{")]
    assert len(said) == 1
    assert said[0].startswith("DISCORD_BOT_TOKEN: Discord refuses it; ")
    assert discord.identifies == []


def test_a_token_that_is_reset_ends_the_bot_with_one_line(discord: FakeDiscord, tmp_path: Path) -> None:
    with on_discord(discord, tmp_path) as bot:
        discord.reset_token()
        discord.do(discord.close(code=4004))
        assert bot.process.wait(30) == 3
        assert bot.log[-1].startswith("DISCORD_BOT_TOKEN: Discord refuses it; ")


@pytest.mark.parametrize("fault", ["refused gateway", "api down", "banned by Cloudflare", "rate limited"])
def test_what_passes_is_waited_for(discord: FakeDiscord, tmp_path: Path, fault: str) -> None:
    if fault == "refused gateway":
        discord.refuse_connections(times=1)
    elif fault == "api down":
        discord.fault("GET /users/@me", "status", times=1, status=503)
    elif fault == "banned by Cloudflare":
        discord.fault("GET /gateway/bot", "ratelimited", times=1, retry_after=1, via=False)
    else:
        discord.fault("GET /gateway/bot", "ratelimited", times=1, retry_after=1)
    with on_discord(discord, tmp_path):
        assert "runs sightseeing flights" in Reader(discord).ask("company", name="zephyr").shown


def test_when_no_session_may_be_started_none_is(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.session_remaining, discord.session_reset_after = 0, 1_500
    settings = {
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "BRIEFBOT_DATA_DIR": str(tmp_path),
    }
    with running(**settings) as bot:
        bot.until(lambda: bot.logged("Discord allows no more sessions for now"))
        assert discord.identifies == []
        discord.session_remaining = 1_000
        bot.until(lambda: discord.connections == 1)


def test_several_processes_share_the_shards(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.shards = 4
    discord.max_concurrency = 4
    discord.identify_every = 0
    settings = {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url}
    with (
        running(**settings, BRIEFBOT_DATA_DIR=str(tmp_path / "a"), BRIEFBOT_DISCORD_SHARDS="0/4") as one,
        running(**settings, BRIEFBOT_DATA_DIR=str(tmp_path / "b"), BRIEFBOT_DISCORD_SHARDS="3/4"),
    ):
        one.until(lambda: discord.connections == 2)
    assert {identify.shard for identify in discord.identifies} == {0, 3}
    assert {identify.count for identify in discord.identifies} == {4}


def test_when_told_to_end_it_finishes_what_it_is_answering(discord: FakeDiscord, tmp_path: Path) -> None:
    with on_discord(discord, tmp_path) as bot:
        reader = Reader(discord)
        discord.fault("callback", "hang", seconds=2)
        asked: list[Asked] = []
        thread = threading.Thread(target=lambda: asked.append(
            discord.do(discord.command(reader.user, reader.channel, "company", {"name": "zephyr"}))
        ))  # fmt: skip
        thread.start()
        time.sleep(0.5)
        assert bot.end() == 0
        thread.join(30)
        assert len(asked[0].messages()) == 1
        assert not bot.logged("Traceback")


def test_a_slow_answer_is_deferred_privately_and_comes_later(discord: FakeDiscord, tmp_path: Path) -> None:
    class Slow(Answers):
        async def answer(self, request: Any) -> Any:
            await asyncio.sleep(1.5)
            return await super().answer(request)

    with InProcess(discord, tmp_path, FastClock(), Slow(lambda: KNOWN, lambda: TODAY)):
        discord.do(discord.until(lambda: discord.connections == 1))
        reader = Reader(discord)
        begun = discord.do(discord.command(reader.user, reader.channel, "company", {"name": "zephyr"}))
        assert begun.deferred
        message = reader.answer(begun)
        assert message.ephemeral_to == reader.user
        assert "runs sightseeing flights" in message.shown
    assert discord.objections == []


def test_a_slow_share_whose_answer_is_lost_is_not_posted_twice(discord: FakeDiscord, tmp_path: Path) -> None:
    class Slow(Answers):
        async def answer_line(self, *asked: Any, **named: Any) -> Any:
            await asyncio.sleep(1.5)
            return await super().answer_line(*asked, **named)

    with InProcess(discord, tmp_path, FastClock(), Slow(lambda: KNOWN, lambda: TODAY)):
        discord.do(discord.until(lambda: discord.connections == 1))
        reader = Reader(discord)
        private = reader.ask("company", name="zephyr")
        discord.fault("webhook", "cut_after")
        discord.do(discord.click(reader.user, private, "Share"))
        reader.until(lambda: reader.seen(by=reader.other))
        time.sleep(2)
        assert len(reader.seen(by=reader.other)) == 1


@asynccontextmanager
async def traced(pacing: Pacing) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Yields what asks a Discord, one that answers with the status that it is asked for, as a discord.py client would."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["status"]), headers=json.loads(request.query["headers"]))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession(trace_configs=[pacing.trace()]) as session:

        async def ask(path: str, status: int = 200, **headers: str) -> None:
            asked = {"status": str(status), "headers": json.dumps(headers)}
            async with session.get(server.make_url(f"/api/v10{path}").with_query(asked)):
                pass

        yield ask


async def test_requests_are_paced_but_answers_to_people_are_not(runner: asyncio.Runner) -> None:
    async with traced(Pacing("https://discord.com/api/v10")) as ask:

        async def seconds(path: str, number: int) -> float:
            begun = time.monotonic()
            await asyncio.gather(*(ask(path) for _ in range(number)))
            return time.monotonic() - begun

        paced, free = (
            await seconds("/channels/1/messages", RATE + 1),
            await seconds("/interactions/1/x/callback", 1_000),
        )
    assert paced >= 0.99
    assert free < 1_000 / RATE / 2, "what is paced would take twice as long"


async def test_too_many_refusals_are_told_of_and_then_nothing_is_asked(
    caplog: pytest.LogCaptureFixture, runner: asyncio.Runner
) -> None:
    now = [0.0]
    pacing = Pacing("https://discord.com/api/v10", lambda: now[0])
    async with traced(pacing) as ask:
        for _ in range(ALERT):
            await ask("/webhooks/1/x", 403)
            await ask("/webhooks/1/x", 429, **{"X-RateLimit-Scope": "shared"})
            await ask("/webhooks/1/x", 404)
        assert pacing.invalid == ALERT
        assert caplog.messages.count("Discord refuses many requests") == 1
        for _ in range(MOST_INVALID - ALERT):
            await ask("/webhooks/1/x", 401)
        for path in ("/users/@me", "/interactions/1/x/callback"):
            with pytest.raises(TooManyInvalid):
                await ask(path)
        now[0] += WINDOW + 1
        await ask("/users/@me")
    assert issubclass(TooManyInvalid, aiohttp.ClientError)


async def test_a_request_that_breaks_off_is_under_way_no_more(runner: asyncio.Runner) -> None:
    pacing = Pacing("https://discord.com/api/v10", lambda: time.monotonic() * 1_000)
    async with aiohttp.ClientSession(trace_configs=[pacing.trace()]) as session:
        for _ in range(MOST_A_SECOND + 1):
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get("http://127.0.0.1:9/api/v10/users/@me")


def test_2500_servers_cost_little_memory(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    def memory(guilds: int) -> int:
        with FakeDiscord(guilds=guilds) as discord, on_discord(discord, tmp_path / str(guilds)) as bot:
            time.sleep(1)
            return bot.memory

    grown = (memory(2_500) - memory(1)) / 2_500
    record_property("bytes a server", round(grown))
    assert grown < 2_048 + 1_300  # what the library itself takes, as measured


def test_of_two_processes_at_the_gateway_just_one_answers_whatever_is_asked(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    discord.answer_within, discord.identify_every = 60.0, 0.0
    folders = [tmp_path / name for name in ("one", "two")]
    with InProcess(discord, folders[0], FastClock()), InProcess(discord, folders[1], FastClock()):
        readers = [Reader(discord) for _ in range(5)]
        readers[0].until(lambda: discord.connections == 2)
        for reader in readers:
            assert "Zephyr Airships" in reader.ask("company", name="zephyr").shown
        readers[0].until(lambda: len(discord.objections) == 5)  # to the answers of the other
    assert all(one.endswith("was already answered") for one in discord.objections)
    assert [len(reader.seen()) for reader in readers] == [1] * 5


async def test_a_process_whose_turn_was_taken_over_stands_by_at_once(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    runner: asyncio.Runner,
) -> None:  # fmt: skip
    monkeypatch.setattr("bot.platforms.discord.adapter.SHORTEST_PAUSE", 3_600.0)
    caplog.set_level("INFO")
    turns = [Turn(1)]

    @asynccontextmanager
    async def turn() -> AsyncIterator[Turn]:
        if not turns:
            await asyncio.sleep(3_600)
        yield turns.pop()

    first, state = turns[0], State(tmp_path / "discord.json")
    adapter = Discord(discord.token, state, discord.api_url, turns=turn)
    serving = asyncio.create_task(adapter.serve(Answers(lambda: KNOWN, lambda: TODAY)))
    async with asyncio.timeout(60):
        while not adapter.condition().receiving or not discord.connections:
            await asyncio.sleep(0.02)
        first.over.set()
        while not adapter.condition().told.startswith("standing by"):
            await asyncio.sleep(0.02)
    serving.cancel()
    await asyncio.wait({serving})
    assert "another process has the Gateway now" in caplog.text
    assert "Discord was lost" not in caplog.text
