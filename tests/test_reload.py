import asyncio
import gc
import logging
import shutil
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.knowledge_folder import KnowledgeFolder
from knowledge import InvalidKnowledge
from tests.builders import GOOD, written

SECOND = GOOD.partition("claims:\n")[2].replace("first", "second")


async def until(true: Callable[[], bool], seconds: float = 30) -> float:
    """Waits until something is true and returns how long that took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, "it never came true"
        await asyncio.sleep(0.02)
    return time.monotonic() - start


async def watched(folder: KnowledgeFolder) -> asyncio.Task[None]:
    task = asyncio.create_task(folder.watch())
    await asyncio.sleep(0.3)
    return task


def test_an_edited_file_is_taken_up_whole(tmp_path: Path) -> None:
    async def scene() -> None:
        folder = KnowledgeFolder(written(tmp_path))
        before = folder.current
        task = await watched(folder)
        written(tmp_path, GOOD + SECOND)
        await until(lambda: "second" in folder.current.claims)
        assert "second" not in before.claims, "an answer in the making keeps its version"
        task.cancel()

    asyncio.run(scene())


def test_a_bad_edit_keeps_the_last_good_version_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        folder = KnowledgeFolder(written(tmp_path))
        task = await watched(folder)
        written(tmp_path, GOOD.replace("fact", "rumour"))
        await until(lambda: any(record.name == "briefbot.knowledge" for record in caplog.records))
        assert list(folder.current.claims) == ["first"]
        written(tmp_path, GOOD + SECOND)
        await until(lambda: "second" in folder.current.claims)
        task.cancel()

    caplog.set_level(logging.INFO)
    asyncio.run(scene())
    rejected, *_, taken_up = [record for record in caplog.records if record.name == "briefbot.knowledge"]
    assert rejected.getMessage() == "knowledge rejected; the last good version stays"
    assert any("all.yaml:22: kind" in problem for problem in rejected.__dict__["problems"])
    assert taken_up.getMessage() == "knowledge taken up"


@pytest.mark.parametrize("how", ["a new file", "a file moved over it", "a file removed"])
def test_any_way_of_changing_the_folder_is_noticed(tmp_path: Path, how: str) -> None:
    async def scene() -> None:
        extra = "claims:\n" + SECOND
        if how == "a file removed":
            written(tmp_path, extra, "more.yaml")
        folder = KnowledgeFolder(written(tmp_path))
        task = await watched(folder)
        if how == "a new file":
            written(tmp_path, extra, "more.yaml")
        elif how == "a file moved over it":
            written(tmp_path, GOOD + SECOND, "draft.txt")
            (tmp_path / "draft.txt").replace(tmp_path / "all.yaml")
        else:
            (tmp_path / "more.yaml").unlink()
        await until(lambda: ("second" in folder.current.claims) is (how != "a file removed"))
        task.cancel()

    asyncio.run(scene())


def test_a_folder_that_is_replaced_is_still_watched(tmp_path: Path) -> None:
    async def scene() -> None:
        folder = KnowledgeFolder(written(tmp_path / "now"))
        task = await watched(folder)
        shutil.rmtree(tmp_path / "now")
        await asyncio.sleep(1.2)
        assert list(folder.current.claims) == ["first"]
        written(tmp_path / "now", GOOD + SECOND)
        await until(lambda: "second" in folder.current.claims)
        written(tmp_path / "now", GOOD)
        await until(lambda: "second" not in folder.current.claims)
        task.cancel()

    asyncio.run(scene())


def test_an_old_version_that_nobody_holds_is_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    folder = KnowledgeFolder(written(tmp_path))
    old = weakref.ref(folder.current)
    written(tmp_path, GOOD + SECOND)
    gc.disable()
    try:
        asyncio.run(folder.refresh())
        assert "second" in folder.current.claims
        assert old() is None
    finally:
        gc.enable()


def test_a_folder_that_cannot_be_used_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidKnowledge):
        KnowledgeFolder(tmp_path)
