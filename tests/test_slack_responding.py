"""Answers to a response_url: what Slack certainly did not take is sent again."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from bot.platforms.slack.responding import respond
from tests.running import free_port


async def later(port: int, taken: list[object]) -> web.AppRunner:
    """Listens at a port after a moment."""

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.json())
        return web.Response(text="ok")

    await asyncio.sleep(0.1)
    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def test_an_answer_waits_for_a_slack_that_cannot_be_reached_for_a_moment() -> None:
    async def answered() -> tuple[tuple[int, str], list[object]]:
        port, taken = free_port(), list[object]()
        async with aiohttp.ClientSession() as session:
            listening = asyncio.create_task(later(port, taken))
            said = await respond(session, f"http://127.0.0.1:{port}/", {"text": "é"}, None)
            await (await listening).cleanup()
        return said, taken

    assert asyncio.run(answered()) == ((200, "ok"), [{"text": "é"}])


def test_a_slack_that_cannot_be_reached_at_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.platforms.slack.responding.PAUSES", (0.0, 0.0))

    async def answered() -> None:
        async with aiohttp.ClientSession() as session:
            await respond(session, f"http://127.0.0.1:{free_port()}/", {}, None)

    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(answered())
