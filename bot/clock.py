"""The clock: runs a few jobs when they want to; the only home of APScheduler, which is given no user's schedule."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger("briefbot.clock")
WATCHED = 5.0
"""Seconds after which the wall clock is compared with the monotonic one."""

JUMP = 2.0
"""Seconds by which they may part: more is a clock that was set, or a machine that slept."""

TOLD = 300.0
AFTER_FAULT = timedelta(seconds=30)

Job = Callable[[], Awaitable[datetime]]
"""Does something, and returns when it wants to run again."""


class Clock:
    """Runs jobs, each once at a time; a run that is lost or doubled must do no harm."""

    def __init__(
        self, now: Callable[[], datetime] = lambda: datetime.now(UTC), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._again: set[str] = set()
        self._under_way: set[asyncio.Future[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_listener(self._ran, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def add(self, name: str, job: Job, longest: timedelta) -> None:
        """Has a job run at once and then when it wants to, after `longest` in any case."""

        async def run() -> datetime:
            self._again.discard(name)
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._under_way.add(ended)
            try:
                return await job()
            except asyncio.CancelledError:  # the clock has stopped; to the scheduler that would be a fault to tell of
                return self._now()
            finally:
                self._under_way.discard(ended)
                ended.set_result(None)

        self._scheduler.add_job(
            run,
            "interval",
            seconds=longest.total_seconds(),
            id=name,
            next_run_time=self._now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def soon(self, name: str) -> None:
        """Has a job run now, or once more if it is running."""
        self._again.add(name)
        if self._scheduler.get_job(name):
            self._scheduler.modify_job(name, next_run_time=self._now())

    async def run(self) -> None:
        """Runs the jobs until cancelled, and waits for those under way then; where the wall clock jumps, all run.

        A clock that is set back would starve them: they wait for an hour that has moved away.
        """
        self._scheduler.start()
        try:
            before = self._gap()
            while True:
                await asyncio.sleep(WATCHED)
                jumped = (self._gap() - before).total_seconds()
                if abs(jumped) > JUMP:
                    before = self._gap()
                    level = logging.WARNING if abs(jumped) > TOLD else logging.INFO
                    log.log(level, "the clock was set, or the machine slept", extra={"seconds": round(jumped)})
                    for job in self._scheduler.get_jobs():
                        job.modify(next_run_time=self._now())
        finally:
            self._scheduler.shutdown(wait=False)  # it cancels them, and waits for none
            if self._under_way:
                await asyncio.wait(self._under_way)

    def _gap(self) -> datetime:
        return self._now() - timedelta(seconds=self._monotonic())

    def _ran(self, event: JobExecutionEvent) -> None:
        """Sets when a job runs next: only here it counts as ended, and a run wanted at once is not skipped."""
        if event.exception:
            log.error("a job has failed", exc_info=event.exception, extra={"job": event.job_id})
        wanted = event.retval if isinstance(event.retval, datetime) else self._now() + AFTER_FAULT
        if event.job_id in self._again:
            wanted = self._now()
        job = self._scheduler.get_job(event.job_id)
        if job and wanted < job.next_run_time:
            job.modify(next_run_time=wanted)
