"""Settings of the whole suite."""

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.store.opening import Store, open_store
from tests.databases import Databases, PostgreSql, Sqlite, postgresql

settings.register_profile(
    "suite",
    deadline=None,  # time is measured in benchmarks, never asserted in a test
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the figures that tests have recorded, in one table."""
    ran = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [(name, str(value), report.duration) for report in ran for name, value in report.user_properties]
    if rows:
        terminalreporter.section("figures")
        widest = max(len(name) for name, _, _ in rows)
        for name, value, seconds in sorted(rows):
            terminalreporter.write_line(f"{name:<{widest}}  {seconds:6.0f} s  {value}")


@pytest.hookimpl(trylast=True)  # those that are not to run are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has every worker begin with long tests: begun last, one of half an hour would be waited for alone."""
    if not any(map(_minutes, items)):
        return
    items.sort(key=_minutes, reverse=True)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = [item for worker in range(workers) for item in items[worker::workers]]


def _minutes(item: pytest.Item) -> int:
    """Returns how long a test takes, as its mark says; of most it is not told."""
    mark = item.get_closest_marker("long") or item.get_closest_marker("soak")
    return int(mark.kwargs.get("minutes", 1)) if mark else 0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Runs a test that is a coroutine, on the loop of its fixtures."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    runner = pyfuncitem.funcargs["runner"]
    assert isinstance(runner, asyncio.Runner)
    runner.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Gives the programs that tests run a home of their own, where what they keep is nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def on_postgresql(testrun_uid: str) -> Iterator[PostgreSql]:
    with postgresql(testrun_uid) as databases:
        yield databases


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of either engine; a test that asks for them, or for what is made of them, runs on both."""
    made: Databases = request.getfixturevalue(f"on_{request.param}")
    return made


@pytest.fixture
def url(databases: Databases) -> str:
    """The URL of a database of its own, with all tables."""
    return databases.ready()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The loop of a test."""
    with asyncio.Runner() as loop:
        yield loop


@pytest.fixture
def store(url: str, runner: asyncio.Runner) -> Iterator[Store]:
    """An open store."""
    opening = open_store(url, wait=1.0)
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a SQLite file may be made."""
    return tmp_path / "briefbot.db"
