"""Questions to Slack: each method in its turn, and none while Slack wants it to be left alone."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack.limited import TOO_MANY
from bot.platforms.slack.turns import Turns
from bot.platforms.slack.verdicts import verdict


class Questions(AsyncWebClient):
    """Asks as `client` does, for a workspace, by the methods of the SDK, of which each comes to `api_call`."""

    def __init__(self, client: AsyncWebClient, turns: Turns, workspace: str) -> None:
        super().__init__(client.token, client.base_url, session=client.session, retry_handlers=[])
        self._turns = turns
        self._workspace = workspace

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        """Asks once.

        Raises:
            TooEarly: Slack wants the method to be left alone.
            SlackApiError, aiohttp.ClientError, TimeoutError: it was not told.
        """
        await self._turns.ask(self._workspace, api_method)
        try:
            return await super().api_call(api_method, **options)
        except SlackApiError as error:
            if error.response.status_code == TOO_MANY:
                self._turns.hold_method(self._workspace, api_method, verdict(error).retry_after or 0.0)
            raise
