"""How the whole is, put together from its parts, and the heartbeat that depends on it."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from bot.answer import Answers
from bot.clock import Clock, Job
from bot.commands import MENU
from bot.delivery.engine import Engine
from bot.delivery.overdue import AFTER
from bot.delivery.running import deliver_by
from bot.delivery.shelf import Shelf
from bot.knowledge_folder import KnowledgeFolder
from bot.operating.figures import KEPT, Census, Figures
from bot.operating.health import health_routes
from bot.operating.heartbeat import Heartbeat, allowed
from bot.operating.metrics import exposition
from bot.operating.status import DEAF, Status
from bot.operating.watching import Watch, Watched
from bot.platforms.discord.heartbeats import SILENCE, Heartbeats
from bot.ports import Condition, HttpRequest, Request
from bot.settings import read
from bot.store import tables, upkeep
from bot.store.opening import Store, open_store
from bot.store.upkeep import Counts, Overdue
from bot.tally import MOST, OTHERS, Tally
from tests.builders import GOOD, airships, written
from tests.databases import PostgreSql, Sqlite
from tests.fakes.switch import FakeSwitch
from tests.stored import NOW, proposed, subscription

pytestmark = pytest.mark.usefixtures("runner")
GOOD_STATUS = Status(
    at=NOW,
    started=NOW,
    platforms=(Watched("slack", Condition(receiving=True, told="HTTP: listening"), NOW),),
    figures=Figures(Counts({}, {})),
    knowledge="0" * 12,
    edited=datetime(2033, 6, 1, tzinfo=UTC),
    claims=1,
    rejected="",
    lag=0.0,
)
DEAD = Watched("slack", Condition(receiving=False, told="Socket Mode: heard on 0 of 2 connections"), NOW)
LATE = (Overdue("slack:T1", 2, NOW - AFTER),)


def told(status: Status) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(status.values()))
    return read


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (replace(GOOD_STATUS, figures=Figures(problem="the database is away")), "the database is away"),
        (replace(GOOD_STATUS, figures=replace(GOOD_STATUS.figures, overdue=LATE)), "slack:T1: 2 digests are overdue"),
        (
            replace(GOOD_STATUS, figures=replace(GOOD_STATUS.figures, held={"slack:T1": "the token is refused"})),
            "slack:T1: nothing is posted: the token is refused",
        ),
        (
            replace(GOOD_STATUS, platforms=(DEAD,), at=NOW + 2 * DEAF),
            "slack: nothing is received since 2033-06-15T09:00",
        ),
        (replace(GOOD_STATUS, platforms=(replace(DEAD, serving=False),)), "slack: refused"),
    ],
    ids=["store", "overdue", "held", "deaf", "refused"],
)
def test_trouble_is_told_in_a_sentence_and_in_one_figure(status: Status, said: str) -> None:
    (trouble,) = told(status)["trouble"]
    assert said in trouble
    assert not told(status)["well"]
    assert "briefbot_well 0.0" in exposition(Tally(), status)


def test_all_is_well_where_a_platform_is_only_just_connecting() -> None:
    assert told(replace(GOOD_STATUS, platforms=(DEAD,), at=NOW + DEAF))["well"]
    assert "briefbot_well 1.0" in exposition(Tally(), GOOD_STATUS)


def test_what_can_wait_is_a_warning_and_no_trouble() -> None:
    counts = Counts({"active": 1}, {"uncertain": 2, "sent": 5}, missed=3)
    status = replace(GOOD_STATUS, figures=Figures(counts, off={"discord": 4}), rejected="1 problems, the first: x")
    assert [one.partition(" ")[0] for one in told(status)["warnings"]] == ["2", "3", "4", "the"]
    assert told(status)["well"]
    assert told(status)["digests"] == {
        "overdue": {}, "waiting": 0, "missed_in_the_last_day": 3, "uncertain": 2, "failed": 0, "skipped": 0, "sent": 5,
    }  # fmt: skip


def test_the_metrics_are_such_as_prometheus_reads() -> None:
    tally = Tally()
    tally.count("digests", "sent", number=2)
    tally.measure("lateness", 0.7)
    counts = Counts({"active": 4}, {"planned": 1}, waiting=1)
    text = exposition(tally, replace(GOOD_STATUS, figures=Figures(counts, LATE)))
    families = {family.name: family for family in text_string_to_metric_families(text)}
    ends = {one.labels["outcome"]: one.value for one in families["briefbot_digests"].samples}
    assert ends == {"due": 0, "sent": 2, "late": 0, "uncertain": 0, "failed": 0, "missed": 0, "skipped": 0}
    lateness = {
        one.labels["le"]: one.value for one in families["briefbot_digest_lateness_seconds"].samples if one.labels
    }
    assert (lateness["0.5"], lateness["1.0"], lateness["+Inf"]) == (0, 1, 1)
    values = {name: family.samples[0].value for name, family in families.items() if family.samples}
    assert (values["briefbot_outbox_depth"], values["briefbot_overdue_digests"]) == (1, 2)
    assert values["briefbot_knowledge_age_seconds"] > 14 * 86_400
    assert values["process_open_fds"] > 0


def test_it_is_told_on_this_machine_alone_unless_that_is_set_otherwise() -> None:
    known = read(environment={"HOME": "/home/somebody"}).settings
    assert known.health_address == ("127.0.0.1", 9090)
    assert known.listen_address == ("127.0.0.1", 8080)


async def test_the_number_of_series_does_not_grow_with_the_number_of_tenants(on_sqlite: Sqlite) -> None:
    known, tally = airships(), Tally()
    core = Answers(lambda: known, platform="slack", tally=tally)
    async with open_store(on_sqlite.ready()) as store:
        census = Census(store, {"slack"}, lambda: NOW, lambda: 0.0, patience=60)

        async def scraped() -> list[str]:
            census._last = None
            text = exposition(tally, replace(GOOD_STATUS, figures=await census.figures()))
            return [line.rpartition(" ")[0] for line in text.splitlines() if "process_" not in line]

        async def asks(tenant: int) -> None:
            names = [item.name for item in core.menu if not item.form]
            command, place = names[tenant % len(names)], f"slack:T{tenant:05}/C{tenant}"
            reply = await core.answer(Request(command, {"name": f"tenant-{tenant}"}, user=f"U{tenant}", place=place))
            core.answered(reply, taken=tenant % 7 != 0)
            core.turned_away(f"U{tenant}", place, 10**6 * (tenant % 2))
            tally.count("digests", "sent")

        rows = [one(n) for n in range(10_000)]
        async with store.writing() as tx:
            await tx.execute(insert(tables.subscription), rows[:1])
        for tenant in range(200):
            await asks(tenant)
        few = await scraped()
        async with store.writing() as tx:
            await tx.execute(insert(tables.subscription), rows[1:])
        for tenant in range(200, 10_000):
            await asks(tenant)
        many = await scraped()
    assert many == few
    assert not [line for line in many if "tenant" in line or "T0" in line or "U1" in line]
    commands = {line for line in many if line.startswith("briefbot_commands_total{")}
    assert len(commands) <= (len(MENU) + 1) * 6


def one(number: int) -> dict[str, Any]:
    made = subscription(f"s{number:05}", f"slack:T{number:05}/C{number}", next_fire=NOW - timedelta(days=1))
    return {name: getattr(made, name) for name in (c.name for c in tables.subscription.c)}


def test_words_without_end_count_together() -> None:
    tally = Tally()
    for number in range(2 * MOST):
        tally.count("commands", str(number))
    assert len(tally.counts["commands"]) == MOST + 1
    assert tally.counts["commands"][(OTHERS,)] == MOST


async def test_the_database_is_asked_once_in_a_while_however_often_somebody_looks(store: Store) -> None:
    clock = [0.0]
    census = Census(store, {"slack"}, lambda: NOW, lambda: clock[0])
    first = await census.figures()
    await proposed(store)
    assert await census.figures() is first
    clock[0] = KEPT
    assert (await census.figures()).counts != first.counts


async def test_whoever_looks_while_another_looks_is_told_the_same(store: Store) -> None:
    census = Census(store, {"slack"}, lambda: NOW)
    first, *others = await asyncio.gather(*(census.figures() for _ in range(4)))
    assert first.counts
    assert all(one is first for one in others)


async def test_a_database_that_does_not_answer_is_told_of_and_not_asked_again_meanwhile(
    on_postgresql: PostgreSql,
) -> None:
    url = on_postgresql.ready()
    async with open_store(url) as store:
        census = Census(store, {"slack"}, lambda: NOW, patience=0.2)
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE slot IN ACCESS EXCLUSIVE MODE")
            problems = [(await census.figures()).problem for _ in range(3)]
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            with psycopg.connect(url, autocommit=True) as other:
                assert other.execute(waiting).fetchone() == (1,)
        assert {one.partition(";")[0] for one in problems} == {"the database has not answered within 0.2 s"}
        await census.close()
        assert (await census.figures()).problem == ""


async def test_a_database_that_is_gone_is_told_of_with_the_reason(path: Path, on_sqlite: Sqlite) -> None:
    url = on_sqlite.ready()
    async with open_store(url) as store:
        file = Path(url.removeprefix("sqlite:///"))
        file.write_bytes(b"no database any more" * 1_000)
        told = await Census(store, {"slack"}, lambda: NOW).figures()
    assert str(file) in told.problem
    assert told.counts is None


class Silent:
    """Is a platform that says of itself what it is told to."""

    name = "silent"
    budget: Any = None

    def __init__(self) -> None:
        self.receiving = False

    async def serve(self, core: object) -> None:
        raise NotImplementedError

    def condition(self) -> Condition:
        return Condition(receiving=self.receiving, told="")


def test_since_when_a_platform_receives_is_known() -> None:
    now = [NOW]
    platform = Silent()
    watch = Watch([platform], lambda: now[0])
    for minute, receiving in enumerate((False, True, True, False, True)):
        now[0], platform.receiving = NOW + timedelta(minutes=minute), receiving
        watch.look()
    (standing,) = watch.watched
    assert (standing.condition.receiving, standing.since) == (True, NOW + timedelta(minutes=4))


async def test_a_loop_that_is_held_up_is_seen() -> None:
    watch = Watch([], lambda: NOW)
    watching = asyncio.create_task(watch.watch())
    await asyncio.sleep(0.7)
    time.sleep(0.8)
    await asyncio.sleep(0.1)
    watching.cancel()
    assert watch.lag >= 0.3


def test_a_shard_whose_heartbeats_are_not_answered_is_deaf_though_its_connection_is_open() -> None:
    clock = [0.0]
    beats = Heartbeats(lambda: clock[0])
    assert not beats.began(0)
    assert beats.heard({0: float("inf")}) == 1
    clock[0] = SILENCE - 1
    assert beats.heard({0: 0.05}) == 1
    clock[0] += SILENCE - 1
    assert beats.heard({0: 0.05}) == 1
    clock[0] += 2
    assert beats.heard({0: 0.05}) == 0
    assert beats.heard({0: 0.06}) == 1
    assert beats.heard({}) == 0
    assert beats.began(0)
    beats.ended(0)
    assert beats.heard({0: 0.07}) == 0


async def test_an_edit_that_is_not_taken_up_is_told_of_until_it_is_mended(tmp_path: Path) -> None:
    folder = KnowledgeFolder(written(tmp_path / "known"))
    first = folder.version
    written(folder.path, GOOD.replace("kind: fact", "kind: guess"))
    await folder.refresh()
    assert folder.problem.startswith("1 problems, the first: all.yaml:")
    assert folder.version == first
    written(folder.path, GOOD.replace("It is so.", "It is so indeed."))
    await folder.refresh()
    assert (folder.problem, folder.version == first) == ("", False)
    assert (
        KnowledgeFolder(written(tmp_path / "other", folder.path.joinpath("all.yaml").read_text())).version
        == folder.version
    )


async def test_a_replica_is_ready_as_soon_and_as_long_as_it_can_answer_whatever_becomes_of_the_store() -> None:
    unready = ["starting"]

    async def away() -> Status:
        raise AssertionError("a probe asks for no figures")

    routes = health_routes(away, Tally(), lambda: unready[0])
    request = HttpRequest({}, b"")
    assert (await routes["/readyz"](request)).status == 503
    assert (await routes["/healthz"](request)).status == 200
    unready[0] = ""
    assert (await routes["/readyz"](request)).status == 200


class Looked:
    """Is what is found at each look."""

    def __init__(self) -> None:
        self.status = GOOD_STATUS

    async def look(self) -> Status:
        return self.status


@pytest.fixture
def switch() -> Iterator[FakeSwitch]:
    with FakeSwitch() as made:
        yield made


async def test_the_heart_beats_while_all_is_well_and_not_while_a_digest_is_overdue_or_the_store_away(
    switch: FakeSwitch, caplog: pytest.LogCaptureFixture
) -> None:
    looked, tally = Looked(), Tally()
    heart = Heartbeat(switch.url, looked.look, tally)
    beats = []
    for figures in (
        GOOD_STATUS.figures,
        Figures(problem="the database is away"),
        replace(GOOD_STATUS.figures, overdue=LATE),
        GOOD_STATUS.figures,
    ):
        looked.status = replace(GOOD_STATUS, figures=figures)
        await heart.beat()
        beats.append(switch.beats)
    assert beats == [1, 1, 1, 2]
    assert tally.counts["heartbeats"] == {("sent",): 2, ("withheld",): 2}
    assert [record.message for record in caplog.records] == ["the heartbeat is withheld"]


class Jobs(Clock):
    """Keeps its jobs, to be run by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}

    def add(self, name: str, job: Job, longest: timedelta) -> None:
        self.jobs[name] = job

    async def run(self) -> None:
        return


async def test_a_process_that_is_refused_and_begun_anew_again_and_again_has_no_heartbeat(store: Store) -> None:
    clock, beats = Jobs(), list[str]()

    async def beat() -> None:
        beats.append("beat")

    await deliver_by(clock, Engine(store, Shelf(store, airships), {}, lambda: NOW), beat)
    heartbeat = clock.jobs["heartbeat"]
    assert (await heartbeat() - NOW, beats) == (timedelta(seconds=10), [])
    assert (await heartbeat() - NOW, beats) == (timedelta(minutes=1), ["beat"])
    assert (await heartbeat() - NOW, beats) == (timedelta(minutes=1), ["beat", "beat"])


async def test_a_heartbeat_that_fails_is_told_once_and_so_is_the_next_that_arrives(
    switch: FakeSwitch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    heart = Heartbeat(switch.url, Looked().look, Tally())
    for status in (200, 500, 500, 500, 200, 200):
        switch.status = status
        await heart.beat()
    assert [record.message for record in caplog.records] == ["the heartbeat is failed", "the heartbeat is sent"]
    assert "canary" not in str([vars(record) for record in caplog.records])


async def test_nobody_there_is_a_failure_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    await Heartbeat("http://127.0.0.1:9/x", Looked().look, tally).beat()
    assert tally.counts["heartbeats"] == {("failed",): 1}


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)"])
async def test_a_redirect_leads_nowhere_but_over_http(switch: FakeSwitch, location: str) -> None:
    tally = Tally()
    switch.status, switch.location = 302, location
    await Heartbeat(switch.url, Looked().look, tally).beat()
    assert tally.counts["heartbeats"] == {("failed",): 1}


def test_a_redirect_leads_from_https_to_nothing_less() -> None:
    assert allowed("https://a.example/x", "/y") == "https://a.example/y"
    assert allowed("http://a.example/x", "https://b.example/y") == "https://b.example/y"
    with pytest.raises(ValueError, match="to what is no https"):
        allowed("https://a.example/x", "http://a.example/x")


async def test_a_redirect_over_http_is_followed_but_not_for_ever(switch: FakeSwitch) -> None:
    tally = Tally()
    heart = Heartbeat(switch.url, Looked().look, tally)
    switch.status, switch.location = 302, "/elsewhere"
    await heart.beat()
    assert (switch.elsewhere, tally.counts["heartbeats"]) == (1, {("sent",): 1})
    switch.location = switch.url
    await heart.beat()
    assert tally.counts["heartbeats"][("failed",)] == 1
    assert switch.beats <= 6


async def test_figures_of_a_real_store_tell_what_is_overdue_on_platforms_that_are_on(store: Store) -> None:
    await proposed(store)
    for platforms, number in (({"slack"}, 1), ({"discord"}, 0)):
        figures = await Census(store, platforms, lambda: NOW + AFTER).figures()
        assert len(figures.overdue) == number
    assert await upkeep.overdue(store, NOW - timedelta(seconds=1)) == []
