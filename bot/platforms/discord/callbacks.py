"""How discord.py sends the answers to interactions: over connections of their own, and without what nobody reads.

By itself it asks for the message that an answer becomes, reads that, and has aiohttp trace every step of a request.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.platforms.discord.pacing import Pacing


@asynccontextmanager
async def called_back(pacing: Pacing) -> AsyncIterator[None]:
    """Gives the context in which answers are sent so; their refusals are counted, and none is sent after too many.

    How long an answer may take, whoever sends it sees to.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        middlewares=(pacing.counted,),
    ) as session:
        before = async_context.set(_Callbacks(session))
        try:
            yield
        finally:
            async_context.reset(before)


class _Callbacks(AsyncWebhookAdapter):
    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._session = session

    async def request(self, route: Route, session: aiohttp.ClientSession, **how: Any) -> Any:  # noqa: ARG002
        return await super().request(route, self._session, **how)

    async def create_interaction_response(self, interaction_id: int, token: str, **how: Any) -> Any:
        params, proxies = how["params"], {name: how[name] for name in ("proxy", "proxy_auth") if name in how}
        path = "/interactions/{webhook_id}/{webhook_token}/callback"
        route = Route("POST", path, webhook_id=interaction_id, webhook_token=token)
        await self.request(route, how["session"], payload=params.payload, **proxies)
        return {"interaction": {"id": interaction_id}}
