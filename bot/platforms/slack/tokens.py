"""Whether Slack lets us in, and what to tell an operator if not."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.sending import reason
from bot.ports import TokenRefused

_REFUSALS = {
    "account_inactive",
    "invalid_auth",
    "not_allowed_token_type",
    "not_authed",
    "token_expired",
    "token_revoked",
}
_WAYS_OUT = {
    "SLACK_BOT_TOKEN": "copy the Bot User OAuth Token (xoxb-...) anew from OAuth & Permissions",
    "SLACK_APP_TOKEN": "make an App-Level Token (xapp-...) with connections:write in Basic Information",
}


def refusal(setting: str, word: str) -> TokenRefused | None:
    """Returns the error of a token that Slack refuses with this word, if that is what the word says."""
    missing = setting == "SLACK_APP_TOKEN" and word == "missing_scope"
    if word not in _REFUSALS and not missing:
        return None
    return TokenRefused(f"{setting}: Slack refuses it ({word}); at api.slack.com/apps {_WAYS_OUT[setting]}")


async def introduced(client: AsyncWebClient) -> tuple[str, str, str]:
    """Returns the workspace's id, and how Slack calls the workspace and the bot.

    Raises:
        TokenRefused: it does not know the token.
        aiohttp.ClientError, TimeoutError, SlackApiError: it could not be asked.
    """
    try:
        known = await client.auth_test()
    except SlackApiError as error:
        raise refusal("SLACK_BOT_TOKEN", reason(error)) or error from None
    return str(known.get("team_id") or ""), str(known.get("team")), str(known.get("user"))


async def socket_url(client: AsyncWebClient, app_token: str) -> str:
    """Returns a fresh address for a Socket Mode connection.

    Raises:
        TokenRefused, aiohttp.ClientError, TimeoutError, SlackApiError: as `introduced`.
    """
    try:
        opened = await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        raise refusal("SLACK_APP_TOKEN", reason(error)) or error from None
    return str(opened["url"])
