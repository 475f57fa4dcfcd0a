"""Slack: one workspace by its tokens, over Socket Mode, over signed HTTP, or both."""

import asyncio
import logging

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.happening import Received
from bot.platforms.slack import limited
from bot.platforms.slack.incoming import read
from bot.platforms.slack.listeners import Listeners
from bot.platforms.slack.people import People
from bot.platforms.slack.render import BUDGET
from bot.platforms.slack.sending import TIMEOUT, Sender, reason, retry_handlers
from bot.platforms.slack.signing import is_signed
from bot.platforms.slack.socket_mode import CONNECTIONS, SocketMode
from bot.platforms.slack.tokens import introduced, socket_url
from bot.platforms.slack.work import Work
from bot.ports import Condition, Core, HttpRequest, HttpResponse, TokenRefused
from bot.recently import Recently
from bot.tally import Tally

log = logging.getLogger("briefbot.slack")
MOST_COMMAND_BODY = 64 * 1024
REPLAYED = 600.0
"""Seconds for which a signature is remembered: twice what a request may be old."""

HOUR = 3600.0
TOLD = 60.0
"""Seconds in which strangers' requests are told of once."""

LAST_ANSWERS = 5.0
"""Seconds that answers under way have when the program ends."""

LINGER = 2.5
"""Seconds for which requests over HTTP are answered when the program ends: a load balancer hears of it only then."""

LONGEST_PAUSE = 60.0


class Slack:
    """Answers in a Slack workspace; implements `Platform`.

    Socket Mode is on with an `app_token`; `receive` takes requests over HTTP, signed with `signing_secret`.
    """

    name = "slack"
    budget = BUDGET

    def __init__(
        self,
        bot_token: str,
        api_url: str,
        app_token: str = "",
        signing_secret: str = "",
        tally: Tally | None = None,
    ) -> None:
        self._bot_token = bot_token
        self._api_url = api_url
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._replays = Recently(REPLAYED)
        self._told = Recently(TOLD)
        self._tally = tally or Tally()
        self._app: AsyncApp | None = None
        self._leaving = False
        self._sockets: SocketMode | None = None

    async def serve(self, core: Core) -> None:
        """Listens and answers until cancelled; what is being answered then is finished.

        Raises:
            TokenRefused: Slack does not let us in, or no longer.
        """
        stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def stop(error: TokenRefused) -> None:
            if not stopped.done():
                stopped.set_exception(error)

        connector = aiohttp.TCPConnector(
            limit=0
        )  # `Work` bounds it; with aiohttp's own 100 one answer waits for others
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            middlewares=[limited.counting(self._tally)],
        ) as session:
            client = AsyncWebClient(
                self._bot_token, self._api_url, timeout=TIMEOUT, session=session, retry_handlers=retry_handlers()
            )
            work, people = Work(), People(client)
            self._app = self._bolt_app()
            Listeners(core, Sender(client, session), people, work, stop).register(self._app)
            serving = [_introduce(client, people)]
            if self._app_token:
                open_url = lambda: socket_url(client, self._app_token)  # noqa: E731
                sockets = self._sockets = SocketMode(self._app, self._app_token, open_url, self._tally)
                serving += [sockets.keep(line) for line in range(CONNECTIONS)]
            tasks = [asyncio.create_task(one) for one in serving]
            try:
                await _first_failure(stopped, *tasks)
            except asyncio.CancelledError:
                if self._signing_secret:
                    self._leaving = True
                    await asyncio.sleep(LINGER)
                raise
            finally:
                self._app = self._sockets = None
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await work.finish(LAST_ANSWERS)

    def condition(self) -> Condition:
        """Returns whether Slack is heard: where there is an app token it sends over Socket Mode, else over HTTP."""
        if self._app is None:
            return Condition(receiving=False, told="not connected")
        heard = self._sockets.heard if self._sockets else 0
        ways = [f"Socket Mode: heard on {heard} of {CONNECTIONS} connections"] if self._app_token else []
        ways += ["HTTP: listening"] if self._signing_secret else []
        return Condition(receiving=bool(heard) or not self._app_token, told="; ".join(ways))

    async def receive(self, request: HttpRequest) -> HttpResponse:
        """Answers one request over HTTP: 401 if it is not signed by Slack, 400 or 413 if it cannot be read.

        Outside of `serve` it is 503, so that a load balancer asks another.
        """
        with Received():
            return await self._received(request)

    async def _received(self, request: HttpRequest) -> HttpResponse:
        if self._app is None:
            return HttpResponse(503, "starting or ending")
        if not is_signed(self._signing_secret, request.headers, request.body):
            if not self._told.seen("unsigned"):
                log.warning("a request is not signed with SLACK_SIGNING_SECRET, or a clock is wrong; it is refused")
            return HttpResponse(401, "not signed by Slack")
        if self._replays.seen(request.headers["x-slack-signature"]):
            return HttpResponse(200)
        try:
            body = read(request.headers.get("content-type", ""), request.body)
            if "command" in body and len(request.body) > MOST_COMMAND_BODY:
                return HttpResponse(413, "too large for a command")
            answer = await self._app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        except Exception:  # bolt takes what is signed for well-formed
            log.exception("a request of Slack could not be read")
            return HttpResponse(400, "not readable")
        kind = answer.first_headers().get("content-type", "text/plain").partition(";")[0]
        return HttpResponse(min(answer.status, 400), answer.body, kind, last=self._leaving)

    def _bolt_app(self) -> AsyncApp:
        return AsyncApp(
            logger=logging.getLogger("slack_bolt"),
            name="slack_bolt.app",  # the name of its logger, to which it gives the level of the one above
            client=AsyncWebClient(base_url=self._api_url),  # bolt copies it for every request, and never uses it
            authorize=_Authorize(self._bot_token),
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            request_verification_enabled=False,  # `receive` verifies, before anything is parsed
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,  # bolt knows us only once it has asked; what is a bot's says so itself
            attaching_conversation_kwargs_enabled=False,
            attaching_function_token_enabled=False,
        )


class _Authorize(AsyncAuthorize):
    """Lets every request through at once: bolt's own asks Slack who we are before the first."""

    def __init__(self, bot_token: str) -> None:
        self._bot_token = bot_token

    async def __call__(self, *, enterprise_id: str | None, team_id: str | None, **_: object) -> AuthorizeResult:
        """Returns our token for whichever workspace it is."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=self._bot_token)


async def _first_failure(*tasks: asyncio.Future[None]) -> None:
    """Waits for what should never fail and raises what does; unlike `gather`, leaves it to the caller to cancel."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


async def _introduce(client: AsyncWebClient, people: People) -> None:
    """Learns which workspace it is, and has Slack accept the bot token every hour, for nobody tells when it is revoked.

    Raises:
        TokenRefused: it does not.
    """
    pause, known = 1.0, False
    while True:
        try:
            people.workspace, workspace, name = await introduced(client)
        except (aiohttp.ClientError, TimeoutError, SlackApiError) as error:
            said = reason(error) if isinstance(error, SlackApiError) else type(error).__name__
            log.warning("Slack cannot be asked who we are", extra={"error": said, "again_in": pause})
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            if not known:
                log.info("Slack knows us", extra={"workspace": workspace, "bot": name})
            pause, known = 1.0, True
            await asyncio.sleep(HOUR)
