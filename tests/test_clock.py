"""The clock, with the real scheduler: jobs run when they want to, whatever happens to the time of day."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot import clock
from bot.clock import Clock

MOMENT = timedelta(milliseconds=10)
HOUR = timedelta(hours=1)


@dataclass
class Job:
    """Counts how often it ran, and how many of it ran at once; wants to run again after `again`."""

    again: timedelta = HOUR
    fails: int = 0
    runs: int = 0
    at_once: int = 0
    most_at_once: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> datetime:
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may_end.wait()
        self.at_once -= 1
        if self.runs <= self.fails:
            raise ValueError("a fault of ours")
        return datetime.now(UTC) + self.again


def quick(**fields: object) -> Job:
    job = Job(**fields)  # type: ignore[arg-type]
    job.may_end.set()
    return job


@asynccontextmanager
async def running(the_clock: Clock) -> AsyncIterator[None]:
    task = asyncio.create_task(the_clock.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_it_ran(job: Job, times: int) -> None:
    """Waits until a job has run so often; the test's own limit of time is what ends it otherwise."""
    while job.runs < times or (job.at_once and job.may_end.is_set()):
        await asyncio.sleep(0.002)


async def a_while() -> None:
    await asyncio.sleep(0.1)


async def test_a_job_runs_at_once_and_then_whenever_it_wants_to(runner: asyncio.Runner) -> None:
    the_clock, job, other = Clock(), quick(again=MOMENT), quick()
    the_clock.add("job", job, HOUR)
    the_clock.add("other", other, HOUR)
    async with running(the_clock):
        await until_it_ran(job, 4)
        assert other.runs == 1


async def test_a_job_that_wants_to_wait_longer_than_it_may_runs_all_the_same(runner: asyncio.Runner) -> None:
    the_clock, job = Clock(), quick(again=HOUR)
    the_clock.add("job", job, MOMENT)
    async with running(the_clock):
        await until_it_ran(job, 3)


async def test_a_job_wanted_soon_runs_at_once(runner: asyncio.Runner) -> None:
    the_clock, job = Clock(), quick()
    the_clock.add("job", job, HOUR)
    async with running(the_clock):
        await until_it_ran(job, 1)
        await a_while()
        the_clock.soon("job")
        await until_it_ran(job, 2)


async def test_a_job_wanted_soon_while_it_runs_runs_once_more_and_never_beside_itself(runner: asyncio.Runner) -> None:
    the_clock, job = Clock(), Job()
    the_clock.add("job", job, HOUR)
    async with running(the_clock):
        await until_it_ran(job, 1)
        for _ in range(3):
            the_clock.soon("job")
            await asyncio.sleep(0.01)
        assert job.runs == 1
        job.may_end.set()
        await until_it_ran(job, 2)
        await a_while()
        assert (job.runs, job.most_at_once) == (2, 1)


async def test_a_job_that_fails_runs_again(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "AFTER_FAULT", MOMENT)
    the_clock, job = Clock(), quick(fails=3)
    the_clock.add("job", job, HOUR)
    async with running(the_clock):
        await until_it_ran(job, 4)


async def test_a_clock_that_is_set_back_keeps_no_job_waiting(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "WATCHED", 0.01)
    ahead = [2 * HOUR]
    the_clock, job = Clock(now=lambda: datetime.now(UTC) + ahead[0]), quick()
    the_clock.add("job", job, 10 * HOUR)  # at once, by a clock that is two hours ahead of the scheduler's
    async with running(the_clock):
        await a_while()
        assert job.runs == 0
        ahead[0] = timedelta()
        await until_it_ran(job, 1)


async def test_a_job_under_way_when_the_clock_stops_is_not_told_as_one_that_failed(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    the_clock, job = Clock(), Job()
    the_clock.add("job", job, HOUR)
    async with running(the_clock):
        await until_it_ran(job, 1)
    await a_while()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_clock_has_stopped_once_the_jobs_under_way_have_ended(runner: asyncio.Runner) -> None:
    the_clock, ended, under_way = Clock(), asyncio.Event(), asyncio.Event()

    async def lasting() -> datetime:
        under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # as what writes a transaction to its end
            ended.set()
        raise AssertionError("nobody sets it")

    the_clock.add("lasting", lasting, HOUR)
    async with running(the_clock):
        await under_way.wait()
    assert ended.is_set()
