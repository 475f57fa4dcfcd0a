"""The servers of Slack under test: `python -m tests.benchmarks.slack_servers product|bolt SETTINGS`.

Both verify, parse, acknowledge, and post the same payload to the response_url. bolt is used as its documentation shows,
with `process_before_response`, and better than that: it posts with one session for all answers, where its own `respond`
opens one for each, and in the listener itself, which is cheapest: with a lazy listener bolt copies each request deeply.
So its acknowledgement waits for the post, where ours is sent at once; and bolt logs nothing.
"""

import asyncio
import re
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.http import listening
from bot.platforms.slack import asking, sending
from bot.platforms.slack.adapter import Slack
from bot.platforms.slack.asking import page_of
from bot.platforms.slack.messages import shareable
from bot.tally import Tally
from tests.benchmarks.serving_child import LINE, Settings, core, main, ready, say

PATH = "/slack/events"


async def product(told: Settings) -> None:
    """Serves by our own adapter, with its guards and its log."""
    tally = Tally()
    slack = Slack(told["bot_token"], told["api_url"], told["app_token"], told["signing_secret"], tally)
    if not told["composes"]:
        ready(asking, "page_of")
        ready(sending, "shareable")
    serving = asyncio.create_task(slack.serve(core(told, "slack", tally)))
    if told["signing_secret"]:
        async with listening("127.0.0.1", 0, {PATH: slack.receive}) as port:
            say(str(port))
            await serving
    say("0")
    await serving


async def bolt(told: Settings) -> None:
    """Serves by bolt: over HTTP in its own server, over Socket Mode by its own handler."""
    reply = await core(told, "slack").answer_line(LINE)
    ready = shareable(page_of(reply)) | {"response_type": "ephemeral", "replace_original": False}
    app = AsyncApp(
        client=AsyncWebClient(told["bot_token"], told["api_url"]),
        signing_secret=told["signing_secret"] or None,
        process_before_response=True,
    )
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        @app.command(re.compile(""))
        async def answer(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            await AsyncWebhookClient(body["response_url"], session=session).send_dict(ready)

        await (_socket_mode(app, told) if told["app_token"] else _http(app))


async def _http(app: AsyncApp) -> None:
    runner = web.AppRunner(app.server(path=PATH).web_app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    say(str(runner.addresses[0][1]))
    await asyncio.Event().wait()


async def _socket_mode(app: AsyncApp, told: Settings) -> None:
    say("0")
    await AsyncSocketModeHandler(app, told["app_token"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main({"product": product, "bolt": bolt})
