"""How often Slack asks for fewer requests, whoever makes them."""

import aiohttp

from bot.tally import Tally

TOO_MANY = 429


def trace(tally: Tally) -> aiohttp.TraceConfig:
    """Returns what has aiohttp count Slack's answers of that kind."""
    config = aiohttp.TraceConfig()

    async def end(_: object, __: object, request: aiohttp.TraceRequestEndParams) -> None:
        if request.response.status == TOO_MANY:
            tally.count("limited", "slack")

    config.on_request_end.append(end)
    return config
