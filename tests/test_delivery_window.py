"""The window in which a process that is frozen can still post what another has taken over: it is measured."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from bot.delivering import engine_of, take_up
from bot.delivery.running import ready
from bot.platforms.slack.publishing import SlackPublisher
from bot.publishing import Post, Receipt
from bot.settings import Settings
from bot.store.opening import open_store
from knowledge import load
from tests.builders import CURATED
from tests.databases import Sqlite
from tests.killing import fakes

POSTS = 60


@pytest.mark.long
def test_how_long_after_the_last_look_at_the_lease_a_post_arrives(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    looked: dict[str, float] = {}

    class Watched(SlackPublisher):
        async def publish(self, post: Post) -> Receipt:
            looked[post.key] = time.time()
            return await super().publish(post)

    with fakes(tmp_path, on_sqlite.ready(), 3) as (_, outbox):
        outbox.slack.faults.randomly(3)
        outbox.slack.frugal = False
        outbox.fill(POSTS, 0, a_channel=2)
        publisher = Watched(outbox.slack.bot_token, outbox.slack.api_url)
        asyncio.run(posted(outbox.url, publisher))
        sent = [one for one in outbox.slack.requests if one.method == "chat.postMessage"]
        waits = sorted(one.time - looked[one.arguments["metadata"]["event_payload"]["delivery"]] for one in sent)
    assert len(waits) == POSTS
    told = f"median {median(waits) * 1000:.1f} ms, longest {waits[-1] * 1000:.1f} ms of {len(waits)}"
    record_property("from the last look at the lease to arrival", told)


async def posted(url: str, publisher: SlackPublisher) -> None:
    knowledge = load(CURATED)
    settings = Settings(database_url=url)
    async with open_store(url) as store:
        engine = engine_of(settings, store, lambda: knowledge, {"slack": publisher})
        await take_up(settings, engine)
        async with ready(engine, None):
            await engine.tick()
            await engine.finish()
